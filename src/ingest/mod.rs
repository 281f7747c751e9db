//! Loading local files into a table: source, preview, mapping, preflight, staging, the journal.
//!
//! Nothing here publishes; what is staged is handed to `commit`.

pub mod batch;
pub mod bind;
pub mod create;
pub mod draft;
mod expression;
pub mod fit;
pub mod journal;
pub mod mapping;
pub mod parse;
pub mod preflight;
pub mod preview;
pub mod rejects;
pub mod run;
pub mod source;
pub mod stage;

pub use batch::{Fault, Line, SourceBatch, SourceText};
