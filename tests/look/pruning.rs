//! Files that a filter rules out: never one with a row that passes, and many of those without.

use std::collections::BTreeMap;

use arrow::array::{Array, RecordBatch};
use arrow::util::display::array_value_to_string;
use iceberg::spec::{NestedField, PrimitiveType, Transform, Type, UnboundPartitionSpec};
use icedeck::commit::Change;
use icedeck::ingest::create::{CreateTable, NewColumn};
use icedeck::query::FilesSeen;
use icedeck::table::Table;

use super::*;
use crate::common::{Lake, rounds};
use crate::stage::rows::{Dice, TYPES, batch, pool};

const PARTITIONS: [&str; 6] = ["", "word", "small", "day, yes", "bucket(4, big)", "key"];
const OPERATORS: [&str; 6] = ["=", "<>", "<", "<=", ">", ">="];

/// The rows for which a filter is true, and the files that were looked at for them.
async fn found(table: &Table, text: &str) -> (Vec<Vec<Value>>, FilesSeen) {
    let mut stream = query::rows(table, &filter(text), &monitor()).await.unwrap_or_else(|e| panic!("{text}: {e}"));
    let mut found = Vec::new();
    while let Some(page) = stream.next().await.unwrap_or_else(|e| panic!("{text}: {e}")) {
        found.extend(page.rows.iter().map(|row| row.iter().map(Cell::to_json).collect::<Vec<_>>()));
    }
    (found, stream.files())
}

/// What is true where `text` is, and that no file is judged by.
fn unjudged(text: &str) -> String {
    format!("case when {text} then true else false end")
}

/// A table of every type, files of a few rows each, an added column and another spec on the way.
pub async fn random_table(lake: &Lake, dice: &mut Dice, number: usize, format: u8) -> Table {
    let fits = |of: &str| of != "fixed[4]" && (format > 2 || !of.ends_with("_ns"));
    let columns = [("id", "long")].iter().chain(TYPES.iter().filter(|(_, of)| fits(of)));
    let columns = columns.map(|(name, of)| NewColumn::optional(*name, of.parse().unwrap())).collect();
    let mut wanted = CreateTable::new(format!("t.n{number}").parse().unwrap(), columns);
    wanted.format_version = Some(format);
    wanted.partition_by = PARTITIONS[number % PARTITIONS.len()].into();
    if wanted.partition_by == "key" {
        wanted.partition_by = String::new();
    }
    let mut table = wanted.draft().unwrap().create(&lake.connection, true).await.unwrap();
    for part in 0..5_i64 {
        if part == 3 {
            let late = NestedField::optional(0, "late", Type::Primitive(PrimitiveType::Long));
            table = lake.commit(&table, &Change::AddColumns(vec![late.into()])).await;
            let spec = UnboundPartitionSpec::builder().add_partition_field(1, "id_now", Transform::Identity).unwrap();
            table = lake.commit(&table, &Change::SetSpec(spec.build())).await;
        }
        let rows = batch(&table, part * 10, 1 + dice.roll(4), dice.roll(1 << 20) as u64);
        table = lake.append(&table, rows).await;
    }
    table
}

/// A value of the column as a filter writes it.
fn literal(rows: &RecordBatch, dice: &mut Dice, name: &str, of: &str) -> Option<String> {
    let values = if name == "id" { rows.column(0).clone() } else { pool(rows.column_by_name(name)?.data_type()) };
    let at = dice.roll(values.len());
    if values.is_null(at) {
        return None;
    }
    let text = array_value_to_string(&values, at).unwrap();
    Some(match of {
        "boolean" | "int" | "long" => text,
        "float" | "double" => format!("cast('{text}' as double)"),
        "binary" => format!("X'{text}'"),
        "uuid" => format!("'{}'", uuid::Uuid::parse_str(&text).unwrap()),
        "time" => format!("time '{text}'"),
        of if of.starts_with("decimal") => format!("cast('{text}' as {of})"),
        _ => format!("'{}'", text.replace('\'', "''")),
    })
}

fn condition(rows: &RecordBatch, dice: &mut Dice) -> String {
    let has = |name: &str| rows.column_by_name(name).is_some();
    let all = TYPES.iter().filter(|(name, of)| *of != "fixed[4]" && has(name));
    let columns: Vec<_> = all.chain(&[("id", "long")]).collect();
    let (name, of) = columns[dice.roll(columns.len())];
    let mut one = || literal(rows, dice, name, of);
    let (a, b) = (one(), one());
    match (a, b, dice.roll(9)) {
        (Some(a), _, which @ 0..6) => format!("{name} {} {a}", OPERATORS[which]),
        (Some(a), Some(b), 6) => format!("{name} in ({a}, {b})"),
        (Some(a), Some(b), 7) => format!("{name} between {a} and {b}"),
        (_, _, which) => format!("{name} is {}null", if which % 2 == 0 { "" } else { "not " }),
    }
}

