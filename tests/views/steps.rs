//! Golden screens of what takes several steps: loading a file, making a table, and what is around the work that runs.

use iceberg::spec::{NestedField, NestedFieldRef, PrimitiveType, Schema, Type};
use icedeck::Error;
use icedeck::app::effect::Sent;
use icedeck::app::route::Route;
use icedeck::ingest::run::{Ending, IngestResult};
use icedeck::monitor::Progress;
use icedeck::recovery::Loaded;
use icedeck::table::Namespace;
use icedeck::views::{folder, log};

use super::console::Console;
use super::golden::{about, failure, gallery, keep};
use super::samples;
use crate::common::Lake;
use crate::common::lake::START_MS;

/// Paths stand on the screens as they were given: these are alike on every machine.
pub const GOOD: &str = "assets/demo/orders-nov.csv";
const BROKEN: &str = "assets/demo/orders-nov-broken.csv";
pub const BOTH: [(u16, u16); 2] = [(80, 24), (120, 40)];

/// One view in its states, one under the other.
#[derive(Default)]
pub struct Gallery(pub String);

impl Gallery {
    pub fn show(&mut self, title: &str, console: &mut Console, sizes: &[(u16, u16)]) {
        for (width, height) in sizes {
            let screen = unnamed(console.screen(*width, *height));
            self.0.push_str(&format!("=== {title}, {width}x{height}\n{screen}\n"));
        }
        console.survives();
    }
}

/// A screen without the name that the folder of this run has.
fn unnamed(mut screen: String) -> String {
    while let Some(at) = screen.find("/.tmp").map(|at| at + 2) {
        screen.replace_range(at..at + 9, "a-folder-");
    }
    screen
}

/// A table that the files of the demo are for.
pub async fn lake() -> Lake {
    let lake = Lake::new().await;
    let optional = |id, name, kind| NestedField::optional(id, name, Type::Primitive(kind)).into();
    let fields: Vec<NestedFieldRef> = vec![
        NestedField::required(1, "order_id", Type::Primitive(PrimitiveType::String)).into(),
        NestedField::required(2, "ordered_at", Type::Primitive(PrimitiveType::Timestamptz)).into(),
        optional(3, "amount", PrimitiveType::Decimal { precision: 12, scale: 2 }),
        optional(4, "country", PrimitiveType::String),
        optional(5, "customer_id", PrimitiveType::Long),
        optional(6, "note", PrimitiveType::String),
    ];
    let schema = Schema::builder().with_fields(fields.clone()).build().unwrap();
    lake.table("sales.orders", schema, None, 2).await;
    let more = NestedField::required(7, "channel", Type::Primitive(PrimitiveType::String)).into();
    let schema = Schema::builder().with_fields(fields.into_iter().chain([more])).build().unwrap();
    lake.table("sales.strict", schema, None, 2).await;
    lake
}

pub fn load(file: &str) -> Route {
    Route::new("load").of_table("sales.orders".parse().unwrap()).with_detail(file)
}

pub async fn opened(lake: &Lake, route: Route) -> Console {
    let mut console = Console::with(super::console::setup(&["icedeck"]), route);
    console.settle(&lake.lake).await;
    console
}

pub async fn walk(console: &mut Console, lake: &Lake, keys: &str) {
    for key in keys.split_whitespace() {
        console.press(key).settle(&lake.lake).await;
    }
}

/// Opens a prompt, empties it, answers it.
async fn answer(console: &mut Console, lake: &Lake, keys: &str, text: &str) {
    walk(console, lake, keys).await;
    console.press("ctrl-u").type_text(text);
    walk(console, lake, "enter").await;
}

/// At the mapping, with the dates and the amounts told how to be read.
async fn mapped(lake: &Lake, file: &str) -> Console {
    let mut console = opened(lake, load(file)).await;
    answer(&mut console, lake, "enter j f", "%d.%m.%Y %H:%M; @Europe/Berlin").await;
    answer(&mut console, lake, "j m", "Amount").await;
    answer(&mut console, lake, "f", "decimal-comma; thousands=.").await;
    console
}

#[tokio::test]
async fn load_source_screen() {
    let lake = lake().await;
    let mut told = Gallery::default();
    let mut console = Console::at(load(GOOD));
    told.show("opening", &mut console, &[(80, 8)]);
    let mut console = opened(&lake, load(GOOD)).await;
    told.show("source", &mut console, &BOTH);
    walk(&mut console, &lake, "G right right").await;
    told.show("at the end, to the right", &mut console, &[(80, 16)]);
    walk(&mut console, &lake, "e").await;
    told.show("settings", &mut console, &BOTH);
    walk(&mut console, &lake, "enter").await;
    told.show("one setting", &mut console, &[(80, 24)]);
    let mut failed = Console::at(load(GOOD));
    failed.fail(Error::not_found("there is no such file").with("file", GOOD).hint("look at the name"));
    told.show("failed", &mut failed, &[(80, 12)]);
    keep("load_source", told.0);
}

