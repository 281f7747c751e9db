//! A table's properties. Shows values as they are; changes none.

use async_trait::async_trait;

use super::list::List;
use super::of_table;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use crate::Result;
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::catalog::Lake;
use crate::table::inspect::{self, PropertyRow};

/// Its name on the command line.
pub const NAME: &str = "properties";

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct Properties {
    /// A table.
    pub route: Route,
}

impl Look for Properties {
    type Row = PropertyRow;

    fn columns(&self, _sample: Option<&PropertyRow>) -> Vec<Column> {
        vec![Column::new("key").limit(80).least(24), Column::new("value").limit(200).least(16)]
    }

    fn key(&self, row: &PropertyRow) -> String {
        row.key.clone()
    }

    fn show(&self, row: &PropertyRow, _now_ms: i64) -> Vec<Shown> {
        let value = match row.value.parse::<i64>() {
            Ok(number) => Shown::text(&row.value).tone(Tone::Number).by(number),
            Err(_) => Shown::text(&row.value),
        };
        vec![Shown::text(&row.key).tone(Tone::Accent), value]
    }
}

#[async_trait]
impl List for Properties {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<PropertyRow>>) -> Result<()> {
        feed.send(inspect::properties(&of_table::table(&self.route, lake).await?)).await
    }

    fn title(&self, rows: &[PropertyRow]) -> String {
        human::counted_as(rows.len(), "property", "properties")
    }

    fn facts(&self, row: &PropertyRow, _now_ms: i64) -> Vec<Fact> {
        vec![Fact::heading("key"), Fact::line(Shown::text(&row.key)), Fact::gap(), Fact::heading("value")]
            .into_iter()
            .chain([Fact::line(Shown::text(&row.value))])
            .collect()
    }

    fn detail_title(&self, _row: &PropertyRow) -> String {
        "property".into()
    }

    fn copied(&self, row: &PropertyRow) -> String {
        format!("{}={}", row.key, row.value)
    }

    fn empty(&self) -> Vec<String> {
        vec![
            format!("{} has no properties of its own", of_table::short_name(&self.route)),
            "the catalog's and the format's defaults hold".into(),
        ]
    }
}
