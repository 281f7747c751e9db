//! `delete`: a plan in numbers first, then the rows that stay are written, then one commit, with a journal as every
//! writing verb has it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::super::carry::Course;
use super::super::intent::{Intent, Want};
use super::super::outcome::{Done, Word};
use super::super::policy::Policy;
use super::super::recorded;
use super::{Cutting, Taken, cutting};
use crate::Result;
use crate::catalog::Connection;
use crate::commit::{INGEST_ID, StagedFile};
use crate::env::Env;
use crate::ingest::journal::{Base, Journal, Plan};
use crate::ingest::run::Ending;
use crate::ingest::stage::Stage;
use crate::monitor::Monitor;
use crate::table::Table;

/// The verb, as journals have it.
pub const DELETE: &str = "delete";

/// A delete that can be shown and carried out.
#[derive(Debug, Clone, Serialize)]
pub struct DeletePlan {
    /// [`DELETE`].
    pub verb: &'static str,
    /// `namespace.table`.
    pub table: String,
    /// The branch.
    pub branch: String,
    /// Its head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_snapshot_id: Option<i64>,
    /// The filter. Not safe to show raw.
    pub filter: String,
    /// What it takes.
    #[serde(flatten)]
    pub taken: Taken,
    /// What will happen, in numbers, to be followed by a question mark. Not safe to show raw.
    #[serde(skip)]
    pub question: String,
    #[serde(skip)]
    cutting: Cutting,
}

/// What came of a delete.
#[derive(Debug, Clone, Serialize)]
pub struct Deleted {
    /// How it ended. Its files, rows and bytes are those that were written.
    #[serde(flatten)]
    pub done: Done,
    /// What was to go.
    #[serde(flatten)]
    pub taken: Taken,
}

/// Plans a delete of the rows for which a SQL expression is true.
///
/// # Errors
/// As [`cutting()`].
pub async fn delete(table: &Table, branch: &str, filter: &str, monitor: &Monitor) -> Result<DeletePlan> {
    let cutting = cutting(table, branch, filter, monitor).await?;
    let taken = cutting.taken;
    Ok(DeletePlan {
        verb: DELETE,
        table: table.name().to_string(),
        branch: branch.into(),
        base_snapshot_id: cutting.read_at,
        filter: filter.into(),
        taken,
        question: format!("delete from {branch} of {} {taken}", table.name()),
        cutting,
    })
}

/// What is written and waits to be published.
struct Ready {
    plan: Plan,
    journal: Journal,
    stage: Arc<Stage>,
    files: Vec<StagedFile>,
}

impl DeletePlan {
    /// Whether no row matches.
    pub fn is_empty(&self) -> bool {
        self.taken.deleted_rows == 0
    }

    /// Writes the rows that stay and publishes: journal, attempts, looks, the end. Where no row matches nothing is done.
    ///
    /// # Errors
    /// Those of reading and writing, after everything staged was removed. All other ends are told by [`Deleted`].
    pub async fn carry_out(
        &self,
        connection: &Connection,
        policy: &Policy<'_>,
        env: &Env,
        monitor: &Monitor,
    ) -> Result<Deleted> {
        connection.writable()?;
        let started = Instant::now();
        let ingest_id = env.uuid().to_string();
        if self.is_empty() {
            let mut done = Done::named(Word::NotSent, &ingest_id, self.table.clone(), &self.branch);
            done.reason = Some("no row matches: no snapshot was made".into());
            return Ok(Deleted { done, taken: self.taken });
        }
        let mut ready = self.write(&ingest_id, connection, env, monitor).await?;
        monitor.update(|p| p.stage = "committing");
        let summary = BTreeMap::from([(INGEST_ID.to_string(), ingest_id)]);
        let change = self.cutting.change(ready.files.clone(), summary);
        let intent = Intent::planned(&ready.plan, Want::from(&change));
        let course = Course { connection, journal: &mut ready.journal, intent, change, policy, env, monitor };
        let carried = course.run(self.cutting.base.clone()).await;
        let mut done = Done::of(&carried, self.table.clone());
        let (files, rows, bytes) = StagedFile::totals(&ready.files);
        (done.files, done.rows, done.bytes) = (Some(files), Some(rows), Some(bytes));
        let closed = match carried.ending {
            Ending::Committed => ready.journal.closed(),
            Ending::NotSent => ready.take_back(carried.reason.as_deref().unwrap_or("nothing was sent")).await,
            _ => Ok(()),
        };
        if let Err(e) = closed {
            done.notes.push(format!("the journal stays open: {e}"));
        }
        done.elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Deleted { done, taken: self.taken })
    }

    async fn write(&self, ingest_id: &str, connection: &Connection, env: &Env, monitor: &Monitor) -> Result<Ready> {
        let base = &self.cutting.base;
        let plan = Plan {
            ingest_id: ingest_id.into(),
            verb: DELETE.into(),
            catalog: connection.name().into(),
            table: base.name().clone(),
            branch: self.branch.clone(),
            base: Base::of(base, &self.branch),
            sources: Vec::new(),
            options: recorded::delete(&self.cutting.cut()),
        };
        let stage = self.cutting.stage(ingest_id)?;
        let mut journal = Journal::create(env, &plan)?;
        journal.staging(stage.folder(), ingest_id)?;
        let mut ready = Ready { plan, journal, stage, files: Vec::new() };
        match self.fill(&mut ready, monitor).await {
            Ok(()) => Ok(ready),
            Err(e) => {
                let e = e.hint("nothing was committed");
                Err(match ready.take_back(e.message()).await {
                    Ok(()) => e,
                    Err(why) => e.hint(format!("the journal stays open: {why}")),
                })
            }
        }
    }

    async fn fill(&self, ready: &mut Ready, monitor: &Monitor) -> Result<()> {
        ready.files = self.cutting.write(&ready.stage, monitor).await?;
        ready.journal.files(&self.cutting.base, &ready.files)?;
        let (files, rows, bytes) = StagedFile::totals(&ready.files);
        ready.journal.staged(files, rows, bytes)?;
        monitor.check()
    }
}

impl Ready {
    /// Nothing was sent: what was written goes again.
    async fn take_back(&mut self, reason: &str) -> Result<()> {
        let noted = self.journal.discarded(reason);
        for (file, why) in self.stage.clone().discard().await.remaining {
            tracing::warn!("the staged file {file} could not be removed: {why}");
        }
        noted
    }
}
