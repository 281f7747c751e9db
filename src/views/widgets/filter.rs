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
    /// What is no regular expression, as it stands there.
    Plain {
        text: String,
        exact: bool,
        inverted: bool,
        why: String,
    },
    Fuzzy {
        pattern: Pattern,
        inverted: bool,
    },
}

/// How the message begins that a text is none.
const NO_REGEX: &str = "not a regular expression: ";

/// The memory a compiled expression may take, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

impl Filter {
    /// Reads a filter. Small letters match both cases; a capital letter makes it exact. What is no regular expression is
    /// plain text, and [`Filter::problem`] says so.
    pub fn parse(text: &str) -> Self {
        let (inverted, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let rule = match rest.strip_prefix("-f ") {
            _ if rest.is_empty() => Rule::All,
            Some(words) => {
                Rule::Fuzzy { pattern: Pattern::parse(words, CaseMatching::Smart, Normalization::Smart), inverted }
            }
            None => match regex(rest) {
                Ok(regex) => Rule::Matches { regex, inverted },
                Err(error) => plain(rest, inverted, &error),
            },
        };
        Self { text: text.to_string(), rule }
    }

    /// As it was typed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Why it is no regular expression, and therefore plain text.
    pub fn problem(&self) -> Option<&str> {
        match &self.rule {
            Rule::Plain { why, .. } => Some(why),
            Rule::All | Rule::Matches { .. } | Rule::Fuzzy { .. } => None,
        }
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

fn plain(text: &str, inverted: bool, error: &Error) -> Rule {
    let exact = is_exact(text);
    let why = error.to_string();
    let why = why.strip_prefix(NO_REGEX).unwrap_or(&why).to_string();
    Rule::Plain { text: if exact { text.to_string() } else { text.to_lowercase() }, exact, inverted, why }
}

fn is_exact(text: &str) -> bool {
    text.chars().any(char::is_uppercase)
}

/// Small letters match both cases.
///
/// # Errors
/// Invalid where it is no regular expression, or too large a one.
pub fn regex(text: &str) -> Result<Regex> {
    let built = RegexBuilder::new(text).case_insensitive(!is_exact(text)).size_limit(SIZE_LIMIT).build();
    built.map_err(|e| {
        let why = e.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").trim_end_matches('.');
        Error::invalid(format!("{NO_REGEX}{why}"))
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
            Rule::Plain { text: wanted, exact: true, inverted, .. } => text.contains(wanted) != *inverted,
            Rule::Plain { text: wanted, inverted, .. } => text.to_lowercase().contains(wanted) != *inverted,
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
        let filter = Filter::parse(filter);
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
    fn a_broken_expression_is_plain_text_and_says_what_is_wrong() {
        assert_eq!(Filter::parse("a(").problem(), Some("unclosed group"));
        assert_eq!(regex("a(").unwrap_err().to_string(), "not a regular expression: unclosed group");
        assert!(Filter::parse("(a{1000}){1000}").problem().is_some_and(|why| why.contains("size limit")));
        assert!(Filter::parse("a.*").problem().is_none());
        let passes = |filter: &str, text: &str| Filter::parse(filter).tester().passes(text);
        assert!(passes("sum(", "Sum(x)") && !passes("Sum(", "sum(x)") && !passes("sum(", "summer"));
        assert!(passes("!sum(", "summer") && !passes("!sum(", "sum(x)"));
    }
}
