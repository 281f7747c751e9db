//! Runs of whole records, cut from the files in order. Cutting is sequential and cheap; decoding is the workers'.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;

use super::csv::CsvDecoder;
use super::cut::Marks;
use super::ndjson::JsonDecoder;
use super::parquet::{ParquetDecoder, RowRange};
use super::settings::Format;
use super::text::{Place, TextReader};
use super::{Source, SourceFile};
use crate::ingest::parse::TextParser;
use crate::ingest::{Line, SourceBatch};
use crate::monitor::Monitor;
use crate::{Error, Result};

/// Values that a block of JSON lines may decode to.
const BLOCK_VALUES: usize = 4 << 20;

/// The blocks of a source, in order.
#[derive(Debug)]
pub struct Blocks {
    monitor: Monitor,
    files: VecDeque<SourceFile>,
    marks: Marks,
    size: usize,
    most_lines: usize,
    at: Option<Reading>,
    number: u64,
    file_number: usize,
    failed: bool,
}

/// The file that is being read.
#[derive(Debug)]
enum Reading {
    Text(Arc<PathBuf>, TextReader),
    Parquet(Arc<PathBuf>, VecDeque<RowRange>),
}

/// A run of whole records of one file, not yet decoded. Sent from the reading thread to a worker.
#[derive(Debug, Clone)]
pub struct Block {
    /// The file.
    pub file: Arc<PathBuf>,
    /// The position of the block in the source, from 0.
    pub number: u64,
    /// The line (in Parquet the row) of its first record, from 1.
    pub first_line: u64,
    /// The bytes of the file on disk that it stands for; over all blocks they add up to [`Source::total_bytes`].
    pub source_bytes: u64,
    pub(crate) start: BlockStart,
    body: Body,
}

/// Where a block begins: reading can start there again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockStart {
    /// The position of the file in the source.
    pub(crate) file: usize,
    /// The place in it; of Parquet the row, from 0.
    pub(crate) place: Place,
}

#[derive(Debug, Clone)]
enum Body {
    Text(Buffer),
    Rows(RowRange),
}

/// How blocks are decoded: the dialect and the columns wanted. Cheap to clone, shared by the workers.
#[derive(Debug, Clone)]
pub struct Decoder {
    how: Arc<How>,
}

#[derive(Debug)]
enum How {
    Csv(CsvDecoder),
    Json(JsonDecoder),
    Parquet(ParquetDecoder),
}

impl Blocks {
    pub(super) fn new(source: &Source, size: usize, monitor: &Monitor) -> Self {
        Self {
            monitor: monitor.clone(),
            files: source.files.iter().cloned().collect(),
            marks: source.marks(),
            size: size.max(16),
            most_lines: most_lines(source),
            at: None,
            number: 0,
            file_number: 0,
            failed: false,
        }
    }

    /// The blocks from where a block once began.
    pub(crate) fn from(source: &Source, start: BlockStart, size: usize, monitor: &Monitor) -> Result<Self> {
        let mut blocks = Self::new(source, size, monitor);
        blocks.files.drain(..start.file.min(source.files.len()));
        blocks.file_number = start.file;
        let Some(file) = blocks.files.pop_front() else { return Ok(blocks) };
        let mut reading = blocks.open(&file, Some(start.place))?;
        if let Reading::Parquet(_, ranges) = &mut reading {
            ranges.retain(|range| range.first_row >= start.place.offset);
        }
        blocks.at = Some(reading);
        Ok(blocks)
    }

    fn open(&self, file: &SourceFile, place: Option<Place>) -> Result<Reading> {
        if let Some(parquet) = &file.parquet {
            return Ok(Reading::Parquet(file.path.clone(), parquet.ranges()));
        }
        let reader = TextReader::new(file, self.marks, place.unwrap_or(file.first), self.size)?;
        Ok(Reading::Text(file.path.clone(), reader.with_most_lines(self.most_lines)))
    }

    fn step(&mut self) -> Result<Option<Block>> {
        loop {
            self.monitor.check()?;
            if let Some(block) = self.next_of_file()? {
                self.number += 1;
                return Ok(Some(block));
            }
            let Some(file) = self.files.pop_front() else { return Ok(None) };
            self.file_number += usize::from(self.at.is_some());
            self.at = Some(self.open(&file, None)?);
        }
    }

