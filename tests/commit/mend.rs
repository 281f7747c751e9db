//! Refs with retention, rollback, fast-forward, cherry-pick and expiry.

use iceberg::spec::{SnapshotReference, SnapshotRetention};
use icedeck::commit::{Expire, Targets, expiry, propose};

use super::check::{lines, sound, sound_now};
use super::deletes::{delete_positions, send};
use super::*;

fn head(table: &Table) -> i64 {
    table.metadata().current_snapshot_id().unwrap()
}

fn pick(snapshot_id: i64) -> Change {
    Change::CherryPick { branch: "main".into(), snapshot_id, summary: BTreeMap::new() }
}

fn rollback(snapshot_id: i64) -> Change {
    Change::Rollback { branch: "main".into(), snapshot_id }
}

fn create(name: &str, snapshot_id: i64, retention: SnapshotRetention) -> Change {
    Change::CreateRef { name: name.into(), reference: SnapshotReference::new(snapshot_id, retention) }
}

/// Snapshots of one row each on `main`.
async fn rows(lake: &Lake, name: &str, count: i64) -> (Table, Vec<i64>) {
    let mut table = lake.orders(name).await;
    let mut ids = Vec::new();
    for n in 0..count {
        table = lake.append(&table, orders(&table, n, 1)).await;
        ids.push(head(&table));
    }
    (table, ids)
}

/// An append that no branch leads to, as WAP stages it.
async fn staged_only(lake: &Lake, table: &Table, change: Change) -> (Table, i64) {
    let mut proposal = propose(table, &change, &lake.env).await.unwrap();
    proposal.updates.retain(|update| matches!(update, iceberg::TableUpdate::AddSnapshot { .. }));
    (send(lake, table, proposal.updates).await, proposal.snapshot_id.unwrap())
}

fn wap(files: Vec<StagedFile>, id: &str) -> Change {
    let summary = BTreeMap::from([("wap.id".to_string(), id.to_string())]);
    Change::Append { branch: "main".into(), files, summary }
}

#[tokio::test]
async fn refs_carry_their_retention() {
    let lake = Lake::new().await;
    let (table, ids) = rows(&lake, "sales.orders", 2).await;
    let kept = SnapshotRetention::branch(Some(3), Some(1000), Some(2000));
    let table = lake.commit(&table, &create("audit", ids[0], kept.clone())).await;
    let table = lake.append_to(&table, "audit", orders(&table, 50, 1)).await;
    assert_eq!(table.refs().unwrap()["audit"].retention, kept);
    let tag = SnapshotRetention::Tag { max_ref_age_ms: Some(5000) };
    let table = lake.commit(&table, &create("eoy", ids[1], tag)).await;
    let longer = SnapshotRetention::Tag { max_ref_age_ms: Some(6000) };
    let retain =
        |name: &str, retention: &SnapshotRetention| Change::Retain { name: name.into(), retention: retention.clone() };
    let table = lake.commit(&table, &retain("eoy", &longer)).await;
    assert_eq!((table.refs().unwrap()["eoy"].snapshot_id, &table.refs().unwrap()["eoy"].retention), (ids[1], &longer));
    for change in [
        create("eoy", ids[0], kept.clone()),
        create("new", 42, kept.clone()),
        create("new", ids[0], SnapshotRetention::branch(Some(0), None, None)),
        retain("eoy", &longer),
        retain("eoy", &kept),
        retain("gone", &kept),
        retain("main", &kept),
        Change::DropRef { name: "main".into() },
        Change::DropRef { name: "gone".into() },
    ] {
        refused(&lake, &table, change).await;
    }
    let stale = table.clone();
    let drop = Change::DropRef { name: "audit".into() };
    let table = lake.commit(&table, &drop).await;
    assert!(!table.refs().unwrap().contains_key("audit"));
    let again = lake.publish(&stale, &drop).await;
    assert!(matches!(again.outcome, Outcome::Rejected(_)), "{:?}", again.outcome);
}

#[tokio::test]
async fn a_rollback_goes_to_an_ancestor_and_a_fast_forward_to_a_descendant() {
    let lake = Lake::new().await;
    let (table, ids) = rows(&lake, "sales.orders", 3).await;
    let forward = |snapshot_id| Change::FastForward { branch: "main".into(), snapshot_id };
    let table = lake.commit(&table, &rollback(ids[0])).await;
    assert_eq!(longs(&table, None, "id").await, [0]);
    assert_eq!(refused(&lake, &table, rollback(ids[2])).await.kind(), Kind::Invalid);
    assert_eq!(refused(&lake, &table, rollback(ids[0])).await.kind(), Kind::Invalid);
    let table = lake.commit(&table, &forward(ids[2])).await;
    assert_eq!(longs(&table, None, "id").await, [0, 1, 2]);
    assert_eq!(refused(&lake, &table, forward(ids[0])).await.kind(), Kind::Invalid);
    let back = lake.commit(&table, &rollback(ids[0])).await;
    let aside = lake.append(&back, orders(&back, 70, 1)).await;
    assert_eq!(refused(&lake, &aside, forward(ids[2])).await.kind(), Kind::Invalid, "two lines");
    assert_eq!(summary(&aside)["total-records"], "2");
    sound_now(&aside).await;
}

