//! The file of rejected rows: each row as it came, with where it stood and what was wrong with it.
//!
//! CSV for text and Parquet sources, where a row that could not be taken apart stands whole in a column of its own; JSON
//! lines for JSON lines, with the original line in each, byte for byte. Never overwrites a file; rows are written as they
//! come and not kept in memory.

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use arrow::array::{Array, RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Value, json};

use super::source::{Format, Source, syntax};
use super::{Fault, SourceBatch, SourceText};
use crate::{Error, Kind, Result};

/// A file that rejected rows go to.
#[derive(Debug)]
pub struct Rejects {
    path: PathBuf,
    out: BufWriter<File>,
    form: Form,
    rows: u64,
}

#[derive(Debug)]
enum Form {
    /// The names of the source's columns.
    Csv(Vec<String>),
    Json,
}

impl Rejects {
    /// Makes the file. For whole rows decode every column of the source: a column that a batch does not have stays
    /// empty.
    ///
    /// # Errors
    /// `AlreadyExists` for a file that is there, and what the file system says.
    pub fn create(path: &Path, source: &Source) -> Result<Self> {
        let file = File::options().write(true).create_new(true).open(path).map_err(|e| match e.kind() {
            ErrorKind::AlreadyExists => Error::new(Kind::AlreadyExists, "the file for rejected rows exists already")
                .with("file", path.display())
                .hint("name another one; icedeck does not overwrite it"),
            _ => failed(path, e),
        })?;
        let names = source.columns.iter().map(|c| c.name.clone()).collect();
        let form = if source.settings.format == Format::NdJson { Form::Json } else { Form::Csv(names) };
        let mut rejects = Self { path: path.to_path_buf(), out: BufWriter::new(file), form, rows: 0 };
        rejects.header()?;
        Ok(rejects)
    }

    /// Writes the rows of a batch that were rejected: those at `rows`, whose faults `faults` are, and those that could
    /// not be taken apart ([`SourceBatch::faults`]).
    ///
    /// # Errors
    /// A file that cannot be written, a full disk.
    pub fn write(&mut self, source: &SourceBatch, rows: &[usize], faults: &[Fault]) -> Result<()> {
        let mut broken = source.faults.chunk_by(|a, b| a.line == b.line).peekable();
        let places = UInt64Array::from(rows.iter().map(|row| *row as u64).collect::<Vec<_>>());
        let batch = take_record_batch(&source.batch, &places)
            .map_err(|e| Error::bug("rejected rows cannot be taken out of their batch").caused_by(e))?;
        let cells = match &self.form {
            Form::Csv(names) => csv_rows(&batch, names)?,
            Form::Json => vec![String::new(); rows.len()],
        };
        let originals = Originals::of(source);
        let mut of_row = faults.chunk_by(|a, b| a.line == b.line).peekable();
        for (row, cells) in rows.iter().zip(cells) {
            let line = source.line(*row);
            while let Some(before) = broken.next_if(|faults| faults.first().is_some_and(|f| f.line < line)) {
                self.row(before, None, &originals)?;
            }
            let mine = of_row.next_if(|faults| faults.first().is_some_and(|f| f.line == line)).unwrap_or_default();
            self.row(mine, Some(cells), &originals)?;
        }
        broken.try_for_each(|after| self.row(after, None, &originals))
    }

    /// Ends the file and returns how many rows it has; without any it is removed.
    ///
    /// # Errors
    /// A file that cannot be written, a full disk.
    pub fn finish(mut self) -> Result<u64> {
        let ended = self.out.flush().and_then(|()| self.out.get_ref().sync_all());
        ended.map_err(|e| failed(&self.path, e))?;
        if self.rows == 0 {
            fs::remove_file(&self.path).map_err(|e| failed(&self.path, e))?;
        }
        Ok(self.rows)
    }

    fn header(&mut self) -> Result<()> {
        let Form::Csv(names) = &self.form else { return Ok(()) };
        let taken = |name: &str| names.iter().any(|n| n == name);
        let own = ["file", "line", "column", "reason", "text"];
        let prefix = if own.iter().any(|name| taken(name)) { "rejected_" } else { "" };
        let own = own.iter().map(|name| format!("{prefix}{name}"));
        let line = names.iter().map(|n| quoted(n)).chain(own).collect::<Vec<_>>().join(",");
        writeln!(self.out, "{line}").map_err(|e| failed(&self.path, e))
    }

