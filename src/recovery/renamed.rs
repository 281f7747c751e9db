//! A table that is not there under the name it had: looked for by its UUID, for whoever renamed it told nobody.

use std::collections::{HashMap, VecDeque};

use futures::StreamExt;
use uuid::Uuid;

use super::look::found;
use crate::catalog::Connection;
use crate::table::{Namespace, Table, TableName};
use crate::{Kind, Result};

/// Tables looked at, at most.
const MOST: usize = 500;
/// Tables looked at at the same time.
const AT_ONCE: usize = 8;

/// The tables of a catalog by their UUIDs: read where one is missing under its name, and then kept.
#[derive(Debug, Default)]
pub struct Names {
    known: Option<HashMap<Uuid, TableName>>,
}

impl Names {
    /// The table of this UUID: under its name, else under another one, where it is among so many tables of the catalog;
    /// else what has its name now.
    ///
    /// # Errors
    /// Those of loading the table of that name, and of listing. A table that cannot be loaded is passed over.
    pub(super) async fn follow(
        &mut self,
        connection: &Connection,
        name: &TableName,
        uuid: Uuid,
    ) -> Result<Option<Table>> {
        let named = found(connection, name).await?;
        if named.as_ref().is_some_and(|table| table.metadata().uuid() == uuid) {
            return Ok(named);
        }
        if self.known.is_none() {
            self.known = Some(all(connection, &name.namespace).await?);
        }
        let other = self.known.as_ref().and_then(|known| known.get(&uuid));
        let renamed = match other {
            Some(other) => found(connection, other).await?.filter(|table| table.metadata().uuid() == uuid),
            None => None,
        };
        Ok(renamed.or(named))
    }
}

/// The tables of a catalog, those of one namespace first.
async fn all(connection: &Connection, first: &Namespace) -> Result<HashMap<Uuid, TableName>> {
    let mut known = HashMap::new();
    let mut names = listed(connection.tables(first).await)?;
    let mut waiting = VecDeque::from([Namespace::default()]);
    while let Some(namespace) = waiting.pop_front().filter(|_| names.len() < MOST) {
        if namespace != *first {
            names.extend(listed(connection.tables(&namespace).await)?);
        }
        waiting.extend(listed(connection.namespaces(&namespace).await)?);
    }
    names.truncate(MOST);
    let mut loads = futures::stream::iter(names).map(|name| load(connection, name)).buffer_unordered(AT_ONCE);
    while let Some(table) = loads.next().await {
        known.extend(table.map(|table| (table.metadata().uuid(), table.name().clone())));
    }
    Ok(known)
}

async fn load(connection: &Connection, name: TableName) -> Option<Table> {
    connection.load(&name).await.inspect_err(|e| tracing::debug!(table = %name, "passed over: {e}")).ok()
}

/// A namespace that is gone has nothing in it.
fn listed<T>(found: Result<Vec<T>>) -> Result<Vec<T>> {
    match found {
        Err(e) if e.kind() == Kind::NotFound => Ok(Vec::new()),
        found => found,
    }
}
