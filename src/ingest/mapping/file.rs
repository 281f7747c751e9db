//! A mapping as a TOML file: written to be read by people, read with mistakes told by line and column.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Cast, ColumnMapping, Mapping, Rule};
use crate::ingest::parse::BinaryText;
use crate::ingest::source::SourceOptions;
use crate::storage::small_text;
use crate::{Error, Kind, Result};

const HEAD: &str = "\
# A mapping of icedeck: what becomes of each column of the table. Columns that are not named find theirs by name.
#   from = \"source column\"  |  expression = \"upper(country)\"  |  constant = \"EUR\"  |  skip = true
# and how text is read: format (strftime, or epoch_ms), zone, decimal-comma, thousands, true, false, binary (hex, base64).
";

/// The file as it stands.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Document {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<SourceOptions>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    types: BTreeMap<String, String>,
    #[serde(rename = "column", skip_serializing_if = "Vec::is_empty")]
    columns: Vec<Spanned<Entry>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Entry {
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    constant: Option<toml::Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    skip: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    decimal_comma: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    thousands: Option<char>,
    #[serde(rename = "true", skip_serializing_if = "Vec::is_empty")]
    yes: Vec<String>,
    #[serde(rename = "false", skip_serializing_if = "Vec::is_empty")]
    no: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary: Option<BinaryText>,
}

impl Mapping {
    /// The text of the mapping's file.
    ///
    /// # Errors
    /// `Bug` where it cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String> {
        let document = Document {
            source: self.source.clone(),
            types: self.types.clone(),
            columns: self.columns.iter().map(|c| Spanned::new(0..0, Entry::of(c))).collect(),
        };
        let body = toml::to_string(&document).map_err(|e| Error::bug("the mapping cannot be written").caused_by(e))?;
        Ok(format!("{HEAD}\n{body}"))
    }

    /// Reads the text of a mapping's file.
    ///
    /// # Errors
    /// `Invalid` with the line and column of the mistake.
    pub fn from_toml(text: &str) -> Result<Self> {
        let document: Document = toml::from_str(text).map_err(|e| {
            let at = e.span().map_or(0, |span| span.start);
            let message = e.message().trim().replace('\n', ", ");
            // What is expected may be long: the place is told before it.
            let (message, expected) = match message.split_once(", expected one of ") {
                Some((message, expected)) => (message, Some(format!("expected one of {expected}"))),
                None => (message.as_str(), None),
            };
            let error = Error::invalid(format!("the mapping cannot be read: {message}"));
            placed(expected.into_iter().fold(error, Error::hint), text, at)
        })?;
        let columns = document.columns.into_iter().map(|entry| {
            let at = entry.span().start;
            entry.into_inner().into_column().map_err(|why| placed(Error::invalid(why), text, at))
        });
        Ok(Self { source: document.source, columns: columns.collect::<Result<_>>()?, types: document.types })
    }

    /// Reads a mapping's file.
    ///
    /// # Errors
    /// A file that cannot be read, and mistakes in it with file, line and column.
    pub fn load(path: &Path) -> Result<Self> {
        let text = small_text(path).map_err(|e| {
            let kind = match e.kind() {
                std::io::ErrorKind::NotFound => Kind::NotFound,
                std::io::ErrorKind::PermissionDenied => Kind::Denied,
                _ => Kind::Invalid,
            };
            Error::new(kind, format!("the mapping cannot be read: {e}")).with("file", path.display())
        })?;
        Self::from_toml(&text).map_err(|e| e.with("file", path.display()))
    }

    /// Writes a mapping's file where there is none yet.
    ///
    /// # Errors
    /// `AlreadyExists` where there is one; a file that cannot be written.
    pub fn save_new(&self, path: &Path) -> Result<()> {
        match path.symlink_metadata() {
            Ok(_) => Err(Error::new(Kind::AlreadyExists, "the file exists already").with("file", path.display())),
            Err(_) => self.save(path),
        }
    }

    /// Writes a mapping's file, over an older one only once the new one is whole.
    ///
    /// # Errors
    /// A file that cannot be written; one of that name that is no mapping, as the source itself.
    pub fn save(&self, path: &Path) -> Result<()> {
        if path.symlink_metadata().is_ok() && Self::load(path).is_err() {
            return Err(Error::new(
                Kind::AlreadyExists,
                "there is a file of that name, and it is no mapping: it stays",
            )
            .with("file", path.display())
            .hint("take another name for the mapping"));
        }
        let text = self.to_toml()?;
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".new");
        let fresh = path.with_file_name(name);
        let write = || -> std::io::Result<()> {
            let mut file = fs::File::create(&fresh)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, path)
        };
        write().map_err(|e| {
            let _ = fs::remove_file(&fresh);
            Error::new(Kind::Unavailable, format!("the mapping cannot be saved: {e}")).with("file", path.display())
        })
    }
}

impl Entry {
    fn of(mapping: &ColumnMapping) -> Self {
        let cast = mapping.cast.clone();
        let mut entry = Self {
            name: Some(mapping.column.clone()),
            format: cast.format,
            zone: cast.zone,
            decimal_comma: cast.decimal_comma,
            thousands: cast.thousands,
            yes: cast.yes,
            no: cast.no,
            binary: cast.binary,
            ..Self::default()
        };
        match &mapping.rule {
            Rule::Column(from) => entry.from = Some(from.clone()),
            Rule::Expression(sql) => entry.expression = Some(sql.clone()),
            Rule::Constant(text) => entry.constant = Some(toml::Value::String(text.clone())),
            Rule::Skip => entry.skip = true,
        }
        entry
    }

    fn into_column(self) -> Result<ColumnMapping, String> {
        let column = self.name.filter(|n| !n.is_empty()).ok_or("this column has no name")?;
        let constant = self.constant.map(plain_text).transpose().map_err(|why| format!("column {column}: {why}"))?;
        let rules = [
            self.from.map(Rule::Column),
            self.expression.map(Rule::Expression),
            constant.map(Rule::Constant),
            self.skip.then_some(Rule::Skip),
        ];
        let mut rules = rules.into_iter().flatten();
        let (Some(rule), None) = (rules.next(), rules.next()) else {
            return Err(format!("column {column} needs exactly one of from, expression, constant and skip"));
        };
        let cast = Cast {
            format: self.format,
            zone: self.zone,
            decimal_comma: self.decimal_comma,
            thousands: self.thousands,
            yes: self.yes,
            no: self.no,
            binary: self.binary,
        };
        Ok(ColumnMapping { column, rule, cast })
    }
}

/// A constant may be written as any TOML scalar.
fn plain_text(value: toml::Value) -> Result<String, String> {
    match value {
        toml::Value::String(text) => Ok(text),
        toml::Value::Array(_) | toml::Value::Table(_) => Err("a constant is a string, number, boolean or date".into()),
        scalar => Ok(scalar.to_string()),
    }
}

/// Adds line and column, from 1, of a byte of the text.
fn placed(error: Error, text: &str, at: usize) -> Error {
    let before = text.get(..at).unwrap_or(text);
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    error.with("line", line).with("column", column)
}
