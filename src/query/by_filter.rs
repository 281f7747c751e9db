//! What a filter takes of a snapshot's rows, file by file, and the rows that it leaves: for deleting and overwriting by
//! filter. Rows for which it is null stay. Files are opened only where their bounds cannot tell.

use std::collections::HashSet;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef as ArrowSchemaRef;
use futures::StreamExt;
use futures::stream::BoxStream;
use iceberg::expr::Predicate;
use iceberg::spec::{NestedFieldRef, SchemaRef};

use super::conform::relaxed;
use super::file::FileReader;
use super::filter::{BoundFilter, Filter};
use super::plan::{Plan, PlannedFile};
use super::prune::{Pruner, Whole};
use super::rows::{arrow_schema, uuids};
use super::wider::wider;
use crate::monitor::Monitor;
use crate::table::{Table, inspect};
use crate::{Error, Result};

/// Rows of a batch at most.
const BATCH: usize = 8192;

/// A SQL expression over the table's current columns.
#[derive(Debug, Clone)]
pub struct ByFilter {
    table: Table,
    schema: SchemaRef,
    filter: Filter,
}

/// A data file of which the filter takes rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenFile {
    /// Where it is.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Live rows that the filter takes.
    pub taken: u64,
    /// Live rows that it leaves.
    pub left: u64,
    /// Whether it was opened to know that.
    pub was_read: bool,
}

impl ByFilter {
    /// Reads a filter, as [`RowsRequest`](super::RowsRequest) has it.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) for a text that is none, or names a column that the table lacks.
    pub fn parse(table: &Table, text: &str) -> Result<Self> {
        let schema = table.metadata().current_schema().clone();
        let columns = relaxed(&arrow_schema(&schema, schema.as_struct().fields())?);
        if text.trim().is_empty() {
            return Err(Error::invalid("the filter is empty").hint("true takes every row"));
        }
        let filter = Filter::parse(text, &columns, &uuids(&schema))?;
        Ok(Self { table: table.clone(), schema, filter })
    }

    /// A condition of Iceberg's that holds for every row that the filter takes, and perhaps for more.
    pub fn wider(&self) -> Predicate {
        wider(self.filter.expression(), &self.schema)
    }

    /// The files of a snapshot of which it takes rows. Reads the columns that the filter looks at, of files that it may
    /// take some rows of; and of those that it takes whole where deletes have taken rows before.
    ///
    /// # Errors
    /// [`Kind::Unsupported`](crate::Kind::Unsupported) for deletes that cannot be read, with the reason.
    pub async fn files(&self, snapshot_id: i64, monitor: &Monitor) -> Result<TakenFiles> {
        let names = self.filter.columns();
        let fields = self.schema.as_struct().fields();
        let mut wanted: Vec<NestedFieldRef> = fields.iter().filter(|f| names.contains(&f.name)).cloned().collect();
        if wanted.is_empty() {
            wanted.extend(fields.first().cloned());
        }
        let target = relaxed(&arrow_schema(&self.schema, &wanted)?);
        Ok(TakenFiles {
            plan: self.plan(snapshot_id, monitor).await?,
            pruner: Pruner::new(&self.table, &self.filter, &target),
            whole: Whole::new(&self.table, &self.filter, &target),
            filter: self.filter.bind(&target)?,
            reader: self.reader(target),
            monitor: monitor.clone(),
        })
    }

    /// The rows that it leaves of these files of a snapshot, in all columns of the table's current schema.
    ///
    /// # Errors
    /// As [`files`](Self::files).
    pub async fn rest(&self, snapshot_id: i64, files: HashSet<String>, monitor: &Monitor) -> Result<RestRows> {
        let target = arrow_schema(&self.schema, self.schema.as_struct().fields())?;
        let target = ArrowSchemaRef::new(target);
        Ok(RestRows {
            plan: self.plan(snapshot_id, monitor).await?,
            files,
            filter: self.filter.bind(&target)?,
            reader: self.reader(target),
            batches: None,
            monitor: monitor.clone(),
        })
    }

