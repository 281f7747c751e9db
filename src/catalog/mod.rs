//! Catalogs: their configuration, the connections to them, and one [`Committer`] per way of publishing.
//!
//! Reading goes through iceberg's `Catalog` trait; publishing only through [`Committer`].

mod committer;

pub use committer::{Committer, Outcome, Proposal, Rejection};
