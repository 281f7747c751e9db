//! Opening a source: looks at each file, settles how they are read, and finds the columns.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::columnar::parquet;
use super::csv::CsvDecoder;
use super::cut::Marks;
use super::detect::{Looked, look};
use super::dialect::{self, after_lines, most_frequent};
use super::infer::{Candidates, Guess};
use super::objects::objects;
use super::records::{Cell, fields, first_records};
use super::sample::samples;
use super::settings::{Dialect, Format, Mark, SourceOptions, SourceSettings};
use super::text::Place;
use super::{Source, SourceColumn, SourceFile};
use crate::ingest::{Fault, Line};
use crate::monitor::Monitor;
use crate::{Error, Result};

/// Files of a source that are sampled; of the others only the columns are compared.
pub(super) const SAMPLED_FILES: usize = 16;

/// Opens the files of a source.
pub(super) fn open(options: &SourceOptions, monitor: &Monitor) -> Result<Source> {
    let mut files: Vec<Looked> = Vec::with_capacity(options.paths.len());
    for path in &options.paths {
        monitor.check()?;
        refuse_again(path, &files)?;
        let known = files.first().map(|first| first.format);
        let looked = look(path, options, known.filter(|f| *f != Format::Parquet))?;
        if let Some(first) = known.filter(|format| *format != looked.format) {
            return Err(Error::invalid(format!("this file is {}, the first one is {first}", looked.format))
                .with("file", path.display())
                .hint("load files of different formats one after the other"));
        }
        files.push(looked);
    }
    let Some(first) = files.first() else {
        return Err(Error::invalid("no file is given").hint("name at least one"));
    };
    let settings = SourceSettings {
        format: first.format,
        compression: first.file.compression,
        encoding: first.file.encoding.clone(),
        dialect: None,
    };
    let source = match first.format {
        Format::Csv => delimited(files, settings, options, monitor)?,
        Format::NdJson => objects(files, settings, monitor)?,
        Format::Parquet => parquet(files, settings)?,
    };
    refuse_twice(&source)?;
    if options.infer_from_all { source.infer_all(monitor) } else { Ok(source) }
}

/// A file that is named twice would have its rows twice.
fn refuse_again(path: &Path, before: &[Looked]) -> Result<()> {
    let Ok(real) = path.canonicalize() else { return Ok(()) };
    let same = before.iter().find(|looked| looked.file.path.canonicalize().is_ok_and(|other| other == real));
    match same {
        None => Ok(()),
        Some(first) => Err(Error::invalid("this file is named twice")
            .with("file", path.display())
            .with("before as", first.file.path.display())
            .hint("name it once: its rows would be loaded twice")),
    }
}

/// A source of the files looked at.
pub(super) fn source(files: Vec<Looked>, settings: SourceSettings, columns: Vec<SourceColumn>, whole: bool) -> Source {
    let files = files.into_iter().map(|looked| looked.file).collect();
    Source { files, settings, columns, inferred_from_all: whole, warnings: Vec::new() }
}

fn delimited(
    mut files: Vec<Looked>,
    mut settings: SourceSettings,
    options: &SourceOptions,
    monitor: &Monitor,
) -> Result<Source> {
    let head = files.first().map(|f| f.head.as_slice()).unwrap_or_default();
    let dialect = dialect::detect(&ended(head, options), options)?;
    let (names, trailing) = names(head, &dialect)?;
    settings.dialect = Some(dialect.clone());
    for looked in &mut files {
        looked.file.first = place_of_rows(looked, &dialect, &names)?;
        looked.head = Vec::new();
    }
    let schema: SchemaRef =
        Arc::new(Schema::new(names.iter().map(|n| Field::new(n, DataType::Utf8View, true)).collect::<Vec<_>>()));
    let decoder = CsvDecoder::new(&dialect, names.len(), (0..names.len()).collect(), schema);
    let candidates = Candidates::new()?;
    let mut guesses = vec![candidates.guess(); names.len()];
    let mut whole = files.len() <= SAMPLED_FILES;
    let mut faults = Vec::new();
    for looked in files.iter().take(SAMPLED_FILES) {
        monitor.check()?;
        whole &= sample_file(&looked.file, &decoder, &candidates, &mut guesses, &mut faults)?;
    }
    let columns = names.into_iter().zip(guesses).map(|(name, guess)| text_column(name, guess, &candidates)).collect();
    let mut source = source(files, settings, columns, whole);
    source.warnings.extend(guess_warning(&source.files));
    source.warnings.extend(trailing.then(|| trailing_warning(&dialect)));
    source.warnings.extend(warning(&faults));
    Ok(source)
}

