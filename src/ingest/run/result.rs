//! How a load ended, as one plain object. Nothing here decides anything.

use serde::Serialize;

/// How a load ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// A new snapshot holds the rows.
    Committed,
    /// The catalog said no; staged files and journal are kept.
    Rejected,
    /// Nobody knows whether it landed; staged files and journal are kept.
    Unknown,
    /// The request never left; nothing changed.
    NotSent,
    /// Planned and checked only, as asked.
    Planned,
    /// There were no rows to load; no snapshot was made.
    NothingToLoad,
    /// Rows or columns do not fit; nothing changed.
    Unfit,
}

/// The object that `icedeck ingest -o json` prints. Fields that do not apply are absent.
#[derive(Debug, Clone, Serialize)]
pub struct IngestResult {
    /// How it ended; prints as `committed`, `rejected`, `unknown`, `not-sent` or `planned`.
    #[serde(rename = "outcome")]
    pub ending: Ending,
    /// The id that the journal and the snapshot's summary carry; nothing where nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingest_id: Option<String>,
    /// `namespace.table`.
    pub table: String,
    /// The branch.
    pub branch: String,
    /// The snapshot that holds the rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_id: Option<i64>,
    /// The branch's snapshot before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_snapshot_id: Option<i64>,
    /// Requests sent to the catalog.
    pub attempts: u32,
    /// Rows loaded, or that would be.
    pub rows: u64,
    /// Rows that do not fit.
    pub rejected_rows: u64,
    /// Data files written.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// From the start to the end, in milliseconds.
    pub elapsed_ms: u64,
    /// Why the catalog said no, or what is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Columns that do not fit the table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// The first rows that do not fit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<crate::ingest::Fault>,
    /// What was noted on the way, each a sentence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The exact request that was sent, as JSON; for the command log.
    #[serde(skip)]
    pub request: Option<String>,
}

impl Ending {
    /// The word that scripts see.
    pub fn outcome(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::Planned => "planned",
            Self::NotSent | Self::NothingToLoad | Self::Unfit => "not-sent",
        }
    }
}

impl Serialize for Ending {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.outcome())
    }
}
