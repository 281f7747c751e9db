//! Loads from a file to a snapshot: through the library, and (in `binary`) through the real program.

mod binary;
mod columns;
mod making;
mod outcomes;
mod rejects;

use std::path::PathBuf;

use icedeck::Kind;
use icedeck::commit::INGEST_ID;
use icedeck::ingest::journal::{self, State};
use icedeck::ingest::run::{
    CreateOptions, Ending, IngestPlan, IngestRequest, IngestResult, OnError, Planned, check, plan,
};
use icedeck::ingest::source::SourceOptions;
use icedeck::monitor::Monitor;
use icedeck::recovery::{self, Policy};

use crate::common::Lake;
use crate::common::lake::longs;

pub const ORDERS: &str = "id,country,amount,day\n1,DE,1.50,2024-01-01\n2,,2.25,1969-12-31\n3,FR,,\n";

/// A file in the lake's folder.
pub fn file(lake: &Lake, name: &str, text: &str) -> PathBuf {
    let path = lake.folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

pub fn request(path: &PathBuf, table: &str) -> IngestRequest {
    IngestRequest::append(SourceOptions::of([path]), table.parse().unwrap())
}

pub async fn loaded(lake: &Lake, request: IngestRequest) -> icedeck::Result<IngestResult> {
    let done = recovery::run(request, &lake.connection, &Policy::default(), &lake.env, &Monitor::new()).await?;
    Ok(done.load)
}

async fn planned(lake: &Lake, request: IngestRequest) -> IngestPlan {
    match plan(request, &lake.connection, &Monitor::new()).await.unwrap() {
        Planned::Ready(plan) => *plan,
        Planned::Unfit { problems, .. } => panic!("{problems:?}"),
    }
}

/// Every Parquet file of the lake, half-written ones included.
pub fn data_files(lake: &Lake) -> Vec<PathBuf> {
    fn visit(folder: &std::path::Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => visit(&path, found),
                false if path.to_string_lossy().contains(".parquet") => found.push(path),
                false => {}
            }
        }
    }
    let mut found = Vec::new();
    visit(lake.folder.path(), &mut found);
    found
}

