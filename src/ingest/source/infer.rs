//! The types of text columns, found by parsing: a type is kept while every value parses as it. The parser is the one
//! that loads, so that inference and loading never disagree.
//!
//! What it picks, first that fits: boolean (only the words true and false), long (never int: a table grows, and a column
//! of ints would one day refuse a row), decimal (whole numbers too long for a long; or all with the same number of
//! digits after the point, or with more digits than a double keeps), double, date, time, timestamp, timestamptz, uuid, string. Numbers with leading zeros are
//! strings: they are codes. Decimals get 18 or 38 digits, so that a later and larger amount fits too. A column of nulls
//! is a string.

use std::sync::Arc;

use arrow::array::{Array, StringViewArray};
use arrow::datatypes::{DataType, TimeUnit};

use crate::Result;
use crate::ingest::parse::{ParseFormat, TextParser, double_holds};

/// Different values kept of a column.
const SAMPLES: usize = 5;
/// Characters kept of a value.
const SAMPLE_CHARS: usize = 60;
/// Rows that are tried before a whole batch is parsed.
const FIRST_ROWS: usize = 16;

/// The parsers of all types that are tried, in the order of preference.
#[derive(Debug)]
pub(super) struct Candidates {
    parsers: Vec<(Family, TextParser)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Boolean,
    Long,
    Double,
    Other,
}

/// What is known of one column.
#[derive(Debug, Clone)]
pub(super) struct Guess {
    /// Values looked at, nulls included.
    pub(super) rows: u64,
    /// Nulls among them.
    pub(super) nulls: u64,
    /// A few different values.
    pub(super) samples: Vec<String>,
    alive: Vec<bool>,
    decimals: Option<Digits>,
    /// The most digits before the point and the most after it; nothing as soon as a value is no plain decimal.
    widest: Option<Digits>,
    /// Whether a double would lose digits of a value.
    is_fine: bool,
}

/// The most digits before the point, and the digits after it that all values have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Digits {
    whole: usize,
    scale: usize,
}

impl Candidates {
    pub(super) fn new() -> Result<Self> {
        let stamp = |zone: Option<Arc<str>>| DataType::Timestamp(TimeUnit::Microsecond, zone);
        let types = [
            (Family::Boolean, DataType::Boolean),
            (Family::Long, DataType::Int64),
            (Family::Double, DataType::Float64),
            (Family::Other, DataType::Date32),
            (Family::Other, DataType::Time64(TimeUnit::Microsecond)),
            (Family::Other, stamp(None)),
            (Family::Other, stamp(Some("+00:00".into()))),
            (Family::Other, DataType::FixedSizeBinary(16)),
        ];
        let parser = |(family, to): (Family, DataType)| Ok((family, TextParser::new(&to, &ParseFormat::default())?));
        Ok(Self { parsers: types.into_iter().map(parser).collect::<Result<_>>()? })
    }

    /// A column of which nothing is known.
    pub(super) fn guess(&self) -> Guess {
        let alive = vec![true; self.parsers.len()];
        Guess { rows: 0, nulls: 0, samples: Vec::new(), alive, decimals: None, widest: None, is_fine: false }
    }

    /// The type of some values by themselves.
    pub(super) fn type_of<'a>(&self, values: impl Iterator<Item = &'a str>) -> DataType {
        let mut guess = self.guess();
        guess.feed(self, &StringViewArray::from_iter_values(values));
        guess.data_type(self)
    }
}

impl Guess {
    /// Looks at more values.
    pub(super) fn feed(&mut self, candidates: &Candidates, values: &StringViewArray) {
        let nothing_before = self.rows == self.nulls;
        self.rows += values.len() as u64;
        self.nulls += values.null_count() as u64;
        self.keep_samples(values);
        if values.null_count() == values.len() {
            return;
        }
        self.look_at_digits(candidates, values, nothing_before);
        let first = (values.len() > FIRST_ROWS).then(|| values.slice(0, FIRST_ROWS));
        for part in first.iter().chain([values]) {
            for (i, (family, parser)) in candidates.parsers.iter().enumerate() {
                if self.alive.get(i) != Some(&true) {
                    continue;
                }
                let words = *family != Family::Boolean || only_words(part);
                let parsed = words.then(|| parser.parse(part)).filter(|parsed| parsed.bad.is_empty());
                if let Some(alive) = self.alive.get_mut(i) {
                    *alive = parsed.is_some();
                }
            }
        }
    }

