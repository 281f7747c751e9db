//! A value in a cell of the grid: short, safe, sorted by what it is. Whole values belong into the detail.

use std::fmt::{self, Write};

use crate::app::theme::Tone;
use crate::query::ColumnHead;
use crate::table::Cell;
use crate::views::widgets::shown::{Column, Order, Shown};
use crate::views::widgets::text;

/// Cells are as wide as this at most.
const CELL: usize = 40;
/// A detail shows so many characters of one value.
const WHOLE: usize = 20_000;

/// The grid's column of a table's column.
pub fn column(head: &ColumnHead) -> Column {
    let column = Column::named(&head.name).limit(CELL);
    if is_number(&head.type_name) { column.right() } else { column }
}

fn is_number(type_name: &str) -> bool {
    matches!(type_name, "int" | "long" | "float" | "double") || type_name.starts_with("decimal")
}

/// A value as the grid shows it.
pub fn shown(cell: &Cell) -> Shown {
    if cell.is_null() {
        return Shown { text: "null".into(), ..Shown::missing() };
    }
    let tone = if cell.is_number() { Tone::Number } else { Tone::Plain };
    Shown { text: brief(cell, 4 * CELL).into(), tone, order: order(cell) }
}

/// A value as the detail shows it: whole, unless it is enormous.
pub fn whole(cell: &Cell) -> Shown {
    if cell.is_null() {
        return Shown { text: "null".into(), ..Shown::missing() };
    }
    let tone = if cell.is_number() { Tone::Number } else { Tone::Plain };
    Shown { text: brief(cell, WHOLE).into(), tone, order: Order::Text }
}

fn order(cell: &Cell) -> Order {
    match cell {
        Cell::Int(n) => Order::Whole(i128::from(*n)),
        Cell::UInt(n) => Order::Whole(i128::from(*n)),
        Cell::Float(n) => Order::Number(f64::from(*n)),
        Cell::Double(n) => Order::Number(*n),
        Cell::Decimal(digits) => digits.parse().map_or(Order::Text, Order::Number),
        Cell::Date(days) => Order::Whole(i128::from(*days)),
        Cell::Time(nanos) => Order::Whole(i128::from(*nanos)),
        Cell::Timestamp { nanos, .. } => Order::Whole(*nanos),
        Cell::Bool(b) => Order::Whole(i128::from(*b)),
        _ => Order::Text,
    }
}

/// The beginning of a value, safe to show. Long texts, lists and bytes are not made into text first.
fn brief(cell: &Cell, most: usize) -> String {
    match cell {
        Cell::Text(long) => {
            let end = long.char_indices().nth(most).map_or(long.len(), |(at, _)| at);
            ended(text::safe(long.get(..end).unwrap_or_default()).into_owned(), end < long.len())
        }
        Cell::Binary(bytes) => {
            let some = bytes.get(..most / 2).unwrap_or(bytes);
            ended(crate::table::cell::hexadecimal(some), some.len() < bytes.len())
        }
        _ => {
            let mut short = Short { text: String::new(), left: most };
            let cut = write!(short, "{cell}").is_err();
            ended(short.text, cut)
        }
    }
}

fn ended(mut text: String, cut: bool) -> String {
    if cut {
        text.push('…');
    }
    text
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

/// About how many bytes of memory a value takes.
pub fn weight(cell: &Cell) -> usize {
    let inside = match cell {
        Cell::Text(text) | Cell::Decimal(text) => text.len(),
        Cell::Binary(bytes) => bytes.len(),
        Cell::List(items) => items.iter().map(weight).sum(),
        Cell::Struct(fields) => fields.iter().map(|(name, value)| name.len() + 24 + weight(value)).sum(),
        Cell::Map(pairs) => pairs.iter().map(|(key, value)| weight(key) + weight(value)).sum(),
        _ => 0,
    };
    std::mem::size_of::<Cell>() + inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_hostile_values_are_short_and_safe() {
        let long = Cell::Text("\u{1b}[2J".repeat(100_000));
        let shown = shown(&long);
        assert!(shown.text.chars().count() <= 4 * CELL * 2 && shown.text.ends_with('…'));
        assert!(!shown.text.contains('\u{1b}'));
        let deep =
            (0..50).fold(Cell::Text("x".repeat(1000)), |inner, _| Cell::List(vec![inner.clone(), inner].split_off(1)));
        assert!(super::shown(&deep).text.chars().count() <= 4 * CELL + 1);
        let bytes = Cell::Binary(vec![7; 10_000_000]);
        assert!(super::shown(&bytes).text.len() < 1000);
    }

    #[test]
    fn numbers_sort_by_value() {
        let ten = shown(&Cell::Decimal("10.50".into()));
        let nine = shown(&Cell::Decimal("9.75".into()));
        assert_eq!(ten.compare(&nine, false), std::cmp::Ordering::Greater);
        assert_eq!(shown(&Cell::Null).order, Order::Missing);
    }
}
