//! Numbers and times as people read them. Exact values belong into the detail.

use chrono::{DateTime, SecondsFormat};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// `12,450,112`.
pub fn count(n: i128) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0 {
        out.push('−');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `14 snapshots`, `1 snapshot`, `no snapshots`.
pub fn counted(n: usize, one: &str) -> String {
    counted_as(n, one, &format!("{one}s"))
}

/// `14 branches`, `1 branch`, `no branches`.
pub fn counted_as(n: usize, one: &str, many: &str) -> String {
    match n {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        _ => format!("{} {many}", count(n as i128)),
    }
}

/// `+120,000`, `−38`, `0`.
pub fn change(n: i128) -> String {
    if n > 0 { format!("+{}", count(n)) } else { count(n) }
}

/// `312 MiB`, `1.4 GiB`, `17 B`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let unit = UNITS.get(unit).copied().unwrap_or_default();
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// How long before `now_ms`: `now`, `3 m ago`, `2 h ago`, `yesterday`, `9 d ago`; what lies ahead: `in 5 m`.
pub fn ago(at_ms: i64, now_ms: i64) -> String {
    let past = now_ms.saturating_sub(at_ms);
    if past < -MINUTE {
        return format!("in {}", span(past.saturating_neg()));
    }
    match past {
        ..10_000 => "now".to_string(),
        DAY..=TWO_DAYS => "yesterday".to_string(),
        _ => format!("{} ago", span(past)),
    }
}

const TWO_DAYS: i64 = 2 * DAY - 1;

/// A length of time in one unit: `42 s`, `3 m`, `2 h`, `9 d`, `5 mo`, `3 y`.
pub fn span(ms: i64) -> String {
    match ms {
        ..MINUTE => format!("{} s", ms / 1000),
        MINUTE..HOUR => format!("{} m", ms / MINUTE),
        HOUR..DAY => format!("{} h", ms / HOUR),
        _ if ms < 60 * DAY => format!("{} d", ms / DAY),
        _ if ms < 730 * DAY => format!("{} mo", ms / (30 * DAY)),
        _ => format!("{} y", ms / (365 * DAY)),
    }
}

/// The exact moment: `2026-11-19T14:02:00.123Z`.
pub fn moment(at_ms: i64) -> String {
    let exact = |t: DateTime<chrono::Utc>| t.to_rfc3339_opts(SecondsFormat::Millis, true);
    DateTime::from_timestamp_millis(at_ms).map_or_else(|| format!("{at_ms} ms"), exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(12_450_112), "12,450,112");
        assert_eq!(count(-38), "−38");
        assert_eq!(count(0), "0");
        assert_eq!(change(120_000), "+120,000");
        assert_eq!(
            [bytes(17), bytes(1536), bytes(327_155_712), bytes(u64::MAX)],
            ["17 B", "1.5 KiB", "312 MiB", "16 EiB"]
        );
        assert_eq!(bytes(1_048_575), "1.0 MiB");
    }

    #[test]
    fn times_are_relative() {
        let now = 100 * DAY;
        let told: Vec<_> = [0, 200_000, 2 * HOUR, 30 * HOUR, 9 * DAY, 70 * DAY, -5 * MINUTE - 1]
            .iter()
            .map(|past| ago(now - past, now))
            .collect();
        assert_eq!(told, ["now", "3 m ago", "2 h ago", "yesterday", "9 d ago", "2 mo ago", "in 5 m"]);
        assert_eq!(ago(i64::MIN, i64::MAX), "292471208 y ago".to_string());
        assert_eq!(moment(1_795_255_709_000), "2026-11-21T10:08:29.000Z");
    }
}
