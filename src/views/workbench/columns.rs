//! What the workbench says: the verdict, and its three columns. Pure: values in, lines out.

use super::tasks::{Paper, Stand};
use crate::app::theme::Tone;
use crate::commit::AttemptOutcome;
use crate::ingest::journal::AttemptRecord;
use crate::recovery::{Assessment, ChangeKind, Intervening, Verdict};
use crate::table::Moment;
use crate::table::inspect::SnapshotRow;
use crate::views::recover;
use crate::views::widgets::human;
use crate::views::widgets::shown::{Fact, Shown};
use crate::views::widgets::text::{self, safe};

/// Partitions that are named one by one.
const NAMED: usize = 6;

/// The verdict in a word and its tone.
pub fn word(verdict: Verdict) -> (&'static str, Tone) {
    match verdict {
        Verdict::Landed => ("✔ LANDED", Tone::Added),
        Verdict::Rebase => ("● REBASE", Tone::Added),
        Verdict::Restage => ("▲ RESTAGE", Tone::Warning),
        Verdict::Decide => ("▲ DECIDE", Tone::Warning),
        Verdict::Stop => ("✖ STOP", Tone::Danger),
    }
}

/// The verdict in a sentence with its reason, then what it means for what one can do.
pub fn verdict(assessment: &Assessment) -> Vec<(String, Tone)> {
    let (word, tone) = word(assessment.verdict);
    let mut told = vec![(format!("{word}: {}", safe(&assessment.reason)), tone)];
    told.push((consequence(assessment).into(), Tone::Plain));
    told
}

fn consequence(assessment: &Assessment) -> &'static str {
    match assessment.verdict {
        Verdict::Landed => "Nothing is to be sent and nothing is deleted; all that is left is to close the journal.",
        _ if assessment.is_untold => {
            "Look at the table, and ask for the change again where it is missing. Giving up deletes nothing."
        }
        _ if !assessment.is_absent => {
            "Nothing is deleted and nothing is sent; load the files again only if they are missing."
        }
        Verdict::Rebase if assessment.may_still_land => {
            "The lost request may still do its work. Sending again is safe: at most one of both lands. Nothing is deleted yet."
        }
        _ if assessment.may_still_land => {
            "The lost request may still do its work: nothing is deleted before the branch has moved on."
        }
        Verdict::Rebase => "Publishing the same files is safe, and no data is written again.",
        Verdict::Restage => "The staged files are given up, and the same source files are loaded again.",
        Verdict::Decide if assessment.can_replay => "It can be published all the same, or given up.",
        Verdict::Decide => {
            "It cannot be sent again as it is: ask for it anew on the table as it is now, and give this up."
        }
        Verdict::Stop => "What was staged can be taken away.",
    }
}

/// The state that was inspected.
pub fn base(paper: &Paper, stand: Option<&Stand>, now_ms: i64) -> Vec<Fact> {
    let base = &paper.record.plan.base;
    let none = || Shown::word("none: the first").tone(Tone::Dim);
    let mut facts = vec![Fact::new("snapshot", base.snapshot_id.map_or_else(none, Shown::id))];
    match stand.and_then(|stand| stand.base.as_ref()) {
        Some(s) => facts.extend(of_snapshot(s, now_ms)),
        None if base.snapshot_id.is_some() && stand.is_some() => {
            facts.push(Fact::line(Shown::word("not in the table any more").tone(Tone::Warning)));
        }
        None => {}
    }
    facts.push(Fact::new("schema", Shown::id(base.schema_id.into())));
    facts.push(Fact::new("spec", Shown::id(base.spec_id.into())));
    facts.push(Fact::new("branch", Shown::text(&paper.record.plan.branch).tone(Tone::Reference)));
    facts.push(Fact::new("inspected", Shown::ago(paper.record.opened_at_ms, now_ms)));
    if let Some(head) = stand.and_then(|stand| stand.head.as_ref()).filter(|h| Some(h.snapshot_id) != base.snapshot_id)
    {
        facts.push(Fact::gap());
        facts.push(Fact::heading(format!("{} now", safe(paper.record.branch()))));
        facts.push(Fact::new("snapshot", Shown::id(head.snapshot_id).tone(Tone::Current)));
        facts.extend(of_snapshot(head, now_ms));
    }
    facts
}

