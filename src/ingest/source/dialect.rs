//! How delimited text is written, guessed from its start: delimiter, quote, header, null strings, line end. What the
//! operator said is taken as said.

use arrow::datatypes::DataType;

use super::cut::Marks;
use super::infer::Candidates;
use super::records::{Cell, first_records};
use super::rejected::is_header;
use super::settings::{Dialect, LineEnd, Mark, SourceOptions};
use crate::{Error, Result};

/// Records that are looked at.
const RECORDS: usize = 300;
/// Columns that are looked at for the header and the null strings.
const COLUMNS: usize = 1000;
/// Delimiters that are tried, the likelier first.
const DELIMITERS: [u8; 4] = *b",;\t|";
/// Strings that mean null in many files, besides the empty one.
pub(crate) const NULLS: [&str; 11] = ["NULL", "null", "Null", "\\N", "NA", "N/A", "n/a", "#N/A", "None", "nil", "-"];

/// The dialect of a text from its first part.
pub(super) fn detect(head: &[u8], options: &SourceOptions) -> Result<Dialect> {
    let line_end = options.line_end.unwrap_or_else(|| line_end(head));
    let mut dialect = Dialect { line_end, skip_lines: options.skip_lines.unwrap_or(0), ..Dialect::default() };
    dialect.escape = options.escape.unwrap_or(dialect.escape);
    let text = after_lines(head, dialect.terminator(), dialect.skip_lines);
    dialect.quote = options.quote.unwrap_or_else(|| quote(text));
    dialect.delimiter = match options.delimiter {
        Some(mark) => mark.0.ok_or_else(|| Error::invalid("the delimiter cannot be switched off"))?,
        None => delimiter(text, &dialect),
    };
    check(&dialect)?;
    let marks = Marks::from(&dialect);
    let rejected = first_records(head, marks, 1).first().is_some_and(|first| is_header(first));
    if rejected {
        dialect.skip_lines = 0; // those of the source are not there again
    }
    let records = first_records(if rejected { head } else { text }, marks, RECORDS);
    let candidates = Candidates::new()?;
    dialect.header = rejected || options.header.unwrap_or_else(|| has_header(&records, &candidates));
    let rows = records.get(usize::from(dialect.header)..).unwrap_or_default();
    let all_quoted = !rows.is_empty() && rows.iter().flatten().all(|cell| cell.quoted);
    dialect.quoted_nulls = options.quoted_nulls.unwrap_or(all_quoted);
    dialect.nulls = options.nulls.clone().unwrap_or_else(|| nulls(rows, &candidates));
    Ok(dialect)
}

/// The text after so many lines.
pub(super) fn after_lines(text: &[u8], terminator: u8, lines: u64) -> &[u8] {
    let Some(last) = lines.checked_sub(1) else { return text };
    let nth = usize::try_from(last).ok().and_then(|n| memchr::memchr_iter(terminator, text).nth(n));
    nth.and_then(|at| text.get(at + 1..)).unwrap_or_default()
}

fn check(dialect: &Dialect) -> Result<()> {
    let quote = dialect.quote.0;
    if quote == Some(dialect.delimiter) || dialect.escape.0 == Some(dialect.delimiter) {
        return Err(Error::invalid("the delimiter cannot be the quote or the escape too")
            .with("delimiter", Mark(Some(dialect.delimiter))));
    }
    if [Some(dialect.delimiter), quote, dialect.escape.0].contains(&Some(dialect.terminator())) {
        return Err(Error::invalid("what ends a line cannot be the delimiter, the quote or the escape"));
    }
    Ok(())
}

fn line_end(head: &[u8]) -> LineEnd {
    if !head.contains(&b'\n') && head.contains(&b'\r') { LineEnd::Cr } else { LineEnd::Lf }
}

/// Double quotes, unless there are none and single ones enclose fields.
fn quote(text: &[u8]) -> Mark {
    let double = Mark(Some(b'"'));
    if text.contains(&b'"') || !text.contains(&b'\'') {
        return double;
    }
    let ends = |byte: Option<&u8>| byte.is_none_or(|b| DELIMITERS.contains(b) || *b == b'\r');
    let (mut whole, mut half) = (0, 0);
    for line in text.split(|b| *b == b'\n').take(RECORDS) {
        for open in memchr::memchr_iter(b'\'', line) {
            if !ends(open.checked_sub(1).and_then(|before| line.get(before))) {
                continue;
            }
            let value = line.get(open + 1..).unwrap_or_default();
            match memchr::memchr(b'\'', value) {
                Some(close) if ends(value.get(close + 1)) => whole += 1,
                _ => half += 1,
            }
        }
    }
    if whole > 0 && whole >= half { Mark(Some(b'\'')) } else { double }
}

/// The delimiter with which most records have the same number of fields; among equals that of the most fields.
fn delimiter(text: &[u8], dialect: &Dialect) -> u8 {
    let mut best = (0_usize, 0_usize, b',');
    for delimiter in DELIMITERS {
        let marks = Marks::from(&Dialect { delimiter, ..dialect.clone() });
        let widths: Vec<usize> = first_records(text, marks, RECORDS).iter().map(Vec::len).collect();
        let Some((width, count)) = most_frequent(&widths).filter(|(width, _)| *width > 1) else { continue };
        let agreement = count * 100 / widths.len().max(1);
        if agreement >= 50 && (agreement / 10, width) > (best.0, best.1) {
            best = (agreement / 10, width, delimiter);
        }
    }
    best.2
}