#[tokio::test]
async fn load_mapping_screen() {
    let lake = lake().await;
    let mut told = Gallery::default();
    let strict = Route::new("load").of_table("sales.strict".parse().unwrap()).with_detail(GOOD);
    let mut console = opened(&lake, strict).await;
    walk(&mut console, &lake, "enter").await;
    told.show("as it was matched, with a problem", &mut console, &BOTH);
    walk(&mut console, &lake, "enter").await;
    told.show("preflight refused", &mut console, &[(80, 24)]);
    walk(&mut console, &lake, "j f").await;
    told.show("how it is read", &mut console, &BOTH);
    walk(&mut console, &lake, "esc m").await;
    told.show("where it comes from", &mut console, &[(80, 24)]);
    walk(&mut console, &lake, "esc e").await;
    told.show("an expression", &mut console, &[(80, 24)]);
    let mut console = mapped(&lake, GOOD).await;
    told.show("mapped", &mut console, &BOTH);
    answer(&mut console, &lake, "j e", "upper(nowhere)").await;
    told.show("a wrong expression", &mut console, &[(80, 24)]);
    keep("load_mapping", told.0);
}

#[tokio::test]
async fn load_preflight_screen() {
    let lake = lake().await;
    let mut told = Gallery::default();
    let mut console = mapped(&lake, GOOD).await;
    console.press("enter").progress(Progress {
        stage: "checking",
        rows: 120_000,
        bytes: 9 << 20,
        total_bytes: 40 << 20,
        files: 0,
        attempts: 0,
    });
    told.show("while it runs", &mut console, &[(80, 12)]);
    console.settle(&lake.lake).await;
    told.show("clean", &mut console, &BOTH);
    let mut console = mapped(&lake, BROKEN).await;
    walk(&mut console, &lake, "enter").await;
    told.show("with faults", &mut console, &BOTH);
    walk(&mut console, &lake, "n").await;
    told.show("not to be loaded so", &mut console, &[(80, 24)]);
    walk(&mut console, &lake, "x").await;
    told.show("where rejected rows go", &mut console, &[(80, 24)]);
    walk(&mut console, &lake, "esc j enter").await;
    told.show("the line of a fault", &mut console, &[(80, 16)]);
    walk(&mut console, &lake, "esc").await;
    assert!(console.screen(80, 24).contains("3 preflight ●"), "back to where one came from");
    walk(&mut console, &lake, "esc").await;
    assert!(console.screen(80, 24).contains("2 mapping ●"));
    keep("load_preflight", told.0);
}

fn result(ending: Ending) -> IngestResult {
    let mut result = IngestResult::mismatched("sales.orders".into(), "main".into(), &[]);
    (result.ending, result.reason, result.hint) = (ending, None, None);
    result.ingest_id = Some("01900000-0000-7000-8000-000000000004".into());
    result.base_snapshot_id = Some(5_120_998_110_340_042);
    (result.attempts, result.rows, result.files, result.bytes, result.elapsed_ms) = (1, 300, 1, 9_114, 2_204);
    result
}

#[tokio::test]
async fn load_commit_screen() {
    let lake = lake().await;
    let mut told = Gallery::default();
    let mut console = mapped(&lake, GOOD).await;
    walk(&mut console, &lake, "enter enter").await;
    told.show("what will be done", &mut console, &BOTH);
    console.press("enter");
    told.show("beginning", &mut console, &[(80, 24)]);
    console.now_ms += 4_000;
    console.progress(Progress {
        stage: "staging",
        rows: 1_200_500,
        bytes: 96 << 20,
        total_bytes: 400 << 20,
        files: 2,
        attempts: 0,
    });
    told.show("staging", &mut console, &BOTH);
    console.press("q");
    told.show("quitting while it runs", &mut console, &BOTH);
    console.press("esc");
    let mut committed = result(Ending::Committed);
    committed.snapshot_id = Some(8_264_310_946_571_773);
    console.send(Loaded::from(committed)).done();
    told.show("committed", &mut console, &BOTH);
    let conflict = "branch main has changed: expected id 5120998110340042 != 8264310946571773";
    for (title, ending, reason, hint) in [
        ("rejected", Ending::Rejected, conflict, "icedeck recover assess 01900000 says what is safe"),
        ("unknown", Ending::Unknown, "the connection was lost before the answer came", "look at the table first"),
    ] {
        let mut console = mapped(&lake, GOOD).await;
        walk(&mut console, &lake, "enter enter").await;
        let mut ended = result(ending);
        (ended.reason, ended.hint) = (Some(reason.into()), Some(hint.into()));
        console.press("enter").send(Loaded::from(ended)).done();
        told.show(title, &mut console, &[(80, 24)]);
    }
    let mut console = mapped(&lake, GOOD).await;
    walk(&mut console, &lake, "enter enter").await;
    console.press("enter").fail(failure());
    told.show("failed", &mut console, &[(80, 24)]);
    keep("load_commit", told.0);
}

