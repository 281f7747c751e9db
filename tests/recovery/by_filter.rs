//! Deleting and overwriting by filter: exactly the rows that match go, whatever lies around them and whoever is faster.

mod beaten;
mod loads;
mod verb;

use std::collections::BTreeMap;

use iceberg::spec::{Transform, UnboundPartitionSpec};
use icedeck::ingest::create::{CreateTable, NewColumn};
use icedeck::query::{self, RowsRequest};
use icedeck::recovery::by_filter::{DeletePlan, Deleted, Taken, delete};
use icedeck::recovery::{OnConflict, Word};
use icedeck::table::Cell;

use super::*;
use crate::commit::deletes::{delete_by_vector, delete_ids, delete_positions};
use crate::common::lake::{append, longs, orders, orders_schema};
use crate::common::rounds as tries;
use crate::look::pruning::{random_filter, random_table};
use crate::stage::rows::{Dice, TYPES, batch};

const NAME: &str = "sales.orders";

/// The rows for which a filter is true (all without one), as text, sorted.
async fn rows(table: &Table, filter: Option<String>) -> Vec<String> {
    let request = RowsRequest { filter, ..RowsRequest::default() };
    let mut stream = query::rows(table, &request, &Monitor::new()).await.unwrap();
    let mut found = Vec::new();
    while let Some(page) = stream.next().await.unwrap() {
        found.extend(page.rows.iter().map(|row| format!("{:?}", row.iter().map(Cell::to_json).collect::<Vec<_>>())));
    }
    found.sort();
    found
}

async fn planned(table: &Table, filter: &str) -> DeletePlan {
    let plan = delete(table, "main", filter, &Monitor::new()).await;
    plan.unwrap_or_else(|e| panic!("{filter}: {}", e.report()))
}

async fn carried(lake: &Lake, connection: &Connection, plan: &DeletePlan) -> Deleted {
    let policy = Policy::hasty(OnConflict::Rebase);
    plan.carry_out(connection, &policy, &lake.env, &Monitor::new()).await.unwrap()
}

/// Deletes what must be there, and returns the table after it.
async fn deleted(lake: &Lake, table: &Table, filter: &str) -> (Taken, Table) {
    let done = carried(lake, &lake.connection, &planned(table, filter).await).await;
    assert_eq!(done.done.outcome, Word::Committed, "{filter}: {done:?}");
    assert!(recovery::open_rows(&lake.env).unwrap().rows.is_empty(), "every journal is closed");
    (done.taken, lake.load(table.name()).await)
}

/// `sales.orders` with three files of ten rows, ids 0 to 29.
async fn three(lake: &Lake, format: u8) -> (Table, Vec<String>) {
    lake.three(NAME, format).await
}

async fn ids(lake: &Lake) -> Vec<i64> {
    longs(&lake.load(&NAME.parse().unwrap()).await, None, "id").await
}

fn without(all: std::ops::Range<i64>, gone: impl Fn(i64) -> bool) -> Vec<i64> {
    all.filter(|id| !gone(*id)).collect()
}

