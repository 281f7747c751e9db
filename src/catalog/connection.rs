//! A connection to one catalog: names and tables in, tables out. The same for every kind of catalog: it reads through
//! iceberg's `Catalog` and publishes through its [`Committer`]. It never commits by itself.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use iceberg::spec::{FormatVersion, Schema, SortOrder, UnboundPartitionSpec};
use iceberg::{Catalog, NamespaceIdent, TableIdent};

use super::{CatalogInfo, Committer};
use crate::storage::{Storage, from_iceberg};
use crate::table::{Namespace, Table, TableName};
use crate::{Error, Kind, Result};

/// The kind of catalog whose metadata files this program writes.
const SQL: &str = "sql";

/// What a new table shall be.
#[derive(Debug, Clone)]
pub struct TableCreation {
    /// Its name; the namespace must exist.
    pub name: TableName,
    /// Its schema. Field ids are assigned anew.
    pub schema: Schema,
    /// How it is partitioned, by source ids of `schema`; nothing for an unpartitioned table.
    pub spec: Option<UnboundPartitionSpec>,
    /// How its files are sorted, by source ids of `schema`.
    pub sort_order: Option<SortOrder>,
    /// Its properties. `format-version` (1, 2 or 3; 2 unless given) decides the format and is not kept.
    pub properties: BTreeMap<String, String>,
    /// Where its files go; nothing for the catalog's own choice.
    pub location: Option<String>,
}

/// An open connection to one catalog.
pub struct Connection {
    info: CatalogInfo,
    storage: Storage,
    catalog: Arc<dyn Catalog>,
    committer: Arc<dyn Committer>,
}

/// Without the properties, which may hold secrets.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("info", &self.info).finish_non_exhaustive()
    }
}

impl Connection {
    /// A connection upon a catalog and the committer that belongs to it.
    pub fn new(info: CatalogInfo, storage: Storage, catalog: Arc<dyn Catalog>, committer: Arc<dyn Committer>) -> Self {
        Self { info, storage, catalog, committer }
    }

    /// The same connection that publishes in another way, as tests of faults have it.
    #[must_use]
    pub fn with_committer(&self, committer: Arc<dyn Committer>) -> Self {
        let (info, storage, catalog) = (self.info.clone(), self.storage.clone(), self.catalog.clone());
        Self { info, storage, catalog, committer }
    }

    /// The catalog's name.
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// What is known of the catalog, without secrets.
    pub fn info(&self) -> &CatalogInfo {
        &self.info
    }

    /// Whether nothing may be changed through this connection.
    pub fn read_only(&self) -> bool {
        self.info.read_only
    }

    /// # Errors
    /// [`Kind::Denied`] where nothing may be changed through this connection.
    pub fn writable(&self) -> Result<()> {
        if !self.info.read_only {
            return Ok(());
        }
        Err(Error::new(Kind::Denied, "this catalog is read-only here")
            .with("catalog", &self.info.name)
            .hint("leave out --read-only, or take read-only from the catalog's configuration"))
    }

    /// What publishes changes of this catalog's tables.
    pub fn committer(&self) -> &dyn Committer {
        self.committer.as_ref()
    }

    /// The stores that reach this catalog's files.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// The namespaces directly within `parent` (the root lists the outermost ones), sorted.
    ///
    /// # Errors
    /// [`Kind::NotFound`] where the parent does not exist, [`Kind::Unavailable`] where the catalog does not answer.
    pub async fn namespaces(&self, parent: &Namespace) -> Result<Vec<Namespace>> {
        let ident = if parent.is_root() { None } else { Some(namespace_ident(parent)?) };
        let found = self.catalog.list_namespaces(ident.as_ref()).await;
        let found = found.map_err(|e| from_iceberg(e, "cannot list the namespaces"))?;
        let mut found: Vec<_> = found.into_iter().map(|n| Namespace(n.inner())).collect();
        found.sort();
        Ok(found)
    }

    /// The tables directly within a namespace, sorted.
    ///
    /// # Errors
    /// [`Kind::NotFound`] where the namespace does not exist, [`Kind::Unavailable`] where the catalog does not answer.
    pub async fn tables(&self, namespace: &Namespace) -> Result<Vec<TableName>> {
        if namespace.is_root() {
            return Ok(Vec::new());
        }
        let found = self.catalog.list_tables(&namespace_ident(namespace)?).await;
        let found = found.map_err(|e| from_iceberg(e, "cannot list the tables"))?;
        let mut found: Vec<_> = found.into_iter().map(|t| Namespace(t.namespace.inner()).table(t.name)).collect();
        found.sort();
        Ok(found)
    }

    /// A namespace's properties.
    ///
    /// # Errors
    /// [`Kind::NotFound`] where it does not exist.
    pub async fn namespace_properties(&self, namespace: &Namespace) -> Result<BTreeMap<String, String>> {
        let found = self.catalog.get_namespace(&namespace_ident(namespace)?).await;
        let found = found.map_err(|e| from_iceberg(e, "cannot read the namespace"))?;
        Ok(found.properties().clone().into_iter().collect())
    }

    /// The table as it is now.
    ///
    /// # Errors
    /// [`Kind::NotFound`] where it does not exist, [`Kind::Corrupt`] where its metadata is not what it should be.
    pub async fn load(&self, name: &TableName) -> Result<Table> {
        let table = self.catalog.load_table(&table_ident(name)?).await;
        let table = table.map_err(|e| from_iceberg(e, "cannot load the table"))?;
        Ok(Table::new(table, self.storage.clone()))
    }

    /// Whether a table of this name exists.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] where the catalog does not answer.
    pub async fn table_exists(&self, name: &TableName) -> Result<bool> {
        let found = self.catalog.table_exists(&table_ident(name)?).await;
        found.map_err(|e| from_iceberg(e, "cannot look the table up"))
    }

