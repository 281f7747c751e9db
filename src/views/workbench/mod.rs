//! The conflict workbench: one load or change that is not settled. What was inspected, what others did since, what is
//! ours; above them what can be done, and why. It asks for the work; what is safe is decided in `recovery`.

mod choices;
mod columns;
mod tasks;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use super::outcome;
use super::page::Scroll;
use super::widgets::load::{self as states, Load};
use super::widgets::shown::Fact;
use super::widgets::{facts, text};
use crate::Error;
use crate::app::action::{Action, Offer};
use crate::app::effect::{Answer, Effect, Notice, Slot};
use crate::app::route::Route;
use crate::app::task::Report;
use crate::app::theme::Tone;
use crate::app::view::{Context, RawText, View};
use crate::recovery::{Assessment, Deed, Done, Verdict, Word};
use tasks::{Paper, Stand, Told};

/// Its name in routes and crumbs.
pub const NAME: &str = "workbench";

/// The slot of what was chosen.
const ACT: Slot = Slot(1);
/// From how many cells of width on the columns stand beside each other.
const BESIDE_FROM: u16 = 100;

/// The view.
#[derive(Debug)]
pub struct Workbench {
    route: Route,
    paper: Option<Box<Paper>>,
    stand: Load<Box<Stand>>,
    /// What was chosen last, and how it ended.
    chosen: Deed,
    /// Where it stood when it was asked about.
    asked: Option<Assessment>,
    ended: Option<Done>,
    failed: Option<Arc<Error>>,
    /// Whether it is being done: then one stays until it is told how it ended.
    is_busy: bool,
    /// Which column the keys move; 1 is what others did.
    focus: usize,
    scrolls: [Scroll; 3],
    /// Whether the columns stand beside each other, as drawn last.
    is_beside: bool,
}

impl Workbench {
    /// The workbench of the ingest that is the route's detail.
    pub fn new(route: Route) -> Self {
        Self {
            route,
            paper: None,
            stand: Load::Idle,
            chosen: Deed::Rebase,
            asked: None,
            ended: None,
            failed: None,
            is_busy: false,
            focus: 1,
            scrolls: [Scroll::default(); 3],
            is_beside: false,
        }
    }

    fn id(&self) -> String {
        let named = self.paper.as_ref().map(|paper| paper.row.ingest_id.clone());
        named.or_else(|| self.route.detail.clone()).unwrap_or_default()
    }

    fn both(&self) -> Option<(&Paper, &Stand)> {
        Some((self.paper.as_deref()?, self.stand.ready()?))
    }

    fn choices(&self) -> Vec<(Deed, &'static str)> {
        self.both().map(|(paper, stand)| choices::choices(paper, stand)).unwrap_or_default()
    }

    fn ask(&mut self, deed: Deed) -> Vec<Effect> {
        let may = self.choices().iter().any(|(can, _)| *can == deed);
        let Some((paper, stand)) = self.both().filter(|_| may) else { return Vec::new() };
        let (question, asked) = (choices::question(deed, paper, stand), stand.assessment.clone());
        self.asked = Some(asked);
        vec![Effect::show(question)]
    }

    fn begin(&mut self, deed: Deed) -> Vec<Effect> {
        let Some(paper) = &self.paper else { return Vec::new() };
        let catalog = paper.record.plan.catalog.clone();
        (self.chosen, self.failed, self.is_busy) = (deed, None, true);
        let agreed = self.asked.take();
        vec![Effect::Start(ACT, Box::new(tasks::Act { deed, id: self.id(), catalog, agreed }))]
    }

    fn done(&mut self, done: Done, cx: &Context<'_>) -> Vec<Effect> {
        let is_closed = self.stand.ready().is_some_and(|stand| stand.assessment.verdict == Verdict::Landed);
        let what = if is_closed { "close" } else { tasks::what(self.chosen) };
        let id = self.id();
        let what = format!("{what} ingest {} of {}", text::safe(&id), text::safe(&done.table));
        let command = format!("{} recover {} {id} --yes", cx.called(), self.chosen.verb());
        let logged = outcome::logged(what, command, &done, cx.now_ms);
        self.scrolls = [Scroll::default(); 3];
        self.ended = Some(done);
        vec![Effect::Log(logged)]
    }

