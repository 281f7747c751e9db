//! The real program, without a terminal and (for the question it asks) with one.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde_json::Value;

use super::ORDERS;

pub struct Home(tempfile::TempDir);

impl Home {
    pub fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        std::fs::write(home.path("orders.csv"), ORDERS).unwrap();
        home
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn variables(&self) -> Vec<(&'static str, std::path::PathBuf)> {
        let folders = ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"];
        folders.iter().map(|name| (*name, self.path(&name.to_lowercase()))).collect()
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_icedeck"));
        command.args(arguments).current_dir(self.0.path()).env_clear().envs(self.variables());
        command.stdin(std::process::Stdio::null()).output().unwrap()
    }

    /// Its exit code, and what it printed as JSON.
    pub fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let out = self.run(&[arguments, &["-o", "json"]].concat());
        let text = String::from_utf8(out.stdout).unwrap();
        let told = String::from_utf8_lossy(&out.stderr);
        let value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text:?} {told}"));
        (out.status.code().unwrap(), value)
    }

    pub fn code(&self, arguments: &[&str]) -> i32 {
        self.run(arguments).status.code().unwrap()
    }

    fn ids(&self) -> Vec<i64> {
        let (code, rows) = self.json(&["rows", "sales.orders"]);
        assert_eq!(code, 0);
        let mut ids: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
        ids.sort_unstable();
        ids
    }
}

fn parquet_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries
        .map(
            |path| {
                if path.is_dir() {
                    parquet_below(&path)
                } else {
                    path.extension().is_some_and(|e| e == "parquet").into()
                }
            },
        )
        .sum()
}

#[test]
fn create_then_load_then_read() {
    let home = Home::new();
    let create =
        ["create", "sales.orders", "--like", "orders.csv", "--partition-by", "month(day)", "--sort-by", "id desc"];
    let (code, planned) = home.json(&[&create[..], &["--dry-run"]].concat());
    assert_eq!((code, &planned["outcome"]), (0, &"planned".into()));
    assert_eq!(home.code(&create), 2, "nobody can be asked, and --yes is missing");
    let (code, created) = home.json(&[&create[..], &["--yes"]].concat());
    assert_eq!((code, &created["outcome"], &created["table"]), (0, &"committed".into(), &"sales.orders".into()));
    assert_eq!(created["partition_fields"][0], "day_month: month(day)");
    assert_eq!(home.code(&[&create[..], &["--yes"]].concat()), 1, "it exists already");

    let (code, planned) = home.json(&["ingest", "orders.csv", "sales.orders", "--dry-run"]);
    assert_eq!((code, &planned["outcome"], &planned["rows"]), (0, &"planned".into(), &3.into()));
    assert!(planned.get("ingest_id").is_none() && parquet_below(home.0.path()) == 0);
    assert_eq!(home.code(&["ingest", "orders.csv", "sales.orders"]), 2);
    let (code, done) = home.json(&["ingest", "orders.csv", "sales.orders", "--yes"]);
    assert_eq!((code, &done["outcome"], &done["rows"], &done["files"]), (0, &"committed".into(), &3.into(), &3.into()));
    assert!(done["snapshot_id"].is_i64() && done.get("base_snapshot_id").is_none());
    assert_eq!(home.ids(), [1, 2, 3]);
    assert_eq!(home.code(&["ingest", "orders.csv", "sales.orders", "--yes", "--read-only"]), 1);
}

