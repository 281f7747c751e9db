//! The manifests of a snapshot, from its manifest list.

use iceberg::spec::{Datum, ManifestContentType, ManifestFile, SnapshotRef};
use serde::Serialize;

use super::super::Table;
use super::super::cell;
use super::partitions::{PartitionField, spec_fields};
use crate::monitor::Monitor;
use crate::{Error, Result};

/// One manifest of a snapshot. Counts are those of the entries by their status.
#[derive(Debug, Clone, Serialize)]
pub struct ManifestRow {
    /// 0 for data files, 1 for delete files.
    pub content: u8,
    /// Where it is.
    pub path: String,
    /// Its size in bytes.
    pub length: i64,
    /// The partition spec that its files were written under.
    pub partition_spec_id: i32,
    /// The snapshot that added it.
    pub added_snapshot_id: i64,
    /// Data files added; nothing where the writer did not say.
    pub added_data_files_count: Option<u32>,
    /// Data files taken over.
    pub existing_data_files_count: Option<u32>,
    /// Data files removed.
    pub deleted_data_files_count: Option<u32>,
    /// Delete files added.
    pub added_delete_files_count: Option<u32>,
    /// Delete files taken over.
    pub existing_delete_files_count: Option<u32>,
    /// Delete files removed.
    pub deleted_delete_files_count: Option<u32>,
    /// What partition values the manifest covers, one a field of its spec.
    pub partition_summaries: Vec<PartitionSummary>,
    /// Its sequence number; zero in format version 1.
    #[serde(skip)]
    pub sequence_number: i64,
    /// Rows in files added, where the writer said.
    #[serde(skip)]
    pub added_rows_count: Option<u64>,
    /// Rows in files taken over, where the writer said.
    #[serde(skip)]
    pub existing_rows_count: Option<u64>,
    /// Rows in files removed, where the writer said.
    #[serde(skip)]
    pub deleted_rows_count: Option<u64>,
    #[serde(skip)]
    pub(in crate::table) file: ManifestFile,
}

/// What values of one partition field a manifest covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartitionSummary {
    /// Whether some value is null.
    pub contains_null: bool,
    /// Whether some value is NaN, where the writer said.
    pub contains_nan: Option<bool>,
    /// The least value, as a person writes it: `2026-11` for a month.
    pub lower_bound: Option<String>,
    /// The greatest value.
    pub upper_bound: Option<String>,
    /// The partition field's name.
    #[serde(skip)]
    pub name: String,
}

/// On one line: `ordered_at_day 2026-11-01..2026-11-21 null`. Not safe to show raw.
impl std::fmt::Display for PartitionSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        match (&self.lower_bound, &self.upper_bound) {
            (Some(lower), Some(upper)) if lower == upper => write!(f, " {lower}")?,
            (Some(lower), Some(upper)) => write!(f, " {lower}..{upper}")?,
            _ => {}
        }
        f.write_str(if self.contains_null { " null" } else { "" })?;
        f.write_str(if self.contains_nan == Some(true) { " NaN" } else { "" })
    }
}

/// The manifests of a snapshot, in the manifest list's order; the current snapshot's without an id. None where the
/// table has no snapshot.
///
/// # Errors
/// [`Kind::NotFound`](crate::Kind::NotFound) for a snapshot the table does not know, what reading the list says.
pub async fn manifests(table: &Table, snapshot_id: Option<i64>, monitor: &Monitor) -> Result<Vec<ManifestRow>> {
    let Some(snapshot) = snapshot(table, snapshot_id)? else { return Ok(Vec::new()) };
    let reader = table.inner().manifest_list_reader(&snapshot);
    let list = monitor
        .until(async {
            let loaded = reader.load().await;
            loaded.map_err(|e| table.unreadable(e, "cannot read the manifest list", snapshot.manifest_list()))
        })
        .await?;
    Ok(list.consume_entries().into_iter().map(|file| row(table, file)).collect())
}

/// The snapshot of that id, the current one without an id; nothing where the table has none.
///
/// # Errors
/// [`Kind::NotFound`](crate::Kind::NotFound) for an id that the table does not know.
pub(crate) fn snapshot(table: &Table, id: Option<i64>) -> Result<Option<SnapshotRef>> {
    let metadata = table.metadata();
    match id {
        None => Ok(metadata.current_snapshot().cloned()),
        Some(id) => metadata.snapshot_by_id(id).cloned().map(Some).ok_or_else(|| {
            Error::not_found("the table does not know this snapshot")
                .with("table", table.name())
                .with("snapshot", id)
                .hint("it may have been expired; icedeck snapshots lists those that are left")
        }),
    }
}

fn row(table: &Table, file: ManifestFile) -> ManifestRow {
    let is_data = file.content == ManifestContentType::Data;
    let data = |count: Option<u32>| if is_data { count } else { Some(0) };
    let deletes = |count: Option<u32>| if is_data { Some(0) } else { count };
    ManifestRow {
        content: u8::from(!is_data),
        path: file.manifest_path.clone(),
        length: file.manifest_length,
        partition_spec_id: file.partition_spec_id,
        added_snapshot_id: file.added_snapshot_id,
        added_data_files_count: data(file.added_files_count),
        existing_data_files_count: data(file.existing_files_count),
        deleted_data_files_count: data(file.deleted_files_count),
        added_delete_files_count: deletes(file.added_files_count),
        existing_delete_files_count: deletes(file.existing_files_count),
        deleted_delete_files_count: deletes(file.deleted_files_count),
        partition_summaries: summaries(table, &file),
        sequence_number: file.sequence_number,
        added_rows_count: file.added_rows_count,
        existing_rows_count: file.existing_rows_count,
        deleted_rows_count: file.deleted_rows_count,
        file,
    }
}

fn summaries(table: &Table, file: &ManifestFile) -> Vec<PartitionSummary> {
    let fields = spec_fields(table.metadata(), file.partition_spec_id);
    let summaries = file.partitions.iter().flatten().zip(fields);
    summaries
        .map(|(summary, field)| PartitionSummary {
            contains_null: summary.contains_null,
            contains_nan: summary.contains_nan,
            lower_bound: summary.lower_bound.as_ref().map(|bytes| bound(bytes, &field)),
            upper_bound: summary.upper_bound.as_ref().map(|bytes| bound(bytes, &field)),
            name: field.name,
        })
        .collect()
}

/// A bound as a person writes it; bytes that do not fit the field's type are shown as bytes.
fn bound(bytes: &[u8], field: &PartitionField) -> String {
    let primitive = field.of_type.as_ref().and_then(|of_type| of_type.as_primitive_type());
    match primitive.map(|primitive| Datum::try_from_bytes(bytes, primitive.clone())) {
        Some(Ok(datum)) => field.human(&cell::of_datum(&datum)),
        _ => cell::hexadecimal(bytes),
    }
}
