//! What can be done about an open load by where it stands, and the question that is asked before. Pure.

use super::tasks::{Paper, Stand};
use crate::app::theme::Tone;
use crate::recovery::by_filter::DELETE;
use crate::recovery::{Deed, Verdict};
use crate::views::dialogs::Confirm;
use crate::views::widgets::human;
use crate::views::widgets::text::safe;

/// What can be done now, the most likely first, and what to call it.
pub fn choices(paper: &Paper, stand: &Stand) -> Vec<(Deed, &'static str)> {
    let assessment = &stand.assessment;
    if !paper.row.state.is_open() || paper.row.is_in_use || paper.record.unknown_steps > 0 {
        return Vec::new();
    }
    if assessment.verdict == Verdict::Landed {
        return vec![(Deed::Rebase, "close it")];
    }
    let loads = paper.record.plan.verb == "ingest";
    let mut found = Vec::new();
    if Deed::Rebase.may(assessment) {
        let label = if assessment.verdict == Verdict::Decide { "publish all the same" } else { "rebase" };
        found.push((Deed::Rebase, label));
    }
    let repeats = loads || paper.record.plan.verb == DELETE;
    if repeats && Deed::Restage.may(assessment) && assessment.verdict != Verdict::Stop {
        found.push((Deed::Restage, "restage"));
    }
    let is_moved = !assessment.changes.is_empty() && paper.record.redirected.is_none();
    if loads && Deed::Branch.may(assessment) && is_moved {
        found.push((Deed::Branch, "on a branch"));
    }
    if Deed::Discard.may(assessment) {
        found.push((Deed::Discard, "discard"));
    } else if Deed::Close.may(assessment) {
        found.push((Deed::Close, "close, keep files"));
    }
    found
}

/// The question before a deed, in numbers.
pub fn question(deed: Deed, paper: &Paper, stand: &Stand) -> Confirm {
    let (row, record) = (&paper.row, &paper.record);
    let (table, branch) = (safe(&row.table).into_owned(), safe(record.branch()).into_owned());
    let rows = usize::try_from(row.rows).unwrap_or(usize::MAX);
    let are = is_or_are(rows);
    let staged = format!(
        "{} in {} ({})",
        human::counted(rows, "row"),
        human::counted(usize::try_from(row.files).unwrap_or(usize::MAX), "staged file"),
        human::bytes(row.bytes)
    );
    let plain = |told: String| (told, Tone::Plain);
    let (title, mut lines) = match deed {
        Deed::Rebase if stand.assessment.verdict == Verdict::Landed => {
            let told = format!("It is in {table} already: nothing is sent, nothing is deleted.");
            ("Close the journal?".to_string(), vec![plain(told)])
        }
        Deed::Rebase if row.files == 0 => {
            let told = format!("The change ({}) is made again on {branch} of {table} as it is now.", safe(&row.verb));
            ("Make the change again?".into(), vec![plain(told)])
        }
        Deed::Rebase => {
            let mut lines = vec![plain(format!("{staged} {are} published on {branch} of {table} as it is now."))];
            lines.push(plain(theirs_stays(stand)));
            (format!("Publish on {branch}?"), lines)
        }
        Deed::Restage if record.plan.verb == DELETE => {
            let told =
                format!("{staged} {are} deleted; the delete is planned anew on {branch} of {table} as it is now.");
            ("Delete by the same filter again?".into(), vec![plain(told)])
        }
        Deed::Restage => {
            let files = record.plan.sources.len();
            let read = format!("{} {} read again", human::counted(files, "source file"), is_or_are(files));
            let told = format!("{staged} {are} deleted; {read} and loaded into {branch} of {table}.");
            ("Write the rows again?".into(), vec![plain(told)])
        }
        Deed::Branch => {
            let told = format!("{staged} {are} published on the new branch ingest-{}.", safe(&row.ingest_id));
            let stays = format!("It is made where {branch} leads now; {branch} stays as it is.");
            ("Publish on a new branch?".into(), vec![plain(told), plain(stays)])
        }
        Deed::Discard => discard(paper, &format!("{staged} {are}")),
        Deed::Close => {
            let unproved = "Whether it landed cannot be proved: look for its rows in the table first.";
            let kept = format!("{staged} {are} kept, nothing is sent; the journal is closed for good.");
            ("Close it on your word?".into(), vec![(unproved.into(), Tone::Warning), plain(kept)])
        }
    };
    if stand.assessment.verdict == Verdict::Decide && deed == Deed::Rebase {
        lines.insert(0, (safe(&stand.assessment.reason).into_owned(), Tone::Warning));
    }
    if stand.assessment.may_still_land && deed == Deed::Rebase {
        lines.push(plain("The lost request may still arrive: at most one of both lands.".into()));
    }
    Confirm::new(deed.verb(), title, lines)
}

fn is_or_are(n: usize) -> &'static str {
    if n == 1 { "is" } else { "are" }
}

fn theirs_stays(stand: &Stand) -> String {
    match stand.assessment.changes.len() {
        0 => "Nobody changed anything meanwhile.".into(),
        1 => "The change of others stays as it is.".into(),
        n => format!("The {} changes of others stay as they are.", human::count(n as i128)),
    }
}

/// `staged` is what is deleted, with its "is" or "are".
fn discard(paper: &Paper, staged: &str) -> (String, Vec<(String, Tone)>) {
    let told = match paper.row.files {
        0 => "The journal is closed; there are no staged files.".to_string(),
        _ => format!("{staged} deleted, and the journal is closed."),
    };
    let sources = paper.record.plan.sources.len();
    let mut lines = vec![(told, Tone::Danger), ("No snapshot holds these rows.".into(), Tone::Plain)];
    if sources > 0 {
        lines.push(("The source files stay; they can be loaded again.".into(), Tone::Plain));
    }
    ("Give it up?".into(), lines)
}
