//! The first records of delimited text as plain strings, for detection: forgiving, slow, of a bounded sample.

use memchr::memchr2;

use super::cut::Marks;

/// One field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) quoted: bool,
}

impl Cell {
    /// Empty, and not so within quotes.
    pub(super) fn is_blank(&self) -> bool {
        self.text.is_empty() && !self.quoted
    }
}

/// At most `most` whole records of a text that begins with one. Blank lines are left out.
pub(super) fn first_records(bytes: &[u8], marks: Marks, most: usize) -> Vec<Vec<Cell>> {
    let mut records = Vec::new();
    let mut rest = bytes;
    while let Some(end) = marks.first_record(rest).filter(|_| records.len() < most) {
        let (record, after) = rest.split_at(end);
        let cells = fields(record.get(..end - 1).unwrap_or_default(), marks);
        if cells.len() > 1 || !cells.iter().all(Cell::is_blank) {
            records.push(cells);
        }
        rest = after;
    }
    records
}

/// The fields of one record without its terminator.
pub(super) fn fields(record: &[u8], marks: Marks) -> Vec<Cell> {
    let record = if marks.terminator == b'\n' { record.strip_suffix(b"\r").unwrap_or(record) } else { record };
    let mut cells = Vec::new();
    let mut at = 0;
    loop {
        let opens = marks.quote.is_some() && record.get(at).copied() == marks.quote;
        let closed = if opens { marks.quoted(record, at) } else { None };
        let from = closed.map_or(at, |field| field.close + 1);
        let end = record
            .get(from..)
            .and_then(|rest| memchr2(marks.delimiter, marks.delimiter, rest))
            .map_or(record.len(), |i| from + i);
        let text = match closed {
            Some(field) => record.get(at + 1..field.close),
            None => record.get(at..end),
        };
        let text = String::from_utf8_lossy(text.unwrap_or_default());
        cells.push(Cell { text: unescaped(&text, marks, closed.is_some_and(|f| f.escaped)), quoted: closed.is_some() });
        if end >= record.len() {
            return cells;
        }
        at = end + 1;
    }
}

fn unescaped(text: &str, marks: Marks, escaped: bool) -> String {
    if !escaped {
        return text.to_owned();
    }
    let quote = marks.quote.map(char::from);
    let escape = marks.escape.or(marks.quote).map(char::from);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.extend(if Some(c) == escape || Some(c) == quote { chars.next() } else { Some(c) });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::source::settings::Dialect;

    #[test]
    fn records_come_apart() {
        let text = b"a,\"b \"\"x\"\"\",\r\n\r\n1,\"2\n\",3\nrest";
        let records = first_records(text, Marks::from(&Dialect::default()), 9);
        let texts: Vec<Vec<_>> = records.iter().map(|r| r.iter().map(|c| c.text.as_str()).collect()).collect();
        assert_eq!(texts, [["a", "b \"x\"", ""], ["1", "2\n", "3"]]);
        assert!(records[0][1].quoted && records[0][2].is_blank());
    }
}
