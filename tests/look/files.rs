//! Rows where files, deletes and schema do not lie in the plainest way: position deletes, deletes that would be read
//! wrongly, formats that are not read, columns that only the partition knows.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema as ArrowSchema};
use iceberg::spec::{
    DataContentType, DataFile, DataFileBuilder, DataFileFormat, Literal, MAIN_BRANCH, ManifestListWriter,
    ManifestWriterBuilder, Operation, Schema, Snapshot, Struct, Summary, Transform, UnboundPartitionSpec,
};
use icedeck::commit::StagedFile;
use parquet::arrow::ArrowWriter;

use super::*;
use crate::common::lake::append;

/// Writes a Parquet file into the table's folder; each column has a field id, or none of them where it is zero.
fn parquet(table: &Table, name: &str, columns: Vec<(&str, i32, ArrayRef)>) -> (String, u64) {
    let field = |(name, id, array): &(&str, i32, ArrayRef)| {
        let ids = HashMap::from([("PARQUET:field_id".to_string(), id.to_string())]);
        let field = Field::new(*name, array.data_type().clone(), array.null_count() > 0);
        if *id > 0 { field.with_metadata(ids) } else { field }
    };
    let schema = Arc::new(ArrowSchema::new(columns.iter().map(field).collect::<Vec<_>>()));
    let batch = RecordBatch::try_new(schema.clone(), columns.into_iter().map(|c| c.2).collect()).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let location = format!("{}/data/{name}", table.metadata().location());
    let path = location.strip_prefix("file://").unwrap();
    fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
    fs::write(path, &bytes).unwrap();
    (location, bytes.len() as u64)
}

pub(super) fn file(path: &str, size: u64, content: DataContentType, format: DataFileFormat) -> DataFileBuilder {
    let mut builder = DataFileBuilder::default();
    builder.content(content).file_path(path.into()).file_format(format).record_count(1).file_size_in_bytes(size);
    builder
}

/// The table with one more snapshot, which has this delete file. Nothing is published.
pub(super) async fn with_delete(table: &Table, delete: DataFile) -> Table {
    let metadata = table.metadata();
    let parent = metadata.current_snapshot().unwrap();
    let (id, sequence) = (parent.snapshot_id() + 1, metadata.next_sequence_number());
    let io = table.inner().file_io();
    let output = |name: &str| io.new_output(format!("{}/metadata/{name}", metadata.location())).unwrap();
    let spec = metadata.default_partition_spec().as_ref().clone();
    let builder = ManifestWriterBuilder::new(output("d.avro"), Some(id), metadata.current_schema().clone(), spec);
    let mut writer = builder.build_v2_deletes();
    writer.add_file(delete, sequence).unwrap();
    let manifest = writer.write_manifest_file().await.unwrap();
    let list = table.inner().manifest_list_reader(parent).load().await.unwrap();
    let list_output = output("snap-d.avro");
    let location = list_output.location().to_string();
    let mut writer =
        ManifestListWriter::v2(list_output.writer().await.unwrap(), id, Some(parent.snapshot_id()), sequence);
    writer.add_manifests(list.consume_entries().into_iter().chain([manifest])).unwrap();
    writer.close().await.unwrap();
    let summary = Summary { operation: Operation::Delete, additional_properties: HashMap::new() };
    let snapshot = Snapshot::builder()
        .with_snapshot_id(id)
        .with_parent_snapshot_id(Some(parent.snapshot_id()))
        .with_sequence_number(sequence)
        .with_timestamp_ms(metadata.last_updated_ms() + 1)
        .with_manifest_list(location)
        .with_summary(summary)
        .with_schema_id(metadata.current_schema_id())
        .build();
    let builder = metadata.clone().into_builder(None).set_branch_snapshot(snapshot, MAIN_BRANCH).unwrap();
    let inner = iceberg::table::Table::builder()
        .metadata(builder.build().unwrap().metadata)
        .identifier(table.inner().identifier().clone())
        .file_io(io.clone())
        .runtime(iceberg::Runtime::current())
        .build()
        .unwrap();
    Table::new(inner, table.storage().clone())
}

