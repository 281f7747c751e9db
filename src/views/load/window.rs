//! Rows of the source as a grid that scrolls through a file of any size: a window of rows is here, the next one is
//! asked for when the cursor leaves it. Reads nothing itself.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::action::Action;
use crate::app::theme::Tone;
use crate::app::view::Context;
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
    cursor: usize,
    top: usize,
    /// The first column that is seen.
    left: usize,
    height: usize,
    /// Where the cursor goes when the rows that were asked for are here.
    target: Option<Target>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Row(u64),
    First,
    Last,
}

impl RowWindow {
    /// The first rows.
    pub fn begin(&mut self) -> PreviewOptions {
        self.ask(Start::Row(0), Target::First)
    }

    /// The rows from a line of a file on.
    pub fn line(&mut self, file: usize, line: u64) -> PreviewOptions {
        self.ask(Start::Line { file, line }, Target::First)
    }

    fn ask(&mut self, start: Start, target: Target) -> PreviewOptions {
        self.target = Some(target);
        PreviewOptions { start, limit: ROWS }
    }

    /// Takes the rows that were asked for.
    pub fn take(&mut self, preview: Preview) {
        let last = preview.rows.len().saturating_sub(1);
        let first = preview.first_row;
        self.cursor = match self.target.take() {
            Some(Target::Row(row)) => {
                let within = first.map_or(0, |first| row.saturating_sub(first));
                usize::try_from(within).unwrap_or(last).min(last)
            }
            Some(Target::Last) => last,
            Some(Target::First) | None => 0,
        };
        self.top = self.cursor.saturating_sub(self.height / 2);
        self.preview = Some(preview);
    }

    /// The rows at hand.
    pub fn preview(&self) -> Option<&Preview> {
        self.preview.as_ref()
    }

    /// The line that the cursor is on, in words.
    pub fn place(&self) -> String {
        let Some(preview) = &self.preview else { return String::new() };
        let total = preview.total_rows.map(|n| format!(" of {}", human::count(n.into()))).unwrap_or_default();
        match (preview.first_row, preview.lines.get(self.cursor)) {
            (Some(first), Some(Some(line))) => {
                let row = first + self.cursor as u64 + 1;
                format!("row {}{total}, line {}", human::count(row.into()), human::count(line.line.into()))
            }
            _ => format!("the last rows{total}"),
        }
    }

    /// What is copied: the row under the cursor.
    pub fn copied(&self) -> Option<String> {
        let row = self.preview.as_ref()?.rows.get(self.cursor)?;
        Some(row.iter().map(ToString::to_string).collect::<Vec<_>>().join("\t"))
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
        let rows = preview.rows.len();
        let wanted = self.cursor.checked_add_signed(by);
        if let Some(inside) = wanted.filter(|wanted| *wanted < rows) {
            self.cursor = inside;
            return None;
        }
        self.cursor = if by < 0 { 0 } else { rows.saturating_sub(1) };
        let first = preview.first_row?;
        let (back, ahead) = (first > 0, preview.total_rows.is_none_or(|total| first + (rows as u64) < total));
        let here = first + self.cursor as u64;
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
        self.top = first_seen(self.top, self.cursor, preview.rows.len(), self.height);
        let seen = self.top..(self.top + self.height).min(preview.rows.len());
        let mut x = area.x + number_column(preview, seen.clone(), self.cursor, area, buf, cx);
        for at in self.left..preview.columns.len() {
            if x >= area.right() {
                break;
            }
            let room = usize::from(area.right() - x);
            let width = column_width(preview, at, seen.clone()).min(room);
            let cells = Rect { x, width: u16::try_from(width).unwrap_or(area.width), ..area };
            draw_column(preview, at, seen.clone(), self.cursor, cells, buf, cx);
            x += cells.width + 2;
        }
    }
}

/// The first line that is seen where the cursor must be, and no room is left empty while there are lines above.
pub fn first_seen(top: usize, cursor: usize, lines: usize, room: usize) -> usize {
    top.min(lines.saturating_sub(room)).clamp((cursor + 1).saturating_sub(room), cursor)
}

/// Draws the line numbers; gives the cells they take.
fn number_column(
    preview: &Preview,
    seen: std::ops::Range<usize>,
    cursor: usize,
    area: Rect,
    buf: &mut Buffer,
    cx: &Context<'_>,
) -> u16 {
    let number = |row: usize| preview.lines.get(row).cloned().flatten().map_or("·".into(), |l| l.line.to_string());
    let width = seen.clone().map(|row| number(row).len()).max().unwrap_or(1).max(4);
    for (y, row) in (area.y + 2..area.bottom()).zip(seen) {
        let (sign, tone) = if row == cursor { ('▶', Tone::Cursor) } else { (' ', Tone::Dim) };
        let told = format!("{sign}{}", text::pad(&number(row), width, true));
        buf.set_stringn(area.x, y, told, usize::from(area.width), cx.styles.get(tone));
    }
    let head = format!(" {}", text::pad("line", width, true));
    buf.set_stringn(area.x, area.y, head, usize::from(area.width), cx.styles.get(Tone::Dim));
    u16::try_from(width).unwrap_or(4) + 3
}

fn column_width(preview: &Preview, at: usize, seen: std::ops::Range<usize>) -> usize {
    let head = preview.columns.get(at).map_or(0, |c| text::width(&text::safe(&c.name)).max(text::width(&c.type_name)));
    let cells = preview.rows.get(seen).unwrap_or_default().iter().filter_map(|row| row.get(at));
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
    seen: std::ops::Range<usize>,
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
    for (y, row) in (area.y + 2..area.bottom()).zip(seen) {
        let Some(cell) = preview.rows.get(row).and_then(|cells| cells.get(at)) else { continue };
        let tone = match (row == cursor, cell.is_null()) {
            (true, _) => Tone::Cursor,
            (false, true) => Tone::Dim,
            (false, false) => Tone::Plain,
        };
        buf.set_string(area.x, y, text::pad(&shown(cell), width, right), cx.styles.get(tone));
    }
}
