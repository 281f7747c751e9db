//! The summary of a snapshot: what was added and removed, the totals after it, who wrote it. Names and arithmetic are
//! those of Iceberg Java's `SnapshotSummary`, so that every reader adds up alike.

use std::collections::{BTreeMap, HashMap, HashSet};

use iceberg::spec::{DataContentType, DataFile, DataFileFormat, ManifestFile, Operation, Struct, Summary};

use crate::{Error, Result};

/// The summary property that names the ingest; the same over all attempts of one load.
pub const INGEST_ID: &str = "icedeck.ingest-id";
/// The value of `engine-name` in every summary that icedeck writes.
pub const ENGINE_NAME: &str = "icedeck";

/// Each total with what adds to it and what takes from it.
const TOTALS: [(&str, &str, &str); 6] = [
    ("total-data-files", "added-data-files", "deleted-data-files"),
    ("total-records", "added-records", "deleted-records"),
    ("total-files-size", "added-files-size", "removed-files-size"),
    ("total-delete-files", "added-delete-files", "removed-delete-files"),
    ("total-position-deletes", "added-position-deletes", "removed-position-deletes"),
    ("total-equality-deletes", "added-equality-deletes", "removed-equality-deletes"),
];

/// Counts that stand in a summary although they are zero.
const ALWAYS: [&str; 3] = ["manifests-created", "manifests-kept", "manifests-replaced"];

/// What a snapshot adds and removes, counted file by file.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: BTreeMap<&'static str, u64>,
    partitions: HashSet<(i32, Struct)>,
}

impl Tally {
    fn count(&mut self, name: &'static str, by: u64) {
        let count = self.counts.entry(name).or_default();
        *count = count.saturating_add(by);
    }

    /// A data file that comes.
    pub(crate) fn add(&mut self, file: &DataFile, spec_id: i32) {
        self.count("added-data-files", 1);
        self.count("added-records", file.record_count());
        self.count("added-files-size", file.file_size_in_bytes());
        self.partitions.insert((spec_id, file.partition().clone()));
    }

    /// A data or delete file that goes.
    pub(crate) fn remove(&mut self, file: &DataFile, spec_id: i32) {
        self.count("removed-files-size", file.file_size_in_bytes());
        self.partitions.insert((spec_id, file.partition().clone()));
        let rows = file.record_count();
        match file.content_type() {
            DataContentType::Data => {
                self.count("deleted-data-files", 1);
                self.count("deleted-records", rows);
            }
            DataContentType::PositionDeletes => {
                let is_vector = file.file_format() == DataFileFormat::Puffin;
                self.count("removed-delete-files", 1);
                self.count(if is_vector { "removed-dvs" } else { "removed-position-delete-files" }, 1);
                self.count("removed-position-deletes", rows);
            }
            DataContentType::EqualityDeletes => {
                self.count("removed-delete-files", 1);
                self.count("removed-equality-delete-files", 1);
                self.count("removed-equality-deletes", rows);
            }
        }
    }

    /// Manifests of the parent that were written again or merged into others.
    pub(crate) fn replace_manifests(&mut self, count: usize) {
        self.count("manifests-replaced", count as u64);
    }

    /// The manifests that the snapshot is made of.
    pub(crate) fn count_manifests(&mut self, manifests: &[ManifestFile], own: i64) {
        let created = manifests.iter().filter(|manifest| manifest.added_snapshot_id == own).count();
        self.count("manifests-created", created as u64);
        self.count("manifests-kept", (manifests.len() - created) as u64);
        self.count("manifests-replaced", 0);
    }

    /// Whether any file goes.
    pub(crate) fn removes(&self) -> bool {
        self.counts.contains_key("removed-files-size")
    }

    /// A compaction leaves the rows as they are; with delete files about, rows that are deleted may be left out.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) where rows would come or go.
    pub(crate) fn check_same_rows(&self, had_deletes: bool) -> Result<()> {
        let count = |name| self.counts.get(name).copied().unwrap_or(0);
        let (added, removed) = (count("added-records"), count("deleted-records"));
        if added == removed || added < removed && had_deletes {
            return Ok(());
        }
        Err(Error::invalid("a compaction must hold the rows that it replaces, no more and no fewer")
            .with("rows before", removed)
            .with("rows after", added))
    }

    /// The operation that adds and removes these.
    pub(crate) fn operation(&self) -> Operation {
        let has = |name| self.counts.get(name).is_some_and(|n| *n > 0);
        match (has("added-data-files"), has("deleted-data-files")) {
            (true, false) => Operation::Append,
            (false, true) => Operation::Delete,
            _ => Operation::Overwrite,
        }
    }

    /// The summary upon `previous`, the summary of the branch's head where the branch has one. What `given` says never
    /// shadows a computed count.
    pub(crate) fn summary(
        &self,
        operation: Operation,
        given: &BTreeMap<String, String>,
        previous: Option<&Summary>,
    ) -> Summary {
        let mut properties: HashMap<String, String> = given.clone().into_iter().collect();
        for (total, adds, takes) in TOTALS {
            properties.retain(|name, _| name != total && name != adds && name != takes);
            let by = |name| self.counts.get(name).copied().unwrap_or(0);
            let after = before(previous, total).and_then(|n| n.checked_add(by(adds))?.checked_sub(by(takes)));
            if let Some(after) = after {
                properties.insert(total.into(), after.to_string());
            }
        }
        let told = self.counts.iter().filter(|(name, n)| **n > 0 || ALWAYS.contains(name));
        properties.extend(told.map(|(name, n)| ((*name).to_string(), n.to_string())));
        properties.insert("changed-partition-count".into(), self.partitions.len().to_string());
        properties.insert("engine-name".into(), ENGINE_NAME.into());
        properties.insert("engine-version".into(), env!("CARGO_PKG_VERSION").into());
        Summary { operation, additional_properties: properties }
    }
}

/// The total before: zero on a fresh branch; nothing where the head does not say it or says nonsense, for then no
/// total can be told.
fn before(previous: Option<&Summary>, total: &str) -> Option<u64> {
    match previous {
        None => Some(0),
        Some(summary) => summary.additional_properties.get(total)?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(properties: &[(&str, &str)]) -> HashMap<String, String> {
        let properties = properties.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let parent = Summary { operation: Operation::Append, additional_properties: properties };
        let mut tally = Tally::default();
        tally.count("deleted-records", 3);
        tally.summary(Operation::Delete, &BTreeMap::new(), Some(&parent)).additional_properties
    }

    #[test]
    fn a_total_that_the_parent_lacks_is_not_invented() {
        let found = after(&[("total-data-files", "4"), ("total-records", "many")]);
        assert_eq!(found.get("total-data-files").map(String::as_str), Some("4"));
        assert!(!found.contains_key("total-records") && !found.contains_key("total-files-size"));
    }

    #[test]
    fn a_total_never_falls_below_zero() {
        assert_eq!(after(&[("total-records", "5")])["total-records"], "2");
        assert!(!after(&[("total-records", "2")]).contains_key("total-records"));
    }
}
