//! Entries of manifests with everything filled in that a manifest leaves to be inherited: snapshot ids, sequence
//! numbers and the ids of first rows, so that they can be written into another manifest unchanged.

use std::sync::Arc;

use iceberg::spec::{DataFile, ManifestEntry, ManifestFile, ManifestMetadata, ManifestStatus};

use super::manifest::OpenManifest;
use crate::storage::from_iceberg;
use crate::table::{Table, manifest};
use crate::{Error, Result};

/// One entry, complete.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) status: ManifestStatus,
    /// The snapshot that added the file, or removed it where the status says so.
    pub(crate) snapshot_id: i64,
    /// The data sequence number; negative where the snapshot that is being made will give it.
    pub(crate) sequence_number: i64,
    pub(crate) file_sequence_number: i64,
    pub(crate) file: DataFile,
}

impl Entry {
    pub(crate) fn is_live(&self) -> bool {
        self.status != ManifestStatus::Deleted
    }

    /// Writes it as a manifest of the snapshot `own` must say it: what `own` added or removed stays so, what older
    /// snapshots added is there, and what they removed is not told again.
    pub(crate) fn put(self, into: &mut OpenManifest, own: i64) -> iceberg::Result<()> {
        let Self { status, snapshot_id, sequence_number, file_sequence_number, file } = self;
        match status {
            ManifestStatus::Added if snapshot_id == own => into.add(file, sequence_number),
            ManifestStatus::Deleted if snapshot_id == own => into.remove(file, sequence_number, file_sequence_number),
            ManifestStatus::Deleted => Ok(()),
            _ => into.keep(file, snapshot_id, sequence_number, file_sequence_number),
        }
    }

    /// The same file, removed by the snapshot `own`.
    pub(crate) fn removed(self, own: i64) -> Self {
        Self { status: ManifestStatus::Deleted, snapshot_id: own, ..self }
    }
}

/// Reads a manifest whole: what it says of itself, and its entries.
pub(crate) async fn read(table: &Table, manifest: &ManifestFile) -> Result<(ManifestMetadata, Vec<Entry>)> {
    let loaded = manifest::load(table, manifest).await;
    let loaded =
        loaded.map_err(|e| from_iceberg(e, "cannot read the manifest").with("file", &manifest.manifest_path))?;
    let (raw, metadata) = loaded.into_parts();
    let mut next_row = manifest.first_row_id;
    let mut entries = Vec::with_capacity(raw.len());
    for entry in raw {
        let entry = complete(entry, &mut next_row).map_err(|e| e.with("manifest", &manifest.manifest_path))?;
        entries.push(entry);
    }
    Ok((metadata, entries))
}

fn complete(entry: Arc<ManifestEntry>, next_row: &mut Option<u64>) -> Result<Entry> {
    let entry = Arc::unwrap_or_clone(entry);
    let lacks = |what: &str| {
        Error::corrupt(format!("a manifest does not say the {what} of a file"))
            .with("file", entry.data_file.file_path())
    };
    let snapshot_id = entry.snapshot_id.ok_or_else(|| lacks("snapshot"))?;
    let sequence_number = entry.sequence_number.ok_or_else(|| lacks("sequence number"))?;
    // Writers of the time before file sequence numbers gave both the same one.
    let file_sequence_number = entry.file_sequence_number.unwrap_or(sequence_number);
    let status = entry.status;
    let mut file = entry.data_file;
    if status != ManifestStatus::Deleted
        && file.first_row_id().is_none()
        && let Some(first) = *next_row
    {
        *next_row = first.checked_add(file.record_count());
        file = with_first_row(&file, i64::try_from(first).ok())?;
    }
    Ok(Entry { status, snapshot_id, sequence_number, file_sequence_number, file })
}

/// The same file with another first row id.
pub(crate) fn with_first_row(file: &DataFile, first_row_id: Option<i64>) -> Result<DataFile> {
    let mut builder = manifest::rebuild(file);
    builder.first_row_id(first_row_id);
    builder.build().map_err(|e| Error::bug("a data file cannot be described again").caused_by(e))
}
