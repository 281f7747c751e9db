//! Finds staged files among those that a branch holds, where the table's history does not reach back far enough to tell:
//! snapshots and metadata files go with time, the files that they brought stay until they are rewritten.

use std::collections::HashSet;

use crate::Result;
use crate::monitor::Monitor;
use crate::table::Table;
use crate::table::inspect::{EntryRow, entries, manifests};

/// Removed, in a manifest's entry.
const REMOVED: u8 = 2;

/// The snapshot that brought one of these files, by path, where the snapshot `head` holds it. That none is held proves nothing: the
/// rows may be in other files by now.
///
/// # Errors
/// Cancellation; what cannot be read counts as not held.
pub(super) async fn held(table: &Table, head: i64, paths: &HashSet<String>, monitor: &Monitor) -> Result<Option<i64>> {
    if paths.is_empty() {
        return Ok(None);
    }
    let all = match manifests(table, Some(head), monitor).await {
        Ok(all) => all,
        Err(e) if e.is_cancelled() => return Err(e),
        Err(_) => return Ok(None),
    };
    let mut stream = entries(table, all);
    while let Some(chunk) = stream.next(monitor).await? {
        let is_ours = |entry: &&EntryRow| entry.status != REMOVED && paths.contains(&entry.data_file.file_path);
        let held = chunk.entries.iter().find(is_ours);
        if let Some(entry) = held {
            return Ok(Some(entry.snapshot_id.unwrap_or(head)));
        }
    }
    Ok(None)
}
