//! Rows in pages: what the console's grid and `icedeck rows` show.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef as SchemaRefOfArrow;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{NestedFieldRef, PrimitiveType, Schema, SchemaRef, Type};

use super::conform::relaxed;
use super::file::FileReader;
use super::filter::{BoundFilter, Filter};
use super::plan::Plan;
use super::prune::{FilesSeen, Pruner};
use crate::monitor::Monitor;
use crate::storage::from_iceberg;
use crate::table::cell::Reader;
use crate::table::{Cell, Table, inspect};
use crate::{Error, Result};

/// Rows of a page at most.
pub(super) const PAGE: usize = 1000;

/// Which rows are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowsRequest {
    /// The snapshot; nothing for the current one. The current one is read with the current schema, every other one with
    /// the schema it was written under.
    pub snapshot_id: Option<i64>,
    /// How many rows at most; nothing for all.
    pub limit: Option<usize>,
    /// Top-level columns in the order wanted; none for all of them.
    pub columns: Vec<String>,
    /// A SQL expression that is true for the rows wanted: `amount > 10 and country = 'DE'`. It may use columns that
    /// are not shown.
    pub filter: Option<String>,
}

/// A column of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnHead {
    /// Its name.
    pub name: String,
    /// Its type as Iceberg writes it.
    pub type_name: String,
}

/// Some rows, one cell a column.
#[derive(Debug, Clone, PartialEq)]
pub struct RowPage {
    /// The columns.
    pub columns: Vec<ColumnHead>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// Rows as they are read, in the order in which the snapshot's manifests name its files. Holds one batch, whatever the
/// table's size.
pub struct RowStream {
    columns: Vec<ColumnHead>,
    plan: Option<Plan>,
    reader: FileReader,
    filter: Option<BoundFilter>,
    pruner: Option<Pruner>,
    files: FilesSeen,
    batches: Option<BoxStream<'static, Result<RecordBatch>>>,
    cells: Reader,
    left: usize,
    monitor: Monitor,
}

impl std::fmt::Debug for RowStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowStream").field("columns", &self.columns).field("left", &self.left).finish_non_exhaustive()
    }
}

/// Opens the rows of a table: reads its manifest list and delete manifests, no data yet. A table without snapshots has
/// columns and no rows.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) for an unknown column or a filter that is none,
/// [`Kind::NotFound`](crate::Kind::NotFound) for an unknown snapshot,
/// [`Kind::Unsupported`](crate::Kind::Unsupported) where the rows shown would be wrong, with the reason.
pub async fn rows(table: &Table, request: &RowsRequest, monitor: &Monitor) -> Result<RowStream> {
    let snapshot = inspect::snapshot(table, request.snapshot_id)?;
    let schema = read_schema(table, request.snapshot_id)?;
    let uuids = uuids(&schema);
    let shown = chosen(&schema, &request.columns)?;
    let filter = match request.filter.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => {
            let columns = relaxed(&arrow_schema(&schema, schema.as_struct().fields())?);
            Some(Filter::parse(text, &columns, &uuids)?)
        }
        None => None,
    };
    let mut wanted = shown.clone();
    for name in filter.iter().flat_map(Filter::columns) {
        let field = schema.as_struct().fields().iter().find(|field| field.name == name);
        wanted.extend(field.filter(|field| !shown.iter().any(|s| s.id == field.id)).cloned());
    }
    let target = relaxed(&arrow_schema(&schema, &wanted)?);
    let plan = match &snapshot {
        Some(snapshot) => Some(Plan::new(table, snapshot, &schema, monitor).boxed().await?),
        None => None,
    };
    Ok(RowStream {
        columns: shown.iter().map(head).collect(),
        plan,
        pruner: filter.as_ref().and_then(|filter| Pruner::new(table, filter, &target)),
        files: FilesSeen::default(),
        filter: filter.map(|filter| filter.bind(&target)).transpose()?,
        reader: FileReader { table: table.clone(), schema, target, page: PAGE },
        batches: None,
        cells: Reader::with_uuids(uuids),
        left: request.limit.unwrap_or(usize::MAX),
        monitor: monitor.clone(),
    })
}

