//! Cells from Arrow arrays of any type.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::*;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::Cell;

/// The rows of a batch, one cell a column. Structs, lists, maps, dictionaries, views and runs are taken apart.
pub fn cells(batch: &RecordBatch) -> Vec<Vec<Cell>> {
    Reader::default().rows(batch)
}

/// Reads cells; knows which 16-byte columns are UUIDs, which Arrow does not tell.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    uuids: HashSet<i32>,
}

impl Reader {
    /// A reader for batches whose fields with these Iceberg ids are UUIDs.
    pub fn with_uuids(uuids: HashSet<i32>) -> Self {
        Self { uuids }
    }

    /// The rows of a batch, one cell a column.
    pub fn rows(&self, batch: &RecordBatch) -> Vec<Vec<Cell>> {
        let schema = batch.schema();
        let columns: Vec<(&FieldRef, &ArrayRef)> = schema.fields().iter().zip(batch.columns()).collect();
        let row = |row| columns.iter().map(|(field, column)| self.cell(field, column, row)).collect();
        (0..batch.num_rows()).map(row).collect()
    }

    /// One value. A row beyond the array's end is null.
    pub fn cell(&self, field: &Field, array: &dyn Array, row: usize) -> Cell {
        if row >= array.len() || array.is_null(row) {
            return Cell::Null;
        }
        match array.data_type() {
            DataType::Null => Cell::Null,
            DataType::Boolean => Cell::Bool(array.as_boolean().value(row)),
            of_type if of_type.is_numeric() => number(array, row),
            of_type if of_type.is_temporal() => temporal(array, row),
            DataType::Utf8 => Cell::Text(array.as_string::<i32>().value(row).into()),
            DataType::LargeUtf8 => Cell::Text(array.as_string::<i64>().value(row).into()),
            DataType::Utf8View => Cell::Text(array.as_string_view().value(row).into()),
            DataType::Binary => Cell::Binary(array.as_binary::<i32>().value(row).into()),
            DataType::LargeBinary => Cell::Binary(array.as_binary::<i64>().value(row).into()),
            DataType::BinaryView => Cell::Binary(array.as_binary_view().value(row).into()),
            DataType::FixedSizeBinary(_) => self.fixed(field, array.as_fixed_size_binary().value(row)),
            _ => self.nested(field, array, row),
        }
    }

    fn fixed(&self, field: &Field, bytes: &[u8]) -> Cell {
        let id = field.metadata().get("PARQUET:field_id").and_then(|id| id.parse().ok());
        match <[u8; 16]>::try_from(bytes) {
            Ok(bytes) if id.is_some_and(|id| self.uuids.contains(&id)) => Cell::Uuid(u128::from_be_bytes(bytes)),
            _ => Cell::Binary(bytes.into()),
        }
    }

    fn nested(&self, field: &Field, array: &dyn Array, row: usize) -> Cell {
        match array.data_type() {
            DataType::List(item) => self.list(item, &array.as_list::<i32>().value(row)),
            DataType::LargeList(item) => self.list(item, &array.as_list::<i64>().value(row)),
            DataType::FixedSizeList(item, _) => self.list(item, &array.as_fixed_size_list().value(row)),
            DataType::ListView(item) => self.list(item, &array.as_list_view::<i32>().value(row)),
            DataType::LargeListView(item) => self.list(item, &array.as_list_view::<i64>().value(row)),
            DataType::Struct(fields) => {
                let columns = array.as_struct().columns();
                let value =
                    |(field, column): (&FieldRef, &ArrayRef)| (field.name().clone(), self.cell(field, column, row));
                Cell::Struct(fields.iter().zip(columns).map(value).collect())
            }
            DataType::Map(_, _) => self.map(array, row),
            DataType::Dictionary(_, _) => {
                let dictionary = array.as_any_dictionary();
                match number(dictionary.keys(), row) {
                    Cell::Int(key) => self.cell(field, dictionary.values(), usize::try_from(key).unwrap_or(usize::MAX)),
                    _ => Cell::Null,
                }
            }
            DataType::RunEndEncoded(_, _) => self.run(field, array, row),
            _ => shown(array, row),
        }
    }

    fn list(&self, item: &Field, items: &ArrayRef) -> Cell {
        Cell::List((0..items.len()).map(|i| self.cell(item, items, i)).collect())
    }

