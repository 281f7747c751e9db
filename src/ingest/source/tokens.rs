//! Takes the records of a block of delimited text apart into fields. Finds positions only; makes no Arrow.
//!
//! Eight bytes are looked at in one step. Without quotes in the block that goes straight through it; with quotes each
//! field is looked at by itself.

use memchr::{memchr_iter, memchr2};

use super::cut::Marks;
use crate::ingest::{Fault, Line};

/// Marks a field that was quoted.
const QUOTED: u32 = 1 << 31;
/// Marks a field whose text is in the scratch buffer.
const UNESCAPED: u32 = 1 << 31;
/// Characters of a broken record that are shown.
const SHOWN: usize = 120;

/// Where a field stands, in the block or, unescaped, in the scratch buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Whether the field was quoted.
    pub(super) fn quoted(self) -> bool {
        self.end & QUOTED != 0
    }

    /// Whether its text is in the scratch buffer.
    pub(super) fn unescaped(self) -> bool {
        self.start & UNESCAPED != 0
    }

    /// Its first byte and the byte past its last one.
    pub(super) fn range(self) -> std::ops::Range<usize> {
        (self.start & !UNESCAPED) as usize..(self.end & !QUOTED) as usize
    }

    fn is_empty_unquoted(self) -> bool {
        self.start == self.end
    }
}

/// The fields of a block, and the records that could not be taken apart.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    /// `width` spans a row, row by row.
    pub(super) spans: Vec<Span>,
    /// The line on which each row begins.
    pub(super) lines: Vec<u64>,
    /// Text of fields that had to be unescaped.
    pub(super) scratch: Vec<u8>,
    /// Records that are no rows.
    pub(super) faults: Vec<Fault>,
    /// Their text as it came, each with its line.
    pub(super) odd: Vec<(u64, Vec<u8>)>,
    bytes: &'a [u8],
    marks: Marks,
    width: usize,
    at: &'a Line,
    /// Positions in `bytes` that are not valid text, ascending.
    invalid: &'a [usize],
    /// Delimiter and terminator, eight times each.
    needles: [u64; 2],
    record: Record,
}

/// The record being taken apart.
#[derive(Debug, Default)]
struct Record {
    start: usize,
    line: u64,
    first_span: usize,
    broken: Option<&'static str>,
}

impl<'a> Tokens<'a> {
    /// Takes `bytes` apart, which hold whole records, each with its terminator. `at` is where they begin, `invalid` the
    /// positions of bytes that are not valid text.
    pub(super) fn new(bytes: &'a [u8], marks: Marks, width: usize, at: &'a Line, invalid: &'a [usize]) -> Self {
        let rows = bytes.len() / (width * 4).max(16);
        let mut tokens = Self {
            spans: Vec::with_capacity(rows * width),
            lines: Vec::with_capacity(rows),
            scratch: Vec::new(),
            faults: Vec::new(),
            odd: Vec::new(),
            bytes,
            marks,
            width,
            at,
            invalid,
            needles: [marks.delimiter, marks.terminator].map(|mark| u64::from_ne_bytes([mark; 8])),
            record: Record { line: at.line, ..Record::default() },
        };
        match marks.quote {
            Some(quote) if memchr::memchr(quote, bytes).is_some() => tokens.with_quotes(),
            _ => tokens.without_quotes(),
        }
        tokens
    }

    fn without_quotes(&mut self) {
        let (bytes, needles) = (self.bytes, self.needles);
        let (words, rest) = bytes.as_chunks::<8>();
        let (mut base, mut start) = (0usize, 0usize);
        for word in words {
            let mut found = matches(u64::from_le_bytes(*word), needles);
            while found != 0 {
                let end = base + (found.trailing_zeros() >> 3) as usize;
                found &= found - 1;
                self.plain_field(start, end);
                start = end + 1;
            }
            base += 8;
        }
        for (i, byte) in rest.iter().enumerate() {
            if *byte == self.marks.delimiter || *byte == self.marks.terminator {
                self.plain_field(start, base + i);
                start = base + i + 1;
            }
        }
    }

    /// A field without quotes whose delimiter or terminator stands at `end`.
    #[inline(always)]
    fn plain_field(&mut self, start: usize, end: usize) {
        if self.bytes.get(end) != Some(&self.marks.terminator) {
            self.spans.push(Span { start: start as u32, end: end as u32 });
            return;
        }
        let value_end = self.without_return(start, end);
        self.spans.push(Span { start: start as u32, end: value_end as u32 });
        self.finish_record(end + 1, 1);
    }

    /// CR LF ends a line like LF.
    fn without_return(&self, start: usize, end: usize) -> usize {
        let cr = end > start && self.marks.terminator == b'\n' && self.bytes.get(end - 1) == Some(&b'\r');
        if cr { end - 1 } else { end }
    }

