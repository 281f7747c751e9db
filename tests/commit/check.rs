//! What must be true of every snapshot, whatever made it: read back from its Avro files entry by entry.

use std::collections::{BTreeMap, HashSet};

use iceberg::spec::{FormatVersion, ManifestContentType, ManifestEntry, ManifestFile, ManifestStatus, SnapshotRef};
use icedeck::table::Table;

/// One entry as it stands in its manifest, inherited numbers filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub path: String,
    pub status: u8,
    pub snapshot: i64,
    pub sequence: i64,
    pub file_sequence: i64,
    pub is_data: bool,
}

pub async fn manifests(table: &Table, snapshot: &SnapshotRef) -> Vec<ManifestFile> {
    table.inner().manifest_list_reader(snapshot).load().await.unwrap().entries().to_vec()
}

async fn entries(table: &Table, manifest: &ManifestFile) -> Vec<std::sync::Arc<ManifestEntry>> {
    manifest.load_manifest(table.inner().file_io()).await.unwrap().into_parts().0
}

/// Every entry of a snapshot, in order.
pub async fn lines(table: &Table, snapshot: &SnapshotRef) -> Vec<Line> {
    let mut found = Vec::new();
    for manifest in manifests(table, snapshot).await {
        for entry in entries(table, &manifest).await {
            found.push(Line {
                path: entry.file_path().to_string(),
                status: entry.status() as u8,
                snapshot: entry.snapshot_id().unwrap(),
                sequence: entry.sequence_number().unwrap(),
                file_sequence: entry.file_sequence_number.unwrap(),
                is_data: manifest.content == ManifestContentType::Data,
            });
        }
    }
    found
}

/// Checks a snapshot's manifests, entries and totals against each other and returns its live data files, sorted.
pub async fn sound(table: &Table, snapshot: &SnapshotRef) -> Vec<String> {
    let id = snapshot.snapshot_id();
    let mut live = Vec::new();
    let mut seen_dead = HashSet::new();
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    let mut rows: Vec<(i64, u64)> = Vec::new();
    for manifest in manifests(table, snapshot).await {
        let entries = entries(table, &manifest).await;
        counts_agree(&manifest, &entries);
        assert!(manifest.sequence_number <= snapshot.sequence_number());
        assert!(
            manifest.added_snapshot_id == id || entries.iter().any(|e| e.is_alive()),
            "a manifest of another snapshot that names nothing alive"
        );
        let mut next_row = manifest.first_row_id;
        for entry in entries {
            numbers_agree(table, snapshot, &entry);
            let file = entry.data_file();
            if !entry.is_alive() {
                assert_eq!(entry.snapshot_id(), Some(manifest.added_snapshot_id), "an old removal is told again");
                assert!(seen_dead.insert((entry.snapshot_id(), file.file_path().to_string())), "removed twice");
                continue;
            }
            let is_data = manifest.content == ManifestContentType::Data;
            *totals.entry(if is_data { "total-data-files" } else { "total-delete-files" }).or_default() += 1;
            *totals.entry("total-files-size").or_default() += file.file_size_in_bytes();
            if is_data {
                *totals.entry("total-records").or_default() += file.record_count();
                live.push(file.file_path().to_string());
                let first = file.first_row_id().or_else(|| {
                    let first = next_row?;
                    next_row = Some(first + file.record_count());
                    Some(first as i64)
                });
                rows.extend(first.map(|first| (first, file.record_count())));
            }
        }
    }
    live.sort();
    assert!(live.windows(2).all(|pair| pair[0] != pair[1]), "a file is live twice: {live:?}");
    for total in ["total-data-files", "total-delete-files", "total-files-size", "total-records"] {
        let told = snapshot.summary().additional_properties.get(total).map(|n| n.parse::<u64>().unwrap());
        assert_eq!(told, Some(totals.get(total).copied().unwrap_or(0)), "{total}");
    }
    if table.metadata().format_version() == FormatVersion::V3 {
        row_ids_are_apart(table, live.len(), rows);
    }
    live
}

fn counts_agree(manifest: &ManifestFile, entries: &[std::sync::Arc<ManifestEntry>]) {
    let of = |status: ManifestStatus| {
        let these = entries.iter().filter(move |e| e.status() == status);
        (Some(these.clone().count() as u32), Some(these.map(|e| e.record_count()).sum::<u64>()))
    };
    assert_eq!((manifest.added_files_count, manifest.added_rows_count), of(ManifestStatus::Added));
    assert_eq!((manifest.existing_files_count, manifest.existing_rows_count), of(ManifestStatus::Existing));
    assert_eq!((manifest.deleted_files_count, manifest.deleted_rows_count), of(ManifestStatus::Deleted));
    let oldest = entries.iter().filter(|e| e.is_alive()).filter_map(|e| e.sequence_number()).min();
    if let Some(oldest) = oldest {
        assert_eq!(manifest.min_sequence_number, oldest);
    }
}

/// Numbers of an entry are those of the snapshot that added the file.
fn numbers_agree(table: &Table, snapshot: &SnapshotRef, entry: &ManifestEntry) {
    let (sequence, file_sequence) = (entry.sequence_number().unwrap(), entry.file_sequence_number.unwrap());
    assert!(sequence <= file_sequence && file_sequence <= snapshot.sequence_number());
    if entry.is_alive()
        && let Some(by) = table.metadata().snapshot_by_id(entry.snapshot_id().unwrap())
    {
        assert_eq!(file_sequence, by.sequence_number(), "{}", entry.file_path());
    }
}

fn row_ids_are_apart(table: &Table, files: usize, mut rows: Vec<(i64, u64)>) {
    assert_eq!(rows.len(), files, "every file has row ids");
    rows.sort_unstable();
    for pair in rows.windows(2) {
        assert!(pair[0].0 + pair[0].1 as i64 <= pair[1].0, "row ids overlap: {pair:?}");
    }
    if let Some((first, count)) = rows.last() {
        assert!(*first as u64 + count <= table.metadata().next_row_id());
    }
}

/// Checks the current snapshot.
pub async fn sound_now(table: &Table) -> Vec<String> {
    sound(table, table.metadata().current_snapshot().unwrap()).await
}

/// The id of the first row of each live data file that has row ids.
pub async fn first_rows(table: &Table, snapshot: &SnapshotRef) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    for manifest in manifests(table, snapshot).await {
        let mut next = manifest.first_row_id.map(|first| first as i64);
        for entry in entries(table, &manifest).await.iter().filter(|entry| entry.is_alive()) {
            let file = entry.data_file();
            let first = file.first_row_id().or(next);
            if file.first_row_id().is_none() {
                next = next.map(|next| next + file.record_count() as i64);
            }
            found.extend(first.map(|first| (file.file_path().to_string(), first)));
        }
    }
    found
}
