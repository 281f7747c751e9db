//! The third step: what every row of the source would be to the table. Counts, reasons, the first rows that do not fit,
//! each leading to its line in the source, and what becomes of each column.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};

use crate::app::action::Action;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::ingest::Fault;
use crate::ingest::bind::Verdict;
use crate::ingest::preflight::{ColumnReport, PreflightReport};
use crate::views::widgets::listing::{Listing, Look};
use crate::views::widgets::load::line;
use crate::views::widgets::shown::{Column, Shown};
use crate::views::widgets::{human, text};

/// How a fault looks in the list.
#[derive(Debug, Clone)]
pub struct Faults;

impl Look for Faults {
    type Row = (usize, Fault);

    fn columns(&self, _sample: Option<&Self::Row>) -> Vec<Column> {
        vec![
            Column::new("line").right(),
            Column::new("column").limit(24),
            Column::new("value").limit(28),
            Column::new("why").limit(80),
            Column::new("file").spare(1).middle().limit(30),
        ]
    }

    fn key(&self, row: &Self::Row) -> String {
        row.0.to_string()
    }

    fn show(&self, (_, fault): &Self::Row, _now_ms: i64) -> Vec<Shown> {
        let part = |value: &Option<String>| Shown::or_missing(value.as_ref(), |value| Shown::text(text::brief(value)));
        vec![
            Shown::count(fault.line.line),
            part(&fault.column),
            part(&fault.value),
            Shown::text(text::brief(&fault.reason)).tone(Tone::Danger),
            Shown::text(fault.line.file.file_name().unwrap_or_default().to_string_lossy()),
        ]
    }
}

/// Lines with which both lists are seen, one below the other; with less, one of them.
const ROOM_FOR_BOTH: u16 = 9;

/// How the columns look.
#[derive(Debug, Clone)]
pub struct Columns;

impl Look for Columns {
    type Row = ColumnReport;

    fn columns(&self, _sample: Option<&ColumnReport>) -> Vec<Column> {
        ["column", "from", "to", "verdict", "why"].into_iter().map(Column::new).collect()
    }

    fn key(&self, row: &ColumnReport) -> String {
        row.name.clone()
    }

    fn show(&self, row: &ColumnReport, _now_ms: i64) -> Vec<Shown> {
        let tone = match row.verdict {
            Verdict::Lossless => Tone::Added,
            Verdict::Impossible => Tone::Danger,
            Verdict::Lossy => Tone::Warning,
            _ => Tone::Plain,
        };
        vec![
            Shown::text(&row.name),
            Shown::text(&row.from),
            Shown::text(&row.to),
            Shown::text(format!("{:?}", row.verdict).to_lowercase()).tone(tone),
            Shown::text(&row.why),
        ]
    }
}

/// The report and the cursor in its lists.
#[derive(Debug)]
pub struct PreflightPane {
    report: PreflightReport,
    faults: Listing<Faults>,
    columns: Listing<Columns>,
    /// Whether the keys are the columns'; always, where every row fits.
    on_columns: bool,
    /// Where the columns were drawn.
    columns_area: Rect,
}

impl PreflightPane {
    /// Shows a report.
    pub fn new(report: PreflightReport) -> Self {
        let mut faults = Listing::new(Faults);
        faults.replace(report.faults.iter().cloned().enumerate().collect());
        let mut columns = Listing::new(Columns);
        columns.replace(report.columns.clone());
        Self { on_columns: report.unfit == 0, report, faults, columns, columns_area: Rect::default() }
    }

    /// The report.
    pub fn report(&self) -> &PreflightReport {
        &self.report
    }

    /// Whether every row fits.
    pub fn is_clean(&self) -> bool {
        self.report.unfit == 0
    }

    /// The fault under the cursor.
    pub fn fault(&self) -> Option<&Fault> {
        self.faults.current().map(|(_, fault)| fault)
    }

    /// Whether the keys are the columns'.
    pub fn is_on_columns(&self) -> bool {
        self.on_columns
    }

