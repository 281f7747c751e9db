//! Draws the part of a list that is seen. Changes scroll offsets and column widths, nothing else.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use super::{Listing, Look};
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::views::widgets::shown::{Column, Shown};
use crate::views::widgets::text;

/// What of the list is seen.
#[derive(Debug, Default)]
pub(super) struct Window {
    top: usize,
    left: usize,
    widths: Vec<usize>,
    body: Rect,
    heads: Vec<(u16, u16, usize)>,
}

/// Cells before the first column: the cursor's sign and the mark's.
const GUTTER: u16 = 2;
/// Cells between two columns.
const GAP: usize = 2;

impl Window {
    pub(super) fn page(&self) -> isize {
        isize::from(i16::try_from(self.body.height).unwrap_or(i16::MAX)).max(1)
    }

    pub(super) fn shift(&mut self, by: isize, columns: usize) {
        self.left = self.left.saturating_add_signed(by).min(columns.saturating_sub(1));
    }

    pub(super) fn forget_widths(&mut self) {
        self.widths.clear();
    }

    fn follow(&mut self, cursor: usize, rows: usize) {
        let height = usize::from(self.body.height).max(1);
        self.top = self.top.clamp((cursor + 1).saturating_sub(height), cursor).min(rows.saturating_sub(height));
    }

    /// Widths only grow while one scrolls, so that columns do not dance.
    fn measure(&mut self, columns: &[Column], page: &[Vec<Shown>]) {
        if self.widths.len() != columns.len() {
            self.widths = columns.iter().map(|c| text::width(&c.title) + 1).collect();
        }
        for row in page {
            for ((width, column), shown) in self.widths.iter_mut().zip(columns).zip(row) {
                *width = (*width).max(text::width(&shown.text).min(column.limit));
            }
        }
    }
}

/// A column as it stands on the screen.
struct Placed {
    column: usize,
    x: u16,
    width: usize,
}

/// The columns that have room: wide ones are narrowed, then the spare ones dropped, then what lies beyond the right edge.
fn place(columns: &[Column], widths: &[usize], left: usize, room: u16) -> Vec<Placed> {
    let room = usize::from(room);
    let mut kept: Vec<usize> = (left..columns.len()).collect();
    let width_of = |i: usize| widths.get(i).copied().unwrap_or(0);
    let least_of = |i: usize| columns.get(i).and_then(|c| c.least).map_or(width_of(i), |least| least.min(width_of(i)));
    while kept.iter().map(|i| least_of(*i) + GAP).sum::<usize>() > room + GAP {
        let spare = kept.iter().copied().filter(|i| columns.get(*i).is_some_and(|c| c.spare > 0));
        let Some(least) = spare.max_by_key(|i| columns.get(*i).map_or(0, |c| c.spare)) else { break };
        kept.retain(|i| *i != least);
    }
    let mut fitted: Vec<usize> = kept.iter().map(|i| width_of(*i)).collect();
    let leasts: Vec<usize> = kept.iter().map(|i| least_of(*i)).collect();
    narrow(&mut fitted, &leasts, (room + GAP).saturating_sub(kept.len() * GAP));
    let mut placed = Vec::new();
    let mut x = 0;
    for (column, width) in kept.into_iter().zip(fitted) {
        if x >= room {
            break;
        }
        let width = width.min(room - x);
        placed.push(Placed { column, x: u16::try_from(x).unwrap_or(u16::MAX), width });
        x += width + GAP;
    }
    placed
}

/// Takes cells from the widest columns until all fit or none can be narrower.
fn narrow(widths: &mut [usize], leasts: &[usize], room: usize) {
    let mut over = widths.iter().sum::<usize>().saturating_sub(room);
    while over > 0 {
        let narrowable = widths.iter_mut().zip(leasts).filter(|(width, least)| **width > **least);
        let Some((width, _)) = narrowable.max_by_key(|(width, _)| **width) else { return };
        *width -= 1;
        over -= 1;
    }
}

impl<L: Look> Listing<L> {
    /// How many cells the list could use for what is seen in an area of this height, so that a detail beside it gets
    /// the rest.
    pub fn wanted_width(&mut self, height: u16, now_ms: i64) -> u16 {
        let page = self.page(usize::from(height), now_ms);
        self.window.measure(&self.columns, &page);
        let cells: usize = self.window.widths.iter().map(|width| width + GAP).sum();
        u16::try_from(cells).unwrap_or(u16::MAX).saturating_add(GUTTER)
    }

    /// The rows that are seen, as they look.
    fn page(&self, height: usize, now_ms: i64) -> Vec<Vec<Shown>> {
        let top = self.window.top;
        (top..top + height).map_while(|p| Some(self.look.show(self.row_at(p)?, now_ms))).collect()
    }

