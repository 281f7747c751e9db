//! One partition on its way to disk: rows that wait, and the files that take them. Knows nothing of other partitions.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use iceberg::spec::Struct;

use super::data_file::OpenFile;
use super::from_arrow;
use crate::Result;

/// Small pieces are joined when there are this many, since each array has a price of its own.
const LOOSE_PIECES: usize = 128;

/// The rows of one partition; of one worker where the table has no partitions.
#[derive(Debug)]
pub(super) struct Lane {
    /// The partition's values.
    pub values: Struct,
    /// Its folder.
    pub path: String,
    /// A number for the names of its files.
    pub task: usize,
    state: Mutex<LaneState>,
    memory: AtomicUsize,
    touched: AtomicU64,
}

/// What waits, and the files that are open.
#[derive(Debug, Default)]
pub(super) struct LaneState {
    waiting: Waiting,
    idle: Vec<LaneFile>,
    /// Memory of the files that workers write at this moment.
    busy: usize,
}

/// A file of a lane, with what is known of the order of its rows.
#[derive(Debug)]
pub(super) struct LaneFile {
    pub file: OpenFile,
    /// The sort key of the last row while all rows so far are in order.
    pub sorted_to: Option<Box<[u8]>>,
}

/// Rows that are not yet encoded.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub pieces: Vec<RecordBatch>,
    joined: usize,
    pub rows: usize,
    pub bytes: usize,
}

impl Lane {
    pub fn new(values: Struct, path: String, task: usize) -> Self {
        let (state, memory, touched) = (Mutex::default(), AtomicUsize::new(0), AtomicU64::new(0));
        Self { values, path, task, state, memory, touched }
    }

    /// Its state, for a short while: never while something is encoded.
    pub fn lock(&self) -> MutexGuard<'_, LaneState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Memory it was last known to take, in bytes.
    pub fn memory(&self) -> usize {
        self.memory.load(Ordering::Relaxed)
    }

    /// Takes down what the lane takes now; returns what it took before and takes now.
    pub fn note_memory(&self, state: &LaneState) -> (usize, usize) {
        let idle: usize = state.idle.iter().map(|f| f.file.memory()).sum();
        let now = state.waiting.bytes + state.busy + idle;
        (self.memory.swap(now, Ordering::Relaxed), now)
    }

    /// When a file of it was last used, as a count of uses.
    pub fn touched(&self) -> u64 {
        self.touched.load(Ordering::Relaxed)
    }

    /// Says that a file of it is used now.
    pub fn touch(&self, now: u64) {
        self.touched.store(now, Ordering::Relaxed);
    }
}

impl LaneState {
    /// Adds rows to those that wait.
    ///
    /// # Errors
    /// [`Kind::Bug`](crate::Kind::Bug) where the pieces differ in their schema.
    pub fn add(&mut self, batch: RecordBatch) -> Result<()> {
        self.waiting.add(batch)
    }

    /// Rows and bytes that wait.
    pub fn waiting(&self) -> (usize, usize) {
        (self.waiting.rows, self.waiting.bytes)
    }

    /// Takes what waits.
    pub fn take_waiting(&mut self) -> Waiting {
        std::mem::take(&mut self.waiting)
    }

    /// Lends out an idle file, if there is one.
    pub fn borrow_file(&mut self) -> Option<(LaneFile, usize)> {
        let file = self.idle.pop()?;
        let memory = file.file.memory();
        self.busy += memory;
        Some((file, memory))
    }

    /// Takes a file back that was lent out with `memory` bytes.
    pub fn return_file(&mut self, file: Option<LaneFile>, memory: usize) {
        self.busy = self.busy.saturating_sub(memory);
        self.idle.extend(file);
    }

    /// Takes all idle files for good.
    pub fn take_files(&mut self) -> Vec<LaneFile> {
        std::mem::take(&mut self.idle)
    }

    /// Whether it has a file that nobody writes to.
    pub fn has_idle_file(&self) -> bool {
        !self.idle.is_empty()
    }
}

impl Waiting {
    fn add(&mut self, batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        self.bytes += memory_of(&batch);
        self.pieces.push(batch);
        if self.pieces.len() - self.joined >= LOOSE_PIECES {
            let loose = self.pieces.split_off(self.joined);
            let before: usize = loose.iter().map(memory_of).sum();
            let joined = joined(&loose)?;
            self.bytes = self.bytes.saturating_sub(before) + joined.as_ref().map_or(0, memory_of);
            self.pieces.extend(joined);
            self.joined = self.pieces.len();
        }
        Ok(())
    }

    /// All rows as one batch; nothing where there are none.
    ///
    /// # Errors
    /// [`Kind::Bug`](crate::Kind::Bug) where the pieces differ in their schema.
    pub fn into_batch(mut self) -> Result<Option<RecordBatch>> {
        match self.pieces.len() {
            0 | 1 => Ok(self.pieces.pop()),
            _ => joined(&self.pieces),
        }
    }
}

/// With a share for the bookkeeping, which outweighs the values of tiny batches.
pub(super) fn memory_of(batch: &RecordBatch) -> usize {
    batch.get_array_memory_size() + 128 * batch.num_columns()
}

fn joined(pieces: &[RecordBatch]) -> Result<Option<RecordBatch>> {
    let Some(first) = pieces.first() else { return Ok(None) };
    concat_batches(&first.schema(), pieces).map(Some).map_err(from_arrow)
}
