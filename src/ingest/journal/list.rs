//! All ingests of this machine, one row each: what `recover list` shows. It reads no journal into memory as a whole.

use std::fs::{File, TryLockError};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::record::{State, for_each_line};
use super::step::{Plan, Step};
use crate::env::Env;
use crate::{Error, Result};

/// One ingest in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The ingest id.
    pub ingest_id: String,
    /// `namespace.table`.
    pub table: String,
    /// The branch.
    pub branch: String,
    /// What was asked for.
    pub verb: String,
    /// How far it came.
    pub state: State,
    /// When it began, RFC 3339 in UTC.
    pub opened_at: String,
    /// Rows in complete data files.
    pub rows: u64,
    /// Complete data files.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Requests that were about to leave.
    pub attempts: u32,
    /// The catalog's name.
    #[serde(skip)]
    pub catalog: String,
    /// Whether a process works on it right now.
    #[serde(skip)]
    pub is_in_use: bool,
    /// Whether its last line was cut off.
    #[serde(skip)]
    pub is_cut: bool,
}

/// All journals of this machine.
#[derive(Debug, Default)]
pub struct Listing {
    /// One row each, newest first.
    pub rows: Vec<Row>,
    /// Journals that cannot be read, each with its reason. They are never left out silently.
    pub broken: Vec<Error>,
}

/// Lists every ingest that has a journal, the closed ones included.
///
/// # Errors
/// [`Kind::Denied`](crate::Kind::Denied) where the folder cannot be read; no folder is an empty list.
pub fn list(env: &Env) -> Result<Listing> {
    let folder = super::folder(env);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Listing::default()),
        Err(e) => return Err(super::file::failed(e, "cannot read the folder of journals", &folder)),
    };
    let mut listing = Listing::default();
    let mut opened = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| super::file::failed(e, "cannot read the folder of journals", &folder))?.path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        match row(&path) {
            Ok(found) => opened.push(found),
            Err(e) => listing.broken.push(e),
        }
    }
    opened.sort_by(|(a_ms, a), (b_ms, b)| b_ms.cmp(a_ms).then_with(|| b.ingest_id.cmp(&a.ingest_id)));
    listing.rows = opened.into_iter().map(|(_, row)| row).collect();
    Ok(listing)
}

fn row(path: &PathBuf) -> Result<(i64, Row)> {
    let file = File::open(path).map_err(|e| super::file::failed(e, "cannot read the journal", path))?;
    let is_in_use = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    let mut found: Option<(i64, Row)> = None;
    let end = for_each_line(BufReader::new(&file), path, |at_ms, step| {
        match (&mut found, step) {
            (None, Some(Step::Planned(plan))) => found = Some((at_ms, begun(*plan, at_ms))),
            (None, _) => return false,
            (Some((_, row)), Some(step)) => take(row, &step),
            (Some(_), None) => {}
        }
        true
    })?;
    let (at_ms, mut row) = found.ok_or_else(|| no_plan(path))?;
    row.is_in_use = is_in_use;
    row.is_cut = end.is_cut;
    Ok((at_ms, row))
}

/// What the journal is about stands in its first line, which is not there.
pub(super) fn no_plan(path: &Path) -> Error {
    Error::corrupt("the journal has no plan: its first line is not whole")
        .with("file", path.display())
        .hint("nobody can go on with it: look with icedeck orphans for files that it left, then move it away")
}

fn begun(plan: Plan, at_ms: i64) -> Row {
    let at = chrono::DateTime::from_timestamp_millis(at_ms).unwrap_or_default();
    Row {
        ingest_id: plan.ingest_id,
        table: plan.table.to_string(),
        branch: plan.branch,
        verb: plan.verb,
        state: State::Planned,
        opened_at: at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        rows: 0,
        files: 0,
        bytes: 0,
        attempts: 0,
        catalog: plan.catalog,
        is_in_use: false,
        is_cut: false,
    }
}

fn take(row: &mut Row, step: &Step) {
    row.state = row.state.after(step);
    match step {
        Step::Staging { .. } => (row.files, row.rows, row.bytes) = (0, 0, 0),
        Step::File(file) => {
            row.files += 1;
            row.rows = row.rows.saturating_add(file.rows);
            row.bytes = row.bytes.saturating_add(file.bytes);
        }
        Step::Redirected { branch, .. } => row.branch.clone_from(branch),
        Step::Sending(_) => row.attempts = row.attempts.saturating_add(1),
        _ => {}
    }
}
