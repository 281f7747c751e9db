//! How a source is read: what the operator may override ([`SourceOptions`]) and what holds after detection
//! ([`SourceSettings`]). Plain values; nothing here reads a file.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How the rows of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Delimited text: CSV, TSV and their kin.
    Csv,
    /// One JSON object a line.
    NdJson,
    /// Apache Parquet.
    Parquet,
}

/// How a file is packed. Told by its first bytes, never by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// As it is.
    None,
    /// gzip, one member or many.
    Gzip,
    /// Zstandard, one frame or many.
    Zstd,
}

/// What ends a line of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineEnd {
    /// LF, or CR LF.
    Lf,
    /// CR alone, as old spreadsheets for the Macintosh write.
    Cr,
}

/// A character of the dialect that may be switched off. Written as a string of one ASCII character, or an empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mark(pub Option<u8>);

/// What the operator says about a source; whatever is left out is detected. Serialises as the `[source]` table of a
/// mapping file, in which the paths have no place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct SourceOptions {
    /// The files, in the order in which they are read.
    #[serde(skip)]
    pub paths: Vec<PathBuf>,
    /// The format, else by the first bytes and the file's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// gzip, zstd or none, else by the first bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// A label of the WHATWG encoding standard ("utf-8", "utf-16le", "windows-1252"), else detected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// What stands between two fields: one ASCII character.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<Mark>,
    /// What encloses a field that holds a delimiter or a line end; an empty one switches quoting off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<Mark>,
    /// What makes the next character of a quoted field an ordinary one, besides doubling the quote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escape: Option<Mark>,
    /// Whether the first row holds the names of the columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// Strings that mean null when they are a whole field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nulls: Option<Vec<String>>,
    /// Whether such a string is null within quotes too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted_nulls: Option<bool>,
    /// What ends a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_end: Option<LineEnd>,
    /// Lines to pass over before the header or the first row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_lines: Option<u64>,
    /// Look at every row before the types are told, instead of a sample spread over the files.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub infer_from_all: bool,
}

/// How a source is read, after detection. [`SourceSettings::options`] turns it back into options that pin all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SourceSettings {
    /// The format of all files.
    pub format: Format,
    /// How the first file is packed; each file is looked at for itself.
    pub compression: Compression,
    /// The encoding of the first file, as the WHATWG standard calls it. "UTF-8" for Parquet.
    pub encoding: String,
    /// How delimited text is written; of CSV alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
}

/// How delimited text is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Dialect {
    /// What stands between two fields.
    #[serde(serialize_with = "as_character")]
    pub delimiter: u8,
    /// What encloses a field that holds delimiters or line ends.
    pub quote: Mark,
    /// What makes the next character of a quoted field an ordinary one.
    pub escape: Mark,
    /// Whether the first row holds the names of the columns.
    pub header: bool,
    /// Strings that mean null when they are a whole field.
    pub nulls: Vec<String>,
    /// Whether such a string is null within quotes too.
    pub quoted_nulls: bool,
    /// What ends a line.
    pub line_end: LineEnd,
    /// Lines passed over before the header or the first row.
    pub skip_lines: u64,
}

impl Default for Dialect {
    /// RFC 4180 with a header: commas, double quotes, the empty field is null.
    fn default() -> Self {
        Self {
            delimiter: b',',
            quote: Mark(Some(b'"')),
            escape: Mark(None),
            header: true,
            nulls: vec![String::new()],
            quoted_nulls: false,
            line_end: LineEnd::Lf,
            skip_lines: 0,
        }
    }
}

impl Dialect {
    /// The byte that ends a record.
    pub fn terminator(&self) -> u8 {
        match self.line_end {
            LineEnd::Lf => b'\n',
            LineEnd::Cr => b'\r',
        }
    }
}

impl SourceSettings {
    /// Options that say all of this outright, so that nothing is left to detection.
    pub fn options(&self, paths: Vec<PathBuf>) -> SourceOptions {
        let dialect = self.dialect.as_ref();
        SourceOptions {
            paths,
            format: Some(self.format),
            compression: None,
            encoding: (self.format != Format::Parquet).then(|| self.encoding.clone()),
            delimiter: dialect.map(|d| Mark(Some(d.delimiter))),
            quote: dialect.map(|d| d.quote),
            escape: dialect.map(|d| d.escape),
            header: dialect.map(|d| d.header),
            nulls: dialect.map(|d| d.nulls.clone()),
            quoted_nulls: dialect.map(|d| d.quoted_nulls),
            line_end: dialect.map(|d| d.line_end),
            skip_lines: dialect.map(|d| d.skip_lines),
            infer_from_all: false,
        }
    }
}

impl SourceOptions {
    /// Options for these files, all else detected.
    pub fn of(paths: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        Self { paths: paths.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

fn as_character<S: serde::Serializer>(byte: &u8, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_char(char::from(*byte))
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.to_ascii_lowercase().as_str() {
            "csv" | "tsv" | "text" => Ok(Self::Csv),
            "ndjson" | "jsonl" | "json" => Ok(Self::NdJson),
            "parquet" => Ok(Self::Parquet),
            _ => Err(Error::invalid(format!("{text:?} is not a format")).hint("csv, ndjson or parquet")),
        }
    }
}

impl FromStr for Compression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.to_ascii_lowercase().as_str() {
            "none" => Ok(Self::None),
            "gzip" | "gz" => Ok(Self::Gzip),
            "zstd" | "zst" => Ok(Self::Zstd),
            _ => Err(Error::invalid(format!("{text:?} is not a compression")).hint("none, gzip or zstd")),
        }
    }
}

impl FromStr for Mark {
    type Err = Error;

    /// One ASCII character, the words `tab` and `\t` for a tabulator, or nothing or `none` to switch it off.
    fn from_str(text: &str) -> Result<Self> {
        match text.as_bytes() {
            [] | b"none" => Ok(Self(None)),
            b"\\t" | b"tab" => Ok(Self(Some(b'\t'))),
            [one] if one.is_ascii() && !matches!(one, b'\n' | b'\r' | 0) => Ok(Self(Some(*one))),
            _ => Err(Error::invalid(format!("{text:?} is not a single ASCII character"))
                .hint("give one character, tab for a tabulator, or an empty one to switch it off")),
        }
    }
}

impl TryFrom<String> for Mark {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Mark> for String {
    fn from(mark: Mark) -> Self {
        mark.0.map(|byte| char::from(byte).to_string()).unwrap_or_default()
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("none"),
            Some(b'\t') => f.write_str("tab"),
            Some(byte) => write!(f, "{}", char::from(byte)),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Csv => "csv",
            Self::NdJson => "ndjson",
            Self::Parquet => "parquet",
        })
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}
