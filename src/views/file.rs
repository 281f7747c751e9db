//! One data or delete file: what its manifest says of each column, bounds decoded.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::files::line;
use super::list::List;
use super::manifests::last_segment;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use super::{files, of_table};
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::catalog::Lake;
use crate::monitor::Monitor;
use crate::table::Cell;
use crate::table::inspect::{self, ColumnMetrics, EntryRow};
use crate::{Error, Result};

/// Its name on the command line.
pub const NAME: &str = "file";

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct OneFile {
    /// A table at a snapshot; the detail is the file's path.
    pub route: Route,
    /// The file, where it is at hand; else the snapshot's manifests are searched for it.
    pub found: Option<Arc<EntryRow>>,
}

/// A column of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnLine {
    /// Its place in the schema.
    pub position: usize,
    /// Its full name.
    pub name: String,
    /// What the manifest says of it.
    pub metrics: ColumnMetrics,
    /// The file.
    pub entry: Arc<EntryRow>,
}

fn cell(value: Option<&Cell>) -> Shown {
    Shown::or_missing(value, |cell| {
        let tone = if cell.is_number() { Tone::Number } else { Tone::Plain };
        Shown::text(cell.to_string()).tone(tone)
    })
}

impl Look for OneFile {
    type Row = ColumnLine;

    fn columns(&self, _sample: Option<&ColumnLine>) -> Vec<Column> {
        vec![
            Column::new("column").limit(48).least(16),
            Column::new("lower").limit(48).least(12),
            Column::new("upper").limit(48).least(12),
            Column::new("nulls").right(),
            Column::new("values").right().spare(2),
            Column::new("nan").right().spare(3),
            Column::new("size").right().spare(1),
        ]
    }

    fn key(&self, row: &ColumnLine) -> String {
        row.name.clone()
    }

    fn show(&self, row: &ColumnLine, _now_ms: i64) -> Vec<Shown> {
        let m = &row.metrics;
        let count = |n: Option<u64>| Shown::or_missing(n, Shown::count);
        vec![
            Shown::text(&row.name).tone(Tone::Accent),
            cell(m.lower_bound.as_ref()),
            cell(m.upper_bound.as_ref()),
            count(m.null_value_count),
            count(m.value_count),
            count(m.nan_value_count),
            Shown::or_missing(m.column_size, Shown::bytes),
        ]
    }
}

#[async_trait]
impl List for OneFile {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<ColumnLine>>) -> Result<()> {
        let entry = match &self.found {
            Some(entry) => entry.clone(),
            None => Arc::new(search(&self.route, lake, feed.monitor()).await?),
        };
        let columns = entry.readable_metrics.0.iter().enumerate();
        let line = |(position, (name, metrics)): (usize, &(String, ColumnMetrics))| ColumnLine {
            position,
            name: name.clone(),
            metrics: metrics.clone(),
            entry: entry.clone(),
        };
        feed.send(columns.map(line).collect()).await
    }

    fn title(&self, rows: &[ColumnLine]) -> String {
        match rows.first().map(|row| &row.entry.data_file) {
            Some(file) => format!(
                "{} · {} rows · {}",
                line::content(file).text,
                human::count(file.record_count.into()),
                human::bytes(file.file_size_in_bytes)
            ),
            None => {
                self.route.detail.as_deref().map_or(String::new(), |path| Shown::text(last_segment(path)).text.into())
            }
        }
    }

    fn facts(&self, row: &ColumnLine, _now_ms: i64) -> Vec<Fact> {
        let mut facts = vec![
            Fact::heading("column"),
            Fact::line(Shown::text(&row.name).tone(Tone::Accent)),
            Fact::new("lower", cell(row.metrics.lower_bound.as_ref())),
            Fact::new("upper", cell(row.metrics.upper_bound.as_ref())),
            Fact::gap(),
            Fact::heading("file"),
        ];
        facts.extend(line::file_facts(&row.entry));
        facts
    }

    /// The bounds need the room more than the detail does.
    fn beside_from(&self) -> u16 {
        140
    }

    fn detail_title(&self, row: &ColumnLine) -> String {
        last_segment(&row.entry.data_file.file_path).to_string()
    }

    /// The raw thing is the whole file: what is exported is a column of it.
    fn record(&self, row: &ColumnLine, _now_ms: i64) -> Map<String, Value> {
        let metrics = serde_json::to_value(&row.metrics).unwrap_or_default();
        let fields = match metrics {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        std::iter::once(("column".to_string(), Value::from(row.name.clone()))).chain(fields).collect()
    }

    fn raw(&self, row: &ColumnLine) -> Option<String> {
        inspect::raw_file(&row.entry).ok()
    }

    fn copied(&self, row: &ColumnLine) -> String {
        row.entry.data_file.file_path.clone()
    }

    fn empty(&self) -> Vec<String> {
        vec!["No column of the current schema can have statistics in this file".into()]
    }
}

/// Looks for the file in the snapshot's manifests, one by one.
async fn search(route: &Route, lake: &Lake, monitor: &Monitor) -> Result<EntryRow> {
    let path = route
        .detail
        .as_deref()
        .ok_or_else(|| Error::invalid("no file is named").hint("go to :files and press enter on one"))?;
    let whole = Route { detail: None, ..route.clone() };
    let (table, manifests) = files::manifests(&whole, lake, monitor).await?;
    let mut stream = inspect::entries(&table, manifests);
    while let Some(chunk) = stream.next(monitor).await? {
        let found = chunk.entries.into_iter().find(|entry| entry.data_file.file_path == path);
        if let Some(mut found) = found {
            of_table::SpecFields::of(&table).keep_own(found.data_file.spec_id, &mut found.data_file.partition);
            return Ok(found);
        }
    }
    let name = of_table::short_name(route);
    Err(Error::not_found(format!("{name} has no such file in this snapshot")).with("file", path))
}
