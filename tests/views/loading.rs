//! Loading a file in the console: the command that does the same, the mouse, rows that are none, what is told of columns
//! beside rows that do not fit, and what is told of a load that was stopped.

use clap::Parser;
use crossterm::event::{MouseButton, MouseEventKind};
use icedeck::Error;
use icedeck::app::route::Route;
use icedeck::cli::Cli;
use icedeck::ingest::run::{ADD_CREATE, REMOVING};
use icedeck::monitor::Progress;

use super::console::Console;
use super::steps::{GOOD, lake, load, opened, walk};
use crate::common::Lake;

const CLICK: MouseEventKind = MouseEventKind::Down(MouseButton::Left);

/// A load of a file that holds this.
async fn loading(lake: &Lake, text: &str) -> Console {
    let path = lake.folder.path().join("rows.csv");
    std::fs::write(&path, text).unwrap();
    opened(lake, load(path.to_str().unwrap())).await
}

/// Answers the question how a setting, one of those of the menu, shall be.
async fn set(console: &mut Console, lake: &Lake, setting: &str, value: &str) {
    console.press("e").type_text(setting);
    console.press("enter ctrl-u").type_text(value);
    walk(console, lake, "enter").await;
}

async fn command(console: &mut Console, lake: &Lake) -> String {
    walk(console, lake, "c").await;
    let command = console.copied.pop().unwrap();
    let words = command.split(' ').map(|word| word.trim_matches('\''));
    Cli::try_parse_from(words).unwrap_or_else(|e| panic!("{command}: {e}"));
    command
}

/// Where on a screen a text stands.
fn place(screen: &str, text: &str) -> (u16, u16) {
    let found = screen.lines().zip(0..).find_map(|(line, row)| {
        let before = line.split_once(text)?.0;
        Some((u16::try_from(before.chars().count()).unwrap(), row))
    });
    found.unwrap_or_else(|| panic!("no {text:?} in\n{screen}"))
}

fn click(console: &mut Console, text: &str) {
    let (column, row) = place(&console.screen(100, 28), text);
    console.mouse(CLICK, column, row);
}

#[tokio::test]
async fn the_command_says_how_the_files_are_read() {
    let lake = lake().await;
    let mut console = loading(&lake, "order_id,note\nA-1,x2\nA-2,it's\n").await;
    set(&mut console, &lake, "null", "x2|-").await;
    assert!(console.screen(100, 28).contains('–'), "{}", console.screen(100, 28));
    walk(&mut console, &lake, "n").await;
    let told = command(&mut console, &lake).await;
    assert!(told.ends_with("sales.orders --null x2 --null -"), "{told}");
    walk(&mut console, &lake, "esc").await;
    set(&mut console, &lake, "quote", "none").await;
    set(&mut console, &lake, "header", "no").await;
    set(&mut console, &lake, "skip", "1").await;
    set(&mut console, &lake, "delimiter", ";").await;
    set(&mut console, &lake, "encoding", "windows-1252").await;
    set(&mut console, &lake, "types from", "all").await;
    set(&mut console, &lake, "null", "").await;
    walk(&mut console, &lake, "n").await;
    let told = command(&mut console, &lake).await;
    let settings = "--encoding windows-1252 --delimiter ';' --quote none --no-header --skip-lines 1 --infer-from-all";
    assert!(told.ends_with(&format!("sales.orders {settings}")), "{told}");
}

