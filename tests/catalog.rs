//! Catalogs: what a SQL catalog keeps, how it publishes, what the configuration says, tables opened by path.

mod committing;
mod configuration;
mod faults;
mod health;
mod names;
mod paths;
mod rest;
mod tables;
mod verbs;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use iceberg::spec::{
    NestedField, Operation, PrimitiveType, Schema, Snapshot, SnapshotReference, SnapshotRetention, Summary, Type,
};
use iceberg::{TableRequirement, TableUpdate};
use icedeck::Result;
use icedeck::catalog::{Connection, Lake, LakeOptions, Outcome, Proposal, Rejection, TableCreation};
use icedeck::env::Env;
use icedeck::table::{Namespace, Table, TableName};
use tempfile::TempDir;

/// 2026-01-01T00:00:00Z.
const NEW_YEAR: i64 = 1_767_225_600_000;

fn env(folder: &TempDir) -> Env {
    Env::fixed(folder.path(), NEW_YEAR)
}

/// A connection of its own to the embedded warehouse under `folder`.
async fn connect(folder: &Path) -> Arc<Connection> {
    let env = Env::fixed(folder, NEW_YEAR);
    Lake::embedded(&env).await.unwrap().connection(None).await.unwrap()
}

async fn connect_read_only(folder: &Path) -> Arc<Connection> {
    let env = Env::fixed(folder, NEW_YEAR);
    let options = LakeOptions { read_only: true, ..LakeOptions::default() };
    Lake::open(&env, options).await.unwrap().connection(None).await.unwrap()
}

fn namespace(text: &str) -> Namespace {
    text.parse().unwrap()
}

fn table(text: &str) -> TableName {
    text.parse().unwrap()
}

fn schema() -> Schema {
    let long = Type::Primitive(PrimitiveType::Long);
    let fields = [NestedField::required(1, "id", long.clone()), NestedField::optional(2, "n", long)];
    Schema::builder().with_fields(fields.map(Arc::new)).build().unwrap()
}

fn creation(name: &str, properties: &[(&str, &str)]) -> TableCreation {
    TableCreation {
        name: table(name),
        schema: schema(),
        spec: None,
        sort_order: None,
        properties: properties.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect(),
        location: None,
    }
}

async fn make_namespace(connection: &Connection, name: &str) {
    connection.create_namespace(&namespace(name), BTreeMap::new()).await.unwrap();
}

/// A table in a namespace of its own.
async fn make_table(connection: &Connection, name: &str, properties: &[(&str, &str)]) -> Table {
    let creation = creation(name, properties);
    if !connection.namespace_exists(&creation.name.namespace).await.unwrap() {
        connection.create_namespace(&creation.name.namespace, BTreeMap::new()).await.unwrap();
    }
    connection.create_table(creation).await.unwrap()
}

/// Sets a property, demanding nothing but the table's UUID.
fn set_property(base: &Table, key: &str, value: &str) -> Proposal {
    let updates = HashMap::from([(key.to_string(), value.to_string())]);
    proposal(base, vec![], vec![TableUpdate::SetProperties { updates }])
}

fn proposal(base: &Table, requirements: Vec<TableRequirement>, updates: Vec<TableUpdate>) -> Proposal {
    let uuid = TableRequirement::UuidMatch { uuid: base.metadata().uuid() };
    Proposal {
        table: base.name().clone(),
        requirements: [vec![uuid], requirements].concat(),
        updates,
        snapshot_id: None,
        metadata_files: vec![],
    }
}

/// A snapshot on main whose manifest list does not exist: enough for a catalog.
fn add_snapshot(base: &Table, id: i64, at_ms: i64) -> Proposal {
    let metadata = base.metadata();
    let snapshot = Snapshot::builder()
        .with_snapshot_id(id)
        .with_parent_snapshot_id(metadata.current_snapshot_id())
        .with_sequence_number(metadata.next_sequence_number())
        .with_timestamp_ms(at_ms)
        .with_manifest_list(format!("{}/metadata/snap-{id}.avro", metadata.location()))
        .with_summary(Summary { operation: Operation::Append, additional_properties: HashMap::new() })
        .with_schema_id(metadata.current_schema_id())
        .build();
    let head =
        TableRequirement::RefSnapshotIdMatch { r#ref: "main".into(), snapshot_id: metadata.current_snapshot_id() };
    let mut proposal = proposal(base, vec![head], vec![TableUpdate::AddSnapshot { snapshot }, lead_main_to(id)]);
    proposal.snapshot_id = Some(id);
    proposal
}

fn lead_main_to(id: i64) -> TableUpdate {
    let retention =
        SnapshotRetention::Branch { min_snapshots_to_keep: None, max_snapshot_age_ms: None, max_ref_age_ms: None };
    TableUpdate::SetSnapshotRef { ref_name: "main".into(), reference: SnapshotReference::new(id, retention) }
}

async fn commit(connection: &Connection, base: &Table, proposal: &Proposal) -> Outcome {
    connection.committer().commit(base, proposal).await
}

fn committed(outcome: Outcome) -> Table {
    match outcome {
        Outcome::Committed(table) => *table,
        other => panic!("{other:?}"),
    }
}

fn rejected(outcome: Outcome) -> Rejection {
    match outcome {
        Outcome::Rejected(rejection) => rejection,
        other => panic!("{other:?}"),
    }
}

fn not_sent(outcome: Outcome) -> icedeck::Error {
    match outcome {
        Outcome::NotSent(error) => error,
        other => panic!("{other:?}"),
    }
}

fn local(location: &str) -> &Path {
    Path::new(location.trim_start_matches("file://"))
}

/// The metadata files of a table's folder, sorted.
fn metadata_files(location: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(local(location).join("metadata")) else { return vec![] };
    let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|n| n.ends_with(".metadata.json")).collect();
    names.sort();
    names
}

/// Runs SQL on a database file, past icedeck.
async fn sql(file: &Path, statements: &[&str]) -> Vec<Vec<Option<String>>> {
    use sqlx::{Connection as _, Row};
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let mut rows = vec![];
    for statement in statements {
        rows = sqlx::query(statement).fetch_all(&mut connection).await.unwrap();
    }
    let cells = rows.iter().map(|row| (0..row.len()).map(|i| row.try_get_unchecked(i).unwrap()).collect()).collect();
    connection.close().await.unwrap();
    cells
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> icedeck::Kind {
    result.unwrap_err().kind()
}
