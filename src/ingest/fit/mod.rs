//! Source rows made into exactly the table's Arrow schema; rows that do not fit are taken out and told why.
//!
//! Pure per batch, so that any number of workers can do it. Nothing is rounded, cut or guessed; only numbers that are
//! text become the nearest float or double, and their column's verdict tells where that cost digits.

mod cast;
mod convert;
mod examples;
mod faults;
mod json;
mod nested;
mod objects;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{filter, take};

use super::bind::{Binding, Bound, Input};
use super::parse::Reason;
use super::{Fault, SourceBatch};
use crate::{Error, Result};

pub(super) use convert::Convert;
pub use examples::{Example, try_values};
pub(super) use faults::{Bad, merge};

/// What fitting made of a batch of source rows.
#[derive(Debug)]
pub struct Fitted {
    /// The rows that fit, in the source's order, with exactly the schema of [`Binding::schema`].
    pub batch: RecordBatch,
    /// The positions of the rows that do not fit in the source batch, ascending.
    pub rejected: Vec<usize>,
    /// What is wrong with them, by row, at most [`FAULTS_PER_ROW`] of each. Faults of the source itself
    /// ([`SourceBatch::faults`]) are not repeated here.
    pub faults: Vec<Fault>,
    /// How many cells of which column were refused for which reason: all of them.
    pub counts: Vec<FaultCount>,
    /// For each table column how many of its cells have a value that fits, in rows rejected for another column too.
    pub values: Vec<u64>,
}

/// How many cells of one column were refused for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultCount {
    /// The table column's position.
    pub column: usize,
    /// The column that the faults are put down to: that of the source where there is one.
    pub blamed: String,
    /// Why.
    pub reason: Reason,
    /// How many cells.
    pub cells: u64,
}

/// How many faults of one row are listed.
pub const FAULTS_PER_ROW: usize = 8;

/// One table column of a batch at work.
struct Work {
    /// The values before conversion.
    input: ArrayRef,
    /// The values after; nothing where a nested column holds rows that do not fit.
    output: Option<ArrayRef>,
    /// The rows that do not fit, ascending, each once.
    bad: Bad,
}

impl Work {
    /// How many of the cells have a value that fits.
    fn values(&self, rows: usize) -> u64 {
        let without = match &self.output {
            Some(output) => output.null_count(),
            None => (self.input.null_count() + self.bad.len()).min(rows),
        };
        (rows - without) as u64
    }
}

impl Binding {
    /// Fits a batch: casts each column, checks required columns for nulls, takes out the rows that do not fit.
    ///
    /// # Errors
    /// `Bug` for a batch whose columns are not those of the source; rows that do not fit are no error.
    pub fn fit(&self, source: &SourceBatch) -> Result<Fitted> {
        let works = self.columns.iter().map(|c| self.work(c, source)).collect::<Result<Vec<_>>>()?;
        let rows = source.batch.num_rows();
        let rejected = faults::rows(works.iter().map(|w| &w.bad));
        let columns = if rejected.is_empty() {
            works.iter().map(|w| w.output.clone().ok_or_else(lost)).collect::<Result<Vec<_>>>()?
        } else {
            let keep = keep(rows, &rejected);
            let pairs = self.columns.iter().zip(&works);
            pairs.map(|(column, work)| Self::without(column, work, &keep)).collect::<Result<Vec<_>>>()?
        };
        let options = RecordBatchOptions::new().with_row_count(Some(rows - rejected.len()));
        let batch = RecordBatch::try_new_with_options(self.schema().clone(), columns, &options)
            .map_err(|e| Error::bug("fitted columns do not make a batch of the table").caused_by(e))?;
        let blamed: Vec<_> = works.iter().map(|w| &w.bad).collect();
        let faults = faults::list(self, source, &blamed);
        let counts = faults::count(self, &blamed);
        let values = works.iter().map(|w| w.values(rows)).collect();
        Ok(Fitted { batch, rejected, faults, counts, values })
    }

    fn work(&self, column: &Bound, source: &SourceBatch) -> Result<Work> {
        let (input, mut bad) = match &column.input {
            Input::Source(i) => (self.source_column(*i, source)?.clone(), Vec::new()),
            Input::Expression(expression) => {
                let inputs = expression.needs().iter().map(|i| self.source_column(*i, source).cloned());
                expression.evaluate(&inputs.collect::<Result<Vec<_>>>()?, source.batch.num_rows())?
            }
            Input::Fixed(one) => (repeat(one, source.batch.num_rows())?, Vec::new()),
        };
        let output = match &column.input {
            Input::Fixed(_) => Some(input.clone()),
            _ => column.convert.run(&input, &mut bad)?,
        };
        if !column.field.is_nullable() {
            let logical = output.as_ref().unwrap_or(&input).logical_nulls();
            faults::add_nulls(logical.as_ref(), &Reason::not("required, but null"), &mut bad);
        }
        Ok(Work { input, output, bad })
    }

    fn source_column<'a>(&self, column: usize, source: &'a SourceBatch) -> Result<&'a ArrayRef> {
        let columns = source.batch.columns();
        self.position(column, columns.len())
            .and_then(|at| columns.get(at))
            .ok_or_else(|| Error::bug("a batch has other columns than its source").with("columns", columns.len()))
    }

    /// A column without the rejected rows.
    fn without(column: &Bound, work: &Work, keep: &BooleanArray) -> Result<ArrayRef> {
        let kept =
            |array: &ArrayRef| filter(array, keep).map_err(|e| Error::bug("rows cannot be taken out").caused_by(e));
        match &work.output {
            Some(output) => kept(output),
            None => column.convert.run(&kept(&work.input)?, &mut Vec::new())?.ok_or_else(lost),
        }
    }
}

/// A mark for each row that stays.
fn keep(rows: usize, rejected: &[usize]) -> BooleanArray {
    let mut keep = vec![true; rows];
    for row in rejected {
        if let Some(keep) = keep.get_mut(*row) {
            *keep = false;
        }
    }
    BooleanArray::new(BooleanBuffer::from(keep), None)
}

fn lost() -> Error {
    Error::bug("a column was lost while it was fitted")
}

/// One value, `rows` times.
fn repeat(one: &ArrayRef, rows: usize) -> Result<ArrayRef> {
    let first = UInt32Array::from(vec![0; rows]);
    take(one, &first, None).map_err(|e| Error::bug("a constant cannot be repeated").caused_by(e))
}

/// An array shared.
pub(super) fn shared(array: impl Array + 'static) -> ArrayRef {
    Arc::new(array)
}
