//! What the console says and asks: the line of what just happened, the command line, where one may not write, and
//! questions that must be seen before they are answered.

use std::path::Path;

use icedeck::app::route::Route;
use icedeck::table::inspect;

use super::console::{Console, setup};
use super::walks::{console, filled, walk};
use crate::common::Lake;

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo");

fn about(screen: &'static str, table: &str) -> Route {
    Route::new(screen).of_table(table.parse().unwrap())
}

/// The line of what just happened.
fn said(console: &mut Console) -> String {
    console.screen(200, 30).lines().rev().nth(1).unwrap().to_string()
}

async fn command(console: &mut Console, lake: &Lake, line: &str) {
    console.press(":").type_text(line);
    walk(console, lake, "enter").await;
}

async fn export_to(console: &mut Console, lake: &Lake, file: &Path) {
    console.press("x ctrl-u").type_text(&file.display().to_string());
    walk(console, lake, "enter").await;
}

#[tokio::test]
async fn an_error_gives_way_to_what_comes_after_it() {
    let (lake, out) = (filled().await, tempfile::tempdir().unwrap());
    let mut console = console(&lake, about("rows", "sales.orders")).await;
    export_to(&mut console, &lake, Path::new("/nope/x.csv")).await;
    assert!(said(&mut console).contains("✖ cannot write"), "{}", said(&mut console));
    walk(&mut console, &lake, "j k").await;
    assert!(said(&mut console).contains("✖ cannot write"), "moving leaves it: {}", said(&mut console));
    export_to(&mut console, &lake, &out.path().join("x.csv")).await;
    assert!(said(&mut console).contains("exported 2,200 rows"), "{}", said(&mut console));
    export_to(&mut console, &lake, Path::new("/nope/x.csv")).await;
    walk(&mut console, &lake, "esc").await;
    assert!(!said(&mut console).contains('✖'), "{}", said(&mut console));
}

#[tokio::test]
async fn words_behind_a_command_count_or_are_refused() {
    let (lake, out) = (filled().await, tempfile::tempdir().unwrap());
    let mut console = console(&lake, about("rows", "sales.orders")).await;
    command(&mut console, &lake, "where id < 5").await;
    let screen = console.screen(100, 28);
    assert!(screen.contains("5 rows where id < 5"), "{screen}");
    command(&mut console, &lake, "where").await;
    assert!(console.screen(100, 28).contains("Rows where"), "alone it asks");
    console.press("esc");
    let file = out.path().join("five.csv");
    command(&mut console, &lake, &format!("export {}", file.display())).await;
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 6);
    command(&mut console, &lake, "filter FR").await;
    assert!(console.screen(100, 28).contains("pass /FR"), "{}", console.screen(100, 28));
    for (line, told) in [
        ("quit please", "quit takes nothing behind it, and there is \"please\""),
        ("q x", "q takes nothing behind it"),
        ("theme", "which theme? · there is: dark"),
        ("theme mine", "no theme is named \"mine\" · there is: dark"),
        ("jobs all", "jobs takes nothing behind it"),
        ("catalogs prod", ":ctx prod goes to that catalog"),
    ] {
        command(&mut console, &lake, line).await;
        let said = said(&mut console);
        assert!(said.contains(told), "{line}: {said}");
        assert!(!console.app.is_leaving(), "{line}");
    }
}

#[tokio::test]
async fn what_is_no_regular_expression_is_plain_text_and_that_is_said() {
    let lake = filled().await;
    let mut console = console(&lake, Route::new("tables")).await;
    for filter in ["sal(", "a{1000}{1000}{1000}"] {
        walk(&mut console, &lake, "/ ctrl-u").await;
        console.type_text(filter);
        assert!(console.screen(100, 20).contains("plain text"), "{}", console.screen(100, 20));
        walk(&mut console, &lake, "enter").await;
        let screen = console.screen(120, 20);
        assert!(screen.contains(&format!("pass /{filter}")), "as it was typed: {screen}");
        let said = said(&mut console);
        assert!(said.contains(filter) && said.contains("it is matched as plain text"), "{said}");
    }
    console.survives();
}

