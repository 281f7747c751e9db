//! A window on the rows of a source of any size, as the types inferred for it, without reading it whole. Writes nothing
//! and decides nothing: what fits a table is the preflight's to say.

mod index;
mod typed;

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::DataType;
use serde::Serialize;

use self::index::Index;
use self::typed::Typed;
use super::source::{Source, SourceSettings, tail, type_name};
use super::{Fault, Line, SourceBatch};
use crate::monitor::Monitor;
use crate::table::cell::Cell;
use crate::{Error, Result};

/// Bytes of text that are read at once: a window is decoded from whole blocks.
const BLOCK: usize = 256 << 10;
/// Up to this size a source is read through to reach its end, so that rows have their numbers there too.
const READ_THROUGH: u64 = 64 << 20;

/// Where a window begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At this row over all files, from 0.
    Row(u64),
    /// At this line (row in Parquet) of a file of the source, from 1; or the first row after it.
    Line {
        /// The position of the file in the source.
        file: usize,
        /// The line, from 1.
        line: u64,
    },
    /// So that the last row is the last one shown.
    End,
}

/// Which rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreviewOptions {
    /// Where they begin.
    pub start: Start,
    /// How many at most.
    pub limit: usize,
}

impl Default for PreviewOptions {
    fn default() -> Self {
        Self { start: Start::Row(0), limit: 100 }
    }
}

/// Some rows of a source and what is known about it.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    /// The files.
    pub files: Vec<PathBuf>,
    /// Their size on disk, in bytes.
    pub bytes: u64,
    /// How they are read.
    pub settings: SourceSettings,
    /// The columns.
    pub columns: Vec<PreviewColumn>,
    /// The rows in all, where that is known.
    pub total_rows: Option<u64>,
    /// The number of the first row shown, from 0; unknown at the end of a file that was not read through.
    pub first_row: Option<u64>,
    /// The rows: a cell for each column. What does not parse as its column's type stays text.
    pub rows: Vec<Vec<Cell>>,
    /// Where each row stands; unknown together with `first_row`.
    pub lines: Vec<Option<Line>>,
    /// Records between the rows that could not be taken apart.
    pub faults: Vec<Fault>,
    /// What the operator should know, each a sentence.
    pub warnings: Vec<String>,
}

/// A column of a source, as plain text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewColumn {
    /// Its name as it stands in the file.
    pub name: String,
    /// Its type in Iceberg's words.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether a null was seen or is allowed.
    pub nullable: bool,
    /// Nulls among the rows that were looked at.
    pub nulls: u64,
    /// The rows that were looked at.
    pub looked_at: u64,
    /// A few different values, shortened.
    pub samples: Vec<String>,
}

/// Rows of a source at any place. Keeps an index of the blocks it passed, so that going back is quick and going on
/// starts where it stopped.
#[derive(Debug)]
pub struct Previewer {
    source: Source,
    index: Index,
    typed: Typed,
}

/// One window of a source: for a single look. [`Previewer`] is for scrolling.
///
/// # Errors
/// Those of reading; cancellation.
pub fn preview(source: &Source, options: &PreviewOptions, monitor: &Monitor) -> Result<Preview> {
    Previewer::new(source.clone())?.window(options, monitor)
}

impl Previewer {
    /// For a source that was opened. Reads nothing yet.
    ///
    /// # Errors
    /// None that a source opened soundly can bring about.
    pub fn new(source: Source) -> Result<Self> {
        Ok(Self { index: Index::new(&source)?, typed: Typed::new(&source)?, source })
    }

    /// The source.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The rows asked for. A start beyond the end gives no rows. Reads on from the last place known; the end of a
    /// large plain file is reached without reading what lies before it.
    ///
    /// # Errors
    /// Those of reading; cancellation.
    pub fn window(&mut self, options: &PreviewOptions, monitor: &Monitor) -> Result<Preview> {
        let mut preview = self.empty();
        match options.start {
            Start::Row(row) => self.rows_from(row, options.limit, &mut preview, monitor)?,
            Start::Line { file, line } => {
                let row = self.row_of_line(file, line, monitor)?;
                self.rows_from(row, options.limit, &mut preview, monitor)?;
            }
            Start::End => self.last_rows(options.limit, &mut preview, monitor)?,
        }
        preview.total_rows = self.total_rows();
        Ok(preview)
    }

    /// Reads to the end, so that the number of rows is known.
    ///
    /// # Errors
    /// Those of reading; cancellation.
    pub fn count_rows(&mut self, monitor: &Monitor) -> Result<u64> {
        self.index.extend(&self.source, monitor, |_| false)?;
        self.total_rows().ok_or_else(|| Error::bug("all blocks were read and the rows are not counted"))
    }

    /// The rows in all, where that is known already.
    pub fn total_rows(&self) -> Option<u64> {
        self.index.total().or_else(|| {
            let all_seen =
                self.source.inferred_from_all && self.source.settings.format != super::source::Format::NdJson;
            self.source.columns.first().filter(|_| all_seen).map(|column| column.rows)
        })
    }

