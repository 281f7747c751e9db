//! A table at a glance: format, place, the snapshot at hand, rows, files, sizes, layout, refs, properties, and what is
//! not as it should be. Leads to everything else of the table.

use async_trait::async_trait;

use super::page::Page;
use super::tables::glance::{self, Fault};
use super::widgets::human;
use super::widgets::shown::{Fact, Shown};
use super::widgets::text;
use super::{metadata, of_table, snapshots};
use crate::Result;
use crate::app::action::{Action, Offer};
use crate::app::effect::Effect;
use crate::app::route::Route;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::catalog::Lake;
use crate::monitor::Monitor;
use crate::table::Moment;
use crate::table::inspect::{self, Overview as Told};

/// Its name on the command line.
pub const NAME: &str = "overview";

/// The page: what it is about.
#[derive(Debug, Clone)]
pub struct Overview {
    /// A table, now or at a snapshot.
    pub route: Route,
}

#[async_trait]
impl Page for Overview {
    type Answer = Told;

    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, monitor: &Monitor) -> Result<Told> {
        let (table, snapshot_id) = of_table::table_at(&self.route, lake).await?;
        inspect::overview(&table, snapshot_id, monitor).await
    }

    fn facts(&self, answer: &Told, now_ms: i64) -> Vec<Fact> {
        facts(answer, &glance::faults(answer), now_ms)
    }

    fn title(&self, answer: &Told) -> String {
        text::safe(&answer.table).into_owned()
    }

    fn status(&self, answer: &Told, now_ms: i64) -> String {
        let asked = self.route.table().and_then(|address| address.at.as_deref()).unwrap_or("main");
        match (answer.snapshot_id, answer.committed_at) {
            (Some(id), Some(at)) => of_table::status(&called(asked, id, answer), id, at, now_ms),
            _ => "no snapshots".into(),
        }
    }

    fn enter(&self, _answer: &Told) -> Option<(&'static str, Route)> {
        Some(("snapshots", self.route.to_screen(snapshots::NAME)))
    }

    fn actions(&self, _answer: &Told) -> Vec<Offer> {
        vec![Action::Raw.called("metadata JSON")]
    }

    fn act(&mut self, action: Action, _answer: &Told, _cx: &Context<'_>) -> Vec<Effect> {
        match action {
            Action::Raw => vec![Effect::Open(self.route.to_screen(metadata::NAME))],
            _ => Vec::new(),
        }
    }

    fn copied(&self, answer: &Told) -> Option<String> {
        Some(answer.table.clone())
    }
}

/// What is shown, as it was asked for; a snapshot that was asked for by its id is called by the refs that point at it.
fn called(asked: &str, snapshot_id: i64, told: &Told) -> String {
    if asked != snapshot_id.to_string() {
        return asked.to_string();
    }
    let here = told.refs.iter().filter(|row| row.snapshot_id == snapshot_id);
    here.map(|row| row.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Everything, as lines.
pub fn facts(told: &Told, faults: &[Fault], now_ms: i64) -> Vec<Fact> {
    let mut facts = Vec::new();
    facts.extend(
        faults
            .iter()
            .map(|fault| Fact::line(Shown::text(format!("! {}: {}", fault.short, fault.story)).tone(Tone::Warning))),
    );
    facts.extend(content_facts(told));
    facts.extend(snapshot_facts(told, now_ms));
    facts.extend(layout_facts(told));
    facts.extend(ref_facts(told));
    facts.extend(place_facts(told, now_ms));
    facts.extend(property_facts(told));
    facts
}

fn content_facts(told: &Told) -> Vec<Fact> {
    let count = |n: Option<u64>| Shown::or_missing(n, Shown::count);
    let size = told.total_size_in_bytes.map(|bytes| match glance::average_bytes(told) {
        Some(average) => format!("{} ({} a file)", human::bytes(bytes), human::bytes(average)),
        None => human::bytes(bytes),
    });
    let mut facts = vec![
        Fact::heading("contents"),
        Fact::new("rows", count(told.record_count)),
        Fact::new("data files", count(told.data_file_count)),
        Fact::new("size", Shown::or_missing(size, Shown::text).tone(Tone::Number)),
    ];
    let deletes = [
        ("delete files", told.delete_file_count),
        ("position deletes", told.position_delete_count),
        ("equality deletes", told.equality_delete_count),
    ];
    let some = deletes.into_iter().filter(|(_, n)| n.is_some_and(|n| n > 0));
    facts.extend(some.map(|(name, n)| Fact::new(name, count(n).tone(Tone::Warning))));
    facts
}

fn snapshot_facts(told: &Told, now_ms: i64) -> Vec<Fact> {
    let mut facts = vec![Fact::gap(), Fact::heading("snapshot")];
    let Some(id) = told.snapshot_id else {
        let none = "none yet: nothing was ever committed to this table";
        facts.push(Fact::line(Shown::word(none).tone(Tone::Warning)));
        return facts;
    };
    facts.extend([
        Fact::new("id", Shown::id(id)),
        Fact::new("committed", Shown::or_missing(told.committed_at, |at: Moment| Shown::moment(at.0, now_ms))),
        Fact::new("operation", Shown::or_missing(told.operation.as_ref(), Shown::text)),
        Fact::new("by", Shown::or_missing(told.by.as_ref(), Shown::text)),
        Fact::new("kept", Shown::text(human::counted(told.snapshot_count, "snapshot"))),
    ]);
    facts
}

fn layout_facts(told: &Told) -> Vec<Fact> {
    let columns = human::counted(told.column_count, "column");
    vec![
        Fact::gap(),
        Fact::heading("layout"),
        Fact::new("schema", Shown::text(format!("{} · {columns}", told.schema_id))),
        Fact::new("partitioned by", Shown::text(format!("{} · spec {}", told.partition_spec, told.spec_id))),
        Fact::new("sorted by", Shown::text(format!("{} · order {}", told.sort_order, told.sort_order_id))),
        Fact::new("format", Shown::text(format!("version {}", told.format_version))),
    ]
}

fn ref_facts(told: &Told) -> Vec<Fact> {
    if told.refs.is_empty() {
        return Vec::new();
    }
    let kind = |kind: &str| if kind == "TAG" { "tag" } else { "branch" };
    let mut facts = vec![Fact::gap(), Fact::heading("refs")];
    facts.extend(told.refs.iter().map(|row| {
        Fact::named(&row.name, Shown::text(format!("{} at {}", kind(row.kind), row.snapshot_id)).tone(Tone::Reference))
    }));
    facts
}

fn place_facts(told: &Told, now_ms: i64) -> Vec<Fact> {
    vec![
        Fact::gap(),
        Fact::heading("place"),
        Fact::new("location", Shown::text(&told.location)),
        Fact::new("metadata", Shown::text(&told.metadata_location)),
        Fact::new("updated", Shown::moment(told.last_updated_at.0, now_ms)),
        Fact::new("uuid", Shown::text(&told.table_uuid)),
    ]
}

fn property_facts(told: &Told) -> Vec<Fact> {
    if told.properties.is_empty() {
        return Vec::new();
    }
    let mut facts = vec![Fact::gap(), Fact::heading("properties")];
    facts.extend(told.properties.iter().map(|(key, value)| Fact::line(Shown::text(format!("{key} = {value}")))));
    facts
}
