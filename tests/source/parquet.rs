//! Parquet sources: all rows in order whatever the row groups, columns in the order asked for, damage told.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, TimestampMicrosecondType};
use iceberg::spec::{NestedField, PrimitiveType, Schema, Type};
use icedeck::Kind;
use icedeck::ingest::bind::{Binding, Verdict};
use icedeck::ingest::mapping::Mapping;
use icedeck::ingest::preflight;
use icedeck::ingest::source::{Source, SourceOptions};
use icedeck::monitor::Monitor;
use parquet::arrow::ArrowWriter;
use parquet::data_type::{Int64Type as StoredLong, Int96, Int96Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use super::{file, open};

fn batch(rows: i64) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    let names: ArrayRef = Arc::new((0..rows).map(|i| (i % 3 > 0).then(|| format!("n{i}"))).collect::<StringArray>());
    let list = (0..rows).map(|i| Some(vec![Some(i as i32); (i % 3) as usize]));
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(list));
    RecordBatch::try_from_iter_with_nullable([("id", ids, false), ("name", names, true), ("list", lists, true)])
        .unwrap()
}

fn write(path: &Path, batch: &RecordBatch, group: usize) {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
    let mut writer =
        ArrowWriter::try_new(std::fs::File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn all_rows_come_in_order_with_their_numbers() {
    let (_dir, path) = file("p.parquet", "");
    write(&path, &batch(10_000), 3000);
    let source = open(&path).unwrap();
    assert_eq!(source.columns.iter().map(|c| c.nulls).collect::<Vec<_>>()[..2], [0, 3334]);
    assert_eq!(source.columns[1].samples[0], "n1");
    let decoder = source.decoder(Some(&[2, 0])).unwrap();
    let (mut ids, mut lines, mut bytes) = (Vec::new(), Vec::new(), 0);
    for block in source.blocks(&Monitor::new()).unwrap() {
        let block = block.unwrap();
        bytes += block.source_bytes;
        let read = block.decode(&decoder).unwrap();
        assert_eq!(read.batch.schema().field(0).name(), "list");
        assert_eq!(read.batch.column(0).len(), read.lines.len());
        ids.extend(read.batch.column(1).as_primitive::<Int64Type>().values().to_vec());
        lines.extend(read.lines);
    }
    assert_eq!(ids, (0..10_000).collect::<Vec<_>>());
    assert_eq!(lines, (1..=10_000).collect::<Vec<_>>());
    assert_eq!(bytes, source.total_bytes());
}

#[test]
fn damage_is_told_with_the_file() {
    let (_dir, path) = file("p.parquet", "");
    write(&path, &batch(5000), 1000);
    let whole = std::fs::read(&path).unwrap();
    for keep in [4, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..keep]).unwrap();
        let error = open(&path).unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt, "{keep}: {error}");
        assert!(error.to_string().contains("p.parquet"));
    }
    for at in (4..whole.len()).step_by(whole.len() / 60) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0xff;
        std::fs::write(&path, &flipped).unwrap();
        let Ok(source) = open(&path) else { continue };
        let decoder = source.decoder(None).unwrap();
        for block in source.blocks(&Monitor::new()).unwrap().flatten() {
            let _ = block.decode(&decoder);
        }
    }
}

#[test]
fn files_with_other_columns_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a.parquet"), dir.path().join("b.parquet"));
    write(&a, &batch(10), 10);
    write(&b, &batch(10).project(&[0, 1]).unwrap(), 10);
    let error = Source::open(&SourceOptions::of([&a, &b]), &Monitor::new()).unwrap_err();
    assert!(error.to_string().contains("\"list\"") && error.to_string().contains("b.parquet"), "{error}");
    write(&b, &batch(10), 10);
    let source = Source::open(&SourceOptions::of([&a, &b]), &Monitor::new()).unwrap();
    assert_eq!(source.blocks(&Monitor::new()).unwrap().count(), 2);
}

#[test]
fn no_rows_are_no_fault() {
    let (_dir, path) = file("none.parquet", "");
    write(&path, &batch(0), 10);
    let source = open(&path).unwrap();
    assert_eq!(source.columns.len(), 3);
    assert_eq!(source.blocks(&Monitor::new()).unwrap().count(), 0);
}

