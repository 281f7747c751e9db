//! Finds staged files among those that a branch holds, where the table's history does not reach back far enough to tell:
//! snapshots and metadata files go with time, the files that they brought stay until they are rewritten.

use std::collections::HashSet;

use crate::Result;
use crate::commit::StagedFile;
use crate::monitor::Monitor;
use crate::table::Table;
use crate::table::inspect::{entries, manifests};

/// Removed, in a manifest's entry.
const REMOVED: u8 = 2;

/// The snapshot that brought one of the files, where the snapshot `head` holds it. That none is held proves nothing: the
/// rows may be in other files by now.
///
/// # Errors
/// Cancellation; what cannot be read counts as not held.
pub(super) async fn held(table: &Table, head: i64, ours: &[StagedFile], monitor: &Monitor) -> Result<Option<i64>> {
    let paths: HashSet<&str> = ours.iter().map(|file| file.file.file_path()).collect();
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
        let is_ours = |path: &str| paths.contains(path);
        let held = chunk.entries.iter().find(|e| e.status != REMOVED && is_ours(&e.data_file.file_path));
        if let Some(entry) = held {
            return Ok(Some(entry.snapshot_id.unwrap_or(head)));
        }
    }
    Ok(None)
}
