//! Walks through a real lake by keys alone.

use icedeck::app::route::Route;
use icedeck::app::task::{Feed, JobId, Report, Task};
use icedeck::monitor::Monitor;
use icedeck::table::Namespace;
use icedeck::views::rows::pager::{Pager, ReadPage, Told, Wanted};

use super::console::{Console, setup};
use crate::common::Lake;
use crate::common::lake::orders;

fn catalogs() -> Route {
    Route::new("catalogs")
}

pub async fn console(lake: &Lake, route: Route) -> Console {
    let names: Vec<_> = lake.lake.catalogs().into_iter().map(|c| c.name).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut console = Console::with(setup(&names), route);
    console.settle(&lake.lake).await;
    console
}

/// Presses one key after the other and lets every job end in between.
pub async fn walk(console: &mut Console, lake: &Lake, keys: &str) {
    for key in keys.split_whitespace() {
        console.press(key).settle(&lake.lake).await;
    }
}

pub async fn filled() -> Lake {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let rows = orders(&table, 0, 1500);
    let table = lake.append(&table, rows).await;
    let rows = orders(&table, 1500, 700);
    lake.append(&table, rows).await;
    lake.orders("sales.empty").await;
    lake
}

#[tokio::test]
async fn from_the_catalogs_to_a_data_file_and_back() {
    let lake = filled().await;
    let mut console = console(&lake, catalogs()).await;
    assert!(console.screen(100, 28).contains("● ready"));
    let mut seen = Vec::new();
    for key in ["enter", "enter", "G enter", "enter", "enter", "enter", "enter"] {
        walk(&mut console, &lake, key).await;
        seen.push(console.app.here().screen);
    }
    assert_eq!(seen, ["tables", "tables", "overview", "snapshots", "manifests", "files", "file"]);
    let screen = console.screen(120, 40);
    assert!(screen.contains("order") && screen.contains("country") && screen.contains("DE"), "{screen}");
    walk(&mut console, &lake, "esc esc esc esc esc esc esc").await;
    assert_eq!(console.app.here().screen, "catalogs");
}

#[tokio::test]
async fn every_view_of_a_table_is_a_key_away_and_wrong_keys_do_no_harm() {
    let lake = filled().await;
    let here = Route::new("overview").of_table("sales.orders".parse().unwrap());
    let mut console = console(&lake, here).await;
    for (key, screen) in [
        ("t", "snapshots"),
        ("b", "refs"),
        ("m", "manifests"),
        ("f", "files"),
        ("r", "rows"),
        ("s", "schema"),
        ("p", "specs"),
        ("i", "properties"),
        ("e", "entries"),
        ("a", "partitions"),
        ("z", "history"),
        ("n", "metadata-log"),
        ("o", "overview"),
    ] {
        walk(&mut console, &lake, key).await;
        assert_eq!(console.app.here().screen, screen, "{key}");
        walk(&mut console, &lake, "Q ! 7 left right G g space d d tab % ctrl-y f9").await;
        assert_eq!(console.app.here().screen, screen, "after wrong keys");
        console.survives();
        let told = console.screen(120, 30);
        assert!(!told.contains('✖'), "{screen}:\n{told}");
    }
}

#[tokio::test]
async fn back_among_the_snapshots_the_cursor_is_on_the_one_at_hand() {
    let lake = filled().await;
    let here = Route::new("snapshots").of_table("sales.orders".parse().unwrap());
    let mut console = console(&lake, here).await;
    walk(&mut console, &lake, "j f t").await;
    let screen = console.screen(80, 24);
    let second = screen.lines().nth(4).unwrap();
    assert!(second.contains('▶'), "{screen}");
}

#[tokio::test]
async fn rows_are_read_as_one_scrolls_jumps_and_filters() {
    let lake = filled().await;
    let here = Route::new("rows").of_table("sales.orders".parse().unwrap());
    let mut console = console(&lake, here).await;
    assert!(console.screen(100, 28).contains("of 2,200 rows"), "{}", console.screen(100, 28));
    walk(&mut console, &lake, "G").await;
    walk(&mut console, &lake, "G").await;
    assert!(console.screen(100, 28).contains("2,200 rows"));
    walk(&mut console, &lake, "ctrl-g").await;
    console.type_text("1,700");
    walk(&mut console, &lake, "enter").await;
    let screen = console.screen(80, 28);
    assert!(screen.contains("▶") && screen.contains("1,700"), "{screen}");
    walk(&mut console, &lake, "w").await;
    console.type_text("country = 'DE' and id < 100");
    walk(&mut console, &lake, "enter").await;
    let screen = console.screen(100, 28);
    assert!(screen.contains("where country") && !screen.contains("FR") && screen.contains("DE"), "{screen}");
    walk(&mut console, &lake, "w").await;
    console.type_text(" and nonsense(");
    walk(&mut console, &lake, "enter").await;
    let screen = console.screen(100, 28);
    assert!(screen.contains('✖'), "{screen}");
}

