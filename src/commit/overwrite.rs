//! From an overwrite, a delete or a compaction to the plan of its snapshot, and what others may not have done meanwhile.

use std::collections::{BTreeMap, HashSet};

use iceberg::expr::{BoundPredicate, Predicate};
use iceberg::spec::{ManifestContentType, Operation, PartitionSpecRef};

use super::ancestry::is_ancestor;
use super::change::{Targets, Validation};
use super::conflicts::{NewDeletes, bound, conflicts, partition_conflicts, refuse};
use super::hits::{Facts, hits};
use super::snapshot::{Plan, Removed, entry};
use super::{StagedFile, branch_head};
use crate::storage::from_iceberg;
use crate::table::Table;
use crate::{Error, Result};

/// The summary property of a dynamic overwrite; cherry-picking goes by it.
pub(super) const REPLACE_PARTITIONS: &str = "replace-partitions";

/// The plan of an append.
pub(super) fn append<'a>(
    branch: &'a str,
    added: &'a [StagedFile],
    summary: &BTreeMap<String, String>,
) -> Result<Plan<'a>> {
    if added.is_empty() {
        return Err(Error::invalid("there is nothing to append").with("branch", branch));
    }
    Ok(Plan {
        branch,
        operation: Some(Operation::Append),
        added,
        sequence_number: None,
        removed: Removed::Nothing,
        news: NewDeletes::default(),
        summary: summary.clone(),
    })
}

/// The plan of an overwrite, once it is sure that nobody touched what it is about.
pub(super) async fn overwrite<'a>(
    table: &Table,
    branch: &'a str,
    added: &'a [StagedFile],
    targets: &Targets,
    validation: Option<&Validation>,
    summary: &BTreeMap<String, String>,
) -> Result<Plan<'a>> {
    let head = branch_head(table.metadata(), branch);
    let removed = removed(table, added, targets)?;
    let news = match validation {
        Some(validation) if validation.read_at != head => {
            let (since, filter) = (validation.read_at, validation.filter.as_ref());
            refuse(&match (&removed, filter) {
                (Removed::Partitions(partitions), None) => partition_conflicts(table, since, head, partitions).await?,
                (_, filter) => conflicts(table, since, head, filter.unwrap_or(&Predicate::AlwaysTrue)).await?,
            })?;
            NewDeletes::read(table, since, head).await?
        }
        _ => NewDeletes::default(),
    };
    let mut summary = summary.clone();
    let mut operation = None;
    if matches!(targets, Targets::Partitions) {
        if added.is_empty() {
            return Err(Error::invalid(
                "an overwrite of partitions takes them from the files it adds, and there are none",
            )
            .with("branch", branch));
        }
        operation = Some(Operation::Overwrite);
        summary.insert(REPLACE_PARTITIONS.into(), "true".into());
    }
    Ok(Plan { branch, operation, added, sequence_number: None, removed, news, summary })
}

fn removed(table: &Table, added: &[StagedFile], targets: &Targets) -> Result<Removed> {
    Ok(match targets {
        Targets::Files(paths) => Removed::Files(paths.iter().cloned().collect()),
        Targets::All => Removed::All,
        Targets::Partitions if table.metadata().default_partition_spec().is_unpartitioned() => Removed::All,
        Targets::Partitions => {
            Removed::Partitions(added.iter().map(|staged| (staged.spec_id, staged.file.partition().clone())).collect())
        }
        Targets::Where(filter) => Removed::Where(Box::new(bound(table.metadata(), filter)?)),
    })
}

/// The plan of a compaction: the same rows, as old as they were.
pub(super) async fn replace<'a>(
    table: &Table,
    branch: &'a str,
    added: &'a [StagedFile],
    deleted: &[String],
    read_at: i64,
    summary: &BTreeMap<String, String>,
) -> Result<Plan<'a>> {
    let metadata = table.metadata();
    let head = branch_head(metadata, branch);
    if deleted.is_empty() {
        return Err(Error::invalid("there is nothing to replace").with("branch", branch));
    }
    let Some(read) = metadata.snapshot_by_id(read_at).filter(|_| is_ancestor(metadata, head, read_at)) else {
        return Err(Error::invalid("the files were read at a snapshot that is no known ancestor of the branch's head")
            .with("branch", branch)
            .with("snapshot", read_at));
    };
    Ok(Plan {
        branch,
        operation: Some(Operation::Replace),
        added,
        sequence_number: Some(read.sequence_number()),
        removed: Removed::Files(deleted.iter().cloned().collect()),
        news: NewDeletes::read_positions(table, Some(read_at), head).await?,
        summary: summary.clone(),
    })
}

/// A live data file that a filter hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HitFile {
    /// Where it is.
    pub path: String,
    /// Rows in it.
    pub records: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// The partition spec it was written under.
    pub spec_id: i32,
}

/// The live data files that a filter hits, told from partitions and statistics alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HitFiles {
    /// Every row matches: they can go as they are.
    pub whole: Vec<HitFile>,
    /// Some rows may match: they have to be read, and written again without them.
    pub partly: Vec<HitFile>,
}

/// The live data files of a snapshot that `filter` hits. Manifests are read one at a time.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) where the filter does not fit the table, [`Kind::NotFound`](crate::Kind) for
/// an unknown snapshot, and those of the storage.
pub async fn hit_files(table: &Table, snapshot_id: i64, filter: &Predicate) -> Result<HitFiles> {
    let metadata = table.metadata();
    let filter = bound(metadata, filter)?;
    let snapshot = metadata
        .snapshot_by_id(snapshot_id)
        .ok_or_else(|| Error::not_found("the table has no such snapshot").with("snapshot", snapshot_id))?;
    let list = table.inner().manifest_list_reader(snapshot).load().await;
    let list = list.map_err(|e| from_iceberg(e, "cannot read the manifest list").with("snapshot", snapshot_id))?;
    let mut found = HitFiles::default();
    let mut seen = HashSet::new();
    for manifest in list.entries().iter().filter(|m| m.content == ManifestContentType::Data) {
        let spec_id = manifest.partition_spec_id;
        let spec = metadata.partition_spec_by_id(spec_id);
        for entry in entry::read(table, manifest).await?.1.into_iter().filter(entry::Entry::is_live) {
            if seen.insert(entry.file.file_path().to_string()) {
                found.sort(&entry, spec_id, spec, &filter);
            }
        }
    }
    Ok(found)
}

impl HitFiles {
    fn sort(&mut self, entry: &entry::Entry, spec_id: i32, spec: Option<&PartitionSpecRef>, filter: &BoundPredicate) {
        let hits = hits(filter, &Facts::new(&entry.file, spec.map(AsRef::as_ref), true));
        let to = match (hits.must, hits.may) {
            (true, _) => &mut self.whole,
            (_, true) => &mut self.partly,
            _ => return,
        };
        to.push(HitFile {
            path: entry.file.file_path().to_string(),
            records: entry.file.record_count(),
            bytes: entry.file.file_size_in_bytes(),
            spec_id,
        });
    }
}
