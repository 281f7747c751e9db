//! A folder of this machine, to pick the files that shall be loaded. Opens nothing itself: a file leads to `load`.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::dialogs::ask;
use super::list::List;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Shown};
use super::widgets::text;
use super::{Screen, create, load};
use crate::app::action::{Action, Offer};
use crate::app::effect::{Answer, Effect};
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::catalog::Lake;
use crate::demo;
use crate::{Error, Kind, Result};

/// Its name on the command line.
pub const NAME: &str = "ingest";
/// Its name where a table shall be made from the files.
pub const NEW: &str = "new";

/// Endings of files that can be loaded: these stand out.
const LOADABLE: [&str; 10] = ["csv", "tsv", "txt", "psv", "json", "jsonl", "ndjson", "parquet", "gz", "zst"];

/// The list: a folder, and the table or namespace that is loaded into.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Whose detail is the folder; where there is none, the one that was shown last, else where files are likely to be.
    pub route: Route,
    is_placed: bool,
}

/// What lies in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its own name.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes; nothing for a folder.
    pub bytes: Option<u64>,
    /// When it was changed, in milliseconds since the epoch.
    pub modified_ms: Option<i64>,
}

/// Whether a view picks files.
pub fn is_picker(screen: &Screen) -> bool {
    [NAME, NEW].contains(&screen.name)
}

/// Whether what is typed behind a picker's name is a path, not the name of a table or namespace.
pub fn is_path(typed: &str) -> bool {
    typed.contains('/') || typed.starts_with('.') || is_loadable(typed)
}

/// Where a path leads that was typed: a folder is shown, a file is loaded. `route` is the picker's.
pub fn routed(route: &Route, path: &str) -> Route {
    // What ends like a file is opened as one; a mistake is told by the view that reads it.
    let next = if route.screen == NEW { create::NAME } else { load::NAME };
    route.to_screen(if is_loadable(path) { next } else { route.screen }).with_detail(path)
}

fn is_loadable(path: &str) -> bool {
    let path = path.to_lowercase();
    LOADABLE.iter().any(|ending| path.ends_with(&format!(".{ending}")))
}

impl Folder {
    /// A folder for a table or a namespace.
    pub fn new(route: Route) -> Self {
        let is_placed = route.detail.is_some();
        Self { route, is_placed }
    }

    /// What comes after picking: a load into the table, or a new table.
    fn next(&self) -> Route {
        self.route.to_screen(if self.route.screen == NEW { create::NAME } else { load::NAME })
    }

    fn verb(&self) -> &'static str {
        if self.route.screen == NEW { "make a table" } else { "load" }
    }
}

impl Look for Folder {
    type Row = Entry;

    fn columns(&self, _sample: Option<&Entry>) -> Vec<Column> {
        vec![Column::new("name").limit(50), Column::new("size").right(), Column::new("changed")]
    }

    fn key(&self, row: &Entry) -> String {
        row.path.display().to_string()
    }

    fn show(&self, row: &Entry, now_ms: i64) -> Vec<Shown> {
        let name = match row.bytes {
            None => Shown::text(format!("{}/", row.name)).tone(Tone::Accent),
            Some(_) if is_loadable(&row.name) => Shown::text(&row.name),
            Some(_) => Shown::text(&row.name).tone(Tone::Dim),
        };
        let size = Shown::or_missing(row.bytes, Shown::bytes);
        vec![name, size, Shown::or_missing(row.modified_ms, |at| Shown::ago(at, now_ms))]
    }
}

