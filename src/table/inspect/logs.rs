//! What the metadata keeps as plain lists: the snapshot log, refs, properties, the metadata log.

use iceberg::spec::SnapshotRetention;
use serde::Serialize;

use super::super::refs::current_at;
use super::super::{Moment, Table, refs as references};
use super::snapshots::current_line;
use crate::Result;

/// One entry of the snapshot log: since when a snapshot was the current one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryRow {
    /// When it became current.
    pub made_current_at: Moment,
    /// The snapshot.
    pub snapshot_id: i64,
    /// What it was made on; nothing where it is the first one or has been expired.
    pub parent_id: Option<i64>,
    /// Whether the current snapshot is this one or descends from it.
    pub is_current_ancestor: bool,
}

/// The snapshot log, oldest first.
pub fn history(table: &Table) -> Vec<HistoryRow> {
    let metadata = table.metadata();
    let line = current_line(metadata);
    let row = |entry: &iceberg::spec::SnapshotLog| HistoryRow {
        made_current_at: Moment(entry.timestamp_ms),
        snapshot_id: entry.snapshot_id,
        parent_id: metadata.snapshot_by_id(entry.snapshot_id).and_then(|s| s.parent_snapshot_id()),
        is_current_ancestor: line.contains(&entry.snapshot_id),
    };
    metadata.history().iter().map(row).collect()
}

/// A branch or tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefRow {
    /// Its name.
    pub name: String,
    /// `BRANCH` or `TAG`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The snapshot it points to.
    pub snapshot_id: i64,
    /// How long it is kept, in milliseconds.
    pub max_reference_age_in_ms: Option<i64>,
    /// How many of the branch's snapshots are kept at least.
    pub min_snapshots_to_keep: Option<i32>,
    /// How long the branch's snapshots are kept, in milliseconds.
    pub max_snapshot_age_in_ms: Option<i64>,
}

/// All refs, sorted by name.
///
/// # Errors
/// Those of [`references::refs`].
pub fn refs(table: &Table) -> Result<Vec<RefRow>> {
    let found = references::refs(table.metadata())?;
    let row = |(name, reference): (String, iceberg::spec::SnapshotReference)| {
        let (kind, max_reference_age_in_ms, min_snapshots_to_keep, max_snapshot_age_in_ms) = match reference.retention {
            SnapshotRetention::Branch { min_snapshots_to_keep, max_snapshot_age_ms, max_ref_age_ms } => {
                ("BRANCH", max_ref_age_ms, min_snapshots_to_keep, max_snapshot_age_ms)
            }
            SnapshotRetention::Tag { max_ref_age_ms } => ("TAG", max_ref_age_ms, None, None),
        };
        let snapshot_id = reference.snapshot_id;
        RefRow { name, kind, snapshot_id, max_reference_age_in_ms, min_snapshots_to_keep, max_snapshot_age_in_ms }
    };
    Ok(found.into_iter().map(row).collect())
}

/// A table property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PropertyRow {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// All properties, sorted by key.
pub fn properties(table: &Table) -> Vec<PropertyRow> {
    let mut rows: Vec<PropertyRow> = table
        .metadata()
        .properties()
        .iter()
        .map(|(key, value)| PropertyRow { key: key.clone(), value: value.clone() })
        .collect();
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    rows
}

/// A metadata file that was or is the current one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MetadataLogRow {
    /// When it was written.
    pub timestamp: Moment,
    /// Where it is.
    pub file: String,
    /// The snapshot that was current then, where the snapshot log still knows.
    pub latest_snapshot_id: Option<i64>,
    /// That snapshot's schema.
    pub latest_schema_id: Option<i32>,
    /// That snapshot's sequence number.
    pub latest_sequence_number: Option<i64>,
}

/// The metadata files, oldest first; the last one is the current one.
pub fn metadata_log(table: &Table) -> Vec<MetadataLogRow> {
    let metadata = table.metadata();
    let row = |ms: i64, file: &str| {
        let snapshot = current_at(metadata, Moment(ms)).and_then(|id| metadata.snapshot_by_id(id));
        MetadataLogRow {
            timestamp: Moment(ms),
            file: file.to_string(),
            latest_snapshot_id: snapshot.map(|s| s.snapshot_id()),
            latest_schema_id: snapshot.and_then(|s| s.schema_id()),
            latest_sequence_number: snapshot.map(|s| s.sequence_number()),
        }
    };
    let mut rows: Vec<MetadataLogRow> =
        metadata.metadata_log().iter().map(|entry| row(entry.timestamp_ms, &entry.metadata_file)).collect();
    rows.push(row(metadata.last_updated_ms(), table.metadata_location()));
    rows
}
