//! Realistic rows for screens, and hostile ones among them: escape sequences, text that turns round, wide characters,
//! very long names.

use std::collections::BTreeMap;
use std::sync::Arc;

use icedeck::table::inspect::{
    ColumnMetrics, EntryRow, FieldRow, FileRow, HistoryRow, MetadataLogRow, Overview, PartitionRow, PartitionValue,
    PartitionValues, PropertyRow, ReadableMetrics, RefRow, SchemaRow, SnapshotRow,
};
use icedeck::table::{Cell, Moment};

use crate::common::lake::START_MS;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Clears the screen, rings the bell, turns text round.
pub const HOSTILE: &str = "\u{1b}[2Jx\u{7}\u{202e}gnp.evil";

pub fn long_name() -> String {
    "a_very_long_name_".repeat(18)
}

/// Which snapshot: id, parent, age, operation, rows added and removed, files added and removed, by, refs, on main.
struct S(i64, Option<i64>, i64, &'static str, (u64, u64), (u64, u64), &'static str, &'static [&'static str], bool);

fn snapshot(sequence: i64, s: &S) -> SnapshotRow {
    let S(id, parent, age, operation, rows, files, by, refs, on_line) = s;
    let summary = [
        ("added-records", rows.0.to_string()),
        ("deleted-records", rows.1.to_string()),
        ("total-records", "12450112".into()),
        ("engine-name", by.to_string()),
        ("note", HOSTILE.into()),
    ];
    SnapshotRow {
        committed_at: Moment(START_MS - age),
        snapshot_id: *id,
        parent_id: *parent,
        operation: operation.to_string(),
        manifest_list: format!("s3://lake/sales/orders/metadata/snap-{id}-1-0d2c.avro"),
        summary: summary.into_iter().map(|(k, v)| (k.to_string(), v)).collect(),
        sequence_number: sequence,
        schema_id: Some(3),
        added_rows: Some(rows.0),
        deleted_rows: Some(rows.1),
        added_files: Some(files.0),
        removed_files: Some(files.1),
        total_rows: Some(12_450_112),
        total_files: Some(214),
        total_bytes: Some(3_221_225_472),
        by: Some(by.to_string()),
        ingest_id: (*by == "icedeck").then(|| "01JD8Z5W3Q7Q".to_string()),
        on_current_line: *on_line,
        refs: refs.iter().map(|r| r.to_string()).collect(),
    }
}

/// The history of screens.md: a line, a branch, a tag, a snapshot that was rolled back.
pub fn snapshots() -> Vec<SnapshotRow> {
    let told = [
        S(5_120_000_000_000_042, None, 9 * DAY, "append", (55_010, 0), (2, 0), "icedeck", &["eoy-2025"], true),
        S(
            7_700_000_000_000_111,
            Some(5_120_000_000_000_042),
            2 * DAY,
            "append",
            (77_000, 0),
            (3, 0),
            "flink",
            &[],
            false,
        ),
        S(
            7_800_000_000_000_222,
            Some(5_120_000_000_000_042),
            2 * DAY - HOUR,
            "overwrite",
            (1204, 1204),
            (2, 2),
            "pyiceberg",
            &[],
            true,
        ),
        S(
            7_900_000_000_000_333,
            Some(7_800_000_000_000_222),
            30 * HOUR,
            "append",
            (4000, 0),
            (1, 0),
            HOSTILE,
            &["audit"],
            false,
        ),
        S(
            8_000_000_000_000_444,
            Some(7_800_000_000_000_222),
            28 * HOUR,
            "append",
            (98_112, 0),
            (4, 0),
            "icedeck",
            &[],
            true,
        ),
        S(8_100_000_000_000_555, Some(8_000_000_000_000_444), 2 * HOUR, "replace", (0, 0), (0, 38), "spark", &[], true),
        S(
            8_264_310_946_571_773,
            Some(8_100_000_000_000_555),
            3 * MINUTE,
            "append",
            (120_000, 0),
            (4, 0),
            "icedeck",
            &["main"],
            true,
        ),
    ];
    (1..).zip(&told).map(|(sequence, s)| snapshot(sequence, s)).collect()
}

pub fn history() -> Vec<HistoryRow> {
    let row = |s: SnapshotRow| HistoryRow {
        made_current_at: s.committed_at,
        snapshot_id: s.snapshot_id,
        parent_id: s.parent_id,
        is_current_ancestor: s.on_current_line,
    };
    snapshots().into_iter().filter(|s| s.refs != ["audit"]).map(row).collect()
}