#[tokio::test]
async fn version_1_rolls_main_back_and_keeps_nothing_else() {
    let lake = Lake::new().await;
    let table = lake.table("sales.v1", orders_schema(), None, 1).await;
    let table = lake.append(&table, orders(&table, 0, 1)).await;
    let first = head(&table);
    let table = lake.append(&table, orders(&table, 1, 1)).await;
    let table = lake.commit(&table, &rollback(first)).await;
    assert_eq!(longs(&table, None, "id").await, [0]);
    for change in [
        create("b", first, SnapshotRetention::branch(None, None, None)),
        Change::Retain { name: "main".into(), retention: SnapshotRetention::branch(Some(2), None, None) },
    ] {
        assert_eq!(refused(&lake, &table, change).await.kind(), Kind::Unsupported);
    }
}

#[tokio::test]
async fn an_append_is_picked_once() {
    let lake = Lake::new().await;
    for format in [2, 3] {
        let table = lake.table(&format!("sales.v{format}"), orders_schema(), None, format).await;
        let table = lake.append(&table, orders(&table, 0, 5)).await;
        let staged = lake.stage(&table, orders(&table, 10, 5)).await;
        let path = staged[0].file.file_path().to_string();
        let (table, source) = staged_only(&lake, &table, wap(staged, "w-1")).await;
        assert_eq!(longs(&table, None, "id").await.len(), 5, "staged and not seen");
        let table = lake.append(&table, orders(&table, 20, 5)).await;
        let table = lake.commit(&table, &pick(source)).await;
        assert_eq!(longs(&table, None, "id").await.len(), 15);
        let told = summary(&table);
        assert_eq!((&*told["source-snapshot-id"], &*told["published-wap-id"]), (&*source.to_string(), "w-1"));
        assert_eq!(told["total-records"], "15");
        sound_now(&table).await;
        let now = table.metadata().current_snapshot().unwrap();
        let line = lines(&table, now).await.into_iter().find(|line| line.path == path).unwrap();
        assert_eq!((line.status, line.snapshot, line.sequence), (1, head(&table), now.sequence_number()));
        assert_eq!(refused(&lake, &table, pick(source)).await.kind(), Kind::AlreadyExists);
        let table = lake.append(&table, orders(&table, 30, 1)).await;
        let same = lake.stage(&table, orders(&table, 40, 1)).await;
        let (table, twin) = staged_only(&lake, &table, wap(same, "w-1")).await;
        let table = lake.append(&table, orders(&table, 31, 1)).await;
        let error = refused(&lake, &table, pick(twin)).await;
        assert!(error.to_string().contains("WAP"), "{error}");
    }
}

#[tokio::test]
async fn the_next_snapshot_is_taken_as_it_is() {
    let lake = Lake::new().await;
    let (table, _) = rows(&lake, "sales.orders", 1).await;
    let (table, source) = staged_only(&lake, &table, wap(lake.stage(&table, orders(&table, 10, 5)).await, "w")).await;
    let table = lake.commit(&table, &pick(source)).await;
    assert_eq!(head(&table), source);
    assert_eq!(refused(&lake, &table, pick(source)).await.kind(), Kind::AlreadyExists);
}

#[tokio::test]
async fn an_overwrite_is_picked_while_its_partitions_stand_still() {
    let lake = Lake::new().await;
    let id = orders_schema().field_by_name("country").unwrap().id;
    let spec = UnboundPartitionSpec::builder().add_partition_field(id, "country", Transform::Identity).unwrap().build();
    let table = lake.table("sales.parts", orders_schema(), Some(spec), 2).await;
    let table = lake.append(&table, orders(&table, 0, 9)).await;
    let over = |added| Change::Overwrite {
        branch: "main".into(),
        added,
        targets: Targets::Partitions,
        validation: None,
        summary: BTreeMap::new(),
    };
    let german = lake.stage(&table, orders(&table, 300, 1)).await;
    let (table, source) = staged_only(&lake, &table, over(german)).await;
    let elsewhere = lake.append(&table, orders(&table, 301, 1)).await;
    let picked = lake.commit(&elsewhere, &pick(source)).await;
    assert_eq!(longs(&picked, None, "id").await, [1, 2, 4, 5, 7, 8, 300, 301]);
    assert_eq!(summary(&picked)["replace-partitions"], "true");
    sound_now(&picked).await;
    let fresh = lake.stage(&picked, orders(&picked, 303, 1)).await;
    let (table, source) = staged_only(&lake, &picked, over(fresh)).await;
    let same = lake.append(&table, orders(&table, 306, 1)).await;
    assert_eq!(refused(&lake, &same, pick(source)).await.kind(), Kind::Unavailable);
}

