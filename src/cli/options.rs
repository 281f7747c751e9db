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

/// A time, or how long ago it is, in milliseconds since the epoch.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) for anything else.
pub fn moment_or_age(text: &str, now_ms: i64) -> crate::Result<i64> {
    let aged = || duration(text).ok().map(|age| now_ms.saturating_sub(age));
    let at = Moment::parse(text).map(|moment| moment.0).or_else(aged);
    at.ok_or_else(|| {
        crate::Error::invalid("neither a time nor an age").with("given", text).hint("2026-11-21T08:00:00Z, or 7d")
    })
}

/// As [`moment_or_age`]; no age at all means everything, also what a clock ahead of ours has written.
///
/// # Errors
/// As [`moment_or_age`].
pub fn age_limit(text: &str, now_ms: i64) -> crate::Result<i64> {
    let is_zero = ["0", "0ms", "0s", "0m", "0h", "0d"].contains(&text.trim());
    if is_zero { Ok(i64::MAX) } else { moment_or_age(text, now_ms) }
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
        assert_eq!(moment_or_age("1970-01-01", 5).unwrap(), 0);
        assert_eq!(moment_or_age("1s", 5000).unwrap(), 4000);
        assert!(moment_or_age("soon", 0).is_err());
        assert_eq!((age_limit("0s", 5).unwrap(), age_limit("1s", 5000).unwrap()), (i64::MAX, 4000));
        assert!(age_limit("00s", 0).is_err());
    }
}