    /// One rejected row: its faults, its cells where it could be taken apart, or the line as it came.
    fn row(&mut self, faults: &[Fault], cells: Option<String>, originals: &Originals<'_>) -> Result<()> {
        let line = match &self.form {
            Form::Csv(names) => csv_row(faults, cells, names.len(), originals),
            Form::Json => json_row(faults, originals).into_bytes(),
        };
        self.rows += 1;
        let written = self.out.write_all(&line).and_then(|()| self.out.write_all(b"\n"));
        written.map_err(|e| failed(&self.path, e))
    }
}

/// One line: the cells, where the row stood and what was wrong with it; its text, byte for byte, where it has no cells.
fn csv_row(faults: &[Fault], cells: Option<String>, columns: usize, originals: &Originals<'_>) -> Vec<u8> {
    let joined = |part: fn(&Fault) -> &str| {
        quoted(&faults.iter().map(part).filter(|p| !p.is_empty()).collect::<Vec<_>>().join("; "))
    };
    let (file, line) = place(faults);
    let text = if cells.is_none() { originals.get(line).unwrap_or_default() } else { &[] };
    let cells = cells.unwrap_or_else(|| ",".repeat(columns.saturating_sub(1)));
    let (blamed, reason) = (joined(|f| f.column.as_deref().unwrap_or_default()), joined(|f| &f.reason));
    let mut out = format!("{cells},{},{line},{blamed},{reason},", quoted(&file)).into_bytes();
    if !text.is_empty() {
        out.push(b'"');
        text.iter().for_each(|byte| out.extend(std::iter::repeat_n(*byte, if *byte == b'"' { 2 } else { 1 })));
        out.push(b'"');
    }
    out
}

fn place(faults: &[Fault]) -> (String, u64) {
    faults.first().map(|f| (f.line.file.display().to_string(), f.line.line)).unwrap_or_default()
}

/// The cells of each row as one line of CSV, null as an empty field and an empty text as `""`.
fn csv_rows(batch: &RecordBatch, names: &[String]) -> Result<Vec<String>> {
    let options = FormatOptions::default().with_display_error(true);
    let mut lines = vec![String::new(); batch.num_rows()];
    for (at, name) in names.iter().enumerate() {
        let column = batch.column_by_name(name);
        let formatter = column
            .map(|c| ArrayFormatter::try_new(c.as_ref(), &options))
            .transpose()
            .map_err(|e| Error::bug("a rejected value has no text form").caused_by(e))?;
        for (row, line) in lines.iter_mut().enumerate() {
            if at > 0 {
                line.push(',');
            }
            if let (Some(column), Some(formatter)) = (column, &formatter)
                && column.is_valid(row)
            {
                let text = formatter.value(row).to_string();
                line.push_str(&if text.is_empty() { "\"\"".into() } else { quoted(&text) });
            }
        }
    }
    Ok(lines)
}

/// The rows of a block as they came, where their text is kept.
struct Originals<'a>(Vec<(u64, &'a [u8])>);

impl<'a> Originals<'a> {
    fn of(source: &'a SourceBatch) -> Self {
        Self(source.text.as_ref().map(SourceText::rows).unwrap_or_default())
    }

    fn get(&self, line: u64) -> Option<&'a [u8]> {
        let at = self.0.binary_search_by_key(&line, |(line, _)| *line).ok()?;
        self.0.get(at).map(|(_, row)| *row)
    }
}

/// One object: where the row stood and what was wrong, then the line itself: within `row` byte for byte, or as `text`
/// where it is no JSON.
fn json_row(faults: &[Fault], originals: &Originals<'_>) -> String {
    let (file, line) = place(faults);
    let told = |f: &Fault| json!({"column": f.column, "value": f.value, "reason": f.reason});
    let faults: Value = faults.iter().map(told).collect();
    let object = json!({"file": file, "line": line, "faults": faults}).to_string();
    let open = object.trim_end_matches('}');
    match originals.get(line).map(|original| (original, std::str::from_utf8(original))) {
        Some((_, Ok(original))) if syntax(original.as_bytes()).is_none() => format!("{open},\"row\":{original}}}"),
        Some((original, _)) => format!("{open},\"text\":{}}}", Value::from(String::from_utf8_lossy(original))),
        None => object,
    }
}

/// A field of CSV, in quotes where it needs them.
fn quoted(text: &str) -> String {
    match text.contains(['"', ',', '\n', '\r']) || text.starts_with(' ') || text.ends_with(' ') {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_string(),
    }
}

fn failed(path: &Path, e: std::io::Error) -> Error {
    let kind = if e.kind() == ErrorKind::PermissionDenied { Kind::Denied } else { Kind::Unavailable };
    Error::new(kind, format!("rejected rows cannot be written: {e}")).with("file", path.display())
}