/// A table of every type that version 2 has, with some files; the first one has got a column and another spec on the way.
async fn of_every_type(lake: &Lake, dice: &mut Dice, number: usize) -> Table {
    if number == 0 {
        return random_table(lake, dice, number, 2).await;
    }
    let types = TYPES.iter().filter(|(_, of)| *of != "fixed[4]" && !of.ends_with("_ns"));
    let columns = [("id", "long")].iter().chain(types);
    let columns = columns.map(|(name, of)| NewColumn::optional(*name, of.parse().unwrap())).collect();
    let mut wanted = CreateTable::new(format!("t.n{number}").parse().unwrap(), columns);
    wanted.partition_by = ["", "small", "bucket(2, word)", "month(at)"][number].into();
    wanted.draft().unwrap().create(&lake.connection, true).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_the_rows_that_match_go() {
    let lake = Lake::new().await;
    let mut dice = Dice(20_261_122);
    let (mut sum, mut next) = (Taken::default(), 1000);
    for number in 0..4 {
        let mut table = of_every_type(&lake, &mut dice, number).await;
        for _ in 0..tries("ICEDECK_FILTERS").unwrap_or(3) {
            if rows(&table, None).await.len() < 20 {
                for _ in 0..4 {
                    next += 100;
                    table = lake.append(&table, batch(&table, next, 5, next.cast_unsigned())).await;
                }
            }
            let text = random_filter(&batch(&table, next, 40, 7), &mut dice);
            let stays = rows(&table, Some(format!("case when {text} then false else true end"))).await;
            let before = rows(&table, None).await;
            let plan = planned(&table, &text).await;
            assert_eq!(plan.taken.deleted_rows, (before.len() - stays.len()) as u64, "{text}");
            if plan.is_empty() {
                continue;
            }
            let taken;
            (taken, table) = deleted(&lake, &table, &text).await;
            assert_eq!(rows(&table, None).await, stays, "{text}, table {number}");
            sum.removed_files += taken.removed_files;
            sum.rewritten_files += taken.rewritten_files;
            sum.read_files += taken.read_files;
        }
    }
    println!("{sum:?}");
    assert!(sum.removed_files > 5 && sum.rewritten_files > 5, "{sum:?}: too few to find a loss");
    assert!(sum.read_files < sum.removed_files + sum.rewritten_files, "{sum:?}: no file goes unread");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_go_whole_are_not_read() {
    let lake = Lake::new().await;
    let (table, _) = three(&lake, 2).await;
    let numbers = |taken: Taken| {
        [taken.deleted_rows, taken.removed_files, taken.rewritten_files, taken.kept_rows, taken.read_files]
    };
    for (text, wanted) in [
        ("id < 10", [10, 1, 0, 0, 0]),
        ("id < 15", [15, 1, 1, 5, 1]),
        ("id >= 10 and id < 20", [10, 1, 0, 0, 0]),
        ("not (id >= 10)", [10, 1, 0, 0, 1]),
        ("id in (3, 13)", [2, 0, 2, 18, 2]),
        ("id + 0 < 10", [10, 1, 0, 0, 3]),
        ("id < '9'", [9, 0, 1, 1, 1]),
        ("id between '2' and '10'", [9, 0, 2, 11, 2]),
        ("not (id not in ('3', '13'))", [2, 0, 2, 18, 3]),
        ("true", [30, 3, 0, 0, 0]),
        ("id > 100", [0; 5]),
        ("id = null", [0, 0, 0, 0, 3]),
        // In each tenth row everything that may be null is null: bounds alone prove nothing, and that row stays.
        ("day < '2030-01-01'", [27, 0, 3, 3, 3]),
    ] {
        let plan = planned(&table, text).await;
        assert_eq!(numbers(plan.taken)[..4], wanted[..4], "{text}");
        assert!(plan.taken.read_files <= wanted[4], "{text}: {} read", plan.taken.read_files);
    }
    assert_eq!(crate::ingest::data_files(&lake).len(), 3, "planning writes nothing");
    assert!(!journal::folder(&lake.env).exists(), "nor a journal");

    let spec = UnboundPartitionSpec::builder().add_partition_field(2, "country", Transform::Identity).unwrap();
    let table = lake.table("sales.parts", orders_schema(), Some(spec.build()), 2).await;
    let table = lake.append(&table, orders(&table, 0, 30)).await;
    let plan = planned(&table, "country = 'DE'").await;
    assert_eq!((plan.taken.removed_files, plan.taken.read_files), (1, 0), "a partition goes unread");
    let (_, table) = deleted(&lake, &table, "country = 'DE'").await;
    let is_german = |id: i64| id % 3 == 0 && id % 10 != 9;
    assert_eq!(longs(&table, None, "id").await, without(0..30, is_german));
    let told = table.metadata().current_snapshot().unwrap().summary();
    assert_eq!(told.operation, iceberg::spec::Operation::Delete);
    assert!(told.additional_properties.contains_key("icedeck.ingest-id"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_for_which_the_filter_is_null_stay() {
    let lake = Lake::new().await;
    let (table, _) = three(&lake, 2).await;
    let (_, table) = deleted(&lake, &table, "country <> 'FR'").await;
    let is_null = |id: i64| id % 10 == 9;
    let other = |id: i64| !is_null(id) && id % 3 != 1;
    assert_eq!(longs(&table, None, "id").await, without(0..30, other));
    let (_, table) = deleted(&lake, &table, "not (country is null) or amount > 0").await;
    assert_eq!(longs(&table, None, "id").await, [9, 19, 29]);
    let (taken, table) = deleted(&lake, &table, "country is null").await;
    assert_eq!((longs(&table, None, "id").await.len(), taken.removed_files), (0, 1), "they had come into one file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_deletes_took_before_do_not_come_back() {
    let lake = Lake::new().await;
    let (table, paths) = three(&lake, 2).await;
    let table = delete_positions(&lake, &table, &paths[0], &[0, 1, 2]).await;
    let table = delete_ids(&lake, &table, &[4, 14, 15, 24]).await;
    let gone = |id: i64| [0, 1, 2, 4, 14, 15, 24].contains(&id);
    assert_eq!(longs(&table, None, "id").await, without(0..30, gone));
    let plan = planned(&table, "id < 20").await;
    assert_eq!((plan.taken.deleted_rows, plan.taken.removed_files), (14, 2), "live rows are counted");
    let (taken, table) = deleted(&lake, &table, "id in (0, 3, 13, 14)").await;
    assert_eq!((taken.deleted_rows, taken.rewritten_files, taken.kept_rows), (2, 2, 12));
    let gone = |id: i64| gone(id) || [3, 13].contains(&id);
    assert_eq!(longs(&table, None, "id").await, without(0..30, gone));
    // New rows with the deleted keys are not concerned by deletes that are older.
    let table = lake.append(&table, orders(&table, 14, 1)).await;
    let (_, table) = deleted(&lake, &table, "id = 29").await;
    assert_eq!(longs(&table, None, "id").await, without(0..29, |id| gone(id) && id != 14));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_written_again_is_refused() {
    let lake = Lake::new().await;
    let (table, paths) = three(&lake, 3).await;
    let error = delete(&table, "main", "id = 3", &Monitor::new()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unsupported);
    assert!(error.to_string().contains("row ids"), "{error}");
    let (_, table) = deleted(&lake, &table, "id < 10").await;
    assert_eq!(longs(&table, None, "id").await, without(10..30, |_| false), "whole files need no writing");
    let table = delete_by_vector(&lake, &table, &paths[1]).await;
    let error = delete(&table, "main", "id < 20", &Monitor::new()).await.unwrap_err();
    assert!(error.kind() == Kind::Unsupported && error.to_string().contains("deletion vectors"), "{error}");
    for (branch, filter, kind) in
        [("main", "idd = 3", Kind::Invalid), ("main", " ", Kind::Invalid), ("nope", "id = 3", Kind::NotFound)]
    {
        assert_eq!(delete(&table, branch, filter, &Monitor::new()).await.unwrap_err().kind(), kind, "{filter}");
    }
    let empty = lake.orders("sales.empty").await;
    assert!(planned(&empty, "id = 3").await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_branch_is_cut_alone_and_in_the_columns_of_today() {
    let lake = Lake::new().await;
    let (table, _) = three(&lake, 2).await;
    let head = table.metadata().current_snapshot_id().unwrap();
    let table = lake.branch(&table, "audit", head).await;
    let late = iceberg::spec::NestedField::optional(
        0,
        "late",
        iceberg::spec::Type::Primitive(iceberg::spec::PrimitiveType::Long),
    );
    let table = lake.commit(&table, &Change::AddColumns(vec![late.into()])).await;
    let plan = delete(&table, "audit", "id = 3 and late is null", &Monitor::new()).await.unwrap();
    assert_eq!(carried(&lake, &lake.connection, &plan).await.done.branch, "audit");
    let table = lake.load(table.name()).await;
    assert_eq!(longs(&table, None, "id").await.len(), 30, "main stays");
    let audit = table.metadata().snapshot_for_ref("audit").unwrap().snapshot_id();
    assert_eq!(longs(&table, Some(audit), "id").await, without(0..30, |id| id == 3));
}
