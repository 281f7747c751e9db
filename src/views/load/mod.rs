//! Loading a file: source, mapping, preflight, commit, one step after the other in one view. It holds what was chosen
//! and asks for the work; the work itself is in `tasks`, each step's screen in a file of its own.

mod act;
mod cast;
mod commit;
mod mapping;
mod preflight;
mod settings;
mod tasks;
mod window;

use std::path::PathBuf;
use std::sync::Arc;

use crossterm::event::MouseEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use super::widgets::load::{self as states, Load};
use super::widgets::{facts, human, text};
use crate::Kind;
use crate::app::action::{Action, Offer};
use crate::app::effect::{Answer, Effect, Notice, Slot};
use crate::app::route::Route;
use crate::app::task::{Part, Report};
use crate::app::theme::Tone;
use crate::app::view::{Context, RawText, View};
use crate::ingest::draft::Draft;
use crate::ingest::mapping::Mapping;
use crate::ingest::source::SourceOptions;
use crate::recovery::Loaded;

pub use tasks::{branch, paths};

/// Its name on the command line.
pub const NAME: &str = "load";

const WINDOW: Slot = Slot(1);
const BIND: Slot = Slot(2);
const CHECK: Slot = Slot(3);
const COMMIT: Slot = Slot(4);

/// Where the operator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Source,
    Mapping,
    Preflight,
    Commit,
}

impl Step {
    const ALL: [(Step, &'static str); 4] = [
        (Step::Source, "source"),
        (Step::Mapping, "mapping"),
        (Step::Preflight, "preflight"),
        (Step::Commit, "commit"),
    ];

    fn before(self) -> Option<Step> {
        Self::ALL.iter().map(|(step, _)| *step).rfind(|step| *step < self)
    }
}

/// The view.
#[derive(Debug)]
pub struct LoadView {
    route: Route,
    step: Step,
    draft: Load<Arc<Draft>>,
    previewer: Option<tasks::SharedPreviewer>,
    rows: window::RowWindow,
    mapping: mapping::MappingPane,
    preflight: Load<preflight::PreflightPane>,
    /// Whether one came to the source from a fault of the preflight: the way back leads there.
    from_fault: bool,
    /// What the report is of: it holds as long as both stay the same.
    checked: Option<(SourceOptions, Mapping)>,
    choices: commit::Choices,
    result: Load<Loaded>,
    began_ms: i64,
}

impl LoadView {
    /// A view that loads the files in the route's detail, one a line, into its table.
    pub fn new(route: Route) -> Self {
        Self {
            route,
            step: Step::Source,
            draft: Load::Idle,
            previewer: None,
            rows: window::RowWindow::default(),
            mapping: mapping::MappingPane::default(),
            preflight: Load::Idle,
            from_fault: false,
            checked: None,
            choices: commit::Choices::default(),
            result: Load::Idle,
            began_ms: 0,
        }
    }

    fn branch(&self) -> &str {
        let named = self.route.table().and_then(|address| address.at.as_deref()).unwrap_or("main");
        self.draft.ready().map_or(named, |draft| draft.branch())
    }

    /// Takes an opened or re-read source: everything after it starts anew, but for what was chosen.
    fn opened(&mut self, opened: tasks::Opened) -> Vec<Effect> {
        self.choices.reading = opened.options;
        self.draft = Load::Ready(opened.draft);
        self.previewer = Some(opened.previewer);
        let first = self.rows.begin();
        let mut effects = self.look(first);
        effects.extend(self.bind());
        if self.step == Step::Preflight {
            effects.extend(self.check());
        }
        effects
    }

    /// Opens the files for the first time, or as if it were.
    fn open_files(&self) -> Vec<Effect> {
        self.read(self.choices.reading.clone(), None)
    }

    /// Reads the files, perhaps in another way. What is not said is detected, as it is for the equivalent command.
    fn read(&self, options: SourceOptions, again: Option<Arc<Draft>>) -> Vec<Effect> {
        vec![Effect::start(tasks::Open { route: self.route.clone(), options, again })]
    }

    fn look(&self, options: crate::ingest::preview::PreviewOptions) -> Vec<Effect> {
        let task = self.previewer.clone().map(|previewer| tasks::Window { previewer, options });
        task.map(|task| Effect::Start(WINDOW, Box::new(task))).into_iter().collect()
    }

    fn bind(&self) -> Vec<Effect> {
        let Some(draft) = self.draft.ready() else { return Vec::new() };
        let column = self.mapping.column().map(|side| side.name.clone());
        vec![Effect::Start(BIND, Box::new(tasks::Bind { draft: draft.clone(), column }))]
    }

    /// What the preflight is remembered for.
    fn subject(&self) -> Option<(SourceOptions, Mapping)> {
        self.draft.ready().map(|draft| (draft.options(), draft.mapping().clone()))
    }

