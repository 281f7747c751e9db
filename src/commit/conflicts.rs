//! What others did to the rows that a change is about, told from the manifests they wrote: no data file is opened.

use std::collections::HashSet;
use std::sync::Arc;

use iceberg::expr::{Bind, BoundPredicate, Predicate};
use iceberg::spec::{
    DataContentType, DataFile, ManifestFile, ManifestStatus, Operation, PartitionSpec, SnapshotRef, Struct,
    TableMetadata,
};

use super::ancestry::between;
use super::hits::{Facts, hits};
use super::snapshot::entry::{self, Entry};
use crate::storage::from_iceberg;
use crate::table::Table;
use crate::{Error, Kind, Result};

/// Files that a message names at most.
const NAMED: usize = 5;

/// How a file got into the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictKind {
    /// New rows that the filter may match.
    AddedRows,
    /// New delete files that may concern such rows.
    AddedDeletes,
    /// A file with such rows was removed.
    RemovedRows,
}

/// One file that someone else added or removed since the base, and that the filter may hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The snapshot that did it.
    pub snapshot_id: i64,
    /// How it got into the way.
    pub kind: ConflictKind,
    /// The data or delete file.
    pub file: String,
    /// The rows in it.
    pub records: u64,
}

/// The files that snapshots after `since` up to `head` added or removed and that `filter` may hit, oldest first.
/// Compactions count for nothing: they leave the rows as they were.
///
/// Manifests are read one at a time; no data file is opened.
///
/// # Errors
/// [`Kind::Invalid`] where the filter does not fit the table's columns or `since` is no known ancestor of `head`, and
/// those of the storage.
pub async fn conflicts(
    table: &Table,
    since: Option<i64>,
    head: Option<i64>,
    filter: &Predicate,
) -> Result<Vec<Conflict>> {
    let filter = bound(table.metadata(), filter)?;
    let specs = table.metadata();
    let touches = |entry: &Entry, spec_id: i32| {
        let spec = specs.partition_spec_by_id(spec_id).map(AsRef::as_ref);
        let is_data = entry.file.content_type() == DataContentType::Data;
        hits(&filter, &Facts::new(&entry.file, spec, is_data)).may
    };
    between_them(table, since, head, &touches).await
}

/// As [`conflicts`], for a change of whole partitions, each named with the id of its spec. Files of a spec that is not
/// among them count as well: nobody knows which partition they belong to.
///
/// # Errors
/// As [`conflicts`].
pub async fn partition_conflicts(
    table: &Table,
    since: Option<i64>,
    head: Option<i64>,
    partitions: &HashSet<(i32, Struct)>,
) -> Result<Vec<Conflict>> {
    let specs: HashSet<i32> = partitions.iter().map(|(spec_id, _)| *spec_id).collect();
    let touches = |entry: &Entry, spec_id: i32| {
        !specs.contains(&spec_id) || partitions.contains(&(spec_id, entry.file.partition().clone()))
    };
    between_them(table, since, head, &touches).await
}

async fn between_them(
    table: &Table,
    since: Option<i64>,
    head: Option<i64>,
    touches: &(dyn Fn(&Entry, i32) -> bool + Sync),
) -> Result<Vec<Conflict>> {
    let mut found = Vec::new();
    for snapshot in between(table.metadata(), since, head)? {
        if snapshot.summary().operation == Operation::Replace {
            continue;
        }
        let id = snapshot.snapshot_id();
        for manifest in own_manifests(table, &snapshot).await? {
            let entries = own_entries(table, &manifest, id).await?;
            let hit = entries.iter().filter(|entry| touches(entry, manifest.partition_spec_id));
            found.extend(hit.filter_map(|entry| conflict(entry, id)));
        }
    }
    Ok(found)
}

/// What an entry that a snapshot wrote means for the rows of a change.
fn conflict(entry: &Entry, snapshot_id: i64) -> Option<Conflict> {
    let is_data = entry.file.content_type() == DataContentType::Data;
    let kind = match (entry.status, is_data) {
        (ManifestStatus::Added, true) => ConflictKind::AddedRows,
        (ManifestStatus::Added, false) => ConflictKind::AddedDeletes,
        (ManifestStatus::Deleted, true) => ConflictKind::RemovedRows,
        _ => return None,
    };
    Some(Conflict { snapshot_id, kind, file: entry.file.file_path().to_string(), records: entry.file.record_count() })
}

/// A filter bound to the table's columns, free of negations.
pub(crate) fn bound(metadata: &TableMetadata, filter: &Predicate) -> Result<BoundPredicate> {
    let bound = filter.clone().rewrite_not().bind(metadata.current_schema().clone(), true);
    bound.map_err(|e| Error::invalid(format!("the filter does not fit the table: {}", e.message())).caused_by(e))
}

