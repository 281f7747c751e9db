//! The file of rejected rows: each row as it came, with where it stood and what was wrong with it.
//!
//! Delimited text for text (in its own dialect) and Parquet sources, where a row that could not be taken apart stands
//! whole in a column of its own; JSON lines for JSON lines, with the original line in each, byte for byte. Once mended it
//! is loaded like the source was. Never overwrites a file; rows are written as they come and not kept in memory.

mod fields;

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use serde_json::{Value, json};

use self::fields::Fields;
use super::source::{Format, OWN, PREFIX, Source, row_of, syntax};
use super::{Fault, SourceBatch, SourceText};
use crate::table::cell::{Cell, Reader};
use crate::{Error, Kind, Result};

/// Says that a file is UTF-8, whatever is said of the one it comes from.
const MARK: &[u8] = b"\xef\xbb\xbf";

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
    /// With the names of the source's columns.
    Csv(Fields, Vec<String>),
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
        let names = || source.columns.iter().map(|c| c.name.clone()).collect();
        let form = match source.settings.format {
            Format::NdJson => Form::Json,
            _ => Form::Csv(Fields::of(source.settings.dialect.as_ref()), names()),
        };
        let mut rejects = Self { path: path.to_path_buf(), out: BufWriter::new(file), form, rows: 0 };
        if source.files.iter().any(|file| file.encoding != "UTF-8") {
            rejects.put(MARK)?;
        }
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
            Form::Csv(fields, names) => cells(&batch, fields, names),
            Form::Json => vec![Vec::new(); rows.len()],
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
        let Form::Csv(fields, names) = &self.form else { return Ok(()) };
        let mut prefix = String::new();
        while OWN.iter().any(|own| names.iter().any(|name| name.strip_prefix(&prefix) == Some(own))) {
            prefix.push_str(PREFIX);
        }
        let own = OWN.iter().map(|own| fields.told(&format!("{prefix}{own}")));
        let line = fields.line(&names.iter().map(|name| fields.name(name)).chain(own).collect::<Vec<_>>());
        self.put(&line)
    }

    /// One rejected row: its faults, its cells where it could be taken apart, or the line as it came.
    fn row(&mut self, faults: &[Fault], cells: Option<Vec<Vec<u8>>>, originals: &Originals<'_>) -> Result<()> {
        let line = match &self.form {
            Form::Csv(fields, names) => csv_row(faults, cells, fields, names.len(), originals),
            Form::Json => json_row(faults, originals).into_bytes(),
        };
        self.rows += 1;
        self.put(&line)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(|e| failed(&self.path, e))
    }
}

/// One line: the cells, where the row stood and what was wrong with it; its text, byte for byte, where it has no cells.
fn csv_row(
    faults: &[Fault],
    cells: Option<Vec<Vec<u8>>>,
    fields: &Fields,
    columns: usize,
    originals: &Originals<'_>,
) -> Vec<u8> {
    let joined = |part: fn(&Fault) -> &str| {
        fields.told(&faults.iter().map(part).filter(|p| !p.is_empty()).collect::<Vec<_>>().join("; "))
    };
    let (file, line) = place(faults);
    let text = if cells.is_none() { originals.get(line).unwrap_or_default() } else { &[] };
    let mut row = cells.unwrap_or_else(|| vec![Vec::new(); columns]);
    row.extend([fields.told(&file), line.to_string().into_bytes()]);
    row.extend([joined(|f| f.column.as_deref().unwrap_or_default()), joined(|f| &f.reason), fields.whole(text)]);
    fields.line(&row)
}

fn place(faults: &[Fault]) -> (String, u64) {
    faults.first().map(|f| (f.line.file.display().to_string(), f.line.line)).unwrap_or_default()
}

/// The cells of each row as fields; what is nested is JSON. A column that the batch does not have has no values.
fn cells(batch: &RecordBatch, fields: &Fields, names: &[String]) -> Vec<Vec<Vec<u8>>> {
    let (reader, schema) = (Reader::default(), batch.schema());
    let columns: Vec<_> = names.iter().map(|name| schema.column_with_name(name)).collect();
    let cell = |row: usize, at: usize, field| batch.columns().get(at).map(|column| reader.cell(field, column, row));
    let field = |row, column: &Option<_>| match column.and_then(|(at, field)| cell(row, at, field)) {
        None | Some(Cell::Null) => fields.null(),
        Some(value) => fields.value(&value.exact()),
    };
    (0..batch.num_rows()).map(|row| columns.iter().map(|column| field(row, column)).collect()).collect()
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
    let Some(original) = originals.get(line).map(row_of) else { return object + "\n" };
    match std::str::from_utf8(&original) {
        Ok(row) if syntax(&original).is_none() => format!("{open},\"row\":{row}}}\n"),
        _ => format!("{open},\"text\":{}}}\n", Value::from(String::from_utf8_lossy(&original))),
    }
}

fn failed(path: &Path, e: std::io::Error) -> Error {
    let kind = if e.kind() == ErrorKind::PermissionDenied { Kind::Denied } else { Kind::Unavailable };
    Error::new(kind, format!("rejected rows cannot be written: {e}")).with("file", path.display())
}