    fn empty(&self) -> Preview {
        let named = |i: usize, of: &DataType| match of {
            DataType::FixedSizeBinary(16) if !self.source.is_uuid(i, 0) => "fixed(16)".into(),
            of => type_name(of),
        };
        let column = |(i, column): (usize, &super::source::SourceColumn)| PreviewColumn {
            name: column.name.clone(),
            type_name: named(i, &column.data_type),
            nullable: column.nullable,
            nulls: column.nulls,
            looked_at: column.rows,
            samples: column.samples.clone(),
        };
        Preview {
            files: self.source.files.iter().map(|file| file.path.to_path_buf()).collect(),
            bytes: self.source.total_bytes(),
            settings: self.source.settings.clone(),
            columns: self.source.columns.iter().enumerate().map(column).collect(),
            total_rows: None,
            first_row: None,
            rows: Vec::new(),
            lines: Vec::new(),
            faults: Vec::new(),
            warnings: self.source.warnings.clone(),
        }
    }

    fn rows_from(&mut self, row: u64, limit: usize, preview: &mut Preview, monitor: &Monitor) -> Result<()> {
        self.index.extend(&self.source, monitor, |entry| entry.first_row + entry.rows > row)?;
        preview.first_row = Some(row);
        let Some(entry) = self.index.entry_of_row(row) else { return Ok(()) };
        let decoder = self.source.decoder(None)?;
        let mut skip = usize::try_from(row - entry.first_row).unwrap_or(usize::MAX);
        for block in self.source.blocks_from(entry.start, BLOCK, monitor)? {
            let batch = block?.decode(&decoder)?;
            let passed = skip.min(batch.batch.num_rows());
            let count = (batch.batch.num_rows() - passed).min(limit - preview.rows.len());
            self.take(&batch, passed, count, row == 0, preview)?;
            skip -= passed;
            if preview.rows.len() >= limit {
                break;
            }
        }
        Ok(())
    }

    /// Adds `count` rows of a batch from row `from` on, and the faults between them.
    fn take(&self, batch: &SourceBatch, from: usize, count: usize, first: bool, preview: &mut Preview) -> Result<()> {
        let cut_before = (from > 0 || !first) && preview.rows.is_empty();
        let after = if cut_before { batch.lines.get(from).copied() } else { Some(0) };
        let until = batch.lines.get(from + count).copied().unwrap_or(u64::MAX);
        let within = |fault: &&Fault| after.is_some_and(|line| fault.line.line >= line) && fault.line.line < until;
        preview.faults.extend(batch.faults.iter().filter(within).cloned());
        preview.rows.extend(self.typed.rows(&batch.batch.slice(from, count))?);
        preview.lines.extend((from..from + count).map(|row| Some(batch.line(row))));
        Ok(())
    }

    fn row_of_line(&mut self, file: usize, line: u64, monitor: &Monitor) -> Result<u64> {
        let beyond = |entry: &index::Entry| (entry.start.file, entry.start.place.line) > (file, line);
        self.index.extend(&self.source, monitor, beyond)?;
        let Some(entry) = self.index.entry_of_line(file, line) else { return Ok(0) };
        let decoder = self.source.decoder(Some(&[]))?;
        let mut row = entry.first_row;
        for block in self.source.blocks_from(entry.start, BLOCK, monitor)? {
            let block = block?;
            let batch = block.decode(&decoder)?;
            let before = batch.lines.iter().filter(|own| block.start.file == file && **own < line).count();
            row += before as u64;
            if before < batch.lines.len() {
                break;
            }
        }
        Ok(row)
    }

    fn last_rows(&mut self, limit: usize, preview: &mut Preview, monitor: &Monitor) -> Result<()> {
        let known = self.total_rows().is_some() || self.source.total_bytes() <= READ_THROUGH;
        if !known && self.quick_tail(limit, preview)? {
            return Ok(());
        }
        let total = match self.total_rows() {
            Some(total) => total,
            None => self.count_rows(monitor)?,
        };
        self.rows_from(total.saturating_sub(limit as u64), limit, preview, monitor)
    }

    /// The last rows without their numbers; not where the text there may begin within quotes.
    fn quick_tail(&self, limit: usize, preview: &mut Preview) -> Result<bool> {
        let Some((file, text)) = tail(&self.source, BLOCK as u64)? else { return Ok(false) };
        let at = Line { file: Arc::clone(&file), line: 0 };
        let batch = self.source.decoder(None)?.decode_text(&text, &at)?;
        let rows = batch.batch.num_rows();
        if !batch.faults.is_empty() || rows < limit {
            return Ok(false);
        }
        preview.rows = self.typed.rows(&batch.batch.slice(rows - limit, limit))?;
        preview.lines = vec![None; limit];
        Ok(true)
    }
}
