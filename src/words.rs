//! Numbers in sentences, words on command lines.

/// `1 file`, `2 files`.
pub(crate) fn many(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-:@=,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// `1 snapshot leaves`, `2 snapshots leave`: a number of things and what they do, by the verb for one and for several.
pub(crate) fn many_do(n: u64, what: &str, one: &str, several: &str) -> String {
    format!("{} {}", many(n, what), if n == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_shell() {
        assert_eq!(quoted("a/b.csv"), "a/b.csv");
        assert_eq!(quoted("it's here"), "'it'\\''s here'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn verbs_agree_with_numbers() {
        assert_eq!(many_do(1, "snapshot", "leaves", "leave"), "1 snapshot leaves");
        assert_eq!(many_do(0, "snapshot", "leaves", "leave"), "0 snapshots leave");
        assert_eq!(many_do(2, "file", "is", "are"), "2 files are");
    }
}
