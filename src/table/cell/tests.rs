//! Cells of every Arrow type, as JSON and on the screen.

use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::*;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn json_of(column: ArrayRef) -> Value {
    let batch = RecordBatch::try_from_iter_with_nullable([("c", column, true)]).unwrap();
    cells(&batch).iter().flatten().map(Cell::to_json).collect()
}

#[test]
fn numbers_are_exact() {
    assert_eq!(json_of(Arc::new(Int64Array::from(vec![i64::MIN, i64::MAX]))), json!([i64::MIN, i64::MAX]));
    assert_eq!(json_of(Arc::new(UInt64Array::from(vec![u64::MAX]))), json!([u64::MAX]));
    let decimals = Decimal128Array::from(vec![Some(-5), None, Some(120)]).with_precision_and_scale(38, 2).unwrap();
    assert_eq!(json_of(Arc::new(decimals)), json!(["-0.05", null, "1.20"]));
    let floats = Float64Array::from(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.1, 1e300]);
    assert_eq!(json_of(Arc::new(floats)), json!(["NaN", "Infinity", "-Infinity", 0.1, 1e300]));
    assert_eq!(json_of(Arc::new(Float32Array::from(vec![1.5]))), json!([1.5]));
    assert_eq!(Cell::Float(0.1).to_string(), "0.1");
}

#[test]
fn times_are_rfc_3339() {
    let micros = vec![0, -1, 1_795_248_060_250_000, i64::MAX];
    let naive = TimestampMicrosecondArray::from(micros.clone());
    let zoned = TimestampMicrosecondArray::from(micros).with_timezone("+00:00");
    assert_eq!(
        json_of(Arc::new(naive)),
        json!([
            "1970-01-01T00:00:00",
            "1969-12-31T23:59:59.999999",
            "2026-11-21T08:01:00.250",
            "9223372036854775807000 ns since 1970-01-01"
        ])
    );
    assert_eq!(json_of(Arc::new(zoned))[1], json!("1969-12-31T23:59:59.999999Z"));
    assert_eq!(json_of(Arc::new(Date32Array::from(vec![-1, 0]))), json!(["1969-12-31", "1970-01-01"]));
    assert_eq!(json_of(Arc::new(Time64MicrosecondArray::from(vec![1]))), json!(["00:00:00.000001"]));
}

#[test]
fn what_is_nested_or_encoded_is_taken_apart() {
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None, Some(vec![])]);
    assert_eq!(json_of(Arc::new(list)), json!([[1, null], null, []]));
    let words: DictionaryArray<Int8Type> = [Some("a"), None, Some("a")].into_iter().collect();
    assert_eq!(json_of(Arc::new(words)), json!(["a", null, "a"]));
    let views = StringViewArray::from(vec![Some("longer than twelve bytes"), None]);
    assert_eq!(json_of(Arc::new(views)), json!(["longer than twelve bytes", null]));
    let bytes = BinaryViewArray::from(vec![Some(&[0u8, 255, 16][..])]);
    assert_eq!(json_of(Arc::new(bytes)), json!(["00ff10"]));
    let run = RunArray::try_new(&Int32Array::from(vec![2, 3]), &StringArray::from(vec!["x", "y"])).unwrap();
    assert_eq!(json_of(Arc::new(run)), json!(["x", "x", "y"]));
    assert_eq!(json_of(Arc::new(NullArray::new(1))), json!([null]));
}

#[test]
fn maps_and_structs_are_objects() {
    let keys = Field::new("keys", DataType::Utf8, false);
    let values = Field::new("values", DataType::Int32, true);
    let entries = StructArray::new(
        vec![keys, values].into(),
        vec![Arc::new(StringArray::from(vec!["a", "b"])), Arc::new(Int32Array::from(vec![Some(1), None]))],
        None,
    );
    let field = Arc::new(Field::new("entries", entries.data_type().clone(), false));
    let map = MapArray::new(field, OffsetBuffer::from_lengths([2, 0]), entries.clone(), None, false);
    assert_eq!(json_of(Arc::new(map)), json!([{"a": 1, "b": null}, {}]));
    assert_eq!(json_of(Arc::new(entries))[0], json!({"keys": "a", "values": 1}));
}

#[test]
fn uuids_are_told_by_their_id() {
    let array = FixedSizeBinaryArray::try_from_iter([[1u8; 16]].into_iter()).unwrap();
    let field = Field::new("u", array.data_type().clone(), true)
        .with_metadata([("PARQUET:field_id".to_string(), "7".to_string())].into());
    let uuid = Reader::with_uuids([7].into()).cell(&field, &array, 0);
    assert_eq!(uuid.to_json(), json!("01010101-0101-0101-0101-010101010101"));
    assert_eq!(Reader::default().cell(&field, &array, 0).to_json(), json!("01".repeat(16)));
}

#[test]
fn screens_get_symbols_and_scripts_the_truth() {
    let hostile =
        Cell::Struct(vec![("k\u{1b}".into(), Cell::List(vec![Cell::Text("a\nb\u{202e}".into()), Cell::Null]))]);
    insta::assert_snapshot!(hostile.to_string(), @r"{k␛: [a␊b\u{202e}, null]}");
    assert_eq!(hostile.to_json(), json!({"k\u{1b}": ["a\nb\u{202e}", null]}));
}

proptest! {
    #[test]
    fn integers_survive_json(n in any::<i64>()) {
        let text = serde_json::to_string(&Cell::Int(n)).unwrap();
        prop_assert_eq!(serde_json::from_str::<i64>(&text).unwrap(), n);
    }

    #[test]
    fn decimals_survive_json(unscaled in any::<i128>(), scale in 0i8..=38) {
        let value = unscaled % 10i128.pow(38);
        let array = Decimal128Array::from(vec![value]).with_precision_and_scale(38, scale).unwrap();
        let Value::String(text) = json_of(Arc::new(array))[0].clone() else { panic!() };
        let fraction = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        prop_assert_eq!(fraction, scale as usize);
        prop_assert_eq!(text.replace('.', "").parse::<i128>().unwrap(), value);
    }

    #[test]
    fn decimals_of_a_column_are_ordered(a in any::<i64>(), b in any::<i64>()) {
        let array = Decimal128Array::from(vec![i128::from(a), i128::from(b)]).with_precision_and_scale(38, 4).unwrap();
        let field = Field::new("d", array.data_type().clone(), true);
        let cell = |row| Reader::default().cell(&field, &array, row);
        prop_assert_eq!(cell(0).compare(&cell(1)), a.cmp(&b));
    }
}
