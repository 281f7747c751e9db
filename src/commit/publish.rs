//! One attempt at publishing a change, and the look at what came of it: *trust, then look*.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ancestry::is_ancestor;
use super::propose::{clock_warning, discard, propose};
use super::{Change, branch_head, request};
use crate::catalog::{Connection, Outcome, Proposal};
use crate::env::Env;
use crate::table::{Table, TableName};
use crate::{Error, Kind, Result};

/// Is told of each attempt before and after it is made; the journal is one. Where `sending` fails, nothing is sent.
pub trait Witness: Send {
    /// A request is about to leave. It leaves only once this has returned.
    ///
    /// # Errors
    /// Whatever keeps the record from being durable: then the attempt ends as not sent.
    fn sending(&mut self, sending: &Sending) -> Result<()>;

    /// The attempt has ended.
    ///
    /// # Errors
    /// Whatever keeps the record from being durable: the attempt stays as it ended, and a warning tells of it.
    fn outcome(&mut self, attempt: &Attempt) -> Result<()>;
}

/// The witness of changes that nobody records.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwitnessed;

impl Witness for Unwitnessed {
    fn sending(&mut self, _: &Sending) -> Result<()> {
        Ok(())
    }

    fn outcome(&mut self, _: &Attempt) -> Result<()> {
        Ok(())
    }
}

/// What is known of an attempt before its request leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// Which attempt of this change it is, from 1.
    pub attempt: u32,
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// The snapshot it would add.
    pub snapshot_id: Option<i64>,
    /// The snapshot at which the branch is demanded to be; nothing where it is demanded to be absent, or the change
    /// touches no branch.
    pub demanded_snapshot_id: Option<i64>,
    /// The metadata file of the base.
    pub base_metadata: String,
    /// Manifests and manifest lists written for this attempt.
    pub metadata_files: Vec<String>,
    /// The exact request, as a REST catalog would be sent it; null in journals of before.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub request: serde_json::Value,
}

/// How an attempt ended, as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptOutcome {
    /// The snapshot is in the table.
    Committed,
    /// The catalog said no, and the table read afterwards does not hold it.
    Rejected,
    /// Nobody knows.
    Unknown,
    /// No request left.
    NotSent,
}

/// One attempt, told afterwards.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attempt {
    /// Which attempt of this change it is, from 1.
    pub number: u32,
    /// When it began, in milliseconds since the epoch.
    pub at_ms: i64,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// What the catalog or the failure said; empty where it committed.
    pub message: String,
    /// The snapshot it added or would have added.
    pub snapshot_id: Option<i64>,
    /// The exact request; null where it never came to one.
    pub request: Value,
}

/// What came of publishing a change.
#[derive(Debug)]
#[must_use]
pub struct Published {
    /// How it ended. A committed table is the one read back afterwards, where that worked.
    pub outcome: Outcome,
    /// The snapshot it added or would have added; nothing for changes without one.
    pub snapshot_id: Option<i64>,
    /// The head of the branch that was demanded.
    pub base_snapshot_id: Option<i64>,
    /// Every attempt, oldest first.
    pub attempts: Vec<Attempt>,
    /// What the operator must hear beside the outcome.
    pub warnings: Vec<String>,
}

/// Proposes `change` on exactly this state of `base` and publishes it in one attempt. Nothing is tried again.
///
/// After the answer the table is read once more. *Committed* is checked (the snapshot is there, the branch leads to it,
/// its parent is the one demanded); *rejected* and *unknown* turn into *committed* where the snapshot is found, and
/// *rejected* into *unknown* where nobody can look. The manifests of an attempt that is proved absent are deleted, those
/// of an unknown one stay.
///
/// A change that cannot be proposed ends as *not sent*, with the reason as its error.
pub async fn publish(
    connection: &Connection,
    base: &Table,
    change: &Change,
    env: &Env,
    witness: &mut dyn Witness,
) -> Published {
    let proposed = match connection.writable() {
        Ok(()) => propose(base, change, env).await,
        Err(e) => Err(e),
    };
    let at_ms = env.now_ms();
    match proposed {
        Ok(proposal) => {
            let attempt = AttemptAt { connection, base, change, proposal, at_ms };
            let mut published = attempt.publish(witness).await;
            published.warnings.extend(clock_warning(base, at_ms));
            published
        }
        Err(e) => Published {
            outcome: Outcome::NotSent(e),
            snapshot_id: None,
            base_snapshot_id: demanded(base, change),
            attempts: Vec::new(),
            warnings: Vec::new(),
        },
    }
}

fn demanded(base: &Table, change: &Change) -> Option<i64> {
    change.ref_name().and_then(|branch| branch_head(base.metadata(), branch))
}

struct AttemptAt<'a> {
    connection: &'a Connection,
    base: &'a Table,
    change: &'a Change,
    proposal: Proposal,
    at_ms: i64,
}

