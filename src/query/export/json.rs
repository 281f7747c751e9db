//! JSON that is the same document for every reader and harmless on a terminal: characters that could mislead one are
//! written as escapes.

use std::io;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use crate::table::text::is_unsafe;
use crate::{Error, Result};

/// The document, indented, with a line break at the end.
///
/// # Errors
/// A value that has no JSON.
pub fn document<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    let mut text = write(value, Escaping { inner: PrettyFormatter::new(), pretty: true })?;
    text.push('\n');
    Ok(text)
}

/// The value on one line.
pub fn compact(value: &Value) -> String {
    write(value, Escaping { inner: PrettyFormatter::new(), pretty: false }).unwrap_or_default()
}

/// Rows of an array of objects, one a line; the first page opens the array, the caller closes it.
///
/// # Errors
/// A value that has no JSON.
pub fn rows(text: &mut String, columns: &[String], rows: &[Vec<Value>], first: bool) -> Result<()> {
    for (i, row) in rows.iter().enumerate() {
        text.push_str(if first && i == 0 { "[\n  {" } else { ",\n  {" });
        for (j, (name, value)) in columns.iter().zip(row).enumerate() {
            text.push_str(if j > 0 { ", " } else { "" });
            text.push_str(&compact(&Value::String(name.clone())));
            text.push_str(": ");
            text.push_str(&compact(value));
        }
        text.push('}');
    }
    Ok(())
}

fn write<T: Serialize + ?Sized>(value: &T, formatter: Escaping<'_>) -> Result<String> {
    let bug = |e: &dyn std::fmt::Display| Error::bug(format!("the data has no JSON: {e}"));
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter)).map_err(|e| bug(&e))?;
    String::from_utf8(bytes).map_err(|e| bug(&e))
}

/// serde_json escapes C0 controls; this escapes the other misleading characters as well.
struct Escaping<'a> {
    inner: PrettyFormatter<'a>,
    pretty: bool,
}

impl Formatter for Escaping<'_> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_unsafe(*c)) {
            let (before, after) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = after.get(c.len_utf8()..).unwrap_or_default();
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        if self.pretty { self.inner.begin_array(w) } else { w.write_all(b"[") }
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        if self.pretty { self.inner.end_array(w) } else { w.write_all(b"]") }
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        if self.pretty { self.inner.begin_array_value(w, first) } else { separate(w, first) }
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        if self.pretty { self.inner.end_array_value(w) } else { Ok(()) }
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        if self.pretty { self.inner.begin_object(w) } else { w.write_all(b"{") }
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        if self.pretty { self.inner.end_object(w) } else { w.write_all(b"}") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        if self.pretty { self.inner.begin_object_key(w, first) } else { separate(w, first) }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        w.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        if self.pretty { self.inner.end_object_value(w) } else { Ok(()) }
    }
}

fn separate<W: ?Sized + io::Write>(w: &mut W, first: bool) -> io::Result<()> {
    if first { Ok(()) } else { w.write_all(b", ") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn misleading_characters_are_escaped_and_read_back() {
        let value = json!({"a\u{9b}": ["\u{1b}[2J\u{202e}x", "😀\u{e0041}", {"n": 1}], "empty": [], "o": {}});
        for text in [document(&value).unwrap(), compact(&value)] {
            assert!(!text.chars().any(|c| is_unsafe(c) && c != '\n'), "{text}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }

    #[test]
    fn pages_make_one_document() {
        let columns = ["a".to_string(), "b\"c".to_string()];
        let mut text = String::new();
        rows(&mut text, &columns, &[vec![json!(1), json!(null)]], true).unwrap();
        rows(&mut text, &columns, &[vec![json!(i64::MAX), json!({"x": "y"})]], false).unwrap();
        text.push_str("\n]\n");
        let parsed: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(parsed, json!([{"a": 1, "b\"c": null}, {"a": i64::MAX, "b\"c": {"x": "y"}}]));
    }
}
