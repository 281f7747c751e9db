//! Parquet files as sources: row groups in pieces, columns as they are stored, rows numbered from 1.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{DataType, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::LogicalType;

use super::compression::{open_file, unreadable};
use super::{DEEPEST, int96};
use crate::ingest::{Fault, Line, SourceBatch};
use crate::table::footer::check_nesting;
use crate::{Error, Kind, Result};

/// Unpacked bytes that a block should hold.
const BLOCK_BYTES: u64 = 8 << 20;
/// Rows that a block holds at least and at most, whatever their size.
const BLOCK_ROWS: (u64, u64) = (16, 128 * 1024);
/// Columns that a file may have, nested ones included.
const MOST_COLUMNS: usize = 100_000;

/// An opened Parquet file: its footer.
#[derive(Clone)]
pub(super) struct ParquetFile {
    path: Arc<PathBuf>,
    footer: ArrowReaderMetadata,
    /// The footer by which times of INT96 are nanoseconds, where there are such.
    nanos: Option<ArrowReaderMetadata>,
}

impl std::fmt::Debug for ParquetFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Some rows of one row group.
#[derive(Debug, Clone)]
pub(super) struct RowRange {
    file: ParquetFile,
    group: usize,
    offset: usize,
    /// The number of its first row in the file, from 0.
    pub(super) first_row: u64,
    rows: usize,
    /// Its share of the file on disk.
    pub(super) bytes: u64,
}

/// How row ranges are decoded.
#[derive(Debug)]
pub(super) struct ParquetDecoder {
    pub(super) projection: Vec<usize>,
    pub(super) schema: SchemaRef,
}

impl ParquetFile {
    /// Reads the footer.
    pub(super) fn open(path: &Arc<PathBuf>) -> Result<Self> {
        let file = open_file(path)?;
        check_depth(&file).map_err(|e| e.with("file", path.display()))?;
        // Parquet's own types: what Arrow's writers note besides (dictionaries, large strings) is theirs alone.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let footer = guarded(path, || ArrowReaderMetadata::load(&file, options).map_err(|e| damaged(path, e)))?;
        if footer.parquet_schema().num_columns() > MOST_COLUMNS {
            return Err(Error::unsupported(format!("the file has more than {MOST_COLUMNS} columns"))
                .with("file", path.display()));
        }
        check_levels(footer.schema()).map_err(|e| e.with("file", path.display()))?;
        let hinted = guarded(path, || int96::in_microseconds(&footer).map_err(|e| damaged(path, e)))?;
        let (footer, nanos) = match hinted {
            Some(micros) => (micros, Some(footer)),
            None => (footer, None),
        };
        Ok(Self { path: path.clone(), footer, nanos })
    }

    /// Its columns.
    pub(super) fn schema(&self) -> SchemaRef {
        self.footer.schema().clone()
    }

    /// Its rows.
    pub(super) fn rows(&self) -> u64 {
        u64::try_from(self.footer.metadata().file_metadata().num_rows()).unwrap_or_default()
    }

    /// The nulls of a column, where the statistics of all row groups tell.
    pub(super) fn nulls(&self, column: usize) -> Option<u64> {
        let groups = self.footer.metadata().row_groups();
        let leaf = leaf_of(&self.footer, column)?;
        groups.iter().map(|g| g.columns().get(leaf)?.statistics()?.null_count_opt()).sum()
    }

    /// Whether a leaf of a column, counted depth first, holds UUIDs by its logical type.
    pub(super) fn is_uuid(&self, column: usize, leaf: usize) -> bool {
        let schema = self.footer.parquet_schema();
        let mut leaves = (0..schema.num_columns()).filter(|leaf| schema.get_column_root_idx(*leaf) == column);
        let found = leaves.nth(leaf).map(|leaf| schema.column(leaf));
        found.is_some_and(|leaf| leaf.logical_type_ref() == Some(&LogicalType::Uuid))
    }

