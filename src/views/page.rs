//! A view that is a page of facts: overview, schema, a report. One answer, shown as lines that scroll.

use std::fmt::Debug;

use async_trait::async_trait;
use crossterm::event::{MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::widgets::shown::Fact;
use super::widgets::{facts, load};
use crate::Result;
use crate::app::action::{Action, Offer};
use crate::app::effect::{Effect, Notice, Slot};
use crate::app::route::Route;
use crate::app::task::{Feed, Report, Task};
use crate::app::view::{Context, RawText, View};
use crate::catalog::Lake;
use load::Load;

/// A page as a view: where its answer comes from and how it reads.
#[async_trait]
pub trait Page: Clone + Debug + Send + Sync + 'static {
    /// What the page shows, as plain data.
    type Answer: Debug + Send + Sync + 'static;

    /// Its address.
    fn route(&self) -> Route;

    /// Reads it, as a job.
    ///
    /// # Errors
    /// Whatever went wrong: the view shows it.
    async fn load(&self, lake: &Lake, monitor: &crate::monitor::Monitor) -> Result<Self::Answer>;

    /// The lines of the page.
    fn facts(&self, answer: &Self::Answer, now_ms: i64) -> Vec<Fact>;

    /// The title on the pane.
    fn title(&self, _answer: &Self::Answer) -> String {
        self.route().screen.to_string()
    }

    /// A short text at the right end of the first line.
    fn status(&self, _answer: &Self::Answer, _now_ms: i64) -> String {
        String::new()
    }

    /// Where enter leads, and what the hint line calls that.
    fn enter(&self, _answer: &Self::Answer) -> Option<(&'static str, Route)> {
        None
    }

    /// The raw thing, several lines.
    fn raw(&self, _answer: &Self::Answer) -> Option<String> {
        None
    }

    /// What is copied.
    fn copied(&self, _answer: &Self::Answer) -> Option<String> {
        None
    }

    /// Further actions that work now.
    fn actions(&self, _answer: &Self::Answer) -> Vec<Offer> {
        Vec::new()
    }

    /// Does one of them.
    fn act(&mut self, _action: Action, _answer: &Self::Answer, _cx: &Context<'_>) -> Vec<Effect> {
        Vec::new()
    }
}

/// The task behind a page.
#[derive(Debug, Clone)]
pub struct Read<P>(pub P);

#[async_trait]
impl<P: Page> Task for Read<P> {
    type Part = P::Answer;

    fn title(&self) -> String {
        self.0.route().to_string()
    }

    async fn run(&self, lake: &Lake, feed: &Feed<P::Answer>) -> Result<()> {
        feed.send(self.0.load(lake, feed.monitor()).await?).await
    }
}

/// A page with everything around it: states, scrolling, refresh.
#[derive(Debug)]
pub struct PageView<P: Page> {
    page: P,
    state: Load<P::Answer>,
    scroll: Scroll,
}

/// What of some lines is seen, and how actions and the mouse move it.
#[derive(Debug, Default, Clone, Copy)]
pub struct Scroll {
    /// The first line that is seen.
    pub top: usize,
    /// How many lines there are.
    pub lines: usize,
    /// How many are seen.
    pub height: usize,
}

impl Scroll {
    /// What it answers to.
    pub const ACTIONS: [Action; 8] = [
        Action::Down,
        Action::Up,
        Action::PageDown,
        Action::PageUp,
        Action::HalfDown,
        Action::HalfUp,
        Action::Top,
        Action::Bottom,
    ];

    /// Does what an action asks for; false where it is none of these.
    pub fn act(&mut self, action: Action) -> bool {
        let page = isize::try_from(self.height).unwrap_or(1).max(1);
        match action {
            Action::Down => self.by(1),
            Action::Up => self.by(-1),
            Action::PageDown => self.by(page),
            Action::PageUp => self.by(-page),
            Action::HalfDown => self.by((page / 2).max(1)),
            Action::HalfUp => self.by(-(page / 2).max(1)),
            Action::Top => self.top = 0,
            Action::Bottom => self.top = self.last(),
            _ => return false,
        }
        true
    }

