//! Golden screens: each view while it loads, with its answer, with nothing, and failed.

use std::sync::Arc;

use icedeck::app::route::Route;
use icedeck::catalog::CatalogInfo;
use icedeck::query::ColumnHead;
use icedeck::table::inspect::SpecFieldRow;
use icedeck::table::{Cell, Moment, Namespace, inspect};
use icedeck::views::files::line::{FileLine, Slimmer};
use icedeck::views::of_table::SpecFields;
use icedeck::views::rows::pager::{GridRow, Told};
use icedeck::views::tables::glance::Glance;
use icedeck::views::{catalogs, file, history, metadata_log, refs, schema, schemas, snapshots, specs, tables};
use icedeck::{Error, Kind};

use super::console::Console;
use super::samples;
use crate::common::lake::START_MS;

pub fn about(screen: &'static str) -> Route {
    Route::new(screen).of_catalog(Some("prod".into())).of_table("sales.orders".parse().unwrap())
}

pub fn failure() -> Error {
    Error::new(Kind::Unavailable, "the catalog does not answer")
        .with("uri", "https://polaris.example/api\u{1b}[31m")
        .hint("look whether you are in the right network")
}

/// Compares with the golden file of this name.
pub fn keep(name: &str, told: String) {
    insta::with_settings!({ snapshot_path => "../snapshots", omit_expression => true }, {
        insta::assert_snapshot!(name, told);
    });
}

/// Everything that one view looks like, in one text.
pub fn gallery<T: Clone + Send + 'static>(route: &Route, rows: Vec<T>) -> String {
    let mut told = String::new();
    let mut show = |title: &str, console: &mut Console, width: u16, height: u16| {
        told.push_str(&format!("=== {title}, {width}x{height}\n{}\n", console.screen(width, height)));
    };
    let mut console = Console::at(route.clone());
    show("loading", &mut console, 80, 8);
    console.send(rows.clone()).done().survives();
    show("ready", &mut console, 80, 24);
    show("ready", &mut console, 120, 40);
    console.screen(80, 40);
    console.press("d");
    show("detail", &mut console, 80, 40);
    console.press("esc /").type_text("no such thing").press("enter");
    show("filtered", &mut console, 80, 10);
    let mut empty = Console::at(route.clone());
    empty.send(Vec::<T>::new()).done().survives();
    show("empty", &mut empty, 80, 12);
    let mut failed = Console::at(route.clone());
    failed.fail(failure()).survives();
    show("failed", &mut failed, 80, 12);
    let mut cut = Console::at(route.clone());
    cut.send(rows).fail(failure()).survives();
    show("cut off", &mut cut, 80, 10);
    told
}

fn catalog(name: &str, state: catalogs::State) -> catalogs::Line {
    let info = CatalogInfo {
        name: name.into(),
        kind: "sql".into(),
        uri: Some("sqlite:///srv/lake/catalog.db".into()),
        warehouse: Some("s3://lake/warehouse".into()),
        read_only: name == "prod",
        is_default: name == "local",
        origin: "/home/ann/.config/icedeck/config.toml".into(),
        theme: None,
    };
    catalogs::Line { info, state }
}

#[test]
fn catalogs_screen() {
    let rows = vec![
        catalog("local", catalogs::State::Ready { namespaces: 4 }),
        catalog("prod", catalogs::State::Ready { namespaces: 1204 }),
        catalog("staging", catalogs::State::Connecting),
        catalog("old", catalogs::State::Failed(Arc::new(failure()))),
        catalog(samples::HOSTILE, catalogs::State::Connecting),
    ];
    keep("catalogs", gallery(&Route::new("catalogs"), rows));
}

#[test]
fn tables_screen() {
    let sales = Namespace(vec!["sales".into()]);
    let route = Route::new("tables").of_catalog(Some("prod".into())).of_namespace(sales.clone());
    let oldest = |days: i64| Some(Moment(START_MS - days * 86_400_000));
    let table = |name: &str, known| tables::Entry::Table(sales.table(name), known);
    let read = |overview, oldest| tables::Known::Read(Arc::new(Glance { overview, oldest }));
    let mut small = samples::overview("sales.clicks");
    small.total_size_in_bytes = Some(2_000_000);
    let inside = tables::Inside { namespaces: 1, tables: 12 };
    let rows = vec![
        tables::Entry::Namespace(sales.child("eu"), tables::Known::Read(Arc::new(inside))),
        tables::Entry::Namespace(sales.child(samples::HOSTILE), tables::Known::Reading),
        table("orders", read(samples::overview("sales.orders"), oldest(9))),
        table("clicks", read(small, oldest(400))),
        table("empty", read(samples::empty_overview("sales.empty"), None)),
        table("broken", tables::Known::Failed(Arc::new(Error::corrupt("the metadata is not JSON").hint("look at it")))),
        table("slow", tables::Known::Reading),
        table(&samples::long_name(), read(samples::overview("x"), oldest(1))),
    ];
    keep("tables", gallery(&route, rows));
}

