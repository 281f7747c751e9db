//! Chance that repeats: the same seed gives the same data in every build. Not for anything but invented data.

/// A xorshift generator.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A whole number from 0 to below `end`; 0 where `end` is 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// A whole number from `from` to below `end`.
    pub(super) fn between(&mut self, from: i64, end: i64) -> i64 {
        let span = u64::try_from(end.saturating_sub(from)).unwrap_or(0);
        from.saturating_add(i64::try_from(self.below(span)).unwrap_or(0))
    }

    /// Whether something that happens in `percent` of all cases happens.
    pub(super) fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the things; of none, the default.
    pub(super) fn one_of<T: Copy + Default>(&mut self, things: &[T]) -> T {
        let at = usize::try_from(self.below(things.len() as u64)).unwrap_or(0);
        things.get(at).copied().unwrap_or_default()
    }

    /// As many bytes, in hexadecimal.
    pub(super) fn hex(&mut self, bytes: usize) -> String {
        (0..bytes).map(|_| format!("{:02x}", self.below(256))).collect()
    }
}

/// Cents as a decimal with two places.
pub(super) fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.unsigned_abs() / 100, cents.unsigned_abs() % 100)
}

/// Seconds since the epoch as `2026-11-03T14:20:07Z`.
pub(super) fn instant(seconds: i64) -> String {
    let at = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The same without its zone.
pub(super) fn local(seconds: i64) -> String {
    instant(seconds).trim_end_matches('Z').to_string()
}

/// Days since the epoch as `2026-11-03`.
pub(super) fn day(days: i64) -> String {
    let at = chrono::DateTime::from_timestamp(days.saturating_mul(86_400), 0).unwrap_or_default();
    at.format("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_data() {
        let draw = |seed| {
            (0..50)
                .map({
                    let mut c = Chance::new(seed);
                    move |_| c.below(1000)
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn values_are_written_as_arrow_reads_them() {
        assert_eq!((money(120_450), money(-5)), ("1204.50".into(), "-0.05".into()));
        assert_eq!(instant(0), "1970-01-01T00:00:00Z");
        assert_eq!((day(-1), local(86_399)), ("1969-12-31".into(), "1970-01-01T23:59:59".into()));
    }
}
