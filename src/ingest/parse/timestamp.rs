//! Timestamps with and without a zone, to the microsecond or the nanosecond.

use arrow::array::types::{TimestampMicrosecondType, TimestampNanosecondType};
use arrow::array::{ArrayRef, StringViewArray};
use arrow::datatypes::{DataType, TimeUnit};

use super::calendar::{Cursor, Time, short_date};
use super::pattern::{Pattern, Stamp};
use super::zone::LocalOffsets;
use super::{ParseFormat, Parsed, Reason, Zone, all, primitive};
use crate::Result;

/// Timestamps of one type and form.
#[derive(Debug, Clone)]
pub(super) struct Timestamps {
    pattern: Option<Pattern>,
    zone: Option<Zone>,
    zoned: bool,
    per_second: i64,
}

impl Timestamps {
    pub(super) fn new(to: &DataType, format: &ParseFormat) -> Result<Self> {
        let pattern = format.pattern.as_deref().map(Pattern::new).transpose()?;
        if let Some(pattern) = &pattern {
            pattern.check_is_date()?;
        }
        let per_second =
            if matches!(to, DataType::Timestamp(TimeUnit::Nanosecond, _)) { 1_000_000_000 } else { 1_000_000 };
        let zoned = matches!(to, DataType::Timestamp(_, Some(_)));
        Ok(Self { pattern, zone: format.zone, zoned, per_second })
    }

    pub(super) fn parse(&self, text: &StringViewArray, to: &DataType) -> Parsed {
        let mut offsets = self.zone.map(LocalOffsets::new);
        let each = |cell: &str| self.moment(self.stamp(cell)?, offsets.as_mut());
        match to {
            DataType::Timestamp(TimeUnit::Nanosecond, _) => primitive::<TimestampNanosecondType>(text, to, each),
            _ => primitive::<TimestampMicrosecondType>(text, to, each),
        }
    }

    /// As [`parse`](Self::parse), of texts that were never a column; nothing as soon as one is bad.
    pub(super) fn parse_all<'a>(
        &self,
        cells: impl Iterator<Item = Option<&'a str>>,
        rows: usize,
        to: &DataType,
    ) -> Option<ArrayRef> {
        let mut offsets = self.zone.map(LocalOffsets::new);
        let each = |cell: &str| self.moment(self.stamp(cell)?, offsets.as_mut());
        match to {
            DataType::Timestamp(TimeUnit::Nanosecond, _) => all::<TimestampNanosecondType>(cells, rows, to, each),
            _ => all::<TimestampMicrosecondType>(cells, rows, to, each),
        }
    }

    fn stamp(&self, text: &str) -> Result<Stamp, Reason> {
        match &self.pattern {
            Some(pattern) => pattern.stamp(text),
            None => iso(text.trim_ascii().as_bytes()).ok_or(Reason::not("not a timestamp (YYYY-MM-DD HH:MM:SS)"))?,
        }
    }

    /// Parts of a second since 1970: UTC where the type has a zone, local time otherwise.
    fn moment(&self, stamp: Stamp, zone: Option<&mut LocalOffsets>) -> Result<i64, Reason> {
        let nanos = stamp.time.nanos()?;
        let local = stamp.date.days()? * 86_400 + nanos / 1_000_000_000;
        let shifted = match (self.zoned, stamp.offset, zone) {
            (true, Some(offset), _) => local - offset,
            (true, None, Some(zone)) => local - zone.of(local)?,
            (true, None, None) => return Err(Reason::not("no time zone: the mapping must give one")),
            (false, None, _) => local,
            (false, Some(offset), Some(_)) => self.at_home(local - offset)?,
            (false, Some(0), None) if self.pattern.is_some() => local,
            (false, Some(_), None) => return Err(Reason::loss("has a time zone, which a timestamp cannot hold")),
        };
        let (nanos, per_tick) = (nanos % 1_000_000_000, 1_000_000_000 / self.per_second);
        if nanos % per_tick != 0 {
            return Err(Reason::loss("finer than a microsecond"));
        }
        shifted
            .checked_mul(self.per_second)
            .and_then(|ticks| ticks.checked_add(nanos / per_tick))
            .ok_or(Reason::not("outside of the years that a timestamp can hold"))
    }

    /// The local time of an instant in the mapping's zone.
    fn at_home(&self, utc: i64) -> Result<i64, Reason> {
        self.zone.map_or(Ok(utc), |zone| Ok(utc + zone.offset_of_utc(utc)?))
    }
}

/// `YYYY-MM-DD`, then `T` or a space and a time of day, then `Z` or an offset; a date alone is its midnight.
fn iso(text: &[u8]) -> Option<Result<Stamp, Reason>> {
    let mut cursor = Cursor(text);
    let date = match text.split_at_checked(10).and_then(|(date, rest)| Some((short_date(date)?, rest))) {
        Some((date, rest)) if !rest.first().is_some_and(u8::is_ascii_digit) => {
            cursor = Cursor(rest);
            date
        }
        _ => cursor.date()?,
    };
    if cursor.is_done() {
        return Some(Ok(Stamp { date, time: Time::default(), offset: None }));
    }
    if !(cursor.take(b'T') || cursor.take(b' ') || cursor.take(b't')) {
        return None;
    }
    let time = match cursor.time()? {
        Ok(time) => time,
        Err(reason) => return Some(Err(reason)),
    };
    let offset = if cursor.is_done() { None } else { Some(offset(&mut cursor)?) };
    cursor.is_done().then_some(Ok(Stamp { date, time, offset }))
}

/// `Z`, `UTC`, `+HH`, `+HHMM`, `+HH:MM`: seconds east of UTC.
fn offset(cursor: &mut Cursor<'_>) -> Option<i64> {
    cursor.take(b' ');
    if cursor.take(b'Z') || cursor.take(b'z') {
        return Some(0);
    }
    if let Some(rest) = cursor.0.strip_prefix(b"UTC") {
        cursor.0 = rest;
        return Some(0);
    }
    let sign = if cursor.take(b'-') { -1 } else { cursor.take(b'+').then_some(1)? };
    let hours = i64::from(cursor.digits(2, 2)?);
    let minutes = match cursor.is_done() {
        true => 0,
        false => {
            cursor.take(b':');
            i64::from(cursor.digits(2, 2)?)
        }
    };
    (hours <= 18 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}
