//! How a few values of a column come out: the live line of the mapping pane.

use std::collections::HashSet;

use serde::Serialize;

use super::faults::text_of;
use crate::Result;
use crate::ingest::SourceBatch;
use crate::ingest::bind::Binding;

/// One value before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// The source value as text; nothing where it is null, or where the column has no source.
    pub from: Option<String>,
    /// The table's value as text, nothing for null; or why there is none.
    pub to: Result<Option<String>, String>,
}

/// How values of a table column come out: at most `most` different ones of a sample, those that do not fit included.
/// Bind the column alone with [`Binding::of_column`] to see it while the rest of the mapping is still wrong.
///
/// # Errors
/// A sample that is not of the source.
pub fn try_values(binding: &Binding, column: &str, sample: &SourceBatch, most: usize) -> Result<Vec<Example>> {
    let Some(bound) = binding.columns.iter().find(|c| c.field.name() == column) else {
        return Ok(Vec::new());
    };
    let work = binding.work(bound, sample)?;
    let keep = super::keep(sample.batch.num_rows(), &super::faults::rows(std::iter::once(&work.bad)));
    let good = Binding::without(bound, &work, &keep)?;
    let (mut seen, mut examples, mut fitting) = (HashSet::new(), Vec::new(), 0);
    for row in 0..sample.batch.num_rows() {
        let to = match work.bad.binary_search_by_key(&row, |(row, _)| *row) {
            Ok(i) => Err(work.bad.get(i).map(|(_, reason)| reason.to_string()).unwrap_or_default()),
            Err(_) => {
                fitting += 1;
                Ok(text_of(&good, fitting - 1))
            }
        };
        let example = Example { from: super::faults::value(binding, bound, sample, row), to };
        if examples.len() < most && seen.insert(example.from.clone()) {
            examples.push(example);
        }
    }
    Ok(examples)
}
