//! Record batches in, data files of a table out: split by partition, sorted where the table has an order, written in
//! bounded memory by any number of threads. Nothing here publishes; until then [`Stage::discard`] takes all of it back.

mod bounds;
mod data_file;
mod dictionary;
mod lane;
mod metrics;
mod names;
mod partition;
mod settings;
mod sink;
mod sort;
mod statistics;
mod transform;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::Struct;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use data_file::{FileContext, OpenFile};
use dictionary::Distinct;
use lane::{Lane, LaneFile, LaneState, Waiting, memory_of};
use names::FileNames;
use partition::Partitioner;
use sort::Sorter;

pub use metrics::{MetricsMode, MetricsModes};
pub(crate) use partition::check_writable;
pub use settings::WriteSettings;

use crate::commit::StagedFile;
use crate::storage::from_iceberg;
use crate::table::Table;
use crate::{Error, Result};

/// How much a stage may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageLimits {
    /// Threads that write at the same time.
    pub workers: usize,
    /// Memory for rows that wait and files that are open, in bytes. Exceeded for a moment at most.
    pub memory: usize,
    /// Files open at the same time.
    pub open_files: usize,
}

impl StageLimits {
    /// What a load into this table may take: more where rows go into many files at once, which all have a row group open.
    pub fn of(table: &Table) -> Self {
        let limits = Self::default();
        match table.metadata().default_partition_spec().is_unpartitioned() {
            true => limits,
            false => Self { memory: 144 << 20, ..limits },
        }
    }
}

impl Default for StageLimits {
    fn default() -> Self {
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        Self { workers, memory: 112 << 20, open_files: 256 }
    }
}

/// Rows are handed to Parquet in batches of at least this many rows or bytes.
const CHUNK_ROWS: usize = 8192;
const CHUNK_BYTES: usize = 1 << 20;
/// Rows are split by partition so many at once.
const SPLIT_ROWS: usize = 65_536;

/// Data files in the making. Shared by the threads that write; all of them may wait.
#[derive(Debug)]
pub struct Stage {
    context: FileContext,
    limits: StageLimits,
    names: FileNames,
    partitioner: Option<Partitioner>,
    /// Fields of a spec that partitions by nothing (any more): each has a null in every file.
    void_fields: usize,
    sorter: Option<Sorter>,
    /// For each worker the rows that it has not split yet.
    gathering: Vec<Mutex<Gathered>>,
    lanes: Mutex<HashMap<Box<[u8]>, Arc<Lane>>>,
    memory: AtomicUsize,
    open_files: AtomicUsize,
    uses: AtomicU64,
    finished: Mutex<Finished>,
}

/// Rows that are not yet split by partition.
#[derive(Debug, Default)]
struct Gathered {
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Finished {
    files: Vec<StagedFile>,
    flushing: JoinSet<Result<()>>,
}

/// What [`Stage::discard`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discarded {
    /// Files that were deleted.
    pub removed: u64,
    /// Files that were not finished and were given up: nothing remains of them.
    pub unfinished: u64,
    /// Files that could not be deleted, and why.
    pub remaining: Vec<(String, String)>,
}

impl Stage {
    /// Begins to stage files of a table under an ingest id. Call it within a tokio runtime.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) for table properties that cannot be, and
    /// [`Kind::Unsupported`](crate::Kind::Unsupported) for partition specs and sort orders that cannot be computed.
    pub fn new(table: &Table, ingest_id: &str, limits: StageLimits) -> Result<Self> {
        let metadata = table.metadata();
        let schema = metadata.current_schema().clone();
        let spec = metadata.default_partition_spec();
        let arrow_schema = schema_to_arrow_schema(&schema).map_err(|e| from_iceberg(e, "cannot write this schema"))?;
        // Void fields alone make no partitions, and stand in the manifests all the same.
        check_writable(spec, &schema)?;
        let partitioner = if spec.is_unpartitioned() { None } else { Some(Partitioner::new(spec, &schema)?) };
        let context = FileContext {
            storage: table.storage().clone(),
            runtime: Handle::try_current().map_err(|e| Error::bug("staging needs a runtime").caused_by(e))?,
            settings: Arc::new(WriteSettings::of(metadata, limits.memory)?),
            arrow_schema: Arc::new(arrow_schema),
            spec_id: spec.spec_id(),
            schema: schema.clone(),
            distinct: Distinct::default(),
        };
        Ok(Self {
            context,
            limits,
            names: FileNames::new(metadata, ingest_id),
            partitioner,
            void_fields: spec.fields().len(),
            sorter: Sorter::new(metadata.default_sort_order(), &schema)?,
            gathering: (0..limits.workers.max(1)).map(|_| Mutex::default()).collect(),
            lanes: Mutex::default(),
            memory: AtomicUsize::new(0),
            open_files: AtomicUsize::new(0),
            uses: AtomicU64::new(0),
            finished: Mutex::default(),
        })
    }

