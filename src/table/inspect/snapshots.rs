//! Snapshots, with what a screen adds to them: counts, author, refs, whether they are on the current line.

use std::collections::{BTreeMap, HashMap, HashSet};

use iceberg::spec::{Snapshot, TableMetadata};
use serde::Serialize;

use super::super::{Moment, Table, refs};
use crate::Result;

/// One snapshot. What is written as JSON are the fields of the metadata table; the rest is for screens.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SnapshotRow {
    /// When it was committed.
    pub committed_at: Moment,
    /// Its id.
    pub snapshot_id: i64,
    /// The snapshot it was made on; nothing for a first one.
    pub parent_id: Option<i64>,
    /// `append`, `replace`, `overwrite` or `delete`.
    pub operation: String,
    /// Where its manifest list is.
    pub manifest_list: String,
    /// The summary without the operation, sorted by key.
    pub summary: BTreeMap<String, String>,
    /// Its sequence number; zero in format version 1.
    #[serde(skip)]
    pub sequence_number: i64,
    /// The schema that was current then.
    #[serde(skip)]
    pub schema_id: Option<i32>,
    /// Rows added, where the summary says.
    #[serde(skip)]
    pub added_rows: Option<u64>,
    /// Rows removed, where the summary says.
    #[serde(skip)]
    pub deleted_rows: Option<u64>,
    /// Data and delete files added, where the summary says.
    #[serde(skip)]
    pub added_files: Option<u64>,
    /// Data and delete files removed, where the summary says.
    #[serde(skip)]
    pub removed_files: Option<u64>,
    /// Rows of the table at this snapshot, where the summary says.
    #[serde(skip)]
    pub total_rows: Option<u64>,
    /// Data files of the table at this snapshot, where the summary says.
    #[serde(skip)]
    pub total_files: Option<u64>,
    /// Bytes of those files, where the summary says.
    #[serde(skip)]
    pub total_bytes: Option<u64>,
    /// Who made it: `icedeck`, an engine's name, an application's id.
    #[serde(skip)]
    pub by: Option<String>,
    /// The ingest of icedeck that made it.
    #[serde(skip)]
    pub ingest_id: Option<String>,
    /// Whether the current snapshot is this one or descends from it.
    #[serde(skip)]
    pub on_current_line: bool,
    /// Branches and tags that point to it.
    #[serde(skip)]
    pub refs: Vec<String>,
}

/// All snapshots that the metadata still knows, oldest first.
///
/// # Errors
/// Those of [`refs::refs`].
pub fn snapshots(table: &Table) -> Result<Vec<SnapshotRow>> {
    let metadata = table.metadata();
    let line = current_line(metadata);
    let mut pointing: HashMap<i64, Vec<String>> = HashMap::new();
    for (name, reference) in refs::refs(metadata)? {
        pointing.entry(reference.snapshot_id).or_default().push(name);
    }
    let mut rows: Vec<SnapshotRow> = metadata
        .snapshots()
        .map(|snapshot| {
            let mut row = row(snapshot);
            row.on_current_line = line.contains(&row.snapshot_id);
            row.refs = pointing.remove(&row.snapshot_id).unwrap_or_default();
            row
        })
        .collect();
    rows.sort_by_key(|row| (row.committed_at, row.sequence_number, row.snapshot_id));
    Ok(rows)
}

/// The current snapshot and all its ancestors that are still known. A cycle in broken metadata ends the walk.
pub(super) fn current_line(metadata: &TableMetadata) -> HashSet<i64> {
    let mut line = HashSet::new();
    let mut next = metadata.current_snapshot();
    while let Some(snapshot) = next.filter(|snapshot| line.insert(snapshot.snapshot_id())) {
        next = snapshot.parent_snapshot_id().and_then(|parent| metadata.snapshot_by_id(parent));
    }
    line
}

/// A snapshot by itself: whether it is on the current line, and its refs, are not told.
pub(in crate::table) fn row(snapshot: &Snapshot) -> SnapshotRow {
    let summary: BTreeMap<String, String> = snapshot.summary().additional_properties.clone().into_iter().collect();
    let count = |key: &str| summary.get(key).and_then(|text| text.parse::<u64>().ok());
    let sum = |a: &str, b: &str| match (count(a), count(b)) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or_default().saturating_add(b.unwrap_or_default())),
    };
    SnapshotRow {
        committed_at: Moment(snapshot.timestamp_ms()),
        snapshot_id: snapshot.snapshot_id(),
        parent_id: snapshot.parent_snapshot_id(),
        operation: snapshot.summary().operation.as_str().to_string(),
        manifest_list: snapshot.manifest_list().to_string(),
        sequence_number: snapshot.sequence_number(),
        schema_id: snapshot.schema_id(),
        added_rows: count("added-records"),
        deleted_rows: count("deleted-records"),
        added_files: sum("added-data-files", "added-delete-files"),
        removed_files: sum("deleted-data-files", "removed-delete-files"),
        total_rows: count("total-records"),
        total_files: count("total-data-files"),
        total_bytes: count("total-files-size"),
        by: author(summary.iter()),
        ingest_id: summary.get("icedeck.ingest-id").cloned(),
        on_current_line: false,
        refs: Vec::new(),
        summary,
    }
}

/// Who made a snapshot, by what engines are known to write into its summary.
pub(crate) fn author<'a>(summary: impl Iterator<Item = (&'a String, &'a String)> + Clone) -> Option<String> {
    if summary.clone().any(|(key, _)| key.starts_with("icedeck.")) {
        return Some("icedeck".into());
    }
    let get = |name: &str| summary.clone().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
    let known = [("spark.app.id", "spark"), ("flink.job-id", "flink"), ("trino_query_id", "trino")];
    get("engine-name")
        .or_else(|| known.iter().find(|(key, _)| get(key).is_some()).map(|(_, name)| (*name).into()))
        .or_else(|| get("app-id"))
}
