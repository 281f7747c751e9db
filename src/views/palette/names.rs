//! Names that the command line completes to: what lies in a namespace of the catalog or in a folder of this machine.
//! Read as a job, so that no key waits for a catalog; what cannot be read has no completions.

use std::path::PathBuf;

use async_trait::async_trait;

use crate::app::route::Route;
use crate::app::task::{Feed, Task};
use crate::catalog::Lake;
use crate::table::Namespace;
use crate::views::folder::EntryKind;
use crate::views::{self, Needs, changed_rows, diff, folder};
use crate::{Error, Result};

/// So many names of one place are kept.
const MOST: usize = 5000;

/// Where names are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inside {
    /// A namespace, or the root of the catalog.
    Namespace(Namespace),
    /// A folder.
    Folder(PathBuf),
}

/// A name, and whether more can stand behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// As it is typed, with the dot or slash behind it where it holds others.
    pub typed: String,
    /// What it is.
    pub what: &'static str,
}

/// What is to be completed on a line: what stands before the name, and where names for it are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The line up to the name.
    pub before: String,
    /// The places, the nearest last.
    pub places: Vec<Inside>,
}

/// What a line asks names for; nothing where it does not.
pub fn asked(line: &str, here: &Route) -> Option<Asked> {
    let (word, rest) = line.split_once(' ')?;
    let rest = rest.trim_start();
    let needs = match word {
        "t" | "table" => Needs::Table,
        diff::NAME | changed_rows::NAME => Needs::Nothing,
        _ => views::screen(word)?.needs,
    };
    if needs == Needs::Nothing || rest.contains('@') {
        return None;
    }
    if views::screen(word).is_some_and(|screen| folder::is_picker(screen) || folder::picker_of(screen).is_some()) {
        let end = rest.rfind('/').map_or(0, |slash| slash + 1);
        let folder = rest.get(..end).unwrap_or_default();
        let place = PathBuf::from(if folder.is_empty() { "." } else { folder });
        return Some(Asked { before: format!("{word} {folder}"), places: vec![Inside::Folder(place)] });
    }
    let end = last_dot(rest).map_or(0, |dot| dot + 1);
    let outer = rest.get(..end).unwrap_or_default();
    let places = match outer.trim_end_matches('.') {
        "" => {
            let near = Some(here.namespace()).filter(|near| !near.is_root());
            std::iter::once(Namespace::default()).chain(near).collect()
        }
        outer => vec![outer.parse::<Namespace>().ok()?],
    };
    Some(Asked { before: format!("{word} {outer}"), places: places.into_iter().map(Inside::Namespace).collect() })
}

/// Where the last dot stands that is not inside quotes.
fn last_dot(text: &str) -> Option<usize> {
    let mut quoted = false;
    let dots = text.char_indices().filter(|(_, c)| {
        quoted ^= *c == '"';
        *c == '.' && !quoted
    });
    dots.map(|(at, _)| at).last()
}

/// The task: lists places.
#[derive(Debug)]
pub struct Names {
    /// The catalog.
    pub catalog: Option<String>,
    /// The places.
    pub places: Vec<Inside>,
}

/// What lies in one place.
#[derive(Debug)]
pub struct Found {
    /// The place.
    pub place: Inside,
    /// Its names, in their order.
    pub names: Vec<Name>,
}

#[async_trait]
impl Task for Names {
    type Part = Found;

    fn title(&self) -> String {
        "names for the command line".into()
    }

    async fn run(&self, lake: &Lake, feed: &Feed<Found>) -> Result<()> {
        for place in self.places.clone() {
            let names = match &place {
                Inside::Namespace(namespace) => self.of_namespace(namespace, lake).await,
                Inside::Folder(path) => of_folder(path.clone()).await,
            };
            let mut names = names.unwrap_or_default();
            names.truncate(MOST);
            feed.send(Found { place, names }).await?;
        }
        Ok(())
    }
}

impl Names {
    async fn of_namespace(&self, namespace: &Namespace, lake: &Lake) -> Result<Vec<Name>> {
        let connection = lake.connection(self.catalog.as_deref()).await?;
        let level = |name: &str| Namespace(vec![name.to_string()]).to_string();
        let inner = connection.namespaces(namespace).await?.into_iter();
        let inner = inner.filter_map(|inner| inner.0.last().map(|name| level(name)));
        let tables = connection.tables(namespace).await?.into_iter().map(|table| level(&table.name));
        let inner = inner.map(|name| Name { typed: format!("{name}."), what: "namespace" });
        Ok(inner.chain(tables.map(|typed| Name { typed, what: "table" })).collect())
    }
}

async fn of_folder(path: PathBuf) -> Result<Vec<Name>> {
    let entries = tokio::task::spawn_blocking(move || folder::read(&path)).await;
    let entries = entries.map_err(|e| Error::bug("reading the folder broke off").caused_by(e))??;
    let name = |entry: folder::Entry| match entry.kind {
        EntryKind::Folder => Name { typed: format!("{}/", entry.name), what: "folder" },
        EntryKind::File(_) => Name { typed: entry.name, what: "file" },
        EntryKind::Other(what) => Name { typed: entry.name, what },
    };
    Ok(entries.into_iter().map(name).collect())
}

/// Whether a line is whole: no name is missing behind it.
pub fn is_whole(line: &str) -> bool {
    !line.ends_with(['.', '/'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(line: &str) -> Option<(String, Vec<String>)> {
        let here = Route::new("snapshots").of_table("sales.orders".parse().unwrap());
        let asked = asked(line, &here)?;
        let told = |place: &Inside| match place {
            Inside::Namespace(namespace) => namespace.to_string(),
            Inside::Folder(path) => path.display().to_string(),
        };
        Some((asked.before, asked.places.iter().map(told).collect()))
    }

    #[test]
    fn a_line_says_where_names_are() {
        let some = |before: &str, places: &[&str]| {
            Some((before.to_string(), places.iter().map(|place| place.to_string()).collect::<Vec<_>>()))
        };
        assert_eq!(places("t "), some("t ", &["", "sales"]));
        assert_eq!(places("t sales.eu.or"), some("t sales.eu.", &["sales.eu"]));
        assert_eq!(places("rows \"a.b\".c"), some("rows \"a.b\".", &["\"a.b\""]));
        assert_eq!(places("ingest "), some("ingest ", &["."]));
        assert_eq!(places("ingest /srv/dr"), some("ingest /srv/", &["/srv/"]));
        assert_eq!(places("t sales.orders@"), None);
        assert_eq!(places("jobs x"), None);
        assert_eq!(places("snapshots"), None);
    }
}
