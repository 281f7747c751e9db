//! A table made from files: the columns as they were inferred, the name, partitioning, sort order and properties as one
//! types them, checked at every change. When the table is there, loading goes on in `load`.

use async_trait::async_trait;
use crossterm::event::MouseEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use super::dialogs::{Confirm, ask};
use super::load;
use super::load::paths;
use super::page::Scroll;
use super::widgets::load::{self as states, Load};
use super::widgets::shown::{Fact, Shown};
use super::widgets::{facts, human, text};
use crate::app::action::{Action, Offer};
use crate::app::effect::{Answer, Effect, Sent, Slot};
use crate::app::route::{Route, Subject};
use crate::app::task::{Cancel, Feed, Report, Task};
use crate::app::theme::Tone;
use crate::app::view::{Context, View};
use crate::catalog::Lake;
use crate::ingest::create::{CreateTable, DraftSummary, NewColumn};
use crate::ingest::source::{Source, SourceOptions};
use crate::table::{Place, TableAddress, TableName};
use crate::words::quoted;
use crate::{Error, Result};

/// Its name on the command line.
pub const NAME: &str = "create";

const MAKE: Slot = Slot(1);

/// Infers the columns of the files.
#[derive(Debug)]
struct Infer(Route);

#[async_trait]
impl Task for Infer {
    type Part = Vec<NewColumn>;

    fn title(&self) -> String {
        "infer the columns of the files".into()
    }

    async fn run(&self, _lake: &Lake, feed: &Feed<Vec<NewColumn>>) -> Result<()> {
        let options = SourceOptions { paths: paths(&self.0), ..SourceOptions::default() };
        let monitor = feed.monitor().clone();
        let infer = move || NewColumn::of_source(&Source::open(&options, &monitor)?, 2);
        let columns = tokio::task::spawn_blocking(infer).await;
        feed.send(columns.map_err(|e| Error::bug("inferring the columns broke off").caused_by(e))??).await
    }
}

/// Makes the table, and its namespace where that is missing.
#[derive(Debug)]
struct Make {
    catalog: Option<String>,
    table: CreateTable,
}

#[async_trait]
impl Task for Make {
    type Part = TableName;

    fn title(&self) -> String {
        format!("make the table {}", self.table.name)
    }

    fn cancel(&self) -> Cancel {
        Cancel::Never
    }

    async fn run(&self, lake: &Lake, feed: &Feed<TableName>) -> Result<()> {
        let connection = lake.connection(self.catalog.as_deref()).await?;
        let made = self.table.draft()?.create(&connection, true).await?;
        feed.send(made.name().clone()).await
    }
}

/// The view.
#[derive(Debug)]
pub struct CreateView {
    route: Route,
    columns: Load<Vec<NewColumn>>,
    name: Option<TableName>,
    partition_by: String,
    sort_by: String,
    properties: String,
    /// Types in the place of inferred ones, as they are typed.
    types: String,
    scroll: Scroll,
}

impl CreateView {
    /// A view that makes a table in the route's namespace from the files in its detail.
    pub fn new(route: Route) -> Self {
        let name = suggested(&route);
        let none = String::new;
        Self {
            route,
            columns: Load::Idle,
            name,
            partition_by: none(),
            sort_by: none(),
            properties: none(),
            types: none(),
            scroll: Scroll::default(),
        }
    }

    /// What shall be made; nothing while the columns are not known or the name is none.
    fn wanted(&self) -> Option<Result<CreateTable>> {
        let (name, inferred) = (self.name.clone()?, self.columns.ready()?);
        let columns = typed(inferred, &self.types);
        Some(columns.and_then(|columns| {
            Ok(CreateTable {
                partition_by: self.partition_by.clone(),
                sort_by: self.sort_by.clone(),
                properties: properties(&self.properties)?,
                ..CreateTable::new(name, columns)
            })
        }))
    }

    fn checked(&self) -> Option<Result<(CreateTable, DraftSummary)>> {
        let wanted = self.wanted()?;
        Some(wanted.and_then(|wanted| wanted.draft().map(|draft| (wanted, draft.summary))))
    }

