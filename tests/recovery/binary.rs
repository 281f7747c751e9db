//! `icedeck recover` as a script sees it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::*;
use crate::common::lake::orders;
use icedeck::recovery::OnConflict;

/// The real program on the folders of a test lake.
pub fn icedeck(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_icedeck"));
    command.args(arguments).current_dir(root).env_clear().env("HOME", root);
    let folders = [("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_STATE_HOME", "state")];
    command.envs(folders.map(|(name, folder)| (name, root.join(folder)))).stdin(Stdio::null());
    command
}

fn run(lake: &Lake, arguments: &[&str]) -> Output {
    icedeck(lake.folder.path(), arguments).output().unwrap()
}

/// Its exit code, and what it printed as JSON.
pub fn json(root: &Path, arguments: &[&str]) -> (i32, Value) {
    let out = icedeck(root, &[arguments, &["-o", "json"]].concat()).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let told = String::from_utf8_lossy(&out.stderr);
    let value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{arguments:?}: {e}: {text:?} {told}"));
    (out.status.code().unwrap(), value)
}

fn told(lake: &Lake, arguments: &[&str]) -> (i32, Value) {
    json(lake.folder.path(), arguments)
}

async fn stranded() -> (Lake, Table, String) {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 100, 2)).await;
    let done = loaded(&lake, &Faulty::on(&lake, [Fault::Before]), &Policy::hasty(OnConflict::Fail)).await;
    (lake, table, done.load.ingest_id.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_list_to_the_audit() {
    let (lake, _, id) = stranded().await;
    let (code, list) = told(&lake, &["recover"]);
    let row = &list[0];
    assert_eq!((code, list.as_array().unwrap().len(), &row["ingest_id"]), (0, 1, &id.as_str().into()));
    let fields: Vec<&String> = row.as_object().unwrap().keys().collect();
    let named = ["ingest_id", "table", "branch", "verb", "state", "opened_at", "rows", "files", "bytes", "attempts"];
    assert_eq!(fields, named);
    assert_eq!((&row["state"], &row["rows"], &row["attempts"]), (&"unknown".into(), &3.into(), &1.into()));

    let short = &id[..id.len() - 2];
    let (code, shown) = told(&lake, &["recover", "show", short]);
    assert_eq!((code, &shown["requests"][0]["outcome"]), (0, &"unknown".into()));
    assert!(shown["staged_files"][0].as_str().unwrap().contains(&id));
    let (code, assessed) = told(&lake, &["recover", "assess", short]);
    assert_eq!((code, &assessed["verdict"], &assessed["changes"]), (0, &"rebase".into(), &Value::Array(vec![])));
    assert!(assessed["reason"].is_string() && assessed["rows"] == 3);

    assert_eq!(run(&lake, &["recover", "rebase", short]).status.code(), Some(2), "nobody can be asked");
    let (code, planned) = told(&lake, &["recover", "rebase", short, "--dry-run"]);
    assert_eq!((code, &planned["outcome"], &planned["verdict"]), (0, &"planned".into(), &"rebase".into()));
    assert_eq!(run(&lake, &["recover", "rebase", short, "--yes", "--read-only"]).status.code(), Some(1));
    let (code, planned) = told(&lake, &["recover", "rebase", short, "--dry-run", "--read-only"]);
    assert_eq!((code, &planned["outcome"]), (0, &"planned".into()), "a dry run writes nothing");
    let (code, kept) = told(&lake, &["recover", "discard", short, "--yes"]);
    assert_eq!((code, &kept["outcome"]), (4, &"unknown".into()), "it may still land");
    let (code, done) = told(&lake, &["recover", "rebase", short, "--yes"]);
    assert_eq!((code, &done["outcome"], &done["rows"]), (0, &"committed".into(), &3.into()));
    assert!(done["snapshot_id"].is_i64() && done["attempts"] == 2);

    assert_eq!(told(&lake, &["recover", "list"]).1, Value::Array(vec![]));
    assert_eq!(told(&lake, &["recover", "list", "--all"]).1[0]["state"], "closed");
    assert_eq!(told(&lake, &["recover", "--all"]).1[0]["state"], "closed");
    assert_eq!(run(&lake, &["recover", "rebase", short, "--yes"]).status.code(), Some(1));
    let (code, audit) = told(&lake, &["recover", "audit", "sales.orders"]);
    assert_eq!((code, &audit[0]["status"], &audit[0]["rows"]), (0, &"reachable".into(), &3.into()));
    let typo = run(&lake, &["recover", "audit", "sales.order"]);
    let said = String::from_utf8_lossy(&typo.stderr).into_owned();
    assert!(typo.status.code() == Some(1) && typo.stdout.is_empty(), "{said}");
    assert!(said.contains("no such table") && said.contains("near it: sales.orders"), "{said}");
    assert_eq!(run(&lake, &["recover", "audit", "no.such"]).status.code(), Some(1));
    lake.orders("sales.other").await;
    assert_eq!(told(&lake, &["recover", "audit", "sales.other"]), (0, Value::Array(vec![])), "nothing was loaded");
    lake.connection.drop_table(&"sales.orders".parse().unwrap()).await.unwrap();
    let (code, audit) = told(&lake, &["recover", "audit"]);
    assert_eq!((code, &audit[0]["status"]), (1, &"gone".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ends_have_their_own_exit_codes() {
    let (lake, table, id) = stranded().await;
    lake.append(&table, orders(&table, 200, 1)).await;
    let lake_file = lake.folder.path().join("orders.csv");
    assert_eq!(run(&lake, &["recover", "show", "nope"]).status.code(), Some(1));
    assert_eq!(run(&lake, &["recover", "rebase"]).status.code(), Some(2));
    lake.commit(&lake.load(table.name()).await, &Change::DropColumns(vec!["amount".into()])).await;
    let (code, refused) = told(&lake, &["recover", "rebase", &id, "--yes"]);
    assert_eq!((code, &refused["outcome"], &refused["verdict"]), (3, &"rejected".into(), &"restage".into()));
    assert!(refused["hint"].as_str().unwrap().contains(&format!("icedeck recover restage {id}")));
    assert!(refused["changes"].as_array().unwrap().iter().any(|change| change["kind"] == "schema"));
    let dry = run(&lake, &["recover", "rebase", &id, "--dry-run"]);
    assert!(String::from_utf8_lossy(&dry.stderr).contains("would keep it as it is"));
    let dry = run(&lake, &["recover", "restage", &id, "--dry-run"]);
    assert!(dry.status.success() && String::from_utf8_lossy(&dry.stderr).contains("load its files into"));
    std::fs::remove_file(&lake_file).unwrap();
    for way in ["--yes", "--dry-run"] {
        let out = run(&lake, &["recover", "restage", &id, way]);
        assert_eq!(out.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&out.stderr).contains("orders.csv"));
    }
    let (code, done) = told(&lake, &["recover", "discard", &id, "--yes"]);
    assert_eq!((code, &done["outcome"]), (0, &"discarded".into()));
    let table = run(&lake, &["recover", "list", "--all"]);
    assert!(String::from_utf8_lossy(&table.stdout).contains("discarded"));
}

/// A hint is there to be copied: it leads to the lake that the command was about.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hints_reach_the_lake_that_they_are_about() {
    let (lake, table, id) = stranded().await;
    lake.append(&table, orders(&table, 200, 1)).await;
    let root = lake.folder.path();
    let home = root.join("my lake");
    std::fs::rename(root.join("data/icedeck"), &home).unwrap();
    std::fs::rename(root.join("state/icedeck"), home.join("state")).unwrap();
    let called = format!("icedeck --home '{}' --catalog icedeck", home.display());
    let at_home = ["--home", "my lake", "--catalog", "icedeck", "recover"];
    let (code, assessed) = told(&lake, &[&at_home[..], &["assess", &id]].concat());
    let hint = assessed["hint"].as_str().unwrap();
    assert!(code == 0 && hint.contains(&format!("{called} recover ")), "{hint}");
    let table = run(&lake, &[&at_home[..], &["assess", &id]].concat());
    assert!(String::from_utf8_lossy(&table.stdout).contains(&called), "{table:?}");
    let (_, kept) = told(&lake, &[&at_home[..], &["discard", &id, "--yes"]].concat());
    assert!(kept["hint"].as_str().unwrap().contains(&called), "{kept}");
    let unknown = run(&lake, &[&at_home[..], &["show", "77"]].concat());
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(said.contains(&format!("hint: {called} recover list --all shows them")), "{said}");
    let (_, assessed) = told(&lake, &["--home", "my lake", "recover", "assess", &id]);
    assert!(!assessed["hint"].as_str().unwrap().contains("--catalog"), "{assessed}");
}
