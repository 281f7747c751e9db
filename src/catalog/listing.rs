//! What lies in a namespace, as it can be listed. Reads names only, no table.

use serde::Serialize;

use super::Connection;
use crate::table::Namespace;
use crate::{Kind, Result};

/// Everything in a namespace, its namespaces first; with `deep`, what lies in those too.
///
/// # Errors
/// [`Kind::NotFound`] where the namespace does not exist.
pub async fn entries(connection: &Connection, at: &Namespace, deep: bool) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    let mut open = vec![at.clone()];
    while let Some(namespace) = open.pop() {
        let inner = match connection.namespaces(&namespace).await {
            // Dropped by someone between the listing of its parent and this one.
            Err(e) if e.kind() == Kind::NotFound && namespace != *at => continue,
            answer => answer?,
        };
        found.extend(inner.iter().map(|n| Entry { name: n.to_string(), kind: EntryKind::Namespace }));
        let tables = connection.tables(&namespace).await?;
        found.extend(tables.iter().map(|t| Entry { name: t.to_string(), kind: EntryKind::Table }));
        if deep {
            open.extend(inner.into_iter().rev());
        }
    }
    Ok(found)
}

/// A thing in a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its whole name, as it can be typed.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: EntryKind,
}

/// What a thing in a namespace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A namespace.
    Namespace,
    /// A table.
    Table,
}
