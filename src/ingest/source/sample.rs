//! A sample of rows spread over a text file: its start, places in between, its end. Small files are looked at whole.
//!
//! A place in between is only trusted where the text from its first line on comes apart without a fault; otherwise it
//! may lie within quotes.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::buffer::Buffer;

use super::compression::damaged;
use super::cut::Marks;
use super::settings::Compression;
use super::text::{TextReader, open_text};
use super::{Source, SourceFile};
use crate::Result;

/// Files up to this size are looked at whole, in bytes.
const WHOLE: u64 = 4 << 20;
/// The text looked at from the start, where a file cannot be entered in between, in bytes.
const FROM_START: u64 = 8 << 20;
/// The first part of a larger file, and each of the parts in between.
const PARTS: (usize, u64) = (1 << 20, 128 << 10);
/// How many parts in between.
const BETWEEN: u64 = 7;

/// Whole records from somewhere in a file.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) text: Buffer,
    /// The line of the first record; nothing in between.
    pub(super) line: Option<u64>,
}

/// Samples of a file, and whether they are all of it.
pub(super) fn samples(file: &SourceFile, marks: Marks) -> Result<(Vec<Sample>, bool)> {
    let spread = can_be_entered(file) && file.bytes > WHOLE;
    let enough = if spread { PARTS.0 as u64 } else { FROM_START };
    let (mut found, mut seen) = (Vec::new(), 0);
    let mut reader = TextReader::new(file, marks, file.first, PARTS.0.min(1 << 18))?;
    let whole = loop {
        let Some(block) = reader.next_block()? else { break true };
        seen += block.bytes.len() as u64;
        found.push(Sample { text: block.bytes, line: Some(block.place.line) });
        if seen >= enough {
            break false;
        }
    };
    if spread && !whole {
        for part in 1..=BETWEEN {
            let span = file.bytes.saturating_sub(PARTS.1 + file.first.offset);
            found.extend(between(file, marks, file.first.offset + span * part / BETWEEN, PARTS.1)?);
        }
    }
    Ok((found, whole))
}

/// The whole records that begin within `length` bytes from `offset`.
fn between(file: &SourceFile, marks: Marks, offset: u64, length: u64) -> Result<Option<Sample>> {
    let text = open_text(file, offset.saturating_sub(file.mark_bytes), Arc::default())?;
    let mut bytes = Vec::new();
    text.take(length).read_to_end(&mut bytes).map_err(|e| damaged(&file.path, file.compression, e))?;
    if offset + length >= file.bytes && bytes.last() != Some(&marks.terminator) {
        bytes.push(marks.terminator);
    }
    let Some(line) = memchr::memchr(marks.terminator, &bytes) else { return Ok(None) };
    let bytes = bytes.get(line + 1..).unwrap_or_default();
    let cut = marks.cut(bytes);
    let records = bytes.get(..cut.end).unwrap_or_default();
    Ok((!records.is_empty()).then(|| Sample { text: Buffer::from(records), line: None }))
}

/// The last whole records of a source, about so many bytes of them, where they can be had without reading all before
/// them and come apart soundly. Where they stand is not known.
pub(crate) fn tail(source: &Source, bytes: u64) -> Result<Option<(Arc<PathBuf>, Buffer)>> {
    let Some(file) = source.files.last().filter(|file| can_be_entered(file) && file.bytes > bytes * 2) else {
        return Ok(None);
    };
    let found = between(file, source.marks(), file.bytes - bytes, bytes)?;
    Ok(found.map(|sample| (file.path.clone(), sample.text)))
}

fn can_be_entered(file: &SourceFile) -> bool {
    file.parquet.is_none() && file.compression == Compression::None && file.encoding == "UTF-8"
}