#[async_trait]
impl List for Folder {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<Entry>>) -> Result<()> {
        // Where nothing can be loaded that is said here, before a mapping is made for it.
        if let Some(address) = self.route.table().filter(|address| address.at.is_some()) {
            let table = lake.table(self.route.catalog.as_deref(), address).await?;
            load::branch(&table, address.at.as_deref())?;
        }
        let folder = match &self.route.detail {
            Some(folder) => PathBuf::from(folder),
            None => demo::files(lake.env()).unwrap_or_else(|| PathBuf::from(".")),
        };
        let entries = tokio::task::spawn_blocking(move || read(&folder));
        feed.send(entries.await.map_err(|e| Error::bug("reading the folder broke off").caused_by(e))??).await
    }

    fn title(&self, rows: &[Entry]) -> String {
        let inside = rows.iter().find(|row| row.name != "..").and_then(|row| row.path.parent());
        let folder = inside.map(|folder| folder.display().to_string()).or_else(|| self.route.detail.clone());
        let what = if self.route.screen == NEW { "make a table from" } else { "load" };
        let folder = folder.unwrap_or_else(|| "this folder".into());
        format!("{}: pick a file to {what}", text::fit_middle(&text::safe(&folder), 40))
    }

    /// The path needs the room more than the detail does.
    fn beside_from(&self) -> u16 {
        140
    }

    /// The first file that can be loaded.
    fn first_key(&self, rows: &[Entry]) -> Option<String> {
        let file = rows.iter().find(|row| row.bytes.is_some() && is_loadable(&row.name));
        file.map(|row| self.key(row))
    }

    fn enter(&self, row: &Entry) -> Option<(&'static str, Route)> {
        let path = row.path.display().to_string();
        Some(match row.bytes {
            None => ("open", self.route.clone().with_detail(path)),
            Some(_) => (self.verb(), self.next().with_detail(path)),
        })
    }

    fn actions(&self, row: Option<&Entry>) -> Vec<Offer> {
        let load = row.filter(|row| row.bytes.is_some()).map(|_| Action::Load.called("the marked"));
        load.into_iter().chain([Action::Edit.called("go to a path")]).collect()
    }

    fn act(&mut self, action: Action, chosen: &[&Entry], _cx: &Context<'_>) -> Vec<Effect> {
        if action == Action::Edit {
            let shown = chosen.first().filter(|row| row.name != "..").and_then(|row| row.path.parent());
            let shown = shown.map(|folder| folder.display().to_string());
            let here = self.route.detail.clone().or(shown).unwrap_or_default();
            return ask("path", "go to", "a folder, or a file", &here);
        }
        let files: Vec<_> = chosen.iter().filter(|row| row.bytes.is_some()).collect();
        let paths: Vec<_> = files.iter().map(|row| row.path.display().to_string()).collect();
        if paths.is_empty() {
            return Vec::new();
        }
        vec![Effect::Open(self.next().with_detail(paths.join("\n")))]
    }

    /// In the folder that was shown last in this session.
    fn watch(&mut self, cx: &Context<'_>) -> Vec<Entry> {
        if !std::mem::replace(&mut self.is_placed, true) {
            let last = cx.details.iter().rev().find(|(screen, _)| [NAME, NEW].contains(screen));
            self.route.detail = last.map(|(_, folder)| folder.clone());
        }
        Vec::new()
    }

    fn is_exported(&self) -> bool {
        false
    }

    fn answer(&mut self, _topic: &'static str, answer: Answer) -> Vec<Effect> {
        let Answer::Text(path) = answer else { return Vec::new() };
        match path.trim() {
            "" => Vec::new(),
            path => vec![Effect::Open(routed(&self.route, path))],
        }
    }

    fn empty(&self) -> Vec<String> {
        vec!["This folder is empty".into(), "{edit} goes to another one".into()]
    }
}

/// What lies in a folder: folders first, then files, each by name; what is hidden stays so.
///
/// # Errors
/// A folder that is not there or cannot be read.
pub fn read(folder: &Path) -> Result<Vec<Entry>> {
    let failed = |e: std::io::Error| {
        let kind = match e.kind() {
            std::io::ErrorKind::NotFound => Kind::NotFound,
            std::io::ErrorKind::PermissionDenied => Kind::Denied,
            _ => Kind::Unavailable,
        };
        Error::new(kind, "cannot read the folder").with("folder", folder.display()).caused_by(e)
    };
    let folder = folder.canonicalize().map_err(failed)?;
    let mut entries: Vec<_> = std::fs::read_dir(&folder)
        .map_err(failed)?
        .filter_map(|entry| entry.ok().and_then(|entry| describe(&entry)))
        .filter(|entry| !entry.name.starts_with('.'))
        .collect();
    entries.sort_by(|a, b| (a.bytes.is_some(), &a.name).cmp(&(b.bytes.is_some(), &b.name)));
    if let Some(parent) = folder.parent() {
        entries.insert(0, Entry { name: "..".into(), path: parent.to_path_buf(), bytes: None, modified_ms: None });
    }
    Ok(entries)
}

fn describe(entry: &std::fs::DirEntry) -> Option<Entry> {
    let meta = std::fs::metadata(entry.path()).ok()?;
    let since = meta.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    Some(Entry {
        name: entry.file_name().to_string_lossy().into_owned(),
        path: entry.path(),
        bytes: meta.is_file().then_some(meta.len()),
        modified_ms: since.and_then(|since| i64::try_from(since.as_millis()).ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_first_and_hidden_files_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("b.csv"), "x").unwrap();
        std::fs::write(folder.path().join(".hidden"), "x").unwrap();
        std::fs::create_dir(folder.path().join("z")).unwrap();
        let names: Vec<_> = read(folder.path()).unwrap().into_iter().map(|e| e.name).collect();
        assert_eq!(names, ["..", "z", "b.csv"]);
        assert_eq!(read(&folder.path().join("none")).unwrap_err().kind(), Kind::NotFound);
    }
}
