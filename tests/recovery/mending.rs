//! Mend: plans in numbers, and what carrying them out does, with rivals and lost answers.

use std::collections::BTreeMap;

use iceberg::expr::Reference;
use iceberg::spec::{Datum, Transform, UnboundPartitionSpec};
use icedeck::commit::{ColumnPlace, Expire, RefKind, Targets};
use icedeck::ingest::journal::State;
use icedeck::ingest::run::Ending;
use icedeck::recovery::mend::*;
use icedeck::recovery::{Carried, OnConflict, Patience, Verdict};
use icedeck::table::Moment;

use super::*;
use crate::commit::deletes::delete_positions;
use crate::common::lake::{append, longs, orders, orders_schema};

const NAME: &str = "sales.orders";

fn head(table: &Table) -> i64 {
    table.metadata().current_snapshot_id().unwrap()
}

/// `sales.orders` with snapshots of as many rows each, ids counting up by hundreds; and the ids of the snapshots.
async fn lake(rows: &[usize]) -> (Lake, Table, Vec<i64>) {
    let lake = Lake::new().await;
    let mut table = lake.orders(NAME).await;
    let mut ids = Vec::new();
    for (n, rows) in rows.iter().enumerate() {
        table = lake.append(&table, orders(&table, 100 * n as i64, *rows)).await;
        ids.push(head(&table));
    }
    (lake, table, ids)
}

async fn now(lake: &Lake) -> Table {
    lake.load(&NAME.parse().unwrap()).await
}

async fn rows(lake: &Lake) -> Vec<i64> {
    longs(&now(lake).await, None, "id").await
}

async fn carried(lake: &Lake, connection: &Connection, prepared: &Prepared) -> Carried {
    let policy = Policy { on_conflict: OnConflict::Rebase, patience: Patience::HASTY, ask: None, agreed: None };
    prepared.carry_out(connection, &policy, &lake.env, &Monitor::new()).await.unwrap()
}

/// Carries out what must be committed, and returns the table after it.
async fn done(lake: &Lake, prepared: &Prepared) -> Table {
    let done = carried(lake, &lake.connection, prepared).await;
    assert_eq!(done.ending, Ending::Committed, "{done:?}");
    assert_eq!(record(lake, &done.ingest_id).state, State::Closed);
    now(lake).await
}

async fn rollback_to(table: &Table, to: RollbackTo) -> RollbackPlan {
    rollback(table, &RollbackRequest::to(to), &Monitor::new()).await.unwrap()
}

fn to(id: i64) -> RollbackTo {
    RollbackTo::Snapshot(id.to_string())
}

async fn alter_it(lake: &Lake, table: &Table, wanted: Alteration) -> Table {
    done(lake, &alter(table, &wanted).unwrap().prepared).await
}

