//! Files below a table's location that the table does not name: what killed loads, lost commits and expired snapshots
//! left. Lists only. A file of an ingest that is still open is never called an orphan.

use std::collections::HashMap;

use serde::Serialize;

use crate::Result;
use crate::env::Env;
use crate::error::Error;
use crate::ingest::journal::{self, State};
use crate::monitor::Monitor;
use crate::storage::{Listed, Walk};
use crate::table::{Moment, NamedFiles, Table, fingerprint, named_files};

/// Whether a file that the table does not name is still wanted by somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Nobody is known to want it.
    Orphan,
    /// An ingest that is open has staged it: `icedeck recover` decides about it.
    Staged,
}

/// A file that the table does not name. The location may hold any text: not safe to show raw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftFile {
    /// Whether it is an orphan.
    pub standing: Standing,
    /// Its size in bytes.
    pub file_size_in_bytes: u64,
    /// When it was last changed.
    pub last_modified: Moment,
    /// How long ago that was, in seconds.
    pub age_seconds: i64,
    /// The ingest that wrote it, where a journal of this machine knows it.
    pub ingest_id: Option<String>,
    /// How far that ingest came; nothing where its journal cannot be read.
    pub ingest_state: Option<State>,
    /// Where it is.
    pub file_path: String,
}

/// What was seen so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftTally {
    /// Files that the table names.
    pub named: u64,
    /// Orphans, and their size in bytes.
    pub orphans: (u64, u64),
    /// Files staged by open ingests, and their size in bytes.
    pub staged: (u64, u64),
    /// Unnamed files that are too young to be listed.
    pub young: u64,
    /// Unnamed files whose name, or that of a folder around them, begins with `.` or `_`: not ours to judge.
    pub hidden: u64,
}

/// Unnamed files as they are found. Holds the fingerprints of the named ones and one page.
#[derive(Debug)]
pub struct LeftFiles {
    named: NamedFiles,
    writers: Writers,
    walk: Walk,
    table: Table,
    /// Folders of partitions may begin with `_`.
    partition_fields: Vec<String>,
    root: String,
    now_ms: i64,
    older_than_ms: i64,
    tally: LeftTally,
    /// What the operator should hear beside, each a sentence.
    pub notes: Vec<String>,
}

/// Opens the list of files that the table does not name and that were last changed before `older_than_ms`. Reads all
/// manifests of the table and the journals of this machine first.
///
/// # Errors
/// Those of [`named_files`]; a folder of journals that cannot be read.
pub async fn left_files(table: &Table, older_than_ms: i64, env: &Env, monitor: &Monitor) -> Result<LeftFiles> {
    monitor.update(|p| p.stage = "reading manifests");
    let named = named_files(table, monitor).await?;
    let metadata = table.metadata();
    let mut notes = Vec::new();
    let writers = Writers::read(table, env, &mut notes)?;
    let location = metadata.location();
    let root = format!("{}/", table.storage().spelled(location));
    for property in ["write.data.path", "write.metadata.path"] {
        if let Some(path) = metadata.properties().get(property)
            && !table.storage().spelled(path).starts_with(&root)
        {
            notes.push(format!("{property} is {path}, outside of the table's location: nothing there is listed"));
        }
    }
    let specs = metadata.partition_specs_iter();
    Ok(LeftFiles {
        named,
        writers,
        walk: table.storage().walk(location)?,
        partition_fields: specs.flat_map(|spec| spec.fields()).map(|field| field.name.clone()).collect(),
        table: table.clone(),
        root,
        now_ms: env.now_ms(),
        older_than_ms,
        tally: LeftTally::default(),
        notes,
    })
}