pub fn refs() -> Vec<RefRow> {
    let row = |name: &str, kind: &'static str, snapshot_id, age| RefRow {
        name: name.into(),
        kind,
        snapshot_id,
        max_reference_age_in_ms: age,
        min_snapshots_to_keep: (kind == "BRANCH").then_some(5),
        max_snapshot_age_in_ms: None,
    };
    vec![
        row("audit", "BRANCH", 7_900_000_000_000_333, None),
        row("eoy-2025", "TAG", 5_120_000_000_000_042, Some(365 * DAY)),
        row(HOSTILE, "TAG", 5_120_000_000_000_042, None),
        row("main", "BRANCH", 8_264_310_946_571_773, None),
    ]
}

pub fn properties() -> Vec<PropertyRow> {
    let row = |key: &str, value: &str| PropertyRow { key: key.into(), value: value.into() };
    vec![
        row("commit.retry.num-retries", "4"),
        row("owner", "売上チーム 🧊"),
        row("comment", HOSTILE),
        row(&long_name(), &long_name()),
        row("write.parquet.compression-codec", "zstd"),
        row("write.target-file-size-bytes", "134217728"),
    ]
}

pub fn metadata_log() -> Vec<MetadataLogRow> {
    let row = |n: i64, age: i64| MetadataLogRow {
        timestamp: Moment(START_MS - age),
        file: format!("s3://lake/sales/orders/metadata/0000{n}-7f1c6f2e-2f60-4a3e-9d7a-1d7b62b7f0{n}1.metadata.json"),
        latest_snapshot_id: (n > 0).then_some(8_000_000_000_000_000 + n),
        latest_schema_id: (n > 0).then_some(3),
        latest_sequence_number: (n > 0).then_some(n),
    };
    vec![row(0, 9 * DAY), row(1, 2 * DAY), row(2, 2 * HOUR), row(3, 3 * MINUTE)]
}

pub fn overview(name: &str) -> Overview {
    Overview {
        table: name.into(),
        format_version: 2,
        table_uuid: "0d2c6f2e-2f60-4a3e-9d7a-1d7b62b7f001".into(),
        location: "s3://lake/sales/orders".into(),
        metadata_location: "s3://lake/sales/orders/metadata/00003-7f1c6f2e.metadata.json".into(),
        last_updated_at: Moment(START_MS - 3 * MINUTE),
        snapshot_id: Some(8_264_310_946_571_773),
        committed_at: Some(Moment(START_MS - 3 * MINUTE)),
        operation: Some("append".into()),
        by: Some("icedeck".into()),
        record_count: Some(12_450_112),
        data_file_count: Some(214),
        delete_file_count: Some(3),
        position_delete_count: Some(1204),
        equality_delete_count: Some(0),
        total_size_in_bytes: Some(3_221_225_472),
        snapshot_count: 7,
        refs: refs(),
        schema_id: 3,
        column_count: 9,
        spec_id: 1,
        partition_spec: "day(ordered_at), bucket[16](order_id)".into(),
        sort_order_id: 1,
        sort_order: "ordered_at desc nulls-last".into(),
        properties: properties().into_iter().map(|p| (p.key, p.value)).collect(),
    }
}

pub fn empty_overview(name: &str) -> Overview {
    Overview {
        snapshot_id: None,
        committed_at: None,
        operation: None,
        by: None,
        record_count: Some(0),
        data_file_count: Some(0),
        delete_file_count: Some(0),
        position_delete_count: Some(0),
        total_size_in_bytes: Some(0),
        snapshot_count: 0,
        refs: Vec::new(),
        properties: BTreeMap::new(),
        partition_spec: "unpartitioned".into(),
        sort_order: "unsorted".into(),
        ..overview(name)
    }
}

fn metrics(lower: Cell, upper: Cell, nulls: u64) -> ColumnMetrics {
    ColumnMetrics {
        column_size: Some(4_194_304),
        value_count: Some(58_178),
        null_value_count: Some(nulls),
        nan_value_count: None,
        lower_bound: Some(lower),
        upper_bound: Some(upper),
    }
}

