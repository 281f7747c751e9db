//! The ground that the state machine stands on: one table, two operators with a folder of journals each, and what must
//! be true of them whatever happened.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use iceberg::TableRequirement;
use iceberg::spec::{NestedField, Operation, PrimitiveType, Schema, SnapshotRef, Type};
use icedeck::catalog::{Connection, Database, Opening, Outcome, Proposal, Rejection, Rows, SqlCatalog};
use icedeck::commit::INGEST_ID;
use icedeck::env::Env;
use icedeck::ingest::journal::{self, Record, State};
use icedeck::monitor::Monitor;
use icedeck::recovery::audit::{Status, acknowledged, audit};
use icedeck::recovery::resolve::{discard, rebase};
use icedeck::recovery::{self, Names, OnConflict, Policy, Word};
use icedeck::storage::Storage;
use icedeck::table::{Table, TableName};

use super::acts::{Told, csv, rows_of};
use super::sky::{Death, Late};
use crate::commit::check::sound;
use crate::common::Lake;
use crate::common::disk::SmallDisk;
use crate::common::lake::{append, longs};

/// Rows from here on are nobody's load.
const OTHERS: i64 = 1_000_000;

/// Snapshots by their ids.
type Ever = BTreeMap<i64, SnapshotRef>;

/// The branches that are written to.
const BRANCHES: [&str; 2] = ["main", "wip"];

/// A warehouse and two connections to it, for many schedules: each has a table and journals of its own.
pub struct Sea {
    lake: Arc<Lake>,
    connections: [Arc<Connection>; 2],
    /// How many of each operator's next reads fail.
    unread: [Arc<AtomicU32>; 2],
    tables: AtomicI64,
    is_kept: bool,
}

impl Sea {
    /// In memory; or in the folder that `ICEDECK_SEA` names, where it stays, with what each table must hold beside it.
    #[allow(clippy::disallowed_methods)] // a test has no Env
    pub async fn new() -> Self {
        let place = std::env::var_os("ICEDECK_SEA").map(PathBuf::from);
        let lake = match &place {
            Some(place) => Lake::kept(place).await,
            None => Lake::in_memory().await,
        };
        let [(one, its), (other, others)] = [connect(&lake).await, connect(&lake).await];
        Self {
            lake: Arc::new(lake),
            connections: [one, other],
            unread: [its, others],
            tables: AtomicI64::new(0),
            is_kept: place.is_some(),
        }
    }
}

/// A connection to the lake's own warehouse, by way of a disk that cannot be read at times.
async fn connect(lake: &Lake) -> (Arc<Connection>, Arc<AtomicU32>) {
    let disk = SmallDisk::with_room(i64::MAX);
    let unread = disk.unread();
    let storage = Storage::default().with_store("file://", Arc::new(disk));
    let database = Database::open(&lake.env.paths().data.join("catalog.db"), Opening::default()).await.unwrap();
    let info = lake.connection.info().clone();
    let rows = Rows { database, catalog: info.name.clone() };
    let catalog = SqlCatalog::new(rows, storage.clone(), info.warehouse.clone(), lake.env.clone());
    let committer = Arc::new(catalog.committer());
    (Arc::new(Connection::new(info, storage, Arc::new(catalog), committer)), unread)
}

pub struct Ground {
    pub lake: Arc<Lake>,
    pub table: TableName,
    /// The operators' worlds: one clock, one source of ids, a folder of journals each.
    pub envs: [Env; 2],
    pub connections: [Arc<Connection>; 2],
    /// Requests that nobody has answered yet.
    pub late: Mutex<Vec<Late>>,
    /// Whether a request is checked against the table as it is when it arrives, as REST servers do, and not against the
    /// very metadata file it was made on.
    is_server: bool,
    /// Whether others will look at the table when it is over.
    is_kept: bool,
    told: Mutex<Vec<(String, Word)>>,
    /// Every snapshot that the table ever had.
    ever: Mutex<Ever>,
    unread: [Arc<AtomicU32>; 2],
    next: AtomicI64,
}