    /// The folder below which all files are written, each with the ingest id in its name.
    pub fn folder(&self) -> &str {
        self.names.folder()
    }

    /// Takes rows in the table's Arrow schema. Any number of workers may call it at the same time; it waits for the
    /// disk.
    ///
    /// # Errors
    /// Those of the store; the stage must be discarded then.
    pub fn write(&self, worker: usize, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        match &self.partitioner {
            None => {
                let lane =
                    self.lane(&worker.to_le_bytes(), || Ok(Lane::new(self.no_values(), String::new(), worker)))?;
                self.put(&lane, batch)?;
            }
            Some(partitioner) => {
                let Some(due) = self.gather(worker, batch)? else { return Ok(()) };
                self.distribute(partitioner, worker, due)?;
            }
        }
        self.relieve()
    }

    /// Keeps rows until there are enough of them to be worth splitting; then gives all that were kept.
    fn gather(&self, worker: usize, batch: RecordBatch) -> Result<Option<Vec<RecordBatch>>> {
        let slot = self.gathering.get(worker % self.gathering.len().max(1));
        let slot = slot.ok_or_else(|| Error::bug("a stage has no workers"))?;
        let mut gathered = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = memory_of(&batch);
        gathered.bytes += bytes;
        gathered.rows += batch.num_rows();
        gathered.batches.push(batch);
        self.memory.fetch_add(bytes, Ordering::Relaxed);
        let share = self.limits.memory / (16 * self.limits.workers.max(1));
        let enough = gathered.rows >= SPLIT_ROWS || gathered.bytes >= share;
        Ok(enough.then(|| self.take_gathered(&mut gathered)))
    }

    fn take_gathered(&self, gathered: &mut Gathered) -> Vec<RecordBatch> {
        let Gathered { batches, bytes, .. } = std::mem::take(gathered);
        self.memory.fetch_sub(bytes, Ordering::Relaxed);
        batches
    }

    /// Splits rows by partition and puts them into their lanes.
    fn distribute(&self, partitioner: &Partitioner, worker: usize, batches: Vec<RecordBatch>) -> Result<()> {
        let mut split = partitioner.split(&batches)?;
        drop(batches);
        for piece in std::mem::take(&mut split.pieces) {
            let lane = self.lane(&piece.key, || {
                let (values, path) = partitioner.describe(&split, &piece)?;
                Ok(Lane::new(values, path, worker))
            })?;
            self.put(&lane, piece.batch)?;
        }
        Ok(())
    }

    /// Ends the files that are still open. Called by each worker once no worker writes any more; they share the work.
    ///
    /// # Errors
    /// Those of the store; the stage must be discarded then.
    pub fn close(&self) -> Result<()> {
        for (worker, slot) in self.gathering.iter().enumerate() {
            let mut gathered = slot.lock().unwrap_or_else(PoisonError::into_inner);
            let rest = self.take_gathered(&mut gathered);
            if let Some(partitioner) = self.partitioner.as_ref().filter(|_| !rest.is_empty()) {
                self.distribute(partitioner, worker, rest)?;
            }
        }
        loop {
            let next = {
                let mut lanes = self.lock_lanes();
                let key = lanes.keys().next().cloned();
                key.and_then(|key| lanes.remove(&key))
            };
            let Some(lane) = next else { return Ok(()) };
            let waiting = lane.lock().take_waiting();
            self.encode(&lane, waiting, false)?;
            let files = lane.lock().take_files();
            for file in files {
                self.finish_file(&lane, file)?;
            }
            self.note(&lane, &lane.lock());
        }
    }

    /// The finished files, by location, once all of them are on the disk for good.
    ///
    /// # Errors
    /// [`Kind::Unavailable`](crate::Kind::Unavailable) where the disk refuses; the stage must be discarded then.
    pub async fn staged(&self) -> Result<Vec<StagedFile>> {
        let mut flushing = std::mem::take(&mut self.lock_finished().flushing);
        while let Some(flushed) = flushing.join_next().await {
            flushed.map_err(|e| Error::bug("the flush of a file died").caused_by(e))??;
        }
        let mut files = self.lock_finished().files.clone();
        files.sort_by(|a, b| a.file.file_path().cmp(b.file.file_path()));
        Ok(files)
    }

