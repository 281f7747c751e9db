//! Parquet sources: all rows in order whatever the row groups, columns in the order asked for, damage told.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, ListArray, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, Int64Type};
use icedeck::Kind;
use icedeck::ingest::source::{Source, SourceOptions};
use icedeck::monitor::Monitor;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

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
