//! A mapping beside its source and its table, in plain words for the mapping pane. No types of Arrow or Iceberg here.

use super::Mapping;
use crate::ingest::bind::{Binding, Problem};
use crate::ingest::parse::type_name;
use crate::ingest::source::Source;
use crate::table::Table;

/// A mapping as it is shown: the source on the left, the table on the right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappingView {
    /// The source columns, in the source's order.
    pub source: Vec<SourceSide>,
    /// The table columns, in the table's order.
    pub table: Vec<TableSide>,
    /// What is wrong besides (a mapped column that the table does not have), each a sentence.
    pub problems: Vec<String>,
}

/// One source column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSide {
    /// Its name.
    pub name: String,
    /// Its type, in Iceberg's words.
    pub type_name: String,
    /// One of its values, as text; nothing where none was seen.
    pub sample: Option<String>,
    /// How many of a hundred values are null, rounded down.
    pub null_percent: u8,
    /// Whether a table column is taken from it.
    pub used: bool,
}

/// One table column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSide {
    /// Its name.
    pub name: String,
    /// Its type, in Iceberg's words.
    pub type_name: String,
    /// Whether it takes no nulls.
    pub required: bool,
    /// Where its values come from, in a few words.
    pub how: String,
    /// Whether the mapping says so: a source column, an expression or a constant.
    pub has_source: bool,
    /// How it stands.
    pub state: State,
}

/// How a table column stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It has a source.
    Mapped,
    /// It becomes null, or its write default.
    Unmapped,
    /// It cannot be loaded so, and why.
    Wrong(String),
}

impl MappingView {
    /// The mapping beside its source and the table's current schema.
    pub fn new(mapping: &Mapping, source: &Source, table: &Table) -> Self {
        let bound = Binding::for_table(mapping, source, table);
        let problems = bound.as_ref().err().map(Vec::as_slice).unwrap_or_default();
        let schema = table.metadata().current_schema();
        let used = match &bound {
            Ok(bound) => bound.source_projection().to_vec(),
            Err(_) => used(mapping, source, schema),
        };
        let fields = schema.as_struct().fields();
        let side = |field: &iceberg::spec::NestedFieldRef| TableSide {
            name: field.name.clone(),
            type_name: field.field_type.to_string(),
            required: field.required,
            how: mapping.column(&field.name).map_or_else(|| "no source".into(), |c| c.describe()),
            has_source: mapping.column(&field.name).is_some_and(|c| c.rule != super::Rule::Skip),
            state: state(mapping, &field.name, problems),
        };
        let named = |p: &&Problem| p.column.as_ref().is_some_and(|c| fields.iter().any(|f| f.name == *c));
        Self {
            source: source
                .columns
                .iter()
                .enumerate()
                .map(|(i, c)| SourceSide::of(c, used.contains(&i) || mapping.names(&c.name)))
                .collect(),
            table: fields.iter().map(side).collect(),
            problems: problems.iter().filter(|p| !named(p)).map(ToString::to_string).collect(),
        }
    }
}

impl SourceSide {
    fn of(column: &crate::ingest::source::SourceColumn, used: bool) -> Self {
        Self {
            name: column.name.clone(),
            type_name: type_name(&column.data_type),
            sample: column.samples.first().cloned(),
            null_percent: u8::try_from((column.nulls * 100).checked_div(column.rows).unwrap_or_default())
                .unwrap_or(100),
            used,
        }
    }
}

impl Mapping {
    /// Whether a table column is taken straight from this source column.
    fn names(&self, source: &str) -> bool {
        self.columns.iter().any(|c| matches!(&c.rule, super::Rule::Column(from) if from == source))
    }
}

/// The source columns that those table columns need that can be bound by themselves.
fn used(mapping: &Mapping, source: &Source, schema: &iceberg::spec::Schema) -> Vec<usize> {
    let bound = |c: &super::ColumnMapping| Binding::of_column(mapping, &c.column, &source.columns, schema).ok();
    mapping.columns.iter().filter_map(bound).flat_map(|b| b.source_projection().to_vec()).collect()
}

fn state(mapping: &Mapping, column: &str, problems: &[Problem]) -> State {
    let mine = problems.iter().find(|p| p.column.as_deref() == Some(column));
    match (mine, mapping.column(column)) {
        (Some(problem), _) => State::Wrong(problem.reason.clone()),
        (None, Some(c)) if c.rule != super::Rule::Skip => State::Mapped,
        _ => State::Unmapped,
    }
}
