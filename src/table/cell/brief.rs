//! The beginning of a value, for where there is little room: what is behind it is never made into text, however long it
//! is.

use std::fmt::{self, Write};

use super::Cell;

impl Cell {
    /// What a screen shows of the value, at most so many characters of it; `…` stands behind what is cut.
    pub fn brief(&self, most: usize) -> String {
        let mut short = Short { text: String::new(), left: most };
        if write!(short, "{self}").is_err() {
            short.text.push('…');
        }
        short.text
    }
}

/// Takes so many characters, then refuses.
struct Short {
    text: String,
    left: usize,
}

impl Write for Short {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        for c in more.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(c);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn what_is_short_is_whole() {
        assert_eq!(Cell::Text("a\u{1b}b".into()).brief(3), "a␛b");
        assert_eq!(Cell::Text("日本語".into()).brief(2), "日本…");
        assert_eq!(Cell::Null.brief(10), "null");
        assert_eq!(Cell::List(vec![Cell::Int(1), Cell::Int(2)]).brief(4), "[1, …");
    }

    /// As many times as a screen's rows and columns ask, at each key.
    #[test]
    fn what_is_enormous_is_not_gone_through() {
        let text = Cell::Text("\u{1b}x".repeat(8 << 20));
        let bytes = Cell::Binary(vec![7; 16 << 20]);
        let began = Instant::now();
        for cell in [text.clone(), bytes.clone(), Cell::List(vec![text]), Cell::Struct(vec![("b".into(), bytes)])] {
            let cell = &cell;
            assert!((0..200).all(|_| cell.brief(160).chars().count() == 161));
        }
        // Seconds, each, if it were.
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}
