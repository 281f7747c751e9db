//! A value as a list or a page shows it: the text a person reads, the tone it has, and what it sorts by.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{human, text};
use crate::app::theme::Tone;

/// What a value sorts by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Order {
    /// Its text.
    Text,
    /// A number.
    Number(f64),
    /// A whole number.
    Whole(i128),
    /// It is missing: last, whichever way one sorts.
    Missing,
}

/// A value to show. Its text is safe.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// What a person reads.
    pub text: Cow<'static, str>,
    /// How it looks.
    pub tone: Tone,
    /// What it sorts by.
    pub order: Order,
}

impl Shown {
    /// Text out of data: made safe.
    pub fn text(raw: impl AsRef<str>) -> Self {
        Self { text: text::safe(raw.as_ref()).into_owned().into(), tone: Tone::Plain, order: Order::Text }
    }

    /// A word of the program.
    pub fn word(word: &'static str) -> Self {
        Self { text: word.into(), tone: Tone::Plain, order: Order::Text }
    }

    /// Nothing to show.
    pub fn missing() -> Self {
        Self { text: "–".into(), tone: Tone::Dim, order: Order::Missing }
    }

    /// A count: `12,450,112`.
    pub fn count(n: impl Into<i128>) -> Self {
        let n = n.into();
        Self { text: human::count(n).into(), tone: Tone::Number, order: Order::Whole(n) }
    }

    /// A change: `+120,000` as added, `−38` as removed.
    pub fn change(n: impl Into<i128>) -> Self {
        let n = n.into();
        let tone = match n.cmp(&0) {
            Ordering::Less => Tone::Removed,
            Ordering::Equal => Tone::Dim,
            Ordering::Greater => Tone::Added,
        };
        Self { text: human::change(n).into(), tone, order: Order::Whole(n) }
    }

    /// A size: `312 MiB`.
    pub fn bytes(n: u64) -> Self {
        Self { text: human::bytes(n).into(), tone: Tone::Number, order: Order::Whole(i128::from(n)) }
    }

    /// A moment, relative to now: `3 m ago`.
    pub fn ago(at_ms: i64, now_ms: i64) -> Self {
        Self { text: human::ago(at_ms, now_ms).into(), tone: Tone::Plain, order: Order::Whole(i128::from(at_ms)) }
    }

    /// A moment, relative and exact: for details.
    pub fn moment(at_ms: i64, now_ms: i64) -> Self {
        let both = format!("{} ({})", human::moment(at_ms), human::ago(at_ms, now_ms));
        Self { text: both.into(), tone: Tone::Plain, order: Order::Whole(i128::from(at_ms)) }
    }

    /// An id, whole.
    pub fn id(id: i64) -> Self {
        Self { text: id.to_string().into(), tone: Tone::Number, order: Order::Whole(i128::from(id)) }
    }

    /// A value where there is one.
    pub fn or_missing<T>(value: Option<T>, show: impl FnOnce(T) -> Self) -> Self {
        value.map_or_else(Self::missing, show)
    }

    /// As it is exported: a number, text, or null.
    pub fn exact(&self) -> serde_json::Value {
        match (self.order, self.tone) {
            (Order::Missing, _) => serde_json::Value::Null,
            (Order::Whole(n), Tone::Number) => {
                i64::try_from(n).map_or_else(|_| n.to_string().into(), serde_json::Value::from)
            }
            (Order::Number(n), Tone::Number) => n.into(),
            _ => self.text.clone().into(),
        }
    }

    /// The same in another tone.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// The same, sorted by a number instead.
    #[must_use]
    pub fn by(mut self, number: impl Into<i128>) -> Self {
        self.order = Order::Whole(number.into());
        self
    }

