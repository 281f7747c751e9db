//! Overwrite, delete and compaction over real files: what is live, what is told, and what is refused.

use iceberg::expr::{Predicate, Reference};
use iceberg::spec::{Datum, Operation};
use icedeck::commit::{ConflictKind, HitFiles, Targets, Validation, conflicts, hit_files};

use super::check::{lines, sound, sound_now};
use super::deletes::{delete_by_vector, delete_ids, delete_positions};
use super::*;
use crate::common::lake::overwrite;

fn checked(added: Vec<StagedFile>, targets: Targets, read_at: Option<i64>, filter: Option<Predicate>) -> Change {
    let validation = Some(Validation { read_at, filter });
    Change::Overwrite { branch: "main".into(), added, targets, validation, summary: BTreeMap::new() }
}

fn delete(filter: Predicate) -> Change {
    Change::Delete { branch: "main".into(), filter, summary: BTreeMap::new() }
}

fn id_from(first: i64) -> Predicate {
    Reference::new("id").greater_than_or_equal_to(Datum::long(first))
}

fn head(table: &Table) -> i64 {
    table.metadata().current_snapshot_id().unwrap()
}

fn operation(table: &Table) -> Operation {
    table.metadata().current_snapshot().unwrap().summary().operation.clone()
}

#[tokio::test]
async fn copy_on_write_takes_files_out_and_keeps_every_number() {
    let lake = Lake::new().await;
    for format in [1, 2, 3] {
        let (table, paths) = lake.three(&format!("sales.v{format}"), format).await;
        let before = head(&table);
        let staged = lake.stage(&table, orders(&table, 11, 9)).await;
        let new = staged[0].file.file_path().to_string();
        let table = lake.commit(&table, &overwrite(staged, Targets::Files(vec![paths[1].clone()]))).await;
        let expected: Vec<i64> = (0..30).filter(|id| *id != 10).collect();
        assert_eq!(longs(&table, None, "id").await, expected, "v{format}");
        assert_eq!(longs(&table, Some(before), "id").await.len(), 30);
        assert_eq!(operation(&table), Operation::Overwrite);
        let mut live = vec![paths[0].clone(), paths[2].clone(), new];
        live.sort();
        assert_eq!(sound_now(&table).await, live);
        let told = summary(&table);
        assert_eq!((&*told["added-records"], &*told["deleted-records"], &*told["total-records"]), ("9", "10", "29"));
        assert_eq!((&*told["deleted-data-files"], &*told["changed-partition-count"]), ("1", "1"));
        assert_eq!(
            (&*told["manifests-created"], &*told["manifests-kept"], &*told["manifests-replaced"]),
            ("2", "2", "1")
        );
    }
}

#[tokio::test]
async fn a_removal_is_told_once_and_then_forgotten() {
    let lake = Lake::new().await;
    let (table, paths) = lake.three("sales.orders", 2).await;
    let removed = |table: Table, path: &String| {
        let change = overwrite(Vec::new(), Targets::Files(vec![path.clone()]));
        let lake = &lake;
        async move { lake.commit(&table, &change).await }
    };
    let table = removed(table, &paths[0]).await;
    assert_eq!(operation(&table), Operation::Delete);
    let now = table.metadata().current_snapshot().unwrap().clone();
    let dead: Vec<_> = lines(&table, &now).await.into_iter().filter(|line| line.status == 2).collect();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].snapshot, dead[0].sequence, dead[0].file_sequence), (now.snapshot_id(), 1, 1));
    let table = removed(table, &paths[2]).await;
    assert_eq!(sound_now(&table).await, [paths[1].clone()]);
    let table = lake.append(&table, orders(&table, 90, 1)).await;
    let now = table.metadata().current_snapshot().unwrap();
    assert!(lines(&table, now).await.iter().all(|line| line.status != 2), "an append tells of no old removal");
    sound_now(&table).await;
}

#[tokio::test]
async fn a_file_that_is_gone_cannot_be_removed_again() {
    let lake = Lake::new().await;
    let (table, paths) = lake.three("sales.orders", 2).await;
    let gone = overwrite(Vec::new(), Targets::Files(vec![paths[0].clone(), "file:///nowhere.parquet".into()]));
    let error = refused(&lake, &table, gone).await;
    assert!(error.to_string().contains("nowhere.parquet") && !error.to_string().contains(&paths[0]), "{error}");
    let nothing = overwrite(Vec::new(), Targets::Files(Vec::new()));
    assert_eq!(refused(&lake, &table, nothing).await.kind(), Kind::Invalid);
    let before = manifests_on_disk(&table).await;
    assert_eq!(before, 6, "what was refused left nothing behind");
}

