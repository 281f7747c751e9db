//! Rows of a table at a snapshot, as plain values in pages. Nothing here writes.

mod rows;

pub use rows::{ColumnHead, RowPage, RowStream, RowsRequest, rows};
