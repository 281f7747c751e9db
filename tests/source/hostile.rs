//! Bad input: each says what it is, where, and what next; nothing panics, hangs or takes memory without bound.

use std::path::Path;

use icedeck::ingest::source::{Format, Mark, Source, SourceOptions};
use icedeck::monitor::Monitor;
use icedeck::{Kind, Result};

use super::{file, open, read};

/// Opens and reads all, so that the error comes from wherever it is found.
fn all(path: &Path) -> Result<super::Read> {
    read(&open(path)?, 1 << 20)
}

#[test]
fn what_is_no_source_is_called_by_its_name() {
    let gzip = {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&b"a,b\n".repeat(100_000)).unwrap();
        gzip.finish().unwrap()
    };
    let zstd = zstd::encode_all(vec![b'x'; 500_000].as_slice(), 1).unwrap();
    let cases: Vec<(&str, Vec<u8>, Kind, &str)> = vec![
        ("empty.csv", vec![], Kind::Invalid, "the file is empty"),
        ("blank.csv", b"\n\r\n  \n".to_vec(), Kind::Invalid, "only blank lines"),
        ("empty.csv.gz", gzip_of(b""), Kind::Invalid, "the file is empty"),
        ("book.xlsx", b"PK\x03\x04\x14\0\0\0\x08\0".to_vec(), Kind::Unsupported, "an Excel workbook"),
        ("photo.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), Kind::Unsupported, "a PNG image"),
        ("db.csv", b"SQLite format 3\0\x10\0".to_vec(), Kind::Unsupported, "an SQLite database"),
        ("a.csv", b"Obj\x01\x04\x16avro.schema".to_vec(), Kind::Unsupported, "an Avro file"),
        ("noise.csv", b"a,b\n1,\0\x01\x02\n".to_vec(), Kind::Invalid, "binary"),
        ("cut.csv.gz", gzip[..gzip.len() / 2].to_vec(), Kind::Corrupt, "cut short"),
        ("cut.csv.zst", zstd[..zstd.len() - 4].to_vec(), Kind::Corrupt, "cut short"),
        ("garbage.zst", b"\x28\xb5\x2f\xfdthis is no frame at all".to_vec(), Kind::Corrupt, "damaged"),
        ("garbage.gz", b"\x1f\x8bthis is no member at all".to_vec(), Kind::Corrupt, "damaged"),
        ("text.parquet", b"a,b\n1,2\n".to_vec(), Kind::Corrupt, "does not begin with PAR1"),
        ("cut.parquet", b"PAR1\x15\x04\x15\x10".to_vec(), Kind::Corrupt, "cut short or damaged"),
        ("array.json", b"[{\"a\": 1},\n {\"a\": 2}]".to_vec(), Kind::Unsupported, "one JSON array"),
        ("pretty.json", b"{\n  \"a\": 1\n}\n".to_vec(), Kind::Unsupported, "over several lines"),
        ("words.ndjson", b"hello\nworld\n".to_vec(), Kind::Invalid, "no line of the file is a JSON object"),
        ("twice.csv", b"id,x,id\n1,2,3\n".to_vec(), Kind::Invalid, "\"id\" is there twice: at the positions 1 and 3"),
        ("latin.ndjson", b"{\"a\": 1}\n\n{\"a\": \"\xff\xfe\"}\n".to_vec(), Kind::Invalid, "JSON is UTF-8"),
        ("mixed.csv", b"a,b\n1,x\n2,\xe9t\xe9\n3,\xc3\xa9\n".to_vec(), Kind::Invalid, "neither UTF-8 nor"),
        ("padded.csv.gz", [gzip_of(b"a\n1\n"), b"\0\0\0\0x".to_vec()].concat(), Kind::Corrupt, "damaged"),
        ("open.csv", b"a,b\n1,2\n3,\"four\n5,6\n".to_vec(), Kind::Invalid, "the quote opened in line 3 never closes"),
    ];
    for (name, bytes, kind, what) in cases {
        let (_dir, path) = file(name, bytes);
        let error = all(&path).expect_err(name);
        assert!(error.to_string().contains(what), "{name}: {error}");
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert!(error.to_string().contains(name), "{name}: the error names the file: {error}");
        assert!(!error.report().contains('\0'));
    }
}