#[test]
fn snapshots_screen() {
    let rows = snapshots::lines(samples::snapshots(), &samples::history());
    keep("snapshots", gallery(&about("snapshots"), rows));
}

#[test]
fn history_screen() {
    let rows: Vec<_> = samples::history()
        .into_iter()
        .rev()
        .enumerate()
        .map(|(position, row)| history::Entry { position, row })
        .collect();
    keep("history", gallery(&about("history"), rows));
}

#[test]
fn refs_screen() {
    let line = |row| refs::Line { row, committed_at: Some(Moment(START_MS - 3_600_000)), rows: Some(12_450_112) };
    keep("refs", gallery(&about("refs"), samples::refs().into_iter().map(line).collect()));
}

#[test]
fn properties_screen() {
    keep("properties", gallery(&about("properties"), samples::properties()));
}

#[test]
fn metadata_log_screen() {
    let newest_first = samples::metadata_log().into_iter().rev().enumerate();
    let rows = newest_first.map(|(i, row)| metadata_log::Entry { row, is_current: i == 0 }).collect();
    keep("metadata_log", gallery(&about("metadata-log"), rows));
}

fn entries() -> Vec<FileLine> {
    let mut slimmer = Slimmer::new(SpecFields::default());
    let entries = [(1, 1, 0), (2, 1, 0), (3, 0, 0), (4, 2, 0), (5, 1, 1), (6, 1, 2)];
    let mut lines: Vec<_> = entries.iter().map(|(n, s, c)| slimmer.line(samples::entry(*n, *s, *c))).collect();
    let error = Error::corrupt("cannot read the manifest").with("file", "s3://lake/m7.avro").hint("restore the file");
    lines.push(FileLine::Fault { manifest: "s3://lake/sales/orders/metadata/m7.avro".into(), error: error.into() });
    lines
}

#[test]
fn files_screen() {
    keep("files", gallery(&about("files").with_detail("s3://lake/sales/m0.avro"), entries()));
}

#[test]
fn entries_screen() {
    keep("entries", gallery(&about("entries"), entries()));
}

#[test]
fn file_screen() {
    let entry = Arc::new(samples::entry(1, 1, 0));
    let line = |(position, (name, metrics)): (usize, &(String, inspect::ColumnMetrics))| file::ColumnLine {
        position,
        name: name.clone(),
        metrics: metrics.clone(),
        entry: entry.clone(),
    };
    let rows = entry.readable_metrics.0.iter().enumerate().map(line).collect();
    keep("file", gallery(&about("file").with_detail("s3://lake/a.parquet"), rows));
}

/// Manifests come from a real table; what differs from run to run is put in place.
#[tokio::test]
async fn manifests_screen() {
    let lake = crate::common::Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let rows = crate::common::lake::orders(&table, 0, 10);
    let table = lake.append(&table, rows).await;
    let summary = |name: &str, low: &str| inspect::PartitionSummary {
        contains_null: true,
        contains_nan: None,
        lower_bound: Some(low.into()),
        upper_bound: Some("2026-11-21".into()),
        name: name.into(),
    };
    let mut rows = inspect::manifests(&table, None, &icedeck::monitor::Monitor::new()).await.unwrap();
    rows.extend(rows.clone());
    for (n, row) in (1..).zip(&mut rows) {
        row.path = format!("s3://lake/sales/orders/metadata/0d2c6f2e-2f60-4a3e-9d7a-m{n}.avro");
        (row.length, row.added_snapshot_id) = (7_012, 8_264_310_946_571_773);
        row.partition_summaries = vec![summary("day", "2026-11-19"), summary(samples::HOSTILE, "2026-11-21")];
    }
    rows[1].content = 1;
    keep("manifests", gallery(&about("manifests"), rows));
}

#[test]
fn metadata_screen() {
    let mut told = String::new();
    let mut show = |title: &str, console: &mut Console, height: u16| {
        told.push_str(&format!("=== {title}, 80x{height}\n{}\n", console.screen(80, height)));
    };
    let route = about("metadata").with_detail("s3://lake/sales/orders/metadata/00003-7f1c.metadata.json");
    let mut console = Console::at(route.clone());
    show("loading", &mut console, 8);
    let text = format!("{{\n  \"format-version\": 2,\n  \"location\": \"{}\"\n}}", samples::HOSTILE);
    console.send(text).done().survives();
    show("ready", &mut console, 12);
    console.press("/").type_text("location").press("enter");
    show("searched", &mut console, 12);
    let mut failed = Console::at(route);
    failed.fail(failure()).survives();
    show("failed", &mut failed, 12);
    keep("metadata", told);
}

#[test]
fn partitions_screen() {
    keep("partitions", gallery(&about("partitions"), samples::partitions()));
}

