//! Sources from the outside: what is written in any dialect is read back exactly, whatever the blocks; hostile files end
//! in a clear error; previews show the rows that are there.

mod hostile;
mod parquet;
mod preview;

use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use icedeck::ingest::source::{LineEnd, Mark, Source, SourceOptions};
use icedeck::monitor::Monitor;
use proptest::prelude::*;

/// A file in a folder of its own, gone with the folder.
pub fn file(name: &str, bytes: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

pub fn open(path: &Path) -> icedeck::Result<Source> {
    Source::open(&SourceOptions::of([path]), &Monitor::new())
}

/// All rows of a text source as text, their lines, and the faults with theirs.
#[derive(Debug, Default, PartialEq)]
pub struct Read {
    pub rows: Vec<Vec<Option<String>>>,
    pub lines: Vec<u64>,
    pub faults: Vec<(u64, String)>,
    pub bytes: u64,
}

pub fn read(source: &Source, block: usize) -> icedeck::Result<Read> {
    let decoder = source.decoder(None)?;
    let mut all = Read::default();
    for block in source.blocks_of(block, &Monitor::new())? {
        let block = block?;
        let batch = block.decode(&decoder)?;
        all.bytes += block.source_bytes;
        for row in 0..batch.batch.num_rows() {
            let cell = |column: &arrow::array::ArrayRef| {
                let column = column.as_string_view();
                column.is_valid(row).then(|| column.value(row).to_string())
            };
            all.rows.push(batch.batch.columns().iter().map(cell).collect());
        }
        all.lines.extend(batch.lines);
        all.faults.extend(batch.faults.iter().map(|f| (f.line.line, f.reason.clone())));
    }
    Ok(all)
}

/// How a random table is written.
#[derive(Debug, Clone)]
struct Writing {
    delimiter: char,
    quote: char,
    escape: Option<char>,
    end: &'static str,
    quote_all: bool,
    last_end: bool,
    mark: bool,
    pack: u8,
}

impl Writing {
    fn field(&self, text: &str, alone: bool) -> String {
        let special = [self.delimiter, self.quote, '\n', '\r', self.escape.unwrap_or(self.quote)];
        let must = text.contains(special) || text.is_empty() && alone;
        if !(self.quote_all || must) {
            return text.to_string();
        }
        let mut out = String::from(self.quote);
        for c in text.chars() {
            match self.escape {
                Some(escape) if c == escape || c == self.quote => out.push(escape),
                None if c == self.quote => out.push(self.quote),
                _ => {}
            }
            out.push(c);
        }
        out.push(self.quote);
        out
    }

    /// The bytes of the file and the line of each row.
    fn write(&self, table: &[Vec<String>]) -> (Vec<u8>, Vec<u64>) {
        let terminator = if self.end == "\r" { '\r' } else { '\n' };
        let (mut text, mut lines, mut line) = (String::new(), Vec::new(), 1);
        for (i, row) in table.iter().enumerate() {
            let fields: Vec<String> = row.iter().map(|f| self.field(f, row.len() == 1)).collect();
            let record = fields.join(&self.delimiter.to_string());
            lines.push(line);
            line += 1 + record.matches(terminator).count() as u64;
            text.push_str(&record);
            if self.last_end || i + 1 < table.len() {
                text.push_str(self.end);
            }
        }
        let mut bytes = if self.mark { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
        bytes.extend(text.bytes());
        (self.packed(bytes), lines)
    }

    fn packed(&self, bytes: Vec<u8>) -> Vec<u8> {
        use std::io::Write;
        match self.pack {
            0 => {
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                gzip.write_all(&bytes).unwrap();
                gzip.finish().unwrap()
            }
            1 => zstd::encode_all(bytes.as_slice(), 1).unwrap(),
            _ => bytes,
        }
    }

    fn options(&self, path: &Path) -> SourceOptions {
        SourceOptions {
            delimiter: Some(Mark(Some(self.delimiter as u8))),
            quote: Some(Mark(Some(self.quote as u8))),
            escape: Some(Mark(self.escape.map(|e| e as u8))),
            header: Some(false),
            nulls: Some(vec![]),
            line_end: Some(if self.end == "\r" { LineEnd::Cr } else { LineEnd::Lf }),
            encoding: Some("utf-8".into()),
            ..SourceOptions::of([path])
        }
    }
}

fn writing() -> impl Strategy<Value = Writing> {
    let delimiter = prop_oneof![Just(','), Just(';'), Just('\t'), Just('|')];
    let end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
    (
        delimiter,
        prop_oneof![Just('"'), Just('\'')],
        proptest::option::weighted(0.3, Just('\\')),
        end,
        any::<[bool; 3]>(),
        0..6_u8,
    )
        .prop_map(|(delimiter, quote, escape, end, [quote_all, last_end, mark], pack)| Writing {
            delimiter,
            quote,
            escape,
            end,
            quote_all,
            last_end,
            mark,
            pack,
        })
}

fn table() -> impl Strategy<Value = Vec<Vec<String>>> {
    let plain = "[a-z0-9 ]{0,20}";
    let odd = proptest::collection::vec(
        prop_oneof![
            Just('"'),
            Just('\''),
            Just('\n'),
            Just('\r'),
            Just(','),
            Just(';'),
            Just('\t'),
            Just('|'),
            Just('\\'),
            Just('é'),
            Just('😀'),
            Just('\u{1b}'),
            any::<char>().prop_filter("no zero", |c| *c != '\0'),
        ],
        0..16,
    )
    .prop_map(|chars| chars.into_iter().collect::<String>());
    let field = prop_oneof![3 => plain.prop_map(String::from), 1 => odd];
    (1..6_usize)
        .prop_flat_map(move |width| proptest::collection::vec(proptest::collection::vec(field.clone(), width), 1..40))
}

/// What no dialect can tell from nothing, from a delimiter at the end of each line, or from a byte order mark.
fn can_be_told(table: &[Vec<String>]) -> bool {
    let blank = |row: &[String]| row.iter().all(String::is_empty);
    let last_is_empty = table.iter().all(|row| row.last().is_some_and(String::is_empty));
    let only_white = table.iter().flatten().all(|cell| cell.bytes().all(|b| b.is_ascii_whitespace()));
    if last_is_empty || only_white {
        return false;
    }
    !table.iter().any(|row| blank(row)) && !table[0][0].starts_with('\u{feff}')
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(table in table(), writing in writing(), block in 16..4000_usize) {
        prop_assume!(can_be_told(&table));
        let (bytes, lines) = writing.write(&table);
        let (_dir, path) = file("t.csv", &bytes);
        let source = Source::open(&writing.options(&path), &Monitor::new()).unwrap();
        let all = read(&source, block).unwrap();
        let rows: Vec<Vec<String>> = all.rows.into_iter().map(|r| r.into_iter().map(|c| c.unwrap()).collect()).collect();
        prop_assert_eq!(&all.faults, &vec![]);
        prop_assert_eq!(rows, table);
        prop_assert_eq!(all.lines, lines);
        prop_assert_eq!(all.bytes, bytes.len() as u64);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), block in 16..300_usize) {
        let (_dir, path) = file("x.csv", &bytes);
        if let Ok(source) = open(&path) {
            let decoder = source.decoder(None).unwrap();
            for block in source.blocks_of(block, &Monitor::new()).unwrap().flatten() {
                let _ = block.decode(&decoder);
            }
        }
    }

    #[test]
    fn odd_text_neither_panics_nor_depends_on_the_blocks(text in "[a,\"\n\r;{}: 1]{0,200}", block in 16..100_usize) {
        let (_dir, path) = file("x.csv", &text);
        if let Ok(source) = open(&path) {
            let (small, large) = (read(&source, block), read(&source, 1 << 20));
            match (small, large) {
                (Ok(small), Ok(large)) => prop_assert_eq!(small, large),
                (small, large) => prop_assert_eq!(small.is_err(), large.is_err()),
            }
        }
    }
}

#[test]
fn encodings_come_out_as_the_same_text() {
    let text = "naïve;prix\nJosé;1,5\nRenée;2,5\nFrançois;3,5\nÜnlü;4,5\n";
    let utf16 = |little: bool| -> Vec<u8> {
        text.encode_utf16().flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
    };
    let western: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    let marked16 = [b"\xff\xfe".to_vec(), utf16(true)].concat();
    for (bytes, encoding) in [
        (text.as_bytes().to_vec(), "UTF-8"),
        (marked, "UTF-8"),
        (marked16, "UTF-16LE"),
        (utf16(true), "UTF-16LE"),
        (utf16(false), "UTF-16BE"),
        (western, "windows-1252"),
    ] {
        let (_dir, path) = file("e.csv", &bytes);
        let source = open(&path).unwrap();
        assert_eq!(source.settings.encoding, encoding);
        assert_eq!(source.columns[0].name, "naïve", "{encoding}");
        let all = read(&source, 32).unwrap();
        assert_eq!(all.rows[3][0].as_deref(), Some("Ünlü"), "{encoding}");
        assert_eq!((all.lines, all.bytes), (vec![2, 3, 4, 5], bytes.len() as u64), "{encoding}");
    }
}

#[test]
fn several_files_are_one_source_and_must_have_the_same_columns() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (a, b) = (path("a.csv", "id,name\n1,x\n"), path("b.csv", "id,name\r\n2,y\r\n3,z"));
    let source = Source::open(&SourceOptions::of([&a, &b]), &Monitor::new()).unwrap();
    let all = read(&source, 16).unwrap();
    assert_eq!((all.rows.len(), all.lines), (3, vec![2, 2, 3]));
    let (more, other) = (path("c.csv", "id,name,extra\n2,y,z\n"), path("d.csv", "id,title\n2,y\n"));
    for (second, what) in [(more, "\"extra\""), (other, "\"title\"")] {
        let error = Source::open(&SourceOptions::of([&a, &second]), &Monitor::new()).unwrap_err();
        assert!(error.message().contains(what), "{error}");
        assert!(error.to_string().contains(second.file_name().unwrap().to_str().unwrap()), "{error}");
    }
    let lines = path("e.ndjson", "{\"id\": 1}\n");
    assert!(Source::open(&SourceOptions::of([&a, &lines]), &Monitor::new()).is_err());
}

