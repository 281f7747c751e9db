//! A load from its files to its snapshot: `ingest` stages, this publishes, with patience.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::by_filter;
use super::carry::Course;
use super::intent::{Intent, Want};
use super::outcome::{Carried, Loaded};
use super::policy::Policy;
use crate::Result;
use crate::catalog::Connection;
use crate::env::Env;
use crate::ingest::run::{Ending, IngestPlan, IngestRequest, IngestResult, Planned, StagedLoad, Staging, plan, stage};
use crate::monitor::Monitor;

/// Loads files into a table, from opening them to the new snapshot.
///
/// # Errors
/// Those of opening, reading, writing and the catalog; cancellation, after everything staged was removed. Rows that do
/// not fit, a rejection and an unknown outcome are no errors but [`Ending`]s.
pub fn run<'a>(
    request: IngestRequest,
    connection: &'a Connection,
    policy: &'a Policy<'_>,
    env: &'a Env,
    monitor: &'a Monitor,
) -> BoxFuture<'a, Result<Loaded>> {
    async move {
        connection.writable()?;
        let (table, branch) = (request.table.to_string(), request.branch.clone());
        match plan(request, connection, monitor).await? {
            Planned::Ready(plan) => load(*plan, connection, policy, env, monitor).await,
            Planned::Unfit { problems, .. } => Ok(IngestResult::mismatched(table, branch, &problems).into()),
        }
    }
    .boxed()
}

/// Runs a plan to its end: stages, publishes, and tells how it went. What ends as rejected or unknown keeps its staged
/// files and its journal.
///
/// # Errors
/// Those of reading, writing and the catalog, and cancellation, after everything staged was removed.
pub async fn load(
    mut plan: IngestPlan,
    connection: &Connection,
    policy: &Policy<'_>,
    env: &Env,
    monitor: &Monitor,
) -> Result<Loaded> {
    let cutting = by_filter::of_load(&plan, monitor).boxed().await?;
    if let Some(cutting) = &cutting {
        plan.request.cut = Some(cutting.cut());
    }
    let mut staged = match stage(plan, connection, env, monitor).boxed().await? {
        Staging::Ready(staged) => *staged,
        Staging::Ended(result) => return Ok((*result).into()),
    };
    if let Some(cutting) = &cutting
        && let Err(e) = cutting.complete(&mut staged, monitor).boxed().await
    {
        let taken_back = staged.take_back(connection, monitor, e.message().to_string(), None).await;
        let e = taken_back.notes.into_iter().fold(e, crate::Error::hint).hint("nothing was committed");
        return Err(e.with("ingest", taken_back.ingest_id.unwrap_or_default()));
    }
    monitor.update(|p| p.stage = "committing");
    let intent = Intent::planned(&staged.plan, Want::from(&staged.change));
    let course = Course {
        connection,
        journal: &mut staged.journal,
        intent,
        change: staged.change.clone(),
        policy,
        env,
        monitor,
    };
    let carried = course.run(staged.table.clone()).boxed().await;
    let mut loaded = told(staged, carried, connection, monitor).await;
    loaded.taken = cutting.map(|cutting| cutting.taken);
    Ok(loaded)
}

async fn told(staged: StagedLoad, carried: Carried, connection: &Connection, monitor: &Monitor) -> Loaded {
    let hint = carried.hint();
    let request = carried.request();
    let Carried { ending, assessment, reason, notes, .. } = carried;
    let mut load = match ending {
        Ending::Committed => staged.committed(),
        Ending::NotSent => staged.take_back(connection, monitor, reason.unwrap_or_default(), hint).await,
        _ => staged.kept(ending, reason, hint),
    };
    load.branch = carried.branch;
    load.snapshot_id = carried.snapshot_id;
    load.base_snapshot_id = carried.base_snapshot_id;
    load.attempts = carried.attempts.len() as u64;
    load.request = request;
    load.notes.extend(notes);
    let mut loaded = Loaded::from(load);
    if let Some(assessment) = assessment {
        loaded.load.notes.push(format!("{}: {}", assessment.verdict.word(), assessment.reason));
        (loaded.verdict, loaded.changes) = (Some(assessment.verdict), assessment.changes);
    }
    loaded
}