    fn ask_to_make(&self) -> Vec<Effect> {
        match self.checked() {
            None => ask("name", "the table's name", NAME_HINT, ""),
            Some(Err(error)) => vec![Effect::failed(&error)],
            Some(Ok((_, summary))) => {
                let lines = vec![
                    (
                        format!("{} with {}", summary.table, human::counted(summary.columns.len(), "column")),
                        Tone::Strong,
                    ),
                    (format!("partitioned by {}", or_none(&summary.partition_fields)), Tone::Plain),
                    ("Its namespace is made too where it is missing. Then the files are loaded.".into(), Tone::Dim),
                ];
                vec![Effect::show(Confirm::new("make", "make this table", lines))]
            }
        }
    }

    fn make(&self) -> Vec<Effect> {
        match self.wanted() {
            Some(Ok(table)) => {
                vec![Effect::Start(MAKE, Box::new(Make { catalog: self.route.catalog.clone(), table }))]
            }
            _ => Vec::new(),
        }
    }

    fn made(&self, name: TableName, cx: &Context<'_>) -> Vec<Effect> {
        let address = TableAddress { place: Place::Table(name.clone()), at: None };
        let next = Route { screen: load::NAME, subject: Subject::Table(address), ..self.route.clone() };
        let sent = Sent {
            at_ms: cx.now_ms,
            what: format!("make the table {name}"),
            outcome: "committed".into(),
            request: self.made_of().unwrap_or_default(),
            command: self.command(&name, cx),
        };
        vec![Effect::Log(sent), Effect::Replace(next)]
    }

    /// What was made, as JSON.
    fn made_of(&self) -> Option<String> {
        let (_, summary) = self.checked()?.ok()?;
        serde_json::to_string_pretty(&summary).ok()
    }

    /// The equivalent command line.
    fn command(&self, name: &TableName, cx: &Context<'_>) -> String {
        let mut words = vec![format!("{} create", cx.called()), quoted(&name.to_string())];
        if let Some(path) = paths(&self.route).first() {
            words.extend(["--like".into(), quoted(&path.display().to_string())]);
        }
        for (option, text) in [("--partition-by", &self.partition_by), ("--sort-by", &self.sort_by)] {
            if !text.trim().is_empty() {
                words.extend([option.into(), quoted(text.trim())]);
            }
        }
        for (key, value) in properties(&self.properties).unwrap_or_default() {
            words.extend(["--property".into(), quoted(&format!("{key}={value}"))]);
        }
        // The command line takes types from a schema's file only.
        let types =
            if self.types.trim().is_empty() { String::new() } else { format!("  # types: {}", self.types.trim()) };
        words.join(" ") + &types
    }

    fn lines(&self) -> Vec<Fact> {
        let dash = |text: &str| if text.is_empty() { Shown::missing() } else { Shown::text(text) };
        let name = self.name.as_ref().map(|name| Shown::text(name.to_string()).tone(Tone::Strong));
        let mut lines = vec![
            Fact::new("table", name.unwrap_or_else(|| Shown::word("not named yet").tone(Tone::Warning))),
            Fact::new("partition by", dash(&self.partition_by)),
            Fact::new("sort by", dash(&self.sort_by)),
            Fact::new("properties", dash(&self.properties)),
            Fact::gap(),
        ];
        match self.checked() {
            Some(Err(error)) => lines.push(Fact::line(Shown::text(format!("✖ {error}")).tone(Tone::Danger))),
            Some(Ok((_, summary))) => {
                let warnings = summary.warnings.iter();
                lines.extend(warnings.map(|w| Fact::line(Shown::text(w).tone(Tone::Warning))));
                let told = |name, fields: &[String]| {
                    (!fields.is_empty()).then(|| Fact::new(name, Shown::text(or_none(fields))))
                };
                lines.extend(told("partitions", &summary.partition_fields));
                lines.extend(told("files sorted", &summary.sort_fields));
            }
            None => {}
        }
        if lines.last() != Some(&Fact::gap()) {
            lines.push(Fact::gap());
        }
        lines.push(Fact::heading("columns, as they were inferred"));
        let inferred = self.columns.ready().map(Vec::as_slice).unwrap_or_default();
        let columns = typed(inferred, &self.types).unwrap_or_else(|_| inferred.to_vec());
        lines.extend(inferred.iter().zip(&columns).map(|(before, now)| {
            let told = match before.column_type == now.column_type {
                true => Shown::text(now.column_type.to_string()),
                false => Shown::text(format!("{} (was {})", now.column_type, before.column_type)).tone(Tone::Accent),
            };
            Fact::named(&now.name, told)
        }));
        lines
    }
}

