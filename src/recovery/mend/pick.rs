//! Cherry-pick: the changes of one snapshot made once more at the head of a branch.

use serde::Serialize;

use super::prepared::Prepared;
use crate::commit::{Change, branch_head};
use crate::table::Table;
use crate::table::inspect::{self, SnapshotRow};
use crate::words::many;
use crate::{Error, Result};

/// A pick that can be shown and carried out.
#[derive(Debug, Clone, Serialize)]
pub struct PickPlan {
    /// The change.
    #[serde(flatten)]
    pub prepared: Prepared,
    /// The snapshot that is picked.
    pub picked: i64,
    /// What it did: `append`, `overwrite`, ..
    pub operation: String,
    /// Rows it added, where its summary says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added_rows: Option<u64>,
    /// Rows it removed, where its summary says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_rows: Option<u64>,
    /// Whether the branch stands at its parent, so that it is led to the snapshot itself and none is made.
    pub is_forward: bool,
}

/// Plans picking a snapshot onto a branch. Whether its files may be added there is said by [`Prepared::request`].
///
/// # Errors
/// [`Kind::NotFound`](crate::Kind::NotFound) for a snapshot that is not there.
pub fn cherry_pick(table: &Table, at: &str, branch: &str) -> Result<PickPlan> {
    let picked = table.resolve(Some(at))?;
    let row = inspect::snapshots(table)?.into_iter().find(|row| Some(row.snapshot_id) == picked);
    let row = row.ok_or_else(|| Error::not_found("there is no such snapshot").with("snapshot", at))?;
    let head = branch_head(table.metadata(), branch);
    let is_forward = head.is_some() && row.parent_id == head;
    let snapshot_id = row.snapshot_id;
    let change = if is_forward {
        Change::FastForward { branch: branch.into(), snapshot_id }
    } else {
        Change::CherryPick { branch: branch.into(), snapshot_id, summary: Default::default() }
    };
    let mut prepared = Prepared::new("cherry-pick", table, branch, change, question(table, branch, &row));
    prepared.snapshot_id = is_forward.then_some(snapshot_id);
    Ok(PickPlan {
        prepared,
        picked: snapshot_id,
        operation: row.operation,
        added_rows: row.added_rows,
        deleted_rows: row.deleted_rows,
        is_forward,
    })
}

fn question(table: &Table, branch: &str, row: &SnapshotRow) -> String {
    let mut done = vec![row.operation.clone()];
    for (rows, what) in [(row.added_rows, "added"), (row.deleted_rows, "removed")] {
        done.extend(rows.filter(|rows| *rows > 0).map(|rows| format!("{} {what}", many(rows, "row"))));
    }
    format!("make snapshot {} ({}) once more on {branch} of {}", row.snapshot_id, done.join(", "), table.name())
}