impl LeftFiles {
    /// The next files, never none; nothing at the end.
    ///
    /// # Errors
    /// A folder that cannot be read, cancellation.
    pub async fn next(&mut self, monitor: &Monitor) -> Result<Option<Vec<LeftFile>>> {
        while let Some(page) = monitor.until(self.walk.next()).await? {
            let found: Vec<LeftFile> = page.into_iter().filter_map(|listed| self.judge(listed)).collect();
            if !found.is_empty() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// What was seen so far.
    pub fn tally(&self) -> LeftTally {
        self.tally
    }

    fn judge(&mut self, listed: Listed) -> Option<LeftFile> {
        if self.named.holds(&listed.location) {
            self.tally.named += 1;
            return None;
        }
        if self.is_hidden(&listed.location) {
            self.tally.hidden += 1;
            return None;
        }
        if listed.modified_ms >= self.older_than_ms {
            self.tally.young += 1;
            return None;
        }
        let writer = self.writers.of(&self.table, &listed.location);
        let standing = match writer {
            Some((_, state)) if state.is_none_or(State::is_open) => Standing::Staged,
            _ => Standing::Orphan,
        };
        let count = if standing == Standing::Staged { &mut self.tally.staged } else { &mut self.tally.orphans };
        *count = (count.0 + 1, count.1.saturating_add(listed.size));
        Some(LeftFile {
            standing,
            file_size_in_bytes: listed.size,
            last_modified: Moment(listed.modified_ms),
            age_seconds: self.now_ms.saturating_sub(listed.modified_ms).max(0) / 1000,
            ingest_id: writer.map(|(id, _)| id.to_string()),
            ingest_state: writer.and_then(|(_, state)| state),
            file_path: listed.location,
        })
    }

    /// As Iceberg has it: other systems keep such files beside a table's own, as `_delta_log` and `.crc`.
    fn is_hidden(&self, location: &str) -> bool {
        let below = location.strip_prefix(&self.root).unwrap_or(location);
        let of_partition = |segment: &str| {
            let name = segment.split_once('=').map(|(name, _)| name);
            name.is_some_and(|name| self.partition_fields.iter().any(|field| field == name))
        };
        below.split('/').any(|segment| segment.starts_with(['.', '_']) && !of_partition(segment))
    }
}

/// Which ingest wrote a file, by the journals of this machine.
#[derive(Debug, Default)]
struct Writers {
    /// How far each came; nothing where its journal cannot be read.
    states: HashMap<String, Option<State>>,
    /// Manifests do not carry the id of their ingest.
    manifests: HashMap<u64, String>,
}

impl Writers {
    fn read(table: &Table, env: &Env, notes: &mut Vec<String>) -> Result<Self> {
        let mut writers = Self::default();
        let listing = journal::list(env)?;
        for broken in &listing.broken {
            notes.push(format!("{broken}: what it has staged counts as staged"));
            writers.states.extend(id_of_broken(broken).map(|id| (id, None)));
        }
        let name = table.name().to_string();
        for row in listing.rows {
            if row.table == name && row.attempts > 0 {
                let record = journal::read(env, &row.ingest_id)?;
                let sent = record.attempts.iter().flat_map(|attempt| &attempt.sending.metadata_files);
                let prints = sent.map(|file| (fingerprint(table.storage(), file), row.ingest_id.clone()));
                writers.manifests.extend(prints);
            }
            writers.states.insert(row.ingest_id, Some(row.state));
        }
        Ok(writers)
    }

    fn of(&self, table: &Table, location: &str) -> Option<(&str, Option<State>)> {
        let name = location.rsplit('/').next().unwrap_or(location);
        let by_name = || ids_in(name).find_map(|id| self.states.get_key_value(id));
        let by_print = || self.states.get_key_value(self.manifests.get(&fingerprint(table.storage(), location))?);
        by_name().or_else(by_print).map(|(id, state)| (id.as_str(), *state))
    }
}

/// A journal is named after its ingest.
fn id_of_broken(broken: &Error) -> Option<String> {
    let path = broken.context().iter().find(|(name, _)| *name == "file").map(|(_, path)| path)?;
    Some(std::path::Path::new(path).file_stem()?.to_str()?.to_string())
}

/// Every part of a name that looks like a UUID.
fn ids_in(name: &str) -> impl Iterator<Item = &str> {
    const LENGTH: usize = 36;
    let is_id = |text: &&str| uuid::Uuid::try_parse(text).is_ok();
    (0..name.len()).filter_map(move |at| name.get(at..at + LENGTH)).filter(is_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_anywhere_in_a_name() {
        let id = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
        for name in [format!("00000-1-{id}.parquet#1"), format!("ü{id}"), format!("snap-7-0-{id}.avro")] {
            assert_eq!(ids_in(&name).collect::<Vec<_>>(), [id], "{name}");
        }
        assert_eq!(ids_in("00000-0-f47ac10b.parquet").count(), 0);
    }
}