    /// Whether a namespace exists: it was created, or holds a table or another namespace.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] where the catalog does not answer.
    pub async fn namespace_exists(&self, namespace: &Namespace) -> Result<bool> {
        let found = self.catalog.namespace_exists(&namespace_ident(namespace)?).await;
        found.map_err(|e| from_iceberg(e, "cannot look the namespace up"))
    }

    /// Makes a namespace.
    ///
    /// # Errors
    /// [`Kind::AlreadyExists`], [`Kind::Denied`] on a read-only connection, [`Kind::Invalid`] for a name that the
    /// catalog cannot keep.
    pub async fn create_namespace(&self, namespace: &Namespace, properties: BTreeMap<String, String>) -> Result<()> {
        self.writable()?;
        let properties: HashMap<_, _> = properties.into_iter().collect();
        let made = self.catalog.create_namespace(&namespace_ident(namespace)?, properties).await;
        made.map(drop).map_err(|e| from_iceberg(e, "cannot create the namespace"))
    }

    /// Drops an empty namespace.
    ///
    /// # Errors
    /// [`Kind::NotFound`], [`Kind::Denied`] on a read-only connection, [`Kind::Invalid`] where something is inside.
    pub async fn drop_namespace(&self, namespace: &Namespace) -> Result<()> {
        self.writable()?;
        let dropped = self.catalog.drop_namespace(&namespace_ident(namespace)?).await;
        dropped.map_err(|e| from_iceberg(e, "cannot drop the namespace"))
    }

    /// Makes an empty table.
    ///
    /// # Errors
    /// [`Kind::AlreadyExists`], [`Kind::NotFound`] where the namespace is missing, [`Kind::Denied`] on a read-only
    /// connection, [`Kind::Invalid`] for a name, schema, spec or property that cannot be.
    pub async fn create_table(&self, creation: TableCreation) -> Result<Table> {
        self.writable()?;
        let ident = table_ident(&creation.name)?;
        let made = self.catalog.create_table(ident.namespace(), iceberg_creation(creation)?).await;
        Ok(Table::new(made.map_err(|e| from_iceberg(e, "cannot create the table"))?, self.storage.clone()))
    }

    /// Takes a table out of the catalog. Its files stay where they are.
    ///
    /// # Errors
    /// [`Kind::NotFound`], [`Kind::Denied`] on a read-only connection.
    pub async fn drop_table(&self, name: &TableName) -> Result<()> {
        self.writable()?;
        let dropped = self.catalog.drop_table(&table_ident(name)?).await;
        dropped.map_err(|e| from_iceberg(e, "cannot drop the table"))
    }

    /// Takes back a table that was just made, and is still as it was made: out of the catalog, then its metadata file and
    /// folders without files. Where the catalog itself wrote that file, as a REST catalog does, it stays.
    ///
    /// # Errors
    /// [`Kind::Invalid`] where others have changed the table meanwhile; those of [`drop_table`](Self::drop_table).
    pub async fn unmake_table(&self, made: &Table) -> Result<()> {
        let now = match self.load(made.name()).await {
            Err(e) if e.kind() == Kind::NotFound && !self.table_exists(made.name()).await? => return Ok(()),
            now => now?,
        };
        if now.metadata_location() != made.metadata_location() {
            return Err(Error::invalid("others have changed the table meanwhile").with("table", made.name()));
        }
        self.drop_table(made.name()).await?;
        if self.info.kind != SQL {
            return Ok(());
        }
        let cleared = async {
            self.storage.delete(made.metadata_location()).await?;
            self.storage.remove_empty_folders(made.metadata().location()).await
        };
        if let Err(e) = cleared.await {
            tracing::warn!(table = %made.name(), error = %e, "files of a table that was taken back stay behind");
        }
        Ok(())
    }

    /// Gives a table another name. Its files stay where they are.
    ///
    /// # Errors
    /// [`Kind::NotFound`] for the table or the new namespace, [`Kind::AlreadyExists`] for the new name,
    /// [`Kind::Denied`] on a read-only connection.
    pub async fn rename_table(&self, from: &TableName, to: &TableName) -> Result<()> {
        self.writable()?;
        let renamed = self.catalog.rename_table(&table_ident(from)?, &table_ident(to)?).await;
        renamed.map_err(|e| from_iceberg(e, "cannot rename the table"))
    }
}

/// iceberg's form of a namespace.
pub(crate) fn namespace_ident(namespace: &Namespace) -> Result<NamespaceIdent> {
    NamespaceIdent::from_vec(namespace.0.clone()).map_err(|e| Error::invalid("the namespace is empty").caused_by(e))
}

/// iceberg's form of a table's name.
pub(crate) fn table_ident(name: &TableName) -> Result<TableIdent> {
    Ok(TableIdent::new(namespace_ident(&name.namespace)?, name.name.clone()))
}

fn iceberg_creation(creation: TableCreation) -> Result<iceberg::TableCreation> {
    let mut properties: HashMap<_, _> = creation.properties.into_iter().collect();
    let format_version = match properties.remove("format-version").as_deref() {
        None | Some("2") => FormatVersion::V2,
        Some("1") => FormatVersion::V1,
        Some("3") => FormatVersion::V3,
        Some(other) => {
            return Err(Error::invalid("no such format version").with("format-version", other).hint("1, 2 or 3"));
        }
    };
    Ok(iceberg::TableCreation {
        name: creation.name.name,
        location: creation.location,
        schema: creation.schema,
        partition_spec: creation.spec,
        sort_order: creation.sort_order,
        properties,
        format_version,
    })
}
