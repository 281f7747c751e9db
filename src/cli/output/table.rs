//! Aligned columns for people. Numbers stand right, text left; control characters are symbols; only a terminal has
//! text cut, and what is cut ends in `…`.

use std::borrow::Cow;

use serde_json::{Map, Value};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::json;
use crate::table::text::visible;

const GAP: usize = 2;
/// No column is cut below this many cells while wider ones are left.
const NARROWEST: usize = 8;

/// How wide each column is, and which stand right.
#[derive(Debug, Default)]
pub struct Layout {
    columns: Vec<Column>,
    cut: bool,
}

#[derive(Debug)]
struct Column {
    width: usize,
    right: bool,
}

impl Layout {
    /// A layout that fits these rows; where a terminal is `width` cells wide, the widest columns give way.
    pub fn new(names: &[String], rows: &[Vec<Value>], width: Option<usize>) -> Self {
        let mut columns: Vec<Column> =
            names.iter().map(|name| Column { width: visible(name).width(), right: false }).collect();
        for (i, column) in columns.iter_mut().enumerate() {
            let values = || rows.iter().filter_map(|row| row.get(i));
            column.width = values().map(|v| shown(v).width()).chain([column.width]).max().unwrap_or_default();
            column.right = values().any(Value::is_number) && values().all(|v| v.is_number() || v.is_null());
        }
        if let Some(width) = width {
            shrink(&mut columns, width);
        }
        Self { columns, cut: width.is_some() }
    }

    /// The header line.
    pub fn header(&self, text: &mut String, names: &[String]) {
        let names: Vec<Value> = names.iter().map(|name| Value::String(name.clone())).collect();
        self.row(text, &names);
    }

    /// One row, without spaces at its end.
    pub fn row(&self, text: &mut String, row: &[Value]) {
        let start = text.len();
        for (i, (column, value)) in self.columns.iter().zip(row).enumerate() {
            let mut cell = shown(value);
            if self.cut {
                cell = cut(cell, column.width);
            }
            let pad = column.width.saturating_sub(cell.width());
            let (before, after) = if column.right { (pad, 0) } else { (0, pad) };
            text.extend(std::iter::repeat_n(' ', before + if i > 0 { GAP } else { 0 }));
            text.push_str(&cell);
            text.extend(std::iter::repeat_n(' ', after));
        }
        text.truncate(start + text[start..].trim_end_matches(' ').len());
        text.push('\n');
    }
}

/// Names on the left, values on the right; nested objects are indented below their name.
pub fn fields(fields: &Map<String, Value>, width: Option<usize>) -> String {
    let mut flat = Vec::new();
    flatten(&mut flat, "", fields);
    let name_width = flat.iter().map(|(name, _)| name.width()).max().unwrap_or_default();
    let mut text = String::new();
    for (name, value) in flat {
        let value = match width {
            Some(width) => cut(Cow::Owned(value), width.saturating_sub(name_width + GAP).max(NARROWEST)).into_owned(),
            None => value,
        };
        let pad = name_width - name.width() + GAP;
        let line = format!("{name}{}{value}", " ".repeat(pad));
        text.push_str(line.trim_end_matches(' '));
        text.push('\n');
    }
    text
}

fn flatten(flat: &mut Vec<(String, String)>, indent: &str, fields: &Map<String, Value>) {
    for (name, value) in fields {
        let name = format!("{indent}{}", visible(name));
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                flat.push((name, String::new()));
                flatten(flat, &format!("{indent}  "), inner);
            }
            value => flat.push((name, shown(value).into_owned())),
        }
    }
}

/// A value as text on one line; null is empty.
fn shown(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(s) => visible(s),
        other => Cow::Owned(json::compact(other)),
    }
}

/// Takes cells from the widest columns until the whole fits, or none is wider than [`NARROWEST`].
fn shrink(columns: &mut [Column], width: usize) {
    let gaps = GAP * columns.len().saturating_sub(1);
    let mut total: usize = columns.iter().map(|c| c.width).sum::<usize>() + gaps;
    while total > width {
        let Some(widest) = columns.iter_mut().max_by_key(|c| c.width).filter(|c| c.width > NARROWEST) else { return };
        widest.width -= 1;
        total -= 1;
    }
}

/// The text cut to `width` cells between graphemes, with `…` at the end where something is missing.
fn cut(text: Cow<'_, str>, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return text;
    }
    let mut kept = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        if used + grapheme.width() + 1 > width {
            break;
        }
        used += grapheme.width();
        kept.push_str(grapheme);
    }
    kept.push('…');
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table(names: &[&str], rows: &[Vec<Value>], width: Option<usize>) -> String {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let layout = Layout::new(&names, rows, width);
        let mut text = String::new();
        layout.header(&mut text, &names);
        rows.iter().for_each(|row| layout.row(&mut text, row));
        text
    }

    #[test]
    fn hostile_text_is_shown_and_aligned() {
        let rows = [
            vec![json!("\u{1b}[31mred\u{1b}[0m"), json!(1), json!(null)],
            vec![json!("日本語"), json!(-20), json!("e\u{301}tude")],
            vec![json!("a\nb\u{202e}c"), json!(300), json!({"k": [1, "x\u{7}"]})],
        ];
        insta::assert_snapshot!(table(&["na\tme", "n", "v"], &rows, None), @r#"
        na␉me           n  v
        ␛[31mred␛[0m    1
        日本語        -20  étude
        a␊b\u{202e}c  300  {"k": [1, "x\u0007"]}
        "#);
    }

    #[test]
    fn only_a_terminal_has_text_cut() {
        let rows = [vec![json!("0123456789012345678901234567890123456789"), json!(7), json!("日本語日本語日本語")]];
        let text = table(&["long", "n", "wide"], &rows, Some(30));
        insta::assert_snapshot!(text, @r"
        long           n  wide
        012345678901…  7  日本語日本…
        ");
        assert!(text.lines().all(|line| line.width() <= 30));
        assert!(table(&["long", "n", "wide"], &rows, None).contains("6789  7"));
    }

    #[test]
    fn an_object_is_names_and_values() {
        let object = json!({"uuid": "x", "summary": {"added": 1, "none": null}, "list": [1, 2]});
        insta::assert_snapshot!(fields(object.as_object().unwrap(), None), @r"
        uuid     x
        summary
          added  1
          none
        list     [1, 2]
        ");
    }
}
