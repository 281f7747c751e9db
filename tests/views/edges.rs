//! At the edges: windows of a row or a column, places that no screen has, values of megabytes, and pages that things went
//! wrong on, from which there must be a way on.

use crossterm::event::{MouseButton, MouseEventKind};
use icedeck::Error;
use icedeck::app::route::Route;
use icedeck::table::Namespace;
use icedeck::views::{Needs, SCREENS, Screen};

use super::console::Console;
use super::steps::{GOOD, lake, load, opened};
use super::walks::{filled, walk};
use crate::common::Lake;

/// A view about a table that is there.
fn route(screen: &Screen) -> Route {
    let route = Route::new(screen.name);
    match screen.needs {
        Needs::Nothing => route,
        Needs::Namespace => route.of_namespace(Namespace(vec!["sales".into()])),
        Needs::Table => route.of_table("sales.orders".parse().unwrap()),
    }
}

async fn at(lake: &Lake, line: &str) -> Console {
    let here = Route::new("overview").of_table("sales.orders".parse().unwrap());
    let mut console = opened(lake, here).await;
    console.press(":").type_text(line).press("enter").settle(&lake.lake).await;
    console
}

#[tokio::test]
async fn an_open_input_stays_within_a_window_of_any_size() {
    let lake = filled().await;
    for screen in SCREENS {
        let mut console = opened(&lake, route(screen)).await;
        for keys in ["/", ":", "y /", "w", "x", "e", "ctrl-g", "v", "?"] {
            console.press(keys).type_text("a(");
            for (width, height) in [(1, 1), (120, 1), (1, 30), (2, 2), (120, 2), (120, 3), (30, 4), (120, 5)] {
                console.screen(width, height);
            }
            console.press("esc esc");
        }
    }
}

#[tokio::test]
async fn a_mouse_at_a_place_that_no_screen_has_does_no_harm() {
    let lake = filled().await;
    for screen in SCREENS {
        let mut console = opened(&lake, route(screen)).await;
        console.screen(100, 28);
        for kind in [MouseEventKind::Down(MouseButton::Left), MouseEventKind::ScrollDown, MouseEventKind::ScrollUp] {
            for (column, row) in [(0, u16::MAX), (u16::MAX, 0), (u16::MAX, u16::MAX), (0, 0)] {
                console.mouse(kind, column, row);
            }
        }
        assert_eq!(console.app.here().screen, screen.name);
    }
}

#[tokio::test]
async fn a_preflight_that_was_cancelled_is_made_again() {
    let lake = lake().await;
    for again in ["ctrl-r", "enter", "n"] {
        let mut console = opened(&lake, load(GOOD)).await;
        walk(&mut console, &lake, "enter").await;
        console.press("enter").fail(Error::cancelled());
        let screen = console.screen(100, 28);
        assert!(screen.contains("✖ cancelled") && screen.contains("check again"), "{screen}");
        walk(&mut console, &lake, again).await;
        let screen = console.screen(100, 28);
        assert!(console.app.here().screen == "load" && screen.contains("of 240 rows"), "{again}:\n{screen}");
    }
}

