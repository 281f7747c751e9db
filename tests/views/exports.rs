//! Exports from the console, the command log over several sessions, completion of names, the folder that files are
//! picked from: against a real lake, by keys.

use std::path::Path;

use icedeck::app::command_log;
use icedeck::app::effect::Sent;
use icedeck::app::route::Route;
use icedeck::query::export::Target;
use icedeck::query::{self, RowsRequest, export};
use icedeck::table::Namespace;
use icedeck::{Kind, demo};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::console::Console;
use super::walks::{console, filled, walk};
use crate::common::Lake;
use crate::common::lake::START_MS;

fn about(screen: &'static str) -> Route {
    Route::new(screen).of_table("sales.orders".parse().unwrap())
}

/// Exports what is shown to this file, and gives back what is told.
async fn export_to(console: &mut Console, lake: &Lake, file: &Path) -> String {
    console.press("x ctrl-u").type_text(&file.display().to_string());
    walk(console, lake, "enter").await;
    console.screen(200, 30).lines().rev().nth(1).unwrap().to_string()
}

fn rows_of(file: &Path) -> usize {
    let file = std::fs::File::open(file).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    reader.map(|batch| batch.unwrap().num_rows()).sum()
}

fn left_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = entries.collect();
    names.sort();
    names
}

#[tokio::test]
async fn rows_are_exported_whole_in_each_format() {
    let (lake, out) = (filled().await, tempfile::tempdir().unwrap());
    let mut console = console(&lake, about("rows")).await;
    let told = export_to(&mut console, &lake, &out.path().join("a.csv")).await;
    assert!(told.contains("exported 2,200 rows to") && told.contains("a.csv"), "{told}");
    let csv = std::fs::read_to_string(out.path().join("a.csv")).unwrap();
    assert_eq!((csv.lines().count(), csv.lines().next()), (2201, Some("id,country,amount,day")));
    export_to(&mut console, &lake, &out.path().join("a.parquet")).await;
    assert_eq!(rows_of(&out.path().join("a.parquet")), 2200);
    walk(&mut console, &lake, "w").await;
    console.type_text("id < 7");
    walk(&mut console, &lake, "enter").await;
    export_to(&mut console, &lake, &out.path().join("b.json")).await;
    let json: Vec<serde_json::Value> =
        serde_json::from_str(&std::fs::read_to_string(out.path().join("b.json")).unwrap()).unwrap();
    assert_eq!(json.len(), 7);
    assert_eq!(json[1].get("amount").unwrap(), "-498.99");
    export_to(&mut console, &lake, &out.path().join("b.parquet")).await;
    assert_eq!(rows_of(&out.path().join("b.parquet")), 7);
    assert_eq!(left_in(out.path()), ["a.csv", "a.parquet", "b.json", "b.parquet"]);
}

#[tokio::test]
async fn a_file_is_replaced_only_when_that_is_said() {
    let (lake, out) = (filled().await, tempfile::tempdir().unwrap());
    let file = out.path().join("mine.json");
    std::fs::write(&file, "mine").unwrap();
    let mut console = console(&lake, about("snapshots")).await;
    export_to(&mut console, &lake, &file).await;
    let screen = console.screen(100, 30);
    assert!(screen.contains("Replace the file?"), "{screen}");
    walk(&mut console, &lake, "n").await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    export_to(&mut console, &lake, &file).await;
    walk(&mut console, &lake, "y").await;
    let rows: Vec<serde_json::Value> = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows[0].get("snapshot_id").unwrap().is_i64() && rows[0].get("summary").unwrap().is_object());
    assert_eq!(left_in(out.path()), ["mine.json"]);
}

