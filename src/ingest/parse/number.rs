//! Whole numbers and floating point numbers. The latter are the nearest to what is written, as everywhere; that digits
//! were rounded off so is remembered.

use std::fmt::LowerExp;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::types::{Float32Type, Float64Type};
use arrow::compute::kernels::cast_utils::Parser;

use super::{ParseFormat, Reason};

/// How the numbers of a column are written.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    point: u8,
    thousands: Option<char>,
    /// Whether digits were rounded off; one for all clones.
    rounded: Arc<AtomicBool>,
}

impl Numbers {
    pub(super) fn new(format: &ParseFormat) -> Self {
        Self { point: format.point(), thousands: format.thousands, rounded: Arc::default() }
    }

    pub(super) fn ints(&self) -> impl FnMut(&str) -> Result<i32, Reason> {
        let mut longs = self.whole("int", i32::MIN.into(), i32::MAX.into());
        move |text| longs(text).map(|n| n as i32)
    }

    pub(super) fn longs(&self) -> impl FnMut(&str) -> Result<i64, Reason> {
        self.whole("long", i64::MIN, i64::MAX)
    }

    fn whole(&self, name: &'static str, least: i64, most: i64) -> impl FnMut(&str) -> Result<i64, Reason> {
        let (thousands, mut plain) = (self.thousands, String::new());
        move |text| match short_whole(text.as_bytes()) {
            Some(n) if n >= least && n <= most => Ok(n),
            _ => {
                let text = without_groups(text.trim_ascii(), thousands, 0, &mut plain);
                long_whole(text.unwrap_or_default(), name, least, most)
            }
        }
    }

    pub(super) fn doubles(&self) -> impl FnMut(&str) -> Result<f64, Reason> {
        let (this, mut plain) = (self.clone(), String::new());
        move |text| {
            let text = this.plain(text, &mut plain)?;
            let value = Float64Type::parse(text).ok_or(Reason::not("not a number"))?;
            in_range(text, value.is_infinite(), value == 0.0, "double")?;
            this.note(text, value, DOUBLE_DIGITS);
            Ok(value)
        }
    }

    pub(super) fn floats(&self) -> impl FnMut(&str) -> Result<f32, Reason> {
        let (this, mut plain) = (self.clone(), String::new());
        move |text| {
            let text = this.plain(text, &mut plain)?;
            let value = Float32Type::parse(text).ok_or(Reason::not("not a number"))?;
            in_range(text, value.is_infinite(), value == 0.0, "float")?;
            this.note(text, value, FLOAT_DIGITS);
            Ok(value)
        }
    }

    /// Whether a number had more digits than its type holds.
    pub(super) fn rounded(&self) -> bool {
        self.rounded.load(Ordering::Relaxed)
    }

    #[inline]
    fn note<F: LowerExp + FromStr>(&self, text: &str, value: F, sure: usize) {
        if text.len() > sure && !self.rounded() && !same_digits(text, &format!("{value:e}")) && !holds::<F>(text, sure)
        {
            self.rounded.store(true, Ordering::Relaxed);
        }
    }

    /// The text with a decimal point and without groups.
    fn plain<'a>(&self, text: &'a str, buffer: &'a mut String) -> Result<&'a str, Reason> {
        let text = text.trim_ascii();
        if self.point == b'.' && self.thousands.is_none() {
            return Ok(text);
        }
        if self.point == b',' && self.thousands != Some('.') && text.contains('.') {
            return Err(Reason::not("not a number with a decimal comma"));
        }
        let mut ungrouped = String::new();
        let ungrouped =
            without_groups(text, self.thousands, self.point, &mut ungrouped).ok_or(Reason::not("not a number"))?;
        *buffer = ungrouped.replacen(char::from(self.point), ".", 1);
        Ok(buffer)
    }
}

