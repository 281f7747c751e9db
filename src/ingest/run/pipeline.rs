//! One pass over the source on all cores: decode, fit, write. Knows nothing of catalogs and journals.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::ingest::SourceBatch;
use crate::ingest::bind::Binding;
use crate::ingest::fit::Fitted;
use crate::ingest::preflight::{PreflightReport, Tally};
use crate::ingest::rejects::Rejects;
use crate::ingest::source::{Block, Blocks, Decoder, Source};
use crate::ingest::stage::Stage;
use crate::monitor::Monitor;
use crate::{Error, Result};

/// One pass, shared by its workers.
#[derive(Debug)]
pub(super) struct Pass {
    source: Arc<Source>,
    binding: Arc<Binding>,
    stage: Arc<Stage>,
    /// Where rows go that do not fit; nothing where one such row stops the load.
    pub rejects: Option<Mutex<Rejects>>,
    /// End at the first row that does not fit, without looking at the others.
    pub stop_at_fault: bool,
    monitor: Monitor,
    workers: usize,
    stopped: AtomicBool,
    unfit: AtomicBool,
}

impl Pass {
    pub fn new(source: Arc<Source>, binding: Arc<Binding>, stage: Arc<Stage>, monitor: &Monitor) -> Self {
        Self {
            source,
            binding,
            stage,
            rejects: None,
            stop_at_fault: false,
            monitor: monitor.clone(),
            workers: thread::available_parallelism().map_or(1, NonZero::get),
            stopped: AtomicBool::new(false),
            unfit: AtomicBool::new(false),
        }
    }

    /// Reads all rows and stages those that fit. Once a row does not fit and none may be rejected, the rest is only
    /// counted. Blocks.
    ///
    /// # Errors
    /// Those of reading and writing, and cancellation; the stage must be discarded then.
    pub fn run(&self) -> Result<PreflightReport> {
        self.monitor.update(|p| {
            (p.stage, p.rows, p.bytes, p.files) = ("loading", 0, 0, 0);
            p.total_bytes = self.source.total_bytes();
        });
        // Rejected rows are written as the source has them, which takes all columns as they are.
        let decoder = match self.rejects {
            Some(_) => self.source.decoder(None)?,
            None => {
                let decoder = self.source.decoder(Some(self.binding.source_projection()))?;
                decoder.parsing(self.binding.source_parsers())
            }
        };
        let blocks = Mutex::new(self.source.blocks(&self.monitor)?);
        let tallies = self.on_all_workers(|worker| self.work(worker, &blocks, &decoder))?;
        if !self.unfit.load(Ordering::Relaxed) {
            self.monitor.update(|p| p.stage = "finishing files");
            self.on_all_workers(|_| self.stage.close())?;
        }
        self.monitor.check()?;
        let mut all = Tally::new(&self.binding);
        tallies.into_iter().for_each(|tally| all.merge(tally));
        Ok(all.report(&self.binding))
    }

    /// Runs the work on each worker and collects what they return, or the first failure.
    fn on_all_workers<T: Send>(&self, work: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
        let guarded = |worker| {
            let done = work(worker);
            if done.is_err() {
                self.stopped.store(true, Ordering::Relaxed);
            }
            done
        };
        thread::scope(|scope| {
            let guarded = &guarded;
            let running: Vec<_> = (0..self.workers).map(|worker| scope.spawn(move || guarded(worker))).collect();
            let ended: Vec<_> = running.into_iter().map(|worker| worker.join()).collect();
            let broken = |_| Err(Error::bug("a worker of the load broke off"));
            ended.into_iter().map(|ended| ended.unwrap_or_else(broken)).collect()
        })
    }

    fn work(&self, worker: usize, blocks: &Mutex<Blocks>, decoder: &Decoder) -> Result<Tally> {
        let mut tally = Tally::new(&self.binding);
        while let Some(block) = self.next(blocks) {
            let block = block?;
            self.monitor.check()?;
            let batch = block.decode(decoder)?;
            let fitted = self.binding.fit(&batch)?;
            let rows = tally.add(block.number, &batch, &fitted);
            self.take(worker, &batch, fitted)?;
            self.report(&block, rows);
        }
        Ok(tally)
    }

    /// The next block; none once a worker has failed.
    fn next(&self, blocks: &Mutex<Blocks>) -> Option<Result<Block>> {
        let mut blocks = held(blocks);
        if self.stopped.load(Ordering::Relaxed) { None } else { blocks.next() }
    }

    fn take(&self, worker: usize, batch: &SourceBatch, fitted: Fitted) -> Result<()> {
        let Fitted { batch: rows, rejected, faults, .. } = fitted;
        if !(rejected.is_empty() && batch.faults.is_empty()) {
            match &self.rejects {
                Some(rejects) if !self.stop_at_fault => held(rejects).write(batch, &rejected, &faults)?,
                _ => {
                    self.unfit.store(true, Ordering::Relaxed);
                    self.stopped.fetch_or(self.stop_at_fault, Ordering::Relaxed);
                }
            }
        }
        if self.unfit.load(Ordering::Relaxed) { Ok(()) } else { self.stage.write(worker, rows) }
    }

    fn report(&self, block: &Block, rows: u64) {
        let (files, _) = self.stage.so_far();
        self.monitor.update(|p| {
            p.rows += rows;
            p.bytes += block.source_bytes;
            p.files = files;
        });
    }
}

/// A worker that broke off leaves nothing half done behind this lock that the load would still use.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
