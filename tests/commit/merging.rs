//! Merging of manifests: as the table's properties say, and without losing a number.

use icedeck::commit::Targets;

use super::check::{Line, lines, manifests, sound_now};
use super::deletes::delete_positions;
use super::*;

async fn with(lake: &Lake, table: &Table, properties: &[(&str, &str)]) -> Table {
    let set = properties.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    lake.commit(table, &Change::SetProperties { set, remove: Vec::new() }).await
}

async fn count(table: &Table) -> usize {
    manifests(table, table.metadata().current_snapshot().unwrap()).await.len()
}

#[tokio::test]
async fn manifests_are_merged_when_there_are_enough_of_them() {
    let lake = Lake::new().await;
    for format in [1, 2, 3] {
        let table = lake.table(&format!("sales.v{format}"), orders_schema(), None, format).await;
        let mut table = with(&lake, &table, &[("commit.manifest.min-count-to-merge", "4")]).await;
        let mut counts = Vec::new();
        for n in 0..6 {
            table = lake.append(&table, orders(&table, n * 10, 10)).await;
            counts.push(count(&table).await);
            assert_eq!(sound_now(&table).await.len() as i64, n + 1, "v{format}");
        }
        assert_eq!(counts, [1, 2, 3, 1, 2, 3], "v{format}");
        assert_eq!(longs(&table, None, "id").await, (0..60).collect::<Vec<_>>());
        if format > 1 {
            let mut numbers: Vec<i64> = lines(&table, table.metadata().current_snapshot().unwrap())
                .await
                .iter()
                .map(|line| line.sequence)
                .collect();
            numbers.sort_unstable();
            assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
        }
        // Of the attempt that merged, nothing is left lying about but what the snapshots name.
        assert_eq!(manifests_on_disk(&table).await, 6 + 6, "v{format}");
    }
}

#[tokio::test]
async fn what_a_merge_did_is_told() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let mut table = with(&lake, &table, &[("commit.manifest.min-count-to-merge", "3")]).await;
    for n in 0..3 {
        table = lake.append(&table, orders(&table, n, 1)).await;
    }
    let told = summary(&table);
    assert_eq!((&*told["manifests-created"], &*told["manifests-kept"], &*told["manifests-replaced"]), ("1", "0", "2"));
    let now = table.metadata().current_snapshot().unwrap();
    let statuses: Vec<u8> = lines(&table, now).await.iter().map(|line| line.status).collect();
    assert_eq!(statuses, [1, 0, 0], "the newest is added, the others are there");
}

#[tokio::test]
async fn size_and_switch_are_obeyed() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let base = lake.append(&table, orders(&table, 0, 1)).await;
    let min = ("commit.manifest.min-count-to-merge", "2");
    let table = with(&lake, &base, &[min, ("commit.manifest.target-size-bytes", "100")]).await;
    let table = lake.append(&table, orders(&table, 1, 1)).await;
    assert_eq!(count(&table).await, 2, "none has room for another");
    let off = with(&lake, &table, &[("commit.manifest.target-size-bytes", "8388608")]).await;
    let off = with(&lake, &off, &[("commit.manifest-merge.enabled", "false")]).await;
    let off = lake.append(&off, orders(&off, 2, 1)).await;
    assert_eq!(count(&off).await, 3);
    let on = with(&lake, &off, &[("commit.manifest-merge.enabled", "true")]).await;
    let on = lake.append(&on, orders(&on, 3, 1)).await;
    assert_eq!(count(&on).await, 1);
    assert_eq!(longs(&on, None, "id").await, [0, 1, 2, 3]);
    let broken = with(&lake, &on, &[("commit.manifest.target-size-bytes", "big")]).await;
    let staged = lake.stage(&broken, orders(&broken, 4, 1)).await;
    let error = refused(&lake, &broken, append("main", staged)).await;
    assert!(error.to_string().contains("target-size-bytes"), "{error}");
}

#[tokio::test]
async fn specs_and_deletes_are_never_mixed() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let mut table = with(&lake, &table, &[("commit.manifest.min-count-to-merge", "2")]).await;
    for n in 0..2 {
        table = lake.append(&table, orders(&table, n * 10, 10)).await;
    }
    let path = sound_now(&table).await.remove(0);
    table = delete_positions(&lake, &table, &path, &[1]).await;
    table = delete_positions(&lake, &table, &path, &[2]).await;
    table = lake.commit(&table, &Change::SetSpec(days(table.metadata()))).await;
    for n in 2..4 {
        table = lake.append(&table, orders(&table, n * 10, 10)).await;
    }
    sound_now(&table).await;
    let all = manifests(&table, table.metadata().current_snapshot().unwrap()).await;
    let kinds: Vec<_> = all.iter().map(|m| (m.content as i32, m.partition_spec_id)).collect();
    assert_eq!(kinds, [(0, 1), (0, 0), (1, 0)]);
    assert_eq!(longs(&table, None, "id").await.len(), 38);
}

#[tokio::test]
async fn a_removal_and_a_merge_in_one_snapshot() {
    let lake = Lake::new().await;
    for format in [2, 3] {
        let table = lake.table(&format!("sales.v{format}"), orders_schema(), None, format).await;
        let mut table = table;
        for n in 0..4 {
            table = lake.append(&table, orders(&table, n * 10, 10)).await;
        }
        let table = with(&lake, &table, &[("commit.manifest.min-count-to-merge", "2")]).await;
        let before = lines(&table, table.metadata().current_snapshot().unwrap()).await;
        let gone = before[1].path.clone();
        let added = lake.stage(&table, orders(&table, 100, 1)).await;
        let change = Change::Overwrite {
            branch: "main".into(),
            added,
            targets: Targets::Files(vec![gone.clone()]),
            validation: None,
            summary: BTreeMap::new(),
        };
        let table = lake.commit(&table, &change).await;
        assert_eq!(count(&table).await, 1);
        sound_now(&table).await;
        let now = table.metadata().current_snapshot().unwrap();
        let after = lines(&table, now).await;
        for old in before {
            let line = after.iter().find(|line| line.path == old.path).unwrap();
            let expected = if old.path == gone {
                Line { status: 2, snapshot: now.snapshot_id(), ..old }
            } else {
                Line { status: 0, ..old }
            };
            assert_eq!(*line, expected);
        }
        assert_eq!(summary(&table)["manifests-replaced"], "4");
    }
}
