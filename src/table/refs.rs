//! Branches and tags of a table, and what an `@` behind its name means.

use std::collections::BTreeMap;

use iceberg::spec::{SnapshotReference, SnapshotRetention, TableMetadata};

use super::{Moment, Table};
use crate::{Error, Result};

/// The branch that a table's readers see.
pub const MAIN: &str = "main";

/// All refs by name. iceberg keeps them private, so they are read from the metadata's JSON form; format version 1 has
/// none there, and gets `main` where it has a snapshot.
///
/// # Errors
/// [`Kind::Bug`](crate::Kind::Bug) where the metadata has no JSON form.
pub fn refs(metadata: &TableMetadata) -> Result<BTreeMap<String, SnapshotReference>> {
    let unreadable = |e: serde_json::Error| Error::bug("the refs of the table cannot be read").caused_by(e);
    let mut json = serde_json::to_value(metadata).map_err(unreadable)?;
    let found = match json.get_mut("refs").map(serde_json::Value::take) {
        Some(found) if !found.is_null() => found,
        _ => serde_json::json!({}),
    };
    let mut refs: BTreeMap<String, SnapshotReference> = serde_json::from_value(found).map_err(unreadable)?;
    if let (false, Some(head)) = (refs.contains_key(MAIN), metadata.current_snapshot_id()) {
        let retention = SnapshotRetention::branch(None, None, None);
        refs.insert(MAIN.into(), SnapshotReference::new(head, retention));
    }
    Ok(refs)
}

impl Table {
    /// All refs by name; see [`refs`].
    ///
    /// # Errors
    /// Those of [`refs`].
    pub fn refs(&self) -> Result<BTreeMap<String, SnapshotReference>> {
        refs(self.metadata())
    }

    /// The snapshot that `at` means: the branch or tag of that name, else the snapshot of that id, else the one that
    /// was current at that time (RFC 3339 or a date, UTC where no zone is given). Without `at` the current one;
    /// nothing where the table has none.
    ///
    /// # Errors
    /// [`Kind::NotFound`](crate::Kind::NotFound) where nothing is meant by it, or nothing was current yet.
    pub fn resolve(&self, at: Option<&str>) -> Result<Option<i64>> {
        let metadata = self.metadata();
        let Some(at) = at else { return Ok(metadata.current_snapshot_id()) };
        let refs = self.refs()?;
        if let Some(found) = refs.get(at) {
            return Ok(Some(found.snapshot_id));
        }
        if let Some(snapshot) = at.parse().ok().and_then(|id| metadata.snapshot_by_id(id)) {
            return Ok(Some(snapshot.snapshot_id()));
        }
        match Moment::parse(at) {
            Some(moment) => current_at(metadata, moment)
                .map(Some)
                .ok_or_else(|| self.no_such(at, "the table had no snapshot then").hint(self.earliest())),
            None => {
                let names: Vec<&str> = refs.keys().map(String::as_str).collect();
                let names = if names.is_empty() { "none".into() } else { names.join(", ") };
                Err(self
                    .no_such(at, "no branch, tag, snapshot or time is meant by it")
                    .hint(format!("branches and tags: {names}; a time is written 2026-11-21T08:00:00Z")))
            }
        }
    }

    fn no_such(&self, at: &str, why: &str) -> Error {
        Error::not_found(why.to_string()).with("table", self.name()).with("at", at)
    }

    fn earliest(&self) -> String {
        match self.metadata().history().first() {
            Some(first) => format!("its history begins at {}", Moment(first.timestamp_ms)),
            None => "its history is empty".into(),
        }
    }
}

/// The snapshot that was current at a time, by the snapshot log: what readers saw then, also where it was rolled back
/// later.
pub fn current_at(metadata: &TableMetadata, moment: Moment) -> Option<i64> {
    let before = |entry: &&iceberg::spec::SnapshotLog| entry.timestamp_ms <= moment.0;
    metadata.history().iter().rfind(before).map(|entry| entry.snapshot_id)
}