#[test]
fn a_table_that_would_be_made_is_told() {
    let home = Home::new();
    std::fs::write(home.path("empty.csv"), "id,country\n").unwrap();
    let create = ["ingest", "orders.csv", "sales.orders", "--create", "--partition-by", "month(day)", "--dry-run"];
    let (code, planned) = home.json(&create);
    assert_eq!((code, &planned["outcome"], &planned["rows"]), (0, &"planned".into(), &3.into()));
    assert_eq!(
        planned["new_table"]["columns"][0],
        serde_json::json!({"name": "id", "type": "long", "required": false})
    );
    assert_eq!(planned["notes"][0], "would make the table sales.orders");
    let told = String::from_utf8(home.run(&create).stderr).unwrap();
    assert!(told.contains("  id long\n") && told.contains("partitioned by day_month: month(day)"), "{told}");

    let (code, planned) = home.json(&["ingest", "empty.csv", "sales.orders", "--create", "--dry-run"]);
    assert_eq!((code, &planned["rows"], planned.get("new_table")), (0, &0.into(), None));
    assert!(planned["notes"][0].as_str().unwrap().contains("would not be made"), "{planned}");
    let (code, done) = home.json(&["ingest", "empty.csv", "sales.orders", "--create", "--yes"]);
    assert_eq!((code, &done["outcome"]), (0, &"not-sent".into()));
    assert_eq!(home.json(&["ls"]), (0, serde_json::json!([])), "nothing is made");
}

#[test]
fn rows_that_do_not_fit_end_with_five() {
    let home = Home::new();
    assert_eq!(home.code(&["ingest", "orders.csv", "sales.orders", "--create", "--yes"]), 0);
    std::fs::write(home.path("bad.csv"), "id,amount\n7,1.5\nseven,2\n").unwrap();
    let (code, told) = home.json(&["ingest", "bad.csv", "sales.orders", "--yes"]);
    assert_eq!((code, &told["outcome"], &told["rejected_rows"]), (5, &"not-sent".into(), &1.into()));
    assert_eq!(told["preflight"]["faults"][0]["line"]["line"], 3);
    assert_eq!(home.code(&["ingest", "bad.csv", "sales.orders", "--preflight"]), 5);
    let (code, told) = home.json(&["ingest", "bad.csv", "sales.orders", "--yes", "--on-error", "reject"]);
    assert_eq!((code, &told["rows"], &told["rejected_rows"]), (0, &1.into(), &1.into()));
    assert!(home.path("bad.csv.rejected.csv").exists());
    assert_eq!(home.ids(), [1, 2, 3, 7]);
}

#[test]
fn rows_go_in_the_place_of_all_others_or_of_those_of_their_partitions() {
    let home = Home::new();
    let part = |name: &str, rows: &str| std::fs::write(home.path(name), format!("id,country\n{rows}")).unwrap();
    let load = |name: &str, more: &[&str]| {
        let (code, told) = home.json(&[&["ingest", name, "sales.orders", "--yes"], more].concat());
        assert_eq!((code, &told["outcome"]), (0, &"committed".into()), "{told}");
    };
    part("first.csv", "1,DE\n2,FR\n3,PL\n");
    load("first.csv", &["--create", "--partition-by", "country"]);
    part("second.csv", "4,FR\n5,IT\n");
    load("second.csv", &["--mode", "overwrite-partitions"]);
    assert_eq!(home.ids(), [1, 3, 4, 5]);
    load("first.csv", &["--mode", "overwrite"]);
    assert_eq!(home.ids(), [1, 2, 3]);
    let (_, snapshots) = home.json(&["snapshots", "sales.orders"]);
    let last = snapshots.as_array().unwrap().iter().max_by_key(|s| s["committed_at"].as_str().unwrap()).unwrap();
    assert_eq!((&last["operation"], &last["summary"]["total-records"]), (&"overwrite".into(), &"3".into()));
    assert_eq!(last["summary"]["deleted-records"], "4");
}

