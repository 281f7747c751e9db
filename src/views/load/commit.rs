//! The last step: what will be done, how far it is, and how it ended.

use std::path::{Path, PathBuf};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::settings;
use crate::Error;
use crate::app::action::Action;
use crate::app::effect::Sent;
use crate::app::route::Route;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::ingest::draft::Draft;
use crate::ingest::preflight::PreflightReport;
use crate::ingest::run::{ADD_CREATE, Ending, IngestResult, REMOVING};
use crate::ingest::source::SourceOptions;
use crate::monitor::Progress;
use crate::recovery::Loaded;
use crate::views::widgets::shown::{Fact, Shown};
use crate::views::widgets::{facts, human, load, text};
use crate::words::{quoted, reaching};

/// What was chosen for the load besides the mapping.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// Where rows go that do not fit; nothing: they stop the load.
    pub rejects: Option<PathBuf>,
    /// What was said of how the files are read; all else is detected.
    pub reading: SourceOptions,
    /// The file that holds the mapping as it is.
    pub mapping: Option<MappingFile>,
    /// Where it is to be saved.
    pub saving: Option<PathBuf>,
}

/// A mapping's file, and what it says of how files are read.
#[derive(Debug, Clone)]
pub struct MappingFile {
    /// Where it is.
    pub path: PathBuf,
    /// What is not said there is detected.
    pub reading: SourceOptions,
}

/// What will be done, in numbers.
pub fn plan(draft: &Draft, report: Option<&PreflightReport>, choices: &Choices, cx: &Context<'_>) -> Vec<Fact> {
    let files = draft.paths();
    let base = draft.base_snapshot_id().map_or_else(|| Shown::word("none, this will be the first"), Shown::id);
    let mut facts = vec![
        Fact::new("table", Shown::text(draft.table().to_string()).tone(Tone::Strong)),
        Fact::new("branch", Shown::text(draft.branch()).tone(Tone::Reference)),
        Fact::new("on snapshot", base),
        Fact::new("schema", Shown::count(draft.schema_id())),
        Fact::new("files to read", Shown::text(listed(&files))),
        Fact::new("their size", Shown::bytes(draft.source().total_bytes())),
    ];
    if let Some(report) = report {
        facts.push(Fact::new("rows to load", Shown::count(report.fit).tone(Tone::Added)));
        if report.unfit > 0 {
            facts.push(Fact::new("rows left out", Shown::count(report.unfit).tone(Tone::Danger)));
        }
    }
    let rejects = choices.rejects.as_ref().map(|path| Shown::text(path.display().to_string()));
    facts.extend(rejects.map(|path| Fact::new("they go to", path)));
    facts.push(Fact::gap());
    facts.push(Fact::new("as a command", Shown::text(command(draft, choices, cx)).tone(Tone::Dim)));
    if choices.mapping.is_none() && !draft.is_as_matched() {
        let told = "(the mapping is not saved yet: that is done in the second step)";
        facts.push(Fact::new("", Shown::word(told).tone(Tone::Dim)));
    }
    facts.push(Fact::gap());
    facts.push(Fact::line(
        Shown::word("One atomic commit: all of it is seen, or nothing. Staged files are removed when it is cancelled.")
            .tone(Tone::Dim),
    ));
    facts
}

fn listed(files: &[PathBuf]) -> String {
    match files {
        [one] => one.display().to_string(),
        many => {
            let names: Vec<_> = many.iter().filter_map(|f| f.file_name()).map(|n| n.to_string_lossy()).collect();
            format!("{} files: {}", many.len(), names.join(", "))
        }
    }
}

/// The equivalent command line.
pub fn command(draft: &Draft, choices: &Choices, cx: &Context<'_>) -> String {
    let mut words: Vec<String> = vec![cx.called(), "ingest".into()];
    words.extend(draft.paths().iter().map(|path| quoted(&path.display().to_string())));
    words.push(quoted(&draft.table().to_string()));
    if draft.branch() != "main" {
        words.extend(["--branch".into(), quoted(draft.branch())]);
    }
    if choices.mapping.is_some() || !draft.is_as_matched() {
        let saved = choices.mapping.as_ref().map_or_else(|| Path::new("mapping.toml"), |file| &file.path);
        words.extend(["--mapping".into(), quoted(&saved.display().to_string())]);
    }
    let held = choices.mapping.as_ref().map(|file| &file.reading);
    let told = settings::beside(&choices.reading, &draft.options(), held);
    words.extend(settings::words(&told).iter().map(|word| quoted(word)));
    if let Some(rejects) = &choices.rejects {
        words.extend([
            "--on-error".into(),
            "reject".into(),
            "--rejects".into(),
            quoted(&rejects.display().to_string()),
        ]);
    }
    words.join(" ")
}

