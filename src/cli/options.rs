//! Small things that several verbs read from their arguments.

use crate::table::Moment;

/// `KEY=VALUE`.
pub fn property(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_string(), value.to_string())),
        _ => Err("write KEY=VALUE".to_string()),
    }
}

/// A time, as [`Moment::parse`] reads it.
pub fn moment(text: &str) -> Result<Moment, String> {
    Moment::parse(text).ok_or_else(|| "write a time as 2026-11-21T08:00:00Z or 2026-11-21".to_string())
}

/// A number with its unit (`30s`, `15m`, `12h`, `7d`), in milliseconds.
pub fn duration(text: &str) -> Result<i64, String> {
    let wrong = || "write a time span as 30s, 15m, 12h or 7d".to_string();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    let span = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit_ms));
    span.filter(|span| *span > 0).ok_or_else(wrong)
}

/// A time, or how long ago it is, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The text itself.
    pub text: String,
    at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Moment(Moment),
    /// Milliseconds before now.
    Ago(i64),
}

/// A time, or an age as in `7d`; no age at all (`0s`) means everything.
pub fn limit(text: &str) -> Result<Limit, String> {
    let is_zero = ["0", "0ms", "0s", "0m", "0h", "0d"].contains(&text.trim());
    let at = match (Moment::parse(text), is_zero) {
        (Some(moment), _) => At::Moment(moment),
        (None, true) => At::Ago(0),
        (None, false) => At::Ago(
            duration(text)
                .map_err(|_| "write a time as 2026-11-21T08:00:00Z, or an age as 30s, 15m, 12h or 7d".to_string())?,
        ),
    };
    Ok(Limit { text: text.into(), at })
}

impl Limit {
    /// In milliseconds since the epoch. Everything, where the age is none: also what a clock ahead of ours has written.
    pub fn before(&self, now_ms: i64) -> i64 {
        match self.at {
            At::Moment(moment) => moment.0,
            At::Ago(0) => i64::MAX,
            At::Ago(age) => now_ms.saturating_sub(age),
        }
    }
}

/// The id of a snapshot.
pub fn snapshot_id(text: &str) -> Result<i64, String> {
    let wanted = "a snapshot's id is wanted, a whole number; icedeck snapshots TABLE lists them";
    text.parse().map_err(|_| wanted.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_ages_are_read() {
        assert_eq!(duration("7d"), Ok(7 * 86_400_000));
        assert_eq!(duration("30s"), Ok(30_000));
        for wrong in ["", "7", "d", "0d", "-1d", "7 d", "99999999999999999d", "ü"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        let before = |text: &str| limit(text).map(|limit| limit.before(5000));
        assert_eq!(before("1970-01-01"), Ok(0));
        assert_eq!((before("0s"), before("1s")), (Ok(i64::MAX), Ok(4000)));
        assert!(limit("soon").is_err() && limit("00s").is_err());
    }
}
