//! Loads in the place of what a filter takes.

use icedeck::ingest::run::{Cut, Ending, Mode};
use icedeck::recovery::Verdict;
use icedeck::recovery::resolve::{rebase, restage};

use super::*;

/// The three rows of [`CSV`] in the place of what the filter takes.
fn request(lake: &Lake, filter: &str) -> IngestRequest {
    let path = lake.folder.path().join("orders.csv");
    std::fs::write(&path, CSV).unwrap();
    let cut = Some(Cut { filter: filter.into(), ..Cut::default() });
    let plain = IngestRequest::append(SourceOptions::of([&path]), NAME.parse().unwrap());
    IngestRequest { mode: Mode::OverwriteWhere, cut, ..plain }
}

async fn replaced(lake: &Lake, connection: &Connection, filter: &str, on_conflict: OnConflict) -> Loaded {
    let policy = Policy::hasty(on_conflict);
    recovery::run(request(lake, filter), connection, &policy, &lake.env, &Monitor::new()).await.unwrap()
}

/// The ids 1, 2 and 3 of the file, and these.
fn and_the_file(mut ids: Vec<i64>) -> Vec<i64> {
    ids.extend([1, 2, 3]);
    ids.sort_unstable();
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_takes_the_place_of_what_matches() {
    let lake = Lake::new().await;
    three(&lake, 2).await;
    let done = replaced(&lake, &lake.connection, "id < 12", OnConflict::Rebase).await;
    assert_eq!((done.load.ending, done.load.rows), (Ending::Committed, 3), "{done:?}");
    assert!(done.load.notes.iter().any(|note| note.contains("12 rows")), "{:?}", done.load.notes);
    assert_eq!(ids(&lake).await, and_the_file(without(12..30, |_| false)));
    assert_eq!(recovery::open_rows(&lake.env).unwrap().rows, []);
    // Nothing matches: the rows are simply added.
    let done = replaced(&lake, &lake.connection, "id = 1000", OnConflict::Rebase).await;
    assert_eq!((done.load.ending, ids(&lake).await.len()), (Ending::Committed, 24));
    let files = crate::ingest::data_files(&lake).len();
    let policy = Policy::hasty(OnConflict::Rebase);
    let wrong = recovery::run(request(&lake, "idd = 1"), &lake.connection, &policy, &lake.env, &Monitor::new()).await;
    assert_eq!(wrong.unwrap_err().kind(), Kind::Invalid);
    assert_eq!(crate::ingest::data_files(&lake).len(), files, "found out before anything is written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_was_beaten_is_published_or_made_again() {
    let lake = Lake::new().await;
    let (table, _) = three(&lake, 2).await;
    let far = lake.stage(&table, orders(&table, 1000, 1)).await;
    let beaten = Faulty::on(&lake, [Fault::Beaten(vec![append("main", far)])]);
    let done = replaced(&lake, &beaten, "id < 5", OnConflict::Rebase).await;
    assert_eq!((done.load.ending, done.load.attempts), (Ending::Committed, 2), "{done:?}");
    let mut left = without(5..30, |_| false);
    left.push(1000);
    assert_eq!(ids(&lake).await, and_the_file(left));

    let near = lake.stage(&table, orders(&table, 6, 1)).await;
    let beaten = Faulty::on(&lake, [Fault::Beaten(vec![append("main", near)])]);
    let done = replaced(&lake, &beaten, "id < 10", OnConflict::Rebase).await;
    assert_eq!((done.load.ending, done.verdict), (Ending::Rejected, Some(Verdict::Restage)), "{done:?}");
    let id = done.load.ingest_id.unwrap();
    let policy = Policy::hasty(OnConflict::Rebase);
    let done = restage(&lake.connection, &id, &policy, &lake.env, &Monitor::new()).await.unwrap();
    assert_eq!(done.outcome, Word::Committed, "{done:?}");
    let mut left = without(10..30, |_| false);
    left.push(1000);
    assert_eq!(ids(&lake).await, and_the_file(left), "the rows of the first load matched, too");
    assert_eq!(files_of(&lake, &id), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_rows_are_never_published_without_those_that_stay() {
    let lake = Lake::new().await;
    three(&lake, 2).await;
    let lost = Faulty::on(&lake, vec![Fault::Before; 8]);
    let done = replaced(&lake, &lost, "id < 12", OnConflict::Fail).await;
    assert_eq!(done.load.ending, Ending::Unknown);
    let id = done.load.ingest_id.unwrap();
    assert_eq!(files_of(&lake, &id), 2, "one with new rows, one with those that stay");
    let path = journal::folder(&lake.env).join(format!("{id}.jsonl"));
    let text = std::fs::read_to_string(&path).unwrap();
    let policy = Policy::hasty(OnConflict::Rebase);
    // Planned, staging, the load's own file; then it died.
    let cut: Vec<&str> = text.lines().take(3).collect();
    std::fs::write(&path, cut.join("\n") + "\n").unwrap();
    let kept = rebase(&lake.connection, &id, &policy, &lake.env, &Monitor::new()).await.unwrap();
    assert_eq!((kept.outcome, kept.verdict), (Word::Rejected, Some(Verdict::Restage)), "{kept:?}");
    assert_eq!(ids(&lake).await.len(), 30);
    // The whole journal: both are published.
    std::fs::write(&path, &text).unwrap();
    let done = rebase(&lake.connection, &id, &policy, &lake.env, &Monitor::new()).await.unwrap();
    assert_eq!(done.outcome, Word::Committed, "{done:?}");
    assert_eq!(ids(&lake).await, and_the_file(without(12..30, |_| false)));
}
