//! Blocks of whole records from a text file: unpacks it, turns it into UTF-8 and cuts it, in bounded memory.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::buffer::Buffer;

use super::SourceFile;
use super::compression::{damaged, unpacked};
use super::cut::Marks;
use super::encoding::{Utf8Reader, by_label};
use super::settings::Compression;
use crate::{Error, Kind, Result};

/// A record that is longer than this is taken for damage, in bytes.
pub(super) const LONGEST_RECORD: usize = 64 << 20;

/// A place in the UTF-8 text of a file where a record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Bytes of UTF-8 before it.
    pub(crate) offset: u64,
    /// Its line, from 1.
    pub(crate) line: u64,
}

/// A run of whole records.
#[derive(Debug)]
pub(super) struct TextBlock {
    /// The records, each with its terminator.
    pub(super) bytes: Buffer,
    /// Where they begin.
    pub(super) place: Place,
    /// Bytes read from disk for them.
    pub(super) read: u64,
}

/// Reads one text file from a place on.
pub(super) struct TextReader {
    file: SourceFile,
    marks: Marks,
    size: usize,
    most_lines: usize,
    stream: Box<dyn Read + Send>,
    carry: Vec<u8>,
    place: Place,
    on_disk: Arc<AtomicU64>,
    told: u64,
    ended: bool,
}

impl std::fmt::Debug for TextReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextReader").field("file", &self.file.path).field("place", &self.place).finish_non_exhaustive()
    }
}

/// The UTF-8 text of a file from `offset` on.
pub(super) fn open_text(file: &SourceFile, offset: u64, on_disk: Arc<AtomicU64>) -> Result<Box<dyn Read + Send>> {
    let encoding = by_label(&file.encoding)?;
    let mark = file.mark_bytes;
    if encoding == encoding_rs::UTF_8 {
        return unpacked(&file.path, file.compression, mark + offset, on_disk);
    }
    let mut text = Utf8Reader::new(unpacked(&file.path, file.compression, mark, on_disk)?, encoding);
    std::io::copy(&mut text.by_ref().take(offset), &mut std::io::sink())
        .map_err(|e| damaged(&file.path, file.compression, e))?;
    Ok(Box::new(text))
}

impl TextReader {
    /// Opens `file` at a place where a record begins. Blocks hold about `size` bytes.
    pub(super) fn new(file: &SourceFile, marks: Marks, place: Place, size: usize) -> Result<Self> {
        let on_disk = Arc::new(AtomicU64::new(0));
        let stream = open_text(file, place.offset, on_disk.clone())?;
        let told = if place == file.first { 0 } else { on_disk.load(Ordering::Relaxed) };
        Ok(Self {
            file: file.clone(),
            marks,
            size,
            most_lines: usize::MAX,
            stream,
            carry: Vec::new(),
            place,
            on_disk,
            told,
            ended: false,
        })
    }

    /// Ends blocks after so many lines. Of use where a line is a record.
    pub(super) fn with_most_lines(mut self, lines: usize) -> Self {
        self.most_lines = lines.max(1);
        self.size = self.size.min(self.most_lines.saturating_mul(256)).max(16);
        self
    }

    /// The next block; nothing at the end of the file.
    pub(super) fn next_block(&mut self) -> Result<Option<TextBlock>> {
        let mut bytes = std::mem::take(&mut self.carry);
        if self.shorter(&bytes, bytes.len()) < bytes.len() {
            let end = bytes.len();
            return Ok(Some(self.emit(bytes, end)));
        }
        let mut size = self.size.max(bytes.len() + self.size / 2);
        while !self.ended {
            self.fill(&mut bytes, size)?;
            let cut = self.marks.cut(&bytes);
            if cut.end > 0 && !self.ended {
                return Ok(Some(self.emit(bytes, cut.end)));
            }
            if bytes.len() >= LONGEST_RECORD || (self.ended && cut.open.is_some()) {
                return Err(self.endless(&bytes, cut.open));
            }
            size = size.saturating_mul(2);
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        if bytes.last() != Some(&self.marks.terminator) {
            bytes.push(self.marks.terminator);
        }
        let end = bytes.len();
        Ok(Some(self.emit(bytes, end)))
    }

    fn fill(&mut self, bytes: &mut Vec<u8>, size: usize) -> Result<()> {
        let missing = size.saturating_sub(bytes.len());
        bytes.reserve_exact(missing + 1);
        let read = (&mut self.stream)
            .take(missing as u64)
            .read_to_end(bytes)
            .map_err(|e| damaged(&self.file.path, self.file.compression, e).with("line", self.place.line))?;
        self.ended = read < missing;
        if self.ended && self.on_disk.load(Ordering::Relaxed) != self.file.bytes {
            return Err(Error::new(Kind::Unavailable, "the file changed while it was read")
                .with("file", self.file.path.display())
                .hint("open it again once nothing writes to it"));
        }
        Ok(())
    }

    fn emit(&mut self, mut bytes: Vec<u8>, end: usize) -> TextBlock {
        let end = self.shorter(&bytes, end);
        self.carry = bytes.get(end..).unwrap_or_default().to_vec();
        bytes.truncate(end);
        let lines = memchr::memchr_iter(self.marks.terminator, &bytes).count() as u64;
        let next = Place { offset: self.place.offset + end as u64, line: self.place.line + lines };
        let place = std::mem::replace(&mut self.place, next);
        let read = if self.ended && self.carry.is_empty() {
            self.file.bytes.saturating_sub(self.told)
        } else {
            self.on_disk.load(Ordering::Relaxed).saturating_sub(self.told)
        };
        self.told += read;
        TextBlock { bytes: Buffer::from_vec(bytes), place, read }
    }

    /// Fewer bytes where they hold too many lines.
    fn shorter(&self, bytes: &[u8], end: usize) -> usize {
        if self.most_lines >= end {
            return end;
        }
        let lines = bytes.get(..end).unwrap_or_default();
        memchr::memchr_iter(self.marks.terminator, lines).nth(self.most_lines - 1).map_or(end, |last| last + 1)
    }

    /// The error for a record that does not end.
    fn endless(&self, bytes: &[u8], open: Option<usize>) -> Error {
        let lines_before = |at: usize| memchr::memchr_iter(self.marks.terminator, bytes.get(..at).unwrap_or_default());
        let error = match open {
            Some(at) => {
                let line = self.place.line + lines_before(at).count() as u64;
                Error::invalid(format!("the quote opened in line {line} never closes"))
                    .with("file", self.file.path.display())
                    .with("line", line)
                    .hint("close it, or, if quotes are ordinary characters in this file, switch quoting off")
            }
            None => Error::invalid(format!("line {} is longer than {} MiB", self.place.line, LONGEST_RECORD >> 20))
                .with("file", self.file.path.display())
                .with("line", self.place.line)
                .hint("check what ends a line in this file, and whether it is text at all"),
        };
        if self.file.compression == Compression::None { error } else { error.with("packed", self.file.compression) }
    }
}
