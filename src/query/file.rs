//! One data file as batches of the table's columns.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef as ArrowSchemaRef;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use iceberg::arrow::arrow_schema_to_schema;
use iceberg::io::FileRead;
use iceberg::scan::{FileScanTask, FileScanTaskDeleteFile};
use iceberg::spec::{DataContentType, DataFileFormat, SchemaRef, Transform};
use parquet::arrow::async_reader::MetadataFetch;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::conform::{Missing, conform, field_id};
use super::plan::PlannedFile;
use crate::table::Table;
use crate::table::footer::check_nesting;
use crate::{Error, Result};

/// How data files are read: which columns, under which schema.
#[derive(Debug, Clone)]
pub struct FileReader {
    /// The table that the files belong to.
    pub table: Table,
    /// The schema that they are read with.
    pub schema: SchemaRef,
    /// The columns wanted, every field nullable.
    pub target: ArrowSchemaRef,
    /// Rows of a batch at most.
    pub page: usize,
}

/// Bytes of a batch, roughly, before it is decoded.
const BATCH_BYTES: u64 = 16 << 20;

impl FileReader {
    /// Opens a data file: its rows without the deleted ones, as batches of the columns wanted.
    ///
    /// # Errors
    /// [`Kind::Unsupported`](crate::Kind::Unsupported) for a format other than Parquet, what reading the footer says.
    pub async fn open(&self, file: &PlannedFile) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let path = file.entry.file_path().to_string();
        if file.entry.file_format() != DataFileFormat::Parquet {
            let why = format!("a data file is in {}, and icedeck reads Parquet only", file.entry.file_format());
            return Err(Error::unsupported(why).with("file", path).hint("rewrite the table's data files as Parquet"));
        }
        let footer = self.footer(file).await?;
        let task = match self.own_schema(file, &footer)? {
            Some(own) => self.task_by_own_schema(file, own),
            None => self.task_by_table_schema(file),
        };
        let reader = self.table.inner().reader_builder().with_batch_size(batch_size(&footer, self.page));
        let tasks = futures::stream::iter([Ok(task)]).boxed();
        let table = self.table.clone();
        let failed = move |e| table.unreadable(e, "cannot read the data file", &path);
        let batches = reader.with_data_file_concurrency_limit(1).build().read(tasks).map_err(&failed)?.stream();
        let (target, missing) = (self.target.clone(), self.missing(file));
        let conformed = batches.map_err(failed).and_then(move |batch| {
            let batch = conform(&batch, &target, &missing);
            async move { batch }
        });
        Ok(conformed.boxed())
    }

    async fn footer(&self, file: &PlannedFile) -> Result<ParquetMetaData> {
        let path = file.entry.file_path();
        let failed = |e| self.table.unreadable(e, "cannot read the data file", path);
        let input = self.table.inner().file_io().new_input(path).map_err(failed)?;
        let reader = input.reader().await.map_err(failed)?;
        let size = file.entry.file_size_in_bytes();
        let footer = ParquetMetaDataReader::new().load_and_finish(Footer(&*reader), size).await;
        footer.map_err(|e| unreadable_footer(&self.table, e, path))
    }

    /// The file's own schema, where every field in it has an id and a type that Iceberg knows. Not for files with equality
    /// deletes: those are matched by the names of the schema they are read with.
    fn own_schema(&self, file: &PlannedFile, footer: &ParquetMetaData) -> Result<Option<SchemaRef>> {
        if file.deletes.iter().any(|delete| delete.entry.content_type() == DataContentType::EqualityDeletes) {
            return Ok(None);
        }
        let metadata = footer.file_metadata();
        let arrow = parquet_to_arrow_schema(metadata.schema_descr(), metadata.key_value_metadata())
            .map_err(|e| unreadable_footer(&self.table, e, file.entry.file_path()))?;
        let named = arrow.fields().iter().all(|field| field_id(field).is_some());
        Ok(arrow_schema_to_schema(&arrow).ok().filter(|_| named).map(Arc::new))
    }

    /// Reads the columns that the file has, as it has them; what it lacks is filled in afterwards. Where it has none
    /// of them its first column is read, for the number of rows.
    fn task_by_own_schema(&self, file: &PlannedFile, own: SchemaRef) -> FileScanTask {
        let has = |id: &i32| own.as_struct().field_by_id(*id).is_some();
        let mut ids: Vec<i32> = self.target.fields().iter().filter_map(|f| field_id(f)).filter(has).collect();
        if ids.is_empty() {
            ids.extend(own.as_struct().fields().first().map(|field| field.id));
        }
        task(file, own, ids)
    }

    /// Lets iceberg find the columns of a file without ids: by the table's name mapping, else by position.
    fn task_by_table_schema(&self, file: &PlannedFile) -> FileScanTask {
        let ids = self.target.fields().iter().filter_map(|f| field_id(f)).collect();
        let mut task = task(file, self.schema.clone(), ids);
        let metadata = self.table.metadata();
        let mapping = metadata.properties().get("schema.name-mapping.default");
        task.name_mapping = mapping.and_then(|text| serde_json::from_str(text).ok()).map(Arc::new);
        let spec = metadata.partition_spec_by_id(file.spec_id);
        // iceberg refuses a spec whose identity columns the schema lacks.
        let known = |field: &&iceberg::spec::PartitionField| {
            field.transform != Transform::Identity || self.schema.field_by_id(field.source_id).is_some()
        };
        task.partition_spec = spec.filter(|spec| spec.fields().iter().all(|f| known(&f))).cloned();
        task
    }

    /// What stands for columns that the file lacks: identity partition values first, then initial defaults.
    fn missing(&self, file: &PlannedFile) -> Missing {
        let mut missing = Missing::new();
        for field in self.schema.as_struct().fields() {
            missing.extend(field.initial_default.clone().map(|default| (field.id, default)));
        }
        let Some(spec) = self.table.metadata().partition_spec_by_id(file.spec_id) else { return missing };
        let values = spec.fields().iter().zip(file.entry.data_file().partition().iter());
        for (field, value) in values.filter(|(field, _)| field.transform == Transform::Identity) {
            match value {
                Some(value) => missing.insert(field.source_id, value.clone()),
                None => missing.remove(&field.source_id),
            };
        }
        missing
    }
}

