//! Standard output: records as a table, as JSON or as CSV. Standard error is [`Context::note`](super::Context::note)'s,
//! but for one thing: where a list for people is empty, what there is none of is said there.
//!
//! Whatever the format, text from data reaches a terminal only in its visible form. Nothing here knows what a record
//! means.

mod table;

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

use super::context::narrate;
use crate::query::export::{csv, json};
use crate::words::reaching;
use crate::{Error, Kind, Result};

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns, for people.
    #[default]
    Table,
    /// One JSON document.
    Json,
    /// CSV with a header line, RFC 4180.
    Csv,
}

/// Where data is printed and how.
pub struct Output {
    /// The format asked for.
    pub format: Format,
    /// Columns of the terminal; nothing where standard output is a file or a pipe. Only a terminal has text cut.
    pub width: Option<usize>,
    /// How a command line begins that is about the same lake: hints are printed so.
    pub called: String,
    sink: Mutex<Box<dyn Write + Send>>,
    printed: AtomicBool,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("format", &self.format).field("width", &self.width).finish_non_exhaustive()
    }
}

impl Output {
    /// Standard output; cut to `width` columns where it is a terminal.
    pub fn stdout(format: Format, width: Option<usize>) -> Self {
        let width = width.filter(|_| io::stdout().is_terminal());
        Self::to(format, width, Box::new(io::stdout()))
    }

    /// The same for a lake that command lines reach so: `icedeck --home DIR`.
    #[must_use]
    pub fn calling(self, called: String) -> Self {
        Self { called, ..self }
    }

    /// Any other sink, as tests have it.
    pub fn to(format: Format, width: Option<usize>, sink: Box<dyn Write + Send>) -> Self {
        let called = String::from("icedeck");
        Self { format, width, called, sink: Mutex::new(sink), printed: AtomicBool::new(false) }
    }

    /// Prints one record a row: a JSON array of objects, an aligned table, or CSV. Columns are the fields in their
    /// order; an empty list prints `[]` as JSON, else nothing: nobody says which columns it would have. A person is
    /// told `none` then, as in `no snapshots`; empty where the verb says it.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn records<T: Serialize>(&self, records: &[T], none: &str) -> Result<()> {
        let mut rows = Vec::with_capacity(records.len());
        let mut columns: Vec<String> = Vec::new();
        for record in records {
            let Value::Object(fields) = to_value(record)? else { return Err(Error::bug("a record is no object")) };
            for name in fields.keys() {
                if !columns.contains(name) {
                    columns.push(name.clone());
                }
            }
            rows.push(fields);
        }
        if self.format == Format::Json {
            let rows: Vec<Value> = rows.into_iter().map(Value::Object).collect();
            return self.print(&json::document(&rows)?);
        }
        if columns.is_empty() {
            self.say_none(none);
            return Ok(());
        }
        let mut listing = self.listing(columns.clone());
        listing.page(
            rows.into_iter()
                .map(|mut row| columns.iter().map(|name| row.shift_remove(name).unwrap_or(Value::Null)).collect())
                .collect(),
        )?;
        listing.finish()
    }

    /// Prints one object: a JSON object, two columns of names and values, or CSV with one row.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn object<T: Serialize>(&self, object: &T) -> Result<()> {
        match (self.format, self.reaching(to_value(object)?)) {
            (Format::Json, value) => self.print(&json::document(&value)?),
            (Format::Csv, value) => self.records(&[value], ""),
            (Format::Table, Value::Object(fields)) => self.print(&table::fields(&fields, self.width)),
            (Format::Table, _) => Err(Error::bug("not an object")),
        }
    }

    /// With the commands of its hint and its notes as they reach the lake.
    fn reaching(&self, mut object: Value) -> Value {
        for name in ["hint", "notes"] {
            match object.get_mut(name) {
                Some(Value::String(text)) => *text = reaching(text, &self.called),
                Some(Value::Array(notes)) => {
                    for note in notes {
                        if let Value::String(text) = note {
                            *text = reaching(text, &self.called);
                        }
                    }
                }
                _ => {}
            }
        }
        object
    }

    /// Prints rows that come in pages, with these columns. `finish` must be called at the end.
    pub fn listing(&self, columns: Vec<String>) -> Listing<'_> {
        Listing { out: self, columns, widths: None, rows: 0 }
    }

    /// Prints records that come in pages, as [`records`](Self::records) would print them together. The first page's
    /// fields are the columns.
    pub fn stream(&self) -> Records<'_> {
        Records { out: self, listing: None }
    }

    /// Tells a person that there is nothing where a list would be: silence could be anything.
    fn say_none(&self, none: &str) {
        if self.is_table() && !none.is_empty() {
            narrate(none);
        }
    }

    /// Whether anything was printed yet, or tried to.
    pub fn has_printed(&self) -> bool {
        self.printed.load(Ordering::Relaxed)
    }

    /// Whether what is printed is read by a person, who is better served by fewer columns.
    pub fn is_table(&self) -> bool {
        self.format == Format::Table
    }

    /// Prints text as it is: it must be safe already.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn print(&self, text: &str) -> Result<()> {
        self.printed.store(true, Ordering::Relaxed);
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        sink.write_all(text.as_bytes()).and_then(|()| sink.flush()).map_err(sink_failed)
    }
}