/// The most frequent number, the larger one among equals, and how often it is there.
pub(super) fn most_frequent(widths: &[usize]) -> Option<(usize, usize)> {
    let mut sorted = widths.to_vec();
    sorted.sort_unstable();
    sorted
        .chunk_by(|a, b| a == b)
        .filter_map(|run| Some((*run.first()?, run.len())))
        .max_by_key(|(w, count)| (*count, *w))
}

/// Whether the first record holds names: where a column has a type, its name has not.
fn has_header(records: &[Vec<Cell>], candidates: &Candidates) -> bool {
    let Some((first, rows)) = records.split_first() else { return true };
    let typed = |values: &mut dyn Iterator<Item = &str>| candidates.type_of(values) != DataType::Utf8;
    let (mut names, mut values) = (0, 0);
    for (i, cell) in first.iter().enumerate().take(COLUMNS) {
        let mut column = rows.iter().filter_map(|row| row.get(i)).filter(|c| !is_null(c)).map(|c| c.text.as_str());
        let is_value = !is_null(cell) && typed(&mut std::iter::once(cell.text.as_str()));
        match (is_value, typed(&mut column)) {
            (false, true) if !is_null(cell) => names += 1,
            (true, true) => values += 1,
            (true, false) if rows.is_empty() => values += 1,
            _ => {}
        }
    }
    if names + values > 0 {
        return names >= values;
    }
    let mut texts: Vec<&str> = first.iter().map(|c| c.text.as_str()).collect();
    texts.sort_unstable();
    let unique = texts.windows(2).all(|pair| pair.first() != pair.last());
    unique && first.iter().take(COLUMNS).all(|c| !is_null(c) && !typed(&mut std::iter::once(c.text.as_str())))
}

fn is_null(cell: &Cell) -> bool {
    cell.text.is_empty() || NULLS.contains(&cell.text.as_str())
}

/// The null strings in use. A word such as `NA` counts only where it stands in a column that is no text otherwise, and
/// in no column of text, where it may well be a name.
fn nulls(rows: &[Vec<Cell>], candidates: &Candidates) -> Vec<String> {
    let mut found = vec![String::new()];
    let width = rows.iter().map(Vec::len).max().unwrap_or(0).min(COLUMNS);
    let mut text_columns: Vec<Option<bool>> = vec![None; width];
    for null in NULLS {
        let holds = |c: &Cell| !c.quoted && c.text == null;
        let mut columns = (0..width).filter(|i| rows.iter().any(|row| row.get(*i).is_some_and(holds))).peekable();
        if columns.peek().is_none() {
            continue;
        }
        let unmistakable = matches!(null, "\\N" | "NULL");
        let mut is_text = |i: usize| {
            let column = || rows.iter().filter_map(move |r| r.get(i)).filter(|c| !is_null(c)).map(|c| c.text.as_str());
            let known = text_columns.get(i).copied().flatten();
            let text = known.unwrap_or_else(|| candidates.type_of(column()) == DataType::Utf8);
            text_columns.get_mut(i).map(|slot| slot.insert(text));
            text
        };
        if unmistakable || !columns.any(&mut is_text) {
            found.push(null.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(text: &str) -> Dialect {
        detect(text.as_bytes(), &SourceOptions::default()).unwrap()
    }

    #[test]
    fn delimiters_are_told_apart() {
        for (text, expected) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2,5\n3,5;4\n", b';'),
            ("a\tb, c\n1\t2\n", b'\t'),
            ("1|x, y|\n2|z|\n", b'|'),
            ("a;b\n\"x,1,2\ny\";\"z\"\n", b';'),
            ("one\ntwo\n", b','),
        ] {
            assert_eq!(detected(text).delimiter, expected, "{text:?}");
        }
    }

    #[test]
    fn a_header_is_told_from_a_row() {
        for (text, expected) in [
            ("id,name\n1,x\n2,y\n", true),
            ("1,x\n2,y\n", false),
            ("name,city\nx,y\n", true),
            ("id,2023,2024\na,1,2\nb,3,4\n", false),
            ("when,2023\n2024-01-01,5\n", true),
            ("a,b,a\n1,2,3\n", true),
            ("a,b,c\n", true),
            ("x,x\ny,z\n", false),
        ] {
            assert_eq!(detected(text).header, expected, "{text:?}");
        }
    }

    #[test]
    fn null_strings_count_where_they_cannot_be_names() {
        assert_eq!(detected("id,n\n1,NA\n2,5\n").nulls, ["", "NA"]);
        assert_eq!(detected("id,country\n1,NA\n2,DE\n").nulls, [""]);
        assert_eq!(detected("id,country\n1,\\N\n2,DE\n").nulls, ["", "\\N"]);
        assert!(detected("\"a\",\"b\"\n\"1\",\"\"\n").quoted_nulls);
        assert!(!detected("\"a\",\"b\"\n1,\"\"\n").quoted_nulls);
    }

    #[test]
    fn single_quotes_and_old_line_ends() {
        assert_eq!(detected("a,b\n1,'x, y'\n2,'z'\n").quote, Mark(Some(b'\'')));
        assert_eq!(detected("a,b\n1,don't\n").quote, Mark(Some(b'"')));
        assert_eq!(detected("a,b\r1,2\r").line_end, LineEnd::Cr);
    }
}