/// Refuses a change whose rows others have touched, naming some of the files.
pub(crate) fn refuse(conflicts: &[Conflict]) -> Result<()> {
    let Some(first) = conflicts.first() else { return Ok(()) };
    let files: Vec<&str> = conflicts.iter().take(NAMED).map(|c| c.file.as_str()).collect();
    let more = conflicts.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Err(Error::new(Kind::Unavailable, "others have changed rows that this change is about")
        .with("files", format!("{}{more}", files.join(", ")))
        .with("snapshot", first.snapshot_id)
        .hint("read the table again and plan the change anew"))
}

/// The manifests that a snapshot wrote itself.
pub(crate) async fn own_manifests(table: &Table, snapshot: &SnapshotRef) -> Result<Vec<ManifestFile>> {
    let list = table.inner().manifest_list_reader(snapshot).load().await;
    let list = list.map_err(|e| {
        from_iceberg(e, "cannot read the manifest list of a snapshot").with("snapshot", snapshot.snapshot_id())
    })?;
    let own = |manifest: &&ManifestFile| manifest.added_snapshot_id == snapshot.snapshot_id();
    Ok(list.entries().iter().filter(own).cloned().collect())
}

/// The entries by which a snapshot added or removed files.
pub(crate) async fn own_entries(table: &Table, manifest: &ManifestFile, snapshot_id: i64) -> Result<Vec<Entry>> {
    let (_, mut entries) = entry::read(table, manifest).await?;
    entries.retain(|entry| entry.snapshot_id == snapshot_id && entry.status != ManifestStatus::Existing);
    Ok(entries)
}

/// Delete files that were added after rows were read. A file whose rows were read before and are written again without
/// regard to them would bring deleted rows back.
#[derive(Debug, Default)]
pub(crate) struct NewDeletes(Vec<NewDelete>);

#[derive(Debug)]
struct NewDelete {
    spec_id: i32,
    spec: Option<Arc<PartitionSpec>>,
    sequence_number: i64,
    file: DataFile,
}

impl NewDeletes {
    /// Position deletes and deletion vectors alone: equality deletes go on to concern rows that keep their age.
    pub(crate) async fn read_positions(table: &Table, since: Option<i64>, head: Option<i64>) -> Result<Self> {
        let mut all = Self::read(table, since, head).await?;
        all.0.retain(|delete| delete.file.content_type() == DataContentType::PositionDeletes);
        Ok(all)
    }

    /// Those added after `since` up to `head`.
    pub(crate) async fn read(table: &Table, since: Option<i64>, head: Option<i64>) -> Result<Self> {
        let mut found = Vec::new();
        for snapshot in between(table.metadata(), since, head)? {
            for manifest in own_manifests(table, &snapshot).await? {
                if manifest.content == iceberg::spec::ManifestContentType::Data {
                    continue;
                }
                let spec = table.metadata().partition_spec_by_id(manifest.partition_spec_id).cloned();
                let entries = own_entries(table, &manifest, snapshot.snapshot_id()).await?;
                found.extend(entries.into_iter().filter(Entry::is_live).map(|entry| NewDelete {
                    spec_id: manifest.partition_spec_id,
                    spec: spec.clone(),
                    sequence_number: entry.sequence_number,
                    file: entry.file,
                }));
            }
        }
        Ok(Self(found))
    }

    /// Refuses to write this data file's rows again where one of these deletes concerns it.
    pub(crate) fn refuse_for(&self, data: &Entry, spec_id: i32) -> Result<()> {
        match self.0.iter().find(|delete| delete.concerns(data, spec_id)) {
            None => Ok(()),
            Some(delete) => Err(Error::new(
                Kind::Unavailable,
                "rows of a file were deleted after it was read: they would come back",
            )
            .with("file", data.file.file_path())
            .with("deletes", delete.file.file_path())
            .hint("read the table again and plan the change anew")),
        }
    }
}

impl NewDelete {
    /// By sequence number and partition, as the specification has it ("Scan Planning").
    fn concerns(&self, data: &Entry, spec_id: i32) -> bool {
        let same = self.spec_id == spec_id && self.file.partition() == data.file.partition();
        if self.file.content_type() == DataContentType::EqualityDeletes {
            let global = self.spec.as_ref().is_some_and(|spec| spec.is_unpartitioned());
            return self.sequence_number > data.sequence_number && (global || same);
        }
        let about = self.file.referenced_data_file();
        self.sequence_number >= data.sequence_number && same && about.is_none_or(|about| about == data.file.file_path())
    }
}
