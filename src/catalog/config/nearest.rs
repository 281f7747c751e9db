//! Did you mean: the known word nearest to one that is not known.

/// The nearest of `known` to `word`, where one is near enough to be a slip of the keys.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let normal = |text: &str| text.to_lowercase().replace('_', "-");
    let word = normal(word);
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &normal(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_found_and_another_word_is_not() {
        let known = ["warehouse", "read-only", "uri", "s3.access-key-id"];
        assert_eq!(nearest("wharehouse", known), Some("warehouse"));
        assert_eq!(nearest("readonly", known), Some("read-only"));
        assert_eq!(nearest("READ_ONLY", known), Some("read-only"));
        assert_eq!(nearest("url", known), Some("uri"));
        assert_eq!(nearest("s3.acess-key-id", known), Some("s3.access-key-id"));
        assert_eq!(nearest("colour", known), None);
    }
}