    fn map(&self, array: &dyn Array, row: usize) -> Cell {
        let entries = array.as_map().value(row);
        match (entries.fields().as_ref(), entries.columns()) {
            ([key, value], [keys, values]) => {
                Cell::Map((0..entries.len()).map(|i| (self.cell(key, keys, i), self.cell(value, values, i))).collect())
            }
            _ => Cell::Null,
        }
    }

    fn run(&self, field: &Field, array: &dyn Array, row: usize) -> Cell {
        let run16 = array.as_run_opt::<Int16Type>().map(|run| (run.get_physical_index(row), run.values().clone()));
        let run32 = || array.as_run_opt::<Int32Type>().map(|run| (run.get_physical_index(row), run.values().clone()));
        let run64 = || array.as_run_opt::<Int64Type>().map(|run| (run.get_physical_index(row), run.values().clone()));
        match run16.or_else(run32).or_else(run64) {
            Some((at, values)) => self.cell(field, &values, at),
            None => Cell::Null,
        }
    }
}

fn number(array: &dyn Array, row: usize) -> Cell {
    match array.data_type() {
        DataType::Int8 => Cell::Int(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Cell::Int(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Cell::Int(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Cell::Int(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => Cell::Int(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => Cell::Int(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => Cell::Int(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => Cell::UInt(array.as_primitive::<UInt64Type>().value(row)),
        DataType::Float16 => Cell::Float(array.as_primitive::<Float16Type>().value(row).to_f32()),
        DataType::Float32 => Cell::Float(array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => Cell::Double(array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal32(_, _) => Cell::Decimal(array.as_primitive::<Decimal32Type>().value_as_string(row)),
        DataType::Decimal64(_, _) => Cell::Decimal(array.as_primitive::<Decimal64Type>().value_as_string(row)),
        DataType::Decimal128(_, _) => Cell::Decimal(array.as_primitive::<Decimal128Type>().value_as_string(row)),
        DataType::Decimal256(_, _) => Cell::Decimal(array.as_primitive::<Decimal256Type>().value_as_string(row)),
        _ => shown(array, row),
    }
}

fn temporal(array: &dyn Array, row: usize) -> Cell {
    let time = |value: i64, unit: i64| value.checked_mul(unit).map_or_else(|| shown(array, row), Cell::Time);
    match array.data_type() {
        DataType::Date32 => Cell::Date(array.as_primitive::<Date32Type>().value(row).into()),
        DataType::Date64 => Cell::Date(array.as_primitive::<Date64Type>().value(row).div_euclid(86_400_000)),
        DataType::Time32(TimeUnit::Second) => {
            time(array.as_primitive::<Time32SecondType>().value(row).into(), 1_000_000_000)
        }
        DataType::Time32(_) => time(array.as_primitive::<Time32MillisecondType>().value(row).into(), 1_000_000),
        DataType::Time64(TimeUnit::Microsecond) => time(array.as_primitive::<Time64MicrosecondType>().value(row), 1000),
        DataType::Time64(_) => time(array.as_primitive::<Time64NanosecondType>().value(row), 1),
        DataType::Timestamp(unit, zone) => {
            let (value, scale) = match unit {
                TimeUnit::Second => (array.as_primitive::<TimestampSecondType>().value(row), 1_000_000_000),
                TimeUnit::Millisecond => (array.as_primitive::<TimestampMillisecondType>().value(row), 1_000_000),
                TimeUnit::Microsecond => (array.as_primitive::<TimestampMicrosecondType>().value(row), 1000),
                TimeUnit::Nanosecond => (array.as_primitive::<TimestampNanosecondType>().value(row), 1),
            };
            Cell::Timestamp { nanos: i128::from(value) * scale, utc: zone.is_some() }
        }
        _ => shown(array, row),
    }
}

/// What Iceberg has no type for (durations, intervals, unions), as Arrow writes it.
fn shown(array: &dyn Array, row: usize) -> Cell {
    let text = ArrayFormatter::try_new(array, &FormatOptions::new().with_display_error(true))
        .map(|formatter| formatter.value(row).to_string());
    Cell::Text(text.unwrap_or_else(|e| e.to_string()))
}
