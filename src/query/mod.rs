//! Rows of a table at a snapshot, as plain values in pages. Nothing here writes.
//!
//! iceberg's crate reads the bytes of a data file and takes the deleted rows out; which files and deletes those are,
//! and how a file's columns become the table's, is decided here by field id: where the crate would show wrong rows
//! there is an error instead.

mod by_filter;
mod changed;
mod condition;
mod conform;
pub mod export;
mod file;
mod filter;
mod literal;
mod number;
mod plan;
mod prune;
mod rows;
mod wider;

pub use by_filter::{ByFilter, RestRows, TakenFile, TakenFiles};
pub use changed::{ChangedPage, ChangedRows, changed_rows};
pub use prune::FilesSeen;
pub use rows::{ColumnHead, RowPage, RowStream, RowsRequest, rows};
pub use rows::{FileMatch, FileMatches, file_matches};
