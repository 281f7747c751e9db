//! A file's columns turned into the table's, by field id at every depth: renamed, reordered, widened, added and dropped
//! fields all end where they belong.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::new_null_array;
use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, RecordBatchOptions, StructArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use datafusion_common::ScalarValue;
use iceberg::spec::{Literal, PrimitiveLiteral};

use crate::{Error, Result};

/// Where Arrow fields keep Iceberg's field id.
const FIELD_ID: &str = "PARQUET:field_id";

/// The field id of an Arrow field.
pub fn field_id(field: &Field) -> Option<i32> {
    field.metadata().get(FIELD_ID)?.parse().ok()
}

/// Values of columns that a file lacks, by field id: partition values and defaults.
pub type Missing = HashMap<i32, Literal>;

/// The same schema with every field nullable, since a file may lack what the table requires.
pub fn relaxed(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(relaxed_field).collect::<Fields>()))
}

fn relaxed_field(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(relaxed_field).collect()),
        DataType::List(item) => DataType::List(relaxed_field(item)),
        // Keys stay required: Arrow demands it.
        DataType::Map(entries, sorted) => match entries.data_type() {
            DataType::Struct(pair) => {
                let pair =
                    pair.iter().enumerate().map(|(i, field)| if i == 0 { field.clone() } else { relaxed_field(field) });
                let entries = entries.as_ref().clone().with_data_type(DataType::Struct(pair.collect()));
                DataType::Map(Arc::new(entries), *sorted)
            }
            _ => field.data_type().clone(),
        },
        other => other.clone(),
    };
    Arc::new(field.as_ref().clone().with_data_type(data_type).with_nullable(true))
}

/// The batch with exactly the columns of `target`.
///
/// # Errors
/// [`Kind::Corrupt`](crate::Kind::Corrupt) for a column whose values do not fit the table's type.
pub fn conform(batch: &RecordBatch, target: &SchemaRef, missing: &Missing) -> Result<RecordBatch> {
    let source = batch.schema();
    let places = Places::of(source.fields());
    let column = |field: &FieldRef| {
        let found = places.find(field).and_then(|at| batch.columns().get(at));
        match found {
            Some(column) => conform_array(column, field).map_err(|e| unfit(e, field)),
            None => fill(field, missing, batch.num_rows()),
        }
    };
    let columns = target.fields().iter().map(column).collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(target.clone(), columns, &options)
        .map_err(|e| Error::corrupt("the file's columns do not fit the table's").caused_by(e))
}

fn unfit(error: arrow::error::ArrowError, field: &Field) -> Error {
    Error::corrupt("a column of the file does not fit the table's type").with("column", field.name()).caused_by(error)
}

/// Where fields are among the file's: by id, or by name where the file has no ids.
struct Places<'a> {
    by_id: HashMap<i32, usize>,
    by_name: HashMap<&'a str, usize>,
}

impl<'a> Places<'a> {
    fn of(source: &'a Fields) -> Self {
        let (mut by_id, mut by_name) = (HashMap::new(), HashMap::new());
        for (at, field) in source.iter().enumerate() {
            by_name.entry(field.name().as_str()).or_insert(at);
            if let Some(id) = field_id(field) {
                by_id.entry(id).or_insert(at);
            }
        }
        Self { by_id, by_name }
    }

    fn find(&self, field: &Field) -> Option<usize> {
        match field_id(field).filter(|_| !self.by_id.is_empty()) {
            Some(id) => self.by_id.get(&id).copied(),
            None => self.by_name.get(field.name().as_str()).copied(),
        }
    }
}

fn conform_array(source: &ArrayRef, target: &Field) -> Result<ArrayRef, arrow::error::ArrowError> {
    match (source.data_type(), target.data_type()) {
        (from, to) if from == to => Ok(source.clone()),
        (DataType::Struct(fields), DataType::Struct(wanted)) => {
            let source = source.as_struct();
            Ok(Arc::new(conform_struct(source, fields, wanted)?))
        }
        (DataType::List(_), DataType::List(item)) => {
            let list = source.as_list::<i32>();
            let values = conform_array(list.values(), item)?;
            Ok(Arc::new(ListArray::try_new(item.clone(), list.offsets().clone(), values, list.nulls().cloned())?))
        }
        (DataType::LargeList(item) | DataType::FixedSizeList(item, _), DataType::List(_)) => {
            let plain = exact_cast(source, &DataType::List(item.clone()))?;
            conform_array(&plain, target)
        }
        (DataType::Map(_, _), DataType::Map(entries, sorted)) => {
            let map = source.as_map();
            let DataType::Struct(wanted) = entries.data_type() else { return exact_cast(source, target.data_type()) };
            let pairs = conform_pairs(map.entries(), wanted)?;
            let nulls = map.nulls().cloned();
            Ok(Arc::new(MapArray::try_new(entries.clone(), map.offsets().clone(), pairs, nulls, *sorted)?))
        }
        (_, to) => exact_cast(source, to),
    }
}