/// A file of the columns `fine` (nanoseconds in a long) and `old` (INT96).
fn write_int96(path: &Path, fine: &[i64], old: &[(u32, u64)]) {
    let schema = "message m { required int64 fine (TIMESTAMP(NANOS, false)); required int96 old; }";
    let schema = Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(std::fs::File::create(path).unwrap(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<StoredLong>().write_batch(fine, None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let time = |(day, nanos): &(u32, u64)| {
        let mut time = Int96::new();
        time.set_data(*nanos as u32, (*nanos >> 32) as u32, *day);
        time
    };
    column.typed::<Int96Type>().write_batch(&old.iter().map(time).collect::<Vec<_>>(), None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn old_times_far_from_now_are_what_they_are() {
    const EPOCH: u32 = 2_440_588;
    let (_dir, path) = file("old.parquet", "");
    // 9999-12-31, 1970-01-02 with a microsecond, the same with a nanosecond, the year 1.
    let old = [(EPOCH + 2_932_896, 0), (EPOCH + 1, 1_000), (EPOCH + 1, 1), (EPOCH - 719_162, 0)];
    write_int96(&path, &[1, 2, 3, 4], &old);
    let source = open(&path).unwrap();
    assert!(source.columns[1].samples[0].starts_with("9999-12-31"), "{:?}", source.columns[1].samples);
    let block = source.blocks(&Monitor::new()).unwrap().next().unwrap().unwrap();
    for columns in [&[0, 1][..], &[1, 0]] {
        let read = block.decode(&source.decoder(Some(columns)).unwrap()).unwrap();
        let at = columns.iter().position(|column| *column == 1).unwrap();
        let times = read.batch.column(at).as_primitive::<TimestampMicrosecondType>();
        let day = 86_400_000_000;
        assert_eq!(times.values().to_vec(), [2_932_896 * day, day + 1, -719_162 * day]);
        let fine = read.batch.column(1 - at);
        let fine = fine.as_primitive::<arrow::datatypes::TimestampNanosecondType>();
        assert_eq!(fine.values().to_vec(), [1, 2, 4], "longs of nanoseconds stay what they are");
        assert_eq!(read.lines, [1, 2, 4]);
        let faults: Vec<_> = read.faults.iter().map(|f| (f.line.line, f.reason.as_str())).collect();
        assert_eq!(faults, [(3, "a time finer than microseconds")], "nothing is cut");
        assert_eq!(read.faults[0].value.as_deref(), Some("1970-01-02T00:00:00.000000001"));
    }
}

#[test]
fn old_times_that_are_too_fine_show_in_their_columns_verdict() {
    const EPOCH: u32 = 2_440_588;
    let optional = |id, name, of| NestedField::optional(id, name, Type::Primitive(of)).into();
    let fields = [optional(1, "fine", PrimitiveType::TimestampNs), optional(2, "old", PrimitiveType::Timestamp)];
    let table = Schema::builder().with_fields(fields).build().unwrap();
    let (_dir, path) = file("old.parquet", "");
    for (old, verdict) in [([7, 8, 9], Verdict::Impossible), ([7, 8, 9000], Verdict::Lossy)] {
        write_int96(&path, &[1, 2, 3], &old.map(|nanos| (EPOCH, nanos)));
        let source = open(&path).unwrap();
        let binding = Binding::new(&Mapping::matched(&source.columns, &table), &source.columns, &table).unwrap();
        let report = preflight::run(&source, &binding, &Monitor::new()).unwrap();
        let columns: Vec<_> = report.columns.iter().map(|c| (c.name.as_str(), c.verdict, c.faults)).collect();
        assert_eq!(columns, [("fine", Verdict::Lossless, 0), ("old", verdict, report.unfit)]);
        assert!(!report.columns[1].why.contains("as it is"), "{}", report.columns[1].why);
    }
}

#[test]
fn columns_that_are_too_deep_are_refused_by_name() {
    let (_dir, path) = file("deep.parquet", "");
    let deep = |levels: usize, lists: bool| {
        let mut array: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        for _ in 0..levels {
            let field = Arc::new(Field::new("x", array.data_type().clone(), true));
            array = match lists {
                true => Arc::new(ListArray::new(field, arrow::buffer::OffsetBuffer::from_lengths([1]), array, None)),
                false => Arc::new(StructArray::from(vec![(field, array)])),
            };
        }
        write(&path, &RecordBatch::try_from_iter([("well", array)]).unwrap(), 10);
        open(&path).map(|source| source.columns[0].data_type.clone())
    };
    for lists in [true, false] {
        assert!(deep(31, lists).is_ok_and(|of| matches!(of, DataType::Struct(_) | DataType::List(_))));
        let error = deep(32, lists).unwrap_err();
        assert_eq!(error.kind(), Kind::Unsupported);
        assert!(
            error.to_string().contains("nested deeper than 32 levels") && error.to_string().contains("well"),
            "{error}"
        );
    }
}
