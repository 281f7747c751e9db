//! What changed between two snapshots: checked against the files that each of them has.

use std::collections::{BTreeMap, BTreeSet};

use iceberg::spec::{DataContentType, DataFileFormat, Transform, UnboundPartitionSpec};
use icedeck::commit::{SchemaEdit, Targets};
use icedeck::query::changed_rows;
use icedeck::table::changes::{Changes, Direction, FileChanges, Relation, changes};

use super::files::{file, with_delete};
use super::*;
use crate::common::lake::{orders_schema, overwrite};

fn head(table: &Table) -> i64 {
    table.metadata().current_snapshot_id().unwrap()
}

async fn told(table: &Table, from: i64, to: i64) -> Changes {
    changes(table, from, to, &monitor()).await.unwrap()
}

/// The data files that a snapshot has.
async fn files_of(table: &Table, id: i64) -> BTreeSet<String> {
    let manifests = inspect::manifests(table, Some(id), &monitor()).await.unwrap();
    let mut stream = inspect::files(table, manifests, Files::All);
    let mut found = BTreeSet::new();
    while let Some(chunk) = stream.next(&monitor()).await.unwrap() {
        found.extend(chunk.entries.into_iter().map(|entry| entry.data_file.file_path));
    }
    found
}

/// The files that came and went, told with room for so many.
async fn compared(table: &Table, from: i64, to: i64, room: u64) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut stream = FileChanges::open(table, from, to, &monitor()).await.unwrap().holding(room);
    let (mut added, mut removed) = (BTreeSet::new(), BTreeSet::new());
    while let Some(chunk) = stream.next(&monitor()).await.unwrap() {
        assert!(!chunk.is_empty());
        for change in chunk {
            let side = if change.change == Direction::Added { &mut added } else { &mut removed };
            assert!(side.insert(change.entry.data_file.file_path), "a file is told twice");
        }
    }
    (added, removed)
}

/// Appends, a branch, an overwrite that takes over a manifest in part, a rollback, a cherry-pick; partitioned by country.
async fn eventful(lake: &Lake) -> Table {
    let spec = UnboundPartitionSpec::builder().add_partition_field(2, "country", Transform::Identity).unwrap().build();
    let mut table = lake.table("sales.orders", orders_schema(), Some(spec), 2).await;
    for n in 0..3 {
        table = lake.append(&table, orders(&table, n * 10, 10)).await;
    }
    table = lake.branch(&table, "audit", head(&table)).await;
    table = lake.append_to(&table, "audit", orders(&table, 100, 6)).await;
    let some = files_of(&table, head(&table)).await.into_iter().step_by(2).collect();
    let staged = lake.stage(&table, orders(&table, 500, 4)).await;
    table = lake.commit(&table, &overwrite(staged, Targets::Files(some))).await;
    let good = head(&table);
    table = lake.append(&table, orders(&table, 900, 9)).await;
    table = lake.commit(&table, &Change::Rollback { branch: "main".into(), snapshot_id: good }).await;
    let snapshot_id = table.refs().unwrap()["audit"].snapshot_id;
    let pick = Change::CherryPick { branch: "main".into(), snapshot_id, summary: BTreeMap::new() };
    lake.commit(&table, &pick).await
}

#[tokio::test]
async fn every_pair_of_snapshots_differs_by_the_files_that_they_have() {
    let lake = Lake::new().await;
    let table = eventful(&lake).await;
    let ids: Vec<i64> = table.metadata().snapshots().map(|s| s.snapshot_id()).collect();
    assert_eq!(ids.len(), 7);
    let mut files = BTreeMap::new();
    for id in &ids {
        files.insert(id, files_of(&table, *id).await);
    }
    for from in &ids {
        for to in &ids {
            let expected = (&files[to] - &files[from], &files[from] - &files[to]);
            assert_eq!(compared(&table, *from, *to, u64::MAX).await, expected, "{from} {to}");
            if from < to {
                assert_eq!(compared(&table, *from, *to, 3).await, expected, "{from} {to} in rounds");
            }
            let told = told(&table, *from, *to).await;
            assert_eq!(told.files.data.added.files, expected.0.len() as u64);
            let by_partition: u64 = told.partitions.iter().map(|p| p.data.added.rows + p.data.removed.rows).sum();
            assert_eq!(by_partition, told.rows.added + told.rows.removed);
            let totals = told.to.total_rows.unwrap() as i64 - told.from.total_rows.unwrap() as i64;
            assert_eq!((told.rows.net, told.rows.is_exact), (totals, true));
            assert_eq!(told.manifests.only_from == 0 && told.manifests.only_to == 0, from == to);
        }
    }
}

#[tokio::test]
async fn the_way_is_told_forward_back_and_over_a_fork() {
    let lake = Lake::new().await;
    let table = eventful(&lake).await;
    let first = table.metadata().history()[0].snapshot_id;
    let (main, audit) = (head(&table), table.refs().unwrap()["audit"].snapshot_id);
    let forward = told(&table, first, main).await.way;
    assert_eq!((forward.relation, forward.undone.len(), forward.done.len()), (Relation::Ancestor, 0, 4));
    assert_eq!(forward.done[3].snapshot_id, main);
    let back = told(&table, main, first).await.way;
    assert_eq!((back.relation, back.undone.len(), back.done.len()), (Relation::Descendant, 4, 0));
    assert_eq!(back.undone[0].snapshot_id, main);
    let over = told(&table, audit, main).await.way;
    assert_eq!((over.relation, over.undone.len(), over.done.len()), (Relation::Diverged, 1, 2));
    let same = told(&table, main, main).await;
    assert_eq!((same.way.relation, same.differences()), (Relation::Same, Vec::new()));
}

