//! Every test above the unit tests, one module a layer, linked once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod catalog;
mod commit;
mod common;
mod demo;
mod fit;
mod ingest;
mod journal;
mod journey;
mod look;
mod manners;
mod recovery;
mod shell;
mod source;
mod stage;
mod tidy;
mod views;
mod weather;
