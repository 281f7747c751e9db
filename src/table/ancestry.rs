//! Who descends from whom: walks along the parents of snapshots. Broken metadata (a cycle, a parent that is gone) ends a
//! walk, it never hangs one.

use std::collections::HashSet;

use iceberg::spec::{SnapshotRef, TableMetadata};

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
