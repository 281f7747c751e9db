//! Every partition spec and sort order the table ever had, field by field, the current ones marked.

use async_trait::async_trait;

use super::list::List;
use super::of_table;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use crate::Result;
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::catalog::Lake;
use crate::table::inspect::{self, SortFieldRow, SortOrderRow, SpecFieldRow, SpecRow};

/// Its name on the command line.
pub const NAME: &str = "specs";

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct Specs {
    /// A table.
    pub route: Route,
}

/// A field of a spec or an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpecField {
    /// A partition field.
    Partition(SpecFieldRow),
    /// A sort field.
    Sort(SortFieldRow),
    /// The spec or order has none.
    None,
}

/// A field in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whether it is of a sort order.
    pub is_sort: bool,
    /// The id of the spec or order.
    pub id: i64,
    /// Whether writers follow it now.
    pub is_default: bool,
    /// Its place within.
    pub position: usize,
    /// The field.
    pub field: SpecField,
}

fn of_spec(spec: SpecRow) -> Vec<Line> {
    let fields = spec.fields.into_iter().map(SpecField::Partition).collect();
    placed(false, spec.spec_id.into(), spec.is_default, fields)
}

fn of_order(order: SortOrderRow) -> Vec<Line> {
    let fields = order.fields.into_iter().map(SpecField::Sort).collect();
    placed(true, order.order_id, order.is_default, fields)
}

/// The lines of one spec or order.
pub fn placed(is_sort: bool, id: i64, is_default: bool, mut fields: Vec<SpecField>) -> Vec<Line> {
    if fields.is_empty() {
        fields.push(SpecField::None);
    }
    let line = |(position, field)| Line { is_sort, id, is_default, position, field };
    fields.into_iter().enumerate().map(line).collect()
}

impl Line {
    fn of(&self) -> Shown {
        let what = if self.is_sort { "sort order" } else { "spec" };
        let tone = if self.is_default { Tone::Current } else { Tone::Plain };
        Shown::text(format!("{what} {}", self.id)).tone(tone)
    }

    fn stands(&self) -> Shown {
        match self.is_default {
            true => Shown::word("current").tone(Tone::Current),
            false => Shown::word("").tone(Tone::Dim),
        }
    }

    fn source(&self) -> Shown {
        let (source, id) = match &self.field {
            SpecField::Partition(field) => (&field.source, field.source_id),
            SpecField::Sort(field) => (&field.source, field.source_id),
            SpecField::None => return Shown::missing(),
        };
        match source {
            Some(name) => Shown::text(name).tone(Tone::Accent),
            None => Shown::text(format!("column {id}, gone")).tone(Tone::Warning),
        }
    }

    fn transform(&self) -> Shown {
        match &self.field {
            SpecField::Partition(field) if field.transform == "void" => Shown::word("void: removed").tone(Tone::Dim),
            SpecField::Partition(field) => Shown::text(&field.transform),
            SpecField::Sort(field) => Shown::text(&field.transform),
            SpecField::None if self.is_sort => Shown::word("unsorted").tone(Tone::Dim),
            SpecField::None => Shown::word("unpartitioned").tone(Tone::Dim),
        }
    }

    fn name(&self) -> Shown {
        match &self.field {
            SpecField::Partition(field) => Shown::text(&field.name),
            SpecField::Sort(field) => Shown::text(format!("{}, {}", field.direction, field.null_order)),
            SpecField::None => Shown::missing(),
        }
    }
}

impl Look for Specs {
    type Row = Line;

    fn columns(&self, _sample: Option<&Line>) -> Vec<Column> {
        vec![
            Column::new("of"),
            Column::new("stands"),
            Column::new("column").limit(48).least(12),
            Column::new("transform").limit(24).least(10),
            Column::new("field").limit(48).least(12),
            Column::new("id").right().spare(1),
        ]
    }

    fn key(&self, row: &Line) -> String {
        format!("{} {} {}", row.is_sort, row.id, row.position)
    }

    fn show(&self, row: &Line, _now_ms: i64) -> Vec<Shown> {
        let id = match &row.field {
            SpecField::Partition(field) => Shown::id(field.field_id.into()),
            _ => Shown::missing(),
        };
        vec![row.of(), row.stands(), row.source(), row.transform(), row.name(), id]
    }
}

#[async_trait]
impl List for Specs {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<Line>>) -> Result<()> {
        let table = of_table::table(&self.route, lake).await?;
        let specs = inspect::specs(&table).into_iter().rev().flat_map(of_spec);
        feed.send(specs.chain(inspect::sort_orders(&table).into_iter().rev().flat_map(of_order)).collect()).await
    }

    fn title(&self, rows: &[Line]) -> String {
        let firsts = |sort: bool| rows.iter().filter(|row| row.is_sort == sort && row.position == 0).count();
        let specs = human::counted(firsts(false), "partition spec");
        format!("{specs}, {}", human::counted(firsts(true), "sort order"))
    }

    fn facts(&self, row: &Line, _now_ms: i64) -> Vec<Fact> {
        let mut facts = vec![
            Fact::new("of", row.of()),
            Fact::new("current", Shown::word(if row.is_default { "yes" } else { "no" })),
            Fact::new("column", row.source()),
            Fact::new("transform", row.transform()),
        ];
        match &row.field {
            SpecField::Partition(field) => facts.extend([
                Fact::new("field", Shown::text(&field.name)),
                Fact::new("field id", Shown::id(field.field_id.into())),
                Fact::new("source id", Shown::id(field.source_id.into())),
            ]),
            SpecField::Sort(field) => facts.extend([
                Fact::new("direction", Shown::word(field.direction)),
                Fact::new("nulls", Shown::word(field.null_order)),
                Fact::new("source id", Shown::id(field.source_id.into())),
            ]),
            SpecField::None => {}
        }
        facts
    }

    fn detail_title(&self, row: &Line) -> String {
        row.of().text.into_owned()
    }

    fn raw(&self, row: &Line) -> Option<String> {
        match &row.field {
            SpecField::Partition(field) => serde_json::to_string_pretty(field).ok(),
            SpecField::Sort(field) => serde_json::to_string_pretty(field).ok(),
            SpecField::None => None,
        }
    }

    fn copied(&self, row: &Line) -> String {
        row.show_line()
    }
}

impl Line {
    /// On one line, for the clipboard.
    fn show_line(&self) -> String {
        format!("{} {} {} {}", self.of().text, self.source().text, self.transform().text, self.name().text)
    }
}
