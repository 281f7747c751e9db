//! Rows in pages: what the console's grid and `icedeck rows` show.

use crate::monitor::Monitor;
use crate::table::{Cell, Table};
use crate::{Error, Result};

/// Which rows are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowsRequest {
    /// The snapshot, read with the schema it was written under; nothing for the current one, read with the current
    /// schema.
    pub snapshot_id: Option<i64>,
    /// How many rows at most; nothing for all.
    pub limit: Option<usize>,
    /// Top-level columns in the order wanted; none for all of them.
    pub columns: Vec<String>,
    /// A SQL expression that is true for the rows wanted: `amount > 10 and country = 'DE'`. It may use columns that
    /// are not shown.
    pub filter: Option<String>,
}

/// A column of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnHead {
    /// Its name.
    pub name: String,
    /// Its type as Iceberg writes it.
    pub type_name: String,
}

/// Some rows, one cell a column.
#[derive(Debug, Clone, PartialEq)]
pub struct RowPage {
    /// The columns.
    pub columns: Vec<ColumnHead>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// Rows as they are read. Holds a few batches at most, whatever the table's size.
#[derive(Debug)]
pub struct RowStream {
    columns: Vec<ColumnHead>,
}

/// Opens the rows of a table. Nothing is read yet but what planning needs.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) for an unknown column or a filter that is none,
/// [`Kind::Unsupported`](crate::Kind::Unsupported) where the rows shown would be wrong, with the reason.
pub async fn rows(_table: &Table, _request: &RowsRequest, _monitor: &Monitor) -> Result<RowStream> {
    Err(Error::unsupported("rows cannot be read yet"))
}

impl RowStream {
    /// The columns, known before the first page.
    pub fn columns(&self) -> &[ColumnHead] {
        &self.columns
    }

    /// The next page, never empty; nothing at the end.
    ///
    /// # Errors
    /// What reading a data file says; cancellation, when the monitor given at the opening is cancelled.
    pub async fn next(&mut self) -> Result<Option<RowPage>> {
        Ok(None)
    }
}
