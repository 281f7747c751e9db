//! Files that a table does not name: found whatever left them, and told apart from what an open ingest has staged.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use icedeck::commit::{Expire, Targets};
use icedeck::ingest::journal::{Base, Journal, Plan, State};
use icedeck::recovery::orphans::{LeftFile, LeftTally, Standing, left_files};

use super::binary::{icedeck, json};
use super::*;
use crate::common::lake::{append, orders};

async fn left(lake: &Lake, table: &Table, older_than_ms: i64) -> (Vec<LeftFile>, LeftTally) {
    let mut files = left_files(table, older_than_ms, &lake.env, &Monitor::new()).await.unwrap();
    let mut found = Vec::new();
    while let Some(page) = files.next(&Monitor::new()).await.unwrap() {
        found.extend(page);
    }
    found.sort_by(|a, b| a.file_path.cmp(&b.file_path));
    (found, files.tally())
}

fn journal(lake: &Lake, table: &Table, ingest_id: &str) -> Journal {
    let plan = Plan {
        ingest_id: ingest_id.into(),
        verb: "ingest".into(),
        catalog: lake.connection.name().into(),
        table: table.name().clone(),
        branch: "main".into(),
        base: Base::of(table, "main"),
        sources: Vec::new(),
        options: serde_json::Value::Null,
    };
    Journal::create(&lake.env, &plan).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_nobody_names_is_an_orphan() {
    let lake = Lake::new().await;
    let mut table = lake.orders("sales.orders").await;
    for n in 0..3 {
        table = lake.append(&table, orders(&table, n * 10, 10)).await;
    }
    let (found, tally) = left(&lake, &table, i64::MAX).await;
    assert_eq!(found, [], "a table that only appended has none");
    assert!(tally.named > 10, "{tally:?}");

    // Staged by nobody known, by an open ingest, by one that was given up; half written; of another system.
    let path = |files: &[StagedFile]| files[0].file.file_path().to_string();
    let lost = path(&lake.stage(&table, orders(&table, 100, 5)).await);
    let open = path(&lake.stage(&table, orders(&table, 200, 5)).await);
    let given_up = path(&lake.stage(&table, orders(&table, 300, 5)).await);
    let id = |path: &str| path.strip_suffix(".parquet").unwrap()[path.len() - 44..].to_string();
    journal(&lake, &table, &id(&open)).staging("file:///x", "x").unwrap();
    journal(&lake, &table, &id(&given_up)).discarded("as a test has it").unwrap();
    let folder = table.metadata().location().strip_prefix("file://").unwrap().to_string();
    std::fs::write(format!("{folder}/data/half.parquet#1"), "PAR1").unwrap();
    std::fs::create_dir_all(format!("{folder}/_delta_log")).unwrap();
    std::fs::write(format!("{folder}/_delta_log/0.json"), "{}").unwrap();

    let (found, tally) = left(&lake, &table, i64::MAX).await;
    let by_path: BTreeMap<&str, &LeftFile> = found.iter().map(|file| (file.file_path.as_str(), file)).collect();
    assert_eq!(by_path.len(), 4, "{found:?}");
    let told = |path: &str| (by_path[path].standing, by_path[path].ingest_id.clone(), by_path[path].ingest_state);
    assert_eq!(told(&lost), (Standing::Orphan, None, None));
    assert_eq!(told(&open), (Standing::Staged, Some(id(&open)), Some(State::Staging)));
    assert_eq!(told(&given_up), (Standing::Orphan, Some(id(&given_up)), Some(State::Discarded)));
    let half = by_path[format!("file://{folder}/data/half.parquet#1").as_str()];
    assert_eq!((half.standing, half.file_size_in_bytes), (Standing::Orphan, 4));
    assert_eq!((tally.orphans.0, tally.staged.0, tally.hidden, tally.young), (3, 1, 1, 0));

    let (found, tally) = left(&lake, &table, 1).await;
    assert_eq!((found.len(), tally.young), (0, 4), "nothing is that old");

    // A journal that cannot be read: nobody knows, so what it may have staged is not called an orphan.
    let broken = journal::folder(&lake.env).join(format!("{}.jsonl", id(&lost)));
    std::fs::write(broken, "no journal\n").unwrap();
    let (found, tally) = left(&lake, &table, i64::MAX).await;
    let lost = found.iter().find(|file| file.file_path == lost).unwrap();
    assert_eq!((lost.standing, lost.ingest_state, tally.orphans.0), (Standing::Staged, None, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_expired_snapshots_named_is_left_over() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let first = lake.stage(&table, orders(&table, 0, 10)).await;
    let path = first[0].file.file_path().to_string();
    let table = lake.commit(&table, &append("main", first)).await;
    let added = lake.stage(&table, orders(&table, 50, 10)).await;
    let summary = BTreeMap::new();
    let change = Change::Overwrite { branch: "main".into(), added, targets: Targets::All, validation: None, summary };
    let table = lake.commit(&table, &change).await;
    assert_eq!(left(&lake, &table, i64::MAX).await.0, [], "the first snapshot names its file");
    let snapshot_ids = vec![table.metadata().history().first().unwrap().snapshot_id];
    let expire = Change::Expire(Expire { snapshot_ids, older_than_ms: None, retain_last: None });
    let table = lake.commit(&table, &expire).await;
    let found: Vec<String> = left(&lake, &table, i64::MAX).await.0.into_iter().map(|file| file.file_path).collect();
    assert!(found.contains(&path), "{found:?}");
    assert_eq!(found.len(), 3, "the data file, its manifest, its manifest list: {found:?}");
    assert!(found.iter().any(|path| path.contains("/snap-")), "{found:?}");

    // A manifest that is gone: what it named cannot be told from orphans any more.
    let snapshot = table.metadata().current_snapshot().unwrap();
    std::fs::remove_file(snapshot.manifest_list().strip_prefix("file://").unwrap()).unwrap();
    let error = left_files(&table, i64::MAX, &lake.env, &Monitor::new()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
}

#[test]
fn a_killed_load_leaves_files_that_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::fs::write(root.join("first.csv"), "id,text\n1,a\n").unwrap();
    let made = icedeck(root, &["ingest", "first.csv", "s.t", "--create", "--yes"]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut text = String::from("id,text\n");
    (0..400_000).for_each(|n| writeln!(text, "{n},some text that is long enough {n}").unwrap());
    std::fs::write(root.join("large.csv"), text).unwrap();
    let orphans = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let (code, found) = json(root, &words);
        assert_eq!(code, 0);
        found.as_array().unwrap().clone()
    };
    let all = "orphans s.t --dry-run --older-than 0s";
    assert_eq!(orphans(all).len(), 0);

    let mut command = icedeck(root, &["ingest", "large.csv", "s.t", "--yes"]);
    let mut load = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut left = Vec::new();
    while left.is_empty() && load.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
        left = orphans(all);
    }
    load.kill().unwrap();
    load.wait().unwrap();
    let left = orphans(all);
    assert!(!left.is_empty(), "the load was faster than the list");
    let (_, open) = json(root, &["recover", "list"]);
    let id = open[0]["ingest_id"].clone();
    assert!(left.iter().all(|file| file["standing"] == "staged" && file["ingest_id"] == id), "{left:?}");
    assert_eq!(orphans("orphans s.t --dry-run").len(), 0, "three days are the default");

    assert_eq!(json(root, &["recover", "discard", id.as_str().unwrap(), "--yes"]).0, 0);
    for file in orphans(all) {
        assert_eq!((&file["standing"], &file["ingest_state"]), (&"orphan".into(), &"discarded".into()), "{file}");
    }
    assert_eq!(icedeck(root, &["orphans", "s.t"]).output().unwrap().status.code(), Some(2), "deleting comes later");
}
