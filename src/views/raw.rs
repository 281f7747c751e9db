//! A text as it is: metadata JSON, a manifest's entry, an exact request. Scrolls, searches, wraps; changes nothing.

use crossterm::event::{KeyCode, KeyEvent, MouseEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Layout, Position, Rect};
use ratatui::prelude::Constraint;
use regex::Regex;

use super::page::Scroll;
use super::widgets::filter::regex;
use super::widgets::input::Input;
use super::widgets::{human, load, text};
use crate::app::action::{Action, Offer};
use crate::app::effect::{Effect, Notice};
use crate::app::route::Route;
use crate::app::theme::Tone;
use crate::app::view::{Context, View};

/// The most lines that are kept; what is beyond is said.
const MOST_LINES: usize = 2_000_000;

/// The view.
#[derive(Debug)]
pub struct RawView {
    route: Route,
    title: String,
    whole: String,
    lines: Vec<String>,
    scroll: Scroll,
    left: usize,
    wraps: bool,
    typing: Option<Input>,
    search: Option<Regex>,
    found: Option<usize>,
    cursor: Option<Position>,
}

impl RawView {
    /// Shows a text under a title; `route` is the view that it belongs to.
    pub fn new(route: Route, title: impl Into<String>, whole: impl Into<String>) -> Self {
        let whole = whole.into();
        let lines =
            whole.lines().take(MOST_LINES).map(|line| text::safe(&line.replace('\t', "    ")).into_owned()).collect();
        Self {
            route: route.with_detail("raw"),
            title: title.into(),
            whole,
            lines,
            scroll: Scroll::default(),
            left: 0,
            wraps: false,
            typing: None,
            search: None,
            found: None,
            cursor: None,
        }
    }

    fn find(&mut self, forward: bool, from: usize) -> Vec<Effect> {
        let Some(search) = &self.search else { return Vec::new() };
        let count = self.lines.len();
        let matches = |i: &usize| self.lines.get(*i).is_some_and(|line| search.is_match(line));
        let round = (0..count).map(|i| if forward { (from + i) % count } else { (from + count - i) % count });
        self.found = round.into_iter().find(matches);
        match self.found {
            None => vec![Effect::Notice(Notice::warning(format!("nothing matches {search}")))],
            Some(line) => {
                if !(self.scroll.top..self.scroll.top + self.scroll.height).contains(&line) {
                    self.scroll.top = line.saturating_sub(self.scroll.height / 2);
                }
                Vec::new()
            }
        }
    }

    fn type_search(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(input) = &mut self.typing else { return Vec::new() };
        match key.code {
            KeyCode::Enter => {
                let typed = self.typing.take().map(|i| i.text().to_string()).unwrap_or_default();
                match regex(&typed) {
                    _ if typed.is_empty() => self.search = None,
                    Ok(search) => self.search = Some(search),
                    // What was typed stays, to be mended.
                    Err(error) => {
                        self.typing = Some(Input::new(&typed));
                        return vec![Effect::failed(&error)];
                    }
                }
                return self.find(true, self.scroll.top);
            }
            KeyCode::Esc => self.typing = None,
            _ => {
                input.key(key);
            }
        }
        Vec::new()
    }

    fn step(&mut self, forward: bool) -> Vec<Effect> {
        let count = self.lines.len().max(1);
        let from = match (self.found, forward) {
            (None, _) => self.scroll.top,
            (Some(line), true) => (line + 1) % count,
            (Some(line), false) => (line + count - 1) % count,
        };
        self.find(forward, from)
    }

    fn draw_line(&self, number: usize, line: &str, y: u16, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let shown: String = match self.left {
            0 => line.to_string(),
            left => line.chars().skip(left).collect(),
        };
        buf.set_stringn(area.x, y, &shown, usize::from(area.width), cx.styles.get(Tone::Plain));
        colour_json(&shown, y, area, buf, cx);
        let Some(search) = &self.search else { return };
        for found in search.find_iter(&shown).filter(|m| !m.is_empty()) {
            let before = shown.get(..found.start()).map_or(0, text::width);
            let tone = if self.found == Some(number) { Tone::Match } else { Tone::Marked };
            paint(before, text::width(found.as_str()), y, area, buf, cx.styles.get(tone));
        }
    }
}

