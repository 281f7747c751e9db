//! Names of namespaces and tables, and the address of a table at a point in time, as plain text-like values.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A namespace: its levels, outermost first. The empty one is the root of a catalog.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Namespace(pub Vec<String>);

/// A table of a catalog.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableName {
    /// The namespace it lies in.
    pub namespace: Namespace,
    /// Its own name.
    pub name: String,
}

/// Where a table is: in a catalog, or a folder or `metadata.json` opened without one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Place {
    /// A table of the catalog at hand.
    Table(TableName),
    /// A table folder or a metadata file: a path or a URL. Read-only.
    Path(String),
}

/// A table and, where given, the ref, snapshot id or timestamp after `@`, not yet looked up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TableAddress {
    /// Where it is.
    pub place: Place,
    /// What stood behind `@`.
    pub at: Option<String>,
}

impl Namespace {
    /// The namespace around this one; nothing for the root.
    pub fn parent(&self) -> Option<Namespace> {
        let (_, outer) = self.0.split_last()?;
        Some(Namespace(outer.to_vec()))
    }

    /// Whether this is the root of the catalog.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The table `name` in this namespace.
    pub fn table(&self, name: impl Into<String>) -> TableName {
        TableName { namespace: self.clone(), name: name.into() }
    }

    /// The namespace `level` within this one.
    #[must_use]
    pub fn child(&self, level: impl Into<String>) -> Namespace {
        let mut levels = self.0.clone();
        levels.push(level.into());
        Namespace(levels)
    }
}

/// Writes one level: as it is where that reads back as itself, else in double quotes.
fn write_level(f: &mut fmt::Formatter<'_>, level: &str) -> fmt::Result {
    let plain = !level.is_empty() && !level.contains(['.', '"', '@', '/', ':']) && level.trim() == level;
    if plain { f.write_str(level) } else { write!(f, "\"{}\"", level.replace('"', "\"\"")) }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, level) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            write_level(f, level)?;
        }
        Ok(())
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.namespace.is_root() {
            write!(f, "{}.", self.namespace)?;
        }
        write_level(f, &self.name)
    }
}

impl fmt::Display for TableAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Table(name) => write!(f, "{name}")?,
            Place::Path(path) => f.write_str(path)?,
        }
        self.at.as_ref().map_or(Ok(()), |at| write!(f, "@{at}"))
    }
}

/// Dotted levels; a level in double quotes may hold dots (`"a.b".c`), with `""` for a quote.
fn levels(text: &str) -> Result<(Vec<String>, Option<String>)> {
    let bad = |what: &str| Error::invalid(what.to_string()).with("name", text);
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        let (level, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_level(quoted).ok_or_else(|| bad("the quoted name never closes"))?,
            None => {
                let end = rest.find(['.', '@']).unwrap_or(rest.len());
                (rest[..end].to_string(), &rest[end..])
            }
        };
        if level.is_empty() {
            return Err(bad("a part of the name is empty"));
        }
        found.push(level);
        match after.chars().next() {
            None => return Ok((found, None)),
            Some('@') if after.len() > 1 => return Ok((found, Some(after[1..].to_string()))),
            Some('.') => rest = &after[1..],
            Some(_) => return Err(bad("the name is malformed")),
        }
    }
}

fn quoted_level(text: &str) -> Option<(String, &str)> {
    let mut level = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        match (c, chars.peek()) {
            ('"', Some((_, '"'))) => {
                level.push('"');
                chars.next();
            }
            ('"', _) => return Some((level, &text[i + 1..])),
            _ => level.push(c),
        }
    }
    None
}

impl FromStr for Namespace {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match levels(text)? {
            (found, None) => Ok(Namespace(found)),
            _ => Err(Error::invalid("a namespace takes no @").with("name", text)),
        }
    }
}

impl FromStr for TableName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.parse::<TableAddress>()? {
            TableAddress { place: Place::Table(name), at: None } => Ok(name),
            _ => Err(Error::invalid("not the name of a table")
                .with("name", text)
                .hint("a table is named namespace.table")),
        }
    }
}

impl FromStr for TableAddress {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if looks_like_path(text) {
            return Ok(TableAddress { place: Place::Path(text.to_string()), at: None });
        }
        let (mut found, at) = levels(text)?;
        match found.pop() {
            Some(name) if !found.is_empty() => {
                Ok(TableAddress { place: Place::Table(TableName { namespace: Namespace(found), name }), at })
            }
            _ => Err(Error::invalid("the table's name lacks its namespace")
                .with("name", text)
                .hint("a table is named namespace.table")),
        }
    }
}

/// A path has a slash outside quotes, or is `.` or `..`, or ends like a metadata file.
fn looks_like_path(text: &str) -> bool {
    let unquoted = text.split('"').step_by(2).collect::<String>();
    let before_at = unquoted.split('@').next().unwrap_or_default();
    before_at.contains('/') || text == "." || text == ".." || text.ends_with(".json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_as_they_are_written() {
        for text in [
            "sales.orders",
            "a.b.c",
            "\"a.b\".\"c\"\"d\"",
            "sales.orders@eoy",
            "sales.orders@2026-01-01T00:00:00Z",
            "\"a/b\".t",
        ] {
            let address: TableAddress = text.parse().unwrap();
            let again: TableAddress = address.to_string().parse().unwrap();
            assert_eq!(address, again, "{text}");
        }
    }

    #[test]
    fn paths_are_told_from_names() {
        for text in ["/tmp/t", "./t", "file:///t/metadata/v1.metadata.json", "v1.metadata.json", "."] {
            assert!(matches!(text.parse::<TableAddress>().unwrap().place, Place::Path(_)), "{text}");
        }
    }

    #[test]
    fn malformed_names_are_refused() {
        for text in ["", "a", "a.", ".a", "a..b", "\"a", "a.b@", "\"a\"b.c"] {
            assert!(text.parse::<TableAddress>().is_err(), "{text}");
        }
    }
}
