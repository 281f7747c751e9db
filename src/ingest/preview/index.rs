//! Which rows stand where: an index of the blocks that were passed. Grows as far as it is asked for, never by itself.

use crate::Result;
use crate::ingest::source::{BlockStart, Decoder, Source};
use crate::monitor::Monitor;

/// A block that was passed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) start: BlockStart,
    /// The number of its first row, from 0.
    pub(super) first_row: u64,
    pub(super) rows: u64,
}

/// The blocks that were passed, in order, from the first one on.
#[derive(Debug)]
pub(super) struct Index {
    entries: Vec<Entry>,
    complete: bool,
    counter: Decoder,
}

impl Index {
    pub(super) fn new(source: &Source) -> Result<Self> {
        Ok(Self { entries: Vec::new(), complete: false, counter: source.decoder(Some(&[]))? })
    }

    /// All rows, once the end was reached.
    pub(super) fn total(&self) -> Option<u64> {
        let total = self.entries.last().map_or(0, |last| last.first_row + last.rows);
        self.complete.then_some(total)
    }

    /// Reads on until an entry is enough, or to the end.
    pub(super) fn extend(&mut self, source: &Source, monitor: &Monitor, enough: impl Fn(&Entry) -> bool) -> Result<()> {
        if self.complete || self.entries.last().is_some_and(&enough) {
            return Ok(());
        }
        // The last block is read again: where the next one starts depends on how it is cut this time.
        let last = self.entries.pop();
        let mut first_row = last.map_or(0, |entry| entry.first_row);
        let blocks = match last {
            Some(entry) => source.blocks_from(entry.start, super::BLOCK, monitor)?,
            None => source.blocks_of(super::BLOCK, monitor)?,
        };
        monitor.update(|p| p.stage = "reading");
        for block in blocks {
            let block = block?;
            let rows = block.decode(&self.counter)?.lines.len() as u64;
            let entry = Entry { start: block.start, first_row, rows };
            self.entries.push(entry);
            first_row += rows;
            monitor.update(|p| {
                p.rows = first_row;
                p.bytes += block.source_bytes;
            });
            if enough(&entry) {
                return Ok(());
            }
        }
        self.complete = true;
        Ok(())
    }

    /// The block that holds a row.
    pub(super) fn entry_of_row(&self, row: u64) -> Option<Entry> {
        let at = self.entries.partition_point(|entry| entry.first_row + entry.rows <= row);
        self.entries.get(at).copied()
    }

    /// The block that holds a line, or the last one before it.
    pub(super) fn entry_of_line(&self, file: usize, line: u64) -> Option<Entry> {
        let place = |entry: &Entry| (entry.start.file, entry.start.place.line);
        let after = self.entries.partition_point(|entry| place(entry) <= (file, line));
        self.entries.get(after.saturating_sub(1)).copied()
    }
}