fn set(key: &str, value: &str) -> Alteration {
    Alteration::Properties { set: [(key.to_string(), value.to_string())].into(), remove: vec![] }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_says_in_numbers_what_leaves_the_branch() {
    let (lake, table, ids) = lake(&[3, 4, 5]).await;
    let table = lake.tag(&table, "kept", ids[1]).await;
    let plan = rollback_to(&table, to(ids[0])).await;
    let leaving: Vec<i64> = plan.leaving.snapshots.iter().map(|s| s.snapshot_id).collect();
    assert_eq!(leaving, [ids[2], ids[1]], "newest first");
    assert_eq!(plan.leaving.snapshots[1].kept_by, ["kept"]);
    assert_eq!((plan.leaving.gone.files, plan.leaving.gone.rows, plan.leaving.unreachable), (2, 9, 1));
    assert!(plan.leaving.gone.bytes > 0 && plan.leaving.back == Counted::default() && plan.is_ancestor);
    assert!(plan.prepared.asks_for_name && plan.prepared.question.contains("9 rows in 2 files"), "{plan:?}");
    let request = plan.prepared.request(&lake.env).await.unwrap();
    assert!(request["requirements"].to_string().contains(&ids[2].to_string()), "{request}");
    assert_eq!(request["updates"][0]["snapshot-id"], ids[0]);

    let before = rollback_to(&table, RollbackTo::Before).await;
    assert_eq!(before.prepared.snapshot_id, Some(ids[1]));
    let at = table.metadata().snapshot_by_id(ids[1]).unwrap().timestamp_ms();
    let timed = rollback_to(&table, RollbackTo::Time(Moment(at))).await;
    assert_eq!(timed.prepared.snapshot_id, Some(ids[1]));
    let early = RollbackRequest::to(RollbackTo::Time(Moment(0)));
    assert_eq!(rollback(&table, &early, &Monitor::new()).await.unwrap_err().kind(), Kind::NotFound);

    done(&lake, &plan.prepared).await;
    assert_eq!(rows(&lake).await, [0, 1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_to_another_line_needs_force_and_counts_what_comes_back() {
    let (lake, table, ids) = lake(&[3, 4]).await;
    let table = done(&lake, &rollback_to(&table, RollbackTo::Before).await.prepared).await;
    let forward = rollback(&table, &RollbackRequest::to(to(ids[1])), &Monitor::new()).await.unwrap_err();
    assert!(forward.hints()[0].contains("fast-forward"), "{forward:?}");
    let table = lake.append(&table, orders(&table, 500, 1)).await;
    let request = RollbackRequest::to(to(ids[1]));
    let refused = rollback(&table, &request, &Monitor::new()).await.unwrap_err();
    assert!(refused.kind() == Kind::Invalid && refused.hints()[0].contains("--force"), "{refused:?}");
    let plan = rollback(&table, &RollbackRequest { force: true, ..request }, &Monitor::new()).await.unwrap();
    assert!(!plan.is_ancestor);
    assert_eq!((plan.leaving.gone.rows, plan.leaving.back.rows, plan.leaving.joining.len()), (1, 4, 1));
    done(&lake, &plan.prepared).await;
    assert_eq!(rows(&lake).await, [0, 1, 2, 100, 101, 102, 103]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_restores_what_was_then_and_keeps_the_old_head_in_one_commit() {
    let (lake, table, ids) = lake(&[3]).await;
    let table = alter_it(&lake, &table, set("owner", "ada")).await;
    let table = lake.append(&table, orders(&table, 100, 2)).await;
    let table = alter_it(&lake, &table, Alteration::DropColumn("amount".into())).await;
    let table = alter_it(&lake, &table, set("owner", "bob")).await;
    let old = head(&table);
    let versions = table.metadata().metadata_log().len();
    let restore = RestoreOf { schema: true, spec: true, properties: true };
    let request = RollbackRequest { restore, tag: Some("before-mend".into()), ..RollbackRequest::to(to(ids[0])) };
    let plan = rollback(&table, &request, &Monitor::new()).await.unwrap();
    assert_eq!(plan.restored.len(), 2, "{:?}", plan.restored);
    assert_eq!((plan.leaving.unreachable, plan.prepared.asks_for_name), (0, false), "the tag keeps it");
    let table = done(&lake, &plan.prepared).await;
    assert_eq!(table.metadata().metadata_log().len(), versions + 1, "one commit");
    assert_eq!((head(&table), table.resolve(Some("before-mend")).unwrap()), (ids[0], Some(old)));
    assert!(table.metadata().current_schema().field_by_name("amount").is_some());
    assert_eq!(table.metadata().properties()["owner"], "ada", "as before the first change that is undone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_that_lost_a_race_is_the_operators_to_decide() {
    let (lake, table, ids) = lake(&[3, 4]).await;
    let plan = rollback_to(&table, to(ids[0])).await;
    let files = lake.stage(&table, orders(&table, 900, 1)).await;
    let beaten = Faulty::on(&lake, [Fault::Beaten(vec![append("main", files)])]);
    let lost = carried(&lake, &beaten, &plan.prepared).await;
    let assessment = lost.assessment.unwrap();
    assert_eq!((lost.ending, assessment.verdict), (Ending::Rejected, Verdict::Decide));
    let told = "main has 1 new snapshot by others (1 row added), which leaves it with this change";
    assert!(assessment.reason.starts_with(told), "{}", assessment.reason);
    assert_eq!(rows(&lake).await, [0, 1, 2, 100, 101, 102, 103, 900]);
    let row = open(&lake);
    assert_eq!((row.verb.as_str(), row.state), ("rollback", State::Rejected));
    let policy = Policy::hasty(OnConflict::Rebase);
    let again = recovery::resolve::rebase(&lake.connection, &row.ingest_id, &policy, &lake.env, &Monitor::new()).await;
    assert_eq!(again.unwrap().outcome, recovery::Word::Committed);
    assert_eq!(rows(&lake).await, [0, 1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_that_lost_a_race_takes_nothing_of_others_back() {
    let (lake, table, _) = lake(&[3, 4]).await;
    let plan = undo(&table, &Monitor::new()).await.unwrap();
    let files = lake.stage(&table, orders(&table, 900, 1)).await;
    let beaten = Faulty::on(&lake, [Fault::Beaten(vec![append("main", files)])]);
    let lost = carried(&lake, &beaten, &plan.prepared).await;
    let assessment = lost.assessment.unwrap();
    assert_eq!((lost.ending, assessment.can_replay), (Ending::Rejected, false));
    assert!(assessment.reason.ends_with(": the last change is another one now"), "{}", assessment.reason);
    let (policy, monitor) = (Policy::hasty(OnConflict::Rebase), Monitor::new());
    let again = recovery::resolve::rebase(&lake.connection, &lost.ingest_id, &policy, &lake.env, &monitor).await;
    let again = again.unwrap();
    assert_eq!(again.outcome, recovery::Word::Rejected);
    assert!(again.hint.as_ref().unwrap().starts_with("it cannot be sent again as it is: ask for it anew"), "{again:?}");
    assert_eq!(rows(&lake).await.len(), 8, "what others added stays");
    let anew = undo(&now(&lake).await, &monitor).await.unwrap();
    assert_eq!(anew.leaving.unwrap().gone.rows, 1, "the last change is theirs now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_outcome_is_found_or_kept() {
    let (lake, table, ids) = lake(&[3, 4]).await;
    let request = RollbackRequest { tag: Some("old".into()), ..RollbackRequest::to(to(ids[0])) };
    let plan = rollback(&table, &request, &Monitor::new()).await.unwrap();
    let found = carried(&lake, &Faulty::on(&lake, [Fault::After]), &plan.prepared).await;
    assert_eq!((found.ending, found.snapshot_id, found.attempts.len()), (Ending::Committed, Some(ids[0]), 1));
    let table = now(&lake).await;
    let back = fast_forward(&table, "main", "old", &Monitor::new()).await.unwrap();
    let found = carried(&lake, &Faulty::on(&lake, [Fault::Before, Fault::After]), &back.prepared).await;
    assert_eq!((found.ending, found.attempts.len()), (Ending::Committed, 2), "a lost request is sent again");
    assert_eq!(rows(&lake).await.len(), 7);
    let plan = undo(&now(&lake).await, &Monitor::new()).await.unwrap();
    let kept = carried(&lake, &Faulty::on(&lake, vec![Fault::Before; 8]), &plan.prepared).await;
    assert_eq!(kept.ending, Ending::Unknown);
    assert_eq!(open(&lake).state, State::Unknown);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_last_change_is_undone_and_redone() {
    let (lake, first, _) = lake(&[3]).await;
    let refused = undo(&first, &Monitor::new()).await.unwrap_err();
    assert!(refused.to_string().contains("first snapshot"), "{refused}");
    let table = lake.append(&first, orders(&first, 100, 2)).await;
    let plan = undo(&table, &Monitor::new()).await.unwrap();
    assert_eq!((plan.leaving.as_ref().unwrap().gone.rows, plan.is_redo), (2, false));
    assert_eq!(redo(&table, &lake.env, &Monitor::new()).await.unwrap_err().kind(), Kind::Invalid);
    let undone = done(&lake, &plan.prepared).await;
    assert_eq!(head(&undone), head(&first));
    let again = redo(&undone, &lake.env, &Monitor::new()).await.unwrap();
    assert!(again.is_redo && undo(&undone, &Monitor::new()).await.unwrap().is_redo, "an undo of an undo is a redo");
    let redone = done(&lake, &again.prepared).await;
    assert_eq!(head(&redone), head(&table));
    assert_eq!(
        redo(&redone, &lake.env, &Monitor::new()).await.unwrap_err().kind(),
        Kind::Invalid,
        "nothing is undone now"
    );
    let undone = done(&lake, &undo(&redone, &Monitor::new()).await.unwrap().prepared).await;
    assert!(redo(&undone, &lake.env, &Monitor::new()).await.unwrap().is_redo);

    for wanted in [
        Alteration::DropColumn("country".into()),
        set("owner", "ada"),
        Alteration::SortBy("id desc".into()),
        Alteration::AddPartitions("bucket(4, id)".into()),
    ] {
        let before = now(&lake).await;
        let after = alter_it(&lake, &before, wanted.clone()).await;
        let plan = undo(&after, &Monitor::new()).await.unwrap();
        let undone = done(&lake, &plan.prepared).await;
        let (was, is) = (before.metadata(), undone.metadata());
        assert_eq!(was.current_schema_id(), is.current_schema_id(), "{wanted:?}");
        assert_eq!(was.default_partition_spec_id(), is.default_partition_spec_id(), "{wanted:?}");
        assert_eq!(was.default_sort_order_id(), is.default_sort_order_id(), "{wanted:?}");
        assert_eq!(was.properties(), is.properties(), "{wanted:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refs_come_back_and_what_was_expired_does_not() {
    let (lake, table, ids) = lake(&[3, 4]).await;
    let monitor = Monitor::new();
    let retention = Retention { max_ref_age_ms: Some(5000), ..Retention::default() };
    let made = create_ref(&table, RefKind::Tag, "eoy", Some(&ids[0].to_string()), retention).unwrap();
    let table = done(&lake, &made.prepared).await;
    assert_eq!(create_ref(&table, RefKind::Branch, "eoy", None, retention).unwrap_err().kind(), Kind::AlreadyExists);
    assert_eq!(drop_ref(&table, RefKind::Branch, "eoy", &monitor).await.unwrap_err().kind(), Kind::Invalid);
    let dropped = drop_ref(&table, RefKind::Tag, "eoy", &monitor).await.unwrap();
    assert!(!dropped.prepared.asks_for_name, "main leads to it too");
    let table = done(&lake, &dropped.prepared).await;
    let plan = undo(&table, &monitor).await.unwrap();
    let table = done(&lake, &plan.prepared).await;
    assert_eq!(table.refs().unwrap()["eoy"].snapshot_id, ids[0]);
    let table = done(&lake, &drop_ref(&table, RefKind::Tag, "eoy", &monitor).await.unwrap().prepared).await;
    let wanted = Expire { snapshot_ids: vec![ids[0]], ..Expire::default() };
    let plan = expire(&table, &wanted, &lake.env).unwrap();
    assert_eq!((plan.expired[0].snapshot_id, plan.kept.len(), plan.prepared.asks_for_name), (ids[0], 1, true));
    let table = done(&lake, &plan.prepared).await;
    let gone = undo(&table, &monitor).await.unwrap_err();
    assert!(gone.to_string().contains("1 snapshot expired"), "{gone}");
    let before = rollback(&table, &RollbackRequest::to(RollbackTo::Before), &monitor).await.unwrap_err();
    assert!(before.to_string().contains("was expired"), "{before}");
    let nothing = expire(&table, &Expire::default(), &lake.env).unwrap();
    assert!(nothing.is_empty() && nothing.kept[0].why.as_ref().unwrap().contains("branch main"), "{nothing:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_branch_is_published_or_picked_from() {
    let (lake, table, ids) = lake(&[3]).await;
    let monitor = Monitor::new();
    let made = create_ref(&table, RefKind::Branch, "audit", None, Retention::default()).unwrap();
    let table = done(&lake, &made.prepared).await;
    let table = lake.append_to(&table, "audit", orders(&table, 100, 2)).await;
    let audit = table.refs().unwrap()["audit"].snapshot_id;
    let plan = cherry_pick(&table, "audit", "main").unwrap();
    assert!(plan.is_forward && plan.prepared.snapshot_id == Some(audit));
    let plan = fast_forward(&table, "main", "audit", &monitor).await.unwrap();
    assert_eq!(plan.leaving.as_ref().unwrap().back.rows, 2);
    let table = done(&lake, &plan.prepared).await;
    assert_eq!(head(&table), audit);
    let table = done(&lake, &rollback_to(&table, to(ids[0])).await.prepared).await;
    let table = lake.append(&table, orders(&table, 200, 1)).await;
    let two_lines = fast_forward(&table, "main", "audit", &monitor).await.unwrap_err();
    assert!(two_lines.hints()[0].contains("cherry-pick"), "{two_lines:?}");
    let plan = cherry_pick(&table, "audit", "main").unwrap();
    let table = done(&lake, &plan.prepared).await;
    assert_eq!(rows(&lake).await, [0, 1, 2, 100, 101, 200]);
    let twice = cherry_pick(&table, "audit", "main").unwrap().prepared.request(&lake.env).await.unwrap_err();
    assert_eq!(twice.kind(), Kind::AlreadyExists);
    let row = lake.tag(&table, "end", head(&table)).await;
    let unreachable = drop_ref(&row, RefKind::Branch, "audit", &monitor).await.unwrap();
    assert!(unreachable.prepared.asks_for_name, "{unreachable:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_an_older_snapshot_come_back_once_and_whole() {
    let (lake, table, ids) = lake(&[3, 4, 5]).await;
    let monitor = Monitor::new();
    let old = ids[2].to_string();
    let table = done(&lake, &rollback_to(&table, to(ids[0])).await.prepared).await;
    let table = lake.append(&table, orders(&table, 900, 1)).await;
    let ask = |filter: &str| RestoreRequest {
        from: old.clone(),
        filter: (!filter.is_empty()).then(|| filter.to_string()),
        ..RestoreRequest::default()
    };
    let partly = restore(&table, &ask("id = 101"), &monitor).await.unwrap_err();
    assert!(partly.kind() == Kind::Unsupported && partly.to_string().contains("only 1 of the 4 rows"), "{partly}");
    let plan = restore(&table, &ask("id >= 100 and id < 200"), &monitor).await.unwrap();
    assert_eq!((plan.files, plan.rows, plan.already_live), (1, 4, 0));
    let table = done(&lake, &plan.prepared).await;
    assert_eq!(rows(&lake).await, [0, 1, 2, 100, 101, 102, 103, 900]);
    let plan = restore(&table, &ask(""), &monitor).await.unwrap();
    assert_eq!((plan.files, plan.rows, plan.already_live), (1, 5, 2), "what is there is left out");
    let rival = Faulty::on(&lake, [Fault::Beaten(vec![plan.prepared.change.clone()])]);
    let lost = carried(&lake, &rival, &plan.prepared).await;
    assert_eq!(lost.ending, Ending::Rejected, "another restored the same files: they are not added a second time");
    let table = now(&lake).await;
    assert_eq!(rows(&lake).await.len(), 13);
    let discarded = recovery::resolve::discard(&lake.connection, &lost.ingest_id, &lake.env, &monitor).await.unwrap();
    assert_eq!(discarded.outcome, recovery::Word::Discarded);
    assert_eq!(rows(&lake).await.len(), 13, "files that are not ours are not deleted");
    let nothing = restore(&table, &ask(""), &monitor).await.unwrap_err();
    assert!(nothing.kind() == Kind::NotFound && nothing.to_string().contains("all 3 files"), "{nothing}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_are_gone_or_have_deletes_are_not_restored() {
    let (lake, table, ids) = lake(&[3]).await;
    let monitor = Monitor::new();
    let files = lake.stage(&table, orders(&table, 100, 4)).await;
    let path = files[0].file.file_path().to_string();
    let table = lake.commit(&table, &append("main", files)).await;
    let table = delete_positions(&lake, &table, &path, &[1]).await;
    let from = head(&table).to_string();
    let table = done(&lake, &rollback_to(&table, to(ids[0])).await.prepared).await;
    let request = RestoreRequest { from, ..RestoreRequest::default() };
    let refused = restore(&table, &request, &monitor).await.unwrap_err();
    assert!(refused.to_string().contains("deletes had taken 1 of the 4 rows"), "{refused}");
    let whole = RestoreRequest { from: refused_before(&table, &ids).to_string(), ..request };
    std::fs::remove_file(path.trim_start_matches("file://")).unwrap();
    let gone = restore(&table, &whole, &monitor).await.unwrap_err();
    assert!(gone.kind() == Kind::NotFound && gone.to_string().contains("is gone"), "{gone}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_partition_is_restored() {
    let lake = Lake::new().await;
    let spec = UnboundPartitionSpec::builder().add_partition_field(2, "country", Transform::Identity).unwrap().build();
    let table = lake.table(NAME, orders_schema(), Some(spec), 2).await;
    let table = lake.append(&table, orders(&table, 0, 9)).await;
    let from = head(&table).to_string();
    let filter = Reference::new("country").equal_to(Datum::string("DE"));
    let delete = Change::Delete { branch: "main".into(), filter, summary: Default::default() };
    let table = lake.commit(&table, &delete).await;
    assert_eq!(rows(&lake).await.len(), 6);
    let ask = |partition: &str| RestoreRequest {
        from: from.clone(),
        partitions: vec![partition.into()],
        ..RestoreRequest::default()
    };
    let monitor = Monitor::new();
    for (partition, says) in [("country=XX", "no such partition"), ("country=FR", "in the branch already")] {
        let refused = restore(&table, &ask(partition), &monitor).await.unwrap_err();
        assert!(refused.kind() == Kind::NotFound && refused.to_string().contains(says), "{refused}");
    }
    let plan = restore(&table, &ask("country=DE"), &monitor).await.unwrap();
    assert_eq!((plan.files, plan.rows), (1, 3));
    let table = done(&lake, &plan.prepared).await;
    assert_eq!(rows(&lake).await, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(undo(&table, &monitor).await.unwrap().leaving.unwrap().gone.rows, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_were_written_again_are_not_restored_beside_themselves() {
    let (lake, table, _) = lake(&[2]).await;
    let monitor = Monitor::new();
    let file = |files: &[StagedFile]| files[0].file.file_path().to_string();
    let files = lake.stage(&table, orders(&table, 100, 4)).await;
    let first = file(&files);
    let table = lake.commit(&table, &append("main", files)).await;
    let loaded = head(&table);
    let (branch, summary) = ("main".to_string(), BTreeMap::new());
    // What a delete by copy-on-write does: one row goes, the other three are written again.
    let added = lake.stage(&table, orders(&table, 101, 3)).await;
    let second = file(&added);
    let targets = Targets::Files(vec![first]);
    let cut = Change::Overwrite { branch, added, targets, validation: None, summary };
    let table = lake.commit(&table, &cut).await;
    let cut = head(&table);
    let ask = |from: i64, force| RestoreRequest { from: from.to_string(), force, ..RestoreRequest::default() };
    let refused = restore(&table, &ask(loaded, false), &monitor).await.unwrap_err();
    assert!(refused.kind() == Kind::Unsupported && refused.report().contains("would be there twice"), "{refused}");
    assert_eq!(restore(&table, &ask(loaded, true), &monitor).await.unwrap().rows, 4, "the operator says so");

    // The other way round: what the abandoned line wrote beside what is live again.
    let table = done(&lake, &rollback_to(&table, to(loaded)).await.prepared).await;
    let refused = restore(&table, &ask(cut, false), &monitor).await.unwrap_err();
    assert!(refused.report().contains(&second), "{}", refused.report());
    let table = done(&lake, &rollback_to_any(&table, cut).await.prepared).await;

    let added = lake.stage(&table, orders(&table, 101, 3)).await;
    let (branch, summary) = ("main".to_string(), BTreeMap::new());
    let compact = Change::Replace { branch, added, deleted: vec![second], read_at: cut, summary };
    let table = lake.commit(&table, &compact).await;
    for force in [false, true] {
        let refused = restore(&table, &ask(cut, force), &monitor).await.unwrap_err();
        assert!(refused.report().contains("a compaction moved the rows"), "{}", refused.report());
    }
    assert_eq!(rows(&lake).await, [0, 1, 101, 102, 103]);
}

async fn rollback_to_any(table: &Table, id: i64) -> RollbackPlan {
    let request = RollbackRequest { force: true, ..RollbackRequest::to(to(id)) };
    rollback(table, &request, &Monitor::new()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_is_not_sent_again_once_others_changed_anything() {
    let (lake, table, _) = lake(&[1, 2]).await;
    let plan = undo(&table, &Monitor::new()).await.unwrap();
    let theirs = Change::SetProperties { set: [("x".to_string(), "y".to_string())].into(), remove: Vec::new() };
    let rival = Faulty::on(&lake, [Fault::Beaten(vec![theirs])]);
    let lost = carried(&lake, &rival, &plan.prepared).await;
    assert_eq!((lost.ending, lost.attempts.len()), (Ending::Rejected, 1), "{lost:?}");
    let found = lost.assessment.unwrap();
    assert!(found.reason.contains("the last change is another one now") && !found.can_replay, "{found:?}");
    assert_eq!(rows(&lake).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_change_that_its_journal_does_not_hold_is_asked_for_again() {
    let (lake, table, _) = lake(&[1]).await;
    let set = [("x".to_string(), "y".to_string())].into();
    let plan = alter(&table, &Alteration::Properties { set, remove: Vec::new() }).unwrap();
    let lost = carried(&lake, &Faulty::on(&lake, vec![Fault::Before; 9]), &plan.prepared).await;
    assert_eq!(lost.ending, Ending::Unknown);
    let record = record(&lake, &lost.ingest_id);
    let stand = async || recovery::resolve::stand(&lake.connection, &record, &Monitor::new()).await.unwrap().assessment;
    let found = stand().await;
    assert!(found.verdict == Verdict::Decide && !found.can_replay && found.may_discard(), "{found:?}");
    assert!(found.reason.contains("asked for again"), "{found:?}");
    lake.append(&table, orders(&table, 100, 2)).await;
    let found = stand().await;
    assert!(found.changes.iter().any(|change| change.added_rows == Some(2)), "others are named: {found:?}");
}

/// The snapshot between the first one and the one with deletes.
fn refused_before(table: &Table, ids: &[i64]) -> i64 {
    let found = table.metadata().snapshots().find(|s| s.parent_snapshot_id() == Some(ids[0]));
    found.unwrap().snapshot_id()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_partitions_and_properties_are_altered() {
    let (lake, table, _) = lake(&[3]).await;
    let place = Some(ColumnPlace::After("id".into()));
    let wanted =
        Alteration::AddColumn { column: "note".into(), column_type: "string".parse().unwrap(), doc: None, place };
    let table = alter_it(&lake, &table, wanted).await;
    let names: Vec<_> = table.metadata().current_schema().as_struct().fields().iter().map(|f| f.name.clone()).collect();
    assert_eq!(names, ["id", "note", "country", "amount", "day"]);
    let retype = |to: &str| Alteration::Retype { column: "amount".into(), to: to.parse().unwrap() };
    let table = alter_it(&lake, &table, retype("decimal(12, 2)")).await;
    let narrow = alter(&table, &retype("decimal(5,2)")).unwrap().prepared.request(&lake.env).await;
    assert_eq!(narrow.unwrap_err().kind(), Kind::Invalid);
    let table = alter_it(&lake, &table, Alteration::AddPartitions("month(day) as m, country".into())).await;
    let fields = |table: &Table| {
        table.metadata().default_partition_spec().fields().iter().map(|f| f.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(fields(&table), ["m", "country"]);
    let table = alter_it(&lake, &table, Alteration::DropPartitions(vec!["m".into()])).await;
    assert_eq!(fields(&table), ["country"]);
    let unset = Alteration::Properties { set: Default::default(), remove: vec!["nope".into()] };
    assert_eq!(alter(&table, &unset).unwrap_err().kind(), Kind::NotFound);
    let table = alter_it(&lake, &table, set("owner", "ada")).await;
    assert_eq!(alter(&table, &set("owner", "ada")).unwrap_err().kind(), Kind::Invalid, "it is so already");
    let up = alter(&table, &Alteration::FormatVersion(3)).unwrap();
    assert!(up.prepared.asks_for_name);
    let table = done(&lake, &up.prepared).await;
    assert_eq!(table.metadata().format_version() as u8, 3);
    let undone = undo(&table, &Monitor::new()).await.unwrap_err();
    assert!(undone.to_string().contains("never lowered"), "{undone}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_bad_snapshot_is_named() {
    let (lake, table, ids) = lake(&[1; 9]).await;
    let ask = |filter: &str, expect| BisectRequest {
        bad: "main".into(),
        good: ids[0].to_string(),
        suspicion: Suspicion::RowsWhere { filter: filter.into(), expect },
    };
    let found = bisect(&table, &ask("id = 500", 0), &Monitor::new()).await.unwrap();
    assert_eq!((found.first_bad, found.last_good), (ids[5], ids[4]));
    assert!(found.steps.len() <= 2 + 3, "{found:?}");
    let found = bisect(&table, &ask("id >= 0", 1), &Monitor::new()).await.unwrap();
    assert_eq!(found.first_bad, ids[1]);
    for (filter, expect) in [("id = 9999", 0), ("id = 0", 0)] {
        assert_eq!(bisect(&table, &ask(filter, expect), &Monitor::new()).await.unwrap_err().kind(), Kind::Invalid);
    }
    let backwards = BisectRequest { bad: ids[0].to_string(), good: "main".into(), ..ask("id = 500", 0) };
    assert_eq!(bisect(&table, &backwards, &Monitor::new()).await.unwrap_err().kind(), Kind::Invalid);
    drop(lake);
}
