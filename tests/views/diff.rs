//! Comparing two snapshots on the screen, and the drawing of a lineage: branches, a rollback, a cherry-pick, and ten
//! thousand snapshots.

use std::time::{Duration, Instant};

use icedeck::app::route::Route;
use icedeck::table::Cell;
use icedeck::table::Moment;
use icedeck::table::changes::Direction::{Added, Removed};
use icedeck::table::changes::{
    Changes, FieldChange, FieldDifference, FileChange, FileTotals, Flow, Pair, PartitionChange, Relation, Rows,
    SchemaChange, Settings, SharedManifests, Side, Step, Sum, Way,
};
use icedeck::table::inspect::{HistoryRow, PartitionValue, PartitionValues, SnapshotRow};
use icedeck::views::diff::line::{Line, lines};
use icedeck::views::files::line::Slimmer;
use icedeck::views::of_table::SpecFields;
use icedeck::views::snapshots::{self, Standing};

use super::golden::{about, gallery, keep};
use super::samples;
use super::walks::{console, filled, walk};
use crate::common::Lake;
use crate::common::lake::{START_MS, orders};

fn side(id: i64, days: i64, refs: &[&str]) -> Side {
    Side {
        snapshot_id: id,
        committed_at: Moment(START_MS - days * 86_400_000),
        operation: "append".into(),
        by: Some(samples::HOSTILE.into()),
        sequence_number: 7,
        schema_id: 3,
        total_rows: Some(12_450_112),
        total_files: Some(214),
        total_bytes: Some(3_221_225_472),
        refs: refs.iter().map(ToString::to_string).collect(),
    }
}

fn sum(files: u64, rows: u64, bytes: u64) -> Sum {
    Sum { files, rows, bytes }
}

fn partition(day: i64, human: &str, data: Flow) -> PartitionChange {
    let value = PartitionValue { name: "day".into(), value: Cell::Date(day), human: human.into() };
    PartitionChange { partition: PartitionValues(vec![value]), spec_id: 1, data, deletes: Flow::default() }
}

fn told() -> Changes {
    let step = |id, operation: &str, rows| Step {
        snapshot_id: id,
        committed_at: Moment(START_MS - 3_600_000),
        operation: operation.into(),
        by: Some("spark".into()),
        added_rows: Some(rows),
        deleted_rows: Some(0),
    };
    let field = |id, name: &str, change, before: Option<&str>, after: Option<&str>| FieldChange {
        id,
        name: name.into(),
        change,
        before: before.map(Into::into),
        after: after.map(Into::into),
    };
    let pair = |name: &str, before: Option<&str>, after: Option<&str>| Pair {
        name: name.into(),
        before: before.map(Into::into),
        after: after.map(Into::into),
    };
    let data = Flow { added: sum(8, 218_112, 31_457_280), removed: sum(38, 1_204, 4_194_304) };
    Changes {
        from: side(5_120_000_000_000_042, 9, &["eoy-2025"]),
        to: side(8_264_310_946_571_773, 0, &["main"]),
        way: Way {
            relation: Relation::Diverged,
            common_ancestor_id: Some(5_000_000_000_000_001),
            undone: vec![step(5_120_000_000_000_042, "append", 55_010)],
            done: vec![step(8_000_000_000_000_444, "append", 98_112), step(8_264_310_946_571_773, "append", 120_000)],
        },
        rows: Rows {
            added: 218_112,
            removed: 1_204,
            net: 216_908,
            is_exact: false,
            estimated_because: Some(
                "delete files came or went, and the rows that they take away are not counted".into(),
            ),
        },
        files: FileTotals {
            data,
            position_deletes: Flow { added: sum(2, 40, 2_048), removed: Sum::default() },
            ..FileTotals::default()
        },
        manifests: SharedManifests { shared: 12, only_from: 1, only_to: 3 },
        partitions: vec![
            partition(20_777, "2026-11-20", Flow { added: sum(4, 98_112, 15_728_640), removed: Sum::default() }),
            partition(
                20_778,
                "2026-11-21",
                Flow { added: sum(4, 120_000, 15_728_640), removed: sum(38, 1_204, 4_194_304) },
            ),
        ],
        files_in_other_partitions: 0,
        schema: SchemaChange {
            from_schema_id: 2,
            to_schema_id: 3,
            fields: vec![
                field(4, "note", FieldDifference::Added, None, Some("string")),
                field(2, "amount", FieldDifference::Retyped, Some("decimal(10, 2)"), Some("decimal(12, 2)")),
                field(9, samples::HOSTILE, FieldDifference::Dropped, Some("long"), None),
            ],
        },
        settings: Some(Settings {
            layout: vec![pair("partition-spec", Some("unpartitioned"), Some("day(ordered_at)"))],
            properties: vec![pair("owner", Some("team-a"), Some(samples::HOSTILE)), pair("comment", None, Some("x"))],
            refs: vec![pair("main", Some("5120000000000042"), Some("8264310946571773"))],
        }),
        settings_unknown: None,
    }
}