/// How far the load is: rows, bytes, rate, time left.
pub fn running(progress: &Progress, since_ms: i64, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
    let elapsed = (cx.now_ms - since_ms).max(1);
    let mut told =
        vec![Fact::new("rows", Shown::count(progress.rows)), Fact::new("files", Shown::count(progress.files))];
    let read = match progress.total_bytes {
        0 => human::bytes(progress.bytes),
        total => format!("{} of {}", human::bytes(progress.bytes), human::bytes(total)),
    };
    told.push(Fact::new("read", Shown::text(read)));
    let per_second = |n: u64| u64::try_from(u128::from(n) * 1000 / elapsed.unsigned_abs() as u128).unwrap_or(0);
    let rate = format!(
        "{} rows/s, {}/s",
        human::count(per_second(progress.rows).into()),
        human::bytes(per_second(progress.bytes))
    );
    told.push(Fact::new("rate", Shown::text(rate)));
    told.push(Fact::new("time left", left(progress, elapsed)));
    if let Some(key) = cx.keymap.shown(Action::Interrupt) {
        told.push(Fact::gap());
        told.push(Fact::line(Shown::text(format!("{key} cancels; what was staged is removed")).tone(Tone::Dim)));
    }
    let bar = bar(progress, usize::from(area.width.saturating_sub(4)).min(60));
    let stage = if progress.stage.is_empty() { "starting" } else { progress.stage };
    let attempt = if progress.attempts > 0 { format!(", attempt {}", progress.attempts) } else { String::new() };
    load::line(&format!("{} {stage}{attempt}", load::turning(cx)), Tone::Accent, area, 0, buf, cx);
    load::line(&bar, Tone::Added, area, 1, buf, cx);
    let below = Rect { y: area.y + 3.min(area.height), height: area.height.saturating_sub(3), ..area };
    facts::draw(&told, 0, below, buf, cx);
}

/// That it failed, why, and what to do.
pub fn failed(error: &Error, cx: &Context<'_>) -> Vec<Fact> {
    let mut told = vec![Fact::line(Shown::text(format!("✖ {error}")).tone(Tone::Danger))];
    let called = cx.called();
    let key = |action| cx.keymap.shown(action).unwrap_or_else(|| format!(":{action}"));
    let create = format!("{} among the tables (:tables) makes it from the file", key(Action::Create));
    let hints = error.hints().iter().map(|hint| reaching(hint, &called).replace(ADD_CREATE, &create));
    told.extend(hints.map(|hint| Fact::line(Shown::text(format!("  {hint}")))));
    let keys = format!("{} tries again, {} goes back", key(Action::Open), key(Action::Back));
    told.extend([Fact::gap(), Fact::line(Shown::text(keys).tone(Tone::Dim))]);
    told
}

/// That it ends, and what becomes of what is staged; nothing more is loaded, so no time is left to tell.
pub fn stopping(progress: &Progress, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
    let stage = if progress.stage == REMOVING { REMOVING } else { "stopping, then removing staged files" };
    load::line(&format!("{} {stage}", load::turning(cx)), Tone::Warning, area, 0, buf, cx);
    let told = [Fact::new("rows", Shown::count(progress.rows)), Fact::new("files", Shown::count(progress.files))];
    let below = Rect { y: area.y + 2.min(area.height), height: area.height.saturating_sub(2), ..area };
    facts::draw(&told, 0, below, buf, cx);
}

fn left(progress: &Progress, elapsed_ms: i64) -> Shown {
    let done = progress.bytes.min(progress.total_bytes);
    if done == 0 {
        return Shown::missing();
    }
    let rest = u128::from(progress.total_bytes - done) * elapsed_ms.unsigned_abs() as u128 / u128::from(done);
    Shown::text(human::span(i64::try_from(rest).unwrap_or(i64::MAX)))
}

