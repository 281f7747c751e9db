//! Rejected rows, mended and loaded again: they are what they were. And loads of which no row is left.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, TimeUnit};
use arrow::json::ReaderBuilder;
use parquet::arrow::ArrowWriter;
use serde_json::Value;

use super::binary::Home;

const COLUMNS: &str = r#"{"type":"struct","fields":[{"id":1,"name":"id","required":true,"type":"long"},
    {"id":2,"name":"s","required":false,"type":"string"},{"id":3,"name":"o","required":false,"type":"string"}]}"#;

/// A lake with an empty table `n.t` of the columns `id`, `s` and `o`.
fn home() -> Home {
    let home = Home::new();
    std::fs::write(home.path("s.json"), COLUMNS).unwrap();
    assert_eq!(home.code(&["create-namespace", "n", "--yes"]), 0);
    assert_eq!(home.code(&["create", "n.t", "--schema", "s.json", "--yes"]), 0);
    home
}

/// Loads with these arguments, as JSON.
fn load(home: &Home, arguments: &[&str]) -> (i32, Value) {
    home.json(&[&["ingest"], arguments, &["--yes"]].concat())
}

/// The rows of a table whose id is this, without it.
fn rows(home: &Home, table: &str, id: i64) -> Vec<Value> {
    let (_, rows) = home.json(&["rows", table]);
    let mine = rows.as_array().unwrap().iter().filter(|row| row["id"] == id).cloned();
    let mut mine: Vec<Value> = mine.collect();
    mine.iter_mut().for_each(|row| row["id"] = Value::Null);
    mine
}

/// Writes a file of `rows` with `ID` as they stand, and loads it once with ids that fit, and once by way of its rejects.
fn twice(home: &Home, name: &str, rows: &[u8], more: &[&str]) -> (Vec<Value>, Vec<Value>) {
    let write = |name: &str, bytes: &[u8]| std::fs::write(home.path(name), bytes).unwrap();
    let with = |bytes: &[u8], from: &str, to: &str| {
        let parts: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n' || *b == b'\r').collect();
        let put = |line: &[u8]| match line.windows(from.len()).position(|w| w == from.as_bytes()) {
            Some(at) => [&line[..at], to.as_bytes(), &line[at + from.len()..]].concat(),
            None => line.to_vec(),
        };
        parts.into_iter().flat_map(put).collect::<Vec<u8>>()
    };
    write(name, &with(rows, "ID", "1"));
    let (code, told) = load(home, &[&[name, "n.t", "--save-mapping", "m.toml"], more].concat());
    assert_eq!(code, 0, "{told}");
    let bad = format!("bad-{name}");
    write(&bad, rows);
    let rejected = home.path("rejected");
    let reject = ["n.t", "--on-error", "reject", "--rejects", "rejected", "--mapping", "m.toml"];
    assert_eq!(load(home, &[&[&*bad], &reject[..]].concat()).0, 5);
    let mended = with(&std::fs::read(&rejected).unwrap(), "ID", "2");
    // In JSON the first stands among the faults.
    let mended =
        if name.ends_with("json") { with(&with(&mended, "ID", "2"), "\"2\",\"s\"", "2,\"s\"") } else { mended };
    write("mended", &mended);
    let (code, told) = load(home, &["mended", "n.t", "--mapping", "m.toml"]);
    assert_eq!(code, 0, "{told}\n{}", String::from_utf8_lossy(&mended));
    (self::rows(home, "n.t", 1), self::rows(home, "n.t", 2))
}

#[test]
fn text_that_reads_as_null_stays_text() {
    let home = home();
    let text = b"id,s,o\nID,\"NULL\",quoted\nID,NULL,unquoted\nID,,empty\nID,\"\",\"\"\nID,\"NA\",\\N\n";
    let (first, again) = twice(&home, "a.csv", text, &[]);
    assert_eq!((first.len(), &first), (5, &again));
    assert_eq!((&first[0]["s"], &first[1]["s"]), (&"NULL".into(), &Value::Null));
    // Without the mapping nobody says what null is.
    std::fs::rename(home.path("mended"), home.path("plain.csv")).unwrap();
    assert_eq!(load(&home, &["plain.csv", "n.t"]).0, 0);
    assert_eq!(rows(&home, "n.t", 2), [again.clone(), again].concat());
}