#[test]
fn diff_screen() {
    let mut rows = lines(&told());
    let mut slimmer = Slimmer::new(SpecFields::default());
    rows.extend((1..4).map(|n| {
        let change = if n == 2 { Removed } else { Added };
        Line::file(FileChange { change, entry: samples::entry(n, 1, u8::from(n == 3)) }, &mut slimmer)
    }));
    let route = about("diff").with_detail("5120000000000042..main");
    keep("diff", gallery(&route, rows));
}

/// A snapshot with this parent: refs, whether it is on main's line, what else its summary says.
fn row(id: i64, parent: Option<i64>, refs: &[&str], on_line: bool, summary: &[(&str, &str)]) -> SnapshotRow {
    let mut row = samples::snapshots().remove(0);
    row.snapshot_id = 8_000_000_000_000_000 + id;
    row.parent_id = parent.map(|parent| 8_000_000_000_000_000 + parent);
    row.sequence_number = id;
    row.committed_at = Moment(START_MS - (40 - id) * 3_600_000);
    row.refs = refs.iter().map(ToString::to_string).collect();
    row.on_current_line = on_line;
    row.summary.extend(summary.iter().map(|(key, value)| (key.to_string(), value.to_string())));
    row
}

fn made_current(rows: &[SnapshotRow], ids: &[i64]) -> Vec<HistoryRow> {
    let entry = |(at, id): (usize, &i64)| HistoryRow {
        made_current_at: Moment(START_MS - (40 - at as i64) * 3_600_000),
        snapshot_id: 8_000_000_000_000_000 + id,
        parent_id: None,
        is_current_ancestor: rows.iter().any(|row| row.snapshot_id % 1_000 == *id && row.on_current_line),
    };
    ids.iter().enumerate().map(entry).collect()
}

#[test]
fn the_lineage_shows_branches_a_rollback_a_cherry_pick_and_what_is_ahead() {
    let rows = vec![
        row(1, None, &[], true, &[]),
        row(2, Some(1), &["eoy-2025"], true, &[]),
        row(3, Some(2), &[], false, &[]),
        row(4, Some(3), &[], false, &[]),
        row(5, Some(2), &[], true, &[]),
        row(6, Some(5), &["audit"], false, &[]),
        row(7, Some(5), &[], true, &[]),
        row(8, Some(7), &[], true, &[("source-snapshot-id", "8000000000000006")]),
        row(9, Some(7), &[], false, &[("wap.id", "nightly-7")]),
        row(10, Some(8), &["main"], true, &[]),
        row(11, Some(10), &[], false, &[]),
        row(12, Some(11), &["next-day", "staging"], false, &[]),
    ];
    let log = made_current(&rows, &[1, 2, 3, 4, 2, 5, 7, 8, 10]);
    let shown = snapshots::lines(rows, &log);
    let standing = |id: i64| shown.iter().find(|line| line.snapshot.sequence_number == id).unwrap();
    assert_eq!((standing(4).standing, standing(9).standing), (Standing::RolledBack, Standing::Loose));
    assert!(standing(2).reign.is_return && !standing(5).reign.is_return);
    keep("lineage", gallery(&about("snapshots"), shown));
}

