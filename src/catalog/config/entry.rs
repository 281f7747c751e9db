//! One catalog as the configuration names it, before anything is connected.

use std::collections::BTreeMap;
use std::fmt;

use super::secret;
use crate::catalog::CatalogInfo;
use crate::{Error, Result};

/// One catalog of the configuration.
#[derive(Clone, Default)]
pub struct CatalogConfig {
    /// Its name.
    pub name: String,
    /// Its properties under PyIceberg's names, nested ones dotted.
    pub properties: BTreeMap<String, String>,
    /// Whether nothing may be changed in it.
    pub read_only: bool,
    /// The theme that is shown while it is at hand.
    pub theme: Option<String>,
    /// What named it: a file, `environment`, or `embedded`.
    pub origin: String,
    /// A variable that its properties ask for and that is not set.
    pub unset: Option<Unset>,
}

/// A variable that is asked for and not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unset {
    /// Its name.
    pub variable: String,
    /// The line that asks for it, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// Without secrets.
impl fmt::Debug for CatalogConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: BTreeMap<_, _> = self.properties.iter().map(|(k, v)| (k, secret::shown(k, v))).collect();
        f.debug_struct("CatalogConfig")
            .field("name", &self.name)
            .field("properties", &shown)
            .field("read_only", &self.read_only)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

impl CatalogConfig {
    /// A property, where it is set and not empty.
    pub fn property(&self, key: &str) -> Option<&str> {
        self.properties.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether a property says yes.
    pub fn says(&self, key: &str) -> bool {
        self.property(key).is_some_and(|v| ["true", "t", "yes", "y", "on", "1"].contains(&v.to_lowercase().as_str()))
    }

    /// `sql`, `rest`, ..: what `type` says, else what `uri` suggests, as PyIceberg infers it; else `unknown`.
    pub fn kind(&self) -> String {
        let uri = self.property("uri").unwrap_or_default();
        let inferred = || match uri {
            _ if uri.starts_with("http") => "rest",
            _ if uri.starts_with("thrift") => "hive",
            _ if uri.starts_with("sqlite") || uri.starts_with("postgresql") => "sql",
            _ if self.property("py-catalog-impl").is_some() => "custom",
            _ => "unknown",
        };
        self.property("type").map_or_else(|| inferred().to_string(), str::to_lowercase)
    }

    /// Whether it is the embedded warehouse.
    pub fn is_embedded(&self) -> bool {
        self.origin == "embedded"
    }

    /// What may be shown of it.
    pub fn info(&self, is_default: bool, read_only: bool) -> CatalogInfo {
        CatalogInfo {
            name: self.name.clone(),
            kind: self.kind(),
            uri: self.property("uri").map(secret::redact_uri),
            warehouse: self.property("warehouse").map(secret::redact_uri),
            read_only: self.read_only || read_only,
            is_default,
            origin: self.origin.clone(),
            theme: self.theme.clone(),
        }
    }

    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) where its properties ask for a variable that is not set.
    pub fn complete(&self) -> Result<()> {
        let Some(unset) = &self.unset else { return Ok(()) };
        Err(Error::invalid(format!("the environment variable {} is not set", unset.variable))
            .with("catalog", &self.name)
            .with("file", &self.origin)
            .with("line", unset.line)
            .with("column", unset.column)
            .hint("set it before you start icedeck"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> CatalogConfig {
        let properties = pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        CatalogConfig { name: "c".into(), properties, ..CatalogConfig::default() }
    }

    #[test]
    fn the_kind_is_inferred_as_pyiceberg_does() {
        for (pairs, kind) in [
            (vec![("uri", "https://x")], "rest"),
            (vec![("uri", "thrift://x")], "hive"),
            (vec![("uri", "sqlite:///x")], "sql"),
            (vec![("type", "GLUE")], "glue"),
            (vec![], "unknown"),
        ] {
            assert_eq!(config(&pairs).kind(), kind);
        }
    }

    #[test]
    fn debug_and_info_show_no_secret() {
        let config = config(&[
            ("uri", "https://me:hunter2@host/"),
            ("token", "hunter2"),
            ("s3.secret-access-key", "hunter2"),
            ("warehouse", "s3://me:hunter2@bucket/"),
        ]);
        for shown in [format!("{config:?}"), format!("{:?}", config.info(true, false))] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