    /// Goes to a step, where the one before it allows that.
    fn go(&mut self, step: Step) -> Vec<Effect> {
        self.from_fault = false;
        let problems = self.mapping.problems();
        if step > Step::Mapping && self.mapping.view().is_none_or(|_| !problems.is_empty()) {
            let told = problems.first().cloned().unwrap_or_else(|| "the columns are not matched yet".into());
            self.step = Step::Mapping;
            return vec![Effect::Notice(Notice::warning(text::safe(&told).into_owned()))];
        }
        match step {
            Step::Commit => self.go_to_commit(),
            Step::Preflight => {
                self.step = step;
                self.check()
            }
            Step::Source | Step::Mapping => {
                self.step = step;
                Vec::new()
            }
        }
    }

    /// Checks every row, unless that was done for the same files and mapping.
    fn check(&mut self) -> Vec<Effect> {
        let subject = self.subject();
        if self.checked.is_some() && self.checked == subject && self.preflight.ready().is_some() {
            return Vec::new();
        }
        let Some(draft) = self.draft.ready() else { return Vec::new() };
        self.checked = subject;
        self.preflight = Load::Loading;
        self.result = Load::Idle;
        vec![Effect::Start(CHECK, Box::new(tasks::Check(draft.clone())))]
    }

    fn go_to_commit(&mut self) -> Vec<Effect> {
        let Some(pane) = self.preflight.ready() else { return self.check_again() };
        if !pane.is_clean() && self.choices.rejects.is_none() {
            let told = "some rows do not fit: mend them or the mapping, or name a file that they are written to";
            return vec![Effect::Notice(Notice::warning(told))];
        }
        self.step = Step::Commit;
        Vec::new()
    }

    /// Starts a preflight that failed or was cancelled once more; one that is at work goes on.
    fn check_again(&mut self) -> Vec<Effect> {
        match self.preflight {
            Load::Loading => vec![Effect::Notice(Notice::info("the rows are still being checked"))],
            _ => self.check(),
        }
    }

    fn is_committing(&self, cx: &Context<'_>) -> bool {
        cx.is_running(COMMIT)
    }

