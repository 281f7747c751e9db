//! What a SQL catalog does with names: namespaces and tables made, listed, loaded, renamed and dropped. It never
//! changes a table: that is the committer's.

use std::collections::{BTreeSet, HashMap};

use iceberg::spec::{TableMetadata, TableMetadataBuilder};
use iceberg::{NamespaceIdent, TableCreation, TableIdent};
use sqlx::{Any, Transaction};

use super::names;
use super::rows::{Key, Rows};
use crate::catalog::assemble;
use crate::catalog::listing::not_empty;
use crate::env::Env;
use crate::storage::{Storage, from_iceberg};
use crate::table::{Namespace, read_metadata, restamped};
use crate::{Error, Kind, Result};

/// A catalog in a SQL database, in the table layout of Java's JdbcCatalog and PyIceberg.
#[derive(Debug, Clone)]
pub struct SqlCatalog {
    pub(super) rows: Rows,
    pub(super) storage: Storage,
    pub(super) warehouse: Option<String>,
    pub(super) env: Env,
}

/// The key of a table's row.
pub(super) fn key(ident: &TableIdent) -> Result<Key> {
    Ok(Key { namespace: names::stored(ident.namespace())?, table: ident.name().to_string() })
}

fn missing_namespace(namespace: &NamespaceIdent) -> Error {
    let name = Namespace(namespace.as_ref().clone());
    Error::not_found("the namespace does not exist")
        .with("namespace", &name)
        .hint(format!("make it with: icedeck create-namespace {name}"))
}

fn missing_table(ident: &TableIdent) -> Error {
    let name = Namespace(ident.namespace().as_ref().clone()).table(ident.name());
    Error::not_found("the table does not exist").with("table", name)
}

impl SqlCatalog {
    /// A catalog upon the rows of an open database; `warehouse` is where new tables go.
    pub fn new(rows: Rows, storage: Storage, warehouse: Option<String>, env: Env) -> Self {
        Self { rows, storage, warehouse, env }
    }

    /// What publishes changes of its tables.
    pub fn committer(&self) -> super::SqlCommitter {
        super::SqlCommitter::new(self.rows.clone(), self.env.clone())
    }

    /// `look` says how to find out whether a change was made whose COMMIT was not confirmed.
    async fn commit(&self, tx: Transaction<'static, Any>, look: String) -> Result<()> {
        let committed = tx.commit().await;
        committed.map_err(|e| {
            let error = self.rows.database.failed(e, "it is not known whether the catalog took the change");
            error.as_kind(Kind::Unknown).hint(format!("before you try again: {look}"))
        })
    }

    /// The namespaces directly within `parent`.
    pub async fn children(&self, parent: Option<&NamespaceIdent>) -> Result<Vec<NamespaceIdent>> {
        if let Some(parent) = parent {
            self.require_namespace(parent).await?;
        }
        let found = below(&self.rows.namespaces(self.rows.database.pool()).await?, parent);
        found.into_iter().map(|l| NamespaceIdent::from_vec(l).map_err(|e| from_iceberg(e, "namespace"))).collect()
    }

    async fn require_namespace(&self, namespace: &NamespaceIdent) -> Result<String> {
        let stored = names::stored(namespace)?;
        let exists = self.rows.namespace_exists(self.rows.database.pool(), &stored).await?;
        if exists { Ok(stored) } else { Err(missing_namespace(namespace)) }
    }

    /// Whether a namespace exists. A name that cannot be stored does not.
    pub async fn has_namespace(&self, namespace: &NamespaceIdent) -> Result<bool> {
        match names::stored(namespace) {
            Ok(stored) => self.rows.namespace_exists(self.rows.database.pool(), &stored).await,
            Err(_) => Ok(false),
        }
    }

    /// Makes a namespace.
    pub async fn make_namespace(&self, namespace: &NamespaceIdent, properties: &HashMap<String, String>) -> Result<()> {
        let stored = names::stored(namespace)?;
        let mut tx = self.rows.database.begin().await?;
        if self.rows.namespace_exists(&mut *tx, &stored).await? {
            return Err(Error::new(Kind::AlreadyExists, "the namespace exists already").with("namespace", stored));
        }
        self.rows.set_properties(&mut tx, &stored, properties).await?;
        self.commit(tx, format!("icedeck ls --recursive lists {stored} if it was made")).await
    }

