//! Manifests, and the partition values that iceberg 0.10.1 cannot put into Avro or read from it.
//!
//! Those few manifests make a detour: iceberg gets stand-ins of the same bytes to read and to write, and the header of
//! the file, which says what the bytes are, is changed on the way. All others are left to iceberg alone.

mod avro;
mod stand_in;

use std::sync::Arc;

use bytes::Bytes;
use iceberg::io::FileIO;
use iceberg::spec::{DataFile, DataFileBuilder, Manifest, ManifestEntry, ManifestFile, ManifestMetadata, Schema};

pub(crate) use stand_in::{StandIns, fixed_twice, in_json, nested};

use super::Table;

/// Where the detour leads through; each has a memory of its own.
pub(crate) const IN_MEMORY: &str = "memory:///manifest.avro";

/// Reads a manifest; its entries inherit what they leave to the manifest list.
pub(crate) async fn load(table: &Table, manifest: &ManifestFile) -> iceberg::Result<Manifest> {
    let io = table.inner().file_io();
    match StandIns::of_table(table.metadata(), manifest.partition_spec_id) {
        // What is encrypted only iceberg reads.
        Some(stand_ins) if manifest.key_metadata.is_none() => load_by(&stand_ins, io, manifest).await,
        _ => manifest.load_manifest(io).await,
    }
}

async fn load_by(stand_ins: &StandIns, io: &FileIO, manifest: &ManifestFile) -> iceberg::Result<Manifest> {
    let (mut header, blocks) = avro::split(io.new_input(&manifest.manifest_path)?.read().await?)?;
    let told = ManifestMetadata::parse(&header)?;
    stand_ins.put_into(&mut header)?;
    let memory = FileIO::new_with_memory();
    let copy = ManifestFile { manifest_path: IN_MEMORY.to_string(), ..manifest.clone() };
    memory.new_output(IN_MEMORY)?.write(avro::join(header, &blocks)?).await?;
    let (entries, _) = copy.load_manifest(&memory).await?.into_parts();
    let real = |entry: Arc<ManifestEntry>| {
        let data_file = stand_ins.take_from(&entry.data_file, &told.schema)?;
        Ok(ManifestEntry { data_file, ..Arc::unwrap_or_clone(entry) })
    };
    let entries = entries.into_iter().map(real).collect::<iceberg::Result<_>>()?;
    Ok(Manifest::new(told, entries))
}

/// A manifest that iceberg wrote with stand-ins, as it has to be.
pub(crate) fn mend_header(written: Bytes, stand_ins: &StandIns, schema: &Schema) -> iceberg::Result<Bytes> {
    let (mut header, blocks) = avro::split(written)?;
    stand_ins.take_from_header(&mut header, schema)?;
    avro::join(header, &blocks)
}

/// A builder of the same file. iceberg's files cannot be changed, so they are built anew.
pub(crate) fn rebuild(file: &DataFile) -> DataFileBuilder {
    let mut builder = DataFileBuilder::default();
    builder
        .content(file.content_type())
        .file_path(file.file_path().to_string())
        .file_format(file.file_format())
        .partition(file.partition().clone())
        .record_count(file.record_count())
        .file_size_in_bytes(file.file_size_in_bytes())
        .column_sizes(file.column_sizes().clone())
        .value_counts(file.value_counts().clone())
        .null_value_counts(file.null_value_counts().clone())
        .nan_value_counts(file.nan_value_counts().clone())
        .lower_bounds(file.lower_bounds().clone())
        .upper_bounds(file.upper_bounds().clone())
        .key_metadata(file.key_metadata().map(<[u8]>::to_vec))
        .split_offsets(file.split_offsets().map(<[i64]>::to_vec))
        .equality_ids(file.equality_ids())
        .first_row_id(file.first_row_id())
        .referenced_data_file(file.referenced_data_file())
        .content_offset(file.content_offset())
        .content_size_in_bytes(file.content_size_in_bytes());
    if let Some(order) = file.sort_order_id() {
        builder.sort_order_id(order);
    }
    builder
}
