//! A mapping bound to one source and one table schema: checked wholly before the first row is read.
//!
//! Binding tells all that is wrong at once. What it returns can fit batches on any number of threads; it does not read
//! files and knows nothing of catalogs.

mod column;
mod coverage;
mod defaults;
mod problem;

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::Schema;

use crate::ingest::expression::Compiler;
use crate::ingest::fit::Convert;
use crate::ingest::mapping::{Mapping, nearest};
use crate::ingest::parse::{ParseFormat, TextParser};
use crate::ingest::source::{Source, SourceColumn};
use crate::table::Table;

pub(super) use column::{Bound, Input};
pub use column::{ColumnPlan, Verdict};
pub use problem::Problem;

/// A mapping that goes with a source and a table. Shared by the workers that fit batches.
#[derive(Debug)]
pub struct Binding {
    schema: SchemaRef,
    pub(super) columns: Vec<Bound>,
    pub(super) source: Vec<SourceColumn>,
    projection: Vec<usize>,
}

impl Binding {
    /// Binds a mapping to the columns of a source and the schema of a table.
    ///
    /// # Errors
    /// Everything that is wrong: required columns without a source, unknown names, types that cannot be cast,
    /// expressions, constants, formats and zones that are none.
    pub fn new(mapping: &Mapping, source: &[SourceColumn], schema: &Schema) -> Result<Self, Vec<Problem>> {
        Self::bind(mapping, source, schema, None)
    }

    /// Binds a mapping to a source and a table's current schema.
    ///
    /// # Errors
    /// As [`Binding::new`].
    pub fn for_table(mapping: &Mapping, source: &Source, table: &Table) -> Result<Self, Vec<Problem>> {
        Self::new(mapping, &source.columns, table.metadata().current_schema())
    }

    /// Binds what a mapping says of one table column alone, whatever is wrong with the others: for showing how values
    /// come out while a mapping is edited.
    ///
    /// # Errors
    /// What is wrong with that column.
    pub fn of_column(
        mapping: &Mapping,
        column: &str,
        source: &[SourceColumn],
        schema: &Schema,
    ) -> Result<Self, Vec<Problem>> {
        Self::bind(mapping, source, schema, Some(column))
    }

    /// Exactly what `schema_to_arrow_schema` makes of the table's schema, field ids included.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The positions of the source columns that are needed, ascending: decode these, or all.
    pub fn source_projection(&self) -> &[usize] {
        &self.projection
    }

    /// For each column of the projection the parser that all its values go through and nothing else does: it may be
    /// parsed while it is read.
    pub fn source_parsers(&self) -> Vec<Option<TextParser>> {
        let parser = |source: &usize| {
            let mut uses = self.columns.iter().filter(|column| column.input.needs(*source));
            match (uses.next().map(|column| (&column.input, &column.convert)), uses.next()) {
                (Some((Input::Source(_), Convert::Parse(parser))), None) if parser.parses_all() => Some(parser.clone()),
                (Some((Input::Source(_), Convert::Laid(DataType::Utf8))), None) => {
                    TextParser::new(&DataType::Utf8, &ParseFormat::default()).ok()
                }
                _ => None,
            }
        };
        self.projection.iter().map(parser).collect()
    }

    /// What will be done to each table column, in the table's order.
    pub fn plans(&self) -> Vec<ColumnPlan> {
        self.columns.iter().map(Bound::plan).collect()
    }

    /// Where source column `source` stands in a batch that has all columns, or those of the projection.
    pub(super) fn position(&self, source: usize, batch_columns: usize) -> Option<usize> {
        if batch_columns == self.source.len() {
            Some(source)
        } else if batch_columns == self.projection.len() {
            self.projection.binary_search(&source).ok()
        } else {
            None
        }
    }

    fn bind(
        mapping: &Mapping,
        source: &[SourceColumn],
        schema: &Schema,
        only: Option<&str>,
    ) -> Result<Self, Vec<Problem>> {
        let target = match schema_to_arrow_schema(schema) {
            Ok(target) => target,
            Err(e) => return Err(vec![Problem::general(format!("the table's schema has no Arrow form: {e}"))]),
        };
        let mut problems = if only.is_none() { names(mapping, schema) } else { Vec::new() };
        let compiler = match Compiler::new(source, &mapping.types) {
            Ok(compiler) => compiler,
            Err(more) => {
                problems.extend(more);
                return Err(problems);
            }
        };
        let (mut columns, mut fields) = (Vec::new(), Vec::new());
        let wanted = |name: &str| only.is_none_or(|only| only == name);
        for (field, arrow) in schema.as_struct().fields().iter().zip(target.fields()).filter(|(f, _)| wanted(&f.name)) {
            fields.push(arrow.clone());
            match Bound::new(mapping.column(&field.name), field, arrow, &compiler) {
                Ok(bound) => columns.push(bound),
                Err(problem) => problems.push(problem.of_column(&field.name)),
            }
        }
        if only.is_none() && problems.is_empty() {
            problems.extend(coverage::nothing(&columns, source, schema));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut projection: Vec<usize> = columns.iter().flat_map(Bound::needs).collect();
        projection.sort_unstable();
        projection.dedup();
        let schema = match only {
            None => Arc::new(target),
            Some(_) => Arc::new(arrow::datatypes::Schema::new(fields)),
        };
        Ok(Self { schema, columns, source: source.to_vec(), projection })
    }
}

/// Columns that the table does not have, or that are mapped twice.
fn names(mapping: &Mapping, schema: &Schema) -> Vec<Problem> {
    let fields = schema.as_struct().fields();
    let mut problems = Vec::new();
    for (i, column) in mapping.columns.iter().enumerate() {
        let name = &column.column;
        if !fields.iter().any(|f| f.name == *name) {
            let near = nearest(name, fields.iter().map(|f| f.name.as_str()));
            problems.push(Problem::new(format!("the table has no column {name}")).near(&near).of_column(name));
        } else if mapping.columns.iter().take(i).any(|other| other.column == *name) {
            problems.push(Problem::new("is mapped twice").of_column(name));
        }
    }
    problems
}
