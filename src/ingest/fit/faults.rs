//! The rows that do not fit: collected per column, listed per row, counted per reason.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef};
use arrow::buffer::NullBuffer;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::{FAULTS_PER_ROW, FaultCount};
use crate::ingest::bind::{Binding, Bound, Input};
use crate::ingest::parse::Reason;
use crate::ingest::source::{cell, row_of};
use crate::ingest::{Fault, SourceBatch};

/// Rows that do not fit and why: ascending, each row once.
pub(crate) type Bad = Vec<(usize, Reason)>;

/// The longest value that is listed, in characters.
const LONGEST: usize = 80;

/// Adds a reason for each null that has none yet.
pub(super) fn add_nulls(nulls: Option<&NullBuffer>, reason: &Reason, bad: &mut Bad) {
    let Some(nulls) = nulls.filter(|n| n.null_count() > 0) else { return };
    let found = (0..nulls.len()).filter(|row| nulls.is_null(*row)).map(|row| (row, reason.clone())).collect();
    merge(bad, found);
}

/// Adds reasons found later; a row keeps its first.
pub(in crate::ingest) fn merge(bad: &mut Bad, later: Bad) {
    if later.is_empty() {
        return;
    }
    bad.extend(later);
    // Stable: of the reasons of one row the first stays.
    bad.sort_by_key(|(row, _)| *row);
    bad.dedup_by_key(|(row, _)| *row);
}

/// The rows that some column refuses, ascending.
pub(super) fn rows<'a>(columns: impl Iterator<Item = &'a Bad>) -> Vec<usize> {
    let mut rows: Vec<_> = columns.flatten().map(|(row, _)| *row).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// How many cells of which column were refused why.
pub(super) fn count(binding: &Binding, columns: &[&Bad]) -> Vec<FaultCount> {
    let mut counts = Vec::new();
    for ((column, bad), bound) in columns.iter().enumerate().zip(&binding.columns) {
        let mut cells: HashMap<&Reason, u64> = HashMap::new();
        for (_, reason) in bad.iter() {
            *cells.entry(reason).or_default() += 1;
        }
        let count = |(reason, cells): (&Reason, u64)| FaultCount {
            column,
            blamed: bound.blamed.clone(),
            reason: reason.clone(),
            cells,
        };
        counts.extend(cells.into_iter().map(count));
    }
    counts
}

/// The faults by row, at most [`FAULTS_PER_ROW`] of each.
pub(super) fn list(binding: &Binding, source: &SourceBatch, columns: &[&Bad]) -> Vec<Fault> {
    let mut cells: Vec<_> = columns
        .iter()
        .zip(&binding.columns)
        .enumerate()
        .flat_map(|(i, (bad, column))| bad.iter().map(move |(row, reason)| (*row, i, column, reason)))
        .collect();
    cells.sort_by_key(|(row, column, ..)| (*row, *column));
    let (mut of_row, mut last) = (0, usize::MAX);
    cells.retain(|(row, ..)| {
        of_row = if *row == last { of_row + 1 } else { 1 };
        last = *row;
        of_row <= FAULTS_PER_ROW
    });
    let fault = |(row, _, column, reason): (usize, usize, &Bound, &Reason)| Fault {
        line: source.line(row),
        column: Some(column.blamed.clone()),
        value: value(binding, column, source, row),
        reason: reason.to_string(),
    };
    cells.into_iter().map(fault).collect()
}

/// The source value behind a cell, as text; several where an expression has several inputs.
pub(super) fn value(binding: &Binding, column: &Bound, source: &SourceBatch, row: usize) -> Option<String> {
    let text = |i: usize| {
        let at = binding.position(i, source.batch.num_columns())?;
        text_of(source.batch.columns().get(at)?, row)
    };
    match &column.input {
        Input::Source(i) => as_written(binding, *i, source, row).or_else(|| text(*i)),
        Input::Fixed(_) => None,
        Input::Expression(expression) => match expression.needs() {
            [one] => text(*one),
            several => {
                let name = |i: usize| binding.source.get(i).map(|c| c.name.as_str()).unwrap_or_default();
                let named = |i: &usize| format!("{}={}", name(*i), text(*i).unwrap_or_else(|| "null".into()));
                let all = several.iter().map(named).collect::<Vec<_>>().join(", ");
                (!all.is_empty()).then(|| shortened(&all))
            }
        },
    }
}

/// A list or object as it stands in its line of JSON; nothing for any other value.
fn as_written(binding: &Binding, column: usize, source: &SourceBatch, row: usize) -> Option<String> {
    let at = binding.position(column, source.batch.num_columns())?;
    let array = source.batch.columns().get(at).filter(|array| array.data_type().is_nested() && array.is_valid(row))?;
    let line = source.text.as_ref()?.line(*source.lines.get(row)?).filter(|_| row < array.len())?;
    cell(&row_of(line), &binding.source.get(column)?.name)
}

/// A cell as text, shortened; nothing where it is null.
pub(super) fn text_of(array: &ArrayRef, row: usize) -> Option<String> {
    if row >= array.len() || array.is_null(row) {
        return None;
    }
    let options = FormatOptions::default().with_display_error(true);
    let formatter = ArrayFormatter::try_new(array.as_ref(), &options).ok()?;
    Some(shortened(&formatter.value(row).to_string()))
}

/// A text of at most 80 characters, with `…` for what is left out.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_string(),
        Some(_) => {
            let end = text.char_indices().nth(LONGEST - 1).map_or(0, |(at, _)| at);
            format!("{}…", text.get(..end).unwrap_or_default())
        }
    }
}
