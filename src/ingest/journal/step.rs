//! The steps of an ingest as lines of its journal. The names and fields are a format: they are only ever added to.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::RecordedFile;
use crate::commit::{AttemptOutcome, Sending, branch_head};
use crate::table::{Table, TableName};
use crate::{Error, Result};

/// The format of the lines.
const VERSION: u32 = 1;

/// What shall be loaded, and the base it was planned on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The ingest id, from [`Env::uuid`](crate::env::Env::uuid).
    pub ingest_id: String,
    /// What was asked for, as the command line names it: `ingest`, `rollback`, `branch`, ..
    pub verb: String,
    /// The catalog's name.
    pub catalog: String,
    /// The table.
    pub table: TableName,
    /// The branch.
    pub branch: String,
    /// The exact table state that was inspected.
    pub base: Base,
    /// The source files as they were named.
    pub sources: Vec<String>,
    /// How they are read and mapped, as the load understands it; null where nothing was said.
    #[serde(default)]
    pub options: Value,
}

/// The exact table state that was inspected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The table's UUID.
    pub table_uuid: Uuid,
    /// The metadata file it was read from.
    pub metadata_location: String,
    /// The head of the branch; nothing where it had none.
    pub snapshot_id: Option<i64>,
    /// The current schema.
    pub schema_id: i32,
    /// The default partition spec.
    pub spec_id: i32,
}

impl Base {
    /// The state of `table` as seen from `branch`.
    pub fn of(table: &Table, branch: &str) -> Self {
        let metadata = table.metadata();
        Self {
            table_uuid: metadata.uuid(),
            metadata_location: table.metadata_location().to_string(),
            snapshot_id: branch_head(metadata, branch),
            schema_id: metadata.current_schema_id(),
            spec_id: metadata.default_partition_spec_id(),
        }
    }
}

/// One step of an ingest. The line is durable before the step is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// What shall be loaded.
    Planned(Box<Plan>),
    /// Data files are about to be written.
    Staging {
        /// Below this location.
        location: String,
        /// With this in each name.
        prefix: String,
    },
    /// A data file is complete and durable.
    File(RecordedFile),
    /// All data files are complete.
    Staged {
        /// How many.
        files: u64,
        /// Their rows.
        rows: u64,
        /// Their size.
        bytes: u64,
    },
    /// A request is about to leave.
    Sending(Sending),
    /// An attempt has ended.
    Outcome {
        /// Which attempt, from 1.
        attempt: u32,
        /// How.
        outcome: AttemptOutcome,
        /// The snapshot it added or would have added.
        snapshot_id: Option<i64>,
        /// What the catalog or the failure said.
        message: String,
    },
    /// From here on it is published on another branch, which was made at this snapshot.
    Redirected {
        /// That branch.
        branch: String,
        /// Where it was made.
        snapshot_id: Option<i64>,
    },
    /// Done with.
    Closed {},
    /// Given up.
    Discarded {
        /// Why.
        reason: String,
    },
}

/// A step with what every line carries.
#[derive(Serialize)]
struct Line<'a> {
    version: u32,
    time_ms: i64,
    #[serde(flatten)]
    step: &'a Step,
}

impl Step {
    /// The names of all steps this version knows.
    const NAMES: [&'static str; 9] =
        ["planned", "staging", "file", "staged", "sending", "outcome", "redirected", "closed", "discarded"];

    /// The step as a line, line end included.
    pub(super) fn line(&self, at_ms: i64) -> Result<Vec<u8>> {
        let mut line = serde_json::to_vec(&Line { version: VERSION, time_ms: at_ms, step: self })
            .map_err(|e| Error::bug("a journal line cannot be written as JSON").caused_by(e))?;
        line.push(b'\n');
        Ok(line)
    }

    /// Reads a line: when, and which step; no step where a later version of icedeck wrote one that this one does not
    /// know.
    pub(super) fn parse(line: &[u8]) -> serde_json::Result<(i64, Option<Step>)> {
        #[derive(Deserialize)]
        struct Head {
            time_ms: i64,
            step: String,
        }
        let head: Head = serde_json::from_slice(line)?;
        let known = Self::NAMES.contains(&head.step.as_str());
        let step = if known { Some(serde_json::from_slice(line)?) } else { None };
        Ok((head.time_ms, step))
    }
}
