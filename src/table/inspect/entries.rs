//! What manifests list: data and delete files with their statistics, read one manifest at a time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use iceberg::spec::{DataFile, Datum, ManifestEntry, ManifestEntryRef, ManifestFile};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::super::Table;
use super::super::cell::{self, Cell};
use super::manifests::ManifestRow;
use super::partitions::{PartitionReader, PartitionValues, united_names};
use super::schemas::measured;
use crate::monitor::Monitor;
use crate::table::manifest;
use crate::{Error, Result};

/// How many entries one chunk has at most.
const CHUNK: usize = 1000;

/// One entry of a manifest: a file, and what the manifest says happened to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EntryRow {
    /// 0 taken over, 1 added, 2 removed.
    pub status: u8,
    /// The snapshot that added or removed the file.
    pub snapshot_id: Option<i64>,
    /// The data sequence number.
    pub sequence_number: Option<i64>,
    /// The sequence number of the snapshot that added the file.
    pub file_sequence_number: Option<i64>,
    /// The file.
    pub data_file: FileRow,
    /// The statistics of the current schema's columns, bounds decoded.
    pub readable_metrics: ReadableMetrics,
    /// The manifest it stands in.
    #[serde(skip)]
    pub manifest: Arc<str>,
}

/// A data or delete file as a manifest describes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileRow {
    /// 0 data, 1 position deletes (or a deletion vector), 2 equality deletes.
    pub content: u8,
    /// Where it is.
    pub file_path: String,
    /// `PARQUET`, `AVRO`, `ORC` or `PUFFIN`.
    pub file_format: String,
    /// The partition spec it was written under.
    pub spec_id: i32,
    /// The partition it lies in.
    pub partition: PartitionValues,
    /// Rows in it.
    pub record_count: u64,
    /// Its size in bytes.
    pub file_size_in_bytes: u64,
    /// Bytes of each column, by field id.
    pub column_sizes: BTreeMap<i32, u64>,
    /// Values of each column, nulls and NaN included, by field id.
    pub value_counts: BTreeMap<i32, u64>,
    /// Nulls of each column, by field id.
    pub null_value_counts: BTreeMap<i32, u64>,
    /// NaN of each column, by field id.
    pub nan_value_counts: BTreeMap<i32, u64>,
    /// Lower bounds as they are stored, by field id.
    pub lower_bounds: BTreeMap<i32, Cell>,
    /// Upper bounds as they are stored, by field id.
    pub upper_bounds: BTreeMap<i32, Cell>,
    /// What is needed to decrypt it.
    pub key_metadata: Option<Cell>,
    /// Where its row groups begin.
    pub split_offsets: Option<Vec<i64>>,
    /// The columns that an equality delete compares.
    pub equality_ids: Option<Vec<i32>>,
    /// The sort order it was written in.
    pub sort_order_id: Option<i32>,
    /// The id of its first row, in format version 3.
    pub first_row_id: Option<i64>,
    /// The only data file that a delete file is about.
    pub referenced_data_file: Option<String>,
    /// Where the deletion vector begins in its Puffin file.
    pub content_offset: Option<i64>,
    /// How many bytes the deletion vector has.
    pub content_size_in_bytes: Option<i64>,
}

impl EntryRow {
    /// The status as a word.
    pub fn status_name(&self) -> &'static str {
        match self.status {
            0 => "existing",
            1 => "added",
            _ => "deleted",
        }
    }
}

impl FileRow {
    /// What it holds, in words.
    pub fn content_name(&self) -> &'static str {
        match (self.content, self.file_format.as_str()) {
            (0, _) => "data",
            (1, "PUFFIN") => "deletion vector",
            (1, _) => "position deletes",
            _ => "equality deletes",
        }
    }
}

/// The statistics of every column and of every primitive field inside one, by full name in the schema's order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadableMetrics(pub Vec<(String, ColumnMetrics)>);

/// An object of names and metrics.
impl Serialize for ReadableMetrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, metrics) in &self.0 {
            map.serialize_entry(name, metrics)?;
        }
        map.end()
    }
}

