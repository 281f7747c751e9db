//! What must hold of a table before anything is proposed: the format's limits, and the traps of iceberg 0.10.1 in which
//! a commit would lose something without saying so.

use std::io::Read;

use iceberg::spec::FormatVersion;

use crate::table::Table;
use crate::{Error, Result};

/// The largest version 1 metadata file that is searched for refs.
const LARGEST_METADATA: u64 = 512 << 20;

/// # Errors
/// [`Kind::Unsupported`](crate::Kind::Unsupported) for an encrypted table, and for a version 1 table with branches or
/// tags: iceberg neither reads nor writes those, a commit would drop them.
pub(crate) async fn check(table: &Table) -> Result<()> {
    let metadata = table.metadata();
    let encrypted =
        metadata.encryption_keys_iter().len() > 0 || metadata.properties().contains_key("encryption.key-id");
    if encrypted {
        return Err(Error::unsupported("encrypted tables cannot be changed").with("table", table.name()));
    }
    if metadata.format_version() == FormatVersion::V1 {
        return no_hidden_refs(table).await;
    }
    Ok(())
}

async fn no_hidden_refs(table: &Table) -> Result<()> {
    let location = table.metadata_location();
    if location.is_empty() {
        return Ok(());
    }
    let bytes = table.storage().read(location).await?;
    let text = unpacked(&bytes)
        .map_err(|e| Error::corrupt("the table's metadata cannot be read").with("location", location).caused_by(e))?;
    let hidden = hidden_refs(&text)
        .map_err(|e| Error::corrupt("the table's metadata is not JSON").with("location", location).caused_by(e))?;
    if hidden.is_empty() {
        return Ok(());
    }
    Err(Error::unsupported("the table is of format version 1 and has branches or tags, which a commit would drop")
        .with("table", table.name())
        .with("refs", hidden.join(", "))
        .hint("upgrade the table to format version 2 with an engine that keeps them"))
}

/// Gzip is told by its first bytes, not by the name.
fn unpacked(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes.to_vec());
    }
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).take(LARGEST_METADATA).read_to_end(&mut text)?;
    Ok(text)
}

/// The refs beside a plain `main`.
fn hidden_refs(text: &[u8]) -> serde_json::Result<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct OnlyRefs {
        #[serde(default)]
        refs: Option<serde_json::Map<String, serde_json::Value>>,
    }
    let found: OnlyRefs = serde_json::from_slice(text)?;
    let names = found.refs.unwrap_or_default();
    Ok(names.into_iter().map(|(name, _)| name).filter(|name| name != iceberg::spec::MAIN_BRANCH).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_that_iceberg_does_not_read_are_found() {
        let text = br#"{"format-version":1,"refs":{"main":{"snapshot-id":1,"type":"branch"},"eoy":{}}}"#;
        assert_eq!(hidden_refs(text).unwrap(), vec!["eoy"]);
        assert!(hidden_refs(br#"{"format-version":1}"#).unwrap().is_empty());
        assert!(hidden_refs(b"{").is_err());
    }
}
