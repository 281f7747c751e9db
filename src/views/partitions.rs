//! The partitions of a snapshot: rows, files, sizes and deletes of each, and when it last changed.

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
use crate::table::inspect::{self, PartitionRow};

/// Its name on the command line.
pub const NAME: &str = "partitions";

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct Partitions {
    /// A table at a snapshot.
    pub route: Route,
}

fn values(row: &PartitionRow) -> Shown {
    match &row.partition {
        Some(values) => Shown::text(values.to_string()),
        None => Shown::word("the whole table").tone(Tone::Dim),
    }
}

fn deletes(row: &PartitionRow) -> u64 {
    row.position_delete_file_count + row.equality_delete_file_count
}

fn average(row: &PartitionRow) -> Option<u64> {
    row.total_data_file_size_in_bytes.checked_div(row.file_count)
}

impl Look for Partitions {
    type Row = PartitionRow;

    fn columns(&self, _sample: Option<&PartitionRow>) -> Vec<Column> {
        vec![
            Column::new("partition").limit(80).least(30),
            Column::new("rows").right(),
            Column::new("files").right(),
            Column::new("size").right(),
            Column::new("a file").right().spare(3),
            Column::new("delete files").right().spare(2),
            Column::new("changed").spare(1),
            Column::new("spec").right().spare(4),
        ]
    }

    fn key(&self, row: &PartitionRow) -> String {
        format!("{} {}", row.spec_id.unwrap_or(-1), values(row).text)
    }

    fn show(&self, row: &PartitionRow, now_ms: i64) -> Vec<Shown> {
        let deletes = deletes(row);
        vec![
            values(row),
            Shown::count(row.record_count),
            Shown::count(row.file_count),
            Shown::bytes(row.total_data_file_size_in_bytes),
            Shown::or_missing(average(row), Shown::bytes),
            Shown::count(deletes).tone(if deletes == 0 { Tone::Dim } else { Tone::Warning }),
            Shown::or_missing(row.last_updated_at, |at| Shown::ago(at.0, now_ms)),
            Shown::or_missing(row.spec_id, |id| Shown::id(id.into())),
        ]
    }
}

#[async_trait]
impl List for Partitions {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<PartitionRow>>) -> Result<()> {
        let (table, snapshot_id) = of_table::table_at(&self.route, lake).await?;
        if snapshot_id.is_none() {
            return Ok(());
        }
        let specs = of_table::SpecFields::of(&table);
        let mut rows = inspect::partitions(&table, snapshot_id, feed.monitor()).await?;
        for row in &mut rows {
            if let (Some(spec_id), Some(values)) = (row.spec_id, &mut row.partition) {
                specs.keep_own(spec_id, values);
            }
        }
        feed.send(rows).await
    }

    fn title(&self, rows: &[PartitionRow]) -> String {
        let total: u64 = rows.iter().map(|row| row.record_count).fold(0, u64::saturating_add);
        format!("{} · {} rows", human::counted(rows.len(), "partition"), human::count(total.into()))
    }

    fn facts(&self, row: &PartitionRow, now_ms: i64) -> Vec<Fact> {
        let mut facts = vec![Fact::heading("partition")];
        match &row.partition {
            Some(values) => facts.extend(values.0.iter().map(|v| Fact::named(&v.name, Shown::text(&v.human)))),
            None => facts.push(Fact::line(values(row))),
        }
        facts.extend([
            Fact::new("spec", Shown::or_missing(row.spec_id, |id| Shown::id(id.into()))),
            Fact::new("changed", Shown::or_missing(row.last_updated_at, |at| Shown::moment(at.0, now_ms))),
            Fact::new("by snapshot", Shown::or_missing(row.last_updated_snapshot_id, Shown::id)),
            Fact::heading("data"),
            Fact::new("rows", Shown::count(row.record_count)),
            Fact::new("files", Shown::count(row.file_count)),
            Fact::new("size", Shown::bytes(row.total_data_file_size_in_bytes)),
            Fact::new("a file", Shown::or_missing(average(row), Shown::bytes)),
            Fact::heading("deletes"),
            Fact::new("position files", Shown::count(row.position_delete_file_count)),
            Fact::new("positions", Shown::count(row.position_delete_record_count)),
            Fact::new("equality files", Shown::count(row.equality_delete_file_count)),
            Fact::new("equality rows", Shown::count(row.equality_delete_record_count)),
        ]);
        facts
    }

    fn detail_title(&self, row: &PartitionRow) -> String {
        values(row).text.into_owned()
    }

    fn raw(&self, row: &PartitionRow) -> Option<String> {
        serde_json::to_string_pretty(row).ok()
    }

    fn empty(&self) -> Vec<String> {
        of_table::nothing_at(&self.route, "partitions")
    }
}
