//! What is written in its plain form is read as the same value, for every type.

use std::sync::Arc;

use arrow::array::types::{Date32Type, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type};
use arrow::array::types::{Time64MicrosecondType, TimestampMicrosecondType, TimestampNanosecondType};
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, BooleanArray, FixedSizeBinaryArray, LargeBinaryArray};
use arrow::array::{PrimitiveArray, StringArray, StringViewArray};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::util::display::array_value_to_string;
use icedeck::ingest::parse::{ParseFormat, parse_column};
use proptest::prelude::*;

/// Shows each value and parses it again.
fn same(array: ArrayRef, format: &ParseFormat) {
    let shown: StringViewArray =
        (0..array.len()).map(|row| array.is_valid(row).then(|| array_value_to_string(&array, row).unwrap())).collect();
    let parsed = parse_column(&shown, array.data_type(), format).unwrap();
    assert_eq!(parsed.bad, vec![], "{shown:?}");
    assert_eq!(&parsed.array, &array);
}

fn primitive<T: ArrowPrimitiveType>(values: Vec<Option<T::Native>>, of: &DataType) -> ArrayRef {
    Arc::new(values.into_iter().collect::<PrimitiveArray<T>>().with_data_type(of.clone()))
}

/// Years 1 to 9999, in days, seconds and so on since 1970.
const DAYS: std::ops::Range<i32> = -719_162..2_932_897;
const MICROS: std::ops::Range<i64> = -719_162 * 86_400_000_000..2_932_897 * 86_400_000_000;

fn column<S: Strategy>(of: S) -> impl Strategy<Value = Vec<Option<S::Value>>>
where
    S::Value: Clone,
{
    prop::collection::vec(prop::option::of(of), 0..20)
}

proptest! {
    #[test]
    fn numbers(ints in column(any::<i32>()), longs in column(any::<i64>())) {
        same(primitive::<Int32Type>(ints, &DataType::Int32), &ParseFormat::default());
        same(primitive::<Int64Type>(longs, &DataType::Int64), &ParseFormat::default());
    }

    #[test]
    fn floats(floats in column(any::<f32>()), doubles in column(any::<f64>())) {
        same(primitive::<Float32Type>(floats, &DataType::Float32), &ParseFormat::default());
        same(primitive::<Float64Type>(doubles, &DataType::Float64), &ParseFormat::default());
    }

    #[test]
    fn decimals(precision in 1_u8..=38, scale in 0_u8..=38, digits in column(any::<i128>())) {
        let scale = scale.min(precision);
        let bound = 10_i128.pow(precision.into());
        let values = digits.into_iter().map(|v| v.map(|v| v % bound)).collect();
        let of = DataType::Decimal128(precision, scale.cast_signed());
        same(primitive::<Decimal128Type>(values, &of), &ParseFormat::default());
    }

    #[test]
    fn dates_and_times(
        dates in column(DAYS),
        times in column(0..86_400_000_000_i64),
        stamps in column(MICROS),
        nanos in column(any::<i64>()),
    ) {
        let plain = ParseFormat::default();
        same(primitive::<Date32Type>(dates, &DataType::Date32), &plain);
        same(primitive::<Time64MicrosecondType>(times, &DataType::Time64(TimeUnit::Microsecond)), &plain);
        let micros = |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
        same(primitive::<TimestampMicrosecondType>(stamps.clone(), &micros(None)), &plain);
        same(primitive::<TimestampMicrosecondType>(stamps, &micros(Some("+00:00"))), &plain);
        same(primitive::<TimestampNanosecondType>(nanos, &DataType::Timestamp(TimeUnit::Nanosecond, None)), &plain);
    }

    #[test]
    fn text_and_bytes(
        flags in column(any::<bool>()),
        texts in column(".*"),
        bytes in column(prop::collection::vec(any::<u8>(), 0..9)),
        ids in column(any::<[u8; 16]>()),
    ) {
        let plain = ParseFormat::default();
        same(Arc::new(flags.into_iter().collect::<BooleanArray>()), &plain);
        same(Arc::new(texts.into_iter().collect::<StringArray>()), &plain);
        same(Arc::new(bytes.iter().map(Option::as_deref).collect::<LargeBinaryArray>()), &plain);
        if !ids.is_empty() {
            let ids = FixedSizeBinaryArray::try_from_sparse_iter_with_size(ids.into_iter(), 16).unwrap();
            same(Arc::new(ids), &plain);
        }
    }

    /// Any pattern of fixed widths gives the same through the quick road and chrono's.
    #[test]
    fn patterns(day in DAYS, second in 0..86_400_i64) {
        let moment = chrono::DateTime::from_timestamp(i64::from(day) * 86_400 + second, 0).unwrap().naive_utc();
        let of = DataType::Timestamp(TimeUnit::Microsecond, None);
        for pattern in ["%d.%m.%Y %H:%M:%S", "%Y%m%d%H%M%S", "%d %B %Y, %I:%M:%S %p", "%F %T", "%s"] {
            let text = StringViewArray::from(vec![moment.and_utc().format(pattern).to_string()]);
            let parsed = parse_column(&text, &of, &ParseFormat::default().with_pattern(pattern)).unwrap();
            let expected = primitive::<TimestampMicrosecondType>(vec![Some(moment.and_utc().timestamp_micros())], &of);
            prop_assert_eq!(parsed.bad, vec![], "{} {:?}", pattern, &text);
            prop_assert_eq!(&parsed.array, &expected, "{} {:?}", pattern, &text);
        }
    }

    /// No text breaks a parser.
    #[test]
    fn any_text(texts in prop::collection::vec("[-+0-9eE.,:TZ/ é\\\\x]{0,30}|\\PC{0,20}", 0..10)) {
        let column = StringViewArray::from(texts.iter().map(String::as_str).collect::<Vec<_>>());
        let zoned = DataType::Timestamp(TimeUnit::Nanosecond, Some("+00:00".into()));
        let plain = ParseFormat::default();
        let grouped = ParseFormat { decimal_comma: true, thousands: Some('.'), ..ParseFormat::default() };
        for of in [DataType::Boolean, DataType::Int32, DataType::Float64, DataType::Decimal128(38, 10), DataType::Date32, zoned, DataType::FixedSizeBinary(16), DataType::LargeBinary] {
            for format in [&plain, &grouped] {
                let parsed = parse_column(&column, &of, format).unwrap();
                prop_assert_eq!(parsed.array.len(), texts.len());
                prop_assert_eq!(parsed.array.null_count(), parsed.bad.len());
            }
        }
    }
}