    fn follow(&mut self, cx: &Context<'_>) -> Vec<Effect> {
        match self.ended.as_ref().map(|done| done.outcome) {
            Some(Word::Committed | Word::Planned) => self.table_now(),
            Some(Word::Discarded) => vec![Effect::Open(Route::new(super::recover::NAME).of_catalog(self.catalog()))],
            Some(_) => self.open(cx),
            None => Vec::new(),
        }
    }

    fn catalog(&self) -> Option<String> {
        self.route.catalog.clone()
    }

    fn table_now(&self) -> Vec<Effect> {
        vec![Effect::Open(self.route.to_screen(super::snapshots::NAME))]
    }

    fn take(&mut self, told: Told) {
        match told {
            Told::Journal(paper) => self.paper = Some(paper),
            Told::Standing(stand) => self.stand = Load::Ready(stand),
        }
    }

    fn scroll(&mut self) -> &mut Scroll {
        let at = if self.is_beside && self.ended.is_none() { self.focus } else { 0 };
        let [base, theirs, mine] = &mut self.scrolls;
        match at {
            0 => base,
            1 => theirs,
            _ => mine,
        }
    }

    fn head(&self, cx: &Context<'_>, width: usize) -> Vec<(String, Tone)> {
        let Some((paper, stand)) = self.both() else { return Vec::new() };
        let mut told = columns::verdict(&stand.assessment);
        if !paper.row.state.is_open() {
            told = vec![(format!("It is done with: {}.", state_word(paper)), Tone::Added)];
        } else if paper.row.is_in_use {
            told.push(("Another icedeck works on it right now; nothing can be done here.".into(), Tone::Warning));
        } else if cx.read_only && !self.choices().is_empty() {
            told.push(("This connection is read-only: nothing can be done here.".into(), Tone::Warning));
        }
        let wrapped = told.iter().flat_map(|(line, tone)| text::wrap(line, width).into_iter().map(|l| (l, *tone)));
        wrapped.collect()
    }

    fn render_ready(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let padded = Rect { x: area.x + 1.min(area.width), width: area.width.saturating_sub(2), ..area };
        let head = self.head(cx, usize::from(padded.width).max(1));
        let said = u16::try_from(head.len()).unwrap_or(0).min(area.height / 2);
        let strip = u16::from(area.height >= 16);
        let [above, body, below] =
            Layout::vertical([Constraint::Length(said), Constraint::Min(1), Constraint::Length(strip)]).areas(area);
        for (row, (line, tone)) in (0..said).zip(&head) {
            states::line(line, *tone, Rect { y: above.y, height: above.height, ..padded }, row, buf, cx);
        }
        if let Some((line, tone)) = self.paper.as_deref().and_then(columns::last_answer) {
            states::line(&line, tone, Rect { y: below.y, height: below.height, ..padded }, 0, buf, cx);
        }
        self.is_beside = area.width >= BESIDE_FROM;
        if self.is_beside { self.render_beside(body, buf, cx) } else { self.render_stacked(body, buf, cx) }
    }

    /// The three columns: what each is called and what stands in it.
    fn columns(&self, now_ms: i64) -> [(String, Vec<Fact>); 3] {
        let Some((paper, stand)) = self.both() else { return Default::default() };
        [
            ("base".into(), columns::base(paper, Some(stand), now_ms)),
            (columns::theirs_title(stand), columns::theirs(stand, now_ms)),
            ("mine".into(), columns::mine(paper, Some(stand), now_ms)),
        ]
    }

    fn render_beside(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let areas: [Rect; 3] =
            Layout::horizontal([Constraint::Percentage(28), Constraint::Percentage(38), Constraint::Percentage(34)])
                .areas(area);
        let columns = self.columns(cx.now_ms);
        let parts = areas.into_iter().zip(columns).zip(&mut self.scrolls).enumerate();
        for (n, ((area, (title, told)), scroll)) in parts {
            let inner = states::pane(&title, n == self.focus, area, buf, cx);
            let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
            let lines = facts::draw(&told, scroll.top, inner, buf, cx);
            scroll.drawn(lines, inner.height);
        }
    }

