//! All catalogs that the configuration names: told, and connected to when they are first asked for.
//!
//! Nothing here reads a table's files but through a connection, or through a path without one.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::Mutex;

use super::{Connection, Settings};
use crate::env::Env;
use crate::table::{Table, TableAddress};
use crate::{Error, Result};

/// What the command line says about the configuration.
#[derive(Debug, Clone, Default)]
pub struct LakeOptions {
    /// The configuration file; nothing for `ICEDECK_CONFIG` or the user's own.
    pub config: Option<PathBuf>,
    /// The catalog that is meant where none is named.
    pub catalog: Option<String>,
    /// Whether every catalog is read-only.
    pub read_only: bool,
}

/// A catalog as it may be shown: without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CatalogInfo {
    /// Its name.
    pub name: String,
    /// `sql`, `rest`, `glue`, ..; the embedded warehouse is `sql` too.
    pub kind: String,
    /// Where the catalog is, without user, password and other secrets.
    pub uri: Option<String>,
    /// Where its tables' files are.
    pub warehouse: Option<String>,
    /// Whether nothing may be changed in it.
    pub read_only: bool,
    /// Whether it is meant where none is named.
    pub is_default: bool,
    /// What named it: a file, `environment`, or `embedded`.
    pub origin: String,
    /// The theme that is shown while it is at hand.
    pub theme: Option<String>,
}

/// The catalogs of one configuration. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lake {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    env: Env,
    settings: Settings,
    catalogs: Vec<CatalogInfo>,
    connections: Mutex<HashMap<String, Arc<Connection>>>,
}

impl Lake {
    /// Reads the configuration. Connects to nothing.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) with file, line and column for a configuration with a mistake,
    /// [`Kind::NotFound`](crate::Kind::NotFound) for a file or a catalog that is named and does not exist.
    pub async fn open(env: &Env, _options: LakeOptions) -> Result<Lake> {
        let inner = Inner {
            env: env.clone(),
            settings: Settings::default(),
            catalogs: Vec::new(),
            connections: Mutex::default(),
        };
        Ok(Lake { inner: Arc::new(inner) })
    }

    /// The world outside.
    pub fn env(&self) -> &Env {
        &self.inner.env
    }

    /// What the configuration says about the console.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Every catalog, in the order of the configuration, the embedded one last.
    pub fn catalogs(&self) -> Vec<CatalogInfo> {
        self.inner.catalogs.clone()
    }

    /// The name of the catalog that is meant where none is named.
    pub fn default_catalog(&self) -> &str {
        self.inner.catalogs.iter().find(|c| c.is_default).map_or("icedeck", |c| &c.name)
    }

    /// The connection to a catalog, opened when it is first asked for; nothing for the default one.
    ///
    /// # Errors
    /// [`Kind::NotFound`](crate::Kind::NotFound) for an unknown name,
    /// [`Kind::Unsupported`](crate::Kind::Unsupported) for a kind of catalog that this version does not speak, or what
    /// the catalog answers.
    pub async fn connection(&self, catalog: Option<&str>) -> Result<Arc<Connection>> {
        let name = catalog.unwrap_or(self.default_catalog());
        let connections = self.inner.connections.lock().await;
        connections.get(name).cloned().ok_or_else(|| Error::not_found("no such catalog").with("catalog", name))
    }

    /// Opens a table by its address. A path is opened without a catalog and read-only. What stands behind `@` is not
    /// looked at.
    ///
    /// # Errors
    /// Those of [`connection`](Self::connection) and [`Connection::load`].
    pub async fn table(&self, catalog: Option<&str>, address: &TableAddress) -> Result<Table> {
        match &address.place {
            crate::table::Place::Table(name) => self.connection(catalog).await?.load(name).await,
            crate::table::Place::Path(path) => Err(Error::not_found("no table here").with("path", path)),
        }
    }
}