#[test]
fn rejects_are_in_the_dialect_of_their_source() {
    for (name, text, more) in [
        ("semicolon.csv", &b"id;s;o\nID;\"a;\"\"b\";1,5\nID;;NA\n"[..], &["--delimiter", ";"][..]),
        ("single.csv", b"id,s,o\nID,'it''s, \"so\"',\nID,'','x\ny'\n", &["--quote", "'"]),
        ("bare.csv", b"id|s|o\nID|\"a|5\"\nID|| b\n", &["--delimiter", "|", "--quote", "none"]),
        ("escaped.csv", b"id,s,o\nID,\"a\\\",b\\\\\",c\\d\nID,x,y\n", &["--escape", "\\"]),
        ("null.csv", b"id,s,o\nID,-9,\nID,\"-9\",x\n", &["--null", "-9"]),
        ("old.csv", b"id,s,o\rID,a,b\rID,\"c,\",d\r", &[]),
        ("skipped.csv", b"of today\n\nid,s,o\nID,a,b\nID,c,d\n", &["--skip-lines", "2"]),
        ("western.csv", b"id,s,o\nID,\xe9t\xe9,caf\xe9\nID,\xdcber,\xdf\n", &["--encoding", "windows-1252"]),
        ("lines.ndjson", b"{\"id\":\"ID\",\"s\":\"a\",\"o\":null}\n{\"id\":\"ID\",\"s\":\"\\u00e9\"}\n", &[]),
        ("western.ndjson", b"{\"id\":\"ID\",\"s\":\"caf\xe9\"}\n", &["--encoding", "windows-1252"]),
    ] {
        let (first, again) = twice(&home(), name, text, more);
        assert!(!first.is_empty());
        assert_eq!(first, again, "{name}");
    }
}

#[test]
fn a_file_without_header_is_loaded_again_by_its_mapping() {
    let home = home();
    let mapping = "[source]\nheader = false\n[[column]]\nname = \"id\"\nfrom = \"column_1\"\n[[column]]\nname = \"s\"\n\
                   from = \"column_2\"\n[[column]]\nname = \"o\"\nskip = true\n";
    std::fs::write(home.path("m.toml"), mapping).unwrap();
    std::fs::write(home.path("a.csv"), "1,a\nx,b\n").unwrap();
    let by = ["n.t", "--mapping", "m.toml", "--on-error", "reject"];
    assert_eq!(load(&home, &[&["a.csv"], &by[..]].concat()).0, 0);
    let rejected = std::fs::read_to_string(home.path("a.csv.rejected.csv")).unwrap();
    std::fs::write(home.path("mended.csv"), rejected.replace("\nx,", "\n2,")).unwrap();
    let (code, told) = load(&home, &["mended.csv", "n.t", "--mapping", "m.toml"]);
    assert_eq!((code, &told["rows"]), (0, &1.into()), "{told}");
    assert_eq!(rows(&home, "n.t", 2)[0]["s"], "b");
}