    /// What others did stands first: it is what one came to see.
    fn render_stacked(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let [base, theirs, mine] = self.columns(cx.now_ms);
        let mut told = Vec::new();
        for (title, lines) in [theirs, mine, base] {
            if !told.is_empty() {
                told.push(Fact::gap());
            }
            told.push(Fact::heading(title));
            told.extend(lines);
        }
        self.render_page("", &told, area, buf, cx);
    }

    fn render_page(&mut self, title: &str, told: &[Fact], area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let inner = states::pane(title, true, area, buf, cx);
        let inner = Rect { x: inner.x + 1.min(inner.width), width: inner.width.saturating_sub(2), ..inner };
        let [scroll, ..] = &mut self.scrolls;
        let lines = facts::draw(told, scroll.top, inner, buf, cx);
        scroll.drawn(lines, inner.height);
    }

    /// The journal is here, the table not yet, or not at all: ours can be shown.
    fn render_half(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let Some(paper) = self.paper.clone() else {
            let inner = states::pane("", true, area, buf, cx);
            return states::draw(&self.stand, inner, buf, cx, cx.progress(Slot::MAIN), |_, _| {});
        };
        let [above, below] = Layout::vertical([Constraint::Length(area.height.min(6)), Constraint::Min(0)]).areas(area);
        states::draw(&self.stand, above, buf, cx, cx.progress(Slot::MAIN), |_, _| {});
        let told = columns::mine(&paper, None, cx.now_ms);
        self.render_page("mine", &told, below, buf, cx);
    }

    fn running(&self, progress: &crate::monitor::Progress, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let inner = states::pane(self.chosen.verb(), true, area, buf, cx);
        let inner = Rect { x: inner.x + 1.min(inner.width), width: inner.width.saturating_sub(2), ..inner };
        let told = format!("{} {} …", states::turning(cx), states::progress_line(progress));
        states::line(&told, Tone::Accent, inner, 0, buf, cx);
        let key = cx.keymap.shown(Action::Interrupt).unwrap_or_else(|| format!(":{}", Action::Interrupt));
        let stops = match self.chosen {
            Deed::Discard | Deed::Close => "This cannot be stopped any more; it takes a moment.".to_string(),
            _ => format!("{key} stops it once the answer to what was sent is here."),
        };
        states::line(&stops, Tone::Dim, inner, 1, buf, cx);
    }
}

fn state_word(paper: &Paper) -> String {
    super::recover::state(&paper.row).text.into_owned()
}

impl View for Workbench {
    fn route(&self) -> Route {
        self.route.clone()
    }

    fn status(&self, _cx: &Context<'_>) -> String {
        match &self.ended {
            Some(done) => outcome::word(done.outcome).into(),
            None => self.paper.as_deref().map(state_word).unwrap_or_default(),
        }
    }

    fn offers(&self, cx: &Context<'_>) -> Vec<Offer> {
        if cx.is_running(ACT) {
            return Vec::new();
        }
        let mut offers = Vec::new();
        if let Some(done) = &self.ended {
            offers.push(Action::Open.called(match done.outcome {
                Word::Committed | Word::Planned => "the snapshots",
                Word::Discarded => "what is open",
                _ => "look again",
            }));
            offers.extend([Action::Copy.into(), Action::Refresh.into()]);
            offers.extend(Scroll::ACTIONS.map(Offer::from));
            return offers;
        }
        offers.extend(self.choices().into_iter().map(|(deed, label)| action(deed).called(label)));
        offers.push(Action::Snapshots.called("table now"));
        if self.paper.is_some() {
            offers.extend([Action::Raw.called("request"), Action::Copy.into()]);
        }
        offers.push(Action::Refresh.called("look again"));
        offers.extend([Action::NextPane.into(), Action::PreviousPane.into()]);
        offers.extend(Scroll::ACTIONS.map(Offer::from));
        offers
    }

    fn open(&mut self, _cx: &Context<'_>) -> Vec<Effect> {
        let Some(id) = self.route.detail.clone() else {
            let error = Error::invalid("no load is named").hint(":recover lists those that are open");
            self.stand = Load::Failed(Arc::new(error));
            return Vec::new();
        };
        (self.ended, self.failed) = (None, None);
        if self.stand.ready().is_none() {
            self.stand = Load::Loading;
        }
        vec![Effect::start(tasks::Look { id })]
    }

