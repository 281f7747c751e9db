//! Branches and tags of a table, and what an `@` behind its name means.

use std::collections::BTreeMap;

use iceberg::spec::{SnapshotReference, SnapshotRetention, TableMetadata};

use super::field::field;
use super::{Moment, Table};
use crate::{Error, Result};

/// The branch that a table's readers see.
pub const MAIN: &str = "main";

/// All refs by name. iceberg keeps them private, so they are read from the metadata's JSON form, of which the rest is
/// never made; format version 1 has none there, and gets `main` where it has a snapshot.
///
/// # Errors
/// [`Kind::Bug`](crate::Kind::Bug) where the metadata has no JSON form.
pub fn refs(metadata: &TableMetadata) -> Result<BTreeMap<String, SnapshotReference>> {
    let unreadable = |e: serde_json::Error| Error::bug("the refs of the table cannot be read").caused_by(e);
    let found = field(metadata, "refs").map_err(unreadable)?.filter(|found| !found.is_null());
    let mut refs: BTreeMap<String, SnapshotReference> =
        found.map(serde_json::from_value).transpose().map_err(unreadable)?.unwrap_or_default();
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
    pub fn refs(&self) -> Result<&BTreeMap<String, SnapshotReference>> {
        if let Some(known) = self.refs.get() {
            return Ok(known);
        }
        let found = refs(self.metadata())?;
        Ok(self.refs.get_or_init(|| found))
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
        match at.parse::<i64>().map(|id| metadata.snapshot_by_id(id)) {
            Ok(Some(snapshot)) => return Ok(Some(snapshot.snapshot_id())),
            Ok(None) if at.len() >= SNAPSHOT_DIGITS => {
                return Err(self
                    .no_such(at, "the table has no such snapshot: it never had it, or it was expired")
                    .hint(format!("icedeck snapshots {} lists those it has", self.name())));
            }
            _ => {}
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

/// A number of so many digits is meant as the id of a snapshot; a shorter one may be a year.
const SNAPSHOT_DIGITS: usize = 10;

/// The snapshot that was current at a time, by the snapshot log: what readers saw then, also where it was rolled back
/// later.
pub fn current_at(metadata: &TableMetadata, moment: Moment) -> Option<i64> {
    let before = |entry: &&iceberg::spec::SnapshotLog| entry.timestamp_ms <= moment.0;
    metadata.history().iter().rfind(before).map(|entry| entry.snapshot_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metadata with as many snapshots, each with a summary as large as engines write.
    fn metadata(snapshots: i64) -> TableMetadata {
        let summary = |id: i64| {
            let counts =
                (0..16).map(|i| (format!("some-count-of-files-or-rows-{i}"), (id * 1000 + i).to_string().into()));
            counts.chain([("operation".into(), "append".into())]).collect::<serde_json::Map<_, _>>()
        };
        let snapshot = |id: i64| {
            serde_json::json!({"snapshot-id": id, "sequence-number": id, "timestamp-ms": id, "schema-id": 0,
                "manifest-list": format!("file:///w/t/metadata/snap-{id}.avro"), "summary": summary(id)})
        };
        let log = |id: i64| serde_json::json!({"snapshot-id": id, "timestamp-ms": id});
        serde_json::from_value(serde_json::json!({
            "format-version": 2, "table-uuid": "2cd22b57-5127-4198-92ba-e4e67c79821b", "location": "file:///w/t",
            "last-sequence-number": snapshots, "last-updated-ms": snapshots, "last-column-id": 1,
            "schemas": [{"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "x", "type": "long", "required": false}]}],
            "current-schema-id": 0, "partition-specs": [{"spec-id": 0, "fields": []}], "default-spec-id": 0,
            "last-partition-id": 999, "sort-orders": [{"order-id": 0, "fields": []}], "default-sort-order-id": 0,
            "current-snapshot-id": snapshots, "snapshots": (1..=snapshots).map(snapshot).collect::<Vec<_>>(),
            "snapshot-log": (1..=snapshots).map(log).collect::<Vec<_>>(),
            "refs": {"main": {"snapshot-id": snapshots, "type": "branch", "min-snapshots-to-keep": 3},
                "old": {"snapshot-id": 1, "type": "tag", "max-ref-age-ms": 7}},
        }))
        .unwrap()
    }

    #[test]
    fn refs_come_with_their_retention() {
        let found = refs(&metadata(3)).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["main", "old"]);
        assert_eq!(found["main"].retention, SnapshotRetention::branch(Some(3), None, None));
        assert_eq!(
            (found["old"].snapshot_id, &found["old"].retention),
            (1, &SnapshotRetention::Tag { max_ref_age_ms: Some(7) })
        );
    }
}