#[tokio::test]
async fn columns_are_chosen() {
    let lake = filled().await;
    let here = Route::new("rows").of_table("sales.orders".parse().unwrap());
    let mut console = console(&lake, here).await;
    // The first column is taken off.
    walk(&mut console, &lake, "v space enter").await;
    let screen = console.screen(80, 28);
    assert!(screen.contains("3 columns") && screen.contains("country"), "{screen}");
    // None at all is refused.
    walk(&mut console, &lake, "v down space down space down space enter").await;
    assert!(console.screen(80, 28).contains("at least one column"), "{}", console.screen(80, 28));
}

#[tokio::test]
async fn a_table_without_snapshots_says_so_and_what_to_press() {
    let lake = filled().await;
    for screen in ["snapshots", "history", "refs", "manifests", "files", "entries", "partitions", "rows"] {
        let here = Route::new(screen).of_table("sales.empty".parse().unwrap());
        let mut console = console(&lake, here).await;
        let told = console.screen(80, 24);
        assert!(told.contains("no snapshot yet") && told.contains("L loads a file"), "{screen}:\n{told}");
    }
}

#[tokio::test]
async fn a_table_that_vanishes_is_told_and_left() {
    let lake = filled().await;
    let sales = Route::new("tables").of_namespace(Namespace(vec!["sales".into()]));
    let mut console = console(&lake, sales).await;
    walk(&mut console, &lake, "G t").await;
    assert_eq!(console.app.here().screen, "snapshots");
    let before = console.screen(100, 28);
    lake.connection.drop_table(&"sales.orders".parse().unwrap()).await.unwrap();
    walk(&mut console, &lake, "ctrl-r").await;
    let told = console.screen(100, 28);
    assert!(told.contains("still what was read before"), "{told}");
    assert!(before.lines().nth(3) == told.lines().nth(3), "what was read stays");
    walk(&mut console, &lake, "m").await;
    let told = console.screen(100, 28);
    assert!(told.contains("✖") && told.contains("dropped, renamed or never there"), "{told}");
    walk(&mut console, &lake, "esc esc").await;
    assert_eq!(console.app.here().screen, "tables");
    walk(&mut console, &lake, "ctrl-r").await;
    assert!(!console.screen(100, 28).contains("orders"));
}

#[tokio::test]
async fn a_table_that_cannot_be_loaded_is_a_row_among_the_others() {
    let lake = filled().await;
    let table = lake.load(&"sales.orders".parse().unwrap()).await;
    let path = table.metadata_location().trim_start_matches("file://").to_string();
    std::fs::write(path, "{\"format-version\": 2").unwrap();
    let sales = Route::new("tables").of_namespace(Namespace(vec!["sales".into()]));
    let mut console = console(&lake, sales).await;
    let told = console.screen(120, 28);
    assert!(told.contains("2 tables") && told.contains("✖") && told.contains("no snapshots"), "{told}");
}

/// Runs one page to its end; the screen takes so many parts and is then gone.
async fn page(page: &ReadPage, lake: &Lake, takes: usize) -> icedeck::Result<u64> {
    let (out, mut parts) = tokio::sync::mpsc::channel(1);
    let feed = Feed::new(Monitor::new(), JobId(1), out);
    let screen = async move {
        let mut rows = 0;
        for _ in 0..takes {
            let Some((_, Report::Part(part))) = parts.recv().await else { break };
            rows += match part.take::<Told>() {
                Ok(Told::Rows(more, _)) => more.len() as u64,
                _ => 0,
            };
        }
        rows
    };
    let work = async {
        let done = page.run(&lake.lake, &feed).await;
        drop(feed);
        done
    };
    let (done, rows) = tokio::join!(work, screen);
    done.map(|()| rows)
}

#[tokio::test]
async fn a_page_that_is_cut_off_leaves_no_gap_behind() {
    let lake = filled().await;
    let route = Route::new("rows").of_table("sales.orders".parse().unwrap());
    let first = ReadPage { route, wanted: Wanted::default(), pager: Pager::default(), before: 0, rows: 500 };
    let read = page(&first, &lake, usize::MAX).await.unwrap();
    assert!((500..2200).contains(&read), "{read}");
    let next = ReadPage { before: read, ..first.clone() };
    assert!(page(&next, &lake, 0).await.unwrap_err().is_cancelled());
    // The rows of the page that was cut off are lost: nothing may be read behind them.
    let after = page(&next, &lake, usize::MAX).await.unwrap_err();
    assert!(after.is_cancelled() && after.hints().iter().any(|h| h.contains("cut off")), "{after:?}");
    // From the beginning everything is there again.
    let whole = ReadPage { rows: 10_000, ..first };
    assert_eq!(page(&whole, &lake, usize::MAX).await.unwrap(), 2200);
}