    /// A namespace's properties.
    pub async fn properties(&self, namespace: &NamespaceIdent) -> Result<HashMap<String, String>> {
        let stored = self.require_namespace(namespace).await?;
        self.rows.properties(&stored).await
    }

    /// Replaces all properties of a namespace.
    pub async fn set_properties(&self, namespace: &NamespaceIdent, properties: &HashMap<String, String>) -> Result<()> {
        let stored = names::stored(namespace)?;
        let mut tx = self.rows.database.begin().await?;
        if !self.rows.namespace_exists(&mut *tx, &stored).await? {
            return Err(missing_namespace(namespace));
        }
        self.rows.set_properties(&mut tx, &stored, properties).await?;
        self.commit(tx, format!("look at the properties of {stored}")).await
    }

    /// Drops a namespace with nothing inside.
    pub async fn remove_namespace(&self, namespace: &NamespaceIdent) -> Result<()> {
        let stored = names::stored(namespace)?;
        let mut tx = self.rows.database.begin().await?;
        if !self.rows.namespace_exists(&mut *tx, &stored).await? {
            return Err(missing_namespace(namespace));
        }
        let inner = below(&self.rows.namespaces(&mut *tx).await?, Some(namespace));
        let tables = self.rows.tables(&mut *tx, &stored, true).await?;
        let inner = inner.iter().filter_map(|levels| levels.last()).map(|level| format!("namespace {level}"));
        let inside: Vec<String> = inner.chain(tables).collect();
        if !inside.is_empty() {
            return Err(not_empty(&stored, &inside));
        }
        self.rows.drop_properties(&mut tx, &stored).await?;
        self.commit(tx, format!("icedeck ls --recursive lists {stored} if it is still there")).await
    }

    /// The tables directly within a namespace.
    pub async fn tables(&self, namespace: &NamespaceIdent) -> Result<Vec<TableIdent>> {
        let stored = self.require_namespace(namespace).await?;
        let found = self.rows.tables(self.rows.database.pool(), &stored, false).await?;
        Ok(found.into_iter().map(|name| TableIdent::new(namespace.clone(), name)).collect())
    }

    /// Where a table's metadata is; nothing where there is no such table.
    pub async fn pointer(&self, ident: &TableIdent) -> Result<Option<String>> {
        match key(ident) {
            Ok(key) => self.rows.pointer(self.rows.database.pool(), &key).await,
            Err(_) => Ok(None),
        }
    }

    /// The table as it is now.
    pub async fn load(&self, ident: &TableIdent) -> Result<iceberg::table::Table> {
        let location = self.pointer(ident).await?.ok_or_else(|| missing_table(ident))?;
        let metadata = read_metadata(&self.storage, &location).await.map_err(|e| e.with("table", ident))?;
        assemble(&self.storage, ident.clone(), metadata, &location, false)
    }

    /// Makes an empty table: its first metadata file, then its row. The file goes again where the row was not made.
    pub async fn make_table(&self, namespace: &NamespaceIdent, wanted: TableCreation) -> Result<iceberg::table::Table> {
        let ident = TableIdent::new(namespace.clone(), wanted.name.clone());
        names::check_table(&wanted.name)?;
        self.require_namespace(namespace).await?;
        if self.pointer(&ident).await?.is_some() {
            return Err(Error::new(Kind::AlreadyExists, "the table exists already").with("table", &ident));
        }
        let folder = self.folder(&ident, wanted.location.as_deref()).await?;
        let metadata = self.first_metadata(wanted, folder)?;
        let location = super::publish::metadata_location(&metadata, 0, &self.env);
        let compress = super::publish::compresses(metadata.properties())?;
        let table = assemble(&self.storage, ident.clone(), metadata, &location, false)?;
        super::publish::write(&self.storage, table.metadata(), &location, compress).await?;
        self.add(&ident, &location, true).await?;
        Ok(table)
    }

