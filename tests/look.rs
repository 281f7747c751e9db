//! Looking at tables: what the metadata tables say, what an `@` means, which rows a snapshot has.

mod changes;
mod files;
pub mod pruning;
mod verbs;

use std::fs;

use iceberg::spec::{NestedField, PrimitiveType, Type};
use icedeck::commit::Change;
use icedeck::monitor::Monitor;
use icedeck::query::{self, RowsRequest};
use icedeck::table::inspect::{self, Files};
use icedeck::table::{Cell, Moment, Table};
use icedeck::{Kind, Result};
use serde_json::{Value, json};

use crate::common::Lake;
use crate::common::lake::orders;

/// Three appends to `main`, one to the branch `audit`, the tag `first` on the oldest snapshot.
async fn history(lake: &Lake) -> Table {
    let mut table = lake.orders("sales.orders").await;
    for (first, count) in [(0, 20), (20, 5), (25, 7)] {
        table = lake.append(&table, orders(&table, first, count)).await;
    }
    let first = table.metadata().history()[0].snapshot_id;
    table = lake.tag(&table, "first", first).await;
    table = lake.branch(&table, "audit", first).await;
    lake.append_to(&table, "audit", orders(&table, 100, 3)).await
}

fn monitor() -> Monitor {
    Monitor::new()
}

/// All rows of a request, each as the JSON values of its columns.
async fn read(table: &Table, request: RowsRequest) -> Result<Vec<Vec<Value>>> {
    let mut stream = query::rows(table, &request, &monitor()).await?;
    let mut found = Vec::new();
    while let Some(page) = stream.next().await? {
        assert!(!page.rows.is_empty() && page.rows.len() <= 1000);
        assert_eq!(page.columns, stream.columns());
        found.extend(page.rows.iter().map(|row| row.iter().map(Cell::to_json).collect::<Vec<_>>()));
    }
    Ok(found)
}

fn ids(rows: &[Vec<Value>]) -> Vec<i64> {
    let mut ids: Vec<i64> = rows.iter().map(|row| row[0].as_i64().unwrap()).collect();
    ids.sort_unstable();
    ids
}

fn filter(text: &str) -> RowsRequest {
    RowsRequest { filter: Some(text.into()), ..RowsRequest::default() }
}