impl Ground {
    pub async fn new(sea: &Sea, is_server: bool, format: u8) -> Arc<Self> {
        let (lake, n) = (sea.lake.clone(), sea.tables.fetch_add(1, Ordering::Relaxed));
        let id = NestedField::required(1, "id", Type::Primitive(PrimitiveType::Long));
        let schema = Schema::builder().with_fields([id.into()]).build().unwrap();
        let table = lake.table(&format!("sales.t{n}"), schema, None, format).await.name().clone();
        let state = lake.env.paths().state.clone();
        let envs = [0, 1].map(|who| lake.env.clone().with_state(state.join(format!("{n}-{who}"))));
        let (late, told, next) = (Mutex::default(), Mutex::default(), AtomicI64::new(10));
        let connections = sea.connections.clone();
        let is_kept = sea.is_kept;
        let (ever, unread) = (Mutex::default(), sea.unread.clone());
        let ground = Self { lake, table, envs, connections, late, is_server, is_kept, told, ever, unread, next };
        let empty = ground.now().await;
        ground.lake.commit(&empty, &append("main", ground.others(&empty, OTHERS).await)).await;
        Arc::new(ground)
    }

    pub fn next_file(&self) -> PathBuf {
        let first = self.next.fetch_add(10, Ordering::Relaxed);
        let path = self.lake.folder.path().join(format!("load-{first}.csv"));
        std::fs::write(&path, csv(first)).unwrap();
        path
    }

    pub fn note(&self, told: Told) {
        self.told.lock().unwrap().extend(told);
    }

    /// So many of the operator's next reads fail.
    pub fn blind(&self, who: usize, reads: u8) {
        self.unread[who].store(reads.into(), Ordering::SeqCst);
    }

    /// A request comes to the catalog.
    pub async fn arrive(&self, base: &Table, proposal: &Proposal) -> Outcome {
        let outcome = match self.is_server {
            true => self.serve(proposal).await,
            false => self.lake.connection.committer().commit(base, proposal).await,
        };
        let now = self.now().await;
        self.forget_dead_requests(&now);
        outcome
    }

    async fn serve(&self, proposal: &Proposal) -> Outcome {
        let now = match self.lake.connection.load(&proposal.table).await {
            Ok(now) => now,
            Err(e) => return Outcome::Rejected(Rejection { reason: e.to_string(), is_final: true }),
        };
        match self.lake.connection.committer().commit(&now, proposal).await {
            // What cannot be applied is refused there.
            Outcome::NotSent(e) => Outcome::Rejected(Rejection { reason: e.to_string(), is_final: false }),
            outcome => outcome,
        }
    }

    pub async fn late_arrives(&self, n: usize) {
        let late = {
            let mut all = self.late.lock().unwrap();
            let at = n % all.len().max(1);
            (at < all.len()).then(|| all.remove(at))
        };
        if let Some(Late { base, proposal }) = late {
            let _ = self.arrive(&base, &proposal).await;
        }
    }

    /// A request whose demand does not hold can do nothing. Should the branch be led back to exactly where it was, it
    /// could: that is the hole the manual names, and so such requests do not survive here.
    fn forget_dead_requests(&self, now: &Table) {
        let holds = |requirement: &TableRequirement| requirement.check(Some(now.metadata())).is_ok();
        self.late.lock().unwrap().retain(|late| late.proposal.requirements.iter().all(holds));
    }

    pub async fn now(&self) -> Table {
        let now = self.lake.load(&self.table).await;
        self.ever.lock().unwrap().extend(now.metadata().snapshots().map(|s| (s.snapshot_id(), s.clone())));
        now
    }

    /// What a program that died leaves of its journal: whole lines that were on the disk, and a piece of the next.
    pub fn bury(&self, who: usize, death: Death) {
        let Some(lost) = death.lost else { return };
        let env = &self.envs[who];
        let rows = journal::list(env).unwrap().rows;
        let text_of = |row: &journal::Row| {
            let path = journal::folder(env).join(format!("{}.jsonl", row.ingest_id));
            (std::fs::read_to_string(&path).unwrap(), path)
        };
        // The one that it wrote to last. A branch that a beaten load makes for itself is no attempt of that load: where
        // it was about to ask for one, all it had written before was on the disk.
        let last_at = |(_, (text, _)): &(&journal::Row, (String, PathBuf))| {
            let read = |line| serde_json::from_str::<serde_json::Value>(line).ok();
            text.lines().rev().find_map(read).and_then(|line| line["time_ms"].as_i64())
        };
        let mine = rows.iter().filter(|row| !row.is_in_use).map(|row| (row, text_of(row)));
        let Some((row, (text, path))) = mine.max_by_key(last_at).filter(|(row, _)| row.state == State::Sent) else {
            return;
        };
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        // A first attempt may have died at any time since staging began, a later one since the attempt before it.
        let kept = if row.attempts == 1 { ends[0] } else { ends[ends.len() - 2] };
        let length = kept + (text.len() - kept) * usize::from(lost) / 65536;
        std::fs::write(path, &text.as_bytes()[..length]).unwrap();
    }

