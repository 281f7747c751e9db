//! The rows of the files that one snapshot has and another has not: what a change put in, and what it took out.

use std::sync::Arc;

use async_trait::async_trait;

use super::list::List;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Shown};
use super::{diff, of_table};
use crate::Result;
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::catalog::Lake;
use crate::query::{self, ColumnHead};
use crate::table::Cell;
use crate::table::changes::Direction;

/// Its name on the command line.
pub const NAME: &str = "changed-rows";
/// Rows that are read.
const MOST: usize = 10_000;

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct ChangedRows {
    /// A table; the detail names the two snapshots, as that of the comparison.
    pub route: Route,
}

/// A row that came or went.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// How many came before it.
    pub number: usize,
    /// Whether it came or went.
    pub change: Direction,
    /// The columns of all.
    pub columns: Arc<Vec<ColumnHead>>,
    /// One cell a column.
    pub cells: Vec<Cell>,
}

impl Look for ChangedRows {
    type Row = Line;

    fn columns(&self, sample: Option<&Line>) -> Vec<Column> {
        let own = sample.into_iter().flat_map(|line| line.columns.iter());
        let own = own.map(|column| Column::named(&column.name).limit(60).least(8));
        std::iter::once(Column::new("±")).chain(own).collect()
    }

    fn key(&self, row: &Line) -> String {
        row.number.to_string()
    }

    fn show(&self, row: &Line, _now_ms: i64) -> Vec<Shown> {
        let (sign, tone) = match row.change {
            Direction::Added => ("+", Tone::Added),
            Direction::Removed => ("−", Tone::Removed),
        };
        let cell = |cell: &Cell| match cell {
            Cell::Null => Shown::missing(),
            cell => Shown::text(cell.exact()),
        };
        std::iter::once(Shown::word(sign).tone(tone)).chain(row.cells.iter().map(cell)).collect()
    }
}

#[async_trait]
impl List for ChangedRows {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<Line>>) -> Result<()> {
        let (table, from, to) = diff::sides(&self.route, lake).await?;
        let mut rows = query::changed_rows(&table, from, to, Some(MOST), feed.monitor()).await?;
        let columns = Arc::new(rows.columns().to_vec());
        let mut number = 0;
        while let Some(page) = rows.next().await? {
            let (first, change) = (number, page.change);
            number += page.rows.len();
            let line = |(at, cells)| Line { number: first + at, change, columns: columns.clone(), cells };
            feed.send(page.rows.into_iter().enumerate().map(line).collect()).await?;
        }
        Ok(())
    }

    fn title(&self, rows: &[Line]) -> String {
        let added = rows.iter().filter(|row| row.change == Direction::Added).count();
        let told =
            format!("{} added · {} removed", human::counted(added, "row"), human::count((rows.len() - added) as i128));
        let more = if rows.len() >= MOST { " · the first 10,000: icedeck diff --rows has all" } else { "" };
        format!("{told}{more}")
    }

    fn empty(&self) -> Vec<String> {
        vec![format!("no data file of {} came or went between the two", of_table::short_name(&self.route))]
    }
}