fn conform_struct(
    source: &StructArray,
    fields: &Fields,
    wanted: &Fields,
) -> Result<StructArray, arrow::error::ArrowError> {
    if wanted.is_empty() {
        return Ok(StructArray::new_empty_fields(source.len(), source.nulls().cloned()));
    }
    let places = Places::of(fields);
    let child = |field: &FieldRef| match places.find(field).and_then(|at| source.columns().get(at)) {
        Some(column) => conform_array(column, field),
        None => Ok(new_null_array(field.data_type(), source.len())),
    };
    let children = wanted.iter().map(child).collect::<Result<Vec<_>, _>>()?;
    StructArray::try_new(wanted.clone(), children, source.nulls().cloned())
}

/// Keys and values of a map, by their position: the names differ between writers.
fn conform_pairs(source: &StructArray, wanted: &Fields) -> Result<StructArray, arrow::error::ArrowError> {
    let children = source.columns().iter().zip(wanted.iter()).map(|(column, field)| conform_array(column, field));
    StructArray::try_new(wanted.clone(), children.collect::<Result<Vec<_>, _>>()?, source.nulls().cloned())
}

/// A cast that fails where a value would change.
fn exact_cast(source: &ArrayRef, to: &DataType) -> Result<ArrayRef, arrow::error::ArrowError> {
    cast_with_options(source, to, &CastOptions { safe: false, ..CastOptions::default() })
}

fn fill(field: &FieldRef, missing: &Missing, rows: usize) -> Result<ArrayRef> {
    let literal = field_id(field).and_then(|id| missing.get(&id));
    let Some(literal) = literal else { return Ok(new_null_array(field.data_type(), rows)) };
    let unfit = || {
        Error::unsupported("the file lacks a column, and the value that stands for it cannot be shown")
            .with("column", field.name())
    };
    let scalar = scalar(literal, field.data_type()).ok_or_else(unfit)?;
    let array = scalar.to_array_of_size(rows).map_err(|e| unfit().caused_by(e))?;
    exact_cast(&array, field.data_type()).map_err(|e| unfit().caused_by(e))
}