#[test]
fn schema_screen() {
    keep("schema", gallery(&about("schema"), schema::lines(vec![samples::schema(0), samples::schema(1)], 1)));
}

#[test]
fn schemas_screen() {
    keep("schemas", gallery(&about("schemas"), schemas::lines(vec![samples::schema(0), samples::schema(1)])));
}

#[test]
fn specs_screen() {
    let field = |transform: &str, source: Option<&str>| {
        specs::SpecField::Partition(SpecFieldRow {
            field_id: 1000,
            name: format!("ordered_at_{transform}"),
            transform: transform.into(),
            source_id: 2,
            source: source.map(Into::into),
        })
    };
    let sort = inspect::SortFieldRow {
        source_id: 2,
        source: Some("ordered_at".into()),
        transform: "identity".into(),
        direction: "desc",
        null_order: "nulls-last",
    };
    let mut rows = specs::placed(false, 1, true, vec![field("day", Some("ordered_at")), field("bucket[16]", None)]);
    rows.extend(specs::placed(false, 0, false, Vec::new()));
    rows.extend(specs::placed(true, 1, true, vec![specs::SpecField::Sort(sort)]));
    rows.extend(specs::placed(true, 0, false, Vec::new()));
    keep("specs", gallery(&about("specs"), rows));
}

/// A page has one answer; the rest is as for lists.
#[test]
fn overview_screen() {
    let mut told = String::new();
    let mut show = |title: &str, console: &mut Console, width: u16, height: u16| {
        told.push_str(&format!("=== {title}, {width}x{height}\n{}\n", console.screen(width, height)));
    };
    let mut console = Console::at(about("overview"));
    show("loading", &mut console, 80, 8);
    console.send(samples::overview("sales.orders")).done().survives();
    show("ready", &mut console, 80, 24);
    show("ready", &mut console, 120, 56);
    let mut empty = Console::at(about("overview"));
    empty.send(samples::empty_overview("sales.empty")).done().survives();
    show("empty", &mut empty, 80, 24);
    let mut failed = Console::at(about("overview"));
    failed.fail(failure()).survives();
    show("failed", &mut failed, 80, 12);
    keep("overview", told);
}

fn grid(count: u64) -> Vec<GridRow> {
    let head = |name: &str, type_name: &str| ColumnHead { name: name.into(), type_name: type_name.into() };
    let heads: Arc<[ColumnHead]> = Arc::from(vec![
        head("order_id", "long"),
        head("ordered_at", "timestamptz"),
        head("amount", "decimal(12, 2)"),
        head(samples::HOSTILE, "string"),
        head("tags", "list<string>"),
        head("note", "string"),
    ]);
    let row = |n: u64| GridRow {
        number: n,
        heads: heads.clone(),
        cells: vec![
            Cell::Int(10_000 + n as i64),
            Cell::Timestamp { nanos: 1_795_248_000_000_000_000 - i128::from(n) * 1_000_000_000, utc: true },
            Cell::Decimal(format!("{}.50", n * 7)),
            if n.is_multiple_of(3) { Cell::Null } else { Cell::Text(format!("日本 {}", samples::HOSTILE)) },
            Cell::List(vec![Cell::Text("new".into()), Cell::Null]),
            Cell::Text(samples::long_name()),
        ],
    };
    (1..=count).map(row).collect()
}

#[test]
fn rows_screen() {
    let mut told = String::new();
    let mut show = |title: &str, console: &mut Console, width: u16, height: u16| {
        told.push_str(&format!("=== {title}, {width}x{height}\n{}\n", console.screen(width, height)));
    };
    let open = |total| Told::Open {
        heads: grid(1).first().unwrap().heads.clone(),
        all: vec!["order_id".into(), "ordered_at".into(), samples::HOSTILE.into()],
        total,
        snapshot_id: Some(1),
    };
    let mut console = Console::at(about("rows"));
    show("loading", &mut console, 80, 8);
    console.send(open(Some(12_450_112))).send(Told::Rows(grid(1000), 1000)).done().survives();
    show("ready", &mut console, 80, 24);
    show("ready", &mut console, 120, 24);
    console.screen(80, 30);
    console.press("d");
    show("detail", &mut console, 80, 30);
    console.press("esc v");
    show("columns", &mut console, 80, 20);
    console.press("esc w").type_text("amount >");
    show("where", &mut console, 80, 16);
    let mut empty = Console::at(about("rows"));
    empty.send(open(Some(0))).send(Told::End).done().survives();
    show("empty", &mut empty, 80, 12);
    let mut failed = Console::at(about("rows"));
    let wrong = "equality deletes on columns that may be null would hide rows";
    failed.fail(Error::unsupported(wrong).hint("read the table with another engine")).survives();
    show("refused", &mut failed, 80, 12);
    keep("rows", told);
}