fn bar(progress: &Progress, cells: usize) -> String {
    let done = progress.bytes.min(progress.total_bytes);
    let full = match progress.total_bytes {
        0 => 0,
        total => usize::try_from(u128::from(done) * cells as u128 / u128::from(total)).unwrap_or(0),
    };
    format!("{}{}", "█".repeat(full), "░".repeat(cells.saturating_sub(full)))
}

/// How it ended, in a sentence with its tone.
pub fn sentence(result: &IngestResult) -> (&'static str, Tone) {
    match result.ending {
        Ending::Committed => ("✔ committed: the rows are in the table", Tone::Added),
        Ending::Rejected => {
            ("✖ rejected: the table changed meanwhile; staged files and journal are kept", Tone::Danger)
        }
        Ending::Unknown => ("? outcome unknown: staged files and journal are kept", Tone::Danger),
        Ending::NotSent => ("✖ not sent: nothing changed", Tone::Danger),
        Ending::Planned => ("planned only, nothing was written", Tone::Warning),
        Ending::NothingToLoad => ("there were no rows to load; no snapshot was made", Tone::Warning),
        Ending::Unfit => ("✖ rows or columns do not fit; nothing changed", Tone::Danger),
    }
}

/// The sign of the last step.
pub fn sign(result: &IngestResult) -> &'static str {
    match result.ending {
        Ending::Committed | Ending::Planned | Ending::NothingToLoad => " ✔",
        Ending::Unknown => " ?",
        Ending::Rejected | Ending::NotSent | Ending::Unfit => " ✖",
    }
}

/// How it ended.
pub fn ended(loaded: &Loaded, cx: &Context<'_>) -> Vec<Fact> {
    let result = &loaded.load;
    let (told, tone) = sentence(result);
    let mut facts = vec![Fact::line(Shown::word(told).tone(tone)), Fact::gap()];
    facts.push(Fact::new("table", Shown::text(&result.table)));
    facts.push(Fact::new("branch", Shown::text(&result.branch).tone(Tone::Reference)));
    facts.extend(result.snapshot_id.map(|id| Fact::new("snapshot", Shown::id(id))));
    facts.push(Fact::new("rows", Shown::count(result.rows).tone(Tone::Added)));
    if result.rejected_rows > 0 {
        facts.push(Fact::new("left out", Shown::count(result.rejected_rows).tone(Tone::Danger)));
    }
    facts.push(Fact::new(
        "files",
        Shown::text(format!("{}, {}", human::count(result.files.into()), human::bytes(result.bytes))),
    ));
    facts.push(Fact::new("took", Shown::text(human::span(i64::try_from(result.elapsed_ms).unwrap_or(i64::MAX)))));
    facts.extend(result.ingest_id.as_ref().map(|id| Fact::new("ingest", Shown::text(id))));
    facts.push(Fact::gap());
    let called = cx.called();
    let said = result.reason.iter().chain(&result.problems).map(String::clone);
    let advice = result.notes.iter().chain(&result.hint).map(|told| reaching(told, &called));
    facts.extend(said.chain(advice).map(|told| Fact::line(Shown::text(told))));
    if is_open(loaded) && !loaded.changes.is_empty() {
        facts.extend([Fact::gap(), Fact::heading("what others did meanwhile")]);
        let changes = loaded.changes.iter().rev().take(TOLD).rev();
        facts.extend(changes.map(|change| Fact::line(Shown::text(format!("· {}", change.what)).tone(Tone::Dim))));
    }
    facts
}

/// Whether it is to be settled in the workbench.
pub fn is_open(loaded: &Loaded) -> bool {
    matches!(loaded.load.ending, Ending::Rejected | Ending::Unknown) && loaded.load.ingest_id.is_some()
}

/// Others' changes that are told one by one.
const TOLD: usize = 10;

/// The line of the command log.
pub fn logged(result: &IngestResult, draft: &Draft, choices: &Choices, cx: &Context<'_>) -> Sent {
    Sent {
        at_ms: cx.now_ms,
        what: format!("append {} rows to {}", human::count(result.rows.into()), text::safe(&result.table)),
        outcome: result.ending.outcome().into(),
        request: result.request.clone().unwrap_or_default(),
        command: command(draft, choices, cx),
    }
}

/// The name that a route's files have in the crumbs.
pub fn title(route: &Route) -> String {
    format!("load {}", text::safe(&route.detail_name().unwrap_or_default()))
}