async fn ten_orders(lake: &Lake) -> (Table, String) {
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 0, 10)).await;
    let manifests = inspect::manifests(&table, None, &monitor()).await.unwrap();
    let mut stream = inspect::files(&table, manifests, Files::Data);
    let path = stream.next(&monitor()).await.unwrap().unwrap().entries[0].data_file.file_path.clone();
    (table, path)
}

#[tokio::test]
async fn position_deletes_take_their_rows_out() {
    let lake = Lake::new().await;
    let (table, path) = ten_orders(&lake).await;
    let paths: ArrayRef = Arc::new(StringArray::from(vec![path.as_str(), path.as_str()]));
    let positions: ArrayRef = Arc::new(Int64Array::from(vec![0, 7]));
    let columns = vec![("file_path", 2_147_483_546, paths), ("pos", 2_147_483_545, positions)];
    let (location, size) = parquet(&table, "deletes.parquet", columns);
    let delete = file(&location, size, DataContentType::PositionDeletes, DataFileFormat::Parquet).build().unwrap();
    let table = with_delete(&table, delete).await;
    let rows = read(&table, RowsRequest::default()).await.unwrap();
    assert_eq!(ids(&rows), [1, 2, 3, 4, 5, 6, 8, 9]);
    let only = RowsRequest { columns: vec!["country".into()], ..filter("id < 3") };
    assert_eq!(read(&table, only).await.unwrap(), [[json!("FR")], [json!("PL")]]);
}

#[tokio::test]
async fn deletes_that_would_be_read_wrongly_are_refused() {
    let lake = Lake::new().await;
    let (table, path) = ten_orders(&lake).await;
    let vector = file("file:///gone.puffin", 10, DataContentType::PositionDeletes, DataFileFormat::Puffin)
        .referenced_data_file(Some(path))
        .build()
        .unwrap();
    let error = read(&with_delete(&table, vector).await, RowsRequest::default()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unsupported);
    assert!(error.message().contains("deletion vectors"), "{error}");
    fs::remove_file(format!("{}/metadata/d.avro", &table.metadata().location()[7..])).unwrap();
    fs::remove_file(format!("{}/metadata/snap-d.avro", &table.metadata().location()[7..])).unwrap();
    let by_country = file("file:///gone.parquet", 10, DataContentType::EqualityDeletes, DataFileFormat::Parquet)
        .equality_ids(Some(vec![2]))
        .build()
        .unwrap();
    let error = read(&with_delete(&table, by_country).await, RowsRequest::default()).await.unwrap_err();
    assert!(error.to_string().contains("column country"), "{error}");
}

#[tokio::test]
async fn equality_deletes_on_a_required_column_are_applied() {
    let lake = Lake::new().await;
    let (table, _) = ten_orders(&lake).await;
    let (location, size) = parquet(&table, "eq.parquet", vec![("id", 1, Arc::new(Int64Array::from(vec![2, 5])))]);
    let delete = file(&location, size, DataContentType::EqualityDeletes, DataFileFormat::Parquet)
        .equality_ids(Some(vec![1]))
        .build()
        .unwrap();
    let table = with_delete(&table, delete).await;
    let rows = read(&table, RowsRequest::default()).await.unwrap();
    assert_eq!(ids(&rows), [0, 1, 3, 4, 6, 7, 8, 9]);
    let only = RowsRequest { columns: vec!["country".into()], ..RowsRequest::default() };
    assert_eq!(read(&table, only).await.unwrap().len(), 8);
}

fn staged(table: &Table, file: DataFile) -> StagedFile {
    let metadata = table.metadata();
    StagedFile { file, spec_id: metadata.default_partition_spec_id(), schema_id: metadata.current_schema_id() }
}

