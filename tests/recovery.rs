//! What happens when a commit does not simply succeed: assessing, resolving, patience, the audit, and a real program
//! killed at any moment.

mod assessing;
mod auditing;
pub mod binary;
mod by_filter;
mod faults;
mod kill;
mod mend_binary;
mod mending;
mod orphans;
mod resolving;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use icedeck::catalog::{Committer, Connection, Outcome, Proposal};
use icedeck::commit::{self, Change, StagedFile, Unwitnessed};
use icedeck::env::Env;
use icedeck::ingest::journal::{self, Record, Row};
use icedeck::ingest::run::IngestRequest;
use icedeck::ingest::source::SourceOptions;
use icedeck::monitor::Monitor;
use icedeck::recovery::{self, Loaded, Policy};
use icedeck::table::Table;
use icedeck::{Error, Kind};

use crate::common::Lake;

/// What happens to one request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The request is lost.
    Before,
    /// The work is done, the answer is lost.
    After,
    /// The work is done twice: a proxy sent it again, and the second answer is what we hear.
    Twice,
    /// It never leaves.
    NotSent,
    /// Others are faster with these changes, one upon the other.
    Beaten(Vec<Change>),
    /// The request is lost, and then others are faster.
    LostAndBeaten(Vec<Change>),
}

/// A committer that meets these faults one after the other, and then none.
#[derive(Debug)]
pub struct Faulty {
    inner: Arc<Connection>,
    env: Env,
    faults: Mutex<VecDeque<Fault>>,
}

impl Faulty {
    pub fn on(lake: &Lake, faults: impl IntoIterator<Item = Fault>) -> Connection {
        let faults = Mutex::new(faults.into_iter().collect());
        let faulty = Self { inner: lake.connection.clone(), env: lake.env.clone(), faults };
        lake.connection.with_committer(Arc::new(faulty))
    }

    async fn rivals(&self, base: &Table, changes: Vec<Change>) {
        for change in changes {
            let now = self.inner.load(base.name()).await.unwrap();
            let done = commit::publish(&self.inner, &now, &change, &self.env, &mut Unwitnessed).await;
            done.committed().unwrap();
        }
    }
}

#[async_trait]
impl Committer for Faulty {
    async fn commit(&self, base: &Table, proposal: &Proposal) -> Outcome {
        let lost = || Error::new(Kind::Unavailable, "the line went dead");
        let fault = self.faults.lock().unwrap().pop_front();
        let commit = async || self.inner.committer().commit(base, proposal).await;
        match fault {
            None => commit().await,
            Some(Fault::Before) => Outcome::Unknown(lost()),
            Some(Fault::After) => {
                assert!(matches!(commit().await, Outcome::Committed(_)));
                Outcome::Unknown(lost())
            }
            Some(Fault::Twice) => {
                assert!(matches!(commit().await, Outcome::Committed(_)));
                commit().await
            }
            Some(Fault::NotSent) => Outcome::NotSent(lost()),
            Some(Fault::Beaten(changes)) => {
                self.rivals(base, changes).await;
                commit().await
            }
            Some(Fault::LostAndBeaten(changes)) => {
                self.rivals(base, changes).await;
                Outcome::Unknown(lost())
            }
        }
    }
}

pub const CSV: &str = "id,country,amount,day\n1,DE,1.50,2024-01-01\n2,FR,2.25,1969-12-31\n3,FR,,\n";

/// Loads the three rows of [`CSV`] into `sales.orders` over this connection.
pub async fn loaded(lake: &Lake, connection: &Connection, policy: &Policy<'_>) -> Loaded {
    let path = lake.folder.path().join("orders.csv");
    if !path.exists() {
        std::fs::write(&path, CSV).unwrap();
    }
    let request = IngestRequest::append(SourceOptions::of([&path]), "sales.orders".parse().unwrap());
    recovery::run(request, connection, policy, &lake.env, &Monitor::new()).await.unwrap()
}

/// A load whose process died right after its commit: the journal knows of a request, and of nothing else but `rest`.
pub async fn dead_after_its_commit(rest: &str) -> (Lake, String) {
    let lake = Lake::new().await;
    lake.orders("sales.orders").await;
    let done = loaded(&lake, &lake.connection, &Policy::default()).await;
    let id = done.load.ingest_id.unwrap();
    let path = journal::folder(&lake.env).join(format!("{id}.jsonl"));
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    // Closed, outcome: gone.
    std::fs::write(&path, lines[..lines.len() - 2].join("\n") + "\n" + rest).unwrap();
    assert_eq!(record(&lake, &id).state, journal::State::Sent);
    (lake, id)
}

pub fn record(lake: &Lake, id: &str) -> Record {
    journal::read(&lake.env, id).unwrap()
}

/// The only open ingest.
pub fn open(lake: &Lake) -> Row {
    let mut rows = recovery::open_rows(&lake.env).unwrap().rows;
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

/// Data files with this ingest's id.
pub fn files_of(lake: &Lake, id: &str) -> usize {
    crate::ingest::data_files(lake).iter().filter(|path| path.to_string_lossy().contains(id)).count()
}
