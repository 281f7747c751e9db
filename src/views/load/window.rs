//! Rows of the source as a grid that scrolls through a file of any size: a window of rows is here, the next one is
//! asked for when the cursor leaves it. What cannot be taken apart into a row stands between them as it came. Reads
//! nothing itself.

use std::path::Path;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::action::Action;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::ingest::Fault;
use crate::ingest::preview::{Preview, PreviewOptions, Start};
use crate::table::cell::Cell;
use crate::views::widgets::{human, text};

/// Rows that are asked for at once.
const ROWS: usize = 200;
/// The widest column, in cells.
const WIDEST: usize = 32;

/// The rows at hand and the cursor in them.
#[derive(Debug, Default)]
pub struct RowWindow {
    preview: Option<Preview>,
    /// What is seen of them, in the order of the source.
    entries: Vec<Entry>,
    cursor: usize,
    top: usize,
    /// The first column that is seen.
    left: usize,
    height: usize,
    /// Where the entries were drawn.
    area: Rect,
    /// Where the cursor goes when the rows that were asked for are here.
    target: Option<Target>,
}

/// A line of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// A row, by its position in the window.
    Row(usize),
    /// What cannot be taken apart, by its position among the faults of the window.
    Fault(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Row(u64),
    /// The line of this fault.
    Fault(Fault),
    First,
    Last,
}

impl RowWindow {
    /// The first rows.
    pub fn begin(&mut self) -> PreviewOptions {
        self.ask(Start::Row(0), Target::First)
    }

    /// The rows around the line of a fault, which stands in the file of this position in the source.
    pub fn fault(&mut self, file: usize, fault: Fault) -> PreviewOptions {
        // A row takes a line or more: that of the fault is among those asked for.
        let line = fault.line.line.saturating_sub(ROWS as u64 / 2).max(1);
        self.ask(Start::Line { file, line }, Target::Fault(fault))
    }

    fn ask(&mut self, start: Start, target: Target) -> PreviewOptions {
        self.target = Some(target);
        PreviewOptions { start, limit: ROWS }
    }

    /// Takes the rows that were asked for.
    pub fn take(&mut self, mut preview: Preview) {
        let target = self.target.take();
        if let Some(Target::Fault(fault)) = &target {
            keep(fault, &mut preview);
        }
        self.entries = entries(&preview);
        let last = self.entries.len().saturating_sub(1);
        self.cursor = match target {
            Some(Target::Row(row)) => {
                let within = preview.first_row.map_or(0, |first| row.saturating_sub(first));
                let row = usize::try_from(within).unwrap_or(usize::MAX).min(preview.rows.len().saturating_sub(1));
                self.entries.iter().position(|entry| *entry == Entry::Row(row)).unwrap_or(last)
            }
            Some(Target::Fault(fault)) => {
                let at = Some((fault.line.file.as_path(), fault.line.line));
                self.entries.iter().position(|entry| line_of(&preview, *entry) == at).unwrap_or_default()
            }
            Some(Target::Last) => last,
            Some(Target::First) | None => 0,
        };
        self.top = self.cursor.saturating_sub(self.height / 2);
        self.preview = Some(preview);
    }

    /// Whether rows are at hand.
    pub fn is_here(&self) -> bool {
        self.preview.is_some()
    }

    /// Whether there is nothing to be seen of them.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The line that the cursor is on, in words.
    pub fn place(&self) -> String {
        let Some(preview) = &self.preview else { return String::new() };
        let total = preview.total_rows.map(|n| format!(" of {}", human::count(n.into()))).unwrap_or_default();
        let entry = self.entries.get(self.cursor).copied();
        let line = entry.and_then(|entry| line_of(preview, entry)).map(|(_, line)| human::count(line.into()));
        match (preview.first_row, entry, line) {
            (_, Some(Entry::Fault(_)), Some(line)) => format!("no row, line {line}"),
            (Some(first), Some(Entry::Row(row)), Some(line)) => {
                format!("row {}{total}, line {line}", human::count((first + row as u64 + 1).into()))
            }
            _ => format!("the last rows{total}"),
        }
    }

    /// What is copied: the row under the cursor.
    pub fn copied(&self) -> Option<String> {
        let preview = self.preview.as_ref()?;
        match *self.entries.get(self.cursor)? {
            Entry::Row(row) => {
                let row = preview.rows.get(row)?;
                Some(row.iter().map(ToString::to_string).collect::<Vec<_>>().join("\t"))
            }
            Entry::Fault(fault) => preview.faults.get(fault)?.value.clone(),
        }
    }

