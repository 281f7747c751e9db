//! Golden screens of what is open and of the workbench: every verdict that an append can have, each from a real table,
//! and what comes of the keys.

use std::collections::BTreeMap;

use iceberg::spec::{Transform, UnboundPartitionSpec};
use icedeck::Error;
use icedeck::app::route::Route;
use icedeck::commit::{Change, Targets};
use icedeck::ingest::journal::{Row, State};
use icedeck::recovery::{OnConflict, Policy};
use icedeck::table::Table;
use icedeck::views::recover::{self, Line};

use super::console::{Console, setup};
use super::golden::{gallery, keep};
use super::samples;
use super::steps::{BOTH, Gallery};
use crate::common::Lake;
use crate::common::lake::{START_MS, append, orders};
use crate::recovery::{Fault, Faulty, dead_after_its_commit, loaded, open};

#[test]
fn recover_screen() {
    let row = |n: u32, state: State, verb: &str, table: &str, rows: u64| Row {
        ingest_id: format!("01900000-0000-7000-8000-{n:012}"),
        table: table.into(),
        branch: "main".into(),
        verb: verb.into(),
        state,
        opened_at: format!("2026-11-{:02}T07:5{n}:00.000Z", 21 - n),
        rows,
        files: rows.div_ceil(100_000),
        bytes: rows * 77,
        attempts: n,
        catalog: "prod".into(),
        is_in_use: false,
        is_cut: n == 2,
    };
    let in_use = Row { is_in_use: true, ..row(0, State::Staging, "ingest", "sales.clicks", 12_450_112) };
    let rows = vec![
        Line::Journal(in_use),
        Line::Journal(row(1, State::Unknown, "ingest", "sales.orders", 120_431)),
        Line::Journal(row(2, State::Rejected, "rollback", "sales.eu.orders", 0)),
        Line::Journal(row(3, State::Staged, "ingest", samples::HOSTILE, 12)),
        Line::Broken(Error::corrupt("the journal is damaged").with("line", 4).into()),
    ];
    keep("recover", gallery(&Route::new("recover").of_catalog(Some("prod".into())), rows));
}

/// A lake whose table holds 20 rows, and an open load of three that ended so.
async fn stranded(fault: Fault) -> (Lake, Table, String) {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 100, 20)).await;
    stranded_in(lake, table, fault).await
}

async fn stranded_in(lake: Lake, table: Table, fault: Fault) -> (Lake, Table, String) {
    let keeps = Policy::hasty(OnConflict::Fail);
    let _ = loaded(&lake, &Faulty::on(&lake, [fault]), &keeps).await;
    let id = open(&lake).ingest_id;
    (lake, table, id)
}

/// The workbench of the only open load, ten minutes later.
async fn bench(lake: &Lake, id: &str) -> Console {
    let route = recover::to_workbench(Some("icedeck".into()), "sales.orders", id).unwrap();
    let mut console = Console::with(setup(&["icedeck"]), route);
    console.now_ms = START_MS + 600_000;
    console.settle(&lake.lake).await;
    console
}

async fn shown(name: &str, lake: &Lake, id: &str) -> Console {
    let mut told = Gallery::default();
    let mut console = bench(lake, id).await;
    told.show(name, &mut console, &BOTH);
    keep(&format!("workbench_{name}"), told.0);
    console
}

#[tokio::test]
async fn a_load_that_landed() {
    let (lake, id) = dead_after_its_commit("").await;
    let mut console = shown("landed", &lake, &id).await;
    console.press("enter y").settle(&lake.lake).await;
    assert!(console.screen(120, 40).contains("it was in the table already"), "{}", console.screen(120, 40));
    assert_eq!(icedeck::recovery::open_rows(&lake.env).unwrap().rows, []);
}

#[tokio::test]
async fn a_request_that_was_lost() {
    let (lake, _, id) = stranded(Fault::Before).await;
    let mut console = shown("lost", &lake, &id).await;
    console.press("x");
    assert!(!console.screen(80, 24).contains("Give it up?"), "it may still land");
}

#[tokio::test]
async fn others_who_stand_in_no_way() {
    let (lake, table, id) = stranded(Fault::Before).await;
    let table = lake.append(&table, orders(&table, 200, 40)).await;
    let set = BTreeMap::from([("owner".to_string(), "ann".to_string())]);
    let table = lake.commit(&table, &Change::SetProperties { set, remove: Vec::new() }).await;
    lake.append(&table, orders(&table, 300, 2)).await;
    let mut console = shown("rebase", &lake, &id).await;
    let mut told = Gallery::default();
    console.press("enter");
    told.show("asked", &mut console, &BOTH);
    console.press("y");
    told.show("beginning", &mut console, &[(80, 12)]);
    console.settle(&lake.lake).await;
    told.show("published", &mut console, &BOTH);
    keep("workbench_published", told.0);
    console.press("enter").settle(&lake.lake).await;
    assert!(console.screen(120, 40).contains("snapshots"));
    console.press("@").settle(&lake.lake).await;
    let log = console.screen(160, 40);
    assert!(log.contains("committed") && log.contains(&format!("icedeck recover rebase {id} --yes")), "{log}");
    assert!(log.contains("requirements"), "the exact request:\n{log}");
}

