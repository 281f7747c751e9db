//! The entries of a snapshot's manifests, or of one of them: files with what happened to them, removed ones too.

use async_trait::async_trait;

use super::files::line::{self, FileLine};
use super::files::{act_on_file, copied, file_offers, manifests, send_lines, title};
use super::list::List;
use super::of_table;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use crate::Result;
use crate::app::action::{Action, Offer};
use crate::app::effect::Effect;
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::view::Context;
use crate::catalog::Lake;
use crate::table::inspect;

/// Its name on the command line.
pub const NAME: &str = "entries";

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct Entries {
    /// A table at a snapshot; the detail is the path of one of its manifests, where only that is meant.
    pub route: Route,
}

impl Look for Entries {
    type Row = FileLine;

    fn columns(&self, _sample: Option<&FileLine>) -> Vec<Column> {
        vec![
            Column::new("file").middle().limit(60).least(16),
            Column::new("status"),
            Column::new("content").spare(1),
            Column::new("sequence").right(),
            Column::new("rows").right(),
            Column::new("size").right().spare(3),
            Column::new("partition").limit(60).least(24).spare(2),
            Column::new("snapshot").right().spare(4),
        ]
    }

    fn key(&self, row: &FileLine) -> String {
        row.key()
    }

    fn show(&self, row: &FileLine, _now_ms: i64) -> Vec<Shown> {
        row.rest(|entry| {
            let file = &entry.data_file;
            [
                line::status(entry),
                line::short_content(file),
                Shown::or_missing(entry.sequence_number, Shown::count),
                Shown::count(file.record_count),
                Shown::bytes(file.file_size_in_bytes),
                line::partition(file),
                Shown::or_missing(entry.snapshot_id, Shown::id),
            ]
        })
    }
}

#[async_trait]
impl List for Entries {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<FileLine>>) -> Result<()> {
        let (table, manifests) = manifests(&self.route, lake, feed.monitor()).await?;
        send_lines(&table, inspect::entries(&table, manifests), feed).await
    }

    fn title(&self, rows: &[FileLine]) -> String {
        let removed = rows.iter().filter_map(FileLine::entry).filter(|entry| entry.status == 2).count();
        let title = title(rows, &self.route, "entry", "entries");
        if removed == 0 { title } else { format!("{title} · {removed} removed") }
    }

    fn facts(&self, row: &FileLine, _now_ms: i64) -> Vec<Fact> {
        line::facts(row)
    }

    fn detail_title(&self, row: &FileLine) -> String {
        row.name().text.into_owned()
    }

    fn raw(&self, row: &FileLine) -> Option<String> {
        inspect::raw_file(row.entry()?).ok()
    }

    fn copied(&self, row: &FileLine) -> String {
        copied(row)
    }

    fn actions(&self, row: Option<&FileLine>) -> Vec<Offer> {
        file_offers(row)
    }

    fn act(&mut self, action: Action, chosen: &[&FileLine], _cx: &Context<'_>) -> Vec<Effect> {
        act_on_file(action, &self.route, chosen)
    }

    fn empty(&self) -> Vec<String> {
        of_table::nothing_at(&self.route, "entries")
    }
}