/// At most 18 digits with or without a minus: no overflow to look for.
#[inline]
fn short_whole(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        all => (false, all),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0_i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

#[cold]
fn long_whole(text: &str, name: &str, least: i64, most: i64) -> Result<i64, Reason> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Reason::not("not a whole number"));
    }
    let mut value = 0_i128;
    for digit in digits {
        // Beyond any 64-bit number it stays there.
        value = (value * 10 + i128::from(digit - b'0')).min(i128::from(u64::MAX));
    }
    let value = if negative { -value } else { value };
    match i64::try_from(value) {
        Ok(n) if n >= least && n <= most => Ok(n),
        _ if negative => Err(Reason::not(format!("too small for {name} (at least {least})"))),
        _ => Err(Reason::not(format!("too large for {name} (at most {most})"))),
    }
}

/// Refuses a number that became infinite or zero without being written so.
#[inline]
fn in_range(text: &str, infinite: bool, zero: bool, name: &str) -> Result<(), Reason> {
    if infinite && text.bytes().any(|b| b.is_ascii_digit()) {
        return Err(Reason::not(format!("too large for {name}")));
    }
    let mantissa = || text.bytes().take_while(|b| !matches!(b, b'e' | b'E'));
    if zero && mantissa().any(|b| matches!(b, b'1'..=b'9')) {
        return Err(Reason::loss(format!("too close to zero for {name}")));
    }
    Ok(())
}

/// Digits that every double, and every float, gives back.
const DOUBLE_DIGITS: usize = 15;
const FLOAT_DIGITS: usize = 6;

/// Whether a double gives back all digits of a number. Text that is none says so of itself.
pub(in crate::ingest) fn double_holds(value: &str) -> bool {
    holds::<f64>(value, DOUBLE_DIGITS)
}

/// The same of any type; `sure` digits it gives back always.
fn holds<F: LowerExp + FromStr>(value: &str, sure: usize) -> bool {
    if value.len() <= sure {
        return true;
    }
    let text = value.trim_ascii();
    let Some((digits, _)) = significant(text) else { return true };
    let Ok(number) = text.parse::<F>() else { return true };
    let as_long = digits.len().saturating_sub(1);
    digits.len() <= sure || significant(&format!("{number:.as_long$e}")) == significant(text)
}

/// Whether two numbers of one magnitude have the same digits, but for zeros around them.
fn same_digits(one: &str, other: &str) -> bool {
    let digits = |text: &str| {
        let mantissa = text.bytes().take_while(|b| !matches!(b, b'e' | b'E')).filter(u8::is_ascii_digit);
        mantissa.skip_while(|b| *b == b'0').collect::<Vec<_>>()
    };
    let (one, other) = (digits(one), digits(other));
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    long.strip_prefix(short.as_slice()).is_some_and(|rest| rest.iter().all(|b| *b == b'0'))
}

/// The digits of a number without zeros around them, and where the point stands before the first of them.
fn significant(text: &str) -> Option<(String, i64)> {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let rest = digits.trim_start_matches('0');
    let before = i64::try_from(whole.len()).ok()? - i64::try_from(digits.len() - rest.len()).ok()?;
    let rest = rest.trim_end_matches('0');
    let point = if rest.is_empty() { 0 } else { before.checked_add(exponent)? };
    Some((rest.to_owned(), point))
}

/// Takes the separators between groups of digits out of a number: `1.204.000,5`. Nothing where they stand in a wrong
/// place: each group but the first has three digits (two in the middle, as in India, are let pass).
pub(super) fn without_groups<'a>(
    text: &'a str,
    separator: Option<char>,
    point: u8,
    buffer: &'a mut String,
) -> Option<&'a str> {
    let Some(separator) = separator.filter(|s| text.contains(*s)) else { return Some(text) };
    let end = text.find([point as char, 'e', 'E']).unwrap_or(text.len());
    let (whole, rest) = text.split_at(end);
    let mut groups = whole.trim_start_matches(['-', '+']).split(separator);
    let first = groups.next().unwrap_or_default();
    let groups: Vec<_> = groups.collect();
    let last = groups.last().copied().unwrap_or_default();
    let sizes = (1..=3).contains(&first.len()) && last.len() == 3 && groups.iter().all(|g| matches!(g.len(), 2 | 3));
    if !sizes || rest.contains(separator) {
        return None;
    }
    buffer.clear();
    buffer.extend(whole.chars().filter(|c| *c != separator));
    buffer.push_str(rest);
    Some(buffer)
}