    fn part(&mut self, slot: Slot, part: Part, cx: &Context<'_>) -> Vec<Effect> {
        match slot {
            Slot::MAIN => part.take().map(|opened| self.opened(opened)).unwrap_or_default(),
            WINDOW => {
                let _ = part.take().map(|preview| self.rows.take(preview));
                Vec::new()
            }
            BIND => {
                let _ = part.take().map(|bound| self.mapping.take(bound));
                Vec::new()
            }
            CHECK => {
                let _ = part.take().map(|report| self.preflight = Load::Ready(preflight::PreflightPane::new(report)));
                Vec::new()
            }
            COMMIT => part.take().map(|result| self.ended(result, cx)).unwrap_or_default(),
            act::READ_MAPPING => {
                part.take().map(|(path, mapping)| self.take_mapping(path, mapping)).unwrap_or_default()
            }
            act::SAVE_MAPPING => part.take().map(|file| self.saved(file)).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    fn ended(&mut self, result: Loaded, cx: &Context<'_>) -> Vec<Effect> {
        let logged = self.draft.ready().map(|draft| commit::logged(&result.load, draft, &self.choices, cx));
        self.result = Load::Ready(result);
        logged.map(Effect::Log).into_iter().collect()
    }

    fn steps_line(&self) -> String {
        let sign = |step: Step| match (step.cmp(&self.step), self.result.ready().filter(|_| step == Step::Commit)) {
            (_, Some(result)) => commit::sign(&result.load),
            (std::cmp::Ordering::Less, None) => " ✔",
            (std::cmp::Ordering::Equal, None) => " ●",
            (std::cmp::Ordering::Greater, None) => "",
        };
        let words = (1..).zip(Step::ALL).map(|(n, (step, name))| format!("{n} {name}{}", sign(step)));
        words.collect::<Vec<_>>().join("   ")
    }

    fn render_step(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let Some(draft) = self.draft.ready().cloned() else {
            return states::draw(&self.draft, area, buf, cx, cx.progress(Slot::MAIN), |_, _| {});
        };
        match self.step {
            Step::Source => self.render_source(&draft, area, buf, cx),
            Step::Mapping => self.mapping.render(&draft, area, buf, cx),
            Step::Preflight => self.render_preflight(area, buf, cx),
            Step::Commit => self.render_commit(&draft, area, buf, cx),
        }
    }

    fn render_source(&mut self, draft: &Draft, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let columns = human::counted(draft.source().columns.len(), "column");
        let title = format!("{columns} · {} · {}", settings::summary(draft.settings()), self.rows.place());
        let inner = states::pane(&title, true, area, buf, cx);
        let warnings = &draft.source().warnings;
        let said = u16::try_from(warnings.len().min(2)).unwrap_or(0);
        let [grid, below] = Layout::vertical([Constraint::Min(1), Constraint::Length(said)]).areas(inner);
        for (row, warning) in (0..said).zip(warnings) {
            states::line(&text::safe(warning), Tone::Warning, below, row, buf, cx);
        }
        match self.rows.is_here() {
            false => states::waiting(grid, buf, cx, cx.progress(WINDOW)),
            true if self.rows.is_empty() => {
                states::empty(&["There are no rows in this source".into()], grid, buf, cx);
            }
            true => self.rows.render(grid, buf, cx),
        }
    }

    fn render_preflight(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let inner = states::pane("preflight: every row, nothing is written", true, area, buf, cx);
        match &mut self.preflight {
            Load::Ready(pane) => pane.render(inner, buf, cx),
            other => states::draw(other, inner, buf, cx, cx.progress(CHECK), |_, _| {}),
        }
    }

    fn render_commit(&mut self, draft: &Draft, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let inner = states::pane("commit", true, area, buf, cx);
        let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
        let report = self.preflight.ready().map(preflight::PreflightPane::report);
        match (&self.result, cx.progress(COMMIT)) {
            (_, Some(progress)) if cx.is_stopping(COMMIT) => commit::stopping(progress, inner, buf, cx),
            (_, Some(progress)) => commit::running(progress, self.began_ms, inner, buf, cx),
            (Load::Ready(result), None) => {
                facts::draw(&commit::ended(result, cx), 0, inner, buf, cx);
            }
            (Load::Failed(error), None) => {
                facts::draw(&commit::failed(error, cx), 0, inner, buf, cx);
            }
            (Load::Idle | Load::Loading, None) => {
                facts::draw(&commit::plan(draft, report, &self.choices, cx), 0, inner, buf, cx);
            }
        }
    }
}

impl View for LoadView {
    fn route(&self) -> Route {
        self.route.clone()
    }

    fn status(&self, _cx: &Context<'_>) -> String {
        match self.draft {
            Load::Failed(_) => String::new(),
            _ => format!("append to {}", text::safe(self.branch())),
        }
    }

    fn offers(&self, cx: &Context<'_>) -> Vec<Offer> {
        self.offered(cx)
    }

    fn open(&mut self, cx: &Context<'_>) -> Vec<Effect> {
        // Left while it was checked: nobody waits for that answer any more.
        if matches!(self.preflight, Load::Loading) && !cx.is_running(CHECK) {
            (self.preflight, self.step) = (Load::Idle, self.step.min(Step::Mapping));
        }
        self.checked = None;
        // A refresh keeps the mapping, and what was said of how the files are read.
        match self.draft.ready().cloned() {
            Some(draft) => self.read(self.choices.reading.clone(), Some(draft)),
            None => {
                self.draft = Load::Loading;
                self.open_files()
            }
        }
    }

    fn act(&mut self, action: Action, cx: &Context<'_>) -> Vec<Effect> {
        self.acted(action, cx)
    }

    fn mouse(&mut self, mouse: MouseEvent, _cx: &Context<'_>) -> Vec<Effect> {
        self.pointed(mouse)
    }

    fn back(&mut self) -> bool {
        if matches!(self.result, Load::Loading) {
            return true;
        }
        if std::mem::take(&mut self.from_fault) && self.step == Step::Source {
            self.step = Step::Preflight;
            return true;
        }
        // After a load there is no way back into it.
        let before = self.step.before().filter(|_| self.result.ready().is_none());
        before.map(|step| self.step = step).is_some()
    }

    /// A mapping that was edited, as long as its rows are not loaded.
    fn is_unfinished(&self) -> bool {
        let is_edited = self.draft.ready().is_some_and(|draft| !draft.is_as_matched());
        is_edited && matches!(self.result, Load::Idle | Load::Failed(_))
    }

    fn report(&mut self, slot: Slot, report: Report, cx: &Context<'_>) -> Vec<Effect> {
        match report {
            Report::Part(part) => self.part(slot, part, cx),
            Report::Done => Vec::new(),
            Report::Failed(error) => match slot {
                Slot::MAIN if self.draft.ready().is_none() => {
                    self.draft = Load::Failed(error);
                    Vec::new()
                }
                CHECK => {
                    self.checked = None;
                    self.preflight = Load::Failed(error);
                    Vec::new()
                }
                COMMIT => {
                    self.result = Load::Failed(error);
                    Vec::new()
                }
                act::SAVE_MAPPING if error.kind() == Kind::AlreadyExists => self.ask_to_replace(),
                _ => vec![Effect::failed(&error)],
            },
        }
    }

    fn answer(&mut self, topic: &'static str, answer: Answer, _cx: &Context<'_>) -> Vec<Effect> {
        self.answered(topic, answer)
    }

    fn raw(&self) -> Option<RawText> {
        let draft = self.draft.ready()?;
        let options = Some(draft.options());
        let mapping = Mapping { source: options, ..draft.mapping().clone() };
        Some(RawText { title: "mapping".into(), text: mapping.to_toml().ok()? })
    }

    fn copied(&self, cx: &Context<'_>) -> Option<String> {
        match self.step {
            Step::Source => self.rows.copied(),
            _ => self.draft.ready().map(|draft| commit::command(draft, &self.choices, cx)),
        }
    }

    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(area);
        let title = format!(" {}   {}", self.steps_line(), commit::title(&self.route));
        states::line(&title, Tone::Strong, head, 0, buf, cx);
        self.render_step(body, buf, cx);
    }
}

/// A path that was entered; nothing for an empty line.
fn entered(text: &str) -> Option<PathBuf> {
    let text = text.trim();
    (!text.is_empty()).then(|| PathBuf::from(text))
}