#[tokio::test]
async fn what_is_set_after_a_mapping_was_saved_is_said_beside_it() {
    let lake = lake().await;
    let mut console = loading(&lake, "order_id,note\nA-1,x2\n").await;
    set(&mut console, &lake, "null", "x2").await;
    let path = lake.folder.path().join("m.toml").display().to_string();
    walk(&mut console, &lake, "n w ctrl-u").await;
    console.type_text(&path);
    walk(&mut console, &lake, "enter").await;
    let told = command(&mut console, &lake).await;
    assert!(told.ends_with(&format!("--mapping {path}")), "{told}");
    walk(&mut console, &lake, "esc").await;
    set(&mut console, &lake, "null", "A-1").await;
    walk(&mut console, &lake, "n").await;
    let told = command(&mut console, &lake).await;
    assert!(told.ends_with(&format!("--mapping {path} --null A-1")), "{told}");
    // Read by another load, which was not told of any setting.
    let mut console = loading(&lake, "order_id,note\nA-1,x2\n").await;
    walk(&mut console, &lake, "n o ctrl-u").await;
    console.type_text(&path);
    walk(&mut console, &lake, "enter").await;
    let told = command(&mut console, &lake).await;
    assert!(told.ends_with(&format!("--mapping {path} --null ''")), "{told}");
}

#[tokio::test]
async fn the_mouse_does_in_a_load_what_it_does_in_lists() {
    let lake = lake().await;
    let mut console = opened(&lake, load(GOOD)).await;
    console.screen(100, 28);
    console.mouse(MouseEventKind::ScrollDown, 10, 10);
    assert!(console.screen(100, 28).contains("row 4 of"), "{}", console.screen(100, 28));
    console.mouse(CLICK, 10, 6);
    assert!(console.screen(100, 28).contains("row 2 of"), "{}", console.screen(100, 28));
    walk(&mut console, &lake, "e").await;
    click(&mut console, "null strings");
    assert!(console.screen(100, 28).contains("how the files are read"), "{}", console.screen(100, 28));
    click(&mut console, "null strings");
    assert!(console.screen(100, 28).contains("strings that mean null"), "{}", console.screen(100, 28));
    walk(&mut console, &lake, "esc enter").await;
    click(&mut console, "country ");
    console.settle(&lake.lake).await;
    click(&mut console, "● country");
    console.settle(&lake.lake).await;
    assert!(console.screen(100, 28).contains("country = \"country\""), "{}", console.screen(100, 28));
    console.mouse(MouseEventKind::ScrollUp, 70, 6).settle(&lake.lake).await;
    assert!(console.screen(100, 28).contains("order_id = "), "{}", console.screen(100, 28));
}

const RAGGED: &str = "order_id,ordered_at\nA,2026-01-01T00:00:00Z\nB\nC,b,c\nD,never\nE,2026-01-01T00:00:00Z\nF\n";

#[tokio::test]
async fn a_line_that_is_no_row_is_shown_as_it_came_at_its_place() {
    let lake = lake().await;
    let mut console = loading(&lake, RAGGED).await;
    walk(&mut console, &lake, "n n").await;
    let screen = console.screen(100, 28);
    assert!(screen.contains("4 of 6 rows do not fit"), "{screen}");
    for (keys, line, told) in [("", 3, "B  ✖ 1 field"), ("j", 4, "C,b,c  ✖ 3 fields"), ("j j j", 7, "F  ✖ 1 field")]
    {
        walk(&mut console, &lake, keys).await;
        walk(&mut console, &lake, "enter").await;
        let screen = console.screen(100, 28);
        assert!(screen.contains(&format!("no row, line {line}")), "{screen}");
        assert!(screen.lines().any(|l| l.contains(&format!("▶   {line}")) && l.contains(told)), "{screen}");
        walk(&mut console, &lake, "c esc g").await;
        assert_eq!(console.copied.pop().as_deref(), told.split("  ").next());
    }
    // A row at fault is a row, between those that are none.
    walk(&mut console, &lake, "j j enter").await;
    assert!(console.screen(100, 28).contains("row 2 of 3, line 5"), "{}", console.screen(100, 28));
    walk(&mut console, &lake, "g").await;
    console.settle(&lake.lake).await;
    walk(&mut console, &lake, "j j j").await;
    assert!(console.screen(100, 28).contains("row 2 of 3, line 5"), "{}", console.screen(100, 28));
}

