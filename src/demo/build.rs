//! The order in which the demo is built, and the three things that every table of it is built with: create, append,
//! change. All of them go through the catalog, the stage and the committers like the operator's own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::json::ReaderBuilder;
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{Schema, Transform, UnboundPartitionSpec};
use serde_json::Value;

use super::{conflict, events, logistics, orders};
use crate::catalog::{Connection, TableCreation};
use crate::commit::{self, Change, INGEST_ID, Unwitnessed};
use crate::env::Env;
use crate::ingest::stage::{Stage, StageLimits};
use crate::monitor::Monitor;
use crate::storage::from_iceberg;
use crate::table::{Namespace, Table};
use crate::{Error, Result};

pub(super) const HOUR_MS: i64 = 3_600_000;
/// The tables are made this long ago, in hours; every commit comes later.
pub(super) const BEGINNING: i64 = 15 * 24;

/// How much was built.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) tables: u64,
    pub(super) snapshots: u64,
    pub(super) rows: u64,
}

/// Where the demo is being built.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) env: Env,
    pub(super) connection: Arc<Connection>,
    pub(super) monitor: Monitor,
}

/// A table to be made.
pub(super) struct NewTable<'a> {
    pub(super) name: &'a str,
    /// The schema as Iceberg writes it in JSON.
    pub(super) schema: &'a str,
    /// Partition fields: the column, the field's name, the transform.
    pub(super) spec: &'a [(&'a str, &'a str, Transform)],
    pub(super) properties: &'a [(&'a str, &'a str)],
}

/// Builds every table of the demo.
pub(super) async fn lake(env: &Env, folder: &Path, monitor: &Monitor) -> Result<Counts> {
    let past = env.clone().within(folder.to_path_buf()).shifted(-BEGINNING * HOUR_MS);
    let connection = crate::catalog::Lake::embedded(&past).await?.connection(None).await?;
    let site = Site { env: env.clone(), connection, monitor: monitor.clone() };
    for (namespace, about) in [
        ("sales", "Orders and what leads to them"),
        ("sales.eu", "The shops of the European Union"),
        ("logistics", "From the warehouse to the door"),
        ("sandbox", "Anything goes; emptied on Fridays"),
    ] {
        let properties = BTreeMap::from([("comment".to_string(), about.to_string())]);
        site.connection.create_namespace(&namespace.parse::<Namespace>()?, properties).await?;
    }
    let mut tables = vec![events::build(&site).await?];
    tables.extend(orders::build(&site).await?);
    tables.extend(logistics::build(&site).await?);
    let raced = conflict::lose_a_race(&site, folder).await?;
    tables.retain(|table| table.name() != raced.name());
    tables.push(raced);
    Ok(tables.iter().fold(Counts::default(), counted))
}

pub(super) fn counted(counts: Counts, table: &Table) -> Counts {
    let metadata = table.metadata();
    let total = metadata.current_snapshot().and_then(|s| s.summary().additional_properties.get("total-records"));
    Counts {
        tables: counts.tables + 1,
        snapshots: counts.snapshots + metadata.snapshots().len() as u64,
        rows: counts.rows + total.and_then(|rows| rows.parse().ok()).unwrap_or(0),
    }
}

impl Site {
    /// Makes a table.
    pub(super) async fn create(&self, wanted: NewTable<'_>) -> Result<Table> {
        let bug = |e: serde_json::Error| Error::bug("a schema of the demo is wrong").caused_by(e);
        let schema: Schema = serde_json::from_str(wanted.schema).map_err(bug)?;
        let spec = if wanted.spec.is_empty() { None } else { Some(spec(&schema, wanted.spec)?) };
        let properties = wanted.properties.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let name = wanted.name.parse()?;
        let creation = TableCreation { name, schema, spec, sort_order: None, properties, location: None };
        self.connection.create_table(creation).await
    }

    /// Appends rows to a branch, `hours` ago.
    pub(super) async fn append(&self, base: &Table, branch: &str, rows: &[Value], hours: i64) -> Result<Table> {
        let ingest = self.env.uuid().to_string();
        let files = stage(base, batch(base, rows)?, &ingest).await?;
        let summary = BTreeMap::from([(INGEST_ID.to_string(), ingest)]);
        let done = self.change(base, &Change::Append { branch: branch.into(), files, summary }, hours).await?;
        self.monitor.update(|progress| {
            progress.stage = "building";
            progress.rows += rows.len() as u64;
        });
        Ok(done)
    }

    /// Makes any change, `hours` ago.
    pub(super) async fn change(&self, base: &Table, change: &Change, hours: i64) -> Result<Table> {
        self.monitor.check()?;
        let then = self.env.clone().shifted(-hours * HOUR_MS);
        commit::publish(&self.connection, base, change, &then, &mut Unwitnessed).await.committed()
    }
}

/// A partition spec over columns of a schema.
pub(super) fn spec(schema: &Schema, fields: &[(&str, &str, Transform)]) -> Result<UnboundPartitionSpec> {
    let mut builder = UnboundPartitionSpec::builder();
    for (column, name, transform) in fields {
        let field = schema.field_by_name(column).ok_or_else(|| Error::bug("no such column").with("column", column))?;
        builder = builder
            .add_partition_field(field.id, name, *transform)
            .map_err(|e| from_iceberg(e, "a partition spec of the demo is wrong"))?;
    }
    Ok(builder.build())
}

/// Rows as JSON objects, in the table's own Arrow schema. Keys that are no columns are left out.
fn batch(table: &Table, rows: &[Value]) -> Result<RecordBatch> {
    let wrong = |e: arrow::error::ArrowError| Error::bug("rows of the demo are wrong").caused_by(e);
    let schema = schema_to_arrow_schema(table.metadata().current_schema())
        .map_err(|e| from_iceberg(e, "a schema of the demo is wrong"))?;
    let schema = Arc::new(schema);
    let reader = ReaderBuilder::new(schema.clone()).with_batch_size(rows.len().max(1));
    let mut decoder = reader.build_decoder().map_err(wrong)?;
    decoder.serialize(rows).map_err(wrong)?;
    Ok(decoder.flush().map_err(wrong)?.unwrap_or_else(|| RecordBatch::new_empty(schema)))
}

async fn stage(table: &Table, batch: RecordBatch, ingest: &str) -> Result<Vec<commit::StagedFile>> {
    let limits = StageLimits { workers: 1, ..StageLimits::default() };
    let stage = Arc::new(Stage::new(table, ingest, limits)?);
    let writing = stage.clone();
    let written = tokio::task::spawn_blocking(move || writing.write(0, batch).and_then(|()| writing.close()));
    let written = written.await.unwrap_or_else(|e| Err(Error::bug("staging died").caused_by(e)));
    let staged = match written {
        Ok(()) => stage.staged().await,
        Err(e) => Err(e),
    };
    if staged.is_err() {
        let _ = stage.discard().await;
    }
    staged
}