#[tokio::test]
async fn lists_are_exported_as_they_are_filtered_and_marked() {
    let (lake, out) = (filled().await, tempfile::tempdir().unwrap());
    let mut console = console(&lake, about("schema")).await;
    console.press("/").type_text("decimal").press("enter");
    let told = export_to(&mut console, &lake, &out.path().join("one.csv")).await;
    assert!(told.contains("exported 1 row to"), "{told}");
    walk(&mut console, &lake, "esc g space space").await;
    export_to(&mut console, &lake, &out.path().join("two.parquet")).await;
    assert_eq!(rows_of(&out.path().join("two.parquet")), 2);
    let told = export_to(&mut console, &lake, &out.path().join("two.xlsx")).await;
    assert!(told.contains("says no format"), "{told}");
    let told = export_to(&mut console, &lake, &out.path().join("nowhere/two.csv")).await;
    assert!(told.contains("cannot write the file"), "{told}");
}

#[tokio::test]
async fn a_cancelled_export_leaves_nothing() {
    let (lake, out) = (filled().await, tempfile::tempdir().unwrap());
    let table = lake.load(&"sales.orders".parse().unwrap()).await;
    for name in ["a.csv", "a.json", "a.parquet"] {
        let monitor = icedeck::monitor::Monitor::new();
        let rows = query::rows(&table, &RowsRequest::default(), &monitor).await.unwrap();
        let target = Target::typed(&out.path().join(name).display().to_string(), out.path(), false).unwrap();
        monitor.cancel();
        let ended = export::rows(rows, &target, "x", &monitor).await;
        assert!(ended.is_err_and(|error| error.is_cancelled()), "{name}");
        assert_eq!(left_in(out.path()), Vec::<String>::new());
    }
    let monitor = icedeck::monitor::Monitor::new();
    std::fs::write(out.path().join("a.csv"), "mine").unwrap();
    let rows = query::rows(&table, &RowsRequest::default(), &monitor).await.unwrap();
    let target = Target::typed("~/a.csv", out.path(), false).unwrap();
    let error = export::rows(rows, &target, "x", &monitor).await.unwrap_err();
    assert_eq!(error.kind(), Kind::AlreadyExists);
    assert_eq!(std::fs::read_to_string(out.path().join("a.csv")).unwrap(), "mine");
}

#[tokio::test]
async fn the_log_shows_earlier_sessions_and_can_be_exported() {
    let (lake, out) = (filled().await, tempfile::tempdir().unwrap());
    let path = command_log::path(&lake.env);
    for (minutes, what) in [(90, "append 3 rows to sales.orders"), (30, "make the table sales.new")] {
        let text = |text: &str| text.to_string();
        let sent = Sent {
            at_ms: START_MS - minutes * 60_000,
            what: text(what),
            outcome: text("committed"),
            request: text("{\"updates\": []}"),
            command: text("icedeck ingest a.csv sales.orders"),
        };
        command_log::append(&path, &sent).unwrap();
    }
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{whole}{{\"at\":\n")).unwrap();
    let mut console = console(&lake, Route::new("log")).await;
    let screen = console.screen(120, 20);
    assert!(screen.contains("2 changes sent") && screen.contains("1 line of the log"), "{screen}");
    let newest = screen.lines().position(|l| l.contains("make the table")).unwrap();
    let oldest = screen.lines().position(|l| l.contains("append 3 rows")).unwrap();
    assert!(newest < oldest, "{screen}");
    walk(&mut console, &lake, "enter").await;
    assert!(console.screen(120, 20).contains("\"updates\": []"), "{}", console.screen(120, 20));
    walk(&mut console, &lake, "esc").await;
    export_to(&mut console, &lake, &out.path().join("log.json")).await;
    let rows: Vec<serde_json::Value> =
        serde_json::from_str(&std::fs::read_to_string(out.path().join("log.json")).unwrap()).unwrap();
    assert!(rows.len() == 2 && rows[0].get("request").unwrap().is_object(), "{rows:?}");
}

