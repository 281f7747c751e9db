//! How a change ended, as a page, as a word, as a line of the command log: what the workbench and mending share. Pure.

use super::widgets::human;
use super::widgets::shown::{Fact, Shown};
use crate::Error;
use crate::app::effect::Sent;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::recovery::{Done, Verdict, Word};
use crate::words::reaching;

/// Others' changes that are told one by one.
const TOLD: usize = 10;

/// How it ended, in a sentence with its tone; `committed` says it where it is committed.
fn sentence(done: &Done, committed: &'static str) -> (&'static str, Tone) {
    match done.outcome {
        Word::Committed if done.verdict == Some(Verdict::Landed) && done.base_snapshot_id.is_none() => {
            ("✔ committed: it was in the table already, and its journal is closed", Tone::Added)
        }
        Word::Committed => (committed, Tone::Added),
        Word::Discarded => ("✔ given up: its staged files are gone, its journal is closed", Tone::Added),
        Word::Rejected => ("✖ not done: others were faster; everything is kept as it was", Tone::Danger),
        Word::Unknown => ("? nobody knows yet: everything is kept as it was", Tone::Danger),
        Word::NotSent => ("✖ not sent: nothing changed", Tone::Danger),
        Word::Planned => ("planned only, nothing was done", Tone::Warning),
    }
}

/// The word of the command log.
pub fn word(outcome: Word) -> &'static str {
    match outcome {
        Word::Committed => "committed",
        Word::Rejected => "rejected",
        Word::Unknown => "unknown",
        Word::NotSent => "not sent",
        Word::Planned => "planned",
        Word::Discarded => "discarded",
    }
}

/// The page.
pub fn page(done: &Done, committed: &'static str, cx: &Context<'_>) -> Vec<Fact> {
    let (told, tone) = sentence(done, committed);
    let mut facts = vec![Fact::line(Shown::word(told).tone(tone)), Fact::gap()];
    facts.push(Fact::new("table", Shown::text(&done.table)));
    facts.push(Fact::new("branch", Shown::text(&done.branch).tone(Tone::Reference)));
    facts.extend(done.snapshot_id.map(|id| Fact::new("snapshot", Shown::id(id))));
    facts.extend(done.base_snapshot_id.map(|id| Fact::new("before", Shown::id(id))));
    facts.extend(done.rows.map(|rows| Fact::new("rows", Shown::count(rows))));
    if let (Some(files), Some(bytes)) = (done.files, done.bytes) {
        let told = format!("{}, {}", human::count(files.into()), human::bytes(bytes));
        facts.push(Fact::new("files", Shown::text(told).tone(Tone::Number)));
    }
    facts.push(Fact::new("attempts", Shown::count(done.attempts)));
    facts.push(Fact::new("id", Shown::text(&done.ingest_id)));
    facts.push(Fact::gap());
    let called = cx.called();
    facts.extend(done.reason.iter().map(|told| Fact::line(Shown::text(told))));
    facts.extend(done.notes.iter().map(|told| Fact::line(Shown::text(reaching(told, &called)))));
    if !matches!(done.outcome, Word::Committed | Word::Discarded) {
        let others = done.changes.iter().rev().take(TOLD).rev();
        facts.extend(others.map(|change| Fact::line(Shown::text(format!("· {}", change.what)).tone(Tone::Dim))));
        facts.extend(done.hint.iter().map(|hint| Fact::line(Shown::text(reaching(hint, &called)).tone(Tone::Dim))));
    }
    facts
}

/// A failure above what is shown: the error, its hints, a gap.
pub fn failed(error: &Error, cx: &Context<'_>) -> Vec<Fact> {
    let called = cx.called();
    let mut told = vec![Fact::line(Shown::text(format!("✖ {error}")).tone(Tone::Danger))];
    told.extend(error.hints().iter().map(|hint| Fact::line(Shown::text(format!("  {}", reaching(hint, &called))))));
    told.push(Fact::gap());
    told
}

/// The line of the command log; `what` is safe to show.
pub fn logged(what: String, command: String, done: &Done, at_ms: i64) -> Sent {
    let request = done.request.clone().unwrap_or_default();
    Sent { at_ms, what, outcome: word(done.outcome).into(), request, command }
}
