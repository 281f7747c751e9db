//! The journal of an ingest: what was written reads back, however the process ended.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeBinaryArray, RecordBatch, TimestampNanosecondArray};
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{NestedField, PrimitiveType, Schema, Transform, Type, UnboundPartitionSpec};
use icedeck::Kind;
use icedeck::commit::{self, AttemptOutcome, Change, INGEST_ID};
use icedeck::env::Env;
use icedeck::ingest::journal::{self, Base, Journal, Plan, Record, State};
use icedeck::table::{Namespace, Table};
use proptest::prelude::*;
use serde_json::json;

use crate::common::Lake;
use crate::common::lake::{START_MS, longs, orders, orders_schema};

fn plan(id: &str) -> Plan {
    Plan {
        ingest_id: id.into(),
        verb: "ingest".into(),
        catalog: "icedeck".into(),
        table: Namespace(vec!["sales".into()]).table("or.ders"),
        branch: "main".into(),
        base: Base {
            table_uuid: uuid(),
            metadata_location: "file:///w/sales/orders/metadata/00000-a.metadata.json".into(),
            snapshot_id: Some(i64::MAX - 1),
            schema_id: 0,
            spec_id: 0,
        },
        sources: vec!["/data/orders \u{1F381}.csv".into()],
        options: json!({"delimiter": ";"}),
    }
}

fn uuid() -> uuid::Uuid {
    "01900000-0000-7000-8000-000000000001".parse().unwrap()
}

fn env() -> (tempfile::TempDir, Env) {
    let folder = tempfile::tempdir().unwrap();
    let env = Env::fixed(folder.path(), START_MS);
    (folder, env)
}

async fn partitioned(lake: &Lake) -> Table {
    let schema = orders_schema();
    let spec = UnboundPartitionSpec::builder()
        .add_partition_field(4, "day_month", Transform::Month)
        .unwrap()
        .add_partition_field(2, "country", Transform::Identity)
        .unwrap()
        .build();
    lake.table("sales.orders", schema, Some(spec), 2).await
}

#[tokio::test]
async fn a_whole_ingest_reads_back_and_can_be_published_from_it() {
    let lake = Lake::new().await;
    let table = partitioned(&lake).await;
    let staged = lake.stage(&table, orders(&table, 0, 100)).await;
    let id = lake.env.uuid().to_string();
    let planned = Plan { ingest_id: id.clone(), base: Base::of(&table, "main"), ..plan(&id) };
    let mut journal = Journal::create(&lake.env, &planned).unwrap();
    journal.staging("file:///w/data", &id).unwrap();
    let (first, others) = staged.split_first().unwrap();
    journal.file(&table, first).unwrap();
    journal.files(&table, others).unwrap();
    journal.staged(staged.len() as u64, 100, 1).unwrap();
    drop(journal);

    let (mut journal, record) = Journal::open(&lake.env, &id).unwrap();
    assert_eq!((record.state, &record.plan, record.is_cut), (State::Staged, &planned, false));
    let files: Vec<_> = record.files.iter().map(|f| f.staged(&table).unwrap()).collect();
    assert_eq!(files.len(), staged.len());
    for (back, file) in files.iter().zip(&staged) {
        assert_eq!(back.file.partition(), file.file.partition());
        assert_eq!(back.file.lower_bounds(), file.file.lower_bounds());
        assert_eq!((back.spec_id, back.schema_id), (file.spec_id, file.schema_id));
    }
    let summary = BTreeMap::from([(INGEST_ID.to_string(), id.clone())]);
    let change = Change::Append { branch: "main".into(), files, summary };
    let published = commit::publish(&lake.connection, &table, &change, &lake.env, &mut journal).await;
    let table = published.committed().unwrap();
    assert_eq!(longs(&table, None, "id").await, (0..100).collect::<Vec<_>>());

    let record = journal::read(&lake.env, &id).unwrap();
    assert_eq!(record.state, State::Closed);
    let attempt = &record.attempts[0];
    assert_eq!(attempt.outcome, Some((AttemptOutcome::Committed, String::new())));
    assert_eq!(attempt.sending.snapshot_id, table.metadata().current_snapshot_id());
    assert_eq!(attempt.sending.demanded_snapshot_id, None);
    assert_eq!(attempt.sending.metadata_files.len(), 2);
}

