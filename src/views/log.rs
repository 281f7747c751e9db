//! The command log: each change that this console sent, as the exact request and as the equivalent command line.

use crossterm::event::MouseEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use super::widgets::facts;
use super::widgets::listing::{Listing, Look};
use super::widgets::load;
use super::widgets::shown::{Column, Fact, Shown};
use crate::app::action::{Action, Offer};
use crate::app::effect::{Effect, Sent};
use crate::app::route::Route;
use crate::app::theme::Tone;
use crate::app::view::{Context, RawText, View};

/// Its name on the command line.
pub const NAME: &str = "log";

/// How a change that was sent looks.
#[derive(Debug, Clone)]
struct Changes;

impl Look for Changes {
    type Row = (usize, Sent);

    fn columns(&self, _sample: Option<&Self::Row>) -> Vec<Column> {
        vec![Column::new("when"), Column::new("outcome"), Column::new("what"), Column::new("command").limit(200)]
    }

    fn key(&self, row: &Self::Row) -> String {
        row.0.to_string()
    }

    fn show(&self, (_, sent): &Self::Row, now_ms: i64) -> Vec<Shown> {
        let tone = match sent.outcome.as_str() {
            "committed" => Tone::Added,
            "unknown" => Tone::Warning,
            _ => Tone::Danger,
        };
        vec![
            Shown::ago(sent.at_ms, now_ms),
            Shown::text(&sent.outcome).tone(tone),
            Shown::text(&sent.what),
            Shown::text(&sent.command).tone(Tone::Dim),
        ]
    }
}

/// The view.
#[derive(Debug)]
pub struct LogView {
    route: Route,
    listing: Listing<Changes>,
}

impl LogView {
    /// A view of the command log.
    pub fn new(route: Route) -> Self {
        Self { route, listing: Listing::new(Changes) }
    }
}

impl View for LogView {
    fn route(&self) -> Route {
        self.route.clone()
    }

    fn offers(&self, _cx: &Context<'_>) -> Vec<Offer> {
        let mut offers = Vec::new();
        if self.listing.current().is_some() {
            offers.extend([Action::Raw.called("request"), Action::Copy.called("copy command")]);
        }
        let quiet = [Action::Down, Action::Up, Action::PageDown, Action::PageUp, Action::Top, Action::Bottom];
        offers.extend(quiet.map(Offer::from));
        offers
    }

    fn act(&mut self, action: Action, _cx: &Context<'_>) -> Vec<Effect> {
        self.listing.act(action);
        Vec::new()
    }

    fn mouse(&mut self, mouse: MouseEvent, _cx: &Context<'_>) -> Vec<Effect> {
        self.listing.mouse(mouse);
        Vec::new()
    }

    fn watch(&mut self, cx: &Context<'_>) {
        if self.listing.rows().len() != cx.log.len() {
            self.listing.replace(cx.log.iter().cloned().enumerate().rev().collect());
        }
    }

    fn raw(&self) -> Option<RawText> {
        let (_, sent) = self.listing.current()?;
        Some(RawText { title: sent.what.clone(), text: format!("{}\n\n{}", sent.command, sent.request) })
    }

    fn copied(&self) -> Option<String> {
        self.listing.current().map(|(_, sent)| sent.command.clone())
    }

    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let rows = if area.height > 12 { 8 } else { 0 };
        let [list, detail] = Layout::vertical([Constraint::Fill(1), Constraint::Length(rows)]).areas(area);
        let inner = load::pane(&format!("{} changes sent", cx.log.len()), true, list, buf, cx);
        let Some((_, sent)) = self.listing.current() else {
            let told = ["No change was sent in this session", "Each one is written here as a request and as a command"];
            return load::empty(&told.map(String::from), inner, buf, cx);
        };
        let told = [Fact::new("command", Shown::text(&sent.command)), Fact::new("request", Shown::text(&sent.request))];
        if rows > 0 {
            let inner = load::pane("as a command, as a request", false, detail, buf, cx);
            facts::draw(&told, 0, inner, buf, cx);
        }
        self.listing.render(inner, buf, cx);
    }
}
