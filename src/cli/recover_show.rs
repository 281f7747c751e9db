//! The reading half of `icedeck recover`: the list, one journal, where one stands.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::{Context, Exit};
use crate::Result;
use crate::catalog::Connection;
use crate::ingest::journal::{self, Base, Record, Row};
use crate::recovery::{self, Assessment, resolve};

/// One record an ingest; what cannot be read is told beside.
pub fn list(all: bool, context: &Context) -> Result<Exit> {
    let listing = if all { journal::list(&context.env)? } else { recovery::open_rows(&context.env)? };
    for broken in &listing.broken {
        context.note(&format!("icedeck: {}", broken.report()));
    }
    for row in listing.rows.iter().filter(|row| row.is_in_use) {
        context.note(&format!("{}: an icedeck works on it right now", row.ingest_id));
    }
    let none = match (all, listing.broken.is_empty()) {
        (true, true) => "no journals",
        (false, true) => "nothing is open",
        (true, false) => "no other journals",
        (false, false) => "nothing else is open",
    };
    context.out.records(&listing.rows, none)?;
    Ok(if listing.broken.is_empty() { Exit::Done } else { Exit::Failed })
}

/// One journal, whole.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    row: &'a Row,
    catalog: &'a str,
    sources: &'a [String],
    base: &'a Base,
    requests: Vec<Request<'a>>,
    staged_files: Vec<&'a str>,
    journal: String,
}

#[derive(Serialize)]
struct Request<'a> {
    attempt: u32,
    branch: &'a str,
    snapshot_id: Option<i64>,
    demanded_snapshot_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

/// What the journal of one says.
pub fn show(id: &str, context: &Context) -> Result<Exit> {
    let row = recovery::find(&context.env, id)?;
    let record = journal::read(&context.env, &row.ingest_id)?;
    let path = journal::folder(&context.env).join(format!("{}.jsonl", row.ingest_id));
    let shown = Shown {
        catalog: &record.plan.catalog,
        sources: &record.plan.sources,
        base: &record.plan.base,
        requests: record.attempts.iter().map(request).collect(),
        staged_files: record.files.iter().map(|file| file.path.as_str()).collect(),
        journal: path.display().to_string(),
        row: &row,
    };
    if row.is_cut {
        context.note("the journal's last line was cut off; what it described was not begun");
    }
    context.out.object(&shown)?;
    Ok(Exit::Done)
}

fn request(attempt: &journal::AttemptRecord) -> Request<'_> {
    Request {
        attempt: attempt.sending.attempt,
        branch: &attempt.branch,
        snapshot_id: attempt.sending.snapshot_id,
        demanded_snapshot_id: attempt.sending.demanded_snapshot_id,
        outcome: attempt.outcome.as_ref().and_then(|(word, _)| serde_json::to_value(word).ok()),
        message: attempt.outcome.as_ref().map(|(_, message)| message.as_str()).filter(|text| !text.is_empty()),
    }
}

/// An ingest that is to be looked at or resolved.
pub struct Found {
    pub row: Row,
    pub record: Record,
    pub connection: Arc<Connection>,
}

/// Finds an ingest by the beginning of its id, and connects to its catalog; `--catalog` names another.
///
/// # Errors
/// Those of finding and connecting.
pub async fn found(id: &str, context: &Context) -> Result<Found> {
    let row = recovery::find(&context.env, id)?;
    let record = journal::read(&context.env, &row.ingest_id)?;
    let catalog = context.options.catalog.as_deref().unwrap_or(&record.plan.catalog);
    let connection = context.lake().await?.connection(Some(catalog)).await?;
    Ok(Found { row, record, connection })
}

#[derive(Serialize)]
struct Assessed<'a> {
    #[serde(flatten)]
    row: &'a Row,
    #[serde(flatten)]
    assessment: &'a Assessment,
    hint: String,
}

/// Where one stands.
pub async fn assess(id: &str, context: &Context) -> Result<Exit> {
    let Found { row, record, connection } = found(id, context).await?;
    let standing = resolve::stand(&connection, &record, &context.monitor).await?;
    let assessment = &standing.assessment;
    if row.is_in_use {
        context.note("an icedeck works on it right now; what is told here may be old at once");
    }
    let hint = match (row.state.is_open(), row.is_in_use) {
        (false, _) => "it is done with".into(),
        (true, true) => "an icedeck works on it right now: look again when that has ended".into(),
        (true, false) => recovery::next_step(&row.ingest_id, Some(assessment)),
    };
    tell(assessment, context);
    context.out.object(&Assessed { row: &row, assessment, hint })?;
    Ok(Exit::Done)
}

/// The story in words, for people.
pub fn tell(assessment: &Assessment, context: &Context) {
    if context.out.is_table() {
        context.note(&format!("{}: {}", assessment.verdict.word(), assessment.reason));
        for change in &assessment.changes {
            let at = change.committed_at.map(|at| format!("{at} ")).unwrap_or_default();
            context.note(&format!("  {at}{}", change.what));
        }
    }
}
