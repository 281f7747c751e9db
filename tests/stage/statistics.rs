//! Statistics against brute force.

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::compute::filter;
use arrow::row::{RowConverter, SortField};
use iceberg::arrow::arrow_primitive_to_literal;
use iceberg::spec::{DataFile, Datum, PrimitiveLiteral, PrimitiveType, Type};
use proptest::prelude::*;

use super::*;

fn columns() -> Vec<(&'static str, &'static str)> {
    let known = rows::TYPES.iter().filter(|(_, of)| !of.ends_with("_ns")).copied();
    [("id", "long")].into_iter().chain(known).collect()
}

/// Values that are neither null nor NaN.
fn comparable(array: &ArrayRef) -> ArrayRef {
    let is_nan = |i: usize| match array.data_type() {
        arrow::datatypes::DataType::Float32 => array.as_primitive::<arrow::datatypes::Float32Type>().value(i).is_nan(),
        arrow::datatypes::DataType::Float64 => array.as_primitive::<arrow::datatypes::Float64Type>().value(i).is_nan(),
        _ => false,
    };
    let keep: BooleanArray = (0..array.len()).map(|i| Some(array.is_valid(i) && !is_nan(i))).collect();
    filter(array, &keep).unwrap()
}

fn extremes(array: &ArrayRef, of: &Type) -> Option<(Datum, Datum)> {
    let values = comparable(array);
    let converter = RowConverter::new(vec![SortField::new(values.data_type().clone())]).unwrap();
    let keys = converter.convert_columns(std::slice::from_ref(&values)).unwrap();
    let order: Vec<usize> = (0..values.len()).collect();
    let least = *order.iter().min_by_key(|i| keys.row(**i))?;
    let most = *order.iter().max_by_key(|i| keys.row(**i))?;
    let literals = arrow_primitive_to_literal(&values, of).unwrap();
    let datum = |i: usize| {
        let Type::Primitive(primitive) = of else { panic!("nested") };
        Datum::new_for_test(primitive.clone(), literals[i].clone().unwrap().as_primitive_literal().unwrap())
    };
    Some((datum(least), datum(most)))
}

trait NewForTest {
    fn new_for_test(of: PrimitiveType, literal: PrimitiveLiteral) -> Datum;
}

impl NewForTest for Datum {
    /// Iceberg's own constructor is private; its binary form leads to the same value.
    fn new_for_test(of: PrimitiveType, literal: PrimitiveLiteral) -> Datum {
        let bytes: Vec<u8> = match (&of, literal) {
            (_, PrimitiveLiteral::Boolean(v)) => vec![u8::from(v)],
            (_, PrimitiveLiteral::Int(v)) => v.to_le_bytes().to_vec(),
            (_, PrimitiveLiteral::Long(v)) => v.to_le_bytes().to_vec(),
            (_, PrimitiveLiteral::Float(v)) => v.0.to_le_bytes().to_vec(),
            (_, PrimitiveLiteral::Double(v)) => v.0.to_le_bytes().to_vec(),
            (_, PrimitiveLiteral::String(v)) => v.into_bytes(),
            (_, PrimitiveLiteral::Binary(v)) => v,
            (_, PrimitiveLiteral::Int128(v)) => v.to_be_bytes().to_vec(),
            (_, PrimitiveLiteral::UInt128(v)) => v.to_be_bytes().to_vec(),
            (_, other) => panic!("{other:?}"),
        };
        Datum::try_from_bytes(&bytes, of).unwrap()
    }
}

/// As Java: text at 16 characters, bytes at 16 bytes, rounded outwards.
fn cut(datum: Datum, upper: bool) -> Option<Datum> {
    match (datum.data_type(), datum.literal()) {
        (PrimitiveType::String, PrimitiveLiteral::String(text)) if text.chars().count() > 16 => {
            let mut chars: Vec<char> = text.chars().take(16).collect();
            if upper {
                let last = chars.pop().unwrap();
                chars.push(char::from_u32(last as u32 + 1).unwrap());
            }
            Some(Datum::string(chars.into_iter().collect::<String>()))
        }
        (PrimitiveType::Binary, PrimitiveLiteral::Binary(bytes)) if bytes.len() > 16 => {
            let mut bytes = bytes[..16].to_vec();
            while upper && bytes.last() == Some(&255) {
                bytes.pop();
            }
            if upper {
                *bytes.last_mut()? += 1;
            }
            Some(Datum::binary(bytes))
        }
        _ => Some(datum),
    }
}

