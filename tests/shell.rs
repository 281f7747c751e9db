//! The shell: the real loop with scripted keys, and golden screens of what is around the views.

use std::collections::BTreeMap;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use icedeck::app::route::Route;
use icedeck::app::{Options, keys_markdown};
use icedeck::table::{Namespace, Place, TableAddress};

use crate::common::Lake;
use crate::common::console::Console;

async fn lake() -> Lake {
    let lake = Lake::new().await;
    for name in ["sales", "sales.eu", "web.logs", "日本語"] {
        let levels = name.split('.').map(str::to_string).collect();
        lake.namespace(&Namespace(levels)).await;
    }
    lake
}

#[tokio::test]
async fn the_first_screen() {
    let lake = lake().await;
    let played = Console::new(&lake.lake).play("").await;
    insta::assert_snapshot!("first_80x24", played.screen);
    let played = Console::new(&lake.lake).size(120, 40).play("").await;
    insta::assert_snapshot!("first_120x40", played.screen);
    let played = Console::new(&lake.lake).size(20, 5).play("j").await;
    insta::assert_snapshot!("first_20x5", played.screen);
}

#[tokio::test]
async fn an_empty_warehouse_says_what_to_do() {
    let lake = Lake::new().await;
    let played = Console::new(&lake.lake).play("").await;
    insta::assert_snapshot!("empty_80x24", played.screen);
}

#[tokio::test]
async fn nothing_of_a_name_is_sent_to_the_terminal_raw() {
    let lake = lake().await;
    let place = Place::Path("/nowhere/odd\u{1b}[31m\u{202e}\u{7}name".into());
    let start = Route::new("snapshots").of_table(TableAddress { place, at: None });
    let played = Console::new(&lake.lake).size(120, 24).at(start).play(":").await;
    assert!(played.screen.contains("odd␛[31m"), "{}", played.screen);
    assert!(!played.screen.contains('\u{1b}') && !played.screen.contains('\u{202e}'));
}

#[tokio::test]
async fn ascii_mode_draws_nothing_else() {
    let lake = lake().await;
    let mut console = Console::new(&lake.lake);
    console.options = Options { ascii: true, ..Options::default() };
    let played = console.play("").await;
    assert!(played.screen.is_ascii(), "{}", played.screen);
    assert!(played.screen.contains("* icedeck"));
}

#[tokio::test]
async fn the_palette_completes() {
    let lake = lake().await;
    let played = Console::new(&lake.lake).play(": 'sna'").await;
    insta::assert_snapshot!("palette_80x24", played.screen);
}

#[tokio::test]
async fn help_lists_what_works_now() {
    let lake = lake().await;
    let played = Console::new(&lake.lake).size(100, 60).play("?").await;
    insta::assert_snapshot!("help_100x60", played.screen);
}

#[tokio::test]
async fn a_filter_is_typed_and_taken_back() {
    let lake = lake().await;
    let played = Console::new(&lake.lake).play("/ 's.*s'").await;
    assert!(played.screen.contains("1 pass /s.*s"), "{}", played.screen);
    let played = Console::new(&lake.lake).play("/ 'zzz' enter").await;
    insta::assert_snapshot!("filtered_80x24", played.screen);
    let played = Console::new(&lake.lake).play("/ 'zzz' enter esc").await;
    assert!(played.screen.contains("sales/"), "{}", played.screen);
}

#[tokio::test]
async fn keys_walk_in_and_out_and_the_crumbs_follow() {
    let lake = lake().await;
    let played = Console::new(&lake.lake).play("/ '^sales' enter enter enter").await;
    assert!(played.screen.contains("icedeck ▸ sales ▸ eu ▸ tables"), "{}", played.screen);
    let played = Console::new(&lake.lake).play("/ '^sales' enter enter enter esc esc").await;
    assert!(played.screen.contains("pass /^sales"), "the list is as it was left: {}", played.screen);
}