pub fn state(lake: &Lake, result: &IngestResult) -> State {
    journal::read(&lake.env, result.ingest_id.as_ref().unwrap()).unwrap().state
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_becomes_a_snapshot() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let path = file(&lake, "orders.csv", ORDERS);
    let monitor = Monitor::new();
    let wanted = request(&path, "sales.orders");
    let done = recovery::run(wanted, &lake.connection, &Policy::default(), &lake.env, &monitor).await;
    let result = done.unwrap().load;
    assert_eq!((result.ending, result.rows, result.rejected_rows, result.attempts), (Ending::Committed, 3, 0, 1));
    assert!(result.files > 0 && result.bytes > 0 && result.base_snapshot_id.is_none());
    let progress = monitor.progress();
    assert_eq!((progress.rows, progress.bytes, progress.total_bytes), (3, ORDERS.len() as u64, ORDERS.len() as u64));

    let after = lake.load(table.name()).await;
    assert_eq!(longs(&after, None, "id").await, [1, 2, 3]);
    let snapshot = after.metadata().current_snapshot().unwrap();
    assert_eq!(Some(snapshot.snapshot_id()), result.snapshot_id);
    assert_eq!(snapshot.summary().additional_properties.get(INGEST_ID), result.ingest_id.as_ref());
    assert_eq!(state(&lake, &result), State::Closed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_row_that_does_not_fit_stops_all_and_the_rest_is_counted() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let mut text = String::from("id,country,amount,day\n");
    for id in 0..50_000 {
        let amount = if id % 10_000 == 77 { "1.234".to_string() } else { format!("{}.5", id % 100) };
        text.push_str(
            &format!("{id},DE,{amount},2024-02-30\n").replace("02-30", if id == 5 { "02-30" } else { "02-28" }),
        );
    }
    let path = file(&lake, "orders.csv", &text);
    let result = loaded(&lake, request(&path, "sales.orders")).await.unwrap();
    assert_eq!((result.ending, result.rows, result.rejected_rows), (Ending::Unfit, 0, 6));
    let report = result.preflight.as_ref().unwrap();
    assert_eq!((report.rows, report.fit), (50_000, 49_994));
    let first = &report.faults[0];
    assert_eq!(
        (first.line.line, first.column.as_deref(), first.value.as_deref()),
        (7, Some("day"), Some("2024-02-30"))
    );
    assert_eq!(data_files(&lake), Vec::<PathBuf>::new());
    assert_eq!(state(&lake, &result), State::Discarded);
    assert!(lake.load(table.name()).await.metadata().current_snapshot().is_none());

    let checked = check(planned(&lake, request(&path, "sales.orders")).await, &Monitor::new()).await.unwrap();
    assert_eq!((checked.ending, checked.rejected_rows, checked.ingest_id), (Ending::Unfit, 6, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_rows_go_to_their_file_and_the_others_are_loaded() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let path = file(&lake, "orders.csv", "id,extra,amount\n1,x,1.5\n,y,2\n3,z,much\nragged\n5,w,5\n");
    let rejects = lake.folder.path().join("rejects.csv");
    let wanted = IngestRequest { on_error: OnError::Reject(rejects.clone()), ..request(&path, "sales.orders") };
    let result = loaded(&lake, wanted.clone()).await.unwrap();
    assert_eq!((result.ending, result.rows, result.rejected_rows), (Ending::Committed, 2, 3));
    assert_eq!(longs(&lake.load(table.name()).await, None, "id").await, [1, 5]);
    let told = std::fs::read_to_string(&rejects).unwrap();
    assert!(told.contains("3,z,much,") && told.lines().count() == 4, "whole rows, with their columns:\n{told}");

    let error = loaded(&lake, wanted).await.unwrap_err();
    assert_eq!(error.kind(), Kind::AlreadyExists, "a file of rejected rows is not overwritten");
    assert_eq!(std::fs::read_to_string(&rejects).unwrap(), told, "and stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_that_do_not_go_with_the_table_are_told_before_a_row_is_read() {
    let lake = Lake::new().await;
    lake.orders("sales.orders").await;
    let path = file(&lake, "orders.csv", "number,country\n1,DE\n");
    let result = loaded(&lake, request(&path, "sales.orders")).await.unwrap();
    assert_eq!((result.ending, result.ingest_id), (Ending::Unfit, None));
    assert!(result.problems[0].contains("id"), "{:?}", result.problems);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_rows_make_no_snapshot() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let path = file(&lake, "orders.csv", "id,country,amount,day\n");
    let result = loaded(&lake, request(&path, "sales.orders")).await.unwrap();
    assert_eq!((result.ending, result.ending.outcome()), (Ending::NothingToLoad, "not-sent"));
    assert!(result.hint.unwrap().contains("no snapshot"));
    assert!(lake.load(table.name()).await.metadata().current_snapshot().is_none());
    assert_eq!(journal::list(&lake.env).unwrap().rows.iter().filter(|row| row.state.is_open()).count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_rows_make_no_table() {
    let lake = Lake::new().await;
    let path = file(&lake, "orders.csv", "id,country\n");
    let result = loaded(&lake, creating(&path, "new.orders")).await.unwrap();
    assert_eq!((result.ending, result.ingest_id), (Ending::NothingToLoad, None));
    assert!(result.hint.unwrap().contains("icedeck create new.orders --like"));
    assert!(!lake.connection.namespace_exists(&"new".parse().unwrap()).await.unwrap());

    // A row that is there but fits nowhere: only known once the table is made, which is taken back.
    let path = file(&lake, "ragged.csv", "id,country\n1,DE,too,many\n");
    let rejects = lake.folder.path().join("rejects.csv");
    let wanted = IngestRequest { on_error: OnError::Reject(rejects.clone()), ..creating(&path, "new.ragged") };
    let result = loaded(&lake, wanted).await.unwrap();
    assert_eq!((result.ending, result.rejected_rows), (Ending::Unfit, 1), "{result:?}");
    assert!(!result.notes.iter().any(|note| note.contains("made the table")), "{:?}", result.notes);
    assert!(!lake.connection.table_exists(&"new.ragged".parse().unwrap()).await.unwrap());
    assert!(rejects.exists(), "the row is not lost");
}

fn creating(path: &PathBuf, table: &str) -> IngestRequest {
    let create =
        CreateOptions { make_namespace: true, partition_by: "bucket(2, id)".into(), ..CreateOptions::default() };
    IngestRequest { create: Some(create), ..request(path, table) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_is_made_from_its_file() {
    let lake = Lake::new().await;
    let path = file(&lake, "orders.csv", ORDERS);
    assert_eq!(loaded(&lake, request(&path, "new.orders")).await.unwrap_err().kind(), Kind::NotFound);
    let draft = planned(&lake, creating(&path, "new.orders")).await;
    let columns: Vec<_> = draft.new_table().unwrap().columns.iter().map(|c| c.type_name.as_str()).collect();
    assert_eq!(columns[0], "long", "small whole numbers too: a table grows");
    assert!(columns[2].starts_with("decimal") && columns[3] == "date", "{columns:?}");
    let result = loaded(&lake, creating(&path, "new.orders")).await.unwrap();
    assert_eq!((result.ending, result.files), (Ending::Committed, 2));
    let again = loaded(&lake, creating(&path, "new.orders")).await.unwrap();
    assert_eq!(again.base_snapshot_id, result.snapshot_id, "a table that exists is used");
}

/// Six megabytes of codes that look like numbers, but for some rows from byte `at` on; and how many rows.
fn codes(at: usize) -> (String, u64) {
    let mut text = String::from("id,code\n");
    let mut id = 0;
    while text.len() < 6 << 20 {
        let odd = (at..at + 30).contains(&text.len());
        text.push_str(&if odd { format!("{id},x12\n") } else { format!("{id},{}\n", 1_000_000_000 + id) });
        id += 1;
    }
    (text, id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_guess_of_types_starts_again_with_all_rows_seen() {
    let lake = Lake::new().await;
    // The odd rows lie where the sample does not look: found by trying.
    let mut found = None;
    for at in (500_000..5_500_000).step_by(333_000) {
        let (text, rows) = codes(at);
        let path = file(&lake, &format!("codes-{at}.csv"), &text);
        let request = creating(&path, "new.codes");
        let guessed = planned(&lake, request.clone()).await;
        if guessed.source.columns[1].data_type.is_integer() {
            assert!(!guessed.source.inferred_from_all);
            found = Some((request, rows));
            break;
        }
    }
    let (request, id) = found.expect("a place that the sample passes over");
    let result = loaded(&lake, request).await.unwrap();
    assert_eq!((result.ending, result.rows), (Ending::Committed, id));
    assert!(result.notes.iter().any(|note| note.contains("all rows")), "{:?}", result.notes);
    let table = lake.load(&"new.codes".parse().unwrap()).await;
    let code = table.metadata().current_schema().field_by_name("code").unwrap();
    assert_eq!(code.field_type.to_string(), "string");
    assert_eq!(table.metadata().snapshots().count(), 1);
    let in_table: u64 = result.files;
    assert_eq!(data_files(&lake).len() as u64, in_table, "nothing of the first try is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_load_leaves_nothing() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let mut text = String::from("id,country,amount,day\n");
    for id in 0..200_000 {
        text.push_str(&format!("{id},DE,1.5,2024-02-28\n"));
    }
    let path = file(&lake, "orders.csv", &text);
    let monitor = Monitor::new();
    let (stopper, mut progress) = (monitor.clone(), monitor.watch());
    let stopping = tokio::spawn(async move {
        progress.wait_for(|p| p.stage == "loading" && p.rows > 0).await.unwrap();
        stopper.cancel();
    });
    let plan = planned(&lake, request(&path, "sales.orders")).await;
    let policy = Policy::default();
    let error = recovery::load(plan, &lake.connection, &policy, &lake.env, &monitor).await.unwrap_err();
    stopping.await.unwrap();
    assert!(error.is_cancelled());
    let told = error.hints().join("; ");
    assert!(told.contains("nothing was committed") && told.contains("staged"), "{told}");
    assert_eq!(data_files(&lake), Vec::<PathBuf>::new());
    assert!(lake.load(table.name()).await.metadata().current_snapshot().is_none());
    assert!(journal::list(&lake.env).unwrap().rows.iter().all(|row| row.state == State::Discarded));
}