const NAME_HINT: &str = "namespace.table";
const TYPES_HINT: &str =
    "column: type with ; between, for those that were inferred wrong: shipped_on: date; weight: decimal(8, 2)";
const PARTITION_HINT: &str =
    "fields with commas between: country, day(ts), month(ts), year(ts), hour(ts), bucket(16, id), truncate(4, name)";

impl View for CreateView {
    fn route(&self) -> Route {
        self.route.clone()
    }

    fn offers(&self, cx: &Context<'_>) -> Vec<Offer> {
        if self.columns.ready().is_none() || cx.is_running(MAKE) {
            return vec![Action::Refresh.into()];
        }
        let mut offers = vec![
            Action::Open.called("make it and load"),
            Action::Rename.called("name"),
            Action::Partition.into(),
            Action::Sort.into(),
            Action::Format.called("types"),
            Action::Edit.called("properties"),
        ];
        offers.extend(Scroll::ACTIONS.map(Offer::from));
        offers
    }

    fn open(&mut self, _cx: &Context<'_>) -> Vec<Effect> {
        self.columns = Load::Loading;
        vec![Effect::start(Infer(self.route.clone()))]
    }

    fn act(&mut self, action: Action, _cx: &Context<'_>) -> Vec<Effect> {
        let name = || self.name.as_ref().map(ToString::to_string).unwrap_or_default();
        match action {
            Action::Open => self.ask_to_make(),
            Action::Rename => ask("name", "the table's name", NAME_HINT, &name()),
            Action::Partition => ask("partition", "partition by", PARTITION_HINT, &self.partition_by),
            Action::Sort => ask("sort", "sort by", "fields with commas between: ts desc, id nulls last", &self.sort_by),
            Action::Format => ask("types", "types of columns", TYPES_HINT, &self.types),
            Action::Edit => ask("properties", "properties", "key=value with ; between", &self.properties),
            _ => {
                self.scroll.act(action);
                Vec::new()
            }
        }
    }

    fn mouse(&mut self, mouse: MouseEvent, _cx: &Context<'_>) -> Vec<Effect> {
        self.scroll.mouse(mouse);
        Vec::new()
    }

    fn answer(&mut self, topic: &'static str, answer: Answer, _cx: &Context<'_>) -> Vec<Effect> {
        match (topic, answer) {
            ("make", Answer::Yes) => return self.make(),
            ("name", Answer::Text(name)) => match named(&self.route, &name) {
                Ok(name) => self.name = Some(name),
                Err(error) => return vec![Effect::failed(&error)],
            },
            ("partition", Answer::Text(fields)) => self.partition_by = fields,
            ("sort", Answer::Text(fields)) => self.sort_by = fields,
            ("types", Answer::Text(types)) => self.types = types,
            ("properties", Answer::Text(pairs)) => self.properties = pairs,
            _ => {}
        }
        Vec::new()
    }

