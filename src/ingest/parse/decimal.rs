//! Decimals: every digit kept, or refused.

use super::number::without_groups;
use super::{ParseFormat, Reason};

/// Decimals of one precision and scale.
#[derive(Debug, Clone)]
pub(super) struct Decimals {
    precision: u8,
    scale: u8,
    point: u8,
    thousands: Option<char>,
}

/// A decimal taken apart: its digits without leading and trailing zeros, and where the point stands among them.
struct Digits {
    negative: bool,
    significant: Vec<u8>,
    /// How many digits stand before the point; negative where zeros follow it.
    whole: i64,
}

impl Decimals {
    pub(super) fn new(precision: u8, scale: u8, format: &ParseFormat) -> Self {
        Self { precision, scale, point: format.point(), thousands: format.thousands }
    }

    pub(super) fn parser(&self) -> impl FnMut(&str) -> Result<i128, Reason> {
        let (this, mut buffer) = (self.clone(), String::new());
        let bound = power(self.precision).unsigned_abs();
        move |text| match this.short(text.as_bytes(), bound) {
            Some(value) => Ok(value),
            None => {
                let plain = without_groups(text.trim_ascii(), this.thousands, this.point, &mut buffer);
                this.any(plain.unwrap_or_default())
            }
        }
    }

    /// At most 18 digits, a point or none, no exponent, no more digits after the point than the scale has.
    #[inline]
    fn short(&self, text: &[u8], bound: u128) -> Option<i128> {
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            all => (false, all),
        };
        if digits.len() > 18 {
            return None;
        }
        let (mut value, mut count, mut after) = (0_u64, 0_u8, None);
        for byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit <= 9 {
                value = value * 10 + u64::from(digit);
                count += 1;
            } else if *byte == self.point && after.is_none() {
                after = Some(count);
            } else {
                return None;
            }
        }
        let fraction = count - after.unwrap_or(count);
        if count == 0 || fraction > self.scale {
            return None;
        }
        let value = u128::from(value).checked_mul(power(self.scale - fraction).unsigned_abs())?;
        let value = i128::try_from(value).ok().filter(|_| value < bound)?;
        Some(if negative { -value } else { value })
    }

    /// Any decimal, with an exponent or not.
    #[cold]
    fn any(&self, text: &str) -> Result<i128, Reason> {
        let digits = Digits::of(text.as_bytes(), self.point).ok_or(Reason::not("not a decimal"))?;
        let count = digits.significant.len() as i64;
        if count == 0 {
            return Ok(0);
        }
        let after = (count - digits.whole).max(0);
        if digits.whole > i64::from(self.precision) - i64::from(self.scale) {
            return Err(self.too_large(digits.negative));
        }
        if after > i64::from(self.scale) {
            let digits = if after == 1 { "1 digit".into() } else { format!("{after} digits") };
            return Err(Reason::loss(format!(
                "{digits} after the point where decimal({},{}) has {}",
                self.precision, self.scale, self.scale
            )));
        }
        let value = digits.significant.iter().fold(0_i128, |value, digit| value * 10 + i128::from(*digit));
        let zeros = i64::from(self.scale) + digits.whole - count;
        let value = value * power(u8::try_from(zeros).unwrap_or_default());
        Ok(if digits.negative { -value } else { value })
    }

    fn too_large(&self, negative: bool) -> Reason {
        let most = "9".repeat(usize::from(self.precision.saturating_sub(self.scale)).max(1));
        let most = if self.scale == 0 { most } else { format!("{most}.{}", "9".repeat(self.scale.into())) };
        let name = format!("decimal({},{})", self.precision, self.scale);
        Reason::not(match negative {
            true => format!("too small for {name} (at least -{most})"),
            false => format!("too large for {name} (at most {most})"),
        })
    }
}

impl Digits {
    fn of(text: &[u8], point: u8) -> Option<Self> {
        let (negative, text) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            all => (false, all),
        };
        let end = text.iter().position(|b| matches!(b, b'e' | b'E'));
        let (mantissa, exponent) = match end {
            Some(end) => (text.get(..end)?, exponent(text.get(end + 1..)?)?),
            None => (text, 0),
        };
        let at = mantissa.iter().position(|b| *b == point);
        let (before, after) = match at {
            Some(at) => (mantissa.get(..at)?, mantissa.get(at + 1..)?),
            None => (mantissa, [].as_slice()),
        };
        let digits = before.iter().chain(after);
        if before.len() + after.len() == 0 || !digits.clone().all(u8::is_ascii_digit) {
            return None;
        }
        let zeros = digits.clone().take_while(|b| **b == b'0').count();
        let mut significant: Vec<u8> = digits.skip(zeros).map(|b| b - b'0').collect();
        while significant.last() == Some(&0) {
            significant.pop();
        }
        Some(Self { negative, significant, whole: before.len() as i64 - zeros as i64 + exponent })
    }
}

/// An exponent; beyond a million it makes no difference.
fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0_i64, |value, b| (value * 10 + i64::from(b - b'0')).min(1_000_000));
    Some(if negative { -value } else { value })
}

/// Ten to the power; Iceberg's decimals have at most 38 digits.
#[inline]
fn power(of: u8) -> i128 {
    const POWERS: [i128; 39] = powers();
    POWERS.get(usize::from(of)).copied().unwrap_or(i128::MAX)
}

const fn powers() -> [i128; 39] {
    let mut powers = [1_i128; 39];
    let mut i = 1;
    while i < 39 {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
}
