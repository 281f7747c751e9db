//! The data and delete files of a snapshot, or of one of its manifests, with the decoded bounds of their columns.
//! Reads manifests one by one; one that cannot be read is a row of its own, and the others are shown.

use async_trait::async_trait;

use super::list::List;
use super::manifests::last_segment;
use super::of_table::SpecFields;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use super::{file, of_table};
use crate::app::action::{Action, Offer};
use crate::app::effect::Effect;
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::view::Context;
use crate::catalog::Lake;
use crate::monitor::Monitor;
use crate::table::Table;
use crate::table::inspect::{self, EntryStream, ManifestRow};
use crate::views::list::ListView;
use crate::{Error, Result};
use line::{FileLine, Slimmer};

pub mod line;

/// Its name on the command line.
pub const NAME: &str = "files";

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct Files {
    /// A table at a snapshot; the detail is the path of one of its manifests, where only that is meant.
    pub route: Route,
}

/// The table, and the manifests that a route is about: one, or all of the snapshot.
///
/// # Errors
/// Those of [`of_table::table_at`] and [`inspect::manifests`]; not found where the snapshot has no such manifest.
pub async fn manifests(route: &Route, lake: &Lake, monitor: &Monitor) -> Result<(Table, Vec<ManifestRow>)> {
    let (table, snapshot_id) = of_table::table_at(route, lake).await?;
    if snapshot_id.is_none() {
        return Ok((table, Vec::new()));
    }
    let mut found = inspect::manifests(&table, snapshot_id, monitor).await?;
    if let Some(path) = &route.detail {
        found.retain(|manifest| manifest.path == *path);
        if found.is_empty() {
            return Err(Error::not_found("this snapshot has no such manifest").with("manifest", path));
        }
    }
    Ok((table, found))
}

/// Sends what a stream of entries gives, chunk by chunk.
///
/// # Errors
/// Only cancellation: a manifest that cannot be read becomes a line.
pub async fn send_lines(table: &Table, mut stream: EntryStream, feed: &Feed<Vec<FileLine>>) -> Result<()> {
    let mut slimmer = Slimmer::new(SpecFields::of(table));
    while let Some(chunk) = stream.next(feed.monitor()).await? {
        let fault = chunk.fault.map(|e| FileLine::Fault { manifest: chunk.manifest.clone(), error: e.into() });
        feed.send(chunk.entries.into_iter().map(|entry| slimmer.line(entry)).chain(fault).collect()).await?;
    }
    Ok(())
}

/// "214 files · 3 with deletes · 1 manifest cannot be read".
pub fn title(rows: &[FileLine], route: &Route, one: &str, many: &str) -> String {
    let faults = rows.iter().filter(|row| row.entry().is_none()).count();
    let deletes = rows.iter().filter_map(FileLine::entry).filter(|entry| entry.data_file.content != 0).count();
    let mut title = human::counted_as(rows.len() - faults, one, many);
    if deletes > 0 {
        title = format!("{title} · {} of deletes", human::count(deletes as i128));
    }
    if faults > 0 {
        title = format!("{title} · ✖ {} cannot be read", human::counted(faults, "manifest"));
    }
    match &route.detail {
        Some(path) => format!("{title} · of {}", super::widgets::text::safe(last_segment(path))),
        None => title,
    }
}

impl Look for Files {
    type Row = FileLine;

    fn columns(&self, _sample: Option<&FileLine>) -> Vec<Column> {
        vec![
            Column::new("file").middle().limit(60).least(16),
            Column::new("content").spare(2),
            Column::new("partition").limit(60).least(24),
            Column::new("rows").right(),
            Column::new("size").right(),
            Column::new("format").spare(3),
            Column::new("spec").right().spare(4),
            Column::new("added by").right().spare(5),
        ]
    }

    fn key(&self, row: &FileLine) -> String {
        row.key()
    }

    fn show(&self, row: &FileLine, _now_ms: i64) -> Vec<Shown> {
        row.rest(|entry| {
            let file = &entry.data_file;
            [
                line::short_content(file),
                line::partition(file),
                Shown::count(file.record_count),
                Shown::bytes(file.file_size_in_bytes),
                Shown::text(file.file_format.to_lowercase()),
                Shown::id(file.spec_id.into()),
                Shown::or_missing(entry.snapshot_id, Shown::id),
            ]
        })
    }
}

#[async_trait]
impl List for Files {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<FileLine>>) -> Result<()> {
        let (table, manifests) = manifests(&self.route, lake, feed.monitor()).await?;
        send_lines(&table, inspect::files(&table, manifests, inspect::Files::All), feed).await
    }

    fn title(&self, rows: &[FileLine]) -> String {
        title(rows, &self.route, "file", "files")
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
        of_table::nothing_at(&self.route, "files")
    }
}

/// What is copied of a line: the path.
pub fn copied(row: &FileLine) -> String {
    match row {
        FileLine::File { entry, .. } => entry.data_file.file_path.clone(),
        FileLine::Fault { manifest, .. } => manifest.to_string(),
    }
}

/// What works on a line.
pub fn file_offers(row: Option<&FileLine>) -> Vec<Offer> {
    let entry = row.and_then(FileLine::entry);
    entry.map(|_| Action::Open.called("columns")).into_iter().collect()
}

/// Opens a file: with what is at hand of it, unless that lacks the statistics.
pub fn act_on_file(action: Action, route: &Route, chosen: &[&FileLine]) -> Vec<Effect> {
    match (action, chosen.first()) {
        (Action::Open, Some(FileLine::File { entry, is_slim })) => {
            let there = route.to_screen(file::NAME).with_detail(entry.data_file.file_path.clone());
            let found = (!is_slim).then(|| entry.clone());
            match found {
                Some(found) => vec![Effect::show(ListView::new(file::OneFile { route: there, found: Some(found) }))],
                None => vec![Effect::Open(there)],
            }
        }
        _ => Vec::new(),
    }
}
