//! The state of the console and how events change it. Does no I/O, spawns nothing and reads no clock: what shall be
//! done outside is given back as [`Outward`].

use std::collections::BTreeMap;
use std::sync::Arc;

use super::action::Action;
use super::board::{JobBoard, JobEntry, JobState};
use super::effect::{Effect, Notice, Outward, Sent, Slot, Weight};
use super::event::Event;
use super::keymap::Keymap;
use super::route::Route;
use super::stack::{Open, Stack};
use super::task::{AnyTask, Cancel, JobId, Report};
use super::theme::Styles;
use super::view::{Context, View, ViewId};
use super::welcome;
use crate::{Error, views};

/// So many things that were opened are remembered.
const REMEMBERED: usize = 50;

/// A catalog as the shell knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogEntry {
    /// Its name.
    pub name: String,
    /// Whether writing verbs are hidden.
    pub read_only: bool,
    /// The theme it carries.
    pub theme: Option<String>,
}

/// What the console starts with.
#[derive(Debug)]
pub struct Setup {
    /// The keys.
    pub keymap: Keymap,
    /// All themes by name, each ready to draw with.
    pub themes: BTreeMap<String, Styles>,
    /// The look where a theme is missing.
    pub plain: Styles,
    /// The theme of catalogs that carry none.
    pub theme: String,
    /// The catalogs, the default one first.
    pub catalogs: Vec<CatalogEntry>,
    /// How a command line begins that is about this lake.
    pub called: String,
    /// Whether the whole console is read-only.
    pub read_only: bool,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// Take mouse reports.
    pub mouse: bool,
    /// Mistakes in the user's files: the first is told at the start, `:mistakes` lists all.
    pub mistakes: Vec<Error>,
    /// Say at the start what is open.
    pub looks_for_open: bool,
}

/// How the program is about to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Leaving {
    #[default]
    No,
    /// Ctrl-c was pressed once with nothing to cancel.
    Asked,
    /// As soon as the work that must not be cut is done.
    WhenDone,
    /// Now.
    Now,
}

/// Everything that views are shown: the state without the views.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) setup: Setup,
    pub(super) board: JobBoard,
    pub(super) log: Vec<Sent>,
    pub(super) details: Vec<(&'static str, String)>,
    catalog_names: Vec<String>,
    pub(super) now_ms: i64,
    beat: usize,
}

/// The console.
#[derive(Debug)]
pub struct App {
    pub(super) stack: Stack,
    pub(super) desk: Desk,
    pub(super) notice: Option<Notice>,
    /// What is told as soon as the notice at hand is gone.
    pub(super) later: Option<Notice>,
    /// Views that hold unfinished work of the operator and have no place in the history any more, the oldest first.
    pub(super) kept: Vec<Open>,
    pub(super) leaving: Leaving,
    next_view: u64,
    next_job: u64,
}

impl Desk {
    /// The catalog that a route leads to; nothing for one that is not known.
    pub(super) fn catalog(&self, route: &Route) -> Option<&CatalogEntry> {
        match &route.catalog {
            None => self.setup.catalogs.first(),
            Some(name) => self.setup.catalogs.iter().find(|c| c.name == *name),
        }
    }

    pub(super) fn is_read_only(&self, route: &Route) -> bool {
        let is_path = route.table().is_some() && route.table_name().is_none();
        is_path || self.setup.read_only || self.catalog(route).is_some_and(|c| c.read_only)
    }

    /// Remembers what was opened, the newest last.
    pub(super) fn remember(&mut self, screen: &'static str, detail: &str) {
        self.forget(screen, detail);
        self.details.push((screen, detail.to_string()));
        let too_many = self.details.len().saturating_sub(REMEMBERED);
        self.details.drain(..too_many);
    }

    /// What cannot be read is not gone back to.
    fn forget(&mut self, screen: &'static str, detail: &str) {
        self.details.retain(|(of, known)| (*of, known.as_str()) != (screen, detail));
    }

    pub(super) fn styles(&self, route: &Route) -> &Styles {
        let own = self.catalog(route).and_then(|c| c.theme.as_ref()).and_then(|name| self.setup.themes.get(name));
        own.or_else(|| self.setup.themes.get(&self.setup.theme)).unwrap_or(&self.setup.plain)
    }

    /// What a view is shown while the view at hand has this route.
    pub(super) fn context<'a>(&'a self, here: &Route, view: ViewId, reserved: &'a [char]) -> Context<'a> {
        Context {
            styles: self.styles(here),
            keymap: &self.setup.keymap,
            now_ms: self.now_ms,
            read_only: self.is_read_only(here),
            program: &self.setup.called,
            named: self.catalog(here).filter(|_| self.setup.catalogs.len() > 1).map(|catalog| catalog.name.as_str()),
            jobs: &self.board,
            log: &self.log,
            mistakes: &self.setup.mistakes,
            details: &self.details,
            catalogs: &self.catalog_names,
            view,
            beat: self.beat,
            reserved,
        }
    }
}

