//! Whole files against a mapping: the preflight and the file of rejected rows.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use iceberg::spec::PrimitiveType;
use icedeck::ingest::bind::{Binding, Verdict};
use icedeck::ingest::mapping::Mapping;
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
    let source = Source::open(&SourceOptions::of([path]), &Monitor::new()).unwrap();
    let table = schema(&[
        ("id!", primitive(PrimitiveType::Int)),
        ("amount", primitive(PrimitiveType::Decimal { precision: 8, scale: 2 })),
        ("day", primitive(PrimitiveType::Date)),
    ]);
    let binding = Binding::new(&Mapping::matched(&source.columns, &table), &source.columns, &table).unwrap();
    (source, binding)
}

fn check(path: &Path) -> PreflightReport {
    let (source, binding) = open(path);
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