/// Names of members in the accent tone: enough to read JSON by.
fn colour_json(line: &str, y: u16, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
    let trimmed = line.trim_start();
    let Some(end) = trimmed.strip_prefix('"').and_then(|rest| rest.find("\":")) else { return };
    paint(line.len() - trimmed.len(), end + 2, y, area, buf, cx.styles.get(Tone::Accent));
}

fn paint(from: usize, cells: usize, y: u16, area: Rect, buf: &mut Buffer, style: ratatui::style::Style) {
    let from = from.min(usize::from(area.width));
    let cells = cells.min(usize::from(area.width) - from);
    let (x, width) = (area.x + u16::try_from(from).unwrap_or(0), u16::try_from(cells).unwrap_or(0));
    buf.set_style(Rect { x, y, width, height: 1 }, style);
}

impl View for RawView {
    fn route(&self) -> Route {
        self.route.clone()
    }

    fn status(&self, _cx: &Context<'_>) -> String {
        format!("{} lines", human::count(self.lines.len() as i128))
    }

    fn offers(&self, _cx: &Context<'_>) -> Vec<Offer> {
        let mut offers = vec![Action::Filter.called("search"), Action::Wrap.into(), Action::Copy.called("copy all")];
        if self.search.is_some() {
            offers.extend([Action::NextMatch, Action::PreviousMatch].map(Offer::from));
        }
        offers.extend(Scroll::ACTIONS.map(Offer::from));
        offers.extend([Action::Left, Action::Right].map(Offer::from));
        offers
    }

    fn act(&mut self, action: Action, _cx: &Context<'_>) -> Vec<Effect> {
        match action {
            Action::Filter => self.typing = Some(Input::new("")),
            Action::NextMatch => return self.step(true),
            Action::PreviousMatch => return self.step(false),
            Action::Wrap => self.wraps = !self.wraps,
            Action::Left => self.left = self.left.saturating_sub(8),
            Action::Right => self.left = (self.left + 8).min(10_000),
            other => {
                self.scroll.act(other);
            }
        }
        Vec::new()
    }

    fn captures(&self) -> bool {
        self.typing.is_some()
    }

    fn key(&mut self, key: KeyEvent, _cx: &Context<'_>) -> Vec<Effect> {
        self.type_search(key)
    }

    fn paste(&mut self, text: &str, _cx: &Context<'_>) -> Vec<Effect> {
        if let Some(input) = &mut self.typing {
            input.paste(text);
        }
        Vec::new()
    }

    fn mouse(&mut self, mouse: MouseEvent, _cx: &Context<'_>) -> Vec<Effect> {
        self.scroll.mouse(mouse);
        Vec::new()
    }

    fn back(&mut self) -> bool {
        self.search.take().is_some()
    }

    fn copied(&self, _: &Context<'_>) -> Option<String> {
        Some(self.whole.clone())
    }

    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let typing = u16::from(self.typing.is_some());
        let [area, field] = Layout::vertical([Constraint::Fill(1), Constraint::Length(typing)]).areas(area);
        if let Some(input) = &mut self.typing {
            self.cursor = Some(input.render(" search: ", field, buf, cx));
        }
        let inner = load::pane(&text::safe(&self.title), true, area, buf, cx);
        self.scroll.drawn(self.lines.len(), inner.height);
        let mut y = inner.y;
        for (number, line) in self.lines.iter().enumerate().skip(self.scroll.top) {
            let parts = if self.wraps { text::wrap(line, usize::from(inner.width)) } else { vec![line.clone()] };
            for part in parts {
                if y >= inner.bottom() {
                    return;
                }
                self.draw_line(number, &part, y, inner, buf, cx);
                y += 1;
            }
        }
    }

    fn cursor(&self) -> Option<Position> {
        self.cursor.filter(|_| self.typing.is_some())
    }
}