#[tokio::test]
async fn what_cannot_be_made_again_is_not_picked() {
    let lake = Lake::new().await;
    let (table, ids) = rows(&lake, "sales.orders", 1).await;
    let path = sound_now(&table).await.remove(0);
    let table = delete_positions(&lake, &table, &path, &[0]).await;
    let deletes = head(&table);
    let table = lake.commit(&table, &rollback(ids[0])).await;
    let table = lake.append(&table, orders(&table, 5, 1)).await;
    assert_eq!(refused(&lake, &table, pick(deletes)).await.kind(), Kind::Unsupported);
    assert_eq!(refused(&lake, &table, pick(42)).await.kind(), Kind::NotFound);
    // A file that came another way is not taken in a second time.
    let staged = lake.stage(&table, orders(&table, 60, 1)).await;
    let (table, source) = staged_only(&lake, &table, append("main", staged.clone())).await;
    let table = lake.commit(&table, &append("main", staged)).await;
    assert_eq!(refused(&lake, &table, pick(source)).await.kind(), Kind::AlreadyExists);
}

#[tokio::test]
async fn age_and_count_decide_what_expires() {
    let lake = Lake::new().await;
    let (table, ids) = rows(&lake, "sales.orders", 6).await;
    let table = lake.tag(&table, "eoy", ids[1]).await;
    let now = table.metadata().last_updated_ms() + 1;
    let all = Expire { older_than_ms: Some(now), retain_last: Some(2), ..Expire::default() };
    let plan = expiry(table.metadata(), &all, now).unwrap();
    assert_eq!(plan.snapshots, [ids[0], ids[2], ids[3]]);
    let kept: Vec<_> = plan.kept.iter().map(|kept| (kept.snapshot_id, kept.why.as_str())).collect();
    assert_eq!(
        kept,
        [
            (ids[1], "tag eoy leads to it"),
            (ids[4], "branch main keeps its last 2"),
            (ids[5], "branch main leads to it")
        ]
    );
    let table = lake.commit(&table, &Change::Expire(all.clone())).await;
    let mut left: Vec<i64> = table.metadata().snapshots().map(|s| s.snapshot_id()).collect();
    left.sort_unstable();
    assert_eq!(left, [ids[1], ids[4], ids[5]]);
    assert_eq!(table.metadata().history().iter().map(|e| e.snapshot_id).collect::<Vec<_>>(), ids[4..]);
    assert_eq!(refused(&lake, &table, Change::Expire(all)).await.kind(), Kind::Invalid, "nothing is left to expire");
    let table = lake.append(&table, orders(&table, 50, 1)).await;
    assert_eq!(longs(&table, None, "id").await, [0, 1, 2, 3, 4, 5, 50]);
    sound_now(&table).await;
    assert!(expiry(table.metadata(), &Expire::default(), now).unwrap().snapshots.is_empty(), "five days by default");
}

#[tokio::test]
async fn the_retention_of_refs_goes_first() {
    let lake = Lake::new().await;
    let (table, ids) = rows(&lake, "sales.orders", 4).await;
    let table = lake.commit(&table, &create("keep", ids[2], SnapshotRetention::branch(Some(2), None, None))).await;
    let table = lake.commit(&table, &create("old", ids[0], SnapshotRetention::Tag { max_ref_age_ms: Some(1) })).await;
    let now = table.metadata().last_updated_ms() + 1;
    let plan = expiry(table.metadata(), &Expire { older_than_ms: Some(now), ..Expire::default() }, now).unwrap();
    assert_eq!((plan.snapshots, plan.refs), (vec![ids[0]], vec!["old".to_string()]));
    let table = lake.commit(&table, &Change::Expire(Expire { older_than_ms: Some(now), ..Expire::default() })).await;
    assert!(!table.refs().unwrap().contains_key("old") && table.metadata().snapshot_by_id(ids[1]).is_some());
}

#[tokio::test]
async fn named_snapshots_expire_alone_and_never_under_a_ref() {
    let lake = Lake::new().await;
    let (table, ids) = rows(&lake, "sales.orders", 4).await;
    let named = |id| Change::Expire(Expire { snapshot_ids: vec![id], ..Expire::default() });
    assert_eq!(refused(&lake, &table, named(ids[3])).await.kind(), Kind::Invalid);
    assert_eq!(refused(&lake, &table, named(42)).await.kind(), Kind::NotFound);
    let stale = table.clone();
    let table = lake.commit(&table, &named(ids[1])).await;
    assert_eq!(table.metadata().snapshots().len(), 3);
    // Someone tagged meanwhile what was to go.
    let tagged = lake.tag(&table, "eoy", ids[2]).await;
    let late = lake.publish(&stale, &named(ids[2])).await;
    assert!(!matches!(late.outcome, Outcome::Committed(_)), "{:?}", late.outcome);
    let set = BTreeMap::from([("gc.enabled".to_string(), "false".to_string())]);
    let table = lake.commit(&tagged, &Change::SetProperties { set, remove: Vec::new() }).await;
    assert_eq!(refused(&lake, &table, named(ids[0])).await.kind(), Kind::Unsupported);
    let audit = table.metadata().snapshot_for_ref("eoy").unwrap();
    sound(&table, audit).await;
}
