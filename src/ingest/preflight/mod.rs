//! The full check of a source against a mapping: every row is decoded and fitted on all cores, nothing is written.

mod tally;

use std::num::NonZero;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use serde::Serialize;

pub use tally::Tally;

use super::Fault;
use super::bind::{Binding, Verdict};
use super::source::{Blocks, Decoder, Source};
use crate::monitor::Monitor;
use crate::{Error, Result};

/// What a source would be to a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PreflightReport {
    /// Rows of the source.
    pub rows: u64,
    /// Rows that fit.
    pub fit: u64,
    /// Rows that do not, those included that could not be taken apart.
    pub unfit: u64,
    /// Cells (or rows) at fault by column and reason, the most frequent first.
    pub reasons: Vec<ReasonGroup>,
    /// Cells at fault beyond the groups that are kept.
    pub other_faults: u64,
    /// The first faults, in the order of the source.
    pub faults: Vec<Fault>,
    /// What becomes of each table column, in the table's order.
    pub columns: Vec<ColumnReport>,
}

/// Cells of one column at fault for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReasonGroup {
    /// The column that is at fault; nothing for whole rows.
    pub column: Option<String>,
    /// Why.
    pub reason: String,
    /// How many cells.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<Fault>,
}

/// What becomes of one table column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnReport {
    /// The table column.
    pub name: String,
    /// The type that comes in, in Iceberg's words.
    pub from: String,
    /// The column's type, in Iceberg's words.
    pub to: String,
    /// What became of the values that were seen.
    pub verdict: Verdict,
    /// Why, in a few words.
    pub why: String,
    /// Cells at fault.
    pub faults: u64,
    /// Cells with a value that fits.
    pub values: u64,
}

/// Checks a whole source. Blocks: call it on a thread that may wait. Memory is bounded however many rows do not fit.
///
/// # Errors
/// Those of reading, and cancellation; rows that do not fit are no error.
pub fn run(source: &Source, binding: &Binding, monitor: &Monitor) -> Result<PreflightReport> {
    monitor.update(|p| {
        p.stage = "checking";
        p.total_bytes = source.total_bytes();
    });
    let blocks = Mutex::new(Queue { blocks: source.blocks(monitor)?, failed: false });
    let decoder = source.decoder(Some(binding.source_projection()))?.parsing(binding.source_parsers());
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let tallies = thread::scope(|scope| {
        let work = || check(&blocks, &decoder, binding, monitor);
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let ended = running
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|_| Err(Error::bug("a worker of the check broke off"))));
        ended.collect::<Result<Vec<_>>>()
    })?;
    monitor.check()?;
    let mut all = Tally::new(binding);
    tallies.into_iter().for_each(|tally| all.merge(tally));
    Ok(all.report(binding))
}

struct Queue {
    blocks: Blocks,
    failed: bool,
}

/// Takes blocks until there is none.
fn check(queue: &Mutex<Queue>, decoder: &Decoder, binding: &Binding, monitor: &Monitor) -> Result<Tally> {
    let mut tally = Tally::new(binding);
    let next = || {
        let mut queue = held(queue);
        if queue.failed {
            return None;
        }
        let block = queue.blocks.next();
        queue.failed = matches!(block, Some(Err(_)) | None);
        block
    };
    while let Some(block) = next() {
        let checked = block.and_then(|block| {
            monitor.check()?;
            let batch = block.decode(decoder)?;
            let fitted = binding.fit(&batch)?;
            let rows = tally.add(block.number, &batch, &fitted);
            monitor.update(|p| {
                p.rows += rows;
                p.bytes += block.source_bytes;
            });
            Ok(())
        });
        if let Err(error) = checked {
            // The others need not go on.
            held(queue).failed = true;
            return Err(error);
        }
    }
    Ok(tally)
}

/// A worker that broke off leaves nothing half done in the queue.
fn held(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PreflightReport {
    /// Whether every row fits.
    pub fn all_fit(&self) -> bool {
        self.unfit == 0
    }
}
