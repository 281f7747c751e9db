//! Decodes blocks of delimited text into `Utf8View` columns. Long values point into the block, short ones are inlined
//! by Arrow itself; only fields that need unescaping are copied.
//!
//! Values stay text: nothing is trimmed, cast or guessed here but the null strings. Columns that a load only wants parsed
//! are parsed straight from the block, unless a value of theirs is bad: then all of them are text as ever.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringViewBuilder};
use arrow::buffer::Buffer;
use arrow::datatypes::{Schema, SchemaRef};

use super::cut::Marks;
use super::settings::Dialect;
use super::tokens::{Span, Tokens};
use crate::ingest::parse::TextParser;
use crate::ingest::{Line, SourceBatch, SourceText};
use crate::{Error, Result};

/// How delimited text is decoded.
#[derive(Debug, Clone)]
pub(super) struct CsvDecoder {
    pub(super) marks: Marks,
    /// Fields of each record.
    pub(super) width: usize,
    /// Positions of the columns wanted.
    pub(super) projection: Vec<usize>,
    pub(super) schema: SchemaRef,
    nulls: NullStrings,
    parsing: Option<Parsing>,
}

/// What is parsed straight from the block.
#[derive(Debug, Clone)]
struct Parsing {
    /// One for each column of the projection; nothing where it stays text.
    parsers: Vec<Option<TextParser>>,
    /// The schema of batches so parsed.
    schema: SchemaRef,
}

/// Which strings are null.
#[derive(Debug, Clone)]
struct NullStrings {
    empty: bool,
    others: Vec<String>,
    quoted: bool,
}

impl NullStrings {
    #[inline(always)]
    fn holds(&self, value: &str, quoted: bool) -> bool {
        if quoted && !self.quoted {
            false
        } else if value.is_empty() {
            self.empty
        } else {
            self.others.iter().any(|null| null == value)
        }
    }
}

impl CsvDecoder {
    pub(super) fn new(dialect: &Dialect, width: usize, projection: Vec<usize>, schema: SchemaRef) -> Self {
        let others = dialect.nulls.iter().filter(|null| !null.is_empty()).cloned().collect();
        let empty = dialect.nulls.iter().any(String::is_empty);
        let nulls = NullStrings { empty, others, quoted: dialect.quoted_nulls };
        Self { marks: Marks::from(dialect), width, projection, schema, nulls, parsing: None }
    }

