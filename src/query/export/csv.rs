//! CSV after RFC 4180, with `\n` as line end: null is empty, an empty string is `""`, nested values are JSON.

use serde_json::Value;

use super::json;
use crate::table::text::visible;

/// Appends one line. On a terminal (`width` is known) the text is made visible first; elsewhere it is exact.
pub fn line(text: &mut String, values: impl Iterator<Item = Value>, width: Option<usize>) {
    for (i, value) in values.enumerate() {
        if i > 0 {
            text.push(',');
        }
        match value {
            Value::Null => {}
            Value::String(s) if width.is_some() => field(text, &visible(&s), true),
            Value::String(s) => field(text, &s, true),
            other => field(text, &json::compact(&other), false),
        }
    }
    text.push('\n');
}

fn field(text: &mut String, value: &str, is_string: bool) {
    let quoted = (value.is_empty() && is_string)
        || value.contains([',', '"', '\n', '\r'])
        || value.starts_with(' ')
        || value.ends_with(' ');
    if quoted {
        text.push('"');
        text.push_str(&value.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quotes_only_what_needs_them() {
        let mut text = String::new();
        let values = [json!("a,b"), json!("say \"x\"\n"), json!(null), json!(""), json!(1.5), json!([1, "a"])];
        line(&mut text, values.into_iter(), None);
        assert_eq!(text, "\"a,b\",\"say \"\"x\"\"\n\",,\"\",1.5,\"[1, \"\"a\"\"]\"\n");
    }
}
