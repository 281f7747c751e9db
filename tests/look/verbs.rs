//! The verbs that look, as a script sees them.

use std::process::{Command, Output, Stdio};

use super::*;

/// Runs icedeck on the test lake's own folders.
fn icedeck(lake: &Lake, arguments: &[&str]) -> Output {
    let paths = lake.env.paths();
    let parent = |path: &std::path::Path| path.parent().unwrap().to_path_buf();
    Command::new(env!("CARGO_BIN_EXE_icedeck"))
        .args(arguments)
        .env_clear()
        .env("HOME", &paths.home)
        .env("XDG_CONFIG_HOME", parent(&paths.config))
        .env("XDG_DATA_HOME", parent(&paths.data))
        .env("XDG_STATE_HOME", parent(&paths.state))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn json(lake: &Lake, arguments: &[&str]) -> Value {
    let output = icedeck(lake, &[arguments, &["-o", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn every_verb_prints_one_json_document() {
    let lake = Lake::new().await;
    let table = history(&lake).await;
    let lengths = [
        ("snapshots", 4),
        ("history", 3),
        ("refs", 3),
        ("manifests", 3),
        ("files", 3),
        ("entries", 3),
        ("partitions", 1),
        ("schema", 4),
        ("metadata-log", 7),
        ("rows", 32),
    ];
    for (verb, length) in lengths {
        let printed = json(&lake, &[verb, "sales.orders"]);
        assert_eq!(printed.as_array().unwrap().len(), length, "{verb}");
    }
    let diff = json(&lake, &["diff", "sales.orders", "first"]);
    assert_eq!(
        (&diff["relation"], &diff["rows"]["added"], &diff["files"]["data"]["added"]["files"]),
        (&json!("ancestor"), &json!(12), &json!(2))
    );
    assert_eq!(json(&lake, &["diff", "sales.orders", "first", "audit", "--files"]).as_array().unwrap().len(), 1);
    let rows = json(&lake, &["diff", "sales.orders", "audit", "main", "--rows", "--limit", "14"]);
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["_change"]), (14, &json!("added")));
    assert_eq!(rows[13]["_change"], "removed");
    let show = json(&lake, &["show", "sales.orders@first"]);
    assert_eq!((&show["record_count"], &show["table"]), (&json!(20), &json!("sales.orders")));
    let by_path = json(&lake, &["rows", table.metadata_location(), "--limit", "1"]);
    let keys: Vec<&String> = by_path[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "country", "amount", "day"]);
    assert_eq!(json(&lake, &["rows", "sales.orders@audit", "--filter", "id >= 100"]).as_array().unwrap().len(), 3);
    assert_eq!(json(&lake, &["rows", "sales.orders@first", "--columns", "day,id", "-n", "1"])[0]["day"], "1969-12-31");
}

#[tokio::test]
async fn tables_and_csv_are_for_people_and_spreadsheets() {
    let lake = Lake::new().await;
    history(&lake).await;
    let text = |arguments: &[&str]| String::from_utf8(icedeck(&lake, arguments).stdout).unwrap();
    insta::assert_snapshot!(text(&["rows", "sales.orders@first", "--filter", "id > 7 and id < 11"]), @r"
    id  country  amount   day
     8  PL       -491.92  1970-01-08
     9
    10  FR       -489.90  1970-01-10
    ");
    insta::assert_snapshot!(text(&["rows", "sales.orders@first", "-n", "1", "-o", "csv"]), @r"
    id,country,amount,day
    0,DE,-500.00,1969-12-31
    ");
    insta::assert_snapshot!(text(&["schema", "sales.orders"]), @r"
    id  name     type            required  doc                 initial_default  write_default
     1  id       long            true      The order's number
     2  country  string          false
     3  amount   decimal(10, 2)  false
     4  day      date            false
    ");
}

#[tokio::test]
async fn failures_have_their_exit_codes() {
    let lake = Lake::new().await;
    history(&lake).await;
    let ends = |arguments: &[&str]| {
        let output = icedeck(&lake, arguments);
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(ends(&["show", "sales.nope"]).0, 1);
    assert_eq!(ends(&["show", "nope"]).0, 2);
    assert_eq!(ends(&["show"]).0, 2);
    assert_eq!(ends(&["rows", "sales.orders", "-o", "xml"]).0, 2);
    let (code, told) = ends(&["rows", "sales.orders", "--filter", "nope\u{1b}[31m > 1"]);
    assert_eq!(code, 1);
    assert!(!told.contains('\u{1b}'), "{told}");
    let (code, told) = ends(&["rows", "sales.orders@nope"]);
    assert!(code == 1 && told.contains("audit, first, main"), "{told}");
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_failure() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.many").await;
    lake.append(&table, orders(&table, 0, 50_000)).await;
    let paths = lake.env.paths();
    let mut child = Command::new(env!("CARGO_BIN_EXE_icedeck"))
        .args(["rows", "sales.many"])
        .env_clear()
        .env("HOME", &paths.home)
        .env("XDG_DATA_HOME", paths.data.parent().unwrap())
        .env("XDG_STATE_HOME", paths.state.parent().unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), String::from_utf8(ended.stderr).unwrap().as_str()), (Some(0), ""));
}

/// No option of a verb hides a global one, and the like.
#[test]
fn the_command_line_is_sound() {
    icedeck::cli::command().debug_assert();
}

#[tokio::test]
async fn completions_and_the_manual_are_made() {
    let lake = Lake::new().await;
    for arguments in [&["completions", "bash"][..], &["completions", "zsh"], &["man"], &["man", "rows"]] {
        let output = icedeck(&lake, arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(output.stdout.len() > 500, "{arguments:?}");
    }
    assert_eq!(icedeck(&lake, &["man", "nope"]).status.code(), Some(1));
}
