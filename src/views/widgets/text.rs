//! Text that fits into cells of a terminal: measured, cut and filled by grapheme, so that wide characters and
//! combining marks keep their columns. Everything that goes through here is safe to show.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The text made safe to show: control characters and what hides or turns text become symbols.
pub fn safe(text: &str) -> Cow<'_, str> {
    crate::table::text::visible(text)
}

/// What is shown of a text in a line, in bytes: more has no room in any.
const MOST: usize = 4096;

/// The beginning of a text, made safe to show: what is cut was never gone through.
pub fn brief(text: &str) -> Cow<'_, str> {
    let front = crate::table::text::beginning(text, MOST);
    if front.len() == text.len() { safe(text) } else { Cow::Owned(format!("{}…", safe(front))) }
}

/// How many cells a text takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(grapheme_width).sum() }
}

fn grapheme_width(grapheme: &str) -> usize {
    grapheme.width()
}

/// The longest beginning that takes at most `cells`, and what it takes.
fn head(text: &str, cells: usize) -> (&str, usize) {
    let (mut end, mut taken) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        let next = taken + grapheme_width(grapheme);
        if next > cells {
            break;
        }
        (end, taken) = (at + grapheme.len(), next);
    }
    (text.get(..end).unwrap_or_default(), taken)
}

/// The longest end that takes at most `cells`.
fn tail(text: &str, cells: usize) -> &str {
    let (mut start, mut taken) = (text.len(), 0);
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        taken += grapheme_width(grapheme);
        if taken > cells {
            break;
        }
        start = at;
    }
    text.get(start..).unwrap_or_default()
}

/// The text in at most `cells`, cut at its end with `…`. The text is safe already.
pub fn fit(text: &str, cells: usize) -> Cow<'_, str> {
    // A text of few bytes cannot be wider than its bytes; this spares long cells their measuring.
    if text.len() <= cells || (text.len() <= cells.saturating_mul(8) && width(text) <= cells) {
        return Cow::Borrowed(text);
    }
    let (whole, taken) = head(text, cells);
    if whole.len() == text.len() && taken <= cells {
        return Cow::Borrowed(text);
    }
    match cells {
        0 => Cow::Borrowed(""),
        _ => Cow::Owned(format!("{}…", head(text, cells - 1).0)),
    }
}

/// The text in at most `cells`, cut in its middle: paths and ids show their two ends.
pub fn fit_middle(text: &str, cells: usize) -> Cow<'_, str> {
    if text.len() <= cells || width(text) <= cells {
        return Cow::Borrowed(text);
    }
    match cells {
        0 => Cow::Borrowed(""),
        _ => {
            let front = (cells - 1) / 2;
            Cow::Owned(format!("{}…{}", head(text, front).0, tail(text, cells - 1 - front)))
        }
    }
}

/// An id in nine cells: `8264…1773`.
pub fn short_id(id: i64) -> String {
    fit_middle(&id.to_string(), 9).into_owned()
}

/// The text cut and filled to exactly `cells`, at the left or, for numbers, at the right.
pub fn pad(text: &str, cells: usize, right: bool) -> String {
    let text = fit(text, cells);
    let gap = " ".repeat(cells.saturating_sub(width(&text)));
    if right { format!("{gap}{text}") } else { format!("{text}{gap}") }
}

/// The text broken into lines of at most `cells`, at spaces where there are some.
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        if !line.is_empty() && width(&line) + width(word.trim_end()) > cells {
            lines.push(std::mem::take(&mut line).trim_end().to_string());
        }
        let mut rest = word;
        loop {
            let fits = head(rest, cells).0.len();
            if fits >= rest.trim_end().len() {
                break;
            }
            let cut = fits.max(rest.graphemes(true).next().map_or(1, str::len));
            let (front, back) = rest.split_at(cut);
            lines.push(front.to_string());
            rest = back;
        }
        line.push_str(rest);
    }
    lines.push(line.trim_end().to_string());
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wide_characters_are_cut_whole() {
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("日本語", 6), "日本語");
        assert_eq!(pad("日本", 5, true), " 日本");
        assert_eq!(width("e\u{301}a"), 2);
    }

    #[test]
    fn an_enormous_text_is_cut_before_it_is_cleaned() {
        assert_eq!(brief("a\u{7}"), "a␇");
        let long = brief(&"日\u{7}".repeat(1 << 20)).into_owned();
        assert!(long.len() <= MOST * 3 + 3 && long.ends_with('…') && !long.contains('\u{7}'));
    }

    #[test]
    fn ids_show_their_two_ends() {
        assert_eq!(short_id(8_264_310_946_571_773), "8264…1773");
        assert_eq!(fit_middle("abc", 9), "abc");
    }

    #[test]
    fn a_long_word_is_broken_in_one_go() {
        let began = std::time::Instant::now();
        assert_eq!(wrap(&"␛x".repeat(50_000), 40).len(), 2500);
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
    }

    proptest! {
        #[test]
        fn nothing_is_ever_too_wide(text in ".{0,40}", cells in 0usize..30) {
            let text = safe(&text);
            prop_assert!(width(&fit(&text, cells)) <= cells);
            prop_assert!(width(&fit_middle(&text, cells)) <= cells);
            prop_assert_eq!(width(&pad(&text, cells, false)), cells);
            for line in wrap(&text, cells.max(2)) {
                prop_assert!(width(&line) <= cells.max(2));
            }
        }
    }
}
