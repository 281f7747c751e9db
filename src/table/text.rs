//! Text from data made safe to show: control characters become symbols, what would reorder or hide text becomes its
//! code point. Nothing here cuts, pads or colours.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a terminal or a reader could be misled by this character: control characters (C0, DEL, C1), bidirectional
/// marks and overrides, zero-width and line-separating characters, tags.
///
/// Combining marks and the joiners of emoji and Indic scripts (U+200C, U+200D) are honest text and stay.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text as it may be shown on a terminal, on one line: `␛`, `␊`, `␉` for control characters, `\u{202e}` for what
/// has no symbol. Text without such characters is handed back as it is.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        push_visible(&mut shown, c);
    }
    Cow::Owned(shown)
}

/// Writes a text as [`visible`] has it, bit by bit: a writer that has had enough of a long one stops it.
///
/// # Errors
/// Those of the writer.
pub fn write_visible(out: &mut dyn Write, text: &str) -> std::fmt::Result {
    let mut rest = text;
    while !rest.is_empty() {
        let (front, back) = rest.split_at(beginning(rest, 1024).len());
        out.write_str(&visible(front))?;
        rest = back;
    }
    Ok(())
}

/// As much of a text as at most so many bytes hold, which are four or more.
pub fn beginning(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// As [`visible`], but line breaks stay line breaks: for reports of several lines.
pub fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

fn push_visible(shown: &mut String, c: char) {
    match symbol(c) {
        Some(symbol) => shown.push(symbol),
        // Writing into a String cannot fail.
        None if is_unsafe(c) => write!(shown, "\\u{{{:x}}}", u32::from(c)).unwrap_or_default(),
        None => shown.push(c),
    }
}

/// The picture of a C0 control character or DEL.
fn symbol(c: char) -> Option<char> {
    match u32::from(c) {
        code @ 0..=0x1f => char::from_u32(0x2400 + code),
        0x7f => Some('\u{2421}'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_characters_become_symbols() {
        assert_eq!(visible("a\u{1b}[31mred\u{7}\n"), "a␛[31mred␇␊");
        assert_eq!(visible("\u{9b}31m\u{7f}"), "\\u{9b}31m␡");
        assert_eq!(visible("abc\u{202e}gpj.exe"), "abc\\u{202e}gpj.exe");
    }

    #[test]
    fn honest_text_is_untouched() {
        for text in ["", "plain", "日本語", "e\u{301}", "👩\u{200d}🚀", "नि"] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(visible_lines("a\tb\n\u{1b}c"), "a␉b\n␛c");
    }

    #[test]
    fn a_text_is_written_bit_by_bit_and_cut_between_characters() {
        let long = "a\u{1b}日本".repeat(1000);
        let mut written = String::new();
        write_visible(&mut written, &long).unwrap();
        assert_eq!(written, visible(&long));
        assert_eq!((beginning("日本", 5), beginning("日本", 6), beginning("ab", 9)), ("日", "日本", "ab"));
    }

    proptest! {
        #[test]
        fn nothing_unsafe_is_left(text in any::<String>()) {
            prop_assert!(!visible(&text).chars().any(is_unsafe));
        }
    }
}