impl RowStream {
    /// The columns, known before the first page.
    pub fn columns(&self) -> &[ColumnHead] {
        &self.columns
    }

    /// How many data files were read and ruled out so far.
    pub fn files(&self) -> FilesSeen {
        self.files
    }

    /// The next page, never empty; nothing at the end.
    ///
    /// # Errors
    /// What reading a data file says; cancellation, when the monitor given at the opening is cancelled.
    pub async fn next(&mut self) -> Result<Option<RowPage>> {
        Ok(self.filtered().boxed().await?.map(|batch| self.page(&batch)))
    }

    /// The next page as a batch, never empty; nothing at the end.
    pub(super) async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        let Some(batch) = self.filtered().boxed().await? else { return Ok(None) };
        let shown: Vec<usize> = (0..self.columns.len()).collect();
        batch.project(&shown).map(Some).map_err(|e| Error::bug("columns are missing from a batch").caused_by(e))
    }

    /// What those batches look like.
    pub(super) fn schema(&self) -> Result<SchemaRefOfArrow> {
        let shown: Vec<usize> = (0..self.columns.len()).collect();
        let schema = self.reader.target.project(&shown);
        schema.map(Arc::new).map_err(|e| Error::bug("columns are missing from the schema").caused_by(e))
    }

    async fn filtered(&mut self) -> Result<Option<RecordBatch>> {
        while self.left > 0 {
            let Some(batch) = self.batch().await? else { return Ok(None) };
            let batch = match &self.filter {
                Some(filter) => filter.apply(&batch)?,
                None => batch,
            };
            let batch = batch.slice(0, batch.num_rows().min(self.left));
            if batch.num_rows() > 0 {
                self.left -= batch.num_rows();
                self.monitor.update(|p| p.rows += batch.num_rows() as u64);
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// The next batch of the file at hand, or of the file after it.
    async fn batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            self.monitor.check()?;
            if let Some(batches) = &mut self.batches {
                let next = self.monitor.until(async { batches.next().await.transpose() }).await?;
                if next.is_some() {
                    return Ok(next);
                }
                self.batches = None;
                self.monitor.update(|p| p.files += 1);
            }
            let Some(plan) = &mut self.plan else { return Ok(None) };
            let Some(file) = plan.next(&self.monitor).await? else { return Ok(None) };
            if self.pruner.as_ref().is_some_and(|pruner| pruner.rules_out(&file)) {
                self.files.ruled_out += 1;
                continue;
            }
            self.files.read += 1;
            self.batches = Some(self.monitor.until(self.reader.open(&file)).await?);
        }
    }

    fn page(&self, batch: &RecordBatch) -> RowPage {
        let mut rows = self.cells.rows(batch);
        rows.iter_mut().for_each(|row| row.truncate(self.columns.len()));
        RowPage { columns: self.columns.clone(), rows }
    }
}

/// One data file of a snapshot, and how many of its rows were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMatch {
    /// Where it is.
    pub path: String,
    /// Rows in the file.
    pub rows: u64,
    /// Rows that deletes of the snapshot leave of it; those of a file that the filter rules out are not counted.
    pub live: u64,
    /// Live rows for which the filter is true; all of them where there is none.
    pub matched: u64,
}

/// The data files of a snapshot, one by one, with what a filter says of each.
#[derive(Debug)]
pub struct FileMatches(RowStream);

/// Opens the data files of a snapshot. Only files that the filter does not rule out, or that deletes apply to, are read.
///
/// # Errors
/// As [`rows`].
pub async fn file_matches(
    table: &Table,
    snapshot_id: i64,
    filter: Option<&str>,
    monitor: &Monitor,
) -> Result<FileMatches> {
    let schema = read_schema(table, Some(snapshot_id))?;
    let columns = schema.as_struct().fields().first().map(|field| field.name.clone()).into_iter().collect();
    let filter = filter.map(str::to_string);
    let request = RowsRequest { snapshot_id: Some(snapshot_id), limit: None, columns, filter };
    rows(table, &request, monitor).await.map(FileMatches)
}