/// A literal as Arrow's scalar of the type that its column has, or one that casts to it.
pub(super) fn scalar(literal: &Literal, to: &DataType) -> Option<ScalarValue> {
    let Literal::Primitive(value) = literal else { return None };
    let scalar = match (value, to) {
        (PrimitiveLiteral::Boolean(b), _) => ScalarValue::Boolean(Some(*b)),
        (PrimitiveLiteral::Int(n), DataType::Date32) => ScalarValue::Date32(Some(*n)),
        (PrimitiveLiteral::Int(n), _) => ScalarValue::Int32(Some(*n)),
        (PrimitiveLiteral::Long(n), DataType::Time64(_)) => ScalarValue::Time64Microsecond(Some(*n)),
        (PrimitiveLiteral::Long(n), DataType::Timestamp(unit, zone)) => match unit {
            arrow::datatypes::TimeUnit::Nanosecond => ScalarValue::TimestampNanosecond(Some(*n), zone.clone()),
            _ => ScalarValue::TimestampMicrosecond(Some(*n), zone.clone()),
        },
        (PrimitiveLiteral::Long(n), _) => ScalarValue::Int64(Some(*n)),
        (PrimitiveLiteral::Float(n), _) => ScalarValue::Float32(Some(n.0)),
        (PrimitiveLiteral::Double(n), _) => ScalarValue::Float64(Some(n.0)),
        (PrimitiveLiteral::String(text), _) => ScalarValue::Utf8(Some(text.clone())),
        (PrimitiveLiteral::UInt128(n), _) => ScalarValue::FixedSizeBinary(16, Some(n.to_be_bytes().to_vec())),
        (PrimitiveLiteral::Binary(bytes), DataType::FixedSizeBinary(size)) => {
            ScalarValue::FixedSizeBinary(*size, Some(bytes.clone()))
        }
        (PrimitiveLiteral::Binary(bytes), _) => ScalarValue::LargeBinary(Some(bytes.clone())),
        (PrimitiveLiteral::Int128(n), DataType::Decimal128(precision, scale)) => {
            ScalarValue::Decimal128(Some(*n), *precision, *scale)
        }
        _ => return None,
    };
    Some(scalar)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int32Array, Int64Array, StringArray};
    use arrow::buffer::OffsetBuffer;

    use super::*;

    fn field(name: &str, id: i32, data_type: DataType) -> FieldRef {
        let ids = HashMap::from([(FIELD_ID.to_string(), id.to_string())]);
        Arc::new(Field::new(name, data_type, true).with_metadata(ids))
    }

    fn ints(values: &[Option<i32>]) -> ArrayRef {
        Arc::new(Int32Array::from(values.to_vec()))
    }

    fn conformed(source: Vec<(FieldRef, ArrayRef)>, target: Vec<FieldRef>) -> Vec<ArrayRef> {
        let (fields, columns): (Vec<_>, Vec<_>) = source.into_iter().unzip();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
        conform(&batch, &Arc::new(Schema::new(target)), &Missing::new()).unwrap().columns().to_vec()
    }

    #[test]
    fn columns_go_by_id_not_by_name() {
        let source = vec![
            (field("a", 1, DataType::Int32), ints(&[Some(1)])),
            (field("b", 2, DataType::Int32), ints(&[Some(2)])),
        ];
        // Swapped names, widened, and one that is new.
        let target =
            vec![field("a", 2, DataType::Int64), field("b", 1, DataType::Int32), field("c", 3, DataType::Utf8)];
        let columns = conformed(source, target);
        assert_eq!(columns[0].as_ref(), &Int64Array::from(vec![2]) as &dyn Array);
        assert_eq!(columns[1].as_ref(), &Int32Array::from(vec![1]) as &dyn Array);
        assert_eq!(columns[2].as_ref(), &StringArray::from(vec![None::<&str>]) as &dyn Array);
    }

    #[test]
    fn thousands_of_columns_are_found_without_going_through_all_for_each() {
        let fields: Vec<_> = (0..20_000).map(|id| field(&format!("c{id}"), id, DataType::Int32)).collect();
        let column = ints(&[Some(1)]);
        let source = fields.iter().rev().map(|field| (field.clone(), column.clone())).collect();
        let began = std::time::Instant::now();
        assert_eq!(conformed(source, fields).len(), 20_000);
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    }

    #[test]
    fn a_dropped_field_does_not_come_back_under_another_name() {
        // struct<1: x, 2: y> in a list, read as struct<3: x, 2: z>: the old x must not fill the new one.
        let old = Fields::from(vec![field("x", 1, DataType::Int32), field("y", 2, DataType::Int32)]);
        let new = Fields::from(vec![field("x", 3, DataType::Int32), field("z", 2, DataType::Int64)]);
        let items = StructArray::new(old.clone(), vec![ints(&[Some(1), None]), ints(&[Some(5), Some(6)])], None);
        let item = |fields: &Fields| field("element", 9, DataType::Struct(fields.clone()));
        let list = ListArray::new(item(&old), OffsetBuffer::from_lengths([2, 0]), Arc::new(items), None);
        let source = vec![(field("l", 8, list.data_type().clone()), Arc::new(list) as ArrayRef)];
        let columns = conformed(source, vec![field("l", 8, DataType::List(item(&new)))]);
        let items = columns[0].as_list::<i32>().value(0);
        assert_eq!(items.as_struct().column(0).null_count(), 2);
        assert_eq!(items.as_struct().column(1).as_ref(), &Int64Array::from(vec![5, 6]) as &dyn Array);
    }

    #[test]
    fn a_value_that_does_not_fit_is_an_error() {
        let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        let schema = Arc::new(Schema::new(vec![field("n", 1, DataType::Utf8)]));
        let batch = RecordBatch::try_new(schema, vec![text]).unwrap();
        let target = Arc::new(Schema::new(vec![field("n", 1, DataType::Int32)]));
        let error = conform(&batch, &target, &Missing::new()).unwrap_err();
        assert_eq!(error.kind(), crate::Kind::Corrupt);
    }

    #[test]
    fn what_stands_for_a_missing_column_has_its_type() {
        let batch = RecordBatch::try_from_iter([("a", ints(&[Some(1), None]))]).unwrap();
        let zone = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("+00:00".into()));
        let cases = [
            (DataType::Int64, Literal::int(7)),
            (DataType::Date32, Literal::date(-1)),
            (zone, Literal::timestamptz(-1)),
            (DataType::Decimal128(12, 2), Literal::decimal(-5)),
            (DataType::FixedSizeBinary(16), Literal::uuid(uuid::Uuid::from_u128(5))),
            (DataType::LargeBinary, Literal::binary(vec![1])),
            (DataType::Time64(arrow::datatypes::TimeUnit::Microsecond), Literal::time(1)),
            (DataType::Utf8, Literal::string("x")),
        ];
        for (data_type, literal) in cases {
            let target = Arc::new(Schema::new(vec![field("new", 2, data_type.clone())]));
            let filled = conform(&batch, &target, &Missing::from([(2, literal)])).unwrap();
            assert_eq!((filled.num_rows(), filled.column(0).null_count()), (2, 0), "{data_type}");
        }
    }
}
