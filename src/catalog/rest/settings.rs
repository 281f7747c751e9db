//! What a REST catalog is told by its user and by its server: the server's defaults, then the user's properties, then
//! the server's overrides. Plain values; nothing is sent here.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

use super::names::Separator;
use crate::{Error, Result};

/// What `GET /v1/config` answers.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ServerConfig {
    /// Values where the user says nothing.
    #[serde(default)]
    pub defaults: BTreeMap<String, String>,
    /// Values whatever the user says.
    #[serde(default)]
    pub overrides: BTreeMap<String, String>,
    /// How long a request may be sent again under the same key (ISO 8601); nothing where the server knows no keys.
    #[serde(default, rename = "idempotency-key-lifetime")]
    pub key_lifetime: Option<String>,
}

/// How requests are made.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// The catalog's address, without `v1`.
    pub uri: Url,
    /// What stands between `v1` and the rest of each path.
    pub prefix: Option<String>,
    /// What stands between the levels of a namespace in a path.
    pub separator: Separator,
    /// Sent with every request; values are marked as sensitive.
    pub headers: HeaderMap,
    /// How long nothing may come before an answer counts as lost.
    pub patience: Duration,
}

const DEFAULT_PATIENCE_S: u64 = 60;

impl ServerConfig {
    /// The properties that hold.
    pub fn merged(self, own: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut all = self.defaults;
        all.extend(own.clone());
        all.extend(self.overrides);
        all
    }
}

impl Settings {
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid), with the property that cannot be.
    pub fn of(properties: &BTreeMap<String, String>) -> Result<Self> {
        let property = |name: &str| properties.get(name).map(|v| v.trim()).filter(|v| !v.is_empty());
        Ok(Self {
            uri: address(property("uri").unwrap_or_default())?,
            prefix: property("prefix").map(|p| p.trim_matches('/').to_string()).filter(|p| !p.is_empty()),
            separator: Separator::of(property("namespace-separator"))?,
            headers: headers(properties)?,
            patience: patience(property("rest.timeout"))?,
        })
    }

    /// The address of a resource below `v1`; each part becomes one segment of the path, encoded.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) for a part that a path cannot hold.
    pub fn url(&self, parts: &[&str]) -> Result<Url> {
        let mut url = self.uri.clone();
        let prefix = self.prefix.iter().flat_map(|prefix| prefix.split('/'));
        let all: Vec<&str> = std::iter::once("v1").chain(prefix).chain(parts.iter().copied()).collect();
        if let Some(bad) = all.iter().find(|part| part.is_empty() || **part == "." || **part == "..") {
            return Err(Error::invalid("a name that no address can hold").with("name", bad));
        }
        url.path_segments_mut()
            .map_err(|()| Error::invalid("the catalog's uri is no address of a server"))?
            .pop_if_empty()
            .extend(all);
        Ok(url)
    }
}

/// An address of a server.
pub(super) fn address(uri: &str) -> Result<Url> {
    let wrong = || {
        Error::invalid("the catalog's uri is no address of a server")
            .hint("write uri = \"https://host/path\", without the v1 at its end")
    };
    let url = Url::parse(uri).map_err(|e| wrong().caused_by(e))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong());
    }
    Ok(url)
}

fn headers(properties: &BTreeMap<String, String>) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in properties {
        let Some(header) = name.strip_prefix("header.") else { continue };
        let wrong = || Error::invalid("a header that cannot be sent").with("property", name);
        let header = HeaderName::try_from(header).map_err(|e| wrong().caused_by(e))?;
        let mut value = HeaderValue::try_from(value).map_err(|e| wrong().caused_by(e))?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}

fn patience(seconds: Option<&str>) -> Result<Duration> {
    let Some(text) = seconds else { return Ok(Duration::from_secs(DEFAULT_PATIENCE_S)) };
    let seconds = text.parse::<f64>().ok().filter(|s| (0.001..=86_400.0).contains(s));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| {
        Error::invalid("no such time-out").with("property", "rest.timeout").with("value", text).hint("seconds: 60")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Result<Settings> {
        Settings::of(&pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect())
    }

    #[test]
    fn names_are_encoded_into_paths() {
        let found = settings(&[("uri", "http://h/iceberg/"), ("prefix", "main|wh")]).unwrap();
        let url = found.url(&["namespaces", "a\u{1f}b", "tables", "x/y ?%20ä"]).unwrap();
        assert_eq!(url.as_str(), "http://h/iceberg/v1/main|wh/namespaces/a%1Fb/tables/x%2Fy%20%3F%2520%C3%A4");
        for bad in ["..", ".", ""] {
            assert!(found.url(&["namespaces", bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_names_its_property() {
        for bad in
            [vec![("uri", "ftp://h")], vec![("uri", "nonsense")], vec![("uri", "http://h"), ("rest.timeout", "x")]]
        {
            assert_eq!(settings(&bad).unwrap_err().kind(), crate::Kind::Invalid);
        }
        let bad = settings(&[("uri", "http://h"), ("header.a b", "x")]).unwrap_err();
        assert!(bad.to_string().contains("header.a b"), "{bad}");
    }

    #[test]
    fn the_server_has_the_last_word() {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let server = ServerConfig {
            defaults: map(&[("a", "1"), ("b", "1"), ("c", "1")]),
            overrides: map(&[("c", "3")]),
            key_lifetime: None,
        };
        let merged = server.merged(&map(&[("b", "2"), ("c", "2")]));
        assert_eq!(merged, map(&[("a", "1"), ("b", "2"), ("c", "3")]));
    }
}
