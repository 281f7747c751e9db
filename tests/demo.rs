//! The demo lake: whole or not there, the same rows every time, and files that load as the README says.

use std::fs;
use std::path::Path;

use icedeck::Kind;
use icedeck::demo::{self, Demo};
use icedeck::env::Env;
use icedeck::ingest::bind::Binding;
use icedeck::ingest::journal::Journal;
use icedeck::ingest::mapping::Mapping;
use icedeck::ingest::preflight::{self, PreflightReport};
use icedeck::ingest::source::{Source, SourceOptions};
use icedeck::monitor::Monitor;
use icedeck::recovery;
use icedeck::table::Table;

use crate::common::lake::{START_MS, scan};

async fn prepared(env: &Env, folder: &Path) -> Demo {
    demo::prepare(env, folder, false, &Monitor::new()).await.unwrap()
}

async fn table(env: &Env, folder: &Path, name: &str) -> Table {
    let connection = demo::lake(env, folder, false).await.unwrap().connection(None).await.unwrap();
    connection.load(&name.parse().unwrap()).await.unwrap()
}

fn preflight(file: &Path, mapping: Option<&Path>, table: &Table) -> PreflightReport {
    let monitor = Monitor::new();
    let source = Source::open(&SourceOptions::of([file]), &monitor).unwrap();
    let mapping = match mapping {
        Some(path) => Mapping::load(path).unwrap(),
        None => Mapping::matched(&source.columns, table.metadata().current_schema()),
    };
    let binding = Binding::for_table(&mapping, &source, table).unwrap();
    preflight::run(&source, &binding, &monitor).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_has_a_past_and_everything_reads() {
    let root = tempfile::tempdir().unwrap();
    let env = Env::fixed(root.path(), START_MS);
    let folder = root.path().join("demo");
    let made = prepared(&env, &folder).await;
    assert_eq!((made.reused, made.tables), (false, 6));

    let events = table(&env, &folder, "sales.events").await;
    let metadata = events.metadata();
    assert!(metadata.history().len() >= 12);
    assert_eq!(metadata.partition_specs_iter().len(), 2);
    assert_eq!(metadata.schemas_iter().len(), 3);
    assert_eq!(
        events.refs().unwrap().keys().collect::<Vec<_>>(),
        ["audit", "before-campaign", "late-events", "main", "staging"]
    );
    // The history is of the days before today, and never goes back.
    let times: Vec<_> = metadata.history().iter().map(|h| h.timestamp_ms).collect();
    assert!(times.is_sorted());
    assert!(times[0] < START_MS - 10 * 86_400_000 && times[times.len() - 1] < START_MS);

    let mut rows = 0;
    for name in ["sales.events", "sales.orders", "sales.eu.orders", "logistics.shipments", "logistics.warehouses"] {
        let table = table(&env, &folder, name).await;
        for snapshot in table.metadata().snapshots() {
            let batches = scan(&table, Some(snapshot.snapshot_id())).await;
            let found: usize = batches.iter().map(|b| b.num_rows()).sum();
            let total = &snapshot.summary().additional_properties["total-records"];
            assert_eq!(total, &found.to_string(), "{name}@{}", snapshot.snapshot_id());
        }
        rows += scan(&table, None).await.iter().map(|b| b.num_rows() as u64).sum::<u64>();
    }
    assert_eq!(made.rows, rows);
    assert!(table(&env, &folder, "sandbox.scratch").await.metadata().current_snapshot().is_none());

    files_load(&env, &folder).await;
    an_open_load_can_be_mended(&env, &folder).await;
    let again = prepared(&env, &folder).await;
    assert_eq!(again, Demo { reused: true, ..made });
}

/// The load that lost a race is in the demo's own journal, and goes on with one step.
async fn an_open_load_can_be_mended(env: &Env, folder: &Path) {
    assert!(recovery::open_rows(env).unwrap().rows.is_empty(), "junk in the user's own journal");
    let lake = demo::lake(env, folder, false).await.unwrap();
    let connection = lake.connection(None).await.unwrap();
    let open = recovery::open_rows(lake.env()).unwrap().rows;
    assert_eq!(open.len(), 1);
    let (_, record) = Journal::open(lake.env(), &open[0].ingest_id).unwrap();
    let standing = recovery::resolve::stand(&connection, &record, &Monitor::new()).await.unwrap();
    assert_eq!(standing.assessment.verdict, recovery::Verdict::Rebase);
}

/// The files for the first five minutes do what they are there for.
async fn files_load(env: &Env, folder: &Path) {
    let files = folder.join("files");
    let orders = table(env, folder, "sales.eu.orders").await;
    let mapping = files.join("orders-nov.toml");
    let report = preflight(&files.join("orders-nov.csv"), Some(&mapping), &orders);
    assert_eq!((report.rows, report.fit), (240, 240), "{:?}", report.reasons);
    let report = preflight(&files.join("orders-nov-broken.csv"), Some(&mapping), &orders);
    assert_eq!((report.rows, report.unfit), (40, 5), "{:?}", report.reasons);
    let shipments = table(env, folder, "logistics.shipments").await;
    let report = preflight(&files.join("shipments.ndjson"), None, &shipments);
    assert_eq!((report.rows, report.fit), (60, 60), "{:?}", report.reasons);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_was_interrupted_is_never_taken_for_a_whole_one() {
    let root = tempfile::tempdir().unwrap();
    let env = Env::fixed(root.path(), START_MS);
    let folder = root.path().join("demo");
    let monitor = Monitor::new();
    monitor.cancel();
    let cancelled = demo::prepare(&env, &folder, false, &monitor).await.unwrap_err();
    assert!(cancelled.is_cancelled(), "{cancelled}");
    assert!(fs::read_dir(&folder).unwrap().next().is_none(), "something was left behind");

    // A process that was killed leaves its mark and a part of the lake.
    fs::create_dir_all(folder.join("warehouse/sales")).unwrap();
    fs::write(folder.join("catalog.db"), "half").unwrap();
    fs::write(folder.join(".icedeck-demo.json"), r#"{"version":1,"complete":false,"tables":0,"snapshots":0,"rows":0}"#)
        .unwrap();
    let made = prepared(&env, &folder).await;
    assert_eq!((made.reused, made.tables), (false, 6));
    assert!(!table(&env, &folder, "sales.orders").await.metadata().history().is_empty());
}

fn icedeck(root: &Path, arguments: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_icedeck"));
    command.args(arguments).env_clear().stdin(std::process::Stdio::null());
    ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"].iter().for_each(|name| {
        command.env(name, root.join(name));
    });
    command.output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_is_there_opens_read_only() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("demo");
    let read_only = ["--read-only", "-o", "json", "demo", "--no-tui", "--dir", folder.to_str().unwrap()];
    let told = icedeck(root.path(), &read_only);
    assert_eq!(told.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&told.stderr).contains("--read-only"), "{told:?}");
    assert!(!folder.exists(), "nothing is made");

    let env = Env::fixed(root.path(), START_MS);
    let made = prepared(&env, &folder).await;
    assert_eq!(demo::existing(&folder).unwrap(), Some(Demo { reused: true, ..made.clone() }));
    let opened = icedeck(root.path(), &read_only);
    assert_eq!(opened.status.code(), Some(0), "{}", String::from_utf8_lossy(&opened.stderr));
    let told: serde_json::Value = serde_json::from_slice(&opened.stdout).unwrap();
    assert_eq!((&told["reused"], &told["rows"]), (&true.into(), &made.rows.into()));
    let open = icedeck(root.path(), &["--home", folder.to_str().unwrap(), "recover", "-o", "json"]);
    let rows: serde_json::Value = serde_json::from_slice(&open.stdout).unwrap();
    assert_eq!(
        (&rows[0]["verb"], &rows[0]["state"]),
        (&"ingest".into(), &"rejected".into()),
        "its lake and its journals"
    );
    let config = icedeck(root.path(), &["--home", folder.to_str().unwrap(), "--config", "c.toml", "ls"]);
    assert_eq!(config.status.code(), Some(2));
    let writing = demo::lake(&env, &folder, false).await.unwrap().connection(None).await.unwrap();
    writing.drop_table(&"sales.events".parse().unwrap()).await.unwrap();
    let opened = icedeck(root.path(), &read_only);
    let told: serde_json::Value = serde_json::from_slice(&opened.stdout).unwrap();
    assert_eq!(told["tables"], made.tables - 1, "what is there now");
    assert!(told["snapshots"].as_u64().unwrap() < made.snapshots && told["rows"].as_u64().unwrap() < made.rows);
    let fresh = icedeck(root.path(), &[&read_only[..], &["--fresh", "--yes"]].concat());
    assert_eq!(fresh.status.code(), Some(1), "--fresh throws away what may not be changed");
    let connection = demo::lake(&env, &folder, true).await.unwrap().connection(None).await.unwrap();
    assert!(connection.read_only());
}

#[tokio::test]
async fn a_folder_of_someone_else_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let env = Env::fixed(root.path(), START_MS);
    fs::write(root.path().join("thesis.txt"), "").unwrap();
    for fresh in [false, true] {
        let error = demo::prepare(&env, root.path(), fresh, &Monitor::new()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
    }
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
}
