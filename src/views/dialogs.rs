//! Small questions over a view: yes or no, a line of text, one of many. The answer goes to the view beneath with the
//! topic it asked under; the dialogs know nothing of what it is about.

use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget};

use super::widgets::filter::Filter;
use super::widgets::input::Input;
use super::widgets::load::line;
use super::widgets::text;
use crate::app::action::{Action, Offer};
use crate::app::effect::{Answer, Effect};
use crate::app::route::Route;
use crate::app::theme::Tone;
use crate::app::view::{Context, View};

mod confirm;

pub use confirm::Confirm;

/// So little room is all of a dialog's: no frame, and the title in a line of its own.
const LITTLE: (u16, u16) = (40, 10);

/// Whether there is too little room for a frame.
pub fn is_bare(area: Rect) -> bool {
    area.width < LITTLE.0 || area.height < LITTLE.1
}

/// A box over the middle of the screen with a title, cleared; gives back its inside. Where there is little room it takes
/// all of it.
pub fn dialog_box(title: &str, width: u16, height: u16, area: Rect, buf: &mut Buffer, cx: &Context<'_>) -> Rect {
    if is_bare(area) {
        return bare_box(title, area, buf, cx);
    }
    let (width, height) = ((width + 4).min(area.width), (height + 2).min(area.height));
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height - height) / 3;
    let outer = Rect { x, y, width, height };
    Clear.render(outer, buf);
    let title = text::fit(title, usize::from(width).saturating_sub(4)).into_owned();
    let block = Block::bordered()
        .style(cx.styles.get(Tone::Dialog))
        .border_style(cx.styles.get(Tone::Focus))
        .title(Line::styled(format!(" {title} "), cx.styles.get(Tone::Heading)));
    let inner = block.inner(outer);
    block.render(outer, buf);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

fn bare_box(title: &str, area: Rect, buf: &mut Buffer, cx: &Context<'_>) -> Rect {
    Clear.render(area, buf);
    buf.set_style(area, cx.styles.get(Tone::Dialog));
    // What is typed matters more than what it is called.
    if title.is_empty() || area.height < 3 {
        return area;
    }
    line(&text::fit(title, usize::from(area.width)), Tone::Heading, area, 0, buf, cx);
    Rect { y: area.y + 1, height: area.height - 1, ..area }
}

fn answered(topic: &'static str, answer: Answer) -> Vec<Effect> {
    vec![Effect::Answer(topic, answer)]
}

/// A line of text to enter.
#[derive(Debug)]
pub struct Prompt {
    topic: &'static str,
    title: String,
    hint: String,
    input: Input,
    cursor: Option<Position>,
}

impl Prompt {
    /// Asks for a line that begins with `initial`; `hint` says what is taken.
    pub fn new(topic: &'static str, title: impl Into<String>, hint: impl Into<String>, initial: &str) -> Self {
        Self { topic, title: title.into(), hint: hint.into(), input: Input::new(initial), cursor: None }
    }
}

/// Shows a prompt: what a view's action returns that asks for a line.
pub fn ask(topic: &'static str, title: impl Into<String>, hint: &str, initial: &str) -> Vec<Effect> {
    vec![Effect::show(Prompt::new(topic, title, hint, initial))]
}

impl View for Prompt {
    fn route(&self) -> Route {
        Route::new("prompt")
    }

    fn offers(&self, _cx: &Context<'_>) -> Vec<Offer> {
        vec![Action::Open.called("ok")]
    }

    fn act(&mut self, _action: Action, _cx: &Context<'_>) -> Vec<Effect> {
        Vec::new()
    }

    fn captures(&self) -> bool {
        true
    }

    fn key(&mut self, key: KeyEvent, _cx: &Context<'_>) -> Vec<Effect> {
        match key.code {
            KeyCode::Esc => vec![Effect::Close],
            KeyCode::Enter => answered(self.topic, Answer::Text(self.input.text().to_string())),
            _ => {
                self.input.key(key);
                Vec::new()
            }
        }
    }

    fn paste(&mut self, text: &str, _cx: &Context<'_>) -> Vec<Effect> {
        self.input.paste(text);
        Vec::new()
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let width = if is_bare(area) { area.width } else { area.width.saturating_sub(10).clamp(20, 80) };
        let hints = text::wrap(&self.hint, usize::from(width));
        let height = u16::try_from(hints.len()).unwrap_or(0).saturating_add(1);
        let inner = dialog_box(&self.title, width, height, area, buf, cx);
        self.cursor = Some(self.input.render("> ", Rect { height: 1.min(inner.height), ..inner }, buf, cx));
        for (row, hint) in (1..).zip(hints) {
            line(&hint, Tone::Dim, inner, row, buf, cx);
        }
    }

    fn cursor(&self) -> Option<Position> {
        self.cursor
    }
}

/// One or several of many: a list that narrows while one types.
#[derive(Debug)]
pub struct Pick {
    topic: &'static str,
    title: String,
    items: Vec<String>,
    chosen: Option<Vec<bool>>,
    input: Input,
    at: usize,
    cursor: Option<Position>,
    /// Where the items were drawn, and which of them was the first.
    area: Rect,
    top: usize,
}

impl Pick {
    /// Asks for one of these.
    pub fn one(topic: &'static str, title: impl Into<String>, items: Vec<String>) -> Self {
        let items = items.iter().map(|item| text::safe(item).into_owned()).collect();
        let (title, input) = (title.into(), Input::new(""));
        Self { topic, title, items, chosen: None, input, at: 0, cursor: None, area: Rect::default(), top: 0 }
    }

