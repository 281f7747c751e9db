//! Journeys: the real program in a pseudo-terminal, and the terminal as it was before, whatever the end was.

use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::common::pty::{Modes, Pty};
use crate::common::{Lake, lake};

async fn orders() -> Lake {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let rows = lake::orders(&table, 1, 20);
    lake.append(&table, rows).await;
    lake
}

fn started(lake: &Lake) -> (Pty, Modes) {
    let mut pty = Pty::icedeck(lake.folder.path(), &[]);
    let before = pty.modes();
    pty.wait_for("sales/");
    assert!(pty.modes().alternate && pty.modes().cursor_hidden && pty.modes() != before);
    (pty, before)
}

#[tokio::test]
async fn walk_to_a_data_file_and_quit() {
    let lake = orders().await;
    let (mut pty, before) = started(&lake);
    pty.send("\r");
    pty.wait_for("sales ▸ tables");
    pty.wait_for("▶ orders");
    pty.send("\r");
    pty.wait_for("orders ▸ overview");
    pty.send("f");
    pty.wait_for("orders ▸ files");
    pty.wait_for(".parquet");
    pty.send(":rows\r");
    pty.wait_for("orders ▸ rows");
    pty.wait_for("country");
    pty.send("q");
    let (code, after, screen) = pty.end();
    assert_eq!((code, &after), (0, &before), "{screen}");
    assert!(!screen.contains("icedeck ▸"), "the screen before is back: {screen}");
}

/// Keys one after the other, each followed by what the screen must show before the next one.
fn play(pty: &mut Pty, steps: &[(&str, &str)]) {
    for (keys, seen) in steps {
        pty.send(keys);
        pty.wait_for(seen);
    }
}

#[tokio::test]
async fn a_file_is_loaded_with_one_column_renamed_and_one_cast() {
    let lake = orders().await;
    let rows = "id,land,amount,day\n21,DE,5.00,24.12.2026\n22,FR,-1.50,31.12.2026\n23,,,01.01.2027\n";
    std::fs::write(lake.folder.path().join("december.csv"), rows).unwrap();
    let (mut pty, before) = started(&lake);
    let steps = [
        ("\r", "▶ orders"),
        ("\r", "orders ▸ overview"),
        ("f", ".parquet"),
        ("\r", "▶ id"),
        ("L", "pick a file to load"),
        ("/december\r", "▶ december.csv"),
        ("\r", "1 source ●"),
        ("", "24.12.2026"),
        ("\r", "2 mapping ●"),
        ("", "1 unmapped"),
        ("jm", "country is taken from"),
        ("land\r", "country = \"land\""),
        ("jj", "not a date"),
        ("f", "how day is read"),
        ("%d.%m.%Y\r", "2026-12-24"),
        ("\r", "all 3 rows fit"),
        ("\r", "as a command"),
        ("\r", "committed: the rows are in the table"),
        ("\r", "2 snapshots"),
        ("r", "23 rows"),
        ("@", "append 3 rows to sales.orders"),
        ("q", ""),
    ];
    play(&mut pty, &steps);
    let (code, after, screen) = pty.end();
    assert_eq!((code, &after), (0, &before), "{screen}");
    let table = lake.load(&"sales.orders".parse().unwrap()).await;
    assert_eq!(lake::longs(&table, None, "id").await, (1..=23).collect::<Vec<i64>>());
    assert_eq!(lake::texts(&table, "country", 21).await, [Some("DE".into()), Some("FR".into()), None]);
}

#[tokio::test]
async fn a_table_is_made_from_a_file() {
    let lake = orders().await;
    let rows = "id,placed,land\n1,2026-11-21,DE\n2,2026-11-22,FR\n";
    std::fs::write(lake.folder.path().join("web shop.csv"), rows).unwrap();
    let (mut pty, before) = started(&lake);
    let steps = [
        ("\r", "sales ▸ tables"),
        ("C", "pick a file to make a table from"),
        ("/web\r", "▶ web shop.csv"),
        ("\r", "sales.web_shop"),
        ("p", "partition by"),
        ("nowhere\r", "✖"),
        ("p\x15month(placed)\r", "placed_month: month(placed)"),
        ("\r", "make this table"),
        ("y", "1 source ●"),
        ("", "2026-11-22"),
        ("\r", "2 mapping ●"),
        ("\r", "all 2 rows fit"),
        ("\r", "as a command"),
        ("\r", "committed: the rows are in the table"),
        ("\r", "1 snapshot"),
        ("q", ""),
    ];
    play(&mut pty, &steps);
    let (code, after, screen) = pty.end();
    assert_eq!((code, &after), (0, &before), "{screen}");
    let table = lake.load(&"sales.web_shop".parse().unwrap()).await;
    let spec = table.metadata().default_partition_spec().fields().first().unwrap().name.clone();
    assert_eq!(spec, "placed_month");
}