/// What to tell of an encoding that nobody told.
fn guess_warning(files: &[SourceFile]) -> Option<String> {
    let mut guessed = files.iter().filter(|file| file.guessed);
    let (first, others) = (guessed.next()?, guessed.count());
    let others = if others == 0 { String::new() } else { format!(" (as those of {others} more)") };
    let SourceFile { path, encoding, .. } = first;
    Some(format!("{} is read as {encoding}, guessed{others}: give --encoding if that is wrong", path.display()))
}

/// What to tell of a last column that is taken for none.
fn trailing_warning(dialect: &Dialect) -> String {
    let delimiter = Mark(Some(dialect.delimiter));
    let why = if dialect.header { "the header names nothing there" } else { "there is no header to name it" };
    format!("each row looked at ends with the delimiter ({delimiter}) and {why}: no column is read after it")
}

/// A last line without its end gets one, so that it counts as a record.
fn ended(head: &[u8], options: &SourceOptions) -> Vec<u8> {
    let mut head = head.to_vec();
    let cr = !head.contains(&b'\n') && head.contains(&b'\r');
    let cr = options.line_end.map_or(cr, |end| end == super::LineEnd::Cr);
    head.push(if cr { b'\r' } else { b'\n' });
    head
}

pub(super) fn text_column(name: String, guess: Guess, candidates: &Candidates) -> SourceColumn {
    SourceColumn {
        name,
        data_type: guess.data_type(candidates),
        stored: DataType::Utf8View,
        nullable: guess.nulls > 0,
        nulls: guess.nulls,
        rows: guess.rows,
        samples: guess.samples,
    }
}

/// The names of the columns, one for each field, and whether an empty last field that nothing names was left out, since
/// a delimiter ends each line. A last column that the header names stays, be it empty in every row.
fn names(head: &[u8], dialect: &Dialect) -> Result<(Vec<String>, bool)> {
    let marks = Marks::from(dialect);
    let mut text = after_lines(head, marks.terminator, dialect.skip_lines).to_vec();
    text.push(marks.terminator);
    let mut records = first_records(&text, marks, 300);
    let Some(first) = records.first() else {
        return Err(Error::invalid("there is no row in the file, or its first one does not end")
            .hint("check the quote and how many lines are skipped"));
    };
    let blank_end = |row: &Vec<Cell>| row.len() > 1 && row.last().is_some_and(Cell::is_blank);
    let trailing = records.iter().all(blank_end) && (records.len() > 1 || !dialect.header);
    if dialect.header {
        let mut names: Vec<String> = records.swap_remove(0).into_iter().map(|cell| cell.text).collect();
        if trailing {
            names.pop();
        }
        return Ok((numbered(names), trailing));
    }
    let widths: Vec<usize> = records.iter().map(Vec::len).collect();
    let width = most_frequent(&widths).map_or(first.len(), |(width, _)| width) - usize::from(trailing);
    Ok((numbered(vec![String::new(); width]), trailing))
}

/// Columns without a name are called by their position.
fn numbered(names: Vec<String>) -> Vec<String> {
    let taken: HashSet<&str> = names.iter().map(String::as_str).collect();
    let name = |(i, name): (usize, &String)| {
        if !name.trim().is_empty() {
            return name.clone();
        }
        let mut own = format!("column_{}", i + 1);
        while taken.contains(own.as_str()) {
            own.push('_');
        }
        own
    };
    names.iter().enumerate().map(name).collect()
}

