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
use crate::app::effect::{Answer, Effect, Notice};
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
    /// What it is, links followed.
    pub kind: EntryKind,
    /// When it was changed, in milliseconds since the epoch.
    pub modified_ms: Option<i64>,
}

/// What something in a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A file, and its size in bytes.
    File(u64),
    /// Neither, in a word: there is nothing in it that could be loaded.
    Other(&'static str),
}

impl Entry {
    fn is_file(&self) -> bool {
        matches!(self.kind, EntryKind::File(_))
    }
}

/// Whether a view picks files.
pub fn is_picker(screen: &Screen) -> bool {
    [NAME, NEW].contains(&screen.name)
}

/// The view that picks the files which this one reads; nothing for others.
pub fn picker_of(screen: &Screen) -> Option<&'static str> {
    match screen.name {
        load::NAME => Some(NAME),
        create::NAME => Some(NEW),
        _ => None,
    }
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

    /// The folder around the one that is shown; `row` lies in it. Of one that cannot be read only the path is known.
    fn parent(&self, row: Option<&Entry>) -> Option<String> {
        let parent = match row {
            Some(up) if up.name == ".." => Some(up.path.as_path()),
            Some(row) => row.path.parent()?.parent(),
            None => Path::new(self.route.detail.as_deref()?).parent(),
        };
        let parent = parent?;
        let here = parent.as_os_str().is_empty();
        Some(if here { ".".into() } else { parent.display().to_string() })
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
        let name = match row.kind {
            EntryKind::Folder => Shown::text(format!("{}/", row.name)).tone(Tone::Accent),
            EntryKind::File(_) if is_loadable(&row.name) => Shown::text(&row.name),
            EntryKind::File(_) | EntryKind::Other(_) => Shown::text(&row.name).tone(Tone::Dim),
        };
        let size = match row.kind {
            EntryKind::Folder => Shown::missing(),
            EntryKind::File(bytes) => Shown::bytes(bytes),
            EntryKind::Other(what) => Shown::word(what).tone(Tone::Dim),
        };
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
        let file = rows.iter().find(|row| row.is_file() && is_loadable(&row.name));
        file.map(|row| self.key(row))
    }

    fn enter(&self, row: &Entry) -> Option<(&'static str, Route)> {
        let path = row.path.display().to_string();
        match row.kind {
            EntryKind::Folder => Some(("open", self.route.clone().with_detail(path))),
            EntryKind::File(_) => Some((self.verb(), self.next().with_detail(path))),
            EntryKind::Other(_) => None,
        }
    }

    fn actions(&self, row: Option<&Entry>) -> Vec<Offer> {
        let own = row.and_then(|row| match row.kind {
            EntryKind::Folder => None,
            EntryKind::File(_) => Some(Action::Load.called("the marked")),
            EntryKind::Other(_) => Some(Action::Open.called("why not")),
        });
        own.into_iter().chain([Action::Edit.called("go to a path"), Action::Parent.into()]).collect()
    }

    fn act(&mut self, action: Action, chosen: &[&Entry], _cx: &Context<'_>) -> Vec<Effect> {
        if action == Action::Edit {
            let shown = chosen.first().filter(|row| row.name != "..").and_then(|row| row.path.parent());
            let shown = shown.map(|folder| folder.display().to_string());
            let here = self.route.detail.clone().or(shown).unwrap_or_default();
            return ask("path", "go to", "a folder, or a file", &here);
        }
        if action == Action::Parent {
            let there = self.parent(chosen.first().copied());
            return there.map(|path| Effect::Open(self.route.clone().with_detail(path))).into_iter().collect();
        }
        let files: Vec<_> = chosen.iter().filter(|row| row.is_file()).collect();
        let paths: Vec<_> = files.iter().map(|row| row.path.display().to_string()).collect();
        if paths.is_empty() {
            return chosen.first().and_then(|row| no_file(row)).map(Effect::Notice).into_iter().collect();
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

/// Why something cannot be loaded.
fn no_file(row: &Entry) -> Option<Notice> {
    let EntryKind::Other(what) = row.kind else { return None };
    let name = text::safe(&row.name).into_owned();
    Some(Notice::warning(format!("{name} is a {what}, neither a file nor a folder: there are no rows in it to load")))
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
        let why = format!("cannot read the folder: {}", e.kind());
        let hint = ":parent goes to the folder around it, :edit to a path";
        Error::new(kind, why).with("folder", folder.display()).hint(hint).caused_by(e)
    };
    let folder = folder.canonicalize().map_err(failed)?;
    let mut entries: Vec<_> = std::fs::read_dir(&folder)
        .map_err(failed)?
        .filter_map(|entry| entry.ok().map(|entry| describe(&entry)))
        .filter(|entry| !entry.name.starts_with('.'))
        .collect();
    let rank = |entry: &Entry| match entry.kind {
        EntryKind::Folder => 0,
        EntryKind::File(_) => 1,
        EntryKind::Other(_) => 2,
    };
    entries.sort_by(|a, b| (rank(a), &a.name).cmp(&(rank(b), &b.name)));
    if let Some(parent) = folder.parent() {
        let path = parent.to_path_buf();
        entries.insert(0, Entry { name: "..".into(), path, kind: EntryKind::Folder, modified_ms: None });
    }
    Ok(entries)
}

fn describe(entry: &std::fs::DirEntry) -> Entry {
    let meta = std::fs::metadata(entry.path()).ok();
    let modified = meta.as_ref().and_then(|meta| meta.modified().ok());
    let since = modified.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let kind = match meta {
        None => EntryKind::Other("dead link"),
        Some(meta) if meta.is_dir() => EntryKind::Folder,
        Some(meta) if meta.is_file() => EntryKind::File(meta.len()),
        Some(meta) => EntryKind::Other(special(meta.file_type())),
    };
    Entry {
        name: entry.file_name().to_string_lossy().into_owned(),
        path: entry.path(),
        kind,
        modified_ms: since.and_then(|since| i64::try_from(since.as_millis()).ok()),
    }
}

/// What is neither a file nor a folder, in a word.
#[cfg(unix)]
fn special(of: std::fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match of {
        of if of.is_fifo() => "pipe",
        of if of.is_socket() => "socket",
        _ => "device",
    }
}

#[cfg(not(unix))]
fn special(_of: std::fs::FileType) -> &'static str {
    "device"
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
        let error = read(&folder.path().join("b.csv")).unwrap_err();
        assert!(error.message().ends_with("cannot read the folder: not a directory"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_neither_a_file_nor_a_folder_is_called_so() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("a")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("b")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("c")).unwrap();
        let picker = Folder::new(Route::new(NAME));
        let rows = read(folder.path()).unwrap();
        for (row, what) in rows.iter().skip(1).zip(["device", "dead link", "socket"]) {
            assert_eq!(row.kind, EntryKind::Other(what), "{}", row.name);
            assert!(picker.enter(row).is_none() && no_file(row).is_some(), "{}", row.name);
        }
        assert_eq!(rows.len(), 4);
    }

    #[test]
    fn the_folder_around_is_known_also_where_nothing_can_be_read() {
        let at = |path: &str| Folder::new(Route::new(NAME).with_detail(path)).parent(None);
        assert_eq!(at("/srv/none").as_deref(), Some("/srv"));
        assert_eq!(at("none").as_deref(), Some("."));
        assert_eq!(at("/"), None);
        let rows = read(Path::new("assets")).unwrap();
        let here = Path::new(".").canonicalize().unwrap().display().to_string();
        for row in rows {
            assert_eq!(Folder::new(Route::new(NAME)).parent(Some(&row)), Some(here.clone()), "{}", row.name);
        }
    }
}
