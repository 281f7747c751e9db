//! The raw thing behind a row, as indented JSON: for the console's raw view and for people who do not believe us.
//!
//! Exact, and therefore not safe to show before control characters are made visible.

use serde::Serialize;

use super::super::{Table, read_metadata_json};
use super::entries::EntryRow;
use super::manifests::snapshot;
use crate::monitor::Monitor;
use crate::{Error, Result};

/// The metadata file's own text, indented; gzip is undone. What icedeck does not know of is in it too.
///
/// # Errors
/// A file that cannot be read or is not JSON.
pub async fn raw_metadata(table: &Table, monitor: &Monitor) -> Result<String> {
    let location = table.metadata_location();
    if location.is_empty() {
        return pretty(table.metadata());
    }
    pretty(&monitor.until(read_metadata_json(table.storage(), location)).await?)
}

/// A snapshot as the metadata file has it.
///
/// # Errors
/// [`Kind::NotFound`](crate::Kind::NotFound) for a snapshot the table does not know.
pub fn raw_snapshot(table: &Table, snapshot_id: i64) -> Result<String> {
    snapshot(table, Some(snapshot_id))?;
    let unreadable = |e| Error::bug("the metadata has no JSON form").caused_by(e);
    let metadata = serde_json::to_value(table.metadata()).map_err(unreadable)?;
    let snapshots = metadata.get("snapshots").and_then(|found| found.as_array());
    let is_it = |s: &&serde_json::Value| s.get("snapshot-id").and_then(|id| id.as_i64()) == Some(snapshot_id);
    pretty(&snapshots.and_then(|found| found.iter().find(is_it)))
}

/// A manifest entry with its file and everything known of it.
///
/// # Errors
/// An entry that has no JSON form.
pub fn raw_file(entry: &EntryRow) -> Result<String> {
    pretty(entry)
}

fn pretty<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string_pretty(value).map_err(|e| Error::bug("the data has no JSON form").caused_by(e))
}