    /// The same that parses columns straight from the block where all their values can be parsed. One parser, or none,
    /// for each column of the projection.
    pub(super) fn parsing(mut self, parsers: Vec<Option<TextParser>>) -> Self {
        if parsers.len() != self.projection.len() || parsers.iter().all(Option::is_none) {
            return self;
        }
        let fields = self.schema.fields().iter().zip(&parsers).map(|(field, parser)| match parser {
            Some(parser) => Arc::new(field.as_ref().clone().with_data_type(parser.data_type().clone())),
            None => field.clone(),
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        self.parsing = Some(Parsing { parsers, schema });
        self
    }

    /// Decodes whole records that begin at `at`.
    pub(super) fn decode(&self, block: &Buffer, at: &Line) -> Result<SourceBatch> {
        let (text, invalid) = valid_text(block);
        let tokens = Tokens::new(block.as_slice(), self.marks, self.width, at, &invalid);
        let text = Texts::new(block, text, &tokens.scratch)?;
        let parsed = match &self.parsing {
            Some(parsing) => self.parsed(parsing, &tokens.spans, &text)?,
            None => None,
        };
        let (schema, columns) = match parsed {
            Some(parsed) => parsed,
            None => {
                let columns = self.projection.iter().map(|column| self.column(*column, &tokens.spans, &text));
                (self.schema.clone(), columns.collect::<Result<Vec<ArrayRef>>>()?)
            }
        };
        let options = RecordBatchOptions::new().with_row_count(Some(tokens.lines.len()));
        let batch = RecordBatch::try_new_with_options(schema, columns, &options)
            .map_err(|e| Error::bug("decoded text does not make a batch").caused_by(e))?;
        let text = (!tokens.odd.is_empty()).then_some(SourceText::Records(tokens.odd));
        Ok(SourceBatch { batch, file: at.file.clone(), lines: tokens.lines, faults: tokens.faults, text })
    }

    /// The columns, parsed where they are to be; nothing as soon as a value is bad.
    fn parsed(
        &self,
        parsing: &Parsing,
        spans: &[Span],
        texts: &Texts<'_>,
    ) -> Result<Option<(SchemaRef, Vec<ArrayRef>)>> {
        let mut columns = Vec::with_capacity(self.projection.len());
        for (column, parser) in self.projection.iter().zip(&parsing.parsers) {
            let Some(parser) = parser else {
                columns.push(self.column(*column, spans, texts)?);
                continue;
            };
            let rows = spans.len() / self.width.max(1);
            // A span that is no text cannot be; were there one, the text of it would be the error.
            let cells = spans.iter().skip(*column).step_by(self.width.max(1)).map(|span| {
                let value = texts.get(*span).unwrap_or("\u{fffd}");
                (!self.nulls.holds(value, span.quoted())).then_some(value)
            });
            match parser.parse_all(cells, rows) {
                Some(array) => columns.push(array),
                None => return Ok(None),
            }
        }
        Ok(Some((parsing.schema.clone(), columns)))
    }

    fn column(&self, column: usize, spans: &[Span], texts: &Texts<'_>) -> Result<ArrayRef> {
        let rows = spans.len() / self.width.max(1);
        let mut builder = StringViewBuilder::with_capacity(rows);
        for buffer in &texts.buffers {
            builder.append_block(buffer.clone());
        }
        for span in spans.iter().skip(column).step_by(self.width.max(1)) {
            let value = texts.get(*span).ok_or_else(|| Error::bug("a field ends within a character"))?;
            if self.nulls.holds(value, span.quoted()) {
                builder.append_null();
            } else if value.len() <= INLINE {
                builder.append_value(value);
            } else {
                let (block, range) = (u32::from(span.unescaped()), span.range());
                builder
                    .try_append_view(block, range.start as u32, range.len() as u32)
                    .map_err(|e| Error::bug("a field does not lie in its block").caused_by(e))?;
            }
        }
        Ok(Arc::new(builder.finish()))
    }
}

/// Values up to so many bytes stand in the view itself.
const INLINE: usize = 12;

/// The text that spans point into, as strings and as the buffers of the views.
struct Texts<'a> {
    block: Cow<'a, str>,
    scratch: Cow<'a, str>,
    buffers: Vec<Buffer>,
}

impl<'a> Texts<'a> {
    fn new(block: &Buffer, text: Cow<'a, str>, scratch: &'a [u8]) -> Result<Self> {
        let mut buffers = vec![match &text {
            Cow::Borrowed(_) => block.clone(),
            Cow::Owned(mended) => Buffer::from(mended.as_bytes()),
        }];
        if !scratch.is_empty() {
            buffers.push(Buffer::from(scratch));
        }
        Ok(Self { block: text, scratch: valid_text_of(scratch), buffers })
    }

