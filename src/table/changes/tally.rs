//! Sums over changed files: by what they hold, and by partition. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::super::Table;
use super::super::inspect::{EntryRow, PartitionValues, spec_fields};
use super::files::{Direction, FileChange};

/// Partitions told one by one.
const PARTITIONS: usize = 100_000;

/// How much of something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// Files; of deletion vectors their number.
    pub files: u64,
    /// Rows in them: of delete files the positions or keys that they name.
    pub rows: u64,
    /// Bytes of them; of deletion vectors their own.
    pub bytes: u64,
}

/// What came and what went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// Only the second snapshot has it.
    pub added: Sum,
    /// Only the first has it.
    pub removed: Sum,
}

/// Changed files by what they hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FileTotals {
    /// Data files.
    pub data: Flow,
    /// Position delete files.
    pub position_deletes: Flow,
    /// Equality delete files.
    pub equality_deletes: Flow,
    /// Deletion vectors.
    pub deletion_vectors: Flow,
}

impl FileTotals {
    /// Each kind of content by its name.
    pub fn by_content(&self) -> [(&'static str, Flow); 4] {
        [
            ("data", self.data),
            ("position deletes", self.position_deletes),
            ("equality deletes", self.equality_deletes),
            ("deletion vectors", self.deletion_vectors),
        ]
    }
}

/// Rows that came and went, counted by the data files that did. Rows of a file that was rewritten count on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// In added data files.
    pub added: u64,
    /// In removed data files.
    pub removed: u64,
    /// The difference.
    pub net: i64,
    /// Whether no delete file makes this an estimate.
    pub is_exact: bool,
    /// Why it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_because: Option<String>,
}

/// A partition with files that came or went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartitionChange {
    /// Its values; none where the table is not partitioned.
    pub partition: PartitionValues,
    /// The spec it was written under.
    pub spec_id: i32,
    /// Data files.
    pub data: Flow,
    /// Delete files and deletion vectors.
    pub deletes: Flow,
}

/// Sums while files come.
pub(super) struct Tally {
    files: FileTotals,
    partitions: BTreeMap<(i32, String), PartitionChange>,
    beyond: u64,
    /// The names of each spec's own fields: others say null.
    own: HashMap<i32, HashSet<String>>,
}

impl Tally {
    pub fn new(table: &Table) -> Self {
        let metadata = table.metadata();
        let names = |id: i32| spec_fields(metadata, id).into_iter().map(|field| field.name).collect();
        let own = metadata.partition_specs_iter().map(|spec| (spec.spec_id(), names(spec.spec_id()))).collect();
        Self { files: FileTotals::default(), partitions: BTreeMap::new(), beyond: 0, own }
    }

    pub fn add(&mut self, change: &FileChange) {
        let file = &change.entry.data_file;
        let of_content = match (file.content, file.file_format.as_str()) {
            (0, _) => &mut self.files.data,
            (1, "PUFFIN") => &mut self.files.deletion_vectors,
            (1, _) => &mut self.files.position_deletes,
            _ => &mut self.files.equality_deletes,
        };
        of_content.add(change);
        let key = (file.spec_id, file.partition.to_string());
        if self.partitions.len() >= PARTITIONS && !self.partitions.contains_key(&key) {
            self.beyond += 1;
            return;
        }
        let own = self.own.get(&file.spec_id);
        let partition = self.partitions.entry(key).or_insert_with(|| empty(&change.entry, own));
        let flow = if file.content == 0 { &mut partition.data } else { &mut partition.deletes };
        flow.add(change);
    }

    /// Rows, files, partitions, and changed files of partitions beyond those.
    pub fn told(self, doubt: Option<&'static str>) -> (Rows, FileTotals, Vec<PartitionChange>, u64) {
        let Flow { added, removed } = self.files.data;
        let net = i128::from(added.rows) - i128::from(removed.rows);
        let rows = Rows {
            added: added.rows,
            removed: removed.rows,
            net: i64::try_from(net).unwrap_or(if net < 0 { i64::MIN } else { i64::MAX }),
            is_exact: doubt.is_none(),
            estimated_because: doubt.map(str::to_string),
        };
        (rows, self.files, self.partitions.into_values().collect(), self.beyond)
    }
}

fn empty(entry: &EntryRow, own: Option<&HashSet<String>>) -> PartitionChange {
    let mut partition = entry.data_file.partition.clone();
    partition.0.retain(|value| own.is_none_or(|own| own.contains(&value.name)));
    let (data, deletes) = (Flow::default(), Flow::default());
    PartitionChange { partition, spec_id: entry.data_file.spec_id, data, deletes }
}

impl Flow {
    /// Whether nothing came or went.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn add(&mut self, change: &FileChange) {
        let file = &change.entry.data_file;
        let bytes = match file.content_size_in_bytes.and_then(|bytes| u64::try_from(bytes).ok()) {
            Some(vector) if file.content != 0 => vector,
            _ => file.file_size_in_bytes,
        };
        let sum = match change.change {
            Direction::Added => &mut self.added,
            Direction::Removed => &mut self.removed,
        };
        sum.files += 1;
        sum.rows = sum.rows.saturating_add(file.record_count);
        sum.bytes = sum.bytes.saturating_add(bytes);
    }
}