    async fn plan(&self, snapshot_id: i64, monitor: &Monitor) -> Result<Plan> {
        let snapshot = inspect::snapshot(&self.table, Some(snapshot_id))?;
        let snapshot =
            snapshot.ok_or_else(|| Error::bug("a snapshot has no snapshot").with("snapshot", snapshot_id))?;
        Plan::new(&self.table, &snapshot, &self.schema, monitor).await
    }

    fn reader(&self, target: ArrowSchemaRef) -> FileReader {
        FileReader { table: self.table.clone(), schema: self.schema.clone(), target, page: BATCH }
    }
}

/// The files of which a filter takes rows, one by one.
pub struct TakenFiles {
    plan: Plan,
    pruner: Option<Pruner>,
    whole: Option<Whole>,
    filter: BoundFilter,
    reader: FileReader,
    monitor: Monitor,
}

impl std::fmt::Debug for TakenFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TakenFiles")
    }
}

impl TakenFiles {
    /// The next file; nothing at the end.
    ///
    /// # Errors
    /// What reading a manifest or a data file says; cancellation.
    pub async fn next(&mut self) -> Result<Option<TakenFile>> {
        while let Some(file) = self.plan.next(&self.monitor).await? {
            if self.pruner.as_ref().is_some_and(|pruner| pruner.rules_out(&file)) {
                continue;
            }
            let found = self.judge(&file).await?;
            if found.taken > 0 {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn judge(&self, file: &PlannedFile) -> Result<TakenFile> {
        let entry = file.entry.data_file();
        let is_whole = self.whole.as_ref().is_some_and(|whole| whole.takes(file));
        let was_read = !(is_whole && file.deletes.is_empty());
        let (path, bytes) = (entry.file_path().to_string(), entry.file_size_in_bytes());
        let mut found = TakenFile { path, bytes, taken: entry.record_count(), left: 0, was_read };
        if !was_read {
            return Ok(found);
        }
        found.taken = 0;
        let mut batches = self.monitor.until(self.reader.open(file)).await?;
        while let Some(batch) = self.monitor.until(async { batches.next().await.transpose() }).await? {
            let taken = if is_whole { batch.num_rows() } else { self.filter.apply(&batch)?.num_rows() };
            found.taken += taken as u64;
            found.left += batch.num_rows().saturating_sub(taken) as u64;
            self.monitor.update(|p| p.rows += batch.num_rows() as u64);
        }
        Ok(found)
    }
}

/// The rows that a filter leaves of some files. Holds one batch.
pub struct RestRows {
    plan: Plan,
    files: HashSet<String>,
    filter: BoundFilter,
    reader: FileReader,
    batches: Option<BoxStream<'static, Result<RecordBatch>>>,
    monitor: Monitor,
}

impl std::fmt::Debug for RestRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RestRows")
    }
}

impl RestRows {
    /// The next rows, never none; nothing at the end.
    ///
    /// # Errors
    /// What reading a manifest or a data file says, a file that is no longer in the snapshot, cancellation.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let Some(batches) = &mut self.batches else {
                if self.open_next().await? {
                    continue;
                }
                return Ok(None);
            };
            let Some(batch) = self.monitor.until(async { batches.next().await.transpose() }).await? else {
                self.batches = None;
                continue;
            };
            let rest = self.filter.rest(&batch)?;
            self.monitor.update(|p| p.rows += batch.num_rows() as u64);
            if rest.num_rows() > 0 {
                return Ok(Some(rest));
            }
        }
    }

    async fn open_next(&mut self) -> Result<bool> {
        while !self.files.is_empty() {
            let Some(file) = self.plan.next(&self.monitor).await? else {
                return Err(Error::bug("a file to be written again is not in the snapshot"));
            };
            if self.files.remove(file.entry.file_path()) {
                self.batches = Some(self.monitor.until(self.reader.open(&file)).await?);
                return Ok(true);
            }
        }
        Ok(false)
    }
}
