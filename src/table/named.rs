//! Every file that a table's metadata names: what no listing may call left over. Reads manifest lists and manifests, one
//! at a time, each once however many snapshots have it; of a file's name a fingerprint is held.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use iceberg::spec::{SnapshotRef, TableMetadata};

use super::Table;
use super::inspect::read_manifest;
use crate::Result;
use crate::monitor::Monitor;
use crate::storage::Storage;

/// The files that a table's metadata names, as fingerprints: eight bytes a file and what the set takes. Two names may
/// share one, once in a great while; then a file counts as named that is not.
#[derive(Debug, Clone)]
pub struct NamedFiles {
    storage: Storage,
    prints: HashSet<u64>,
}

/// Reads what a table names: its metadata file and those of its log, the statistics files, and of every snapshot the
/// manifest list, the manifests, and the live data and delete files. What only expired snapshots named is not among them.
///
/// # Errors
/// A manifest list or manifest that cannot be read: then nobody knows what the table names. Cancellation.
pub async fn named_files(table: &Table, monitor: &Monitor) -> Result<NamedFiles> {
    let mut named = NamedFiles { storage: table.storage().clone(), prints: HashSet::new() };
    named.metadata(table.metadata(), table.metadata_location());
    for snapshot in table.metadata().snapshots() {
        named.snapshot(table, snapshot, monitor).await?;
    }
    Ok(named)
}

impl NamedFiles {
    /// Whether the table names this file, however the location is spelled.
    pub fn holds(&self, location: &str) -> bool {
        self.prints.contains(&fingerprint(&self.storage, location))
    }

    fn add(&mut self, location: &str) -> bool {
        self.prints.insert(fingerprint(&self.storage, location))
    }

    fn metadata(&mut self, metadata: &TableMetadata, location: &str) {
        self.add(location);
        // Hadoop tables find their metadata by it.
        self.add(&format!("{}/metadata/version-hint.text", metadata.location().trim_end_matches('/')));
        metadata.metadata_log().iter().for_each(|log| _ = self.add(&log.metadata_file));
        metadata.statistics_iter().for_each(|file| _ = self.add(&file.statistics_path));
        metadata.partition_statistics_iter().for_each(|file| _ = self.add(&file.statistics_path));
    }

    async fn snapshot(&mut self, table: &Table, snapshot: &SnapshotRef, monitor: &Monitor) -> Result<()> {
        if !self.add(snapshot.manifest_list()) {
            return Ok(());
        }
        let reader = table.inner().manifest_list_reader(snapshot);
        let load = async {
            let loaded = reader.load().await;
            loaded.map_err(|e| table.unreadable(e, "cannot read the manifest list", snapshot.manifest_list()))
        };
        for manifest in monitor.until(load).await?.consume_entries() {
            if !self.add(&manifest.manifest_path) {
                continue;
            }
            let entries = monitor.until(read_manifest(table, &manifest)).await?;
            entries.iter().filter(|entry| entry.is_alive()).for_each(|entry| _ = self.add(entry.file_path()));
            monitor.update(|p| p.files += 1);
        }
        Ok(())
    }
}

/// The same for every spelling of a location.
pub(crate) fn fingerprint(storage: &Storage, location: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    storage.spelled(location).hash(&mut hasher);
    hasher.finish()
}
