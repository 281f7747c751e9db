//! How a deed of the workbench ended, as a page and as a line of the command log. Pure.

use super::tasks::Deed;
use crate::app::effect::Sent;
use crate::app::theme::Tone;
use crate::recovery::{Done, Verdict, Word};
use crate::views::widgets::human;
use crate::views::widgets::shown::{Fact, Shown};
use crate::views::widgets::text;

/// Others' changes that are told one by one.
const TOLD: usize = 10;

/// How it ended, in a sentence with its tone.
fn sentence(deed: Deed, done: &Done) -> (&'static str, Tone) {
    match (done.outcome, deed) {
        (Word::Committed, _) if done.verdict == Some(Verdict::Landed) => {
            ("✔ committed: it was in the table already, and its journal is closed", Tone::Added)
        }
        (Word::Committed, Deed::Branch) => ("✔ committed: the rows are on a branch of their own", Tone::Added),
        (Word::Committed, _) => ("✔ committed: it is in the table", Tone::Added),
        (Word::Discarded, _) => ("✔ given up: its staged files are gone, its journal is closed", Tone::Added),
        (Word::Rejected, _) => ("✖ not done: everything is kept as it was", Tone::Danger),
        (Word::Unknown, _) => ("? nobody knows yet: everything is kept as it was", Tone::Danger),
        (Word::NotSent, _) => ("✖ not sent: nothing changed", Tone::Danger),
        (Word::Planned, _) => ("planned only, nothing was done", Tone::Warning),
    }
}

/// The page.
pub fn page(deed: Deed, done: &Done) -> Vec<Fact> {
    let (told, tone) = sentence(deed, done);
    let mut facts = vec![Fact::line(Shown::word(told).tone(tone)), Fact::gap()];
    facts.push(Fact::new("table", Shown::text(&done.table)));
    facts.push(Fact::new("branch", Shown::text(&done.branch).tone(Tone::Reference)));
    facts.extend(done.snapshot_id.map(|id| Fact::new("snapshot", Shown::id(id))));
    facts.extend(done.base_snapshot_id.map(|id| Fact::new("upon", Shown::id(id))));
    facts.extend(done.rows.map(|rows| Fact::new("rows", Shown::count(rows))));
    if let (Some(files), Some(bytes)) = (done.files, done.bytes) {
        let told = format!("{}, {}", human::count(files.into()), human::bytes(bytes));
        facts.push(Fact::new("files", Shown::text(told).tone(Tone::Number)));
    }
    facts.push(Fact::new("attempts", Shown::count(done.attempts)));
    facts.push(Fact::new("took", Shown::text(human::span(i64::try_from(done.elapsed_ms).unwrap_or(i64::MAX)))));
    facts.push(Fact::new("ingest", Shown::text(&done.ingest_id)));
    facts.push(Fact::gap());
    let said = done.reason.iter().chain(&done.notes);
    facts.extend(said.map(|told| Fact::line(Shown::text(told))));
    if !matches!(done.outcome, Word::Committed | Word::Discarded) {
        let others = done.changes.iter().rev().take(TOLD).rev();
        facts.extend(others.map(|change| Fact::line(Shown::text(format!("· {}", change.what)).tone(Tone::Dim))));
        facts.extend(done.hint.iter().map(|hint| Fact::line(Shown::text(hint).tone(Tone::Dim))));
    }
    facts
}

/// The line of the command log.
pub fn logged(deed: Deed, id: &str, done: &Done, at_ms: i64) -> Sent {
    let what = match deed {
        Deed::Rebase if done.verdict == Some(Verdict::Landed) => "close",
        Deed::Rebase => "publish",
        Deed::Restage => "load again",
        Deed::Branch => "publish on a branch",
        Deed::Discard => "discard",
    };
    let outcome = match done.outcome {
        Word::Committed => "committed",
        Word::Rejected => "rejected",
        Word::Unknown => "unknown",
        Word::NotSent => "not sent",
        Word::Planned => "planned",
        Word::Discarded => "discarded",
    };
    Sent {
        at_ms,
        what: format!("{what} ingest {} of {}", text::safe(id), text::safe(&done.table)),
        outcome: outcome.into(),
        request: done.request.clone().unwrap_or_default(),
        command: format!("icedeck recover {} {id} --yes", deed.verb()),
    }
}
