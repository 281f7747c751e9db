//! Rollback: a branch led back to an earlier snapshot, with what leaves it in numbers.

use std::collections::BTreeMap;

use iceberg::spec::{SnapshotReference, SnapshotRetention, TableMetadata};
use serde::Serialize;

use super::leaving::{Leaving, head_of, leaving};
use super::past::when_led_to;
use super::prepared::Prepared;
use crate::commit::{Change, Earlier, RefKind, ancestors, is_ancestor};
use crate::monitor::Monitor;
use crate::table::refs::{MAIN, current_at};
use crate::table::{Moment, Table};
use crate::{Error, Result};

/// Where a branch shall be led back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RollbackTo {
    /// A snapshot: by its id, or by the tag or branch that leads to it.
    Snapshot(String),
    /// The newest snapshot of the branch that is not younger than this.
    Time(Moment),
    /// The one before the current one.
    Before,
}

/// What else becomes as it was then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RestoreOf {
    /// The current schema.
    pub schema: bool,
    /// The default partition spec.
    pub spec: bool,
    /// All properties.
    pub properties: bool,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollbackRequest {
    /// The branch; [`MAIN`] as a rule.
    pub branch: String,
    /// Where to.
    pub to: RollbackTo,
    /// What else becomes as it was.
    pub restore: RestoreOf,
    /// A new tag that keeps the old head.
    pub tag: Option<String>,
    /// To a snapshot that is no ancestor of the branch's head, too.
    pub force: bool,
}

impl RollbackRequest {
    /// Leads `main` there, and nothing else.
    pub fn to(to: RollbackTo) -> Self {
        Self { branch: MAIN.into(), to, restore: RestoreOf::default(), tag: None, force: false }
    }
}

