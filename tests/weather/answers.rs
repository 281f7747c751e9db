//! The real program before a REST catalog in bad weather: the exit code, the outcome, and the rows.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;

use super::front::{Front, TABLE, Weather};
use crate::common::Lake;
use crate::common::lake::{longs, orders};
use crate::recovery::binary::json;

/// The rows of the load.
pub const CSV: &str = "id,country,amount,day\n1,DE,1.50,2024-01-01\n2,FR,2.25,1969-12-31\n3,FR,,\n";

/// A catalog in this weather whose table holds 100 and 101, with the rows to be loaded beside it.
pub async fn front(weather: impl IntoIterator<Item = Weather>) -> Arc<Front> {
    let lake = Lake::new().await;
    let table = lake.orders(TABLE).await;
    lake.append(&table, orders(&table, 100, 2)).await;
    std::fs::write(lake.folder.path().join("orders.csv"), CSV).unwrap();
    Front::before(lake, weather).await
}

/// What the real program says to these arguments.
pub async fn run(front: &Arc<Front>, arguments: &[&str]) -> (i32, Value) {
    let front = front.clone();
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    let asked = move || json(front.root(), &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(asked).await.unwrap()
}

pub async fn load(front: &Arc<Front>) -> (i32, Value) {
    run(front, &["ingest", "orders.csv", TABLE, "--yes"]).await
}

pub async fn ids(front: &Front) -> Vec<i64> {
    longs(&front.now().await, None, "id").await
}

/// The open journals as the operator is asked about them.
pub async fn open(front: &Arc<Front>) -> Vec<Value> {
    run(front, &["recover", "list"]).await.1.as_array().unwrap().clone()
}

const BOTH: [i64; 5] = [1, 2, 3, 100, 101];
const OTHERS: [i64; 2] = [100, 101];

/// One bad answer, and then good weather: it ends as committed, and the attempts say how.
async fn passes(weather: Weather, attempts: usize) {
    let front = front([weather.clone()]).await;
    let (code, done) = load(&front).await;
    assert_eq!((code, &done["outcome"]), (0, &"committed".into()), "{weather:?}: {done}");
    assert_eq!((&done["attempts"], front.commits.load(Ordering::SeqCst)), (&attempts.into(), attempts), "{weather:?}");
    assert_eq!(ids(&front).await, BOTH, "{weather:?}");
    assert_eq!(open(&front).await, Vec::<Value>::new(), "{weather:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_answer_is_waited_out() {
    let undone = [409, 401, 500, 502, 503, 504, 429].map(Weather::Says).into_iter().chain([Weather::Closes]);
    let undone = undone.chain([Weather::Silence]).map(|weather| passes(weather, 2));
    let done = [409, 500, 502, 503, 504, 429].map(Weather::DoneSays).into_iter();
    let done = done.chain([Weather::DoneCloses, Weather::DoneCut(40), Weather::DoneSaysAfter(Duration::from_secs(3))]);
    let done = done.chain([Weather::DoneAfter(Duration::from_secs(2))]).map(|weather| passes(weather, 1));
    futures::future::join(futures::future::join_all(undone), futures::future::join_all(done)).await;
}

/// Bad answers that do not end: everything is kept, told, and can be finished in better weather.
async fn stays(weather: Weather, code: i32, outcome: &str, commits: usize) {
    let front = front([]).await;
    *front.climate.lock().unwrap() = Some(weather.clone());
    let (ended, told) = load(&front).await;
    assert_eq!((ended, &told["outcome"]), (code, &outcome.into()), "{weather:?}: {told}");
    assert_eq!(front.commits.load(Ordering::SeqCst), commits, "{weather:?}");
    let id = told["ingest_id"].as_str().unwrap();
    assert!(told["hint"].as_str().unwrap().contains(&format!("icedeck recover rebase {id}")), "{told}");
    assert_eq!(ids(&front).await, OTHERS, "{weather:?}");
    assert_eq!(open(&front).await[0]["ingest_id"], *id);
    *front.climate.lock().unwrap() = None;
    let (ended, done) = run(&front, &["recover", "rebase", id, "--yes"]).await;
    assert_eq!((ended, &done["outcome"]), (0, &"committed".into()), "{weather:?}: {done}");
    assert_eq!(ids(&front).await, BOTH, "{weather:?}");
    assert_eq!(open(&front).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_answers_that_do_not_end_keep_everything() {
    let unknown = [Weather::Says(503), Weather::Closes, Weather::Silence];
    let unknown = unknown.into_iter().map(|weather| stays(weather, 4, "unknown", 2));
    // What the catalog does not allow is not asked for again.
    let refused = stays(Weather::Says(403), 3, "rejected", 1);
    futures::future::join(futures::future::join_all(unknown), refused).await;
}

/// The answer is lost, or it is a no to a request that a proxy sent twice, and then nobody can look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalog_that_goes_down_with_the_answer_is_looked_at_later() {
    futures::future::join(goes_down(Weather::DoneCloses), goes_down(Weather::DoneSays(409))).await;
}

async fn goes_down(weather: Weather) {
    let front = front([weather]).await;
    front.goes_down.store(true, Ordering::SeqCst);
    let (code, told) = load(&front).await;
    assert_eq!((code, &told["outcome"]), (4, &"unknown".into()), "{told}");
    let id = told["ingest_id"].as_str().unwrap();
    let listed = open(&front).await;
    assert_eq!((&listed[0]["ingest_id"], &listed[0]["state"]), (&id.into(), &"unknown".into()), "no catalog is needed");
    let down = crate::recovery::binary::icedeck(front.root(), &["recover", "discard", id, "--yes"]).output().unwrap();
    assert_eq!(down.status.code(), Some(1), "nobody can say whether it may be deleted");
    front.goes_down.store(false, Ordering::SeqCst);
    front.is_down.store(false, Ordering::SeqCst);
    let (code, assessed) = run(&front, &["recover", "assess", id]).await;
    assert_eq!((code, &assessed["verdict"]), (0, &"landed".into()), "{assessed}");
    let (code, done) = run(&front, &["recover", "discard", id, "--yes"]).await;
    assert_eq!((code, &done["outcome"]), (0, &"committed".into()), "what landed is never deleted: {done}");
    assert_eq!(ids(&front).await, BOTH);
    assert_eq!(open(&front).await, Vec::<Value>::new());
}
