//! A load whose rows are staged and wait to be published, and what becomes of it afterwards. Nothing here publishes.

use std::sync::Arc;
use std::time::Instant;

use super::OnError;
use super::result::{Ending, IngestResult};
use crate::catalog::Connection;
use crate::commit::Change;
use crate::ingest::journal::{Journal, Plan};
use crate::ingest::stage::{Discarded, Stage};
use crate::monitor::Monitor;
use crate::table::Table;
use crate::words::many;

/// How staging ended.
#[derive(Debug)]
pub enum Staging {
    /// Everything is on the disk and in the journal.
    Ready(Box<StagedLoad>),
    /// There is nothing to publish; the result says why.
    Ended(Box<IngestResult>),
}

/// A load whose rows are staged and wait to be published.
#[derive(Debug)]
pub struct StagedLoad {
    /// The table exactly as it was inspected: the base.
    pub table: Table,
    /// What is to be published on it.
    pub change: Change,
    /// Its journal, locked.
    pub journal: Journal,
    /// The journal's first line.
    pub plan: Plan,
    pub(super) result: IngestResult,
    pub(super) made_table: bool,
    pub(super) on_error: OnError,
    pub(super) stage: Arc<Stage>,
    /// Files that were written beside the load's own.
    pub(super) beside: Option<Arc<Stage>>,
    pub(super) started: Instant,
}

impl StagedLoad {
    /// Says that another stage belongs to the load: it is taken back with it.
    pub fn with_stage(&mut self, stage: Arc<Stage>) {
        self.beside = Some(stage);
    }

    /// Adds a sentence to what is told of the load.
    pub fn note(&mut self, note: String) {
        self.result.notes.push(note);
    }

    /// It is in the table: the journal is closed.
    #[must_use]
    pub fn committed(mut self) -> IngestResult {
        if let Err(e) = self.journal.closed() {
            self.result.notes.push(format!("the load is committed, but its journal stays open: {e}"));
        }
        self.ended(Ending::Committed, None, None)
    }

    /// It was rejected, or nobody knows: staged files and journal stay for `icedeck recover`.
    #[must_use]
    pub fn kept(self, ending: Ending, reason: Option<String>, hint: Option<String>) -> IngestResult {
        self.ended(ending, reason, hint)
    }

    /// Nothing was ever sent: everything is taken back.
    pub async fn take_back(
        mut self,
        connection: &Connection,
        monitor: &Monitor,
        reason: String,
        hint: Option<String>,
    ) -> IngestResult {
        monitor.update(|p| p.stage = REMOVING);
        if let Err(e) = self.journal.discarded(&reason) {
            tracing::warn!("the journal does not say that the load was given up: {e}");
        }
        let mut done = self.stage.clone().discard().await;
        if let Some(beside) = self.beside.take() {
            let more = beside.discard().await;
            done.removed += more.removed;
            done.unfinished += more.unfinished;
            done.remaining.extend(more.remaining);
        }
        self.on_error.remove_rejects();
        if self.made_table {
            take_table_back(connection, &self.table, &mut self.result).await;
        }
        self.result.notes.extend(told(&done));
        self.ended(Ending::NotSent, Some(reason), hint)
    }

    fn ended(self, ending: Ending, reason: Option<String>, hint: Option<String>) -> IngestResult {
        let mut result = self.result;
        result.end(ending, reason, hint);
        result.took(self.started);
        result
    }
}

impl OnError {
    /// The file of rejected rows goes with a load of which nothing came.
    pub(super) fn remove_rejects(&self) {
        if let Self::Reject(path) = self
            && let Err(e) = std::fs::remove_file(path)
            && e.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("cannot remove {}: {e}", path.display());
        }
    }
}

/// The stage of a load that is taken back.
pub const REMOVING: &str = "removing staged files";

/// How a note begins that tells of a table made for a load.
pub(super) const MADE: &str = "made the table";

/// Drops a table that was made for a load of which nothing came, and deletes what was made with it. A table that
/// others have changed meanwhile stays.
pub(super) async fn take_table_back(connection: &Connection, table: &Table, result: &mut IngestResult) {
    result.notes.retain(|note| !note.starts_with(MADE));
    if let Err(e) = connection.unmake_table(table).await {
        tracing::warn!("the new table {} could not be taken back: {e}", table.name());
        result.notes.push(format!("the new table stays: {e}"));
    }
}

/// What was removed, as sentences.
pub(super) fn told(done: &Discarded) -> Vec<String> {
    let mut told = Vec::new();
    let removed = done.removed + done.unfinished;
    if removed > 0 {
        told.push(format!("{} removed", many(removed, "staged file")));
    }
    for (file, why) in done.remaining.iter().take(5) {
        told.push(format!("the staged file {file} could not be removed: {why}"));
    }
    told
}
