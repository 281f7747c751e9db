//! Source rows on their way into a table: text parsed, mappings bound, batches fitted, whole files checked.

mod cast;
mod expression;
mod files;
mod mapping;
mod nested;
mod parse;
mod roundtrip;

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, Field, Schema as ArrowSchema};
use iceberg::spec::{NestedField, PrimitiveType, Schema, Type};
use icedeck::ingest::bind::{Binding, Problem};
use icedeck::ingest::fit::Fitted;
use icedeck::ingest::mapping::{ColumnMapping, Mapping, Rule};
use icedeck::ingest::source::SourceColumn;
use icedeck::ingest::{Fault, SourceBatch};

/// A text column as a CSV source has it, of an inferred type.
fn text_column(name: &str, inferred: DataType) -> SourceColumn {
    column(name, inferred, DataType::Utf8View)
}

fn column(name: &str, data_type: DataType, stored: DataType) -> SourceColumn {
    SourceColumn { name: name.into(), data_type, stored, nullable: true, nulls: 0, rows: 0, samples: Vec::new() }
}

/// A batch of text whose rows begin on line 2.
fn text_batch(columns: &[(&str, &[Option<&str>])]) -> SourceBatch {
    let arrays = columns.iter().map(|(name, cells)| {
        let array: ArrayRef = Arc::new(cells.iter().copied().collect::<StringViewArray>());
        (*name, array)
    });
    batch(arrays.collect())
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> SourceBatch {
    let fields: Vec<_> = columns.iter().map(|(n, a)| Field::new(*n, a.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, a)| a).collect();
    let batch = RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), arrays).unwrap();
    let lines = (2..2 + batch.num_rows() as u64).collect();
    SourceBatch { batch, file: Arc::new(PathBuf::from("a.csv")), lines, faults: Vec::new(), text: None }
}

/// A table schema of optional columns; a name ending in `!` is required.
fn schema(columns: &[(&str, Type)]) -> Schema {
    let fields = columns.iter().zip(1..).map(|((name, of), id)| {
        let field = match name.strip_suffix('!') {
            Some(name) => NestedField::required(id, name, of.clone()),
            None => NestedField::optional(id, *name, of.clone()),
        };
        field.into()
    });
    Schema::builder().with_fields(fields).build().unwrap()
}

fn primitive(of: PrimitiveType) -> Type {
    Type::Primitive(of)
}

/// The one-column table `x` of a type, taken from the source column `x`.
fn bound(from: SourceColumn, to: Type, edit: impl FnOnce(&mut ColumnMapping)) -> Result<Binding, Vec<Problem>> {
    let mut mapping = ColumnMapping::new("x", Rule::Column("x".into()));
    edit(&mut mapping);
    let mapping = Mapping { columns: vec![mapping], ..Mapping::default() };
    Binding::new(&mapping, &[from], &schema(&[("x", to)]))
}

/// Rows and reasons of the faults.
fn told(fitted: &Fitted) -> Vec<(u64, &str)> {
    fitted.faults.iter().map(|f: &Fault| (f.line.line, f.reason.as_str())).collect()
}
