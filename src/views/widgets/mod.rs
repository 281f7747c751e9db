//! What views are made of: text that fits, numbers one can read, lists, pages of facts, dialogs. Knows nothing of
//! Iceberg.

pub mod facts;
pub mod filter;
pub mod human;
pub mod input;
pub mod listing;
pub mod load;
pub mod shown;
pub mod text;
