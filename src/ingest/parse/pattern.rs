//! Dates and times written to a strftime pattern, or counted since 1970.

use std::fmt::Write;

use chrono::format::{Fixed, Item, Numeric, Pad, Parsed, StrftimeItems};
use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Timelike};

use super::Reason;
use super::calendar::{Date, Time};
use crate::{Error, Result};

/// A pattern, taken apart once.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    text: String,
    form: Form,
    has_date: bool,
    has_time: bool,
}

#[derive(Debug, Clone)]
enum Form {
    /// A whole number of such parts of a second since 1970-01-01 UTC.
    Epoch { per_second: i64 },
    /// `steps` is there where the pattern has nothing but numbers of a fixed width and plain text.
    Items { items: Vec<Item<'static>>, steps: Option<Vec<Step>> },
}

#[derive(Debug, Clone)]
enum Step {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Text(Vec<u8>),
}

/// What a text says: a date and a time of day, and how far it is from UTC where it says so.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stamp {
    pub date: Date,
    pub time: Time,
    /// Seconds east of UTC.
    pub offset: Option<i64>,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Result<Self> {
        let per_second = match text {
            "epoch" | "%s" => Some(1),
            "epoch_ms" => Some(1_000),
            "epoch_us" => Some(1_000_000),
            "epoch_ns" => Some(1_000_000_000),
            _ => None,
        };
        if let Some(per_second) = per_second {
            let form = Form::Epoch { per_second };
            return Ok(Self { text: text.into(), form, has_date: true, has_time: true });
        }
        let items = items(text)?;
        let (has_date, has_time) = parts(&items, text)?;
        let steps = items.iter().map(Step::of).collect();
        Ok(Self { text: text.into(), form: Form::Items { items, steps }, has_date, has_time })
    }

    pub(super) fn check_is_date(&self) -> Result<()> {
        if self.has_date { Ok(()) } else { Err(Error::invalid(format!("the format {} has no whole date", self.text))) }
    }

    pub(super) fn check_is_time(&self) -> Result<()> {
        if self.has_time { Ok(()) } else { Err(Error::invalid(format!("the format {} has no time of day", self.text))) }
    }

    pub(super) fn date(&self, text: &str) -> Result<Date, Reason> {
        let stamp = self.stamp(text)?;
        if stamp.time != Time::default() {
            return Err(Reason::loss("has a time of day, which a date cannot hold"));
        }
        Ok(stamp.date)
    }

    pub(super) fn time(&self, text: &str) -> Result<Time, Reason> {
        self.stamp(text).map(|stamp| stamp.time)
    }

    /// Midnight where the pattern has no time of day.
    pub(super) fn stamp(&self, text: &str) -> Result<Stamp, Reason> {
        match &self.form {
            Form::Epoch { per_second } => epoch(text, *per_second),
            Form::Items { items, steps } => {
                let quick = steps.as_ref().and_then(|steps| step_through(steps, text.as_bytes()));
                quick.map_or_else(|| self.by_items(items, text.trim()), Ok)
            }
        }
    }

    fn by_items(&self, items: &[Item<'static>], text: &str) -> Result<Stamp, Reason> {
        let other_form = || Reason::not(format!("not of the form {}", self.text));
        let mut parsed = Parsed::new();
        chrono::format::parse(&mut parsed, text, items.iter()).map_err(|_| other_form())?;
        if has_finer_fraction(text) {
            return Err(Reason::loss("finer than a nanosecond"));
        }
        let mut stamp = Stamp { offset: parsed.offset().map(i64::from), ..Stamp::default() };
        if self.has_date {
            stamp.date = date_of(&parsed).ok_or_else(other_form)??;
        }
        if self.has_time {
            let time = parsed.to_naive_time().map_err(|_| other_form())?;
            if time.nanosecond() >= 1_000_000_000 {
                return Err(Reason::not("there is no second 60"));
            }
            let (hour, minute, second) = (time.hour(), time.minute(), time.second());
            stamp.time = Time { hour, minute, second, nanos: time.nanosecond() };
        }
        Ok(stamp)
    }
}

/// The items of a pattern, with Python's `.%f` understood as a fraction.
fn items(text: &str) -> Result<Vec<Item<'static>>> {
    let wrong = |why: &str| Error::invalid(format!("the format {text} {why}"));
    let text = text.replace(".%f", "%.f");
    let items = StrftimeItems::new(&text).parse_to_owned().map_err(|_| {
        wrong("is not a strftime pattern").hint("for example %d.%m.%Y %H:%M, or epoch_ms for milliseconds since 1970")
    })?;
    for item in &items {
        match item {
            Item::Numeric(Numeric::Nanosecond, _) => return Err(wrong("must write the fraction of a second as %.f")),
            Item::Fixed(Fixed::TimezoneName) => {
                return Err(wrong("has %Z, but names of zones are ambiguous: use %z, or give the zone by itself"));
            }
            Item::Numeric(Numeric::Timestamp, _) => return Err(wrong("mixes %s with other parts")),
            _ => {}
        }
    }
    Ok(items)
}