#[tokio::test]
async fn names_and_paths_are_completed() {
    let lake = filled().await;
    lake.orders("sales.eu.orders").await;
    let mut console = console(&lake, Route::new("tables")).await;
    console.press(":").type_text("t ");
    console.settle(&lake.lake).await;
    assert!(console.screen(80, 24).contains("t sales."), "{}", console.screen(80, 24));
    walk(&mut console, &lake, "tab").await;
    let screen = console.screen(80, 24);
    for line in ["t sales.eu.", "t sales.empty", "t sales.orders"] {
        assert!(screen.contains(line), "{line}: {screen}");
    }
    console.type_text("eu.or");
    console.settle(&lake.lake).await;
    walk(&mut console, &lake, "enter").await;
    assert_eq!(console.app.here().to_string(), "overview sales.eu.orders");
    std::fs::write(lake.folder.path().join("new.csv"), "id\n1\n").unwrap();
    console.press(":").type_text(&format!("ingest {}/", lake.folder.path().display()));
    console.settle(&lake.lake).await;
    console.type_text("ne");
    walk(&mut console, &lake, "tab enter").await;
    assert_eq!(console.app.here().screen, "load");
}

#[tokio::test]
async fn the_picker_begins_at_the_demos_files_and_remembers_where_it_was() {
    let lake = filled().await;
    let mut console = console(&lake, about("overview")).await;
    walk(&mut console, &lake, "L").await;
    let screen = console.screen(100, 24);
    assert!(screen.contains("Cargo.toml"), "the working folder: {screen}");
    console.press(":").type_text(&format!("ingest {}", lake.folder.path().display()));
    walk(&mut console, &lake, "enter").await;
    walk(&mut console, &lake, "esc esc L").await;
    let screen = console.screen(100, 24);
    assert!(screen.contains("data/") && !screen.contains("Cargo.toml"), "{screen}");
    let folder = tempfile::tempdir().unwrap();
    demo::prepare(&lake.env, folder.path(), false, &icedeck::monitor::Monitor::new()).await.unwrap();
    let demo = demo::lake(&lake.env, folder.path(), false).await.unwrap();
    let here = Route::new("ingest").of_namespace(Namespace::default());
    let mut console = Console::at(Route { catalog: None, ..here }.of_table("sales.eu.orders".parse().unwrap()));
    console.settle(&demo).await;
    assert!(console.screen(100, 24).contains("orders-nov.csv"), "{}", console.screen(100, 24));
}

#[tokio::test]
async fn a_mapping_file_is_replaced_only_when_that_is_said() {
    let lake = filled().await;
    let csv = lake.folder.path().join("a.csv");
    let saved = lake.folder.path().join("mapping.toml");
    std::fs::write(&csv, "id,country\n1,DE\n").unwrap();
    let mine = "[[column]]\nname = \"country\"\nskip = true\n";
    std::fs::write(&saved, mine).unwrap();
    let mut console = console(&lake, about("load").with_detail(csv.display().to_string())).await;
    for (keys, is_replaced) in [("n", false), ("y", true)] {
        walk(&mut console, &lake, if is_replaced { "w" } else { "enter w" }).await;
        console.press("ctrl-u").type_text(&saved.display().to_string());
        walk(&mut console, &lake, "enter").await;
        assert!(console.screen(100, 24).contains("Replace the file?"), "{}", console.screen(100, 24));
        walk(&mut console, &lake, keys).await;
        assert_eq!(std::fs::read_to_string(&saved).unwrap() != mine, is_replaced);
    }
    let screen = console.screen(100, 24);
    assert!(screen.contains("the mapping is saved in"), "{screen}");

    let other = lake.folder.path().join("other.toml");
    std::fs::copy(&saved, &other).unwrap();
    walk(&mut console, &lake, "o").await;
    console.press("ctrl-u").type_text(&other.display().to_string());
    walk(&mut console, &lake, "enter enter enter").await;
    let screen = console.screen(160, 40);
    assert!(screen.contains("--mapping") && screen.contains("other.toml"), "the file that it came from\n{screen}");
}