#[tokio::test]
async fn a_file_without_a_single_row_shows_the_line_that_one_came_from() {
    let lake = lake().await;
    let mut console = loading(&lake, "order_id,ordered_at\nA\nB\n").await;
    walk(&mut console, &lake, "n n j enter").await;
    assert!(console.screen(100, 28).contains("no row, line 3"), "{}", console.screen(100, 28));
    walk(&mut console, &lake, "j k k").await;
}

#[tokio::test]
async fn verdicts_are_told_of_columns_beside_rows_that_do_not_fit() {
    let lake = lake().await;
    let mut console = loading(&lake, RAGGED).await;
    walk(&mut console, &lake, "n n").await;
    let screen = console.screen(100, 28);
    assert!(
        screen.contains("verdict") && screen.contains("lossless") && screen.contains("not a timestamp"),
        "{screen}"
    );
    // On a small screen one of them, the other by a key.
    let small = console.screen(100, 14);
    assert!(!small.contains("verdict") && small.contains("why"), "{small}");
    walk(&mut console, &lake, "tab").await;
    let small = console.screen(100, 14);
    assert!(small.contains("verdict") && small.contains("lossless"), "{small}");
    console.screen(100, 28);
    let (column, row) = place(&console.screen(100, 28), "C,b,c");
    console.mouse(CLICK, column, row);
    walk(&mut console, &lake, "").await;
    console.mouse(CLICK, column, row).settle(&lake.lake).await;
    assert!(console.screen(100, 28).contains("no row, line 4"), "{}", console.screen(100, 28));
}

#[tokio::test]
async fn a_load_that_is_stopped_says_that_it_removes_what_was_staged() {
    let lake = lake().await;
    let mut console = loading(&lake, "order_id,ordered_at\nA,2026-01-01T00:00:00Z\n").await;
    walk(&mut console, &lake, "n n n").await;
    let so_far = Progress { stage: "loading", bytes: 1 << 20, total_bytes: 4 << 20, ..Progress::default() };
    console.press("enter").progress(so_far);
    console.now_ms += 4_000;
    assert!(console.screen(100, 28).contains("time left"), "{}", console.screen(100, 28));
    let stopped = console.press("ctrl-c").screen(100, 28);
    assert!(stopped.contains(REMOVING) && !stopped.contains("time left"), "{stopped}");
}

#[tokio::test]
async fn a_table_that_is_gone_is_made_the_way_of_the_console() {
    let lake = lake().await;
    let mut console = loading(&lake, "order_id,ordered_at\nA,2026-01-01T00:00:00Z\n").await;
    walk(&mut console, &lake, "n n n").await;
    console.press("enter").fail(Error::not_found("the table does not exist").hint(ADD_CREATE));
    let screen = console.screen(100, 28);
    assert!(!screen.contains("--create") && screen.contains("C among the tables"), "{screen}");
}

#[test]
fn several_files_are_called_alike_everywhere() {
    let route = Route::new("load").of_table("sales.orders".parse().unwrap()).with_detail("/x/a.csv\n/x/b.csv");
    let screen = Console::at(route).screen(120, 28);
    assert!(screen.contains("load ▸ a.csv and 1 more") && screen.contains("load a.csv and 1 more"), "{screen}");
}

#[tokio::test]
async fn each_of_several_files_is_loaded_in_its_own_encoding() {
    let lake = lake().await;
    let paths = ["utf8.csv", "ansi.csv"].map(|name| lake.folder.path().join(name));
    for (path, name) in paths.iter().zip([b"caf\xc3\xa9".as_slice(), b"caf\xe9"]) {
        std::fs::write(path, [b"order_id,ordered_at\n", name, b",2026-01-01T00:00:00Z\n"].concat()).unwrap();
    }
    let mut console = opened(&lake, load(&paths.map(|path| path.display().to_string()).join("\n"))).await;
    walk(&mut console, &lake, "n n n enter").await;
    assert!(console.screen(100, 28).contains("✔ committed"), "{}", console.screen(100, 28));
}
