//! One data file: record batches in, a Parquet file and its manifest entry out. Knows nothing of other files.

use std::io;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef as ArrowSchemaRef;
use iceberg::spec::{DataContentType, DataFile, DataFileBuilder, DataFileFormat, SchemaRef, Struct};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::metadata::ParquetMetaData;
use parquet::schema::types::ColumnPath;
use tokio::runtime::Handle;

use super::dictionary::Distinct;
use super::settings::WriteSettings;
use super::sink::Sink;
use super::statistics::{FileStatistics, NanCounter};
use crate::commit::StagedFile;
use crate::storage::Storage;
use crate::{Error, Result};

/// What all data files of one load have in common.
#[derive(Debug)]
pub(super) struct FileContext {
    pub storage: Storage,
    pub runtime: Handle,
    pub settings: Arc<WriteSettings>,
    pub schema: SchemaRef,
    pub arrow_schema: ArrowSchemaRef,
    pub spec_id: i32,
    pub distinct: Distinct,
}

/// Holds the sink within Parquet's writer, which gives nothing back by itself once it is finished.
struct Slot(Option<Sink>);

impl io::Write for Slot {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Some(sink) => sink.write(bytes),
            // What Parquet's writer still buffers for a file that was given up.
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A data file being written. Used from threads that may wait. Either [`finish`](Self::finish) or
/// [`abort`](Self::abort) ends it.
pub(super) struct OpenFile {
    writer: ArrowWriter<Slot>,
    nans: NanCounter,
    rows: u64,
    row_groups: usize,
}

impl OpenFile {
    /// Begins a file whose first rows will be these; they tell which columns repeat their values.
    ///
    /// # Errors
    /// Those of the store, with the location.
    pub fn open(context: &FileContext, location: String, first: &RecordBatch) -> Result<Self> {
        let sink = Sink::open(&context.storage, location, &context.runtime)?;
        let mut properties = context.settings.parquet.clone().into_builder();
        for column in context.distinct.columns(first)? {
            properties = properties.set_column_dictionary_enabled(ColumnPath::new(vec![column.clone()]), false);
        }
        let options = ArrowWriterOptions::new().with_properties(properties.build());
        let writer = ArrowWriter::try_new_with_options(Slot(Some(sink)), context.arrow_schema.clone(), options)
            .map_err(|e| Error::unsupported("Parquet cannot hold this table's schema").caused_by(e))?;
        Ok(Self { writer, nans: NanCounter::new(&context.arrow_schema), rows: 0, row_groups: 0 })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// Those of the store and of Parquet; the file must be aborted then.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.nans.count(batch);
        self.rows += batch.num_rows() as u64;
        self.writer.write(batch).map_err(|e| self.broken(e))?;
        if self.writer.flushed_row_groups().len() > self.row_groups { self.drain() } else { Ok(()) }
    }

    /// Ends the row group at hand, so that only the file's footer stays in memory.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn end_row_group(&mut self) -> Result<()> {
        self.writer.flush().map_err(|e| self.broken(e))?;
        self.drain()
    }

    /// Bytes of memory it takes now.
    pub fn memory(&self) -> usize {
        self.writer.memory_size() + self.sink().map_or(0, Sink::waiting)
    }

    /// About how large it would be if it ended now, in bytes.
    pub fn size(&self) -> u64 {
        self.sink().map_or(0, Sink::written) + self.writer.in_progress_size() as u64
    }

    /// Rows taken so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Where it will be.
    pub fn location(&self) -> &str {
        self.sink().map_or("", Sink::location)
    }

    /// Writes the footer and makes the file appear; it is not yet durable.
    ///
    /// # Errors
    /// Those of the store and of Parquet; the file does not exist then.
    pub fn finish(mut self, context: &FileContext, partition: Struct, sort_order_id: i32) -> Result<StagedFile> {
        let footer = self.writer.finish().map_err(|e| self.broken(e));
        let sink = self.writer.inner_mut().0.take().ok_or_else(|| Error::bug("a data file was finished twice"))?;
        let footer = match footer {
            Ok(footer) => footer,
            Err(e) => {
                sink.abort();
                return Err(e);
            }
        };
        let (location, size) = (sink.location().to_string(), sink.written());
        sink.finish()?;
        let statistics = FileStatistics::of(&footer, &self.nans, &context.schema, &context.settings.metrics);
        let file = data_file(location, size, &footer, statistics, partition, context.spec_id, sort_order_id)?;
        Ok(StagedFile { file, spec_id: context.spec_id, schema_id: context.schema.schema_id() })
    }

    /// Gives it up; nothing remains of it.
    pub fn abort(mut self) {
        if let Some(sink) = self.writer.inner_mut().0.take() {
            sink.abort();
        }
    }

    fn sink(&self) -> Option<&Sink> {
        self.writer.inner().0.as_ref()
    }

    fn drain(&mut self) -> Result<()> {
        self.row_groups = self.writer.flushed_row_groups().len();
        self.writer.sync().map_err(|e| self.broken(e.into()))?;
        self.writer.inner_mut().0.as_mut().map_or(Ok(()), Sink::drain)
    }

    /// The store's own error where that is what stopped Parquet.
    fn broken(&mut self, error: parquet::errors::ParquetError) -> Error {
        let location = self.location().to_string();
        let own = self.writer.inner_mut().0.as_mut().and_then(Sink::take_failure);
        own.unwrap_or_else(|| Error::bug("a data file cannot be written").with("location", location).caused_by(error))
    }
}

impl std::fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenFile").field("location", &self.location()).field("rows", &self.rows).finish_non_exhaustive()
    }
}

fn data_file(
    location: String,
    size: u64,
    footer: &ParquetMetaData,
    statistics: FileStatistics,
    partition: Struct,
    spec_id: i32,
    sort_order_id: i32,
) -> Result<DataFile> {
    DataFileBuilder::default()
        .content(DataContentType::Data)
        .file_path(location)
        .file_format(DataFileFormat::Parquet)
        .partition(partition)
        .partition_spec_id(spec_id)
        .record_count(u64::try_from(footer.file_metadata().num_rows()).unwrap_or_default())
        .file_size_in_bytes(size)
        .column_sizes(statistics.column_sizes)
        .value_counts(statistics.value_counts)
        .null_value_counts(statistics.null_counts)
        .nan_value_counts(statistics.nan_counts)
        .lower_bounds(statistics.lower_bounds)
        .upper_bounds(statistics.upper_bounds)
        .split_offsets(Some(statistics.split_offsets))
        .sort_order_id(sort_order_id)
        .build()
        .map_err(|e| Error::bug("a manifest entry lacks a field").caused_by(e))
}
