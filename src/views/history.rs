//! A table's snapshot log: which snapshot was current since when. What readers saw then, rolled back or not.

use async_trait::async_trait;

use super::list::List;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use super::{manifests, of_table};
use crate::Result;
use crate::app::action::{Action, Offer};
use crate::app::effect::Effect;
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::catalog::Lake;
use crate::table::inspect::{self, HistoryRow};

/// Its name on the command line.
pub const NAME: &str = "history";

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct History {
    /// A table.
    pub route: Route,
}

/// An entry of the log, with its place in it: the same snapshot may have become current more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// How many are newer.
    pub position: usize,
    /// The entry.
    pub row: HistoryRow,
}

impl Entry {
    fn is_now(&self) -> bool {
        self.position == 0 && self.row.is_current_ancestor
    }

    fn stands(&self) -> Shown {
        match (self.is_now(), self.row.is_current_ancestor) {
            (true, _) => Shown::word("current").tone(Tone::Current),
            (_, true) => Shown::word("ancestor of main").tone(Tone::Dim),
            _ => Shown::word("rolled back").tone(Tone::Stale),
        }
    }
}

impl Look for History {
    type Row = Entry;

    fn columns(&self, _sample: Option<&Entry>) -> Vec<Column> {
        vec![
            Column::new("when"),
            Column::new("snapshot").right(),
            Column::new("parent").right().spare(1),
            Column::new("stands"),
        ]
    }

    fn key(&self, row: &Entry) -> String {
        format!("{} {}", row.row.made_current_at, row.row.snapshot_id)
    }

    fn show(&self, row: &Entry, now_ms: i64) -> Vec<Shown> {
        vec![
            Shown::ago(row.row.made_current_at.0, now_ms),
            Shown::id(row.row.snapshot_id),
            Shown::or_missing(row.row.parent_id, Shown::id),
            row.stands(),
        ]
    }
}

#[async_trait]
impl List for History {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<Entry>>) -> Result<()> {
        let table = of_table::table(&self.route, lake).await?;
        let newest_first = inspect::history(&table).into_iter().rev().enumerate();
        feed.send(newest_first.map(|(position, row)| Entry { position, row }).collect()).await
    }

    fn title(&self, rows: &[Entry]) -> String {
        let rolled_back = rows.iter().filter(|row| !row.row.is_current_ancestor).count();
        let times = human::counted_as(rows.len(), "change of the current snapshot", "changes of the current snapshot");
        if rolled_back == 0 { times } else { format!("{times} · {rolled_back} rolled back") }
    }

    fn facts(&self, row: &Entry, now_ms: i64) -> Vec<Fact> {
        vec![
            Fact::new("current since", Shown::moment(row.row.made_current_at.0, now_ms)),
            Fact::new("snapshot", Shown::id(row.row.snapshot_id)),
            Fact::new("parent", Shown::or_missing(row.row.parent_id, Shown::id)),
            Fact::new("stands", row.stands()),
        ]
    }

    fn detail_title(&self, row: &Entry) -> String {
        format!("snapshot {}", row.row.snapshot_id)
    }

    fn enter(&self, row: &Entry) -> Option<(&'static str, Route)> {
        Some(("manifests", of_table::at_snapshot(&self.route, manifests::NAME, row.row.snapshot_id)))
    }

    fn raw(&self, row: &Entry) -> Option<String> {
        serde_json::to_string_pretty(&row.row).ok()
    }

    fn copied(&self, row: &Entry) -> String {
        row.row.snapshot_id.to_string()
    }

    fn actions(&self, row: Option<&Entry>) -> Vec<Offer> {
        row.map(|_| of_table::snapshot_offers()).unwrap_or_default()
    }

    fn act(&mut self, action: Action, chosen: &[&Entry], _cx: &Context<'_>) -> Vec<Effect> {
        of_table::to_snapshot_view(action, &self.route, chosen.first().map(|row| row.row.snapshot_id))
    }

    fn empty(&self) -> Vec<String> {
        of_table::no_snapshot(&self.route)
    }
}
