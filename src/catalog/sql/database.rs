//! The database of a SQL catalog, on SQLite or PostgreSQL: opening it, and transactions whose end is checked.
//!
//! Knows the two tables of the layout, but not what a table of Iceberg is. Tries nothing again beyond the database's own
//! waiting for a lock.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, AnyPool, ConnectOptions, Connection, Executor, Transaction};

use super::engine::{Engine, MEMORY};
use crate::{Error, Kind, Result};

/// How long a statement waits for another's lock.
const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = "CREATE TABLE IF NOT EXISTS iceberg_tables (
    catalog_name VARCHAR(255) NOT NULL,
    table_namespace VARCHAR(255) NOT NULL,
    table_name VARCHAR(255) NOT NULL,
    metadata_location VARCHAR(1000),
    previous_metadata_location VARCHAR(1000),
    iceberg_type VARCHAR(5),
    PRIMARY KEY (catalog_name, table_namespace, table_name))";

const NAMESPACES: &str = "CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
    catalog_name VARCHAR(255) NOT NULL,
    namespace VARCHAR(255) NOT NULL,
    property_key VARCHAR(255) NOT NULL,
    property_value VARCHAR(1000) NOT NULL,
    PRIMARY KEY (catalog_name, namespace, property_key))";

/// How a database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Nothing may be written, not even the file made.
    pub read_only: bool,
    /// The two tables may be made in a database that holds other tables.
    pub may_join: bool,
    /// How long a statement waits for another's lock; [`Opening::default`] waits five seconds.
    pub patience: Duration,
}

impl Default for Opening {
    fn default() -> Self {
        Self { read_only: false, may_join: false, patience: PATIENCE }
    }
}

/// An open catalog database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {
    pool: AnyPool,
    engine: Engine,
    has_type: bool,
    read_only: bool,
}

impl Database {
    /// Opens the SQLite file; makes it and its two tables where they are missing and `opening` allows it.
    ///
    /// # Errors
    /// [`Kind::NotFound`], [`Kind::Denied`], [`Kind::Unavailable`] (locked), [`Kind::Corrupt`] (not a database), each
    /// with the file.
    pub async fn open(file: &Path, opening: Opening) -> Result<Self> {
        look_at(file, opening.read_only)?;
        Self::connect(Engine::Sqlite(file.to_path_buf()), opening).await
    }

    /// An empty catalog in memory: what a dry run sees where no warehouse was made yet.
    ///
    /// # Errors
    /// Those of SQLite.
    pub async fn empty() -> Result<Self> {
        Self::connect(Engine::Sqlite(MEMORY.into()), Opening::default()).await
    }

    /// Opens a database on a PostgreSQL server, named as SQLAlchemy does: `postgresql+psycopg2://user:password@host/name`.
    ///
    /// # Errors
    /// As [`open`](Self::open), with the server and the database's name, never with the password.
    pub async fn open_postgres(uri: &str, opening: Opening) -> Result<Self> {
        Self::connect(Engine::postgres(uri)?, opening).await
    }

    async fn connect(engine: Engine, opening: Opening) -> Result<Self> {
        let url = engine.url(opening.read_only)?;
        let options = AnyConnectOptions::from_url(&url).map_err(|e| engine.failed(e, "cannot open the catalog"))?;
        knock(&engine, &options, opening).await?;
        let settings: Arc<str> = engine.settings(opening).into();
        let pool = AnyPoolOptions::new().acquire_timeout(opening.patience * 3);
        // A database in memory lives as long as its one connection.
        let pool = match engine.is_in_memory() {
            true => pool.max_connections(1).idle_timeout(None).max_lifetime(None),
            false => pool.max_connections(4),
        };
        let pool = pool.after_connect(move |connection, _| {
            let settings = settings.clone();
            Box::pin(async move { connection.execute(&*settings).await.map(drop) })
        });
        let mut database = Self {
            pool: pool.connect_lazy_with(options.disable_statement_logging()),
            engine,
            has_type: true,
            read_only: opening.read_only,
        };
        let columns = match database.columns().await? {
            found if found.is_empty() => {
                database.lay_out(opening).await?;
                database.columns().await?
            }
            found => found,
        };
        database.has_type = columns.iter().any(|c| c == "iceberg_type");
        Ok(database)
    }