fn of_snapshot(s: &SnapshotRow, now_ms: i64) -> Vec<Fact> {
    vec![
        Fact::new("committed", Shown::ago(s.committed_at.0, now_ms)),
        Fact::new("sequence", Shown::count(s.sequence_number)),
        Fact::new("rows", Shown::or_missing(s.total_rows, Shown::count)),
    ]
}

/// The heading of what others did.
pub fn theirs_title(stand: &Stand) -> String {
    match stand.assessment.changes.len() {
        0 => "theirs: nothing".into(),
        n => format!("theirs ({})", human::count(n as i128)),
    }
}

/// What others did, newest last.
pub fn theirs(stand: &Stand, now_ms: i64) -> Vec<Fact> {
    let changes = &stand.assessment.changes;
    if changes.is_empty() {
        return vec![Fact::line(Shown::word("Nobody changed anything since the base.").tone(Tone::Dim))];
    }
    let mut facts = Vec::new();
    for change in changes {
        if !facts.is_empty() {
            facts.push(Fact::gap());
        }
        facts.extend(theirs_one(change, now_ms));
    }
    facts
}

fn theirs_one(change: &Intervening, now_ms: i64) -> Vec<Fact> {
    if change.kind != ChangeKind::Snapshot {
        let tone = match change.kind {
            ChangeKind::Dropped | ChangeKind::Recreated | ChangeKind::BranchDropped => Tone::Danger,
            ChangeKind::Rollback | ChangeKind::Schema | ChangeKind::Spec => Tone::Warning,
            _ => Tone::Plain,
        };
        return vec![Fact::line(Shown::text(&change.what).tone(tone))];
    }
    let when = change.committed_at.map(|at| human::ago(at.0, now_ms));
    let by = change.engine.as_ref().map(|engine| format!("by {engine}"));
    let head = [when, change.operation.clone(), by, change.app_id.clone()];
    let head = head.into_iter().flatten().collect::<Vec<_>>().join("  ");
    let mut facts = vec![Fact::line(Shown::text(head).tone(Tone::Strong))];
    facts.extend(numbers(change).map(|told| Fact::line(Shown::text(format!("  {told}")))));
    if let Some(partitions) = change.partitions.as_ref().filter(|all| !all.is_empty()) {
        facts.push(Fact::line(Shown::text(format!("  {}", named(partitions)))));
    }
    if touches(change) {
        facts.push(Fact::line(Shown::word("  where you write, too").tone(Tone::Warning)));
    }
    facts.extend(change.snapshot_id.map(|id| Fact::line(Shown::text(format!("  snapshot {id}")).tone(Tone::Dim))));
    facts
}

/// Whether it took rows away where ours go, as far as one knows.
fn touches(change: &Intervening) -> bool {
    let removes = matches!(change.operation.as_deref(), Some("overwrite" | "delete"));
    removes && change.touches_ours != Some(false)
}

/// `+4,000 −1,204 rows, +1 −38 files`, `+1 file`.
fn numbers(change: &Intervening) -> Option<String> {
    let both = |added: Option<u64>, removed: Option<u64>, what: &str| {
        let part = |n: Option<u64>, sign: i128| n.filter(|n| *n > 0).map(|n| human::change(sign * i128::from(n)));
        let told: Vec<_> = [part(added, 1), part(removed, -1)].into_iter().flatten().collect();
        let of_one = matches!((added.unwrap_or(0), removed.unwrap_or(0)), (1, 0) | (0, 1));
        let plural = if of_one { "" } else { "s" };
        (!told.is_empty()).then(|| format!("{} {what}{plural}", told.join(" ")))
    };
    let rows = both(change.added_rows, change.removed_rows, "row");
    let files = both(change.added_files, change.removed_files, "file");
    let told: Vec<_> = [rows, files].into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// Some by name, the others by their number.
fn named(partitions: &[String]) -> String {
    let shown = partitions.get(..NAMED).unwrap_or(partitions).join(", ");
    match partitions.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {} more", human::count(more as i128)),
    }
}