#[test]
fn wrong_usage_ends_with_two() {
    let home = Home::new();
    for arguments in [
        &["ingest", "orders.csv"][..],
        &["ingest", "orders.csv", "orders"],
        &["ingest", "orders.csv", "sales.orders", "--mode", "upsert"],
        &["ingest", "orders.csv", "sales.orders", "--rejects", "x.csv"],
        &["ingest", "orders.csv", "sales.orders", "--partition-by", "id"],
        &["create", "sales.orders"],
        &["create", "sales.orders", "--like", "a", "--schema", "b"],
        &["expire", "sales.orders", "--older-than", "x"],
        &["orphans", "sales.orders", "--older-than", "x", "--dry-run"],
    ] {
        let out = home.run(arguments);
        assert_eq!(out.status.code(), Some(2), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
        assert!(!out.stderr.is_empty() && out.stdout.is_empty(), "{arguments:?}");
    }
    assert_eq!(home.code(&["ingest", "nope.csv", "sales.orders", "--create", "--yes"]), 1);
}

#[test]
fn a_mapping_is_saved_and_used_again() {
    let home = Home::new();
    assert_eq!(home.code(&["create", "sales.orders", "--like", "orders.csv", "--yes"]), 0);
    std::fs::write(home.path("semi.csv"), "ID;Country\n8;DE\n").unwrap();
    let save = ["ingest", "semi.csv", "sales.orders", "--delimiter", ";", "--save-mapping", "map.toml", "--yes"];
    assert_eq!(home.code(&save), 0);
    assert_eq!(home.code(&["ingest", "semi.csv", "sales.orders", "--mapping", "map.toml", "--yes"]), 0);
    assert_eq!(home.ids(), [8, 8]);
}

/// What is not carried out writes nothing, a mapping neither.
#[test]
fn a_mapping_is_written_by_a_load_that_was_confirmed() {
    let home = Home::new();
    assert_eq!(home.code(&["create", "sales.orders", "--like", "orders.csv", "--yes"]), 0);
    let save = ["ingest", "orders.csv", "sales.orders", "--save-mapping", "map.toml"];
    for (more, code) in
        [(&["--dry-run"][..], 0), (&["--dry-run", "--yes"], 0), (&["--preflight", "--dry-run"], 0), (&[], 2)]
    {
        let out = home.run(&[&save[..], more].concat());
        let told = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(code), "{more:?}: {told}");
        assert!(!home.path("map.toml").exists(), "{more:?}");
        assert_eq!(told.contains("would write the mapping to map.toml"), code == 0, "{more:?}: {told}");
    }
    assert_eq!(home.code(&[&save[..], &["--preflight"]].concat()), 0);
    let kept = std::fs::read_to_string(home.path("map.toml")).unwrap();
    for more in [&["--preflight"][..], &["--dry-run"], &[]] {
        let out = home.run(&[&save[..], more].concat());
        let told = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.code() == Some(1) && told.contains("--yes replaces it"), "{more:?}: {told}");
    }
    assert_eq!(home.code(&[&save[..], &["--yes"]].concat()), 0);
    assert_eq!(std::fs::read_to_string(home.path("map.toml")).unwrap(), kept);
}

#[test]
fn rows_are_not_staged_for_a_tag() {
    let home = Home::new();
    assert_eq!(home.code(&["ingest", "orders.csv", "sales.orders", "--create", "--yes"]), 0);
    assert_eq!(home.code(&["tag", "create", "sales.orders", "eoy", "--yes"]), 0);
    for more in ["--yes", "--dry-run", "--preflight"] {
        let out = home.run(&["ingest", "orders.csv", "sales.orders", "--branch", "eoy", more]);
        let told = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(1), "{more}: {told}");
        assert!(told.contains("a tag cannot be appended to") && !told.contains("removed"), "{more}: {told}");
    }
    assert_eq!(home.code(&["ingest", "orders.csv", "sales.orders", "--branch", "nope", "--dry-run"]), 1);
}

