//! Golden screens of mending, each from a real table, and that the table is as the page had said.

use icedeck::app::route::Route;
use icedeck::app::state::Setup;
use icedeck::table::{Table, inspect};

use super::console::{Console, setup};
use super::golden::keep;
use super::steps::{BOTH, Gallery};
use crate::common::Lake;
use crate::common::lake::{START_MS, orders};

/// A table of three appends, and a branch that went on from the second by itself.
async fn lake() -> (Lake, Table) {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 0, 20)).await;
    let table = lake.append(&table, orders(&table, 20, 30)).await;
    let second = head(&table);
    let table = lake.append(&table, orders(&table, 50, 40)).await;
    let table = lake.branch(&table, "audit", second).await;
    let table = lake.append_to(&table, "audit", orders(&table, 90, 5)).await;
    (lake, table)
}

fn head(table: &Table) -> i64 {
    leads_to(table, "main").unwrap()
}

fn leads_to(table: &Table, name: &str) -> Option<i64> {
    inspect::refs(table).unwrap().into_iter().find(|row| row.name == name).map(|row| row.snapshot_id)
}

async fn at(lake: &Lake, screen: &'static str) -> Console {
    let route = Route::new(screen).of_catalog(Some("icedeck".into())).of_table("sales.orders".parse().unwrap());
    let mut console = Console::with(setup(&["icedeck"]), route);
    console.now_ms = START_MS + 600_000;
    console.settle(&lake.lake).await;
    console
}

async fn walk(console: &mut Console, lake: &Lake, keys: &str) {
    for key in keys.split_whitespace() {
        console.press(key).settle(&lake.lake).await;
    }
}

async fn now(lake: &Lake) -> Table {
    lake.load(&"sales.orders".parse().unwrap()).await
}

/// Marks the row of a snapshot or ref with the cursor.
async fn seek(console: &mut Console, lake: &Lake, what: &str) {
    console.press("/").type_text(what);
    walk(console, lake, "enter").await;
}

#[tokio::test]
async fn rolling_back() {
    let (lake, table) = lake().await;
    let first = inspect::snapshots(&table).unwrap().iter().find(|s| s.parent_id.is_none()).unwrap().snapshot_id;
    let mut told = Gallery::default();
    let mut console = at(&lake, "snapshots").await;
    told.show("the keys", &mut console, &[(120, 24)]);
    seek(&mut console, &lake, &first.to_string()).await;
    console.press("R");
    told.show("planning", &mut console, &[(80, 12)]);
    console.settle(&lake.lake).await;
    told.show("the plan", &mut console, &BOTH);
    walk(&mut console, &lake, "t s").await;
    told.show("without a tag, schema and properties as then", &mut console, &[(80, 30)]);
    walk(&mut console, &lake, "s t enter").await;
    told.show("asked", &mut console, &BOTH);
    console.type_text("orderz");
    walk(&mut console, &lake, "enter").await;
    assert_eq!(head(&now(&lake).await), head(&table), "another name is no yes");
    walk(&mut console, &lake, "backspace").await;
    console.type_text("s");
    walk(&mut console, &lake, "enter").await;
    told.show("done", &mut console, &BOTH);
    keep("mend_rollback", told.0);
    let after = now(&lake).await;
    assert_eq!(head(&after), first);
    assert_eq!(leads_to(&after, "before-rollback-202611210810"), Some(head(&table)));
    walk(&mut console, &lake, "@").await;
    let log = console.screen(160, 40);
    assert!(log.contains(&format!("icedeck rollback sales.orders --to {first} --tag")), "{log}");
    assert!(log.contains("requirements"), "{log}");
}