    fn with_quotes(&mut self) {
        let bytes = self.bytes;
        let quotes = u64::from_ne_bytes([self.marks.quote.unwrap_or(self.marks.delimiter); 8]);
        let (mut at, mut start, mut lines) = (0, 0, 1);
        while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let word = u64::from_le_bytes(*word);
            let mut found = matches(word, self.needles) | matches(word, [quotes; 2]);
            at += 8;
            while found != 0 {
                let end = at - 8 + (found.trailing_zeros() >> 3) as usize;
                found &= found - 1;
                if bytes.get(end).copied() != self.marks.quote {
                    self.field_of_quoted(start, end, &mut lines);
                    start = end + 1;
                } else if end == start {
                    // What is looked at next is what comes behind the field.
                    (at, start) = self.past_quoted(end, &mut lines);
                    found = 0;
                }
            }
        }
        self.last_of_quoted(start, &mut lines);
    }

    /// Takes the quoted field at `open`, and its record where that ends with it. Gives where the next field begins, twice.
    fn past_quoted(&mut self, open: usize, lines: &mut u64) -> (usize, usize) {
        let end = self.quoted_field(open, lines);
        if self.bytes.get(end).is_none_or(|b| *b == self.marks.terminator) {
            self.finish_record(end + 1, std::mem::replace(lines, 1));
        }
        (end + 1, end + 1)
    }

    /// An unquoted field of a block with quotes, whose delimiter or terminator stands at `end`.
    #[inline(always)]
    fn field_of_quoted(&mut self, start: usize, end: usize, lines: &mut u64) {
        if self.bytes.get(end).is_some_and(|b| *b != self.marks.terminator) {
            self.spans.push(Span { start: start as u32, end: end as u32 });
            return;
        }
        self.spans.push(Span { start: start as u32, end: self.last_field_end(start, end) as u32 });
        self.finish_record(end + 1, std::mem::replace(lines, 1));
    }

    /// The fields of the last bytes, fewer than eight from where a word was last looked at, and more where a long field
    /// goes on there.
    fn last_of_quoted(&mut self, start: usize, lines: &mut u64) {
        let mut start = start;
        while start < self.bytes.len() {
            if self.bytes.get(start).copied() == self.marks.quote {
                (_, start) = self.past_quoted(start, lines);
            } else {
                let end = self.field_end(start);
                self.field_of_quoted(start, end, lines);
                start = end + 1;
            }
        }
    }

    /// Where the unquoted rest of a field ends. Fields are short: most end within the first eight bytes.
    #[inline(always)]
    fn field_end(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        let (words, tail) = rest.as_chunks::<8>();
        let mut at = from;
        for word in words {
            let found = matches(u64::from_le_bytes(*word), self.needles);
            if found != 0 {
                return at + (found.trailing_zeros() >> 3) as usize;
            }
            at += 8;
        }
        memchr2(self.marks.delimiter, self.marks.terminator, tail).map_or(self.bytes.len(), |i| at + i)
    }

    fn last_field_end(&self, start: usize, end: usize) -> usize {
        if self.bytes.get(end) == Some(&self.marks.terminator) { self.without_return(start, end) } else { end }
    }

    /// A field whose opening quote stands at `open`. Gives the position of what ends it.
    fn quoted_field(&mut self, open: usize, lines: &mut u64) -> usize {
        let Some(field) = self.marks.quoted(self.bytes, open) else {
            self.record.broken = Some("a quote that never closes");
            return self.bytes.len();
        };
        let value = self.bytes.get(open + 1..field.close).unwrap_or_default();
        *lines += memchr_iter(self.marks.terminator, value).count() as u64;
        let span = if field.escaped { self.unescape(value) } else { (open as u32 + 1, field.close as u32) };
        self.spans.push(Span { start: span.0, end: span.1 | QUOTED });
        let end = self.field_end(field.close + 1);
        if self.last_field_end(field.close + 1, end) != field.close + 1 {
            self.record.broken = Some("characters between a closing quote and the end of its field");
        }
        end
    }

    /// Copies a quoted value without its doubled quotes and escapes.
    fn unescape(&mut self, value: &[u8]) -> (u32, u32) {
        let start = self.scratch.len() as u32;
        let quote = self.marks.quote.unwrap_or_default();
        let escape = self.marks.escape.unwrap_or(quote);
        let mut rest = value;
        while let Some(at) = memchr2(quote, escape, rest) {
            self.scratch.extend_from_slice(rest.get(..at).unwrap_or_default());
            self.scratch.extend(rest.get(at + 1));
            rest = rest.get(at + 2..).unwrap_or_default();
        }
        self.scratch.extend_from_slice(rest);
        (start | UNESCAPED, self.scratch.len() as u32)
    }

    /// Ends the record before `next`, which stood on so many lines.
    #[inline(always)]
    fn finish_record(&mut self, next: usize, lines: u64) {
        let fields = self.spans.len() - self.record.first_span;
        let whole = self.record.broken.is_none() && self.invalid.first().is_none_or(|bad| *bad >= next);
        if fields == self.width && whole {
            self.lines.push(self.record.line);
        } else {
            self.odd_record(fields, next);
        }
        self.record.start = next;
        self.record.line += lines;
        self.record.first_span = self.spans.len();
    }

    /// A record that is blank, broken, or has a field too few or too many.
    #[cold]
    fn odd_record(&mut self, fields: usize, next: usize) {
        let first = self.record.first_span;
        let broken = self.record.broken.take();
        let invalid = self.invalid.partition_point(|bad| *bad < next);
        self.invalid = self.invalid.get(invalid..).unwrap_or_default();
        let last_is_empty = self.spans.last().is_some_and(|s| s.is_empty_unquoted());
        let reason = match broken {
            Some(reason) => reason.to_owned(),
            None if invalid > 0 => "bytes that are not valid text in the file's encoding".to_owned(),
            None if fields == 1 && last_is_empty && self.width > 1 => return self.spans.truncate(first),
            None if fields == self.width + 1 && last_is_empty => {
                self.spans.pop();
                return self.lines.push(self.record.line);
            }
            None => format!("{fields} field{} where {} are expected", if fields == 1 { "" } else { "s" }, self.width),
        };
        self.spans.truncate(first);
        let text = self.bytes.get(self.record.start..next.min(self.bytes.len())).unwrap_or_default();
        let line = Line { file: self.at.file.clone(), line: self.record.line };
        self.odd.push((line.line, ended(text).to_vec()));
        self.faults.push(Fault { line, column: None, value: Some(shortened(text)), reason });
    }
}

