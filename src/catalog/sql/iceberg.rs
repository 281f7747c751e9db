//! iceberg's `Catalog` upon [`SqlCatalog`]. Nothing happens here but the translation of errors.

use std::collections::HashMap;

use async_trait::async_trait;
use iceberg::table::Table;
use iceberg::{Catalog, Namespace, NamespaceIdent, Result, TableCommit, TableCreation, TableIdent};

use super::SqlCatalog;
use crate::Error;
use crate::catalog::kinds::{of_namespace, of_table};
use crate::storage::to_iceberg;

#[async_trait]
impl Catalog for SqlCatalog {
    async fn list_namespaces(&self, parent: Option<&NamespaceIdent>) -> Result<Vec<NamespaceIdent>> {
        self.children(parent).await.map_err(of_namespace)
    }

    async fn create_namespace(&self, name: &NamespaceIdent, properties: HashMap<String, String>) -> Result<Namespace> {
        self.make_namespace(name, &properties).await.map_err(of_namespace)?;
        Ok(Namespace::with_properties(name.clone(), properties))
    }

    async fn get_namespace(&self, name: &NamespaceIdent) -> Result<Namespace> {
        let properties = self.properties(name).await.map_err(of_namespace)?;
        Ok(Namespace::with_properties(name.clone(), properties))
    }

    async fn namespace_exists(&self, name: &NamespaceIdent) -> Result<bool> {
        self.has_namespace(name).await.map_err(of_namespace)
    }

    async fn update_namespace(&self, name: &NamespaceIdent, properties: HashMap<String, String>) -> Result<()> {
        self.set_properties(name, &properties).await.map_err(of_namespace)
    }

    async fn drop_namespace(&self, name: &NamespaceIdent) -> Result<()> {
        self.remove_namespace(name).await.map_err(of_namespace)
    }

    async fn list_tables(&self, namespace: &NamespaceIdent) -> Result<Vec<TableIdent>> {
        self.tables(namespace).await.map_err(of_namespace)
    }

    async fn create_table(&self, namespace: &NamespaceIdent, creation: TableCreation) -> Result<Table> {
        self.make_table(namespace, creation).await.map_err(of_table)
    }

    async fn load_table(&self, table: &TableIdent) -> Result<Table> {
        self.load(table).await.map_err(of_table)
    }

    async fn drop_table(&self, table: &TableIdent) -> Result<()> {
        self.remove_table(table).await.map_err(of_table)
    }

    /// Refused: deleting files needs proof that nothing else names them.
    async fn purge_table(&self, _: &TableIdent) -> Result<()> {
        let refused = Error::unsupported("tables are not purged here").hint("drop the table; its files stay");
        Err(to_iceberg(refused))
    }

    async fn table_exists(&self, table: &TableIdent) -> Result<bool> {
        Ok(self.pointer(table).await.map_err(of_table)?.is_some())
    }

    async fn rename_table(&self, from: &TableIdent, to: &TableIdent) -> Result<()> {
        self.rename(from, to).await.map_err(of_table)
    }

    async fn register_table(&self, table: &TableIdent, metadata_location: String) -> Result<Table> {
        self.register(table, &metadata_location).await.map_err(of_table)
    }

    /// Refused: only the committer publishes, on the base that was inspected.
    async fn update_table(&self, _: TableCommit) -> Result<Table> {
        Err(to_iceberg(Error::unsupported("tables are changed only through the committer")))
    }
}
