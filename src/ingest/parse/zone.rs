//! Time zones by their IANA names, and local times turned into instants without guessing at clock changes.

use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

use super::Reason;
use crate::{Error, Result};

/// A time zone of the IANA database: `Europe/Berlin`, `UTC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

const HOUR: i64 = 3600;

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// Its IANA name.
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The seconds to subtract from a local time (seconds since 1970 as if it were UTC) to get UTC.
    pub(crate) fn offset_of_local(self, local: i64) -> Result<i64, Reason> {
        let naive = seconds(local).ok_or(Reason::not("outside of the years that time zones are known for"))?;
        match self.0.offset_from_local_datetime(&naive) {
            chrono::LocalResult::Single(offset) => Ok(offset.fix().local_minus_utc().into()),
            chrono::LocalResult::Ambiguous(..) => {
                Err(Reason::not(format!("this local time occurs twice in {} (clock change)", self.name())))
            }
            chrono::LocalResult::None => {
                Err(Reason::not(format!("this local time does not exist in {} (clock change)", self.name())))
            }
        }
    }

    /// The seconds to add to an instant (seconds since 1970 UTC) to get the local time.
    pub(crate) fn offset_of_utc(self, utc: i64) -> Result<i64, Reason> {
        let naive = seconds(utc).ok_or(Reason::not("outside of the years that time zones are known for"))?;
        Ok(self.0.offset_from_utc_datetime(&naive).fix().local_minus_utc().into())
    }
}

impl FromStr for Zone {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let same = |zone: &&Tz| zone.name().eq_ignore_ascii_case(name.trim());
        chrono_tz::TZ_VARIANTS.iter().find(same).map(|zone| Self(*zone)).ok_or_else(|| {
            Error::invalid(format!("there is no time zone {name}")).hint("give an IANA name like Europe/Berlin or UTC")
        })
    }
}

/// Offsets of local times, with the answer for the last whole hour at hand: neighbouring rows mostly share it.
#[derive(Debug)]
pub(crate) struct LocalOffsets {
    zone: Zone,
    hour: Option<(i64, i64)>,
}

impl LocalOffsets {
    pub(crate) fn new(zone: Zone) -> Self {
        Self { zone, hour: None }
    }

    /// As [`Zone::offset_of_local`].
    pub(crate) fn of(&mut self, local: i64) -> Result<i64, Reason> {
        let hour = local.div_euclid(HOUR);
        if let Some((known, offset)) = self.hour
            && known == hour
        {
            return Ok(offset);
        }
        let offset = self.zone.offset_of_local(local)?;
        // Only an hour that has one offset from its first to its last second is remembered.
        let edge = |at: i64| self.zone.offset_of_local(at).ok();
        let whole = edge(hour * HOUR) == Some(offset) && edge(hour * HOUR + HOUR - 1) == Some(offset);
        self.hour = whole.then_some((hour, offset));
        Ok(offset)
    }
}

fn seconds(since_1970: i64) -> Option<NaiveDateTime> {
    DateTime::UNIX_EPOCH.naive_utc().checked_add_signed(TimeDelta::try_seconds(since_1970)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_changes_are_told_apart() {
        let berlin: Zone = "europe/berlin".parse().unwrap();
        assert_eq!(berlin.name(), "Europe/Berlin");
        let at = |s: &str| NaiveDateTime::parse_from_str(s, "%F %T").unwrap().and_utc().timestamp();
        assert_eq!(berlin.offset_of_local(at("2026-07-01 12:00:00")), Ok(7200));
        assert!(berlin.offset_of_local(at("2026-03-29 02:30:00")).unwrap_err().as_str().contains("does not exist"));
        assert!(berlin.offset_of_local(at("2026-10-25 02:30:00")).unwrap_err().as_str().contains("occurs twice"));
        let mut cached = LocalOffsets::new(berlin);
        for second in (at("2026-03-28 00:00:00")..at("2026-03-30 00:00:00")).step_by(450) {
            assert_eq!(cached.of(second), berlin.offset_of_local(second));
        }
        assert!("Mars/Olympus".parse::<Zone>().is_err());
    }
}
