//! Running a plan up to where it can be published: journal, staged files, the change that names them. Nothing here
//! publishes; staged files are deleted only where no request has named them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::pipeline::Pass;
use super::plan::{IngestPlan, Planned, Target, waited};
use super::result::IngestResult;
use super::staged::{MADE, REMOVING, StagedLoad, Staging, take_table_back, told};
use super::{IngestRequest, OnError, again};
use crate::catalog::Connection;
use crate::commit::{INGEST_ID, StagedFile};
use crate::env::Env;
use crate::ingest::bind::Problem;
use crate::ingest::journal::{Base, Journal, Plan};
use crate::ingest::preflight::PreflightReport;
use crate::ingest::rejects::Rejects;
use crate::ingest::stage::{Discarded, Stage, StageLimits};
use crate::monitor::Monitor;
use crate::table::Table;
use crate::{Error, Result};

/// A load at work.
struct Load<'a> {
    plan: IngestPlan,
    connection: &'a Connection,
    env: &'a Env,
    monitor: &'a Monitor,
    table: Table,
    /// This load made the table, and takes it back where nothing comes of it.
    made_table: bool,
    result: IngestResult,
}

/// How an attempt ended.
enum Ended {
    /// The result says how.
    Done,
    /// The files are there and wait to be published.
    Staged(Box<Ready>),
    /// Nothing is left of it, and it can begin again with better types.
    WrongGuess,
}

/// What is ready to be published.
struct Ready {
    files: Vec<StagedFile>,
    stage: Arc<Stage>,
    journal: Journal,
    journaled: Plan,
}

/// Reads, checks and stages all rows of a plan. What waits to be published then is in the journal too.
///
/// # Errors
/// Those of reading, writing and the catalog, and cancellation, after everything staged was removed.
pub async fn stage(plan: IngestPlan, connection: &Connection, env: &Env, monitor: &Monitor) -> Result<Staging> {
    let started = Instant::now();
    connection.writable()?;
    // Asked before the table is made, so that nothing has to be taken back, its namespace neither.
    if plan.new_table().is_some() && plan.is_empty(monitor).await? {
        let mut result = IngestResult::of(&plan);
        result.nothing(true, &plan.request);
        result.took(started);
        return Ok(Staging::Ended(Box::new(result)));
    }
    let mut load = Load::begin(plan, connection, env, monitor).await?;
    match load.attempt().await {
        Ok(Ended::Done) => {
            load.result.took(started);
            Ok(Staging::Ended(Box::new(load.result)))
        }
        Ok(Ended::Staged(ready)) => Ok(Staging::Ready(Box::new(load.ready(*ready, started)))),
        Ok(Ended::WrongGuess) => {
            load.take_table_back().await;
            again(load).await
        }
        Err(e) => {
            load.take_table_back().await;
            Err(e)
        }
    }
}

/// The types of the new table were guessed from a sample, and a row did not fit them: once more, with all rows seen.
async fn again(load: Load<'_>) -> Result<Staging> {
    let Load { plan, connection, env, monitor, .. } = load;
    monitor.update(|p| p.stage = "looking at every row");
    match plan.inferred_from_all(monitor).await? {
        Planned::Unfit { problems, .. } => Err(Problem::into_error(&problems)),
        Planned::Ready(mut plan) => {
            plan.notes.push(
                "a row did not fit the types guessed from a sample: started again with types inferred from all rows"
                    .into(),
            );
            Box::pin(stage(*plan, connection, env, monitor)).await
        }
    }
}

impl<'a> Load<'a> {
    async fn begin(plan: IngestPlan, connection: &'a Connection, env: &'a Env, monitor: &'a Monitor) -> Result<Self> {
        monitor.check()?;
        let mut result = IngestResult::of(&plan);
        let (table, made_table) = match &plan.target {
            Target::Existing(table) => (table.as_ref().clone(), false),
            Target::New(draft) => {
                let make_namespace = plan.request.create.as_ref().is_some_and(|c| c.make_namespace);
                let table = draft.create(connection, make_namespace).await?;
                result.notes.push(format!("{MADE} {}", table.name()));
                (table, true)
            }
        };
        Ok(Self { plan, connection, env, monitor, table, made_table, result })
    }

    async fn attempt(&mut self) -> Result<Ended> {
        let ingest_id = self.env.uuid().to_string();
        let stage = Arc::new(Stage::new(&self.table, &ingest_id, StageLimits::of(&self.table))?);
        let rejects = match &self.plan.request.on_error {
            OnError::Fail => None,
            OnError::Reject(path) => Some(Rejects::create(path, &self.plan.source)?),
        };
        let (mut journal, journaled) = match self.journal(&ingest_id, &stage) {
            Ok(begun) => begun,
            Err(e) => {
                self.remove_rejects();
                return Err(e);
            }
        };
        self.result.ingest_id = Some(ingest_id);
        let report = match self.stage_rows(&stage, rejects).await {
            Ok(report) => report,
            Err(e) => return Err(self.give_up(stage, &mut journal, e).await),
        };
        self.result.note_rows(&report);
        if report.unfit > 0 && (self.plan.guesses_types() || self.plan.request.on_error == OnError::Fail) {
            return Ok(self.unfit(report, stage, journal).await);
        }
        match self.complete(&stage, &mut journal).await {
            Ok(files) if files.is_empty() => self.nothing(&mut journal).await,
            Ok(files) => Ok(Ended::Staged(Box::new(Ready { files, stage, journal, journaled }))),
            Err(e) => Err(self.give_up(stage, &mut journal, e).await),
        }
    }