    /// The wheel moves, a click on a row goes there; gives the rows that are needed for it.
    pub fn mouse(&mut self, mouse: MouseEvent) -> Option<PreviewOptions> {
        match mouse.kind {
            MouseEventKind::ScrollDown => self.go(3),
            MouseEventKind::ScrollUp => self.go(-3),
            MouseEventKind::Down(MouseButton::Left) => {
                let clicked = self.area.contains(Position::new(mouse.column, mouse.row));
                let entry = self.top + usize::from(mouse.row.saturating_sub(self.area.y));
                if clicked && entry < self.entries.len() {
                    self.cursor = entry;
                }
                None
            }
            _ => None,
        }
    }

    /// Does what an action asks for: whether it was one of its own, and the rows that are needed for it.
    pub fn act(&mut self, action: Action) -> (bool, Option<PreviewOptions>) {
        let page = isize::try_from(self.height).unwrap_or(1).max(1);
        let asked = match action {
            Action::Down => self.go(1),
            Action::Up => self.go(-1),
            Action::PageDown => self.go(page),
            Action::PageUp => self.go(-page),
            Action::HalfDown => self.go((page / 2).max(1)),
            Action::HalfUp => self.go(-(page / 2).max(1)),
            Action::Top => Some(self.begin()),
            Action::Bottom => Some(self.ask(Start::End, Target::Last)),
            Action::Left => {
                self.left = self.left.saturating_sub(1);
                None
            }
            Action::Right => {
                let columns = self.preview.as_ref().map_or(0, |p| p.columns.len());
                self.left = (self.left + 1).min(columns.saturating_sub(1));
                None
            }
            _ => return (false, None),
        };
        (true, asked)
    }

    fn go(&mut self, by: isize) -> Option<PreviewOptions> {
        let preview = self.preview.as_ref()?;
        let (rows, last) = (preview.rows.len(), self.entries.len().saturating_sub(1));
        let wanted = self.cursor.checked_add_signed(by);
        if let Some(inside) = wanted.filter(|wanted| *wanted <= last) {
            self.cursor = inside;
            return None;
        }
        self.cursor = if by < 0 { 0 } else { last };
        let first = preview.first_row?;
        let (back, ahead) = (first > 0, preview.total_rows.is_none_or(|total| first + (rows as u64) < total));
        let here = if by < 0 { first } else { first + rows.saturating_sub(1) as u64 };
        let row = here.saturating_add_signed(by as i64);
        match by < 0 {
            true if back => Some(self.ask(Start::Row(row.saturating_sub(ROWS as u64 / 2)), Target::Row(row))),
            false if ahead && rows > 0 => {
                Some(self.ask(Start::Row(row.saturating_sub(ROWS as u64 / 2)), Target::Row(row)))
            }
            _ => None,
        }
    }

    /// Draws heads, types and rows.
    pub fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        // Heads, types and at least a row.
        let Some(preview) = self.preview.as_ref().filter(|_| area.height > 2) else { return };
        self.height = usize::from(area.height.saturating_sub(2)).max(1);
        self.area = Rect { y: area.y + 2, height: area.height - 2, ..area };
        self.top = first_seen(self.top, self.cursor, self.entries.len(), self.height);
        let seen = self.entries.get(self.top..).unwrap_or_default();
        let seen = seen.get(..self.height).unwrap_or(seen);
        let cursor = self.cursor.saturating_sub(self.top);
        let mut x = area.x + number_column(preview, seen, cursor, area, buf, cx);
        draw_faults(preview, seen, cursor, Rect { x, width: area.right().saturating_sub(x), ..area }, buf, cx);
        for at in self.left..preview.columns.len() {
            if x >= area.right() {
                break;
            }
            let room = usize::from(area.right() - x);
            let width = column_width(preview, at, seen).min(room);
            let cells = Rect { x, width: u16::try_from(width).unwrap_or(area.width), ..area };
            draw_column(preview, at, seen, cursor, cells, buf, cx);
            x += cells.width + 2;
        }
    }
}

/// The first line that is seen where the cursor must be, and no room is left empty while there are lines above.
pub fn first_seen(top: usize, cursor: usize, lines: usize, room: usize) -> usize {
    top.min(lines.saturating_sub(room)).clamp((cursor + 1).saturating_sub(room), cursor)
}

/// Puts a fault among those of a window where it holds nothing of that line.
fn keep(fault: &Fault, preview: &mut Preview) {
    let is_there = preview.lines.iter().flatten().any(|line| *line == fault.line);
    if !is_there && !preview.faults.iter().any(|other| other.line == fault.line) {
        preview.faults.push(fault.clone());
    }
}

/// Rows, and what is none between them, in the order of the source. A row at fault is a row.
fn entries(preview: &Preview) -> Vec<Entry> {
    let mut entries: Vec<Entry> = (0..preview.rows.len()).map(Entry::Row).collect();
    if preview.faults.is_empty() {
        return entries;
    }
    entries.extend((0..preview.faults.len()).map(Entry::Fault));
    entries.sort_by_cached_key(|entry| {
        let (file, line) = line_of(preview, *entry).unwrap_or((Path::new(""), u64::MAX));
        (preview.files.iter().position(|own| own == file), line)
    });
    entries.dedup_by_key(|entry| line_of(preview, *entry));
    entries
}

