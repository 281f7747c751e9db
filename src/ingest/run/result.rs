//! How a load ended, as one plain object. Nothing here decides anything.

use std::time::Instant;

use serde::Serialize;

use super::plan::IngestPlan;
use super::{IngestRequest, Mode, OnError};
use crate::commit::branch_head;
use crate::ingest::bind::Problem;
use crate::ingest::create::DraftSummary;
use crate::ingest::preflight::PreflightReport;

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
    pub attempts: u64,
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
    /// Why nothing was loaded, or what is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What does not go with the table's columns, each a sentence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// What was found in the rows; of a load only where rows do not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preflight: Option<PreflightReport>,
    /// The table that would be made; of a check only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_table: Option<DraftSummary>,
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

/// Faults that the result carries; the file of rejected rows has all of them.
const FAULTS: usize = 20;

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

impl IngestResult {
    /// Of a plan of which nothing was done yet.
    pub(super) fn of(plan: &IngestPlan) -> Self {
        let mut result = Self::named(plan.request.table.to_string(), plan.request.branch.clone());
        result.base_snapshot_id = plan.table().and_then(|t| branch_head(t.metadata(), &plan.request.branch));
        result.notes.clone_from(&plan.notes);
        result
    }

    fn named(table: String, branch: String) -> Self {
        Self {
            ending: Ending::Planned,
            ingest_id: None,
            table,
            branch,
            snapshot_id: None,
            base_snapshot_id: None,
            attempts: 0,
            rows: 0,
            rejected_rows: 0,
            files: 0,
            bytes: 0,
            elapsed_ms: 0,
            reason: None,
            problems: Vec::new(),
            preflight: None,
            new_table: None,
            notes: Vec::new(),
            hint: None,
            request: None,
        }
    }

    /// Of a load whose columns do not go with its table: no row was read.
    pub fn mismatched(table: String, branch: String, problems: &[Problem]) -> Self {
        let mut result = Self::named(table, branch);
        let hint = "say where the columns come from with --mapping; icedeck preview shows what the file has";
        result.end(Ending::Unfit, Some("the columns do not go with the table".into()), Some(hint.into()));
        let told = |problem: &Problem| match &problem.hint {
            Some(hint) => format!("{problem} ({hint})"),
            None => problem.to_string(),
        };
        result.problems = problems.iter().map(told).collect();
        result
    }

    /// For people: without the report, the new table and the notes, which are told in words beside it.
    #[must_use]
    pub fn brief(&self, brief: bool) -> Self {
        let mut shown = self.clone();
        if brief {
            (shown.preflight, shown.new_table) = (None, None);
            (shown.problems, shown.notes) = (Vec::new(), Vec::new());
        }
        shown
    }

    /// There is no row to load: no snapshot is made, and no table either where it was still to be made.
    pub(super) fn nothing(&mut self, new_table: bool, request: &IngestRequest) {
        if let Some((reason, hint)) = request.left_alone() {
            return self.end(Ending::NothingToLoad, Some(reason), Some(hint));
        }
        let hint = match new_table {
            true => format!("no table was made; icedeck create {} --like FILE makes it without rows", self.table),
            false => "there is no row to load: no snapshot was made".into(),
        };
        self.end(Ending::NothingToLoad, new_table.then(|| "there is no row to load".into()), Some(hint));
    }

    /// There are rows, and all of them were rejected, or would be.
    pub(super) fn none_fits(&mut self, request: &IngestRequest) {
        let rows = match self.rejected_rows {
            1 => "the one row does not fit".into(),
            rows => format!("none of {rows} rows fits"),
        };
        let stay = if request.mode == Mode::Append { "" } else { "; the rows in the table stay as they are" };
        let hint = match &request.on_error {
            OnError::Reject(path) if self.ingest_id.is_some() => {
                format!("mend the rows in {}, or the mapping", path.display())
            }
            _ => "mend the rows or the mapping".into(),
        };
        self.end(Ending::Unfit, Some(format!("{rows}: no snapshot was made{stay}")), Some(hint));
    }

    /// Takes down the table that a load would make, or that it would make none for want of rows.
    pub(super) fn note_new_table(&mut self, draft: Option<&DraftSummary>) {
        let Some(draft) = draft else { return };
        if self.rows == 0 {
            self.notes.push(format!("there is no row to load: the table {} would not be made", self.table));
            return;
        }
        self.notes.push(format!("would make the table {}", self.table));
        self.new_table = Some(draft.clone());
    }

    pub(super) fn end(&mut self, ending: Ending, reason: Option<String>, hint: Option<String>) {
        (self.ending, self.reason, self.hint) = (ending, reason, hint);
    }

    /// Takes down what was found in the rows.
    pub(super) fn note_rows(&mut self, report: &PreflightReport) {
        (self.rows, self.rejected_rows) = (report.fit, report.unfit);
        if report.unfit > 0 {
            self.note_report(report.clone());
        }
    }

    /// Keeps the report itself.
    pub(super) fn note_report(&mut self, mut report: PreflightReport) {
        report.faults.truncate(FAULTS);
        self.preflight = Some(report);
    }

    pub(super) fn took(&mut self, started: Instant) {
        self.elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    }

    /// Rows do not fit: nothing was loaded.
    pub(super) fn unfit(&mut self, report: PreflightReport) {
        let hint = "mend the rows or the mapping, or add --on-error reject to load the others";
        let reason = format!("{} of {} rows do not fit", report.unfit, report.rows);
        self.end(Ending::Unfit, Some(reason), Some(hint.into()));
        (self.rows, self.rejected_rows) = (0, report.unfit);
        self.note_report(report);
    }
}