/// Partition values that iceberg itself cannot read again from what it writes.
#[tokio::test]
async fn files_in_partitions_by_uuid_and_nanoseconds_read_back_as_they_were() {
    let lake = Lake::new().await;
    let field = |id, name, of| Arc::new(NestedField::optional(id, name, Type::Primitive(of)));
    let fields = vec![field(1, "key", PrimitiveType::Uuid), field(2, "at", PrimitiveType::TimestampNs)];
    let schema = Schema::builder().with_fields(fields).build().unwrap();
    let spec = UnboundPartitionSpec::builder()
        .add_partition_field(1, "key", Transform::Identity)
        .and_then(|spec| spec.add_partition_field(2, "at", Transform::Identity))
        .unwrap()
        .build();
    let table = lake.table("sales.keys", schema, Some(spec), 3).await;
    let keys = [[0_u8; 16], [0xff; 16]];
    let keys: ArrayRef = Arc::new(FixedSizeBinaryArray::try_from_iter(keys.iter()).unwrap());
    let at: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![-1, i64::MAX]));
    let arrow = schema_to_arrow_schema(table.metadata().current_schema()).unwrap();
    let staged = lake.stage(&table, RecordBatch::try_new(Arc::new(arrow), vec![keys, at]).unwrap()).await;
    assert_eq!(staged.len(), 2);
    let id = lake.env.uuid().to_string();
    let mut journal = Journal::create(&lake.env, &Plan { base: Base::of(&table, "main"), ..plan(&id) }).unwrap();
    journal.files(&table, &staged).unwrap();
    drop(journal);

    let (_, record) = Journal::open(&lake.env, &id).unwrap();
    for (back, file) in record.files.iter().zip(&staged) {
        let back = back.staged(&table).unwrap();
        assert_eq!(back.file.partition(), file.file.partition());
        assert_eq!(back.file.lower_bounds(), file.file.lower_bounds());
    }
}

#[tokio::test]
async fn attempts_are_counted_over_restarts() {
    let lake = Lake::new().await;
    let base = lake.orders("sales.orders").await;
    lake.append(&base, orders(&base, 0, 1)).await;
    let staged = lake.stage(&base, orders(&base, 1, 1)).await;
    let id = lake.env.uuid().to_string();
    let change = Change::Append { branch: "main".into(), files: staged, summary: BTreeMap::new() };
    drop(Journal::create(&lake.env, &plan(&id)).unwrap());
    for _ in 0..2 {
        let (mut journal, _) = Journal::open(&lake.env, &id).unwrap();
        let published = commit::publish(&lake.connection, &base, &change, &lake.env, &mut journal).await;
        assert_eq!(published.attempts[0].outcome, AttemptOutcome::Rejected);
    }
    let record = journal::read(&lake.env, &id).unwrap();
    assert_eq!(record.state, State::Rejected);
    assert_eq!(record.attempts.iter().map(|a| a.sending.attempt).collect::<Vec<_>>(), [1, 2]);
    assert!(
        record.attempts.iter().all(|a| matches!(&a.outcome, Some((AttemptOutcome::Rejected, why)) if !why.is_empty()))
    );
}

#[test]
fn one_process_works_on_a_journal_at_a_time() {
    let (_folder, env) = env();
    let journal = Journal::create(&env, &plan("a")).unwrap();
    assert_eq!(Journal::create(&env, &plan("a")).unwrap_err().kind(), Kind::AlreadyExists);
    assert_eq!(Journal::open(&env, "a").unwrap_err().kind(), Kind::Unavailable);
    assert!(journal::list(&env).unwrap().rows[0].is_in_use);
    drop(journal);
    assert!(!journal::list(&env).unwrap().rows[0].is_in_use);
    assert!(Journal::open(&env, "a").is_ok());
}

#[test]
fn ids_that_are_no_ids_are_refused() {
    let (_folder, env) = env();
    for id in ["", "../a", "a/b", "a.b", "a\0"] {
        assert_eq!(Journal::create(&env, &plan(id)).unwrap_err().kind(), Kind::Invalid, "{id:?}");
        assert_eq!(Journal::open(&env, id).unwrap_err().kind(), Kind::Invalid, "{id:?}");
    }
    assert_eq!(Journal::open(&env, "absent").unwrap_err().kind(), Kind::NotFound);
}

#[test]
fn the_list_is_newest_first_and_hides_nothing() {
    let (_folder, env) = env();
    assert!(journal::list(&env).unwrap().rows.is_empty());
    for id in ["a", "b", "c"] {
        let mut journal = Journal::create(&env, &plan(id)).unwrap();
        match id {
            "a" => journal.closed().unwrap(),
            "b" => journal.staging("file:///w", id).unwrap(),
            _ => {}
        }
    }
    fs::write(journal::folder(&env).join("d.jsonl"), "{\n").unwrap();
    fs::write(journal::folder(&env).join("e.jsonl"), "").unwrap();
    fs::write(journal::folder(&env).join("notes.txt"), "mine").unwrap();
    let listing = journal::list(&env).unwrap();
    let rows: Vec<_> = listing.rows.iter().map(|r| (r.ingest_id.as_str(), r.state)).collect();
    assert_eq!(rows, [("c", State::Planned), ("b", State::Staging), ("a", State::Closed)]);
    assert_eq!(listing.broken.len(), 2);
    assert!(listing.broken.iter().all(|e| e.kind() == Kind::Corrupt), "{:?}", listing.broken);
    let json = serde_json::to_value(&listing.rows[2]).unwrap();
    assert_eq!(
        json,
        json!({
            "ingest_id": "a", "table": "sales.\"or.ders\"", "branch": "main", "verb": "ingest", "state": "closed",
            "opened_at": "2026-11-21T08:00:00.000Z", "rows": 0, "files": 0, "bytes": 0, "attempts": 0
        })
    );
}

