//! Something found out over all rows of a source, on all processors.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use arrow::array::AsArray;

use super::blocks::{Block, Blocks};
use super::infer::{Candidates, Guess};
use super::objects::Objects;
use super::open::text_column;
use super::settings::Format;
use super::{Source, SourceColumn};
use crate::ingest::Line;
use crate::monitor::Monitor;
use crate::{Error, Result};

/// Gives every block to one of as many workers as there are processors, each with a state of its own, and hands the
/// states back. Workers take turns at reading. Rows and bytes of the progress are left to `each`.
///
/// # Errors
/// The first one met; cancellation.
pub fn fold<T: Send>(
    source: &Source,
    monitor: &Monitor,
    start: impl Fn() -> T + Sync,
    each: impl Fn(&mut T, Block) -> Result<()> + Sync,
) -> Result<Vec<T>> {
    let blocks = Mutex::new(source.blocks(monitor)?);
    let stop = AtomicBool::new(false);
    let workers = thread::available_parallelism().map_or(2, usize::from).min(16);
    thread::scope(|scope| {
        let work = || {
            let mut state = start();
            while let Some(block) = next(&blocks).filter(|_| !stop.load(Ordering::Relaxed)) {
                let done = monitor.check().and(block).and_then(|block| each(&mut state, block));
                done.inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
            }
            Ok(state)
        };
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let ended = running.into_iter().map(|worker| worker.join().unwrap_or_else(|_| Err(died())));
        // wait for all of them before the first error is given
        ended.collect::<Vec<_>>().into_iter().collect()
    })
}

fn next(blocks: &Mutex<Blocks>) -> Option<Result<Block>> {
    blocks.lock().unwrap_or_else(PoisonError::into_inner).next()
}

fn died() -> Error {
    Error::bug("a worker that looked through the source failed")
}

/// The columns of a source by every row.
pub(super) fn infer_all(source: &Source, monitor: &Monitor) -> Result<Source> {
    let mut source = source.clone();
    if !source.inferred_from_all {
        monitor.update(|p| {
            p.stage = "inferring types";
            p.total_bytes = source.total_bytes();
        });
        match source.settings.format {
            Format::Csv => infer_text(&mut source, monitor)?,
            Format::NdJson => infer_objects(&mut source, monitor)?,
            Format::Parquet => {}
        }
        source.inferred_from_all = true;
    }
    Ok(source)
}

fn infer_text(source: &mut Source, monitor: &Monitor) -> Result<()> {
    let (candidates, decoder) = (Candidates::new()?, source.decoder(None)?);
    let start = || vec![candidates.guess(); source.columns.len()];
    let states = fold(source, monitor, start, |guesses: &mut Vec<Guess>, block| {
        let batch = block.decode(&decoder)?.batch;
        for (guess, column) in guesses.iter_mut().zip(batch.columns()) {
            guess.feed(&candidates, column.as_string_view());
        }
        told(monitor, &block, batch.num_rows());
        Ok(())
    })?;
    let mut states = states.into_iter();
    let mut guesses = states.next().unwrap_or_default();
    for state in states {
        guesses.iter_mut().zip(state).for_each(|(own, other)| own.merge(other));
    }
    let columns = std::mem::take(&mut source.columns).into_iter().zip(guesses);
    source.columns = columns.map(|(column, guess)| text_column(column.name, guess, &candidates)).collect();
    Ok(())
}

fn infer_objects(source: &mut Source, monitor: &Monitor) -> Result<()> {
    let states = fold(source, monitor, Objects::default, |objects, block| {
        let at = Line { file: block.file.clone(), line: block.first_line };
        objects.feed(block.text().unwrap_or_default(), &at);
        told(monitor, &block, 0);
        Ok(())
    })?;
    let mut all = Objects::default();
    states.into_iter().for_each(|state| all.merge(state));
    source.warnings.clear();
    let before = std::mem::take(&mut source.columns);
    all.finish(source)?;
    // in the order known before; which worker saw a new field first is chance, so these go by their names
    let known = |column: &SourceColumn| before.iter().position(|b| b.name == column.name).unwrap_or(usize::MAX);
    source.columns.sort_by_cached_key(|column| (known(column), column.name.clone()));
    Ok(())
}

fn told(monitor: &Monitor, block: &Block, rows: usize) {
    monitor.update(|p| {
        p.rows += rows as u64;
        p.bytes += block.source_bytes;
    });
}