    /// Asks for any of these; `chosen` are so already.
    pub fn many(topic: &'static str, title: impl Into<String>, items: Vec<(String, bool)>) -> Self {
        let (items, chosen): (Vec<_>, Vec<_>) = items.into_iter().unzip();
        Self { chosen: Some(chosen), ..Self::one(topic, title, items) }
    }

    /// The numbers of the items that match what was typed.
    fn matching(&self) -> Vec<usize> {
        let typed = self.input.text();
        let filter = Filter::parse(&format!("-f {typed}"));
        let mut tester = filter.tester();
        let all = self.items.iter().enumerate();
        all.filter(|(_, item)| typed.is_empty() || tester.passes(item)).map(|(i, _)| i).collect()
    }

    fn go(&mut self, by: isize) {
        self.at = self.at.saturating_add_signed(by).min(self.matching().len().saturating_sub(1));
    }

    /// The position among those that match at a cell of the screen.
    fn position_at(&self, mouse: MouseEvent) -> Option<usize> {
        let position = self.top + usize::from(mouse.row.saturating_sub(self.area.y));
        let is_inside = self.area.contains(Position::new(mouse.column, mouse.row));
        (is_inside && position < self.matching().len()).then_some(position)
    }

    fn toggle(&mut self) {
        let Some(item) = self.matching().get(self.at).copied() else { return };
        if let Some(flag) = self.chosen.as_mut().and_then(|chosen| chosen.get_mut(item)) {
            *flag = !*flag;
        }
    }

    fn done(&self) -> Vec<Effect> {
        match &self.chosen {
            Some(chosen) => {
                let numbers = chosen.iter().enumerate().filter(|(_, on)| **on).map(|(i, _)| i).collect();
                answered(self.topic, Answer::ChosenMany(numbers))
            }
            None => match self.matching().get(self.at) {
                Some(item) => answered(self.topic, Answer::Chosen(*item)),
                None => Vec::new(),
            },
        }
    }
}

impl View for Pick {
    fn route(&self) -> Route {
        Route::new("pick")
    }

    fn offers(&self, _cx: &Context<'_>) -> Vec<Offer> {
        vec![Action::Open.called("choose")]
    }

    fn act(&mut self, _action: Action, _cx: &Context<'_>) -> Vec<Effect> {
        Vec::new()
    }

    fn captures(&self) -> bool {
        true
    }

    fn key(&mut self, key: KeyEvent, _cx: &Context<'_>) -> Vec<Effect> {
        match key.code {
            KeyCode::Esc => return vec![Effect::Close],
            KeyCode::Enter => return self.done(),
            KeyCode::Up => self.go(-1),
            KeyCode::Down => self.go(1),
            KeyCode::Char(' ') if self.chosen.is_some() => self.toggle(),
            _ => {
                if self.input.key(key) {
                    self.at = 0;
                }
            }
        }
        Vec::new()
    }

    /// As on lists: a click goes to an item, one on the item under the cursor takes it; of several each click chooses.
    fn mouse(&mut self, mouse: MouseEvent, _cx: &Context<'_>) -> Vec<Effect> {
        match mouse.kind {
            MouseEventKind::ScrollDown => self.go(3),
            MouseEventKind::ScrollUp => self.go(-3),
            MouseEventKind::Down(MouseButton::Left) => {
                let Some(position) = self.position_at(mouse) else { return Vec::new() };
                let was_there = std::mem::replace(&mut self.at, position) == position;
                match self.chosen {
                    Some(_) => self.toggle(),
                    None if was_there => return self.done(),
                    None => {}
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let matching = self.matching();
        let widest = self.items.iter().map(|item| text::width(item)).max().unwrap_or(0) + 8;
        let height = u16::try_from(self.items.len()).unwrap_or(u16::MAX - 8).min(20) + 2;
        let width = u16::try_from(widest).unwrap_or(u16::MAX - 8).clamp(36, 100);
        let inner = dialog_box(&self.title, width, height, area, buf, cx);
        self.cursor = Some(self.input.render("> ", Rect { height: 1.min(inner.height), ..inner }, buf, cx));
        let room = usize::from(inner.height.saturating_sub(2)).max(1);
        let rows = inner.height.saturating_sub(1).min(u16::try_from(room).unwrap_or(u16::MAX));
        self.area = Rect { y: inner.y + 1, height: rows, ..inner };
        self.top = (self.at + 1).saturating_sub(room);
        for (row, (position, item)) in (1..).zip(matching.iter().enumerate().skip(self.top).take(room)) {
            let sign = match self.chosen.as_ref().and_then(|chosen| chosen.get(*item)) {
                Some(true) => "[x] ",
                Some(false) => "[ ] ",
                None => "",
            };
            let tone = if position == self.at { Tone::Cursor } else { Tone::Plain };
            let told = self.items.get(*item).map_or("", String::as_str);
            line(&text::pad(&format!("{sign}{told}"), usize::from(inner.width), false), tone, inner, row, buf, cx);
        }
        let told =
            if self.chosen.is_some() { "space chooses, enter takes them" } else { "enter takes it, esc does not" };
        // Where there is a line for it below what is typed and chosen.
        if inner.height > 2 {
            line(told, Tone::Dim, inner, inner.height - 1, buf, cx);
        }
    }

    fn cursor(&self) -> Option<Position> {
        self.cursor
    }
}
