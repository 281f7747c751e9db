//! Whole files against a mapping: the preflight and the file of rejected rows.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use iceberg::spec::{ListType, MapType, NestedField, PrimitiveType, Schema, StructType, Type};
use icedeck::ingest::bind::{Binding, Verdict};
use icedeck::ingest::mapping::{ColumnMapping, Mapping, Rule};
use icedeck::ingest::preflight::{self, PreflightReport};
use icedeck::ingest::rejects::Rejects;
use icedeck::ingest::source::{Source, SourceOptions};
use icedeck::monitor::Monitor;

use super::{primitive, schema};

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn open(path: &Path) -> (Source, Binding) {
    let table = schema(&[
        ("id!", primitive(PrimitiveType::Int)),
        ("amount", primitive(PrimitiveType::Decimal { precision: 8, scale: 2 })),
        ("day", primitive(PrimitiveType::Date)),
    ]);
    open_for(path, &table)
}

fn open_for(path: &Path, table: &Schema) -> (Source, Binding) {
    let source = Source::open(&SourceOptions::of([path]), &Monitor::new()).unwrap();
    let binding = Binding::new(&Mapping::matched(&source.columns, table), &source.columns, table).unwrap();
    (source, binding)
}

fn check(path: &Path) -> PreflightReport {
    let (source, binding) = open(path);
    preflight::run(&source, &binding, &Monitor::new()).unwrap()
}

fn check_for(path: &Path, table: &Schema) -> PreflightReport {
    let (source, binding) = open_for(path, table);
    preflight::run(&source, &binding, &Monitor::new()).unwrap()
}

/// Rejects every row that does not fit, block by block.
fn reject(path: &Path, to: &Path) -> u64 {
    let (source, binding) = open(path);
    let mut rejects = Rejects::create(to, &source).unwrap();
    let decoder = source.decoder(None).unwrap();
    for block in source.blocks(&Monitor::new()).unwrap() {
        let batch = block.unwrap().decode(&decoder).unwrap();
        let fitted = binding.fit(&batch).unwrap();
        rejects.write(&batch, &fitted.rejected, &fitted.faults).unwrap();
    }
    rejects.finish().unwrap()
}

const ORDERS: &str = "\
id,note,amount,day
1,a,1.50,2026-11-21
2,\"b, \"\"c\"\"\",1.505,2026-11-21
x,,7,2026-02-31
,d,,
5,too,many,cells,here
6,e,2,
";

#[test]
fn every_row_of_a_file_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "orders.csv", ORDERS);
    let report = check(&path);
    assert_eq!((report.rows, report.fit, report.unfit), (6, 2, 4));
    let reasons: Vec<_> = report
        .reasons
        .iter()
        .map(|r| format!("{} {}: {}", r.count, r.column.as_deref().unwrap_or("-"), r.reason))
        .collect();
    insta::assert_snapshot!(reasons.join("\n"), @r#"
        1 -: 5 fields where 4 are expected
        1 amount: 3 digits after the point where decimal(8,2) has 2
        1 day: there is no 31 February
        1 id: not a whole number
        1 id: required, but null
    "#);
    let lines: Vec<_> = report.faults.iter().map(|f| f.line.line).collect();
    assert_eq!(lines, [3, 4, 4, 5, 6]);
    assert_eq!(report.faults[0].value.as_deref(), Some("1.505"));
    let verdicts: Vec<_> = report.columns.iter().map(|c| (c.name.as_str(), c.verdict)).collect();
    assert_eq!(verdicts, [("id", Verdict::Lossless), ("amount", Verdict::Lossy), ("day", Verdict::Lossless)]);
}

