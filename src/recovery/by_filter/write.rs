//! Writing the rows again that a filter leaves of a file: in the table's current schema, partition spec and sort order, as
//! its properties say. One batch is read while another is written.

use std::sync::Arc;

use arrow::array::RecordBatch;
use tokio::sync::mpsc;

use super::Cutting;
use crate::commit::{Change, StagedFile};
use crate::ingest::run::StagedLoad;
use crate::ingest::stage::{Stage, StageLimits};
use crate::monitor::Monitor;
use crate::{Error, Result};

/// Batches that wait for the disk.
const WAITING: usize = 2;

impl Cutting {
    /// A stage for the rows that are kept; its files carry `name`.
    pub(super) fn stage(&self, name: &str) -> Result<Arc<Stage>> {
        let limits = StageLimits { workers: 1, ..StageLimits::default() };
        Stage::new(&self.base, name, limits).map(Arc::new)
    }

    /// Writes the kept rows. Whatever the answer is, nobody writes to the stage any more.
    ///
    /// # Errors
    /// Those of reading and writing, cancellation: then the stage must be discarded.
    pub(super) async fn write(&self, stage: &Arc<Stage>, monitor: &Monitor) -> Result<Vec<StagedFile>> {
        let (Some(read_at), false) = (self.read_at, self.rewritten.is_empty()) else { return Ok(Vec::new()) };
        monitor.update(|p| (p.stage, p.rows) = ("writing kept rows", 0));
        let (sender, mut receiver) = mpsc::channel::<RecordBatch>(WAITING);
        let writing = stage.clone();
        let written = tokio::task::spawn_blocking(move || {
            let mut rows = 0;
            while let Some(batch) = receiver.blocking_recv() {
                rows += batch.num_rows() as u64;
                writing.write(0, batch)?;
            }
            writing.close().map(|()| rows)
        });
        let read = self.read(read_at, sender, monitor).await;
        let written = written.await.map_err(|e| Error::bug("a part of the writing broke off").caused_by(e))?;
        read?;
        let rows = written?;
        if rows != self.taken.kept_rows {
            return Err(Error::bug("not as many rows were written again as were counted")
                .with("counted", self.taken.kept_rows)
                .with("written", rows));
        }
        stage.staged().await
    }

    async fn read(&self, read_at: i64, sender: mpsc::Sender<RecordBatch>, monitor: &Monitor) -> Result<()> {
        let mut rows = self.filter.rest(read_at, self.rewritten.clone(), monitor).await?;
        while let Some(batch) = rows.next().await? {
            if sender.send(batch).await.is_err() {
                // The writer has failed, and says why.
                return Ok(());
            }
        }
        Ok(())
    }

    /// Completes a load that overwrites by filter: writes the kept rows beside its own and puts both into its change.
    ///
    /// # Errors
    /// As [`write`](Self::write): then the load must be taken back.
    pub(in crate::recovery) async fn complete(&self, load: &mut StagedLoad, monitor: &Monitor) -> Result<()> {
        let Change::Overwrite { added, summary, .. } = &load.change else {
            return Err(Error::bug("a load that overwrites is no overwrite"));
        };
        let (mut files, summary) = (added.clone(), summary.clone());
        // Two stages of one name would give two files one name.
        let stage = self.stage(&format!("kept-{}", load.journal.id()))?;
        load.with_stage(stage.clone());
        let kept = self.write(&stage, monitor).await?;
        load.journal.files(&load.table, &kept)?;
        files.extend(kept);
        let (count, rows, bytes) = StagedFile::totals(&files);
        load.journal.staged(count, rows, bytes)?;
        monitor.check()?;
        load.note(format!("in the place of {}", self.taken));
        load.change = self.change(files, summary);
        Ok(())
    }
}