    pub fn records(&self) -> Vec<Record> {
        let mut all = Vec::new();
        for env in &self.envs {
            let listing = journal::list(env).unwrap();
            assert!(listing.broken.is_empty(), "{:?}", listing.broken);
            let open = recovery::open_rows(env).unwrap().rows;
            for row in listing.rows {
                let record = journal::read(env, &row.ingest_id).unwrap();
                assert_eq!(record.state, row.state);
                let is_asked = open.iter().any(|r| r.ingest_id == row.ingest_id);
                assert_eq!(is_asked, record.state.is_open(), "it is asked about, or done with");
                all.push(record);
            }
        }
        all
    }

    /// How everything ended that an operator was told of, as words.
    pub fn tally(&self) -> Vec<String> {
        self.told.lock().unwrap().iter().map(|(_, word)| format!("{word:?}")).collect()
    }

    /// Everything that must be true at any time when nobody works.
    pub async fn check(&self) {
        let (table, records) = (self.now().await, self.records());
        let loads: BTreeMap<&str, &Record> =
            records.iter().filter(|r| r.plan.verb == "ingest").map(|r| (r.plan.ingest_id.as_str(), r)).collect();
        let ever = self.ever.lock().unwrap().clone();
        let landed = |id: &str| ever.values().filter(|s| ingest_of(s) == Some(id)).count();
        for (id, word) in self.told.lock().unwrap().iter().filter(|(id, _)| loads.contains_key(id.as_str())) {
            match word {
                Word::Committed => assert_eq!(landed(id), 1, "{id} was told to be committed"),
                Word::Discarded | Word::NotSent => assert_eq!(landed(id), 0, "{id} was told to be given up"),
                _ => {}
            }
        }
        for (id, record) in &loads {
            match record.state {
                State::Closed => assert_eq!(landed(id), 1, "{id} is closed"),
                State::Discarded => assert_eq!(landed(id), 0, "{id} is discarded"),
                _ => assert!(landed(id) <= 1, "{id} landed twice"),
            }
        }
        self.check_files(&table, &ever, &loads).await;
    }

    /// Every snapshot holds the files of its loads, once each, and each of them is there.
    async fn check_files(&self, table: &Table, ever: &Ever, loads: &BTreeMap<&str, &Record>) {
        let upon: BTreeSet<_> =
            table.metadata().snapshots().filter(|s| !overwrites(s)).filter_map(|s| s.parent_snapshot_id()).collect();
        for snapshot in table.metadata().snapshots() {
            let list = table.storage().size(snapshot.manifest_list()).await.unwrap();
            assert!(list.is_some(), "the manifest list of snapshot {} is gone", snapshot.snapshot_id());
            if upon.contains(&snapshot.snapshot_id()) {
                // What it names, the one upon it names too.
                continue;
            }
            let live: BTreeSet<String> = sound(table, snapshot).await.into_iter().collect();
            for file in &live {
                let size = table.storage().size(file).await.unwrap();
                assert!(size.is_some(), "snapshot {} names {file}, which is gone", snapshot.snapshot_id());
            }
            let ours = |id: &str| live.iter().filter(|file| file.contains(id)).count();
            let line = line(ever, snapshot);
            for (id, record) in loads {
                let expected = if line.contains(*id) { record.files.len() } else { 0 };
                assert_eq!(ours(id), expected, "files of {id} in snapshot {}", snapshot.snapshot_id());
            }
        }
        for name in BRANCHES {
            let Some(head) = table.metadata().snapshot_for_ref(name) else { continue };
            let line = line(ever, head);
            let of = |(id, record): (&&str, &&Record)| line.contains(*id).then(|| rows_of(&record.plan.sources[0]));
            let mut expected: Vec<i64> = loads.iter().filter_map(of).flatten().collect();
            expected.sort_unstable();
            let mut found = longs(table, Some(head.snapshot_id()), "id").await;
            found.retain(|id| *id < OTHERS);
            assert_eq!(found, expected, "rows of {name}");
        }
    }

