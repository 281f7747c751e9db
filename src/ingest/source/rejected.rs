//! Files of rejected rows, which are read again once they are mended: recognised by what icedeck adds to each row.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::members::members;
use super::records::Cell;

/// What stands behind the columns of a rejected row, in this order.
pub(crate) const OWN: [&str; 5] = ["file", "line", "column", "reason", "text"];
/// What goes before these names, as often as it takes, where the rows have such columns of their own.
pub(crate) const PREFIX: &str = "rejected_";

/// Whether a record is the header of such a file.
pub(super) fn is_header(record: &[Cell]) -> bool {
    let Some((_, last)) = record.split_last_chunk::<5>() else { return false };
    let prefix = last.first().and_then(|first| first.text.strip_suffix("file")).unwrap_or("-");
    prefix.replace(PREFIX, "").is_empty()
        && last.iter().zip(OWN).all(|(cell, own)| cell.text.strip_prefix(prefix) == Some(own))
}

/// The row itself where a line of JSON is one of such a file, or its text where it was no JSON; else the line.
pub(crate) fn row_of(line: &[u8]) -> Cow<'_, [u8]> {
    rejected(line).unwrap_or(Cow::Borrowed(line))
}

/// Whether a line of JSON is one of such a file.
pub(super) fn is_rejected(line: &[u8]) -> bool {
    rejected(line).is_some()
}

fn rejected(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    let first = line.strip_prefix(b"{")?.trim_ascii_start();
    let ours = [&b"\"faults\""[..], b"\"file\"", b"\"line\"", b"\"row\"", b"\"text\""];
    if !ours.iter().any(|key| first.starts_with(key)) || serde_json::from_slice::<IgnoredAny>(line).is_err() {
        return None;
    }
    let members: Vec<_> = members(line, 0).collect();
    let value =
        |name: &str| members.iter().find(|(key, ..)| key == name).and_then(|(_, from, end)| line.get(*from..*end));
    value("file").zip(value("line")).zip(value("faults")).filter(|_| members.len() == 4)?;
    match (value("row"), value("text")) {
        (Some(row), _) => Some(Cow::Borrowed(row)),
        (None, Some(text)) => serde_json::from_slice::<String>(text).ok().map(|text| Cow::Owned(text.into_bytes())),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejected_line_is_known_by_all_of_its_keys() {
        let odd = r#"{ "b" : [1, {"row": "}"}], "a": "\"," }"#;
        for line in [
            format!(r#"{{"file":"x","line":2,"faults":[{{"column":null}}],"row":{odd}}}"#),
            format!(r#"{{ "row": {odd} , "faults": [], "line": 2, "file": "x" }}"#),
        ] {
            assert_eq!(row_of(line.as_bytes()), odd.as_bytes(), "{line}");
        }
        let cut = br#"{"file":"x","line":2,"faults":[],"text":"{\"a\": "}"#;
        assert_eq!(row_of(cut), &b"{\"a\": "[..]);
        for other in [
            r#"{"file":"x","line":2,"faults":[]}"#,
            r#"{"file":"x","line":2,"row":{"a":1},"other":1}"#,
            r#"{"file":"x","line":2,"faults":[],"row":{},"more":1}"#,
            r#"{"file":"x","line":2,"faults":[],"row":{"a":}}"#,
            r#"{"row":{"file":1,"line":2,"faults":3,"row":4}}"#,
        ] {
            assert_eq!(row_of(other.as_bytes()), other.as_bytes());
        }
    }

    #[test]
    fn the_header_ends_with_what_is_added() {
        let is = |names: &str| {
            let cell = |name: &str| Cell { text: name.into(), quoted: false };
            is_header(&names.split(',').map(cell).collect::<Vec<_>>())
        };
        assert!(is("id,file,line,column,reason,text"));
        assert!(is("id,file,rejected_file,rejected_line,rejected_column,rejected_reason,rejected_text"));
        assert!(!is("id,line,column,reason,text") && !is("id,my_file,my_line,my_column,my_reason,my_text"));
        assert!(!is("id,file,line,column,reason,text,more"));
    }
}