    /// Which of two stands first; the missing last, also when `descending`.
    pub fn compare(&self, other: &Self, descending: bool) -> Ordering {
        let missing = |s: &Self| s.order == Order::Missing;
        let by_value = match (self.order, other.order) {
            (Order::Missing, _) | (_, Order::Missing) => return missing(self).cmp(&missing(other)),
            (Order::Whole(a), Order::Whole(b)) => a.cmp(&b),
            (Order::Number(a), Order::Number(b)) => a.total_cmp(&b),
            (Order::Whole(a), Order::Number(b)) => (a as f64).total_cmp(&b),
            (Order::Number(a), Order::Whole(b)) => a.total_cmp(&(b as f64)),
            (Order::Text, Order::Text) => self.text.cmp(&other.text),
            (Order::Text, _) => Ordering::Greater,
            (_, Order::Text) => Ordering::Less,
        };
        if descending { by_value.reverse() } else { by_value }
    }
}

/// A column of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its head, safe to show.
    pub title: Cow<'static, str>,
    /// Numbers stand at the right.
    pub right: bool,
    /// Whether it is cut in the middle, as paths and ids are.
    pub middle: bool,
    /// The most cells it takes.
    pub limit: usize,
    /// The fewest cells it takes, where there is little room; otherwise it is as wide as what stands in it.
    pub least: Option<usize>,
    /// Dropped when there is no room, the largest first; zero is never dropped.
    pub spare: u8,
}

impl Column {
    /// A column of text.
    pub fn new(title: &'static str) -> Self {
        Self { title: title.into(), right: false, middle: false, limit: 60, least: None, spare: 0 }
    }

    /// A column named by data.
    pub fn named(title: &str) -> Self {
        Self { title: text::safe(title).into_owned().into(), ..Self::new("") }
    }

    /// Numbers: at the right.
    #[must_use]
    pub fn right(mut self) -> Self {
        self.right = true;
        self
    }

    /// Cut in the middle where it is too long.
    #[must_use]
    pub fn middle(mut self) -> Self {
        self.middle = true;
        self
    }

    /// At most this many cells.
    #[must_use]
    pub fn limit(mut self, cells: usize) -> Self {
        self.limit = cells;
        self
    }

    /// Narrowed down to so many cells where there is little room.
    #[must_use]
    pub fn least(mut self, cells: usize) -> Self {
        self.least = Some(cells);
        self
    }

    /// Dropped when there is no room: the largest `rank` first.
    #[must_use]
    pub fn spare(mut self, rank: u8) -> Self {
        self.spare = rank;
        self
    }
}

/// A line of a detail: a name and its value, a heading, or text.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The name at the left; empty for text over the whole width.
    pub name: Cow<'static, str>,
    /// The value; nothing for a heading.
    pub value: Option<Shown>,
}

impl Fact {
    /// A name and its value.
    pub fn new(name: &'static str, value: Shown) -> Self {
        Self { name: name.into(), value: Some(value) }
    }

    /// A value named by data.
    pub fn named(name: &str, value: Shown) -> Self {
        Self { name: text::safe(name).into_owned().into(), value: Some(value) }
    }

    /// A heading.
    pub fn heading(title: impl Into<Cow<'static, str>>) -> Self {
        Self { name: title.into(), value: None }
    }

    /// Text over the whole width.
    pub fn line(value: Shown) -> Self {
        Self { name: "".into(), value: Some(value) }
    }

    /// An empty line.
    pub fn gap() -> Self {
        Self { name: "".into(), value: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_stand_last_both_ways() {
        for descending in [false, true] {
            let mut values = [Shown::missing(), Shown::count(2), Shown::count(10)];
            values.sort_by(|a, b| a.compare(b, descending));
            assert_eq!(values[2], Shown::missing());
            assert_eq!(values[0], Shown::count(if descending { 10 } else { 2 }));
        }
    }

    #[test]
    fn text_out_of_data_is_safe() {
        assert!(!Shown::text("a\u{1b}[2Jb").text.contains('\u{1b}'));
        assert!(!Column::named("\u{7}").title.contains('\u{7}'));
    }
}
