//! A real lake in a temporary folder: SQL catalog, local files, a clock that moves a second at each reading, ids that
//! count up. Tables are written through icedeck's own write path.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray};
use futures::TryStreamExt;
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{NestedField, NestedFieldRef, PrimitiveType, Schema, Type, UnboundPartitionSpec};
use icedeck::catalog::{self, Connection, LakeOptions, TableCreation};
use icedeck::commit::{self, Change, Expire, Published, RefKind, StagedFile, Targets, Unwitnessed};
use icedeck::env::Env;
use icedeck::ingest::stage::{Stage, StageLimits};
use icedeck::table::{Namespace, Table, TableName};
use tempfile::TempDir;

/// 2026-11-21T08:00:00Z, where the clock of every test lake begins.
pub const START_MS: i64 = 1_795_248_000_000;

/// The lake. The folder goes with it.
pub struct Lake {
    pub folder: TempDir,
    pub env: Env,
    pub lake: catalog::Lake,
    pub connection: Arc<Connection>,
}

/// The columns of the tables that [`Lake::orders`] makes: `id` long (required), `country` string, `amount`
/// decimal(10, 2), `day` date.
pub fn orders_schema() -> Schema {
    let optional = |id, name, kind| NestedField::optional(id, name, Type::Primitive(kind)).into();
    let fields: Vec<NestedFieldRef> = vec![
        NestedField::required(1, "id", Type::Primitive(PrimitiveType::Long)).with_doc("The order's number").into(),
        optional(2, "country", PrimitiveType::String),
        optional(3, "amount", PrimitiveType::Decimal { precision: 10, scale: 2 }),
        optional(4, "day", PrimitiveType::Date),
    ];
    Schema::builder().with_fields(fields).build().unwrap()
}

/// Rows for such a table: ids counting up from `first`, three countries, days from 1969-12-31 on; in each tenth row
/// everything that may be null is null.
pub fn orders(table: &Table, first: i64, count: usize) -> RecordBatch {
    let ids: Vec<i64> = (first..).take(count).collect();
    let some = |i: &i64| i % 10 != 9;
    let country = |i: &i64| some(i).then(|| ["DE", "FR", "PL"][usize::try_from(i.rem_euclid(3)).unwrap()]);
    let amounts: Decimal128Array = ids.iter().map(|i| some(i).then_some(i128::from(*i) * 101 - 50_000)).collect();
    let days: Date32Array = ids.iter().map(|i| some(i).then(|| i32::try_from(i % 365).unwrap() - 1)).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(ids.clone())),
        Arc::new(ids.iter().map(country).collect::<StringArray>()),
        Arc::new(amounts.with_precision_and_scale(10, 2).unwrap()),
        Arc::new(days),
    ];
    let schema = schema_to_arrow_schema(table.metadata().current_schema()).unwrap();
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

impl Lake {
    /// An empty lake: the embedded warehouse below a temporary folder.
    pub async fn new() -> Self {
        // Always in the same place where there is one: golden screens show the paths.
        let place: PathBuf = if cfg!(unix) { "/tmp".into() } else { std::env::temp_dir() };
        Self::below(&place).await
    }

    /// An empty lake in memory, where the machine has a place for that: for tests that make hundreds of them.
    pub async fn in_memory() -> Self {
        let memory = PathBuf::from("/dev/shm");
        let has_room = tempfile::tempfile_in(&memory).is_ok();
        Self::below(&if has_room { memory } else { std::env::temp_dir() }).await
    }

    /// An empty lake that stays when the test is over: for others to look at.
    pub async fn kept(place: &Path) -> Self {
        Self::within(tempfile::Builder::new().disable_cleanup(true).tempdir_in(place).unwrap()).await
    }

    async fn below(place: &Path) -> Self {
        Self::within(tempfile::tempdir_in(place).unwrap()).await
    }

    async fn within(folder: TempDir) -> Self {
        let env = Env::fixed(folder.path(), START_MS);
        let lake = catalog::Lake::open(&env, LakeOptions::default()).await.unwrap();
        let connection = lake.connection(None).await.unwrap();
        Self { folder, env, lake, connection }
    }

    /// Makes a table of any schema; its namespace is made where it is missing.
    pub async fn table(&self, name: &str, schema: Schema, spec: Option<UnboundPartitionSpec>, format: u8) -> Table {
        let name: TableName = name.parse().unwrap();
        self.namespace(&name.namespace).await;
        let properties = BTreeMap::from([("format-version".to_string(), format.to_string())]);
        let creation = TableCreation { name, schema, spec, sort_order: None, properties, location: None };
        self.connection.create_table(creation).await.unwrap()
    }

    /// Appends to a table of [`orders_schema`] until neither its snapshots nor its metadata log say anything of what was
    /// before.
    pub async fn forget(&self, table: &Table) -> Table {
        let set = BTreeMap::from([("write.metadata.previous-versions-max".to_string(), "1".to_string())]);
        let mut table = self.load(table.name()).await;
        table = self.commit(&table, &Change::SetProperties { set, remove: Vec::new() }).await;
        for first in [200, 300] {
            table = self.append(&table, orders(&table, first, 2)).await;
        }
        let all = Expire { older_than_ms: Some(i64::MAX), retain_last: Some(1), ..Expire::default() };
        table = self.commit(&table, &Change::Expire(all)).await;
        self.append(&table, orders(&table, 400, 2)).await
    }

