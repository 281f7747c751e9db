//! What a file is: its packing, its format and its encoding, from the bytes at its start. Turns away what is no source
//! with an error that says what it is instead.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use encoding_rs::UTF_8;
use serde::de::IgnoredAny;

use super::SourceFile;
use super::compression::{self, damaged, is_a_folder, unpacked, unreadable};
use super::encoding::{self, Detected};
use super::parquet::ParquetFile;
use super::settings::{Compression, Format, SourceOptions};
use super::text::{LONGEST_RECORD, Place, open_text};
use crate::{Error, Kind, Result};

/// Bytes that tell what a file is.
const HEAD: usize = 64 * 1024;
/// What files of other kinds begin with.
const OTHERS: [(&[u8], &str); 21] = [
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Office file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"ARROW1", "an Arrow file"),
    (b"FEA1", "a Feather file"),
    (b"PARE", "an encrypted Parquet file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"\x04\x22\x4d\x18", "an LZ4 file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"{\\rtf", "an RTF document"),
];

/// A file looked at: what it is, and its first text.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) file: SourceFile,
    pub(super) format: Format,
    /// UTF-8 from the start of the text, or of all of it: at least a whole line.
    pub(super) head: Vec<u8>,
}

/// Looks at one file. `format` is what the files before it have.
pub(super) fn look(path: &Path, options: &SourceOptions, format: Option<Format>) -> Result<Looked> {
    let path = Arc::new(path.to_path_buf());
    let bytes = size_of(&path)?;
    let compression = sniffed(&path, options)?;
    let start = unpacked_head(&path, compression)?;
    if start.is_empty() {
        return Err(Error::invalid("the file is empty").with("file", path.display()).hint("check how it was written"));
    }
    let mut file = SourceFile {
        path,
        bytes,
        compression,
        encoding: "UTF-8".into(),
        guessed: false,
        mark_bytes: 0,
        first: Place { offset: 0, line: 1 },
        parquet: None,
    };
    if start.starts_with(b"PAR1") || options.format == Some(Format::Parquet) || named(&file.path, &["parquet"]) {
        return parquet(file, &start, options);
    }
    refuse_others(&file.path, &start)?;
    let found = encoding_of(&file, &start, options)?;
    file.encoding = found.encoding.name().to_owned();
    file.guessed = found.guessed;
    file.mark_bytes = encoding::mark_length(&start, found.encoding) as u64;
    let head = text_head(&file)?;
    if head.contains(&0) {
        return Err(Error::invalid("this is a binary file, not text")
            .with("file", file.path.display())
            .hint("icedeck reads CSV, NDJSON and Parquet; for text in an uncommon encoding give the encoding"));
    }
    let format = options.format.unwrap_or_else(|| text_format(&file.path, &head, format));
    if format == Format::NdJson {
        refuse_documents(&file.path, &head)?;
    }
    if found.mixed {
        return Err(no_utf8(&file, "the text is neither UTF-8 nor all in another encoding"));
    }
    if found.guessed && format == Format::NdJson {
        return Err(no_utf8(&file, "JSON is UTF-8, and this is not"));
    }
    Ok(Looked { file, format, head })
}

fn size_of(path: &Path) -> Result<u64> {
    let meta = std::fs::metadata(path).map_err(|e| unreadable(path, e))?;
    if meta.is_dir() {
        return Err(is_a_folder().with("file", path.display()));
    }
    if !meta.is_file() {
        return Err(Error::unsupported("this is not an ordinary file: it can be read only once")
            .with("file", path.display())
            .hint("write it to a file first"));
    }
    Ok(meta.len())
}

fn sniffed(path: &Path, options: &SourceOptions) -> Result<Compression> {
    if let Some(compression) = options.compression {
        return Ok(compression);
    }
    let mut magic = Vec::new();
    compression::open_file(path)?.take(8).read_to_end(&mut magic).map_err(|e| unreadable(path, e))?;
    Ok(compression::sniff(&magic))
}

fn unpacked_head(path: &Path, compression: Compression) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    let plain = unpacked(path, compression, 0, Arc::default())?;
    plain.take(HEAD as u64).read_to_end(&mut head).map_err(|e| damaged(path, compression, e))?;
    Ok(head)
}

fn parquet(mut file: SourceFile, start: &[u8], options: &SourceOptions) -> Result<Looked> {
    if !start.starts_with(b"PAR1") {
        refuse_others(&file.path, start)?;
        return Err(Error::corrupt("this is not a Parquet file: it does not begin with PAR1")
            .with("file", file.path.display())
            .hint("if it is text, give its format: csv or ndjson"));
    }
    if options.format.is_some_and(|format| format != Format::Parquet) {
        return Err(Error::invalid("this is a Parquet file")
            .with("file", file.path.display())
            .hint("leave the format out"));
    }
    if file.compression != Compression::None {
        return Err(Error::unsupported(format!("a Parquet file packed with {}", file.compression))
            .with("file", file.path.display())
            .hint("unpack it first; Parquet is compressed inside"));
    }
    file.parquet = Some(ParquetFile::open(&file.path)?);
    Ok(Looked { file, format: Format::Parquet, head: Vec::new() })
}

