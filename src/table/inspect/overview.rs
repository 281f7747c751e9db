//! A table at a glance: what `show` prints and the console opens a table with.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{Moment, Table};
use super::logs::{RefRow, refs};
use super::manifests::{ManifestRow, manifests, snapshot};
use super::schemas::{sort_orders, specs};
use super::snapshots::snapshots;
use crate::Result;
use crate::monitor::Monitor;

/// A table at a glance. Counts are those of the snapshot; nothing where its summary does not say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overview {
    /// Its name.
    pub table: String,
    /// The format version: 1, 2 or 3.
    pub format_version: u8,
    /// Its UUID.
    pub table_uuid: String,
    /// Where its files are.
    pub location: String,
    /// The metadata file that was read.
    pub metadata_location: String,
    /// When the metadata was last changed.
    pub last_updated_at: Moment,
    /// The snapshot that the counts are about; nothing where the table has none.
    pub snapshot_id: Option<i64>,
    /// When that snapshot was committed.
    pub committed_at: Option<Moment>,
    /// Its operation.
    pub operation: Option<String>,
    /// Who made it.
    pub by: Option<String>,
    /// Rows, those included that delete files mark as deleted.
    pub record_count: Option<u64>,
    /// Data files.
    pub data_file_count: Option<u64>,
    /// Delete files and deletion vectors.
    pub delete_file_count: Option<u64>,
    /// Rows that position deletes and deletion vectors mark.
    pub position_delete_count: Option<u64>,
    /// Rows in equality delete files.
    pub equality_delete_count: Option<u64>,
    /// Bytes of all those files.
    pub total_size_in_bytes: Option<u64>,
    /// Snapshots that the metadata still knows.
    pub snapshot_count: usize,
    /// Branches and tags.
    pub refs: Vec<RefRow>,
    /// The current schema.
    pub schema_id: i32,
    /// Its columns, nested fields not counted.
    pub column_count: usize,
    /// The partition spec that new files are written under.
    pub spec_id: i32,
    /// On one line: `day(ordered_at), bucket[16](id)`.
    pub partition_spec: String,
    /// The sort order that writers should follow.
    pub sort_order_id: i64,
    /// On one line: `ordered_at desc nulls-last`.
    pub sort_order: String,
    /// All properties.
    pub properties: BTreeMap<String, String>,
}

/// The overview at a snapshot, the current one without an id. Reads the manifest list only where the snapshot's
/// summary has no totals.
///
/// # Errors
/// As [`manifests`].
pub async fn overview(table: &Table, snapshot_id: Option<i64>, monitor: &Monitor) -> Result<Overview> {
    let metadata = table.metadata();
    let id = snapshot(table, snapshot_id)?.map(|snapshot| snapshot.snapshot_id());
    let row = snapshots(table)?.into_iter().find(|row| Some(row.snapshot_id) == id);
    let total = |key: &str| row.as_ref()?.summary.get(key)?.parse::<u64>().ok();
    let spec = specs(table).into_iter().find(|spec| spec.is_default);
    let order = sort_orders(table).into_iter().find(|order| order.is_default);
    let mut overview = Overview {
        table: table.name().to_string(),
        format_version: metadata.format_version() as u8,
        table_uuid: metadata.uuid().to_string(),
        location: metadata.location().to_string(),
        metadata_location: table.metadata_location().to_string(),
        last_updated_at: Moment(metadata.last_updated_ms()),
        snapshot_id: id,
        committed_at: row.as_ref().map(|row| row.committed_at),
        operation: row.as_ref().map(|row| row.operation.clone()),
        by: row.as_ref().and_then(|row| row.by.clone()),
        record_count: total("total-records"),
        data_file_count: total("total-data-files"),
        delete_file_count: total("total-delete-files"),
        position_delete_count: total("total-position-deletes"),
        equality_delete_count: total("total-equality-deletes"),
        total_size_in_bytes: total("total-files-size"),
        snapshot_count: metadata.snapshots().len(),
        refs: refs(table)?,
        schema_id: metadata.current_schema_id(),
        column_count: metadata.current_schema().as_struct().fields().len(),
        spec_id: metadata.default_partition_spec_id(),
        partition_spec: spec.map(|spec| spec.to_string()).unwrap_or_default(),
        sort_order_id: metadata.default_sort_order_id(),
        sort_order: order.map(|order| order.to_string()).unwrap_or_default(),
        properties: metadata.properties().iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
    };
    match id {
        None => count_nothing(&mut overview),
        Some(_) if overview.record_count.is_none() || overview.data_file_count.is_none() => {
            count_manifests(&mut overview, &manifests(table, id, monitor).await?);
        }
        Some(_) => {}
    }
    Ok(overview)
}

/// A table without snapshots has no rows and no files, and that is known.
fn count_nothing(overview: &mut Overview) {
    for count in [
        &mut overview.record_count,
        &mut overview.data_file_count,
        &mut overview.delete_file_count,
        &mut overview.position_delete_count,
        &mut overview.equality_delete_count,
        &mut overview.total_size_in_bytes,
    ] {
        *count = Some(0);
    }
}

/// Sums what the manifest list says; nothing where a manifest's writer did not say.
fn count_manifests(overview: &mut Overview, manifests: &[ManifestRow]) {
    let files = |content: u8| {
        let of_content = manifests.iter().filter(|manifest| manifest.content == content);
        let live =
            |m: &ManifestRow| Some(u64::from(m.file.added_files_count?) + u64::from(m.file.existing_files_count?));
        of_content.map(live).sum::<Option<u64>>()
    };
    let data = manifests.iter().filter(|manifest| manifest.content == 0);
    let rows = |m: &ManifestRow| m.added_rows_count?.checked_add(m.existing_rows_count?);
    overview.record_count = overview.record_count.or_else(|| data.map(rows).sum());
    overview.data_file_count = overview.data_file_count.or_else(|| files(0));
    overview.delete_file_count = overview.delete_file_count.or_else(|| files(1));
}
