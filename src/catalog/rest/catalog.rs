//! iceberg's `Catalog` upon a REST server.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use iceberg::spec::TableMetadata;
use iceberg::table::Table;
use iceberg::{Catalog, Namespace, NamespaceIdent, TableCommit, TableCreation, TableIdent};
use iceberg_catalog_rest::{
    CreateNamespaceRequest, CreateTableRequest, ListNamespaceResponse, ListTablesResponse, LoadTableResult,
    NamespaceResponse, RegisterTableRequest, RenameTableRequest, UpdateNamespacePropertiesRequest,
};
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;

use super::RestCommitter;
use super::answer::Answer;
use super::client::Client;
use crate::catalog::assemble;
use crate::catalog::kinds::{of_namespace, of_table};
use crate::storage::{Storage, to_iceberg};
use crate::{Error, Result};

/// A REST catalog.
#[derive(Debug, Clone)]
pub struct RestCatalog {
    shared: Arc<Shared>,
}

/// What reading and publishing share.
#[derive(Debug)]
pub(super) struct Shared {
    pub client: Client,
    storage: Storage,
}

/// Pages of one listing; a server that gives more gives them for ever.
const MOST_PAGES: usize = 100_000;

impl Shared {
    /// A namespace as a segment of a path.
    pub fn namespace(&self, namespace: &NamespaceIdent) -> Result<String> {
        self.client.settings().separator.joined(namespace)
    }

    /// A table from what an answer said of it.
    pub fn table(&self, ident: TableIdent, metadata: TableMetadata, at: Option<String>) -> Result<crate::table::Table> {
        Ok(crate::table::Table::new(self.assembled(ident, metadata, at)?, self.storage.clone()))
    }

    fn assembled(&self, ident: TableIdent, metadata: TableMetadata, at: Option<String>) -> Result<Table> {
        let at = at.ok_or_else(|| Error::corrupt("the catalog does not say where the table's metadata is"))?;
        assemble(&self.storage, ident, metadata, &at, false)
    }

    async fn ask(&self, method: Method, parts: &[&str], query: &[(&str, &str)], what: &str) -> Result<Answer> {
        self.client.ask(method, parts, query).await?.success(what)
    }

    /// All pages of a listing; `next` takes what a page holds and gives the token of the page after it.
    async fn pages<T: DeserializeOwned>(
        &self,
        parts: &[&str],
        query: &[(&str, &str)],
        what: &str,
        mut next: impl FnMut(T) -> Option<String> + Send,
    ) -> Result<()> {
        let (mut token, mut seen) = (None::<String>, HashSet::new());
        while seen.len() < MOST_PAGES {
            let mut query = query.to_vec();
            query.extend(token.as_deref().map(|token| ("pageToken", token)));
            let page = self.ask(Method::GET, parts, &query, what).await?.parse()?;
            token = next(page).filter(|token| !token.is_empty());
            match &token {
                None => return Ok(()),
                Some(token) if seen.insert(token.clone()) => {}
                Some(_) => break,
            }
        }
        Err(Error::corrupt("the catalog's list never ends: its pages repeat"))
    }
}

impl RestCatalog {
    pub(super) fn new(client: Client, storage: Storage) -> Self {
        Self { shared: Arc::new(Shared { client, storage }) }
    }

    /// The stores that reach this catalog's files.
    pub fn storage(&self) -> &Storage {
        &self.shared.storage
    }

    /// What publishes changes of this catalog's tables.
    pub fn committer(&self) -> RestCommitter {
        RestCommitter::new(self.shared.clone())
    }

    async fn namespaces(&self, parent: Option<&NamespaceIdent>) -> Result<Vec<NamespaceIdent>> {
        let parent = parent.map(|parent| self.shared.namespace(parent)).transpose()?;
        let query: Vec<_> = parent.iter().map(|parent| ("parent", parent.as_str())).collect();
        let mut all = Vec::new();
        let what = "cannot list the namespaces";
        self.shared
            .pages(&["namespaces"], &query, what, |page: ListNamespaceResponse| {
                all.extend(page.namespaces);
                page.next_page_token
            })
            .await?;
        Ok(all)
    }

