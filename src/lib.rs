//! icedeck, the operator console for Apache Iceberg lakehouses.
//!
//! A person **looks** at a lake (catalogs, tables, snapshots, manifests, files, rows), **loads** local files into it
//! (preview, mapping, preflight, atomic commit) and **mends** it. The library holds everything; `main.rs` only starts it.
//!
//! # The map
//!
//! | module | what it is for |
//! |---|---|
//! | [`error`], [`monitor`], [`mod@env`] | what failed, progress out and cancellation in, clock and ids and paths |
//! | `sql` | SQL expressions over columns: parsed, typed, evaluated |
//! | [`storage`] | every byte outside memory: locations, object stores, iceberg's `Storage` upon them |
//! | [`table`] | a loaded table as plain values: snapshots, manifests, files, schemas, statistics |
//! | [`catalog`] | configuration, connections, and one `Committer` per way of publishing |
//! | [`commit`] | `Change -> Proposal -> Outcome`: the snapshot producer |
//! | [`ingest`] | source, preview, mapping, preflight, staging, the journal |
//! | [`demo`] | the lake of `icedeck demo`, built through the write path |
//! | [`recovery`] | where a change stands that did not simply commit, and what can be done; the audit of loads |
//! | [`query`] | rows of a table at a snapshot |
//! | [`cli`] | the headless verbs, one file each |
//! | [`app`] | the shell of the console: event loop, actions, effects, routes, jobs, keymap, theme |
//! | [`views`] | one file a screen, and the widgets they share |
//!
//! Arrows point one way: `error, monitor, env, sql` <- `storage` <- `table` <- `catalog` <- `commit` <- `ingest` <-
//! `recovery` <- `app`, `views`, `cli`; `query` stands on `table` and `catalog`.
//!
//! # Invariants
//!
//! 1. `ratatui` and `crossterm` appear only in `app` and `views`; `iceberg`, `arrow`, `parquet` and `datafusion` only
//!    below them. Views and verbs receive plain structs.
//! 2. `App::update` does no I/O, spawns nothing and reads no clock. `App::perform` is the only place that spawns.
//! 3. Drawing changes nothing but scroll offsets.
//! 4. Only `catalog`'s committers publish. The base that was inspected is the base committed on.
//! 5. No `unwrap`, `expect`, `panic!` or `todo!` outside tests; no wall clock and no randomness but through [`env::Env`].
//! 6. Staged files are deleted only when their ingest is proved absent and can no longer land.
//! 7. Every error that is shown is logged. Conflict, unknown outcome and cancellation are values. A cancelled stream
//!    ends in an error, never as a quiet end: a partial list never looks whole.
//! 8. What comes out of a file, a table or a catalog is never written to the terminal raw: control characters are
//!    shown, not sent.
//! 9. A secret never reaches a screen, a log, the journal, an error or `--dry-run`.

pub mod app;
pub mod catalog;
pub mod cli;
pub mod commit;
pub mod demo;
pub mod env;
pub mod error;
pub mod ingest;
pub mod monitor;
pub mod query;
pub mod recovery;
mod sql;
pub mod storage;
pub mod table;
pub mod views;
mod words;

pub use error::{Error, Kind, Result};
