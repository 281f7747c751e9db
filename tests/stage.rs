//! Staging: batches in, data files out, read back by iceberg and by Parquet's own reader.

mod faults;
mod lanes;
mod partitions;
pub mod rows;
mod statistics;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{concat_batches, sort_to_indices, take_record_batch};
use arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use icedeck::catalog::{Connection, Lake, Outcome};
use icedeck::commit::{Change, StagedFile, Unwitnessed, publish};
use icedeck::env::Env;
use icedeck::ingest::create::{CreateTable, NewColumn};
use icedeck::ingest::stage::{Stage, StageLimits};
use icedeck::table::Table;
use tempfile::TempDir;

/// An embedded lake in a temporary folder.
struct House {
    folder: TempDir,
    env: Env,
    connection: Arc<Connection>,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::fixed(folder.path(), 1_700_000_000_000);
        let connection = Lake::embedded(&env).await.unwrap().connection(None).await.unwrap();
        Self { folder, env, connection }
    }

    /// A table `t.{name}` of these columns, all optional.
    async fn table(&self, name: &str, columns: &[(&str, &str)], change: impl FnOnce(&mut CreateTable)) -> Table {
        let columns = columns.iter().map(|(name, of)| NewColumn::optional(*name, of.parse().unwrap())).collect();
        let mut wanted = CreateTable::new(format!("t.{name}").parse().unwrap(), columns);
        change(&mut wanted);
        wanted.draft().unwrap().create(&self.connection, true).await.unwrap()
    }

    async fn append(&self, table: &Table, files: Vec<StagedFile>) -> Table {
        let change = Change::Append { branch: "main".into(), files, summary: BTreeMap::new() };
        match publish(&self.connection, table, &change, &self.env, &mut Unwitnessed).await.outcome {
            Outcome::Committed(table) => *table,
            other => panic!("not committed: {other:?}"),
        }
    }

    /// Every file of the warehouse that is no metadata.
    fn data_files(&self) -> Vec<PathBuf> {
        fn visit(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => visit(&path, found),
                    false if !path.components().any(|c| c.as_os_str() == "metadata") => found.push(path),
                    false => {}
                }
            }
        }
        let mut found = Vec::new();
        visit(&self.folder.path().join("data/icedeck/warehouse"), &mut found);
        found
    }
}

fn limits(memory: usize) -> StageLimits {
    StageLimits { workers: 2, memory, open_files: 64 }
}

/// Stages batches with two threads.
async fn staged(table: &Table, batches: Vec<RecordBatch>, limits: StageLimits) -> icedeck::Result<Vec<StagedFile>> {
    let stage = Arc::new(Stage::new(table, "0190-test", limits)?);
    let (one, two): (Vec<_>, Vec<_>) = batches.into_iter().enumerate().partition(|(i, _)| i % 2 == 0);
    let write = |worker: usize, share: Vec<(usize, RecordBatch)>| {
        let stage = stage.clone();
        tokio::task::spawn_blocking(move || share.into_iter().try_for_each(|(_, batch)| stage.write(worker, batch)))
    };
    let (a, b) = tokio::join!(write(0, one), write(1, two));
    let mut end = a.unwrap().and(b.unwrap());
    if end.is_ok() {
        let closing = stage.clone();
        end = tokio::task::spawn_blocking(move || closing.close()).await.unwrap();
    }
    match end {
        Ok(()) => stage.staged().await,
        Err(e) => {
            let done = stage.discard().await;
            assert!(done.remaining.is_empty());
            Err(e)
        }
    }
}

/// All rows of the table, by `id`.
async fn scanned(table: &Table) -> RecordBatch {
    let scan = table.inner().scan().select_all().build().unwrap();
    let batches: Vec<RecordBatch> = scan.to_arrow().await.unwrap().try_collect().await.unwrap();
    by_id(&concat_batches(&batches[0].schema(), &batches).unwrap())
}

fn by_id(batch: &RecordBatch) -> RecordBatch {
    let order = sort_to_indices(batch.column_by_name("id").unwrap(), None, None).unwrap();
    take_record_batch(batch, &order).unwrap()
}

/// The rows of one data file, as Parquet's own reader sees them.
fn of_file(file: &StagedFile) -> RecordBatch {
    let path = file.file.file_path().strip_prefix("file://").unwrap();
    let reader =
        parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap());
    let reader = reader.unwrap().build().unwrap();
    let schema = arrow::array::RecordBatchReader::schema(&reader);
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

fn ids(batch: &RecordBatch) -> Vec<i64> {
    batch.column_by_name("id").unwrap().as_primitive::<Int64Type>().values().to_vec()
}

fn rows_of(files: &[StagedFile]) -> u64 {
    files.iter().map(|f| f.file.record_count()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_comes_back_as_it_went() {
    let house = House::new().await;
    for format_version in [1, 2, 3] {
        let columns: Vec<_> =
            rows::TYPES.iter().filter(|(_, of)| format_version == 3 || !of.ends_with("_ns")).collect();
        let columns: Vec<_> = [("id", "long")].into_iter().chain(columns.into_iter().copied()).collect();
        let table =
            house.table(&format!("all{format_version}"), &columns, |t| t.format_version = Some(format_version)).await;
        let written = rows::batch(&table, 0, 500, 7);
        let files =
            staged(&table, vec![written.slice(0, 200), written.slice(200, 300)], limits(64 << 20)).await.unwrap();
        assert_eq!(rows_of(&files), 500);
        let read = scanned(&house.append(&table, files).await).await;
        for (column, field) in written.columns().iter().zip(written.schema().fields()) {
            assert_eq!(column, read.column_by_name(field.name()).unwrap(), "{} in v{format_version}", field.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nested_values_come_back_as_they_went() {
    let house = House::new().await;
    let name = "t.nested".parse().unwrap();
    let path = house.folder.path().join("schema.json");
    std::fs::write(&path, rows::NESTED_SCHEMA).unwrap();
    let wanted = CreateTable::new(name, NewColumn::of_schema_file(&path).unwrap());
    let table = wanted.draft().unwrap().create(&house.connection, true).await.unwrap();
    let written = rows::nested(&table, 300);
    let files = staged(&table, vec![written.clone()], limits(64 << 20)).await.unwrap();
    let file = &files[0].file;
    let schema = table.metadata().current_schema();
    let id = |name: &str| schema.field_id_by_name(name).unwrap();
    assert!(file.lower_bounds().contains_key(&id("person.age")));
    assert!(!file.lower_bounds().contains_key(&id("tags.element")), "repeated fields have no bounds");
    assert!(file.value_counts().contains_key(&id("tags.element")));
    assert!(!file.upper_bounds().contains_key(&id("scores.key")));
    let read = scanned(&house.append(&table, files).await).await;
    assert_eq!(written.columns(), read.columns());
}