/// Whether a pattern has a whole date and a whole time of day: found out by writing a moment and reading it again.
fn parts(items: &[Item<'static>], text: &str) -> Result<(bool, bool)> {
    let wrong = |why: &str| Error::invalid(format!("the format {text} {why}"));
    let moment = DateTime::UNIX_EPOCH.naive_utc() + TimeDelta::seconds(981_173_106);
    let later = moment + TimeDelta::seconds(3_661);
    let written = write(items, moment).ok_or_else(|| wrong("cannot be used"))?;
    let mut parsed = Parsed::new();
    chrono::format::parse(&mut parsed, &written, items.iter()).map_err(|_| wrong("cannot be read back"))?;
    let (date, time) = (parsed.to_naive_date().is_ok(), parsed.to_naive_time().is_ok());
    if !time && write(items, later).is_none_or(|other| other != written) {
        return Err(wrong("has parts of a time of day, but no whole one (%H:%M, or %I:%M %p)"));
    }
    if !date && !time {
        return Err(wrong("has neither a whole date nor a time of day"));
    }
    Ok((date, time))
}

fn write(items: &[Item<'static>], moment: NaiveDateTime) -> Option<String> {
    let mut out = String::new();
    write!(out, "{}", moment.and_utc().format_with_items(items.iter())).ok().map(|()| out)
}

impl Step {
    fn of(item: &Item<'static>) -> Option<Self> {
        Some(match item {
            Item::Numeric(Numeric::Year, Pad::Zero) => Self::Year,
            Item::Numeric(Numeric::Month, Pad::Zero) => Self::Month,
            Item::Numeric(Numeric::Day, Pad::Zero) => Self::Day,
            Item::Numeric(Numeric::Hour, Pad::Zero) => Self::Hour,
            Item::Numeric(Numeric::Minute, Pad::Zero) => Self::Minute,
            Item::Numeric(Numeric::Second, Pad::Zero) => Self::Second,
            Item::Literal(text) | Item::Space(text) => Self::Text(text.as_bytes().to_vec()),
            Item::OwnedLiteral(text) | Item::OwnedSpace(text) => Self::Text(text.as_bytes().to_vec()),
            _ => return None,
        })
    }
}

/// Reads a text that has every number at its full width; anything else is left to chrono.
#[inline]
fn step_through(steps: &[Step], mut text: &[u8]) -> Option<Stamp> {
    let mut stamp = Stamp::default();
    for step in steps {
        match step {
            Step::Year => stamp.date.year = number(&mut text, 4)?.into(),
            Step::Month => stamp.date.month = number(&mut text, 2)?,
            Step::Day => stamp.date.day = number(&mut text, 2)?,
            Step::Hour => stamp.time.hour = number(&mut text, 2)?,
            Step::Minute => stamp.time.minute = number(&mut text, 2)?,
            Step::Second => stamp.time.second = number(&mut text, 2)?,
            Step::Text(plain) => text = text.strip_prefix(plain.as_slice())?,
        }
    }
    text.is_empty().then_some(stamp)
}

#[inline]
fn number(text: &mut &[u8], width: usize) -> Option<u32> {
    let (digits, rest) = text.split_at_checked(width)?;
    let mut value = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u32::from(digit);
    }
    *text = rest;
    Some(value)
}

/// The date that was parsed; a reason where its parts are no date or contradict each other.
fn date_of(parsed: &Parsed) -> Option<Result<Date, Reason>> {
    if let Ok(date) = parsed.to_naive_date() {
        return Some(Ok(Date { year: date.year().into(), month: date.month(), day: date.day() }));
    }
    let short = |y: i32| if y < 70 { 2000 + y } else { 1900 + y };
    let year = parsed.year().or(parsed.year_mod_100().map(short))?;
    let date = Date { year: year.into(), month: parsed.month()?, day: parsed.day()? };
    Some(date.days().and(Err(Reason::not("the day of the week does not go with the date"))))
}

/// chrono drops the digits of a fraction after the ninth.
fn has_finer_fraction(text: &str) -> bool {
    let mut digits = 0;
    let mut in_fraction = false;
    for byte in text.bytes() {
        match byte {
            b'.' => (in_fraction, digits) = (true, 0),
            b'0'..=b'9' if in_fraction => {
                digits += 1;
                if digits > 9 && byte != b'0' {
                    return true;
                }
            }
            _ => in_fraction = false,
        }
    }
    false
}

fn epoch(text: &str, per_second: i64) -> Result<Stamp, Reason> {
    let ticks: i64 = text.trim_ascii().parse().map_err(|_| Reason::not("not a whole number (a count since 1970)"))?;
    let nanos = (ticks.rem_euclid(per_second) * (1_000_000_000 / per_second)) as u32;
    let moment = TimeDelta::try_seconds(ticks.div_euclid(per_second))
        .and_then(|since| DateTime::UNIX_EPOCH.naive_utc().checked_add_signed(since))
        .ok_or(Reason::not("outside of the years that a timestamp can hold"))?;
    let date = Date { year: moment.year().into(), month: moment.month(), day: moment.day() };
    let time = Time { hour: moment.hour(), minute: moment.minute(), second: moment.second(), nanos };
    Ok(Stamp { date, time, offset: Some(0) })
}
