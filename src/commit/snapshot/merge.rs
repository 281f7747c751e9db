//! Merging small manifests as `commit.manifest-merge.enabled`, `commit.manifest.target-size-bytes` and
//! `commit.manifest.min-count-to-merge` say, by the rules of Iceberg Java's merge append.

use std::collections::{BTreeMap, HashMap};

use iceberg::spec::{ManifestFile, PartitionSpec, SchemaRef};

use super::Producer;
use super::entry::{self, Entry};
use crate::{Error, Result};

const ENABLED: &str = "commit.manifest-merge.enabled";
const TARGET_SIZE: &str = "commit.manifest.target-size-bytes";
const MIN_COUNT: &str = "commit.manifest.min-count-to-merge";

/// Manifests of more bytes are not merged, whatever a table asks for: their entries are held in memory.
const LARGEST: u64 = 128 << 20;

/// When manifests are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Settings {
    enabled: bool,
    /// Bytes that merged manifests have together at most.
    target_size: u64,
    /// So many, the newest among them, are merged at least.
    min_count: usize,
}

impl Settings {
    fn read(properties: &HashMap<String, String>) -> Result<Self> {
        let number = |name: &'static str, usual: u64| match properties.get(name) {
            None => Ok(usual),
            Some(text) => text.trim().parse().map_err(|_| {
                Error::invalid("a property of the table is no number").with("property", name).with("value", text)
            }),
        };
        Ok(Self {
            enabled: properties.get(ENABLED).is_none_or(|text| text.trim().eq_ignore_ascii_case("true")),
            target_size: number(TARGET_SIZE, 8 << 20)?.min(LARGEST),
            min_count: usize::try_from(number(MIN_COUNT, 100)?).unwrap_or(usize::MAX),
        })
    }
}

/// Manifests of one spec put into bins of the target size, in their order; the newest bin takes what is left over.
fn bins(manifests: Vec<ManifestFile>, target_size: u64) -> Vec<Vec<ManifestFile>> {
    let mut bins: Vec<Vec<ManifestFile>> = Vec::new();
    let mut room = 0_u64;
    for manifest in manifests.into_iter().rev() {
        let size = u64::try_from(manifest.manifest_length).unwrap_or(0);
        match bins.last_mut() {
            Some(bin) if size <= room => bin.push(manifest),
            _ => {
                bins.push(vec![manifest]);
                room = target_size;
            }
        }
        room = room.saturating_sub(size);
    }
    bins.iter_mut().for_each(|bin| bin.reverse());
    bins.reverse();
    bins
}

impl Producer<'_> {
    /// Manifests of one kind, the newest first, after the merge.
    pub(super) async fn merge(&mut self, manifests: Vec<ManifestFile>) -> Result<Vec<ManifestFile>> {
        let settings = Settings::read(self.table.metadata().properties())?;
        let Some(newest) = manifests.first().map(|manifest| manifest.manifest_path.clone()) else {
            return Ok(manifests);
        };
        if !settings.enabled {
            return Ok(manifests);
        }
        let mut by_spec: BTreeMap<i32, Vec<ManifestFile>> = BTreeMap::new();
        for manifest in manifests {
            by_spec.entry(manifest.partition_spec_id).or_default().push(manifest);
        }
        let mut merged = Vec::new();
        for group in by_spec.into_values().rev() {
            for bin in bins(group, settings.target_size) {
                let is_newest = bin.iter().any(|manifest| manifest.manifest_path == newest);
                if bin.len() == 1 || is_newest && bin.len() < settings.min_count {
                    merged.extend(bin);
                } else {
                    merged.extend(self.merged(bin).await?);
                }
            }
        }
        Ok(merged)
    }

    /// One manifest that says what these say.
    async fn merged(&mut self, bin: Vec<ManifestFile>) -> Result<Vec<ManifestFile>> {
        let Some(first) = bin.first() else { return Ok(bin) };
        let (spec_id, content) = (first.partition_spec_id, first.content);
        let Some((schema, spec)) = self.current_layout(spec_id) else { return Ok(bin) };
        let own = self.snapshot_id;
        let mut entries: Vec<Entry> = Vec::new();
        for manifest in &bin {
            let (_, read) = entry::read(self.table, manifest).await?;
            let width = spec.fields().len();
            if read.iter().any(|entry| entry.file.partition().fields().len() != width) {
                return Ok(bin);
            }
            entries.extend(read.into_iter().filter(|entry| entry.is_live() || entry.snapshot_id == own));
        }
        self.tally.replace_manifests(bin.iter().filter(|manifest| manifest.added_snapshot_id != own).count());
        Ok(vec![self.write_entries(schema, spec, content, entries).await?])
    }

    /// The current schema with a spec, where it still has the spec's columns.
    fn current_layout(&self, spec_id: i32) -> Option<(SchemaRef, PartitionSpec)> {
        let metadata = self.table.metadata();
        let (schema, spec) = (metadata.current_schema(), metadata.partition_spec_by_id(spec_id)?);
        spec.partition_type(schema).ok()?;
        Some((schema.clone(), spec.as_ref().clone()))
    }
}
