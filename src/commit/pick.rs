//! Cherry-picking: the changes of a snapshot that stands elsewhere, made once more at the head of a branch. The rules
//! are those of Iceberg Java's `CherryPickOperation`; write-audit-publish stands on it.

use std::collections::{BTreeMap, HashSet};

use iceberg::spec::{DataContentType, ManifestStatus, Operation, SnapshotRef, Struct, TableMetadata};

use super::StagedFile;
use super::ancestry::{ancestors, between, is_ancestor};
use super::conflicts::{NewDeletes, own_entries, own_manifests};
use super::overwrite::REPLACE_PARTITIONS;
use super::propose::proposal;
use super::refs;
use super::snapshot::entry::{self, with_first_row};
use super::snapshot::{self, Plan, Removed};
use crate::catalog::Proposal;
use crate::env::Env;
use crate::storage::from_iceberg;
use crate::table::Table;
use crate::{Error, Kind, Result};

const SOURCE: &str = "source-snapshot-id";
const STAGED_WAP: &str = "wap.id";
const PUBLISHED_WAP: &str = "published-wap-id";

/// What a snapshot changed.
struct Picked {
    added: Vec<StagedFile>,
    removed: HashSet<String>,
}

/// Proposes the changes of a snapshot at the head of a branch.
pub(super) async fn propose(
    table: &Table,
    branch: &str,
    snapshot_id: i64,
    given: &BTreeMap<String, String>,
    env: &Env,
) -> Result<Proposal> {
    let metadata = table.metadata();
    let picked = metadata
        .snapshot_by_id(snapshot_id)
        .ok_or_else(|| Error::not_found("the table has no such snapshot").with("snapshot", snapshot_id))?;
    let target = refs::branch(metadata, branch)?;
    refuse_what_is_there(metadata, target.head, picked)?;
    if picked.parent_snapshot_id() == target.head {
        return forward(table, branch, snapshot_id);
    }
    let is_overwrite = replaces_partitions(picked);
    if picked.summary().operation != Operation::Append && !is_overwrite {
        return Err(Error::unsupported("only an append or an overwrite of whole partitions can be picked")
            .with("snapshot", snapshot_id)
            .with("operation", picked.summary().operation.as_str())
            .hint("where the branch stood at its parent, the branch could be led to it"));
    }
    let changes = read(table, picked).await?;
    if is_overwrite {
        refuse_changed_partitions(table, picked, target.head, &changes.added).await?;
    } else {
        refuse_live(table, target.head, &changes.added).await?;
    }
    let plan = Plan {
        branch,
        operation: Some(if is_overwrite { Operation::Overwrite } else { Operation::Append }),
        added: &changes.added,
        sequence_number: None,
        removed: if changes.removed.is_empty() { Removed::Nothing } else { Removed::Files(changes.removed) },
        news: NewDeletes::default(),
        summary: summary(picked, given),
    };
    snapshot::propose(table, plan, env).await
}

fn forward(table: &Table, branch: &str, snapshot_id: i64) -> Result<Proposal> {
    let (requirements, updates) = refs::fast_forward(table.metadata(), branch, snapshot_id)?;
    Ok(proposal(table, requirements, updates))
}

fn replaces_partitions(snapshot: &SnapshotRef) -> bool {
    let says = snapshot.summary().additional_properties.get(REPLACE_PARTITIONS);
    snapshot.summary().operation == Operation::Overwrite && says.is_some_and(|says| says.eq_ignore_ascii_case("true"))
}

fn summary(picked: &SnapshotRef, given: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut summary = given.clone();
    summary.insert(SOURCE.into(), picked.snapshot_id().to_string());
    if let Some(wap) = staged_wap(picked) {
        summary.insert(PUBLISHED_WAP.into(), wap.to_string());
    }
    if replaces_partitions(picked) {
        summary.insert(REPLACE_PARTITIONS.into(), "true".into());
    }
    summary
}

fn staged_wap(snapshot: &SnapshotRef) -> Option<&str> {
    snapshot.summary().additional_properties.get(STAGED_WAP).map(String::as_str).filter(|id| !id.is_empty())
}

/// Neither the snapshot, nor one picked from it, nor one of the same WAP id may be in the branch.
fn refuse_what_is_there(metadata: &TableMetadata, head: Option<i64>, picked: &SnapshotRef) -> Result<()> {
    let id = picked.snapshot_id().to_string();
    let wap = staged_wap(picked);
    for ancestor in ancestors(metadata, head) {
        let says = |name: &str| ancestor.summary().additional_properties.get(name).map(String::as_str);
        let why = if ancestor.snapshot_id() == picked.snapshot_id() {
            "the snapshot is in the branch already"
        } else if says(SOURCE) == Some(&id) {
            "the snapshot was picked into the branch already"
        } else if wap.is_some() && (says(STAGED_WAP) == wap || says(PUBLISHED_WAP) == wap) {
            "a snapshot of this WAP id is in the branch already"
        } else {
            continue;
        };
        return Err(Error::new(Kind::AlreadyExists, why)
            .with("snapshot", picked.snapshot_id())
            .with("found", ancestor.snapshot_id()));
    }
    Ok(())
}

