//! Writing what a snapshot consists of: manifests and the manifest list.

use std::collections::BTreeMap;

use iceberg::spec::{
    FormatVersion, ManifestContentType, ManifestFile, ManifestListWriter, PartitionSpec, SchemaRef,
    UNASSIGNED_SEQUENCE_NUMBER,
};

use super::check::layout;
use super::entry::{self, Entry};
use super::manifest::OpenManifest;
use super::{Producer, StagedFile};
use crate::commit::propose::discard;
use crate::storage::from_iceberg;
use crate::{Error, Result};

/// New files that one manifest names at most, so that no manifest grows without bound.
const LARGEST: usize = 10_000;

pub(super) fn failed(e: iceberg::Error) -> Error {
    from_iceberg(e, "cannot write the manifest")
}

impl Producer<'_> {
    /// A new manifest of this snapshot, empty as yet.
    pub(super) fn begin_manifest(
        &mut self,
        schema: SchemaRef,
        spec: PartitionSpec,
        content: ManifestContentType,
    ) -> Result<OpenManifest> {
        let path = format!("{}/{}-m{}.avro", self.folder, self.commit, self.manifests);
        self.manifests += 1;
        self.written.push(path.clone());
        let output = self.table.inner().file_io().new_output(path).map_err(failed)?;
        let kind = (self.table.metadata().format_version(), content);
        OpenManifest::new(output, self.snapshot_id, schema, spec, kind).map_err(failed)
    }

    /// A manifest for each partition spec among the files, the lowest spec first; more where there are very many.
    pub(super) async fn write_added(
        &mut self,
        files: &[StagedFile],
        sequence_number: Option<i64>,
    ) -> Result<Vec<ManifestFile>> {
        let mut by_spec: BTreeMap<i32, Vec<&StagedFile>> = BTreeMap::new();
        for file in files {
            by_spec.entry(file.spec_id).or_default().push(file);
        }
        let mut manifests = Vec::new();
        for group in by_spec.values().flat_map(|group| group.chunks(LARGEST)) {
            let Some(first) = group.first() else { continue };
            let (schema, spec, _) = layout(self.table.metadata(), first)?;
            let mut manifest = self.begin_manifest(schema, spec.as_ref().clone(), ManifestContentType::Data)?;
            for staged in group {
                self.tally.add(&staged.file, staged.spec_id);
                let number = sequence_number.unwrap_or(UNASSIGNED_SEQUENCE_NUMBER);
                manifest.add(staged.file.clone(), number).map_err(failed)?;
            }
            manifests.push(manifest.close().await.map_err(failed)?);
        }
        Ok(manifests)
    }

    /// Writes entries into a manifest of their own; nothing where there is nothing to tell.
    pub(super) async fn write_entries(
        &mut self,
        schema: SchemaRef,
        spec: PartitionSpec,
        content: ManifestContentType,
        entries: Vec<Entry>,
    ) -> Result<ManifestFile> {
        let own = self.snapshot_id;
        let mut manifest = self.begin_manifest(schema, spec, content)?;
        for entry in entries {
            entry.put(&mut manifest, own).map_err(failed)?;
        }
        manifest.close().await.map_err(failed)
    }

    /// Writes the manifest list. The answer is the number of row ids given out, for tables that keep row lineage.
    pub(super) async fn write_list(&mut self, path: &str, mut manifests: Vec<ManifestFile>) -> Result<Option<u64>> {
        let failed = |e| from_iceberg(e, "cannot write the manifest list");
        let metadata = self.table.metadata();
        for manifest in &mut manifests {
            self.count(manifest).await?;
        }
        self.written.push(path.to_string());
        let output = self.table.inner().file_io().new_output(path).map_err(failed)?;
        let output = output.writer().await.map_err(failed)?;
        let parent = self.parent.as_ref().map(|parent| parent.snapshot_id());
        let (id, sequence) = (self.snapshot_id, metadata.next_sequence_number());
        let first_row = metadata.next_row_id();
        let mut writer = match metadata.format_version() {
            FormatVersion::V1 => ManifestListWriter::v1(output, id, parent),
            FormatVersion::V2 => ManifestListWriter::v2(output, id, parent, sequence),
            FormatVersion::V3 => ManifestListWriter::v3(output, id, parent, sequence, Some(first_row)),
        };
        writer.add_manifests(manifests.into_iter()).map_err(failed)?;
        let added_rows = writer.next_row_id().map(|next| next.saturating_sub(first_row));
        writer.close().await.map_err(failed)?;
        Ok(added_rows)
    }

    /// Manifests of format version 1 need not say how many files and rows they name; those of later versions must.
    async fn count(&self, manifest: &mut ManifestFile) -> Result<()> {
        let told = manifest.added_files_count.is_some()
            && manifest.existing_files_count.is_some()
            && manifest.deleted_files_count.is_some()
            && manifest.added_rows_count.is_some()
            && manifest.existing_rows_count.is_some()
            && manifest.deleted_rows_count.is_some();
        if told || self.table.metadata().format_version() == FormatVersion::V1 {
            return Ok(());
        }
        let (mut files, mut rows) = ([0_u32; 3], [0_u64; 3]);
        for entry in entry::read(self.table, manifest).await?.1 {
            let at = entry.status as usize;
            if let (Some(files), Some(rows)) = (files.get_mut(at), rows.get_mut(at)) {
                *files = files.saturating_add(1);
                *rows = rows.saturating_add(entry.file.record_count());
            }
        }
        // In the order of the statuses: existing, added, deleted.
        [manifest.existing_files_count, manifest.added_files_count, manifest.deleted_files_count] = files.map(Some);
        [manifest.existing_rows_count, manifest.added_rows_count, manifest.deleted_rows_count] = rows.map(Some);
        Ok(())
    }

    /// Deletes the manifests of this attempt that were merged into others.
    pub(super) async fn drop_unused(&mut self, manifests: &[ManifestFile]) {
        let used = |path: &String| manifests.iter().any(|manifest| manifest.manifest_path == *path);
        let (used, unused) = std::mem::take(&mut self.written).into_iter().partition(used);
        self.written = used;
        discard(self.table, &unused).await;
    }
}
