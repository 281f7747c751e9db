//! The second step: the source's columns on the left, the table's on the right, what happens between, and how a few
//! values of the column under the cursor come out.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};

use super::tasks::Bound;
use super::window::first_seen;
use crate::app::action::Action;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::ingest::draft::Draft;
use crate::ingest::fit::Example;
use crate::ingest::mapping::{ColumnMapping, Mapping, MappingView, Rule, SourceSide, State, TableSide};
use crate::views::page::Scroll;
use crate::views::widgets::load::{line, pane};
use crate::views::widgets::{human, text};

/// The mapping as it is shown, and the table column under the cursor.
#[derive(Debug, Default)]
pub struct MappingPane {
    bound: Option<Bound>,
    cursor: usize,
    top: usize,
    /// Where the table's columns were drawn.
    area: Rect,
}

impl MappingPane {
    /// Takes what binding gave.
    pub fn take(&mut self, bound: Bound) {
        self.cursor = self.cursor.min(bound.view.table.len().saturating_sub(1));
        self.bound = Some(bound);
    }

    /// Both sides, once they are here.
    pub fn view(&self) -> Option<&MappingView> {
        self.bound.as_ref().map(|bound| &bound.view)
    }

    /// The table column under the cursor.
    pub fn column(&self) -> Option<&TableSide> {
        self.view()?.table.get(self.cursor)
    }

    /// Takes the columns out of a mapping that the table does not have, and gives their names.
    pub fn foreign(&self, mapping: &mut Mapping) -> Vec<String> {
        let Some(view) = self.view() else { return Vec::new() };
        let is_own = |name: &str| view.table.iter().any(|side| side.name == name);
        let (own, foreign): (_, Vec<ColumnMapping>) =
            std::mem::take(&mut mapping.columns).into_iter().partition(|c| is_own(&c.column));
        mapping.columns = own;
        foreign.into_iter().map(|column| column.column).collect()
    }

    /// What is wrong, each a sentence; empty where every column can be loaded.
    pub fn problems(&self) -> Vec<String> {
        let Some(view) = self.view() else { return Vec::new() };
        let wrong = view.table.iter().filter_map(|side| match &side.state {
            State::Wrong(why) => Some(fault(&side.name, why)),
            State::Mapped | State::Unmapped => None,
        });
        wrong.chain(view.problems.iter().cloned()).collect()
    }

    /// Moves the cursor; false where the action asks for something else.
    pub fn act(&mut self, action: Action) -> bool {
        let lines = self.view().map_or(0, |view| view.table.len());
        let mut scroll = Scroll { top: self.cursor, lines: lines.max(1), height: 1 };
        let moved = scroll.act(action);
        self.cursor = scroll.top;
        moved
    }

    /// The wheel moves, a click on a column of the table goes there; whether the cursor is on another one now.
    pub fn mouse(&mut self, mouse: MouseEvent) -> bool {
        let before = self.cursor;
        let lines = self.view().map_or(0, |view| view.table.len());
        let mut scroll = Scroll { top: self.cursor, lines: lines.max(1), height: 1 };
        scroll.mouse(mouse);
        self.cursor = scroll.top;
        let is_click = mouse.kind == MouseEventKind::Down(MouseButton::Left);
        let column = self.top + usize::from(mouse.row.saturating_sub(self.area.y));
        if is_click && self.area.contains(Position::new(mouse.column, mouse.row)) && column < lines {
            self.cursor = column;
        }
        self.cursor != before
    }

    /// Draws both sides and the examples.
    pub fn render(&mut self, draft: &Draft, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let examples = if area.height >= 14 { 4 } else { 0 };
        let [sides, below, said] =
            Layout::vertical([Constraint::Min(3), Constraint::Length(examples), Constraint::Length(1)]).areas(area);
        let left_share = if sides.width < 70 { 0 } else { sides.width * 2 / 5 };
        let [left, right] = Layout::horizontal([Constraint::Length(left_share), Constraint::Min(10)]).areas(sides);
        self.render_source(draft, left, buf, cx);
        self.render_table(draft, right, buf, cx);
        self.render_examples(draft, below, buf, cx);
        self.render_problem(said, buf, cx);
    }

    fn render_source(&self, draft: &Draft, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let Some(view) = self.view().filter(|_| area.width > 0) else { return };
        let columns = human::counted(view.source.len(), "column");
        let title = format!("source: {columns}, {}", super::settings::summary(draft.settings()));
        let inner = pane(&title, false, area, buf, cx);
        let taken = self.column().and_then(|side| taken_from(draft, &side.name));
        let at = taken.as_ref().and_then(|taken| view.source.iter().position(|side| side.name == *taken));
        let room = usize::from(inner.height).max(1);
        let top = at.map_or(0, |at| (at + 1).saturating_sub(room));
        let names = view.source.iter().map(|s| text::width(&text::safe(&s.name))).max().unwrap_or(0).min(20);
        for (row, (position, side)) in (0..).zip(view.source.iter().enumerate().skip(top).take(room)) {
            let tone = match (Some(position) == at, side.used) {
                (true, _) => Tone::Accent,
                (false, true) => Tone::Plain,
                (false, false) => Tone::Dim,
            };
            line(&source_line(side, names), tone, inner, row, buf, cx);
        }
    }