#[tokio::test]
async fn a_file_that_does_not_open_is_read_in_another_way() {
    let lake = lake().await;
    let path = lake.folder.path().join("quote.csv");
    std::fs::write(&path, "order_id,note\nA-1,\"five inches\nA-2,six\n".repeat(3)).unwrap();
    let mut console = opened(&lake, load(path.to_str().unwrap())).await;
    let screen = console.screen(100, 28);
    assert!(screen.contains('✖') && screen.contains("how it is read"), "{screen}");
    console.press("e");
    assert!(console.screen(100, 28).contains("how the files are read"), "{}", console.screen(100, 28));
    console.press("down enter").type_text("none");
    walk(&mut console, &lake, "enter").await;
    let screen = console.screen(100, 28);
    assert!(screen.contains("\"five inches") && screen.contains("2 columns"), "{screen}");
    // What was said holds when the columns are matched anew.
    walk(&mut console, &lake, "enter o ctrl-u enter").await;
    assert!(console.screen(100, 28).contains("five inches"), "{}", console.screen(100, 28));
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_is_left_upwards_and_not_remembered() {
    let lake = filled().await;
    let folder = lake.folder.path().join("drop");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("one.csv"), "a\n1\n").unwrap();
    let mut console = at(&lake, &format!("ingest {}", folder.display())).await;
    assert!(console.screen(100, 28).contains("one.csv"), "{}", console.screen(100, 28));
    console.press(":").type_text(&format!("ingest {}", folder.join("one/two").display()));
    walk(&mut console, &lake, "enter").await;
    let screen = console.screen(100, 28);
    assert!(screen.contains("✖ cannot read the folder: entity not found"), "{screen}");
    // What is typed behind / are no keys.
    console.press("/").type_text("nq");
    assert_eq!(console.app.here().screen, "ingest");
    walk(&mut console, &lake, "esc backspace").await;
    assert!(console.screen(100, 28).contains('✖'), "{}", console.screen(100, 28));
    walk(&mut console, &lake, "backspace").await;
    assert!(console.screen(100, 28).contains("one.csv"), "{}", console.screen(100, 28));
    console.press(":").type_text(&format!("ingest {}", folder.join("one/two").display()));
    walk(&mut console, &lake, "enter o L").await;
    assert!(console.screen(100, 28).contains("one.csv"), "{}", console.screen(100, 28));
    walk(&mut console, &lake, "backspace").await;
    assert!(console.screen(100, 28).contains("drop/"), "{}", console.screen(100, 28));
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_neither_a_file_nor_a_folder_is_not_gone_into() {
    let lake = filled().await;
    let folder = lake.folder.path().join("drop");
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.join("zeros")).unwrap();
    let mut console = at(&lake, &format!("ingest {}", folder.display())).await;
    walk(&mut console, &lake, "G enter").await;
    let screen = console.screen(120, 28);
    assert!(screen.contains("zeros is a device, neither a file nor a folder"), "{screen}");
}

#[tokio::test]
async fn a_file_is_loaded_by_its_name_and_a_mistake_in_it_is_told() {
    let lake = filled().await;
    let mut console = at(&lake, "load /nonexist").await;
    assert_eq!(console.app.here().screen, "load");
    let screen = console.screen(100, 28);
    assert!(screen.contains('✖') && screen.contains("/nonexist") && !screen.contains("read-only"), "{screen}");
    console.press(":").type_text("load");
    walk(&mut console, &lake, "enter").await;
    assert_eq!(console.app.here().screen, "ingest", "which file is asked");
}

#[tokio::test]
async fn columns_of_a_mapping_that_the_table_has_not_are_left_out_and_named() {
    let lake = lake().await;
    let mut console = opened(&lake, load(GOOD)).await;
    walk(&mut console, &lake, "enter").await;
    let path = lake.folder.path().join("m.toml");
    console.press("w ctrl-u").type_text(path.to_str().unwrap());
    walk(&mut console, &lake, "enter").await;
    let own = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{own}\n[[column]]\nname = \"nope\"\nfrom = \"order_id\"\n")).unwrap();
    console.press("o ctrl-u").type_text(path.to_str().unwrap());
    walk(&mut console, &lake, "enter").await;
    let screen = console.screen(100, 28);
    assert!(screen.contains("the table has no column nope: it is left out"), "{screen}");
    assert!(!screen.contains("to mend"), "{screen}");
    walk(&mut console, &lake, "enter").await;
    assert!(console.screen(100, 28).contains("of 240 rows"), "{}", console.screen(100, 28));
}

#[tokio::test]
async fn a_value_of_megabytes_is_cut_in_the_preview_of_a_file() {
    let lake = lake().await;
    let path = lake.folder.path().join("long.csv");
    let long = "x".repeat(4 << 20);
    std::fs::write(&path, format!("order_id,note\nA-1,{long}\nA-2,{long}\n")).unwrap();
    let mut console = opened(&lake, load(path.to_str().unwrap())).await;
    assert!(console.screen(100, 28).contains("xxx…"), "{}", console.screen(100, 28));
    walk(&mut console, &lake, "enter").await;
    assert!(console.screen(100, 28).contains("xxx…"), "{}", console.screen(100, 28));
}
