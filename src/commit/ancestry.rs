//! Who descends from whom: walks along the parents of snapshots. Broken metadata (a cycle, a parent that is gone) ends a
//! walk, it never hangs one.

use std::collections::HashSet;

use iceberg::spec::{SnapshotRef, TableMetadata};

use crate::{Error, Result};

/// The snapshot `head` and its ancestors that are still known, newest first.
pub(crate) fn ancestors(metadata: &TableMetadata, head: Option<i64>) -> impl Iterator<Item = &SnapshotRef> {
    let mut seen = HashSet::new();
    let mut next = head;
    std::iter::from_fn(move || {
        let snapshot = metadata.snapshot_by_id(next?)?;
        next = snapshot.parent_snapshot_id();
        seen.insert(snapshot.snapshot_id()).then_some(snapshot)
    })
}

/// Whether `id` is `head` itself or one of its ancestors.
pub(crate) fn is_ancestor(metadata: &TableMetadata, head: Option<i64>, id: i64) -> bool {
    ancestors(metadata, head).any(|snapshot| snapshot.snapshot_id() == id)
}

/// The snapshots after `since` up to and with `head`, oldest first; `since` absent means from the beginning.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) where `since` is no ancestor of `head`, or is one that is not known any more.
pub(crate) fn between(metadata: &TableMetadata, since: Option<i64>, head: Option<i64>) -> Result<Vec<SnapshotRef>> {
    let mut found = Vec::new();
    let mut reached = head.is_none() && since.is_none();
    for snapshot in ancestors(metadata, head) {
        if Some(snapshot.snapshot_id()) == since {
            reached = true;
            break;
        }
        found.push(snapshot.clone());
        reached = since.is_none() && snapshot.parent_snapshot_id().is_none();
    }
    if !reached {
        let name = |id: Option<i64>| id.map_or("none".to_string(), |id| id.to_string());
        return Err(Error::invalid(
            "what was changed in between cannot be told: the one is no known ancestor of the other",
        )
        .with("since", name(since))
        .with("head", name(head))
        .hint("the branch was rolled back, or snapshots were expired: read the table again"));
    }
    found.reverse();
    Ok(found)
}