#[test]
fn text_that_is_no_utf8_is_never_read_in_silence() {
    let (_dir, path) = file("e.csv", "");
    let read = |bytes: &[u8], encoding: Option<&str>| {
        std::fs::write(&path, bytes).unwrap();
        let options = SourceOptions { encoding: encoding.map(str::to_owned), ..SourceOptions::of([&path]) };
        Source::open(&options, &Monitor::new())
    };
    let odd = b"a,b\n1,ok\n2,\xff\xfe\n";
    let guessed = read(odd, None).unwrap();
    let told = format!("is read as {}, guessed: give --encoding if that is wrong", guessed.settings.encoding);
    assert!(guessed.files[0].guessed && guessed.warnings.iter().any(|w| w.contains(&told)), "{:?}", guessed.warnings);
    assert!(guessed.infer_all(&Monitor::new()).unwrap().warnings.iter().any(|w| w.contains(&told)));
    let said = read(odd, Some("windows-1254")).unwrap();
    assert!(!said.files[0].guessed && said.warnings.is_empty(), "{:?}", said.warnings);
    let strict = super::read(&read(odd, Some("utf-8")).unwrap(), 64).unwrap();
    assert_eq!((strict.rows.len(), strict.faults.len()), (1, 1), "the row is at fault");
    let told = read(b"a,b\n1,x\n2,\xe9t\xe9\n3,\xc3\xa9\n", None).unwrap_err();
    assert!(told.context().contains(&("line", "3".into())) && told.hints()[0].contains("--encoding utf-8"), "{told}");
    // Its own mark says more than what a mapping says of the file that it comes from.
    let marked = read("\u{feff}a\né\n".as_bytes(), Some("windows-1252")).unwrap();
    assert_eq!((marked.settings.encoding.as_str(), marked.columns[0].name.as_str()), ("UTF-8", "a"));
}

#[test]
fn zeros_behind_gzip_are_padding() {
    let (_dir, path) = file("z.csv.gz", [gzip_of(b"a\n1\n"), vec![0; 512]].concat());
    let all = all(&path).unwrap();
    assert_eq!((all.rows.len(), all.bytes), (1, std::fs::metadata(&path).unwrap().len()));
}

fn gzip_of(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn missing_files_and_folders() {
    let dir = tempfile::tempdir().unwrap();
    let error = open(&dir.path().join("none.csv")).unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::NotFound, "the file does not exist"));
    let error = open(dir.path()).unwrap_err();
    assert!(error.message().contains("a folder"), "{error}");
    assert!(!error.hints().is_empty());
    assert!(Source::open(&SourceOptions::default(), &Monitor::new()).is_err());
    let fifo = Path::new("/dev/null");
    assert!(open(fifo).unwrap_err().message().contains("not an ordinary file"));
}

#[test]
fn rows_that_are_broken_by_themselves_are_faults_with_their_lines() {
    let (_dir, path) = file("f.csv", b"id,name\n1,a\n2\n3,b,c\n4,\xff\n5,\"x\"y\n\n6,z\n");
    let source =
        Source::open(&SourceOptions { encoding: Some("utf-8".into()), ..SourceOptions::of([&path]) }, &Monitor::new())
            .unwrap();
    let found = read(&source, 1 << 20).unwrap();
    assert_eq!(found.lines, [2, 8]);
    let expected = [(3, "1 field where 2 are"), (4, "3 fields where 2 are"), (5, "not valid text"), (6, "after")];
    assert_eq!(found.faults.len(), 4, "{:?}", found.faults);
    for ((line, reason), (expected_line, what)) in found.faults.iter().zip(expected) {
        assert_eq!(*line, expected_line);
        assert!(reason.contains(what) || what == "after" && reason.contains("closing quote"), "{reason}");
    }
    assert!(source.warnings[0].contains("line 3"), "{:?}", source.warnings);
}

#[test]
fn the_third_line_of_json_is_cut() {
    let (_dir, path) = file("c.ndjson", "{\"a\": 1}\n{\"a\": 2}\n{\"a\": \"thr");
    let source = open(&path).unwrap();
    let decoder = source.decoder(None).unwrap();
    let batches: Vec<_> =
        source.blocks(&Monitor::new()).unwrap().map(|b| b.unwrap().decode(&decoder).unwrap()).collect();
    assert_eq!(batches[0].batch.num_rows(), 2);
    let fault = &batches[0].faults[0];
    assert_eq!(fault.line.line, 3);
    assert!(fault.reason.starts_with("broken JSON at column 10: EOF"), "{}", fault.reason);
}