#[test]
fn faults_without_end_stay_few() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("id,amount,day\n");
    let rows = 60_000;
    for row in 0..rows {
        // A reason of its own for each of thousands of rows, and a column that never fits.
        writeln!(text, "{row},0.{}1,never", "0".repeat(row % 2_000 + 2)).unwrap();
    }
    let report = check(&write(folder.path(), "bad.csv", &text));
    assert_eq!((report.rows, report.fit, report.unfit), (rows as u64, 0, rows as u64));
    assert!(report.reasons.len() <= 200 && report.faults.len() <= 1_000);
    let counted: u64 = report.reasons.iter().map(|r| r.count).sum();
    assert_eq!(counted + report.other_faults, 2 * rows as u64);
    assert_eq!(report.faults[0].line.line, 2);
    assert!(report.faults.is_sorted_by_key(|f| f.line.line));
    assert_eq!(report.reasons[0].count, rows as u64);
    let lines: Vec<_> = report.reasons[0].examples.iter().map(|f| f.line.line).collect();
    assert_eq!(lines, [2, 3, 4]);
    let verdicts: Vec<_> = report.columns.iter().map(|c| c.verdict).collect();
    assert_eq!(verdicts, [Verdict::Lossless, Verdict::Impossible, Verdict::Impossible]);
}

#[test]
fn a_cancelled_check_is_no_report() {
    let folder = tempfile::tempdir().unwrap();
    let (source, binding) = open(&write(folder.path(), "orders.csv", ORDERS));
    let monitor = Monitor::new();
    monitor.cancel();
    assert!(preflight::run(&source, &binding, &monitor).unwrap_err().is_cancelled());
}

#[test]
fn rejected_rows_go_to_a_file_as_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "orders.csv", ORDERS);
    let to = folder.path().join("rejects.csv");
    assert_eq!(reject(&path, &to), 4);
    let text = std::fs::read_to_string(&to).unwrap().replace(&folder.path().display().to_string(), "");
    insta::assert_snapshot!(text, @r#"
        id,note,amount,day,file,line,column,reason,text
        2,"b, ""c""",1.505,2026-11-21,/orders.csv,3,amount,"3 digits after the point where decimal(8,2) has 2",
        x,,7,2026-02-31,/orders.csv,4,id; day,not a whole number; there is no 31 February,
        ,d,,,/orders.csv,5,id,"required, but null",
        ,,,,/orders.csv,6,,5 fields where 4 are expected,"5,too,many,cells,here"
    "#);
    // Read again, they are the same rows.
    let again = Source::open(&SourceOptions::of([&to]), &Monitor::new()).unwrap();
    assert_eq!(again.columns.len(), 9);
    let (source, _) = open(&path);
    let taken = Rejects::create(&to, &source).unwrap_err();
    assert_eq!(taken.kind(), icedeck::Kind::AlreadyExists);
    let clean = write(folder.path(), "clean.csv", "id,amount,day\n1,2,\n");
    let none = folder.path().join("none.csv");
    assert_eq!(reject(&clean, &none), 0);
    assert!(!none.exists());
}

#[test]
fn a_row_that_cannot_be_taken_apart_is_kept_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.csv");
    let (short, quoted, invalid) = (&b"2,only"[..], &b"3,\"a\nb\"x,1,"[..], &b"4,caf\xe9,1,2026-11-21"[..]);
    // So many sound rows that the file is taken for UTF-8.
    let sound = b"1,a,1,2026-11-21\r\n".repeat(40_000);
    let lines = [short, quoted, invalid, b"5,b,1,2026-11-21", b""].join(&b"\r\n"[..]);
    std::fs::write(&path, [&b"id,note,amount,day\r\n"[..], &sound, &lines].concat()).unwrap();
    let to = folder.path().join("rejects.csv");
    assert_eq!(reject(&path, &to), 3);
    let kept = std::fs::read(&to).unwrap();
    for row in [short, b"3,\"\"a\nb\"\"x,1,", invalid] {
        let cell = [b",\"", row, b"\"\n"].concat();
        assert!(kept.windows(cell.len()).any(|w| w == cell), "{}", String::from_utf8_lossy(&kept));
    }
}

