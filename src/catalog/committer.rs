//! The one seam through which icedeck publishes: a proposal goes in, an outcome comes out.

use std::fmt::Debug;

use async_trait::async_trait;
use iceberg::{TableRequirement, TableUpdate};

use crate::Error;
use crate::table::{Table, TableName};

/// A change, ready to be published: the updates, and what must still be true of the table.
///
/// New manifests and a manifest list are written already; nothing names them until the catalog says yes.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The table it changes.
    pub table: TableName,
    /// What the catalog checks before it applies the updates.
    pub requirements: Vec<TableRequirement>,
    /// What it applies, all or nothing.
    pub updates: Vec<TableUpdate>,
    /// The snapshot it adds, where it adds one.
    pub snapshot_id: Option<i64>,
    /// Manifests and manifest lists written for it, to be deleted when it is proved absent.
    pub metadata_files: Vec<String>,
}

/// Why a catalog said no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// In one sentence: "branch main has changed: expected 5120…, found 8264…".
    pub reason: String,
    /// The table is gone, was dropped and made again, or cannot take this change: trying again is of no use.
    pub is_final: bool,
}

/// How one attempt to publish ended. Decided by position, never by the text of a message.
#[derive(Debug)]
#[must_use]
pub enum Outcome {
    /// The catalog said yes: the table as it is now.
    Committed(Box<Table>),
    /// The catalog said no; nothing changed.
    Rejected(Rejection),
    /// No answer, or one that proves nothing, after the request had left.
    Unknown(Error),
    /// It failed before the request left; nothing changed.
    NotSent(Error),
}

/// Publishes proposals in one kind of catalog. At most one request leaves per call, or one under the same key again where
/// the catalog promises to carry it out once; nothing else is tried again in here.
#[async_trait]
pub trait Committer: Debug + Send + Sync {
    /// Publishes `proposal`, which was made on `base`.
    async fn commit(&self, base: &Table, proposal: &Proposal) -> Outcome;
}
