//! The verbs that mend as a script sees them: one JSON object each, and exit codes.

use serde_json::Value;

use super::binary::{icedeck, json};
use super::*;
use crate::common::lake::{longs, orders};

const NAME: &str = "sales.orders";

async fn lake() -> (Lake, Vec<i64>) {
    let lake = Lake::new().await;
    let mut table = lake.orders(NAME).await;
    let mut ids = Vec::new();
    for n in 0..3 {
        table = lake.append(&table, orders(&table, 100 * n, 2)).await;
        ids.push(table.metadata().current_snapshot_id().unwrap());
    }
    (lake, ids)
}

fn told(lake: &Lake, line: &str) -> (i32, Value) {
    json(lake.folder.path(), &line.split(' ').collect::<Vec<_>>())
}

fn code(lake: &Lake, line: &str) -> i32 {
    let words: Vec<&str> = line.split(' ').collect();
    icedeck(lake.folder.path(), &words).output().unwrap().status.code().unwrap()
}

async fn rows(lake: &Lake) -> usize {
    longs(&lake.load(&NAME.parse().unwrap()).await, None, "id").await.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_is_planned_refused_and_made() {
    let (lake, ids) = lake().await;
    let line = format!("rollback {NAME} --to {}", ids[0]);
    assert_eq!(code(&lake, &line), 2, "nobody can be asked");
    let (exit, plan) = told(&lake, &format!("{line} --dry-run"));
    assert_eq!((exit, &plan["outcome"], &plan["snapshot_id"]), (0, &"planned".into(), &ids[0].into()));
    assert_eq!((&plan["leaving"]["gone"]["rows"], &plan["asks_for_name"]), (&4.into(), &true.into()));
    assert_eq!(plan["request"]["updates"][0]["action"], "set-snapshot-ref");
    assert_eq!(plan["request"]["requirements"][1]["snapshot-id"], ids[2]);
    assert_eq!(code(&lake, &format!("{line} --yes --read-only")), 1);
    assert_eq!(code(&lake, &format!("rollback {NAME} --yes")), 2, "no target");
    assert_eq!(code(&lake, &format!("rollback {NAME} --to 42 --yes")), 1);
    assert_eq!(rows(&lake).await, 6);
    let (exit, done) = told(&lake, &format!("{line} --tag old --yes"));
    assert_eq!((exit, &done["outcome"], &done["snapshot_id"]), (0, &"committed".into(), &ids[0].into()));
    assert_eq!((&done["base_snapshot_id"], &done["attempts"]), (&ids[2].into(), &1.into()));
    assert_eq!(rows(&lake).await, 2);
    let (exit, done) = told(&lake, &format!("undo {NAME} --yes"));
    assert_eq!((exit, &done["snapshot_id"]), (0, &ids[2].into()));
    let (exit, done) = told(&lake, &format!("redo {NAME} --yes"));
    assert_eq!((exit, &done["snapshot_id"]), (0, &ids[0].into()));
    assert_eq!(told(&lake, "recover list").1, Value::Array(vec![]), "every journal is closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refs_restores_and_alterations_print_one_object_each() {
    let (lake, ids) = lake().await;
    let committed = |line: &str| {
        let (exit, done) = told(&lake, &format!("{line} --yes"));
        assert_eq!((exit, &done["outcome"]), (0, &"committed".into()), "{line}: {done}");
        done
    };
    committed(&format!("branch create {NAME} audit --at {} --min-snapshots 2 --max-ref-age 7d", ids[1]));
    let (_, plan) = told(&lake, &format!("tag create {NAME} eoy --dry-run"));
    assert_eq!((&plan["tag"], plan.get("branch")), (&"eoy".into(), None), "a tag is no branch: {plan}");
    let done = committed(&format!("tag create {NAME} eoy"));
    assert_eq!((&done["tag"], done.get("branch")), (&"eoy".into(), None), "{done}");
    let (_, list) = told(&lake, &format!("branch list {NAME}"));
    assert_eq!(list[0]["name"], "audit");
    assert_eq!(
        (&list[0]["max_reference_age_in_ms"], &list[0]["min_snapshots_to_keep"]),
        (&604_800_000.into(), &2.into())
    );
    assert_eq!(told(&lake, &format!("tag list {NAME}")).1.as_array().unwrap().len(), 1);
    let done = committed(&format!("fast-forward {NAME} audit --to main"));
    assert_eq!((&done["branch"], &done["snapshot_id"]), (&"audit".into(), &ids[2].into()));
    committed(&format!("rollback {NAME} --to {}", ids[0]));
    committed(&format!("cherry-pick {NAME} {}", ids[1]));
    let done = committed(&format!("restore {NAME} --from eoy"));
    assert!(done["snapshot_id"].is_i64());
    assert_eq!(rows(&lake).await, 6);
    committed(&format!("alter {NAME} add-column note string --after id"));
    committed(&format!("alter {NAME} reorder note --first"));
    committed(&format!("alter {NAME} partition-by --add bucket(4,id)"));
    committed(&format!("alter {NAME} set owner=ada"));
    committed(&format!("alter {NAME} unset owner"));
    assert_eq!(code(&lake, &format!("alter {NAME} reorder note --yes")), 2);
    assert_eq!(code(&lake, &format!("alter {NAME} drop-column nope --yes")), 1);
    committed(&format!("tag drop {NAME} eoy"));
    committed(&format!("branch drop {NAME} audit"));
    committed(&format!("expire {NAME} --snapshot {}", ids[2]));
    assert_eq!(code(&lake, &format!("rollback {NAME} --to {} --yes", ids[2])), 1);
    let words = ["bisect", NAME, "--good", &ids[0].to_string(), "--rows-where", "id = 200"];
    let (exit, found) = json(lake.folder.path(), &words);
    assert_eq!((exit, found["steps"].as_array().unwrap().len()), (0, 3), "{found}");
}