impl AttemptAt<'_> {
    async fn publish(self, witness: &mut dyn Witness) -> Published {
        let mut warnings = Vec::new();
        let outcome = match witness.sending(&self.sending()) {
            Ok(()) => self.connection.committer().commit(self.base, &self.proposal).await,
            Err(e) => Outcome::NotSent(e),
        };
        let outcome = self.look(outcome, &mut warnings).await;
        let attempt = self.told(&outcome);
        if let Err(e) = witness.outcome(&attempt) {
            warnings.push(format!("the outcome could not be recorded: {e}"));
        }
        Published {
            outcome,
            snapshot_id: self.proposal.snapshot_id,
            base_snapshot_id: demanded(self.base, self.change),
            attempts: vec![attempt],
            warnings,
        }
    }

    fn sending(&self) -> Sending {
        Sending {
            attempt: 1,
            at_ms: self.at_ms,
            snapshot_id: self.proposal.snapshot_id,
            demanded_snapshot_id: demanded(self.base, self.change),
            base_metadata: self.base.metadata_location().to_string(),
            metadata_files: self.proposal.metadata_files.clone(),
            request: request(&self.proposal).unwrap_or_default(),
        }
    }

    fn told(&self, outcome: &Outcome) -> Attempt {
        let (word, message) = match outcome {
            Outcome::Committed(_) => (AttemptOutcome::Committed, String::new()),
            Outcome::Rejected(rejection) => (AttemptOutcome::Rejected, rejection.reason.clone()),
            Outcome::Unknown(e) => (AttemptOutcome::Unknown, e.to_string()),
            Outcome::NotSent(e) => (AttemptOutcome::NotSent, e.to_string()),
        };
        Attempt {
            number: 1,
            at_ms: self.at_ms,
            outcome: word,
            message,
            snapshot_id: self.proposal.snapshot_id,
            request: request(&self.proposal).unwrap_or_default(),
        }
    }

    /// Reads the table once more and settles what the answer left open.
    async fn look(&self, outcome: Outcome, warnings: &mut Vec<String>) -> Outcome {
        match outcome {
            Outcome::NotSent(e) => {
                discard(self.base, &self.proposal.metadata_files).await;
                Outcome::NotSent(e)
            }
            Outcome::Committed(answered) => match self.connection.load(self.name()).await {
                Ok(now) => {
                    warnings.extend(self.broken_word(&now));
                    Outcome::Committed(Box::new(now))
                }
                Err(e) => {
                    warnings.push(format!("committed, but the table could not be read again to check it: {e}"));
                    Outcome::Committed(answered)
                }
            },
            Outcome::Rejected(rejection) => match self.connection.load(self.name()).await {
                Ok(now) if self.landed(&now) => self.landed_after_all("rejected", now, warnings),
                Ok(_) => {
                    discard(self.base, &self.proposal.metadata_files).await;
                    Outcome::Rejected(rejection)
                }
                Err(e) if e.kind() == Kind::NotFound => Outcome::Rejected(rejection),
                // A proxy may have sent it twice, and this is the no to the second: without a look nobody knows.
                Err(e) => Outcome::Unknown(unchecked(&rejection.reason, e)),
            },
            Outcome::Unknown(e) => match self.connection.load(self.name()).await {
                Ok(now) if self.landed(&now) => self.landed_after_all("unknown", now, warnings),
                _ => Outcome::Unknown(e),
            },
        }
    }

    fn name(&self) -> &TableName {
        &self.proposal.table
    }

    /// Whether the snapshot of this attempt is in the table. Changes without a snapshot cannot be told apart from those
    /// of others.
    fn landed(&self, now: &Table) -> bool {
        let same = now.metadata().uuid() == self.base.metadata().uuid();
        same && self.proposal.snapshot_id.is_some_and(|id| now.metadata().snapshot_by_id(id).is_some())
    }

    fn landed_after_all(&self, answer: &str, now: Table, warnings: &mut Vec<String>) -> Outcome {
        warnings.push(format!("the catalog's answer was {answer}, but the snapshot is in the table"));
        warnings.extend(self.broken_word(&now));
        Outcome::Committed(Box::new(now))
    }

    /// What an acknowledged commit must have left behind and did not.
    fn broken_word(&self, now: &Table) -> Option<String> {
        let (id, branch) = (self.proposal.snapshot_id?, self.change.ref_name()?);
        let metadata = now.metadata();
        let Some(snapshot) = metadata.snapshot_by_id(id) else {
            return Some(format!(
                "the catalog acknowledged snapshot {id}, but the table does not hold it: its rows are not reachable"
            ));
        };
        if snapshot.parent_snapshot_id() != demanded(self.base, self.change) {
            return Some(format!(
                "snapshot {id} does not stand on the snapshot that was demanded: another commit's rows may not be reachable any more"
            ));
        }
        if !is_ancestor(metadata, branch_head(metadata, branch), id) {
            return Some(format!(
                "snapshot {id} is in the table, but {branch} does not lead to it: its rows are not reachable from there"
            ));
        }
        None
    }
}

fn unchecked(reason: &str, e: Error) -> Error {
    let told = format!("the catalog said no ({reason}), but the table cannot be read to see whether that is so");
    Error::new(Kind::Unavailable, told).caused_by(e)
}

impl Published {
    /// The table after the commit.
    ///
    /// # Errors
    /// What kept it from being committed; for a rejection [`Kind::Unavailable`].
    pub fn committed(self) -> Result<Table> {
        match self.outcome {
            Outcome::Committed(table) => Ok(*table),
            Outcome::Rejected(rejection) => Err(Error::new(Kind::Unavailable, rejection.reason)),
            Outcome::Unknown(e) | Outcome::NotSent(e) => Err(e),
        }
    }
}