#[test]
fn steps_of_a_later_version_are_counted_and_kept() {
    let (_folder, env) = env();
    let mut journal = Journal::create(&env, &plan("a")).unwrap();
    journal.staging("file:///w", "a").unwrap();
    let path = journal.path().to_path_buf();
    drop(journal);
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("{\"version\":9,\"time_ms\":1,\"step\":\"dreamt\",\"of\":{\"sheep\":[1]}}\n");
    fs::write(&path, &text).unwrap();
    let (mut journal, record) = Journal::open(&env, "a").unwrap();
    assert_eq!((record.unknown_steps, record.state), (1, State::Staging));
    journal.discarded("tried").unwrap();
    let after = fs::read_to_string(&path).unwrap();
    assert!(after.starts_with(&text));
    assert_eq!(journal::read(&env, "a").unwrap().state, State::Discarded);
}

#[test]
fn a_broken_line_in_the_middle_is_told_with_its_number() {
    let (_folder, env) = env();
    let mut journal = Journal::create(&env, &plan("a")).unwrap();
    journal.staging("file:///w", "a").unwrap();
    let path = journal.path().to_path_buf();
    drop(journal);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"staging\"", "\"staging\",,")).unwrap();
    let error = Journal::open(&env, "a").unwrap_err();
    assert_eq!(error.kind(), Kind::Corrupt);
    assert!(error.to_string().contains("line 2"), "{error}");
}

/// A journal as an ingest leaves it that went through everything, as bytes.
fn whole(env: &Env) -> Vec<u8> {
    let mut journal = Journal::create(env, &plan("w")).unwrap();
    journal.staging("file:///w/data", "w").unwrap();
    journal.staged(0, 0, 0).unwrap();
    journal.discarded("\u{1F381} \"quoted\"\nand broken").unwrap();
    let bytes = fs::read(journal.path()).unwrap();
    drop(journal);
    fs::remove_file(journal::folder(env).join("w.jsonl")).unwrap();
    bytes
}

fn cut_at(env: &Env, bytes: &[u8], end: usize) -> icedeck::Result<Record> {
    let path = journal::folder(env).join("w.jsonl");
    fs::write(&path, &bytes[..end]).unwrap();
    let read = journal::read(env, "w");
    // Going on with it must work too, and leave a journal that reads.
    if end.is_multiple_of(5)
        && let Ok((mut journal, _)) = Journal::open(env, "w")
    {
        journal.closed().unwrap();
        drop(journal);
        let again = journal::read(env, "w").unwrap();
        assert_eq!((again.state, again.is_cut), (State::Closed, false));
    }
    read
}

#[test]
fn cut_at_every_byte_it_still_reads() {
    let (_folder, env) = env();
    let bytes = whole(&env);
    let first_line = bytes.iter().position(|b| *b == b'\n').unwrap() + 1;
    let order = [State::Planned, State::Staging, State::Staged, State::Discarded];
    let mut reached = 0;
    for end in 0..=bytes.len() {
        match cut_at(&env, &bytes, end) {
            Err(e) => assert!(end < first_line && e.kind() == Kind::Corrupt, "{end}: {e}"),
            Ok(record) => {
                let state = order.iter().position(|s| *s == record.state).unwrap();
                assert!(state >= reached, "{end}: went back to {:?}", record.state);
                reached = state;
                assert_eq!(record.is_cut, bytes[end - 1] != b'\n', "{end}");
            }
        }
    }
    assert_eq!(reached, order.len() - 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is in the file, reading ends with a record or an error, and listing tells of it.
    #[test]
    fn any_bytes_are_survived(garbage in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..600, keep in any::<bool>()) {
        let (_folder, env) = env();
        let mut bytes = whole(&env);
        let at = at.min(bytes.len());
        if keep {
            bytes.splice(at..at, garbage);
        } else {
            let end = (at + garbage.len()).min(bytes.len());
            bytes.splice(at..end, garbage);
        }
        fs::write(journal::folder(&env).join("w.jsonl"), &bytes).unwrap();
        let read = journal::read(&env, "w");
        let listing = journal::list(&env).unwrap();
        prop_assert_eq!(listing.rows.len() + listing.broken.len(), 1);
        prop_assert_eq!(read.is_ok(), listing.broken.is_empty());
    }
}
