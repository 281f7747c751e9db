//! Catalogs: their configuration, the connections to them, and one [`Committer`] per way of publishing.
//!
//! Reading goes through iceberg's `Catalog` trait; publishing only through [`Committer`].

mod assemble;
mod committer;
mod config;
mod connect;
mod connection;
pub mod doctor;
mod drop;
mod kinds;
mod lake;
mod listing;
mod path;
mod rest;
mod sql;

use assemble::assemble;
use connection::table_ident;

pub use committer::{Committer, Outcome, Proposal, Rejection};
pub use config::Settings;
pub use connection::{Connection, TableCreation};
pub use drop::DropPlan;
pub use lake::{CatalogInfo, Lake, LakeOptions};
pub use listing::{Entry, EntryKind, entries, require_empty};
pub use rest::{RestCatalog, RestCommitter};
pub use sql::{Database, Opening, Rows, SqlCatalog, SqlCommitter};