/// The statistics of one column in one file; nothing where the writer did not say.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ColumnMetrics {
    /// Bytes.
    pub column_size: Option<u64>,
    /// Values, nulls and NaN included.
    pub value_count: Option<u64>,
    /// Nulls.
    pub null_value_count: Option<u64>,
    /// NaN.
    pub nan_value_count: Option<u64>,
    /// No value is less.
    pub lower_bound: Option<Cell>,
    /// No value is greater.
    pub upper_bound: Option<Cell>,
}

/// Which files are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// Data and delete files.
    All,
    /// Data files.
    Data,
    /// Delete files and deletion vectors.
    Deletes,
}

/// Some entries of one manifest, or the fault that kept it from being read.
#[derive(Debug)]
pub struct Entries {
    /// The manifest.
    pub manifest: Arc<str>,
    /// At most a thousand entries.
    pub entries: Vec<EntryRow>,
    /// Why the manifest could not be read; the ones after it still can.
    pub fault: Option<Error>,
}

/// Every entry of these manifests, removed files too.
pub fn entries(table: &Table, manifests: Vec<ManifestRow>) -> EntryStream {
    EntryStream::new(table, manifests, false)
}

/// The files that these manifests say are in the table.
pub fn files(table: &Table, manifests: Vec<ManifestRow>, which: Files) -> EntryStream {
    let wanted = |manifest: &ManifestRow| match which {
        Files::All => true,
        Files::Data => manifest.content == 0,
        Files::Deletes => manifest.content == 1,
    };
    EntryStream::new(table, manifests.into_iter().filter(wanted).collect(), true)
}

/// Entries as they are read.
#[derive(Debug)]
pub struct EntryStream {
    table: Table,
    manifests: VecDeque<ManifestRow>,
    at_hand: Option<(Arc<str>, i32, std::vec::IntoIter<ManifestEntryRef>)>,
    live_only: bool,
    describer: Describer,
}

/// Turns entries as iceberg reads them into rows.
#[derive(Debug)]
pub(in crate::table) struct Describer {
    columns: Vec<(i32, String)>,
    partitions: PartitionReader,
}

impl Describer {
    /// For the table's current schema and all its partition specs.
    pub fn new(table: &Table) -> Self {
        let metadata = table.metadata();
        let names = united_names(metadata, metadata.partition_specs_iter().map(|spec| spec.spec_id()));
        Self { columns: measured(metadata.current_schema()), partitions: PartitionReader::new(metadata, names) }
    }

    /// One entry of a manifest.
    pub fn row(&self, entry: &ManifestEntry, spec_id: i32, manifest: &Arc<str>) -> EntryRow {
        let file = entry.data_file();
        EntryRow {
            status: entry.status() as u8,
            snapshot_id: entry.snapshot_id(),
            sequence_number: entry.sequence_number(),
            file_sequence_number: entry.file_sequence_number,
            data_file: file_row(file, spec_id, self.partitions.read(spec_id, file.partition())),
            readable_metrics: readable_metrics(file, &self.columns),
            manifest: manifest.clone(),
        }
    }
}

impl EntryStream {
    fn new(table: &Table, manifests: Vec<ManifestRow>, live_only: bool) -> Self {
        Self {
            table: table.clone(),
            manifests: manifests.into(),
            at_hand: None,
            live_only,
            describer: Describer::new(table),
        }
    }

    /// Partitions with these names only.
    pub(super) fn with_partition_names(mut self, names: Vec<String>) -> Self {
        self.describer.partitions = PartitionReader::new(self.table.metadata(), names);
        self
    }

    /// Manifests that are still to be read.
    pub fn manifests_left(&self) -> usize {
        self.manifests.len()
    }

