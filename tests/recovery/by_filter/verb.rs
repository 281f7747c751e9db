//! `icedeck delete` and `icedeck ingest --where` as a script sees them.

use serde_json::Value;

use super::super::binary::{icedeck, json};
use super::*;

fn told(lake: &Lake, words: &[&str]) -> (i32, Value) {
    json(lake.folder.path(), words)
}

fn code(lake: &Lake, words: &[&str]) -> i32 {
    icedeck(lake.folder.path(), words).output().unwrap().status.code().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delete_is_counted_asked_and_made() {
    let lake = Lake::new().await;
    three(&lake, 2).await;
    let line = ["delete", NAME, "--where", "id < 15"];
    assert_eq!(code(&lake, &line), 2, "nobody can be asked");
    let (exit, plan) = told(&lake, &[&line[..], &["--dry-run"]].concat());
    assert_eq!((exit, &plan["outcome"], &plan["verb"]), (0, &"planned".into(), &"delete".into()));
    assert_eq!((&plan["deleted_rows"], &plan["removed_files"]), (&15.into(), &1.into()));
    assert_eq!((&plan["rewritten_files"], &plan["kept_rows"], &plan["read_files"]), (&1.into(), &5.into(), &1.into()));
    assert_eq!(code(&lake, &[&line[..], &["--yes", "--read-only"]].concat()), 1);
    assert_eq!(code(&lake, &["delete", NAME, "--yes"]), 2, "all rows are not deleted by forgetting the filter");
    assert_eq!(ids(&lake).await.len(), 30);
    let (exit, done) = told(&lake, &[&line[..], &["--yes"]].concat());
    assert_eq!((exit, &done["outcome"], &done["deleted_rows"]), (0, &"committed".into(), &15.into()));
    assert_eq!((&done["rows"], &done["files"], &done["attempts"]), (&5.into(), &1.into(), &1.into()));
    assert_eq!(ids(&lake).await, without(15..30, |_| false));
    let (exit, done) = told(&lake, &[&line[..], &["--yes"]].concat());
    assert_eq!((exit, &done["outcome"]), (0, &"not-sent".into()), "nothing is left to delete");
    assert_eq!(told(&lake, &["recover", "list"]).1, Value::Array(vec![]));
    assert_eq!(code(&lake, &["recover", "audit"]), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_with_a_filter_is_planned_and_made() {
    let lake = Lake::new().await;
    three(&lake, 2).await;
    std::fs::write(lake.folder.path().join("orders.csv"), CSV).unwrap();
    let line = ["ingest", "orders.csv", NAME, "--mode", "overwrite", "--where", "id < 15", "--yes"];
    let (exit, plan) = told(&lake, &[&line[..], &["--dry-run"]].concat());
    assert_eq!((exit, &plan["outcome"]), (0, &"planned".into()));
    assert!(plan["notes"].to_string().contains("15 rows"), "{plan}");
    assert_eq!((&plan["deleted_rows"], &plan["rewritten_files"]), (&15.into(), &1.into()), "{plan}");
    assert_eq!(ids(&lake).await.len(), 30);
    assert_eq!(code(&lake, &["ingest", "orders.csv", NAME, "--where", "id < 15", "--yes"]), 2);
    assert_eq!(code(&lake, &[&line[..], &["--create"]].concat()), 2);
    let (exit, done) = told(&lake, &line);
    assert_eq!((exit, &done["deleted_rows"], &done["kept_rows"]), (0, &15.into(), &5.into()), "{done}");
    assert_eq!(ids(&lake).await.len(), 18);
}
