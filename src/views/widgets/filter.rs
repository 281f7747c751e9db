//! What `/` takes: a regular expression, `!` to invert, `-f` for fuzzy. Says which texts pass; knows no rows.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use regex::{Regex, RegexBuilder};

use crate::{Error, Result};

/// Which texts pass.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    text: String,
    rule: Rule,
}

#[derive(Debug, Clone, Default)]
enum Rule {
    #[default]
    All,
    Matches {
        regex: Regex,
        inverted: bool,
    },
    Fuzzy {
        pattern: Pattern,
        inverted: bool,
    },
}

/// The memory a compiled expression may take, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

impl Filter {
    /// Reads a filter. Small letters match both cases; a capital letter makes it exact.
    ///
    /// # Errors
    /// Invalid where it is no regular expression.
    pub fn parse(text: &str) -> Result<Self> {
        let (inverted, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let rule = match rest.strip_prefix("-f ") {
            _ if rest.is_empty() => Rule::All,
            Some(words) => {
                Rule::Fuzzy { pattern: Pattern::parse(words, CaseMatching::Smart, Normalization::Smart), inverted }
            }
            None => Rule::Matches { regex: regex(rest)?, inverted },
        };
        Ok(Self { text: text.to_string(), rule })
    }

    /// As it was typed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        matches!(self.rule, Rule::All)
    }

    /// A test to run over many texts, with the memory that it needs.
    pub fn tester(&self) -> Tester<'_> {
        Tester { rule: &self.rule, matcher: None, buffer: Vec::new() }
    }
}

/// Small letters match both cases.
///
/// # Errors
/// Invalid where it is no regular expression, or too large a one.
pub fn regex(text: &str) -> Result<Regex> {
    let exact = text.chars().any(char::is_uppercase);
    let built = RegexBuilder::new(text).case_insensitive(!exact).size_limit(SIZE_LIMIT).build();
    built.map_err(|e| {
        let why = e.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_string();
        Error::invalid(format!("not a regular expression: {why}"))
    })
}

/// A filter at work.
#[derive(Debug)]
pub struct Tester<'a> {
    rule: &'a Rule,
    matcher: Option<Matcher>,
    buffer: Vec<char>,
}

impl Tester<'_> {
    /// Whether a text passes.
    pub fn passes(&mut self, text: &str) -> bool {
        match self.rule {
            Rule::All => true,
            Rule::Matches { regex, inverted } => regex.is_match(text) != *inverted,
            Rule::Fuzzy { pattern, inverted } => {
                let matcher = self.matcher.get_or_insert_with(|| Matcher::new(Config::DEFAULT));
                let found = pattern.score(Utf32Str::new(text, &mut self.buffer), matcher);
                found.is_some() != *inverted
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passing(filter: &str) -> Vec<&'static str> {
        let filter = Filter::parse(filter).unwrap();
        let mut tester = filter.tester();
        ["append icedeck", "replace spark", "Append flink"].into_iter().filter(|t| tester.passes(t)).collect()
    }

    #[test]
    fn expressions_inversion_and_fuzzy() {
        assert_eq!(passing("append"), ["append icedeck", "Append flink"]);
        assert_eq!(passing("Append"), ["Append flink"]);
        assert_eq!(passing("!append"), ["replace spark"]);
        assert_eq!(passing("^rep.*k$"), ["replace spark"]);
        assert_eq!(passing("-f apfl"), ["Append flink"]);
        assert_eq!(passing("!-f apfl"), ["append icedeck", "replace spark"]);
        assert_eq!(passing("").len(), 3);
        assert_eq!(passing("!").len(), 3);
    }

    #[test]
    fn a_broken_expression_says_what_is_wrong() {
        let error = Filter::parse("a(").unwrap_err().to_string();
        assert_eq!(error, "not a regular expression: unclosed group");
        assert!(Filter::parse("(a{1000}){1000}").is_err());
    }
}