    fn report(&mut self, slot: Slot, report: Report, cx: &Context<'_>) -> Vec<Effect> {
        match (slot, report) {
            (Slot::MAIN, Report::Part(part)) => {
                if let Ok(columns) = part.take() {
                    self.columns = Load::Ready(columns);
                }
            }
            (Slot::MAIN, Report::Failed(error)) => self.columns = Load::Failed(error),
            (MAKE, Report::Part(part)) => return part.take().map(|name| self.made(name, cx)).unwrap_or_default(),
            (_, Report::Failed(error)) => return vec![Effect::failed(&error)],
            _ => {}
        }
        Vec::new()
    }

    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let inner = states::pane("a new table from these files", true, area, buf, cx);
        let [_, inner] = Layout::horizontal([Constraint::Length(1), Constraint::Min(1)]).areas(inner);
        if self.columns.ready().is_some() {
            let lines = facts::draw(&self.lines(), self.scroll.top, inner, buf, cx);
            self.scroll.drawn(lines, inner.height);
        } else {
            states::draw(&self.columns, inner, buf, cx, cx.progress(Slot::MAIN), |_, _| {});
        }
    }
}

fn or_none(fields: &[String]) -> String {
    if fields.is_empty() { "nothing".into() } else { text::safe(&fields.join(", ")).into_owned() }
}

/// A table of the namespace at hand with the name of the first file, as far as that is one.
fn suggested(route: &Route) -> Option<TableName> {
    let namespace = route.namespace();
    let stem = paths(route).first()?.file_stem()?.to_string_lossy().into_owned();
    let stem = stem.split('.').next().unwrap_or_default();
    let name: String = stem.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    (!namespace.is_root() && !name.is_empty()).then(|| namespace.table(name))
}

/// A name that was entered: whole, or in the namespace at hand.
fn named(route: &Route, entered: &str) -> Result<TableName> {
    let namespace = route.namespace();
    entered.trim().parse().or_else(|error: Error| match namespace.is_root() || entered.trim().is_empty() {
        true => Err(error),
        false => format!("{namespace}.{}", entered.trim()).parse(),
    })
}

/// The columns with the types that were typed: `column: type` with `;` between them.
fn typed(inferred: &[NewColumn], types: &str) -> Result<Vec<NewColumn>> {
    let mut columns = inferred.to_vec();
    for pair in types.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, wanted) = pair.rsplit_once(':').ok_or_else(|| {
            Error::invalid(format!("{pair:?} is no column with its type")).hint("column: type; column: type")
        })?;
        let column = columns.iter_mut().find(|column| column.name == name.trim());
        let column = column.ok_or_else(|| Error::invalid(format!("the files have no column {:?}", name.trim())))?;
        column.column_type = wanted.parse()?;
    }
    Ok(columns)
}

/// `key=value` pairs with `;` between them.
fn properties(text: &str) -> Result<std::collections::BTreeMap<String, String>> {
    let pairs = text.split(';').map(str::trim).filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| match pair.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_string(), value.trim().to_string())),
        _ => Err(Error::invalid(format!("{pair:?} is not a property")).hint("key=value; key=value")),
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_suggested_and_completed() {
        let route = Route::new(NAME).of_namespace("sales.eu".parse().unwrap()).with_detail("/x/Orders Nov.csv.gz");
        assert_eq!(suggested(&route).unwrap().to_string(), "sales.eu.orders_nov");
        assert_eq!(named(&route, "other").unwrap().to_string(), "sales.eu.other");
        assert_eq!(named(&route, "a.b").unwrap().to_string(), "a.b");
        assert!(suggested(&Route::new(NAME).with_detail("/x/a.csv")).is_none());
        assert!(named(&route, " ").is_err());
    }

    #[test]
    fn types_take_the_place_of_inferred_ones() {
        let column = |name: &str, of: &str| NewColumn::optional(name, of.parse().unwrap());
        let inferred = [column("a b", "string"), column("n", "int")];
        let columns = typed(&inferred, "a b: date; n : decimal(8, 2)").unwrap();
        let told: Vec<_> = columns.iter().map(|column| column.column_type.to_string()).collect();
        assert_eq!(told, ["date", "decimal(8, 2)"]);
        for wrong in ["a b", "c: int", "n: number"] {
            assert!(typed(&inferred, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn properties_are_pairs() {
        assert_eq!(properties(" a=1; b = x=y ;").unwrap().get("b").unwrap(), "x=y");
        assert!(properties("a").is_err());
    }
}
