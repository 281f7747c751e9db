//! Who descends from whom, over the snapshots that a table holds and those that were expired since. Pure; a cycle in
//! broken metadata ends a walk.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use iceberg::spec::{SnapshotRef, TableMetadata};

/// What was read of a table to assess a change of it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The table as it is now.
    pub metadata: Arc<TableMetadata>,
    /// The metadata file it was read from.
    pub location: String,
    /// Snapshots that it held since the base and does not hold any more.
    pub expired: BTreeMap<i64, SnapshotRef>,
    /// Whether every snapshot added since the base is among those of the metadata and the expired ones.
    pub is_whole: bool,
    /// Where the ref has led since the base, as far as older metadata files say, oldest first.
    pub ref_stops: Vec<Option<i64>>,
    /// Whether a step of the table since the base is exactly what a request without a snapshot asked for.
    pub is_made: bool,
    /// The snapshot that brought one of the staged files, where the branch holds it; looked for only where the history does
    /// not tell.
    pub held_since: Option<i64>,
    /// What intervening snapshots touched, by snapshot id, where that was looked at.
    pub touched: BTreeMap<i64, Touched>,
}

/// What a snapshot touched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// The partitions, as people write them; an unpartitioned table has none.
    pub partitions: Vec<String>,
    /// Whether what our change is about was touched; nothing where it could not be told.
    pub touches_ours: Option<bool>,
}

/// A walk from a snapshot to its oldest known ancestor.
#[derive(Debug, Default)]
pub(super) struct Line<'a> {
    /// Newest first.
    pub snapshots: Vec<&'a SnapshotRef>,
    /// The parent that is not known; nothing where the walk came to a first snapshot.
    pub lost: Option<i64>,
}

impl<'a> Line<'a> {
    pub fn holds(&self, id: i64) -> bool {
        self.snapshots.iter().any(|snapshot| snapshot.snapshot_id() == id)
    }

    /// For asking often.
    pub fn ids(&self) -> HashSet<i64> {
        self.snapshots.iter().map(|snapshot| snapshot.snapshot_id()).collect()
    }

    /// Those that are newer than the first one for which `is_old` holds, oldest first.
    pub fn newer_than(&self, is_old: impl Fn(i64) -> bool) -> Vec<&'a SnapshotRef> {
        let newer = self.snapshots.iter().copied().take_while(|snapshot| !is_old(snapshot.snapshot_id()));
        let mut newer: Vec<_> = newer.collect();
        newer.reverse();
        newer
    }
}

impl Seen {
    /// A table without anything expired, whole.
    pub fn of(metadata: Arc<TableMetadata>, location: impl Into<String>) -> Self {
        let location = location.into();
        let (expired, ref_stops, touched) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        Self { metadata, location, expired, is_whole: true, ref_stops, is_made: false, held_since: None, touched }
    }

    /// A snapshot that the table holds or held.
    pub(super) fn snapshot(&self, id: i64) -> Option<&SnapshotRef> {
        self.metadata.snapshot_by_id(id).or_else(|| self.expired.get(&id))
    }

    pub(super) fn snapshots(&self) -> impl Iterator<Item = &SnapshotRef> {
        self.metadata.snapshots().chain(self.expired.values())
    }

    /// The snapshot that a branch or tag leads to.
    pub(super) fn ref_head(&self, name: &str) -> Option<i64> {
        self.metadata.snapshot_for_ref(name).map(|snapshot| snapshot.snapshot_id())
    }

    /// The snapshot and all its known ancestors.
    pub(super) fn line(&self, from: Option<i64>) -> Line<'_> {
        let most = self.metadata.snapshots().len() + self.expired.len();
        let mut line = Line::default();
        let mut next = from;
        while let Some(id) = next {
            let Some(snapshot) = self.snapshot(id) else {
                line.lost = Some(id);
                break;
            };
            if line.snapshots.len() == most {
                break;
            }
            line.snapshots.push(snapshot);
            next = snapshot.parent_snapshot_id();
        }
        line
    }
}

/// Whether sequence numbers prove that every snapshot added since `base_sequence` is known: each commit takes the next
/// number. Format version 1 has none, and proves nothing.
pub(super) fn none_missing(metadata: &TableMetadata, base_sequence: i64) -> bool {
    let last = metadata.last_sequence_number();
    if last == 0 {
        return false;
    }
    let since: HashSet<i64> =
        metadata.snapshots().map(|s| s.sequence_number()).filter(|n| *n > base_sequence).collect();
    i64::try_from(since.len()).is_ok_and(|known| known == last - base_sequence)
}
