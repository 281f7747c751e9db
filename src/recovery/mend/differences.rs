//! What two states of a table differ in, and the changes that make the newer one like the older. Pure.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use iceberg::spec::{SnapshotReference, TableMetadata};

use super::rollback::properties_back;
use crate::Result;
use crate::commit::{Change, Earlier, RefKind};
use crate::table::refs::refs;
use crate::words::many;

/// What a change did, and how it can be taken back.
#[derive(Debug, Default)]
pub(super) struct Differences {
    /// What takes it back.
    pub changes: Vec<Change>,
    /// What it did and will be taken back, in words.
    pub undone: Vec<String>,
    /// What it did and cannot be taken back, in words.
    pub lost: Vec<String>,
    /// What to hear beside.
    pub notes: Vec<String>,
}

/// Whether two states are the same to everybody who reads or writes the table.
pub(super) fn is_same_state(a: &TableMetadata, b: &TableMetadata) -> bool {
    let same_refs = match (refs(a), refs(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    };
    same_refs
        && a.uuid() == b.uuid()
        && a.current_schema_id() == b.current_schema_id()
        && a.default_partition_spec_id() == b.default_partition_spec_id()
        && a.default_sort_order_id() == b.default_sort_order_id()
        && a.properties() == b.properties()
        && a.location() == b.location()
        && a.format_version() == b.format_version()
}

/// What changed from `then` to `now`.
///
/// # Errors
/// Those of [`refs`].
pub(super) fn differences(then: &TableMetadata, now: &TableMetadata) -> Result<Differences> {
    let mut found = Differences::default();
    let (old, new) = (refs(then)?, refs(now)?);
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        found.reference(now, name, &old, &new);
    }
    found.layout(then, now);
    if let Some(back) = properties_back(now, then) {
        if let Change::SetProperties { set, remove } = &back {
            found.undone.extend(set.keys().chain(remove).map(|key| format!("property {key}")));
        }
        found.changes.push(back);
    }
    if then.location() != now.location() {
        found.undone.push(format!("location {} -> {}", then.location(), now.location()));
        found.changes.push(Change::SetLocation(then.location().into()));
    }
    if then.format_version() != now.format_version() {
        found.lost.push(format!("the format version stays {}, it is never lowered", now.format_version()));
    }
    found.snapshots(then, now, &new);
    Ok(found)
}

impl Differences {
    fn reference(
        &mut self,
        now: &TableMetadata,
        name: &str,
        old: &BTreeMap<String, SnapshotReference>,
        new: &BTreeMap<String, SnapshotReference>,
    ) {
        let is_known = |found: &SnapshotReference| now.snapshot_by_id(found.snapshot_id).is_some();
        match (old.get(name), new.get(name)) {
            (Some(then), _) if old.get(name) != new.get(name) && !is_known(then) => {
                self.lost.push(format!("snapshot {}, where {name} led, was expired", then.snapshot_id));
            }
            (Some(then), Some(now)) if then.snapshot_id != now.snapshot_id => {
                if then.is_branch() != now.is_branch() {
                    return self.lost.push(format!("{name} was a branch and is a tag, or the other way round"));
                }
                let kind = if then.is_branch() { RefKind::Branch } else { RefKind::Tag };
                self.undone.push(format!("{name}: snapshot {} -> {}", then.snapshot_id, now.snapshot_id));
                self.changes.push(Change::SetRef { name: name.into(), kind, snapshot_id: then.snapshot_id });
                if then.retention != now.retention {
                    self.lost.push(format!("how long {name} is kept stays as it is now"));
                }
            }
            (Some(then), Some(now)) if then != now => {
                self.undone.push(format!("how long {name} is kept"));
                self.changes.push(Change::Retain { name: name.into(), retention: then.retention.clone() });
            }
            (Some(then), None) => {
                self.undone.push(format!("{name} dropped, which led to snapshot {}", then.snapshot_id));
                self.changes.push(Change::CreateRef { name: name.into(), reference: then.clone() });
            }
            (None, Some(_)) if name == crate::table::refs::MAIN => {
                self.lost.push("it was the first snapshot of main, and main cannot be dropped".into());
            }
            (None, Some(made)) => {
                self.undone.push(format!("{name} made at snapshot {}", made.snapshot_id));
                self.changes.push(Change::DropRef { name: name.into() });
            }
            _ => {}
        }
    }

    /// Schema, spec and sort order: older ones are made current again, where the table still knows them.
    fn layout(&mut self, then: &TableMetadata, now: &TableMetadata) {
        let mut earlier = Earlier::default();
        let (old, new) = (then.current_schema_id(), now.current_schema_id());
        if old != new && self.knows(now.schema_by_id(old).is_some(), "schema", old, new) {
            earlier.schema_id = Some(old);
        }
        let (old, new) = (then.default_partition_spec_id(), now.default_partition_spec_id());
        if old != new && self.knows(now.partition_spec_by_id(old).is_some(), "partition spec", old, new) {
            earlier.spec_id = Some(old);
        }
        let (old, new) = (then.default_sort_order_id(), now.default_sort_order_id());
        if old != new && self.knows(now.sort_order_by_id(old).is_some(), "sort order", old, new) {
            earlier.sort_order_id = Some(old);
        }
        if earlier != Earlier::default() {
            self.changes.push(Change::MakeCurrent(earlier));
        }
    }

    fn knows(&mut self, is_known: bool, what: &str, then: impl std::fmt::Display, now: impl std::fmt::Display) -> bool {
        if is_known {
            self.undone.push(format!("{what} {then} -> {now}"));
        } else {
            self.lost.push(format!("the table does not know {what} {then} any more"));
        }
        is_known
    }

    fn snapshots(&mut self, then: &TableMetadata, now: &TableMetadata, refs: &BTreeMap<String, SnapshotReference>) {
        let expired = then.snapshots().filter(|s| now.snapshot_by_id(s.snapshot_id()).is_none()).count();
        if expired > 0 {
            self.lost.push(format!("{} expired", many(expired as u64, "snapshot")));
        }
        let heads: HashSet<i64> = refs.values().map(|found| found.snapshot_id).collect();
        let is_new = |id: i64| then.snapshot_by_id(id).is_none() && !heads.contains(&id);
        let aside = now.snapshots().filter(|s| is_new(s.snapshot_id())).count();
        if aside > 0 {
            self.notes.push(format!("{} added that no branch leads to stay", many(aside as u64, "snapshot")));
        }
    }
}
