//! Lower and upper bounds of a column as Iceberg keeps them: Parquet's statistics, turned into Iceberg's values and cut
//! as Java cuts them. Pure.

use iceberg::spec::{Datum, PrimitiveType};
use parquet::basic::Type as Physical;
use parquet::file::statistics::Statistics;

/// The least and the greatest value of a column, where known.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Bounds {
    /// No value is less.
    pub lower: Option<Datum>,
    /// No value is greater.
    pub upper: Option<Datum>,
}

impl Bounds {
    /// The bounds that Parquet recorded. NaN is never one of them; a zero is -0.0 below and +0.0 above.
    pub fn of(statistics: &Statistics, of: &PrimitiveType) -> Self {
        let datum = |bytes: Option<&[u8]>| datum(bytes?, statistics.physical_type(), of);
        Self { lower: datum(statistics.min_bytes_opt()), upper: datum(statistics.max_bytes_opt()) }
    }

    /// Bounds of both together. A chunk that has values but no bounds leaves none.
    pub fn widen(self, other: Self) -> Self {
        Self { lower: least(self.lower, other.lower, true), upper: least(self.upper, other.upper, false) }
    }

    /// The same bounds, cut to `length` characters of text or bytes of binary.
    pub fn truncated(self, length: usize) -> Self {
        Self {
            lower: self.lower.map(|datum| truncated_lower(datum, length)),
            upper: self.upper.and_then(|datum| truncated_upper(datum, length)),
        }
    }
}

fn least(a: Option<Datum>, b: Option<Datum>, lower: bool) -> Option<Datum> {
    let (a, b) = (a?, b?);
    let a_first = a.partial_cmp(&b)?.is_le();
    Some(if a_first == lower { a } else { b })
}

/// Iceberg's value from Parquet's plain bytes. They are the same for all types but decimals, which Parquet may keep as
/// little-endian integers and Iceberg keeps big-endian.
fn datum(bytes: &[u8], physical: Physical, of: &PrimitiveType) -> Option<Datum> {
    let reversed: Vec<u8>;
    let bytes = match (of, physical) {
        (PrimitiveType::Decimal { .. }, Physical::INT32 | Physical::INT64) => {
            reversed = bytes.iter().rev().copied().collect();
            &reversed
        }
        _ => bytes,
    };
    Datum::try_from_bytes(bytes, of.clone()).ok().filter(|datum| !datum.is_nan())
}

fn truncated_lower(datum: Datum, length: usize) -> Datum {
    match text_or_bytes(&datum) {
        Some(Content::Text(text)) => match text.char_indices().nth(length) {
            Some((end, _)) => Datum::string(text.get(..end).unwrap_or_default()),
            None => datum,
        },
        Some(Content::Bytes(bytes)) if bytes.len() > length => rebuilt(&datum, bytes.iter().take(length).copied()),
        _ => datum,
    }
}

fn truncated_upper(datum: Datum, length: usize) -> Option<Datum> {
    match text_or_bytes(&datum) {
        Some(Content::Text(text)) => match text.char_indices().nth(length) {
            Some((end, _)) => text_above(text.get(..end)?).map(Datum::string),
            None => Some(datum),
        },
        Some(Content::Bytes(bytes)) if bytes.len() > length => {
            let above = bytes_above(bytes.get(..length)?)?;
            Some(rebuilt(&datum, above))
        }
        _ => Some(datum),
    }
}

enum Content<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
}

fn text_or_bytes(datum: &Datum) -> Option<Content<'_>> {
    use iceberg::spec::PrimitiveLiteral;
    match (datum.data_type(), datum.literal()) {
        (PrimitiveType::String, PrimitiveLiteral::String(text)) => Some(Content::Text(text)),
        (PrimitiveType::Binary | PrimitiveType::Fixed(_), PrimitiveLiteral::Binary(bytes)) => {
            Some(Content::Bytes(bytes))
        }
        _ => None,
    }
}

fn rebuilt(like: &Datum, bytes: impl IntoIterator<Item = u8>) -> Datum {
    match like.data_type() {
        PrimitiveType::Fixed(_) => Datum::fixed(bytes),
        _ => Datum::binary(bytes),
    }
}

/// The least text of at most as many characters that is greater than every text beginning with `prefix`; nothing where
/// all its characters are the greatest there is.
fn text_above(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            _ => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

fn bytes_above(prefix: &[u8]) -> Option<Vec<u8>> {
    let keep = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut above = prefix.get(..=keep)?.to_vec();
    let last = above.last_mut()?;
    *last = last.saturating_add(1);
    Some(above)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(datum: Datum, length: usize) -> Bounds {
        Bounds { lower: Some(datum.clone()), upper: Some(datum) }.truncated(length)
    }

    #[test]
    fn text_is_cut_at_characters_and_rounded_outwards() {
        let bounds = cut(Datum::string("äbcdefghijklmnopqrs"), 16);
        assert_eq!(bounds.lower, Some(Datum::string("äbcdefghijklmnop")));
        assert_eq!(bounds.upper, Some(Datum::string("äbcdefghijklmnoq")));
        assert_eq!(cut(Datum::string("short"), 16).upper, Some(Datum::string("short")));
        assert_eq!(cut(Datum::string("a\u{D7FF}b"), 2).upper, Some(Datum::string("a\u{E000}")));
        assert_eq!(cut(Datum::string("a\u{10FFFF}b"), 2).upper, Some(Datum::string("b")));
        assert_eq!(cut(Datum::string("\u{10FFFF}\u{10FFFF}b"), 2).upper, None);
    }

    #[test]
    fn binary_is_cut_at_bytes() {
        assert_eq!(cut(Datum::binary([1, 255, 3]), 2).upper, Some(Datum::binary([2])));
        assert_eq!(cut(Datum::binary([1, 255, 3]), 2).lower, Some(Datum::binary([1, 255])));
        assert_eq!(cut(Datum::binary([255, 255, 3]), 2).upper, None);
    }

    #[test]
    fn little_endian_decimals_are_turned_round() {
        let of = PrimitiveType::Decimal { precision: 9, scale: 2 };
        let read = datum(&(-12345_i32).to_le_bytes(), Physical::INT32, &of).unwrap();
        assert_eq!(
            read,
            Datum::decimal_from_str("-123.45").unwrap().to(&iceberg::spec::Type::Primitive(of)).unwrap_or(read.clone())
        );
        assert_eq!(read.to_human_string(), "-123.45");
    }

    proptest! {
        #[test]
        fn cut_bounds_still_hold(text in "\\PC{0,40}", length in 1_usize..20) {
            let whole = Datum::string(&text);
            let bounds = cut(whole.clone(), length);
            prop_assert!(bounds.lower.unwrap() <= whole);
            if let Some(upper) = bounds.upper {
                prop_assert!(upper >= whole);
            }
        }

        #[test]
        fn cut_binary_bounds_still_hold(bytes in proptest::collection::vec(any::<u8>(), 0..40), length in 1_usize..20) {
            let whole = Datum::binary(bytes);
            let bounds = cut(whole.clone(), length);
            prop_assert!(bounds.lower.unwrap() <= whole);
            if let Some(upper) = bounds.upper {
                prop_assert!(upper >= whole);
            }
        }
    }
}