/// A record without what ends it.
fn ended(record: &[u8]) -> &[u8] {
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    record.strip_suffix(b"\r").unwrap_or(record)
}

/// The start of a record as text of one line.
pub(super) fn shortened(record: &[u8]) -> String {
    let head = record.get(..record.len().min(SHOWN * 4)).unwrap_or_default();
    let text = String::from_utf8_lossy(head);
    let text = text.trim_end_matches(['\r', '\n']);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// For each of eight bytes, lowest first, its highest bit where it equals one of the needles.
#[inline(always)]
fn matches(word: u64, needles: [u64; 2]) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let [a, b] = needles.map(|needle| word ^ needle);
    let other = (((a & LOW) + LOW) | a) & (((b & LOW) + LOW) | b);
    !other & !LOW
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::source::settings::Dialect;
    use std::sync::Arc;

    type Apart = (Vec<Vec<String>>, Vec<u64>, Vec<(u64, String)>);

    fn rows(text: &str, width: usize) -> Apart {
        let at = Line { file: Arc::default(), line: 2 };
        let tokens = Tokens::new(text.as_bytes(), Marks::from(&Dialect::default()), width, &at, &[]);
        let field = |s: &Span| {
            let from = if s.unescaped() { &tokens.scratch[..] } else { text.as_bytes() };
            String::from_utf8_lossy(&from[s.range()]).into_owned()
        };
        let rows = tokens.spans.chunks(width).map(|row| row.iter().map(field).collect()).collect();
        let faults = tokens.faults.iter().map(|f| (f.line.line, f.reason.clone())).collect();
        (rows, tokens.lines, faults)
    }

    #[test]
    fn fields_and_lines_come_apart_with_and_without_quotes() {
        let plain = rows("1,two\r\n,\n\nlonger than eight,x\n", 2);
        assert_eq!(plain.0, [["1", "two"], ["", ""], ["longer than eight", "x"]]);
        assert_eq!(plain.1, [2, 3, 5]);
        let quoted = rows("1,\"a\nb\"\n\"say \"\"hi\"\"\",\"\"\r\n\r\nx,5\" pipe\n", 2);
        assert_eq!(quoted.0, [["1", "a\nb"], ["say \"hi\"", ""], ["x", "5\" pipe"]]);
        assert_eq!(quoted.1, [2, 4, 6]);
    }

    #[test]
    fn ragged_records_are_faults_with_their_lines() {
        let (rows, lines, faults) = rows("1,2\n3\n4,5,6\n7,8,\n\"9\"x,0\n", 2);
        assert_eq!((rows, lines), (vec![vec!["1".into(), "2".into()], vec!["7".into(), "8".into()]], vec![2, 5]));
        let expected =
            ["1 field where 2 are expected", "3 fields where 2 are expected", "characters between a closing"];
        assert_eq!(faults.iter().map(|f| f.0).collect::<Vec<_>>(), [3, 4, 6]);
        assert!(faults.iter().zip(expected).all(|(f, e)| f.1.starts_with(e)), "{faults:?}");
    }

    #[test]
    fn eight_bytes_at_once_find_exactly_the_needles() {
        for bytes in [*b",a\nb,,\n\n", [0, 255, 128, b',', 0x2d, 0x2b, b'\n', 0x8a]] {
            let found = matches(u64::from_le_bytes(bytes), [b',', b'\n'].map(|n| u64::from_ne_bytes([n; 8])));
            let expected =
                bytes.iter().rev().fold(0u64, |m, b| m << 8 | if matches!(b, b',' | b'\n') { 0x80 } else { 0 });
            assert_eq!(found, expected);
        }
    }
}