/// Rows are loaded into branches: where they cannot be is said before a mapping is made.
#[tokio::test]
async fn a_load_goes_to_a_branch_and_nowhere_else() {
    let lake = filled().await;
    let table = lake.load(&"sales.orders".parse().unwrap()).await;
    let head = inspect::snapshots(&table).unwrap().first().unwrap().snapshot_id;
    let table = lake.tag(&table, "eoy", head).await;
    lake.branch(&table, "audit", head).await;
    let id = head.to_string();
    for (at, told) in [
        ("eoy", "eoy is a tag"),
        (id.as_str(), "is a state of the past"),
        ("2099-01-01", "is a state of the past"),
        ("nowhere", "no branch, tag, snapshot or time is meant by it"),
    ] {
        let table = format!("sales.orders@{at}");
        for route in [about("overview", &table), about("load", &table).with_detail(format!("{FILES}/orders-nov.csv"))] {
            let is_load = route.screen == "load";
            let mut console = console(&lake, route).await;
            if !is_load {
                walk(&mut console, &lake, "L").await;
            }
            let screen = console.screen(160, 28);
            assert!(screen.contains(told) && screen.contains('✖'), "{at}: {screen}");
            assert!(!screen.contains("append to") && !screen.contains("orders-nov-broken.csv"), "{at}: {screen}");
            let what_to_do = screen.contains("loads into a branch; there are: audit, main");
            assert!(what_to_do || at == "nowhere", "{at}: {screen}");
        }
    }
    for at in ["audit", "main"] {
        let route = about("ingest", &format!("sales.orders@{at}")).with_detail(FILES);
        let mut console = console(&lake, route).await;
        walk(&mut console, &lake, "enter").await;
        let screen = console.screen(120, 28);
        assert!(screen.contains("1 source ●") && screen.contains(&format!("append to {at}")), "{screen}");
    }
}

#[tokio::test]
async fn where_one_may_only_look_nothing_that_writes_is_opened() {
    let lake = filled().await;
    let mut read_only = setup(&["icedeck"]);
    read_only.read_only = true;
    let mut console = Console::with(read_only, about("overview", "sales.orders"));
    console.settle(&lake.lake).await;
    let file = format!("{FILES}/orders-nov.csv");
    for (line, word) in [
        (format!("ingest {file}"), "load"),
        ("ingest".into(), "ingest"),
        ("new".into(), "new"),
        (format!("new {file}"), "create"),
        ("load".into(), "ingest"),
    ] {
        command(&mut console, &lake, &line).await;
        assert_eq!(console.app.here().screen, "overview", "{line}");
        let said = said(&mut console);
        assert!(said.contains(&format!("{word}: this connection is read-only")), "{line}: {said}");
    }
    console.press(":").type_text("ing");
    assert!(!console.screen(100, 28).contains("Pick files"), "{}", console.screen(100, 28));
}

/// At the mapping of the demo's orders, opened from the folder that they lie in, with one column told by hand.
async fn mapped(lake: &Lake) -> Console {
    let mut console = console(lake, about("ingest", "sales.orders").with_detail(FILES)).await;
    console.press("/").type_text("orders-nov-broken");
    walk(&mut console, lake, "enter enter enter j j j m").await;
    console.type_text("Order");
    walk(&mut console, lake, "enter").await;
    assert!(console.screen(120, 30).contains("2 mapping ●"), "{}", console.screen(120, 30));
    console
}

