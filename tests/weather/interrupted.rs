//! An operator who presses ctrl-c during a commit, once and twice; a program that is killed there.

use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;

use super::answers::{front, ids, open, run};
use super::front::{Front, TABLE, Weather};
use crate::recovery::binary::icedeck;

/// A load whose commit has come to the catalog.
async fn committing(front: &Arc<Front>) -> Child {
    let mut command = icedeck(front.root(), &["ingest", "orders.csv", TABLE, "--yes", "-o", "json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while front.commits.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child
}

fn signal(child: &Child, name: &str) {
    let done = std::process::Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(done.success());
}

/// Its exit code, its outcome, and what it said to the operator.
async fn ended(child: Child) -> (Option<i32>, Value, String) {
    let out = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    let told = serde_json::from_slice(&out.stdout).unwrap_or_default();
    (out.status.code(), told, String::from_utf8_lossy(&out.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_on_its_way_is_not_left_halfway() {
    for signals in [&["-INT"][..], &["-INT", "-INT"], &["-TERM"]] {
        let front = front([Weather::DoneSaysAfter(Duration::from_millis(700))]).await;
        let child = committing(&front).await;
        for name in signals {
            signal(&child, name);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let (code, told, said) = ended(child).await;
        assert_eq!((code, &told["outcome"]), (Some(0), &"committed".into()), "{signals:?}: {told} {said}");
        assert_eq!(said.contains("a commit cannot be left halfway"), signals.len() == 2, "{said}");
        assert_eq!(ids(&front).await, [1, 2, 3, 100, 101]);
        assert_eq!(open(&front).await, Vec::<Value>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_does_not_come_is_not_waited_for_any_longer() {
    let front = front([Weather::Silence]).await;
    let child = committing(&front).await;
    signal(&child, "-INT");
    let (code, told, said) = ended(child).await;
    assert_eq!((code, &told["outcome"]), (Some(4), &"unknown".into()), "{told} {said}");
    assert_eq!(front.commits.load(Ordering::SeqCst), 1, "nothing is sent again");
    let id = told["ingest_id"].as_str().unwrap();
    assert_eq!(open(&front).await[0]["ingest_id"], *id);
    let (code, done) = run(&front, &["recover", "rebase", id, "--yes"]).await;
    assert_eq!((code, &done["outcome"]), (0, &"committed".into()), "{done}");
    assert_eq!(ids(&front).await, [1, 2, 3, 100, 101]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_killed_while_it_waits_for_the_answer_is_asked_about() {
    let front = front([Weather::DoneSaysAfter(Duration::from_millis(700))]).await;
    let child = committing(&front).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    signal(&child, "-KILL");
    assert_eq!(ended(child).await.0, None);
    let listed = open(&front).await;
    assert_eq!(listed[0]["state"], "sent");
    let id = listed[0]["ingest_id"].as_str().unwrap();
    let (code, done) = run(&front, &["recover", "rebase", id, "--yes"]).await;
    assert_eq!((code, &done["outcome"], &done["verdict"]), (0, &"committed".into(), &"landed".into()), "{done}");
    assert_eq!(front.commits.load(Ordering::SeqCst), 1, "nothing is sent again");
    assert_eq!(ids(&front).await, [1, 2, 3, 100, 101]);
    assert_eq!(open(&front).await, Vec::<Value>::new());
}
