//! What can be changed in a table, as plain data.

use std::collections::BTreeMap;

use iceberg::spec::{DataFile, NestedFieldRef, UnboundPartitionSpec};

/// A data file that is written and durable but belongs to no snapshot yet.
#[derive(Debug, Clone)]
pub struct StagedFile {
    /// The file with its statistics, as a manifest will name it.
    pub file: DataFile,
    /// The partition spec it was written under.
    pub spec_id: i32,
    /// The schema it was written under.
    pub schema_id: i32,
}

/// Branch or tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefKind {
    /// Moves with commits.
    Branch,
    /// Stays.
    Tag,
}

/// One change of a table. Every change is asserted against the base that was inspected.
#[derive(Debug, Clone)]
pub enum Change {
    /// New data files at the head of a branch.
    Append {
        /// The branch; it must exist unless it is `main`.
        branch: String,
        /// What is added.
        files: Vec<StagedFile>,
        /// What goes into the snapshot's summary beside the counts, `icedeck.ingest-id` among it.
        summary: BTreeMap<String, String>,
    },
    /// A new branch or tag, or an existing one led elsewhere.
    SetRef {
        /// Its name.
        name: String,
        /// Branch or tag.
        kind: RefKind,
        /// The snapshot it leads to.
        snapshot_id: i64,
    },
    /// New optional columns at the end of the schema; the ids inside are assigned anew.
    AddColumns(Vec<NestedFieldRef>),
    /// Top-level columns taken out of the schema.
    DropColumns(Vec<String>),
    /// A new default partition spec.
    SetSpec(UnboundPartitionSpec),
    /// Properties set and removed.
    SetProperties {
        /// Set or replaced.
        set: BTreeMap<String, String>,
        /// Removed; a key that is not there is no error.
        remove: Vec<String>,
    },
}