/// Where the rows of a file begin; its header must be that of the first file.
fn place_of_rows(looked: &Looked, dialect: &Dialect, names: &[String]) -> Result<Place> {
    let marks = Marks::from(dialect);
    let skipped = looked.head.len() - after_lines(&looked.head, marks.terminator, dialect.skip_lines).len();
    let mut place = Place { offset: skipped as u64, line: 1 + dialect.skip_lines };
    if !dialect.header {
        return Ok(place);
    }
    let mut rest = looked.head.get(skipped..).unwrap_or_default();
    loop {
        let end = marks.first_record(rest).unwrap_or(rest.len());
        let (record, after) = rest.split_at(end);
        place.offset += end as u64;
        place.line += memchr::memchr_iter(marks.terminator, record).count() as u64;
        let blank = record.iter().all(|b| matches!(b, b'\r' | b'\n'));
        if !blank || after.is_empty() {
            let record = record.strip_suffix(&[marks.terminator]).unwrap_or(record);
            let mut own: Vec<String> = fields(record, marks).into_iter().map(|cell| cell.text).collect();
            if own.len() == names.len() + 1 && own.last().is_some_and(String::is_empty) {
                own.pop(); // each line ends with a delimiter
            }
            return same_names(&looked.file, names, &numbered(own)).map(|()| place);
        }
        rest = after;
    }
}

fn same_names(file: &SourceFile, names: &[String], own: &[String]) -> Result<()> {
    let differ = names.iter().zip(own).position(|(a, b)| a != b);
    let (expected, found) = match differ {
        Some(at) => (names.get(at), own.get(at)),
        None if own.len() < names.len() => (names.get(own.len()), None),
        None if own.len() > names.len() => (None, own.get(names.len())),
        None => return Ok(()),
    };
    let error = match (expected, found) {
        (Some(expected), Some(found)) => {
            Error::invalid(format!("a column is called {found:?} where the first file has {expected:?}"))
        }
        (Some(expected), None) => Error::invalid(format!("the column {expected:?} of the first file is missing")),
        (None, found) => {
            Error::invalid(format!("the column {:?} is not in the first file", found.cloned().unwrap_or_default()))
        }
    };
    Err(error
        .with("file", file.path.display())
        .hint("all files of one load need the same columns in the same order: load this one by itself"))
}

fn sample_file(
    file: &SourceFile,
    decoder: &CsvDecoder,
    candidates: &Candidates,
    guesses: &mut [Guess],
    faults: &mut Vec<Fault>,
) -> Result<bool> {
    let (found, whole) = samples(file, decoder.marks)?;
    for sample in found {
        let at = Line { file: file.path.clone(), line: sample.line.unwrap_or(0) };
        let batch = decoder.decode(&sample.text, &at)?;
        if sample.line.is_none() && !batch.faults.is_empty() {
            continue;
        }
        for (guess, column) in guesses.iter_mut().zip(batch.batch.columns()) {
            guess.feed(candidates, column.as_string_view());
        }
        faults.extend(batch.faults);
    }
    Ok(whole)
}

/// What to tell of rows that the sample could not take apart.
pub(super) fn warning(faults: &[Fault]) -> Option<String> {
    let first = faults.first()?;
    let rows = if faults.len() == 1 { "1 row".to_owned() } else { format!("{} rows", faults.len()) };
    Some(format!(
        "{rows} of those looked at cannot be taken apart, the first in line {} of {}: {}",
        first.line.line,
        first.line.file.display(),
        first.reason
    ))
}

fn refuse_twice(source: &Source) -> Result<()> {
    let mut seen = HashMap::new();
    for (i, column) in source.columns.iter().enumerate() {
        if let Some(before) = seen.insert(column.name.as_str(), i) {
            let error = Error::invalid(format!(
                "the column {:?} is there twice: at the positions {} and {}",
                column.name,
                before + 1,
                i + 1
            ));
            let file = source.files.first().map(|f| f.path.display().to_string()).unwrap_or_default();
            let hint = match source.settings.format {
                Format::Csv => {
                    "rename one of them in the file; or read it without header (and skip its line), columns are then \
                     called column_1, column_2, .."
                }
                _ => "rename one of them where the file is written",
            };
            return Err(error.with("file", file).hint(hint));
        }
    }
    Ok(())
}
