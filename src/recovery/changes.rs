//! What others did since the base, in the words of the operator and in those of the table of verdicts. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use iceberg::spec::{Operation, Snapshot, TableMetadata};

use super::assessment::{ChangeKind, Intervening};
use super::compatible::obstacle;
use super::intent::{Intent, Want};
use super::lineage::{Line, Seen};
use super::verdict::Theirs;
use crate::table::inspect::author;
use crate::table::{Moment, refs};

/// One thing that others did.
#[derive(Debug)]
pub(super) struct Found {
    pub change: Intervening,
    /// Its column in the table of verdicts; nothing where it cannot matter to any change.
    pub theirs: Option<Theirs>,
    /// Whether the staged files still go with the table in spite of it.
    pub can_replay: bool,
}

/// Everything since the base, newest last: where the branch went, its new snapshots, then what changed beside them.
pub(super) fn since(intent: &Intent, base: Option<&TableMetadata>, seen: &Seen) -> Vec<Found> {
    let mut found = Vec::new();
    branch(intent, seen, &mut found);
    schema(intent, seen, &mut found);
    spec(intent, seen, &mut found);
    if let Some(base) = base {
        if intent.is_of_last_change {
            other_refs(&intent.branch, base, &seen.metadata, &mut found);
        }
        beside(base, &seen.metadata, &mut found);
    }
    found
}

/// Branches and tags that this is not about. They matter to what is about the last change of the table, whatever that was.
fn other_refs(ours: &str, base: &TableMetadata, now: &TableMetadata, found: &mut Vec<Found>) {
    let heads = |of: &TableMetadata| -> BTreeMap<String, i64> {
        let refs = refs::refs(of).unwrap_or_default();
        refs.into_iter().map(|(name, to)| (name, to.snapshot_id)).collect()
    };
    let (then, now) = (heads(base), heads(now));
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).filter(|name| *name != ours).collect();
    for name in names {
        let what = match (then.get(name), now.get(name)) {
            (then, now) if then == now => continue,
            (None, Some(id)) => format!("{name} was made and leads to snapshot {id}"),
            (_, Some(id)) => format!("{name} leads to snapshot {id}"),
            (_, None) => format!("{name} is gone"),
        };
        found.push(Found { change: Intervening::of(ChangeKind::Ref, what), theirs: None, can_replay: true });
    }
}

fn branch(intent: &Intent, seen: &Seen, found: &mut Vec<Found>) {
    let (name, base) = (&intent.branch, intent.base.snapshot_id);
    let head = seen.ref_head(name);
    if head == base {
        return;
    }
    if intent.want == Want::Metadata {
        let new = seen.line(head).newer_than(|id| Some(id) == base).into_iter().map(|new| snapshot(seen, new));
        // No snapshot stands in the way of a change of columns, layout or properties.
        return found.extend(new.map(|new| Found { theirs: None, can_replay: true, ..new }));
    }
    let Some(head) = head else {
        let change = Intervening::of(ChangeKind::BranchDropped, format!("{name} is gone"));
        return found.push(Found { change, theirs: Some(Theirs::Gone), can_replay: false });
    };
    let line = seen.line(Some(head));
    let Some(base) = base else {
        if matches!(intent.want, Want::Ref { .. }) {
            let what = format!("{name} was made meanwhile and leads to snapshot {head}");
            let change = Intervening { snapshot_id: Some(head), ..Intervening::of(ChangeKind::Ref, what) };
            return found.push(Found { change, theirs: Some(Theirs::RolledBack), can_replay: true });
        }
        return found.extend(line.newer_than(|_| false).into_iter().map(|new| snapshot(seen, new)));
    };
    if line.holds(base) {
        return found.extend(line.newer_than(|id| id == base).into_iter().map(|new| snapshot(seen, new)));
    }
    led_away(intent, base, head, &line, seen, found);
}

/// The base is not among the ancestors of the branch: it was led away, or the ancestors are not known any more.
fn led_away(intent: &Intent, base: i64, head: i64, line: &Line<'_>, seen: &Seen, found: &mut Vec<Found>) {
    let name = &intent.branch;
    let before = seen.line(Some(base)).ids();
    let fork = line.snapshots.iter().map(|s| s.snapshot_id()).find(|id| before.contains(id));
    let what = match (fork, line.lost) {
        (Some(fork), _) if fork == head => format!("{name} was led back to snapshot {head}, before the base {base}"),
        (Some(fork), _) => {
            format!("{name} was led back to snapshot {fork}, before the base {base}, and went on from there")
        }
        (None, Some(lost)) => {
            format!("{name} cannot be followed back to the base {base}: snapshot {lost} was expired")
        }
        (None, None) => format!("{name} was led to snapshot {head}, which has nothing in common with the base {base}"),
    };
    let change = Intervening { snapshot_id: Some(fork.unwrap_or(head)), ..Intervening::of(ChangeKind::Rollback, what) };
    found.push(Found { change, theirs: Some(Theirs::RolledBack), can_replay: true });
    if fork.is_some() {
        let new = line.newer_than(|id| Some(id) == fork);
        found.extend(new.into_iter().map(|new| snapshot(seen, new)));
    }
}

/// What a summary says of a snapshot, read in one pass: there may be thousands of them.
#[derive(Default)]
struct Told<'a> {
    counts: [Option<u64>; 6],
    app_id: Option<&'a String>,
}

/// The counts that are read: rows, then files added, then files removed.
const COUNTS: [&str; 6] = [
    "added-records",
    "deleted-records",
    "added-data-files",
    "added-delete-files",
    "deleted-data-files",
    "removed-delete-files",
];
const APP_IDS: [&str; 4] = ["spark.app.id", "flink.job-id", "trino_query_id", "app-id"];

