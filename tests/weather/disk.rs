//! A disk that fills up at any moment of a load: while staging, under a manifest, under the metadata, under the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use icedeck::Kind;
use icedeck::catalog::{CatalogInfo, Connection, Database, Opening, Rows, SqlCatalog, TableCreation};
use icedeck::env::Env;
use icedeck::ingest::journal::{self, State};
use icedeck::ingest::run::{Ending, IngestRequest};
use icedeck::ingest::source::SourceOptions;
use icedeck::monitor::Monitor;
use icedeck::recovery::{self, Policy};
use icedeck::storage::Storage;

use super::answers::CSV;
use super::front::{TABLE, name};
use crate::common::disk::SmallDisk;
use crate::common::lake::{START_MS, longs, orders_schema};
use crate::recovery::binary::{icedeck, json};

/// A warehouse on a small disk; its journals and its database have a disk of their own.
struct Small {
    folder: tempfile::TempDir,
    env: Env,
    connection: Connection,
    room: Arc<AtomicI64>,
}

const PLENTY: i64 = 1 << 40;

impl Small {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::fixed(folder.path(), START_MS);
        let opening = Opening { read_only: false, may_join: false, patience: Duration::from_secs(5) };
        let database = Database::open(&folder.path().join("c.db"), opening).await.unwrap();
        let disk = SmallDisk::with_room(PLENTY);
        let room = disk.room();
        let storage = Storage::default().with_store("file://", Arc::new(disk));
        let warehouse = format!("file://{}/w", folder.path().display());
        let rows = Rows { database, catalog: "icedeck".into() };
        let catalog = SqlCatalog::new(rows, storage.clone(), Some(warehouse), env.clone());
        let committer = Arc::new(catalog.committer());
        let info = CatalogInfo { name: "icedeck".into(), ..CatalogInfo::default() };
        let connection = Connection::new(info, storage, Arc::new(catalog), committer);
        connection.create_namespace(&name().namespace, BTreeMap::new()).await.unwrap();
        let (schema, properties) = (orders_schema(), BTreeMap::new());
        let creation = TableCreation { name: name(), schema, spec: None, sort_order: None, properties, location: None };
        connection.create_table(creation).await.unwrap();
        std::fs::write(folder.path().join("orders.csv"), CSV).unwrap();
        Self { folder, env, connection, room }
    }

    /// Loads the three rows with this much room.
    async fn load(&self, room: i64) -> icedeck::Result<Ending> {
        self.room.store(room, Ordering::SeqCst);
        let request = IngestRequest::append(SourceOptions::of([self.folder.path().join("orders.csv")]), name());
        let policy = Policy::default();
        let done = recovery::run(request, &self.connection, &policy, &self.env, &Monitor::new()).await;
        self.room.store(PLENTY, Ordering::SeqCst);
        done.map(|done| done.load.ending)
    }

    /// The files of the warehouse, by their endings.
    fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        below(&self.folder.path().join("w"), &mut found);
        found.sort();
        found
    }
}

fn below(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => below(&path, found),
            false => found.push(path.extension().unwrap().to_string_lossy().into_owned()),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_at_any_byte_leaves_nothing_of_the_load() {
    let small = Small::new().await;
    let mut ends = BTreeSet::new();
    for room in (0..200_000).step_by(250) {
        let ended = match small.load(room).await {
            Ok(Ending::Committed) => break,
            Ok(ending) => ending.outcome(),
            Err(e) => {
                assert!(e.kind() == Kind::Unavailable && e.to_string().contains("full"), "{}", e.report());
                "failed"
            }
        };
        ends.insert(ended);
        assert_eq!(small.files(), ["json"], "with room for {room} bytes, {ended}");
        let rows = journal::list(&small.env).unwrap().rows;
        assert!(rows.iter().all(|row| row.state == State::Discarded), "with room for {room} bytes: {rows:?}");
    }
    assert_eq!(ends.into_iter().collect::<Vec<_>>(), ["failed", "not-sent"], "while staging, and under a manifest");
    let table = small.connection.load(&name()).await.unwrap();
    assert_eq!(longs(&table, None, "id").await, [1, 2, 3]);
}

/// Rows enough that the journal is the largest file: each goes to a partition of its own.
const ROWS: usize = 150;

/// Where the lines of the only journal of this state end, in bytes.
fn line_ends(root: &Path, state: &str) -> Vec<usize> {
    let (_, all) = json(root, &["recover", "list", "--all"]);
    let row = all.as_array().unwrap().iter().find(|row| row["state"] == state && row["rows"] == ROWS).unwrap();
    let path = root.join("state/icedeck/journal").join(format!("{}.jsonl", row["ingest_id"].as_str().unwrap()));
    let text = std::fs::read_to_string(path).unwrap();
    text.match_indices('\n').map(|(at, _)| at + 1).collect()
}

fn ids(root: &Path) -> usize {
    json(root, &["rows", TABLE, "--columns", "id", "--limit", "10000"]).1.as_array().unwrap().len()
}

/// The real program under a limit on the size of files, which its journal is the first to meet.
#[test]
fn a_full_disk_under_the_journal_keeps_the_request_from_leaving() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let rows: String = (0..ROWS).map(|id| format!("{id}\n")).collect();
    std::fs::write(root.join("rows.csv"), format!("id\n{rows}")).unwrap();
    let load = ["ingest", "rows.csv", TABLE, "--create", "--partition-by", "id", "--yes"];
    assert!(icedeck(root, &load).output().unwrap().status.success());
    let ends = line_ends(root, "closed");
    let staged = ends[ends.len() - 4];
    let database = std::fs::metadata(root.join("data/icedeck/catalog.db")).unwrap().len();
    assert!(ends[1] < staged / 2 && database < staged as u64 / 2, "{ends:?} {database}");
    for limit in [staged / 2, staged] {
        let program = icedeck(root, &[]);
        let mut command = Command::new("bash");
        command.args(["-c", "ulimit -f $0 && trap '' XFSZ && exec \"$@\"", &limit.div_ceil(1024).to_string()]);
        command.arg(program.get_program()).args(["ingest", "rows.csv", TABLE, "--yes"]).current_dir(root).env_clear();
        let variables = program.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let out = command.envs(variables).stdin(Stdio::null()).output().unwrap();
        let told = String::from_utf8_lossy(&out.stderr).into_owned() + &String::from_utf8_lossy(&out.stdout);
        assert_eq!(out.status.code(), Some(1), "{limit}: {told}");
        assert!(told.contains("journal"), "{limit}: {told}");
        let open = json(root, &["recover", "list"]).1;
        for row in open.as_array().unwrap() {
            let (code, done) = json(root, &["recover", "discard", row["ingest_id"].as_str().unwrap(), "--yes"]);
            assert_eq!((code, &done["outcome"]), (0, &"discarded".into()), "{done}");
        }
        assert_eq!(ids(root), ROWS, "{limit}: {told}");
    }
    assert!(icedeck(root, &["ingest", "rows.csv", TABLE, "--yes"]).output().unwrap().status.success());
    assert_eq!(ids(root), 2 * ROWS);
}
