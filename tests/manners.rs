//! The real program toward its shell: it stops when it is told to, its exit status tells of the deed, and what is not
//! carried out writes nothing.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::common::pty::{Modes, Pty};
use crate::common::{Lake, lake};

const ORDERS: &str = "id,country\n901,DE\n902,FR\n";

async fn orders() -> Lake {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, lake::orders(&table, 1, 1)).await;
    lake.append(&table, lake::orders(&table, 2, 1)).await;
    std::fs::write(lake.folder.path().join("more.csv"), ORDERS).unwrap();
    lake
}

async fn ids(lake: &Lake) -> Vec<i64> {
    lake::longs(&lake.load(&"sales.orders".parse().unwrap()).await, None, "id").await
}

fn icedeck(root: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_icedeck"));
    command.args(line.split(' ')).current_dir(root).env_clear().env("HOME", root).stdin(Stdio::null());
    for (name, folder) in [("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_STATE_HOME", "state")] {
        command.env(name, root.join(folder));
    }
    command
}

/// Its exit code, and what it said on both ways out.
fn ended(command: &mut Command) -> (i32, String, String) {
    let out = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
}

fn json(root: &Path, line: &str) -> (i32, Value) {
    let (code, out, told) = ended(icedeck(root, line).args(["-o", "json"]));
    (code, serde_json::from_str(&out).unwrap_or_else(|e| panic!("{line}: {e}: {out:?} {told}")))
}

fn asked(lake: &Lake, line: &str, question: &str) -> (Pty, Modes) {
    let mut pty = Pty::icedeck(lake.folder.path(), &line.split(' ').collect::<Vec<_>>());
    let before = pty.modes();
    pty.wait_for(question);
    (pty, before)
}

fn kill(pty: &Pty, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(pty.id()).unwrap()).unwrap(), signal).unwrap();
}

#[tokio::test]
async fn a_question_that_is_interrupted_ends_the_program_and_changes_nothing() {
    let lake = orders().await;
    for (line, question) in [
        ("ingest more.csv sales.orders", "[y/N]"),
        ("delete sales.orders --where id=1", "[y/N]"),
        ("undo sales.orders", "[y/N]"),
        ("drop sales.orders", "[y/N]"),
        ("rollback sales.orders --before", "type sales.orders to go on?"),
    ] {
        let (mut pty, before) = asked(&lake, line, question);
        pty.send("\x03");
        let (code, after, screen) = pty.end();
        assert_eq!((code, &after), (130, &before), "{line}: {screen}");
    }
    for signal in [Signal::TERM, Signal::HUP] {
        let (pty, before) = asked(&lake, "ingest more.csv sales.orders", "[y/N]");
        kill(&pty, signal);
        let (code, after, screen) = pty.end();
        assert_eq!((code, &after), (130, &before), "{signal:?}: {screen}");
    }
    assert_eq!(ids(&lake).await, [1, 2]);
    assert_eq!(json(lake.folder.path(), "recover"), (0, Value::Array(vec![])));
    let (mut pty, _) = asked(&lake, "ingest more.csv sales.orders", "[y/N]");
    pty.send("y\r");
    assert_eq!(pty.end().0, 0);
    assert_eq!(ids(&lake).await, [1, 2, 901, 902]);
}

/// `nohup` has asked for it.
#[tokio::test]
async fn who_is_to_outlive_the_terminal_does() {
    let lake = orders().await;
    let line = format!("trap '' HUP; exec {} ingest more.csv sales.orders", env!("CARGO_BIN_EXE_icedeck"));
    let mut pty = Pty::start(lake.folder.path(), "sh", &["-c", &line]);
    pty.wait_for("[y/N]");
    kill(&pty, Signal::HUP);
    pty.send("y\r");
    let (code, _, screen) = pty.end();
    assert_eq!(code, 0, "{screen}");
    assert_eq!(ids(&lake).await, [1, 2, 901, 902]);
}

#[tokio::test]
async fn a_load_that_is_stopped_at_the_question_what_to_do_is_kept() {
    let lake = orders().await;
    let (mut pty, before) = asked(&lake, "ingest more.csv sales.orders --on-conflict ask", "[y/N]");
    let table = lake.load(&"sales.orders".parse().unwrap()).await;
    lake.append(&table, lake::orders(&table, 3, 1)).await;
    pty.send("y\r");
    pty.wait_for("as it is now? [y/N]");
    pty.send("\x03");
    let (code, after, screen) = pty.end();
    assert_eq!((code, &after), (130, &before), "{screen}");
    assert!(screen.contains("recover"), "{screen}");
    assert_eq!(ids(&lake).await, [1, 2, 3]);
    assert_eq!(json(lake.folder.path(), "recover").1[0]["state"], "rejected");
}