impl App {
    /// A console at its first view, and what is to be done for that.
    pub fn new(setup: Setup, start: Route, now_ms: i64) -> (Self, Vec<Outward>) {
        let catalog_names = setup.catalogs.iter().map(|c| c.name.clone()).collect();
        let (first, problem) = match make(&start) {
            Ok(view) => (view, None),
            Err(error) => (Box::new(views::raw::RawView::new(start, "icedeck", error.report())) as _, Some(error)),
        };
        let mut app = Self {
            stack: Stack::new(Open { id: ViewId(0), view: first }),
            desk: Desk {
                setup,
                board: JobBoard::default(),
                log: Vec::new(),
                details: Vec::new(),
                catalog_names,
                now_ms,
                beat: 0,
            },
            notice: None,
            later: None,
            kept: Vec::new(),
            leaving: Leaving::No,
            next_view: 1,
            next_job: 1,
        };
        let mut outward = Vec::new();
        app.tell_mistakes(&mut outward);
        if let Some(problem) = problem {
            app.tell(Notice::error(&problem), &mut outward);
        }
        app.open_view(ViewId(0), &mut outward);
        if app.desk.setup.looks_for_open {
            app.start(welcome::SHELL, Slot::MAIN, Box::new(welcome::LookForOpen), &mut outward);
        }
        (app, outward)
    }

    /// All mistakes in the user's files are logged, the first is told, and how to see the others.
    fn tell_mistakes(&mut self, out: &mut Vec<Outward>) {
        let mistakes = &self.desk.setup.mistakes;
        let told: Vec<_> = mistakes.iter().map(|error| Notice::warning(Notice::error(error).text)).collect();
        self.notice = told.first().cloned().map(|first| match told.len() {
            1 => first,
            all => Notice { text: format!("{all} mistakes: :{} · {}", views::mistakes::NAME, first.text), ..first },
        });
        out.extend(told.into_iter().map(Outward::Trace));
    }

    /// What an event changes, and what is to be done outside because of it. Pure but for this state.
    pub fn update(&mut self, event: Event, now_ms: i64) -> Vec<Outward> {
        self.desk.now_ms = now_ms;
        let mut out = Vec::new();
        match event {
            Event::Key(key) => self.key(key, &mut out),
            Event::Paste(text) => self.with_top(&mut out, |view, cx| view.paste(&text, cx)),
            Event::Mouse(mouse) => self.with_top(&mut out, |view, cx| view.mouse(mouse, cx)),
            Event::Resize => {}
            Event::Report(job, report) => self.report(job, report, &mut out),
            Event::Progress(news) => self.progress(news),
            Event::Check => self.check(&mut out),
            Event::Trouble(told) => self.tell(Notice::warning(told), &mut out),
            Event::Terminate => self.terminate(&mut out),
        }
        let top = self.stack.top().id;
        self.with_view(top, &mut out, |view, cx| view.watch(cx));
        if self.notice.is_none() {
            self.notice = self.later.take();
        }
        if self.leaving == Leaving::WhenDone && self.unfinished().next().is_none() {
            self.leaving = Leaving::Now;
        }
        if self.leaving == Leaving::Now {
            out.push(Outward::Quit);
        }
        out
    }

    /// All jobs.
    pub fn jobs(&self) -> &JobBoard {
        &self.desk.board
    }

    /// What was told last.
    pub fn notice(&self) -> Option<&Notice> {
        self.notice.as_ref()
    }

    /// The address of the view at hand.
    pub fn here(&self) -> Route {
        self.stack.here().view.route()
    }

    /// Whether writing verbs are hidden in the view at hand.
    pub fn is_read_only(&self) -> bool {
        self.desk.is_read_only(&self.here())
    }