#[test]
fn rejected_json_stays_json() {
    let folder = tempfile::tempdir().unwrap();
    let lines =
        "{\"id\":1,\"amount\":2.5}\n{\"id\":2,\"amount\":2.555}\n{\"id\":3,\n{\"id\":null,\"day\":\"2026-11-21\"}\n";
    let path = write(folder.path(), "orders.ndjson", lines);
    let to = folder.path().join("rejects.ndjson");
    assert_eq!(reject(&path, &to), 3);
    let text = std::fs::read_to_string(&to).unwrap().replace(&folder.path().display().to_string(), "");
    insta::assert_snapshot!(text, @r#"
        {"file":"/orders.ndjson","line":2,"faults":[{"column":"amount","value":"2.555","reason":"3 digits after the point where decimal(8,2) has 2"}],"row":{"id":2,"amount":2.555}}
        {"file":"/orders.ndjson","line":3,"faults":[{"column":null,"value":"{\"id\":3,","reason":"broken JSON at column 8: EOF while parsing an object"}],"text":"{\"id\":3,"}
        {"file":"/orders.ndjson","line":4,"faults":[{"column":"id","value":null,"reason":"required, but null"}],"row":{"id":null,"day":"2026-11-21"}}
    "#);
}

#[test]
fn a_rejected_line_of_json_is_kept_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    // Spaces, escapes, digits beyond a double, another order of the fields, a carriage return.
    let odd = r#"{ "day" : "2026-11-21", "amount": 1234567.123456789012345678901, "note": "\u00e9\/ é",  "id":2 }"#;
    let path = write(folder.path(), "orders.ndjson", &format!("{{\"id\":1,\"amount\":2.5}}\n\n  {odd}\r\n"));
    let to = folder.path().join("rejects.ndjson");
    assert_eq!(reject(&path, &to), 1);
    let text = std::fs::read_to_string(&to).unwrap();
    assert!(text.contains(&format!("\"row\":{odd}}}")) && text.contains("\"line\":3"), "{text}");
    let back: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(back["row"]["id"], 2);
}

/// `l: list<int>`, `o: struct<x: int>`, `m: map<string, decimal(8, 2)>`.
fn nested() -> Schema {
    let of = |of| Type::Primitive(of);
    let element = NestedField::list_element(20, of(PrimitiveType::Int), false);
    let x = NestedField::optional(21, "x", of(PrimitiveType::Int));
    let key = NestedField::map_key_element(22, of(PrimitiveType::String));
    let value = NestedField::map_value_element(23, of(PrimitiveType::Decimal { precision: 8, scale: 2 }), false);
    schema(&[
        ("l", Type::List(ListType::new(element.into()))),
        ("o", Type::Struct(StructType::new(vec![x.into()]))),
        ("m", Type::Map(MapType::new(key.into(), value.into()))),
    ])
}

