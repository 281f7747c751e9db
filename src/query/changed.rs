//! The rows of files that one snapshot has and another has not: what a change put in and took out, as they lie in the
//! files. Only where no delete file makes that wrong.

use std::collections::VecDeque;

use arrow::array::RecordBatch;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use iceberg::spec::ManifestEntryRef;

use super::conform::relaxed;
use super::file::FileReader;
use super::plan::PlannedFile;
use super::rows::{ColumnHead, PAGE, arrow_schema, head, read_schema, uuids};
use crate::monitor::Monitor;
use crate::table::cell::Reader;
use crate::table::changes::{Direction, RawChanges};
use crate::table::{Cell, Table};
use crate::{Error, Result};

/// Some rows that came or went.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedPage {
    /// Which.
    pub change: Direction,
    /// The data file they lie in.
    pub file: String,
    /// One cell a column.
    pub rows: Vec<Vec<Cell>>,
}

/// Rows that came and went, as they are read: added ones first. Holds one batch and the entries of one manifest.
pub struct ChangedRows {
    columns: Vec<ColumnHead>,
    changes: RawChanges,
    at_hand: VecDeque<(Direction, i32, ManifestEntryRef)>,
    reader: FileReader,
    batches: Option<(Direction, String, BoxStream<'static, Result<RecordBatch>>)>,
    cells: Reader,
    left: usize,
    monitor: Monitor,
}

impl std::fmt::Debug for ChangedRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangedRows").field("columns", &self.columns).field("left", &self.left).finish_non_exhaustive()
    }
}

/// Opens the rows that came and went from one snapshot to another, at most `limit` of them, in the columns of the second.
/// Rows of a file that was rewritten come on both sides.
///
/// # Errors
/// [`Kind::NotFound`](crate::Kind::NotFound) for an unknown snapshot,
/// [`Kind::Unsupported`](crate::Kind::Unsupported) where delete files make rows come or go that lie in no changed file,
/// what reading the manifest lists says.
pub async fn changed_rows(
    table: &Table,
    from: i64,
    to: i64,
    limit: Option<usize>,
    monitor: &Monitor,
) -> Result<ChangedRows> {
    let changes = RawChanges::open(table, from, to, monitor).boxed().await?;
    if let Some(why) = changes.doubt() {
        return Err(Error::unsupported("which rows came and went cannot be told from the changed files alone")
            .with("because", why)
            .hint("icedeck diff without --rows counts them; icedeck rows TABLE@SNAPSHOT reads either snapshot whole"));
    }
    let schema = read_schema(table, Some(to))?;
    let fields = schema.as_struct().fields();
    let target = relaxed(&arrow_schema(&schema, fields)?);
    Ok(ChangedRows {
        columns: fields.iter().map(head).collect(),
        changes,
        at_hand: VecDeque::new(),
        cells: Reader::with_uuids(uuids(&schema)),
        reader: FileReader { table: table.clone(), schema, target, page: PAGE },
        batches: None,
        left: limit.unwrap_or(usize::MAX),
        monitor: monitor.clone(),
    })
}

impl ChangedRows {
    /// The columns, known before the first page.
    pub fn columns(&self) -> &[ColumnHead] {
        &self.columns
    }

    /// The next page, never empty; nothing at the end.
    ///
    /// # Errors
    /// What reading a manifest or a data file says; cancellation.
    pub async fn next(&mut self) -> Result<Option<ChangedPage>> {
        while self.left > 0 {
            self.monitor.check()?;
            let Some((change, file, batches)) = &mut self.batches else {
                if self.open_next().boxed().await? {
                    continue;
                }
                return Ok(None);
            };
            let Some(batch) = self.monitor.until(async { batches.next().await.transpose() }).await? else {
                self.batches = None;
                continue;
            };
            let batch = batch.slice(0, batch.num_rows().min(self.left));
            if batch.num_rows() > 0 {
                self.left -= batch.num_rows();
                self.monitor.update(|p| p.rows += batch.num_rows() as u64);
                return Ok(Some(ChangedPage { change: *change, file: file.clone(), rows: self.cells.rows(&batch) }));
            }
        }
        Ok(None)
    }

    /// Opens the next changed data file; false at the end.
    async fn open_next(&mut self) -> Result<bool> {
        loop {
            if let Some((change, spec_id, entry)) = self.at_hand.pop_front() {
                let path = entry.file_path().to_string();
                let planned = PlannedFile { entry, spec_id, deletes: Vec::new() };
                let batches = self.monitor.until(self.reader.open(&planned)).await?;
                self.batches = Some((change, path, batches));
                return Ok(true);
            }
            let Some(chunk) = self.changes.next(&self.monitor).await? else { return Ok(false) };
            let data = chunk.entries.into_iter().filter(|e| e.content_type() == iceberg::spec::DataContentType::Data);
            self.at_hand.extend(data.map(|entry| (chunk.change, chunk.spec_id, entry)));
        }
    }
}
