//! Undo and redo: the last change of a table, by whomever, taken back as one asserted change. What it was is read from
//! the metadata file before it, or from the snapshot log where that file is gone.

use iceberg::spec::TableMetadata;
use serde::Serialize;

use super::differences::{Differences, differences, is_same_state};
use super::leaving::{Leaving, leaving};
use super::prepared::Prepared;
use crate::commit::{Change, RefKind, branch_head};
use crate::env::Env;
use crate::ingest::journal::{self, Row, State};
use crate::monitor::Monitor;
use crate::table::refs::MAIN;
use crate::table::{Moment, Table, read_metadata};
use crate::{Error, Kind, Result};

/// The verb, as journals have it.
const REDO: &str = "redo";

/// An undo or redo that can be shown and carried out.
#[derive(Debug, Clone, Serialize)]
pub struct UndoPlan {
    /// The change.
    #[serde(flatten)]
    pub prepared: Prepared,
    /// When the change that is taken back was made.
    pub changed_at: Moment,
    /// What it did, each in words: `main: snapshot 1 -> 2`. Not safe to show raw.
    pub undone: Vec<String>,
    /// What of it cannot be brought back, each a sentence. Not safe to show raw.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
    /// Whether the change that is taken back was an undo itself.
    pub is_redo: bool,
    /// What leaves the branch that is led back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaving: Option<Leaving>,
}

/// Plans taking the last change back. That may have been an undo: then this brings back what it took.
///
/// # Errors
/// [`Kind::NotFound`] where there is no change, or nothing says any more what it was; [`Kind::Unsupported`] where
/// nothing of it can be brought back, with the reasons.
pub async fn undo(table: &Table, monitor: &Monitor) -> Result<UndoPlan> {
    let was_undo = last_was_undo(table).await;
    planned(table, "undo", was_undo, monitor).await
}

/// Plans taking the last undo back.
///
/// # Errors
/// As [`undo`]; [`Kind::Invalid`] where the last change was no undo, or a redo of ours.
pub async fn redo(table: &Table, env: &Env, monitor: &Monitor) -> Result<UndoPlan> {
    if !last_was_undo(table).await || last_was_our_redo(table, env) {
        return Err(Error::invalid("the last change of this table was no undo, so there is nothing to redo")
            .with("table", table.name())
            .hint("icedeck history and metadata-log show what was done; rollback --force leads anywhere"));
    }
    planned(table, REDO, true, monitor).await
}

/// Whether the table is now as it was two changes ago, and was not in between.
async fn last_was_undo(table: &Table) -> bool {
    let log = table.metadata().metadata_log();
    let [.., before, last] = log else { return false };
    let (before, last) = (
        read_metadata(table.storage(), &before.metadata_file).await,
        read_metadata(table.storage(), &last.metadata_file).await,
    );
    match (before, last) {
        (Ok(before), Ok(last)) => is_same_state(&before, table.metadata()) && !is_same_state(&last, table.metadata()),
        _ => false,
    }
}

/// Whether the last change was a redo of ours: in the table it looks like an undo, only our journals tell them apart.
fn last_was_our_redo(table: &Table, env: &Env) -> bool {
    let Some(before) = table.metadata().metadata_log().last() else { return false };
    let rows = journal::list(env).map(|listing| listing.rows).unwrap_or_default();
    let name = table.name().to_string();
    let is_redo = |row: &&Row| row.verb == REDO && row.table == name && row.state == State::Closed;
    let records = rows.iter().filter(is_redo).filter_map(|row| journal::read(env, &row.ingest_id).ok());
    records.flat_map(|record| record.attempts).any(|attempt| attempt.sending.base_metadata == before.metadata_file)
}

