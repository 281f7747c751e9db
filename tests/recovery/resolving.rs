//! What the operator can do about a load that stayed open, after everything that can happen to its table.

use std::collections::BTreeMap;

use iceberg::spec::{Transform, UnboundPartitionSpec};
use icedeck::commit::{Expire, RefKind, SchemaEdit};
use icedeck::ingest::journal::{self, Journal, State};
use icedeck::recovery::resolve::{close, discard, rebase, restage, stand};
use icedeck::recovery::{Done, OnConflict, Verdict, Word};

use super::*;
use crate::common::lake::{longs, orders, orders_schema};

/// A lake whose table holds 100 and 101, and an open load of 1, 2 and 3 that ended so.
async fn stranded(fault: Fault) -> (Lake, Table, String) {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 100, 2)).await;
    let faults = vec![fault; 8];
    let done = loaded(&lake, &Faulty::on(&lake, faults), &Policy::hasty(OnConflict::Fail)).await;
    (lake, table, done.load.ingest_id.unwrap())
}

async fn verdict(lake: &Lake, id: &str) -> Verdict {
    stand(&lake.connection, &record(lake, id), &Monitor::new()).await.unwrap().assessment.verdict
}

async fn rebased(lake: &Lake, id: &str) -> Done {
    let policy = Policy::hasty(OnConflict::Rebase);
    rebase(&lake.connection, id, &policy, &lake.env, &Monitor::new()).await.unwrap()
}

async fn discarded(lake: &Lake, id: &str) -> Done {
    discard(&lake.connection, id, &lake.env, &Monitor::new()).await.unwrap()
}

async fn restaged(lake: &Lake, id: &str) -> icedeck::Result<Done> {
    let policy = Policy::hasty(OnConflict::Rebase);
    restage(&lake.connection, id, &policy, &lake.env, &Monitor::new()).await
}

async fn closed(lake: &Lake, id: &str) -> Done {
    close(&lake.connection, id, &lake.env, &Monitor::new()).await.unwrap()
}