#[tokio::test]
async fn create_screen() {
    let lake = lake().await;
    let route = Route::new("create").of_namespace(Namespace(vec!["sales".into()])).with_detail(GOOD);
    let mut told = Gallery::default();
    let mut console = Console::at(route.clone());
    told.show("inferring", &mut console, &[(80, 8)]);
    let mut console = opened(&lake, route.clone()).await;
    told.show("as it was inferred", &mut console, &BOTH);
    answer(&mut console, &lake, "p", "day(Ordered At)").await;
    told.show("a wrong transform", &mut console, &[(80, 24)]);
    answer(&mut console, &lake, "p", "bucket(16, customer_id), country").await;
    answer(&mut console, &lake, "s", "customer_id desc").await;
    told.show("partitioned and sorted", &mut console, &BOTH);
    answer(&mut console, &lake, "f", "country: date; customer_id: string").await;
    told.show("with other types", &mut console, &[(80, 24)]);
    walk(&mut console, &lake, "p").await;
    told.show("asked for the fields", &mut console, &[(80, 24)]);
    walk(&mut console, &lake, "esc enter").await;
    told.show("asked before it is made", &mut console, &BOTH);
    let mut failed = Console::at(route);
    failed.fail(failure());
    told.show("failed", &mut failed, &[(80, 12)]);
    keep("create", told.0);
}

#[test]
fn folder_screen() {
    let entry = |name: &str, bytes: Option<u64>, hours: i64| folder::Entry {
        name: name.into(),
        path: format!("/srv/drop/{name}").into(),
        kind: bytes.map_or(folder::EntryKind::Folder, folder::EntryKind::File),
        modified_ms: Some(START_MS - hours * 3_600_000),
    };
    let rows = vec![
        folder::Entry { name: "..".into(), path: "/srv".into(), kind: folder::EntryKind::Folder, modified_ms: None },
        entry("archive", None, 9_000),
        entry("notes.md", Some(812), 3),
        folder::Entry { kind: folder::EntryKind::Other("pipe"), ..entry("feed", None, 1) },
        entry("orders-nov.csv", Some(22_148_911), 1),
        entry("shipments.ndjson.zst", Some(5_311), 30),
        entry(samples::HOSTILE, Some(12), 2),
        entry(&samples::long_name(), Some(0), 2),
    ];
    keep("folder", gallery(&about("ingest").with_detail("/srv/drop"), rows));
}

#[tokio::test]
async fn jobs_screen() {
    let mut told = Gallery::default();
    let mut console = Console::at(Route::new("jobs"));
    told.show("idle", &mut console, &[(80, 12)]);
    let lake = lake().await;
    let mut console = mapped(&lake, GOOD).await;
    walk(&mut console, &lake, "enter enter").await;
    console.press("enter");
    console.now_ms += 4_000;
    console.progress(Progress {
        stage: "staging",
        rows: 1_200_500,
        bytes: 96 << 20,
        total_bytes: 400 << 20,
        files: 2,
        attempts: 0,
    });
    console.press("J");
    told.show("running", &mut console, &BOTH);
    console.fail(failure());
    told.show("failed", &mut console, &BOTH);
    console.press("y");
    told.show("the whole story", &mut console, &[(80, 24)]);
    let mut console = mapped(&lake, GOOD).await;
    walk(&mut console, &lake, "enter enter").await;
    console.press("enter J X");
    told.show("cancelling", &mut console, &[(80, 24)]);
    keep("jobs", told.0);
}

#[test]
fn log_screen() {
    let sent = |minutes: i64, outcome: &str, what: &str| {
        log::Line::Change(Sent {
            at_ms: START_MS - minutes * 60_000,
            what: what.into(),
            outcome: outcome.into(),
            request: "{\n  \"requirements\": [{\"type\": \"assert-table-uuid\"}]\n}".into(),
            command: "icedeck ingest orders-nov.csv sales.orders --mapping mapping.toml".into(),
        })
    };
    let rows = vec![
        sent(3 * 1440, "committed", "make the table sales.orders"),
        sent(95, "rejected", "append 300 rows to sales.orders"),
        sent(90, "unknown", "append 300 rows to sales.orders"),
        sent(3, "committed", samples::HOSTILE),
        log::Line::Damaged { lines: 2, file: "/home/ann/.local/state/icedeck/commands.jsonl".into() },
    ];
    keep("log", gallery(&Route::new("log"), rows));
}

#[test]
fn raw_screen() {
    let mut told = Gallery::default();
    let mut console = Console::at(about("snapshots"));
    console.send(icedeck::views::snapshots::lines(samples::snapshots(), &samples::history())).done().press("y");
    told.show("a snapshot", &mut console, &BOTH);
    console.press("/").type_text("note").press("enter");
    told.show("searched", &mut console, &[(80, 24)]);
    console.press("w");
    told.show("wrapped", &mut console, &[(80, 24)]);
    keep("raw", told.0);
}
