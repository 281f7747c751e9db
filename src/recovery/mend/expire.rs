//! Expiring snapshots, metadata only: which go, which stay and why, which branches and tags go with them. No file is
//! deleted.

use serde::Serialize;

use super::prepared::Prepared;
use crate::Result;
use crate::commit::{Change, Expire, Expiry, expiry};
use crate::env::Env;
use crate::table::inspect::{self, SnapshotRow};
use crate::table::refs::MAIN;
use crate::table::{Moment, Table};
use crate::words::{many, many_do};

/// A snapshot that goes or stays.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExpirySnapshot {
    /// Its id.
    pub snapshot_id: i64,
    /// When it was committed.
    pub committed_at: Moment,
    /// `append`, `replace`, `overwrite` or `delete`.
    pub operation: String,
    /// Why it stays; nothing for one that goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// An expiry that can be shown and carried out.
#[derive(Debug, Clone, Serialize)]
pub struct ExpirePlan {
    /// The change.
    #[serde(flatten)]
    pub prepared: Prepared,
    /// Snapshots that go: nobody can read, roll back to or restore from them any more. Oldest first.
    pub expired: Vec<ExpirySnapshot>,
    /// Branches and tags that go, because they are past their age.
    pub refs: Vec<String>,
    /// Snapshots that stay, oldest first.
    pub kept: Vec<ExpirySnapshot>,
}

impl ExpirePlan {
    /// Whether nothing goes: there is nothing to carry out then.
    pub fn is_empty(&self) -> bool {
        self.expired.is_empty() && self.refs.is_empty()
    }
}

/// Plans an expiry as of now. Where nothing is old enough, the plan is empty, and says why what is there stays.
///
/// # Errors
/// As [`expiry`].
pub fn expire(table: &Table, wanted: &Expire, env: &Env) -> Result<ExpirePlan> {
    let Expiry { snapshots, refs, kept } = expiry(table.metadata(), wanted, env.now_ms())?;
    let rows = inspect::snapshots(table)?;
    let told = |id: i64, why: Option<String>| rows.iter().find(|row| row.snapshot_id == id).map(|row| told(row, why));
    let kept: Vec<ExpirySnapshot> = kept.into_iter().filter_map(|k| told(k.snapshot_id, Some(k.why))).collect();
    let mut expired: Vec<ExpirySnapshot> = snapshots.into_iter().filter_map(|id| told(id, None)).collect();
    expired.sort_by_key(|snapshot| (snapshot.committed_at, snapshot.snapshot_id));
    let mut question = format!("expire {} of {}", many(expired.len() as u64, "snapshot"), table.name());
    if !refs.is_empty() {
        question.push_str(&format!(" and drop {}", refs.join(", ")));
    }
    question.push_str(&format!("; {}, no file is deleted", many_do(kept.len() as u64, "snapshot", "stays", "stay")));
    let mut prepared = Prepared::new("expire", table, MAIN, Change::Expire(wanted.clone()), question);
    prepared.asks_for_name = true;
    Ok(ExpirePlan { prepared, expired, refs, kept })
}

fn told(row: &SnapshotRow, why: Option<String>) -> ExpirySnapshot {
    ExpirySnapshot {
        snapshot_id: row.snapshot_id,
        committed_at: row.committed_at,
        operation: row.operation.clone(),
        why,
    }
}