/// Who tries again because of the exit status must not do twice what was done.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_exit_status_tells_of_the_deed_where_standard_output_is_full() {
    let lake = orders().await;
    let root = lake.folder.path();
    let full = |line: &str| {
        let full = File::options().write(true).open("/dev/full").unwrap();
        ended(icedeck(root, line).stdout(full))
    };
    for (line, words) in [
        ("ingest more.csv sales.orders --yes", &["committed", "table sales.orders", "snapshot id ", "ingest id "][..]),
        ("ingest more.csv sales.orders --yes -o json", &["committed", "snapshot id "]),
        ("delete sales.orders --where id=901 --yes", &["committed", "snapshot id "]),
        ("undo sales.orders --yes", &["committed", "snapshot id "]),
        ("alter sales.orders set a=b --yes", &["committed", "ingest id "]),
        ("create-namespace other --yes", &["committed", "namespace other"]),
        ("create other.t --like more.csv --yes", &["committed", "table other.t"]),
        ("rename other.t other.u --yes", &["committed", "renamed to other.u"]),
        ("drop other.u --yes", &["committed", "table other.u"]),
    ] {
        let (code, _, told) = full(line);
        assert_eq!(code, 0, "{line}: {told}");
        let outcome =
            told.lines().find(|line| line.trim().starts_with("outcome: ")).unwrap_or_else(|| panic!("{told}"));
        assert!(words.iter().all(|word| outcome.contains(word)), "{line}: {outcome}");
        assert!(told.contains("cannot write to standard output"), "{told}");
    }
    assert_eq!(full("ls").0, 1, "a list that was not printed was not listed");
    assert_eq!(full("drop other.u --yes -o json").0, 1, "it is gone");
    assert_eq!(full("ingest more.csv sales.orders -o json").0, 2, "nobody confirmed it");
    assert_eq!(json(root, "recover"), (0, Value::Array(vec![])));
}

/// A dry run may be asked for under `--read-only`, too: it writes nothing.
#[tokio::test]
async fn a_dry_run_is_planned_whatever_may_be_written() {
    let lake = orders().await;
    let root = lake.folder.path();
    for line in [
        "ingest more.csv sales.orders",
        "delete sales.orders --where id=1",
        "undo sales.orders",
        "create sales.more --like more.csv",
        "create-namespace other",
        "rename sales.orders sales.other",
        "drop sales.orders",
    ] {
        let (code, told) = json(root, &format!("{line} --read-only --dry-run"));
        assert_eq!((code, &told["outcome"]), (0, &"planned".into()), "{line}: {told}");
        assert_eq!(json(root, &format!("{line} --read-only --yes")).0, 1, "{line}");
    }
    assert_eq!(ids(&lake).await, [1, 2]);
}

#[test]
fn a_dry_run_makes_no_warehouse() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("more.csv"), ORDERS).unwrap();
    for line in ["create-namespace a", "create a.t --like more.csv", "ingest more.csv a.t --create"] {
        let (code, told) = json(folder.path(), &format!("{line} --dry-run"));
        assert_eq!((code, &told["outcome"]), (0, &"planned".into()), "{line}: {told}");
        assert!(!folder.path().join("data").exists(), "{line}");
        assert_eq!(json(folder.path(), &format!("--home new {line} --dry-run")).0, 0);
        assert!(!folder.path().join("new").exists(), "{line}");
    }
}

/// A slip in the name of a home is told, and is no new lake.
#[test]
fn a_home_that_is_not_there_is_a_mistake_but_for_who_begins_one() {
    let folder = tempfile::tempdir().unwrap();
    for line in ["--home new ls", "--home new recover audit", "--home new drop a.t --yes", "--home new"] {
        let (code, out, told) = ended(&mut icedeck(folder.path(), line));
        assert_eq!((code, out.as_str()), (1, ""), "{line}: {told}");
        assert!(told.contains("no such folder") && told.contains("/new)"), "{line}: {told}");
        assert!(!folder.path().join("new").exists(), "{line}");
    }
    assert_eq!(json(folder.path(), "--home new create-namespace a --yes").0, 0);
    assert_eq!(json(folder.path(), "--home new ls").1[0]["name"], "a");
    assert_eq!(json(folder.path(), "ls"), (0, Value::Array(vec![])), "the usual one is made when it is first used");
}

#[tokio::test]
async fn nothing_to_expire_is_no_failure() {
    let lake = orders().await;
    lake.orders("sales.empty").await;
    let root = lake.folder.path();
    for table in ["sales.orders", "sales.empty"] {
        let (code, told) = json(root, &format!("expire {table} --yes"));
        assert_eq!((code, &told["outcome"]), (0, &"not-sent".into()), "{told}");
        assert!(told["reason"].as_str().unwrap().contains("nothing to expire"), "{told}");
        let (code, told) = json(root, &format!("expire {table} --dry-run"));
        assert_eq!((code, &told["outcome"], &told["expired"]), (0, &"planned".into(), &Value::Array(vec![])), "{told}");
        assert_eq!(json(root, &format!("expire {table} --yes --read-only")).0, 1);
    }
    let (_, _, told) = ended(&mut icedeck(root, "expire sales.orders"));
    assert!(told.contains("stays: ") && told.contains("branch main") && told.contains("nothing to expire"), "{told}");
    assert_eq!(json(root, "recover list --all"), (0, Value::Array(vec![])));
}