    /// The weather clears: what can be given up is given up, what is still on its way arrives or is lost, others move
    /// every branch, and what is open then is given up too or found in the table. Nothing stays that nobody can do
    /// anything about.
    pub async fn settle(&self, arrives: bool) {
        self.give_up().await;
        while arrives && !self.late.lock().unwrap().is_empty() {
            self.late_arrives(0).await;
        }
        self.late.lock().unwrap().clear();
        self.others_move().await;
        self.give_up().await;
        for env in &self.envs {
            for row in recovery::open_rows(env).unwrap().rows {
                // A branch that a lost request would make is moved by nobody: it is made now.
                let (policy, monitor) = (Policy::hasty(OnConflict::Rebase), Monitor::new());
                let done = rebase(&self.lake.connection, &row.ingest_id, &policy, env, &monitor).await.unwrap();
                assert_eq!(done.outcome, Word::Committed, "nothing can be done about {}: {done:?}", row.verb);
            }
        }
        self.check().await;
        self.audit().await;
        if self.is_kept {
            self.leave_word().await;
        }
    }

    /// Writes down which rows every branch holds.
    async fn leave_word(&self) {
        let table = self.now().await;
        let mut rows = BTreeMap::new();
        for name in BRANCHES {
            if let Some(head) = table.metadata().snapshot_for_ref(name) {
                rows.insert(name, longs(&table, Some(head.snapshot_id()), "id").await);
            }
        }
        let word = serde_json::json!({ "table": self.table.to_string(), "branches": rows });
        let path = self.lake.folder.path().join(format!("{}.rows.json", self.table));
        std::fs::write(path, word.to_string()).unwrap();
    }

    /// Gives up whatever may be given up.
    async fn give_up(&self) {
        for env in &self.envs {
            for row in recovery::open_rows(env).unwrap().rows {
                let done = discard(&self.lake.connection, &row.ingest_id, env, &Monitor::new()).await.unwrap();
                assert_ne!(done.outcome, Word::Rejected, "kept, and nothing can land: {done:?}");
                self.note(Some((done.ingest_id, done.outcome)));
            }
        }
    }

    /// Every branch that is waited for moves.
    async fn others_move(&self) {
        let mut table = self.now().await;
        let open = self.records().into_iter().filter(|record| record.state.is_open());
        let names: BTreeSet<String> = open.map(|record| record.branch().to_string()).collect();
        for (n, name) in (1..).zip(names) {
            let is_there = table.metadata().snapshot_for_ref(&name).is_some();
            if name == "main" || is_there && !name.starts_with("tag") {
                table = self.lake.commit(&table, &append(&name, self.others(&table, OTHERS + n).await)).await;
            }
        }
    }

    async fn others(&self, table: &Table, id: i64) -> Vec<icedeck::commit::StagedFile> {
        let schema = iceberg::arrow::schema_to_arrow_schema(table.metadata().current_schema()).unwrap();
        let column = |field: &std::sync::Arc<arrow::datatypes::Field>| {
            let value = (field.name() == "id").then_some(id);
            std::sync::Arc::new(arrow::array::Int64Array::from(vec![value])) as arrow::array::ArrayRef
        };
        let columns = schema.fields().iter().map(column).collect();
        let batch = arrow::array::RecordBatch::try_new(Arc::new(schema), columns).unwrap();
        self.lake.stage(table, batch).await
    }

    /// Every acknowledged load is where a branch leads, or was led away from.
    async fn audit(&self) {
        for env in &self.envs {
            for ((_, name), records) in &acknowledged(env).unwrap().tables {
                for load in audit(&self.lake.connection, name, records, &mut Names::default()).await.unwrap() {
                    let is_fine = load.status != Status::Gone;
                    assert!(is_fine, "{load:?}");
                }
            }
        }
    }
}

fn ingest_of(snapshot: &SnapshotRef) -> Option<&str> {
    snapshot.summary().additional_properties.get(INGEST_ID).map(String::as_str)
}

fn overwrites(snapshot: &SnapshotRef) -> bool {
    snapshot.summary().operation == Operation::Overwrite
}

/// The ids of what was put into a snapshot and its ancestors since the last overwrite, picked ones by where they come from.
fn line(ever: &Ever, from: &SnapshotRef) -> BTreeSet<String> {
    let (mut found, mut next) = (BTreeSet::new(), Some(from.clone()));
    while let Some(snapshot) = next {
        let source = snapshot.summary().additional_properties.get("source-snapshot-id");
        let source = source.and_then(|id| ever.get(&id.parse().unwrap()));
        found.extend(ingest_of(source.unwrap_or(&snapshot)).map(str::to_string));
        if overwrites(&snapshot) {
            break;
        }
        next = snapshot.parent_snapshot_id().and_then(|id| ever.get(&id)).cloned();
    }
    found
}
