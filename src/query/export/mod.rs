//! Rows and lists written to a file as CSV, JSON or Parquet; its ending says which. A file is whole or not there: it is
//! written beside its place and put there at the end, and nothing is replaced that was not meant to be.
//!
//! Holds one batch or one row group, whatever the number of rows.

pub mod csv;
pub mod json;
mod parquet;
mod partial;
mod records;

use std::path::{Path, PathBuf};

use serde_json::Value;

pub use records::{Records, records};

use self::parquet::ParquetFile;
use self::partial::Partial;
use super::RowStream;
use crate::monitor::Monitor;
use crate::table::Cell;
use crate::{Error, Result};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// CSV with a header line, RFC 4180.
    Csv,
    /// One array of objects, as `-o json` prints it.
    Json,
    /// Parquet, packed with Zstandard.
    Parquet,
}

/// Where rows are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The file, absolute.
    pub path: PathBuf,
    /// How.
    pub format: Format,
    /// Whether a file that is there already may be replaced.
    pub replace: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The file.
    pub path: PathBuf,
    /// Rows in it.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

impl Target {
    /// The file that was typed: `~/` is the home folder, what is relative lies in the working folder.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) for an ending that says no format.
    pub fn typed(text: &str, home: &Path, replace: bool) -> Result<Self> {
        let text = text.trim();
        let path = match text.strip_prefix("~/") {
            Some(inside) => home.join(inside),
            None => PathBuf::from(text),
        };
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let format = match ending.as_deref() {
            Some("csv") => Format::Csv,
            Some("json") => Format::Json,
            Some("parquet") => Format::Parquet,
            _ => {
                return Err(Error::invalid("the file's ending says no format that is written")
                    .with("file", path.display())
                    .hint("a name that ends in .csv, .json or .parquet"));
            }
        };
        let path = std::path::absolute(&path)
            .map_err(|e| Error::invalid("this cannot be a file's name").with("file", path.display()).caused_by(e))?;
        Ok(Self { path, format, replace })
    }
}

/// Writes all rows of a stream. `id` is a fresh word for the file while it is not whole. A cancelled or failed export
/// leaves nothing behind.
///
/// # Errors
/// [`Kind::AlreadyExists`](crate::Kind::AlreadyExists) for a file that is there and may not be replaced, what reading
/// and the file system say, cancellation.
pub async fn rows(mut stream: RowStream, target: &Target, id: &str, monitor: &Monitor) -> Result<Exported> {
    monitor.update(|p| p.stage = "exporting");
    let out = Partial::begin(target, id)?;
    if target.format == Format::Parquet {
        let mut file = ParquetFile::begin(out, stream.schema()?)?;
        while let Some(batch) = stream.next_batch().await? {
            file.write(&batch)?;
            monitor.update(|p| p.bytes = file.bytes());
        }
        return file.finish();
    }
    let names = stream.columns().iter().map(|column| column.name.clone()).collect();
    let mut file = TextFile::begin(out, names, target.format)?;
    while let Some(page) = stream.next().await? {
        let row = |row: Vec<Cell>| row.iter().map(|cell| value(cell, target.format == Format::Json)).collect();
        file.write(page.rows.into_iter().map(row).collect())?;
        monitor.update(|p| p.bytes = file.out.bytes());
    }
    file.finish()
}

/// A value as it is written: JSON carries a 32-bit float as the exact number it is, people and CSV get its short form.
pub fn value(cell: &Cell, exact: bool) -> Value {
    match cell {
        Cell::Float(n) if !exact => {
            n.to_string().parse::<f64>().map_or_else(|_| cell.to_json(), |n| Cell::Double(n).to_json())
        }
        _ => cell.to_json(),
    }
}

/// Rows as text, as they come.
struct TextFile {
    out: Partial,
    columns: Vec<String>,
    format: Format,
    rows: u64,
}

impl TextFile {
    fn begin(mut out: Partial, columns: Vec<String>, format: Format) -> Result<Self> {
        if format == Format::Csv {
            let mut head = String::new();
            csv::line(&mut head, columns.iter().map(|name| Value::String(name.clone())), None);
            out.put(&head)?;
        }
        Ok(Self { out, columns, format, rows: 0 })
    }

    fn write(&mut self, rows: Vec<Vec<Value>>) -> Result<()> {
        let (mut text, count) = (String::new(), rows.len() as u64);
        match self.format {
            Format::Json => json::rows(&mut text, &self.columns, &rows, self.rows == 0)?,
            _ => rows.into_iter().for_each(|row| csv::line(&mut text, row.into_iter(), None)),
        }
        self.rows += count;
        self.out.put(&text)
    }

    fn finish(mut self) -> Result<Exported> {
        if self.format == Format::Json {
            self.out.put(if self.rows == 0 { "[]\n" } else { "\n]\n" })?;
        }
        self.out.finish(self.rows)
    }
}
