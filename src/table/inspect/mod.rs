//! What a table's metadata says, as typed rows: the metadata tables under the names that PyIceberg's `table.inspect`
//! gives their fields, and the overview that opens a table.
//!
//! What is in the metadata itself is answered at once; manifests are read one at a time. Nothing here reads data files.

mod entries;
mod logs;
mod manifests;
mod overview;
mod partitions;
mod raw;
mod schemas;
mod snapshots;

pub use entries::{ColumnMetrics, Entries, EntryRow, EntryStream, FileRow, Files, ReadableMetrics, entries, files};
pub(in crate::table) use entries::{Describer, read as read_manifest};
pub use logs::{HistoryRow, MetadataLogRow, PropertyRow, RefRow, history, metadata_log, properties, refs};
pub(crate) use manifests::snapshot;
pub use manifests::{ManifestRow, PartitionSummary, manifests};
pub use overview::{Overview, overview};
pub(crate) use partitions::partition_texts;
pub(in crate::table) use partitions::spec_fields;
pub use partitions::{PartitionRow, PartitionValue, PartitionValues, partitions};
pub use raw::{raw_file, raw_metadata, raw_snapshot};
pub use schemas::{
    FieldRow, SchemaRow, SortFieldRow, SortOrderRow, SpecFieldRow, SpecRow, schema_of, schemas, sort_orders, specs,
    type_name,
};
pub(in crate::table) use schemas::{order_row, schema_row, spec_row};
pub(crate) use snapshots::author;
pub(in crate::table) use snapshots::row as snapshot_row;
pub use snapshots::{SnapshotRow, snapshots};
