//! Mending a table from the console: a plan in numbers, what can be chosen, the question, how it ended. What is safe is
//! decided in `recovery`; this shows and asks.

mod page;
mod tasks;
mod wish;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::dialogs::{Confirm, ask};
use super::page::Scroll;
use super::widgets::facts;
use super::widgets::load::{self as states, Load};
use super::widgets::shown::Fact;
use super::widgets::{human, text};
use super::{of_table, outcome, recover};
use crate::Error;
use crate::app::action::{Action, Offer};
use crate::app::effect::{Answer, Effect, Slot};
use crate::app::route::Route;
use crate::app::task::Report;
use crate::app::theme::Tone;
use crate::app::view::{Context, RawText, View};
use crate::commit::RefKind;
use crate::recovery::mend::RestoreOf;
use crate::recovery::{Done, Word};
use tasks::Planned;
pub use wish::Wish;

/// Its name in crumbs; it has none on the command line.
const NAME: &str = "mend";
/// The topic of the question.
const SURE: &str = "mend: sure";
/// The topics under which a new ref's name is asked for.
const TAG: &str = "mend: tag";
const BRANCH: &str = "mend: branch";
/// The slot of carrying it out.
const CARRY: Slot = Slot(1);

/// The view.
#[derive(Debug)]
pub struct MendView {
    route: Route,
    wish: Wish,
    /// The name of the tag that a rollback makes where that is switched on again.
    tag: Option<String>,
    plan: Load<Box<Planned>>,
    ended: Option<Done>,
    failed: Option<Arc<Error>>,
    is_busy: bool,
    scroll: Scroll,
}

impl MendView {
    /// Mends the table of `route`. A rollback keeps the old head by a tag, unless that is switched off.
    pub fn new(route: &Route, mut wish: Wish, now_ms: i64) -> Self {
        let mut tag = None;
        if let Wish::Rollback(request) = &mut wish {
            let digits: String = human::moment(now_ms).chars().filter(char::is_ascii_digit).take(12).collect();
            tag = Some(format!("before-rollback-{digits}"));
            request.tag.clone_from(&tag);
        }
        let route = route.to_screen(NAME).with_detail(wish.title());
        Self {
            route,
            wish,
            tag,
            plan: Load::Idle,
            ended: None,
            failed: None,
            is_busy: false,
            scroll: Scroll::default(),
        }
    }

    fn look(&mut self) -> Vec<Effect> {
        (self.plan, self.ended, self.failed) = (Load::Loading, None, None);
        vec![Effect::start(tasks::Look { route: self.route.clone(), wish: self.wish.clone() })]
    }

    /// Switches something of a rollback on or off, and plans it anew.
    fn switch(&mut self, action: Action) -> Vec<Effect> {
        let Wish::Rollback(request) = &mut self.wish else { return Vec::new() };
        match action {
            Action::KeepTag if request.tag.is_some() => request.tag = None,
            Action::KeepTag => request.tag.clone_from(&self.tag),
            Action::RestoreThen if request.restore != RestoreOf::default() => request.restore = RestoreOf::default(),
            Action::RestoreThen => request.restore = RestoreOf { schema: true, spec: true, properties: true },
            _ => return Vec::new(),
        }
        self.look()
    }

    fn ask(&self) -> Vec<Effect> {
        let Some(planned) = self.plan.ready() else { return Vec::new() };
        let prepared = planned.plan.prepared();
        let mut lines = vec![(format!("{}.", capital(&text::safe(&prepared.question))), Tone::Plain)];
        lines.extend(prepared.notes.iter().map(|note| (text::safe(note).into_owned(), Tone::Warning)));
        let question = Confirm::new(SURE, format!("{}?", capital(&self.wish.title())), lines);
        let named = prepared.asks_for_name || self.wish.asks_for_name();
        let question = if named { question.by_name(of_table::short_name(&self.route)) } else { question };
        vec![Effect::show(question)]
    }

    fn carry(&mut self) -> Vec<Effect> {
        let Some(planned) = self.plan.ready().cloned() else { return Vec::new() };
        self.is_busy = true;
        let (catalog, title) = (self.route.catalog.clone(), self.wish.title());
        vec![Effect::Start(CARRY, Box::new(tasks::Carry { catalog, title, planned }))]
    }

    fn done(&mut self, mut done: Done, cx: &Context<'_>) -> Vec<Effect> {
        if done.request.is_none() {
            done.request = self.plan.ready().map(|planned| planned.request.clone());
        }
        let what = format!("{} in {}", self.wish.title(), text::safe(&done.table));
        let logged = outcome::logged(what, self.wish.command(&cx.called(), &done.table), &done, cx.now_ms);
        (self.ended, self.scroll) = (Some(done), Scroll::default());
        vec![Effect::Log(logged)]
    }

    fn follow(&mut self) -> Vec<Effect> {
        let Some(done) = &self.ended else { return Vec::new() };
        let there = match done.outcome {
            Word::Rejected | Word::Unknown => {
                recover::to_workbench(self.route.catalog.clone(), &done.table, &done.ingest_id)
            }
            Word::Committed => Some(self.route.to_screen(super::snapshots::NAME)),
            _ => return self.look(),
        };
        there.map(Effect::Open).into_iter().collect()
    }

    fn lines(&self, cx: &Context<'_>) -> Vec<Fact> {
        if let Some(done) = &self.ended {
            return outcome::page(done, "✔ committed: it is done", cx);
        }
        let mut told = self.failed.as_ref().map(|error| outcome::failed(error, cx)).unwrap_or_default();
        told.extend(self.plan.ready().iter().flat_map(|planned| page::facts(&self.wish, planned, cx)));
        told
    }
}