    /// Adds what another guess on the same column knows.
    pub(super) fn merge(&mut self, other: Self) {
        if other.rows > other.nulls {
            let first = self.rows == self.nulls;
            self.decimals = Digits::alike(self.decimals, other.decimals, first);
            self.widest = Digits::widest(self.widest, other.widest, first);
        }
        self.is_fine |= other.is_fine;
        self.rows += other.rows;
        self.nulls += other.nulls;
        self.alive.iter_mut().zip(other.alive).for_each(|(own, other)| *own &= other);
        for sample in other.samples {
            if self.samples.len() < SAMPLES && !self.samples.contains(&sample) {
                self.samples.push(sample);
            }
        }
    }

    /// The type picked, one of iceberg's own in Arrow's words.
    pub(super) fn data_type(&self, candidates: &Candidates) -> DataType {
        if self.rows == self.nulls {
            return DataType::Utf8;
        }
        let alive = candidates.parsers.iter().zip(&self.alive).find(|(_, alive)| **alive).map(|(c, _)| c);
        match (alive, self.decimals) {
            (Some((Family::Double, _)), Some(digits)) if digits.fits() => digits.decimal(),
            (Some((Family::Double, _)), _) if self.is_fine => match self.widest {
                Some(digits) if digits.fits() => digits.decimal(),
                _ => DataType::Utf8,
            },
            (Some((_, parser)), _) => parser.data_type().clone(),
            (None, _) => DataType::Utf8,
        }
    }

    fn keep_samples(&mut self, values: &StringViewArray) {
        for value in values.iter().flatten().take(1000) {
            if self.samples.len() >= SAMPLES {
                return;
            }
            let short = shortened(value);
            if !self.samples.contains(&short) {
                self.samples.push(short);
            }
        }
    }

    /// How numbers are written: leading zeros rule them out, and decimals want one scale.
    fn look_at_digits(&mut self, candidates: &Candidates, values: &StringViewArray, mut first: bool) {
        let number = |family: Family| matches!(family, Family::Long | Family::Double);
        let alive = |(c, alive): (&(Family, TextParser), &bool)| *alive && number(c.0);
        if !candidates.parsers.iter().zip(&self.alive).any(alive) {
            return;
        }
        for value in values.iter().flatten() {
            if has_leading_zero(value) {
                let dead = candidates.parsers.iter().map(|(family, _)| number(*family));
                self.alive.iter_mut().zip(dead).for_each(|(alive, dead)| *alive &= !dead);
                return;
            }
            let (digits, first) = (Digits::of(value), std::mem::take(&mut first));
            self.decimals = Digits::alike(self.decimals, digits, first);
            self.widest = Digits::widest(self.widest, digits, first);
            self.is_fine |= !double_holds(value);
        }
    }
}

impl Digits {
    /// The digits of a plain decimal: no exponent, no groups.
    fn of(value: &str) -> Option<Self> {
        let value = value.trim_ascii();
        let value = value.strip_prefix(['-', '+']).unwrap_or(value);
        let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
        let plain = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit());
        let some = !whole.is_empty() || !fraction.is_empty();
        (some && plain(whole) && plain(fraction)).then_some(Self { whole: whole.len(), scale: fraction.len() })
    }

    /// Of two values, or of the second alone, with one number of digits after the point.
    fn alike(one: Option<Self>, other: Option<Self>, only_other: bool) -> Option<Self> {
        match (one, other) {
            _ if only_other => other,
            (Some(a), Some(b)) if a.scale == b.scale => Some(Self { whole: a.whole.max(b.whole), ..a }),
            _ => None,
        }
    }

    /// Of two values, or of the second alone, whatever stands after the point.
    fn widest(one: Option<Self>, other: Option<Self>, only_other: bool) -> Option<Self> {
        match (one, other) {
            _ if only_other => other,
            (Some(a), Some(b)) => Some(Self { whole: a.whole.max(b.whole), scale: a.scale.max(b.scale) }),
            _ => None,
        }
    }

    fn fits(self) -> bool {
        self.whole + self.scale <= 38
    }

    fn decimal(self) -> DataType {
        let precision = if self.whole + self.scale <= 16 { 18 } else { 38 };
        DataType::Decimal128(precision, i8::try_from(self.scale).unwrap_or(38))
    }
}

