//! Names of namespaces as a REST path and its queries carry them.

use iceberg::NamespaceIdent;

use crate::{Error, Result};

/// What stands between the levels of a namespace: the unit separator, unless the server says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Separator(String);

impl Separator {
    /// From the property `namespace-separator`, which is percent-encoded: `%1F`, `%2E`.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) where it is none.
    pub fn of(encoded: Option<&str>) -> Result<Self> {
        let Some(encoded) = encoded else { return Ok(Self("\u{1f}".into())) };
        let wrong = || Error::invalid("no such separator").with("namespace-separator", encoded);
        let pair = format!("s={}", encoded.replace('+', "%2B"));
        let url = reqwest::Url::parse(&format!("http://h/?{pair}")).map_err(|e| wrong().caused_by(e))?;
        let decoded = url.query_pairs().next().map(|(_, value)| value.into_owned());
        decoded.filter(|d| !d.is_empty() && !d.contains('\u{fffd}')).map(Self).ok_or_else(wrong)
    }

    /// A namespace as one segment, not yet encoded.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) where a level holds the separator: the server would see other levels.
    pub fn joined(&self, namespace: &NamespaceIdent) -> Result<String> {
        let levels = namespace.as_ref();
        if let Some(level) = levels.iter().find(|level| level.contains(&self.0)) {
            return Err(Error::invalid("the name holds what this catalog separates names by")
                .with("name", level.escape_debug())
                .with("separator", self.0.escape_debug()));
        }
        Ok(levels.join(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_joined_by_what_the_server_says() {
        let ident = |levels: &[&str]| NamespaceIdent::from_strs(levels).unwrap();
        let dot = Separator::of(Some("%2E")).unwrap();
        assert_eq!(dot.joined(&ident(&["a", "b"])).unwrap(), "a.b");
        assert!(dot.joined(&ident(&["a.b"])).is_err());
        assert_eq!(Separator::of(None).unwrap().joined(&ident(&["a.b", "c"])).unwrap(), "a.b\u{1f}c");
        assert_eq!(Separator::of(Some("%1F")).unwrap(), Separator::of(None).unwrap());
        assert!(Separator::of(Some("%FF")).is_err());
    }
}
