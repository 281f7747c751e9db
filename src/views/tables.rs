//! The namespaces and tables of a namespace, or of a whole catalog: names at once, then what each table holds as it is
//! read. A table that cannot be loaded says so in its row. Opens both; changes neither.

use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream;
use serde_json::{Map, Value};

use super::catalogs::error_facts;
use super::list::List;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use super::{overview, snapshots};
use crate::app::action::{Action, Offer};
use crate::app::effect::Effect;
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::catalog::{Connection, Lake};
use crate::monitor::Monitor;
use crate::table::{Namespace, Place, TableAddress, TableName};
use crate::{Error, Result};
use glance::Glance;

pub mod glance;

/// Its name on the command line.
pub const NAME: &str = "tables";

/// What is exported of a table, by its names in the overview.
const EXPORTED: [&str; 8] = [
    "record_count",
    "total_size_in_bytes",
    "data_file_count",
    "delete_file_count",
    "snapshot_count",
    "committed_at",
    "operation",
    "by",
];

/// So many tables are loaded side by side.
const SIDE_BY_SIDE: usize = 8;

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct Tables {
    /// A namespace, or the root of a catalog.
    pub route: Route,
    /// Whether the names are all that is asked for.
    pub names_only: bool,
}

/// A namespace or a table, with what is known of it by now.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A namespace within this one.
    Namespace(Namespace, Known<Inside>),
    /// A table of this one.
    Table(TableName, Known<Glance>),
}

/// What was found out of something.
#[derive(Debug, Clone)]
pub enum Known<T> {
    /// Not yet.
    Reading,
    /// This.
    Read(Arc<T>),
    /// It cannot be read.
    Failed(Arc<Error>),
}

/// What lies directly in a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inside {
    /// Its namespaces.
    pub namespaces: usize,
    /// Its tables.
    pub tables: usize,
}

impl<T> Known<T> {
    fn of(result: Result<T>) -> Self {
        match result {
            Ok(value) => Known::Read(Arc::new(value)),
            Err(error) => Known::Failed(Arc::new(error)),
        }
    }

    fn read(&self) -> Option<&T> {
        match self {
            Known::Read(value) => Some(value),
            _ => None,
        }
    }

    /// A value of it; `…` while it is read, nothing where it failed.
    fn show(&self, show: impl FnOnce(&T) -> Shown) -> Shown {
        match self {
            Known::Reading => Shown { text: "…".into(), ..Shown::missing() },
            Known::Read(value) => show(value),
            Known::Failed(_) => Shown::missing(),
        }
    }

    fn error(&self) -> Option<String> {
        match self {
            Known::Failed(error) => Some(error.to_string()),
            _ => None,
        }
    }

    fn failure(&self) -> Option<Shown> {
        match self {
            Known::Failed(error) => Some(Shown::text(format!("✖ {}", error.message())).tone(Tone::Danger)),
            _ => None,
        }
    }
}

impl Entry {
    /// As it is exported: the name, and what the overview says in numbers.
    fn record(&self) -> Map<String, Value> {
        let (kind, name, failure) = match self {
            Entry::Namespace(name, known) => ("namespace", name.to_string(), known.error()),
            Entry::Table(name, known) => ("table", name.to_string(), known.error()),
        };
        let told = match self {
            Entry::Table(_, known) => known.read().and_then(|glance| serde_json::to_value(&glance.overview).ok()),
            Entry::Namespace(..) => None,
        };
        let mut record: Map<String, Value> =
            [("kind".to_string(), Value::from(kind)), ("name".to_string(), Value::from(name))].into_iter().collect();
        for field in EXPORTED {
            let value = told.as_ref().and_then(|told| told.get(field)).cloned();
            record.insert(field.to_string(), value.unwrap_or_default());
        }
        record.insert("error".into(), failure.into());
        record
    }

    /// Finds out what is known of it.
    async fn completed(self, connection: &Connection, monitor: &Monitor) -> Entry {
        match self {
            Entry::Namespace(namespace, _) => {
                let inside = inside(connection, &namespace).await;
                Entry::Namespace(namespace, Known::of(inside))
            }
            Entry::Table(name, _) => {
                let glance = async { Glance::of(&connection.load(&name).await?, monitor).await };
                let known = Known::of(glance.await);
                Entry::Table(name, known)
            }
        }
    }
}

async fn inside(connection: &Connection, namespace: &Namespace) -> Result<Inside> {
    let namespaces = connection.namespaces(namespace).await?.len();
    Ok(Inside { namespaces, tables: connection.tables(namespace).await?.len() })
}

fn inside_words(inside: &Inside) -> String {
    match (inside.namespaces, inside.tables) {
        (0, tables) => human::counted(tables, "table"),
        (namespaces, 0) => human::counted(namespaces, "namespace"),
        (namespaces, tables) => {
            format!("{}, {}", human::counted(namespaces, "namespace"), human::counted(tables, "table"))
        }
    }
}

