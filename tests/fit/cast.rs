//! Typed values into a table's types: what fits, what is refused, and that nothing is lost on the way.

use std::sync::Arc;

use arrow::array::types::Int32Type;
use arrow::array::*;
use arrow::datatypes::DataType;
use arrow::util::display::array_value_to_string;
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{PrimitiveType, Type};
use icedeck::ingest::bind::{Binding, Verdict};
use icedeck::ingest::fit::try_values;
use icedeck::ingest::mapping::{ColumnMapping, Mapping, Rule};

use super::{batch, bound, column, primitive, schema, text_batch, text_column, told};

/// Fits one column and tells each row's value, or `!reason`.
fn values(array: ArrayRef, to: PrimitiveType, edit: impl FnOnce(&mut ColumnMapping)) -> Result<Vec<String>, String> {
    let from = column("x", array.data_type().clone(), array.data_type().clone());
    let binding = bound(from, Type::Primitive(to), edit).map_err(|p| p[0].reason.clone())?;
    let source = batch(vec![("x", array)]);
    let fitted = binding.fit(&source).unwrap();
    assert_eq!(fitted.batch.schema(), *binding.schema());
    let mut good = 0;
    let row = |row: usize| match fitted.faults.iter().find(|f| f.line.line == row as u64 + 2) {
        Some(fault) => format!("!{}", fault.reason),
        None => {
            good += 1;
            array_value_to_string(fitted.batch.column(0), good - 1).unwrap()
        }
    };
    Ok((0..source.batch.num_rows()).map(row).collect())
}

fn plain(array: impl Array + 'static, to: PrimitiveType) -> Vec<String> {
    values(Arc::new(array), to, |_| {}).unwrap()
}

#[test]
fn numbers() {
    assert_eq!(
        plain(Int64Array::from(vec![Some(1), None, Some(1 << 40), Some(-(1 << 40))]), PrimitiveType::Int),
        ["1", "", "!too large for int (at most 2147483647)", "!too small for int (at least -2147483648)"]
    );
    assert_eq!(
        plain(UInt64Array::from(vec![u64::MAX, 7]), PrimitiveType::Long),
        ["!too large for long (at most 9223372036854775807)", "7"]
    );
    assert_eq!(plain(Int32Array::from(vec![7]), PrimitiveType::Long), ["7"]);
    assert_eq!(
        plain(Float64Array::from(vec![2.0, 2.5, f64::NAN, 1e30, -0.0]), PrimitiveType::Int),
        ["2", "!not a whole number", "!NaN is no int", "!too large for int (at most 2147483647)", "0"]
    );
    assert_eq!(
        plain(Float64Array::from(vec![0.5, 0.1, f64::NAN, f64::INFINITY, 1e300]), PrimitiveType::Float),
        ["0.5", "!more digits than float can hold", "NaN", "inf", "!too large for float"]
    );
    assert_eq!(
        plain(Int64Array::from(vec![1 << 53, (1 << 53) + 1]), PrimitiveType::Double),
        ["9007199254740992.0", "!more digits than double can hold"]
    );
    assert_eq!(plain(Float32Array::from(vec![0.5]), PrimitiveType::Double), ["0.5"]);
}

#[test]
fn decimals() {
    let to = PrimitiveType::Decimal { precision: 6, scale: 2 };
    assert_eq!(
        plain(Float64Array::from(vec![0.1, 1.005, 123456.0, f64::NAN]), to.clone()),
        [
            "0.10",
            "!3 digits after the point where decimal(6,2) has 2",
            "!too large for decimal(6,2) (at most 9999.99)",
            "!not a decimal"
        ]
    );
    let wide = Decimal128Array::from(vec![12_345_000, 12_345_600, 1_000_000_000]).with_precision_and_scale(12, 5);
    assert_eq!(
        plain(wide.unwrap(), to.clone()),
        ["123.45", "!more digits after the point than decimal(6,2) has", "!too large for decimal(6,2)"]
    );
    assert_eq!(plain(Int64Array::from(vec![5, 10_000]), to), ["5.00", "!too large for decimal(6,2)"]);
    let scaled = Decimal128Array::from(vec![500, 550]).with_precision_and_scale(5, 2).unwrap();
    assert_eq!(plain(scaled, PrimitiveType::Int), ["5", "!not a whole number"]);
}

#[test]
fn dates_and_times() {
    let nanos = TimestampNanosecondArray::from(vec![1_000, 1_001]);
    assert_eq!(plain(nanos, PrimitiveType::Timestamp), ["1970-01-01T00:00:00.000001", "!finer than a microsecond"]);
    let stamps = TimestampMicrosecondArray::from(vec![86_400_000_000, 1]);
    assert_eq!(plain(stamps, PrimitiveType::Date), ["1970-01-02", "!has a time of day, which a date cannot hold"]);
    let stamps = TimestampMillisecondArray::from(vec![0, i64::MAX]);
    assert_eq!(plain(stamps, PrimitiveType::Timestamp)[0], "1970-01-01T00:00:00");
    assert!(plain(TimestampMillisecondArray::from(vec![i64::MAX]), PrimitiveType::Timestamp)[0].starts_with('!'));
    assert_eq!(plain(Date32Array::from(vec![1]), PrimitiveType::Timestamp), ["1970-01-02T00:00:00"]);
    assert_eq!(plain(Time32SecondArray::from(vec![60]), PrimitiveType::Time), ["00:01:00"]);
    let zoned = TimestampMicrosecondArray::from(vec![0]).with_timezone("Asia/Tokyo");
    assert_eq!(plain(zoned, PrimitiveType::Timestamptz), ["1970-01-01T00:00:00Z"]);
}