#[tokio::test]
async fn undoing_and_redoing() {
    let (lake, _) = lake().await;
    let table = lake.append(&now(&lake).await, orders(&now(&lake).await, 200, 7)).await;
    let before = head(&table);
    let mut told = Gallery::default();
    let mut console = at(&lake, "snapshots").await;
    walk(&mut console, &lake, "u").await;
    told.show("undo", &mut console, &BOTH);
    walk(&mut console, &lake, "enter").await;
    told.show("asked", &mut console, &[(80, 24)]);
    console.press("y");
    told.show("on its way", &mut console, &[(80, 12)]);
    console.settle(&lake.lake).await;
    told.show("undone", &mut console, &[(80, 24)]);
    assert_ne!(head(&now(&lake).await), before);
    let mut console = at(&lake, "refs").await;
    walk(&mut console, &lake, "U").await;
    told.show("redo", &mut console, &[(80, 24)]);
    walk(&mut console, &lake, "enter y").await;
    assert_eq!(head(&now(&lake).await), before);
    let mut console = at(&lake, "refs").await;
    walk(&mut console, &lake, "U U").await;
    told.show("nothing to redo", &mut console, &[(80, 12)]);
    keep("mend_undo", told.0);
}

#[tokio::test]
async fn branches_and_tags() {
    let (lake, table) = lake().await;
    let mut told = Gallery::default();
    let mut console = at(&lake, "refs").await;
    seek(&mut console, &lake, "audit").await;
    told.show("the keys", &mut console, &[(120, 24)]);
    walk(&mut console, &lake, "F").await;
    told.show("no descendant", &mut console, &[(80, 12)]);
    walk(&mut console, &lake, "esc X").await;
    told.show("dropping", &mut console, &BOTH);
    walk(&mut console, &lake, "esc T").await;
    console.type_text("eoy");
    walk(&mut console, &lake, "enter").await;
    told.show("a new tag", &mut console, &[(80, 24)]);
    walk(&mut console, &lake, "enter y").await;
    assert_eq!(leads_to(&now(&lake).await, "eoy"), leads_to(&table, "audit"));
    told.show("made", &mut console, &[(80, 24)]);
    let mut console = at(&lake, "snapshots").await;
    seek(&mut console, &lake, "audit").await;
    walk(&mut console, &lake, "P").await;
    told.show("cherry-pick", &mut console, &[(80, 24)]);
    walk(&mut console, &lake, "enter y").await;
    told.show("picked", &mut console, &[(80, 24)]);
    let after = now(&lake).await;
    let rows = inspect::snapshots(&after).unwrap().into_iter().find(|s| s.snapshot_id == head(&after)).unwrap();
    assert_eq!(rows.total_rows, Some(95));
    keep("mend_refs", told.0);
}

/// Others are faster than the answer: nothing is led anywhere, and one key leads to the workbench.
#[tokio::test]
async fn others_were_faster() {
    let (lake, table) = lake().await;
    let mut console = at(&lake, "snapshots").await;
    walk(&mut console, &lake, "u").await;
    let ours = lake.append(&table, orders(&table, 300, 3)).await;
    walk(&mut console, &lake, "enter y").await;
    let mut told = Gallery::default();
    told.show("rejected", &mut console, &BOTH);
    walk(&mut console, &lake, "enter").await;
    told.show("the workbench", &mut console, &BOTH);
    walk(&mut console, &lake, "x y").await;
    told.show("given up", &mut console, &[(80, 24)]);
    keep("mend_rejected", told.0);
    assert_eq!(head(&now(&lake).await), head(&ours));
}

/// What the page says to type next can be typed as it stands.
#[tokio::test]
async fn hints_are_commands_that_reach_the_lake() {
    let (lake, table) = lake().await;
    let route = Route::new("snapshots").of_catalog(Some("icedeck".into())).of_table("sales.orders".parse().unwrap());
    let mut console = Console::with(Setup { called: "icedeck --home '/my lake'".into(), ..setup(&["icedeck"]) }, route);
    console.settle(&lake.lake).await;
    walk(&mut console, &lake, "u").await;
    lake.append_to(&table, "audit", orders(&table, 300, 3)).await;
    walk(&mut console, &lake, "enter y").await;
    let screen = console.screen(400, 40);
    assert!(screen.contains("icedeck --home '/my lake' recover "), "{screen}");
}
