//! Branches and tags: reading them out of the metadata, and the change that makes or moves one.

use iceberg::spec::{FormatVersion, MAIN_BRANCH, SnapshotReference, SnapshotRetention, TableMetadata};
use iceberg::{TableRequirement, TableUpdate};

use super::RefKind;
use super::ancestry::is_ancestor;
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

/// Whether rows can be appended to a branch of this name.
///
/// # Errors
/// [`Kind::NotFound`] for one that is not there (but `main`, which the first snapshot makes), [`Kind::Invalid`] for a tag.
pub fn check_branch(metadata: &TableMetadata, name: &str) -> Result<()> {
    branch(metadata, name).map(drop)
}

fn no_retention() -> SnapshotRetention {
    SnapshotRetention::branch(None, None, None)
}

type Parts = (Vec<TableRequirement>, Vec<TableUpdate>);

/// The requirement and the update that lead a ref to a snapshot.
pub(crate) fn set(metadata: &TableMetadata, name: &str, kind: RefKind, snapshot_id: i64) -> Result<Parts> {
    check_name(name, kind)?;
    check(metadata, name, snapshot_id)?;
    let present = refs(metadata)?.remove(name);
    let reference = led_to(name, kind, snapshot_id, present.as_ref())?;
    Ok(moved(name, present.map(|r| r.snapshot_id), reference))
}

/// A new branch or tag with its retention.
pub(crate) fn create(metadata: &TableMetadata, name: &str, reference: &SnapshotReference) -> Result<Parts> {
    check_name(name, if reference.is_branch() { RefKind::Branch } else { RefKind::Tag })?;
    check(metadata, name, reference.snapshot_id)?;
    check_retention(name, &reference.retention)?;
    if refs(metadata)?.contains_key(name) {
        return Err(Error::new(Kind::AlreadyExists, "the table has this branch or tag already").with("ref", name));
    }
    Ok(moved(name, None, reference.clone()))
}

/// Another retention for a ref that stays where it is.
pub(crate) fn retain(metadata: &TableMetadata, name: &str, retention: &SnapshotRetention) -> Result<Parts> {
    let present = existing(metadata, name)?;
    check(metadata, name, present.snapshot_id)?;
    check_retention(name, retention)?;
    if metadata.format_version() == FormatVersion::V1 {
        return Err(Error::unsupported("a table of format version 1 keeps no retention here")
            .with("ref", name)
            .hint("upgrade the table to format version 2 first"));
    }
    let reference = SnapshotReference::new(present.snapshot_id, retention.clone());
    if reference.is_branch() != present.is_branch() {
        let is = if present.is_branch() { "a branch" } else { "a tag" };
        return Err(Error::invalid(format!("this is {is}: the retention is of the other kind")).with("ref", name));
    }
    if reference == present {
        return Err(Error::invalid("this is its retention already").with("ref", name));
    }
    Ok(moved(name, Some(present.snapshot_id), reference))
}

/// Takes a ref away.
pub(crate) fn remove(metadata: &TableMetadata, name: &str) -> Result<Parts> {
    if name == MAIN_BRANCH {
        return Err(Error::invalid("main cannot be dropped: it is what readers of the table see"));
    }
    let present = existing(metadata, name)?;
    check(metadata, name, present.snapshot_id)?;
    let requirement =
        TableRequirement::RefSnapshotIdMatch { r#ref: name.into(), snapshot_id: Some(present.snapshot_id) };
    Ok((vec![requirement], vec![TableUpdate::RemoveSnapshotRef { ref_name: name.into() }]))
}

/// Leads a branch back to an ancestor of its head.
pub(crate) fn rollback(metadata: &TableMetadata, name: &str, snapshot_id: i64) -> Result<Parts> {
    check(metadata, name, snapshot_id)?;
    let target = branch(metadata, name)?;
    if !is_ancestor(metadata, target.head, snapshot_id) {
        return Err(Error::invalid("a branch is rolled back to an ancestor of its head, and this is none")
            .with("branch", name)
            .with("snapshot", snapshot_id)
            .hint("to lead the branch there all the same, set it"));
    }
    to(name, target, snapshot_id)
}

/// Leads a branch forward to a descendant of its head.
pub(crate) fn fast_forward(metadata: &TableMetadata, name: &str, snapshot_id: i64) -> Result<Parts> {
    check(metadata, name, snapshot_id)?;
    let target = branch(metadata, name)?;
    if target.head.is_some_and(|head| !is_ancestor(metadata, Some(snapshot_id), head)) {
        return Err(Error::invalid("a branch is led forward to a descendant of its head, and this is none")
            .with("branch", name)
            .with("snapshot", snapshot_id));
    }
    to(name, target, snapshot_id)
}

fn to(name: &str, target: Branch, snapshot_id: i64) -> Result<Parts> {
    if target.head == Some(snapshot_id) {
        return Err(Error::invalid("it leads there already").with("ref", name).with("snapshot", snapshot_id));
    }
    Ok(moved(name, target.head, SnapshotReference::new(snapshot_id, target.retention)))
}

fn moved(name: &str, from: Option<i64>, reference: SnapshotReference) -> Parts {
    let requirement = TableRequirement::RefSnapshotIdMatch { r#ref: name.into(), snapshot_id: from };
    (vec![requirement], vec![TableUpdate::SetSnapshotRef { ref_name: name.into(), reference }])
}

fn existing(metadata: &TableMetadata, name: &str) -> Result<SnapshotReference> {
    let present = refs(metadata)?.remove(name);
    present.ok_or_else(|| Error::not_found("the table has no such branch or tag").with("ref", name))
}

/// Whether the format keeps such a ref, and the table has the snapshot.
fn check(metadata: &TableMetadata, name: &str, snapshot_id: i64) -> Result<()> {
    if metadata.format_version() == FormatVersion::V1 && name != MAIN_BRANCH {
        return Err(Error::unsupported("a table of format version 1 keeps no branches and tags here")
            .with("ref", name)
            .hint("upgrade the table to format version 2 first"));
    }
    if metadata.snapshot_by_id(snapshot_id).is_none() {
        return Err(Error::not_found("the table has no such snapshot").with("snapshot", snapshot_id));
    }
    Ok(())
}

fn check_retention(name: &str, retention: &SnapshotRetention) -> Result<()> {
    let (age, keep, snapshots) = match retention {
        SnapshotRetention::Branch { max_ref_age_ms, min_snapshots_to_keep, max_snapshot_age_ms } => {
            (*max_ref_age_ms, *min_snapshots_to_keep, *max_snapshot_age_ms)
        }
        SnapshotRetention::Tag { max_ref_age_ms } => (*max_ref_age_ms, None, None),
    };
    let wrong = |what: &str| Err(Error::invalid(format!("{what} must be more than zero")).with("ref", name));
    if age.is_some_and(|age| age <= 0) {
        return wrong("the age of a ref");
    }
    if keep.is_some_and(|keep| keep <= 0) {
        return wrong("the number of snapshots to keep");
    }
    if snapshots.is_some_and(|age| age <= 0) {
        return wrong("the age of snapshots");
    }
    if name == MAIN_BRANCH && age.is_some() {
        return Err(Error::invalid("main never expires: it takes no age of its own"));
    }
    Ok(())
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