    #[inline(always)]
    fn get(&self, span: Span) -> Option<&str> {
        if span.unescaped() { self.scratch.get(span.range()) } else { self.block.get(span.range()) }
    }
}

/// The block as text, and the positions of bytes that are none: these are replaced, and their rows become faults.
fn valid_text(block: &Buffer) -> (Cow<'_, str>, Vec<usize>) {
    if let Ok(text) = std::str::from_utf8(block.as_slice()) {
        return (Cow::Borrowed(text), Vec::new());
    }
    let mut positions = Vec::new();
    let mut mended = String::with_capacity(block.len());
    for chunk in block.as_slice().utf8_chunks() {
        mended.push_str(chunk.valid());
        for _ in chunk.invalid() {
            positions.push(mended.len());
            mended.push('?');
        }
    }
    (Cow::Owned(mended), positions)
}

/// Scratch text as a string. Unescaped from invalid text it may be invalid itself; no row uses that part.
fn valid_text_of(scratch: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(scratch) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut mended = String::with_capacity(scratch.len());
            for chunk in scratch.utf8_chunks() {
                mended.push_str(chunk.valid());
                mended.extend(chunk.invalid().iter().map(|_| '?'));
            }
            Cow::Owned(mended)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{DataType, Field};

    fn decoder(dialect: &Dialect, width: usize, projection: &[usize]) -> CsvDecoder {
        let fields: Vec<_> = projection.iter().map(|i| Field::new(format!("c{i}"), DataType::Utf8View, true)).collect();
        CsvDecoder::new(dialect, width, projection.to_vec(), Arc::new(Schema::new(fields)))
    }

    fn at() -> Line {
        Line { file: Arc::default(), line: 1 }
    }

    #[test]
    fn long_values_point_into_the_block() {
        let block = Buffer::from_vec(b"short,a value of more than twelve bytes\n".to_vec());
        let batch = decoder(&Dialect::default(), 2, &[1]).decode(&block, &at()).unwrap().batch;
        let column = batch.column(0).as_string_view();
        assert_eq!(column.value(0), "a value of more than twelve bytes");
        assert_eq!(column.data_buffers()[0].as_ptr(), block.as_ptr());
    }

    #[test]
    fn null_strings_are_null_but_not_within_quotes() {
        let dialect = Dialect { nulls: vec![String::new(), "NA".into()], ..Dialect::default() };
        let block = Buffer::from_vec(b"NA,\"NA\"\n,\"\"\nx,N\n".to_vec());
        let batch = decoder(&dialect, 2, &[0, 1]).decode(&block, &at()).unwrap().batch;
        let nulls = |i: usize| batch.column(i).nulls().map_or(0, |n| n.null_count());
        assert_eq!((nulls(0), nulls(1)), (2, 0));
        let quoted = Dialect { quoted_nulls: true, ..dialect };
        let batch = decoder(&quoted, 2, &[1]).decode(&block, &at()).unwrap().batch;
        assert_eq!(batch.column(0).null_count(), 2);
    }

    #[test]
    fn columns_are_parsed_from_the_block_unless_a_value_is_bad() {
        let long = TextParser::new(&DataType::Int64, &Default::default()).unwrap();
        let decoder = decoder(&Dialect::default(), 3, &[0, 2]).parsing(vec![Some(long), None]);
        let decoded = |text: &[u8]| decoder.decode(&Buffer::from_vec(text.to_vec()), &at()).unwrap().batch;
        let good = decoded(b"1,x,a\n,x,b\n\"-3\",x,\"c\"\n");
        let numbers = good.column(0).as_primitive::<arrow::datatypes::Int64Type>();
        assert_eq!(numbers.iter().collect::<Vec<_>>(), [Some(1), None, Some(-3)]);
        assert_eq!(good.column(1).as_string_view().value(2), "c");
        let bad = decoded(b"1,x,a\ntwo,x,b\n");
        assert_eq!(bad.column(0).as_string_view().value(1), "two");
    }

    #[test]
    fn rows_with_invalid_text_are_faults_and_the_others_stay() {
        let block = Buffer::from_vec(b"a,1\nb\xe9,2\n\"x\"\"\xff\",3\nc,4\n".to_vec());
        let batch = decoder(&Dialect::default(), 2, &[0, 1]).decode(&block, &at()).unwrap();
        assert_eq!(batch.lines, [1, 4]);
        assert_eq!(batch.batch.column(0).as_string_view().iter().flatten().collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(batch.faults.iter().map(|f| f.line.line).collect::<Vec<_>>(), [2, 3]);
        assert!(batch.faults[0].reason.contains("not valid text"));
    }
}
