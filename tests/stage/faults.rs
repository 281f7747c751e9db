//! A disk that fills up and an operator who stops: nothing half-written stays.

use icedeck::Kind;

use super::*;
use crate::common::disk::SmallDisk;

async fn house_with_room(room: i64) -> (House, Table) {
    let house = House::new().await;
    let table = house
        .table("t", &[("id", "long"), ("word", "string")], |t| {
            t.partition_by = "bucket(4, id)".into();
            t.properties.insert("write.target-file-size-bytes".into(), "25000".into());
            t.properties.insert("write.parquet.row-group-size-bytes".into(), "10000".into());
        })
        .await;
    let storage = house.connection.storage().with_store("file://", Arc::new(SmallDisk::with_room(room)));
    let table = Table::new(table.inner().clone(), storage);
    (house, table)
}

fn batches(table: &Table) -> Vec<RecordBatch> {
    (0..20).map(|i| rows::batch(table, i * 5000, 5000, i as u64)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_leaves_nothing_behind() {
    for room in [0, 5_000, 60_000, 120_000] {
        let (house, table) = house_with_room(room).await;
        let error = staged(&table, batches(&table), limits(8 << 20)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{}", error.report());
        assert!(error.to_string().contains("disk is full"), "{error}");
        let told = error.hint("nothing was committed");
        assert_eq!(told.hints(), ["free some space and try again", "nothing was committed"], "each once");
        assert_eq!(house.data_files(), Vec::<PathBuf>::new(), "with room for {room} bytes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_discarded_is_gone() {
    let (house, table) = house_with_room(i64::MAX / 2).await;
    let stage = Arc::new(Stage::new(&table, "gone", limits(8 << 20)).unwrap());
    let (writing, rows) = (stage.clone(), batches(&table));
    let written = tokio::task::spawn_blocking(move || rows.into_iter().try_for_each(|batch| writing.write(0, batch)));
    written.await.unwrap().unwrap();
    let (files, bytes) = stage.so_far();
    assert!(files > 0 && bytes > 0, "some files are finished");
    let begun = house.data_files().len() as u64;
    assert!(begun >= files);
    let done = stage.discard().await;
    assert_eq!(begun, files + done.unfinished, "what was not finished is told of too");
    assert_eq!((done.removed, done.remaining.len()), (files, 0));
    assert_eq!(house.data_files(), Vec::<PathBuf>::new());
}