async fn ids(lake: &Lake) -> Vec<i64> {
    longs(&lake.load(&"sales.orders".parse().unwrap()).await, None, "id").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_request_is_published_or_kept_but_not_deleted() {
    let (lake, _, id) = stranded(Fault::Before).await;
    let kept = discarded(&lake, &id).await;
    assert_eq!((kept.outcome, files_of(&lake, &id)), (Word::Unknown, 1), "it may still land");
    assert!(kept.notes.iter().any(|note| note.starts_with("kept: ")), "{:?}", kept.notes);
    assert_eq!(record(&lake, &id).state, State::Unknown);
    let done = rebased(&lake, &id).await;
    assert_eq!((done.outcome, done.rows, done.attempts), (Word::Committed, Some(3), 2));
    assert_eq!(ids(&lake).await, [1, 2, 3, 100, 101]);
    assert_eq!(record(&lake, &id).state, State::Closed);
    let again = rebase(&lake.connection, &id, &Policy::default(), &lake.env, &Monitor::new()).await.unwrap_err();
    assert_eq!(again.kind(), Kind::Invalid, "a second time there is nothing to do");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_request_is_discarded_once_the_branch_has_moved() {
    let (lake, table, id) = stranded(Fault::Before).await;
    lake.append(&table, orders(&table, 200, 1)).await;
    assert_eq!(discarded(&lake, &id).await.outcome, Word::Discarded);
    assert_eq!((files_of(&lake, &id), record(&lake, &id).state), (0, State::Discarded));
    assert_eq!(ids(&lake).await, [100, 101, 200]);
}

/// The process died right after the commit: the journal knows of a request, and of nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_landed_is_never_deleted_and_never_published_again() {
    let (lake, id) = dead_after_its_commit("{\"versi").await;
    assert_eq!(verdict(&lake, &id).await, Verdict::Landed);
    let done = discarded(&lake, &id).await;
    assert_eq!(done.outcome, Word::Committed);
    assert_eq!(done.snapshot_id, record(&lake, &id).attempts[0].sending.snapshot_id);
    assert_eq!((ids(&lake).await, files_of(&lake, &id)), (vec![1, 2, 3], 1));
    assert_eq!(record(&lake, &id).state, State::Closed);
}

/// Neither snapshots nor metadata files tell: of what the branch holds its files do, of what it does not nothing can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_history_forgot_is_found_by_its_files_or_closed_on_the_operators_word() {
    let (lake, id) = dead_after_its_commit("{\"versi").await;
    let name = "sales.orders".parse().unwrap();
    lake.forget(&lake.load(&name).await).await;
    let found = stand(&lake.connection, &record(&lake, &id), &Monitor::new()).await.unwrap().assessment;
    let landed = found.landed.unwrap();
    assert_eq!((found.verdict, landed.is_reachable, landed.is_expired), (Verdict::Landed, true, true));
    assert_eq!(landed.snapshot_id, record(&lake, &id).attempts[0].sending.snapshot_id);
    assert_eq!(closed(&lake, &id).await.outcome, Word::Committed);

    let (lake, table, id) = stranded(Fault::Before).await;
    assert_eq!(closed(&lake, &id).await.outcome, Word::Unknown, "not while the request may still arrive");
    lake.forget(&table).await;
    assert_eq!(verdict(&lake, &id).await, Verdict::Decide);
    let kept = discarded(&lake, &id).await;
    assert_eq!(kept.outcome, Word::Unknown);
    assert!(kept.hint.unwrap().ends_with(&format!("icedeck recover discard {id} --keep-files")));
    let done = closed(&lake, &id).await;
    assert_eq!((done.outcome, files_of(&lake, &id)), (Word::Discarded, 1), "nothing is deleted");
    assert_eq!(done.notes, ["1 staged file kept; icedeck orphans lists what the table does not hold"]);
    assert_eq!(record(&lake, &id).state, State::Discarded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_spec_is_restaged_from_the_same_files() {
    let (lake, table, id) = stranded(Fault::Before).await;
    let field = table.metadata().current_schema().field_by_name("day").unwrap().id;
    let spec =
        UnboundPartitionSpec::builder().add_partition_field(field, "day_month", Transform::Month).unwrap().build();
    let table = lake.commit(&table, &Change::SetSpec(spec)).await;
    assert_eq!(verdict(&lake, &id).await, Verdict::Restage);
    lake.append(&table, orders(&table, 200, 1)).await;
    assert_eq!(rebased(&lake, &id).await.outcome, Word::Rejected);
    let done = restaged(&lake, &id).await.unwrap();
    assert_eq!((done.outcome, done.rows), (Word::Committed, Some(3)), "{done:?}");
    assert!(done.ingest_id != id && done.notes[0].contains(&id), "{:?}", done.notes);
    assert_eq!(ids(&lake).await, [1, 2, 3, 100, 101, 200]);
    assert_eq!((files_of(&lake, &id), record(&lake, &id).state), (0, State::Discarded));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_demands_another_schema_can_never_land() {
    let (lake, table, id) = stranded(Fault::Before).await;
    assert_eq!(restaged(&lake, &id).await.unwrap().outcome, Word::Unknown, "it may still land");
    lake.commit(&table, &Change::DropColumns(vec!["amount".into()])).await;
    let standing = stand(&lake.connection, &record(&lake, &id), &Monitor::new()).await.unwrap();
    assert_eq!((standing.assessment.verdict, standing.assessment.may_still_land), (Verdict::Restage, false));
    let done = restaged(&lake, &id).await.unwrap();
    assert_eq!((done.outcome, done.rows), (Word::Committed, Some(3)), "{done:?}");
    assert!(done.notes.iter().any(|note| note.contains("column amount was dropped")), "{:?}", done.notes);
    assert_eq!(ids(&lake).await, [1, 2, 3, 100, 101]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renamed_column_is_followed_when_the_rows_are_written_again() {
    let (lake, table, id) = stranded(Fault::Before).await;
    let rename = SchemaEdit::Rename { column: "amount".into(), to: "price".into() };
    let table = lake.commit(&table, &Change::EditSchema(vec![rename])).await;
    lake.commit(&table, &Change::DropColumns(vec!["day".into()])).await;
    let done = restaged(&lake, &id).await.unwrap();
    assert_eq!(done.outcome, Word::Committed, "{done:?}");
    assert!(done.notes.iter().any(|note| note == "column amount is named price now"), "{:?}", done.notes);
    assert_eq!(ids(&lake).await, [1, 2, 3, 100, 101]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renamed_table_is_found_by_its_uuid() {
    let (lake, table, id) = stranded(Fault::Before).await;
    let name = "archive.renamed".parse().unwrap();
    lake.connection.create_namespace(&"archive".parse().unwrap(), BTreeMap::new()).await.unwrap();
    lake.connection.rename_table(table.name(), &name).await.unwrap();
    let standing = stand(&lake.connection, &record(&lake, &id), &Monitor::new()).await.unwrap();
    assert_eq!(standing.assessment.verdict, Verdict::Rebase);
    assert_eq!(standing.assessment.changes[0].what, "the table is named archive.renamed now");
    let done = rebased(&lake, &id).await;
    assert_eq!((done.outcome, done.table.as_str()), (Word::Committed, "archive.renamed"));
    assert_eq!(longs(&lake.load(&name).await, None, "id").await, [1, 2, 3, 100, 101]);
}

/// A journal that lost its end, of a load that landed long ago: neither snapshots nor metadata files tell of it any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_the_table_holds_is_never_taken_for_a_leftover() {
    for lines in [2, 3] {
        let lake = Lake::new().await;
        let table = lake.orders("sales.orders").await;
        let done = loaded(&lake, &lake.connection, &Policy::hasty(OnConflict::Fail)).await;
        let id = done.load.ingest_id.unwrap();
        let mut table = lake.load(table.name()).await;
        let few = BTreeMap::from([("write.metadata.previous-versions-max".to_string(), "1".to_string())]);
        table = lake.commit(&table, &Change::SetProperties { set: few, remove: Vec::new() }).await;
        table = lake.append(&table, orders(&table, 100, 2)).await;
        let old = Expire { older_than_ms: Some(i64::MAX), retain_last: Some(1), ..Expire::default() };
        table = lake.commit(&table, &Change::Expire(old)).await;
        for x in ["1", "2"] {
            let set = BTreeMap::from([("x".to_string(), x.to_string())]);
            table = lake.commit(&table, &Change::SetProperties { set, remove: Vec::new() }).await;
        }
        let path = journal::folder(&lake.env).join(format!("{id}.jsonl"));
        let whole = std::fs::read_to_string(&path).unwrap();
        let cut: String = whole.lines().take(lines).map(|line| format!("{line}\n")).collect();
        std::fs::write(&path, cut).unwrap();
        assert_eq!(record(&lake, &id).state, State::Staging);
        let done = discarded(&lake, &id).await;
        assert_eq!((done.outcome, files_of(&lake, &id)), (Word::Committed, 1), "{lines}: {done:?}");
        assert_eq!(ids(&lake).await, [1, 2, 3, 100, 101]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn source_files_that_changed_are_not_restaged() {
    let (lake, table, id) = stranded(Fault::Before).await;
    lake.append(&table, orders(&table, 200, 1)).await;
    let path = lake.folder.path().join("orders.csv");
    std::fs::write(&path, "id\n4\n").unwrap();
    assert_eq!(restaged(&lake, &id).await.unwrap_err().kind(), Kind::Invalid);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(restaged(&lake, &id).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!((files_of(&lake, &id), record(&lake, &id).state), (1, State::Unknown), "nothing was done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemas_that_go_with_the_files_and_those_that_do_not() {
    let (lake, table, id) = stranded(Fault::Before).await;
    let more = iceberg::spec::NestedField::optional(
        0,
        "more",
        iceberg::spec::Type::Primitive(iceberg::spec::PrimitiveType::Long),
    );
    let table = lake.commit(&table, &Change::AddColumns(vec![more.into()])).await;
    assert_eq!(verdict(&lake, &id).await, Verdict::Rebase);
    lake.commit(&table, &Change::DropColumns(vec!["amount".into()])).await;
    assert_eq!(verdict(&lake, &id).await, Verdict::Restage);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolled_back_branch_is_the_operators_to_decide() {
    let (lake, table, id) = stranded(Fault::LostAndBeaten(Vec::new())).await;
    let base = table.metadata().current_snapshot_id().unwrap();
    // Led back to a fresh line: the base is no ancestor any more.
    let first = lake.append(&table, orders(&table, 200, 1)).await;
    let change = Change::SetRef { name: "other".into(), kind: RefKind::Branch, snapshot_id: base };
    lake.commit(&first, &change).await;
    assert_eq!(verdict(&lake, &id).await, Verdict::Rebase, "another branch is no news");

    let lake2 = Lake::new().await;
    let table = lake2.orders("sales.orders").await;
    let one = lake2.append(&table, orders(&table, 100, 1)).await;
    let two = lake2.append(&one, orders(&one, 101, 1)).await;
    let lost = Faulty::on(&lake2, [Fault::Before]);
    let id = loaded(&lake2, &lost, &Policy::hasty(OnConflict::Fail)).await.load.ingest_id.unwrap();
    let stands = async || stand(&lake2.connection, &record(&lake2, &id), &Monitor::new()).await.unwrap();
    let agreed = stands().await.assessment;
    let back = one.metadata().current_snapshot_id().unwrap();
    lake2.branch(&two, "main", back).await;
    let standing = stands().await;
    assert_eq!(standing.assessment.verdict, Verdict::Decide);
    assert!(standing.assessment.reason.contains("led back"), "{}", standing.assessment.reason);
    let policy = Policy { agreed: Some(&agreed), ..Policy::hasty(OnConflict::Rebase) };
    let kept = rebase(&lake2.connection, &id, &policy, &lake2.env, &Monitor::new()).await.unwrap();
    assert!(kept.outcome == Word::Rejected && kept.notes[0].contains("others went on"), "{kept:?}");
    assert_eq!(rebased(&lake2, &id).await.outcome, Word::Committed, "decided by asking for it");
    assert_eq!(ids(&lake2).await, [1, 2, 3, 100]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_is_gone_or_another_one_stops() {
    let (lake, table, id) = stranded(Fault::NotSent).await;
    // Not sent at all: the load took everything back by itself.
    assert_eq!((files_of(&lake, &id), record(&lake, &id).state), (0, State::Discarded));
    let refused = Faulty::on(&lake, [Fault::Beaten(vec![change_of(&lake, &table).await])]);
    let id = loaded(&lake, &refused, &Policy::hasty(OnConflict::Fail)).await.load.ingest_id.unwrap();
    lake.connection.drop_table(table.name()).await.unwrap();
    assert_eq!(verdict(&lake, &id).await, Verdict::Stop);
    let done = rebased(&lake, &id).await;
    assert_eq!((done.outcome, done.verdict), (Word::Rejected, Some(Verdict::Stop)));
    lake.table("sales.orders", orders_schema(), None, 2).await;
    assert_eq!(verdict(&lake, &id).await, Verdict::Stop, "the same name is not the same table");
    assert_eq!(discarded(&lake, &id).await.outcome, Word::Discarded);
    assert_eq!(files_of(&lake, &id), 0);
}

async fn change_of(lake: &Lake, table: &Table) -> Change {
    crate::common::lake::append("main", lake.stage(table, orders(table, 200, 1)).await)
}

/// A dropped table may be registered again, with our rows in it: an unknown load keeps its files.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_load_into_a_dropped_table_is_kept() {
    let (lake, table, id) = stranded(Fault::Before).await;
    lake.connection.drop_table(table.name()).await.unwrap();
    let kept = discarded(&lake, &id).await;
    assert_eq!((kept.outcome, kept.verdict, files_of(&lake, &id)), (Word::Unknown, Some(Verdict::Stop), 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overwrites_count_where_they_touch_the_same_partitions() {
    // What others overwrote is told apart by the manifests that they wrote; an append beside it never stands in the way.
    let (lake, table, id) = stranded(Fault::Before).await;
    lake.append(&table, orders(&table, 200, 1)).await;
    let standing = stand(&lake.connection, &record(&lake, &id), &Monitor::new()).await.unwrap();
    assert_eq!(standing.assessment.verdict, Verdict::Rebase);
    let change = &standing.assessment.changes[0];
    assert_eq!((change.touches_ours, change.partitions.as_deref()), (Some(true), Some(&[][..])), "{change:?}");
    assert_eq!(standing.files.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_branch_that_was_dropped_stops() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 100, 1)).await;
    let head = table.metadata().current_snapshot_id().unwrap();
    lake.branch(&table, "wip", head).await;
    let mut recorded = {
        let keep = Policy::hasty(OnConflict::Fail);
        let path = lake.folder.path().join("orders.csv");
        std::fs::write(&path, CSV).unwrap();
        let request = IngestRequest {
            branch: "wip".into(),
            ..IngestRequest::append(SourceOptions::of([&path]), "sales.orders".parse().unwrap())
        };
        let lost = Faulty::on(&lake, [Fault::Before]);
        let done = recovery::run(request, &lost, &keep, &lake.env, &Monitor::new()).await.unwrap();
        record(&lake, &done.load.ingest_id.unwrap())
    };
    recorded.plan.branch = "never".into();
    recorded.attempts.iter_mut().for_each(|attempt| attempt.branch = "never".into());
    let standing = stand(&lake.connection, &recorded, &Monitor::new()).await.unwrap();
    assert_eq!(standing.assessment.verdict, Verdict::Stop, "{}", standing.assessment.reason);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_broken_off_while_staging_is_assessed_and_discarded() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    lake.append(&table, orders(&table, 100, 1)).await;
    let staged = loaded(&lake, &Faulty::on(&lake, [Fault::Before]), &Policy::hasty(OnConflict::Fail)).await;
    let id = staged.load.ingest_id.unwrap();
    let path = icedeck::ingest::journal::folder(&lake.env).join(format!("{id}.jsonl"));
    let text = std::fs::read_to_string(&path).unwrap();
    let two: Vec<&str> = text.lines().take(2).collect();
    std::fs::write(&path, two.join("\n") + "\n{\"version\":1,\"time_ms\":12").unwrap();
    assert_eq!(record(&lake, &id).state, State::Staging);
    let standing = stand(&lake.connection, &record(&lake, &id), &Monitor::new()).await.unwrap();
    assert_eq!(standing.assessment.verdict, Verdict::Restage);
    assert_eq!(rebased(&lake, &id).await.outcome, Word::Rejected);
    let (locked, _) = Journal::open(&lake.env, &id).unwrap();
    let busy = discard(&lake.connection, &id, &lake.env, &Monitor::new()).await.unwrap_err();
    assert_eq!(busy.kind(), Kind::Unavailable, "another process works on it");
    drop(locked);
    assert_eq!(discarded(&lake, &id).await.outcome, Word::Discarded);
    assert_eq!(files_of(&lake, &id), 0, "found below the staging folder by the id in their names");
    assert_eq!(ids(&lake).await, [100]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_are_found_by_their_beginning() {
    let (lake, _, id) = stranded(Fault::Before).await;
    assert_eq!(recovery::find(&lake.env, &id).unwrap().ingest_id, id);
    assert_eq!(recovery::find(&lake.env, &id[..id.len() - 1]).unwrap().ingest_id, id);
    assert_eq!(recovery::find(&lake.env, "nope").unwrap_err().kind(), Kind::NotFound);
    assert!(recovery::find(&lake.env, "").is_err());
    let again = loaded(&lake, &Faulty::on(&lake, [Fault::Before]), &Policy::hasty(OnConflict::Fail)).await;
    let shared: String =
        id.chars().zip(again.load.ingest_id.unwrap().chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    assert_eq!(recovery::find(&lake.env, &shared).unwrap_err().kind(), Kind::Invalid);
}

/// Properties are named, never shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_properties_are_listed_without_their_values() {
    let (lake, table, id) = stranded(Fault::Before).await;
    let set = BTreeMap::from([("s3.secret-access-key".to_string(), "hunter2".to_string())]);
    lake.commit(&table, &Change::SetProperties { set, remove: Vec::new() }).await;
    let standing = stand(&lake.connection, &record(&lake, &id), &Monitor::new()).await.unwrap();
    let told = serde_json::to_string(&standing.assessment).unwrap();
    assert!(told.contains("s3.secret-access-key") && !told.contains("hunter2"), "{told}");
    assert_eq!(standing.assessment.verdict, Verdict::Rebase);
}
