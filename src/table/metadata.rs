//! Reading and writing `metadata.json`: plain or gzip, whole or broken, ours or something else altogether.
//!
//! Knows no catalog. Every error names the location.

use std::io::{Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use iceberg::spec::TableMetadata;
use serde_json::Value;

use crate::error::Context;
use crate::storage::Storage;
use crate::{Error, Kind, Result};

/// Larger metadata is refused, in bytes after decompression.
const LARGEST: u64 = 1 << 30;

/// The column types of format version 3 that iceberg's crate cannot read yet.
const TYPES_TO_COME: [&str; 4] = ["variant", "geometry", "geography", "unknown"];

/// Reads a table's metadata, gzip or plain.
///
/// # Errors
/// [`Kind::NotFound`] where there is no file, [`Kind::Corrupt`] where it is not a table's metadata,
/// [`Kind::Unsupported`] for a later format version, a type that is not read yet, or more than 1 GiB.
pub async fn read_metadata(storage: &Storage, location: &str) -> Result<TableMetadata> {
    let bytes = read_bytes(storage, location).await?;
    apart(move || decode(&bytes)).await.context("location", location)
}

/// Reads a table's metadata as it stands in the file, with the fields that this program does not know.
///
/// # Errors
/// As [`read_metadata`]; any JSON object will do.
pub async fn read_metadata_json(storage: &Storage, location: &str) -> Result<Value> {
    let bytes = read_bytes(storage, location).await?;
    apart(move || json(&plain(&bytes)?)).await.context("location", location)
}

/// Writes metadata as the bytes of a file, gzip where `compress` says so.
///
/// # Errors
/// [`Kind::Bug`] where it cannot be written as JSON.
pub fn encode_metadata(metadata: &TableMetadata, compress: bool) -> Result<Bytes> {
    let bug = |e: String| Error::bug(format!("cannot write the metadata as JSON: {e}"));
    let plain = serde_json::to_vec(metadata).map_err(|e| bug(e.to_string()))?;
    if !compress {
        return Ok(plain.into());
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(&plain).and_then(|()| encoder.finish());
    packed.map(Bytes::from).map_err(|e| bug(e.to_string()))
}

async fn read_bytes(storage: &Storage, location: &str) -> Result<Bytes> {
    let missing = || Error::not_found("the metadata file does not exist").with("location", location);
    let size = storage.size(location).await?.ok_or_else(missing)?;
    if size > LARGEST {
        return Err(too_large().with("location", location));
    }
    storage.read(location).await
}

/// Parses on a thread of its own: large files take a while, and a parser that panics must not end the program.
async fn apart<T: Send + 'static>(parse: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(parse)
        .await
        .unwrap_or_else(|e| Err(Error::corrupt("the metadata file cannot be read").caused_by(e)))
}

fn too_large() -> Error {
    Error::unsupported("the metadata file is larger than 1 GiB")
        .hint("expire snapshots, or set write.metadata.previous-versions-max, with the engine that writes the table")
}

fn plain(bytes: &Bytes) -> Result<Bytes> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes.clone());
    }
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(bytes.as_ref()).take(LARGEST + 1).read_to_end(&mut unpacked);
    read.map_err(|e| Error::corrupt("the gzip metadata file is damaged or cut off").caused_by(e))?;
    if unpacked.len() as u64 > LARGEST { Err(too_large()) } else { Ok(unpacked.into()) }
}

/// Turns the bytes of a metadata file into metadata.
pub(crate) fn decode(bytes: &Bytes) -> Result<TableMetadata> {
    let plain = plain(bytes)?;
    serde_json::from_slice(&plain).map_err(|e| diagnose(&plain, e))
}

fn json(plain: &[u8]) -> Result<Value> {
    if plain.is_empty() {
        return Err(Error::corrupt("the metadata file is empty"));
    }
    let value: Value = serde_json::from_slice(plain).map_err(|e| {
        let what = if e.is_eof() { "the metadata file is cut off" } else { "the metadata file is not JSON" };
        Error::corrupt(what).with("line", e.line()).with("column", e.column())
    })?;
    if value.is_object() { Ok(value) } else { Err(not_a_table()) }
}

fn not_a_table() -> Error {
    Error::corrupt("this JSON file is not a table's metadata")
}

/// Finds out why metadata could not be read: the crate's own message says only that nothing fitted.
fn diagnose(plain: &[u8], cause: serde_json::Error) -> Error {
    let value = match json(plain) {
        Ok(value) => value,
        Err(e) => return e,
    };
    if value.get("view-uuid").is_some() {
        return Error::unsupported("this is the metadata of a view, not of a table");
    }
    match value.get("format-version").and_then(Value::as_u64) {
        None => return not_a_table(),
        Some(version) if version > 3 => {
            return Error::unsupported(format!("Iceberg format version {version} is not read yet"))
                .hint("this version of icedeck reads format versions 1, 2 and 3");
        }
        Some(_) => {}
    }
    if let Some(name) = value.get("schemas").and_then(type_to_come) {
        return Error::unsupported(format!("the table has a column of type {name}, which is not read yet"));
    }
    let missing = ["location", "last-updated-ms", "last-column-id"].into_iter().find(|key| value.get(key).is_none());
    match missing {
        Some(key) => Error::corrupt(format!("the metadata lacks {key}")),
        None => Error::corrupt("the metadata breaks the rules of the Iceberg format").caused_by(cause),
    }
}

