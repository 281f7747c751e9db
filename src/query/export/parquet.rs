//! Batches as a Parquet file. Row groups are closed early enough that little is held.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::Exported;
use super::partial::Partial;
use crate::{Error, Kind, Result};

/// A row group is closed once it is this large, in bytes.
const ROW_GROUP: usize = 32 << 20;

/// The file.
pub(super) struct ParquetFile {
    writer: ArrowWriter<Partial>,
    rows: u64,
}

impl ParquetFile {
    pub(super) fn begin(out: Partial, schema: SchemaRef) -> Result<Self> {
        let properties = WriterProperties::builder()
            .set_created_by(format!("icedeck version {}", env!("CARGO_PKG_VERSION")))
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_bytes(Some(ROW_GROUP))
            .build();
        let writer = ArrowWriter::try_new(out, schema, Some(properties)).map_err(failed)?;
        Ok(Self { writer, rows: 0 })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        self.writer.write(batch).map_err(failed)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.writer.bytes_written() as u64
    }

    pub(super) fn finish(self) -> Result<Exported> {
        let rows = self.rows;
        self.writer.into_inner().map_err(failed)?.finish(rows)
    }
}

fn failed(error: ParquetError) -> Error {
    match error {
        ParquetError::External(cause) if cause.is::<std::io::Error>() => {
            Error::new(Kind::Unavailable, format!("cannot write the file: {cause}")).caused_by(cause)
        }
        ParquetError::ArrowError(_) | ParquetError::NYI(_) => {
            Error::unsupported("Parquet cannot hold these columns").caused_by(error).hint("write CSV or JSON")
        }
        error => Error::new(Kind::Unavailable, "cannot write the Parquet file").caused_by(error),
    }
}
