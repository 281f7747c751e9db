//! What is wrong with a mapping before any row is read.

use std::fmt;

use serde::Serialize;

use crate::Error;

/// Why a mapping does not go with a source and a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The table column; nothing where the whole mapping is meant.
    pub column: Option<String>,
    /// Why, as a sentence without the column's name and without full stop.
    pub reason: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// A problem of a column that is still to be named.
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { column: None, reason: reason.into(), hint: None }
    }

    /// A problem of the whole mapping.
    pub(crate) fn general(reason: impl Into<String>) -> Self {
        Self::new(reason)
    }

    pub(crate) fn of_column(mut self, column: &str) -> Self {
        self.column = Some(column.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Names what was perhaps meant.
    pub(crate) fn near(self, names: &[&str]) -> Self {
        if names.is_empty() { self } else { self.hint(format!("perhaps {}", names.join(", "))) }
    }

    /// All problems as one error, for where there is no screen to show them on.
    pub fn into_error(problems: &[Self]) -> Error {
        let message = match problems {
            [one] => one.to_string(),
            several => {
                let first = several.first().map(ToString::to_string).unwrap_or_default();
                format!("{first} (and {} more problems of the mapping)", several.len().saturating_sub(1))
            }
        };
        let error = Error::invalid(message);
        let rest = problems.iter().skip(1).map(ToString::to_string);
        problems.iter().filter_map(|p| p.hint.clone()).chain(rest).fold(error, Error::hint)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let problem = Self::new(error.to_string());
        match error.hints() {
            [] => problem,
            hints => problem.hint(hints.join("; ")),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "column {column}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}
