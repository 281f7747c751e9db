//! The manifests of a snapshot: how many files each adds, keeps and removes, and which partitions it covers. Leads to
//! the files of each.

use async_trait::async_trait;

use super::list::List;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use super::{entries, files, of_table};
use crate::Result;
use crate::app::action::{Action, Offer};
use crate::app::effect::Effect;
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::catalog::Lake;
use crate::table::inspect::{self, ManifestRow, PartitionSummary};

/// Its name on the command line.
pub const NAME: &str = "manifests";

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct Manifests {
    /// A table at a snapshot.
    pub route: Route,
}

/// The last part of a path: what tells one file of a folder from the other.
pub fn last_segment(path: &str) -> &str {
    path.rsplit('/').find(|part| !part.is_empty()).unwrap_or(path)
}

/// What happened to the files of a manifest, data or deletes.
struct Counts {
    added: Option<u32>,
    existing: Option<u32>,
    deleted: Option<u32>,
}

fn counts(row: &ManifestRow) -> Counts {
    match row.content {
        0 => Counts {
            added: row.added_data_files_count,
            existing: row.existing_data_files_count,
            deleted: row.deleted_data_files_count,
        },
        _ => Counts {
            added: row.added_delete_files_count,
            existing: row.existing_delete_files_count,
            deleted: row.deleted_delete_files_count,
        },
    }
}

fn content(row: &ManifestRow) -> Shown {
    match row.content {
        0 => Shown::word("data"),
        _ => Shown::word("deletes").tone(Tone::Warning),
    }
}

/// Rows in files that are in the table, where the writer said.
fn live_rows(row: &ManifestRow) -> Option<u64> {
    row.added_rows_count?.checked_add(row.existing_rows_count?)
}

/// `day 2026-11-19..2026-11-21`.
fn covers(summary: &PartitionSummary) -> String {
    let range = match (&summary.lower_bound, &summary.upper_bound) {
        (Some(low), Some(high)) if low == high => low.clone(),
        (None, None) => String::new(),
        (low, high) => format!("{}..{}", low.as_deref().unwrap_or("?"), high.as_deref().unwrap_or("?")),
    };
    let null = if summary.contains_null { "null" } else { "" };
    let nan = if summary.contains_nan == Some(true) { "NaN" } else { "" };
    let parts: Vec<_> = [range.as_str(), null, nan].into_iter().filter(|part| !part.is_empty()).collect();
    format!("{} {}", summary.name, parts.join(", ")).trim_end().to_string()
}

fn partitions(row: &ManifestRow) -> Shown {
    let parts: Vec<_> = row.partition_summaries.iter().map(covers).collect();
    if parts.is_empty() { Shown::missing() } else { Shown::text(parts.join(" · ")) }
}

fn size(length: i64) -> Shown {
    Shown::or_missing(u64::try_from(length).ok(), Shown::bytes)
}

impl Look for Manifests {
    type Row = ManifestRow;

    fn columns(&self, _sample: Option<&ManifestRow>) -> Vec<Column> {
        vec![
            Column::new("manifest").middle().limit(60).least(15),
            Column::new("content"),
            Column::new("added").right(),
            Column::new("kept").right(),
            Column::new("removed").right(),
            Column::new("rows").right().spare(1),
            Column::new("size").right().spare(4),
            Column::new("partitions").limit(60).least(16).spare(2),
            Column::new("snapshot").right().spare(5),
            Column::new("spec").right().spare(3),
        ]
    }

    fn key(&self, row: &ManifestRow) -> String {
        row.path.clone()
    }

    fn show(&self, row: &ManifestRow, _now_ms: i64) -> Vec<Shown> {
        let counts = counts(row);
        let toned = |n: Option<u32>, tone| {
            Shown::or_missing(n, |n| Shown::count(n).tone(if n == 0 { Tone::Dim } else { tone }))
        };
        vec![
            Shown::text(last_segment(&row.path)),
            content(row),
            toned(counts.added, Tone::Added),
            toned(counts.existing, Tone::Number),
            toned(counts.deleted, Tone::Removed),
            Shown::or_missing(live_rows(row), Shown::count),
            size(row.length),
            partitions(row),
            Shown::id(row.added_snapshot_id),
            Shown::id(row.partition_spec_id.into()),
        ]
    }
}

#[async_trait]
impl List for Manifests {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<ManifestRow>>) -> Result<()> {
        let (table, snapshot_id) = of_table::table_at(&self.route, lake).await?;
        if snapshot_id.is_none() {
            return Ok(());
        }
        feed.send(inspect::manifests(&table, snapshot_id, feed.monitor()).await?).await
    }

    fn title(&self, rows: &[ManifestRow]) -> String {
        let deletes = rows.iter().filter(|row| row.content != 0).count();
        let all = human::counted(rows.len(), "manifest");
        if deletes == 0 { all } else { format!("{all} · {deletes} of deletes") }
    }

    fn facts(&self, row: &ManifestRow, _now_ms: i64) -> Vec<Fact> {
        let counts = counts(row);
        let n = |n: Option<u32>| Shown::or_missing(n, Shown::count);
        let rows = |n: Option<u64>| Shown::or_missing(n, Shown::count);
        let mut facts = vec![
            Fact::new("content", content(row)),
            Fact::new("files added", n(counts.added)),
            Fact::new("files kept", n(counts.existing)),
            Fact::new("files removed", n(counts.deleted)),
            Fact::new("rows added", rows(row.added_rows_count)),
            Fact::new("rows kept", rows(row.existing_rows_count)),
            Fact::new("rows removed", rows(row.deleted_rows_count)),
            Fact::new("size", size(row.length)),
            Fact::new("spec", Shown::id(row.partition_spec_id.into())),
            Fact::new("sequence", Shown::count(row.sequence_number)),
            Fact::new("snapshot", Shown::id(row.added_snapshot_id)),
        ];
        if !row.partition_summaries.is_empty() {
            facts.push(Fact::heading("partitions"));
            facts.extend(row.partition_summaries.iter().map(|s| Fact::line(Shown::text(covers(s)))));
        }
        facts.push(Fact::heading("path"));
        facts.push(Fact::line(Shown::text(&row.path)));
        facts
    }

    fn detail_title(&self, row: &ManifestRow) -> String {
        last_segment(&row.path).to_string()
    }

    fn enter(&self, row: &ManifestRow) -> Option<(&'static str, Route)> {
        Some(("files", self.route.to_screen(files::NAME).with_detail(row.path.clone())))
    }

    fn raw(&self, row: &ManifestRow) -> Option<String> {
        serde_json::to_string_pretty(row).ok()
    }

    fn actions(&self, row: Option<&ManifestRow>) -> Vec<Offer> {
        row.map(|_| Offer::from(Action::Entries)).into_iter().collect()
    }

    fn act(&mut self, action: Action, chosen: &[&ManifestRow], _cx: &Context<'_>) -> Vec<Effect> {
        let to = |row: &&ManifestRow| self.route.to_screen(entries::NAME).with_detail(row.path.clone());
        match action {
            Action::Entries => chosen.first().map(to).map(Effect::Open).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn empty(&self) -> Vec<String> {
        of_table::nothing_at(&self.route, "manifests")
    }
}
