//! Points in time as Iceberg stores them, written as RFC 3339. Nothing here reads a clock.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat};
use serde::{Serialize, Serializer};

/// Milliseconds since 1970-01-01T00:00:00Z. Written as `2026-11-21T08:01:00.250Z`, always with three digits, so that texts
/// sort as the moments do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

impl Moment {
    /// Reads RFC 3339, the same without a zone (UTC is meant) or without seconds, or a date (its midnight in UTC).
    pub fn parse(text: &str) -> Option<Moment> {
        if let Ok(exact) = DateTime::parse_from_rfc3339(text).or_else(|_| zoned_minutes(text)) {
            return Some(Moment(exact.timestamp_millis()));
        }
        let naive = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
            .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))?;
        Some(Moment(naive.and_utc().timestamp_millis()))
    }
}

/// RFC 3339 with a zone but without seconds: `2026-11-21T08:00Z`.
fn zoned_minutes(text: &str) -> chrono::ParseResult<DateTime<chrono::FixedOffset>> {
    let (minutes, zone) = text.split_at_checked("2026-11-21T08:00".len()).unwrap_or((text, ""));
    DateTime::parse_from_rfc3339(&format!("{minutes}:00{zone}"))
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::from_timestamp_millis(self.0) {
            Some(moment) => f.write_str(&moment.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => f.write_str(&timestamp(i128::from(self.0) * 1_000_000, true)),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Nanoseconds since the epoch as RFC 3339 with as many digits as it takes (0, 3, 6 or 9), `Z` behind those in UTC.
/// Beyond the years that a calendar knows the number itself.
pub(super) fn timestamp(nanos: i128, utc: bool) -> String {
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000));
    let below = u32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or_default();
    let Some(moment) = seconds.ok().and_then(|s| DateTime::from_timestamp(s, below)) else {
        return format!("{nanos} ns since 1970-01-01");
    };
    let text = moment.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    if utc { text } else { text.trim_end_matches('Z').to_string() }
}

/// Days since the epoch as `2026-11-21`.
pub(super) fn date(days: i64) -> String {
    let seconds = days.checked_mul(86_400);
    match seconds.and_then(|s| DateTime::from_timestamp(s, 0)) {
        Some(moment) => moment.date_naive().to_string(),
        None => format!("{days} days since 1970-01-01"),
    }
}

/// Nanoseconds since midnight as `14:20:00.5`, with as many digits as it takes.
pub(super) fn time(nanos: i64) -> String {
    let below = u32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or_default();
    let seconds = u32::try_from(nanos.div_euclid(1_000_000_000)).ok();
    match seconds.and_then(|s| chrono::NaiveTime::from_num_seconds_from_midnight_opt(s, below)) {
        Some(time) => time.to_string(),
        None => format!("{nanos} ns since midnight"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_back_as_they_are_written() {
        for ms in [0, 1, -1, 1_795_248_060_250, -62_135_596_800_000, 253_402_300_799_999] {
            assert_eq!(Moment::parse(&Moment(ms).to_string()), Some(Moment(ms)), "{}", Moment(ms));
        }
        assert_eq!(Moment::parse("2026-11-21T09:00:00+01:00"), Moment::parse("2026-11-21 08:00"));
        assert_eq!(Moment::parse("2026-11-21"), Moment::parse("2026-11-21T00:00:00Z"));
        for (short, whole) in [
            ("2026-11-21T08:00Z", "2026-11-21T08:00:00Z"),
            ("2026-11-21 09:30+01:30", "2026-11-21T08:00:00Z"),
            ("2026-11-21T08:00", "2026-11-21T08:00:00Z"),
        ] {
            assert_eq!(Moment::parse(short), Moment::parse(whole), "{short}");
        }
        for wrong in ["yesterday", "", "2026-11-21T08Z", "2026-11-21T08:00:", "2026-11-21T24:00Z", "2026-11-21T08:0ü"]
        {
            assert_eq!(Moment::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn before_the_epoch_and_beyond_the_calendar() {
        assert_eq!(timestamp(-1_000, true), "1969-12-31T23:59:59.999999Z");
        assert_eq!(timestamp(-1, false), "1969-12-31T23:59:59.999999999");
        assert_eq!(date(-719_162), "0001-01-01");
        assert!(date(i64::MAX).ends_with("days since 1970-01-01"));
        assert!(timestamp(i128::MIN, true).ends_with("ns since 1970-01-01"));
        assert_eq!(time(86_399_999_999_000), "23:59:59.999999");
        assert_eq!(time(-1), "-1 ns since midnight");
    }
}
