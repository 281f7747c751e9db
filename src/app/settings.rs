//! Small TOML files of two levels (`[section]`, `key = value`), read entry by entry with line numbers, so that one
//! mistake costs one entry. Knows nothing of what the entries mean.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::{Error, Result};

/// A file's name, for messages, and its text.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The name that messages carry.
    pub file: &'a str,
    /// What stands in it.
    pub text: &'a str,
}

/// Something wrong in one of the user's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file, where it is known.
    pub file: Option<String>,
    /// The line, from 1; nothing where it is the whole file.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hints: Vec<String>,
}

impl From<&Error> for Mistake {
    fn from(error: &Error) -> Self {
        let context = |name| error.context().iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        Self {
            file: context("file"),
            line: context("line").and_then(|line| line.parse().ok()),
            what: error.message().to_string(),
            hints: error.hints().to_vec(),
        }
    }
}

/// One `key = value`.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The file it stands in.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The section around it; empty at the top.
    pub section: String,
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: toml::Value,
}

impl Entry {
    /// The value as a list of strings; a single string counts as one.
    ///
    /// # Errors
    /// Invalid where it is something else.
    pub fn words(&self) -> Result<Vec<String>> {
        let wrong = || Error::invalid(format!("{} takes a string or a list of strings", self.key));
        match &self.value {
            toml::Value::String(one) => Ok(vec![one.clone()]),
            toml::Value::Array(many) => many.iter().map(|v| v.as_str().map(str::to_string).ok_or_else(wrong)).collect(),
            _ => Err(wrong()),
        }
    }

    /// Adds file and line to what is wrong with this entry.
    #[must_use]
    pub fn locate(&self, problem: Error) -> Error {
        problem.with("file", &self.file).with("line", self.line)
    }
}

/// The line of a byte, from 1.
pub(super) fn line_of(text: &[u8], offset: usize) -> usize {
    text.iter().take(offset).filter(|b| **b == b'\n').count() + 1
}

/// Every entry of a file in its order, and what is wrong with the file as a whole.
pub fn entries(source: Source<'_>) -> (Vec<Entry>, Vec<Error>) {
    let table = match DeTable::parse(source.text) {
        Ok(table) => table.into_inner(),
        Err(error) => {
            let line = error.span().map_or(1, |span| line_of(source.text.as_bytes(), span.start));
            let problem = Error::invalid(format!("not valid TOML: {}", error.message()));
            return (Vec::new(), vec![problem.with("file", source.file).with("line", line)]);
        }
    };
    let mut found = Vec::new();
    for (key, value) in table {
        match value.into_inner() {
            DeValue::Table(section) => {
                for (inner, value) in section {
                    found.push(entry(source, key.get_ref(), &inner, value.into_inner()));
                }
            }
            value => found.push(entry(source, "", &key, value)),
        }
    }
    found.sort_by_key(|e: &Entry| e.line);
    (found, Vec::new())
}

fn entry(source: Source<'_>, section: &str, key: &Spanned<std::borrow::Cow<'_, str>>, value: DeValue<'_>) -> Entry {
    Entry {
        file: source.file.to_string(),
        line: line_of(source.text.as_bytes(), key.span().start),
        section: section.to_string(),
        key: key.get_ref().to_string(),
        value: plain(value),
    }
}

/// Numbers are kept as they are written: no setting needs more.
fn plain(value: DeValue<'_>) -> toml::Value {
    match value {
        DeValue::String(s) => toml::Value::String(s.into_owned()),
        DeValue::Boolean(b) => toml::Value::Boolean(b),
        DeValue::Integer(n) => n.as_str().parse().map_or_else(|_| toml::Value::Float(f64::NAN), toml::Value::Integer),
        DeValue::Float(n) => toml::Value::Float(n.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Datetime(d) => toml::Value::Datetime(d),
        DeValue::Array(items) => toml::Value::Array(items.into_iter().map(|v| plain(v.into_inner())).collect()),
        DeValue::Table(table) => toml::Value::Table(
            table.into_iter().map(|(k, v)| (k.into_inner().into_owned(), plain(v.into_inner()))).collect(),
        ),
    }
}
