//! Fields of delimited text, written so that reading them gives the same values: in the source's own dialect, and, where
//! nobody names that, in the one that is detected.

use crate::ingest::source::{Dialect, NULLS};

/// Writes fields in a dialect.
#[derive(Debug, Default)]
pub(super) struct Fields(Dialect);

impl Fields {
    /// In the dialect of a source; RFC 4180 for one that has none.
    pub(super) fn of(dialect: Option<&Dialect>) -> Self {
        Self(dialect.cloned().unwrap_or_default())
    }

    /// One line of such fields.
    pub(super) fn line(&self, fields: &[Vec<u8>]) -> Vec<u8> {
        let mut line = fields.join(&self.0.delimiter);
        line.push(self.0.terminator());
        line
    }

    /// A name in the header. The first one shows what quotes, where that is not what is taken for granted.
    pub(super) fn name(&self, name: &str) -> Vec<u8> {
        match self.0.quote.0 {
            None | Some(b'"') => self.told(name),
            Some(quote) => self.enclosed(name.as_bytes(), quote),
        }
    }

    /// No value.
    pub(super) fn null(&self) -> Vec<u8> {
        let nulls = &self.0.nulls;
        let empty = nulls.iter().any(String::is_empty);
        nulls.first().filter(|_| !empty).map(|null| null.clone().into_bytes()).unwrap_or_default()
    }

    /// A value. In quotes also where it would be no value without them.
    pub(super) fn value(&self, text: &str) -> Vec<u8> {
        match self.0.quote.0 {
            Some(quote) if text.is_empty() || self.is_null(text) => self.enclosed(text.as_bytes(), quote),
            _ => self.told(text),
        }
    }

    /// What icedeck says of a row; nothing is an empty field. Where nothing quotes, what would end the field is a space.
    pub(super) fn told(&self, text: &str) -> Vec<u8> {
        let ends = |c: char| matches!(c, '\n' | '\r') || c == char::from(self.0.delimiter);
        match self.0.quote.0 {
            None => text.replace(ends, " ").into_bytes(),
            Some(quote)
                if text.contains(ends) || text.contains(char::from(quote)) || text.trim_matches(' ') != text =>
            {
                self.enclosed(text.as_bytes(), quote)
            }
            Some(_) => text.as_bytes().to_vec(),
        }
    }

    /// A row that could not be taken apart, byte for byte, as the last field.
    pub(super) fn whole(&self, row: &[u8]) -> Vec<u8> {
        match self.0.quote.0 {
            Some(quote) if !row.is_empty() => self.enclosed(row, quote),
            _ => row.to_vec(),
        }
    }

    fn is_null(&self, text: &str) -> bool {
        NULLS.contains(&text) || self.0.nulls.iter().any(|null| null == text)
    }

    fn enclosed(&self, text: &[u8], quote: u8) -> Vec<u8> {
        let escape = self.0.escape.0;
        let mut out = Vec::with_capacity(text.len() + 2);
        out.push(quote);
        for byte in text {
            match escape {
                Some(escape) if *byte == escape || *byte == quote => out.extend([escape, *byte]),
                None if *byte == quote => out.extend([quote, quote]),
                _ => out.push(*byte),
            }
        }
        out.push(quote);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::source::Mark;

    fn written(dialect: &Dialect, text: &str) -> String {
        String::from_utf8(Fields::of(Some(dialect)).value(text)).unwrap()
    }

    #[test]
    fn what_would_be_null_stands_in_quotes() {
        let dialect = Dialect { nulls: vec!["-9".into()], ..Dialect::default() };
        for null in ["", "NULL", "\\N", "NA", "-9"] {
            assert_eq!(written(&dialect, null), format!("\"{null}\""));
        }
        assert_eq!(Fields::of(Some(&dialect)).null(), b"-9");
        assert_eq!(Fields::default().null(), b"");
        assert_eq!(written(&dialect, "NULLS"), "NULLS");
    }

    #[test]
    fn quotes_are_those_of_the_dialect() {
        let single = Dialect { quote: Mark(Some(b'\'')), delimiter: b';', ..Dialect::default() };
        assert_eq!(written(&single, "it's; \"so\", \\"), "'it''s; \"so\", \\'");
        let escaped = Dialect { escape: Mark(Some(b'\\')), ..Dialect::default() };
        assert_eq!(written(&escaped, "a\"b\\c,"), "\"a\\\"b\\\\c,\"");
        assert_eq!(written(&escaped, "a\\c"), "a\\c");
        let none = Dialect { quote: Mark(None), delimiter: b'|', ..Dialect::default() };
        assert_eq!(written(&none, "5\" \\N"), "5\" \\N");
        assert_eq!(Fields::of(Some(&none)).told("a|b\nc"), b"a b c");
    }
}