#[tokio::test]
async fn all_rows_are_replaced() {
    let lake = Lake::new().await;
    let (table, _) = lake.three("sales.orders", 2).await;
    let staged = lake.stage(&table, orders(&table, 500, 5)).await;
    let table = lake.commit(&table, &overwrite(staged, Targets::All)).await;
    assert_eq!(longs(&table, None, "id").await, (500..505).collect::<Vec<_>>());
    assert_eq!(summary(&table)["total-records"], "5");
    sound_now(&table).await;
}

async fn by_country(lake: &Lake) -> Table {
    let id = orders_schema().field_by_name("country").unwrap().id;
    let spec = UnboundPartitionSpec::builder().add_partition_field(id, "country", Transform::Identity).unwrap().build();
    let table = lake.table("sales.parts", orders_schema(), Some(spec), 2).await;
    lake.append(&table, orders(&table, 0, 30)).await
}

#[tokio::test]
async fn partitions_of_the_added_files_are_replaced_and_no_others() {
    let lake = Lake::new().await;
    let table = by_country(&lake).await;
    let german = longs(&table, None, "id").await.into_iter().filter(|id| id % 3 == 0 && id % 10 != 9).count();
    let staged = lake.stage(&table, orders(&table, 300, 1)).await;
    let table = lake.commit(&table, &overwrite(staged, Targets::Partitions)).await;
    let ids = longs(&table, None, "id").await;
    assert_eq!(ids.len(), 30 - german + 1);
    assert!(ids.contains(&300) && !ids.contains(&0) && ids.contains(&1) && ids.contains(&9));
    assert_eq!(summary(&table)["replace-partitions"], "true");
    sound_now(&table).await;
    let table = lake.commit(&table, &Change::SetSpec(days(table.metadata()))).await;
    let staged = lake.stage(&table, orders(&table, 301, 1)).await;
    let error = refused(&lake, &table, overwrite(staged, Targets::Partitions)).await;
    assert_eq!(error.kind(), Kind::Unsupported, "nobody knows the partitions of files of the old spec: {error}");
}

#[tokio::test]
async fn partitions_that_others_left_alone_are_replaced_upon_what_they_did() {
    let lake = Lake::new().await;
    let table = by_country(&lake).await;
    let read_at = head(&table);
    let german = lake.stage(&table, orders(&table, 300, 1)).await;
    let over = || checked(german.clone(), Targets::Partitions, Some(read_at), None);
    let elsewhere = lake.append(&table, orders(&table, 301, 1)).await;
    let table = lake.commit(&elsewhere, &over()).await;
    assert!(longs(&table, None, "id").await.contains(&301));
    let table = lake.commit(&table, &Change::Rollback { branch: "main".into(), snapshot_id: read_at }).await;
    let same = lake.append(&table, orders(&table, 303, 1)).await;
    assert_eq!(refused(&lake, &same, over()).await.kind(), Kind::Unavailable);
}

#[tokio::test]
async fn a_filter_removes_whole_files_and_names_the_ones_it_cannot() {
    let lake = Lake::new().await;
    let (table, paths) = lake.three("sales.orders", 2).await;
    let HitFiles { whole, partly } = hit_files(&table, head(&table), &id_from(15)).await.unwrap();
    assert_eq!(whole.iter().map(|f| &f.path).collect::<Vec<_>>(), [&paths[2]]);
    assert_eq!(partly.iter().map(|f| (&f.path, f.records)).collect::<Vec<_>>(), [(&paths[1], 10)]);
    let error = refused(&lake, &table, delete(id_from(15))).await;
    assert!(error.kind() == Kind::Unsupported && error.to_string().contains(&paths[1]), "{error}");
    assert_eq!(refused(&lake, &table, delete(id_from(1000))).await.kind(), Kind::Invalid);
    let table = lake.commit(&table, &delete(id_from(10))).await;
    assert_eq!(operation(&table), Operation::Delete);
    assert_eq!(longs(&table, None, "id").await, (0..10).collect::<Vec<_>>());
    sound_now(&table).await;
}

#[tokio::test]
async fn a_partition_value_proves_what_statistics_cannot() {
    let lake = Lake::new().await;
    let table = by_country(&lake).await;
    let table = lake.commit(&table, &delete(Reference::new("country").equal_to(Datum::string("FR")))).await;
    let left = longs(&table, None, "id").await;
    assert!(left.iter().all(|id| id % 3 != 1 || id % 10 == 9) && left.len() == 21, "{left:?}");
    let table = lake.commit(&table, &delete(Reference::new("country").is_null())).await;
    assert!(longs(&table, None, "id").await.iter().all(|id| id % 10 != 9));
    sound_now(&table).await;
}