    /// Files finished so far and their size in bytes.
    pub fn so_far(&self) -> (u64, u64) {
        let finished = self.lock_finished();
        (finished.files.len() as u64, finished.files.iter().map(|f| f.file.file_size_in_bytes()).sum())
    }

    /// Deletes everything that was staged, finished or not. Only for files that no request has named, or whose load is
    /// proved absent. Called once no worker writes any more.
    pub async fn discard(self: Arc<Self>) -> Discarded {
        let stage = self.clone();
        let aborted = tokio::task::spawn_blocking(move || stage.abort_open()).await;
        let aborted = aborted.unwrap_or_else(|e| {
            tracing::warn!("open files could not be taken back: {e}");
            0
        });
        let finished = std::mem::take(&mut *self.lock_finished());
        drop(finished.flushing);
        let mut done = Discarded { unfinished: aborted, ..Discarded::default() };
        for staged in finished.files {
            match self.context.storage.delete(staged.file.file_path()).await {
                Ok(()) => done.removed += 1,
                Err(e) => done.remaining.push((staged.file.file_path().to_string(), e.to_string())),
            }
        }
        done
    }

    /// Gives up files that are not finished; tells how many there were.
    fn abort_open(&self) -> u64 {
        let lanes = std::mem::take(&mut *self.lock_lanes());
        let files: Vec<_> = lanes.values().flat_map(|lane| lane.lock().take_files()).collect();
        let count = files.len() as u64;
        files.into_iter().for_each(|file| file.file.abort());
        count
    }

    /// The partition values of a table that partitions by nothing (any more): a null for each void field.
    fn no_values(&self) -> Struct {
        std::iter::repeat_n(None, self.void_fields).collect()
    }

    fn lane(&self, key: &[u8], make: impl FnOnce() -> Result<Lane>) -> Result<Arc<Lane>> {
        let mut lanes = self.lock_lanes();
        if let Some(lane) = lanes.get(key) {
            return Ok(lane.clone());
        }
        let lane = Arc::new(make()?);
        lanes.insert(key.into(), lane.clone());
        Ok(lane)
    }

    fn put(&self, lane: &Lane, batch: RecordBatch) -> Result<()> {
        let due = {
            let mut state = lane.lock();
            state.add(batch)?;
            let due = self.is_due(&state).then(|| state.take_waiting());
            self.note(lane, &state);
            due
        };
        match due {
            Some(waiting) => self.encode(lane, waiting, false),
            None => Ok(()),
        }
    }

    /// Whether enough rows wait to be worth encoding: a chunk of a partition, or a run to sort.
    fn is_due(&self, state: &LaneState) -> bool {
        let (rows, bytes) = state.waiting();
        match self.sorter {
            Some(_) => bytes >= self.limits.memory / (8 * self.limits.workers.max(1)),
            None => self.partitioner.is_none() || rows >= CHUNK_ROWS || bytes >= CHUNK_BYTES,
        }
    }

    /// Writes what waited into a file of the lane: an idle one, or a new one while other workers hold the others.
    fn encode(&self, lane: &Lane, waiting: Waiting, end_row_group: bool) -> Result<()> {
        let Some(batch) = waiting.into_batch()? else { return Ok(()) };
        let borrowed = lane.lock().borrow_file();
        let (mut file, lent) = match borrowed {
            Some((file, lent)) => (file, lent),
            None => (self.open(lane, &batch)?, 0),
        };
        lane.touch(self.uses.fetch_add(1, Ordering::Relaxed));
        let written = self.write_rows(&mut file, batch, end_row_group);
        if let Err(e) = written {
            self.give_up(lane, file, lent);
            return Err(e);
        }
        let full = file.file.size() >= self.context.settings.target_file_bytes;
        let (kept, full) = if full { (None, Some(file)) } else { (Some(file), None) };
        {
            let mut state = lane.lock();
            state.return_file(kept, lent);
            self.note(lane, &state);
        }
        full.map_or(Ok(()), |file| self.finish_file(lane, file))
    }