#[test]
fn zones_come_from_the_mapping_or_not_at_all() {
    let local: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![0, 1_774_751_400_000]));
    let berlin = |c: &mut ColumnMapping| c.cast.zone = Some("Europe/Berlin".into());
    assert_eq!(
        values(local.clone(), PrimitiveType::Timestamptz, |_| {}),
        Err("no time zone: the mapping must give one".into())
    );
    assert_eq!(
        values(local, PrimitiveType::Timestamptz, berlin).unwrap(),
        ["1969-12-31T23:00:00Z", "!this local time does not exist in Europe/Berlin (clock change)"]
    );
    let instants: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC"));
    assert!(values(instants.clone(), PrimitiveType::Timestamp, |_| {}).is_err());
    assert_eq!(values(instants.clone(), PrimitiveType::Timestamp, berlin).unwrap(), ["1970-01-01T01:00:00"]);
    assert_eq!(
        values(instants, PrimitiveType::Date, berlin).unwrap(),
        ["!has a time of day, which a date cannot hold"]
    );
    assert_eq!(
        values(Arc::new(Date32Array::from(vec![0])), PrimitiveType::Timestamptz, berlin).unwrap(),
        ["1969-12-31T23:00:00Z"]
    );
}

#[test]
fn counts_since_1970_need_a_format() {
    let counts: ArrayRef = Arc::new(Int64Array::from(vec![Some(1_500), None]));
    assert!(values(counts.clone(), PrimitiveType::Timestamp, |_| {}).is_err());
    let millis = |c: &mut ColumnMapping| c.cast.format = Some("epoch_ms".into());
    assert_eq!(values(counts, PrimitiveType::Timestamptz, millis).unwrap(), ["1970-01-01T00:00:01.500Z", ""]);
    let digits = |c: &mut ColumnMapping| c.cast.format = Some("%Y%m%d".into());
    assert_eq!(
        values(Arc::new(Int32Array::from(vec![20261121])), PrimitiveType::Date, digits).unwrap(),
        ["2026-11-21"]
    );
}

#[test]
fn text_and_bytes_of_any_layout() {
    assert_eq!(plain(LargeStringArray::from(vec!["7", "x"]), PrimitiveType::Int), ["7", "!not a whole number"]);
    let dictionary: DictionaryArray<Int32Type> = vec![Some("a"), None, Some("a")].into_iter().collect();
    assert_eq!(plain(dictionary.clone(), PrimitiveType::String), ["a", "", "a"]);
    assert_eq!(plain(dictionary, PrimitiveType::Int)[0], "!not a whole number");
    assert_eq!(plain(BinaryArray::from(vec![b"ab".as_slice()]), PrimitiveType::Binary), ["6162"]);
    assert_eq!(
        plain(BinaryArray::from(vec![b"ab".as_slice(), b"abc"]), PrimitiveType::Fixed(2)),
        ["6162", "!cannot become fixed(2)"]
    );
    assert_eq!(
        plain(BinaryArray::from(vec![b"ab".as_slice(), b"\xff"]), PrimitiveType::String),
        ["ab", "!cannot become string"]
    );
    assert_eq!(plain(BooleanArray::from(vec![true]), PrimitiveType::String), ["true"]);
    assert_eq!(plain(NullArray::new(2), PrimitiveType::Uuid), ["", ""]);
}

#[test]
fn what_makes_no_sense_is_refused_before_any_row() {
    let refused = |array: ArrayRef, to| values(array, to, |_| {}).unwrap_err();
    assert_eq!(refused(Arc::new(BooleanArray::from(vec![true])), PrimitiveType::Int), "boolean cannot become int");
    assert_eq!(refused(Arc::new(Int32Array::from(vec![1])), PrimitiveType::Boolean), "int cannot become boolean");
    assert_eq!(refused(Arc::new(Date32Array::from(vec![1])), PrimitiveType::Time), "date cannot become time");
    assert!(refused(Arc::new(Int64Array::from(vec![1])), PrimitiveType::Date).contains("cannot become date"));
    assert!(refused(Arc::new(DurationSecondArray::from(vec![1])), PrimitiveType::Long).contains("cannot become long"));
}

#[test]
fn nothing_is_copied_where_nothing_changes() {
    let array: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let binding = bound(column("x", DataType::Int64, DataType::Int64), primitive(PrimitiveType::Long), |_| {}).unwrap();
    let fitted = binding.fit(&batch(vec![("x", array.clone())])).unwrap();
    assert!(Arc::ptr_eq(&array, fitted.batch.column(0)));
    assert_eq!(binding.plans()[0].verdict, Verdict::Lossless);
}

