//! Position deletes as another engine would commit them: icedeck writes none, but must live with them.

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use iceberg::TableUpdate;
use iceberg::spec::{
    DataContentType, DataFileBuilder, DataFileFormat, ManifestListWriter, ManifestWriterBuilder, Operation, Snapshot,
    SnapshotReference, SnapshotRetention, Summary,
};
use parquet::arrow::ArrowWriter;

use super::check::manifests;
use super::*;

/// Deletes rows of a data file by position, in a snapshot of its own. Format version 2.
pub async fn delete_positions(lake: &Lake, table: &Table, data: &str, positions: &[i64]) -> Table {
    let metadata = table.metadata();
    let parent = metadata.current_snapshot().unwrap();
    let (id, sequence) = (lake.env.snapshot_id(), metadata.next_sequence_number());
    let path = format!("{}/data/deletes-{id}.parquet", metadata.location());
    let size = write(&path, data, positions);
    let file = DataFileBuilder::default()
        .content(DataContentType::PositionDeletes)
        .file_path(path)
        .file_format(DataFileFormat::Parquet)
        .record_count(positions.len() as u64)
        .file_size_in_bytes(size)
        .build()
        .unwrap();
    let manifest = format!("{}/metadata/{id}-m0.avro", metadata.location());
    let output = table.inner().file_io().new_output(&manifest).unwrap();
    let (schema, spec) = (metadata.current_schema().clone(), metadata.default_partition_spec().as_ref().clone());
    let mut writer = ManifestWriterBuilder::new(output, Some(id), schema, spec).build_v2_deletes();
    writer.add_file(file, -1).unwrap();
    let mut all = vec![writer.write_manifest_file().await.unwrap()];
    all.extend(manifests(table, parent).await);
    let list = format!("{}/metadata/snap-{id}.avro", metadata.location());
    let output = table.inner().file_io().new_output(&list).unwrap().writer().await.unwrap();
    let mut writer = ManifestListWriter::v2(output, id, Some(parent.snapshot_id()), sequence);
    writer.add_manifests(all.into_iter()).unwrap();
    writer.close().await.unwrap();
    let mut told = parent.summary().additional_properties.clone();
    let mut grow = |name: &str, by: u64| {
        let sum = told.get(name).map_or(0, |n| n.parse::<u64>().unwrap()) + by;
        told.insert(name.into(), sum.to_string());
    };
    grow("total-delete-files", 1);
    grow("total-position-deletes", positions.len() as u64);
    grow("total-files-size", size);
    let snapshot = Snapshot::builder()
        .with_snapshot_id(id)
        .with_parent_snapshot_id(Some(parent.snapshot_id()))
        .with_sequence_number(sequence)
        .with_timestamp_ms(metadata.last_updated_ms() + 1)
        .with_manifest_list(list)
        .with_summary(Summary { operation: Operation::Delete, additional_properties: told })
        .with_schema_id(metadata.current_schema_id())
        .build();
    let reference = SnapshotReference::new(id, SnapshotRetention::branch(None, None, None));
    let updates =
        vec![TableUpdate::AddSnapshot { snapshot }, TableUpdate::SetSnapshotRef { ref_name: "main".into(), reference }];
    send(lake, table, updates).await
}

/// Sends updates past the producer.
pub async fn send(lake: &Lake, table: &Table, updates: Vec<TableUpdate>) -> Table {
    let proposal = Proposal {
        table: table.name().clone(),
        requirements: Vec::new(),
        updates,
        snapshot_id: None,
        metadata_files: Vec::new(),
    };
    match lake.connection.committer().commit(table, &proposal).await {
        Outcome::Committed(table) => *table,
        other => panic!("{other:?}"),
    }
}

/// A Parquet file with the reserved columns of position deletes. Returns its size.
fn write(path: &str, data: &str, positions: &[i64]) -> u64 {
    let field = |name: &str, kind, id: &str| {
        Field::new(name, kind, false).with_metadata([("PARQUET:field_id".to_string(), id.to_string())].into())
    };
    let schema = Arc::new(Schema::new(vec![
        field("file_path", DataType::Utf8, "2147483546"),
        field("pos", DataType::Int64, "2147483545"),
    ]));
    let paths = vec![data; positions.len()];
    let columns: Vec<ArrayRef> =
        vec![Arc::new(StringArray::from(paths)), Arc::new(Int64Array::from(positions.to_vec()))];
    let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
    let local = path.strip_prefix("file://").unwrap();
    let mut writer = ArrowWriter::try_new(std::fs::File::create(local).unwrap(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    std::fs::metadata(local).unwrap().len()
}
