//! How one snapshot leads to another. Pure; a cycle in broken metadata ends a walk.

use std::collections::HashSet;

use iceberg::spec::{Snapshot, TableMetadata};
use serde::Serialize;

use super::super::Moment;
use super::super::ancestry::ancestors;
use super::super::inspect::snapshot_row;

/// How the first snapshot stands to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// They are one.
    Same,
    /// The second descends from the first.
    Ancestor,
    /// The first descends from the second: the way leads back.
    Descendant,
    /// Both descend from a third.
    Diverged,
    /// They have no known ancestor in common: snapshots between them were expired, or the table was begun anew.
    Unrelated,
}

/// A snapshot on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its id.
    pub snapshot_id: i64,
    /// When it was committed.
    pub committed_at: Moment,
    /// `append`, `replace`, `overwrite` or `delete`.
    pub operation: String,
    /// Who made it, where the summary says.
    pub by: Option<String>,
    /// Rows it added, where the summary says.
    pub added_rows: Option<u64>,
    /// Rows it removed, where the summary says.
    pub deleted_rows: Option<u64>,
}

/// The way from one snapshot to another: back to their common ancestor, then forward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Way {
    /// How they stand to each other.
    pub relation: Relation,
    /// The newest snapshot that both descend from, or that one of them is.
    pub common_ancestor_id: Option<i64>,
    /// Snapshots that only the first has, newest first: what is undone on the way.
    pub undone: Vec<Step>,
    /// Snapshots that only the second has, oldest first: what is done on the way.
    pub done: Vec<Step>,
}

/// The way between two snapshots of a table.
pub(super) fn between(metadata: &TableMetadata, from: i64, to: i64) -> Way {
    let before: HashSet<i64> = ancestors(metadata, Some(from)).map(|s| s.snapshot_id()).collect();
    let common = ancestors(metadata, Some(to)).map(|s| s.snapshot_id()).find(|id| before.contains(id));
    let only = |head: i64| {
        let line = ancestors(metadata, Some(head)).take_while(move |s| Some(s.snapshot_id()) != common);
        line.map(|s| step(s)).collect::<Vec<_>>()
    };
    let (undone, mut done) = (only(from), only(to));
    done.reverse();
    let relation = match common {
        Some(_) if from == to => Relation::Same,
        Some(id) if id == from => Relation::Ancestor,
        Some(id) if id == to => Relation::Descendant,
        Some(_) => Relation::Diverged,
        None => Relation::Unrelated,
    };
    Way { relation, common_ancestor_id: common, undone, done }
}

fn step(snapshot: &Snapshot) -> Step {
    let row = snapshot_row(snapshot);
    Step {
        snapshot_id: row.snapshot_id,
        committed_at: row.committed_at,
        operation: row.operation,
        by: row.by,
        added_rows: row.added_rows,
        deleted_rows: row.deleted_rows,
    }
}