#[tokio::test]
async fn what_others_did_to_the_same_rows_is_a_conflict() {
    let lake = Lake::new().await;
    let (table, paths) = lake.three("sales.orders", 2).await;
    let read_at = head(&table);
    let table = lake.append(&table, orders(&table, 100, 10)).await;
    let theirs = head(&table);
    let found = conflicts(&table, Some(read_at), Some(theirs), &id_from(105)).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].snapshot_id, found[0].kind, found[0].records), (theirs, ConflictKind::AddedRows, 10));
    assert_eq!(conflicts(&table, Some(read_at), Some(theirs), &id_from(200)).await.unwrap(), []);
    let targets = || Targets::Files(vec![paths[2].clone()]);
    let error = refused(&lake, &table, checked(Vec::new(), targets(), Some(read_at), None)).await;
    assert!(error.kind() == Kind::Unavailable && error.to_string().contains(&found[0].file), "{error}");
    let below = id_from(20).and(Reference::new("id").less_than(Datum::long(30)));
    let table = lake.commit(&table, &checked(Vec::new(), targets(), Some(read_at), Some(below))).await;
    let found = conflicts(&table, Some(theirs), Some(head(&table)), &id_from(0)).await.unwrap();
    assert_eq!(found.iter().map(|c| (c.kind, &c.file)).collect::<Vec<_>>(), [(ConflictKind::RemovedRows, &paths[2])]);
    let away = lake.commit(&table, &Change::Rollback { branch: "main".into(), snapshot_id: read_at }).await;
    let gone = conflicts(&away, Some(theirs), Some(head(&away)), &id_from(0)).await.unwrap_err();
    assert_eq!(gone.kind(), Kind::Invalid);
}

#[tokio::test]
async fn a_compaction_keeps_the_age_of_its_rows() {
    let lake = Lake::new().await;
    for format in [1, 2, 3] {
        let (table, paths) = lake.three(&format!("sales.v{format}"), format).await;
        let read_at = head(&table);
        let staged = lake.stage(&table, orders(&table, 0, 20)).await;
        let path = staged[0].file.file_path().to_string();
        let table = lake.append(&table, orders(&table, 30, 10)).await;
        let replace = |added: Vec<StagedFile>| Change::Replace {
            branch: "main".into(),
            added,
            deleted: paths[..2].to_vec(),
            read_at,
            summary: BTreeMap::new(),
        };
        let table_after = lake.commit(&table, &replace(staged.clone())).await;
        assert_eq!(operation(&table_after), Operation::Replace);
        assert_eq!(longs(&table_after, None, "id").await, (0..40).collect::<Vec<_>>());
        sound_now(&table_after).await;
        let now = table_after.metadata().current_snapshot().unwrap();
        let line = lines(&table_after, now).await.into_iter().find(|line| line.path == path).unwrap();
        let ages = if format == 1 { (0, 0) } else { (3, 5) };
        assert_eq!((line.sequence, line.file_sequence), ages, "v{format}");
        assert!(
            conflicts(&table_after, Some(read_at), Some(head(&table_after)), &id_from(0)).await.unwrap().len() == 1
        );
        let fewer = lake.stage(&table, orders(&table, 0, 19)).await;
        assert_eq!(refused(&lake, &table, replace(fewer)).await.kind(), Kind::Invalid, "no row may be lost");
        assert_eq!(refused(&lake, &table_after, replace(staged)).await.kind(), Kind::AlreadyExists);
    }
}

#[tokio::test]
async fn deletes_follow_the_data_they_are_about() {
    let lake = Lake::new().await;
    let (table, paths) = lake.three("sales.orders", 2).await;
    let read_at = head(&table);
    let table = delete_positions(&lake, &table, &paths[0], &[3, 4]).await;
    assert_eq!(longs(&table, None, "id").await.len(), 28);
    let found = conflicts(&table, Some(read_at), Some(head(&table)), &id_from(0)).await.unwrap();
    assert_eq!(found[0].kind, ConflictKind::AddedDeletes);
    // Written again from what was read before the delete, the deleted rows would come back.
    let staged = lake.stage(&table, orders(&table, 0, 10)).await;
    let cow = |read_at, filter| checked(staged.clone(), Targets::Files(vec![paths[0].clone()]), Some(read_at), filter);
    let error = refused(&lake, &table, cow(read_at, Some(id_from(1000)))).await;
    assert_eq!(error.kind(), Kind::Unavailable, "{error}");
    let replace = |read_at| Change::Replace {
        branch: "main".into(),
        added: staged.clone(),
        deleted: vec![paths[0].clone()],
        read_at,
        summary: BTreeMap::new(),
    };
    assert_eq!(refused(&lake, &table, replace(read_at)).await.kind(), Kind::Unavailable);
    // Deletes of other files stay.
    let table = lake.commit(&table, &overwrite(Vec::new(), Targets::Files(vec![paths[1].clone()]))).await;
    assert_eq!((longs(&table, None, "id").await.len(), &*summary(&table)["total-delete-files"]), (18, "1"));
    // Deletes of removed files, older than anything left, go.
    let now = head(&table);
    let table =
        lake.commit(&table, &overwrite(Vec::new(), Targets::Files(vec![paths[0].clone(), paths[2].clone()]))).await;
    let told = summary(&table);
    assert_eq!(
        (&*told["removed-delete-files"], &*told["removed-position-deletes"], &*told["total-delete-files"]),
        ("1", "2", "0")
    );
    sound_now(&table).await;
    assert_eq!(longs(&table, Some(now), "id").await.len(), 18);
    let old = table.metadata().snapshot_by_id(now).unwrap().clone();
    sound(&table, &old).await;
}