fn check(file: &DataFile, rows: &RecordBatch, table: &Table) {
    let schema = table.metadata().current_schema();
    for field in schema.as_struct().fields() {
        let (name, id) = (&field.name, field.id);
        let column = rows.column_by_name(name).unwrap();
        assert_eq!(file.value_counts()[&id], rows.num_rows() as u64, "{name}");
        assert_eq!(file.null_value_counts()[&id], column.null_count() as u64, "{name}");
        let nans = column.len() - column.null_count() - comparable(column).len();
        let floating = matches!(&*field.field_type, Type::Primitive(PrimitiveType::Float | PrimitiveType::Double));
        assert_eq!(file.nan_value_counts().get(&id).copied(), floating.then_some(nans as u64), "{name}");
        assert!(file.column_sizes()[&id] > 0, "{name}");
        let (least, most) = extremes(column, &field.field_type).unzip();
        let bounds = (file.lower_bounds().get(&id).cloned(), file.upper_bounds().get(&id).cloned());
        let expected = (least.and_then(|d| cut(d, false)), most.and_then(|d| cut(d, true)));
        let zero = |d: &Option<Datum>| d.as_ref().is_some_and(|d| matches!(d.to_human_string().as_str(), "0" | "-0"));
        if !floating || !(zero(&expected.0) || zero(&expected.1)) {
            assert_eq!(bounds, expected, "{name}");
        } else {
            assert_eq!((zero(&bounds.0), zero(&bounds.1)), (zero(&expected.0), zero(&expected.1)), "{name}");
        }
    }
}

#[test]
fn statistics_are_those_of_the_rows() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let house = runtime.block_on(House::new());
    let table = runtime.block_on(house.table("stats", &columns(), |t| {
        t.properties.insert("write.parquet.row-group-limit".into(), "40".into());
    }));
    proptest!(ProptestConfig::with_cases(24), |(seed in any::<u64>(), count in 1_usize..200)| {
        let written = rows::batch(&table, 0, count, seed);
        let files = runtime.block_on(staged(&table, vec![written.clone()], limits(32 << 20))).unwrap();
        prop_assert_eq!(files.len(), 1);
        let offsets = files[0].file.split_offsets().unwrap();
        prop_assert_eq!(offsets.len(), count.div_ceil(40));
        prop_assert_eq!(offsets[0], 4);
        check(&files[0].file, &written, &table);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_column_of_nulls_or_nans_has_no_bounds() {
    let house = House::new().await;
    let table = house.table("empty", &[("id", "long"), ("d", "double"), ("s", "string")], |_| {}).await;
    let some = rows::batch(&table, 0, 3, 1);
    let nan: ArrayRef = Arc::new(arrow::array::Float64Array::from(vec![Some(f64::NAN), None, Some(f64::NAN)]));
    let nulls = arrow::array::new_null_array(&arrow::datatypes::DataType::Utf8, 3);
    let batch = RecordBatch::try_new(some.schema(), vec![some.column(0).clone(), nan, nulls]).unwrap();
    let files = staged(&table, vec![batch], limits(32 << 20)).await.unwrap();
    let file = &files[0].file;
    assert_eq!(file.lower_bounds().keys().copied().collect::<Vec<_>>(), [1]);
    assert_eq!(file.nan_value_counts()[&2], 2);
    assert_eq!(file.null_value_counts()[&3], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_says_how_much_is_recorded() {
    let house = House::new().await;
    let columns = [("id", "long"), ("none", "string"), ("counts", "string"), ("short", "string"), ("full", "string")];
    let table = house
        .table("modes", &columns, |t| {
            for (column, mode) in [("none", "none"), ("counts", "counts"), ("short", "truncate(2)"), ("full", "full")] {
                t.properties.insert(format!("write.metadata.metrics.column.{column}"), mode.into());
            }
        })
        .await;
    let long = "x".repeat(300);
    let text: ArrayRef = Arc::new(arrow::array::StringArray::from(vec![long.as_str(), "abc"]));
    let some = rows::batch(&table, 0, 2, 1);
    let batch = RecordBatch::try_new(
        some.schema(),
        vec![some.column(0).clone(), text.clone(), text.clone(), text.clone(), text],
    );
    let files = staged(&table, vec![batch.unwrap()], limits(32 << 20)).await.unwrap();
    let file = &files[0].file;
    assert!(file.column_sizes().contains_key(&2) && !file.value_counts().contains_key(&2));
    assert!(file.value_counts().contains_key(&3) && !file.lower_bounds().contains_key(&3));
    assert_eq!((&file.lower_bounds()[&4], &file.upper_bounds()[&4]), (&Datum::string("ab"), &Datum::string("xy")));
    assert_eq!(file.upper_bounds()[&5], Datum::string(long));
}
