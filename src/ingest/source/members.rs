//! The members of an object that is one line of JSON, as they are written.
//!
//! Looks at sound JSON only, nested no deeper than can be decoded; what it makes of anything else does not matter.

use std::borrow::Cow;

use arrow::datatypes::{DataType, FieldRef, Fields};

use super::keys::string_end;
use super::tokens::shortened;

/// The line with lists and objects as text of their JSON wherever the fields have text; nothing where there are none.
pub(super) fn quoted(line: &[u8], fields: &Fields) -> Option<Vec<u8>> {
    let mut quoting = Quoting { line, copied: 0, out: Vec::new() };
    quoting.object(0, fields);
    (quoting.copied > 0).then(|| {
        quoting.out.extend_from_slice(line.get(quoting.copied..).unwrap_or_default());
        quoting.out
    })
}

/// The value of a line's own field, shortened: what a string says, anything else as it is written.
pub(crate) fn cell(line: &[u8], name: &str) -> Option<String> {
    let (_, from, end) = members(line, 0).find(|(key, ..)| key == name)?;
    let written = line.get(from..end)?;
    Some(match serde_json::from_slice::<String>(written) {
        Ok(text) => shortened(text.as_bytes()),
        Err(_) => shortened(written),
    })
}

/// A line on its way to its quoted form.
struct Quoting<'a> {
    line: &'a [u8],
    /// Up to here it is in `out`.
    copied: usize,
    out: Vec<u8>,
}

impl Quoting<'_> {
    fn value(&mut self, from: usize, end: usize, of: &DataType) {
        match (self.line.get(from), of) {
            (Some(b'{'), DataType::Struct(fields)) => self.object(from, fields),
            (Some(b'['), DataType::List(element)) => self.list(from, element),
            (Some(b'{' | b'['), DataType::Utf8 | DataType::Utf8View) => self.quote(from, end),
            _ => {}
        }
    }

    fn object(&mut self, at: usize, fields: &Fields) {
        let line = self.line;
        for (key, from, end) in members(line, at).filter(|(_, from, _)| matches!(line.get(*from), Some(b'{' | b'['))) {
            if let Some((_, field)) = fields.find(&key) {
                self.value(from, end, field.data_type());
            }
        }
    }

    fn list(&mut self, at: usize, element: &FieldRef) {
        let mut at = next(self.line, at + 1);
        while self.line.get(at).is_some_and(|b| *b != b']') {
            let end = value_end(self.line, at);
            self.value(at, end, element.data_type());
            at = next(self.line, end);
        }
    }

    fn quote(&mut self, from: usize, end: usize) {
        let written = self.line.get(from..end).unwrap_or_default();
        let text = serde_json::Value::String(String::from_utf8_lossy(written).into_owned()).to_string();
        self.out.extend_from_slice(self.line.get(self.copied..from).unwrap_or_default());
        self.out.extend_from_slice(text.as_bytes());
        self.copied = end;
    }
}

/// Each key of the object that begins at `at`, and where its value begins and ends.
pub(super) fn members(line: &[u8], at: usize) -> impl Iterator<Item = (Cow<'_, str>, usize, usize)> {
    let mut at = next(line, at + 1);
    std::iter::from_fn(move || {
        line.get(at).filter(|b| **b == b'"')?;
        let end = (string_end(line, at + 1) + 1).min(line.len());
        let key = key(line.get(at..end)?);
        let from = next(line, end);
        let end = value_end(line, from);
        at = next(line, end);
        Some((key, from, end))
    })
}

/// What a key says that stands in quotes.
fn key(written: &[u8]) -> Cow<'_, str> {
    match serde_json::from_slice::<&str>(written) {
        Ok(plain) => Cow::Borrowed(plain),
        Err(_) => Cow::Owned(serde_json::from_slice(written).unwrap_or_default()),
    }
}

/// Where the next value or key begins, or the end of what holds them.
fn next(line: &[u8], from: usize) -> usize {
    let rest = line.get(from..).unwrap_or_default();
    let is_between = |b: &u8| matches!(b, b',' | b':') || b.is_ascii_whitespace();
    from + rest.iter().take_while(|b| is_between(b)).count()
}

/// Where the value that begins at `from` ends; never there.
fn value_end(line: &[u8], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0_usize);
    while let Some(byte) = line.get(at) {
        match byte {
            b'"' => at = string_end(line, at + 1),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => {
                let rest = line.get(at + 1..).unwrap_or_default();
                let is_end = |b: &u8| matches!(b, b',' | b'}' | b']') || b.is_ascii_whitespace();
                at += rest.iter().take_while(|b| !is_end(b)).count();
            }
            _ => {}
        }
        at += 1;
        if depth == 0 {
            break;
        }
    }
    at.min(line.len()).max(from + 1)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn only_what_is_nested_where_text_is_expected_is_quoted() {
        let list = |of| DataType::List(Arc::new(Field::new("element", of, true)));
        let object = DataType::Struct(vec![Field::new("x", DataType::Utf8, true)].into());
        let fields = Fields::from(vec![
            Field::new("t", DataType::Utf8View, true),
            Field::new("o", object, true),
            Field::new("l", list(DataType::Utf8), true),
        ]);
        let quoted = |line: &str| quoted(line.as_bytes(), &fields).map(|q| String::from_utf8(q).unwrap());
        for plain in [r"{}", r#"{"t": "[1]", "o": {"x": null}, "l": [], "z": [1]}"#, r#"{"o": 3, "l": {"x": 1}}"#] {
            assert_eq!(quoted(plain), None, "{plain}");
        }
        for (line, expected) in [
            (r#"{"t": [1, "]"], "o": {"x" : {}}}"#, r#"{"t": "[1, \"]\"]", "o": {"x" : "{}"}}"#),
            (
                r#"{"l":["a",[1],{"b":2},5],"\u0074":{"é":"\\"}}"#,
                r#"{"l":["a","[1]","{\"b\":2}",5],"\u0074":"{\"é\":\"\\\\\"}"}"#,
            ),
        ] {
            assert_eq!(quoted(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn a_cell_is_found_by_its_name() {
        let line = r#" {"a": {"b": "x"}, "b" : [1, 2] , "c":"\"q\"","d":-1.50}"#.trim().as_bytes();
        for (name, expected) in [("a", r#"{"b": "x"}"#), ("b", "[1, 2]"), ("c", "\"q\""), ("d", "-1.50")] {
            assert_eq!(cell(line, name).as_deref(), Some(expected));
        }
        assert_eq!(cell(line, "e"), None);
    }

    #[test]
    fn what_is_no_json_does_no_harm() {
        for odd in ["", "{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":}", "{\"a\":[", "{\"a\":]]]", "{\"a\":\"", "}"]
        {
            let _ = (
                cell(odd.as_bytes(), "a"),
                quoted(odd.as_bytes(), &Fields::from(vec![Field::new("a", DataType::Utf8, true)])),
            );
        }
    }
}
