//! Previews: the right rows at any place, with their lines, as typed cells.

use icedeck::ingest::preview::{Preview, PreviewOptions, Previewer, Start, preview};
use icedeck::ingest::source::{Source, SourceOptions};
use icedeck::monitor::Monitor;

use super::{file, open};

fn show(previewer: &mut Previewer, start: Start, limit: usize) -> Preview {
    previewer.window(&PreviewOptions { start, limit }, &Monitor::new()).unwrap()
}

fn firsts(found: &Preview) -> Vec<String> {
    found.rows.iter().map(|row| row[0].exact()).collect()
}

#[test]
fn rows_are_the_same_from_wherever_one_comes() {
    let mut text = String::from("id,text\n");
    (0..60_000).for_each(|i| text.push_str(&format!("{i},\"line one of {i}\nline two\"\n")));
    for name in ["s.csv", "s.csv.zst"] {
        let bytes =
            if name.ends_with("zst") { zstd::encode_all(text.as_bytes(), 1).unwrap() } else { text.clone().into() };
        let (_dir, path) = file(name, bytes);
        let mut previewer = Previewer::new(open(&path).unwrap()).unwrap();
        for row in [0, 1, 59_000, 7, 30_000, 29_999, 59_999] {
            let found = show(&mut previewer, Start::Row(row), 3);
            let expected: Vec<String> = (row..(row + 3).min(60_000)).map(|i| i.to_string()).collect();
            assert_eq!(firsts(&found), expected, "{name} {row}");
            assert_eq!(found.lines[0].as_ref().unwrap().line, 2 + row * 2);
        }
        let end = show(&mut previewer, Start::End, 2);
        assert_eq!((firsts(&end), end.total_rows), (vec!["59998".into(), "59999".into()], Some(60_000)));
        let line = show(&mut previewer, Start::Line { file: 0, line: 41 }, 1);
        assert_eq!((firsts(&line), line.first_row), (vec!["20".into()], Some(20)));
        assert!(show(&mut previewer, Start::Row(60_000), 5).rows.is_empty());
    }
}

#[test]
fn several_files_scroll_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..3)
        .map(|f| {
            let path = dir.path().join(format!("{f}.csv"));
            let rows: String = (0..100).map(|i| format!("{},x\n", f * 100 + i)).collect();
            std::fs::write(&path, format!("id,c\n{rows}")).unwrap();
            path
        })
        .collect();
    let source = Source::open(&SourceOptions::of(&paths), &Monitor::new()).unwrap();
    let mut previewer = Previewer::new(source).unwrap();
    let found = show(&mut previewer, Start::Row(198), 4);
    assert_eq!(firsts(&found), ["198", "199", "200", "201"]);
    assert!(found.lines[2].as_ref().unwrap().file.ends_with("2.csv"));
    let found = show(&mut previewer, Start::Line { file: 1, line: 2 }, 1);
    assert_eq!(firsts(&found), ["100"]);
    assert_eq!(previewer.count_rows(&Monitor::new()).unwrap(), 300);
}

#[test]
fn cells_have_the_types_that_were_inferred_and_what_does_not_parse_stays_text() {
    let mut text = String::from("n,d,when,ok\n");
    (0..300_000).for_each(|i| text.push_str(&format!("{i},{}.50,2024-02-29 10:00:00,true\n", i % 7)));
    let at = text.len() / 3;
    let line = at + text[at..].find('\n').unwrap() + 1;
    text.insert_str(line, "late,1.50,2024-02-29 10:00:00,true\n");
    let (_dir, path) = file("t.csv", &text);
    let source = open(&path).unwrap();
    let found = preview(&source, &PreviewOptions::default(), &Monitor::new()).unwrap();
    let types: Vec<_> = found.columns.iter().map(|c| c.type_name.as_str()).collect();
    assert_eq!(types, ["long", "decimal(18,2)", "timestamp", "boolean"]);
    let shown: Vec<_> = found.rows[1].iter().map(|c| c.to_json().to_string()).collect();
    assert_eq!(shown, ["1", "\"1.50\"", "\"2024-02-29T10:00:00\"", "true"]);
    let number = text[..line].matches('\n').count() as u64 + 1;
    let late =
        preview(&source, &PreviewOptions { start: Start::Line { file: 0, line: number }, limit: 1 }, &Monitor::new())
            .unwrap();
    assert_eq!(late.rows[0][0].to_json(), "late");
}

#[test]
fn faults_between_the_rows_are_shown_with_them() {
    let mut text = String::from("a,b\n");
    (0..50).for_each(|i| text.push_str(&if i % 10 == 5 { format!("{i}\n") } else { format!("{i},x\n") }));
    let (_dir, path) = file("f.csv", &text);
    let source = open(&path).unwrap();
    let at = |start, limit| {
        let found = preview(&source, &PreviewOptions { start, limit }, &Monitor::new()).unwrap();
        found.faults.iter().map(|f| f.line.line).collect::<Vec<_>>()
    };
    assert_eq!(at(Start::Row(0), 100), [7, 17, 27, 37, 47]);
    assert_eq!(at(Start::Row(0), 6), [7]);
    assert_eq!(at(Start::Row(10), 10), [17]);
}

#[test]
fn the_end_of_a_large_file_is_shown_without_reading_it_whole() {
    let (_dir, path) = file("big.csv", "");
    {
        use std::io::Write;
        let mut out = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
        writeln!(out, "id,text").unwrap();
        (0..700_000).for_each(|i| writeln!(out, "{i},{}", "some text that fills the row ".repeat(4)).unwrap());
    }
    let mut previewer = Previewer::new(open(&path).unwrap()).unwrap();
    let monitor = Monitor::new();
    let end = previewer.window(&PreviewOptions { start: Start::End, limit: 3 }, &monitor).unwrap();
    assert_eq!(firsts(&end), ["699997", "699998", "699999"]);
    assert_eq!((end.first_row, end.total_rows, monitor.progress().bytes), (None, None, 0));
}
