//! A value in a cell of the grid: short, safe, sorted by what it is. Whole values belong into the detail.

use crate::app::theme::Tone;
use crate::query::ColumnHead;
use crate::table::Cell;
use crate::views::widgets::shown::{Column, Order, Shown};

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
    Shown { text: cell.brief(4 * CELL).into(), tone, order: order(cell) }
}

/// A value as the detail shows it: whole, unless it is enormous.
pub fn whole(cell: &Cell) -> Shown {
    if cell.is_null() {
        return Shown { text: "null".into(), ..Shown::missing() };
    }
    let tone = if cell.is_number() { Tone::Number } else { Tone::Plain };
    Shown { text: cell.brief(WHOLE).into(), tone, order: Order::Text }
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