#[test]
fn a_hundred_thousand_levels_of_json_are_an_error_with_file_and_line() {
    let home = Home::new();
    let many = 100_000;
    let too_deep = "nested deeper than 32 levels (file";
    for (name, line, expected) in [
        ("lists.ndjson", format!("{{\"a\":{}1{}}}", "[".repeat(many), "]".repeat(many)), too_deep),
        ("objects.ndjson", format!("{}1{}", "{\"a\":".repeat(many), "}".repeat(many)), too_deep),
        ("open.ndjson", "{\"a\":".repeat(many), "JSON document over several lines"),
        ("bare.ndjson", "[".repeat(many), "JSON"),
    ] {
        std::fs::write(home.path(name), format!("{line}\n")).unwrap();
        for arguments in [&["preview", name][..], &["ingest", name, "t.deep", "--create", "--yes"]] {
            let out = home.run(arguments);
            let told = String::from_utf8_lossy(&out.stderr);
            assert_eq!(out.status.code(), Some(1), "{arguments:?}: {told}");
            assert!(told.contains(name) && told.len() < 1000, "{arguments:?}: {told}");
            assert!(told.contains(expected), "{arguments:?}: {told}");
            assert!(told.contains("line 1") || expected != too_deep, "{arguments:?}: {told}");
        }
        std::fs::write(home.path(name), format!("{{\"b\": 1}}\n{line}\n")).unwrap();
        let out = home.run(&["ingest", name, "t.deep", "--create", "--yes"]);
        let told = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(5), "{name}: {told}");
        assert!(told.contains(&format!("{name} line 2")), "{told}");
    }
    // As deep as may be.
    for (name, line) in [
        ("deep_lists.ndjson", format!("{{\"a\":{}1{}}}\n", "[".repeat(31), "]".repeat(31))),
        ("deep_objects.ndjson", format!("{}1{}\n", "{\"a\":".repeat(32), "}".repeat(32))),
    ] {
        std::fs::write(home.path(name), line).unwrap();
        let table = format!("t.{}", name.split('.').next().unwrap());
        let out = home.run(&["ingest", name, &table, "--create", "--yes"]);
        assert_eq!(out.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&out.stderr));
        let (code, rows) = home.json(&["rows", &table]);
        assert_eq!((code, rows.as_array().map(Vec::len)), (0, Some(1)), "{name}");
    }
}

/// A COMMIT that SQLite refuses: for all the program knows it may have landed.
#[tokio::test]
async fn an_unknown_outcome_ends_with_four() {
    use sqlx::Connection as _;
    let home = Home::new();
    assert_eq!(home.code(&["create", "sales.orders", "--like", "orders.csv", "--yes"]), 0);
    let file = home.path("xdg_data_home").join("icedeck/catalog.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut database = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    for statement in [
        "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
        "CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER trap AFTER UPDATE ON iceberg_tables BEGIN INSERT INTO child VALUES (1); END",
    ] {
        sqlx::query(statement).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();
    let (code, told) = home.json(&["ingest", "orders.csv", "sales.orders", "--yes"]);
    assert_eq!((code, &told["outcome"]), (4, &"unknown".into()));
    assert!(told["hint"].as_str().unwrap().contains("icedeck recover rebase"), "{told}");
    assert_eq!(parquet_below(home.0.path()), 1, "the staged file stays");
    assert!(home.ids().is_empty());
}

#[test]
fn a_stop_while_a_file_is_loaded_ends_with_130_and_leaves_nothing() {
    let home = Home::new();
    let create = ["create", "sales.orders", "--like", "orders.csv", "--yes"];
    assert_eq!(home.code(&[&create[..], &["--property", "write.target-file-size-bytes=100000"]].concat()), 0);
    let mut text = String::from("id,amount\n");
    (0..4_000_000_u32).for_each(|i| text.push_str(&format!("{i},{}.25\n", i.wrapping_mul(2_654_435_761) >> 8)));
    std::fs::write(home.path("big.csv"), text).unwrap();
    // Ctrl-C, a lost terminal. Under nohup the tests, and what they start, are to outlive the terminal.
    stopped(&home, rustix::process::Signal::INT);
    if !is_hangup_ignored() {
        stopped(&home, rustix::process::Signal::HUP);
    }
}

fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0");
    u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 1
}

fn stopped(home: &Home, signal: rustix::process::Signal) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_icedeck"));
    command.args(["ingest", "big.csv", "sales.orders", "--yes", "-o", "json"]).current_dir(home.0.path());
    command.env_clear().envs(home.variables()).stdin(std::process::Stdio::null());
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    while parquet_below(home.0.path()) == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before anything was staged");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
    let out = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(130), "{told}");
    assert!(
        told.contains("staged file") && told.contains("removed") && told.contains("nothing was committed"),
        "{told}"
    );
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    let id = told["ingest_id"].as_str().unwrap_or_else(|| panic!("its journal is named: {told}"));
    assert_eq!(home.json(&["recover", "show", id]).1["ingest_id"], id);
    assert_eq!(parquet_below(home.0.path()), 0);
    assert!(home.ids().is_empty());
    assert_eq!(home.json(&["recover"]), (0, Value::Array(vec![])), "no journal stays open");
}

