//! Runs of whole records, cut from the files in order. Cutting is sequential and cheap; decoding is the workers'.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use super::Source;
use crate::ingest::SourceBatch;
use crate::monitor::Monitor;
use crate::{Error, Result};

/// The blocks of a source, in order.
#[derive(Debug)]
pub struct Blocks {
    monitor: Monitor,
}

/// A run of whole records of one file, not yet decoded. Sent from the reading thread to a worker.
#[derive(Debug, Clone)]
pub struct Block {
    /// The file.
    pub file: Arc<PathBuf>,
    /// The position of the block in the source, from 0.
    pub number: u64,
    /// The line (in Parquet the row) of its first record, from 1.
    pub first_line: u64,
    /// The bytes of the file on disk that it stands for; they add up to [`Source::total_bytes`].
    pub source_bytes: u64,
}

/// How blocks are decoded: the dialect and the columns wanted. Cheap to clone, shared by the workers.
#[derive(Debug, Clone)]
pub struct Decoder {
    schema: SchemaRef,
}

impl Blocks {
    pub(super) fn new(_source: &Source, monitor: &Monitor) -> Result<Self> {
        Ok(Self { monitor: monitor.clone() })
    }
}

impl Iterator for Blocks {
    type Item = Result<Block>;

    /// The next block. After an error there is none.
    fn next(&mut self) -> Option<Self::Item> {
        self.monitor.check().err().map(Err)
    }
}

impl Decoder {
    pub(super) fn new(source: &Source, projection: Option<&[usize]>) -> Result<Self> {
        let schema = source.schema();
        let Some(wanted) = projection else { return Ok(Self { schema }) };
        let schema = schema
            .project(wanted)
            .map_err(|e| Error::bug("a column was asked for that the source does not have").caused_by(e))?;
        Ok(Self { schema: Arc::new(schema) })
    }

    /// The schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

impl Block {
    /// Takes the records apart. Columns of text are `Utf8View` whose values point into the block: they keep it alive.
    ///
    /// # Errors
    /// Damage that leaves no row to be trusted (Parquet pages). Rows that are broken by themselves are faults of the
    /// batch.
    pub fn decode(&self, decoder: &Decoder) -> Result<SourceBatch> {
        let batch = arrow::array::RecordBatch::new_empty(decoder.schema());
        Ok(SourceBatch { batch, file: self.file.clone(), lines: Vec::new(), faults: Vec::new() })
    }
}