#[test]
fn an_empty_last_column_stays_where_the_header_names_it() {
    for text in ["id,note\n1,\n2,\n", "id,note\n1,\n", "name,note\nx,\ny,\n", "id,note\n1,,\n2,,\n"] {
        let (_dir, path) = file("e.csv", text);
        let source = open(&path).unwrap();
        let names: Vec<_> = source.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!((names[1], names.len()), ("note", 2), "{text:?}");
        let all = read(&source, 16).unwrap();
        assert!(all.faults.is_empty() && all.rows.iter().all(|row| row[1].is_none()), "{text:?} {all:?}");
        assert_eq!(source.warnings, Vec::<String>::new(), "{text:?}");
    }
}

#[test]
fn a_delimiter_at_the_end_of_each_line_is_told() {
    let without = SourceOptions { header: Some(false), ..SourceOptions::default() };
    for (text, options, why) in [
        ("id,name,\n1,x,\n2,y,\n", SourceOptions::default(), "the header names nothing there"),
        ("1,x,\n2,y,\n", without.clone(), "there is no header to name it"),
        ("1|x|\n2|y|\n", without, "ends with the delimiter (|)"),
    ] {
        let (_dir, path) = file("e.csv", text);
        let options = SourceOptions { paths: vec![path], ..options };
        let source = Source::open(&options, &Monitor::new()).unwrap();
        assert_eq!((source.columns.len(), source.warnings.len()), (2, 1), "{text:?}");
        assert!(source.warnings[0].contains(why), "{:?}", source.warnings);
        let all = source.infer_all(&Monitor::new()).unwrap();
        assert_eq!(all.warnings, source.warnings);
    }
}

