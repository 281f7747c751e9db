//! Catalogs: their configuration, the connections to them, and one [`Committer`] per way of publishing.
//!
//! Reading goes through iceberg's `Catalog` trait; publishing only through [`Committer`].

mod committer;
mod config;
mod connection;
pub mod doctor;
mod lake;

pub use committer::{Committer, Outcome, Proposal, Rejection};
pub use config::Settings;
pub use connection::{Connection, TableCreation};
pub use lake::{CatalogInfo, Lake, LakeOptions};