#[test]
fn the_batch_is_exactly_the_tables() {
    let table = schema(&[
        ("id!", primitive(PrimitiveType::Long)),
        ("note", primitive(PrimitiveType::String)),
        ("at", primitive(PrimitiveType::Timestamptz)),
    ]);
    let source = [text_column("unused", DataType::Utf8View), text_column("id", DataType::Int64)];
    let mapping = Mapping::matched(&source, &table);
    let binding = Binding::new(&mapping, &source, &table).unwrap();
    assert_eq!(binding.source_projection(), [1]);
    let left_out = ["the source column unused is not loaded", "the columns note, at get no value"];
    assert_eq!(binding.left_out(&mapping), left_out);
    assert_eq!(**binding.schema(), schema_to_arrow_schema(&table).unwrap());
    let ids: &[Option<&str>] = &[Some("1"), None, Some("x"), Some("4")];
    // All columns of the source, or those of the projection alone.
    let all = text_batch(&[("unused", &[None; 4]), ("id", ids)]);
    for source in [all, text_batch(&[("id", ids)])] {
        let fitted = binding.fit(&source).unwrap();
        assert_eq!(fitted.batch.schema(), *binding.schema());
        assert_eq!(fitted.batch.num_rows(), 2);
        assert_eq!(fitted.rejected, [1, 2]);
        assert_eq!(told(&fitted), [(3, "required, but null"), (4, "not a whole number")]);
        assert_eq!(fitted.faults[1].column.as_deref(), Some("id"));
        assert_eq!(fitted.faults[1].value.as_deref(), Some("x"));
        assert_eq!(fitted.values, [2, 0, 0]);
    }
    let other = text_batch(&[("a", &[]), ("b", &[]), ("c", &[])]);
    assert_eq!(binding.fit(&other).unwrap_err().kind(), icedeck::Kind::Bug);
}

#[test]
fn a_row_with_many_faults_is_one_row() {
    let names: Vec<String> = (0..20).map(|i| format!("c{i}")).collect();
    let table: Vec<_> = names.iter().map(|n| (n.as_str(), primitive(PrimitiveType::Int))).collect();
    let source: Vec<_> = names.iter().map(|n| text_column(n, DataType::Utf8View)).collect();
    let table = schema(&table);
    let binding = Binding::new(&Mapping::matched(&source, &table), &source, &table).unwrap();
    let cells: &[Option<&str>] = &[Some("x"), Some("1")];
    let columns: Vec<_> = names.iter().map(|n| (n.as_str(), cells)).collect();
    let fitted = binding.fit(&text_batch(&columns)).unwrap();
    assert_eq!(fitted.rejected, [0]);
    assert_eq!(fitted.faults.len(), icedeck::ingest::fit::FAULTS_PER_ROW);
    assert_eq!(fitted.counts.len(), 20);
    assert_eq!(fitted.batch.num_rows(), 1);
}

#[test]
fn constants_and_write_defaults() {
    let mut fields = schema(&[("a", primitive(PrimitiveType::Int)), ("b", primitive(PrimitiveType::Date))]);
    let with_default =
        fields.as_struct().fields()[0].as_ref().clone().with_write_default(iceberg::spec::Literal::int(7));
    fields = iceberg::spec::Schema::builder()
        .with_fields([with_default.into(), fields.as_struct().fields()[1].clone()])
        .build()
        .unwrap();
    let source = [text_column("z", DataType::Utf8View)];
    let mut constant = ColumnMapping::new("b", Rule::Constant("21.11.2026".into()));
    constant.cast.format = Some("%d.%m.%Y".into());
    let mapping = Mapping { columns: vec![constant], ..Mapping::default() };
    let binding = Binding::new(&mapping, &source, &fields).unwrap();
    assert_eq!(binding.source_projection(), [0_usize; 0]);
    let fitted = binding.fit(&text_batch(&[("z", &[None, None, None])])).unwrap();
    assert_eq!(fitted.batch.column(0).as_primitive::<Int32Type>().values(), &[7, 7, 7]);
    assert_eq!(array_value_to_string(fitted.batch.column(1), 2).unwrap(), "2026-11-21");
}

#[test]
fn long_values_are_shortened_and_samples_shown() {
    let long = "é".repeat(500);
    let source = text_batch(&[("x", &[Some(&long), Some("5"), Some("5"), None])]);
    let binding = bound(text_column("x", DataType::Utf8View), primitive(PrimitiveType::Int), |_| {}).unwrap();
    let fitted = binding.fit(&source).unwrap();
    assert_eq!(fitted.faults[0].value.as_ref().unwrap().chars().count(), 80);
    let shown = try_values(&binding, "x", &source, 2).unwrap();
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[0].to, Err("not a whole number".into()));
    assert_eq!((shown[1].from.as_deref(), &shown[1].to), (Some("5"), &Ok(Some("5".into()))));
}
