//! Which files one snapshot has and the other has not, as a stream. Only manifests that one of the two has alone are
//! read, one at a time; what is held of the files in them is a fingerprint each, of so many files at once.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use iceberg::spec::{DataFile, ManifestEntryRef};
use serde::Serialize;

use super::super::Table;
use super::super::ancestry::is_ancestor;
use super::super::inspect::{Describer, EntryRow, ManifestRow, manifests, read_manifest};
use crate::Result;
use crate::monitor::Monitor;

/// Fingerprints held at once; about fifty bytes each.
const HELD: u64 = 2_000_000;
/// Entries of a chunk at most.
const CHUNK: usize = 1000;

/// Whether the second snapshot has it, or only the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Only the second snapshot has it.
    Added,
    /// Only the first has it.
    Removed,
}

/// A file that one of the two snapshots has alone.
#[derive(Debug, Clone, PartialEq)]
pub struct FileChange {
    /// Which.
    pub change: Direction,
    /// The entry that names it.
    pub entry: EntryRow,
}

/// How many manifests the two snapshots have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SharedManifests {
    /// Both have them: not read.
    pub shared: u64,
    /// Only the first has them.
    pub only_from: u64,
    /// Only the second has them.
    pub only_to: u64,
}

/// Changed files as manifests have them, some of one manifest.
pub(crate) struct RawChunk {
    pub change: Direction,
    pub manifest: Arc<str>,
    /// The partition spec that the files were written under.
    pub spec_id: i32,
    pub entries: Vec<ManifestEntryRef>,
}

/// What is being read.
#[derive(Debug, Clone, Copy)]
enum Pass {
    /// The first snapshot's files, to know them.
    Know,
    /// The second's, for what is new.
    To,
    /// The first's again, for what is gone.
    From,
}

/// The stream of changed files, as manifests have them.
#[derive(Debug)]
pub(crate) struct RawChanges {
    table: Table,
    only_from: Vec<ManifestRow>,
    only_to: Vec<ManifestRow>,
    shared: u64,
    doubt: Option<&'static str>,
    held: u64,
    round: u64,
    pass: Pass,
    left: VecDeque<ManifestRow>,
    /// Files of the first snapshot, and whether the second has them too.
    known: HashMap<u128, bool>,
}

impl RawChanges {
    /// Reads the two manifest lists.
    ///
    /// # Errors
    /// [`Kind::NotFound`](crate::Kind::NotFound) for a snapshot the table does not know, what reading the lists says.
    pub async fn open(table: &Table, from: i64, to: i64, monitor: &Monitor) -> Result<Self> {
        let before = manifests(table, Some(from), monitor).await?;
        let after = manifests(table, Some(to), monitor).await?;
        let paths = |rows: &[ManifestRow]| rows.iter().map(|row| row.path.clone()).collect::<HashSet<_>>();
        let (in_before, in_after) = (paths(&before), paths(&after));
        let (shared, only_from): (Vec<_>, Vec<_>) = before.into_iter().partition(|row| in_after.contains(&row.path));
        let only_to: Vec<_> = after.into_iter().filter(|row| !in_before.contains(&row.path)).collect();
        let grows = only_from.is_empty() && is_ancestor(table.metadata(), Some(to), from);
        Ok(Self {
            table: table.clone(),
            doubt: doubt(&shared, only_from.iter().chain(&only_to), grows),
            shared: shared.len() as u64,
            left: only_from.clone().into(),
            only_from,
            only_to,
            held: HELD,
            round: 0,
            pass: Pass::Know,
            known: HashMap::new(),
        })
    }

    /// Why the rows of changed files are not all that came or went; nothing where they are.
    pub fn doubt(&self) -> Option<&'static str> {
        self.doubt
    }

    /// The next changed files, never none; nothing at the end.
    ///
    /// # Errors
    /// A manifest that cannot be read, cancellation.
    pub async fn next(&mut self, monitor: &Monitor) -> Result<Option<RawChunk>> {
        loop {
            monitor.check()?;
            let Some(manifest) = self.left.pop_front() else {
                if !self.begin_pass() {
                    return Ok(None);
                }
                continue;
            };
            let entries = monitor.until(read_manifest(&self.table, &manifest.file)).await?;
            if let Some(chunk) = self.take(&manifest, entries) {
                monitor.update(|p| p.files += chunk.entries.len() as u64);
                return Ok(Some(chunk));
            }
        }
    }

    /// Goes on to the next pass over manifests; false where there is none. Files that have no room are left for a
    /// round of their own.
    fn begin_pass(&mut self) -> bool {
        (self.pass, self.left) = match self.pass {
            Pass::Know => (Pass::To, self.only_to.clone().into()),
            Pass::To => {
                (Pass::From, if self.known.is_empty() { VecDeque::new() } else { self.only_from.clone().into() })
            }
            Pass::From => {
                self.known.clear();
                self.round += 1;
                (Pass::Know, self.only_from.clone().into())
            }
        };
        self.round < self.rounds()
    }

    fn rounds(&self) -> u64 {
        let files: u64 = self.only_from.iter().map(live_files).fold(0, u64::saturating_add);
        files.div_ceil(self.held.max(1)).max(1)
    }

    /// What of a manifest's entries is changed.
    fn take(&mut self, manifest: &ManifestRow, mut entries: Vec<ManifestEntryRef>) -> Option<RawChunk> {
        let (round, rounds, pass) = (self.round, self.rounds(), self.pass);
        let known = &mut self.known;
        entries.retain(|entry| {
            let print = fingerprint(entry.data_file());
            if !entry.is_alive() || print % u128::from(rounds) != u128::from(round) {
                return false;
            }
            match (pass, known.get_mut(&print)) {
                (Pass::Know, _) => {
                    known.insert(print, false);
                    false
                }
                (Pass::To, None) => true,
                (Pass::To | Pass::From, Some(is_told)) => {
                    !std::mem::replace(is_told, true) && matches!(pass, Pass::From)
                }
                (Pass::From, None) => false,
            }
        });
        let change = if matches!(pass, Pass::To) { Direction::Added } else { Direction::Removed };
        let (manifest, spec_id) = (manifest.path.as_str().into(), manifest.partition_spec_id);
        (!entries.is_empty()).then_some(RawChunk { change, manifest, spec_id, entries })
    }
}