    async fn tables(&self, namespace: &NamespaceIdent) -> Result<Vec<TableIdent>> {
        let path = self.shared.namespace(namespace)?;
        let mut all = Vec::new();
        let take = |page: ListTablesResponse| {
            all.extend(page.identifiers);
            page.next_page_token
        };
        self.shared.pages(&["namespaces", &path, "tables"], &[], "cannot list the tables", take).await?;
        Ok(all)
    }

    async fn namespace(&self, name: &NamespaceIdent) -> Result<Namespace> {
        let path = self.shared.namespace(name)?;
        let answer = self.shared.ask(Method::GET, &["namespaces", &path], &[], "cannot read the namespace").await?;
        Ok(answer.parse::<NamespaceResponse>()?.into())
    }

    async fn tell(&self, parts: &[&str], body: &(impl serde::Serialize + Sync), what: &str) -> Result<Answer> {
        self.shared.client.tell(Method::POST, parts, body).await?.success(what)
    }

    /// Whether something is there: by HEAD, or by GET where the server knows no HEAD.
    async fn exists(&self, parts: &[&str]) -> Result<bool> {
        for method in [Method::HEAD, Method::GET] {
            let answer = self.shared.client.ask(method, parts, &[]).await?;
            match answer.status {
                StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => continue,
                StatusCode::NOT_FOUND => return Ok(false),
                _ => return answer.success("cannot look it up").map(|_| true),
            }
        }
        Err(Error::unsupported("the catalog does not say whether something exists"))
    }

    async fn load(&self, ident: &TableIdent) -> Result<Table> {
        let namespace = self.shared.namespace(ident.namespace())?;
        let parts = ["namespaces", &namespace, "tables", ident.name()];
        let answer = self.shared.ask(Method::GET, &parts, &[], "cannot load the table").await?;
        self.loaded(ident, answer)
    }

    fn loaded(&self, ident: &TableIdent, answer: Answer) -> Result<Table> {
        let loaded: LoadTableResult = answer.parse()?;
        self.shared.assembled(ident.clone(), loaded.metadata, loaded.metadata_location)
    }

    async fn make(&self, namespace: &NamespaceIdent, creation: TableCreation) -> Result<Table> {
        let path = self.shared.namespace(namespace)?;
        let mut properties = creation.properties;
        properties.insert("format-version".into(), (creation.format_version as u8).to_string());
        let ident = TableIdent::new(namespace.clone(), creation.name.clone());
        let request = CreateTableRequest {
            name: creation.name,
            location: creation.location,
            schema: creation.schema,
            // Java's server does not read a spec without an id.
            partition_spec: creation.partition_spec.map(|spec| {
                let id = spec.spec_id().unwrap_or(0);
                spec.with_spec_id(id)
            }),
            write_order: creation.sort_order,
            stage_create: Some(false),
            properties,
        };
        let answer = self.tell(&["namespaces", &path, "tables"], &request, "cannot create the table").await?;
        self.loaded(&ident, answer)
    }

    async fn remove(&self, ident: &TableIdent) -> Result<()> {
        let namespace = self.shared.namespace(ident.namespace())?;
        let parts = ["namespaces", &namespace, "tables", ident.name()];
        let query = [("purgeRequested", "false")];
        self.shared.ask(Method::DELETE, &parts, &query, "cannot drop the table").await.map(drop)
    }

    async fn register(&self, ident: &TableIdent, metadata_location: String) -> Result<Table> {
        let path = self.shared.namespace(ident.namespace())?;
        let request = RegisterTableRequest { name: ident.name().into(), metadata_location, overwrite: None };
        let answer = self.tell(&["namespaces", &path, "register"], &request, "cannot register the table").await?;
        self.loaded(ident, answer)
    }
}

