//! What of a table is no part of a snapshot: spec, sort order, properties, refs. What they were when a snapshot was made
//! is read from the metadata file of then, where the metadata log still names it and the file is still there.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use iceberg::spec::{SnapshotReference, TableMetadata};
use serde::Serialize;

use super::super::inspect::{order_row, spec_row};
use super::super::{Moment, Table, read_metadata, refs};
use crate::Result;
use crate::monitor::Monitor;

/// A thing by name that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// Its name.
    pub name: String,
    /// What it was, where it was there.
    pub before: Option<String>,
    /// What it is, where it is there.
    pub after: Option<String>,
}

/// What is different about a table beside its snapshots.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// `format-version`, `partition-spec`, `sort-order` and `location`, where they differ.
    pub layout: Vec<Pair>,
    /// Properties that differ, by key.
    pub properties: Vec<Pair>,
    /// Branches and tags that lead elsewhere, are new or are gone, with their snapshots.
    pub refs: Vec<Pair>,
}

impl Settings {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The metadata of a table when a snapshot was made, of the current snapshot as it is now; else why it is not known.
type State = std::result::Result<Arc<TableMetadata>, String>;

/// Reads it.
///
/// # Errors
/// Only cancellation.
pub(super) async fn state_at(table: &Table, id: i64, monitor: &Monitor) -> Result<State> {
    let metadata = table.metadata();
    if metadata.current_snapshot_id() == Some(id) {
        return Ok(Ok(table.metadata_ref()));
    }
    let Some(snapshot) = metadata.snapshot_by_id(id) else { return Ok(Err("the snapshot is not known".into())) };
    let made = snapshot.timestamp_ms();
    if metadata.last_updated_ms() <= made {
        return Ok(Ok(table.metadata_ref()));
    }
    let log = metadata.metadata_log();
    let after = log.partition_point(|entry| entry.timestamp_ms <= made);
    // A file that was written the moment before the snapshot's clock may stand last; the next one then has it.
    let candidates = after.checked_sub(1).and_then(|last| log.get(last)).into_iter().chain(log.get(after));
    let mut why = format!("the metadata log does not go back to {}", Moment(made));
    for entry in candidates {
        match monitor.until(read_metadata(table.storage(), &entry.metadata_file)).await {
            Ok(found) if found.snapshot_by_id(id).is_some() => return Ok(Ok(Arc::new(found))),
            Ok(_) => {}
            Err(e) if e.is_cancelled() => return Err(e),
            Err(e) => why = format!("the metadata file of {} cannot be read: {}", Moment(made), e.message()),
        }
    }
    Ok(Err(why))
}

/// What is different from then to now.
///
/// # Errors
/// Those of [`refs::refs`].
pub(super) fn between(then: &TableMetadata, now: &TableMetadata) -> Result<Settings> {
    let texts = |of: &TableMetadata| {
        [
            ("format-version", (of.format_version() as u8).to_string()),
            ("partition-spec", spec_row(of, of.default_partition_spec()).to_string()),
            ("sort-order", order_row(of, of.default_sort_order()).to_string()),
            ("location", of.location().to_string()),
        ]
    };
    let layout = texts(then).into_iter().zip(texts(now)).filter(|(then, now)| then != now);
    let layout = layout.map(|((name, before), (_, after))| pair(name, Some(before), Some(after))).collect();
    let properties = |of: &HashMap<String, String>| of.clone().into_iter().collect::<BTreeMap<_, _>>();
    let heads = |of: BTreeMap<String, SnapshotReference>| {
        let head = |(name, reference): (String, SnapshotReference)| (name, reference.snapshot_id.to_string());
        of.into_iter().map(head).collect::<BTreeMap<_, _>>()
    };
    Ok(Settings {
        layout,
        properties: pairs(properties(then.properties()), properties(now.properties())),
        refs: pairs(heads(refs::refs(then)?), heads(refs::refs(now)?)),
    })
}

fn pair(name: &str, before: Option<String>, after: Option<String>) -> Pair {
    Pair { name: name.into(), before, after }
}

/// What differs between two sets of names and values.
fn pairs(mut then: BTreeMap<String, String>, now: BTreeMap<String, String>) -> Vec<Pair> {
    let mut found: Vec<Pair> = Vec::new();
    for (name, after) in now {
        let before = then.remove(&name);
        if before.as_ref() != Some(&after) {
            found.push(Pair { name, before, after: Some(after) });
        }
    }
    found.extend(then.into_iter().map(|(name, before)| Pair { name, before: Some(before), after: None }));
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}
