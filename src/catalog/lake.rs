//! All catalogs that the configuration names: told, and connected to when they are first asked for.
//!
//! Nothing here reads a table's files but through a connection, or through a path without one.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::FutureExt;
use serde::Serialize;
use tokio::sync::OnceCell;

use super::config::{CatalogConfig, Configuration, EMBEDDED, unknown_catalog};
use super::connect::connect;
use super::path::open_path;
use super::{Connection, Settings};
use crate::Result;
use crate::env::Env;
use crate::table::{Place, Table, TableAddress};
use crate::words::quoted;

/// What the command line says about the configuration.
#[derive(Debug, Clone, Default)]
pub struct LakeOptions {
    /// The configuration file; nothing for `ICEDECK_CONFIG` or the user's own.
    pub config: Option<PathBuf>,
    /// The catalog that is meant where none is named.
    pub catalog: Option<String>,
    /// Whether every catalog is read-only.
    pub read_only: bool,
    /// The embedded warehouse in this folder and no other catalog, whatever is configured; journals and logs there, too.
    pub within: Option<PathBuf>,
    /// Nothing will be carried out: an embedded warehouse that is not there yet is not made.
    pub dry_run: bool,
}

impl LakeOptions {
    /// How a command line begins that is about the same lake: `icedeck --config FILE`.
    pub fn called(&self) -> String {
        let named = |option: &str, path: &Path| format!("icedeck {option} {}", quoted(&path.display().to_string()));
        match (&self.within, &self.config) {
            (Some(folder), _) => named("--home", folder),
            (None, Some(file)) => named("--config", file),
            (None, None) => "icedeck".into(),
        }
    }
}

/// A catalog as it may be shown: without secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CatalogInfo {
    /// Its name.
    pub name: String,
    /// `sql`, `rest`, `glue`, ..; the embedded warehouse is `sql` too.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where the catalog is, without user, password and other secrets.
    pub uri: Option<String>,
    /// Where its tables' files are.
    pub warehouse: Option<String>,
    /// Whether nothing may be changed in it.
    pub read_only: bool,
    /// Whether it is meant where none is named.
    #[serde(rename = "default")]
    pub is_default: bool,
    /// What named it: a file, `environment`, or `embedded`.
    pub origin: String,
    /// The theme that is shown while it is at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
}

/// The catalogs of one configuration. Cheap to clone.
#[derive(Clone)]
pub struct Lake {
    inner: Arc<Inner>,
}

/// Without the environment and the properties, which may hold secrets.
impl fmt::Debug for Lake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lake").field("catalogs", &self.catalogs()).finish_non_exhaustive()
    }
}

struct Inner {
    env: Env,
    called: String,
    dry_run: bool,
    settings: Settings,
    slots: Vec<Slot>,
}

/// A catalog, and the connection to it once it is open.
struct Slot {
    config: CatalogConfig,
    info: CatalogInfo,
    connection: OnceCell<Arc<Connection>>,
}

impl Lake {
    /// Reads the configuration. Connects to nothing.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) with file, line and column for a configuration with a mistake,
    /// [`Kind::NotFound`](crate::Kind::NotFound) for a file or a catalog that is named and does not exist.
    pub async fn open(env: &Env, options: LakeOptions) -> Result<Lake> {
        let (env, configuration) = match (&options.within, &options.config) {
            (Some(folder), _) => {
                let env = env.clone().within(folder.clone());
                let configuration = Configuration::embedded(&env)?;
                (env, configuration)
            }
            (None, file) => (env.clone(), Configuration::read(env, file.as_deref())?),
        };
        Self::of(env, configuration, &options)
    }

    /// The embedded warehouse alone, under the data folder of `env`, whatever the user has configured. Connects to
    /// nothing.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) where the data folder's name cannot be used.
    pub async fn embedded(env: &Env) -> Result<Lake> {
        Self::of(env.clone(), Configuration::embedded(env)?, &LakeOptions::default())
    }

    fn of(env: Env, configuration: Configuration, options: &LakeOptions) -> Result<Lake> {
        let default = configuration.default_catalog(options.catalog.as_deref())?.name.clone();
        let read_only = options.read_only || configuration.settings.read_only;
        let slots = configuration.catalogs.into_iter().map(|config| {
            let info = config.info(config.name == default, read_only);
            Slot { config, info, connection: OnceCell::new() }
        });
        let (called, dry_run) = (options.called(), options.dry_run);
        let inner = Inner { env, called, dry_run, slots: slots.collect(), settings: configuration.settings };
        Ok(Lake { inner: Arc::new(inner) })
    }

    /// How a command line begins that is about this lake: `icedeck --config FILE`.
    pub fn called(&self) -> &str {
        &self.inner.called
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
        self.inner.slots.iter().map(|slot| slot.info.clone()).collect()
    }

    /// The name of the catalog that is meant where none is named.
    pub fn default_catalog(&self) -> &str {
        self.inner.slots.iter().find(|s| s.info.is_default).map_or(EMBEDDED, |s| &s.info.name)
    }

    /// The connection to a catalog, opened when it is first asked for; nothing for the default one.
    ///
    /// # Errors
    /// [`Kind::NotFound`](crate::Kind::NotFound) for an unknown name,
    /// [`Kind::Unsupported`](crate::Kind::Unsupported) for a kind of catalog that this version does not speak, or what
    /// the catalog answers.
    pub async fn connection(&self, catalog: Option<&str>) -> Result<Arc<Connection>> {
        let slot = self.slot(catalog.unwrap_or(self.default_catalog()))?;
        let Inner { env, dry_run, .. } = self.inner.as_ref();
        let open = async || connect(env, &slot.config, slot.info.clone(), *dry_run).boxed().await.map(Arc::new);
        slot.connection.get_or_try_init(open).await.cloned()
    }

    fn slot(&self, name: &str) -> Result<&Slot> {
        self.inner.slots.iter().find(|s| s.info.name == name).ok_or_else(|| {
            let names = || self.inner.slots.iter().map(|s| s.info.name.as_str());
            unknown_catalog(name, names)
        })
    }

    /// Opens a table by its address. A path is opened without a catalog and read-only. What stands behind `@` is not
    /// looked at.
    ///
    /// # Errors
    /// Those of [`connection`](Self::connection) and [`Connection::load`].
    pub async fn table(&self, catalog: Option<&str>, address: &TableAddress) -> Result<Table> {
        match &address.place {
            Place::Table(name) => self.connection(catalog).await?.load(name).await,
            Place::Path(path) => open_path(path).await,
        }
    }
}