/// The files that a manifest says are in the table; one where it does not say.
fn live_files(manifest: &ManifestRow) -> u64 {
    let counts = match manifest.content {
        0 => [manifest.added_data_files_count, manifest.existing_data_files_count],
        _ => [manifest.added_delete_files_count, manifest.existing_delete_files_count],
    };
    counts.into_iter().map(|count| count.map_or(1, u64::from)).sum()
}

/// A deletion vector is named by its place inside a file, every other file by its path.
fn fingerprint(file: &DataFile) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, file.file_path(), file.content_offset()).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

/// Whether deletes make the rows of changed files another number than the rows that came and went.
fn doubt<'a>(
    shared: &[ManifestRow],
    mut unshared: impl Iterator<Item = &'a ManifestRow>,
    grows: bool,
) -> Option<&'static str> {
    let has_deletes = |row: &ManifestRow| row.content == 1 && live_files(row) > 0;
    if unshared.any(has_deletes) {
        return Some("delete files came or went, and the rows that they take away are not counted");
    }
    let old = !grows && shared.iter().any(has_deletes);
    old.then_some("the table has delete files, and rows that they had taken out of removed files are counted again")
}

/// The stream of changed files: what is added first, then what is removed.
#[derive(Debug)]
pub struct FileChanges {
    raw: RawChanges,
    describer: Describer,
    at_hand: Option<(RawHead, std::vec::IntoIter<ManifestEntryRef>)>,
}

type RawHead = (Direction, Arc<str>, i32);

impl FileChanges {
    /// Reads the two manifest lists.
    ///
    /// # Errors
    /// [`Kind::NotFound`](crate::Kind::NotFound) for a snapshot the table does not know, what reading the lists says.
    pub async fn open(table: &Table, from: i64, to: i64, monitor: &Monitor) -> Result<Self> {
        let raw = RawChanges::open(table, from, to, monitor).await?;
        Ok(Self { raw, describer: Describer::new(table), at_hand: None })
    }

    /// Holds fingerprints of so many files at once, and reads manifests again for the others.
    #[must_use]
    pub fn holding(mut self, files: u64) -> Self {
        self.raw.held = files;
        self
    }

    /// How many manifests there are, and how many have to be read.
    pub fn manifests(&self) -> SharedManifests {
        let (only_from, only_to) = (self.raw.only_from.len() as u64, self.raw.only_to.len() as u64);
        SharedManifests { shared: self.raw.shared, only_from, only_to }
    }

    /// Why the rows of changed files are not exactly the rows that came and went; nothing where they are.
    pub fn doubt(&self) -> Option<&'static str> {
        self.raw.doubt()
    }

    /// The next changed files, at most a thousand and never none; nothing at the end.
    ///
    /// # Errors
    /// A manifest that cannot be read, since a partial list would look whole; cancellation.
    pub async fn next(&mut self, monitor: &Monitor) -> Result<Option<Vec<FileChange>>> {
        loop {
            if let Some(chunk) = self.chunk() {
                return Ok(Some(chunk));
            }
            let Some(chunk) = self.raw.next(monitor).await? else { return Ok(None) };
            self.at_hand = Some(((chunk.change, chunk.manifest, chunk.spec_id), chunk.entries.into_iter()));
        }
    }

    fn chunk(&mut self) -> Option<Vec<FileChange>> {
        let ((change, manifest, spec_id), left) = self.at_hand.as_mut()?;
        let file = |entry: ManifestEntryRef| FileChange {
            change: *change,
            entry: self.describer.row(&entry, *spec_id, manifest),
        };
        let files: Vec<FileChange> = left.take(CHUNK).map(file).collect();
        (!files.is_empty()).then_some(files)
    }
}