#[tokio::test]
async fn a_layout_that_changed() {
    let (lake, table, id) = stranded(Fault::Before).await;
    let field = table.metadata().current_schema().field_by_name("day").unwrap().id;
    let spec =
        UnboundPartitionSpec::builder().add_partition_field(field, "day_month", Transform::Month).unwrap().build();
    let table = lake.commit(&table, &Change::SetSpec(spec)).await;
    lake.append(&table, orders(&table, 200, 2)).await;
    let mut console = shown("restage", &lake, &id).await;
    console.press("r y").settle(&lake.lake).await;
    let screen = console.screen(120, 40);
    assert!(screen.contains("committed") && screen.contains("takes the place of"), "{screen}");
}

#[tokio::test]
async fn rows_that_were_overwritten() {
    let (lake, table, id) = stranded(Fault::Before).await;
    let added = lake.stage(&table, orders(&table, 400, 5)).await;
    let (branch, summary) = ("main".into(), BTreeMap::new());
    let change = Change::Overwrite { branch, added, targets: Targets::All, validation: None, summary };
    lake.commit(&table, &change).await;
    let mut console = shown("overwritten", &lake, &id).await;
    let mut told = Gallery::default();
    console.press("x");
    let small = console.screen(20, 5);
    console.press("enter y").settle(&lake.lake).await;
    assert_eq!(console.screen(20, 5), small, "what cannot be read is not answered");
    assert!(small.contains("make the terminal") && !small.contains("enter"), "{small}");
    told.show("asked", &mut console, &[(80, 24), (120, 40), (40, 12)]);
    console.press("y").settle(&lake.lake).await;
    told.show("given up", &mut console, &BOTH);
    keep("workbench_discarded", told.0);
    assert_eq!(icedeck::recovery::open_rows(&lake.env).unwrap().rows, []);
    assert_eq!(crate::recovery::files_of(&lake, &id), 0);
}

#[tokio::test]
async fn a_branch_that_was_led_back() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let one = lake.append(&table, orders(&table, 100, 1)).await;
    let two = lake.append(&one, orders(&one, 101, 1)).await;
    let (lake, two, id) = stranded_in(lake, two, Fault::Before).await;
    let back = icedeck::table::inspect::snapshots(&one).unwrap().last().unwrap().snapshot_id;
    lake.branch(&two, "main", back).await;
    let mut console = shown("rolled_back", &lake, &id).await;
    console.press("b y").settle(&lake.lake).await;
    let screen = console.screen(120, 40);
    assert!(screen.contains(&format!("ingest-{id}")) && screen.contains("a branch of their own"), "{screen}");
}

#[tokio::test]
async fn a_table_that_is_gone() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 100, 2)).await;
    let files = lake.stage(&table, orders(&table, 200, 1)).await;
    let (lake, table, id) = stranded_in(lake, table, Fault::Beaten(vec![append("main", files)])).await;
    shown("rejected", &lake, &id).await;
    lake.connection.drop_table(table.name()).await.unwrap();
    shown("dropped", &lake, &id).await;
    lake.orders("sales.orders").await;
    shown("recreated", &lake, &id).await;
}

/// What could tell was expired, and the metadata files that knew of it are gone.
#[tokio::test]
async fn nothing_that_tells() {
    let (lake, table, id) = stranded(Fault::Before).await;
    lake.forget(&table).await;
    let mut console = shown("unproved", &lake, &id).await;
    console.press("x");
    let asked = console.screen(80, 24);
    assert!(!asked.contains("Give it up?") && asked.contains("Close it on your word?"), "it may be there\n{asked}");
    console.press("y").settle(&lake.lake).await;
    let done = console.screen(120, 40);
    assert!(done.contains("1 staged file kept"), "{done}");
    assert_eq!(icedeck::recovery::open_rows(&lake.env).unwrap().rows, []);
}

/// Nothing that writes works where one may only look; and the journal is shown where the catalog is not there.
#[tokio::test]
async fn looking_only() {
    let (lake, _, id) = stranded(Fault::Before).await;
    let route = recover::to_workbench(Some("icedeck".into()), "sales.orders", &id).unwrap();
    let mut read_only = setup(&["icedeck"]);
    read_only.read_only = true;
    let mut console = Console::with(read_only, route.clone());
    console.settle(&lake.lake).await;
    let screen = console.screen(120, 40);
    assert!(screen.contains("read-only: nothing can be done"), "{screen}");
    console.press("enter");
    assert_eq!(console.screen(120, 40), screen);
    console.press("y");
    let raw = console.screen(120, 60);
    assert!(raw.contains("assert-ref-snapshot-id"), "the exact request:\n{raw}");

    let mut told = Gallery::default();
    let mut missing = Console::at(Route { detail: Some("nope".into()), ..route });
    missing.settle(&lake.lake).await;
    told.show("no such load", &mut missing, &[(80, 12)]);
    let mut opening = Console::at(recover::to_workbench(None, "sales.orders", "01").unwrap());
    told.show("looking", &mut opening, &[(80, 12)]);
    keep("workbench_states", told.0);
}
