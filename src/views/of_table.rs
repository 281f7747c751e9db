//! What the views of a table share: loading it, finding the snapshot they are about, the way to a sibling view, and
//! what they say where there is nothing. Reads no files of its own.

use std::collections::{HashMap, HashSet};

use super::widgets::human;
use super::widgets::text;
use crate::app::action::{Action, Offer};
use crate::app::effect::Effect;
use crate::app::route::Route;
use crate::catalog::Lake;
use crate::table::inspect::{self, PartitionValues, SpecRow};
use crate::table::{Moment, Place, Table};
use crate::{Error, Kind, Result};

/// The table that a route is about, as it is now.
///
/// # Errors
/// Invalid where the route names none; [`Kind::NotFound`] where it is gone, with what to do then.
pub async fn table(route: &Route, lake: &Lake) -> Result<Table> {
    let address = route.table().ok_or_else(|| {
        Error::invalid(format!("{} is about a table, and none is at hand", route.screen))
            .hint(format!(":{} NAMESPACE.TABLE", route.screen))
    })?;
    lake.table(route.catalog.as_deref(), address).await.map_err(|error| match error.kind() {
        Kind::NotFound => error.hint("it was dropped, renamed or never there; the list of tables shows what there is"),
        _ => error,
    })
}

/// The table and the snapshot that a route is about; nothing where the table has none yet.
///
/// # Errors
/// Those of [`table`] and [`Table::resolve`].
pub async fn table_at(route: &Route, lake: &Lake) -> Result<(Table, Option<i64>)> {
    let table = table(route, lake).await?;
    let at = route.table().and_then(|address| address.at.clone());
    let snapshot = table.resolve(at.as_deref())?;
    Ok((table, snapshot))
}

/// Another view of the same table at this snapshot.
pub fn at_snapshot(route: &Route, screen: &'static str, snapshot_id: i64) -> Route {
    at(route, screen, snapshot_id.to_string())
}

/// Another view of the same table at this ref, snapshot or time.
pub fn at(route: &Route, screen: &'static str, at: String) -> Route {
    let mut there = route.to_screen(screen);
    if let crate::app::route::Subject::Table(address) = &mut there.subject {
        address.at = Some(at);
    }
    there
}

/// The views of a snapshot that a list of snapshots leads to, for the hint line.
pub fn snapshot_offers() -> Vec<Offer> {
    [Action::Files, Action::Rows, Action::Schema, Action::Manifests].map(Offer::from).to_vec()
}

/// Goes to one of [`snapshot_offers`] at a snapshot.
pub fn to_snapshot_view(action: Action, route: &Route, snapshot_id: Option<i64>) -> Vec<Effect> {
    let screen = match action {
        Action::Files => super::files::NAME,
        Action::Rows => super::rows::NAME,
        Action::Manifests => super::manifests::NAME,
        Action::Schema => super::schema::NAME,
        _ => return Vec::new(),
    };
    snapshot_id.map(|id| Effect::Open(at_snapshot(route, screen, id))).into_iter().collect()
}

/// The name of the table as a person calls it: the last level, or the path.
pub fn short_name(route: &Route) -> String {
    match route.table().map(|address| &address.place) {
        Some(Place::Table(name)) => text::safe(&name.name).into_owned(),
        Some(Place::Path(path)) => text::safe(path).into_owned(),
        None => "this".into(),
    }
}

/// What the views of a snapshot say of a table that has none.
pub fn no_snapshot(route: &Route) -> Vec<String> {
    vec![
        format!("{} has no snapshot yet: nothing was ever committed to it", short_name(route)),
        "{load} loads a file into it".into(),
        "{schema} shows its schema, {properties} its properties".into(),
    ]
}

/// What they say where a snapshot has none of what they list.
pub fn nothing_at(route: &Route, what: &str) -> Vec<String> {
    let name = short_name(route);
    if let Some(path) = &route.detail {
        return vec![
            format!("{} has no {what} that are in the table", text::safe(super::manifests::last_segment(path))),
            "{entries} shows its entries, removed files too".into(),
        ];
    }
    match route.table().and_then(|address| address.at.as_ref()) {
        None => vec![
            format!("{name} has no {what}: it has no snapshot yet, or the current one is empty"),
            "{snapshots} shows its snapshots, {load} loads a file into it".into(),
        ],
        Some(at) => {
            vec![format!("{name} has no {what} at {}", text::safe(at)), "{snapshots} shows its snapshots".into()]
        }
    }
}

/// The names of the fields of each partition spec, by its id. Partitions are told with the fields of all specs, which
/// says `country=null` where a spec has no country.
#[derive(Debug, Clone, Default)]
pub struct SpecFields(HashMap<i32, HashSet<String>>);

impl SpecFields {
    /// Those of a table.
    pub fn of(table: &Table) -> Self {
        let names = |spec: SpecRow| (spec.spec_id, spec.fields.into_iter().map(|field| field.name).collect());
        Self(inspect::specs(table).into_iter().map(names).collect())
    }

    /// Leaves the values of the spec's own fields.
    pub fn keep_own(&self, spec_id: i32, partition: &mut PartitionValues) {
        if let Some(own) = self.0.get(&spec_id) {
            partition.0.retain(|value| own.contains(&value.name));
        }
    }
}

/// "main@8264…1773 · 3 m ago": what is shown, at the right end of the first line. Without a name the snapshot alone.
pub fn status(name: &str, snapshot_id: i64, when: Moment, now_ms: i64) -> String {
    let name = text::safe(name);
    let name = text::fit(&name, 24);
    let at = if name.is_empty() { "" } else { "@" };
    format!("{name}{at}{} · {}", text::short_id(snapshot_id), human::ago(when.0, now_ms))
}
