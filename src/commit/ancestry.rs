//! What lies between two snapshots of one line, for changes that must know all of it.

use iceberg::spec::{SnapshotRef, TableMetadata};

pub(crate) use crate::table::ancestry::{ancestors, is_ancestor};
use crate::{Error, Result};

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