    /// Moves by lines; stays within.
    pub fn by(&mut self, lines: isize) {
        self.top = self.top.saturating_add_signed(lines).min(self.last());
    }

    /// The wheel.
    pub fn mouse(&mut self, mouse: MouseEvent) {
        match mouse.kind {
            MouseEventKind::ScrollDown => self.by(3),
            MouseEventKind::ScrollUp => self.by(-3),
            _ => {}
        }
    }

    fn last(&self) -> usize {
        self.lines.saturating_sub(self.height)
    }

    /// Takes what drawing found out.
    pub fn drawn(&mut self, lines: usize, height: u16) {
        (self.lines, self.height) = (lines, usize::from(height));
        self.top = self.top.min(self.last());
    }
}

impl<P: Page> PageView<P> {
    /// A view of a page; nothing is read before it is opened.
    pub fn new(page: P) -> Self {
        Self { page, state: Load::Idle, scroll: Scroll::default() }
    }

    /// The answer, once it is here.
    pub fn answer(&self) -> Option<&P::Answer> {
        self.state.ready()
    }
}

impl<P: Page> View for PageView<P> {
    fn route(&self) -> Route {
        self.page.route()
    }

    fn status(&self, cx: &Context<'_>) -> String {
        self.state.ready().map(|answer| self.page.status(answer, cx.now_ms)).unwrap_or_default()
    }

    fn offers(&self, _cx: &Context<'_>) -> Vec<Offer> {
        let mut offers = Vec::new();
        if let Some(answer) = self.state.ready() {
            offers.extend(self.page.enter(answer).map(|(label, _)| Action::Open.called(label)));
            offers.extend(self.page.actions(answer));
            offers.extend(self.page.raw(answer).map(|_| Offer::from(Action::Raw)));
            offers.extend(self.page.copied(answer).map(|_| Offer::from(Action::Copy)));
        }
        offers.push(Action::Refresh.into());
        offers.extend(Scroll::ACTIONS.map(Offer::from));
        offers
    }

    fn open(&mut self, _cx: &Context<'_>) -> Vec<Effect> {
        if self.state.ready().is_none() {
            self.state = Load::Loading;
        }
        vec![Effect::start(Read(self.page.clone()))]
    }

    fn act(&mut self, action: Action, cx: &Context<'_>) -> Vec<Effect> {
        if self.scroll.act(action) {
            return Vec::new();
        }
        let Some(answer) = self.state.ready() else { return Vec::new() };
        match action {
            Action::Open => self.page.enter(answer).map(|(_, route)| Effect::Open(route)).into_iter().collect(),
            _ => self.page.act(action, answer, cx),
        }
    }

    fn mouse(&mut self, mouse: MouseEvent, _cx: &Context<'_>) -> Vec<Effect> {
        self.scroll.mouse(mouse);
        Vec::new()
    }

    fn report(&mut self, slot: Slot, report: Report, _cx: &Context<'_>) -> Vec<Effect> {
        match report {
            Report::Part(part) if slot == Slot::MAIN => {
                if let Ok(answer) = part.take() {
                    self.state = Load::Ready(answer);
                }
            }
            Report::Failed(error) if self.state.ready().is_some() => {
                return vec![Effect::Notice(Notice::warning(format!("still what was read before: {error}")))];
            }
            Report::Failed(error) => self.state = Load::Failed(error),
            Report::Part(_) | Report::Done => {}
        }
        Vec::new()
    }

    fn raw(&self) -> Option<RawText> {
        let answer = self.state.ready()?;
        Some(RawText { title: self.page.title(answer), text: self.page.raw(answer)? })
    }

    fn copied(&self, _: &Context<'_>) -> Option<String> {
        self.page.copied(self.state.ready()?)
    }

    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let title = self.state.ready().map_or(String::new(), |answer| self.page.title(answer));
        let inner = load::pane(&title, true, area, buf, cx);
        let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
        let (page, scroll) = (&self.page, &mut self.scroll);
        load::draw(&self.state, inner, buf, cx, cx.progress(Slot::MAIN), |answer, buf| {
            let lines = facts::draw(&page.facts(answer, cx.now_ms), scroll.top, inner, buf, cx);
            scroll.drawn(lines, inner.height);
        });
    }
}
