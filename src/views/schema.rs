//! One schema of a table: its fields, nested ones indented, with ids, whether they are required, since which schema
//! they are there, and what they mean. Enter shows all schemas the table ever had.

use std::collections::HashMap;

use async_trait::async_trait;

use super::list::List;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use super::{of_table, schemas};
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::catalog::Lake;
use crate::table::Table;
use crate::table::inspect::{self, FieldRow, SchemaRow};
use crate::{Error, Result};

/// Its name on the command line.
pub const NAME: &str = "schema";

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct Schema {
    /// A table; the detail is a schema's id, where not the snapshot's or the current one is meant.
    pub route: Route,
}

/// A field in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldLine {
    /// How many fields stand before it.
    pub position: usize,
    /// The field.
    pub field: FieldRow,
    /// The schema it is shown of.
    pub schema_id: i32,
    /// Whether that is the current one.
    pub is_current: bool,
    /// The first schema that has the field.
    pub since: i32,
}

impl FieldLine {
    /// The name as the tree shows it: only its own part, indented.
    fn tree_name(&self) -> Shown {
        let own = if self.field.depth == 0 { &*self.field.name } else { own_part(&self.field.name) };
        let indent = "  ".repeat(self.field.depth.min(16));
        let tone = if self.field.identifies { Tone::Current } else { Tone::Accent };
        Shown::text(format!("{indent}{own}")).tone(tone).by(self.position as i128)
    }

    fn required(&self) -> Shown {
        match self.field.required {
            true => Shown::word("required").tone(Tone::Strong),
            false => Shown::word("optional").tone(Tone::Dim),
        }
    }
}

/// The last part of a nested field's path.
fn own_part(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The schema that a route means: that of its detail, else the one that its snapshot was written under, else the
/// current one.
fn chosen(table: &Table, route: &Route, all: &[SchemaRow]) -> Result<i32> {
    if let Some(detail) = &route.detail {
        let wrong =
            || Error::not_found("the table has no such schema").with("schema", detail).hint(":schemas lists them");
        let id: i32 = detail.parse().map_err(|_| wrong())?;
        return all.iter().find(|s| s.schema_id == id).map(|s| s.schema_id).ok_or_else(wrong);
    }
    let current = || all.iter().find(|s| s.is_current).map_or(0, |s| s.schema_id);
    let Some(at) = route.table().and_then(|address| address.at.as_deref()) else { return Ok(current()) };
    let snapshot_id = table.resolve(Some(at))?;
    let snapshots = inspect::snapshots(table)?;
    let snapshot = snapshots.iter().find(|s| Some(s.snapshot_id) == snapshot_id);
    Ok(snapshot.and_then(|s| s.schema_id).unwrap_or_else(current))
}

/// The fields of one of all schemas of a table.
pub fn lines(all: Vec<SchemaRow>, id: i32) -> Vec<FieldLine> {
    let mut since: HashMap<i32, i32> = HashMap::new();
    for schema in &all {
        for field in &schema.fields {
            since.entry(field.id).or_insert(schema.schema_id);
        }
    }
    let Some(schema) = all.into_iter().find(|s| s.schema_id == id) else { return Vec::new() };
    let (schema_id, is_current) = (schema.schema_id, schema.is_current);
    let line = |(position, field): (usize, FieldRow)| FieldLine {
        position,
        since: since.get(&field.id).copied().unwrap_or(schema_id),
        field,
        schema_id,
        is_current,
    };
    schema.fields.into_iter().enumerate().map(line).collect()
}

impl Look for Schema {
    type Row = FieldLine;

    fn columns(&self, _sample: Option<&FieldLine>) -> Vec<Column> {
        vec![
            Column::new("id").right(),
            Column::new("field").limit(60).least(18),
            Column::new("type").limit(60).least(12),
            Column::new("required"),
            Column::new("since").right().spare(1),
            Column::new("doc").limit(120).least(16).spare(2),
        ]
    }

    fn key(&self, row: &FieldLine) -> String {
        row.field.id.to_string()
    }

    fn show(&self, row: &FieldLine, _now_ms: i64) -> Vec<Shown> {
        vec![
            Shown::id(row.field.id.into()),
            row.tree_name(),
            Shown::text(&row.field.type_name),
            row.required(),
            Shown::id(row.since.into()),
            row.field.doc.as_ref().map_or_else(Shown::missing, Shown::text),
        ]
    }
}

#[async_trait]
impl List for Schema {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<FieldLine>>) -> Result<()> {
        let table = of_table::table(&self.route, lake).await?;
        let all = inspect::schemas(&table);
        let id = chosen(&table, &self.route, &all)?;
        feed.send(lines(all, id)).await
    }

    fn title(&self, rows: &[FieldLine]) -> String {
        let columns = rows.iter().filter(|row| row.field.depth == 0).count();
        let columns = human::counted(columns, "column");
        match rows.first() {
            None => "schema".into(),
            Some(row) if row.is_current => format!("schema {} (current) · {columns}", row.schema_id),
            Some(row) => format!("schema {}, not the current one · {columns}", row.schema_id),
        }
    }

    fn facts(&self, row: &FieldLine, _now_ms: i64) -> Vec<Fact> {
        let field = &row.field;
        let mut facts = vec![
            Fact::new("id", Shown::id(field.id.into())),
            Fact::new("name", Shown::text(&field.name)),
            Fact::new("type", Shown::text(&field.type_name)),
            Fact::new("required", Shown::word(if field.required { "yes" } else { "no" })),
            Fact::new("since schema", Shown::id(row.since.into())),
        ];
        if field.identifies {
            facts.push(Fact::new(
                "identifier",
                Shown::word("one of the fields that identify a row").tone(Tone::Current),
            ));
        }
        if let Some(default) = &field.initial_default {
            facts.push(Fact::new("old rows have", Shown::text(default.to_string())));
        }
        if let Some(default) = &field.write_default {
            facts.push(Fact::new("writers put", Shown::text(default.to_string())));
        }
        if let Some(doc) = &field.doc {
            facts.extend([Fact::heading("doc"), Fact::line(Shown::text(doc))]);
        }
        facts
    }

    fn detail_title(&self, row: &FieldLine) -> String {
        row.field.name.clone()
    }

    fn enter(&self, _row: &FieldLine) -> Option<(&'static str, Route)> {
        Some(("all schemas", self.route.to_screen(schemas::NAME)))
    }

    fn raw(&self, row: &FieldLine) -> Option<String> {
        serde_json::to_string_pretty(&row.field).ok()
    }

    fn copied(&self, row: &FieldLine) -> String {
        row.field.name.clone()
    }

    fn empty(&self) -> Vec<String> {
        vec!["This schema has no columns".into(), "{open} on another of :schemas shows that one".into()]
    }
}
