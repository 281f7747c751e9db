//! The proof, at any later time, that every load this machine reported as committed is still there: reachable from its
//! branch, or expired, rolled back, gone. It reads metadata files and changes nothing.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use iceberg::spec::SnapshotRef;
use serde::Serialize;
use uuid::Uuid;

use super::intent::{Intent, Want};
use super::lineage::Seen;
use super::renamed::Names;
use crate::catalog::Connection;
use crate::commit::{AttemptOutcome, INGEST_ID};
use crate::env::Env;
use crate::ingest::journal::{self, Record};
use crate::table::inspect::author;
use crate::table::{Moment, Table, TableName, read_metadata, refs};
use crate::{Error, Result};

/// Where the rows of a load are now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Its branch, or another ref, leads to its snapshot.
    Reachable,
    /// Its snapshot was expired; the branch stands on it.
    Expired,
    /// Its branch was led away from it, or dropped.
    RolledBack,
    /// Nothing leads to it, and nobody rolled it back.
    Gone,
}

/// One load that was acknowledged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audited {
    /// The load.
    pub ingest_id: String,
    /// `namespace.table`.
    pub table: String,
    /// The branch it went to.
    pub branch: String,
    /// The snapshot that was acknowledged.
    pub snapshot_id: Option<i64>,
    /// Rows of the load.
    pub rows: u64,
    /// Where they are now.
    pub status: Status,
    /// In a sentence, without full stop. Not safe to show raw.
    pub what: String,
    /// When the branch left it, where metadata files still say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    /// Who led it away, where metadata or a journal of this machine says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// The loads of this machine that were acknowledged, by catalog and table, and the journals that cannot be read.
#[derive(Debug, Default)]
pub struct Acknowledged {
    /// Each table's records, oldest first.
    pub tables: BTreeMap<(String, TableName), Vec<Record>>,
    /// Journals that cannot be read: nothing is proved about them.
    pub broken: Vec<Error>,
}

/// Older metadata files that are read at most.
const OLDER_FILES: usize = 200;

/// Collects what is to be proved.
///
/// # Errors
/// Those of [`journal::list`].
pub fn acknowledged(env: &Env) -> Result<Acknowledged> {
    let mut found = Acknowledged::default();
    let listing = journal::list(env)?;
    found.broken = listing.broken;
    for row in listing.rows.iter().rev() {
        match journal::read(env, &row.ingest_id) {
            Ok(record) => {
                let key = (record.plan.catalog.clone(), record.plan.table.clone());
                found.tables.entry(key).or_default().push(record);
            }
            Err(e) => found.broken.push(e),
        }
    }
    found.tables.retain(|_, records| records.iter().any(is_load));
    Ok(found)
}

/// Whether a record is of a load that was reported as committed.
fn is_load(record: &Record) -> bool {
    let said_yes = |a: &journal::AttemptRecord| matches!(a.outcome, Some((AttemptOutcome::Committed, _)));
    record.attempts.iter().any(said_yes) && Intent::of(record).want.makes_snapshot()
}

/// Says of each acknowledged load among the records of one table where it is now, whatever that is named by now.
///
/// # Errors
/// A catalog that does not answer.
pub async fn audit(
    connection: &Connection,
    name: &TableName,
    records: &[Record],
    names: &mut Names,
) -> Result<Vec<Audited>> {
    let mut past: BTreeMap<Uuid, Option<Past>> = BTreeMap::new();
    let mut found = Vec::new();
    for record in records.iter().filter(|record| is_load(record)) {
        let past = match past.entry(record.plan.base.table_uuid) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let table = names.follow(connection, name, record.plan.base.table_uuid).await?;
                new.insert(table.map(Past::of))
            }
        };
        found.push(match past {
            Some(past) => past.audit(record, records).await,
            None => audited(record, None, Status::Gone, "the table was dropped".into()),
        });
    }
    Ok(found)
}

fn audited(record: &Record, snapshot_id: Option<i64>, status: Status, what: String) -> Audited {
    let last = record.attempts.iter().rev().find_map(|attempt| attempt.sending.snapshot_id);
    Audited {
        ingest_id: record.plan.ingest_id.clone(),
        table: record.plan.table.to_string(),
        branch: record.branch().to_string(),
        snapshot_id: snapshot_id.or(last),
        rows: record.staged.map_or(0, |(_, rows, _)| rows),
        status,
        what,
        at: None,
        by: None,
    }
}

/// One older state of the table.
struct Version {
    at_ms: i64,
    file: String,
    heads: BTreeMap<String, i64>,
    snapshots: BTreeSet<i64>,
}

/// A table with its past, read when it is first needed.
struct Past {
    table: Table,
    seen: Seen,
    /// Oldest first, the present one last.
    versions: Option<Vec<Version>>,
}

impl Past {
    fn of(table: Table) -> Self {
        let seen = Seen::of(table.metadata_ref(), table.metadata_location());
        Self { table, seen, versions: None }
    }

    async fn audit(&mut self, record: &Record, all: &[Record]) -> Audited {
        let mut found = self.stands(record, all).await;
        if found.status != Status::Gone && *self.table.name() != record.plan.table {
            found.what.push_str(&format!("; the table is named {} now", self.table.name()));
        }
        found
    }