/// The base is what was seen when the question was asked: whoever commits before it is answered wins.
#[test]
fn a_table_that_changed_before_the_answer_ends_with_three() {
    let home = Home::new();
    assert_eq!(home.code(&["create", "sales.orders", "--like", "orders.csv", "--yes"]), 0);
    let pty = native_pty_system().openpty(PtySize { rows: 30, cols: 200, ..PtySize::default() }).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_icedeck"));
    command.args(["ingest", "orders.csv", "sales.orders", "-o", "json", "--on-conflict", "fail"]);
    command.cwd(home.0.path());
    command.env_clear();
    command.env("TERM", "xterm-256color");
    for (name, value) in home.variables() {
        command.env(name, value);
    }
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().unwrap();
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&seen).contains("[y/N]") {
        let read = reader.read(&mut buffer).unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&buffer[..read]);
    }
    assert_eq!(home.code(&["ingest", "orders.csv", "sales.orders", "--yes"]), 0);
    pty.master.take_writer().unwrap().write_all(b"y\n").unwrap();
    // A pseudo-terminal ends in an error on Linux once the other side is closed.
    while let Ok(read @ 1..) = reader.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..read]);
    }
    let status = child.wait().unwrap();
    let seen = String::from_utf8_lossy(&seen);
    assert_eq!(status.exit_code(), 3, "{seen}");
    assert!(seen.contains("\"rejected\"") && seen.contains(".jsonl"), "{seen}");
    assert_eq!(home.ids(), [1, 2, 3], "the winner's rows alone");
}

#[test]
fn a_writing_verb_prints_one_object_of_json_where_it_fails_too() {
    let home = Home::new();
    for (line, exit, table, reason, hint) in [
        ("ingest nope.csv sales.orders --create --yes", 1, "sales.orders", "nope.csv", ""),
        ("ingest orders.csv sales.orders --yes", 1, "sales.orders", "sales", "--create"),
        ("ingest orders.csv sales.orders --create", 2, "sales.orders", "not confirmed", "--yes"),
        ("ingest orders.csv sales.orders --rejects x", 2, "sales.orders", "--on-error reject", ""),
        ("drop sales.orders --yes", 1, "sales.orders", "", ""),
        ("alter sales.orders set a=b --yes", 1, "sales.orders", "", ""),
        ("alter sales.orders reorder a", 2, "sales.orders", "where the column goes", "--first"),
        ("tag create sales.orders t --yes", 1, "sales.orders", "", ""),
        ("recover discard 77 --yes", 1, "", "no ingest", "recover list"),
        ("create-namespace a --read-only --yes", 1, "", "read-only", ""),
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let (code, told) = home.json(&arguments);
        assert_eq!((code, &told["outcome"]), (exit, &"not-sent".into()), "{line}: {told}");
        assert_eq!(told["table"].as_str().unwrap_or_default(), table, "{line}: {told}");
        assert!(told["reason"].as_str().unwrap().contains(reason), "{line}: {told}");
        assert!(told["hint"].as_str().unwrap_or_default().contains(hint), "{line}: {told}");
        let plain = home.run(&arguments);
        assert_eq!((plain.status.code(), plain.stdout.len()), (Some(exit), 0), "{line}: people read standard error");
        assert!(!plain.stderr.is_empty(), "{line}");
    }
    // What reads prints a list or nothing.
    assert!(home.run(&["snapshots", "sales.orders", "-o", "json"]).stdout.is_empty());
}