#[test]
fn settings_that_were_detected_can_be_pinned_and_written() {
    let (_dir, path) = file("p.tsv", "a\tb\n1\t\\N\n2\t3\n");
    let source = open(&path).unwrap();
    let pinned = source.settings.options(vec![path.clone()]);
    let text = toml::to_string(&pinned).unwrap();
    let back: SourceOptions = toml::from_str(&text).unwrap();
    assert_eq!(SourceOptions { paths: vec![path], ..back }, pinned, "{text}");
    assert_eq!(Source::open(&pinned, &Monitor::new()).unwrap().settings, source.settings);
    assert!(toml::from_str::<SourceOptions>("delimeter = \",\"").is_err(), "a typo is told");
}

#[test]
fn a_type_that_only_a_late_row_refutes_is_found_by_looking_at_all() {
    let mut text = String::from("n,d,s\n");
    for i in 0..400_000 {
        text.push_str(&if i == 100_001 { "x,1.234,5\n".to_string() } else { format!("{i},{}.25,7\n", i % 100) });
    }
    let (_dir, path) = file("late.csv", &text);
    let source = open(&path).unwrap();
    let names = |s: &Source| s.columns.iter().map(|c| c.data_type.to_string()).collect::<Vec<_>>();
    assert!(!source.inferred_from_all);
    assert_eq!(names(&source), ["Int64", "Decimal128(18, 2)", "Int64"]);
    let all = source.infer_all(&Monitor::new()).unwrap();
    assert!(all.inferred_from_all);
    assert_eq!(names(&all), ["Utf8", "Float64", "Int64"]);
    assert_eq!(all.columns[0].rows, 400_000);
}

