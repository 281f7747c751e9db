//! Which columns are not worth a dictionary: those whose values hardly repeat. Looking each value up costs time, and the
//! dictionary is given up in the end.

use std::collections::HashSet;
use std::sync::OnceLock;

use arrow::array::{Array, RecordBatch};
use arrow::row::{RowConverter, SortField};

use super::from_arrow;
use crate::Result;

/// Rows that are looked at; fewer than a quarter of them tell nothing.
const ROWS: usize = 4096;

/// The columns that are not worth one, as the first rows of a load tell that are enough to tell it. A file of its own
/// opinion for each partition would cost more than it gains.
#[derive(Debug, Default)]
pub(super) struct Distinct(OnceLock<Vec<String>>);

impl Distinct {
    /// Their names, by these rows where none were enough before.
    ///
    /// # Errors
    /// As [`distinct_columns`].
    pub fn columns(&self, first: &RecordBatch) -> Result<&[String]> {
        if let Some(known) = self.0.get() {
            return Ok(known);
        }
        match distinct_columns(first)? {
            None => Ok(&[]),
            Some(found) => Ok(self.0.get_or_init(|| found)),
        }
    }
}

/// The top-level columns of which more than three quarters of the first values differ, by name. Nulls count as one
/// value; nested columns are left as they are. Nothing where there are too few rows.
///
/// # Errors
/// [`Kind::Bug`](crate::Kind::Bug) for values that have no order.
fn distinct_columns(first: &RecordBatch) -> Result<Option<Vec<String>>> {
    let sample = first.slice(0, first.num_rows().min(ROWS));
    if sample.num_rows() < ROWS / 4 {
        return Ok(None);
    }
    let schema = sample.schema();
    let mut found = Vec::new();
    for (field, column) in schema.fields().iter().zip(sample.columns()) {
        if field.data_type().is_nested() {
            continue;
        }
        let converter = RowConverter::new(vec![SortField::new(field.data_type().clone())]).map_err(from_arrow)?;
        let rows = converter.convert_columns(std::slice::from_ref(column)).map_err(from_arrow)?;
        let distinct: HashSet<_> = rows.iter().map(|row| row.data()).collect();
        if distinct.len() > column.len() - column.len() / 4 {
            found.push(field.name().clone());
        }
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    #[test]
    fn a_key_is_not_worth_a_dictionary_and_a_country_is() {
        let key: ArrayRef = Arc::new((0..5000).collect::<Int64Array>());
        let country: ArrayRef = Arc::new((0..5000).map(|i| Some(["DE", "FR"][i % 2])).collect::<StringArray>());
        let batch = RecordBatch::try_from_iter([("key", key), ("country", country)]).unwrap();
        let distinct = Distinct::default();
        assert!(distinct.columns(&batch.slice(0, 100)).unwrap().is_empty(), "too few to tell");
        assert_eq!(distinct.columns(&batch).unwrap(), ["key"]);
        assert_eq!(distinct.columns(&batch.slice(0, 100)).unwrap(), ["key"], "it is known now");
    }
}