    fn journal(&self, ingest_id: &str, stage: &Stage) -> Result<(Journal, Plan)> {
        let IngestRequest { source, table, branch, .. } = &self.plan.request;
        let plan = Plan {
            ingest_id: ingest_id.into(),
            verb: "ingest".into(),
            catalog: self.connection.name().into(),
            table: table.clone(),
            branch: branch.clone(),
            base: Base::of(&self.table, branch),
            sources: source.paths.iter().map(|p| p.display().to_string()).collect(),
            options: self.options(),
        };
        let mut journal = Journal::create(self.env, &plan)?;
        journal.staging(stage.folder(), ingest_id)?;
        Ok((journal, plan))
    }

    /// How the files are read and mapped, from which the load can be repeated.
    fn options(&self) -> serde_json::Value {
        let mut mapping = self.plan.mapping.clone();
        mapping.source = Some(self.plan.source.options());
        again::record(&self.plan.request, &mapping)
    }

    fn ready(self, ready: Ready, started: Instant) -> StagedLoad {
        let Ready { files, stage, journal, journaled } = ready;
        let IngestRequest { branch, mode, mut summary, on_error, .. } = self.plan.request;
        summary.insert(INGEST_ID.into(), journal.id().into());
        StagedLoad {
            table: self.table,
            change: mode.change(branch, files, summary),
            journal,
            plan: journaled,
            result: self.result,
            made_table: self.made_table,
            on_error,
            stage,
            beside: None,
            started,
        }
    }

    /// Reads all rows and stages those that fit.
    async fn stage_rows(&self, stage: &Arc<Stage>, rejects: Option<Rejects>) -> Result<PreflightReport> {
        let (source, binding) = (self.plan.source.clone(), self.plan.binding.clone());
        let mut pass = Pass::new(source, binding, stage.clone(), self.monitor);
        pass.stop_at_fault = self.plan.guesses_types();
        pass.rejects = rejects.map(Mutex::new);
        waited(move || {
            let report = pass.run()?;
            if let Some(rejects) = pass.rejects {
                rejects.into_inner().unwrap_or_else(PoisonError::into_inner).finish()?;
            }
            Ok(report)
        })
        .await
    }

    /// Makes sure that every file is on the disk, and writes them into the journal.
    async fn complete(&mut self, stage: &Stage, journal: &mut Journal) -> Result<Vec<StagedFile>> {
        let files = stage.staged().await?;
        let (count, rows, bytes) = StagedFile::totals(&files);
        journal.files(&self.table, &files)?;
        // Files that keep other rows are still to be written: until then nobody may publish these alone.
        if self.plan.request.cut.is_none() {
            journal.staged(count, rows, bytes)?;
        }
        (self.result.files, self.result.bytes) = (count, bytes);
        self.monitor.check()?;
        Ok(files)
    }

    async fn unfit(&mut self, report: PreflightReport, stage: Arc<Stage>, mut journal: Journal) -> Ended {
        let guessed = self.plan.guesses_types();
        let reason = if guessed { "the guessed types do not fit" } else { "rows do not fit" };
        let done = self.discard(stage, &mut journal, reason).await;
        if guessed {
            self.remove_rejects();
            return Ended::WrongGuess;
        }
        self.take_table_back().await;
        self.result.notes.extend(told(&done));
        self.result.unfit(report);
        Ended::Done
    }

    async fn nothing(&mut self, journal: &mut Journal) -> Result<Ended> {
        journal.closed()?;
        match self.result.rejected_rows {
            0 => self.result.nothing(self.made_table, &self.plan.request),
            _ => self.result.none_fits(&self.plan.request),
        }
        self.take_table_back().await;
        Ok(Ended::Done)
    }

    /// Removes everything staged and returns the error with what was done.
    async fn give_up(&self, stage: Arc<Stage>, journal: &mut Journal, error: Error) -> Error {
        let done = self.discard(stage, journal, error.message()).await;
        self.remove_rejects();
        let none = (done == Discarded::default()).then(|| "no file was staged yet".to_string());
        let error = told(&done).into_iter().chain(none).fold(error, Error::hint);
        error.hint("nothing was committed").with("ingest", journal.id())
    }

    async fn discard(&self, stage: Arc<Stage>, journal: &mut Journal, reason: &str) -> Discarded {
        self.monitor.update(|p| p.stage = REMOVING);
        if let Err(e) = journal.discarded(reason) {
            tracing::warn!("the journal does not say that the load was given up: {e}");
        }
        stage.discard().await
    }

    fn remove_rejects(&self) {
        self.plan.request.on_error.remove_rejects();
    }

    /// A table that was made for this load goes again with it.
    async fn take_table_back(&mut self) {
        if std::mem::take(&mut self.made_table) {
            take_table_back(self.connection, &self.table, &mut self.result).await;
        }
    }
}
