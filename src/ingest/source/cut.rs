//! Where records of delimited text begin and end. The one place that knows what a quote does; both the cutting of
//! blocks and the taking apart of records stand on it, so that they cannot disagree.
//!
//! A quote opens a quoted field only as the first byte of a field; anywhere else it is an ordinary character.

use memchr::{memchr, memchr2, memrchr};

use super::settings::Dialect;

/// The bytes that mean something in delimited text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    pub(super) delimiter: u8,
    pub(super) terminator: u8,
    pub(super) quote: Option<u8>,
    pub(super) escape: Option<u8>,
}

/// How far a buffer that begins with a record holds whole records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    /// Past the terminator of the last whole record; zero where there is none.
    pub(super) end: usize,
    /// Where a quote opened that the buffer does not close.
    pub(super) open: Option<usize>,
}

/// A quoted field, its quotes included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quoted {
    /// Where the closing quote stands.
    pub(super) close: usize,
    /// Whether a doubled quote or an escape is within.
    pub(super) escaped: bool,
}

impl From<&Dialect> for Marks {
    fn from(dialect: &Dialect) -> Self {
        let quote = dialect.quote.0;
        Self {
            delimiter: dialect.delimiter,
            terminator: dialect.terminator(),
            quote,
            escape: dialect.escape.0.filter(|e| Some(*e) != quote),
        }
    }
}

impl Marks {
    /// Marks for text in which a line is a record, whatever it holds.
    pub(super) fn lines() -> Self {
        Self { delimiter: b'\n', terminator: b'\n', quote: None, escape: None }
    }

    /// How far `bytes`, which begin with a record, hold whole records.
    pub(super) fn cut(&self, bytes: &[u8]) -> Cut {
        let (mut end, mut gap) = (0, 0);
        while let Some(open) = self.next_open(bytes, gap) {
            if let Some(last) = self.last_terminator(bytes, gap, open) {
                end = last + 1;
            }
            match self.quoted(bytes, open) {
                Some(field) => gap = field.close + 1,
                None => return Cut { end, open: Some(open) },
            }
        }
        let end = self.last_terminator(bytes, gap, bytes.len()).map_or(end, |last| last + 1);
        Cut { end, open: None }
    }

    /// Where the first record of `bytes` ends: past its terminator.
    pub(super) fn first_record(&self, bytes: &[u8]) -> Option<usize> {
        let mut gap = 0;
        loop {
            let open = self.next_open(bytes, gap);
            let text = bytes.get(gap..open.unwrap_or(bytes.len()))?;
            if let Some(end) = memchr(self.terminator, text) {
                return Some(gap + end + 1);
            }
            gap = self.quoted(bytes, open?)?.close + 1;
        }
    }

    /// The quoted field whose opening quote stands at `open`; nothing where it never closes.
    pub(super) fn quoted(&self, bytes: &[u8], open: usize) -> Option<Quoted> {
        let quote = self.quote?;
        let escape = self.escape.unwrap_or(quote);
        let mut escaped = false;
        let mut from = open + 1;
        loop {
            let at = from + memchr2(quote, escape, bytes.get(from..)?)?;
            let is_escape = escape != quote && bytes.get(at) == Some(&escape);
            if !is_escape && bytes.get(at + 1) != Some(&quote) {
                return Some(Quoted { close: at, escaped });
            }
            escaped = true;
            from = at + 2;
        }
    }

    /// The next quote from `from` on that opens a field.
    fn next_open(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let quote = self.quote?;
        let mut from = from;
        loop {
            let at = from + memchr(quote, bytes.get(from..)?)?;
            match at.checked_sub(1).and_then(|before| bytes.get(before)) {
                None => return Some(at),
                Some(b) if *b == self.delimiter || *b == self.terminator => return Some(at),
                Some(_) => from = at + 1,
            }
        }
    }

    /// The last terminator in `from..to`. Between two quoted fields there is mostly a single delimiter.
    fn last_terminator(&self, bytes: &[u8], from: usize, to: usize) -> Option<usize> {
        match bytes.get(from..to)? {
            [] => None,
            [one] => (*one == self.terminator).then_some(from),
            text => memrchr(self.terminator, text).map(|i| from + i),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv() -> Marks {
        Marks::from(&Dialect::default())
    }

    #[test]
    fn a_line_end_within_quotes_is_no_record_end() {
        let text = b"a,\"b\nc\"\n1,\"x\"\"\n\"\n2,\"open\n";
        assert_eq!(csv().cut(text), Cut { end: 17, open: Some(19) });
        assert_eq!(csv().first_record(text), Some(8));
        assert_eq!(csv().cut(b"1,2\n3"), Cut { end: 4, open: None });
        assert_eq!(csv().first_record(b"1,\"2\n"), None);
    }

    #[test]
    fn a_quote_within_a_field_is_an_ordinary_character() {
        assert_eq!(csv().cut(b"5\" pipe,x\n6\" pipe\n"), Cut { end: 18, open: None });
    }

    #[test]
    fn an_escaped_quote_does_not_close() {
        let marks = Marks { escape: Some(b'\\'), ..csv() };
        assert_eq!(marks.cut(b"\"a\\\"\n\",b\n"), Cut { end: 9, open: None });
        assert_eq!(marks.quoted(b"\"\\\\\",", 0), Some(Quoted { close: 3, escaped: true }));
    }

    #[test]
    fn a_quote_at_the_very_end_may_still_be_doubled() {
        assert_eq!(csv().cut(b"1\n\"a\""), Cut { end: 2, open: None });
    }
}