    /// What its statements run on.
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// # Errors
    /// [`Kind::Denied`] where it was opened for reading only.
    pub fn writable(&self) -> Result<()> {
        if !self.read_only {
            return Ok(());
        }
        Err(self.engine.about(Error::new(Kind::Denied, "the catalog was opened for reading only")))
    }

    /// Whether the table of tables has the column `iceberg_type`; those of PyIceberg before 0.10 have not.
    pub fn has_type(&self) -> bool {
        self.has_type
    }

    /// The condition that leaves out views.
    pub fn only_tables(&self) -> &'static str {
        if self.has_type { " AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)" } else { "" }
    }

    /// A transaction that may write; on SQLite it holds the write lock from its first moment.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] where another process holds the lock, [`Kind::Denied`] where nothing may be written.
    pub async fn begin(&self) -> Result<Transaction<'static, Any>> {
        self.writable()?;
        self.pool.begin_with(self.engine.begin()).await.map_err(|e| self.failed(e, "cannot write to the catalog"))
    }

    /// What a database error means, with the file or the server.
    pub fn failed(&self, error: sqlx::Error, what: &str) -> Error {
        self.engine.failed(error, what)
    }

    async fn columns(&self) -> Result<Vec<String>> {
        let found = sqlx::query_scalar(self.engine.columns());
        found.fetch_all(&self.pool).await.map_err(|e| self.failed(e, "cannot open the catalog"))
    }

    async fn lay_out(&self, opening: Opening) -> Result<()> {
        let other: i64 = sqlx::query_scalar(self.engine.others())
            .fetch_one(&self.pool)
            .await
            .map_err(|e| self.failed(e, "cannot open the catalog"))?;
        if opening.read_only || (other > 0 && !opening.may_join) {
            let missing = format!("this {} database holds no Iceberg catalog", self.engine.name());
            return Err(self
                .engine
                .about(Error::new(Kind::NotFound, missing))
                .hint("check uri in the catalog's configuration; init_catalog_tables = true makes one in there"));
        }
        let mut tx = self.begin().await?;
        for statement in [TABLES, NAMESPACES] {
            let made = sqlx::query(statement).execute(&mut *tx).await;
            made.map_err(|e| self.failed(e, "cannot make the catalog's tables"))?;
        }
        tx.commit().await.map_err(|e| self.failed(e, "cannot make the catalog's tables"))
    }
}

/// Asks a server once: it would take the pool all its patience to say that nobody is there.
async fn knock(engine: &Engine, options: &AnyConnectOptions, opening: Opening) -> Result<()> {
    if matches!(engine, Engine::Sqlite(_)) {
        return Ok(());
    }
    let connected = tokio::time::timeout(opening.patience, options.connect()).await;
    let connection = connected.map_err(|_| sqlx::Error::PoolTimedOut).and_then(|answer| answer);
    let failed = |e| engine.failed(e, "cannot open the catalog");
    connection.map_err(failed)?.close().await.map_err(failed)
}

/// Looks at the file before SQLite does, whose "unable to open database file" says nothing.
fn look_at(file: &Path, read_only: bool) -> Result<()> {
    if file.is_dir() {
        return Err(Error::invalid("the catalog's database is a folder, not a file").with("file", file.display()));
    }
    if file.exists() {
        return Ok(());
    }
    let missing = |what: &str| Error::not_found(what).with("file", file.display());
    if read_only {
        return Err(
            missing("the catalog's database does not exist").hint("it is made on the first start that may write")
        );
    }
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(missing("the folder of the catalog's database does not exist"))
        }
        _ => Ok(()),
    }
}