/// The last columns of a table's row: faults, or why it cannot be read.
fn fault_words(known: &Known<Glance>, now_ms: i64) -> Shown {
    if let Some(failure) = known.failure() {
        return failure;
    }
    known.show(|glance| {
        let found: Vec<_> = glance.faults(now_ms).iter().map(|fault| fault.short).collect();
        match (found.is_empty(), glance.overview.snapshot_id) {
            (false, _) => Shown::text(found.join(", ")).tone(Tone::Warning),
            (true, None) => Shown::word("no snapshots").tone(Tone::Dim),
            (true, Some(_)) => Shown::word("").tone(Tone::Dim),
        }
    })
}

impl Look for Tables {
    type Row = Entry;

    fn columns(&self, _sample: Option<&Entry>) -> Vec<Column> {
        if self.is_root() {
            return vec![Column::new("namespace").limit(60).least(22), Column::new("holds").limit(60)];
        }
        vec![
            Column::new("name").limit(60).least(22),
            Column::new("rows").right(),
            Column::new("size").right(),
            Column::new("files").right().spare(2),
            Column::new("committed").spare(1),
            Column::new("faults").limit(60).least(16),
            Column::new("by").limit(24).least(8).spare(3),
            Column::new("format").right().spare(4),
        ]
    }

    fn key(&self, row: &Entry) -> String {
        match row {
            Entry::Namespace(namespace, _) => format!("{namespace}/"),
            Entry::Table(name, _) => name.to_string(),
        }
    }

    fn show(&self, row: &Entry, now_ms: i64) -> Vec<Shown> {
        match row {
            Entry::Namespace(namespace, known) if self.is_root() => root_row(namespace, known).into(),
            Entry::Namespace(namespace, known) => namespace_row(namespace, known),
            Entry::Table(name, known) => table_row(name, known, now_ms),
        }
    }
}

/// A catalog has namespaces only: their name and what they hold.
fn root_row(namespace: &Namespace, known: &Known<Inside>) -> [Shown; 2] {
    let last = namespace.0.last().map_or("", String::as_str);
    let inside = known.failure().unwrap_or_else(|| known.show(|i| Shown::text(inside_words(i)).tone(Tone::Dim)));
    [Shown::text(format!("{last}/")).tone(Tone::Accent), inside]
}

/// Beside tables, a namespace says what it holds behind its name; that it cannot be read is its fault.
fn namespace_row(namespace: &Namespace, known: &Known<Inside>) -> Vec<Shown> {
    let [name, _] = root_row(namespace, known);
    let inside = match known {
        Known::Reading => "  …".into(),
        Known::Read(inside) => format!("  {}", inside_words(inside)),
        Known::Failed(_) => String::new(),
    };
    let name = Shown { text: format!("{}{inside}", name.text).into(), ..name };
    let blank = || Shown { text: "".into(), ..Shown::missing() };
    let fault = known.failure().unwrap_or_else(blank);
    vec![name, blank(), blank(), blank(), blank(), fault, blank(), blank()]
}

fn table_row(name: &TableName, known: &Known<Glance>, now_ms: i64) -> Vec<Shown> {
    let count = |n: Option<u64>| Shown::or_missing(n, Shown::count);
    let of = |show: &dyn Fn(&Glance) -> Shown| known.show(show);
    vec![
        Shown::text(&name.name),
        of(&|g| count(g.overview.record_count)),
        of(&|g| Shown::or_missing(g.overview.total_size_in_bytes, Shown::bytes)),
        of(&|g| count(g.overview.data_file_count)),
        of(&|g| Shown::or_missing(g.overview.committed_at, |at| Shown::ago(at.0, now_ms))),
        fault_words(known, now_ms),
        of(&|g| Shown::or_missing(g.overview.by.as_ref(), Shown::text)),
        of(&|g| Shown::text(format!("v{}", g.overview.format_version))),
    ]
}

#[async_trait]
impl List for Tables {
    fn route(&self) -> Route {
        self.route.clone()
    }

    fn comes_again(&self) -> bool {
        true
    }

    fn to_check(&self) -> Option<Self> {
        Some(Self { names_only: true, ..self.clone() })
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<Entry>>) -> Result<()> {
        let connection = lake.connection(self.route.catalog.as_deref()).await?;
        let here = self.route.namespace();
        let inner = connection.namespaces(&here).await?;
        let mut entries: Vec<_> = inner.into_iter().map(|inner| Entry::Namespace(inner, Known::Reading)).collect();
        if !here.is_root() {
            let tables = connection.tables(&here).await?;
            entries.extend(tables.into_iter().map(|name| Entry::Table(name, Known::Reading)));
        }
        feed.send(entries.clone()).await?;
        if self.names_only {
            return Ok(());
        }
        complete(entries, &connection, feed).await
    }