pub fn entry(n: u64, status: u8, content: u8) -> EntryRow {
    let text = |text: &str| Cell::Text(text.into());
    let day = format!("2026-11-{:02}", 18 + n % 4);
    let readable = [
        ("order_id", metrics(Cell::Int(10_000), Cell::Int(68_177), 0)),
        ("ordered_at", metrics(text("2026-11-19T00:00:03Z"), text("2026-11-19T23:59:58Z"), 0)),
        ("amount", metrics(Cell::Decimal("-12.50".into()), Cell::Decimal("9999999.99".into()), 0)),
        ("country", metrics(text("AT"), text("日本\u{1b}[31m"), 812)),
        (HOSTILE, ColumnMetrics::default()),
    ];
    EntryRow {
        status,
        snapshot_id: Some(8_264_310_946_571_773),
        sequence_number: Some(14),
        file_sequence_number: Some(14),
        data_file: FileRow {
            content,
            file_path: format!("s3://lake/sales/orders/data/day={day}/0000{n}-{n}-0d2c6f2e-2f60-4a3e-9d7a.parquet"),
            file_format: "PARQUET".into(),
            spec_id: 1,
            partition: PartitionValues(vec![
                PartitionValue { name: "ordered_at_day".into(), value: Cell::Date(20_776), human: day },
                PartitionValue { name: "order_id_bucket".into(), value: Cell::Int(3), human: "3".into() },
            ]),
            record_count: 58_178,
            file_size_in_bytes: 15_728_640 + n,
            column_sizes: BTreeMap::new(),
            value_counts: BTreeMap::new(),
            null_value_counts: BTreeMap::new(),
            nan_value_counts: BTreeMap::new(),
            lower_bounds: BTreeMap::new(),
            upper_bounds: BTreeMap::new(),
            key_metadata: None,
            split_offsets: Some(vec![4, 8_388_608]),
            equality_ids: (content == 2).then(|| vec![1, 4]),
            sort_order_id: Some(1),
            first_row_id: None,
            referenced_data_file: None,
            content_offset: None,
            content_size_in_bytes: None,
        },
        readable_metrics: ReadableMetrics(readable.into_iter().map(|(n, m)| (n.to_string(), m)).collect()),
        manifest: Arc::from("s3://lake/sales/orders/metadata/0d2c6f2e-m0.avro"),
    }
}

pub fn partitions() -> Vec<PartitionRow> {
    let row = |day: &str, n: u64| PartitionRow {
        partition: Some(PartitionValues(vec![PartitionValue {
            name: "ordered_at_day".into(),
            value: Cell::Date(20_776),
            human: day.into(),
        }])),
        spec_id: Some(1),
        record_count: 58_178 * n,
        file_count: n,
        total_data_file_size_in_bytes: 15_728_640 * n,
        position_delete_record_count: 12 * (n / 3),
        position_delete_file_count: n / 3,
        equality_delete_record_count: 0,
        equality_delete_file_count: 0,
        last_updated_at: Some(Moment(START_MS - n as i64 * HOUR)),
        last_updated_snapshot_id: Some(8_264_310_946_571_773),
    };
    vec![row("2026-11-19", 1), row("2026-11-20", 3), row("2026-11-21", 12), row(HOSTILE, 2), row("null", 1)]
}

fn field(id: i32, name: &str, type_name: &str, required: bool, doc: Option<&str>) -> FieldRow {
    FieldRow {
        id,
        name: name.into(),
        type_name: type_name.into(),
        required,
        doc: doc.map(Into::into),
        initial_default: None,
        write_default: (name == "country").then(|| Cell::Text("DE".into())),
        depth: name.matches('.').count(),
        identifies: name == "order_id",
    }
}

pub fn schema(schema_id: i32) -> SchemaRow {
    let mut fields = vec![
        field(1, "order_id", "long", true, Some("The order's number, unique over all shops")),
        field(2, "ordered_at", "timestamptz", true, None),
        field(3, "amount", "decimal(12, 2)", false, Some(HOSTILE)),
        field(4, "country", "string", false, None),
        field(5, "address", "struct<street: string, zip: string>", false, None),
        field(6, "address.street", "string", false, None),
        field(7, "address.zip", "string", false, None),
        field(8, "tags", "list<string>", false, None),
        field(9, "tags.element", "string", true, None),
    ];
    if schema_id > 0 {
        fields.push(field(10, &long_name(), "string", false, None));
        fields.push(field(11, "naïve 列 👩‍🚀", "double", false, None));
    }
    SchemaRow { schema_id, is_current: schema_id == 1, identifier_field_ids: vec![1], fields }
}