fn type_to_come(value: &Value) -> Option<&'static str> {
    match value {
        Value::Array(items) => items.iter().find_map(type_to_come),
        Value::Object(fields) => fields.iter().find_map(|(key, value)| match value {
            Value::String(text) if matches!(key.as_str(), "type" | "element" | "key" | "value") => {
                TYPES_TO_COME.into_iter().find(|name| text.starts_with(name))
            }
            other => type_to_come(other),
        }),
        _ => None,
    }
}

/// The same metadata with another moment of its last update, in milliseconds since the epoch: iceberg's builder reads
/// the wall clock, and writes an older moment than the last where the clock went back.
///
/// # Errors
/// [`Kind::Corrupt`] where the moment contradicts the metadata's own logs.
pub fn restamped(metadata: TableMetadata, last_updated_ms: i64, moved_main: bool) -> Result<TableMetadata> {
    let wrong = |e: serde_json::Error| Error::new(Kind::Corrupt, "the new metadata contradicts itself").caused_by(e);
    let mut value = serde_json::to_value(metadata).map_err(wrong)?;
    value["last-updated-ms"] = last_updated_ms.into();
    let log = value.get_mut("snapshot-log").and_then(Value::as_array_mut);
    if let Some(entry) = log.filter(|_| moved_main).and_then(|log| log.last_mut()) {
        entry["timestamp-ms"] = last_updated_ms.into();
    }
    serde_json::from_value(value).map_err(wrong)
}

/// The version in a metadata file's name: `00012-<uuid>.metadata.json` or `v12.metadata.json`.
pub fn metadata_version(location: &str) -> Option<u64> {
    let name = location.rsplit('/').next()?;
    let stem = name.strip_suffix(".metadata.json").or_else(|| name.strip_suffix(".metadata.json.gz"))?;
    let stem = stem.strip_suffix(".gz").unwrap_or(stem);
    let number = match stem.strip_prefix('v') {
        Some(number) => number,
        None => stem.split_once('-')?.0,
    };
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_every_kind_of_name() {
        for (name, version) in [
            ("/t/metadata/00012-2cd22b57-5127-4198-92ba-e4e67c79821b.metadata.json", Some(12)),
            ("/t/metadata/00012-2cd22b57.gz.metadata.json", Some(12)),
            ("/t/metadata/v3.metadata.json", Some(3)),
            ("/t/metadata/v3.gz.metadata.json", Some(3)),
            ("/t/metadata/v3.metadata.json.gz", Some(3)),
            ("/t/metadata/other.json", None),
            ("", None),
        ] {
            assert_eq!(metadata_version(name), version, "{name}");
        }
    }

    fn fails(text: &str) -> Error {
        decode(&Bytes::copy_from_slice(text.as_bytes())).unwrap_err()
    }

    fn packed(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn each_way_of_being_broken_is_told() {
        for (text, kind, says) in [
            ("", Kind::Corrupt, "is empty"),
            ("{\"format-version\": 2, ", Kind::Corrupt, "is cut off"),
            ("a,b\n1,2\n", Kind::Corrupt, "is not JSON"),
            ("[1]", Kind::Corrupt, "not a table's metadata"),
            ("{\"name\": \"package\"}", Kind::Corrupt, "not a table's metadata"),
            ("{\"view-uuid\": \"x\", \"format-version\": 1}", Kind::Unsupported, "of a view"),
            ("{\"format-version\": 4}", Kind::Unsupported, "version 4"),
            ("{\"format-version\": 2}", Kind::Corrupt, "lacks location"),
            (
                "{\"format-version\":3,\"schemas\":[{\"fields\":[{\"type\":\"variant\"}]}]}",
                Kind::Unsupported,
                "variant",
            ),
        ] {
            let error = fails(text);
            assert_eq!(error.kind(), kind, "{text}");
            assert!(error.message().contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn a_gzip_file_that_is_cut_off_is_told() {
        let whole = packed("{\"format-version\": 4}");
        assert!(decode(&whole.clone().into()).unwrap_err().message().contains("version 4"));
        let cut = whole[..whole.len() - 9].to_vec();
        assert!(decode(&cut.into()).unwrap_err().message().contains("damaged or cut off"));
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        assert_eq!(fails(&"[".repeat(200_000)).kind(), Kind::Corrupt);
        assert_eq!(fails(&"{\"a\":".repeat(200_000)).kind(), Kind::Corrupt);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            assert!(decode(&bytes.clone().into()).is_err());
            let gzip = [vec![0x1f, 0x8b, 8, 0], bytes].concat();
            assert!(decode(&gzip.into()).is_err());
        }
    }
}