#[tokio::test]
async fn snapshots_tell_the_line_the_refs_and_the_counts() {
    let lake = Lake::new().await;
    let table = history(&lake).await;
    let rows = inspect::snapshots(&table).unwrap();
    let told: Vec<_> = rows.iter().map(|r| (r.added_rows, r.total_rows, r.on_current_line, r.refs.join(","))).collect();
    assert_eq!(
        told,
        [
            (Some(20), Some(20), true, "first".to_string()),
            (Some(5), Some(25), true, String::new()),
            (Some(7), Some(32), true, "main".to_string()),
            (Some(3), Some(23), false, "audit".to_string()),
        ]
    );
    let shown = serde_json::to_value(&rows[1]).unwrap();
    let names: Vec<&str> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["committed_at", "snapshot_id", "parent_id", "operation", "manifest_list", "summary"]);
    assert_eq!(shown["parent_id"], rows[0].snapshot_id);
    assert_eq!(shown["summary"]["added-records"], "5");
    assert!(shown["committed_at"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn refs_history_and_metadata_log_agree() {
    let lake = Lake::new().await;
    let table = history(&lake).await;
    let refs = serde_json::to_value(inspect::refs(&table).unwrap()).unwrap();
    assert_eq!(refs[0]["name"], "audit");
    assert_eq!((&refs[0]["type"], &refs[1]["type"]), (&json!("BRANCH"), &json!("TAG")));
    let history = inspect::history(&table);
    assert_eq!(history.len(), 3);
    assert!(history.iter().all(|row| row.is_current_ancestor));
    let log = inspect::metadata_log(&table);
    assert_eq!(log.last().unwrap().file, table.metadata_location());
    assert_eq!(log.last().unwrap().latest_snapshot_id, table.metadata().current_snapshot_id());
    assert_eq!(log[0].latest_snapshot_id, None);
}

/// The table at a path.
async fn opened(lake: &Lake, path: &std::path::Path) -> Table {
    lake.lake.table(None, &path.to_str().unwrap().parse().unwrap()).await.unwrap()
}

#[tokio::test]
async fn files_that_are_gone_come_with_a_hint() {
    let lake = Lake::new().await;
    let table = history(&lake).await;
    let folder = std::path::PathBuf::from(table.metadata().location().trim_start_matches("file://"));
    let away = lake.folder.path().join("moved");
    fs::rename(&folder, &away).unwrap();
    for error in [
        read(&table, RowsRequest::default()).await.unwrap_err(),
        inspect::manifests(&table, None, &monitor()).await.unwrap_err(),
    ] {
        let told = error.report();
        assert!(told.contains(table.metadata().location()) && told.contains("icedeck FOLDER"), "{told}");
    }
    let here = opened(&lake, &away).await;
    assert_eq!(read(&here, RowsRequest::default()).await.unwrap().len(), 32);
    // A data file that is gone, and a metadata file by itself.
    fs::remove_dir_all(away.join("data")).unwrap();
    assert!(read(&here, RowsRequest::default()).await.unwrap_err().report().contains("was moved"));
    let alone = lake.folder.path().join("alone.metadata.json");
    let newest = table.metadata_location().rsplit('/').next().unwrap();
    fs::copy(away.join("metadata").join(newest), &alone).unwrap();
    let alone = opened(&lake, &alone).await;
    assert!(read(&alone, RowsRequest::default()).await.unwrap_err().report().contains("was moved"));
}

#[tokio::test]
async fn an_at_is_a_ref_a_snapshot_or_a_time() {
    let lake = Lake::new().await;
    let table = history(&lake).await;
    let log = table.metadata().history().to_vec();
    let at = |text: &str| table.resolve(Some(text)).map(Option::unwrap);
    assert_eq!(table.resolve(None).unwrap(), Some(log[2].snapshot_id));
    assert_eq!(at("first").unwrap(), log[0].snapshot_id);
    assert_eq!(at(&log[1].snapshot_id.to_string()).unwrap(), log[1].snapshot_id);
    assert_eq!(at(&Moment(log[1].timestamp_ms).to_string()).unwrap(), log[1].snapshot_id);
    assert_eq!(at(&Moment(log[2].timestamp_ms - 1).to_string()).unwrap(), log[1].snapshot_id);
    assert_eq!(at("2099-01-01").unwrap(), log[2].snapshot_id);
    for nothing in ["1999-01-01", "nowhere", "42", ""] {
        assert_eq!(at(nothing).unwrap_err().kind(), Kind::NotFound, "{nothing}");
    }
    let empty = lake.orders("sales.empty").await;
    assert_eq!(empty.resolve(None).unwrap(), None);
}

#[tokio::test]
async fn the_counts_of_overview_files_and_partitions_agree() {
    let lake = Lake::new().await;
    let table = history(&lake).await;
    let overview = inspect::overview(&table, None, &monitor()).await.unwrap();
    let manifests = inspect::manifests(&table, None, &monitor()).await.unwrap();
    let mut stream = inspect::files(&table, manifests.clone(), Files::Data);
    let (mut files, mut rows, mut bytes) = (0, 0, 0);
    while let Some(chunk) = stream.next(&monitor()).await.unwrap() {
        for entry in chunk.entries {
            files += 1;
            rows += entry.data_file.record_count;
            bytes += entry.data_file.file_size_in_bytes;
            let (name, metrics) = &entry.readable_metrics.0[0];
            assert_eq!(name, "id");
            let bounds = (metrics.lower_bound.clone().unwrap(), metrics.upper_bound.clone().unwrap());
            assert!(bounds.0.compare(&bounds.1).is_lt(), "{bounds:?}");
        }
    }
    assert_eq!((overview.record_count, overview.data_file_count), (Some(rows), Some(files)));
    assert_eq!((rows, overview.total_size_in_bytes), (32, Some(bytes)));
    let partitions = inspect::partitions(&table, None, &monitor()).await.unwrap();
    assert_eq!((partitions.len(), partitions[0].record_count, partitions[0].file_count), (1, rows, files));
    assert_eq!(serde_json::to_value(&partitions[0]).unwrap().get("partition"), None);
    let mut deletes = inspect::files(&table, manifests, Files::Deletes);
    assert!(deletes.next(&monitor()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_broken_manifest_is_told_and_the_others_are_read() {
    let lake = Lake::new().await;
    let table = history(&lake).await;
    let manifests = inspect::manifests(&table, None, &monitor()).await.unwrap();
    let broken = manifests[1].path.strip_prefix("file://").unwrap().to_string();
    fs::write(&broken, b"Obj\x01 no manifest").unwrap();
    let mut stream = inspect::entries(&table, manifests);
    let (mut entries, mut faults) = (0, Vec::new());
    while let Some(chunk) = stream.next(&monitor()).await.unwrap() {
        entries += chunk.entries.len();
        faults.extend(chunk.fault);
    }
    assert_eq!((entries, faults.len()), (2, 1));
    assert!(faults[0].to_string().contains(&broken), "{}", faults[0]);
    assert!(inspect::partitions(&table, None, &monitor()).await.is_err());
    assert!(read(&table, RowsRequest::default()).await.is_err());
}

#[tokio::test]
async fn schemas_specs_and_orders_are_told_whole() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let note = NestedField::optional(0, "no\u{1b}te", Type::Primitive(PrimitiveType::Fixed(4))).with_doc("why");
    let table = lake.commit(&table, &Change::AddColumns(vec![note.into()])).await;
    let schemas = inspect::schemas(&table);
    assert_eq!(schemas.iter().map(|s| (s.schema_id, s.is_current)).collect::<Vec<_>>(), [(0, false), (1, true)]);
    let last = serde_json::to_value(&schemas[1].fields).unwrap()[4].clone();
    assert_eq!(
        last,
        json!({"id": 5, "name": "no\u{1b}te", "type": "fixed[4]", "required": false, "doc": "why",
               "initial_default": null, "write_default": null})
    );
    assert_eq!(inspect::specs(&table)[0].to_string(), "unpartitioned");
    assert_eq!(inspect::sort_orders(&table)[0].to_string(), "unsorted");
}

#[tokio::test]
async fn rows_have_columns_limit_and_filter() {
    let lake = Lake::new().await;
    let table = history(&lake).await;
    let all = read(&table, RowsRequest::default()).await.unwrap();
    assert_eq!(ids(&all), (0..32).collect::<Vec<_>>());
    let some = RowsRequest {
        columns: vec!["amount".into(), "id".into()],
        filter: Some("country = 'FR' and id > 3".into()),
        limit: Some(2),
        ..RowsRequest::default()
    };
    let found = read(&table, some).await.unwrap();
    assert!(found.len() == 2 && found.iter().all(|row| row.len() == 2), "{found:?}");
    assert!(found[0][0].is_string() && found[0][1].as_i64().unwrap() % 3 == 1, "{found:?}");
    assert_eq!(read(&table, filter("day is null")).await.unwrap().len(), 3);
    assert_eq!(read(&table, RowsRequest { limit: Some(0), ..RowsRequest::default() }).await.unwrap().len(), 0);
}

#[tokio::test]
async fn rows_of_the_past_have_the_columns_of_the_past() {
    let lake = Lake::new().await;
    let table = history(&lake).await;
    let qty = NestedField::optional(0, "qty", Type::Primitive(PrimitiveType::Time));
    let table = lake.commit(&table, &Change::AddColumns(vec![qty.into()])).await;
    let table = lake.commit(&table, &Change::DropColumns(vec!["country".into()])).await;
    let names = |request: RowsRequest| {
        let table = table.clone();
        async move {
            let stream = query::rows(&table, &request, &monitor()).await.unwrap();
            stream.columns().iter().map(|c| format!("{} {}", c.name, c.type_name)).collect::<Vec<_>>().join(", ")
        }
    };
    assert_eq!(names(RowsRequest::default()).await, "id long, amount decimal(10, 2), day date, qty time");
    let then = RowsRequest { snapshot_id: table.resolve(Some("first")).unwrap(), ..RowsRequest::default() };
    assert_eq!(names(then.clone()).await, "id long, country string, amount decimal(10, 2), day date");
    assert_eq!(ids(&read(&table, then).await.unwrap()), (0..20).collect::<Vec<_>>());
    let audit = RowsRequest { snapshot_id: table.resolve(Some("audit")).unwrap(), ..RowsRequest::default() };
    assert_eq!(read(&table, audit).await.unwrap().len(), 23);
    // A column that no file has yet still has one null a row.
    let only = RowsRequest { columns: vec!["qty".into()], ..RowsRequest::default() };
    assert_eq!(read(&table, only).await.unwrap(), vec![vec![Value::Null]; 32]);
}

#[tokio::test]
async fn what_cannot_be_read_is_said() {
    let lake = Lake::new().await;
    let table = history(&lake).await;
    let column = RowsRequest { columns: vec!["nope".into()], ..RowsRequest::default() };
    let error = read(&table, column).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (Kind::Invalid, "the table has no such column (column nope)")
    );
    assert_eq!(error.hints(), ["columns: id, country, amount, day"]);
    let snapshot = RowsRequest { snapshot_id: Some(42), ..RowsRequest::default() };
    assert_eq!(read(&table, snapshot).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(read(&table, filter("nope = 1")).await.unwrap_err().kind(), Kind::Invalid);
    assert_eq!(read(&table, filter("1 / (id - 3) > 0")).await.unwrap_err().kind(), Kind::Invalid);
    let empty = lake.orders("sales.empty").await;
    let stream = query::rows(&empty, &filter("id > 0"), &monitor()).await.unwrap();
    assert_eq!(stream.columns().len(), 4);
    assert!(read(&empty, RowsRequest::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_cancelled_stream_ends_in_an_error() {
    let lake = Lake::new().await;
    let table = history(&lake).await;
    let monitor = Monitor::new();
    let mut rows = query::rows(&table, &RowsRequest::default(), &monitor).await.unwrap();
    assert!(rows.next().await.unwrap().is_some());
    monitor.cancel();
    assert!(rows.next().await.unwrap_err().is_cancelled());
    let mut entries = inspect::entries(&table, Vec::new());
    assert!(entries.next(&monitor).await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn the_raw_things_are_what_is_stored() {
    let lake = Lake::new().await;
    let table = history(&lake).await;
    let raw = inspect::raw_metadata(&table, &monitor()).await.unwrap();
    let stored: Value = serde_json::from_slice(&fs::read(&table.metadata_location()[7..]).unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&raw).unwrap(), stored);
    let id = table.metadata().current_snapshot_id().unwrap();
    let snapshot: Value = serde_json::from_str(&inspect::raw_snapshot(&table, id).unwrap()).unwrap();
    assert_eq!(snapshot["snapshot-id"], id);
    assert_eq!(inspect::raw_snapshot(&table, 1).unwrap_err().kind(), Kind::NotFound);
}
