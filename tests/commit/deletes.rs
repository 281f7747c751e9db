//! Delete files as another engine would commit them: icedeck writes none, but must live with them.

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};
use iceberg::TableUpdate;
use iceberg::spec::{
    DataContentType, DataFileBuilder, DataFileFormat, ManifestListWriter, ManifestWriterBuilder, Operation, Snapshot,
    SnapshotReference, SnapshotRetention, Summary,
};
use parquet::arrow::ArrowWriter;

use super::check::manifests;
use super::*;

/// Deletes rows of a data file by position, in a snapshot of its own.
pub async fn delete_positions(lake: &Lake, table: &Table, data: &str, positions: &[i64]) -> Table {
    let path = format!("{}/data/deletes-{}.parquet", table.metadata().location(), lake.env.uuid());
    let paths: ArrayRef = Arc::new(StringArray::from(vec![data; positions.len()]));
    let places: ArrayRef = Arc::new(Int64Array::from(positions.to_vec()));
    let size = write(&path, vec![("file_path", 2_147_483_546, paths), ("pos", 2_147_483_545, places)]);
    let file = described(path, DataContentType::PositionDeletes, DataFileFormat::Parquet, positions.len(), size);
    attach(lake, table, file.build().unwrap()).await
}

/// Deletes the rows of these ids, wherever they are.
pub async fn delete_ids(lake: &Lake, table: &Table, ids: &[i64]) -> Table {
    let path = format!("{}/data/deletes-{}.parquet", table.metadata().location(), lake.env.uuid());
    let size = write(&path, vec![("id", 1, Arc::new(Int64Array::from(ids.to_vec())))]);
    let mut file = described(path, DataContentType::EqualityDeletes, DataFileFormat::Parquet, ids.len(), size);
    attach(lake, table, file.equality_ids(Some(vec![1])).build().unwrap()).await
}

/// A deletion vector as a manifest tells of it. There is no Puffin file: nothing here reads rows of such a table.
pub async fn delete_by_vector(lake: &Lake, table: &Table, data: &str) -> Table {
    let path = format!("{}/data/deletes-{}.puffin", table.metadata().location(), lake.env.uuid());
    let mut file = described(path, DataContentType::PositionDeletes, DataFileFormat::Puffin, 1, 40);
    file.referenced_data_file(Some(data.to_string())).content_offset(Some(4)).content_size_in_bytes(Some(36));
    attach(lake, table, file.build().unwrap()).await
}

fn described(
    path: String,
    content: DataContentType,
    format: DataFileFormat,
    rows: usize,
    size: u64,
) -> DataFileBuilder {
    let mut file = DataFileBuilder::default();
    file.content(content).file_path(path).file_format(format).record_count(rows as u64).file_size_in_bytes(size);
    file
}

/// Commits a delete file in a snapshot of its own. Format versions 2 and 3, no partitions.
async fn attach(lake: &Lake, table: &Table, file: iceberg::spec::DataFile) -> Table {
    let metadata = table.metadata();
    let is_third = metadata.format_version() == FormatVersion::V3;
    let parent = metadata.current_snapshot().unwrap();
    let (id, sequence) = (lake.env.snapshot_id(), metadata.next_sequence_number());
    let mut told = parent.summary().additional_properties.clone();
    let kind = if file.content_type() == DataContentType::PositionDeletes { "position" } else { "equality" };
    for (name, by) in [
        ("total-delete-files".to_string(), 1),
        (format!("total-{kind}-deletes"), file.record_count()),
        ("total-files-size".to_string(), file.file_size_in_bytes()),
    ] {
        let sum = told.get(&name).map_or(0, |n| n.parse::<u64>().unwrap()) + by;
        told.insert(name, sum.to_string());
    }
    let manifest = format!("{}/metadata/{id}-m0.avro", metadata.location());
    let output = table.inner().file_io().new_output(&manifest).unwrap();
    let (schema, spec) = (metadata.current_schema().clone(), metadata.default_partition_spec().as_ref().clone());
    let builder = ManifestWriterBuilder::new(output, Some(id), schema, spec);
    let mut writer = if is_third { builder.build_v3_deletes() } else { builder.build_v2_deletes() };
    writer.add_file(file, -1).unwrap();
    let mut all = vec![writer.write_manifest_file().await.unwrap()];
    all.extend(manifests(table, parent).await);
    let list = format!("{}/metadata/snap-{id}.avro", metadata.location());
    let output = table.inner().file_io().new_output(&list).unwrap().writer().await.unwrap();
    let parent_id = Some(parent.snapshot_id());
    let mut writer = match is_third {
        true => ManifestListWriter::v3(output, id, parent_id, sequence, Some(metadata.next_row_id())),
        false => ManifestListWriter::v2(output, id, parent_id, sequence),
    };
    writer.add_manifests(all.into_iter()).unwrap();
    writer.close().await.unwrap();
    let builder = Snapshot::builder()
        .with_snapshot_id(id)
        .with_parent_snapshot_id(parent_id)
        .with_sequence_number(sequence)
        .with_timestamp_ms(metadata.last_updated_ms() + 1)
        .with_manifest_list(list)
        .with_summary(Summary { operation: Operation::Delete, additional_properties: told })
        .with_schema_id(metadata.current_schema_id());
    let snapshot = match is_third {
        true => builder.with_row_range(metadata.next_row_id(), 0).build(),
        false => builder.build(),
    };
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

/// A Parquet file of columns that carry field ids. Returns its size.
fn write(path: &str, columns: Vec<(&str, i64, ArrayRef)>) -> u64 {
    let field = |(name, id, values): &(&str, i64, ArrayRef)| {
        Field::new(*name, values.data_type().clone(), false)
            .with_metadata([("PARQUET:field_id".to_string(), id.to_string())].into())
    };
    let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
    let columns = columns.into_iter().map(|(_, _, values)| values).collect();
    let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
    let local = path.strip_prefix("file://").unwrap();
    let mut writer = ArrowWriter::try_new(std::fs::File::create(local).unwrap(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    std::fs::metadata(local).unwrap().len()
}