/// Fewer rows a batch where rows are large, so that memory stays bounded.
fn batch_size(footer: &ParquetMetaData, page: usize) -> usize {
    let bytes_a_row = footer.row_groups().iter().map(|group| {
        let bytes = u64::try_from(group.total_byte_size()).unwrap_or_default();
        bytes / u64::try_from(group.num_rows()).unwrap_or_default().max(1)
    });
    let largest = bytes_a_row.max().unwrap_or_default().max(1);
    usize::try_from(BATCH_BYTES / largest).unwrap_or(page).clamp(1, page)
}

fn task(file: &PlannedFile, schema: SchemaRef, ids: Vec<i32>) -> FileScanTask {
    let size = file.entry.file_size_in_bytes();
    let delete = |delete: &Arc<super::plan::Delete>| {
        FileScanTaskDeleteFile::builder()
            .with_file_path(delete.entry.file_path().to_string())
            .with_file_size_in_bytes(delete.entry.file_size_in_bytes())
            .with_file_type(delete.entry.content_type())
            .with_partition_spec_id(delete.spec_id)
            .with_equality_ids(delete.entry.data_file().equality_ids())
            .build()
    };
    FileScanTask::builder()
        .with_file_size_in_bytes(size)
        .with_start(0)
        .with_length(size)
        .with_record_count(Some(file.entry.record_count()))
        .with_data_file_path(file.entry.file_path().to_string())
        .with_data_file_format(file.entry.file_format())
        .with_schema(schema)
        .with_project_field_ids(ids)
        .with_deletes(file.deletes.iter().map(delete).collect())
        .with_partition(Some(file.entry.data_file().partition().clone()))
        .with_case_sensitive(true)
        .build()
}

fn unreadable_footer(table: &Table, error: ParquetError, path: &str) -> Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<iceberg::Error>() {
            Ok(cause) => table.unreadable(*cause, "cannot read the data file", path),
            Err(cause) => match cause.downcast::<Error>() {
                Ok(own) => own.with("file", path),
                Err(cause) => Error::corrupt("cannot read the data file").with("file", path).caused_by(cause),
            },
        },
        error => Error::corrupt("the data file is no whole Parquet file").with("file", path).caused_by(error),
    }
}

/// Reads the end of a file: first its last eight bytes, then the footer that they tell of.
struct Footer<'a>(&'a dyn FileRead);

const TAIL: usize = 8;

impl MetadataFetch for Footer<'_> {
    fn fetch(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        let checked = |read: iceberg::Result<Bytes>| {
            let bytes = read.map_err(|e| ParquetError::External(Box::new(e)))?;
            if bytes.len() > TAIL {
                check_nesting(&bytes).map_err(|e| ParquetError::External(Box::new(e)))?;
            }
            Ok(bytes)
        };
        self.0.read(range).map(checked).boxed()
    }
}