    fn write_rows(&self, file: &mut LaneFile, batch: RecordBatch, end_row_group: bool) -> Result<()> {
        let Some(sorter) = &self.sorter else {
            file.file.write(&batch)?;
            return if end_row_group { file.file.end_row_group() } else { Ok(()) };
        };
        let run = sorter.sort(&batch)?;
        drop(batch);
        let in_order = file.file.rows() == 0 || file.sorted_to.as_ref().is_some_and(|last| *last <= run.first);
        file.sorted_to = in_order.then_some(run.last);
        file.file.write(&run.batch)?;
        file.file.end_row_group()
    }

    fn give_up(&self, lane: &Lane, file: LaneFile, lent: usize) {
        file.file.abort();
        self.open_files.fetch_sub(1, Ordering::Relaxed);
        lane.lock().return_file(None, lent);
    }

    fn open(&self, lane: &Lane, first: &RecordBatch) -> Result<LaneFile> {
        if self.open_files.fetch_add(1, Ordering::Relaxed) >= self.limits.open_files {
            self.close_least_used(lane)?;
        }
        let location = self.names.next(&lane.path, lane.task);
        let file = OpenFile::open(&self.context, location, first);
        if file.is_err() {
            self.open_files.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(LaneFile { file: file?, sorted_to: None })
    }

    /// Too many files are open: the one that was not used for the longest time ends early.
    fn close_least_used(&self, except: &Lane) -> Result<()> {
        let lanes: Vec<_> = self.lock_lanes().values().cloned().collect();
        let others = lanes.iter().filter(|lane| !std::ptr::eq(lane.as_ref(), except));
        let idle = others.filter(|lane| lane.lock().has_idle_file());
        let Some(lane) = idle.min_by_key(|lane| lane.touched()) else { return Ok(()) };
        let files = lane.lock().take_files();
        for file in files {
            self.finish_file(lane, file)?;
        }
        self.note(lane, &lane.lock());
        Ok(())
    }

    fn finish_file(&self, lane: &Lane, file: LaneFile) -> Result<()> {
        self.open_files.fetch_sub(1, Ordering::Relaxed);
        let sort_order_id = match (&self.sorter, &file.sorted_to) {
            (Some(sorter), Some(_)) => sorter.order_id,
            _ => 0,
        };
        let staged = file.file.finish(&self.context, lane.values.clone(), sort_order_id)?;
        let (storage, location) = (self.context.storage.clone(), staged.file.file_path().to_string());
        let flush = async move { storage.make_durable(&location).await };
        let mut finished = self.lock_finished();
        finished.flushing.spawn_on(flush, &self.context.runtime);
        finished.files.push(staged);
        Ok(())
    }

    /// Takes down what a lane takes now.
    fn note(&self, lane: &Lane, state: &LaneState) {
        let (before, now) = lane.note_memory(state);
        self.memory.fetch_add(now, Ordering::Relaxed);
        self.memory.fetch_sub(before, Ordering::Relaxed);
    }

    /// While memory is short, the largest lanes end their row groups.
    fn relieve(&self) -> Result<()> {
        if self.memory.load(Ordering::Relaxed) <= self.limits.memory {
            return Ok(());
        }
        let mut lanes: Vec<_> = self.lock_lanes().values().map(|lane| (lane.memory(), lane.clone())).collect();
        lanes.sort_by_key(|(memory, _)| std::cmp::Reverse(*memory));
        let enough = self.limits.memory - self.limits.memory / 8;
        for (_, lane) in lanes {
            if self.memory.load(Ordering::Relaxed) <= enough {
                break;
            }
            self.end_row_group(&lane)?;
        }
        Ok(())
    }

    fn end_row_group(&self, lane: &Lane) -> Result<()> {
        let waiting = lane.lock().take_waiting();
        self.encode(lane, waiting, true)?;
        let borrowed = lane.lock().borrow_file();
        let Some((mut file, lent)) = borrowed else { return Ok(()) };
        if let Err(e) = file.file.end_row_group() {
            self.give_up(lane, file, lent);
            return Err(e);
        }
        let mut state = lane.lock();
        state.return_file(Some(file), lent);
        self.note(lane, &state);
        Ok(())
    }

    fn lock_lanes(&self) -> MutexGuard<'_, HashMap<Box<[u8]>, Arc<Lane>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_finished(&self) -> MutexGuard<'_, Finished> {
        self.finished.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An error of Arrow's kernels, which none of our batches should cause.
fn from_arrow(error: arrow::error::ArrowError) -> Error {
    Error::bug("a batch cannot be taken apart").caused_by(error)
}
