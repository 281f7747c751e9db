//! Many partitions, rolling, sorting: memory stays bounded and no row is lost.

use super::*;

fn counting(table: &Table, batches: usize, rows: usize) -> Vec<RecordBatch> {
    (0..batches).map(|i| rows::batch(table, (i * rows) as i64, rows, i as u64)).collect()
}

fn all_ids(files: &[StagedFile]) -> Vec<i64> {
    let mut found: Vec<i64> = files.iter().flat_map(|f| ids(&of_file(f))).collect();
    found.sort_unstable();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_roll_at_the_target_size() {
    let house = House::new().await;
    let table = house
        .table("rolling", &[("id", "long"), ("word", "string")], |t| {
            t.properties.insert("write.target-file-size-bytes".into(), "30000".into());
            t.properties.insert("write.parquet.row-group-size-bytes".into(), "4000".into());
        })
        .await;
    let files = staged(&table, counting(&table, 20, 9000), limits(32 << 20)).await.unwrap();
    assert!(files.len() > 5, "{}", files.len());
    assert!(files.iter().filter(|f| f.file.split_offsets().unwrap().len() > 1).count() > 3);
    assert_eq!(all_ids(&files), (0..180_000).collect::<Vec<_>>());
    let mut names: Vec<_> = files.iter().map(|f| f.file.file_path()).collect();
    names.dedup();
    assert_eq!(names.len(), files.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scarce_memory_makes_smaller_row_groups_and_loses_nothing() {
    let house = House::new().await;
    let columns = [("id", "long"), ("word", "string"), ("small", "int")];
    let table = house.table("many", &columns, |t| t.partition_by = "bucket(100, id)".into()).await;
    let few = StageLimits { workers: 2, memory: 1 << 20, open_files: 200 };
    let files = staged(&table, counting(&table, 30, 4000), few).await.unwrap();
    // While files may stay open a partition has one, or two where both workers had rows of it at the same moment.
    assert!((100..=200).contains(&files.len()), "{} files", files.len());
    assert!(files.iter().any(|f| f.file.split_offsets().unwrap().len() > 1));
    assert_eq!(all_ids(&files), (0..120_000).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_partitions_than_files_may_be_open() {
    let house = House::new().await;
    let table = house.table("crowd", &[("id", "long")], |t| t.partition_by = "truncate(10, id)".into()).await;
    let few = StageLimits { workers: 2, memory: 256 << 10, open_files: 8 };
    let files = staged(&table, counting(&table, 10, 500), few).await.unwrap();
    assert_eq!(all_ids(&files), (0..5000).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_called_sorted_only_when_it_is() {
    let house = House::new().await;
    let columns = [("id", "long"), ("word", "string"), ("big", "long")];
    let table = house.table("sorted", &columns, |t| t.sort_by = "big desc nulls last, id".into()).await;
    let one_run = staged(&table, counting(&table, 2, 3000), limits(256 << 20)).await.unwrap();
    assert!(one_run.iter().all(|f| f.file.sort_order_id() == Some(1)));
    for file in &one_run {
        let rows = of_file(file);
        let big = rows.column_by_name("big").unwrap().as_primitive::<Int64Type>().clone();
        let keys: Vec<_> = (0..rows.num_rows())
            .map(|i| {
                (big.iter().nth(i).flatten().is_none(), std::cmp::Reverse(big.iter().nth(i).flatten()), ids(&rows)[i])
            })
            .collect();
        assert!(keys.is_sorted());
    }
    let many_runs = staged(&table, counting(&table, 40, 3000), limits(1 << 20)).await.unwrap();
    assert!(many_runs.iter().all(|f| f.file.sort_order_id() == Some(0)));
    assert_eq!(all_ids(&many_runs), (0..120_000).collect::<Vec<_>>());

    let by_id = house.table("in_order", &columns, |t| t.sort_by = "id".into()).await;
    let in_order = staged(&by_id, counting(&by_id, 40, 3000), limits(1 << 20)).await.unwrap();
    assert!(in_order.iter().all(|f| f.file.sort_order_id() == Some(1)), "runs that follow each other stay sorted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_rows_there_is_no_file() {
    let house = House::new().await;
    let table = house.table("none", &[("id", "long")], |_| {}).await;
    let files = staged(&table, vec![rows::batch(&table, 0, 0, 1)], limits(32 << 20)).await.unwrap();
    assert!(files.is_empty() && house.data_files().is_empty());
}