    /// All its rows in pieces.
    pub(super) fn ranges(&self) -> VecDeque<RowRange> {
        let groups = self.footer.metadata().row_groups();
        let disk: Vec<u64> = groups.iter().map(|g| u64::try_from(g.compressed_size()).unwrap_or_default()).collect();
        let on_disk = std::fs::metadata(&*self.path).map_or(0, |m| m.len());
        let rest = on_disk.saturating_sub(disk.iter().sum());
        let mut ranges = VecDeque::new();
        let mut first_row = 0;
        for (group, (meta, disk)) in groups.iter().zip(disk).enumerate() {
            let rows = u64::try_from(meta.num_rows()).unwrap_or_default();
            let unpacked = u64::try_from(meta.total_byte_size()).unwrap_or_default().max(1);
            let step = (rows * BLOCK_BYTES / unpacked).clamp(BLOCK_ROWS.0, BLOCK_ROWS.1);
            for offset in (0..rows).step_by(usize::try_from(step).unwrap_or(1)) {
                let count = step.min(rows - offset);
                let (file, offset) = (self.clone(), usize::try_from(offset).unwrap_or_default());
                let bytes = u64::try_from(u128::from(disk) * u128::from(count) / u128::from(rows)).unwrap_or_default();
                let rows = usize::try_from(count).unwrap_or_default();
                ranges.push_back(RowRange { file, group, offset, first_row, rows, bytes });
                first_row += count;
            }
        }
        if let Some(last) = ranges.back_mut() {
            last.bytes += rest;
        }
        ranges
    }
}

/// What is made of a file's columns (tables, their metadata, files) is read by what calls itself once a level.
fn check_levels(schema: &SchemaRef) -> Result<()> {
    match schema.fields().iter().find(|field| 1 + levels(field.data_type()) > DEEPEST) {
        None => Ok(()),
        Some(field) => Err(Error::unsupported(format!("a column is nested deeper than {DEEPEST} levels"))
            .with("column", field.name())
            .hint("write the file without that column, or flattened")),
    }
}

fn levels(of: &DataType) -> usize {
    match of {
        DataType::Struct(fields) => 1 + fields.iter().map(|f| levels(f.data_type())).max().unwrap_or_default(),
        DataType::List(element) => 1 + levels(element.data_type()),
        DataType::Map(entries, _) => levels(entries.data_type()),
        _ => 0,
    }
}

/// The position among the leaves of a column that is not nested.
fn leaf_of(footer: &ArrowReaderMetadata, column: usize) -> Option<usize> {
    let schema = footer.parquet_schema();
    let mut leaves = (0..schema.num_columns()).filter(|leaf| schema.get_column_root_idx(*leaf) == column);
    leaves.next().filter(|_| leaves.next().is_none())
}

impl ParquetDecoder {
    /// Decodes a row range. `at` is its first row.
    pub(super) fn decode(&self, range: &RowRange, at: &Line) -> Result<SourceBatch> {
        let read = guarded(&range.file.path, || Self::read(range, &range.file.footer, &self.projection))?;
        let batch = self.arranged(read, range)?;
        let lines = (at.line..).take(batch.num_rows()).collect();
        let whole = SourceBatch { batch, file: at.file.clone(), lines, faults: Vec::new(), text: None };
        match &range.file.nanos {
            Some(nanos) => self.without_finer_times(whole, range, nanos),
            None => Ok(whole),
        }
    }

