//! What is known of a change whose outcome was not a plain yes: the verdict, its reason, and what others did meanwhile.
//! Plain values; nothing here decides.

use serde::Serialize;

use crate::table::Moment;

/// What can be done about a change that did not simply commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is in the table already: there is nothing to do.
    Landed,
    /// It is not, and the same files can be published on the table as it is now.
    Rebase,
    /// It is not, and what was written does not go with the table any more: the rows must be written again.
    Restage,
    /// It is not, and whether it should still be done is the operator's to say.
    Decide,
    /// It is not, and it cannot be done: the table or the branch is not there any more.
    Stop,
}

impl Verdict {
    /// The word that people and scripts see.
    pub fn word(self) -> &'static str {
        match self {
            Self::Landed => "landed",
            Self::Rebase => "rebase",
            Self::Restage => "restage",
            Self::Decide => "decide",
            Self::Stop => "stop",
        }
    }
}

/// The change that was found in the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Landing {
    /// The snapshot that holds it; nothing for a change that makes no snapshot.
    pub snapshot_id: Option<i64>,
    /// Whether the branch still leads to it.
    pub is_reachable: bool,
    /// Whether the snapshot was expired since; its rows are where the branch leads, if it does.
    pub is_expired: bool,
}

/// What kind of thing others did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// A new snapshot on the branch.
    Snapshot,
    /// The branch was led away from the base.
    Rollback,
    /// The ref was made, or led elsewhere.
    Ref,
    /// Another schema.
    Schema,
    /// Another partition spec.
    Spec,
    /// Another sort order.
    SortOrder,
    /// Properties set or removed.
    Properties,
    /// A later format version.
    FormatVersion,
    /// The table has another name.
    Renamed,
    /// The branch is gone.
    BranchDropped,
    /// The table is gone.
    Dropped,
    /// The table was dropped and made again.
    Recreated,
}

/// One thing that others did since the base. Fields that do not apply are absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Intervening {
    /// What kind of thing.
    pub kind: ChangeKind,
    /// In a sentence, without full stop. It holds text from the table and is not safe to show raw.
    pub what: String,
    /// The snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_id: Option<i64>,
    /// `append`, `replace`, `overwrite` or `delete`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<Moment>,
    /// Who made it: `icedeck`, an engine's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// The application, where the engine says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// Rows added, where the summary says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added_rows: Option<u64>,
    /// Rows removed, where the summary says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_rows: Option<u64>,
    /// Data and delete files added, where the summary says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added_files: Option<u64>,
    /// Data and delete files removed, where the summary says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_files: Option<u64>,
    /// The partitions it touched, as people write them; nothing where they were not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitions: Option<Vec<String>>,
    /// Whether it touched what our change is about; nothing where that was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub touches_ours: Option<bool>,
}

impl Intervening {
    /// A change that made no snapshot.
    pub(super) fn of(kind: ChangeKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            snapshot_id: None,
            operation: None,
            committed_at: None,
            engine: None,
            app_id: None,
            added_rows: None,
            removed_rows: None,
            added_files: None,
            removed_files: None,
            partitions: None,
            touches_ours: None,
        }
    }
}

/// Where a change stands: what can be done about it, why, and what others did since its base.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// What can be done.
    pub verdict: Verdict,
    /// Why, in a sentence without full stop.
    pub reason: String,
    /// What others did since the base, newest last.
    pub changes: Vec<Intervening>,
    /// Where it was found; nothing where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub landed: Option<Landing>,
    /// Whether it is proved that the change is not in the table.
    #[serde(skip)]
    pub is_absent: bool,
    /// Whether a request that was sent may still do its work: as long as the branch has not moved past what it demands.
    #[serde(skip)]
    pub may_still_land: bool,
    /// Whether the very same files can be published on the table as it is now, should the operator say so.
    #[serde(skip)]
    pub can_replay: bool,
    /// Whether an answer is missing to a change that carries no id: a schema, a property. The operator can look; giving up
    /// deletes nothing.
    #[serde(skip)]
    pub is_untold: bool,
}

impl Assessment {
    /// Whether its journal may be closed on the operator's word, every file kept: no request can bring it any more.
    pub fn may_close(&self) -> bool {
        !self.may_still_land && self.verdict != Verdict::Landed
    }

    /// Whether it may be given up, and staged files deleted: the change is absent, and no request can bring it any more;
    /// or it has no files, and nobody but the operator can tell.
    pub fn may_discard(&self) -> bool {
        self.is_untold || self.is_absent && !self.may_still_land && self.verdict != Verdict::Landed
    }
}
