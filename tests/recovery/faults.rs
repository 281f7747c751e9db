//! Patience: what a load does by itself when its request, or the answer, is lost, or others are faster.

use icedeck::commit::{AttemptOutcome, INGEST_ID, RefKind};
use icedeck::ingest::journal::{Base, Plan, State};
use icedeck::ingest::run::Ending;
use icedeck::recovery::{OnConflict, Patience, Verdict, carry_out};

use super::*;
use crate::common::lake::{append, longs, orders};

async fn lake() -> (Lake, Table) {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 100, 2)).await;
    (lake, table)
}

async fn ids(lake: &Lake) -> Vec<i64> {
    longs(&lake.load(&"sales.orders".parse().unwrap()).await, None, "id").await
}

async fn rival(lake: &Lake, table: &Table, first: i64) -> Change {
    append("main", lake.stage(table, orders(table, first, 1)).await)
}

fn hasty() -> Policy<'static> {
    Policy::hasty(OnConflict::Rebase)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_lost_after_the_work_is_found() {
    for fault in [Fault::After, Fault::Twice] {
        let (lake, _) = lake().await;
        let done = loaded(&lake, &Faulty::on(&lake, [fault.clone()]), &hasty()).await;
        assert_eq!((done.load.ending, done.load.attempts), (Ending::Committed, 1), "{fault:?}");
        assert_eq!(ids(&lake).await, [1, 2, 3, 100, 101], "{fault:?}");
        let record = record(&lake, &done.load.ingest_id.unwrap());
        assert_eq!((record.state, done.load.snapshot_id), (State::Closed, record.attempts[0].sending.snapshot_id));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_lost_before_the_work_is_sent_again() {
    let (lake, _) = lake().await;
    let done = loaded(&lake, &Faulty::on(&lake, [Fault::Before, Fault::Before]), &hasty()).await;
    assert_eq!((done.load.ending, done.load.attempts), (Ending::Committed, 3));
    assert_eq!(ids(&lake).await, [1, 2, 3, 100, 101]);
    let told = done.load.notes.join("\n");
    assert!(told.contains("attempt 1") && told.contains("attempt 2"), "each attempt is visible: {told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_lost_a_race_is_rebased() {
    let (lake, table) = lake().await;
    let rivals = vec![rival(&lake, &table, 200).await, rival(&lake, &table, 201).await];
    let lost = Fault::LostAndBeaten(vec![rival(&lake, &table, 202).await]);
    let done = loaded(&lake, &Faulty::on(&lake, [Fault::Beaten(rivals), lost]), &hasty()).await;
    assert_eq!((done.load.ending, done.load.attempts), (Ending::Committed, 3));
    assert_eq!(ids(&lake).await, [1, 2, 3, 100, 101, 200, 201, 202]);
    let record = record(&lake, done.load.ingest_id.as_ref().unwrap());
    let ended: Vec<_> = record.attempts.iter().map(|a| a.outcome.as_ref().unwrap().0).collect();
    assert_eq!(ended, [AttemptOutcome::Rejected, AttemptOutcome::Rejected, AttemptOutcome::Committed]);
    assert_eq!(record.attempts.iter().map(|a| a.sending.attempt).collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_are_bounded_and_what_is_left_is_explained() {
    let (lake, _) = lake().await;
    let policy = Policy { patience: Patience { attempts: 3, ..Patience::HASTY }, ..hasty() };
    let done = loaded(&lake, &Faulty::on(&lake, vec![Fault::Before; 9]), &policy).await;
    assert_eq!((done.load.ending, done.load.attempts), (Ending::Unknown, 3));
    assert_eq!(done.verdict, Some(Verdict::Rebase));
    let silent = loaded(&lake, &Faulty::on(&lake, vec![Fault::Before; 9]), &hasty()).await;
    assert_eq!((silent.load.ending, silent.load.attempts), (Ending::Unknown, 4), "silence ends it sooner");
    let (id, hint) = (done.load.ingest_id.unwrap(), done.load.hint.unwrap());
    assert!(hint.contains(&format!("icedeck recover rebase {id}")) && hint.contains(".jsonl"), "{hint}");
    assert_eq!(files_of(&lake, &id), 1, "the staged file is kept");
    assert_eq!(ids(&lake).await, [100, 101]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_stops_at_the_first_race_and_lists_what_others_did() {
    let (lake, table) = lake().await;
    let rivals = vec![rival(&lake, &table, 200).await];
    let policy = Policy::hasty(OnConflict::Fail);
    let done = loaded(&lake, &Faulty::on(&lake, [Fault::Beaten(rivals)]), &policy).await;
    assert_eq!((done.load.ending, done.verdict), (Ending::Rejected, Some(Verdict::Rebase)));
    let json = serde_json::to_value(&done).unwrap();
    assert_eq!((&json["outcome"], &json["verdict"]), (&"rejected".into(), &"rebase".into()));
    let change = &json["changes"][0];
    assert_eq!(
        (&change["operation"], &change["added_rows"], &change["engine"]),
        (&"append".into(), &1.into(), &"icedeck".into())
    );
    assert!(change["committed_at"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ask_asks_once_and_a_no_keeps_everything() {
    for (answer, ending) in [(true, Ending::Committed), (false, Ending::Rejected)] {
        let (lake, table) = lake().await;
        let rivals = vec![rival(&lake, &table, 200).await];
        let asked = Mutex::new(Vec::new());
        let ask = |assessment: &recovery::Assessment| {
            asked.lock().unwrap().push(assessment.verdict);
            answer
        };
        let policy = Policy { ask: Some(&ask), ..Policy::hasty(OnConflict::Ask) };
        let done = loaded(&lake, &Faulty::on(&lake, [Fault::Beaten(rivals)]), &policy).await;
        assert_eq!(done.load.ending, ending);
        assert_eq!(*asked.lock().unwrap(), [Verdict::Rebase]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn branch_publishes_beside_the_branch_that_moved() {
    let (lake, table) = lake().await;
    let rivals = vec![rival(&lake, &table, 200).await];
    // The first append on the new branch is lost as well: the branch is looked at, not main.
    let faults = [Fault::Beaten(rivals), Fault::After, Fault::After];
    let done = loaded(&lake, &Faulty::on(&lake, faults), &Policy::hasty(OnConflict::Branch)).await;
    let id = done.load.ingest_id.clone().unwrap();
    assert_eq!((done.load.ending, &done.load.branch), (Ending::Committed, &format!("ingest-{id}")));
    let now = lake.load(table.name()).await;
    assert_eq!(longs(&now, None, "id").await, [100, 101, 200], "main has none of it");
    let head = now.metadata().snapshot_for_ref(&done.load.branch).unwrap().snapshot_id();
    assert_eq!(Some(head), done.load.snapshot_id);
    assert_eq!(longs(&now, Some(head), "id").await, [1, 2, 3, 100, 101, 200]);
    assert_eq!(record(&lake, &id).branch(), done.load.branch);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_staged_file_that_somebody_cleaned_up_is_not_published() {
    let (lake, table) = lake().await;
    let rivals = vec![rival(&lake, &table, 200).await];
    let keep = Policy::hasty(OnConflict::Fail);
    let done = loaded(&lake, &Faulty::on(&lake, [Fault::Beaten(rivals)]), &keep).await;
    let id = done.load.ingest_id.unwrap();
    let file = crate::ingest::data_files(&lake).into_iter().find(|p| p.to_string_lossy().contains(&id)).unwrap();
    std::fs::remove_file(&file).unwrap();
    let done = recovery::resolve::rebase(&lake.connection, &id, &hasty(), &lake.env, &Monitor::new()).await.unwrap();
    assert_eq!((done.outcome, done.verdict), (recovery::Word::Rejected, Some(Verdict::Restage)));
    assert!(done.reason.unwrap().contains("gone") && done.hint.unwrap().contains("restage"));
    assert_eq!(ids(&lake).await, [100, 101, 200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn writers_that_race_all_land_once() {
    let (lake, _) = lake().await;
    let path = lake.folder.path().join("orders.csv");
    std::fs::write(&path, CSV).unwrap();
    let policy = Policy { patience: Patience { attempts: 100, pause_ms: 5, ..Patience::HASTY }, ..hasty() };
    let (lake, policy) = (Arc::new(lake), policy);
    let writer = |_| {
        let lake = lake.clone();
        tokio::spawn(async move {
            let mut attempts = 0;
            for _ in 0..2 {
                let done = loaded(&lake, &lake.connection, &policy).await;
                assert_eq!(done.load.ending, Ending::Committed, "{done:?}");
                attempts += done.load.attempts;
            }
            attempts
        })
    };
    let writers: Vec<_> = (0..4).map(writer).collect();
    let mut attempts = 0;
    for writer in writers {
        attempts += writer.await.unwrap();
    }
    println!("8 appends of 4 writers took {attempts} attempts");
    let found = ids(&lake).await;
    assert_eq!(found.iter().filter(|id| **id == 1).count(), 8, "{found:?}");
    assert_eq!(found.len(), 2 + 3 * 8);
    let table = lake.load(&"sales.orders".parse().unwrap()).await;
    let named = |s: &iceberg::spec::SnapshotRef| s.summary().additional_properties.get(INGEST_ID).cloned();
    let ingests: std::collections::BTreeSet<_> = table.metadata().snapshots().filter_map(named).collect();
    assert_eq!(ingests.len(), 8);
}

/// Other verbs go the same way: a journal, attempts, a verdict.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ref_change_has_a_journal_and_an_outcome() {
    let (lake, table) = lake().await;
    let first = table.metadata().current_snapshot_id().unwrap();
    let table = lake.append(&table, orders(&table, 300, 1)).await;
    let change = Change::SetRef { name: "main".into(), kind: RefKind::Branch, snapshot_id: first };
    let plan = |base: &Table| Plan {
        ingest_id: lake.env.uuid().to_string(),
        verb: "rollback".into(),
        catalog: lake.connection.name().into(),
        table: base.name().clone(),
        branch: "main".into(),
        base: Base::of(base, "main"),
        sources: Vec::new(),
        options: serde_json::Value::Null,
    };
    let rivals = vec![rival(&lake, &table, 400).await];
    let beaten = Faulty::on(&lake, [Fault::Beaten(rivals)]);
    let monitor = Monitor::new();
    let done = carry_out(&beaten, &table, &change, plan(&table), &hasty(), &lake.env, &monitor).await.unwrap();
    assert_eq!(done.ending, Ending::Rejected);
    assert_eq!(
        done.assessment.as_ref().unwrap().verdict,
        Verdict::Decide,
        "others committed: not ours to undo silently"
    );
    assert!(done.hint().unwrap().contains("icedeck recover assess"));
    let row = open(&lake);
    assert_eq!((row.verb.as_str(), row.state), ("rollback", State::Rejected));

    // The operator decides to do it all the same.
    let id = row.ingest_id;
    let done = recovery::resolve::rebase(&lake.connection, &id, &hasty(), &lake.env, &monitor).await.unwrap();
    assert_eq!((done.outcome, done.snapshot_id), (recovery::Word::Committed, Some(first)));
    assert_eq!(ids(&lake).await, [100, 101]);

    // An answer lost after the work is found here as well.
    let base = lake.load(table.name()).await;
    let tag = Change::SetRef { name: "eoy".into(), kind: RefKind::Tag, snapshot_id: first };
    let mut named = plan(&base);
    (named.verb, named.branch, named.base) = ("tag".into(), "eoy".into(), Base::of(&base, "eoy"));
    let lost = Faulty::on(&lake, [Fault::After]);
    let done = carry_out(&lost, &base, &tag, named, &hasty(), &lake.env, &monitor).await.unwrap();
    assert_eq!((done.ending, done.attempts.len()), (Ending::Committed, 1));
    assert_eq!(record(&lake, &done.ingest_id).state, State::Closed);
}