    /// The next chunk; nothing at the end. A manifest that cannot be read is a chunk with a fault.
    ///
    /// # Errors
    /// Only cancellation.
    pub async fn next(&mut self, monitor: &Monitor) -> Result<Option<Entries>> {
        loop {
            monitor.check()?;
            if let Some(chunk) = self.chunk() {
                monitor.update(|p| p.files += chunk.entries.len() as u64);
                return Ok(Some(chunk));
            }
            let Some(manifest) = self.manifests.pop_front() else { return Ok(None) };
            let path: Arc<str> = manifest.path.as_str().into();
            match monitor.until(read(&self.table, &manifest.file)).await {
                Ok(read) => self.at_hand = Some((path, manifest.partition_spec_id, read.into_iter())),
                Err(e) if e.is_cancelled() => return Err(e),
                Err(e) => return Ok(Some(Entries { manifest: path, entries: Vec::new(), fault: Some(e) })),
            }
        }
    }

    fn chunk(&mut self) -> Option<Entries> {
        let (manifest, spec_id, left) = self.at_hand.as_mut()?;
        let live_only = self.live_only;
        let next: Vec<ManifestEntryRef> = left.filter(|entry| !live_only || entry.is_alive()).take(CHUNK).collect();
        if next.is_empty() {
            self.at_hand = None;
            return None;
        }
        let (manifest, spec_id) = (manifest.clone(), *spec_id);
        let row = |entry: &ManifestEntryRef| self.describer.row(entry, spec_id, &manifest);
        Some(Entries { entries: next.iter().map(row).collect(), manifest, fault: None })
    }
}

/// Reads one manifest. Foreign manifests that the reader cannot parse are an error of this manifest only.
pub(in crate::table) async fn read(table: &Table, manifest: &ManifestFile) -> Result<Vec<ManifestEntryRef>> {
    let loaded = manifest::load(table, manifest).await;
    let manifest = loaded.map_err(|e| table.unreadable(e, "cannot read the manifest", &manifest.manifest_path))?;
    Ok(manifest.into_parts().0)
}

fn file_row(file: &DataFile, spec_id: i32, partition: PartitionValues) -> FileRow {
    let counts = |map: &std::collections::HashMap<i32, u64>| map.iter().map(|(id, n)| (*id, *n)).collect();
    let bounds = |map: &std::collections::HashMap<i32, Datum>| {
        let bytes = |datum: &Datum| datum.to_bytes().ok().map(|bytes| Cell::Binary(bytes.into_vec()));
        map.iter().filter_map(|(id, datum)| Some((*id, bytes(datum)?))).collect()
    };
    FileRow {
        content: file.content_type() as u8,
        file_path: file.file_path().to_string(),
        file_format: file.file_format().to_string().to_uppercase(),
        spec_id,
        partition,
        record_count: file.record_count(),
        file_size_in_bytes: file.file_size_in_bytes(),
        column_sizes: counts(file.column_sizes()),
        value_counts: counts(file.value_counts()),
        null_value_counts: counts(file.null_value_counts()),
        nan_value_counts: counts(file.nan_value_counts()),
        lower_bounds: bounds(file.lower_bounds()),
        upper_bounds: bounds(file.upper_bounds()),
        key_metadata: file.key_metadata().map(|bytes| Cell::Binary(bytes.to_vec())),
        split_offsets: file.split_offsets().map(<[i64]>::to_vec),
        equality_ids: file.equality_ids(),
        sort_order_id: file.sort_order_id(),
        first_row_id: file.first_row_id(),
        referenced_data_file: file.referenced_data_file(),
        content_offset: file.content_offset(),
        content_size_in_bytes: file.content_size_in_bytes(),
    }
}

fn readable_metrics(file: &DataFile, columns: &[(i32, String)]) -> ReadableMetrics {
    let metrics = |id: &i32| ColumnMetrics {
        column_size: file.column_sizes().get(id).copied(),
        value_count: file.value_counts().get(id).copied(),
        null_value_count: file.null_value_counts().get(id).copied(),
        nan_value_count: file.nan_value_counts().get(id).copied(),
        lower_bound: file.lower_bounds().get(id).map(cell::of_datum),
        upper_bound: file.upper_bounds().get(id).map(cell::of_datum),
    };
    ReadableMetrics(columns.iter().map(|(id, name)| (name.clone(), metrics(id))).collect())
}
