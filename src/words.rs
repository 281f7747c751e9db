//! Numbers in sentences.

/// `1 file`, `2 files`.
pub(crate) fn many(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
