//! Times of Parquet's old kind, INT96: a day and the nanoseconds within it. As nanoseconds since 1970 they end in 2262 and
//! begin again in 1677, so they are read as microseconds; a time that is finer than that is a fault, never cut.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, FieldRef, Fields, Schema, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType,
};
use chrono::{DateTime, TimeDelta};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::Type;
use parquet::errors::{ParquetError, Result};
use parquet::schema::types::SchemaDescriptor;

/// What is wrong with a time that is finer than microseconds.
pub(crate) const FINER: &str = "a time finer than microseconds";

/// The footer by which columns of INT96 are read as microseconds; nothing where there are none.
pub(super) fn in_microseconds(footer: &ArrowReaderMetadata) -> Result<Option<ArrowReaderMetadata>> {
    let stored = footer.parquet_schema();
    let mut leaves = (0..stored.num_columns()).map(|leaf| stored.column(leaf).physical_type());
    if !leaves.clone().any(|of| of == Type::INT96) {
        return Ok(None);
    }
    let fields: Fields = footer.schema().fields().iter().map(|field| hinted(field, &mut leaves)).collect();
    if leaves.next().is_some() {
        return Err(ParquetError::NYI("INT96 beside columns that have no type".into()));
    }
    let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
    ArrowReaderMetadata::try_new(footer.metadata().clone(), options).map(Some)
}

/// The field with microseconds for each leaf of INT96. Arrow's leaves stand in the order of Parquet's.
fn hinted(field: &FieldRef, leaves: &mut impl Iterator<Item = Type>) -> FieldRef {
    let same = |of: DataType| Arc::new(field.as_ref().clone().with_data_type(of));
    match field.data_type() {
        DataType::Struct(fields) => same(DataType::Struct(fields.iter().map(|f| hinted(f, leaves)).collect())),
        DataType::List(element) => same(DataType::List(hinted(element, leaves))),
        DataType::Map(entries, sorted) => same(DataType::Map(hinted(entries, leaves), *sorted)),
        _ => match leaves.next() {
            Some(Type::INT96) => same(DataType::Timestamp(TimeUnit::Microsecond, None)),
            _ => field.clone(),
        },
    }
}

/// The columns of a schema that are INT96 and not nested.
pub(super) fn roots(schema: &SchemaDescriptor) -> Vec<usize> {
    let is_root = |leaf: &usize| {
        let column = schema.column(*leaf);
        column.physical_type() == Type::INT96 && column.path().parts().len() == 1
    };
    (0..schema.num_columns()).filter(is_root).map(|leaf| schema.get_column_root_idx(leaf)).collect()
}

/// The rows whose time is finer than microseconds, and those times as text: nanoseconds tell, although they may have begun
/// again.
pub(super) fn finer(micros: &ArrayRef, nanos: &ArrayRef) -> Vec<(usize, Option<String>)> {
    let micros = micros.as_primitive_opt::<TimestampMicrosecondType>();
    let Some((micros, nanos)) = micros.zip(nanos.as_primitive_opt::<TimestampNanosecondType>()) else {
        return Vec::new();
    };
    let rest = |row: usize| nanos.value(row).wrapping_sub(micros.value(row).wrapping_mul(1000));
    let differ = |row: &usize| micros.is_valid(*row) && rest(*row) != 0;
    let found = (0..micros.len().min(nanos.len())).filter(differ);
    found.map(|row| (row, shown(micros.value(row), rest(row)))).collect()
}

/// A time in microseconds and what it has of nanoseconds besides.
fn shown(micros: i64, nanos: i64) -> Option<String> {
    let time = DateTime::from_timestamp_micros(micros)?.naive_utc();
    let time = time.checked_add_signed(TimeDelta::nanoseconds(nanos))?;
    Some(time.format("%Y-%m-%dT%H:%M:%S%.9f").to_string())
}