    async fn stands(&mut self, record: &Record, all: &[Record]) -> Audited {
        if self.seen.metadata.uuid() != record.plan.base.table_uuid {
            return audited(record, None, Status::Gone, "the table was dropped and made again".into());
        }
        let branch = record.branch();
        if let Some(id) = self.find(record)
            && self.seen.line(self.seen.ref_head(branch)).holds(id)
            && self.seen.metadata.snapshot_by_id(id).is_some()
        {
            return audited(record, Some(id), Status::Reachable, format!("{branch} leads to it"));
        }
        self.read_past().await;
        let Some(id) = self.find(record) else { return self.vanished(record) };
        let is_kept = self.seen.metadata.snapshot_by_id(id).is_some();
        let (reached, word) = match is_kept {
            true => (Status::Reachable, "leads to it"),
            false => (Status::Expired, "stands on it; the snapshot itself was expired"),
        };
        if self.seen.line(self.seen.ref_head(branch)).holds(id) {
            return audited(record, Some(id), reached, format!("{branch} {word}"));
        }
        if let Some(other) = self.other_ref(id) {
            return audited(record, Some(id), reached, format!("{other} {word}, though {branch} does not"));
        }
        self.led_away(record, id, all)
    }

    /// The snapshot of the load, among those that the table holds or is known to have held.
    fn find(&self, record: &Record) -> Option<i64> {
        let sent: BTreeSet<i64> = record.attempts.iter().filter_map(|a| a.sending.snapshot_id).collect();
        if let Some(id) = sent.iter().find(|id| self.seen.snapshot(**id).is_some()) {
            return Some(*id);
        }
        let named = |s: &&SnapshotRef| s.summary().additional_properties.get(INGEST_ID) == Some(&record.plan.ingest_id);
        self.seen.snapshots().find(named).map(|s| s.snapshot_id())
    }

    fn other_ref(&self, id: i64) -> Option<String> {
        let refs = refs::refs(&self.seen.metadata).unwrap_or_default();
        refs.into_iter().find(|(_, r)| self.seen.line(Some(r.snapshot_id)).holds(id)).map(|(name, _)| name)
    }

    async fn read_past(&mut self) {
        if self.versions.is_some() {
            return;
        }
        let mut versions = vec![version(
            self.table.metadata(),
            self.table.metadata_location(),
            self.table.metadata().last_updated_ms(),
        )];
        for entry in self.table.metadata().metadata_log().iter().rev().take(OLDER_FILES) {
            let Ok(older) = read_metadata(self.table.storage(), &entry.metadata_file).await else { break };
            if older.uuid() != self.table.metadata().uuid() {
                break;
            }
            versions.push(version(&older, &entry.metadata_file, older.last_updated_ms()));
            let gone = older.snapshots().filter(|s| self.seen.metadata.snapshot_by_id(s.snapshot_id()).is_none());
            self.seen.expired.extend(gone.map(|s| (s.snapshot_id(), s.clone())));
        }
        versions.reverse();
        self.versions = Some(versions);
    }

    /// No version of the table that can be read holds it.
    fn vanished(&self, record: &Record) -> Audited {
        let versions = self.versions.as_deref().unwrap_or_default();
        let bases: Vec<&str> = record.attempts.iter().map(|a| a.sending.base_metadata.as_str()).collect();
        let reaches_back = versions.iter().any(|v| bases.contains(&v.file.as_str()));
        let line = self.seen.line(self.seen.ref_head(record.branch()));
        if !reaches_back && line.lost.is_some() {
            let what = "snapshots of that time were expired, and no metadata file that is left goes back to it";
            return audited(record, None, Status::Expired, what.into());
        }
        audited(record, None, Status::Gone, "no version of the table holds it, though it was acknowledged".into())
    }

    /// The branch does not lead to it any more: when, and by whom.
    fn led_away(&self, record: &Record, id: i64, all: &[Record]) -> Audited {
        let (branch, versions) = (record.branch(), self.versions.as_deref().unwrap_or_default());
        let leads = |v: &Version| self.seen.line(v.heads.get(branch).copied()).holds(id);
        let left = versions.iter().rposition(leads).and_then(|at| Some((versions.get(at)?, versions.get(at + 1)?)));
        let Some((before, after)) = left else {
            let what =
                format!("{branch} does not lead to it; when it was led away, no metadata file that is left says");
            return audited(record, Some(id), Status::RolledBack, what);
        };
        let at = Some(Moment(after.at_ms));
        let Some(head) = after.heads.get(branch).copied() else {
            let what = format!("the branch {branch} was dropped");
            return Audited { at, ..audited(record, Some(id), Status::RolledBack, what) };
        };
        let is_new = !before.snapshots.contains(&head);
        let snapshot = self.seen.snapshot(head);
        let engine = snapshot.and_then(|s| author(s.summary().additional_properties.iter()));
        if is_new {
            let what = format!("snapshot {head} took its place on {branch} without standing on it: a lost update");
            return Audited { at, by: engine, ..audited(record, Some(id), Status::Gone, what) };
        }
        let by = all.iter().find(|other| leads_to(other, branch, head)).map(|o| format!("icedeck {}", o.plan.verb));
        let what = format!("{branch} was led back to snapshot {head}");
        Audited { at, by, ..audited(record, Some(id), Status::RolledBack, what) }
    }
}

/// Whether a journal of this machine tells of leading the branch there.
fn leads_to(record: &Record, branch: &str, head: i64) -> bool {
    let wants = Intent::of(record).want == Want::Ref { snapshot_id: Some(head) };
    let said_yes = record.attempts.iter().any(|a| matches!(a.outcome, Some((AttemptOutcome::Committed, _))));
    wants && said_yes && record.branch() == branch
}

fn version(metadata: &iceberg::spec::TableMetadata, file: &str, at_ms: i64) -> Version {
    let heads = refs::refs(metadata).unwrap_or_default().into_iter().map(|(name, r)| (name, r.snapshot_id)).collect();
    Version { at_ms, file: file.into(), heads, snapshots: metadata.snapshots().map(|s| s.snapshot_id()).collect() }
}