async fn planned(table: &Table, verb: &'static str, is_redo: bool, monitor: &Monitor) -> Result<UndoPlan> {
    let metadata = table.metadata();
    let found = match previous(table).await? {
        Some(previous) => differences(&previous, metadata)?,
        None => by_snapshot_log(table)?,
    };
    let Differences { mut changes, undone, lost, notes } = found;
    if changes.is_empty() {
        let why = if lost.is_empty() { "it touched nothing that can be led back".into() } else { lost.join("; ") };
        return Err(Error::unsupported(format!("the last change cannot be taken back: {why}"))
            .with("table", table.name())
            .with("changed at", Moment(metadata.last_updated_ms())));
    }
    // The branch that readers see comes first, for by the first ref the change is found again; a ref that stays where it
    // is tells nothing.
    changes.sort_by_key(|change| (matches!(change, Change::Retain { .. }), change.ref_name() != Some(MAIN)));
    let led = changes.iter().find_map(|change| match change {
        Change::SetRef { name, kind: RefKind::Branch, snapshot_id } => Some((name.clone(), *snapshot_id)),
        _ => None,
    });
    let leaving = match &led {
        Some((name, to)) => Some(leaving(table, name, branch_head(metadata, name), Some(*to), None, monitor).await?),
        None => None,
    };
    let branch = changes.iter().find_map(Change::ref_name).unwrap_or(MAIN).to_string();
    let change = if changes.len() == 1 { changes.swap_remove(0) } else { Change::All(changes) };
    let changed_at = Moment(metadata.last_updated_ms());
    let mut question = format!("take back the last change of {}, of {changed_at}: {}", table.name(), undone.join(", "));
    if let (Some(leaving), Some((name, _))) = (&leaving, &led) {
        question.push_str(&format!("; {}", leaving.words(name)));
    }
    let mut prepared = Prepared::new(verb, table, &branch, change, question);
    if let Some((_, to)) = led {
        prepared.snapshot_id = Some(to);
    }
    prepared.notes = notes;
    prepared.notes.extend(lost.iter().map(|what| format!("it cannot be brought back: {what}")));
    Ok(UndoPlan { prepared, changed_at, undone, lost, is_redo, leaving })
}

/// The state before the last change; nothing where its file is gone.
async fn previous(table: &Table) -> Result<Option<TableMetadata>> {
    let Some(entry) = table.metadata().metadata_log().last() else {
        return if table.metadata().history().len() > 1 { Ok(None) } else { Err(nothing(table)) };
    };
    match read_metadata(table.storage(), &entry.metadata_file).await {
        Ok(previous) if previous.uuid() == table.metadata().uuid() => Ok(Some(previous)),
        Ok(_) => Err(nothing(table)),
        Err(e) if e.kind() == Kind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

fn nothing(table: &Table) -> Error {
    Error::not_found("nothing was changed since the table was made").with("table", table.name())
}

/// What the snapshot log says of the last change, where the metadata file before it is gone.
fn by_snapshot_log(table: &Table) -> Result<Differences> {
    let metadata = table.metadata();
    let unknown = || {
        Error::not_found("the metadata file before the last change is gone, so what it was is not known")
            .with("table", table.name())
            .hint("lead the branch back with: icedeck rollback --to SNAPSHOT")
    };
    let [.., before, last] = metadata.history() else { return Err(unknown()) };
    if last.timestamp_ms != metadata.last_updated_ms() {
        return Err(unknown());
    }
    let mut found = Differences::default();
    found.notes.push("the metadata file before the last change is gone: what it did beside main is not known".into());
    let told = format!("{MAIN}: snapshot {} -> {}", before.snapshot_id, last.snapshot_id);
    if metadata.snapshot_by_id(before.snapshot_id).is_none() {
        found.lost.push(format!("snapshot {}, where {MAIN} led, was expired", before.snapshot_id));
        return Ok(found);
    }
    found.undone.push(told);
    let (name, kind) = (MAIN.to_string(), RefKind::Branch);
    found.changes.push(Change::SetRef { name, kind, snapshot_id: before.snapshot_id });
    Ok(found)
}