/// Main with a branch at every seventh snapshot, and a rolled back pair at every fiftieth.
fn ten_thousand() -> (Vec<SnapshotRow>, Vec<HistoryRow>) {
    let mut rows = Vec::new();
    let mut main = 1;
    for id in 1..=10_000 {
        let parent = (id > 1).then_some(main);
        match id % 50 {
            7 | 14 | 21 => rows.push(row(id, parent, &["b"], false, &[])),
            49 => rows.push(row(id, parent, &[], false, &[])),
            _ => {
                rows.push(row(id, parent, &[], true, &[]));
                main = id;
            }
        }
    }
    let log = rows.iter().filter(|row| row.refs.is_empty()).map(|row| HistoryRow {
        made_current_at: row.committed_at,
        snapshot_id: row.snapshot_id,
        parent_id: row.parent_id,
        is_current_ancestor: row.on_current_line,
    });
    let log = log.collect();
    (rows, log)
}

#[test]
fn ten_thousand_snapshots_are_drawn_at_once() {
    let (rows, log) = ten_thousand();
    let begun = Instant::now();
    let shown = snapshots::lines(rows, &log);
    let took = begun.elapsed();
    println!("the lineage of 10,000 snapshots: {took:?}");
    assert!(took < Duration::from_secs(3), "{took:?}");
    for line in &shown {
        let signs = line.drawn.chars().filter(|c| "●◆○".contains(*c)).count();
        assert_eq!(signs, 1, "{}", line.drawn);
        let on_main = matches!(line.standing, Standing::Head | Standing::OnMain);
        assert_eq!(!line.drawn.starts_with([' ', '│']), on_main, "main is the leftmost line: {}", line.drawn);
        assert!(line.drawn.chars().count() <= 17);
    }
    let of = |standing| shown.iter().filter(|line| line.standing == standing).count();
    assert_eq!((of(Standing::Head), of(Standing::RolledBack), of(Standing::OnRef)), (1, 200, 600));
}

#[tokio::test]
async fn marks_and_a_key_compare_two_snapshots() {
    let lake: Lake = filled().await;
    let table = lake.load(&"sales.orders".parse().unwrap()).await;
    let table = lake.tag(&table, "first", table.metadata().history()[0].snapshot_id).await;
    lake.append(&table, orders(&table, 5000, 30)).await;
    let ids: Vec<i64> = table.metadata().history().iter().map(|entry| entry.snapshot_id).collect();
    let route = |screen| Route::new(screen).of_table("sales.orders".parse().unwrap());
    // Without marks a snapshot is compared with its parent, the newest first.
    let mut one = console(&lake, route("snapshots")).await;
    walk(&mut one, &lake, "D").await;
    assert!(one.screen(120, 30).contains("+30 rows"), "{}", one.screen(120, 30));
    walk(&mut one, &lake, "D").await;
    assert!(one.screen(120, 30).contains("-30 rows") || one.screen(120, 30).contains("−30 rows"));
    walk(&mut one, &lake, "r").await;
    let rows = one.screen(120, 40);
    assert!(rows.contains("30 removed") && rows.contains("5000"), "{rows}");
    // One mark and the cursor; two marks.
    for keys in ["space G D", "space G space g D"] {
        let mut two = console(&lake, route("snapshots")).await;
        walk(&mut two, &lake, keys).await;
        let seen = two.screen(120, 30);
        assert!(two.app.here().detail.as_deref().unwrap().starts_with(&ids[0].to_string()), "{seen}");
        assert!(seen.contains("+730 rows · 2 snapshots apart"), "{seen}");
    }
    let mut refs = console(&lake, route("refs")).await;
    walk(&mut refs, &lake, "g D").await;
    assert!(refs.screen(120, 30).contains("rows"), "{}", refs.screen(120, 30));
    // The first has no parent.
    let mut first = console(&lake, route("snapshots")).await;
    walk(&mut first, &lake, "G D").await;
    assert!(first.screen(120, 30).contains("no parent"), "{}", first.screen(120, 30));
    walk(&mut first, &lake, ":").await;
    first.type_text("diff first main");
    walk(&mut first, &lake, "enter").await;
    assert!(first.screen(120, 30).contains("+730 rows"), "{}", first.screen(120, 30));
}
