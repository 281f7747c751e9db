//! The namespaces and tables of a namespace, or of a whole catalog. Opens both; changes neither.

use async_trait::async_trait;

use super::list::List;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use crate::Result;
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::catalog::Lake;
use crate::table::{Namespace, Place, TableAddress, TableName};

/// Its name on the command line.
pub const NAME: &str = "tables";

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct Tables {
    /// A namespace, or the root of a catalog.
    pub route: Route,
}

/// A namespace or a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A namespace within this one.
    Namespace(Namespace),
    /// A table of this one.
    Table(TableName),
}

impl Look for Tables {
    type Row = Entry;

    fn columns(&self, _sample: Option<&Entry>) -> Vec<Column> {
        vec![Column::new("name"), Column::new("kind")]
    }

    fn key(&self, row: &Entry) -> String {
        match row {
            Entry::Namespace(namespace) => namespace.to_string(),
            Entry::Table(name) => name.to_string(),
        }
    }

    fn show(&self, row: &Entry, _now_ms: i64) -> Vec<Shown> {
        match row {
            Entry::Namespace(namespace) => {
                let last = namespace.0.last().map_or("", String::as_str);
                vec![Shown::text(format!("{last}/")).tone(Tone::Accent), Shown::word("namespace").tone(Tone::Dim)]
            }
            Entry::Table(name) => vec![Shown::text(&name.name), Shown::word("table").tone(Tone::Dim)],
        }
    }
}

#[async_trait]
impl List for Tables {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<Entry>>) -> Result<()> {
        let connection = lake.connection(self.route.catalog.as_deref()).await?;
        let namespace = self.route.namespace();
        let inner = connection.namespaces(&namespace).await?;
        feed.send(inner.into_iter().map(Entry::Namespace).collect()).await?;
        if !namespace.is_root() {
            let tables = connection.tables(&namespace).await?;
            feed.send(tables.into_iter().map(Entry::Table).collect()).await?;
        }
        Ok(())
    }

    fn title(&self, rows: &[Entry]) -> String {
        let tables = rows.iter().filter(|row| matches!(row, Entry::Table(_))).count();
        match (tables, rows.len() - tables) {
            (0, namespaces) => format!("{namespaces} namespaces"),
            (tables, 0) => format!("{tables} tables"),
            (tables, namespaces) => format!("{namespaces} namespaces, {tables} tables"),
        }
    }

    fn facts(&self, row: &Entry, _now_ms: i64) -> Vec<Fact> {
        match row {
            Entry::Namespace(namespace) => vec![Fact::new("namespace", Shown::text(namespace.to_string()))],
            Entry::Table(name) => vec![Fact::new("table", Shown::text(name.to_string()))],
        }
    }

    fn enter(&self, row: &Entry) -> Option<(&'static str, Route)> {
        let here = Route::new(NAME).of_catalog(self.route.catalog.clone());
        Some(match row {
            Entry::Namespace(namespace) => ("open", here.of_namespace(namespace.clone())),
            Entry::Table(name) => {
                let address = TableAddress { place: Place::Table(name.clone()), at: None };
                ("overview", Route { screen: "overview", ..here.of_table(address) })
            }
        })
    }

    fn empty(&self) -> Vec<String> {
        let here = self.route.namespace();
        match here.is_root() {
            true => vec![
                "This catalog has no namespace yet".into(),
                "icedeck ingest FILE NAMESPACE.TABLE --create   loads a first file".into(),
                "icedeck demo   makes a small lake to look at".into(),
                ":ctx NAME   goes to another catalog".into(),
            ],
            false => vec![format!("{here} has no tables yet")],
        }
    }
}
