//! Carrying the parent's manifests over: as they are where nothing in them goes, written again where something does.

use std::collections::HashSet;

use iceberg::spec::{ManifestFile, ManifestMetadata};

use super::entry::{self, Entry};
use super::removal::{Removal, facts};
use super::{Producer, StagedFile};
use crate::{Error, Kind, Result};

impl Producer<'_> {
    /// The manifests of data after the removal.
    pub(super) async fn carry_data(
        &mut self,
        manifests: Vec<ManifestFile>,
        removal: &mut Removal,
        added: &[StagedFile],
    ) -> Result<Vec<ManifestFile>> {
        let added: HashSet<&str> = added.iter().map(|staged| staged.file.file_path()).collect();
        let mut kept = Vec::with_capacity(manifests.len());
        for manifest in manifests {
            if removal.is_settled() {
                kept.push(manifest);
                continue;
            }
            let spec_id = manifest.partition_spec_id;
            let spec = self.table.metadata().partition_spec_by_id(spec_id).cloned();
            let (metadata, entries) = entry::read(self.table, &manifest).await?;
            let mut goes = Vec::with_capacity(entries.len());
            for entry in &entries {
                if entry.is_live() && added.contains(entry.file.file_path()) {
                    return Err(Error::new(Kind::AlreadyExists, "a file that is to be added is in the branch already")
                        .with("file", entry.file.file_path()));
                }
                goes.push(entry.is_live() && removal.takes(entry, spec_id, &facts(&entry.file, spec.as_ref()))?);
            }
            kept.extend(self.carried(manifest, metadata, entries, &goes).await?);
        }
        Ok(kept)
    }

    /// The manifests of deletes after the removal. Deletes older than every data file that is left go with the rest.
    pub(super) async fn carry_deletes(
        &mut self,
        manifests: Vec<ManifestFile>,
        data: &[ManifestFile],
        sequence_number: Option<i64>,
        removal: &Removal,
    ) -> Result<Vec<ManifestFile>> {
        if removal.is_nothing() {
            return Ok(manifests);
        }
        let next = sequence_number.unwrap_or_else(|| self.table.metadata().next_sequence_number());
        let live = data.iter().filter(|manifest| manifest.has_added_files() || manifest.has_existing_files());
        let oldest = live.map(|manifest| manifest.min_sequence_number).filter(|n| *n >= 0).fold(next, i64::min);
        let mut kept = Vec::with_capacity(manifests.len());
        for manifest in manifests {
            let spec_id = manifest.partition_spec_id;
            let spec = self.table.metadata().partition_spec_by_id(spec_id).cloned();
            let (metadata, entries) = entry::read(self.table, &manifest).await?;
            let goes = |entry: &Entry| {
                entry.is_live() && removal.takes_deletes(entry, spec_id, oldest, &facts(&entry.file, spec.as_ref()))
            };
            let goes: Vec<bool> = entries.iter().map(goes).collect();
            kept.extend(self.carried(manifest, metadata, entries, &goes).await?);
        }
        Ok(kept)
    }

    /// The manifest itself where nothing goes, else another that says so.
    async fn carried(
        &mut self,
        manifest: ManifestFile,
        metadata: ManifestMetadata,
        entries: Vec<Entry>,
        goes: &[bool],
    ) -> Result<Option<ManifestFile>> {
        if !entries.iter().any(Entry::is_live) {
            return Ok(None);
        }
        if !goes.contains(&true) {
            return Ok(Some(manifest));
        }
        let spec_id = manifest.partition_spec_id;
        let mut written = Vec::with_capacity(entries.len());
        for (entry, goes) in entries.into_iter().zip(goes) {
            if *goes {
                self.tally.remove(&entry.file, spec_id);
                written.push(entry.removed(self.snapshot_id));
            } else if entry.is_live() {
                written.push(entry);
            }
        }
        self.tally.replace_manifests(1);
        // Under its own schema: bounds of columns that the current one has lost are kept.
        let (schema, spec) = (metadata.schema().clone(), metadata.partition_spec().clone());
        let spec = spec.with_spec_id(spec_id);
        self.write_entries(schema, spec, manifest.content, written).await.map(Some)
    }
}