#[test]
fn column_names_may_be_anything_but_twice() {
    let (_dir, path) = file("n.csv", "a.b,with space,😀,\"q\"\"\nx\",\u{1b}[31mred,,\n1,2,3,4,5,6,7\n");
    let source = open(&path).unwrap();
    let names: Vec<_> = source.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["a.b", "with space", "😀", "q\"\nx", "\u{1b}[31mred", "column_6", "column_7"]);
    assert_eq!(read(&source, 64).unwrap().lines, [3]);
}

#[test]
fn every_line_may_end_with_a_delimiter() {
    for text in ["1|a|\n2|b|\n", "id|name\n1|a|\n2|b|\n", "id|name|\n1|a|\n2|b|\n"] {
        let (_dir, path) = file("t.tbl", text);
        let source = open(&path).unwrap();
        assert_eq!(source.columns.len(), 2, "{text}");
        let found = read(&source, 64).unwrap();
        assert_eq!((found.rows.len(), found.faults.len()), (2, 0), "{text}");
        assert_eq!(found.rows[1], [Some("2".to_string()), Some("b".to_string())]);
    }
}

#[test]
fn quotes_can_be_switched_off() {
    let (_dir, path) = file("q.tsv", "a\tb\n1\t\"tis\n2\tx\n");
    assert!(all(&path).is_err());
    let options = SourceOptions { quote: Some(Mark(None)), ..SourceOptions::of([&path]) };
    let found = read(&Source::open(&options, &Monitor::new()).unwrap(), 64).unwrap();
    assert_eq!(found.rows[0][1].as_deref(), Some("\"tis"));
}

#[test]
fn a_hundred_thousand_columns() {
    let names: Vec<String> = (0..100_000).map(|i| format!("c{i}")).collect();
    let row = vec!["7"; 100_000].join(",");
    let (_dir, path) = file("wide.csv", format!("{}\n{row}\n{row}\n", names.join(",")));
    let source = open(&path).unwrap();
    assert_eq!(source.columns.len(), 100_000);
    assert_eq!(read(&source, 1 << 20).unwrap().rows.len(), 2);
    let (_dir, path) = file("unnamed.csv", format!("{}\n{row}\n", vec![""; 100_000].join(",")));
    assert!(open(&path).is_ok());
}

#[test]
fn objects_with_ever_new_fields_are_refused() {
    let lines: String = (0..20_000).map(|i| format!("{{\"k{i}\": {i}}}\n")).collect();
    let (_dir, path) = file("keys.ndjson", lines);
    let error = open(&path).unwrap_err();
    assert!(error.message().contains("more than 10000 different fields"), "{error}");
}

#[test]
fn short_lines_of_many_fields_come_in_small_blocks() {
    let wide: String = (0..5000).map(|i| format!("\"f{i}\": {i},")).collect();
    let text = format!("{{{}}}\n{}", wide.trim_end_matches(','), "{}\n".repeat(9000));
    let (_dir, path) = file("wide.ndjson", text);
    let source = open(&path).unwrap();
    let lines: Vec<u64> = source
        .blocks(&Monitor::new())
        .unwrap()
        .map(|b| b.unwrap().decode(&source.decoder(Some(&[0])).unwrap()).unwrap().lines.len() as u64)
        .collect();
    assert!(lines.iter().all(|lines| *lines <= (4 << 20) / 5000), "{lines:?}");
    assert_eq!(lines.iter().sum::<u64>(), 9001);
}

#[test]
fn deep_nesting_is_a_fault_of_its_line() {
    let deep = format!("{{\"a\": {}1{}}}\n", "[".repeat(50_000), "]".repeat(50_000));
    let (_dir, path) = file("deep.ndjson", format!("{{\"a\": [1]}}\n{deep}{{\"a\": [2]}}\n"));
    let source = open(&path).unwrap();
    let decoder = source.decoder(None).unwrap();
    let block = source.blocks(&Monitor::new()).unwrap().next().unwrap().unwrap();
    let batch = block.decode(&decoder).unwrap();
    assert_eq!((batch.lines, batch.faults[0].line.line), (vec![1, 3], 2));
}

