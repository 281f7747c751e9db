//! The audit: where every load that was acknowledged is now.

use icedeck::commit::RefKind;
use icedeck::ingest::journal::{Base, Plan};
use icedeck::recovery::audit::{Audited, Status, acknowledged, audit};
use icedeck::recovery::{Names, OnConflict, carry_out};

use super::*;
use crate::common::lake::orders;

async fn audited(lake: &Lake) -> Vec<Audited> {
    let found = acknowledged(&lake.env).unwrap();
    assert!(found.broken.is_empty());
    let mut all = Vec::new();
    for ((_, name), records) in &found.tables {
        all.extend(audit(&lake.connection, name, records, &mut Names::default()).await.unwrap());
    }
    all
}

fn statuses(found: &[Audited]) -> Vec<Status> {
    found.iter().map(|load| load.status).collect()
}

async fn now(lake: &Lake) -> Table {
    lake.load(&"sales.orders".parse().unwrap()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_end_of_a_load_is_told() {
    let lake = Lake::new().await;
    let empty = lake.orders("sales.orders").await;
    lake.append(&empty, orders(&empty, 100, 1)).await;
    let first = loaded(&lake, &lake.connection, &Policy::default()).await;
    let second = loaded(&lake, &lake.connection, &Policy::default()).await;
    // One that never came is not acknowledged, and not audited.
    let _ = loaded(&lake, &Faulty::on(&lake, [Fault::Before]), &Policy::hasty(OnConflict::Fail)).await;
    let found = audited(&lake).await;
    assert_eq!(statuses(&found), [Status::Reachable, Status::Reachable], "{found:?}");
    assert_eq!((found[0].snapshot_id, found[0].rows), (first.load.snapshot_id, 3));

    // Rolled back by us: by whom and when is told.
    let table = now(&lake).await;
    let back = first.load.snapshot_id.unwrap();
    let plan = Plan {
        ingest_id: lake.env.uuid().to_string(),
        verb: "rollback".into(),
        catalog: lake.connection.name().into(),
        table: table.name().clone(),
        branch: "main".into(),
        base: Base::of(&table, "main"),
        sources: Vec::new(),
        options: serde_json::Value::Null,
    };
    let change = Change::SetRef { name: "main".into(), kind: RefKind::Branch, snapshot_id: back };
    let policy = Policy::default();
    let done = carry_out(&lake.connection, &table, &change, plan, &policy, &lake.env, &Monitor::new()).await.unwrap();
    assert_eq!(done.snapshot_id, Some(back));
    let found = audited(&lake).await;
    assert_eq!(statuses(&found), [Status::Reachable, Status::RolledBack], "{found:?}");
    assert_eq!(found[1].by.as_deref(), Some("icedeck rollback"));
    assert!(found[1].at.is_some() && found[1].what.contains(&back.to_string()), "{:?}", found[1]);

    // A branch that leads to it makes it reachable again.
    let table = now(&lake).await;
    lake.branch(&table, "saved", second.load.snapshot_id.unwrap()).await;
    let found = audited(&lake).await;
    assert_eq!(found[1].status, Status::Reachable);
    assert!(found[1].what.starts_with("saved"), "{}", found[1].what);

    // Another table under the same name.
    lake.connection.drop_table(table.name()).await.unwrap();
    assert_eq!(statuses(&audited(&lake).await), [Status::Gone, Status::Gone]);
    lake.orders("sales.orders").await;
    let found = audited(&lake).await;
    assert!(found.iter().all(|load| load.status == Status::Gone && load.what.contains("made again")), "{found:?}");
}