/// The live data files of a snapshot that are named by these paths, as they can be added to a branch again: with row ids
/// of their own. Manifests are read one at a time.
///
/// # Errors
/// [`Kind::NotFound`] for an unknown snapshot, and those of the storage.
pub async fn files_again(table: &Table, snapshot_id: i64, paths: &HashSet<String>) -> Result<Vec<StagedFile>> {
    let metadata = table.metadata();
    let snapshot = metadata
        .snapshot_by_id(snapshot_id)
        .ok_or_else(|| Error::not_found("the table has no such snapshot").with("snapshot", snapshot_id))?;
    let schema_id = snapshot.schema_id().unwrap_or_else(|| metadata.current_schema_id());
    let list = table.inner().manifest_list_reader(snapshot).load().await;
    let list = list.map_err(|e| from_iceberg(e, "cannot read the manifest list").with("snapshot", snapshot_id))?;
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    for manifest in list.entries() {
        for entry in entry::read(table, manifest).await?.1.into_iter().filter(entry::Entry::is_live) {
            let path = entry.file.file_path();
            let is_data = entry.file.content_type() == DataContentType::Data;
            if is_data && paths.contains(path) && seen.insert(path.to_string()) {
                let file = with_first_row(&entry.file, None)?;
                found.push(StagedFile { file, spec_id: manifest.partition_spec_id, schema_id });
            }
        }
    }
    Ok(found)
}

/// The files that a snapshot added and removed.
async fn read(table: &Table, picked: &SnapshotRef) -> Result<Picked> {
    let metadata = table.metadata();
    let schema_id = picked.schema_id().unwrap_or_else(|| metadata.current_schema_id());
    let mut found = Picked { added: Vec::new(), removed: HashSet::new() };
    for manifest in own_manifests(table, picked).await? {
        for entry in own_entries(table, &manifest, picked.snapshot_id()).await? {
            if entry.file.content_type() != DataContentType::Data {
                return Err(Error::unsupported("the snapshot has delete files, which cannot be picked")
                    .with("snapshot", picked.snapshot_id())
                    .with("file", entry.file.file_path()));
            }
            if entry.status == ManifestStatus::Deleted {
                found.removed.insert(entry.file.file_path().to_string());
            } else {
                // Its rows get ids of their own in this branch.
                let file = with_first_row(&entry.file, None)?;
                found.added.push(StagedFile { file, spec_id: manifest.partition_spec_id, schema_id });
            }
        }
    }
    Ok(found)
}

/// An overwrite of partitions can be picked where nobody added rows to them since, and only onto a descendant of what
/// it was made upon.
async fn refuse_changed_partitions(
    table: &Table,
    picked: &SnapshotRef,
    head: Option<i64>,
    added: &[StagedFile],
) -> Result<()> {
    let metadata = table.metadata();
    let parent = picked.parent_snapshot_id();
    if parent.is_some_and(|parent| !is_ancestor(metadata, head, parent)) {
        return Err(Error::invalid("the overwrite was not made upon an ancestor of the branch's head")
            .with("snapshot", picked.snapshot_id()));
    }
    let partitions: HashSet<(i32, &Struct)> = added.iter().map(|f| (f.spec_id, f.file.partition())).collect();
    for snapshot in between(metadata, parent, head)? {
        for manifest in own_manifests(table, &snapshot).await? {
            for entry in own_entries(table, &manifest, snapshot.snapshot_id()).await? {
                let partition = (manifest.partition_spec_id, entry.file.partition());
                if entry.is_live() && partitions.contains(&partition) {
                    return Err(Error::new(Kind::Unavailable, "a partition that it overwrites has changed since")
                        .with("snapshot", snapshot.snapshot_id())
                        .with("file", entry.file.file_path()));
                }
            }
        }
    }
    Ok(())
}

/// A file may be in a branch once.
async fn refuse_live(table: &Table, head: Option<i64>, added: &[StagedFile]) -> Result<()> {
    let Some(head) = head.and_then(|id| table.metadata().snapshot_by_id(id)) else { return Ok(()) };
    let added: HashSet<&str> = added.iter().map(|staged| staged.file.file_path()).collect();
    let list = table.inner().manifest_list_reader(head).load().await;
    let list = list.map_err(|e| from_iceberg(e, "cannot read the manifest list of the branch's head"))?;
    for manifest in list.entries() {
        let (_, entries) = entry::read(table, manifest).await?;
        if let Some(entry) = entries.iter().find(|e| e.is_live() && added.contains(e.file.file_path())) {
            return Err(Error::new(Kind::AlreadyExists, "a file of the snapshot is in the branch already")
                .with("file", entry.file.file_path()));
        }
    }
    Ok(())
}