    /// Makes an unpartitioned table of [`orders_schema`], format version 2.
    pub async fn orders(&self, name: &str) -> Table {
        self.table(name, orders_schema(), None, 2).await
    }

    /// Makes a namespace and those around it, where they are missing.
    pub async fn namespace(&self, namespace: &Namespace) {
        for depth in 1..=namespace.0.len() {
            let outer = Namespace(namespace.0[..depth].to_vec());
            if !self.connection.namespace_exists(&outer).await.unwrap() {
                self.connection.create_namespace(&outer, BTreeMap::new()).await.unwrap();
            }
        }
    }

    /// The table as it is now.
    pub async fn load(&self, name: &TableName) -> Table {
        self.connection.load(name).await.unwrap()
    }

    /// Writes the rows as data files of the table, without publishing them. The batch has the table's Arrow schema.
    pub async fn stage(&self, table: &Table, batch: RecordBatch) -> Vec<StagedFile> {
        let limits = StageLimits { workers: 1, ..StageLimits::default() };
        let stage = Arc::new(Stage::new(table, &self.env.uuid().to_string(), limits).unwrap());
        let writing = stage.clone();
        let written = tokio::task::spawn_blocking(move || writing.write(0, batch).and_then(|()| writing.close()));
        written.await.unwrap().unwrap();
        stage.staged().await.unwrap()
    }

    /// Publishes a change made on exactly this state of the table.
    pub async fn publish(&self, base: &Table, change: &Change) -> Published {
        commit::publish(&self.connection, base, change, &self.env, &mut Unwitnessed).await
    }

    /// Publishes a change that must be committed, and returns the table after it.
    pub async fn commit(&self, base: &Table, change: &Change) -> Table {
        self.publish(base, change).await.committed().unwrap()
    }

    /// Appends rows to `main`, and returns the table after it.
    pub async fn append(&self, base: &Table, batch: RecordBatch) -> Table {
        self.append_to(base, "main", batch).await
    }

    /// Appends rows to a branch, and returns the table after it.
    pub async fn append_to(&self, base: &Table, branch: &str, batch: RecordBatch) -> Table {
        let files = self.stage(base, batch).await;
        self.commit(base, &append(branch, files)).await
    }

    /// Makes a table of [`orders_schema`] with three files of ten rows, ids 0 to 29, in three snapshots; and their paths.
    pub async fn three(&self, name: &str, format: u8) -> (Table, Vec<String>) {
        let mut table = self.table(name, orders_schema(), None, format).await;
        let mut paths = Vec::new();
        for n in 0..3 {
            let staged = self.stage(&table, orders(&table, n * 10, 10)).await;
            paths.push(staged[0].file.file_path().to_string());
            table = self.commit(&table, &append("main", staged)).await;
        }
        (table, paths)
    }

    /// Makes or moves a branch.
    pub async fn branch(&self, base: &Table, name: &str, snapshot_id: i64) -> Table {
        self.commit(base, &Change::SetRef { name: name.into(), kind: RefKind::Branch, snapshot_id }).await
    }

    /// Makes or moves a tag.
    pub async fn tag(&self, base: &Table, name: &str, snapshot_id: i64) -> Table {
        self.commit(base, &Change::SetRef { name: name.into(), kind: RefKind::Tag, snapshot_id }).await
    }
}

/// An append without anything in its summary.
pub fn append(branch: &str, files: Vec<StagedFile>) -> Change {
    Change::Append { branch: branch.into(), files, summary: BTreeMap::new() }
}

/// New files in the place of others on `main`, whatever others did.
pub fn overwrite(added: Vec<StagedFile>, targets: Targets) -> Change {
    Change::Overwrite { branch: "main".into(), added, targets, validation: None, summary: BTreeMap::new() }
}

/// Every row at a snapshot (nothing: the current one), read by iceberg's own scan.
pub async fn scan(table: &Table, snapshot_id: Option<i64>) -> Vec<RecordBatch> {
    let builder = table.inner().scan();
    let builder = match snapshot_id {
        Some(id) => builder.snapshot_id(id),
        None => builder,
    };
    let stream = builder.build().unwrap().to_arrow().await.unwrap();
    stream.try_collect().await.unwrap()
}

/// The values of the long column `name` at a snapshot, sorted.
pub async fn longs(table: &Table, snapshot_id: Option<i64>, name: &str) -> Vec<i64> {
    let mut found = Vec::new();
    for batch in scan(table, snapshot_id).await {
        let column = batch.column_by_name(name).unwrap();
        found.extend(column.as_any().downcast_ref::<Int64Array>().unwrap().values().iter().copied());
    }
    found.sort_unstable();
    found
}

/// The values of a text column in the rows whose `id` is `from` or more, by id.
pub async fn texts(table: &Table, name: &str, from: i64) -> Vec<Option<String>> {
    let mut found = std::collections::BTreeMap::new();
    for batch in scan(table, None).await {
        let ids = batch.column_by_name("id").unwrap().as_any().downcast_ref::<Int64Array>().unwrap();
        let texts = batch.column_by_name(name).unwrap().as_any().downcast_ref::<StringArray>().unwrap();
        let values = texts.iter().map(|text| text.map(str::to_string));
        found.extend(ids.values().iter().copied().zip(values).filter(|(id, _)| *id >= from));
    }
    found.into_values().collect()
}