    fn act(&mut self, action: Action, cx: &Context<'_>) -> Vec<Effect> {
        if self.scroll().act(action) {
            return Vec::new();
        }
        match action {
            Action::Open => return self.follow(cx),
            Action::Snapshots => return self.table_now(),
            Action::NextPane => self.focus = (self.focus + 1) % 3,
            Action::PreviousPane => self.focus = (self.focus + 2) % 3,
            Action::Rebase => return self.ask(Deed::Rebase),
            Action::Restage => return self.ask(Deed::Restage),
            Action::PublishOnBranch => return self.ask(Deed::Branch),
            Action::Discard => {
                return [Deed::Discard, Deed::Close].into_iter().flat_map(|deed| self.ask(deed)).collect();
            }
            _ => {}
        }
        Vec::new()
    }

    fn back(&mut self) -> bool {
        // An answer that is awaited is shown; the operator stops the work first.
        self.is_busy || self.ended.is_none() && matches!(self.stand, Load::Ready(_)) && self.failed.take().is_some()
    }

    fn mouse(&mut self, mouse: crossterm::event::MouseEvent, _cx: &Context<'_>) -> Vec<Effect> {
        self.scroll().mouse(mouse);
        Vec::new()
    }

    fn report(&mut self, slot: Slot, report: Report, cx: &Context<'_>) -> Vec<Effect> {
        match (slot, report) {
            (Slot::MAIN, Report::Part(part)) => {
                let _ = part.take().map(|told| self.take(told));
            }
            (Slot::MAIN, Report::Failed(error)) if self.stand.ready().is_some() => {
                return vec![Effect::Notice(Notice::warning(format!("still what was found before: {error}")))];
            }
            (Slot::MAIN, Report::Failed(error)) => self.stand = Load::Failed(error),
            (ACT, Report::Part(part)) => return part.take().map(|done| self.done(done, cx)).unwrap_or_default(),
            (ACT, Report::Done) => self.is_busy = false,
            (ACT, Report::Failed(error)) => {
                (self.failed, self.is_busy) = (Some(error), false);
                // What was done before it failed shows when it is looked at again.
                return vec![Effect::start(tasks::Look { id: self.id() })];
            }
            _ => {}
        }
        Vec::new()
    }

    fn answer(&mut self, topic: &'static str, answer: Answer, _cx: &Context<'_>) -> Vec<Effect> {
        let deeds = [Deed::Rebase, Deed::Restage, Deed::Branch, Deed::Discard, Deed::Close];
        let deed = deeds.into_iter().find(|deed| deed.verb() == topic).filter(|_| answer == Answer::Yes);
        deed.map(|deed| self.begin(deed)).unwrap_or_default()
    }

    fn raw(&self) -> Option<RawText> {
        let paper = self.paper.as_deref()?;
        Some(RawText { title: format!("requests of {}", paper.row.ingest_id), text: columns::requests(paper) })
    }

    fn copied(&self, _: &Context<'_>) -> Option<String> {
        Some(self.id())
    }

    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        if let Some(progress) = cx.progress(ACT) {
            return self.running(progress, area, buf, cx);
        }
        if let Some(done) = &self.ended {
            let told = outcome::page(done, tasks::committed(self.chosen), cx);
            return self.render_page(self.chosen.verb(), &told, area, buf, cx);
        }
        let area = match &self.failed {
            Some(error) => {
                let told = outcome::failed(error, cx);
                let lines = u16::try_from(facts::draw(&told, 0, area, buf, cx)).unwrap_or(0).min(area.height / 2);
                Rect { y: area.y + lines, height: area.height - lines, ..area }
            }
            None => area,
        };
        if self.both().is_some() { self.render_ready(area, buf, cx) } else { self.render_half(area, buf, cx) }
    }
}

fn action(deed: Deed) -> Action {
    match deed {
        Deed::Rebase => Action::Rebase,
        Deed::Restage => Action::Restage,
        Deed::Branch => Action::PublishOnBranch,
        Deed::Discard | Deed::Close => Action::Discard,
    }
}
