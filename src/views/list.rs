//! A view that is a list: everything but how a row looks, where rows come from and what is done with them.

use async_trait::async_trait;

use super::widgets::human;
use super::widgets::listing::{Look, Sort};
use super::widgets::shown::Fact;
use crate::Result;
use crate::app::action::{Action, Offer};
use crate::app::effect::{Answer, Effect};
use crate::app::route::Route;
use crate::app::task::{Feed, Task};
use crate::app::view::Context;
use crate::catalog::Lake;

mod draw;
mod view;

pub use view::ListView;

/// A list as a view: where its rows come from and what is done with them.
#[async_trait]
pub trait List: Look {
    /// Its address.
    fn route(&self) -> Route;

    /// Reads the rows, as a job: sends them in chunks, in the order to show them.
    ///
    /// # Errors
    /// Whatever went wrong: the view shows it.
    async fn load(&self, lake: &Lake, feed: &Feed<Vec<Self::Row>>) -> Result<()>;

    /// Whether a row is sent again, under the same key, once more is known of it: it then takes the place of the first.
    fn comes_again(&self) -> bool {
        false
    }

    /// The title of the pane: "14 snapshots · main, audit". `rows` are all that came so far.
    fn title(&self, rows: &[Self::Row]) -> String {
        format!("{} {}", human::count(rows.len() as i128), self.route().screen)
    }

    /// A short text at the right end of the first line.
    fn status(&self, _rows: &[Self::Row], _now_ms: i64) -> String {
        String::new()
    }

    /// The detail of a row: by default its columns.
    fn facts(&self, row: &Self::Row, now_ms: i64) -> Vec<Fact> {
        let columns = self.columns(Some(row));
        let values = self.show(row, now_ms);
        columns.iter().zip(values).map(|(c, v)| Fact::named(&c.title, v)).collect()
    }

    /// The detail's title.
    fn detail_title(&self, row: &Self::Row) -> String {
        self.key(row)
    }

    /// From how many cells of width on the detail stands beside the list.
    fn beside_from(&self) -> u16 {
        100
    }

    /// Where a row leads, and what the hint line calls that: "files".
    fn enter(&self, _row: &Self::Row) -> Option<(&'static str, Route)> {
        None
    }

    /// The raw thing behind a row, several lines.
    fn raw(&self, _row: &Self::Row) -> Option<String> {
        None
    }

    /// Whether there is one. Asked at each key: where the raw thing may be large, it is not made for that.
    fn has_raw(&self, row: &Self::Row) -> bool {
        self.raw(row).is_some()
    }

    /// A row as it is exported: the names of the raw thing, where that is one object, else the columns.
    fn record(&self, row: &Self::Row, now_ms: i64) -> serde_json::Map<String, serde_json::Value> {
        match self.raw(row).and_then(|raw| serde_json::from_str(&raw).ok()) {
            Some(serde_json::Value::Object(object)) => object,
            _ => {
                let (columns, values) = (self.columns(Some(row)), self.show(row, now_ms));
                columns.iter().zip(&values).map(|(column, value)| (column.title.to_string(), value.exact())).collect()
            }
        }
    }

    /// Whether its rows are worth a file of their own.
    fn is_exported(&self) -> bool {
        true
    }

    /// What the shell knows that belongs into the list: called after each event while the list is at hand. Gives the
    /// rows that are new.
    fn watch(&mut self, _cx: &Context<'_>) -> Vec<Self::Row> {
        Vec::new()
    }

    /// What is copied of a row.
    fn copied(&self, row: &Self::Row) -> String {
        self.key(row)
    }

    /// What is read at an interval to learn whether there are newer rows: usually itself, else something cheaper whose
    /// rows have the same keys. Lists that cost much to read are not checked.
    fn to_check(&self) -> Option<Self> {
        None
    }

    /// The key of the row that the cursor begins on, where it is not the first.
    fn first_key(&self, _rows: &[Self::Row]) -> Option<String> {
        None
    }

    /// The order to begin with; by default that in which the rows come.
    fn first_sort(&self) -> Option<Sort> {
        None
    }

    /// Further actions that work now; `row` is under the cursor.
    fn actions(&self, _row: Option<&Self::Row>) -> Vec<Offer> {
        Vec::new()
    }

    /// Does one of them. `chosen` are the marked rows, or the one under the cursor.
    fn act(&mut self, _action: Action, _chosen: &[&Self::Row], _cx: &Context<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// Compares rows: the marked ones, or the one mark and the row under the cursor, or that row alone. `all` are all rows.
    fn compare(&self, _rows: &[&Self::Row], _all: &[Self::Row]) -> Vec<Effect> {
        Vec::new()
    }

    /// A dialog that one of its actions had shown was answered.
    fn answer(&mut self, _topic: &'static str, _answer: Answer) -> Vec<Effect> {
        Vec::new()
    }

    /// What to say where there are no rows: that there are none, then what to press.
    fn empty(&self) -> Vec<String> {
        vec![format!("No {} here", self.route().screen)]
    }
}

/// The task behind a list.
#[derive(Debug, Clone)]
pub struct Fill<L>(pub L);

#[async_trait]
impl<L: List> Task for Fill<L> {
    type Part = Vec<L::Row>;

    fn title(&self) -> String {
        self.0.route().to_string()
    }

    async fn run(&self, lake: &Lake, feed: &Feed<Vec<L::Row>>) -> Result<()> {
        self.0.load(lake, feed).await
    }
}