/// With a capital letter at its beginning.
fn capital(told: &str) -> String {
    let mut chars = told.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Shows the page of a wish: what a list's action returns.
pub fn show(route: &Route, wish: Wish, cx: &Context<'_>) -> Vec<Effect> {
    vec![Effect::show(MendView::new(route, wish, cx.now_ms))]
}

/// What works in each list of a table's snapshots and refs.
pub fn undo_offers() -> [Offer; 2] {
    [Action::Undo, Action::Redo].map(Offer::from)
}

/// Does one of [`undo_offers`]; nothing where the action is another one.
pub fn undo_or_redo(action: Action, route: &Route, cx: &Context<'_>) -> Option<Vec<Effect>> {
    match action {
        Action::Undo => Some(show(route, Wish::Undo, cx)),
        Action::Redo => Some(show(route, Wish::Redo, cx)),
        _ => None,
    }
}

/// Asks for the name of a new branch or tag.
pub fn ask_name(kind: RefKind) -> Vec<Effect> {
    match kind {
        RefKind::Tag => ask(TAG, "the new tag's name", "a tag stays on its snapshot", ""),
        RefKind::Branch => ask(BRANCH, "the new branch's name", "a branch moves with what is committed to it", ""),
    }
}

/// The page of a new branch or tag, where its name was entered under one of the topics of [`ask_name`].
pub fn named(topic: &str, answer: &Answer, route: &Route, at: Option<&str>) -> Vec<Effect> {
    let kind = match topic {
        TAG => RefKind::Tag,
        BRANCH => RefKind::Branch,
        _ => return Vec::new(),
    };
    let (Answer::Text(name), Some(at)) = (answer, at) else { return Vec::new() };
    let name = name.trim().to_string();
    if name.is_empty() {
        return Vec::new();
    }
    vec![Effect::show(MendView::new(route, Wish::Make { kind, name, at: at.into() }, 0))]
}

impl View for MendView {
    fn route(&self) -> Route {
        self.route.clone()
    }

    fn offers(&self, cx: &Context<'_>) -> Vec<Offer> {
        if cx.is_running(CARRY) {
            return Vec::new();
        }
        let mut offers = Vec::new();
        match self.ended.as_ref().map(|done| done.outcome) {
            Some(Word::Committed) => offers.push(Action::Open.called("the snapshots")),
            Some(Word::Rejected | Word::Unknown) => offers.push(Action::Open.called("the workbench")),
            Some(_) => offers.push(Action::Open.called("look again")),
            None => {
                offers.extend(self.plan.ready().map(|_| Action::DoIt.called("do it")));
                if matches!(self.wish, Wish::Rollback(_)) {
                    offers.extend([Action::KeepTag, Action::RestoreThen].map(Offer::from));
                }
            }
        }
        if self.plan.ready().is_some() {
            offers.extend([Action::Raw.called("request"), Action::Copy.called("copy command")]);
        }
        offers.push(Action::Refresh.called("look again"));
        offers.extend(Scroll::ACTIONS.map(Offer::from));
        offers
    }

    fn open(&mut self, _cx: &Context<'_>) -> Vec<Effect> {
        self.look()
    }

    fn act(&mut self, action: Action, _cx: &Context<'_>) -> Vec<Effect> {
        if self.scroll.act(action) {
            return Vec::new();
        }
        match action {
            Action::Open => self.follow(),
            Action::DoIt => self.ask(),
            _ => self.switch(action),
        }
    }

    fn back(&mut self) -> bool {
        // What is being done is waited for.
        self.is_busy
    }

    fn mouse(&mut self, mouse: crossterm::event::MouseEvent, _cx: &Context<'_>) -> Vec<Effect> {
        self.scroll.mouse(mouse);
        Vec::new()
    }

    fn report(&mut self, slot: Slot, report: Report, cx: &Context<'_>) -> Vec<Effect> {
        match (slot, report) {
            (Slot::MAIN, Report::Part(part)) => {
                if let Ok(planned) = part.take() {
                    self.plan = Load::Ready(planned);
                }
            }
            (Slot::MAIN, Report::Failed(error)) => self.plan = Load::Failed(error),
            (CARRY, Report::Part(part)) => return part.take().map(|done| self.done(done, cx)).unwrap_or_default(),
            (CARRY, Report::Done) => self.is_busy = false,
            (CARRY, Report::Failed(error)) => (self.failed, self.is_busy) = (Some(error), false),
            _ => {}
        }
        Vec::new()
    }

    fn answer(&mut self, topic: &'static str, answer: Answer, _cx: &Context<'_>) -> Vec<Effect> {
        if topic == SURE && answer == Answer::Yes { self.carry() } else { Vec::new() }
    }

    fn raw(&self) -> Option<RawText> {
        let planned = self.plan.ready()?;
        Some(RawText { title: format!("request: {}", self.wish.title()), text: planned.request.clone() })
    }

    fn copied(&self, cx: &Context<'_>) -> Option<String> {
        Some(self.wish.command(&cx.called(), &self.plan.ready()?.plan.prepared().table))
    }

    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let inner = states::pane(&self.wish.title(), true, area, buf, cx);
        let inner = Rect { x: inner.x + 1.min(inner.width), width: inner.width.saturating_sub(2), ..inner };
        if let Some(progress) = cx.progress(CARRY) {
            return states::waiting(inner, buf, cx, Some(progress));
        }
        if self.ended.is_none() && self.plan.ready().is_none() {
            return states::draw(&self.plan, inner, buf, cx, cx.progress(Slot::MAIN), |_, _| {});
        }
        let told = self.lines(cx);
        let lines = facts::draw(&told, self.scroll.top, inner, buf, cx);
        self.scroll.drawn(lines, inner.height);
    }
}