#[tokio::test]
async fn copying_goes_to_the_clipboard() {
    let lake = lake().await;
    let played = Console::new(&lake.lake).play("/ '^sales' enter c").await;
    assert_eq!(played.asked.copied, ["sales"]);
    assert!(played.screen.contains("copied sales"), "{}", played.screen);
}

#[tokio::test]
async fn q_quits_and_nothing_after_it_counts() {
    let lake = lake().await;
    let played = Console::new(&lake.lake).play("q c").await;
    assert!(played.app.is_leaving() && played.asked.copied.is_empty());
}

#[tokio::test]
async fn a_table_that_is_not_there_says_so() {
    let lake = lake().await;
    let start = Route::new("snapshots").of_table("sales.nothing".parse().unwrap());
    let played = Console::new(&lake.lake).at(start).play("").await;
    insta::assert_snapshot!("failed_80x24", played.screen);
}

#[tokio::test]
async fn reading_again_finds_what_is_new_and_the_cursor_stays() {
    let lake = lake().await;
    let before = Console::new(&lake.lake).play("G k").await.screen;
    assert!(before.contains("▶ web/") && !before.contains("aaa/"), "{before}");
    let mut console = Console::new(&lake.lake);
    let connection = lake.connection.clone();
    console.before_last = Some(Box::pin(async move {
        let name = Namespace(vec!["aaa".into()]);
        connection.create_namespace(&name, BTreeMap::new()).await.unwrap();
    }));
    let after = console.play("G k ctrl-r").await.screen;
    assert!(after.contains("aaa/") && after.contains("▶ web/"), "{after}");
}

#[tokio::test]
async fn the_mouse_moves_sorts_and_enters() {
    let lake = lake().await;
    let click = |column, row| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
    };
    let key = |c| Event::Key(KeyEvent::from(KeyCode::Char(c)));
    let played = Console::new(&lake.lake).play_events(vec![click(4, 2), click(4, 2), click(4, 4), key('c')]).await;
    assert_eq!(played.asked.copied.len(), 1);
    assert!(played.screen.contains('▼'), "sorted twice: {}", played.screen);
    let played = Console::new(&lake.lake).play_events(vec![click(4, 4), click(4, 4)]).await;
    assert!(played.screen.contains("▸ tables") && !played.screen.contains("namespaces ──"), "{}", played.screen);
}

#[tokio::test]
async fn mistakes_in_the_users_files_are_told_and_do_not_stop_it() {
    let lake = lake().await;
    let config = lake.env.paths().config.clone();
    std::fs::create_dir_all(config.join("themes")).unwrap();
    std::fs::write(config.join("keymap.toml"), "[keys]\nquit = \"Q\"\nfly = \"f\"\n").unwrap();
    let played = Console::new(&lake.lake).size(200, 24).play("q").await;
    assert!(
        played.screen.contains("no action is named \"fly\"") && played.screen.contains("line 3"),
        "{}",
        played.screen
    );
    assert!(Console::new(&lake.lake).play("Q").await.app.is_leaving());
}

#[tokio::test]
async fn a_burst_of_keys_is_one_drawing_and_none_is_lost() {
    let lake = lake().await;
    let mut events: Vec<_> = (0..300).map(|_| Event::Key(KeyEvent::from(KeyCode::Down))).collect();
    events.push(Event::Resize(80, 24));
    let played = Console::new(&lake.lake).play_events(events).await;
    assert!(!played.screen.contains("▶ sales"), "the cursor is on the last row: {}", played.screen);
}

#[test]
fn the_readme_has_the_table_of_keys() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap_or_default();
    let (_, rest) = readme.split_once("<!-- keys").unwrap_or_default();
    let table =
        rest.split_once("-->").and_then(|(_, rest)| rest.split_once("<!-- /keys -->")).map_or("", |(table, _)| table);
    assert_eq!(table.trim(), keys_markdown().trim(), "put app::keys_markdown() between the marks of README.md");
}
