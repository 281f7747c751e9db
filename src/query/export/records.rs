//! Records that are in memory already, as lists have them, written to a file. In Parquet a column has the narrowest
//! type that holds all of its values; what is nested is its JSON.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde_json::Value;

use super::parquet::ParquetFile;
use super::partial::Partial;
use super::{Exported, Format, Target, TextFile, json};
use crate::monitor::Monitor;
use crate::{Error, Result};

/// Records are written so many at a time.
const PAGE: usize = 4096;

/// Records that can be asked for by their number.
pub struct Records<'a> {
    /// The columns.
    pub columns: Vec<String>,
    /// How many there are.
    pub len: usize,
    /// A record's values, one a column.
    pub row: &'a dyn Fn(usize) -> Vec<Value>,
}

impl std::fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").field("columns", &self.columns).field("len", &self.len).finish_non_exhaustive()
    }
}

/// Writes them. Blocks: call it on a thread that may wait.
///
/// # Errors
/// Those of [`rows`](super::rows()).
pub fn records(records: &Records<'_>, target: &Target, id: &str, monitor: &Monitor) -> Result<Exported> {
    monitor.update(|p| p.stage = "exporting");
    let out = Partial::begin(target, id)?;
    if target.format == Format::Parquet {
        return as_parquet(records, out, monitor);
    }
    let mut file = TextFile::begin(out, records.columns.clone(), target.format)?;
    for page in pages(records, monitor) {
        file.write(page?)?;
    }
    file.finish()
}

fn pages<'a>(records: &'a Records<'_>, monitor: &'a Monitor) -> impl Iterator<Item = Result<Vec<Vec<Value>>>> + 'a {
    (0..records.len).step_by(PAGE).map(move |first| {
        monitor.check()?;
        let rows: Vec<_> = (first..records.len.min(first + PAGE)).map(|row| (records.row)(row)).collect();
        monitor.update(|p| p.rows += rows.len() as u64);
        Ok(rows)
    })
}

fn as_parquet(records: &Records<'_>, out: Partial, monitor: &Monitor) -> Result<Exported> {
    let mut types: Vec<Option<DataType>> = vec![None; records.columns.len()];
    for row in 0..records.len {
        monitor.check()?;
        types.iter_mut().zip((records.row)(row)).for_each(|(so_far, value)| *so_far = wider(so_far.take(), &value));
    }
    let field =
        |(name, of_type): (&String, Option<DataType>)| Field::new(name, of_type.unwrap_or(DataType::Utf8), true);
    let fields: Vec<Field> = records.columns.iter().zip(types).map(field).collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let mut file = ParquetFile::begin(out, schema.clone())?;
    for page in pages(records, monitor) {
        let page = page?;
        let column = |(at, field): (usize, &Arc<Field>)| array(&page, at, field.data_type());
        let columns = schema.fields().iter().enumerate().map(column).collect();
        let batch = RecordBatch::try_new(schema.clone(), columns);
        file.write(&batch.map_err(|e| Error::bug("the records do not fit their columns").caused_by(e))?)?;
    }
    file.finish()
}

/// The type that holds what was seen before and this value too.
fn wider(so_far: Option<DataType>, value: &Value) -> Option<DataType> {
    let own = match value {
        Value::Null => return so_far,
        Value::Bool(_) => DataType::Boolean,
        Value::Number(n) if n.is_i64() => DataType::Int64,
        Value::Number(n) if n.is_f64() => DataType::Float64,
        _ => DataType::Utf8,
    };
    Some(match so_far {
        None => own,
        Some(before) if before == own => own,
        Some(DataType::Int64 | DataType::Float64) if matches!(own, DataType::Int64 | DataType::Float64) => {
            DataType::Float64
        }
        Some(_) => DataType::Utf8,
    })
}

fn array(page: &[Vec<Value>], at: usize, of_type: &DataType) -> ArrayRef {
    let values = page.iter().map(|row| row.get(at).unwrap_or(&Value::Null));
    match of_type {
        DataType::Boolean => Arc::new(values.map(Value::as_bool).collect::<BooleanArray>()),
        DataType::Int64 => Arc::new(values.map(Value::as_i64).collect::<Int64Array>()),
        DataType::Float64 => Arc::new(values.map(Value::as_f64).collect::<Float64Array>()),
        _ => Arc::new(values.map(text).collect::<StringArray>()),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(json::compact(other)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_column_takes_the_narrowest_type() {
        let of = |values: &[Value]| values.iter().fold(None, wider);
        assert_eq!(of(&[json!(null), json!(1), json!(2)]), Some(DataType::Int64));
        assert_eq!(of(&[json!(1), json!(2.5)]), Some(DataType::Float64));
        assert_eq!(of(&[json!(true), json!(2)]), Some(DataType::Utf8));
        assert_eq!(of(&[json!(u64::MAX)]), Some(DataType::Utf8));
        assert_eq!(of(&[json!({"a": 1})]), Some(DataType::Utf8));
        assert_eq!(of(&[json!(null)]), None);
    }
}