/// Where an entry stands; unknown at the end of a file that was not read through.
fn line_of(preview: &Preview, entry: Entry) -> Option<(&Path, u64)> {
    let line = match entry {
        Entry::Row(row) => preview.lines.get(row)?.as_ref()?,
        Entry::Fault(fault) => &preview.faults.get(fault)?.line,
    };
    Some((line.file.as_path(), line.line))
}

/// The cells of a row; of what is none there are none.
fn cells_of(preview: &Preview, entry: Entry) -> Option<&Vec<Cell>> {
    match entry {
        Entry::Row(row) => preview.rows.get(row),
        Entry::Fault(_) => None,
    }
}

/// Draws what cannot be taken apart, as it came, with why.
fn draw_faults(preview: &Preview, seen: &[Entry], cursor: usize, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
    for ((y, row), entry) in (area.y + 2..area.bottom()).zip(0..).zip(seen) {
        let Entry::Fault(fault) = entry else { continue };
        let Some(fault) = preview.faults.get(*fault) else { continue };
        let (value, column) = (fault.value.as_deref().map(text::brief), fault.column.as_deref().map(text::brief));
        let column = column.map(|column| format!("{column}: ")).unwrap_or_default();
        let told = format!("{}  ✖ {column}{}", value.unwrap_or_default(), text::brief(&fault.reason));
        let tone = if row == cursor { Tone::Cursor } else { Tone::Danger };
        buf.set_string(area.x, y, text::pad(&told, usize::from(area.width), false), cx.styles.get(tone));
    }
}

/// Draws the line numbers; gives the cells they take.
fn number_column(
    preview: &Preview,
    seen: &[Entry],
    cursor: usize,
    area: Rect,
    buf: &mut Buffer,
    cx: &Context<'_>,
) -> u16 {
    let number = |entry: Entry| line_of(preview, entry).map_or("·".into(), |(_, line)| line.to_string());
    let width = seen.iter().map(|entry| number(*entry).len()).max().unwrap_or(1).max(4);
    for ((y, row), entry) in (area.y + 2..area.bottom()).zip(0..).zip(seen) {
        let (sign, tone) = if row == cursor { ('▶', Tone::Cursor) } else { (' ', Tone::Dim) };
        let told = format!("{sign}{}", text::pad(&number(*entry), width, true));
        buf.set_stringn(area.x, y, told, usize::from(area.width), cx.styles.get(tone));
    }
    let head = format!(" {}", text::pad("line", width, true));
    buf.set_stringn(area.x, area.y, head, usize::from(area.width), cx.styles.get(Tone::Dim));
    u16::try_from(width).unwrap_or(4) + 3
}

fn column_width(preview: &Preview, at: usize, seen: &[Entry]) -> usize {
    let head = preview.columns.get(at).map_or(0, |c| text::width(&text::safe(&c.name)).max(text::width(&c.type_name)));
    let cells = seen.iter().filter_map(|entry| cells_of(preview, *entry)?.get(at));
    let widest = cells.map(|cell| text::width(&shown(cell))).max().unwrap_or(0);
    head.max(widest).min(WIDEST)
}

fn shown(cell: &Cell) -> String {
    match cell.is_null() {
        true => "–".into(),
        // Some characters take no room.
        false => cell.brief(4 * WIDEST),
    }
}

fn draw_column(
    preview: &Preview,
    at: usize,
    seen: &[Entry],
    cursor: usize,
    area: Rect,
    buf: &mut Buffer,
    cx: &Context<'_>,
) {
    let width = usize::from(area.width);
    let Some(column) = preview.columns.get(at) else { return };
    let right = preview.rows.iter().filter_map(|row| row.get(at)).find(|c| !c.is_null()).is_some_and(Cell::is_number);
    let name = text::pad(&text::safe(&column.name), width, right);
    buf.set_string(area.x, area.y, name, cx.styles.get(Tone::Heading));
    buf.set_string(area.x, area.y + 1, text::pad(&column.type_name, width, right), cx.styles.get(Tone::Dim));
    for ((y, row), entry) in (area.y + 2..area.bottom()).zip(0..).zip(seen) {
        let Some(cell) = cells_of(preview, *entry).and_then(|cells| cells.get(at)) else { continue };
        let tone = match (row == cursor, cell.is_null()) {
            (true, _) => Tone::Cursor,
            (false, true) => Tone::Dim,
            (false, false) => Tone::Plain,
        };
        buf.set_string(area.x, y, text::pad(&shown(cell), width, right), cx.styles.get(tone));
    }
}