pub fn random_filter(rows: &RecordBatch, dice: &mut Dice) -> String {
    let (a, b) = (condition(rows, dice), condition(rows, dice));
    match dice.roll(4) {
        0 => format!("({a}) and ({b})"),
        1 => format!("({a}) or ({b})"),
        2 => format!("not ({a})"),
        _ => a,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pruning_never_loses_a_row() {
    let lake = Lake::new().await;
    let mut dice = Dice(20_261_121);
    let mut ruled_out = 0;
    let mut passed = 0;
    for (number, partition) in PARTITIONS.iter().enumerate() {
        let table = random_table(&lake, &mut dice, number, 3).await;
        let rows = batch(&table, 0, 40, 7);
        for _ in 0..rounds("ICEDECK_FILTERS").unwrap_or(7) {
            let text = random_filter(&rows, &mut dice);
            let (pruned, seen) = found(&table, &text).await;
            let (all, every) = found(&table, &unjudged(&text)).await;
            assert_eq!(pruned, all, "{text}, partitioned by {partition:?}");
            assert_eq!((every.ruled_out, every.read), (0, seen.read + seen.ruled_out), "{text}");
            ruled_out += seen.ruled_out;
            passed += pruned.len();
        }
    }
    assert!(ruled_out > 50, "{ruled_out} files ruled out: pruning does nothing");
    assert!(passed > 50, "{passed} rows passed: the filters are too narrow to find a loss");
}

#[tokio::test]
async fn files_are_ruled_out_by_bounds_nulls_and_partitions() {
    let lake = Lake::new().await;
    let spec = UnboundPartitionSpec::builder().add_partition_field(2, "country", Transform::Identity).unwrap();
    let table = lake.table("sales.orders", crate::common::lake::orders_schema(), Some(spec.build()), 2).await;
    let mut table = table;
    for first in [0, 100, 200] {
        table = lake.append(&table, orders(&table, first, 9)).await; // three countries each, no nulls
    }
    let late = NestedField::optional(0, "late", Type::Primitive(PrimitiveType::Long));
    table = lake.commit(&table, &Change::AddColumns(vec![late.into()])).await;
    for (text, read, ruled_out) in [
        ("id >= 200", 3, 6),
        ("country = 'DE'", 3, 6),
        ("country = 'DE' and id < 100", 1, 8),
        ("id in (0, 108)", 2, 7),
        ("country is null", 0, 9),
        ("id > 1000 or country = 'FR'", 3, 6),
        ("not (id < 200)", 3, 6),
        ("not (country <> 'DE' or id >= 100)", 1, 8),
        ("id > 107.5", 4, 5),
        ("id between 100 and 150", 3, 6),
        ("id not between 0 and 150", 3, 6),
        ("day < '1970-01-05'", 3, 6),
        ("cast(id as string) > '5'", 9, 0),
        ("200 <= id", 3, 6),
        ("day < date '1970-01-05'", 3, 6),
        ("late is null", 9, 0),
        ("id + 0 >= 200", 9, 0),
        ("id + 0 >= 200 and country = 'DE'", 3, 6),
        ("cast(id as boolean) = false", 9, 0),
    ] {
        let (rows, seen) = found(&table, text).await;
        assert_eq!(seen, FilesSeen { read, ruled_out }, "{text}");
        assert_eq!(rows, found(&table, &unjudged(text)).await.0, "{text}");
    }
}

#[tokio::test]
async fn a_moment_far_away_is_compared_with_its_text() {
    let lake = Lake::new().await;
    let columns = [("id", "long"), ("at", "timestamp"), ("moment", "timestamptz")];
    let columns = columns.map(|(name, of)| NewColumn::optional(name, of.parse().unwrap())).to_vec();
    let wanted = CreateTable::new("t.m".parse().unwrap(), columns);
    let table = wanted.draft().unwrap().create(&lake.connection, true).await.unwrap();
    let table = lake.append(&table, batch(&table, 0, 60, 5)).await;
    for name in ["at", "moment"] {
        let count = async |text: String| found(&table, &text).await.0.len();
        let (some, late) = (count(format!("{name} is not null")).await, count(format!("{name} > '9999-01-01'")).await);
        assert!(late > 0 && late < some, "{name}: {late} of {some}");
        assert_eq!(count(format!("{name} in ('9999-12-31T23:59:59.999999')")).await, late);
        assert_eq!(count(format!("{name} >= '0001-01-01'")).await, some);
        let error = query::rows(&table, &filter(&format!("{name} > 'soon'")), &monitor()).await.unwrap_err();
        assert!(error.to_string().contains("soon"), "{error}");
    }
}

#[tokio::test]
async fn a_uuid_is_compared_with_its_text() {
    let lake = Lake::new().await;
    let columns = [("id", "long"), ("key", "uuid")];
    let columns = columns.map(|(name, of)| NewColumn::optional(name, of.parse().unwrap())).to_vec();
    let wanted = CreateTable { properties: BTreeMap::new(), ..CreateTable::new("t.u".parse().unwrap(), columns) };
    let table = wanted.draft().unwrap().create(&lake.connection, true).await.unwrap();
    let table = lake.append(&table, batch(&table, 0, 30, 5)).await;
    let count = async |text: &str| found(&table, text).await.0.len();
    let one = "key = '7f7f7f7f-7f7f-7f7f-7f7f-7f7f7f7f7f7f'";
    assert!(count(one).await > 0);
    assert_eq!(count(one).await, count("'7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F' = key").await);
    assert_eq!(count("key in ('7f7f7f7f-7f7f-7f7f-7f7f-7f7f7f7f7f7f')").await, count(one).await);
    let all = count("key is not null").await;
    assert_eq!(count("key <> '7f7f7f7f-7f7f-7f7f-7f7f-7f7f7f7f7f7f'").await, all - count(one).await);
    let error = query::rows(&table, &filter("key = 'f79c'"), &monitor()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.report().contains("uuid") && error.report().contains("f79c"), "{}", error.report());
}
