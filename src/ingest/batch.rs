//! What flows through a load: batches of source rows that know where they came from, and the faults found in them.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use serde::Serialize;

/// Where a source row stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Line {
    /// The source file.
    pub file: Arc<PathBuf>,
    /// The line it begins on, from 1 (header included); the row's number in a Parquet file.
    pub line: u64,
}

/// Source rows, decoded but not yet mapped. Text sources (CSV, TSV) hold `Utf8View` columns in which the null strings
/// are null already; NDJSON holds single values so too, lists and objects of text as what they are; Parquet its own types.
#[derive(Debug, Clone)]
pub struct SourceBatch {
    /// One column per source column, in the source's order (or that of the projection asked for).
    pub batch: RecordBatch,
    /// The source file.
    pub file: Arc<PathBuf>,
    /// For each row the line it begins on, from 1.
    pub lines: Vec<u64>,
    /// Rows that could not even be taken apart (ragged, invalid UTF-8, broken JSON). They are not in `batch`.
    pub faults: Vec<Fault>,
    /// The text of rows as it came, where it is kept: of delimited text only that of the rows at fault.
    pub text: Option<SourceText>,
}

/// Text of a source, in UTF-8 but for bytes that are none.
#[derive(Debug, Clone)]
pub enum SourceText {
    /// Whole lines, each of them a row: NDJSON.
    Lines {
        /// The lines with their ends.
        bytes: Buffer,
        /// The number of the first of them, from 1.
        first_line: u64,
    },
    /// Single rows, each with the number of the line it begins on, ascending; without the ends of their lines.
    Records(Vec<(u64, Vec<u8>)>),
}

impl SourceText {
    /// The line of that number, where lines are kept.
    pub(super) fn line(&self, number: u64) -> Option<&[u8]> {
        let Self::Lines { bytes, first_line } = self else { return None };
        let before = usize::try_from(number.checked_sub(*first_line)?).ok()?;
        let mut ends = memchr::memchr_iter(b'\n', bytes);
        let start = if before == 0 { 0 } else { ends.nth(before - 1)? + 1 };
        let end = ends.next().unwrap_or(bytes.len());
        bytes.get(start..end).map(<[u8]>::trim_ascii)
    }

    /// The rows, each with the number of the line it begins on, ascending.
    pub fn rows(&self) -> Vec<(u64, &[u8])> {
        match self {
            Self::Lines { bytes, first_line } => {
                let lines = bytes.as_slice().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
                (*first_line..).zip(lines).collect()
            }
            Self::Records(rows) => rows.iter().map(|(line, row)| (*line, row.as_slice())).collect(),
        }
    }
}

/// One row that does not fit, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where it stands.
    pub line: Line,
    /// The source column, or the table column where no source column is at fault; nothing for the whole row.
    pub column: Option<String>,
    /// The value as text, shortened; nothing where it is null or the whole row is at fault.
    pub value: Option<String>,
    /// Why, without the value, so that faults can be grouped by it: "not a whole number".
    pub reason: String,
}

impl SourceBatch {
    /// Where row `row` of the batch stands.
    pub fn line(&self, row: usize) -> Line {
        Line { file: self.file.clone(), line: self.lines.get(row).copied().unwrap_or_default() }
    }
}
