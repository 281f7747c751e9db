//! One value of a row, a bound or a partition as a plain value: what screens show and scripts read.
//!
//! Exact: no digit is lost on the way in. Nothing is cut but where that is asked for, in `brief`.

mod brief;
mod columnar;
mod literal;

use std::cmp::Ordering;
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Map, Number, Value};

pub use columnar::{Reader, cells};
pub use literal::{of_datum, of_literal};

use super::moment;
use super::text::{visible, write_visible};

/// A plain value.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Cell {
    /// No value.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number of up to 64 bits.
    Int(i64),
    /// A whole number beyond the signed 64 bits' positive half; no type of Iceberg, but of files.
    UInt(u64),
    /// A 32-bit floating-point number.
    Float(f32),
    /// A 64-bit floating-point number.
    Double(f64),
    /// A decimal with every digit of its scale: `-12.50`.
    Decimal(String),
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// 16 bytes that are a UUID.
    Uuid(u128),
    /// Days since 1970-01-01.
    Date(i64),
    /// Nanoseconds since midnight.
    Time(i64),
    /// A point in time.
    Timestamp {
        /// Nanoseconds since 1970-01-01T00:00:00.
        nanos: i128,
        /// Whether it is an instant in UTC (`timestamptz`), not a reading of some clock on a wall.
        utc: bool,
    },
    /// A list.
    List(Vec<Cell>),
    /// A struct: names and values in the type's order.
    Struct(Vec<(String, Cell)>),
    /// A map: keys and values in the order they are stored.
    Map(Vec<(Cell, Cell)>),
}

impl Cell {
    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Cell::Null)
    }

    /// Whether it is a number, to stand right in its column.
    pub fn is_number(&self) -> bool {
        matches!(self, Cell::Int(_) | Cell::UInt(_) | Cell::Float(_) | Cell::Double(_) | Cell::Decimal(_))
    }

    /// The value as JSON: 64-bit integers are numbers, decimals strings with every digit, binary is hexadecimal, NaN
    /// and infinities are strings, times are RFC 3339, maps are objects.
    pub fn to_json(&self) -> Value {
        match self {
            Cell::Null => Value::Null,
            Cell::Bool(b) => Value::Bool(*b),
            Cell::Int(n) => Value::from(*n),
            Cell::UInt(n) => Value::from(*n),
            Cell::Float(n) => float(f64::from(*n)),
            Cell::Double(n) => float(*n),
            Cell::List(items) => items.iter().map(Cell::to_json).collect(),
            Cell::Struct(fields) => fields.iter().map(|(name, value)| (name.clone(), value.to_json())).collect(),
            Cell::Map(pairs) => {
                Value::Object(pairs.iter().map(|(key, value)| (key.exact(), value.to_json())).collect::<Map<_, _>>())
            }
            plain => Value::String(plain.exact()),
        }
    }

    /// The value as text, exact: for keys, CSV and the clipboard. What is nested becomes JSON. Not safe to show.
    pub fn exact(&self) -> String {
        match self {
            Cell::Null => String::new(),
            Cell::Bool(b) => b.to_string(),
            Cell::Int(n) => n.to_string(),
            Cell::UInt(n) => n.to_string(),
            Cell::Float(n) => float_text(n.is_finite(), n, f64::from(*n)),
            Cell::Double(n) => float_text(n.is_finite(), n, *n),
            Cell::Decimal(text) | Cell::Text(text) => text.clone(),
            Cell::Binary(bytes) => hexadecimal(bytes),
            Cell::Uuid(n) => uuid::Uuid::from_u128(*n).to_string(),
            Cell::Date(days) => moment::date(*days),
            Cell::Time(nanos) => moment::time(*nanos),
            Cell::Timestamp { nanos, utc } => moment::timestamp(*nanos, *utc),
            nested => nested.to_json().to_string(),
        }
    }

    /// The order in which a column is sorted: nulls first, numbers by value, text by code point.
    pub fn compare(&self, other: &Cell) -> Ordering {
        match (self, other) {
            (Cell::Int(a), Cell::Int(b)) => a.cmp(b),
            (Cell::UInt(a), Cell::UInt(b)) => a.cmp(b),
            (Cell::Float(a), Cell::Float(b)) => a.total_cmp(b),
            (Cell::Double(a), Cell::Double(b)) => a.total_cmp(b),
            (Cell::Decimal(a), Cell::Decimal(b)) => compare_decimals(a, b),
            (Cell::Bool(a), Cell::Bool(b)) => a.cmp(b),
            (Cell::Date(a), Cell::Date(b)) | (Cell::Time(a), Cell::Time(b)) => a.cmp(b),
            (Cell::Timestamp { nanos: a, .. }, Cell::Timestamp { nanos: b, .. }) => a.cmp(b),
            (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
            (Cell::Binary(a), Cell::Binary(b)) => a.cmp(b),
            (Cell::Uuid(a), Cell::Uuid(b)) => a.cmp(b),
            _ => other.is_null().cmp(&self.is_null()).then_with(|| self.exact().cmp(&other.exact())),
        }
    }
}

/// What a screen shows: text and field names with control characters as symbols, `null` for no value.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Null => f.write_str("null"),
            Cell::List(items) => list(f, '[', ']', items.iter(), |f, item| write!(f, "{item}")),
            Cell::Struct(fields) => {
                list(f, '{', '}', fields.iter(), |f, (name, value)| write!(f, "{}: {value}", visible(name)))
            }
            Cell::Map(pairs) => list(f, '{', '}', pairs.iter(), |f, (key, value)| write!(f, "{key}: {value}")),
            Cell::Text(text) => write_visible(f, text),
            Cell::Binary(bytes) => bytes.chunks(1024).try_for_each(|some| f.write_str(&hexadecimal(some))),
            plain => f.write_str(&visible(&plain.exact())),
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

fn list<T>(
    f: &mut fmt::Formatter<'_>,
    open: char,
    close: char,
    items: impl Iterator<Item = T>,
    item: impl Fn(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    write!(f, "{open}")?;
    for (i, next) in items.enumerate() {
        f.write_str(if i > 0 { ", " } else { "" })?;
        item(f, next)?;
    }
    write!(f, "{close}")
}

fn float(value: f64) -> Value {
    Number::from_f64(value).map_or_else(|| Value::String(float_text(false, &value, value)), Value::Number)
}

fn float_text(finite: bool, exact: &dyn fmt::Display, value: f64) -> String {
    match (finite, value.is_nan(), value > 0.0) {
        (true, ..) => exact.to_string(),
        (_, true, _) => "NaN".into(),
        (.., true) => "Infinity".into(),
        _ => "-Infinity".into(),
    }
}

/// Two lower-case digits a byte.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or_default());
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or_default());
        text
    })
}

/// Decimals of one column share a scale, so the longer number is the larger one.
fn compare_decimals(a: &str, b: &str) -> Ordering {
    let size = |text: &str| (text.len(), text.to_string());
    match (a.strip_prefix('-'), b.strip_prefix('-')) {
        (None, None) => size(a).cmp(&size(b)),
        (Some(a), Some(b)) => size(b).cmp(&size(a)),
        (negative, _) => {
            if negative.is_some() {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
    }
}

#[cfg(test)]
mod tests;
