//! From a configured catalog to an open connection: one arm for each kind of catalog that this version speaks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::CatalogConfig;
use super::sql::{Database, Opening, Rows, SqlCatalog};
use super::{CatalogInfo, Connection, rest};
use crate::env::Env;
use crate::storage::Storage;
use crate::{Error, Kind, Result};

/// Connects to a catalog. For a `dry_run` an embedded warehouse that is not there yet is not made, and has nothing in it.
///
/// # Errors
/// [`Kind::Unsupported`] for a kind that this version does not speak, [`Kind::Invalid`] for wrong properties, or what
/// the catalog answers.
pub async fn connect(env: &Env, config: &CatalogConfig, info: CatalogInfo, dry_run: bool) -> Result<Connection> {
    config.complete()?;
    match config.kind().as_str() {
        "sql" => sql(env, config, info, dry_run).await,
        "rest" => over_rest(env, config, info).await,
        "unknown" => Err(Error::invalid("the catalog has neither type nor uri")
            .with("catalog", &config.name)
            .with("file", &config.origin)
            .hint("for a SQLite catalog set uri = \"sqlite:////path/catalog.db\"")),
        kind => Err(not_yet(config, kind)),
    }
}

fn not_yet(config: &CatalogConfig, what: &str) -> Error {
    Error::unsupported(format!("catalogs of type {what} are not supported yet by this version"))
        .with("catalog", &config.name)
        .hint("this version connects to SQL catalogs on SQLite and PostgreSQL, and to REST catalogs")
}

async fn over_rest(env: &Env, config: &CatalogConfig, info: CatalogInfo) -> Result<Connection> {
    let signs = config.says("rest.sigv4-enabled") || config.property("auth.type").is_some_and(|kind| kind != "noop");
    if signs {
        return Err(Error::unsupported("this way to sign in to a REST catalog is not supported yet")
            .with("catalog", &config.name)
            .hint("token, or credential with oauth2-server-uri, are"));
    }
    let catalog = rest::connect(env, &config.name, &config.properties).await?;
    let (storage, committer) = (catalog.storage().clone(), Arc::new(catalog.committer()));
    Ok(Connection::new(info, storage, Arc::new(catalog), committer))
}

async fn sql(env: &Env, config: &CatalogConfig, info: CatalogInfo, dry_run: bool) -> Result<Connection> {
    let may_join = config.says("init_catalog_tables");
    let opening = Opening { read_only: info.read_only, may_join, ..Opening::default() };
    let opened = match dry_run && config.is_embedded() && !embedded_file(env).exists() {
        true => Database::empty().await,
        false => database(env, config, opening).await,
    };
    let database = opened.map_err(|e| e.with("catalog", &config.name))?;
    let storage = Storage::new(config.properties.clone().into_iter().collect());
    let warehouse = config.property("warehouse").map(absolute).transpose()?;
    let rows = Rows { database, catalog: config.name.clone() };
    let catalog = SqlCatalog::new(rows, storage.clone(), warehouse, env.clone());
    let committer = Arc::new(catalog.committer());
    Ok(Connection::new(info, storage, Arc::new(catalog), committer))
}

async fn database(env: &Env, config: &CatalogConfig, opening: Opening) -> Result<Database> {
    if config.is_embedded() {
        let file = embedded_file(env);
        if !opening.read_only {
            make_folder(file.parent())?;
        }
        return Database::open(&file, opening).await;
    }
    let uri = config.property("uri").unwrap_or_default();
    let scheme = uri.split_once("://").map(|(scheme, _)| scheme).unwrap_or_default();
    match scheme.split('+').next().unwrap_or_default() {
        "" => Err(Error::invalid("the SQL catalog has no uri").hint(SPELLING)),
        "sqlite" => Database::open(&sqlite_file(uri)?, opening).await,
        "postgresql" | "postgres" => Database::open_postgres(uri, opening).await,
        dialect => Err(not_yet(config, &format!("sql on {dialect}"))),
    }
}

/// A data folder may be named in ways that a URI cannot tell.
fn embedded_file(env: &Env) -> PathBuf {
    env.paths().data.join("catalog.db")
}

const SPELLING: &str =
    "write sqlite:////absolute/path, sqlite:///relative/path or postgresql://user:password@host/database";

/// The file of `sqlite:///relative` or `sqlite:////absolute`, as SQLAlchemy spells them.
fn sqlite_file(uri: &str) -> Result<PathBuf> {
    let wrong = |what: &str| Error::invalid(what).hint(SPELLING);
    let path = uri.split_once("://").and_then(|(_, rest)| rest.strip_prefix('/'));
    let path = path.ok_or_else(|| wrong("the SQLite uri names no file"))?.split('?').next().unwrap_or_default();
    if path.is_empty() || path == ":memory:" {
        return Err(wrong("a SQLite catalog in memory would be gone at once"));
    }
    std::path::absolute(path).map_err(|e| wrong("the SQLite uri names no file").caused_by(e))
}

/// A warehouse as an absolute location; a path is one of this machine.
fn absolute(warehouse: &str) -> Result<String> {
    if warehouse.contains("://") || warehouse.starts_with("file:") {
        return Ok(warehouse.trim_end_matches('/').to_string());
    }
    let wrong = || Error::invalid("the warehouse is not a folder's name").with("warehouse", warehouse);
    let path = std::path::absolute(warehouse).map_err(|e| wrong().caused_by(e))?;
    Ok(format!("file://{}", path.to_str().ok_or_else(wrong)?.trim_end_matches('/')))
}

fn make_folder(folder: Option<&Path>) -> Result<()> {
    let Some(folder) = folder else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|e| {
        use std::io::ErrorKind::{AlreadyExists, NotADirectory, PermissionDenied, ReadOnlyFilesystem, StorageFull};
        let kind = match e.kind() {
            PermissionDenied | ReadOnlyFilesystem => Kind::Denied,
            AlreadyExists | NotADirectory => Kind::Invalid,
            StorageFull => Kind::Unavailable,
            _ => Kind::Unavailable,
        };
        Error::new(kind, "the folder of the embedded warehouse cannot be made")
            .with("folder", folder.display())
            .caused_by(e)
            .hint("set XDG_DATA_HOME to a folder that you may write, or configure a catalog")
    })
}