/// A Parquet file without rows whose only column is nested so deep.
fn nested(path: &Path, levels: usize) {
    use arrow::datatypes::{DataType, Field, Schema};
    let inner = |field: Field| Field::new("a", DataType::Struct(vec![field].into()), true);
    let field = (0..levels).fold(Field::new("x", DataType::Int32, true), |field, _| inner(field));
    let out = std::fs::File::create(path).unwrap();
    let schema = Schema::new(vec![field]).into();
    parquet::arrow::ArrowWriter::try_new(out, schema, None).unwrap().close().unwrap();
}

#[test]
fn parquet_nested_too_deep_is_refused_before_it_ends_the_process() {
    let (_folder, path) = file("deep.parquet", b"");
    // What writes it calls itself as what reads it does.
    let deep = path.clone();
    let writing = std::thread::Builder::new().stack_size(256 << 20).spawn(move || nested(&deep, 2_000));
    writing.unwrap().join().unwrap();
    let error = all(&path).unwrap_err();
    assert_eq!(error.kind(), Kind::Unsupported, "{}", error.report());
    assert!(error.report().contains("nested deeper"), "{}", error.report());
    nested(&path, 20);
    all(&path).unwrap();
}

#[test]
fn a_line_without_end_is_told_before_it_fills_the_memory() {
    // 1 GiB of text in a small file: a bomb.
    let bomb = {
        use std::io::Write;
        let mut zstd = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        zstd.write_all(b"a\n").unwrap();
        let piece = vec![b'x'; 1 << 20];
        (0..200).for_each(|_| zstd.write_all(&piece).unwrap());
        zstd.finish().unwrap()
    };
    assert!(bomb.len() < 1 << 20);
    let (_dir, path) = file("bomb.csv.zst", bomb);
    let error = all(&path).unwrap_err();
    assert!(error.message().contains("line 2 is longer than 64 MiB"), "{error}");
}

#[test]
fn a_format_can_be_forced() {
    let (_dir, path) = file("odd.txt", "{\"a\": 1}\n{\"a\": 2}\n");
    assert_eq!(open(&path).unwrap().settings.format, Format::NdJson);
    let options = SourceOptions { format: Some(Format::Csv), ..SourceOptions::of([&path]) };
    assert_eq!(Source::open(&options, &Monitor::new()).unwrap().settings.format, Format::Csv);
    let options = SourceOptions { format: Some(Format::Parquet), ..SourceOptions::of([&path]) };
    assert_eq!(Source::open(&options, &Monitor::new()).unwrap_err().kind(), Kind::Corrupt);
    let options = SourceOptions { encoding: Some("klingon".into()), ..SourceOptions::of([&path]) };
    assert!(Source::open(&options, &Monitor::new()).unwrap_err().message().contains("not an encoding"));
}

#[test]
fn a_file_that_shrinks_between_opening_and_reading_does_not_end_quietly() {
    let (_dir, path) = file("s.csv", "a,b\n".to_string() + &"1,2\n".repeat(1000));
    let source = open(&path).unwrap();
    std::fs::write(&path, "").unwrap();
    assert!(read(&source, 64).is_err());
}

#[test]
fn files_of_two_encodings_are_read_again_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let western = "id,name\n1,caf\u{e9} cr\u{e8}me br\u{fb}l\u{e9}e\n".chars().map(|c| c as u8).collect::<Vec<_>>();
    let marked = [b"\xef\xbb\xbf".as_slice(), "id,name\n2,caf\u{e9}\n".as_bytes()].concat();
    let utf8 = "id,name\n3,caf\u{e9} \u{6f22}\n".as_bytes().to_vec();
    let paths = [("western", western), ("marked", marked), ("utf8", utf8)].map(|(name, bytes)| {
        let path = folder.path().join(format!("{name}.csv"));
        std::fs::write(&path, bytes).unwrap();
        path
    });
    let encodings = |options: &SourceOptions| -> Vec<String> {
        Source::open(options, &Monitor::new()).unwrap().files.iter().map(|file| file.encoding.clone()).collect()
    };
    for chosen in [&paths[..], &paths[..2], &paths[1..], &paths[2..], &paths[..1]] {
        let first = Source::open(&SourceOptions::of(chosen), &Monitor::new()).unwrap();
        let again = SourceOptions { paths: chosen.to_vec(), ..first.options() };
        assert_eq!(encodings(&again), encodings(&SourceOptions::of(chosen)));
        let differ = chosen.len() == 3;
        assert_eq!(again.encoding.is_none(), differ, "{chosen:?}: {:?}", again.encoding);
    }
}
