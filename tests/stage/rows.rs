//! Rows with awkward values of every type.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, Float32Array, Float64Array,
    Int32Array, Int64Array, LargeBinaryArray, RecordBatch, StringArray, Time64MicrosecondArray,
    TimestampMicrosecondArray, TimestampNanosecondArray, UInt32Array, new_null_array,
};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, TimeUnit};
use iceberg::arrow::schema_to_arrow_schema;
use icedeck::table::Table;

pub const TYPES: &[(&str, &str)] = &[
    ("yes", "boolean"),
    ("small", "int"),
    ("big", "long"),
    ("single", "float"),
    ("twice", "double"),
    ("money", "decimal(9,2)"),
    ("more", "decimal(18,4)"),
    ("most", "decimal(38,10)"),
    ("day", "date"),
    ("hour", "time"),
    ("at", "timestamp"),
    ("moment", "timestamptz"),
    ("at_ns", "timestamp_ns"),
    ("moment_ns", "timestamptz_ns"),
    ("word", "string"),
    ("key", "uuid"),
    ("four", "fixed[4]"),
    ("bytes", "binary"),
];

pub const NESTED_SCHEMA: &str = r#"{"type": "struct", "schema-id": 0, "fields": [
    {"id": 1, "name": "id", "type": "long", "required": true},
    {"id": 2, "name": "person", "required": false, "type": {"type": "struct", "fields": [
        {"id": 3, "name": "name", "type": "string", "required": false},
        {"id": 4, "name": "age", "type": "int", "required": false}]}},
    {"id": 5, "name": "tags", "required": false,
        "type": {"type": "list", "element-id": 6, "element": "string", "element-required": false}},
    {"id": 7, "name": "scores", "required": false,
        "type": {"type": "map", "key-id": 8, "key": "string", "value-id": 9, "value": "double", "value-required": false}}]}"#;

/// A small repeatable generator of numbers.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// Rows of a table without nested columns: `id` counts from `first`, every other value is drawn from the awkward ones.
pub fn batch(table: &Table, first: i64, count: usize, seed: u64) -> RecordBatch {
    let schema = Arc::new(schema_to_arrow_schema(table.metadata().current_schema()).unwrap());
    let mut dice = Dice(seed);
    let columns = schema.fields().iter().map(|field| match field.name().as_str() {
        "id" => Arc::new(Int64Array::from_iter_values(first..first + count as i64)) as ArrayRef,
        _ => {
            let pool = pool(field.data_type());
            let draws = UInt32Array::from_iter_values((0..count).map(|_| dice.roll(pool.len()) as u32));
            take(&pool, &draws, None).unwrap()
        }
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).unwrap()
}

/// Rows of [`NESTED_SCHEMA`].
pub fn nested(table: &Table, count: i64) -> RecordBatch {
    let schema = Arc::new(schema_to_arrow_schema(table.metadata().current_schema()).unwrap());
    let lines = (0..count).map(|id| match id % 4 {
        0 => format!(r#"{{"id": {id}, "person": {{"name": "n{id}", "age": {}}}, "tags": ["a", null, "b{id}"], "scores": {{"x": 1.5, "y": null}}}}"#, -id),
        1 => format!(r#"{{"id": {id}, "person": {{"name": null, "age": null}}, "tags": [], "scores": {{}}}}"#),
        2 => format!(r#"{{"id": {id}, "person": null, "tags": null, "scores": null}}"#),
        _ => format!(r#"{{"id": {id}, "tags": [null], "scores": {{"k{id}": -0.0}}}}"#),
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut decoder = arrow::json::ReaderBuilder::new(schema).with_batch_size(100_000).build_decoder().unwrap();
    decoder.decode(text.as_bytes()).unwrap();
    decoder.flush().unwrap().unwrap()
}

/// The awkward values of a type, null among them.
pub fn pool(of: &DataType) -> ArrayRef {
    let values: ArrayRef = match of {
        DataType::Boolean => Arc::new(BooleanArray::from(vec![true, false])),
        DataType::Int32 => Arc::new(Int32Array::from(vec![0, 1, -1, 34, i32::MIN, i32::MAX])),
        DataType::Int64 => Arc::new(Int64Array::from(vec![0, 1, -1, 34, i64::MIN, i64::MAX])),
        DataType::Float32 => Arc::new(Float32Array::from(vec![0.0, -0.0, f32::NAN, f32::INFINITY, -1.5e-40, -2.5])),
        DataType::Float64 => {
            Arc::new(Float64Array::from(vec![0.0, -0.0, f64::NAN, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE]))
        }
        DataType::Decimal128(precision, scale) => {
            let most = 10_i128.pow(u32::from(*precision)) - 1;
            let values = Decimal128Array::from(vec![0, 1, -1, 12_345, most, -most]);
            Arc::new(values.with_precision_and_scale(*precision, *scale).unwrap())
        }
        DataType::Date32 => Arc::new(Date32Array::from(vec![0, -1, -365, 17_501, -719_162, 2_932_896])),
        DataType::Time64(_) => Arc::new(Time64MicrosecondArray::from(vec![0, 1, 86_399_999_999])),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let values =
                vec![0, -1, -3_600_000_001, 1_510_871_468_000_001, -62_135_596_800_000_000, 253_402_300_799_999_999];
            Arc::new(TimestampMicrosecondArray::from(values).with_timezone_opt(zone.clone()))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            let values = vec![0, -1, -3_600_000_000_001, 1_510_871_468_000_000_001, -9_000_000_000_000_000_000];
            Arc::new(TimestampNanosecondArray::from(values).with_timezone_opt(zone.clone()))
        }
        DataType::Utf8 => Arc::new(StringArray::from(vec![
            "",
            "a",
            "iceberg",
            "a/b=c d%",
            "ünïcödé çhäräctérs beyond sixteen",
            "zzzzzzzzzzzzzzzzzzzzzzz",
            "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
        ])),
        DataType::FixedSizeBinary(width) => {
            let values: Vec<Vec<u8>> = [0, 1, 127, 128, 255].iter().map(|b| vec![*b; *width as usize]).collect();
            Arc::new(FixedSizeBinaryArray::try_from_iter(values.into_iter()).unwrap())
        }
        DataType::LargeBinary => {
            Arc::new(LargeBinaryArray::from_vec(vec![b"", b"\x00", b"\xff\xff\xff", b"abc", &[255; 20], &[1; 40]]))
        }
        other => panic!("no values of {other}"),
    };
    concat(&[&values, &new_null_array(values.data_type(), 2)]).unwrap()
}