/// Rejected again as they are, rows lose nothing and are told from the line on which they stand now.
#[test]
fn rejects_of_rejects_are_the_same_rows() {
    let home = home();
    std::fs::write(home.path("a.ndjson"), "{\"id\":\"x\",\"s\":\"a\"}\n{\"id\":1,\n").unwrap();
    std::fs::write(home.path("a.csv"), "id,s,o\nx,a,\n1,too,many,cells\n").unwrap();
    for (name, end) in [("a.ndjson", "ndjson"), ("a.csv", "csv")] {
        let mut name = name.to_string();
        for round in 0..3 {
            let (code, told) = load(&home, &[&name, "n.t", "--on-error", "reject"]);
            assert_eq!((code, told["rejected_rows"].as_i64().unwrap()), (5, 2), "{round} {told}");
            name = format!("{name}.rejected.{end}");
        }
        let last = std::fs::read_to_string(home.path(&name)).unwrap();
        match end {
            "csv" => assert!(last.starts_with("id,s,o,file,line,column,reason,text,rejected_file,"), "{last}"),
            _ => assert!(last.contains(r#""row":{"id":"x","s":"a"}}"#) && last.contains(r#""text":"{\"id\":1,"}"#)),
        }
    }
}

fn parquet(path: &Path, ids: &Field, rows: &str) {
    let field = |name: &str, of: DataType| Field::new(name, of, true);
    let leaves: Fields = vec![
        field("a", DataType::Int64),
        field("d", DataType::Decimal128(9, 2)),
        field("t", DataType::Timestamp(TimeUnit::Microsecond, None)),
        field("z", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
        field("b", DataType::Binary),
        field("day", DataType::Date32),
        field("time", DataType::Time64(TimeUnit::Microsecond)),
        field("f", DataType::Float32),
        field("s", DataType::Utf8),
    ]
    .into();
    let entries = Fields::from(vec![Field::new("key", DataType::Utf8, false), field("value", DataType::Float64)]);
    let entries = Arc::new(Field::new("entries", DataType::Struct(entries), false));
    let mut fields = vec![ids.clone(), field("st", DataType::Struct(leaves.clone()))];
    fields.push(field("l", DataType::new_list(DataType::Struct(leaves.clone()), true)));
    fields.push(field("m", DataType::Map(entries, false)));
    fields.extend(leaves.iter().map(|field| field.as_ref().clone()));
    let schema = Arc::new(Schema::new(fields));
    let batch = ReaderBuilder::new(schema.clone()).build(rows.as_bytes()).unwrap().next().unwrap().unwrap();
    let mut writer = ArrowWriter::try_new(std::fs::File::create(path).unwrap(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn nested_cells_of_parquet_are_loaded_again() {
    let home = home();
    let leaves = r#""a":2,"d":"1.50","t":"1969-12-31T23:59:59.000001","z":"2024-01-01T01:02:03Z","b":"00ff","day":"2024-02-29","time":"01:02:03.000400","f":0.1,"s":"NULL""#;
    let row = |id: &str| {
        format!(
            "{{\"id\":{id},\"st\":{{{leaves}}},\"l\":[{{{leaves}}},null,{{}}],\"m\":{{\"k, \\\"\":0.1,\"n\":null}},{leaves}}}\n\
             {{\"id\":{id},\"st\":{{\"s\":\"\"}},\"l\":[],\"m\":{{}},\"s\":\"\",\"b\":\"\"}}\n{{\"id\":{id}}}\n"
        )
    };
    parquet(&home.path("good.parquet"), &Field::new("id", DataType::Int64, false), &row("1"));
    parquet(&home.path("bad.parquet"), &Field::new("id", DataType::Utf8, false), &row("\"ID\""));
    assert_eq!(load(&home, &["good.parquet", "n.p", "--create"]).0, 0);
    assert_eq!(load(&home, &["bad.parquet", "n.p", "--on-error", "reject"]).0, 5);
    let rejected = std::fs::read_to_string(home.path("bad.parquet.rejected.csv")).unwrap();
    std::fs::write(home.path("mended.csv"), rejected.replace("\nID,", "\n2,")).unwrap();
    let (code, told) = load(&home, &["mended.csv", "n.p"]);
    assert_eq!(code, 0, "{told}\n{rejected}");
    assert_eq!((rows(&home, "n.p", 1).len(), rows(&home, "n.p", 1)), (3, rows(&home, "n.p", 2)));
}

#[test]
fn a_load_of_which_no_row_fits_ends_with_five() {
    let home = home();
    std::fs::write(home.path("bad.csv"), "id,s,o\nx,a,b\ny,c,d\n").unwrap();
    let reject = ["bad.csv", "n.t", "--on-error", "reject"];
    let (code, told) = home.json(&[&["ingest"], &reject[..], &["--dry-run"]].concat());
    assert_eq!((code, &told["rejected_rows"], &told["outcome"]), (5, &2.into(), &"not-sent".into()), "{told}");
    let (code, told) = load(&home, &[&reject[..], &["--mode", "overwrite"]].concat());
    assert_eq!((code, &told["outcome"], &told["rejected_rows"]), (5, &"not-sent".into(), &2.into()), "{told}");
    let reason = told["reason"].as_str().unwrap();
    assert!(reason.contains("none of 2 rows fits") && reason.contains("stay as they are"), "{told}");
    assert!(told["hint"].as_str().unwrap().contains("bad.csv.rejected.csv"), "{told}");
    assert!(home.path("bad.csv.rejected.csv").exists());
    assert_eq!(home.json(&["recover"]), (0, Value::Array(vec![])), "no journal stays open");
}

#[test]
fn an_overwrite_by_nothing_says_that_the_old_rows_stay() {
    let home = home();
    std::fs::write(home.path("one.csv"), "id,s,o\n1,a,b\n").unwrap();
    std::fs::write(home.path("none.csv"), "id,s,o\n").unwrap();
    assert_eq!(load(&home, &["one.csv", "n.t"]).0, 0);
    let (code, told) = load(&home, &["none.csv", "n.t"]);
    assert_eq!(
        (code, &told["outcome"], &told["reason"]),
        (0, &"not-sent".into(), &Value::Null),
        "an append of nothing"
    );
    let overwrite = ["none.csv", "n.t", "--mode", "overwrite"];
    for filter in [&[][..], &["--where", "id = 1"]] {
        let (code, told) = load(&home, &[&overwrite[..], filter].concat());
        assert_eq!((code, &told["outcome"]), (0, &"not-sent".into()), "{told}");
        assert!(told["reason"].as_str().unwrap().contains("the rows of n.t stay as they are"), "{told}");
        let by = if filter.is_empty() { "--where true" } else { "--where 'id = 1'" };
        assert!(told["hint"].as_str().unwrap().contains(&format!("icedeck delete n.t {by} removes them")), "{told}");
    }
    let plain = home.run(&[&["ingest", "--yes"], &overwrite[..]].concat());
    let told = String::from_utf8(plain.stderr).unwrap();
    assert!(told.contains("stay as they are") && told.contains("delete n.t --where true"), "{told}");
    let dry = home.run(&[&["ingest", "--dry-run"], &overwrite[..]].concat());
    assert!(String::from_utf8(dry.stderr).unwrap().contains("stay as they are"));
    assert_eq!(rows(&home, "n.t", 1).len(), 1);
    assert_eq!(home.code(&["delete", "n.t", "--where", "true", "--yes"]), 0, "what the hint says works");
    assert!(rows(&home, "n.t", 1).is_empty());
}

#[test]
fn an_encoding_that_was_guessed_is_noted() {
    let home = home();
    std::fs::write(home.path("odd.csv"), b"id,s\n1,\xff\xfe\n").unwrap();
    let (code, told) = load(&home, &["odd.csv", "n.t"]);
    assert!(code == 0 && told["notes"][0].as_str().unwrap().contains("guessed: give --encoding"), "{told}");
}
