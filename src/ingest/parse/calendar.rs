//! Dates and times of day.

use super::pattern::Pattern;
use super::{ParseFormat, Reason};
use crate::Result;

/// A date, not yet checked against the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Date {
    pub year: i64,
    pub month: u32,
    pub day: u32,
}

/// A time of day, not yet checked against the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Time {
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    pub nanos: u32,
}

const MONTHS: [(&str, u32); 12] = [
    ("January", 31),
    ("February", 29),
    ("March", 31),
    ("April", 30),
    ("May", 31),
    ("June", 30),
    ("July", 31),
    ("August", 31),
    ("September", 30),
    ("October", 31),
    ("November", 30),
    ("December", 31),
];

impl Date {
    /// Days since 1970-01-01.
    pub(super) fn days(self) -> Result<i64, Reason> {
        let Some((name, most)) = MONTHS.get((self.month as usize).wrapping_sub(1)) else {
            return Err(Reason::not(format!("there is no month {}", self.month)));
        };
        if self.day == 0 || self.day > *most {
            return Err(Reason::not(format!("there is no {} {name}", self.day)));
        }
        let leap = self.year.rem_euclid(4) == 0 && (self.year.rem_euclid(100) != 0 || self.year.rem_euclid(400) == 0);
        if self.month == 2 && self.day == 29 && !leap {
            return Err(Reason::not("there is no 29 February in that year"));
        }
        Ok(self.since_1970())
    }

    /// The proleptic Gregorian calendar, counted from 1 March of the year 0 so that a leap day ends a year.
    fn since_1970(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((i64::from(self.month) + 9) % 12) + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }
}

impl Time {
    /// Nanoseconds since midnight.
    pub(super) fn nanos(self) -> Result<i64, Reason> {
        if self.hour > 23 {
            return Err(Reason::not(format!("there is no hour {}", self.hour)));
        }
        if self.minute > 59 {
            return Err(Reason::not(format!("there is no minute {}", self.minute)));
        }
        if self.second > 59 {
            return Err(Reason::not(format!("there is no second {}", self.second)));
        }
        let seconds = i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        Ok(seconds * 1_000_000_000 + i64::from(self.nanos))
    }
}

/// Walks over the bytes of an ISO 8601 date or time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl Cursor<'_> {
    pub(super) fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.0 = self.0.get(1..).unwrap_or_default();
        }
        found
    }

    /// Between `least` and `most` digits.
    pub(super) fn digits(&mut self, least: usize, most: usize) -> Option<u32> {
        let (mut value, mut count) = (0_u32, 0);
        while let Some(byte) = self.0.get(count)
            && byte.is_ascii_digit()
            && count < most
        {
            value = value * 10 + u32::from(byte - b'0');
            count += 1;
        }
        self.0 = self.0.get(count..).unwrap_or_default();
        (count >= least).then_some(value)
    }

    /// `YYYY-MM-DD`, with a sign and up to six digits for years of more than four.
    pub(super) fn date(&mut self) -> Option<Date> {
        let signed = if self.take(b'-') { Some(-1) } else { self.take(b'+').then_some(1) };
        let year = i64::from(self.digits(4, if signed.is_some() { 6 } else { 4 })?);
        let month = self.take(b'-').then(|| self.digits(1, 2))??;
        let day = self.take(b'-').then(|| self.digits(1, 2))??;
        Some(Date { year: year * signed.unwrap_or(1), month, day })
    }

    /// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.f` with up to nine digits that are not zero.
    pub(super) fn time(&mut self) -> Option<Result<Time, Reason>> {
        let mut time = Time { hour: self.digits(1, 2)?, ..Time::default() };
        time.minute = self.take(b':').then(|| self.digits(2, 2))??;
        if self.take(b':') {
            time.second = self.digits(2, 2)?;
            if self.take(b'.') || self.take(b',') {
                match self.fraction()? {
                    Ok(nanos) => time.nanos = nanos,
                    Err(reason) => return Some(Err(reason)),
                }
            }
        }
        Some(Ok(time))
    }

    fn fraction(&mut self) -> Option<Result<u32, Reason>> {
        let (before, mut nanos) = (self.0.len(), 0);
        nanos += self.digits(1, 9)?;
        for _ in before - self.0.len()..9 {
            nanos *= 10;
        }
        while self.take(b'0') {}
        let finer = self.peek().is_some_and(|b| b.is_ascii_digit());
        Some(if finer { Err(Reason::loss("finer than a nanosecond")) } else { Ok(nanos) })
    }
}

/// Dates of one form.
#[derive(Debug, Clone)]
pub(super) struct Dates {
    pattern: Option<Pattern>,
}

impl Dates {
    pub(super) fn new(format: &ParseFormat) -> Result<Self> {
        let pattern = format.pattern.as_deref().map(Pattern::new).transpose()?;
        if let Some(pattern) = &pattern {
            pattern.check_is_date()?;
        }
        Ok(Self { pattern })
    }

    /// Days since 1970-01-01.
    #[inline]
    pub(super) fn parse(&self, text: &str) -> Result<i32, Reason> {
        let date = match &self.pattern {
            None => match short_date(text.as_bytes()) {
                Some(date) => date,
                None => iso_date(text)?,
            },
            Some(pattern) => pattern.date(text)?,
        };
        i32::try_from(date.days()?).map_err(|_| Reason::not("outside of the years that a date can hold"))
    }
}

/// Exactly `YYYY-MM-DD`.
#[inline]
pub(super) fn short_date(text: &[u8]) -> Option<Date> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let mut valid = true;
    let mut digit = |byte: &u8| {
        let digit = byte.wrapping_sub(b'0');
        valid &= digit <= 9;
        u32::from(digit)
    };
    let year = digit(y1) * 1000 + digit(y2) * 100 + digit(y3) * 10 + digit(y4);
    let month = digit(m1) * 10 + digit(m2);
    let day = digit(d1) * 10 + digit(d2);
    valid.then_some(Date { year: year.into(), month, day })
}

#[cold]
fn iso_date(text: &str) -> Result<Date, Reason> {
    let mut cursor = Cursor(text.trim_ascii().as_bytes());
    let date = cursor.date().ok_or(Reason::not("not a date (YYYY-MM-DD)"))?;
    if cursor.is_done() {
        return Ok(date);
    }
    let time_follows = (cursor.take(b'T') || cursor.take(b' ')) && cursor.time().is_some();
    if time_follows {
        Err(Reason::loss("has a time of day, which a date cannot hold"))
    } else {
        Err(Reason::not("not a date (YYYY-MM-DD)"))
    }
}

/// Times of day of one form.
#[derive(Debug, Clone)]
pub(super) struct Times {
    pattern: Option<Pattern>,
}

impl Times {
    pub(super) fn new(format: &ParseFormat) -> Result<Self> {
        let pattern = format.pattern.as_deref().map(Pattern::new).transpose()?;
        if let Some(pattern) = &pattern {
            pattern.check_is_time()?;
        }
        Ok(Self { pattern })
    }

    /// Microseconds since midnight.
    pub(super) fn parse(&self, text: &str) -> Result<i64, Reason> {
        let time = match &self.pattern {
            None => {
                let mut cursor = Cursor(text.trim_ascii().as_bytes());
                let time = cursor.time().filter(|_| cursor.is_done());
                time.ok_or(Reason::not("not a time (HH:MM:SS)"))??
            }
            Some(pattern) => pattern.time(text)?,
        };
        let nanos = time.nanos()?;
        if nanos % 1000 != 0 {
            return Err(Reason::loss("finer than a microsecond"));
        }
        Ok(nanos / 1000)
    }
}