    fn title(&self, rows: &[Entry]) -> String {
        let tables = rows.iter().filter(|row| matches!(row, Entry::Table(..))).count();
        let namespaces = rows.len() - tables;
        inside_words(&Inside { namespaces, tables })
    }

    fn facts(&self, row: &Entry, now_ms: i64) -> Vec<Fact> {
        match row {
            Entry::Namespace(namespace, known) => {
                let mut facts = vec![Fact::new("namespace", Shown::text(namespace.to_string()))];
                facts.extend(known.read().map(|inside| Fact::new("holds", Shown::text(inside_words(inside)))));
                facts.extend(failure_facts(known));
                facts
            }
            Entry::Table(name, known) => {
                let mut facts = vec![Fact::new("table", Shown::text(name.to_string()))];
                if let Some(glance) = known.read() {
                    facts.extend(overview::facts(&glance.overview, &glance.faults(now_ms), now_ms));
                }
                facts.extend(failure_facts(known));
                facts
            }
        }
    }

    fn detail_title(&self, row: &Entry) -> String {
        match row {
            Entry::Namespace(namespace, _) => namespace.to_string(),
            Entry::Table(name, _) => name.to_string(),
        }
    }

    fn enter(&self, row: &Entry) -> Option<(&'static str, Route)> {
        Some(match row {
            Entry::Namespace(namespace, _) => {
                let there = Route::new(NAME).of_catalog(self.route.catalog.clone());
                ("open", there.of_namespace(namespace.clone()))
            }
            Entry::Table(name, _) => ("overview", self.table_route(name, overview::NAME)),
        })
    }

    fn copied(&self, row: &Entry) -> String {
        self.detail_title(row)
    }

    fn record(&self, row: &Entry, _now_ms: i64) -> Map<String, Value> {
        row.record()
    }

    fn actions(&self, row: Option<&Entry>) -> Vec<Offer> {
        let of_table = TABLE_VIEWS.iter().filter(|_| matches!(row, Some(Entry::Table(..))));
        of_table.map(|(action, _)| Offer::from(*action)).chain([Action::Create.called("new table")]).collect()
    }

    fn act(&mut self, action: Action, chosen: &[&Entry], _cx: &Context<'_>) -> Vec<Effect> {
        if action == Action::Create {
            let here = Route::new(super::folder::NEW).of_catalog(self.route.catalog.clone());
            return vec![Effect::Open(here.of_namespace(self.route.namespace()))];
        }
        let screen = TABLE_VIEWS.iter().find(|(own, _)| *own == action).map(|(_, screen)| *screen);
        match (screen, chosen.first()) {
            (Some(screen), Some(Entry::Table(name, _))) => vec![Effect::Open(self.table_route(name, screen))],
            _ => Vec::new(),
        }
    }

    fn empty(&self) -> Vec<String> {
        let here = self.route.namespace();
        match here.is_root() {
            true => vec![
                "This catalog has no namespace yet".into(),
                "icedeck ingest FILE NAMESPACE.TABLE --create   loads a first file".into(),
                "icedeck demo   makes a small lake to look at".into(),
                "{command} then ctx NAME   goes to another catalog".into(),
            ],
            false => vec![
                format!("{} has no tables yet", Shown::text(here.to_string()).text),
                "{create} creates one from a file".into(),
            ],
        }
    }
}

/// The views of the table under the cursor that a key leads to at once.
const TABLE_VIEWS: [(Action, &str); 9] = [
    (Action::Load, super::folder::NAME),
    (Action::Snapshots, snapshots::NAME),
    (Action::Rows, super::rows::NAME),
    (Action::Schema, super::schema::NAME),
    (Action::Files, super::files::NAME),
    (Action::Manifests, super::manifests::NAME),
    (Action::Refs, super::refs::NAME),
    (Action::Properties, super::properties::NAME),
    (Action::Specs, super::specs::NAME),
];

impl Tables {
    fn is_root(&self) -> bool {
        self.route.namespace().is_root()
    }

    fn table_route(&self, name: &TableName, screen: &'static str) -> Route {
        let address = TableAddress { place: Place::Table(name.clone()), at: None };
        Route::new(screen).of_catalog(self.route.catalog.clone()).of_table(address)
    }
}

/// Loads each and sends it as it comes.
async fn complete(entries: Vec<Entry>, connection: &Connection, feed: &Feed<Vec<Entry>>) -> Result<()> {
    let monitor = feed.monitor();
    let works: Vec<_> = entries.into_iter().map(|entry| entry.completed(connection, monitor)).collect();
    let mut done = stream::iter(works).buffer_unordered(SIDE_BY_SIDE).ready_chunks(64);
    while let Some(chunk) = done.next().await {
        feed.send(chunk).await?;
    }
    Ok(())
}

fn failure_facts<T>(known: &Known<T>) -> Vec<Fact> {
    match known {
        Known::Failed(error) => error_facts(error),
        _ => Vec::new(),
    }
}
