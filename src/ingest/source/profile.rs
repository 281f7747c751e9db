//! A few values of each column whose file tells types but no values in advance: JSON lines and Parquet.

use arrow::array::{Array, ArrayRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::{Source, SourceColumn};
use crate::monitor::Monitor;
use crate::{Error, Result};

/// Rows looked at.
const ROWS: usize = 100;
/// Different values kept.
const SAMPLES: usize = 5;
/// Characters kept of a value.
const CHARS: usize = 60;

/// Fills in values of the columns from the first block.
pub(super) fn fill(source: &mut Source) -> Result<()> {
    let Some(block) = source.blocks_of(64 << 10, &Monitor::new())?.next().transpose()? else { return Ok(()) };
    let batch = block.decode(&source.decoder(None)?)?.batch;
    for (column, array) in source.columns.iter_mut().zip(batch.columns()) {
        keep_samples(column, &array.slice(0, array.len().min(ROWS)))?;
    }
    Ok(())
}

fn keep_samples(column: &mut SourceColumn, array: &ArrayRef) -> Result<()> {
    let options = FormatOptions::default();
    let unshowable = |e| Error::unsupported(format!("the column {:?} cannot be shown", column.name)).caused_by(e);
    let shown = ArrayFormatter::try_new(array, &options).map_err(unshowable)?;
    let mut samples = Vec::new();
    for row in (0..array.len()).filter(|row| array.is_valid(*row)) {
        let text = shown.value(row).try_to_string().unwrap_or_default();
        let text = match text.char_indices().nth(CHARS) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        };
        if !samples.contains(&text) {
            samples.push(text);
        }
        if samples.len() >= SAMPLES {
            break;
        }
    }
    column.samples = samples;
    Ok(())
}
