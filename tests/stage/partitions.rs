//! Every transform on every type it takes.

use std::collections::HashMap;

use arrow::array::{ArrayRef, AsArray, Int32Array, Int64Array, LargeBinaryArray};
use arrow::datatypes::{DataType, TimeUnit, TimestampNanosecondType};
use iceberg::arrow::{arrow_primitive_to_literal, type_to_arrow_type};
use iceberg::spec::{Literal, PrimitiveType, Transform, Type};
use iceberg::transform::create_transform_function;
use icedeck::monitor::Monitor;
use icedeck::query::{self, RowsRequest};

use super::*;

const CASES: &[(&str, &[&str])] = &[
    ("boolean", &["c"]),
    ("int", &["c", "bucket(16, c)", "truncate(10, c)", "void(c)"]),
    ("long", &["c", "bucket(16, c)", "truncate(10, c)"]),
    ("decimal(9,2)", &["c", "bucket(16, c)", "truncate(10, c)"]),
    ("date", &["c", "bucket(16, c)", "year(c)", "month(c)", "day(c)"]),
    ("time", &["c", "bucket(16, c)"]),
    ("timestamp", &["c", "bucket(16, c)", "year(c)", "month(c)", "day(c)", "hour(c)"]),
    ("timestamptz", &["c", "bucket(16, c)", "year(c)", "month(c)", "day(c)", "hour(c)"]),
    ("timestamp_ns", &["c", "void(c)", "bucket(16, c)", "year(c)", "month(c)", "day(c)", "hour(c)"]),
    ("timestamptz_ns", &["c", "bucket(16, c)", "year(c)", "month(c)", "day(c)", "hour(c)"]),
    ("string", &["c", "bucket(16, c)", "truncate(3, c)", "void(c)"]),
    ("uuid", &["c", "void(c)", "bucket(16, c)"]),
    ("fixed[4]", &["c", "bucket(16, c)"]),
    ("binary", &["c", "bucket(16, c)", "truncate(2, c)"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_row_is_in_the_partition_of_its_value() {
    let house = House::new().await;
    for (of, transforms) in CASES {
        for (i, transform) in transforms.iter().enumerate() {
            let name = format!("{}_{i}", of.replace(|c: char| !c.is_alphanumeric(), ""));
            let columns = [("id", "long"), ("c", *of)];
            let table = house
                .table(&name, &columns, |t| {
                    t.partition_by = transform.to_string();
                    t.format_version = of.ends_with("_ns").then_some(3);
                })
                .await;
            check(&house, &table, &format!("{transform} of {of}")).await;
        }
    }
}

#[test]
fn what_cannot_be_partitioned_by_is_refused_before_anything_is_written() {
    use icedeck::ingest::create::{CreateTable, NewColumn};
    for of in ["uuid", "fixed[16]"] {
        let columns = [("c", "uuid"), ("d", of)].map(|(name, of)| NewColumn::optional(name, of.parse().unwrap()));
        let mut wanted = CreateTable::new("a.b".parse().unwrap(), columns.into());
        wanted.partition_by = "c, d".into();
        let refused = wanted.draft().unwrap_err();
        assert_eq!(refused.kind(), icedeck::Kind::Unsupported, "{of}");
        assert!(refused.hints().iter().any(|hint| hint.contains("bucket")), "{of}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_another_engine_that_is_void_by_a_list_is_refused() {
    use iceberg::spec::{ListType, NestedField, Schema, UnboundPartitionSpec};
    let house = House::new().await;
    let element_field = NestedField::list_element(2, Type::Primitive(PrimitiveType::Int), false).into();
    let list = NestedField::optional(1, "l", Type::List(ListType { element_field }));
    let schema = Schema::builder().with_fields([list.into()]).build().unwrap();
    let spec = UnboundPartitionSpec::builder().add_partition_field(1, "l_null", Transform::Void).unwrap().build();
    let name: icedeck::table::TableName = "t.foreign".parse().unwrap();
    house.connection.create_namespace(&name.namespace, Default::default()).await.unwrap();
    let (sort_order, properties, location) = (None, Default::default(), None);
    let creation = icedeck::catalog::TableCreation { name, schema, spec: Some(spec), sort_order, properties, location };
    let table = house.connection.create_table(creation).await.unwrap();
    let refused = Stage::new(&table, "one", limits(1 << 20)).unwrap_err();
    assert_eq!(refused.kind(), icedeck::Kind::Unsupported, "{refused}");
}

/// iceberg 0.10.1 wraps where it truncates the least numbers, as Java does: no order of values then.
fn takeable(batch: RecordBatch, what: &str) -> RecordBatch {
    let column = batch.column_by_name("c").unwrap();
    let least = match column.data_type() {
        DataType::Int32 => Arc::new(Int32Array::from(vec![i32::MIN])) as ArrayRef,
        DataType::Int64 => Arc::new(Int64Array::from(vec![i64::MIN])) as ArrayRef,
        _ => return batch,
    };
    if !what.starts_with("truncate") {
        return batch;
    }
    let keep = arrow::compute::kernels::cmp::distinct(column, &arrow::array::Scalar::new(least)).unwrap();
    arrow::compute::filter_record_batch(&batch, &keep).unwrap()
}

/// What iceberg says, and for what it does not compute the specification.
fn transformed(transform: Transform, values: ArrayRef) -> ArrayRef {
    const HOUR: i64 = 3_600_000_000_000;
    match (transform, values.data_type()) {
        (Transform::Hour, DataType::Timestamp(TimeUnit::Nanosecond, _)) => {
            let hour = |at: i64| i32::try_from(at / HOUR).unwrap() - i32::from(at % HOUR < 0);
            let instants = values.as_primitive::<TimestampNanosecondType>();
            Arc::new(instants.iter().map(|at| at.map(hour)).collect::<Int32Array>())
        }
        (Transform::Truncate(width), DataType::LargeBinary) => {
            let first = |bytes: &[u8]| bytes.iter().copied().take(width as usize).collect::<Vec<u8>>();
            Arc::new(values.as_binary::<i64>().iter().map(|v| v.map(first)).collect::<LargeBinaryArray>())
        }
        _ => create_transform_function(&transform).unwrap().transform(values).unwrap(),
    }
}

async fn check(house: &House, table: &Table, what: &str) {
    let batches = (0..4).map(|i| takeable(rows::batch(table, i * 100, 100, i as u64), what)).collect::<Vec<_>>();
    let all = concat_batches(&batches[0].schema(), &batches).unwrap();
    let files = staged(table, batches, limits(32 << 20)).await.unwrap_or_else(|e| panic!("{what}: {}", e.report()));
    let spec = table.metadata().default_partition_spec();
    let field = &spec.fields()[0];
    let partition_type = spec.partition_type(table.metadata().current_schema()).unwrap();
    let result_type: Type = (*partition_type.fields()[0].field_type).clone();
    let mut seen: HashMap<Option<Literal>, usize> = HashMap::new();
    for file in &files {
        let rows = of_file(file);
        let value: ArrayRef = rows.column_by_name("c").unwrap().clone();
        let expected = transformed(field.transform, value);
        let expected = arrow::compute::cast(&expected, &type_to_arrow_type(&result_type).unwrap()).unwrap();
        let expected = arrow_primitive_to_literal(&expected, &result_type).unwrap();
        let written = file.file.partition().fields()[0].clone();
        assert!(expected.iter().all(|e| *e == written), "{what}: {written:?} holds {expected:?}");
        if field.transform == Transform::Void {
            continue;
        }
        *seen.entry(written).or_default() += 1;
        let folder = file.file.file_path().rsplit('/').nth(1).unwrap();
        assert!(folder.starts_with(&format!("{}=", field.name)), "{what}: {folder}");
        assert!(folder.bytes().all(|b| b.is_ascii_alphanumeric() || b"=%+.-*_".contains(&b)), "{what}: {folder}");
    }
    assert!(seen.values().all(|files| *files == 1), "{what}: one file a partition");
    assert_eq!(rows_of(&files), all.num_rows() as u64, "{what}");
    let table = house.append(table, files).await;
    match &result_type {
        // Manifests of these iceberg's own scan cannot read.
        Type::Primitive(PrimitiveType::Uuid | PrimitiveType::TimestampNs | PrimitiveType::TimestamptzNs) => {
            assert_eq!(ids(&all), ids_read(&table).await, "{what}");
        }
        _ => assert_eq!(all.columns(), scanned(&table).await.columns(), "{what}"),
    }
}

async fn ids_read(table: &Table) -> Vec<i64> {
    let mut rows = query::rows(table, &RowsRequest::default(), &Monitor::new()).await.unwrap();
    let mut ids = Vec::new();
    while let Some(page) = rows.next().await.unwrap() {
        ids.extend(page.rows.iter().map(|row| row[0].to_json().as_i64().unwrap()));
    }
    ids.sort_unstable();
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_fields_make_two_folders() {
    let house = House::new().await;
    let columns = [("id", "long"), ("word", "string"), ("at", "timestamptz")];
    let table = house.table("two", &columns, |t| t.partition_by = "word, day(at)".into()).await;
    let files = staged(&table, vec![rows::batch(&table, 0, 300, 3)], limits(32 << 20)).await.unwrap();
    let paths: Vec<&str> = files.iter().map(|f| f.file.file_path().split("/data/").last().unwrap()).collect();
    let word = "a%2Fb%3Dc+d%25";
    assert!(paths.iter().any(|p| p.starts_with(&format!("word={word}/at_day=1969-12-31/"))), "{paths:#?}");
    assert!(paths.iter().any(|p| p.starts_with("word=null/at_day=null/")), "{paths:#?}");
    assert!(paths.iter().all(|p| p.ends_with("-0190-test.parquet")));
}
