//! The SQLite file of a SQL catalog: opening it, transactions whose end is checked, and what its errors mean.
//!
//! Knows the two tables of the layout, but not what a table of Iceberg is. Tries nothing again beyond SQLite's own
//! waiting for a lock.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions, Sqlite, SqlitePool, Transaction};

use crate::{Error, Kind, Result};

/// How long a statement waits for another process's lock.
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

/// How many tables there are that are not a catalog's. Another process may just have made those.
const OTHERS: &str = "SELECT count(*) FROM sqlite_master WHERE tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    AND tbl_name NOT IN ('iceberg_tables', 'iceberg_namespace_properties')";

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
    pool: SqlitePool,
    file: PathBuf,
    has_type: bool,
    read_only: bool,
}

impl Database {
    /// Opens the file; makes it and its two tables where they are missing and `opening` allows it.
    ///
    /// # Errors
    /// [`Kind::NotFound`], [`Kind::Denied`], [`Kind::Unavailable`] (locked), [`Kind::Corrupt`] (not a database), each
    /// with the file.
    pub async fn open(file: &Path, opening: Opening) -> Result<Self> {
        look_at(file, opening.read_only)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .read_only(opening.read_only)
            .create_if_missing(!opening.read_only)
            .busy_timeout(opening.patience)
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new().max_connections(4).acquire_timeout(opening.patience * 3);
        let mut database = Self {
            pool: pool.connect_lazy_with(options),
            file: file.to_path_buf(),
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
    pub fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// Its file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// # Errors
    /// [`Kind::Denied`] where it was opened for reading only.
    pub fn writable(&self) -> Result<()> {
        if !self.read_only {
            return Ok(());
        }
        Err(Error::new(Kind::Denied, "the catalog was opened for reading only").with("file", self.file.display()))
    }

    /// Whether the table of tables has the column `iceberg_type`; those of PyIceberg before 0.10 have not.
    pub fn has_type(&self) -> bool {
        self.has_type
    }

    /// The condition that leaves out views.
    pub fn only_tables(&self) -> &'static str {
        if self.has_type { " AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)" } else { "" }
    }

    /// A transaction that holds the write lock from its first moment.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] where another process holds the lock, [`Kind::Denied`] where nothing may be written.
    pub async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        self.writable()?;
        self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(|e| self.failed(e, "cannot write to the catalog"))
    }

    /// What a database error means, with the file.
    pub fn failed(&self, error: sqlx::Error, what: &str) -> Error {
        failed(error, what, &self.file)
    }

    async fn columns(&self) -> Result<Vec<String>> {
        let found = sqlx::query_scalar("SELECT name FROM pragma_table_info('iceberg_tables')");
        found.fetch_all(&self.pool).await.map_err(|e| self.failed(e, "cannot open the catalog"))
    }

    async fn lay_out(&self, opening: Opening) -> Result<()> {
        let other: i64 = sqlx::query_scalar(OTHERS)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| self.failed(e, "cannot open the catalog"))?;
        if opening.read_only || (other > 0 && !opening.may_join) {
            return Err(Error::new(Kind::NotFound, "this SQLite database holds no Iceberg catalog")
                .with("file", self.file.display())
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

/// What a database error means.
fn failed(error: sqlx::Error, what: &str, file: &Path) -> Error {
    let code = error.as_database_error().and_then(|e| e.code()).and_then(|c| c.parse::<i64>().ok());
    let (kind, why, hint) = match (&error, code.map(|c| c & 0xff)) {
        (_, Some(5 | 6)) | (sqlx::Error::PoolTimedOut, _) => (
            Kind::Unavailable,
            "the database is locked by another process",
            Some("try again when the other one is done"),
        ),
        (_, Some(3 | 8 | 23)) => {
            (Kind::Denied, "the database may not be written", Some("check who may write the file"))
        }
        (_, Some(11)) => (Kind::Corrupt, "the database is damaged", None),
        (_, Some(26)) => (Kind::Corrupt, "the file is not a SQLite database", Some("check uri in the configuration")),
        (_, Some(13)) => (Kind::Unavailable, "the disk is full", Some("free some space and try again")),
        (_, Some(14)) => (Kind::Denied, "the database file cannot be opened", Some("check who may read and write it")),
        (_, Some(1)) => (Kind::Corrupt, "the database does not have the layout of a catalog", None),
        (_, Some(19)) => (Kind::AlreadyExists, "the name is taken", None),
        _ => (Kind::Unavailable, "the database does not answer", None),
    };
    let error = Error::new(kind, format!("{what}: {why}")).with("file", file.display()).caused_by(error);
    hint.into_iter().fold(error, |e, hint| e.hint(hint))
}