#[async_trait]
impl Catalog for RestCatalog {
    async fn list_namespaces(&self, parent: Option<&NamespaceIdent>) -> iceberg::Result<Vec<NamespaceIdent>> {
        self.namespaces(parent).await.map_err(of_namespace)
    }

    async fn create_namespace(
        &self,
        name: &NamespaceIdent,
        properties: HashMap<String, String>,
    ) -> iceberg::Result<Namespace> {
        let request = CreateNamespaceRequest { namespace: name.clone(), properties: properties.clone() };
        self.tell(&["namespaces"], &request, "cannot create the namespace").await.map_err(of_namespace)?;
        Ok(Namespace::with_properties(name.clone(), properties))
    }

    async fn get_namespace(&self, name: &NamespaceIdent) -> iceberg::Result<Namespace> {
        self.namespace(name).await.map_err(of_namespace)
    }

    async fn namespace_exists(&self, name: &NamespaceIdent) -> iceberg::Result<bool> {
        let path = self.shared.namespace(name).map_err(of_namespace)?;
        self.exists(&["namespaces", &path]).await.map_err(of_namespace)
    }

    async fn update_namespace(
        &self,
        name: &NamespaceIdent,
        properties: HashMap<String, String>,
    ) -> iceberg::Result<()> {
        let path = self.shared.namespace(name).map_err(of_namespace)?;
        let request = UpdateNamespacePropertiesRequest { removals: None, updates: properties };
        let told = self.tell(&["namespaces", &path, "properties"], &request, "cannot change the namespace").await;
        told.map(drop).map_err(of_namespace)
    }

    async fn drop_namespace(&self, name: &NamespaceIdent) -> iceberg::Result<()> {
        let path = self.shared.namespace(name).map_err(of_namespace)?;
        let gone = self.shared.ask(Method::DELETE, &["namespaces", &path], &[], "cannot drop the namespace").await;
        gone.map(drop).map_err(of_namespace)
    }

    async fn list_tables(&self, namespace: &NamespaceIdent) -> iceberg::Result<Vec<TableIdent>> {
        self.tables(namespace).await.map_err(of_namespace)
    }

    async fn create_table(&self, namespace: &NamespaceIdent, creation: TableCreation) -> iceberg::Result<Table> {
        self.make(namespace, creation).await.map_err(of_table)
    }

    async fn load_table(&self, table: &TableIdent) -> iceberg::Result<Table> {
        self.load(table).await.map_err(|e| of_table(e.with("table", table)))
    }

    async fn drop_table(&self, table: &TableIdent) -> iceberg::Result<()> {
        self.remove(table).await.map_err(|e| of_table(e.with("table", table)))
    }

    /// Refused: deleting files needs proof that nothing else names them.
    async fn purge_table(&self, _: &TableIdent) -> iceberg::Result<()> {
        Err(to_iceberg(Error::unsupported("tables are not purged here").hint("drop the table; its files stay")))
    }

    async fn table_exists(&self, table: &TableIdent) -> iceberg::Result<bool> {
        let namespace = self.shared.namespace(table.namespace()).map_err(of_table)?;
        self.exists(&["namespaces", &namespace, "tables", table.name()]).await.map_err(of_table)
    }

    async fn rename_table(&self, from: &TableIdent, to: &TableIdent) -> iceberg::Result<()> {
        let request = RenameTableRequest { source: from.clone(), destination: to.clone() };
        let renamed = self.tell(&["tables", "rename"], &request, "cannot rename the table").await;
        renamed.map(drop).map_err(|e| of_table(e.with("table", from)))
    }

    async fn register_table(&self, table: &TableIdent, metadata_location: String) -> iceberg::Result<Table> {
        self.register(table, metadata_location).await.map_err(of_table)
    }

    /// Refused: only the committer publishes, on the base that was inspected.
    async fn update_table(&self, _: TableCommit) -> iceberg::Result<Table> {
        Err(to_iceberg(Error::unsupported("tables are changed only through the committer")))
    }
}
