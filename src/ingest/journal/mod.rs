//! The durable record of each load: one file per ingest, a JSON object a line, flushed to the disk before the step that
//! the line describes. It survives `kill -9`; what it says is what recovery stands on.
//!
//! It never deletes a journal, never touches staged files, and holds no secrets: names, paths, ids and statistics only.
//!
//! The folder is `$XDG_STATE_HOME/icedeck/journal`, a file is `<ingest id>.jsonl`. A journal in use is locked by its
//! process. The first line is complete before the file gets its name, so a journal without a plan does not exist.

mod file;
mod list;
mod record;
mod step;

pub use list::{Listing, Row, list};
pub use record::{AttemptRecord, Record, RecordedFile, Redirected, State};
pub use step::{Base, Plan, Step};

use std::path::{Path, PathBuf};

use self::file::LockedFile;
use crate::commit::{Attempt, AttemptOutcome, Sending, StagedFile, Witness};
use crate::env::Env;
use crate::table::Table;
use crate::{Error, Kind, Result};

/// Lines of complete files are flushed together, about this many bytes at once.
const FLUSH_BYTES: usize = 1 << 20;

/// The journal of one ingest, open for writing and locked by this process until it is dropped.
#[derive(Debug)]
pub struct Journal {
    env: Env,
    id: String,
    file: LockedFile,
    attempts: u32,
}

/// Where the journals lie.
pub fn folder(env: &Env) -> PathBuf {
    env.paths().state.join("journal")
}

fn path_of(env: &Env, id: &str) -> Result<PathBuf> {
    let plain = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !plain {
        return Err(Error::invalid("not an ingest id").with("ingest", id.escape_debug()));
    }
    Ok(folder(env).join(format!("{id}.jsonl")))
}

impl Journal {
    /// Begins the journal of an ingest with its plan. The id is the plan's, from [`Env::uuid`].
    ///
    /// # Errors
    /// [`Kind::AlreadyExists`] where the id has a journal, [`Kind::Unavailable`] or [`Kind::Denied`] where the state
    /// folder cannot be written: then nothing may be staged.
    pub fn create(env: &Env, plan: &Plan) -> Result<Self> {
        let path = path_of(env, &plan.ingest_id)?;
        let line = Step::Planned(Box::new(plan.clone())).line(env.now_ms())?;
        let file = LockedFile::create(&path, &line)?;
        Ok(Self { env: env.clone(), id: plan.ingest_id.clone(), file, attempts: 0 })
    }

    /// Opens the journal of an earlier ingest to go on with it, and reads it back fully. A cut last line is taken off.
    ///
    /// # Errors
    /// [`Kind::NotFound`], [`Kind::Corrupt`] with the line, [`Kind::Unavailable`] while another process works on it.
    pub fn open(env: &Env, id: &str) -> Result<(Self, Record)> {
        let path = path_of(env, id)?;
        let (mut file, bytes_read) = LockedFile::open(&path)?;
        let record = Record::read(bytes_read, &path)?;
        file.cut_to(record.complete_bytes)?;
        let attempts = record.attempts.iter().map(|a| a.sending.attempt).max().unwrap_or(0);
        Ok((Self { env: env.clone(), id: id.to_string(), file, attempts }, record))
    }

    /// The ingest id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Data files are about to be written below `location`, each with `prefix` in its name.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] where the line cannot be made durable: then the step must not be done. So for all steps.
    pub fn staging(&mut self, location: &str, prefix: &str) -> Result<()> {
        self.append(&Step::Staging { location: location.into(), prefix: prefix.into() })
    }

    /// One data file is complete and durable.
    ///
    /// # Errors
    /// As [`staging`](Self::staging).
    pub fn file(&mut self, table: &Table, staged: &StagedFile) -> Result<()> {
        self.append(&Step::File(RecordedFile::of(table, staged)?))
    }

    /// As [`file`](Self::file) for many at once: what is complete already needs no flush of its own each.
    ///
    /// # Errors
    /// As [`staging`](Self::staging).
    pub fn files(&mut self, table: &Table, staged: &[StagedFile]) -> Result<()> {
        let mut lines = Vec::new();
        for file in staged {
            lines.extend(Step::File(RecordedFile::of(table, file)?).line(self.env.now_ms())?);
            if lines.len() >= FLUSH_BYTES {
                self.file.append(&lines)?;
                lines.clear();
            }
        }
        if lines.is_empty() { Ok(()) } else { self.file.append(&lines) }
    }

    /// All data files are complete.
    ///
    /// # Errors
    /// As [`staging`](Self::staging).
    pub fn staged(&mut self, files: u64, rows: u64, bytes: u64) -> Result<()> {
        self.append(&Step::Staged { files, rows, bytes })
    }

    /// From here on it is published on another branch, made at this snapshot.
    ///
    /// # Errors
    /// As [`staging`](Self::staging).
    pub fn redirected(&mut self, branch: &str, snapshot_id: Option<i64>) -> Result<()> {
        self.append(&Step::Redirected { branch: branch.into(), snapshot_id })
    }

    /// What a later look at the table has shown of an attempt whose outcome was open: committed, or absent for good.
    ///
    /// # Errors
    /// As [`staging`](Self::staging).
    pub fn settled(
        &mut self,
        attempt: u32,
        outcome: AttemptOutcome,
        snapshot_id: Option<i64>,
        message: &str,
    ) -> Result<()> {
        self.append(&Step::Outcome { attempt, outcome, snapshot_id, message: message.into() })
    }

    /// How many requests were about to leave so far, over all processes that worked on it.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The ingest is done with: its rows are in the table, or there were none.
    ///
    /// # Errors
    /// As [`staging`](Self::staging).
    pub fn closed(&mut self) -> Result<()> {
        self.append(&Step::Closed {})
    }

    /// The ingest is given up, and its staged files are about to be deleted.
    ///
    /// # Errors
    /// As [`staging`](Self::staging).
    pub fn discarded(&mut self, reason: &str) -> Result<()> {
        self.append(&Step::Discarded { reason: reason.into() })
    }

    fn append(&mut self, step: &Step) -> Result<()> {
        let line = step.line(self.env.now_ms())?;
        self.file.append(&line)
    }
}

/// Reads a journal without locking it: it may be in use.
///
/// # Errors
/// [`Kind::NotFound`], [`Kind::Corrupt`] with the line.
pub fn read(env: &Env, id: &str) -> Result<Record> {
    let path = path_of(env, id)?;
    let file = std::fs::File::open(&path).map_err(|e| file::failed(e, "cannot read the journal", &path))?;
    Record::read(std::io::BufReader::new(file), &path)
}

/// The journal counts the attempts of its ingest over all processes that worked on it.
impl Witness for Journal {
    fn sending(&mut self, sending: &Sending) -> Result<()> {
        let attempt = self
            .attempts
            .checked_add(1)
            .ok_or_else(|| Error::new(Kind::Invalid, "the ingest has been tried too often").with("ingest", &self.id))?;
        self.append(&Step::Sending(Sending { attempt, ..sending.clone() }))?;
        self.attempts = attempt;
        Ok(())
    }

    fn outcome(&mut self, attempt: &Attempt) -> Result<()> {
        self.append(&Step::Outcome {
            attempt: self.attempts,
            outcome: attempt.outcome,
            snapshot_id: attempt.snapshot_id,
            message: attempt.message.clone(),
        })
    }
}
