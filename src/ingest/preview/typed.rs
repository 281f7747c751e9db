//! Source rows as cells of the types inferred for them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field};

use crate::Result;
use crate::ingest::fit::Convert;
use crate::ingest::parse::{ParseFormat, TextParser};
use crate::ingest::source::{Source, SourceColumn};
use crate::table::cell::{Cell, Reader};

/// How the columns of a source become cells.
#[derive(Debug)]
pub(super) struct Typed {
    /// For each column what its text is made into, where it stands for something else.
    meant: Vec<Meant>,
}

impl Typed {
    pub(super) fn new(source: &Source) -> Result<Self> {
        Ok(Self { meant: source.columns.iter().map(Meant::of).collect::<Result<_>>()? })
    }

    /// The rows of a batch with all columns. Text that does not parse stays text.
    pub(super) fn rows(&self, batch: &RecordBatch) -> Result<Vec<Vec<Cell>>> {
        let mut rows = vec![Vec::with_capacity(batch.num_columns()); batch.num_rows()];
        for (meant, column) in self.meant.iter().zip(batch.columns()) {
            for (row, cell) in rows.iter_mut().zip(meant.cells(column)?) {
                row.push(cell);
            }
        }
        Ok(rows)
    }
}

/// What the values of a column are shown as.
#[derive(Debug)]
enum Meant {
    Same,
    Parsed(TextParser),
    /// Lists and structs of text, as those of what the text stands for.
    Nested(Convert),
}

impl Meant {
    fn of(column: &SourceColumn) -> Result<Self> {
        let format = ParseFormat::default();
        Ok(match (&column.stored, &column.data_type) {
            (_, DataType::Utf8 | DataType::FixedSizeBinary(_)) => Self::Same,
            (DataType::Utf8View, of) => Self::Parsed(TextParser::new(of, &format)?),
            (stored, of) if stored.is_nested() && stored != of => {
                let field = Arc::new(Field::new(&column.name, of.clone(), true));
                Convert::plan(stored, &field, &format).map_or(Self::Same, Self::Nested)
            }
            _ => Self::Same,
        })
    }

    fn cells(&self, column: &ArrayRef) -> Result<Vec<Cell>> {
        Ok(match self {
            Self::Same => all(column),
            Self::Parsed(parser) => parsed(parser, column),
            // Where one value is none of the type's, all are shown as text.
            Self::Nested(convert) => all(convert.run(column, &mut Vec::new())?.as_ref().unwrap_or(column)),
        })
    }
}

fn all(array: &ArrayRef) -> Vec<Cell> {
    let (reader, field) = (Reader::default(), Field::new("", array.data_type().clone(), true));
    (0..array.len()).map(|row| reader.cell(&field, array, row)).collect()
}

fn parsed(parser: &TextParser, column: &ArrayRef) -> Vec<Cell> {
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