#[test]
fn json_fields_that_come_late_are_found_by_looking_at_all() {
    let mut text = String::new();
    for i in 0..200_000 {
        text.push_str(&if i == 60_000 {
            "{\"a\": 1.5, \"late\": true}\n".into()
        } else {
            format!("{{\"a\": {i}, \"b\": \"some text to fill the line\"}}\n")
        });
    }
    let (_dir, path) = file("late.ndjson", &text);
    let source = open(&path).unwrap();
    let columns = |s: &Source| s.columns.iter().map(|c| (c.name.clone(), c.data_type.to_string())).collect::<Vec<_>>();
    assert_eq!(columns(&source), [("a".into(), "Int64".into()), ("b".into(), "Utf8".into())]);
    let faults: Vec<_> = source
        .blocks(&Monitor::new())
        .unwrap()
        .flat_map(|block| block.unwrap().decode(&source.decoder(None).unwrap()).unwrap().faults)
        .collect();
    assert_eq!(faults.iter().map(|f| f.line.line).collect::<Vec<_>>(), [60_001]);
    let all = source.infer_all(&Monitor::new()).unwrap();
    assert_eq!(columns(&all)[0].1, "Float64");
    assert_eq!(columns(&all)[2], ("late".into(), "Boolean".into()));
}

#[test]
fn nulls_of_json_are_counted_over_all_that_was_looked_at() {
    // Far more than the first block, and a field that only the second half has.
    let line = |i: u64| match i {
        0..5000 => format!("{{\"a\": {i}, \"b\": null}}\n"),
        _ => format!("{{\"a\": {i}, \"b\": null, \"late\": {{\"x\": null}}}}\n"),
    };
    let text: String = (0..9000).map(line).collect();
    let (_dir, path) = file("n.ndjson", format!("{text}{{\"a\": 1, \"late\": \n"));
    let source = open(&path).unwrap();
    let counts = |s: &Source| s.columns.iter().map(|c| (c.name.clone(), c.nulls, c.rows)).collect::<Vec<_>>();
    let expected = [("a", 0, 9000), ("b", 9000, 9000), ("late", 5000, 9000)].map(|(n, a, b)| (n.to_string(), a, b));
    assert_eq!(counts(&source), expected);
    let again = Source { inferred_from_all: false, ..source };
    assert_eq!(counts(&again.infer_all(&Monitor::new()).unwrap()), expected);
}

#[test]
fn a_broken_line_of_json_leaves_no_column() {
    let deep = format!("{}1{}", "{\"deep\":".repeat(120), "}".repeat(120));
    let (_dir, path) = file("b.ndjson", format!("{{\"a\": 1}}\n{deep}\n{{\"a\": 2, \"cut\": {{\"x\": \n"));
    let source = open(&path).unwrap();
    assert_eq!(source.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["a"]);
    assert!(source.warnings[0].contains("2 rows") && source.warnings[0].contains("line 2"), "{:?}", source.warnings);
}

#[test]
fn a_cancelled_read_ends_in_an_error() {
    let (_dir, path) = file("c.csv", "a\n1\n2\n");
    let source = open(&path).unwrap();
    let monitor = Monitor::new();
    let mut blocks = source.blocks(&monitor).unwrap();
    monitor.cancel();
    assert!(blocks.next().unwrap().unwrap_err().is_cancelled());
    assert!(blocks.next().is_none());
    assert!(source.infer_all(&Monitor::new()).is_ok());
}
