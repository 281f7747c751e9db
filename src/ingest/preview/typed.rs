//! Source rows as cells of the types inferred for them.

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field};

use crate::Result;
use crate::ingest::parse::{ParseFormat, TextParser};
use crate::ingest::source::Source;
use crate::table::cell::{Cell, Reader};

/// How the columns of a source become cells.
#[derive(Debug)]
pub(super) struct Typed {
    /// For each column its parser, where it is text that stands for something else.
    parsers: Vec<Option<TextParser>>,
}

impl Typed {
    pub(super) fn new(source: &Source) -> Result<Self> {
        let parser = |column: &crate::ingest::source::SourceColumn| {
            let stays = column.stored != DataType::Utf8View
                || matches!(column.data_type, DataType::Utf8 | DataType::FixedSizeBinary(_));
            (!stays).then(|| TextParser::new(&column.data_type, &ParseFormat::default())).transpose()
        };
        Ok(Self { parsers: source.columns.iter().map(parser).collect::<Result<_>>()? })
    }

    /// The rows of a batch with all columns. Text that does not parse stays text.
    pub(super) fn rows(&self, batch: &RecordBatch) -> Result<Vec<Vec<Cell>>> {
        let mut rows = vec![Vec::with_capacity(batch.num_columns()); batch.num_rows()];
        for (parser, column) in self.parsers.iter().zip(batch.columns()) {
            for (row, cell) in rows.iter_mut().zip(cells(parser.as_ref(), column)) {
                row.push(cell);
            }
        }
        Ok(rows)
    }
}

fn cells(parser: Option<&TextParser>, column: &ArrayRef) -> Vec<Cell> {
    let reader = Reader::default();
    let all = |array: &ArrayRef| -> Vec<Cell> {
        let field = Field::new("", array.data_type().clone(), true);
        (0..array.len()).map(|row| reader.cell(&field, array, row)).collect()
    };
    let Some(parser) = parser else { return all(column) };
    let text = column.as_string_view();
    let parsed = parser.parse(text);
    let mut cells = all(&parsed.array);
    for (row, _) in parsed.bad {
        if let Some(cell) = cells.get_mut(row) {
            *cell = Cell::Text(text.value(row).to_owned());
        }
    }
    cells
}
