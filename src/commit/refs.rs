//! Branches and tags: reading them out of the metadata, and the change that makes or moves one.

use iceberg::spec::{FormatVersion, MAIN_BRANCH, SnapshotReference, SnapshotRetention, TableMetadata};
use iceberg::{TableRequirement, TableUpdate};

use super::RefKind;
use crate::table::refs::refs;
use crate::{Error, Kind, Result};

/// The snapshot that a branch leads to; nothing where the branch (or `main` before the first snapshot) is absent.
pub fn branch_head(metadata: &TableMetadata, branch: &str) -> Option<i64> {
    metadata.snapshot_for_ref(branch).map(|snapshot| snapshot.snapshot_id())
}

/// A branch to append to: its head and its retention, which a commit must not lose.
pub(crate) struct Branch {
    pub(crate) head: Option<i64>,
    pub(crate) retention: SnapshotRetention,
}

/// Looks a branch up. `main` may be absent; any other must exist and be a branch.
pub(crate) fn branch(metadata: &TableMetadata, name: &str) -> Result<Branch> {
    match refs(metadata)?.remove(name) {
        Some(found) if found.is_branch() => Ok(Branch { head: Some(found.snapshot_id), retention: found.retention }),
        Some(_) => {
            Err(Error::invalid("a tag cannot be appended to").with("tag", name).hint("name a branch, or leave it out"))
        }
        None if name == MAIN_BRANCH => Ok(Branch { head: None, retention: no_retention() }),
        None => Err(Error::not_found("the table has no such branch")
            .with("branch", name)
            .hint("make it first, or leave it out for main")),
    }
}

fn no_retention() -> SnapshotRetention {
    SnapshotRetention::branch(None, None, None)
}

/// The requirement and the update that lead a ref to a snapshot.
pub(crate) fn set(
    metadata: &TableMetadata,
    name: &str,
    kind: RefKind,
    snapshot_id: i64,
) -> Result<(Vec<TableRequirement>, Vec<TableUpdate>)> {
    check_name(name, kind)?;
    if metadata.format_version() == FormatVersion::V1 && name != MAIN_BRANCH {
        return Err(Error::unsupported("a table of format version 1 keeps no branches and tags here")
            .with("ref", name)
            .hint("upgrade the table to format version 2 first"));
    }
    if metadata.snapshot_by_id(snapshot_id).is_none() {
        return Err(Error::not_found("the table has no such snapshot").with("snapshot", snapshot_id));
    }
    let present = refs(metadata)?.remove(name);
    let reference = led_to(name, kind, snapshot_id, present.as_ref())?;
    let requirement =
        TableRequirement::RefSnapshotIdMatch { r#ref: name.into(), snapshot_id: present.map(|r| r.snapshot_id) };
    Ok((vec![requirement], vec![TableUpdate::SetSnapshotRef { ref_name: name.into(), reference }]))
}

fn led_to(name: &str, kind: RefKind, id: i64, present: Option<&SnapshotReference>) -> Result<SnapshotReference> {
    match present {
        Some(old) if old.is_branch() != (kind == RefKind::Branch) => {
            let is = if old.is_branch() { "a branch" } else { "a tag" };
            Err(Error::new(Kind::AlreadyExists, format!("the name is taken by {is}")).with("ref", name))
        }
        Some(old) if old.snapshot_id == id => {
            Err(Error::invalid("it leads there already").with("ref", name).with("snapshot", id))
        }
        Some(old) => Ok(SnapshotReference::new(id, old.retention.clone())),
        None if kind == RefKind::Tag => Ok(SnapshotReference::new(id, SnapshotRetention::Tag { max_ref_age_ms: None })),
        None => Ok(SnapshotReference::new(id, no_retention())),
    }
}

fn check_name(name: &str, kind: RefKind) -> Result<()> {
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(Error::invalid("a ref needs a name without control characters").with("ref", name.escape_debug()));
    }
    if name == MAIN_BRANCH && kind == RefKind::Tag {
        return Err(Error::invalid("main is a branch, it cannot be a tag"));
    }
    Ok(())
}
