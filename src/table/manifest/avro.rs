//! The header of an Avro file, apart from the blocks behind it. Pure.

use std::collections::HashMap;

use apache_avro::types::Value;
use apache_avro::{Schema, from_avro_datum, to_avro_datum};
use bytes::{Buf, Bytes};
use iceberg::{Error, ErrorKind, Result};

const MAGIC: &[u8] = b"Obj\x01";

/// What the header of an Avro file says, by key.
pub(super) type Header = HashMap<String, Vec<u8>>;

/// The header of a file, and what follows it: the sync marker and the blocks.
pub(super) fn split(mut file: Bytes) -> Result<(Header, Bytes)> {
    let broken = || Error::new(ErrorKind::DataInvalid, "the file has no header of Avro");
    if !file.starts_with(MAGIC) {
        return Err(broken());
    }
    file.advance(MAGIC.len());
    let mut rest = file.as_ref();
    let read = from_avro_datum(&Schema::map(Schema::Bytes), &mut rest, None).map_err(|e| broken().with_source(e))?;
    let left = rest.len();
    let Value::Map(entries) = read else { return Err(broken()) };
    let header = entries.into_iter().filter_map(|(key, value)| match value {
        Value::Bytes(bytes) => Some((key, bytes)),
        _ => None,
    });
    Ok((header.collect(), file.split_off(file.len() - left)))
}

/// A file of these.
pub(super) fn join(header: Header, rest: &[u8]) -> Result<Bytes> {
    let entries = header.into_iter().map(|(key, bytes)| (key, Value::Bytes(bytes))).collect();
    let header = to_avro_datum(&Schema::map(Schema::Bytes), Value::Map(entries))
        .map_err(|e| Error::new(ErrorKind::Unexpected, "a header of Avro cannot be written").with_source(e))?;
    Ok([MAGIC, &header, rest].concat().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_is_read_is_written_again() {
        let header = Header::from([("avro.schema".to_string(), b"\"int\"".to_vec()), ("empty".into(), Vec::new())]);
        let file = join(header.clone(), b"0123456789abcdef, and the blocks").unwrap();
        let (read, rest) = split(file).unwrap();
        assert_eq!(read, header);
        assert_eq!(rest.as_ref(), b"0123456789abcdef, and the blocks");
    }

    #[test]
    fn what_is_no_avro_is_refused() {
        for file in ["", "Obj", "Parquet", "Obj\u{1}\u{2}\u{c}cut"] {
            assert!(split(Bytes::from_static(file.as_bytes())).is_err(), "{file:?}");
        }
    }
}
