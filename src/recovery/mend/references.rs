//! Branches and tags: made with their retention, dropped, led forward. What is dropped or left is said in numbers.

use iceberg::spec::{SnapshotReference, SnapshotRetention};
use serde::Serialize;

use super::leaving::{Leaving, head_of, leaving};
use super::prepared::Prepared;
use crate::commit::{Change, RefKind, is_ancestor};
use crate::monitor::Monitor;
use crate::table::Table;
use crate::words::many;
use crate::{Error, Result};

/// How long a branch or tag is kept, and what it leads to; what is left out is the table's to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Its own age at most, in milliseconds.
    pub max_ref_age_ms: Option<i64>,
    /// Of a branch: snapshots kept at least.
    pub min_snapshots_to_keep: Option<i32>,
    /// Of a branch: the age of its snapshots at most, in milliseconds.
    pub max_snapshot_age_ms: Option<i64>,
}

/// A change of a branch or tag that can be shown and carried out.
#[derive(Debug, Clone, Serialize)]
pub struct RefPlan {
    /// The change.
    #[serde(flatten)]
    pub prepared: Prepared,
    /// `branch` or `tag`.
    pub kind: &'static str,
    /// What leaves it, or comes to it; nothing where it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaving: Option<Leaving>,
}

/// The word for a kind of ref, which is also the verb that changes one.
fn word(kind: RefKind) -> &'static str {
    match kind {
        RefKind::Branch => "branch",
        RefKind::Tag => "tag",
    }
}

impl Retention {
    fn of(self, kind: RefKind, name: &str) -> Result<SnapshotRetention> {
        let Self { max_ref_age_ms, min_snapshots_to_keep, max_snapshot_age_ms } = self;
        match kind {
            RefKind::Branch => {
                Ok(SnapshotRetention::Branch { min_snapshots_to_keep, max_snapshot_age_ms, max_ref_age_ms })
            }
            RefKind::Tag if min_snapshots_to_keep.is_none() && max_snapshot_age_ms.is_none() => {
                Ok(SnapshotRetention::Tag { max_ref_age_ms })
            }
            RefKind::Tag => Err(Error::invalid("a tag keeps one snapshot: it has an age of its own and nothing else")
                .with("tag", name)
                .hint("give only --max-ref-age")),
        }
    }
}

/// Plans a new branch or tag at a snapshot: a ref, an id, a time; the current one where nothing is said.
///
/// # Errors
/// [`Kind::NotFound`](crate::Kind::NotFound) where there is no such snapshot, [`Kind::AlreadyExists`](crate::Kind) where
/// the name is taken, [`Kind::Invalid`](crate::Kind::Invalid) for a retention that cannot be.
pub fn create_ref(table: &Table, kind: RefKind, name: &str, at: Option<&str>, retention: Retention) -> Result<RefPlan> {
    if table.refs()?.contains_key(name) {
        let taken = Error::new(crate::Kind::AlreadyExists, "the table has a branch or tag of this name already");
        return Err(taken.with("table", table.name()).with("ref", name));
    }
    let snapshot_id = table.resolve(at)?.ok_or_else(|| {
        Error::not_found("the table has no snapshot yet that a branch or tag could lead to").with("table", table.name())
    })?;
    let reference = SnapshotReference::new(snapshot_id, retention.of(kind, name)?);
    let question = format!("make {} {name} of {} at snapshot {snapshot_id}", word(kind), table.name());
    let change = Change::CreateRef { name: name.into(), reference };
    let mut prepared = Prepared::new(word(kind), table, name, change, question);
    prepared.snapshot_id = Some(snapshot_id);
    Ok(RefPlan { prepared, kind: word(kind), leaving: None })
}

/// Plans dropping a branch or tag; what nothing else leads to needs the table's name.
///
/// # Errors
/// [`Kind::NotFound`](crate::Kind::NotFound) where there is none, [`Kind::Invalid`](crate::Kind::Invalid) where it is of
/// the other kind.
pub async fn drop_ref(table: &Table, kind: RefKind, name: &str, monitor: &Monitor) -> Result<RefPlan> {
    let found = table.refs()?.get(name).cloned().ok_or_else(|| {
        Error::not_found(format!("the table has no such {}", word(kind)))
            .with("table", table.name())
            .with(word(kind), name)
    })?;
    if found.is_branch() != (kind == RefKind::Branch) {
        let is = if found.is_branch() { "branch" } else { "tag" };
        return Err(Error::invalid(format!("this is a {is}"))
            .with("ref", name)
            .hint(format!("icedeck {is} drop {} {name}", table.name())));
    }
    let leaving = leaving(table, name, Some(found.snapshot_id), None, None, monitor).await?;
    let mut question = format!("drop {} {name} of {}", word(kind), table.name());
    if leaving.unreachable > 0 {
        question.push_str(&format!(": nothing else leads to {}", many(leaving.unreachable as u64, "snapshot")));
    }
    let mut prepared = Prepared::new(word(kind), table, name, Change::DropRef { name: name.into() }, question);
    prepared.asks_for_name = leaving.unreachable > 0;
    prepared.snapshot_id = None;
    Ok(RefPlan { prepared, kind: word(kind), leaving: Some(leaving) })
}

/// Plans leading a branch forward to a descendant of its head: to another branch (which publishes that), a tag, an id.
///
/// # Errors
/// [`Kind::NotFound`](crate::Kind::NotFound) for a branch or snapshot that is not there,
/// [`Kind::Invalid`](crate::Kind::Invalid) where it is no descendant, with the way out.
pub async fn fast_forward(table: &Table, branch: &str, to: &str, monitor: &Monitor) -> Result<RefPlan> {
    let head = head_of(table, branch)?;
    let snapshot_id =
        table.resolve(Some(to))?.ok_or_else(|| Error::not_found("there is no snapshot").with("at", to))?;
    let refused = |why: &str| {
        Error::invalid(why.to_string()).with("table", table.name()).with("branch", branch).with("snapshot", snapshot_id)
    };
    if head == snapshot_id {
        return Err(refused("the branch leads there already"));
    }
    if is_ancestor(table.metadata(), Some(head), snapshot_id) {
        return Err(refused(
            "the branch stands on it already: it is led forward to a descendant of its head, and this is an ancestor",
        )
        .hint(format!("back to it: icedeck rollback {} --branch {branch} --to {snapshot_id}", table.name())));
    }
    if !is_ancestor(table.metadata(), Some(snapshot_id), head) {
        let why = "a branch is led forward to a descendant of its head, and this is none: both went on by themselves";
        let name = table.name();
        return Err(refused(why)
            .hint(format!("pick its snapshots one by one: icedeck cherry-pick {name} SNAPSHOT --branch {branch}")));
    }
    let leaving = leaving(table, branch, Some(head), Some(snapshot_id), None, monitor).await?;
    let question =
        format!("lead {branch} of {} forward to snapshot {snapshot_id}: {}", table.name(), leaving.words(branch));
    let change = Change::FastForward { branch: branch.into(), snapshot_id };
    let mut prepared = Prepared::new("fast-forward", table, branch, change, question);
    prepared.snapshot_id = Some(snapshot_id);
    Ok(RefPlan { prepared, kind: "branch", leaving: Some(leaving) })
}
