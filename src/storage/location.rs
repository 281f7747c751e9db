//! An absolute location, taken apart. Keys are literal; nothing is percent-decoded.

use std::path::PathBuf;

use object_store::path::Path;

use crate::{Error, Result};

/// Which kind of store holds a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// The local file system.
    File,
}

/// An absolute location: `file:///a/b`, `file:/a/b` or `/a/b`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Which kind of store.
    pub scheme: Scheme,
    /// What names the store: `file://` for the local file system.
    pub root: String,
    /// The key within the store.
    pub key: Path,
}

impl Location {
    /// Takes a location apart.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) for a relative path or an empty path segment,
    /// [`Kind::Unsupported`](crate::Kind::Unsupported) for another scheme.
    pub fn parse(location: &str) -> Result<Self> {
        let (scheme, rest) = match location.split_once(':') {
            Some((scheme, rest)) if !scheme.is_empty() && !scheme.contains('/') => (scheme, rest),
            _ => ("file", location),
        };
        if scheme != "file" {
            return Err(Error::unsupported(format!("no storage for {scheme}: locations"))
                .with("location", location)
                .hint("this version reads and writes local files"));
        }
        if !rest.starts_with('/') {
            return Err(Error::invalid("not an absolute location").with("location", location));
        }
        let path = rest.trim_start_matches('/').trim_end_matches('/');
        let key = Path::parse(path).map_err(|e| {
            Error::invalid("the location has an empty or forbidden path segment")
                .with("location", location)
                .caused_by(e)
        })?;
        Ok(Self { scheme: Scheme::File, root: "file://".into(), key })
    }

    /// The path on this machine, where the location is local.
    pub fn local_path(&self) -> Option<PathBuf> {
        match self.scheme {
            Scheme::File => Some(PathBuf::from(format!("/{}", self.key))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_local_path_are_one() {
        for spelling in ["/a/b c%2F.avro", "file:/a/b c%2F.avro", "file:///a/b c%2F.avro"] {
            let location = Location::parse(spelling).unwrap();
            assert_eq!(location.local_path().unwrap(), PathBuf::from("/a/b c%2F.avro"), "{spelling}");
        }
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for bad in ["a/b", "file:a", "file:///a//b", "file:///a/../b", "s3://bucket/key"] {
            assert!(Location::parse(bad).is_err(), "{bad}");
        }
    }
}
