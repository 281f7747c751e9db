//! Local files as a stream of rows: what they are, how they are written, what columns they have, and their rows block
//! by block. Nothing here knows of a table; values of text stay text, casting is the fit's.
//!
//! One thread walks [`Source::blocks`], which only finds record boundaries; workers call [`Block::decode`].

mod blocks;
mod columnar;
mod compression;
mod csv;
mod cut;
mod detect;
mod dialect;
mod encoding;
mod fold;
mod infer;
mod int96;
mod keys;
mod members;
mod ndjson;
mod objects;
mod open;
mod parquet;
mod profile;
mod records;
mod rejected;
mod sample;
mod settings;
mod shape;
mod spool;
mod text;
mod tokens;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};

use crate::Result;
use crate::monitor::Monitor;

pub(crate) use super::parse::type_name;
pub(crate) use blocks::BlockStart;
pub use blocks::{Block, Blocks, Decoder};
pub(crate) use dialect::NULLS;
pub use fold::fold;
pub(crate) use int96::FINER;
pub(crate) use members::cell;
pub(crate) use ndjson::{DEEPEST, syntax};
pub(crate) use rejected::{OWN, PREFIX, row_of};
pub(crate) use sample::tail;
pub use settings::{Compression, Dialect, Format, LineEnd, Mark, SourceOptions, SourceSettings};
pub use spool::Spooled;

/// Bytes of text in a block.
const BLOCK: usize = 256 << 10;

/// One or more local files with the same columns, ready to be read any number of times.
#[derive(Debug, Clone)]
pub struct Source {
    /// The files, in the order in which they are read.
    pub files: Vec<SourceFile>,
    /// How they are read.
    pub settings: SourceSettings,
    /// Their columns, in the order in which they stand.
    pub columns: Vec<SourceColumn>,
    /// Whether `columns` was told by every row, and not by a sample.
    pub inferred_from_all: bool,
    /// What the operator should know, each a sentence.
    pub warnings: Vec<String>,
}

/// One file of a source.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Where it is.
    pub path: Arc<PathBuf>,
    /// Its size on disk in bytes.
    pub bytes: u64,
    /// How it is packed.
    pub compression: Compression,
    /// Its encoding, as the WHATWG standard calls it.
    pub encoding: String,
    /// Whether the encoding was guessed from the letters.
    pub guessed: bool,
    /// The length of its byte order mark, in bytes as they stand unpacked.
    mark_bytes: u64,
    /// Where its rows begin, after lines passed over and the header.
    first: text::Place,
    /// Its footer, where it is Parquet.
    parquet: Option<parquet::ParquetFile>,
}

/// The type of a value by itself, inferred from its text as that of a column is.
///
/// # Errors
/// None that text can bring about.
pub(crate) fn type_of_text(text: &str) -> Result<DataType> {
    Ok(infer::Candidates::new()?.type_of(std::iter::once(text)))
}

/// One column of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceColumn {
    /// Its name, as the file has it; `column_1` .. where the file has none.
    pub name: String,
    /// The type of its values: for text the one inferred, in the Arrow types that iceberg uses for its own.
    pub data_type: DataType,
    /// The type in which a [`SourceBatch`](super::SourceBatch) holds it: `Utf8View` for text files; in NDJSON lists and structs of text, too.
    pub stored: DataType,
    /// Whether a null was seen (text), or the file allows one (Parquet).
    pub nullable: bool,
    /// Nulls among the rows that were looked at.
    pub nulls: u64,
    /// The rows that were looked at.
    pub rows: u64,
    /// A few different values, as text, shortened.
    pub samples: Vec<String>,
}

impl Source {
    /// Opens the files, detects what the options leave open, and infers the columns from a sample spread over them.
    /// Blocks: call it on a thread that may wait.
    ///
    /// # Errors
    /// Missing, empty, unreadable or binary files, folders, files whose columns differ, a column twice, damaged
    /// compression or Parquet: each names the file and what to do.
    pub fn open(options: &SourceOptions, monitor: &Monitor) -> Result<Self> {
        open::open(options, monitor)
    }

    /// Options that read these files again as they are read now, but for their paths. Where files differ in their encoding
    /// it is left to be detected again, for each; a UTF-8 mark at the start of one goes before any that is told.
    pub fn options(&self) -> SourceOptions {
        let unmarked = self.files.iter().filter(|file| file.mark_bytes == 0 || file.encoding != "UTF-8");
        let encodings: BTreeSet<&str> = unmarked.map(|file| file.encoding.as_str()).collect();
        let mut options = self.settings.options(Vec::new());
        options.encoding = options.encoding.filter(|_| encodings.len() <= 1);
        if let (Some(told), Some(only)) = (&mut options.encoding, encodings.first()) {
            *told = (*only).to_string();
        }
        options
    }

    /// The rows in order, as blocks of about 1 MiB that begin and end with a record. Sequential and fast: nothing is
    /// decoded. Can be called any number of times.
    ///
    /// # Errors
    /// A file that cannot be opened any more.
    pub fn blocks(&self, monitor: &Monitor) -> Result<Blocks> {
        self.blocks_of(BLOCK, monitor)
    }

    /// As [`Source::blocks`], with about so many bytes in each block of text.
    ///
    /// # Errors
    /// A file that cannot be opened any more.
    pub fn blocks_of(&self, bytes: usize, monitor: &Monitor) -> Result<Blocks> {
        Ok(Blocks::new(self, bytes, monitor))
    }

    /// The blocks from where one once began.
    pub(crate) fn blocks_from(&self, start: BlockStart, bytes: usize, monitor: &Monitor) -> Result<Blocks> {
        Blocks::from(self, start, bytes, monitor)
    }

    fn marks(&self) -> cut::Marks {
        self.settings.dialect.as_ref().map_or_else(cut::Marks::lines, cut::Marks::from)
    }

    /// What [`Block::decode`] needs: all columns, or those whose positions are given, in that order.
    ///
    /// # Errors
    /// A position that no column has.
    pub fn decoder(&self, projection: Option<&[usize]>) -> Result<Decoder> {
        Decoder::new(self, projection)
    }

    /// The schema of the decoded batches without projection.
    pub fn schema(&self) -> SchemaRef {
        let fields: Vec<_> =
            self.columns.iter().map(|c| arrow::datatypes::Field::new(&c.name, c.stored.clone(), true)).collect();
        Arc::new(arrow::datatypes::Schema::new(fields))
    }

    /// The same source with columns inferred from every row.
    ///
    /// # Errors
    /// Those of reading, and cancellation.
    pub fn infer_all(&self, monitor: &Monitor) -> Result<Self> {
        fold::infer_all(self, monitor)
    }

    /// Whether 16 bytes in a leaf of a column, counted depth first, are a UUID: in text nothing else is so inferred, in
    /// Parquet the files say.
    pub(crate) fn is_uuid(&self, column: usize, leaf: usize) -> bool {
        self.files.iter().filter_map(|file| file.parquet.as_ref()).all(|file| file.is_uuid(column, leaf))
    }

    /// The size of all files on disk, in bytes.
    pub fn total_bytes(&self) -> u64 {
        self.files.iter().map(|f| f.bytes).sum()
    }
}
