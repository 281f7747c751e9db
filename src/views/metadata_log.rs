//! A table's metadata files, newest first: each is the whole table at one moment. Enter shows its JSON.

use async_trait::async_trait;

use super::list::List;
use super::manifests::last_segment;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use super::{metadata, of_table};
use crate::Result;
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::catalog::Lake;
use crate::table::inspect::{self, MetadataLogRow};

/// Its name on the command line.
pub const NAME: &str = "metadata-log";

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct MetadataLog {
    /// A table.
    pub route: Route,
}

/// A metadata file and whether it is the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The file.
    pub row: MetadataLogRow,
    /// Whether the catalog points to it.
    pub is_current: bool,
}

impl Look for MetadataLog {
    type Row = Entry;

    fn columns(&self, _sample: Option<&Entry>) -> Vec<Column> {
        vec![
            Column::new("written"),
            Column::new("file").middle().limit(120).least(24),
            Column::new("snapshot").right().spare(1),
            Column::new("schema").right().spare(2),
            Column::new("sequence").right().spare(3),
        ]
    }

    fn key(&self, row: &Entry) -> String {
        row.row.file.clone()
    }

    fn show(&self, row: &Entry, now_ms: i64) -> Vec<Shown> {
        let tone = if row.is_current { Tone::Current } else { Tone::Plain };
        vec![
            Shown::ago(row.row.timestamp.0, now_ms),
            Shown::text(last_segment(&row.row.file)).tone(tone),
            Shown::or_missing(row.row.latest_snapshot_id, Shown::id),
            Shown::or_missing(row.row.latest_schema_id, |id| Shown::id(id.into())),
            Shown::or_missing(row.row.latest_sequence_number, Shown::count),
        ]
    }
}

#[async_trait]
impl List for MetadataLog {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<Entry>>) -> Result<()> {
        let table = of_table::table(&self.route, lake).await?;
        let newest_first = inspect::metadata_log(&table).into_iter().rev().enumerate();
        feed.send(newest_first.map(|(i, row)| Entry { row, is_current: i == 0 }).collect()).await
    }

    fn title(&self, rows: &[Entry]) -> String {
        human::counted(rows.len(), "metadata file")
    }

    fn facts(&self, row: &Entry, now_ms: i64) -> Vec<Fact> {
        vec![
            Fact::new("written", Shown::moment(row.row.timestamp.0, now_ms)),
            Fact::new("current", Shown::word(if row.is_current { "yes" } else { "no" })),
            Fact::new("snapshot then", Shown::or_missing(row.row.latest_snapshot_id, Shown::id)),
            Fact::new("schema", Shown::or_missing(row.row.latest_schema_id, |id| Shown::id(id.into()))),
            Fact::new("sequence", Shown::or_missing(row.row.latest_sequence_number, Shown::count)),
            Fact::heading("file"),
            Fact::line(Shown::text(&row.row.file)),
        ]
    }

    fn detail_title(&self, row: &Entry) -> String {
        last_segment(&row.row.file).to_string()
    }

    fn enter(&self, row: &Entry) -> Option<(&'static str, Route)> {
        Some(("json", self.route.to_screen(metadata::NAME).with_detail(row.row.file.clone())))
    }
}