#[tokio::test]
async fn other_formats_and_broken_files_are_said() {
    let lake = Lake::new().await;
    let base = lake.orders("sales.avro").await;
    let avro = file("file:///gone.avro", 10, DataContentType::Data, DataFileFormat::Avro).build().unwrap();
    let table = lake.commit(&base, &append("main", vec![staged(&base, avro)])).await;
    let error = read(&table, RowsRequest::default()).await.unwrap_err();
    assert!(error.kind() == Kind::Unsupported && error.message().contains("avro"), "{error}");
    let base = lake.orders("sales.broken").await;
    let (location, size) = parquet(&base, "x.parquet", vec![("id", 1, Arc::new(Int64Array::from(vec![1])))]);
    fs::write(location.strip_prefix("file://").unwrap(), vec![b'x'; size as usize]).unwrap();
    let broken = file(&location, size, DataContentType::Data, DataFileFormat::Parquet).build().unwrap();
    let table = lake.commit(&base, &append("main", vec![staged(&base, broken)])).await;
    let error = read(&table, RowsRequest::default()).await.unwrap_err();
    assert!(error.kind() == Kind::Corrupt && error.to_string().contains("x.parquet"), "{error}");
    fs::remove_file(location.strip_prefix("file://").unwrap()).unwrap();
    assert_eq!(read(&table, RowsRequest::default()).await.unwrap_err().kind(), Kind::NotFound);
}

/// A table partitioned by country as it is, and one file in the partition `PL` with these columns.
async fn migrated(lake: &Lake, columns: Vec<(&str, i32, ArrayRef)>, mapping: Option<&str>) -> Table {
    let spec = UnboundPartitionSpec::builder().add_partition_field(2, "country", Transform::Identity).unwrap().build();
    let schema: Schema = crate::common::lake::orders_schema();
    let mut base = lake.table("sales.migrated", schema, Some(spec), 2).await;
    if let Some(mapping) = mapping {
        let set = [("schema.name-mapping.default".to_string(), mapping.to_string())].into();
        base = lake.commit(&base, &Change::SetProperties { set, remove: Vec::new() }).await;
    }
    let (location, size) = parquet(&base, "country=PL/x.parquet", columns);
    let file = file(&location, size, DataContentType::Data, DataFileFormat::Parquet)
        .partition(Struct::from_iter([Some(Literal::string("PL"))]))
        .partition_spec_id(base.metadata().default_partition_spec_id())
        .build()
        .unwrap();
    lake.commit(&base, &append("main", vec![staged(&base, file)])).await
}

#[tokio::test]
async fn a_column_that_only_the_partition_knows_is_filled_in() {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![7, 8]));
    let lake = Lake::new().await;
    let table = migrated(&lake, vec![("id", 1, ids.clone())], None).await;
    let rows = read(&table, RowsRequest::default()).await.unwrap();
    assert_eq!(
        rows,
        [[json!(7), json!("PL"), json!(null), json!(null)], [json!(8), json!("PL"), json!(null), json!(null)]]
    );
    let only = RowsRequest { columns: vec!["country".into()], ..filter("country = 'PL'") };
    assert_eq!(read(&table, only).await.unwrap(), [[json!("PL")], [json!("PL")]]);
}

#[tokio::test]
async fn files_without_ids_are_read_by_the_name_mapping() {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![7, 8]));
    let days: ArrayRef = Arc::new(arrow::array::Date32Array::from(vec![Some(0), None]));
    assert_eq!(days.data_type(), &DataType::Date32);
    let lake = Lake::new().await;
    let mapping = r#"[{"field-id": 1, "names": ["id", "number"]}, {"field-id": 4, "names": ["day"]}]"#;
    let table = migrated(&lake, vec![("day", 0, days), ("number", 0, ids)], Some(mapping)).await;
    let rows = read(&table, RowsRequest::default()).await.unwrap();
    assert_eq!(rows[0], [json!(7), json!("PL"), json!(null), json!("1970-01-01")]);
}