    fn read(range: &RowRange, footer: &ArrowReaderMetadata, columns: &[usize]) -> Result<Vec<RecordBatch>> {
        let path = &range.file.path;
        let file = open_file(path)?;
        let mask = ProjectionMask::roots(footer.parquet_schema(), columns.iter().copied());
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer.clone())
            .with_row_groups(vec![range.group])
            .with_offset(range.offset)
            .with_limit(range.rows)
            .with_batch_size(range.rows.max(1))
            .with_projection(mask)
            .build()
            .map_err(|e| damaged(path, e))?;
        reader.map(|batch| batch.map_err(|e| damaged(path, e.into()))).collect()
    }

    /// The batch without the rows that have a time finer than microseconds: these are faults.
    fn without_finer_times(
        &self,
        mut whole: SourceBatch,
        range: &RowRange,
        nanos: &ArrowReaderMetadata,
    ) -> Result<SourceBatch> {
        let path = &range.file.path;
        let mut fits = vec![true; whole.batch.num_rows()];
        for column in int96::roots(nanos.parquet_schema()) {
            let Some(at) = self.projection.iter().position(|wanted| *wanted == column) else { continue };
            let read = guarded(path, || Self::read(range, nanos, &[column]))?;
            let Some(first) = read.first() else { continue };
            let fine = concat_batches(&first.schema(), &read).map_err(|e| damaged(path, e.into()))?;
            for (row, value) in int96::finer(whole.batch.column(at), fine.column(0)) {
                let (Some(line), Some(fits)) = (whole.lines.get(row).copied(), fits.get_mut(row)) else { continue };
                *fits = false;
                let line = Line { file: whole.file.clone(), line };
                let column = Some(self.schema.field(at).name().clone());
                whole.faults.push(Fault { line, column, value, reason: int96::FINER.to_string() });
            }
        }
        if !whole.faults.is_empty() {
            whole.faults.sort_by(|a, b| a.line.cmp(&b.line));
            let mut kept = fits.iter();
            whole.lines.retain(|_| kept.next() == Some(&true));
            whole.batch = filter_record_batch(&whole.batch, &BooleanArray::from(fits))
                .map_err(|e| Error::bug("rows cannot be taken out of their batch").caused_by(e))?;
        }
        Ok(whole)
    }

    /// One batch with the columns in the order asked for: Parquet gives them in its own.
    fn arranged(&self, batches: Vec<RecordBatch>, range: &RowRange) -> Result<RecordBatch> {
        let wrong = || {
            Error::corrupt("a row group holds other rows than the footer says").with("file", range.file.path.display())
        };
        let first = batches.first().ok_or_else(wrong)?;
        let batch = concat_batches(&first.schema(), &batches).map_err(|e| damaged(&range.file.path, e.into()))?;
        if batch.num_rows() != range.rows {
            return Err(wrong());
        }
        let mut stored = self.projection.clone();
        stored.sort_unstable();
        stored.dedup();
        let columns = self.projection.iter().filter_map(|column| stored.binary_search(column).ok());
        let columns: Vec<_> = columns.filter_map(|i| batch.columns().get(i).cloned()).collect();
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(range.rows));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|e| Error::bug("decoded Parquet does not fit its own schema").caused_by(e))
    }
}

/// The error for a file that is no sound Parquet.
fn damaged(path: &Path, e: parquet::errors::ParquetError) -> Error {
    use parquet::errors::ParquetError;
    if let ParquetError::External(cause) = e {
        return match cause.downcast::<std::io::Error>() {
            Ok(io) if io.raw_os_error().is_some() => unreadable(path, *io),
            Ok(io) => cut_or_damaged(path, &io.to_string()),
            Err(other) => cut_or_damaged(path, &other.to_string()),
        };
    }
    if let ParquetError::NYI(what) = &e {
        return Error::unsupported(format!("this Parquet file cannot be read: {what}")).with("file", path.display());
    }
    cut_or_damaged(path, &e.to_string())
}

fn cut_or_damaged(path: &Path, what: &str) -> Error {
    Error::new(Kind::Corrupt, format!("the Parquet file is cut short or damaged: {what}"))
        .with("file", path.display())
        .hint("its footer stands at its end: fetch or write the whole file again")
}

/// The reader may panic on damaged files; that must not end more than this file.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(cut_or_damaged(path, "its parts contradict each other")))
}

/// Before the footer is taken apart. A file that has none is left to the decoder, which says what is wrong.
fn check_depth(file: &File) -> Result<()> {
    let end = |length: u64| -> std::io::Result<Vec<u8>> {
        let mut file = file;
        file.seek(SeekFrom::End(-i64::try_from(length).unwrap_or(i64::MAX)))?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes).map(|_| bytes)
    };
    let footer = end(8).ok().and_then(|tail| {
        let length = u32::from_le_bytes(tail.first_chunk().copied()?);
        end(u64::from(length) + 8).ok()
    });
    footer.map_or(Ok(()), |footer| check_nesting(&footer))
}