#[tokio::test]
async fn schema_properties_and_refs_are_those_of_then() {
    let lake = Lake::new().await;
    let table = history(&lake).await;
    let before = head(&table);
    let edits = vec![
        SchemaEdit::Rename { column: "country".into(), to: "land".into() },
        SchemaEdit::Drop { column: "day".into() },
    ];
    let table = lake.commit(&table, &Change::EditSchema(edits)).await;
    let set = BTreeMap::from([("owner".to_string(), "ann".to_string())]);
    let table = lake.commit(&table, &Change::SetProperties { set, remove: Vec::new() }).await;
    let table = lake.append(&table, orders_renamed(&table)).await;
    let differences: Vec<_> = told(&table, before, head(&table)).await.differences();
    let of = |section: &str| -> Vec<(String, Option<String>, Option<String>)> {
        let some = differences.iter().filter(|d| d.section == section);
        some.map(|d| (d.name.clone(), d.before.clone(), d.after.clone())).collect()
    };
    let some = |text: &str| Some(text.to_string());
    assert_eq!(
        of("schema"),
        [("land".to_string(), some("country"), some("land")), ("day".to_string(), some("date"), None)]
    );
    assert_eq!(of("property"), [("owner".to_string(), None, some("ann"))]);
    let main = ("main".to_string(), some(&before.to_string()), some(&head(&table).to_string()));
    // The tag and the branch were made after that snapshot was.
    assert_eq!(of("ref").len(), 3);
    assert!(of("ref").contains(&main), "{:?}", of("ref"));
    // Without the metadata files of then, nothing is made up.
    let log = table.metadata().metadata_log();
    log.iter().for_each(|entry| fs::remove_file(entry.metadata_file.strip_prefix("file://").unwrap()).unwrap());
    let later = told(&table, before, head(&table)).await;
    assert!(later.settings.is_none() && later.settings_unknown.unwrap().contains("cannot be read"));
    assert_eq!(later.schema.fields.len(), 2, "the schema is the snapshot's own");
}

/// Two rows in the table's own schema, whatever it is called.
fn orders_renamed(table: &Table) -> arrow::array::RecordBatch {
    use iceberg::arrow::schema_to_arrow_schema;
    let schema = schema_to_arrow_schema(table.metadata().current_schema()).unwrap();
    let column = |field: &std::sync::Arc<arrow::datatypes::Field>| -> arrow::array::ArrayRef {
        match field.name().as_str() {
            "id" => std::sync::Arc::new(arrow::array::Int64Array::from(vec![7, 8])),
            _ => arrow::array::new_null_array(field.data_type(), 2),
        }
    };
    let columns = schema.fields().iter().map(column).collect();
    arrow::array::RecordBatch::try_new(schema.into(), columns).unwrap()
}

#[tokio::test]
async fn changed_rows_are_read_and_refused_where_deletes_make_them_wrong() {
    let lake = Lake::new().await;
    let table = eventful(&lake).await;
    let first = table.metadata().history()[0].snapshot_id;
    let read = async |from: i64, to: i64, limit: Option<usize>| {
        let mut rows = changed_rows(&table, from, to, limit, &monitor()).await.unwrap();
        let (mut added, mut removed) = (BTreeSet::new(), BTreeSet::new());
        while let Some(page) = rows.next().await.unwrap() {
            let ids = page.rows.iter().map(|row| row[0].to_json().as_i64().unwrap());
            if page.change == Direction::Added { added.extend(ids) } else { removed.extend(ids) }
        }
        (added, removed)
    };
    let all = async |id: i64| {
        let request = RowsRequest { snapshot_id: Some(id), ..RowsRequest::default() };
        ids(&super::read(&table, request).await.unwrap()).into_iter().collect::<BTreeSet<i64>>()
    };
    let (before, after) = (all(first).await, all(head(&table)).await);
    assert_eq!(read(first, head(&table), None).await, (&after - &before, &before - &after));
    let some = read(first, head(&table), Some(5)).await;
    assert_eq!(some.0.len() + some.1.len(), 5);

    let delete = file("file:///gone.parquet", 10, DataContentType::PositionDeletes, DataFileFormat::Parquet);
    let plain = lake.orders("sales.plain").await;
    let plain = lake.append(&plain, orders(&plain, 0, 3)).await;
    let deleted = with_delete(&plain, delete.build().unwrap()).await;
    let parent = deleted.metadata().current_snapshot().unwrap().parent_snapshot_id().unwrap();
    let told = told(&deleted, parent, head(&deleted)).await;
    assert!(!told.rows.is_exact && told.rows.estimated_because.is_some());
    assert_eq!(told.files.position_deletes.added.files, 1);
    let refused = changed_rows(&deleted, parent, head(&deleted), None, &monitor()).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Unsupported);
}

#[tokio::test]
async fn a_comparison_that_is_cancelled_or_cannot_be_read_ends_in_an_error() {
    let lake = Lake::new().await;
    let table = eventful(&lake).await;
    let first = table.metadata().history()[0].snapshot_id;
    let cancelled = monitor();
    cancelled.cancel();
    assert!(changes(&table, first, head(&table), &cancelled).await.unwrap_err().is_cancelled());
    assert_eq!(changes(&table, 1, head(&table), &monitor()).await.unwrap_err().kind(), Kind::NotFound);
    let manifests = inspect::manifests(&table, None, &monitor()).await.unwrap();
    fs::remove_file(manifests[0].path.strip_prefix("file://").unwrap()).unwrap();
    assert!(changes(&table, first, head(&table), &monitor()).await.is_err(), "a partial sum looks whole");
}
