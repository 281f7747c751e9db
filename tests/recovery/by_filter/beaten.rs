//! Others were faster, answers were lost, the process died: nothing is lost, and nothing comes back.

use icedeck::commit::Targets;
use icedeck::ingest::journal::State;
use icedeck::recovery::Verdict;
use icedeck::recovery::resolve::{discard, rebase, restage, stand};

use super::*;
use crate::common::lake::overwrite;

async fn restaged(lake: &Lake, id: &str) -> recovery::Done {
    let policy = Policy::hasty(OnConflict::Rebase);
    restage(&lake.connection, id, &policy, &lake.env, &Monitor::new()).await.unwrap()
}

async fn verdict(lake: &Lake, id: &str) -> Verdict {
    stand(&lake.connection, &record(lake, id), &Monitor::new()).await.unwrap().assessment.verdict
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_the_filter_does_not_take_are_no_conflict() {
    let lake = Lake::new().await;
    let (table, paths) = three(&lake, 2).await;
    let far = lake.stage(&table, orders(&table, 1000, 5)).await;
    let drop = overwrite(Vec::new(), Targets::Files(vec![paths[2].clone()]));
    let beaten = Faulty::on(&lake, [Fault::Beaten(vec![append("main", far), drop])]);
    let done = carried(&lake, &beaten, &planned(&table, "id < 15").await).await;
    assert_eq!((done.done.outcome, done.done.attempts), (Word::Committed, 2), "{done:?}");
    assert_eq!(ids(&lake).await, [15, 16, 17, 18, 19, 1000, 1001, 1002, 1003, 1004]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_the_filter_takes_are_a_conflict_and_named() {
    let lake = Lake::new().await;
    let (table, _) = three(&lake, 2).await;
    let near = lake.stage(&table, orders(&table, 5, 1)).await;
    let path = near[0].file.file_path().to_string();
    let beaten = Faulty::on(&lake, [Fault::Beaten(vec![append("main", near)])]);
    let done = carried(&lake, &beaten, &planned(&table, "id < 15").await).await.done;
    assert_eq!((done.outcome, done.verdict, done.attempts), (Word::Rejected, Some(Verdict::Restage), 1));
    assert!(done.notes.iter().any(|note| note.contains(&path)), "the file is named: {:?}", done.notes);
    assert!(done.hint.unwrap().contains("recover restage"));
    assert_eq!(ids(&lake).await.len(), 31, "nothing was deleted");
    let id = done.ingest_id;
    assert_eq!((verdict(&lake, &id).await, files_of(&lake, &id)), (Verdict::Restage, 1));
    let policy = Policy::hasty(OnConflict::Rebase);
    let kept = rebase(&lake.connection, &id, &policy, &lake.env, &Monitor::new()).await.unwrap();
    assert_eq!((kept.outcome, ids(&lake).await.len()), (Word::Rejected, 31));
    let done = restaged(&lake, &id).await;
    assert_eq!(done.outcome, Word::Committed, "{done:?}");
    assert_eq!(ids(&lake).await, without(15..30, |_| false), "the rival's row matches, and goes too");
    assert_eq!((record(&lake, &id).state, files_of(&lake, &id)), (State::Discarded, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_who_touched_the_same_files_are_a_conflict() {
    let lake = Lake::new().await;
    let (table, paths) = three(&lake, 2).await;
    let compacted = lake.stage(&table, orders(&table, 10, 10)).await;
    let gone = overwrite(Vec::new(), Targets::Files(vec![paths[1].clone()]));
    let replace = Change::Replace {
        branch: "main".into(),
        added: compacted,
        deleted: vec![paths[1].clone()],
        read_at: table.metadata().current_snapshot_id().unwrap(),
        summary: BTreeMap::new(),
    };
    for (rival, left) in [(gone, without(0..30, |id| (10..20).contains(&id))), (replace, without(0..30, |_| false))] {
        let beaten = Faulty::on(&lake, [Fault::Beaten(vec![rival])]);
        let now = lake.load(table.name()).await;
        let done = carried(&lake, &beaten, &planned(&now, "id = 12").await).await.done;
        assert_eq!((done.outcome, done.verdict), (Word::Rejected, Some(Verdict::Restage)), "{done:?}");
        assert_eq!(ids(&lake).await, left);
        discard(&lake.connection, &done.ingest_id, &lake.env, &Monitor::new()).await.unwrap();
        assert_eq!(files_of(&lake, &done.ingest_id), 0);
        let now = lake.load(table.name()).await;
        let base = table.metadata().current_snapshot_id().unwrap();
        lake.commit(&now, &Change::Rollback { branch: "main".into(), snapshot_id: base }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_are_looked_up() {
    let lake = Lake::new().await;
    let (table, _) = three(&lake, 2).await;
    let done = carried(&lake, &Faulty::on(&lake, [Fault::After]), &planned(&table, "id = 3").await).await;
    assert_eq!(done.done.outcome, Word::Committed, "{done:?}");
    let now = lake.load(table.name()).await;
    let lost = Faulty::on(&lake, vec![Fault::Before; 8]);
    let plan = planned(&now, "id < 15").await;
    let keep = Policy::hasty(OnConflict::Fail);
    let done = plan.carry_out(&lost, &keep, &lake.env, &Monitor::new()).await.unwrap().done;
    assert_eq!(done.outcome, Word::Unknown, "{done:?}");
    assert_eq!(open(&lake).ingest_id, done.ingest_id);
    let policy = Policy::hasty(OnConflict::Rebase);
    let again = rebase(&lake.connection, &done.ingest_id, &policy, &lake.env, &Monitor::new()).await.unwrap();
    assert_eq!(again.outcome, Word::Committed, "{again:?}");
    assert_eq!(ids(&lake).await, without(15..30, |_| false));
    assert_eq!(record(&lake, &done.ingest_id).state, State::Closed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delete_broken_off_while_it_wrote_is_never_published() {
    let lake = Lake::new().await;
    let (table, _) = three(&lake, 2).await;
    let plan = planned(&table, "id < 15").await;
    let keep = Policy::hasty(OnConflict::Fail);
    let lost = Faulty::on(&lake, vec![Fault::Before; 8]);
    let id = plan.carry_out(&lost, &keep, &lake.env, &Monitor::new()).await.unwrap().done.ingest_id;
    let path = journal::folder(&lake.env).join(format!("{id}.jsonl"));
    let text = std::fs::read_to_string(&path).unwrap();
    for lines in [1, 2, 3] {
        let cut: Vec<&str> = text.lines().take(lines).collect();
        std::fs::write(&path, cut.join("\n") + "\n").unwrap();
        assert_eq!(verdict(&lake, &id).await, Verdict::Restage, "after {lines} lines");
        let policy = Policy::hasty(OnConflict::Rebase);
        let kept = rebase(&lake.connection, &id, &policy, &lake.env, &Monitor::new()).await.unwrap();
        assert_eq!((kept.outcome, ids(&lake).await.len()), (Word::Rejected, 30));
    }
    assert_eq!(restaged(&lake, &id).await.outcome, Word::Committed);
    assert_eq!(ids(&lake).await, without(15..30, |_| false));
}