    /// Moves the cursor, or goes to the other list; false where the action asks for something else.
    pub fn act(&mut self, action: Action) -> bool {
        match action {
            Action::NextPane | Action::PreviousPane => {
                self.on_columns = self.is_clean() || !self.on_columns;
                true
            }
            _ if self.on_columns => self.columns.act(action),
            _ => self.faults.act(action),
        }
    }

    /// The wheel moves in the list under it, a click goes to its line. Gives true for a click on the fault under the
    /// cursor.
    pub fn mouse(&mut self, mouse: MouseEvent) -> bool {
        let was_on_columns = self.on_columns;
        let on_columns = self.is_clean() || self.columns_area.contains(Position::new(mouse.column, mouse.row));
        if mouse.kind == MouseEventKind::Down(MouseButton::Left) {
            self.on_columns = on_columns;
        }
        if on_columns {
            self.columns.mouse(mouse);
            return false;
        }
        self.faults.mouse(mouse) && !was_on_columns
    }

    /// Draws counts, reasons and the list.
    pub fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let told = self.told();
        let height = u16::try_from(told.len()).unwrap_or(1).min(area.height / 2);
        let [head, _, list] =
            Layout::vertical([Constraint::Length(height), Constraint::Length(1), Constraint::Min(1)]).areas(area);
        for (row, (words, tone)) in (0..).zip(&told) {
            line(words, *tone, head, row, buf, cx);
        }
        let [faults, _, columns] = self.shares(list);
        self.columns_area = columns;
        (self.faults.is_idle, self.columns.is_idle) = (self.on_columns, !self.on_columns);
        self.faults.render(faults, buf, cx);
        self.columns.render(columns, buf, cx);
    }

    /// The room of the faults, of a line between, and of the columns.
    fn shares(&self, area: Rect) -> [Rect; 3] {
        let columns = u16::try_from(self.report.columns.len() + 1).unwrap_or(u16::MAX);
        let (gap, columns) = match (self.is_clean(), area.height >= ROOM_FOR_BOTH, self.on_columns) {
            (true, ..) | (false, false, true) => (0, area.height),
            (false, false, false) => (0, 0),
            (false, true, _) => (1, columns.min(area.height / 2)),
        };
        Layout::vertical([Constraint::Min(0), Constraint::Length(gap), Constraint::Length(columns)]).areas(area)
    }

    fn told(&self) -> Vec<(String, Tone)> {
        let r = &self.report;
        let count = |n: u64| human::count(n.into());
        let first = match self.is_clean() {
            true if r.rows == 1 => ("✔ the only row fits".into(), Tone::Added),
            true => (format!("✔ all {} rows fit", count(r.rows)), Tone::Added),
            false => {
                let (do_not, others) =
                    (if r.unfit == 1 { "does not" } else { "do not" }, if r.fit == 1 { "does" } else { "do" });
                let rows = if r.rows == 1 { "row" } else { "rows" };
                let told =
                    format!("✖ {} of {} {rows} {do_not} fit, {} {others}", count(r.unfit), count(r.rows), count(r.fit));
                (told, Tone::Danger)
            }
        };
        let reason = |g: &crate::ingest::preflight::ReasonGroup| {
            let column = g.column.as_deref().map(|c| format!("{c}: ")).unwrap_or_default();
            (format!("  {:>8} × {}", count(g.count), text::safe(&format!("{column}{}", g.reason))), Tone::Plain)
        };
        let mut told = vec![first];
        told.extend(r.reasons.iter().take(6).map(reason));
        let more = r.reasons.len().saturating_sub(6);
        if more > 0 || r.other_faults > 0 {
            let cells = usize::try_from(r.other_faults).unwrap_or(usize::MAX);
            let told_not = [human::counted(more, "more reason"), human::counted(cells, "more cell")];
            told.push((format!("  and {}", told_not.join(", ")), Tone::Dim));
        }
        told
    }
}