impl FileMatches {
    /// The next file; nothing at the end.
    ///
    /// # Errors
    /// As [`RowStream::next`].
    pub async fn next(&mut self) -> Result<Option<FileMatch>> {
        let stream = &mut self.0;
        let Some(plan) = &mut stream.plan else { return Ok(None) };
        let Some(file) = plan.next(&stream.monitor).await? else { return Ok(None) };
        let rows = file.entry.data_file().record_count();
        let mut found = FileMatch { path: file.entry.file_path().to_string(), rows, live: rows, matched: rows };
        if stream.pruner.as_ref().is_some_and(|pruner| pruner.rules_out(&file)) {
            found.matched = 0;
            return Ok(Some(found));
        }
        if stream.filter.is_none() && file.deletes.is_empty() {
            return Ok(Some(found));
        }
        (found.live, found.matched) = (0, 0);
        let mut batches = stream.monitor.until(stream.reader.open(&file)).await?;
        while let Some(batch) = stream.monitor.until(async { batches.next().await.transpose() }).await? {
            found.live += batch.num_rows() as u64;
            let matched =
                stream.filter.as_ref().map_or(Ok(batch.num_rows()), |f| f.apply(&batch).map(|b| b.num_rows()));
            found.matched += matched? as u64;
        }
        stream.monitor.update(|p| p.rows += found.live);
        Ok(Some(found))
    }
}

/// The current snapshot is read with the current schema, as every engine does; older ones with their own.
pub(super) fn read_schema(table: &Table, snapshot_id: Option<i64>) -> Result<SchemaRef> {
    let metadata = table.metadata();
    let older = snapshot_id.filter(|id| metadata.current_snapshot_id() != Some(*id));
    match older.and_then(|id| metadata.snapshot_by_id(id)) {
        Some(snapshot) => snapshot
            .schema(metadata)
            .map_err(|e| from_iceberg(e, "the snapshot's schema is not in the metadata").with("table", table.name())),
        None => Ok(metadata.current_schema().clone()),
    }
}

fn chosen(schema: &Schema, names: &[String]) -> Result<Vec<NestedFieldRef>> {
    let fields = schema.as_struct().fields();
    if names.is_empty() {
        return Ok(fields.to_vec());
    }
    let find = |name: &String| {
        let all = || fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(", ");
        fields.iter().find(|field| field.name == *name).cloned().ok_or_else(|| {
            Error::invalid("the table has no such column").with("column", name).hint(format!("columns: {}", all()))
        })
    };
    let mut chosen: Vec<NestedFieldRef> = Vec::new();
    for name in names {
        let field = find(name)?;
        if !chosen.iter().any(|other| other.id == field.id) {
            chosen.push(field);
        }
    }
    Ok(chosen)
}

pub(super) fn arrow_schema(schema: &Schema, fields: &[NestedFieldRef]) -> Result<arrow::datatypes::Schema> {
    let part = Schema::builder().with_schema_id(schema.schema_id()).with_fields(fields.iter().cloned()).build();
    let arrow = part.and_then(|part| schema_to_arrow_schema(&part));
    arrow.map_err(|e| from_iceberg(e, "the table's schema has a type that icedeck cannot show"))
}

pub(super) fn head(field: &NestedFieldRef) -> ColumnHead {
    ColumnHead { name: field.name.clone(), type_name: inspect::type_name(&field.field_type) }
}

pub(super) fn uuids(schema: &Schema) -> HashSet<i32> {
    let is_uuid = |of_type: &Type| matches!(of_type, Type::Primitive(PrimitiveType::Uuid));
    let fields = schema.field_id_to_fields().iter();
    fields.filter(|(_, field)| is_uuid(&field.field_type)).map(|(id, _)| *id).collect()
}