    fn next_of_file(&mut self) -> Result<Option<Block>> {
        let (number, file_number) = (self.number, self.file_number);
        Ok(match &mut self.at {
            None => None,
            Some(Reading::Text(file, reader)) => reader.next_block()?.map(|text| Block {
                file: file.clone(),
                number,
                start: BlockStart { file: file_number, place: text.place },
                first_line: text.place.line,
                source_bytes: text.read,
                body: Body::Text(text.bytes),
            }),
            Some(Reading::Parquet(file, ranges)) => ranges.pop_front().map(|range| Block {
                file: file.clone(),
                number,
                start: BlockStart {
                    file: file_number,
                    place: Place { offset: range.first_row, line: range.first_row + 1 },
                },
                first_line: range.first_row + 1,
                source_bytes: range.bytes,
                body: Body::Rows(range),
            }),
        })
    }
}

/// Lines a block may have: a short line of JSON still makes a value, if a null one, in every column.
fn most_lines(source: &Source) -> usize {
    match source.settings.format {
        Format::NdJson => BLOCK_VALUES / source.columns.len().max(1),
        _ => usize::MAX,
    }
}

impl Iterator for Blocks {
    type Item = Result<Block>;

    /// The next block. After an error there is none: a source that ends early never looks whole.
    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.step().transpose();
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}

impl Decoder {
    pub(super) fn new(source: &Source, projection: Option<&[usize]>) -> Result<Self> {
        let all: Vec<usize> = (0..source.columns.len()).collect();
        let wanted = projection.unwrap_or(&all);
        let schema = Arc::new(
            source
                .schema()
                .project(wanted)
                .map_err(|e| Error::bug("a column was asked for that the source does not have").caused_by(e))?,
        );
        let how = match source.settings.format {
            Format::Csv => {
                let dialect = source.settings.dialect.clone().unwrap_or_default();
                How::Csv(CsvDecoder::new(&dialect, source.columns.len(), wanted.to_vec(), schema))
            }
            Format::NdJson => How::Json(JsonDecoder::new(source.schema(), wanted.to_vec(), schema)),
            Format::Parquet => How::Parquet(ParquetDecoder { projection: wanted.to_vec(), schema }),
        };
        Ok(Self { how: Arc::new(how) })
    }

    /// The same that parses columns of delimited text while it takes them apart; one parser, or none, for each column of
    /// its projection. A block with a value that cannot be parsed has its columns as text, for the fit to say what is
    /// wrong. Without meaning for other formats.
    #[must_use]
    pub fn parsing(&self, parsers: Vec<Option<TextParser>>) -> Self {
        match &*self.how {
            How::Csv(csv) => Self { how: Arc::new(How::Csv(csv.clone().parsing(parsers))) },
            How::Json(_) | How::Parquet(_) => self.clone(),
        }
    }

    /// Takes whole records apart that were not read as a block.
    pub(crate) fn decode_text(&self, text: &Buffer, at: &Line) -> Result<SourceBatch> {
        match &*self.how {
            How::Csv(csv) => csv.decode(text, at),
            How::Json(json) => json.decode(text, at),
            How::Parquet(_) => Err(Error::bug("text was decoded as Parquet")),
        }
    }

    /// The schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        match &*self.how {
            How::Csv(csv) => csv.schema.clone(),
            How::Json(json) => json.schema.clone(),
            How::Parquet(parquet) => parquet.schema.clone(),
        }
    }
}

impl Block {
    /// Takes the records apart. Long values of text columns point into the block: they keep it alive.
    ///
    /// # Errors
    /// Damage that leaves no row to be trusted (Parquet pages). Rows that are broken by themselves are faults of the
    /// batch.
    pub fn decode(&self, decoder: &Decoder) -> Result<SourceBatch> {
        let at = Line { file: self.file.clone(), line: self.first_line };
        match (&*decoder.how, &self.body) {
            (How::Parquet(parquet), Body::Rows(range)) => parquet.decode(range, &at),
            (_, Body::Text(text)) => decoder.decode_text(text, &at),
            _ => Err(Error::bug("a block was decoded as another format than its own")),
        }
    }

    /// Its records as text; nothing for Parquet.
    pub(super) fn text(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Text(text) => Some(text.as_slice()),
            Body::Rows(_) => None,
        }
    }

    /// Its bytes in memory.
    pub fn size(&self) -> usize {
        match &self.body {
            Body::Text(text) => text.len(),
            Body::Rows(range) => usize::try_from(range.bytes).unwrap_or(usize::MAX),
        }
    }
}
