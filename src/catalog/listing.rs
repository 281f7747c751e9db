//! What lies in a namespace, as it can be listed. Reads names only, no table.

use serde::Serialize;

use super::Connection;
use crate::table::{Namespace, TableName};
use crate::{Error, Kind, Result};

/// Everything in a namespace, its namespaces first; with `deep` as a tree, its tables first, each namespace followed by
/// what lies in it.
///
/// # Errors
/// [`Kind::NotFound`] where the namespace does not exist.
pub async fn entries(connection: &Connection, at: &Namespace, deep: bool) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    // What is still to be listed, the next one last.
    let mut open = vec![at.clone()];
    while let Some(namespace) = open.pop() {
        if namespace != *at {
            found.push(Entry { name: namespace.to_string(), kind: EntryKind::Namespace });
        }
        let Some((inner, tables)) = inside(connection, &namespace, namespace == *at).await? else { continue };
        let tables = tables.iter().map(|t| Entry { name: t.to_string(), kind: EntryKind::Table });
        if deep {
            found.extend(tables);
            open.extend(inner.into_iter().rev());
        } else {
            found.extend(inner.iter().map(|n| Entry { name: n.to_string(), kind: EntryKind::Namespace }));
            found.extend(tables);
        }
    }
    Ok(found)
}

/// Refuses a namespace with something in it: only an empty one can be dropped.
///
/// # Errors
/// [`Kind::Invalid`] with some of what is inside, and those of [`entries`].
pub async fn require_empty(connection: &Connection, namespace: &Namespace) -> Result<()> {
    let found = entries(connection, namespace, false).await?;
    let name = |entry: &Entry| match entry.kind {
        EntryKind::Namespace => format!("namespace {}", entry.name),
        EntryKind::Table => entry.name.clone(),
    };
    let inside: Vec<String> = found.iter().map(name).collect();
    if inside.is_empty() { Ok(()) } else { Err(not_empty(&namespace.to_string(), &inside)) }
}

/// What is said of a namespace that cannot be dropped for what is inside.
pub(super) fn not_empty(namespace: &str, inside: &[String]) -> Error {
    const SHOWN: usize = 5;
    let mut names = inside.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if inside.len() > SHOWN {
        names.push_str(&format!(" and {} more", inside.len() - SHOWN));
    }
    Error::invalid("the namespace is not empty")
        .with("namespace", namespace)
        .with("inside", names)
        .hint("drop or move what is inside first")
}

/// The namespaces and tables directly in a namespace; nothing where it is gone and need not be there: somebody may
/// drop it between the listing of its parent and its own.
async fn inside(
    connection: &Connection,
    namespace: &Namespace,
    must_exist: bool,
) -> Result<Option<(Vec<Namespace>, Vec<TableName>)>> {
    let listed: Result<_> =
        async { Ok((connection.namespaces(namespace).await?, connection.tables(namespace).await?)) }.await;
    match listed {
        Ok(listed) => Ok(Some(listed)),
        Err(e) if e.kind() == Kind::NotFound && !must_exist => Ok(None),
        Err(e) => Err(e),
    }
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
