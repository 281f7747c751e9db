//! Decodes lines of JSON objects. Single values stay text, as those of a CSV file do, so that the fit gives them their
//! meaning and none is rounded or cut; fields that the columns do not have are faults, so that none is lost.

use std::borrow::Cow;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::json::ReaderBuilder;
use memchr::memchr2_iter;
use serde::de::IgnoredAny;

use super::keys::Keys;
use super::members::{cell, quoted};
use super::rejected::row_of;
use super::tokens::shortened;
use crate::ingest::{Fault, Line, SourceBatch, SourceText};
use crate::{Error, Result};

/// Levels of lists and objects that a row may have, itself among them. Decoders, schemas and writers recurse to it, on
/// threads with a stack of 2 MiB: an unoptimised build ends at about 45.
pub(crate) const DEEPEST: usize = 32;

/// How lines of JSON are decoded.
#[derive(Debug)]
pub(super) struct JsonDecoder {
    /// All columns.
    stored: SchemaRef,
    projection: Vec<usize>,
    pub(super) schema: SchemaRef,
}

/// A line that is not blank.
#[derive(Debug, Clone, Copy)]
struct Text<'a> {
    /// As it stands in the file.
    written: &'a [u8],
    /// As it is decoded.
    bytes: &'a [u8],
    number: u64,
}

/// Why lines cannot be decoded.
#[derive(Debug)]
struct Broken {
    column: Option<String>,
    reason: String,
}

impl JsonDecoder {
    pub(super) fn new(stored: SchemaRef, projection: Vec<usize>, schema: SchemaRef) -> Self {
        Self { stored, projection, schema }
    }

    /// Decodes whole lines that begin at `at`.
    pub(super) fn decode(&self, block: &Buffer, at: &Line) -> Result<SourceBatch> {
        let lines = (at.line..).zip(block.as_slice().split(|b| *b == b'\n').map(<[u8]>::trim_ascii));
        let rows: Vec<_> = lines.map(|(number, line)| (number, row_of(line))).collect();
        let lines = rows.iter().map(|(number, written)| Text { written, bytes: written, number: *number });
        let lines: Vec<Text<'_>> = lines.filter(|line| !line.bytes.is_empty()).collect();
        let mut faults = Vec::new();
        let (columns, numbers) = match self.read(&lines) {
            Ok(columns) => (columns, numbers(&lines)),
            Err(_) => self.sound(&lines, at, &mut faults)?,
        };
        let options = RecordBatchOptions::new().with_row_count(Some(numbers.len()));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|e| Error::bug("decoded JSON does not make a batch").caused_by(e))?;
        let text = Some(SourceText::Lines { bytes: block.clone(), first_line: at.line });
        Ok(SourceBatch { batch, file: at.file.clone(), lines: numbers, faults, text })
    }

    /// The wanted columns of the lines that are sound, and their numbers. Lists and objects that stand where the columns
    /// have text are their JSON as text, for the fit to judge by the table's type.
    fn sound(&self, lines: &[Text<'_>], at: &Line, faults: &mut Vec<Fault>) -> Result<(Vec<ArrayRef>, Vec<u64>)> {
        let texts: Vec<Cow<'_, [u8]>> = lines.iter().map(|line| self.text(line)).collect();
        let lines: Vec<_> = lines.iter().zip(&texts).map(|(line, bytes)| Text { bytes, ..*line }).collect();
        let mut good = Vec::with_capacity(lines.len());
        self.sift(&lines, at, &mut good, faults);
        let columns =
            self.read(&good).map_err(|e| Error::bug(format!("lines decode one by one only: {}", e.reason)))?;
        Ok((columns, numbers(&good)))
    }

    /// A line as it is decoded where it is not as it is written.
    fn text<'a>(&self, line: &Text<'a>) -> Cow<'a, [u8]> {
        let quoted = match syntax(line.written) {
            None => quoted(line.written, self.stored.fields()),
            Some(_) => None,
        };
        quoted.map_or(Cow::Borrowed(line.written), Cow::Owned)
    }

    /// Finds the broken lines by halving.
    fn sift<'a>(&self, lines: &[Text<'a>], at: &Line, good: &mut Vec<Text<'a>>, faults: &mut Vec<Fault>) {
        match self.read(lines) {
            Ok(_) => good.extend_from_slice(lines),
            Err(broken) => match lines {
                [] => {}
                [line] => faults.push(fault(line, at, broken)),
                _ => {
                    let (first, second) = lines.split_at(lines.len() / 2);
                    self.sift(first, at, good, faults);
                    self.sift(second, at, good, faults);
                }
            },
        }
    }

    /// The wanted columns of lines that are all sound.
    fn read(&self, lines: &[Text<'_>]) -> Result<Vec<ArrayRef>, Broken> {
        let mut decoder = ReaderBuilder::new(self.stored.clone())
            .with_batch_size(lines.len().max(1))
            .with_coerce_primitive(true)
            .with_strict_mode(true)
            .build_decoder()
            .map_err(Broken::from)?;
        let mut keys = Keys::default();
        for (i, line) in lines.iter().enumerate() {
            if let Some(key) = keys.twice_in(line.bytes) {
                return Err(Broken { column: None, reason: twice(key) });
            }
            if is_too_deep(line.bytes) {
                return Err(Broken { column: None, reason: too_deep() });
            }
            let read = decoder.decode(line.bytes).map_err(Broken::from)?;
            if read != line.bytes.len() || decoder.has_partial_record() || decoder.len() != i + 1 {
                return Err(Broken { column: None, reason: "not one JSON object".into() });
            }
        }
        let batch = match decoder.flush().map_err(Broken::from)? {
            Some(batch) => batch,
            None => RecordBatch::new_empty(self.stored.clone()),
        };
        let lacks = || Broken { column: None, reason: "a column that the lines do not have".into() };
        self.projection.iter().map(|column| batch.columns().get(*column).cloned().ok_or_else(lacks)).collect()
    }
}