/// What is to be published.
pub fn mine(paper: &Paper, stand: Option<&Stand>, now_ms: i64) -> Vec<Fact> {
    let (row, record) = (&paper.row, &paper.record);
    let verb = if record.plan.verb == "ingest" { "append" } else { record.plan.verb.as_str() };
    let mut facts = vec![
        Fact::line(Shown::text(format!("{verb} to {}", record.branch())).tone(Tone::Strong)),
        Fact::new("rows", Shown::count(row.rows).tone(Tone::Added)),
        Fact::new(
            "files",
            Shown::text(format!("{}, {}", human::count(row.files.into()), human::bytes(row.bytes))).tone(Tone::Number),
        ),
    ];
    if let Some(stand) = stand.filter(|_| row.files > 0) {
        facts.push(Fact::new("staged", staged(paper, stand)));
        if !stand.partitions.is_empty() {
            facts.push(Fact::new("partitions", Shown::text(named(&stand.partitions))));
        }
    }
    let sources = record.plan.sources.iter().map(|path| path.rsplit('/').next().unwrap_or(path));
    let sources: Vec<String> = sources.map(str::to_string).collect();
    if !sources.is_empty() {
        facts.push(Fact::new("from", Shown::text(named(&sources))));
    }
    facts.push(Fact::new("state", recover::state(row)));
    facts.push(Fact::new("ingest", Shown::text(&row.ingest_id)));
    facts.push(Fact::gap());
    facts.extend(attempts(paper, now_ms));
    facts
}

fn staged(paper: &Paper, stand: &Stand) -> Shown {
    let all = paper.record.files.len();
    match stand.present {
        n if n == all => Shown::text(format!("all {} present", human::count(all as i128))).tone(Tone::Added),
        _ => Shown::word("not all as they were written").tone(Tone::Danger),
    }
}

fn attempts(paper: &Paper, now_ms: i64) -> Vec<Fact> {
    if paper.record.attempts.is_empty() {
        return vec![Fact::line(Shown::word("no request was sent").tone(Tone::Dim))];
    }
    let one = |attempt: &AttemptRecord| {
        let (answer, tone) = answered(attempt);
        let when = human::ago(attempt.sending.at_ms, now_ms);
        Fact::line(Shown::text(format!("attempt {}  {when}  {answer}", attempt.sending.attempt)).tone(tone))
    };
    paper.record.attempts.iter().map(one).collect()
}

/// How a request ended.
fn answered(attempt: &AttemptRecord) -> (&'static str, Tone) {
    match attempt.outcome.as_ref().map(|(outcome, _)| *outcome) {
        Some(AttemptOutcome::Committed) => ("committed", Tone::Added),
        Some(AttemptOutcome::Rejected) => ("rejected", Tone::Warning),
        Some(AttemptOutcome::Unknown) => ("no answer", Tone::Danger),
        Some(AttemptOutcome::NotSent) => ("not sent", Tone::Dim),
        None => ("nothing is known", Tone::Danger),
    }
}

/// What was said to the last request, in a line.
pub fn last_answer(paper: &Paper) -> Option<(String, Tone)> {
    let attempt = paper.record.attempts.last()?;
    let (answer, tone) = answered(attempt);
    let message = attempt.outcome.as_ref().map(|(_, message)| message.as_str()).filter(|text| !text.is_empty());
    let at = human::moment(attempt.sending.at_ms);
    let told =
        format!("attempt {}  {at}  {answer}: {}", attempt.sending.attempt, message.unwrap_or("nothing was said"));
    Some((text::safe(&told).into_owned(), tone))
}

/// Everything that was sent, and what is known of it, as JSON.
pub fn requests(paper: &Paper) -> String {
    let one = |attempt: &AttemptRecord| {
        let mut told = serde_json::to_value(&attempt.sending).unwrap_or_default();
        let outcome = attempt.outcome.as_ref().and_then(|(outcome, _)| serde_json::to_value(outcome).ok());
        if let Some(fields) = told.as_object_mut() {
            fields.insert("at".into(), Moment(attempt.sending.at_ms).to_string().into());
            fields.insert("branch".into(), attempt.branch.clone().into());
            fields.insert("outcome".into(), outcome.unwrap_or_default());
            let message = attempt.outcome.as_ref().map(|(_, message)| message.clone());
            fields.insert("message".into(), message.into());
        }
        told
    };
    let all: Vec<_> = paper.record.attempts.iter().map(one).collect();
    serde_json::to_string_pretty(&all).unwrap_or_default()
}
