//! What the console says and asks: the line of what just happened, the command line, where one may not write, and
//! questions that must be seen before they are answered.

use std::path::Path;

use icedeck::Error;
use icedeck::app::Options;
use icedeck::app::route::Route;
use icedeck::app::state::Setup;
use icedeck::table::inspect;
use icedeck::views::widgets::text;

use super::console::{Console, setup};
use super::walks::{console, filled, walk};
use crate::common::Lake;
use crate::common::lake::orders;

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

/// What was done does not hide that the view is stale, what went wrong is told whole, and both are seen together.
#[tokio::test]
async fn beside_a_notice_one_sees_that_there_is_something_newer() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 0, 10)).await;
    let mut console = console(&lake, about("snapshots", "sales.orders")).await;
    console.press("c");
    lake.append(&table, orders(&table, 10, 10)).await;
    console.check().settle(&lake.lake).await;
    let told = said(&mut console);
    assert!(told.contains("copied ") && told.ends_with("1 newer in the catalog · ctrl-r"), "{told}");
    let narrow = |console: &mut Console| console.screen(40, 12).lines().rev().nth(1).unwrap().to_string();
    let told = narrow(&mut console);
    assert!(told.starts_with(" copied ") && told.contains("1 newer in the"), "{told}");
    walk(&mut console, &lake, "j").await;
    assert_eq!(said(&mut console), " 1 newer in the catalog · ctrl-r");
    command(&mut console, &lake, "fly to the moon and back again").await;
    let told = said(&mut console);
    assert!(told.contains("✖ no view or action") && told.ends_with("ctrl-r"), "{told}");
    let told = narrow(&mut console);
    assert!(told.starts_with(" ✖ no view or action") && !told.contains("newer"), "{told}");
    console.survives();
}

/// A snapshot that was asked for by its id is called by the refs that point at it; its id is said once.
#[tokio::test]
async fn the_overview_of_a_snapshot_says_its_refs() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let first = lake.append(&table, orders(&table, 0, 10)).await;
    let id = first.resolve(None).unwrap().unwrap();
    let second = lake.append(&first, orders(&first, 10, 10)).await;
    let header = async |lake: &Lake| {
        let here = Route::new("overview").of_table(format!("sales.orders@{id}").parse().unwrap());
        let mut console = console(lake, here).await;
        console.screen(120, 30).lines().next().unwrap().to_string()
    };
    let told = header(&lake).await;
    assert!(told.contains(&format!("  {}", text::short_id(id))) && !told.contains(&format!("{id}@")), "{told}");
    lake.tag(&second, "eoy", id).await;
    let told = header(&lake).await;
    assert!(told.contains(&format!(" eoy@{}", text::short_id(id))), "{told}");
}

/// Every mistake in the user's files can be read in the program, with its file and line.
#[tokio::test]
async fn all_mistakes_are_listed() {
    let lake = Lake::new().await;
    let wrong = |what: &str, line| Error::invalid(what).with("file", "/etc/my.toml").with("line", line);
    let mistakes = vec![wrong("no action is named \"fly\"", 2), wrong("no key is named \"ctrl-banana\"", 31)];
    let mut console = Console::with(Setup { mistakes, ..setup(&["local"]) }, Route::new("tables"));
    assert!(
        said(&mut console).contains("2 mistakes: :mistakes · no action is named \"fly\""),
        "{}",
        said(&mut console)
    );
    command(&mut console, &lake, "mistakes").await;
    let screen = console.screen(80, 12);
    for (line, what) in [("2", "no action is named \"fly\""), ("31", "no key is named \"ctrl-banana\"")] {
        let told = screen.lines().find(|told| told.contains(what)).unwrap_or_else(|| panic!("{what}:\n{screen}"));
        assert!(told.contains("/etc/my.toml") && told.contains(&format!(" {line} ")), "{told}");
    }
    console.survives();
    let mut none = self::console(&lake, Route::new("mistakes")).await;
    assert!(none.screen(80, 12).contains("Nothing is wrong"), "{}", none.screen(80, 12));
}

/// A theme that cannot be read is there, and nothing else is said of it.
#[tokio::test]
async fn a_file_that_is_no_text_is_told_with_its_line_and_nothing_else() {
    let lake = Lake::new().await;
    let themes = lake.lake.env().paths().config.join("themes");
    std::fs::create_dir_all(&themes).unwrap();
    std::fs::write(themes.join("mine.toml"), b"[tones]\nkey = \"red\"\ndanger = \"\xff\"\n").unwrap();
    let options = Options { theme: Some("mine".into()), ..Options::default() };
    let found = icedeck::app::start::setup(&lake.lake, &options).mistakes;
    let told: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("not UTF-8 (file ") && told[0].ends_with("mine.toml, line 3)"), "{told:?}");
}