/// What the console is told is told to the demo's too, on whichever side of the verb; mistakes in the user's files and what
/// is open there are both said.
#[test]
fn the_demo_looks_as_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let themes = folder.path().join("config/icedeck/themes");
    std::fs::create_dir_all(&themes).unwrap();
    std::fs::write(themes.join("mine.toml"), "[tones]\nglitter = \"bold\"\n").unwrap();
    for arguments in [["demo", "--ascii", "--theme", "mine"], ["--ascii", "--theme", "mine", "demo"]] {
        let mut pty = Pty::icedeck(folder.path(), &arguments);
        pty.wait_for("* icedeck");
        pty.wait_for("no tone is named \"glitter\"");
        assert!(pty.screen().is_ascii(), "{}", pty.screen());
        pty.send("\x1b");
        pty.wait_for("1 load is open: :recover");
        pty.send("q");
        assert_eq!(pty.end().0, 0);
    }
    std::fs::remove_file(themes.join("mine.toml")).unwrap();
    let mut pty = Pty::icedeck(folder.path(), &["demo", "--theme", "nowhere", "--read-only"]);
    pty.wait_for("no theme is named \"nowhere\"");
    pty.wait_for("RO");
    pty.send("q");
    assert_eq!(pty.end().0, 0);
}

#[tokio::test]
async fn the_terminal_is_restored_after_a_panic() {
    let lake = orders().await;
    let (mut pty, before) = started(&lake);
    pty.send(":panic\r");
    let (code, after, screen) = pty.end();
    assert_eq!(code, 101);
    assert_eq!(after, before);
    assert!(screen.contains("asked to by :panic"), "{screen}");
}

#[tokio::test]
async fn the_terminal_is_restored_after_signals() {
    let lake = orders().await;
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let (pty, before) = started(&lake);
        kill_process(Pid::from_raw(i32::try_from(pty.id()).unwrap()).unwrap(), signal).unwrap();
        let (_, after, screen) = pty.end();
        assert_eq!(after, before, "{signal:?}: {screen}");
    }
}

#[tokio::test]
async fn it_stops_and_goes_on() {
    let lake = orders().await;
    let mut shell = Pty::start(lake.folder.path(), "sh", &["-im"]);
    shell.send(&format!("{}\n", env!("CARGO_BIN_EXE_icedeck")));
    shell.wait_for("sales/");
    shell.send("\x1a");
    shell.wait_until("the shell", |screen| !screen.alternate_screen() && screen.contents().contains("Stopped"));
    shell.send("fg\n");
    shell.wait_until("the console", |screen| screen.alternate_screen() && screen.contents().contains("sales/"));
    shell.send("q");
    shell.wait_until("the shell", |screen| !screen.alternate_screen());
    shell.send("exit\n");
}

#[tokio::test]
async fn another_size_is_another_screen() {
    let lake = orders().await;
    let (mut pty, _) = started(&lake);
    pty.resize(10, 60);
    pty.wait_until("60 columns", |screen| {
        let bar = screen.rows(0, 60).next().unwrap_or_default();
        bar.trim_end().ends_with("RW") && bar.contains("icedeck")
    });
    pty.send("q");
    assert_eq!(pty.end().0, 0);
}

#[tokio::test]
async fn pasted_text_is_text() {
    let lake = orders().await;
    let (mut pty, _) = started(&lake);
    pty.send(":\x1b[200~tables sales\nq\x1b[201~");
    pty.wait_for(": tables sales");
    pty.send("\r");
    pty.wait_for("sales ▸ tables");
    pty.send("q");
    assert_eq!(pty.end().0, 0);
}

#[test]
fn without_a_terminal_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_icedeck"));
    let command = command.env("HOME", folder.path()).env_remove("XDG_CONFIG_HOME").env_remove("XDG_DATA_HOME");
    let ended = command.stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("the console needs a terminal"), "{told}");
}