    /// Draws heads and rows into an area.
    pub fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let heads = u16::from(area.height > 2);
        self.window.body = Rect { y: area.y + heads, height: area.height - heads, ..area };
        self.window.follow(self.cursor, self.shown_len());
        let (top, height) = (self.window.top, usize::from(self.window.body.height));
        let page = self.page(height, cx.now_ms);
        self.window.measure(&self.columns, &page);
        let room = area.width.saturating_sub(GUTTER + 1);
        let placed = place(&self.columns, &self.window.widths, self.window.left, room);
        if heads > 0 {
            self.draw_heads(&placed, area, buf, cx);
        }
        for (i, row) in page.iter().enumerate() {
            self.draw_row(top + i, row, &placed, buf, cx);
        }
        self.draw_bar(area, buf, cx);
    }

    fn draw_heads(&mut self, placed: &[Placed], area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let letters = self.letters(cx.reserved);
        self.window.heads.clear();
        for place in placed {
            let Some(column) = self.columns.get(place.column) else { continue };
            let arrow = match self.sort {
                Some(sort) if sort.column == place.column => {
                    if sort.descending {
                        "▼"
                    } else {
                        "▲"
                    }
                }
                _ => "",
            };
            let shown = text::pad(&format!("{}{arrow}", column.title), place.width, column.right);
            let x = area.x + GUTTER + place.x;
            let style = cx.styles.get(Tone::Heading);
            buf.set_stringn(x, area.y, &shown, place.width, style);
            if let Some(at) = letters.get(place.column).copied().flatten().and_then(|l| letter_at(&shown, l)) {
                underline(buf, x + at, area.y, style);
            }
            self.window.heads.push((x, x + u16::try_from(place.width).unwrap_or(0), place.column));
        }
    }

    fn draw_row(&self, position: usize, row: &[Shown], placed: &[Placed], buf: &mut Buffer, cx: &Context<'_>) {
        let body = self.window.body;
        let y = body.y + u16::try_from(position - self.window.top).unwrap_or(0);
        let on_cursor = position == self.cursor && !self.is_idle;
        let is_marked =
            !self.marks.is_empty() && self.row_at(position).is_some_and(|r| self.marks.contains(&self.look.key(r)));
        for place in placed {
            let (Some(column), Some(shown)) = (self.columns.get(place.column), row.get(place.column)) else { continue };
            let fitted = match column.middle {
                true => text::fit_middle(&shown.text, place.width),
                false => text::fit(&shown.text, place.width),
            };
            let tone = if is_marked { Tone::Marked } else { shown.tone };
            let padded = text::pad(&fitted, place.width, column.right);
            buf.set_stringn(body.x + GUTTER + place.x, y, padded, place.width, cx.styles.get(tone));
        }
        let marked = cx.styles.get(Tone::Marked);
        if is_marked {
            buf.set_string(body.x + 1, y, "●", marked);
        }
        if on_cursor {
            buf.set_string(body.x, y, "▶", cx.styles.get(Tone::Accent));
            buf.set_style(Rect { y, height: 1, ..body }, cx.styles.get(Tone::Cursor));
        }
    }

    /// A thumb at the right edge where there is more than is seen.
    fn draw_bar(&self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let (body, rows) = (self.window.body, self.shown_len());
        let height = usize::from(body.height);
        if rows <= height || height < 3 || area.width < 10 {
            return;
        }
        let thumb = (height * height / rows).max(1);
        let start = (height - thumb) * self.window.top / (rows - height).max(1);
        for i in start..(start + thumb).min(height) {
            let y = body.y + u16::try_from(i).unwrap_or(0);
            buf.set_string(body.right() - 1, y, "▐", cx.styles.get(Tone::Border));
        }
    }

    /// The position of the list at a cell of the screen.
    pub fn position_at(&self, at: Position) -> Option<usize> {
        let body = self.window.body;
        let position = self.window.top + usize::from(at.y.checked_sub(body.y)?);
        (body.contains(at) && position < self.shown_len()).then_some(position)
    }

    /// The column whose head is at a cell of the screen.
    pub fn head_at(&self, at: Position) -> Option<usize> {
        // A mouse may tell of places that no screen has.
        let on_heads = at.y.checked_add(1) == Some(self.window.body.y);
        let found = self.window.heads.iter().find(|(from, to, _)| on_heads && (*from..*to).contains(&at.x));
        found.map(|(_, _, column)| *column)
    }
}

/// In which cell of a padded head its letter stands.
fn letter_at(shown: &str, letter: char) -> Option<u16> {
    let (before, _) = shown.char_indices().find(|(_, c)| c.eq_ignore_ascii_case(&letter))?;
    u16::try_from(text::width(shown.get(..before)?)).ok()
}

fn underline(buf: &mut Buffer, x: u16, y: u16, style: Style) {
    if let Some(cell) = buf.cell_mut((x, y)) {
        cell.set_style(style.add_modifier(Modifier::UNDERLINED));
    }
}