#[tokio::test]
async fn a_mapping_comes_back_with_its_file() {
    let lake = filled().await;
    let mut console = mapped(&lake).await;
    let before = console.screen(120, 30);
    walk(&mut console, &lake, "esc esc").await;
    assert_eq!(console.app.here().screen, "ingest");
    walk(&mut console, &lake, "enter").await;
    let screen = console.screen(120, 30);
    assert!(screen.contains("1 source ●") && screen.contains("this load is as you left it"), "{screen}");
    walk(&mut console, &lake, "enter").await;
    assert_eq!(console.screen(120, 30), before);
    command(&mut console, &lake, "overview").await;
    let file = Path::new(FILES).canonicalize().unwrap().join("orders-nov-broken.csv");
    command(&mut console, &lake, &format!("ingest {}", file.display())).await;
    walk(&mut console, &lake, "k j").await;
    assert_eq!(console.screen(120, 30), before, "named again, from another view");
    walk(&mut console, &lake, "esc esc").await;
    assert_eq!(console.app.here().screen, "overview");
    console.press("[").settle(&lake.lake).await;
    // After another view took its place in the history, too.
    assert_eq!(console.app.here().screen, "ingest");
    command(&mut console, &lake, "jobs").await;
    walk(&mut console, &lake, "esc enter enter").await;
    assert_eq!(console.screen(120, 30), before);
    // And one can begin anew.
    walk(&mut console, &lake, "o ctrl-u enter").await;
    let anew = console.screen(120, 30);
    assert!(anew.contains("2 mapping ●") && anew != before, "{anew}");
    walk(&mut console, &lake, "esc esc enter").await;
    assert!(!console.screen(120, 30).contains("as you left it"), "nothing was edited");
}

#[tokio::test]
async fn a_question_that_is_not_seen_whole_is_not_answered() {
    let lake = filled().await;
    let mut console = console(&lake, about("snapshots", "sales.orders")).await;
    walk(&mut console, &lake, "G R").await;
    console.press("enter");
    console.type_text("orders");
    let small = console.screen(20, 5);
    assert!(small.contains("make the terminal"), "{small}");
    walk(&mut console, &lake, "enter").await;
    assert_eq!(console.app.jobs().running().count(), 0);
    assert!(console.screen(20, 5).contains("make the terminal"), "still asked");
    let large = console.screen(80, 24);
    assert!(large.contains("type orders to confirm: orders"), "{large}");
    walk(&mut console, &lake, "enter").await;
    assert!(console.screen(80, 24).contains("committed"), "{}", console.screen(80, 24));
}

#[tokio::test]
async fn a_wrong_name_is_told() {
    let lake = filled().await;
    let mut console = console(&lake, about("snapshots", "sales.orders")).await;
    walk(&mut console, &lake, "G R enter").await;
    console.type_text("sales.orders");
    assert!(!console.screen(80, 24).contains("enter yes"), "{}", console.screen(80, 24));
    walk(&mut console, &lake, "enter").await;
    let screen = console.screen(80, 24);
    assert!(screen.contains("sales.orders is not its name: type orders"), "{screen}");
    console.press("ctrl-u").type_text("orders");
    let screen = console.screen(80, 24);
    assert!(!screen.contains("is not its name") && screen.contains("enter yes"), "{screen}");
}

#[tokio::test]
async fn what_is_typed_is_seen_in_the_smallest_terminal() {
    let lake = filled().await;
    let mut console = console(&lake, about("rows", "sales.orders")).await;
    for (key, typed) in [("w", "country = 'DE' and id < 17"), ("x", "/srv/exports/of/today/orders.csv")] {
        console.press(key).press("ctrl-u").type_text(typed);
        for (width, height) in [(20, 5), (20, 3), (20, 2), (30, 6), (40, 8)] {
            let screen = console.screen(width, height);
            let tail: String = typed.chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
            assert!(screen.contains(&tail), "{width}x{height}:\n{screen}");
        }
        console.press("esc");
    }
    walk(&mut console, &lake, "v").await;
    let screen = console.screen(20, 5);
    assert!(screen.contains("\n>\n[x] id"), "{screen}");
}