#[tokio::test]
async fn totals_survive_a_table_that_was_emptied() {
    let lake = Lake::new().await;
    let (table, _) = lake.three("sales.orders", 3).await;
    let table = lake.commit(&table, &delete(Predicate::AlwaysTrue)).await;
    assert_eq!((&*summary(&table)["total-records"], &*summary(&table)["total-files-size"]), ("0", "0"));
    assert_eq!(sound_now(&table).await, Vec::<String>::new());
    let table = lake.append(&table, orders(&table, 0, 3)).await;
    assert_eq!(longs(&table, None, "id").await, [0, 1, 2]);
    sound_now(&table).await;
}

#[tokio::test]
async fn a_branch_is_overwritten_without_main() {
    let lake = Lake::new().await;
    let (table, paths) = lake.three("sales.orders", 2).await;
    let table = lake.branch(&table, "audit", head(&table)).await;
    let change = Change::Delete { branch: "audit".into(), filter: id_from(20), summary: BTreeMap::new() };
    let table = lake.commit(&table, &change).await;
    let audit = table.metadata().snapshot_for_ref("audit").unwrap();
    assert_eq!(sound(&table, audit).await.len(), 2);
    assert_eq!(sound_now(&table).await.len(), paths.len());
}

#[tokio::test]
async fn equality_deletes_go_on_to_concern_compacted_rows() {
    let lake = Lake::new().await;
    let (table, paths) = lake.three("sales.orders", 2).await;
    let read_at = head(&table);
    let added = lake.stage(&table, orders(&table, 0, 20)).await;
    let table = delete_ids(&lake, &table, &[3, 25]).await;
    assert_eq!(longs(&table, None, "id").await.len(), 28);
    let change = Change::Replace {
        branch: "main".into(),
        added,
        deleted: paths[..2].to_vec(),
        read_at,
        summary: BTreeMap::new(),
    };
    let table = lake.commit(&table, &change).await;
    assert!(!longs(&table, None, "id").await.contains(&3), "a deleted row came back");
    assert_eq!(longs(&table, None, "id").await.len(), 28);
    sound_now(&table).await;
    let conflict = checked(Vec::new(), Targets::Files(vec![paths[2].clone()]), Some(read_at), Some(id_from(1000)));
    assert_eq!(refused(&lake, &table, conflict).await.kind(), Kind::Unavailable, "a delete may concern the file");
    let table = lake.commit(&table, &overwrite(Vec::new(), Targets::Files(vec![paths[2].clone()]))).await;
    assert_eq!(summary(&table)["total-delete-files"], "1", "it still concerns the compacted file");
    let table = lake.commit(&table, &overwrite(Vec::new(), Targets::All)).await;
    let told = summary(&table);
    assert_eq!((&*told["removed-equality-deletes"], &*told["removed-equality-delete-files"]), ("2", "1"));
    assert_eq!((&*told["total-equality-deletes"], &*told["total-delete-files"]), ("0", "0"));
    sound_now(&table).await;
}

#[tokio::test]
async fn a_deletion_vector_goes_with_its_file() {
    let lake = Lake::new().await;
    let (table, paths) = lake.three("sales.orders", 3).await;
    let read_at = head(&table);
    let table = delete_by_vector(&lake, &table, &paths[1]).await;
    let remove = |n: usize| overwrite(Vec::new(), Targets::Files(vec![paths[n].clone()]));
    let late = checked(Vec::new(), Targets::Files(vec![paths[1].clone()]), Some(read_at), Some(id_from(1000)));
    assert_eq!(refused(&lake, &table, late).await.kind(), Kind::Unavailable);
    let table = lake.commit(&table, &remove(2)).await;
    assert_eq!(summary(&table)["total-delete-files"], "1");
    let table = lake.commit(&table, &remove(1)).await;
    let told = summary(&table);
    assert_eq!(
        (&*told["removed-dvs"], &*told["removed-position-deletes"], &*told["total-delete-files"]),
        ("1", "1", "0")
    );
    sound_now(&table).await;
}
