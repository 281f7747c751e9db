//! What can be changed in a table, as plain data.

use std::collections::BTreeMap;

use iceberg::expr::Predicate;
use iceberg::spec::{
    DataFile, FormatVersion, NestedFieldRef, SnapshotReference, SnapshotRetention, SortOrder, UnboundPartitionSpec,
};

use super::{Expire, SchemaEdit, SpecEdit};

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

impl StagedFile {
    /// How many files, rows and bytes these are.
    pub fn totals(files: &[Self]) -> (u64, u64, u64) {
        let add = |(count, rows, bytes), staged: &Self| {
            (count + 1, rows + staged.file.record_count(), bytes + staged.file.file_size_in_bytes())
        };
        files.iter().fold((0, 0, 0), add)
    }
}

/// Branch or tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefKind {
    /// Moves with commits.
    Branch,
    /// Stays.
    Tag,
}

/// Which live files an overwrite takes out of the branch.
#[derive(Debug, Clone)]
pub enum Targets {
    /// Exactly these data files, by path: copy-on-write. Each must be live.
    Files(Vec<String>),
    /// All of them.
    All,
    /// Those in the partitions of the added files (a dynamic overwrite). In a table without partitions: all. Refused
    /// where the branch has files of another partition spec, for nobody can say which partition they belong to.
    Partitions,
    /// Those whose rows all match, by partition and statistics. A file that may hold both kinds of rows is an error
    /// that names it: such a file has to be rewritten.
    Where(Predicate),
}

/// What an overwrite checks of what others did since its rows were read.
#[derive(Debug, Clone, Default)]
pub struct Validation {
    /// The snapshot whose rows were read; nothing where the branch had none. Where it is the branch's head, nothing is
    /// checked, for nobody did anything.
    pub read_at: Option<i64>,
    /// The rows that the change is about; nothing: those of the partitions that are overwritten, or all of them. Files that others added or removed since and that this
    /// may match are a conflict.
    pub filter: Option<Predicate>,
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
    /// Files taken out of a branch and others put in their place, in one snapshot.
    Overwrite {
        /// The branch.
        branch: String,
        /// What is added; may be empty.
        added: Vec<StagedFile>,
        /// What is removed.
        targets: Targets,
        /// What others may not have done meanwhile; nothing: the base is what was read.
        validation: Option<Validation>,
        /// For the summary, beside the counts.
        summary: BTreeMap<String, String>,
    },
    /// Files whose every row matches a filter taken out of a branch. Rows of other files are not touched: where a file
    /// may hold both kinds of rows, this is refused and names it.
    Delete {
        /// The branch.
        branch: String,
        /// The rows that go.
        filter: Predicate,
        /// For the summary, beside the counts.
        summary: BTreeMap<String, String>,
    },
    /// The same rows in other files (compaction).
    Replace {
        /// The branch.
        branch: String,
        /// The files that hold the rows now.
        added: Vec<StagedFile>,
        /// The data files that held them, by path; each must be live.
        deleted: Vec<String>,
        /// The snapshot at which they were read. The added files get its sequence number: deletes that came later go
        /// on to concern their rows.
        read_at: i64,
        /// For the summary, beside the counts.
        summary: BTreeMap<String, String>,
    },
    /// The changes of a snapshot made once more at the head of a branch: an append, or an overwrite of partitions that
    /// nobody touched since; anything else only where the branch leads to the snapshot's parent.
    CherryPick {
        /// The branch.
        branch: String,
        /// The snapshot.
        snapshot_id: i64,
        /// For the summary, beside the counts.
        summary: BTreeMap<String, String>,
    },
    /// A new branch or tag, or an existing one led elsewhere. Its retention stays.
    SetRef {
        /// Its name.
        name: String,
        /// Branch or tag.
        kind: RefKind,
        /// The snapshot it leads to.
        snapshot_id: i64,
    },
    /// A new branch or tag with its retention; the name must be free.
    CreateRef {
        /// Its name.
        name: String,
        /// Where it leads and how long it is kept.
        reference: SnapshotReference,
    },
    /// How long a branch or tag and what it leads to are kept.
    Retain {
        /// Its name.
        name: String,
        /// All of it: what is left out falls back to the table's properties.
        retention: SnapshotRetention,
    },
    /// A branch or tag taken away. `main` stays.
    DropRef {
        /// Its name.
        name: String,
    },
    /// A branch led back to an ancestor of its head.
    Rollback {
        /// The branch.
        branch: String,
        /// The ancestor.
        snapshot_id: i64,
    },
    /// A branch led forward to a descendant of its head.
    FastForward {
        /// The branch.
        branch: String,
        /// The descendant.
        snapshot_id: i64,
    },
    /// New columns at the end of the schema, as [`SchemaEdit::Add`].
    AddColumns(Vec<NestedFieldRef>),
    /// Columns taken out of the schema, as [`SchemaEdit::Drop`].
    DropColumns(Vec<String>),
    /// A new schema, by these edits in their order.
    EditSchema(Vec<SchemaEdit>),
    /// A new default partition spec.
    SetSpec(UnboundPartitionSpec),
    /// A new default partition spec, by these edits of the one there is.
    EditSpec(Vec<SpecEdit>),
    /// A new default sort order, for files that are still to be written.
    SetSortOrder(SortOrder),
    /// Properties set and removed.
    SetProperties {
        /// Set or replaced.
        set: BTreeMap<String, String>,
        /// Removed; a key that is not there is no error.
        remove: Vec<String>,
    },
    /// Where new files go. Nothing is moved.
    SetLocation(String),
    /// A later format version.
    Upgrade(FormatVersion),
    /// A schema, spec or sort order that the table still knows made the current one again.
    MakeCurrent(Earlier),
    /// Snapshots, and refs past their age, taken out of the metadata. No file is deleted.
    Expire(Expire),
    /// Several changes of the metadata alone, all or none of them, in one request. Each is made against the base, so that
    /// none may stand upon another; a change that adds a snapshot cannot be among them.
    All(Vec<Change>),
}

/// What becomes current again; what is left out stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Earlier {
    /// The schema.
    pub schema_id: Option<i32>,
    /// The default partition spec.
    pub spec_id: Option<i32>,
    /// The default sort order.
    pub sort_order_id: Option<i64>,
}

impl Change {
    /// The branch or tag that it moves, makes or takes away; of several the first.
    pub fn ref_name(&self) -> Option<&str> {
        match self {
            Self::Append { branch, .. }
            | Self::Overwrite { branch, .. }
            | Self::Delete { branch, .. }
            | Self::Replace { branch, .. }
            | Self::CherryPick { branch, .. }
            | Self::Rollback { branch, .. }
            | Self::FastForward { branch, .. } => Some(branch),
            Self::SetRef { name, .. }
            | Self::CreateRef { name, .. }
            | Self::Retain { name, .. }
            | Self::DropRef { name } => Some(name),
            Self::All(changes) => changes.iter().find_map(Self::ref_name),
            _ => None,
        }
    }
}