fn numbers(lines: &[Text<'_>]) -> Vec<u64> {
    lines.iter().map(|line| line.number).collect()
}

fn fault(line: &Text<'_>, at: &Line, broken: Broken) -> Fault {
    let line_of = Line { file: at.file.clone(), line: line.number };
    let (column, reason) = match syntax(line.written) {
        Some(reason) => (None, reason),
        None => (broken.column, broken.reason),
    };
    let value = column.as_deref().and_then(|column| cell(line.written, column));
    Fault { line: line_of, column, value: Some(value.unwrap_or_else(|| shortened(line.written))), reason }
}

/// What is wrong with the line as JSON.
pub(crate) fn syntax(line: &[u8]) -> Option<String> {
    if std::str::from_utf8(line).is_err() {
        return Some("bytes that are not valid text in the file's encoding".into());
    }
    match line.first() {
        Some(b'{') if is_too_deep(line) => Some(too_deep()),
        Some(b'{') => {
            let broken = serde_json::from_slice::<IgnoredAny>(line).err().map(|e| told(&e));
            broken.or_else(|| Keys::default().twice_in(line).map(twice))
        }
        _ => Some("not a JSON object".into()),
    }
}

fn twice(key: &[u8]) -> String {
    format!("the key {:?} is there twice", shortened(key))
}

fn too_deep() -> String {
    format!("nested deeper than {DEEPEST} levels")
}

/// Whether lists and objects lie deeper within each other than can be decoded.
fn is_too_deep(line: &[u8]) -> bool {
    if line.len() <= DEEPEST || memchr2_iter(b'[', b'{', line).nth(DEEPEST).is_none() {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    line.iter().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

/// A syntax error in our words: which column, and what.
pub(super) fn told(e: &serde_json::Error) -> String {
    let text = e.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    format!("broken JSON at column {}: {what}", e.column())
}

impl From<arrow::error::ArrowError> for Broken {
    fn from(e: arrow::error::ArrowError) -> Self {
        let text = match e {
            arrow::error::ArrowError::JsonError(text) => text,
            other => other.to_string(),
        };
        if let Some(name) = text.strip_suffix(" missing from schema").and_then(|t| t.split("column '").nth(1)) {
            let column = Some(name.trim_end_matches('\'').to_owned());
            return Self { column, reason: "a field that none of the rows looked at for the columns has".into() };
        }
        let mut column = None;
        let mut rest = text.as_str();
        while let Some((name, what)) = rest.strip_prefix("whilst decoding field '").and_then(|t| t.split_once("': ")) {
            column.get_or_insert_with(|| name.to_owned());
            rest = what;
        }
        let reason = match rest.strip_prefix("expected ").and_then(|r| r.split_once(" got ")) {
            Some((wanted, got)) => format!("{} where {} is expected", kind_of(got), kind_named(wanted)),
            None => rest.to_owned(),
        };
        Self { column, reason }
    }
}

fn kind_named(wanted: &str) -> &str {
    match wanted {
        "{" => "an object",
        "[" => "a list",
        "string" => "a single value",
        other => other,
    }
}

/// The kind of a value as the decoder shows it, without the value.
fn kind_of(shown: &str) -> &'static str {
    match shown.trim_start().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "a null",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::source::shape::{Object, Stage};
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::Schema;
    use std::sync::Arc;

    fn decode(sample: &str, text: &str) -> SourceBatch {
        let mut object = Object::default();
        for line in sample.lines() {
            object.feed(line.as_bytes()).unwrap();
        }
        let schema: SchemaRef = Arc::new(Schema::new(object.arrow(Stage::Stored)));
        let all = (0..schema.fields().len()).collect();
        let at = Line { file: Arc::default(), line: 1 };
        JsonDecoder::new(schema.clone(), all, schema).decode(&Buffer::from(text.as_bytes()), &at).unwrap()
    }

    fn faults(batch: &SourceBatch) -> Vec<(u64, Option<&str>, &str)> {
        batch.faults.iter().map(|f| (f.line.line, f.column.as_deref(), f.reason.as_str())).collect()
    }

    #[test]
    fn values_keep_every_digit() {
        let text = "{\"i\": 9007199254740993, \"d\": 0.1, \"s\": 12, \"n\": {\"x\": [1, 2]}}\n\n{\"s\": \"é\"}\n";
        let batch = decode("{\"i\": 1, \"d\": 1.5, \"s\": \"x\", \"n\": {\"x\": [1]}}", text);
        assert_eq!(batch.lines, [1, 3]);
        let texts =
            |column: usize| -> Vec<_> { batch.batch.column(column).as_string_view().iter().flatten().collect() };
        assert_eq!((texts(0), texts(1), texts(2)), (vec!["9007199254740993"], vec!["0.1"], vec!["12", "é"]));
        assert_eq!(batch.batch.column(3).as_struct().column(0).as_list::<i32>().values().len(), 2);
    }

    #[test]
    fn a_line_with_a_key_twice_is_a_fault() {
        let batch = decode("{\"a\": 1}", "{\"a\": 1}\n{\"a\": 2, \"a\": 3}\n{\"a\": 4}\n");
        assert_eq!(batch.lines, [1, 3]);
        assert_eq!(faults(&batch), [(2, None, "the key \"a\" is there twice")]);
    }

    #[test]
    fn a_broken_line_is_a_fault_and_the_others_stay() {
        let batch = decode("{\"a\": 1}", "{\"a\": 1}\n{\"a\": 2}\n{\"a\": \n{\"a\": 4}{\"a\": 5}\n[1]\n{\"a\": 6}\n");
        assert_eq!(batch.lines, [1, 2, 6]);
        let found = faults(&batch);
        assert_eq!(found[0], (3, None, "broken JSON at column 5: EOF while parsing a value"));
        assert_eq!((found[1].0, found[2]), (4, (5, None, "not a JSON object")));
    }

    #[test]
    fn values_that_do_not_fit_the_columns_name_them() {
        let batch = decode(
            "{\"a\": 1, \"o\": {\"x\": 1}, \"l\": [1]}",
            "{\"b\": 1}\n{\"o\": 3}\n{\"o\": {\"y\": 1}}\n{\"a\": 6, \"l\": \"o\\u0061ps\"}\n{\"a\": 7}\n",
        );
        assert_eq!(batch.lines, [5]);
        let told = |f: &Fault| (f.line.line, f.column.clone().unwrap_or_default(), f.value.clone().unwrap_or_default());
        let told: Vec<_> = batch.faults.iter().map(told).collect();
        let expected = [(1, "b", "1"), (2, "o", "3"), (3, "y", "{\"o\": {\"y\": 1}}"), (4, "l", "oaps")];
        assert_eq!(told, expected.map(|(line, column, value)| (line, column.to_string(), value.to_string())));
        assert_eq!(batch.faults[1].reason, "a number where an object is expected");
    }

    #[test]
    fn values_of_another_kind_than_the_sample_s_are_left_to_the_fit() {
        let batch = decode(
            "{\"a\": 1, \"o\": {\"x\": 1}}\n{\"m\": [1]}\n{\"m\": \"s\"}",
            "{\"a\": 1.5}\n{\"a\": {\"b\": [\"\\\"\", 1]}}\n{\"o\": {\"x\": [2, 3]}}\n{\"m\": [1]}\n{\"m\": \"s\"}\n",
        );
        assert_eq!((batch.lines.as_slice(), batch.faults.len()), ([1, 2, 3, 4, 5].as_slice(), 0));
        let texts =
            |column: usize| -> Vec<_> { batch.batch.column(column).as_string_view().iter().flatten().collect() };
        assert_eq!(texts(0), ["1.5", "{\"b\": [\"\\\"\", 1]}"]);
        assert_eq!(texts(2), ["[1]", "s"]);
        assert_eq!(batch.batch.column(1).as_struct().column(0).as_string::<i32>().value(2), "[2, 3]");
    }
}