    /// Names an existing metadata file as a table.
    pub async fn register(&self, ident: &TableIdent, location: &str) -> Result<iceberg::table::Table> {
        names::check_table(ident.name())?;
        let metadata = read_metadata(&self.storage, location).await?;
        self.add(ident, location, false).await?;
        assemble(&self.storage, ident.clone(), metadata, location, false)
    }

    async fn add(&self, ident: &TableIdent, location: &str, is_ours: bool) -> Result<()> {
        let key = key(ident)?;
        let added = async {
            let mut tx = self.rows.database.begin().await?;
            if !self.rows.namespace_exists(&mut *tx, &key.namespace).await? {
                return Err(missing_namespace(ident.namespace()));
            }
            self.rows.insert(&mut tx, &key, location).await?;
            Ok(tx)
        };
        match added.await {
            // Once COMMIT is sent the file may be needed, so it stays whatever the answer.
            Ok(tx) => self.commit(tx, format!("icedeck show {ident} shows the table if it was made")).await,
            Err(e) => {
                if is_ours {
                    super::publish::discard(&self.storage, location).await;
                }
                Err(e)
            }
        }
    }

    async fn folder(&self, ident: &TableIdent, wanted: Option<&str>) -> Result<String> {
        if let Some(location) = wanted {
            return Ok(location.trim_end_matches('/').to_string());
        }
        let stored = names::stored(ident.namespace())?;
        let own = self.rows.properties(&stored).await?.remove("location");
        let folder = names::table_folder(self.warehouse.as_deref(), own.as_deref(), &stored, ident.name())?;
        // A table that was dropped or renamed leaves its files: no two tables share a folder.
        let taken = !self.storage.list(&format!("{folder}/metadata")).await?.is_empty();
        Ok(if taken { format!("{folder}-{}", self.env.uuid().simple()) } else { folder })
    }

    fn first_metadata(&self, mut wanted: TableCreation, folder: String) -> Result<TableMetadata> {
        wanted.location = Some(folder);
        let refused =
            |e: iceberg::Error| Error::invalid(format!("the table cannot be so: {}", e.message())).caused_by(e);
        let builder = TableMetadataBuilder::from_table_creation(wanted).map_err(refused)?;
        let built = builder.assign_uuid(self.env.uuid()).build().map_err(refused)?;
        restamped(built.metadata, self.env.now_ms(), false)
    }

    /// Takes a table's row away; its files stay.
    pub async fn remove_table(&self, ident: &TableIdent) -> Result<()> {
        let mut tx = self.rows.database.begin().await?;
        if !self.rows.delete(&mut tx, &key(ident)?).await? {
            return Err(missing_table(ident));
        }
        self.commit(tx, format!("icedeck show {ident} shows the table if it is still there")).await
    }

    /// Gives a table another name; its files stay.
    pub async fn rename(&self, from: &TableIdent, to: &TableIdent) -> Result<()> {
        names::check_table(to.name())?;
        let (old, new) = (key(from)?, key(to)?);
        let mut tx = self.rows.database.begin().await?;
        if !self.rows.namespace_exists(&mut *tx, &new.namespace).await? {
            return Err(missing_namespace(to.namespace()));
        }
        if !self.rows.rename(&mut tx, &old, &new).await? {
            return Err(missing_table(from));
        }
        self.commit(
            tx,
            format!("icedeck show {to} shows the table if it was renamed, icedeck show {from} if it was not"),
        )
        .await
    }
}

/// The namespaces directly within `parent`, of all that are stored.
fn below(stored: &BTreeSet<String>, parent: Option<&NamespaceIdent>) -> BTreeSet<Vec<String>> {
    let outer: &[String] = parent.map_or(&[], |p| p.as_ref());
    let mut found = BTreeSet::new();
    for name in stored {
        match names::levels(name) {
            Some(mut levels) if levels.len() > outer.len() && levels.starts_with(outer) => {
                levels.truncate(outer.len() + 1);
                found.insert(levels);
            }
            Some(_) => {}
            None => tracing::warn!(name, "a namespace with an empty level cannot be shown"),
        }
    }
    found
}
