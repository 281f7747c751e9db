//! What a load will do, found out before anything is written: the files are opened, the table is loaded (or drafted),
//! the mapping is bound.

use std::sync::Arc;

use iceberg::spec::Schema;

use super::{CreateOptions, IngestRequest};
use crate::catalog::Connection;
use crate::commit::check_branch;
use crate::error::Context;
use crate::ingest::bind::{Binding, Problem};
use crate::ingest::create::{CreateTable, DraftSummary, NewColumn, TableDraft};
use crate::ingest::mapping::Mapping;
use crate::ingest::preflight::{self, PreflightReport};
use crate::ingest::source::Source;
use crate::monitor::Monitor;
use crate::table::Table;
use crate::{Error, Kind, Result};

/// A load that is ready to run.
#[derive(Debug, Clone)]
pub struct IngestPlan {
    /// What was asked for.
    pub request: IngestRequest,
    /// The files, opened.
    pub source: Arc<Source>,
    /// The mapping: the one given, or the one found by the names.
    pub mapping: Mapping,
    /// What was noted on the way, each a sentence.
    pub notes: Vec<String>,
    pub(super) binding: Arc<Binding>,
    pub(super) target: Target,
}

/// Where the rows go.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// A table that exists: the base.
    Existing(Box<Table>),
    /// A table that is made first.
    New(Box<TableDraft>),
}

/// How planning ended.
#[derive(Debug)]
pub enum Planned {
    /// Ready to be checked or run.
    Ready(Box<IngestPlan>),
    /// The mapping does not go with the files and the table.
    Unfit {
        /// The mapping that was tried.
        mapping: Mapping,
        /// Everything that is wrong with it.
        problems: Vec<Problem>,
    },
}

/// Opens the files, loads the table and binds the mapping. Writes nothing.
///
/// # Errors
/// Those of [`Source::open`] and of the catalog; [`Kind::NotFound`] for a table that does not exist and shall not be
/// made, and for a branch that does not exist; [`Kind::Invalid`] for a tag, which cannot be appended to.
pub async fn plan(request: IngestRequest, connection: &Connection, monitor: &Monitor) -> Result<Planned> {
    monitor.update(|p| p.stage = "opening");
    let existing = find_table(&request, connection).await?;
    let (options, watched) = (request.source.clone(), monitor.clone());
    let source = monitor.until(waited(move || Source::open(&options, &watched))).await?;
    bind(request, Arc::new(source), existing)
}

/// Binds a mapping to files that are open already.
fn bind(request: IngestRequest, source: Arc<Source>, existing: Option<Table>) -> Result<Planned> {
    let mut notes = source.warnings.clone();
    let target = match existing {
        Some(table) => Target::Existing(Box::new(table)),
        None => {
            let draft = draft(&request, &source)?;
            notes.extend(draft.summary.warnings.iter().cloned());
            Target::New(Box::new(draft))
        }
    };
    let schema = target.schema();
    let mut mapping = request.mapping.clone().unwrap_or_default();
    if request.create.is_some() {
        mapping = mapping.without_left_out(&source.columns, schema);
    }
    let mapping = mapping.completed(&source.columns, schema);
    Ok(match Binding::new(&mapping, &source.columns, schema) {
        Ok(binding) => {
            notes.extend(binding.left_out(&mapping));
            let binding = Arc::new(binding);
            Planned::Ready(Box::new(IngestPlan { request, source, mapping, notes, binding, target }))
        }
        Err(problems) => Planned::Unfit { mapping, problems },
    })
}

/// What to do where a table is not there, on the command line.
pub const ADD_CREATE: &str = "add --create to make it from the file";

async fn find_table(request: &IngestRequest, connection: &Connection) -> Result<Option<Table>> {
    let table = match (connection.load(&request.table).await, &request.create) {
        (Ok(table), _) => table,
        (Err(e), Some(_)) if e.kind() == Kind::NotFound => return Ok(None),
        (Err(e), None) if e.kind() == Kind::NotFound => return Err(e.hint(ADD_CREATE)),
        (Err(e), _) => return Err(e),
    };
    check_branch(table.metadata(), &request.branch).context("table", table.name())?;
    wanted(request, Vec::new()).check_existing(&table)?;
    Ok(Some(table))
}

fn draft(request: &IngestRequest, source: &Source) -> Result<TableDraft> {
    if request.branch != "main" {
        return Err(Error::invalid("a new table has no branch but main").with("branch", &request.branch));
    }
    let format_version = request.create.as_ref().and_then(|create| create.format_version).unwrap_or(2);
    let mapping = request.mapping.clone().unwrap_or_default();
    wanted(request, NewColumn::of_mapping(source, &mapping, format_version)?).draft()
}

/// The table as it shall be made.
fn wanted(request: &IngestRequest, columns: Vec<NewColumn>) -> CreateTable {
    let CreateOptions { partition_by, sort_by, properties, format_version, .. } =
        request.create.clone().unwrap_or_default();
    let new = CreateTable::new(request.table.clone(), columns);
    CreateTable { partition_by, sort_by, properties, format_version, ..new }
}

impl Target {
    fn schema(&self) -> &Schema {
        match self {
            Self::Existing(table) => table.metadata().current_schema(),
            Self::New(draft) => draft.schema(),
        }
    }
}

impl IngestPlan {
    /// What the new table will be; nothing where the table exists.
    pub fn new_table(&self) -> Option<&DraftSummary> {
        match &self.target {
            Target::Existing(_) => None,
            Target::New(draft) => Some(&draft.summary),
        }
    }

    /// The table as it was found; nothing where it is still to be made.
    pub fn table(&self) -> Option<&Table> {
        match &self.target {
            Target::Existing(table) => Some(table),
            Target::New(_) => None,
        }
    }

    /// Checks every row of the files against the mapping. Writes nothing.
    ///
    /// # Errors
    /// Those of reading, and cancellation.
    pub async fn preflight(&self, monitor: &Monitor) -> Result<PreflightReport> {
        let (source, binding, watched) = (self.source.clone(), self.binding.clone(), monitor.clone());
        waited(move || preflight::run(&source, &binding, &watched)).await
    }

    /// Whether its files hold no row at all, not even one that cannot be taken apart. Reads no further than the first.
    pub(super) async fn is_empty(&self, monitor: &Monitor) -> Result<bool> {
        let (source, watched) = (self.source.clone(), monitor.clone());
        let first = waited(move || source.blocks(&watched)?.next().transpose());
        Ok(first.await?.is_none())
    }

    /// The same plan with the types of a new table inferred from every row.
    pub(super) async fn inferred_from_all(self, monitor: &Monitor) -> Result<Planned> {
        let (source, watched) = (self.source.clone(), monitor.clone());
        let source = waited(move || source.infer_all(&watched)).await?;
        bind(self.request, Arc::new(source), None)
    }

    /// Whether the types of the columns are a guess from a sample, and not what a table demands.
    pub(super) fn guesses_types(&self) -> bool {
        matches!(self.target, Target::New(_)) && !self.source.inferred_from_all
    }
}

/// Runs work that waits for disks and cores on a thread that may wait.
pub(super) async fn waited<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(e) => Err(Error::bug("a part of the load broke off").caused_by(e)),
    }
}