    /// Lets an open view do something with what it is shown, then does what it asks for.
    pub(super) fn with_view(
        &mut self,
        id: ViewId,
        out: &mut Vec<Outward>,
        act: impl FnOnce(&mut dyn View, &Context<'_>) -> Vec<Effect>,
    ) {
        let (reserved, here) = (self.reserved(), self.here());
        let Some(open) = self.stack.find_mut(id) else { return };
        let effects = act(open.view.as_mut(), &self.desk.context(&here, id, &reserved));
        self.follow(id, effects, out);
    }

    pub(super) fn with_top(
        &mut self,
        out: &mut Vec<Outward>,
        act: impl FnOnce(&mut dyn View, &Context<'_>) -> Vec<Effect>,
    ) {
        self.with_view(self.stack.top().id, out, act);
    }

    pub(super) fn open_view(&mut self, id: ViewId, out: &mut Vec<Outward>) {
        self.with_view(id, out, |view, cx| {
            let mut effects = view.watch(cx);
            effects.extend(view.open(cx));
            effects
        });
    }

    pub(super) fn new_open(&mut self, view: Box<dyn View>) -> Open {
        let id = ViewId(self.next_view);
        self.next_view += 1;
        Open { id, view }
    }

    /// Says something, and has it logged. The newest word counts: an error that was mended does not stay.
    pub(super) fn tell(&mut self, notice: Notice, out: &mut Vec<Outward>) {
        out.push(Outward::Trace(notice.clone()));
        self.notice = Some(notice);
    }

    /// Says something that nobody asked for: what is to be read already is read first.
    fn tell_after(&mut self, notice: Notice, out: &mut Vec<Outward>) {
        if self.notice.as_ref().is_some_and(|n| n.weight > Weight::Info) {
            out.push(Outward::Trace(notice.clone()));
            self.later = Some(notice);
        } else {
            self.tell(notice, out);
        }
    }

    pub(super) fn start(&mut self, view: ViewId, slot: Slot, task: Box<dyn AnyTask>, out: &mut Vec<Outward>) {
        let task: Arc<dyn AnyTask> = Arc::from(task);
        if let Some(older) = self.desk.board.running_in(view, slot).map(|job| job.id) {
            self.forget(older, out);
        }
        let id = JobId(self.next_job);
        self.next_job += 1;
        self.desk.board.add(JobEntry {
            id,
            view,
            slot,
            title: task.title(),
            cancel: task.cancel(),
            state: JobState::Running,
            progress: Default::default(),
            started_ms: self.desk.now_ms,
            ended_ms: None,
        });
        out.push(Outward::Start(id, task));
    }

    /// Nobody waits for this job any more: reads are dropped, other work goes on.
    pub(super) fn forget(&mut self, id: JobId, out: &mut Vec<Outward>) {
        if self.desk.board.get(id).is_some_and(|job| job.cancel == Cancel::Drop) {
            self.end(id, JobState::Failed(Arc::new(Error::cancelled())));
            out.push(Outward::Cancel(id));
        }
    }

    fn end(&mut self, id: JobId, state: JobState) {
        let now_ms = self.desk.now_ms;
        if let Some(job) = self.desk.board.get_mut(id) {
            job.state = state;
            job.ended_ms = Some(now_ms);
        }
    }

    /// A report of a job that has ended, for the board at least, is late: it is dropped.
    fn report(&mut self, id: JobId, report: Report, out: &mut Vec<Outward>) {
        let Some(job) = self.desk.board.get(id).filter(|job| job.is_running()) else { return };
        let (view, slot) = (job.view, job.slot);
        match &report {
            Report::Part(_) => {}
            Report::Done => self.end(id, JobState::Done),
            Report::Failed(error) => {
                self.end(id, JobState::Failed(error.clone()));
                let (weight, text) = (Weight::Error, error.to_string());
                let weight = if error.is_cancelled() { Weight::Info } else { weight };
                out.push(Outward::Trace(Notice { weight, text, story: error.report() }));
            }
        }
        if let Report::Failed(error) = &report
            && slot == Slot::MAIN
            && !error.is_cancelled()
            && let Some(route) = self.stack.find_mut(view).map(|open| open.view.route())
            && let Some(detail) = &route.detail
        {
            self.desk.forget(route.screen, detail);
        }
        match report {
            Report::Part(part) if view == welcome::SHELL => {
                if let Ok(notice) = part.take() {
                    self.tell_after(notice, out);
                }
            }
            report => self.with_view(view, out, |view, cx| view.report(slot, report, cx)),
        }
    }

    /// Nothing is looked after while a dialog asks, text is typed, or the view waits for an answer.
    fn check(&mut self, out: &mut Vec<Outward>) {
        let top = self.stack.top();
        let waits = self.desk.board.running().any(|job| job.view == top.id);
        if !top.view.is_dialog() && !top.view.captures() && !waits {
            self.with_top(out, |view, cx| view.check(cx));
        }
    }

    fn progress(&mut self, news: Vec<(JobId, crate::monitor::Progress)>) {
        self.desk.beat = self.desk.beat.wrapping_add(1);
        for (id, progress) in news {
            if let Some(job) = self.desk.board.get_mut(id) {
                job.progress = progress;
            }
        }
    }

    /// Jobs that must not be cut off.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = &JobEntry> {
        self.desk.board.running().filter(|job| job.cancel != Cancel::Drop)
    }

    /// The capital letters that are bound to something that works now.
    pub(super) fn reserved(&self) -> Vec<char> {
        let chords = self.working().into_iter().flat_map(|offer| self.desk.setup.keymap.chords(offer.action).to_vec());
        chords.filter_map(|chord| chord.character()).filter(char::is_ascii_uppercase).collect()
    }

    /// Why a view cannot be opened: it is there to write, and one may not write where it leads.
    pub(super) fn refused(&self, route: &Route) -> Option<String> {
        if !views::writes(route.screen) || !self.desk.is_read_only(route) {
            return None;
        }
        let is_path = route.table().is_some() && route.table_name().is_none();
        let what = if is_path { "a table that is opened by its path" } else { "this connection" };
        Some(format!("{}: {what} is read-only", route.screen))
    }

    /// Whether a writing action is allowed here.
    pub(super) fn allows(&self, action: Action) -> bool {
        !(action.writes() && self.is_read_only())
    }
}

/// Makes the view of a route.
///
/// # Errors
/// Not found where no view has this name.
pub(super) fn make(route: &Route) -> crate::Result<Box<dyn View>> {
    let screen =
        views::screen(route.screen).ok_or_else(|| Error::not_found(format!("there is no view {}", route.screen)))?;
    Ok((screen.make)(route.clone()))
}
