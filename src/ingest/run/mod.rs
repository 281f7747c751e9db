//! A load up to where it can be published: open and bind, check, stage. Nothing here publishes; `recovery` takes it from
//! there.

mod again;
mod mode;
mod pipeline;
mod plan;
mod result;
mod staged;
mod staging;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

pub use again::{cut_of, mode_of, request_again};
pub use mode::{Cut, Mode};
pub use plan::{ADD_CREATE, IngestPlan, Planned, plan};
pub use result::{Ending, IngestResult};
pub use staged::{REMOVING, StagedLoad, Staging};
pub use staging::stage;

use super::mapping::Mapping;
use super::source::SourceOptions;
use crate::Result;
use crate::monitor::Monitor;
use crate::table::TableName;
use crate::words::quoted;

/// What shall be loaded, where to, and how.
#[derive(Debug, Clone)]
pub struct IngestRequest {
    /// The files and how they are read.
    pub source: SourceOptions,
    /// The table.
    pub table: TableName,
    /// How its columns are filled; matched by name where nothing is said.
    pub mapping: Option<Mapping>,
    /// The branch, `main` as a rule.
    pub branch: String,
    /// Beside what is there, or in its place.
    pub mode: Mode,
    /// With [`Mode::OverwriteWhere`] the filter, and what it takes where that is known.
    pub cut: Option<Cut>,
    /// What happens when a row does not fit.
    pub on_error: OnError,
    /// Make the table where it does not exist.
    pub create: Option<CreateOptions>,
    /// More properties for the snapshot's summary.
    pub summary: BTreeMap<String, String>,
}

/// What happens when a row does not fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OnError {
    /// Nothing is loaded.
    #[default]
    Fail,
    /// The row goes to this file, the others are loaded.
    Reject(PathBuf),
}

/// How a table is made that does not exist yet; its columns are those of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateOptions {
    /// As in [`CreateTable`](super::create::CreateTable).
    pub partition_by: String,
    /// As in [`CreateTable`](super::create::CreateTable).
    pub sort_by: String,
    /// As in [`CreateTable`](super::create::CreateTable).
    pub properties: BTreeMap<String, String>,
    /// As in [`CreateTable`](super::create::CreateTable).
    pub format_version: Option<u8>,
    /// Make the namespace too where it is missing.
    pub make_namespace: bool,
}

impl IngestRequest {
    /// Appends files to a table's `main`, everything else as it is by default.
    pub fn append(source: SourceOptions, table: TableName) -> Self {
        Self {
            source,
            table,
            mapping: None,
            branch: "main".into(),
            mode: Mode::Append,
            cut: None,
            on_error: OnError::Fail,
            create: None,
            summary: BTreeMap::new(),
        }
    }

    /// Where rows were to be replaced, and there are none to replace them by: that they stay, and what removes them.
    fn left_alone(&self) -> Option<(String, String)> {
        let filter = match self.mode {
            Mode::Append | Mode::OverwritePartitions => return None,
            Mode::Overwrite => "true".to_string(),
            Mode::OverwriteWhere => self.cut.as_ref().map(|cut| quoted(&cut.filter)).unwrap_or_default(),
        };
        let reason = format!("there is no row to load: the rows of {} stay as they are", self.table);
        let branch = if self.branch == "main" { String::new() } else { format!(" --branch {}", quoted(&self.branch)) };
        Some((
            reason,
            format!("icedeck delete {} --where {filter}{branch} removes them", quoted(&self.table.to_string())),
        ))
    }
}

/// Checks what a plan would load, without writing anything.
///
/// # Errors
/// Those of reading, and cancellation.
pub async fn check(mut plan: IngestPlan, monitor: &Monitor) -> Result<IngestResult> {
    let started = Instant::now();
    let mut report = plan.preflight(monitor).await?;
    let mut result = IngestResult::of(&plan);
    let on_error = plan.request.on_error.clone();
    if report.unfit > 0 && plan.guesses_types() {
        result.notes.push("a row did not fit the types guessed from a sample: all rows were looked at".into());
        match plan.clone().inferred_from_all(monitor).await? {
            Planned::Ready(again) => {
                plan = *again;
                report = plan.preflight(monitor).await?;
            }
            Planned::Unfit { problems, .. } => {
                return Ok(IngestResult::mismatched(result.table, result.branch, &problems));
            }
        }
    }
    if report.unfit > 0 && on_error == OnError::Fail {
        result.unfit(report);
    } else {
        result.note_rows(&report);
        result.note_report(report);
        result.note_new_table(plan.new_table());
        match (result.rows, result.rejected_rows) {
            (0, 0) => result.notes.extend(plan.request.left_alone().map(|(reason, _)| reason)),
            (0, _) => result.none_fits(&plan.request),
            _ => {}
        }
    }
    result.took(started);
    Ok(result)
}