#[test]
fn an_empty_list_says_what_there_is_none_of() {
    let home = Home::new();
    assert_eq!(home.code(&["create", "sales.orders", "--like", "orders.csv", "--yes"]), 0);
    for (line, none) in [
        ("recover", "nothing is open"),
        ("recover list --all", "no journals"),
        ("snapshots sales.orders", "no snapshots"),
        ("branch list sales.orders", "no branches"),
        ("tag list sales.orders", "no tags"),
        ("files sales.orders", "no files"),
        ("files sales.orders --deletes", "no delete files"),
        ("entries sales.orders", "no entries"),
        ("manifests sales.orders", "no manifests"),
        ("partitions sales.orders", "no partitions"),
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let out = home.run(&arguments);
        assert_eq!((out.status.code(), out.stdout.len()), (Some(0), 0), "{line}");
        assert_eq!(String::from_utf8(out.stderr).unwrap(), format!("{none}\n"), "{line}");
        let out = home.run(&[&arguments[..], &["-o", "json"]].concat());
        assert_eq!((out.stdout.as_slice(), out.stderr.len()), (&b"[]\n"[..], 0), "{line}");
    }
}

#[test]
fn what_is_refused_says_what_it_is_about() {
    let home = Home::new();
    std::fs::write(home.path("orders.ndjson"), "{\"id\": 1}\n").unwrap();
    assert_eq!(home.code(&["create", "sales.orders", "--like", "orders.csv", "--yes"]), 0);
    for (line, exit, texts) in [
        ("expire sales.orders --snapshot main", 2, &["a snapshot's id is wanted"][..]),
        (
            "alter sales.orders partition-by --add day(country)",
            1,
            &["day() takes a date or a timestamp", "type string"],
        ),
        ("alter sales.orders rename-column country country", 1, &["has this name already (column country, table"]),
        ("alter sales.orders rename-column country id", 1, &["this column already (name id, column country, table"]),
        ("alter sales.orders add-column id long", 1, &["this column already (name id, table sales.orders)"]),
        ("alter sales.orders make-optional id", 1, &["nothing to change in the schema (table sales.orders)"]),
        ("ingest orders.csv orders.ndjson sales.orders", 1, &["this file is ndjson, the first one is csv"]),
        ("ingest orders.ndjson orders.csv sales.orders", 1, &["this file is csv, the first one is ndjson"]),
    ] {
        let out = home.run(&line.split(' ').chain(["--yes"]).collect::<Vec<_>>());
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(exit), "{line}: {told}");
        for text in texts {
            assert!(told.contains(text), "{line}: {told}");
        }
    }
}

#[test]
fn standard_input_is_called_so() {
    let home = Home::new();
    let preview = |text: &str, format: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_icedeck"));
        command.args(["preview", "-", "-o", format]).env_clear().envs(home.variables());
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let out = child.wait_with_output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
    };
    for (text, format) in [("id\n1\n", "table"), ("id,b\n1,2\n3,4,5\n6,7\n", "json"), ("", "table")] {
        let told = preview(text, format);
        assert!(told.contains("standard input") && !told.contains("stream-"), "{text:?}: {told}");
    }
}

#[test]
fn one_thing_is_told_as_one_and_two_as_two() {
    let home = Home::new();
    let told = |arguments: &[&str]| String::from_utf8(home.run(arguments).stderr).unwrap();
    assert_eq!(home.code(&["ingest", "orders.csv", "sales.orders", "--create", "--yes"]), 0);
    assert!(told(&["recover", "audit"]).starts_with("1 load: 1 reachable"));
    assert_eq!(home.code(&["ingest", "orders.csv", "sales.orders", "--yes"]), 0);
    assert!(told(&["recover", "audit"]).starts_with("2 loads: 2 reachable"));
    let twins = told(&["recover", "show", ""]);
    assert!(twins.contains("2 ingests have an id that begins so") && !twins.trim_end().ends_with(".."), "{twins}");
    assert!(told(&["rollback", "sales.orders", "--before", "--dry-run"]).contains("1 snapshot leaves main, 3 rows in"));
    let (_, snapshots) = home.json(&["snapshots", "sales.orders"]);
    let first = snapshots[0]["snapshot_id"].to_string();
    let question = told(&["expire", "sales.orders", "--snapshot", &first, "--dry-run"]);
    assert!(question.contains("expire 1 snapshot of sales.orders; 1 snapshot stays"), "{question}");
    let help = String::from_utf8(home.run(&["ingest", "--help"]).stdout).unwrap();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("FILE.rejected.csv (or .ndjson) beside the first FILE"), "{help}");
}