fn refuse_others(path: &Path, start: &[u8]) -> Result<()> {
    let tar = start.get(257..262) == Some(b"ustar");
    let known = OTHERS.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, name)| *name);
    // Text may begin with the letters of a short signature; its first line then goes on like text.
    let letters = known.is_some() && start.iter().take(512).all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace());
    match known.filter(|_| !letters).or(tar.then_some("a tar archive")) {
        Some(kind) => Err(Error::unsupported(format!("this is {kind}"))
            .with("file", path.display())
            .hint("icedeck reads CSV, NDJSON and Parquet, plain or packed with gzip or Zstandard: convert it first")),
        None => Ok(()),
    }
}

fn encoding_of(file: &SourceFile, start: &[u8], options: &SourceOptions) -> Result<Detected> {
    if let Some(label) = &options.encoding {
        // UTF-8's mark says more of this file than what is said of all: a file of rejected rows has it.
        let marked = encoding::mark_length(start, UTF_8) > 0;
        return if marked { Ok(UTF_8.into()) } else { encoding::by_label(label).map(Detected::from) };
    }
    let mut samples = vec![start.to_vec()];
    if file.compression == Compression::None && start.is_ascii() && start.len() == HEAD {
        for part in 1..=4 {
            let plain = unpacked(&file.path, Compression::None, file.bytes * part / 5, Arc::default())?;
            let mut sample = Vec::new();
            plain.take(HEAD as u64).read_to_end(&mut sample).map_err(|e| unreadable(&file.path, e))?;
            samples.push(sample);
        }
    }
    Ok(encoding::detect(&samples))
}

/// The error for text that is not UTF-8 and of which nothing else may be guessed.
fn no_utf8(file: &SourceFile, what: &str) -> Error {
    let text = unpacked(&file.path, file.compression, 0, Arc::default());
    let line =
        text.and_then(|text| encoding::first_invalid_line(text).map_err(|e| damaged(&file.path, file.compression, e)));
    let error = Error::invalid(what).with("file", file.path.display());
    line.into_iter().fold(error, |error, line| error.with("line", line)).hint(format!(
        "say what it is: --encoding {} reads every byte as such, --encoding utf-8 takes rows that are not for rows that do not fit",
        file.encoding.to_ascii_lowercase()
    ))
}

/// UTF-8 from the start: grows until a line ends within it.
fn text_head(file: &SourceFile) -> Result<Vec<u8>> {
    let mut text = open_text(file, 0, Arc::default())?;
    let mut head = Vec::new();
    let mut want = HEAD * 4;
    loop {
        let missing = want - head.len();
        let read = (&mut text)
            .take(missing as u64)
            .read_to_end(&mut head)
            .map_err(|e| damaged(&file.path, file.compression, e))?;
        if read < missing || head.contains(&b'\n') || head.contains(&b'\r') {
            break;
        }
        if head.len() > LONGEST_RECORD {
            return Err(Error::new(
                Kind::Invalid,
                format!("the first line is longer than {} MiB", LONGEST_RECORD >> 20),
            )
            .with("file", file.path.display())
            .hint("check what ends a line in this file, and whether it is text at all"));
        }
        want *= 2;
    }
    if head.iter().all(u8::is_ascii_whitespace) && head.len() < want {
        return Err(Error::invalid("the file holds only blank lines").with("file", file.path.display()));
    }
    Ok(head)
}

/// By what the first line is, else by the name, else by the files before: a first line that is broken, or happens to
/// be short, makes no other kind of file.
fn text_format(path: &Path, head: &[u8], before: Option<Format>) -> Format {
    let first = head.trim_ascii_start().split(|b| *b == b'\n').next().unwrap_or_default();
    let is_object = first.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(first).is_ok();
    match before {
        _ if is_object => Format::NdJson,
        Some(Format::NdJson) if !named(path, &["csv", "tsv"]) => Format::NdJson,
        None if named(path, &["json", "jsonl", "ndjson"]) => Format::NdJson,
        _ => Format::Csv,
    }
}

/// Whether the name ends so, before the ending of a packed file.
fn named(path: &Path, endings: &[&str]) -> bool {
    let ending = |path: &Path| path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    let packed = ending(path).is_some_and(|e| matches!(e.as_str(), "gz" | "gzip" | "zst" | "zstd"));
    let plain = if packed { path.file_stem().map(PathBuf::from) } else { Some(path.to_path_buf()) };
    plain.and_then(|p| ending(&p)).is_some_and(|e| endings.contains(&e.as_str()))
}

/// JSON that is one document and not one object a line.
fn refuse_documents(path: &Path, head: &[u8]) -> Result<()> {
    let text = head.trim_ascii_start();
    let error = if text.starts_with(b"[") {
        Error::unsupported("this is one JSON array, not one object a line")
            .hint("turn it into lines first, for example with jq -c '.[]' FILE > FILE.ndjson")
    } else if text.starts_with(b"{") && goes_over_lines(text) {
        Error::unsupported("this is a JSON document over several lines, not one object a line")
            .hint("turn it into lines first, for example with jq -c . FILE > FILE.ndjson")
    } else {
        return Ok(());
    };
    Err(error.with("file", path.display()))
}

fn goes_over_lines(text: &[u8]) -> bool {
    let Some(end) = text.iter().position(|b| *b == b'\n') else { return false };
    let is_sound = |json: &[u8]| {
        serde_json::Deserializer::from_slice(json).into_iter::<IgnoredAny>().next().is_some_and(|first| match first {
            Ok(_) => true,
            Err(e) => e.is_eof(),
        })
    };
    let (line, _) = text.split_at(end);
    serde_json::from_slice::<IgnoredAny>(line).is_err_and(|e| e.is_eof()) && is_sound(text)
}
