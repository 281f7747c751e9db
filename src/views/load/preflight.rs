//! The third step: what every row of the source would be to the table. Counts, reasons, and the first rows that do not
//! fit, each leading to its line in the source.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

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

/// How the columns look where every row fits.
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
}

impl PreflightPane {
    /// Shows a report.
    pub fn new(report: PreflightReport) -> Self {
        let mut faults = Listing::new(Faults);
        faults.replace(report.faults.iter().cloned().enumerate().collect());
        let mut columns = Listing::new(Columns);
        columns.replace(report.columns.clone());
        Self { report, faults, columns }
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

    /// Moves the cursor; false where the action asks for something else.
    pub fn act(&mut self, action: Action) -> bool {
        if self.is_clean() { self.columns.act(action) } else { self.faults.act(action) }
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
        if self.is_clean() {
            self.columns.render(list, buf, cx);
        } else {
            self.faults.render(list, buf, cx);
        }
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
