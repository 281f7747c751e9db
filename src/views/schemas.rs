//! Every schema the table ever had, newest first, with what each changed. Enter shows one.

use async_trait::async_trait;

use super::list::List;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use super::{of_table, schema};
use crate::Result;
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::catalog::Lake;
use crate::table::changes::field_changes;
use crate::table::inspect::{self, SchemaRow};

/// Its name on the command line.
pub const NAME: &str = "schemas";

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct Schemas {
    /// A table.
    pub route: Route,
}

/// A schema, and how it differs from the one before.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The schema.
    pub schema: SchemaRow,
    /// What changed, each in a few words: "+ note string", "− legacy", "amount: float → double".
    pub changes: Vec<String>,
    /// Whether it is the first one.
    pub is_first: bool,
}

fn changes(before: &SchemaRow, after: &SchemaRow) -> Vec<String> {
    field_changes(before, after).iter().map(ToString::to_string).collect()
}

/// All schemas of a table, newest first, each compared with the one before.
pub fn lines(all: Vec<SchemaRow>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::with_capacity(all.len());
    for schema in all {
        let changes = lines.last().map(|before| changes(&before.schema, &schema));
        lines.push(Line { is_first: changes.is_none(), changes: changes.unwrap_or_default(), schema });
    }
    lines.reverse();
    lines
}

impl Line {
    fn told(&self) -> Shown {
        match (self.is_first, self.changes.is_empty()) {
            (true, _) => Shown::word("the first").tone(Tone::Dim),
            (_, true) => Shown::word("the same fields in another order").tone(Tone::Dim),
            _ => Shown::text(self.changes.join(", ")),
        }
    }

    fn stands(&self) -> Shown {
        match self.schema.is_current {
            true => Shown::word("current").tone(Tone::Current),
            false => Shown::word(""),
        }
    }

    fn columns(&self) -> i128 {
        self.schema.fields.iter().filter(|f| f.depth == 0).count() as i128
    }
}

impl Look for Schemas {
    type Row = Line;

    fn columns(&self, _sample: Option<&Line>) -> Vec<Column> {
        vec![
            Column::new("schema").right(),
            Column::new("stands"),
            Column::new("columns").right(),
            Column::new("fields").right().spare(1),
            Column::new("changed").limit(160).least(20),
        ]
    }

    fn key(&self, row: &Line) -> String {
        row.schema.schema_id.to_string()
    }

    fn show(&self, row: &Line, _now_ms: i64) -> Vec<Shown> {
        vec![
            Shown::id(row.schema.schema_id.into()),
            row.stands(),
            Shown::count(row.columns()),
            Shown::count(row.schema.fields.len() as i128),
            row.told(),
        ]
    }
}

#[async_trait]
impl List for Schemas {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<Line>>) -> Result<()> {
        let table = of_table::table(&self.route, lake).await?;
        feed.send(lines(inspect::schemas(&table))).await
    }

    fn title(&self, rows: &[Line]) -> String {
        human::counted(rows.len(), "schema")
    }

    fn facts(&self, row: &Line, _now_ms: i64) -> Vec<Fact> {
        let mut facts = vec![
            Fact::new("schema", Shown::id(row.schema.schema_id.into())),
            Fact::new("current", Shown::word(if row.schema.is_current { "yes" } else { "no" })),
            Fact::new("columns", Shown::count(row.columns())),
            Fact::heading("changed"),
        ];
        match row.changes.is_empty() {
            true => facts.push(Fact::line(row.told())),
            false => facts.extend(row.changes.iter().map(|change| Fact::line(Shown::text(change)))),
        }
        facts
    }

    fn detail_title(&self, row: &Line) -> String {
        format!("schema {}", row.schema.schema_id)
    }

    fn enter(&self, row: &Line) -> Option<(&'static str, Route)> {
        let there = self.route.to_screen(schema::NAME).with_detail(row.schema.schema_id.to_string());
        Some(("fields", there))
    }

    fn raw(&self, row: &Line) -> Option<String> {
        serde_json::to_string_pretty(&row.schema).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::inspect::FieldRow;

    fn field(id: i32, name: &str, type_name: &str) -> FieldRow {
        FieldRow {
            id,
            name: name.into(),
            type_name: type_name.into(),
            required: false,
            doc: None,
            initial_default: None,
            write_default: None,
            depth: 0,
            identifies: false,
        }
    }

    fn schema(schema_id: i32, fields: Vec<FieldRow>) -> SchemaRow {
        SchemaRow { schema_id, is_current: false, identifier_field_ids: Vec::new(), fields }
    }

    #[test]
    fn what_changed_is_told_newest_first() {
        let first = schema(0, vec![field(1, "id", "int"), field(2, "old", "string")]);
        let then = schema(1, vec![field(1, "id", "long"), field(3, "note", "string")]);
        let renamed = schema(2, vec![field(1, "key", "long"), field(3, "note", "string")]);
        let lines = lines(vec![first, then, renamed]);
        let told: Vec<_> = lines.iter().map(|line| line.told().text.into_owned()).collect();
        assert_eq!(told, ["id → key", "id: int → long, + note string, − old", "the first"]);
    }
}
