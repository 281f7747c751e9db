//! The grid of rows, where it is long: to its last row, and while it is sorted and filtered.

use std::sync::Arc;

use icedeck::Error;
use icedeck::app::event::Event;
use icedeck::app::route::Route;
use icedeck::app::task::Report;
use icedeck::monitor::Progress;
use icedeck::query::ColumnHead;
use icedeck::table::Cell;
use icedeck::views::rows::pager::{GridRow, Told};

use super::console::Console;
use super::walks::{console, filled, walk};
use crate::common::Lake;

fn about_rows() -> Route {
    Route::new("rows").of_table("sales.orders".parse().unwrap())
}

fn title(console: &mut Console) -> String {
    console.screen(100, 28).lines().nth(1).unwrap().to_string()
}

/// The line of what just happened.
fn said(console: &mut Console) -> String {
    console.screen(100, 28).lines().rev().nth(1).unwrap().to_string()
}

/// The number of the row under the cursor.
fn cursor(console: &mut Console) -> String {
    let screen = console.screen(100, 28);
    let line = screen.lines().find(|line| line.contains('▶')).unwrap_or_else(|| panic!("no cursor:\n{screen}"));
    line.split_whitespace().nth(1).unwrap().to_string()
}

fn numbered(count: u64) -> Vec<GridRow> {
    let heads: Arc<[ColumnHead]> = Arc::from(vec![ColumnHead { name: "name".into(), type_name: "string".into() }]);
    let row = |number| GridRow { number, heads: heads.clone(), cells: vec![Cell::Text(format!("row {number}"))] };
    (1..=count).map(row).collect()
}

/// More rows than are sorted and filtered at once, all of which are read.
fn long() -> Console {
    let mut console = Console::at(about_rows());
    let rows = numbered(30_000);
    let heads = rows[0].heads.clone();
    let open = Told::Open { heads, all: vec!["name".into()], total: Some(30_000), snapshot_id: Some(1) };
    console.send(open).send(Told::Rows(rows, 1000)).send(Told::End).done();
    console
}

#[tokio::test]
async fn to_the_last_row_reads_up_to_it() {
    let lake = filled().await;
    let mut console = console(&lake, about_rows()).await;
    assert!(title(&mut console).contains(" of 2,200 rows"), "{}", title(&mut console));
    console.press("G");
    assert!(said(&mut console).contains("reads on to the last row"), "{}", said(&mut console));
    console.settle(&lake.lake).await;
    assert_eq!(cursor(&mut console), "2,200");
    assert!(title(&mut console).contains(" 2,200 rows"), "{}", title(&mut console));
    assert!(said(&mut console).contains("the last row is 2,200"), "{}", said(&mut console));
    walk(&mut console, &lake, "g G").await;
    assert_eq!(cursor(&mut console), "2,200");
}

#[tokio::test]
async fn the_last_row_is_that_of_the_rows_as_they_are_filtered() {
    let lake = filled().await;
    let mut console = console(&lake, about_rows()).await;
    console.press("/").type_text("^1").press("enter G");
    console.settle(&lake.lake).await;
    assert_eq!(cursor(&mut console), "1,999", "{}", console.screen(100, 28));
}

#[tokio::test]
async fn who_moves_on_the_way_to_the_last_row_stays_there() {
    let lake = filled().await;
    let mut console = console(&lake, about_rows()).await;
    console.press("G j");
    console.settle(&lake.lake).await;
    assert_eq!(cursor(&mut console), "2");
}

#[test]
fn a_way_to_the_last_row_that_breaks_off_says_where() {
    let mut console = Console::at(about_rows());
    let rows = numbered(1000);
    let heads = rows[0].heads.clone();
    let open = Told::Open { heads, all: vec!["name".into()], total: Some(30_000), snapshot_id: Some(1) };
    console.send(open).send(Told::Rows(rows, 1000)).done().press("G").fail(Error::corrupt("a page is damaged"));
    assert!(said(&mut console).contains("only the first 1,000 rows were read"), "{}", said(&mut console));
    console.press("G");
    assert_eq!(cursor(&mut console), "1,000");
    assert!(said(&mut console).contains("only the first 1,000 rows were read"), "{}", said(&mut console));
}

#[tokio::test]
async fn while_rows_are_filtered_nothing_is_said_to_pass() {
    let lake = Lake::new().await;
    let mut console = long();
    console.press("/").type_text("row 2999");
    let looked = Progress { stage: "filtering", rows: 4096, ..Progress::default() };
    console.progress(looked);
    let told = title(&mut console);
    assert!(told.contains("30,000 rows · filtering /row 2999: 4,096 looked at"), "{told}");
    console.press("enter").settle(&lake.lake).await;
    assert!(title(&mut console).contains("11 pass /row 2999"), "{}", title(&mut console));
    console.press("/ ctrl-u").type_text("nowhere");
    console.settle(&lake.lake).await;
    assert!(console.screen(100, 28).contains("none of 30,000 passes"));
    console.press("ctrl-u").type_text("row 7");
    let screen = console.screen(100, 28);
    assert!(!screen.contains("none of") && screen.contains("filtering /row 7"), "{screen}");
}

#[tokio::test]
async fn a_filter_that_is_cleared_or_cut_off_filters_nothing() {
    let lake = Lake::new().await;
    let mut console = long();
    console.press("/").type_text("row 2999").press("enter esc");
    console.settle(&lake.lake).await;
    assert!(title(&mut console).contains("┌ 30,000 rows ─"), "{}", title(&mut console));
    assert_eq!(cursor(&mut console), "1", "the late answer to the older question is dropped");
    console.press("N").settle(&lake.lake).await;
    console.press("/").type_text("row 2999").press("enter").settle(&lake.lake).await;
    assert!(title(&mut console).contains("11 pass"), "{}", title(&mut console));
    console.press("esc").settle(&lake.lake).await;
    console.press("G");
    assert_eq!(cursor(&mut console), "9,999", "sorted by name, and not filtered any more");
    console.press("/").type_text("row 2999");
    let job = console.app.jobs().running().last().unwrap().id;
    console.press("ctrl-c");
    console.app.update(Event::Report(job, Report::Failed(Arc::new(Error::cancelled()))), console.now_ms);
    assert!(title(&mut console).contains("┌ 30,000 rows ─"), "{}", title(&mut console));
}