#[test]
fn a_wrong_value_of_json_costs_its_own_row_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let good = r#"{"l":[1,2],"o":{"x":1},"m":{"a":1.5}}"#;
    let cases = [
        (r#"{"l":"oops"}"#, "l", "oops"),
        (r#"{"l":{"x":1}}"#, "l", r#"{"x":1}"#),
        (r#"{"l":[1,[2]]}"#, "l", "[1,[2]]"),
        (r#"{"o":7}"#, "o", "7"),
        (r#"{"o": {"x": [1]}}"#, "o", r#"{"x": [1]}"#),
        (r#"{"m":true}"#, "m", "true"),
        (r#"{"m":{"k":1.555}}"#, "m", r#"{"k":1.555}"#),
    ];
    for (bad, column, value) in cases {
        for at in [0, 2, 4] {
            let mut lines = vec![good; 4];
            lines.insert(at, bad);
            let report = check_for(&write(folder.path(), "n.ndjson", &(lines.join("\n") + "\n")), &nested());
            assert_eq!((report.rows, report.fit, report.unfit), (5, 4, 1), "{bad} at {at}: {:?}", report.faults);
            let fault = &report.faults[0];
            let told = (fault.line.line, fault.column.as_deref(), fault.value.as_deref());
            assert_eq!(told, (at as u64 + 1, Some(column), Some(value)), "{bad} at {at}");
            let faults = report.columns.iter().map(|c| (c.name == column, c.faults));
            assert!(faults.clone().all(|(is_it, faults)| faults == u64::from(is_it)), "{bad}: {:?}", report.columns);
        }
    }
}

#[test]
fn values_that_the_sample_of_json_does_not_show_are_judged_by_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let rows = 120_000;
    let line = |row: usize| match row {
        60_000 => "{\"l\":[1,null],\"o\":{\"x\":5}}\n".to_string(),
        60_001 => "{\"l\":1}\n".to_string(),
        _ => format!("{{\"l\":null,\"o\":null,\"m\":null,\"other\":{row}}}\n"),
    };
    let text: String = (0..rows).map(line).collect();
    let report = check_for(&write(folder.path(), "late.ndjson", &text), &nested());
    assert_eq!((report.fit, report.unfit), (rows as u64 - 1, 1), "{:?}", report.faults);
    assert_eq!((report.faults[0].line.line, report.faults[0].value.as_deref()), (60_002, Some("1")));
}

#[test]
fn numbers_of_text_become_the_nearest_float_and_the_verdict_tells() {
    let folder = tempfile::tempdir().unwrap();
    let table = schema(&[("f", primitive(PrimitiveType::Float)), ("d", primitive(PrimitiveType::Double))]);
    let cases = [
        ("0.1", "0.1", [Verdict::Lossless; 2]),
        ("1.5e3", "0.30000000000000004", [Verdict::Lossless; 2]),
        ("16777217", "9007199254740992", [Verdict::Lossy, Verdict::Lossless]),
        ("0.12345678901", "9007199254740993", [Verdict::Lossy; 2]),
        ("2", "0.1000000000000000055511151231257827", [Verdict::Lossless; 2]),
    ];
    for (f, d, verdicts) in cases {
        let lines = write(folder.path(), "n.ndjson", &format!("{{\"f\":{f},\"d\":{d}}}\n"));
        let delimited = write(folder.path(), "n.csv", &format!("f,d\n{f},{d}\n"));
        for path in [lines, delimited] {
            let report = check_for(&path, &table);
            assert_eq!(report.fit, 1, "{f} {d}: {:?}", report.faults);
            let found: Vec<_> = report.columns.iter().map(|c| c.verdict).collect();
            assert_eq!(found, verdicts, "{f} {d} {}: {:?}", path.display(), report.columns);
        }
    }
}

#[test]
fn expressions_see_json_as_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "n.ndjson", "{\"o\":{\"x\":1},\"n\":2}\n{\"o\":{\"x\":40},\"n\":1.5}\n");
    let source = Source::open(&SourceOptions::of([&path]), &Monitor::new()).unwrap();
    let table = schema(&[("sum", primitive(PrimitiveType::Double))]);
    let rule = ColumnMapping::new("sum", Rule::Expression("o['x'] + n".into()));
    let mapping = Mapping { columns: vec![rule], ..Mapping::default() };
    let binding = Binding::new(&mapping, &source.columns, &table).unwrap();
    let block = source.blocks(&Monitor::new()).unwrap().next().unwrap().unwrap();
    let fitted = binding.fit(&block.decode(&source.decoder(None).unwrap()).unwrap()).unwrap();
    assert_eq!(fitted.batch.column(0).as_primitive::<Float64Type>().values(), &[3.0, 41.5]);
    // A value that is none of the expression's type is its row's fault alone.
    let lines = "{\"o\":{\"x\":1},\"n\":2}\n{\"o\":{\"x\":\"y\"},\"n\":1}\n";
    let odd = write(folder.path(), "odd.ndjson", lines);
    let odd = Source::open(&SourceOptions::of([&odd]), &Monitor::new()).unwrap();
    let block = odd.blocks(&Monitor::new()).unwrap().next().unwrap().unwrap();
    let fitted = binding.fit(&block.decode(&odd.decoder(None).unwrap()).unwrap()).unwrap();
    assert_eq!((fitted.batch.num_rows(), fitted.rejected), (1, vec![1]));
}