    fn render_table(&mut self, draft: &Draft, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let Some(bound) = &self.bound else { return };
        let sides = &bound.view.table;
        let columns = human::counted(sides.len(), "column");
        let mut title = format!("{}: {columns}", text::safe(&draft.table().to_string()));
        for more in [count_unmapped(&bound.view), format!("schema {}", draft.schema_id())] {
            title = if more.is_empty() { title } else { format!("{title} · {more}") };
        }
        let inner = pane(&title, true, area, buf, cx);
        let room = usize::from(inner.height).max(1);
        self.area = inner;
        self.top = first_seen(self.top, self.cursor, sides.len(), room);
        let names = sides.iter().map(|s| text::width(&text::safe(&s.name))).max().unwrap_or(0).min(24);
        let types = sides.iter().map(|s| text::width(&s.type_name)).max().unwrap_or(0).min(18);
        let required = match (sides.iter().any(|s| s.required), inner.width < 60) {
            (false, _) => "",
            (true, true) => "req.",
            (true, false) => "required",
        };
        for (row, (position, side)) in (0..).zip(sides.iter().enumerate().skip(self.top).take(room)) {
            let (told, tone) = table_line(side, names, types, required);
            let told = text::pad(&told, usize::from(inner.width), false);
            line(&told, if position == self.cursor { Tone::Cursor } else { tone }, inner, row, buf, cx);
        }
    }

    fn render_examples(&self, draft: &Draft, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let (Some(bound), Some(side)) = (&self.bound, self.column()) else { return };
        let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        let title = format!("{} = {}", text::safe(&side.name), text::safe(&described(draft, side)));
        line(&title, Tone::Heading, area, 0, buf, cx);
        let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let fresh = bound.column.as_ref() == Some(&side.name);
        let examples: Vec<_> = if fresh { bound.examples.iter().map(example).collect() } else { Vec::new() };
        for (row, part) in (0..inner.height).zip(packed(&examples, usize::from(inner.width))) {
            line(&part, Tone::Plain, inner, row, buf, cx);
        }
    }

    fn render_problem(&self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let problems = self.problems();
        let here = self.column().and_then(|side| match &side.state {
            State::Wrong(why) => Some(format!("✖ {}", fault(&side.name, why))),
            State::Mapped | State::Unmapped => None,
        });
        let told = match (here, problems.first()) {
            (Some(here), _) => (here, Tone::Danger),
            (None, Some(first)) => (format!("{} to mend: {first}", problems.len()), Tone::Warning),
            (None, None) => {
                let mut told = "nothing is missing; the preflight checks every row".to_string();
                if let Some(key) = cx.keymap.shown(Action::Open) {
                    told = format!("{told} ({key})");
                }
                (told, Tone::Added)
            }
        };
        line(&format!(" {}", text::safe(&told.0)), told.1, area, 0, buf, cx);
    }
}

/// The source column that a table column is taken from.
fn taken_from(draft: &Draft, column: &str) -> Option<String> {
    match &draft.mapping().column(column)?.rule {
        Rule::Column(from) => Some(from.clone()),
        Rule::Expression(_) | Rule::Constant(_) | Rule::Skip => None,
    }
}

fn described(draft: &Draft, side: &TableSide) -> String {
    match draft.mapping().column(&side.name) {
        Some(mapped) => match (&mapped.rule, mapped.cast.is_plain()) {
            (Rule::Column(from), true) => format!("\"{from}\""),
            (Rule::Column(from), false) => format!("\"{from}\" read as {}", super::cast::to_line(&mapped.cast)),
            (Rule::Expression(sql), _) => sql.clone(),
            (Rule::Constant(value), _) => format!("'{value}' in every row"),
            (Rule::Skip, _) => "null".into(),
        },
        None => "null (no source)".into(),
    }
}

fn source_line(side: &SourceSide, names: usize) -> String {
    let sample = side.sample.as_deref().map(|s| format!("\"{}\"", text::brief(s))).unwrap_or_default();
    let nulls = if side.null_percent > 0 { format!("null {} %  ", side.null_percent) } else { String::new() };
    format!("{} {:<9} {nulls}{sample}", text::pad(&text::safe(&side.name), names, false), side.type_name)
}

fn table_line(side: &TableSide, names: usize, types: usize, required: &str) -> (String, Tone) {
    let (sign, tone) = match (&side.state, side.required) {
        (State::Wrong(_), _) => ("✖", Tone::Danger),
        (State::Mapped, _) => ("●", Tone::Plain),
        (State::Unmapped, _) => ("○", Tone::Dim),
    };
    let needed = text::pad(if side.required { required } else { "" }, required.len(), false);
    let name = text::pad(&text::safe(&side.name), names, false);
    let kind = text::pad(&side.type_name, types, false);
    (format!("{sign} {name} {kind} {needed} {}", text::safe(&side.how)), tone)
}

fn example(example: &Example) -> String {
    let from = text::brief(example.from.as_deref().unwrap_or("null"));
    let to = match &example.to {
        Ok(Some(value)) => text::brief(value).into_owned(),
        Ok(None) => "null".into(),
        Err(why) => format!("✖ {}", text::brief(why)),
    };
    format!("{from} → {to}")
}

/// As many examples on a line as it holds; none of them is broken.
fn packed(examples: &[String], room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for example in examples {
        match lines.last_mut().filter(|line| text::width(line) + 5 + text::width(example) <= room) {
            Some(line) => *line = format!("{line}     {example}"),
            None => lines.push(example.clone()),
        }
    }
    lines
}

fn fault(name: &str, why: &str) -> String {
    if why.starts_with("is ") { format!("{name} {why}") } else { format!("{name}: {why}") }
}

/// "2 unmapped", for the title.
fn count_unmapped(view: &MappingView) -> String {
    let without = view.table.iter().filter(|side| !side.has_source).count();
    match without {
        0 => String::new(),
        n => format!("{} unmapped", human::count(n as i128)),
    }
}