fn only_words(values: &StringViewArray) -> bool {
    values.iter().flatten().all(|v| v.eq_ignore_ascii_case("true") || v.eq_ignore_ascii_case("false"))
}

/// `007` is a code, `0`, `0.5` and `-0` are numbers.
fn has_leading_zero(value: &str) -> bool {
    let value = value.trim_ascii().as_bytes();
    let value = value.strip_prefix(b"-").or_else(|| value.strip_prefix(b"+")).unwrap_or(value);
    matches!(value, [b'0', b'0'..=b'9', rest @ ..] if rest.iter().all(|b| b.is_ascii_digit() || *b == b'.'))
}

fn shortened(value: &str) -> String {
    match value.char_indices().nth(SAMPLE_CHARS) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_of(values: &[&str]) -> DataType {
        Candidates::new().unwrap().type_of(values.iter().copied())
    }

    #[test]
    fn each_type_is_found() {
        let stamp = |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
        let cases: [(&[&str], DataType); 29] = [
            (&["true", "FALSE"], DataType::Boolean),
            (&["0", "1"], DataType::Int64),
            (&["yes", "no"], DataType::Utf8),
            (&["1", "-7", "1000000000"], DataType::Int64),
            (&["1", "9223372036854775807"], DataType::Int64),
            (&["1", "9223372036854775808"], DataType::Decimal128(38, 0)),
            (&["1.50", "1234.00"], DataType::Decimal128(18, 2)),
            (&["1.50", "123456789012345.00"], DataType::Decimal128(38, 2)),
            (&["1.5", "1.25"], DataType::Float64),
            (&["1", "2.5"], DataType::Float64),
            (&["1e5", "2.5"], DataType::Float64),
            (&["0.1", "12345678901234567.89"], DataType::Decimal128(38, 2)),
            (&["9007199254740993", "1.5"], DataType::Decimal128(38, 1)),
            (&["9007199254740992", "1.5"], DataType::Float64),
            (&["0.1", "0.30000000000000004", "1e-7"], DataType::Float64),
            (&["0.10000000000000001", "2.5"], DataType::Float64),
            (&["12345678901234567890123456789012345678901"], DataType::Utf8),
            (&["12345678901234567.89", "1e5"], DataType::Utf8),
            (&["1e40", "10000000000000000000000000000000000000000"], DataType::Float64),
            (&["007", "123"], DataType::Utf8),
            (&["0.5", "0.7"], DataType::Decimal128(18, 1)),
            (&["00.5"], DataType::Utf8),
            (&["2024-02-29", "1969-12-31"], DataType::Date32),
            (&["2024-02-30"], DataType::Utf8),
            (&["12:30:00"], DataType::Time64(TimeUnit::Microsecond)),
            (&["2024-01-01 10:00:00", "2024-01-01T10:00:00.123456"], stamp(None)),
            (&["2024-01-01T10:00:00Z", "2024-01-01T10:00:00+02:00"], stamp(Some("+00:00"))),
            (&["f47ac10b-58cc-4372-a567-0e02b2c3d479"], DataType::FixedSizeBinary(16)),
            (&[], DataType::Utf8),
        ];
        for (values, expected) in cases {
            assert_eq!(type_of(values), expected, "{values:?}");
        }
    }

    #[test]
    fn a_later_value_widens_and_merging_is_the_same_as_feeding() {
        let candidates = Candidates::new().unwrap();
        let (first, later) = (["1.25", "2.50"], ["3.75", "x"]);
        let mut one = candidates.guess();
        one.feed(&candidates, &StringViewArray::from_iter_values(first));
        assert_eq!(one.data_type(&candidates), DataType::Decimal128(18, 2));
        let mut two = candidates.guess();
        two.feed(&candidates, &StringViewArray::from_iter_values(later));
        let mut merged = one.clone();
        merged.merge(two);
        one.feed(&candidates, &StringViewArray::from_iter_values(later));
        assert_eq!((one.data_type(&candidates), merged.data_type(&candidates)), (DataType::Utf8, DataType::Utf8));
        assert_eq!((merged.rows, merged.samples), (one.rows, one.samples));
    }
}