/// Rows printed as they come.
#[derive(Debug)]
pub struct Listing<'a> {
    out: &'a Output,
    columns: Vec<String>,
    widths: Option<table::Layout>,
    rows: u64,
}

impl Listing<'_> {
    /// Prints one page of rows, one value a column.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn page(&mut self, rows: Vec<Vec<Value>>) -> Result<()> {
        let mut text = String::new();
        match self.out.format {
            Format::Json => json::rows(&mut text, &self.columns, &rows, self.rows == 0)?,
            Format::Csv => {
                if self.rows == 0 && self.widths.is_none() {
                    csv::line(&mut text, self.columns.iter().map(|c| Value::String(c.clone())), self.out.width);
                    self.widths = Some(table::Layout::default());
                }
                rows.iter().for_each(|row| csv::line(&mut text, row.iter().cloned(), self.out.width));
            }
            Format::Table => {
                let first = self.widths.is_none();
                let layout =
                    self.widths.get_or_insert_with(|| table::Layout::new(&self.columns, &rows, self.out.width));
                if first {
                    layout.header(&mut text, &self.columns);
                }
                rows.iter().for_each(|row| layout.row(&mut text, row));
            }
        }
        self.rows += rows.len() as u64;
        self.out.print(&text)
    }

    /// Ends the document.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(mut self) -> Result<()> {
        match self.out.format {
            Format::Json if self.rows == 0 => self.out.print("[]\n"),
            Format::Json => self.out.print("\n]\n"),
            _ if self.rows == 0 && self.widths.is_none() && !self.columns.is_empty() => self.page(Vec::new()),
            _ => Ok(()),
        }
    }
}

/// Records printed as they come.
#[derive(Debug)]
pub struct Records<'a> {
    out: &'a Output,
    listing: Option<Listing<'a>>,
}

impl Records<'_> {
    /// Prints some more records; all have the same fields.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn push<T: Serialize>(&mut self, records: &[T]) -> Result<()> {
        let values = records.iter().map(to_value).collect::<Result<Vec<_>>>()?;
        let Some(Value::Object(first)) = values.first() else { return Ok(()) };
        let out = self.out;
        let listing = self.listing.get_or_insert_with(|| out.listing(first.keys().cloned().collect()));
        let columns = listing.columns.clone();
        let row = |mut value: Value| {
            let take = |name: &String| value.get_mut(name).map(Value::take).unwrap_or_default();
            columns.iter().map(take).collect()
        };
        listing.page(values.into_iter().map(row).collect())
    }

    /// Ends the document; where it holds nothing, as [`Output::records`] does.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(self, none: &str) -> Result<()> {
        if let Some(listing) = self.listing {
            return listing.finish();
        }
        self.out.say_none(none);
        self.out.listing(Vec::new()).finish()
    }
}

/// What an outcome says, short: for where it cannot be printed. Not safe to show raw.
pub fn in_a_line<T: Serialize>(outcome: &T) -> String {
    let value = to_value(outcome).unwrap_or_default();
    let told = |name: &str| match value.get(name)? {
        Value::String(text) => Some(format!("{} {text}", name.replace('_', " "))),
        Value::Number(number) => Some(format!("{} {number}", name.replace('_', " "))),
        _ => None,
    };
    let word = value.get("outcome").and_then(Value::as_str).unwrap_or("done").to_string();
    let rest = ["table", "namespace", "renamed_to", "folder", "branch", "snapshot_id", "ingest_id"];
    std::iter::once(word).chain(rest.into_iter().filter_map(told)).collect::<Vec<_>>().join(", ")
}

fn to_value<T: Serialize>(record: &T) -> Result<Value> {
    serde_json::to_value(record).map_err(|e| Error::bug("a record cannot be written").caused_by(e))
}

fn sink_failed(error: io::Error) -> Error {
    Error::new(Kind::Unavailable, "cannot write to standard output").caused_by(error)
}

/// Whether the reader of standard output went away (`| head`): no failure of ours.
pub fn is_broken_pipe(error: &Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|e| e.downcast_ref::<io::Error>());
    cause.is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe)
}