/// A rollback that can be shown and carried out.
#[derive(Debug, Clone, Serialize)]
pub struct RollbackPlan {
    /// The change.
    #[serde(flatten)]
    pub prepared: Prepared,
    /// When the snapshot it leads to was committed.
    pub to_committed_at: Moment,
    /// Whether that is an ancestor of the head; else it took force.
    pub is_ancestor: bool,
    /// What leaves the branch.
    pub leaving: Leaving,
    /// What else becomes as it was, each in words: `schema 2 -> 1`. Not safe to show raw.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub restored: Vec<String>,
    /// The tag that keeps the old head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// Plans a rollback of exactly this state of the table. Reads the manifests that the two snapshots do not share, and
/// older metadata files where something is to be restored.
///
/// # Errors
/// [`Kind::NotFound`](crate::Kind::NotFound) for a branch, snapshot or time that is not there,
/// [`Kind::Invalid`](crate::Kind::Invalid) for a snapshot that is no ancestor (without force) or is the head already.
pub async fn rollback(table: &Table, request: &RollbackRequest, monitor: &Monitor) -> Result<RollbackPlan> {
    let branch = request.branch.as_str();
    let metadata = table.metadata();
    let head = head_of(table, branch)?;
    let to = target(table, branch, head, &request.to)?;
    let is_ancestor = is_ancestor(metadata, Some(head), to);
    check(table, branch, head, to, is_ancestor, request.force)?;
    let mut changes = vec![moved(branch, to, is_ancestor)];
    let mut restored = Vec::new();
    if request.restore != RestoreOf::default() {
        let next = ancestors(metadata, Some(head)).find(|s| s.parent_snapshot_id() == Some(to));
        let before = next.filter(|_| is_ancestor).map(|s| Moment(s.timestamp_ms()));
        let then = when_led_to(table, branch, to, before).await?;
        changes.extend(restoring(metadata, &then, request.restore, &mut restored));
    }
    if let Some(tag) = &request.tag {
        let reference = SnapshotReference::new(head, SnapshotRetention::Tag { max_ref_age_ms: None });
        changes.push(Change::CreateRef { name: tag.clone(), reference });
    }
    let leaving = leaving(table, branch, Some(head), Some(to), request.tag.as_deref(), monitor).await?;
    let change = if changes.len() == 1 { changes.swap_remove(0) } else { Change::All(changes) };
    let to_committed_at = Moment(metadata.snapshot_by_id(to).map_or(0, |s| s.timestamp_ms()));
    let question = question(table, branch, to, to_committed_at, &leaving, &restored, request.tag.as_deref());
    let mut prepared = Prepared::new("rollback", table, branch, change, question);
    prepared.snapshot_id = Some(to);
    prepared.asks_for_name = leaving.unreachable > 0;
    prepared.notes.extend(otherwise_then(metadata, branch, to, &request.to));
    Ok(RollbackPlan { prepared, to_committed_at, is_ancestor, leaving, restored, tag: request.tag.clone() })
}

fn target(table: &Table, branch: &str, head: i64, to: &RollbackTo) -> Result<i64> {
    let metadata = table.metadata();
    match to {
        RollbackTo::Snapshot(at) => table.resolve(Some(at))?.ok_or_else(|| Error::not_found("there is no snapshot")),
        RollbackTo::Time(moment) => ancestors(metadata, Some(head))
            .find(|snapshot| snapshot.timestamp_ms() <= moment.0)
            .map(|snapshot| snapshot.snapshot_id())
            .ok_or_else(|| {
                Error::not_found("the branch has no snapshot that old").with("branch", branch).with("time", moment)
            }),
        RollbackTo::Before => {
            let parent = metadata.snapshot_by_id(head).and_then(|snapshot| snapshot.parent_snapshot_id());
            let parent = parent.ok_or_else(|| {
                Error::not_found("the branch leads to its first snapshot: there is none before").with("branch", branch)
            })?;
            if metadata.snapshot_by_id(parent).is_none() {
                return Err(Error::not_found("the snapshot before the current one was expired")
                    .with("branch", branch)
                    .with("snapshot", parent));
            }
            Ok(parent)
        }
    }
}

fn check(table: &Table, branch: &str, head: i64, to: i64, is_ancestor: bool, force: bool) -> Result<()> {
    if head == to {
        return Err(Error::invalid("the branch leads there already").with("branch", branch).with("snapshot", to));
    }
    if is_ancestor || force {
        return Ok(());
    }
    let forward = crate::commit::is_ancestor(table.metadata(), Some(to), head);
    let error = Error::invalid("a branch is rolled back to an ancestor of its head, and this snapshot is none")
        .with("table", table.name())
        .with("branch", branch)
        .with("snapshot", to);
    Err(if forward {
        error.hint(format!("it comes after the head: icedeck fast-forward {} {branch} --to {to}", table.name()))
    } else {
        let gap = "it stands on another line, or snapshots in between were expired";
        error.hint(format!("{gap}; to lead the branch there all the same: --force"))
    })
}

fn moved(branch: &str, snapshot_id: i64, is_ancestor: bool) -> Change {
    if is_ancestor {
        return Change::Rollback { branch: branch.into(), snapshot_id };
    }
    Change::SetRef { name: branch.into(), kind: RefKind::Branch, snapshot_id }
}

/// The changes that make schema, spec and properties what they were, and how to say so.
fn restoring(now: &TableMetadata, then: &TableMetadata, wanted: RestoreOf, told: &mut Vec<String>) -> Vec<Change> {
    let mut changes = Vec::new();
    let differs = |on: bool, then: i32, now: i32| (on && then != now).then_some(then);
    let earlier = Earlier {
        schema_id: differs(wanted.schema, then.current_schema_id(), now.current_schema_id()),
        spec_id: differs(wanted.spec, then.default_partition_spec_id(), now.default_partition_spec_id()),
        sort_order_id: None,
    };
    if earlier != Earlier::default() {
        told.extend(earlier.schema_id.map(|id| format!("schema {} -> {id}", now.current_schema_id())));
        told.extend(earlier.spec_id.map(|id| format!("partition spec {} -> {id}", now.default_partition_spec_id())));
        changes.push(Change::MakeCurrent(earlier));
    }
    let properties = wanted.properties.then(|| properties_back(now, then)).flatten();
    if let Some(Change::SetProperties { set, remove }) = &properties {
        told.extend(set.keys().map(|key| format!("property {key} as it was")));
        told.extend(remove.iter().map(|key| format!("property {key} removed")));
    }
    changes.extend(properties);
    changes
}

/// The change that makes all properties what they were; nothing where they are.
pub(super) fn properties_back(now: &TableMetadata, then: &TableMetadata) -> Option<Change> {
    let differs = |(key, value): &(&String, &String)| now.properties().get(*key) != Some(*value);
    let set: BTreeMap<String, String> =
        then.properties().iter().filter(differs).map(|(k, v)| (k.clone(), v.clone())).collect();
    let mut remove: Vec<String> =
        now.properties().keys().filter(|key| !then.properties().contains_key(*key)).cloned().collect();
    remove.sort_unstable();
    (!set.is_empty() || !remove.is_empty()).then_some(Change::SetProperties { set, remove })
}

fn question(
    table: &Table,
    branch: &str,
    to: i64,
    at: Moment,
    leaving: &Leaving,
    restored: &[String],
    tag: Option<&str>,
) -> String {
    let mut question = format!("lead {branch} of {} to snapshot {to} of {at}: {}", table.name(), leaving.words(branch));
    if !restored.is_empty() {
        question.push_str("; ");
        question.push_str(&restored.join(", "));
    }
    if let Some(tag) = tag {
        question.push_str(&format!("; the old head is kept as tag {tag}"));
    }
    question
}

/// What readers saw at that time may stand on a line that was rolled back since.
fn otherwise_then(metadata: &TableMetadata, branch: &str, to: i64, wanted: &RollbackTo) -> Option<String> {
    let RollbackTo::Time(moment) = wanted else { return None };
    let seen = current_at(metadata, *moment).filter(|seen| branch == MAIN && *seen != to)?;
    Some(format!("at that time readers of {branch} saw snapshot {seen}, which is not among its ancestors"))
}
