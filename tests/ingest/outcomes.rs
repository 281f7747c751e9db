//! What becomes of a load when the catalog does not simply say yes.

use std::sync::Arc;

use async_trait::async_trait;
use icedeck::catalog::{Committer, Connection, Outcome, Proposal};
use icedeck::recovery::OnConflict;
use icedeck::table::Table;
use icedeck::{Error, Kind};

use super::*;
use crate::common::lake::orders;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// Another writer is faster.
    Race,
    /// The answer is lost, the request too.
    Lost,
    /// The answer is lost, the request landed.
    Landed,
    /// The request never leaves.
    NotSent,
}

#[derive(Debug)]
struct Faulty {
    inner: Arc<Connection>,
    fault: Fault,
    env: icedeck::env::Env,
    rival: tokio::sync::Mutex<Option<icedeck::commit::Change>>,
}

#[async_trait]
impl Committer for Faulty {
    async fn commit(&self, base: &Table, proposal: &Proposal) -> Outcome {
        let lost = || Error::new(Kind::Unavailable, "the line went dead");
        match self.fault {
            Fault::Race => {
                if let Some(change) = self.rival.lock().await.take() {
                    let witness = &mut icedeck::commit::Unwitnessed;
                    let rival = icedeck::commit::publish(&self.inner, base, &change, &self.env, witness).await;
                    assert!(matches!(rival.outcome, Outcome::Committed(_)));
                }
                self.inner.committer().commit(base, proposal).await
            }
            Fault::Lost => Outcome::Unknown(lost()),
            Fault::Landed => {
                let landed = self.inner.committer().commit(base, proposal).await;
                assert!(matches!(landed, Outcome::Committed(_)));
                Outcome::Unknown(lost())
            }
            Fault::NotSent => Outcome::NotSent(lost()),
        }
    }
}

async fn with(fault: Fault) -> (Lake, IngestResult) {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let rival = lake.stage(&table, orders(&table, 100, 5)).await;
    let rival = (fault == Fault::Race).then(|| crate::common::lake::append("main", rival));
    let faulty =
        Faulty { inner: lake.connection.clone(), fault, env: lake.env.clone(), rival: tokio::sync::Mutex::new(rival) };
    let connection = lake.connection.with_committer(Arc::new(faulty));
    let path = file(&lake, "orders.csv", ORDERS);
    let policy = Policy::hasty(OnConflict::Fail);
    let wanted = request(&path, "sales.orders");
    let done = recovery::run(wanted, &connection, &policy, &lake.env, &Monitor::new()).await.unwrap();
    (lake, done.load)
}

fn files_of(lake: &Lake, result: &IngestResult) -> usize {
    let id = result.ingest_id.as_ref().unwrap();
    data_files(lake).iter().filter(|path| path.to_string_lossy().contains(id.as_str())).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_race_keeps_the_staged_files() {
    let (lake, result) = with(Fault::Race).await;
    assert_eq!((result.ending, result.attempts, result.snapshot_id), (Ending::Rejected, 1, None));
    assert_eq!(files_of(&lake, &result) as u64, result.files);
    assert_eq!(state(&lake, &result), State::Rejected);
    assert!(result.hint.unwrap().contains(".jsonl"), "the hint names the journal");
    let table = lake.load(&"sales.orders".parse().unwrap()).await;
    assert_eq!(longs(&table, None, "id").await, [100, 101, 102, 103, 104], "only the other writer's rows");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_outcome_keeps_the_staged_files() {
    let (lake, result) = with(Fault::Lost).await;
    assert_eq!((result.ending, result.ending.outcome()), (Ending::Unknown, "unknown"));
    assert_eq!(files_of(&lake, &result) as u64, result.files);
    assert_eq!(state(&lake, &result), State::Unknown);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_looked_up() {
    let (lake, result) = with(Fault::Landed).await;
    assert_eq!(result.ending, Ending::Committed);
    let table = lake.load(&"sales.orders".parse().unwrap()).await;
    assert_eq!(table.metadata().current_snapshot_id(), result.snapshot_id);
    assert_eq!(longs(&table, None, "id").await, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_never_sent_is_removed() {
    let (lake, result) = with(Fault::NotSent).await;
    assert_eq!((result.ending, result.ending.outcome()), (Ending::NotSent, "not-sent"));
    assert_eq!(files_of(&lake, &result), 0);
    assert_eq!(state(&lake, &result), State::Discarded);
}