fn read(summary: &HashMap<String, String>) -> Told<'_> {
    let mut told = Told::default();
    for (key, value) in summary {
        if let Some(count) = COUNTS.iter().zip(&mut told.counts).find_map(|(name, at)| (key == name).then_some(at)) {
            *count = value.parse().ok();
        } else if APP_IDS.contains(&key.as_str()) {
            told.app_id = Some(value);
        }
    }
    told
}

fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    if a.is_none() { b } else { a.map(|a| a.saturating_add(b.unwrap_or_default())) }
}

fn snapshot(seen: &Seen, snapshot: &Snapshot) -> Found {
    let id = snapshot.snapshot_id();
    let touched = seen.touched.get(&id);
    let summary = &snapshot.summary().additional_properties;
    let Told { counts: [added_rows, removed_rows, data, deletes, gone, undeleted], app_id } = read(summary);
    let touches_ours = touched.and_then(|t| t.touches_ours);
    let change = Intervening {
        snapshot_id: Some(id),
        operation: Some(snapshot.summary().operation.as_str().to_string()),
        committed_at: Some(Moment(snapshot.timestamp_ms())),
        engine: author(summary.iter()),
        app_id: app_id.cloned(),
        added_rows,
        removed_rows,
        added_files: sum(data, deletes),
        removed_files: sum(gone, undeleted),
        partitions: touched.map(|t| t.partitions.clone()),
        touches_ours,
        ..Intervening::of(ChangeKind::Snapshot, String::new())
    };
    let on_ours = touches_ours != Some(false);
    let theirs = match snapshot.summary().operation {
        Operation::Append => Theirs::Append { on_ours },
        Operation::Replace => Theirs::Replace,
        Operation::Overwrite | Operation::Delete => Theirs::Overwrite { on_ours },
    };
    let change = Intervening { what: told(snapshot, &change), ..change };
    Found { change, theirs: Some(theirs), can_replay: true }
}

/// `snapshot 8264 by spark (overwrite, 100 rows added, 40 rows removed) touched the same partitions`.
fn told(snapshot: &Snapshot, change: &Intervening) -> String {
    let touch = match (&snapshot.summary().operation, change.touches_ours) {
        (Operation::Overwrite | Operation::Delete, Some(true)) => " touched the same rows or partitions",
        (Operation::Overwrite | Operation::Delete, None) => " may have touched the same rows",
        _ => "",
    };
    let mut told = format!("snapshot {}", snapshot.snapshot_id());
    if let Some(engine) = &change.engine {
        told.push_str(" by ");
        told.push_str(engine);
    }
    told.push_str(" (");
    told.push_str(snapshot.summary().operation.as_str());
    for (rows, what) in [(change.added_rows, "rows added"), (change.removed_rows, "rows removed")] {
        if let Some(rows) = rows.filter(|rows| *rows > 0) {
            told.push_str(&format!(", {rows} {what}"));
        }
    }
    told.push(')');
    told.push_str(touch);
    told
}

fn schema(intent: &Intent, seen: &Seen, found: &mut Vec<Found>) {
    let (then, now) = (intent.base.schema_id, seen.metadata.current_schema_id());
    if then == now {
        return;
    }
    let obstacle = match seen.metadata.schema_by_id(then) {
        None => Some(format!("the table has lost schema {then}, under which the files were written")),
        Some(old) => obstacle(old, seen.metadata.current_schema()),
    };
    let what = match &obstacle {
        None => format!("the schema changed from {then} to {now}; what was written goes with it"),
        Some(why) => format!("the schema changed from {then} to {now}: {why}"),
    };
    let can_replay = obstacle.is_none() || !intent.want.makes_snapshot();
    let theirs = if obstacle.is_none() { Theirs::CompatibleSchema } else { Theirs::OtherLayout };
    found.push(Found { change: Intervening::of(ChangeKind::Schema, what), theirs: Some(theirs), can_replay });
}

fn spec(intent: &Intent, seen: &Seen, found: &mut Vec<Found>) {
    let (then, now) = (intent.base.spec_id, seen.metadata.default_partition_spec_id());
    if then != now {
        let what = format!("the partition spec changed from {then} to {now}");
        let can_replay = !intent.want.makes_snapshot();
        let theirs = Some(Theirs::OtherLayout);
        found.push(Found { change: Intervening::of(ChangeKind::Spec, what), theirs, can_replay });
    }
}

/// What changed and stands in nobody's way.
fn beside(base: &TableMetadata, now: &TableMetadata, found: &mut Vec<Found>) {
    let mut add = |kind, what: String| {
        found.push(Found { change: Intervening::of(kind, what), theirs: None, can_replay: true });
    };
    let (then, order) = (base.default_sort_order_id(), now.default_sort_order_id());
    if then != order {
        add(ChangeKind::SortOrder, format!("the sort order changed from {then} to {order}"));
    }
    if base.format_version() != now.format_version() {
        let versions = (base.format_version() as u8, now.format_version() as u8);
        add(ChangeKind::FormatVersion, format!("the format version went from {} to {}", versions.0, versions.1));
    }
    let names = changed(base.properties(), now.properties());
    if !names.is_empty() {
        add(ChangeKind::Properties, format!("properties changed: {}", names.join(", ")));
    }
}

/// The names alone: a value may be a secret.
fn changed(then: &HashMap<String, String>, now: &HashMap<String, String>) -> Vec<String> {
    let mut names: Vec<String> =
        then.keys().chain(now.keys()).filter(|name| then.get(*name) != now.get(*name)).cloned().collect();
    names.sort_unstable();
    names.dedup();
    names
}
