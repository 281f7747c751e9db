//! Whether rows of a file are in other files by now: a compaction moves them, a delete or update by copy-on-write writes
//! those again that it leaves. Told from the manifests of the snapshots in between; no data file is opened.

use std::collections::HashSet;

use iceberg::spec::{Operation, SnapshotRef};

use super::super::lineage::Seen;
use crate::monitor::Monitor;
use crate::table::Table;
use crate::table::inspect::{EntryRow, entries, manifests};
use crate::{Error, Result};

/// An entry of a manifest that names a file its snapshot added, or removed.
const ADDED: u8 = 1;
const REMOVED: u8 = 2;

/// In the summary of an overwrite that puts new rows in the place of whole partitions, whatever these held.
const REPLACE_PARTITIONS: &str = "replace-partitions";

/// Refuses where rows of these files of the snapshot `from` may be in other files of the snapshot `head`. With `force`
/// only what is certain counts.
///
/// # Errors
/// [`Kind::Unsupported`](crate::Kind::Unsupported), naming a file and the snapshot; cancellation and those of the storage.
pub(super) async fn check(
    table: &Table,
    (from, head): (i64, i64),
    files: &HashSet<String>,
    force: bool,
    monitor: &Monitor,
) -> Result<()> {
    let seen = Seen::of(table.metadata_ref(), table.metadata_location());
    let (theirs, ours) = (seen.line(Some(head)), seen.line(Some(from)));
    let (before, now) = (ours.ids(), theirs.ids());
    let meets = theirs.snapshots.iter().any(|s| before.contains(&s.snapshot_id()));
    // What took a file out of the branch, and what wrote a file beside it.
    let taken = theirs.newer_than(|id| before.contains(&id)).into_iter().map(|s| (s, REMOVED));
    let written = ours.newer_than(|id| now.contains(&id)).into_iter().map(|s| (s, ADDED));
    for (snapshot, status) in taken.chain(written) {
        let is_certain = snapshot.summary().operation == Operation::Replace;
        if !(is_certain || !force && rewrites(snapshot)) {
            continue;
        }
        if let Some(file) = named(table, snapshot, status, files, monitor).await? {
            return Err(refused(snapshot, &file, is_certain));
        }
    }
    if !meets && !force && (theirs.lost.is_some() || ours.lost.is_some()) {
        return Err(Error::unsupported(
            "snapshots in between were expired: whether rows of these files are in others by now cannot be told",
        )
        .hint("look whether they are there; --force adds the files all the same"));
    }
    Ok(())
}

/// Whether it took files out of the branch and wrote others, of whose rows nobody can say without reading them whether
/// they are the same.
fn rewrites(snapshot: &SnapshotRef) -> bool {
    const COUNTS: [&str; 2] = ["added-data-files", "deleted-data-files"];
    let summary = &snapshot.summary().additional_properties;
    let of_partitions = summary.get(REPLACE_PARTITIONS).is_some_and(|told| told == "true");
    // Counts that are zero are left out; where there is none at all, nothing is known.
    let is_told = COUNTS.iter().any(|name| summary.contains_key(*name));
    let both = COUNTS.iter().all(|name| summary.get(*name).map_or(!is_told, |count| count != "0"));
    snapshot.summary().operation == Operation::Overwrite && !of_partitions && both
}

/// One of the files that the snapshot itself added or removed.
async fn named(
    table: &Table,
    snapshot: &SnapshotRef,
    status: u8,
    files: &HashSet<String>,
    monitor: &Monitor,
) -> Result<Option<String>> {
    let id = snapshot.snapshot_id();
    let mut own = manifests(table, Some(id), monitor).await?;
    own.retain(|manifest| manifest.added_snapshot_id == id);
    let mut stream = entries(table, own);
    while let Some(chunk) = stream.next(monitor).await? {
        if let Some(fault) = chunk.fault {
            return Err(fault);
        }
        let is_one = |e: &&EntryRow| {
            e.status == status && e.snapshot_id.is_none_or(|of| of == id) && files.contains(&e.data_file.file_path)
        };
        if let Some(entry) = chunk.entries.iter().find(is_one) {
            return Ok(Some(entry.data_file.file_path.clone()));
        }
    }
    Ok(None)
}

fn refused(snapshot: &SnapshotRef, file: &str, is_certain: bool) -> Error {
    let id = snapshot.snapshot_id();
    let told = match is_certain {
        true => "a compaction moved the rows of a file: added again, they would be there twice",
        false => {
            "a snapshot wrote files in the place of others: rows of a file may be in those, and would be there twice"
        }
    };
    let error = Error::unsupported(told).with("file", file).with("snapshot", id);
    match is_certain {
        true => error.hint("icedeck rollback leads the branch back as a whole"),
        false => error
            .hint("if it deleted or updated rows and wrote the others again: undo and rollback take it back as a whole")
            .hint("if it put other rows in their place: --force adds the files all the same"),
    }
}
