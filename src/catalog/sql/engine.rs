//! What differs between the databases that hold a SQL catalog: how they are addressed, asked about themselves, and what
//! their errors mean.

use std::path::PathBuf;
use std::sync::Once;

use reqwest::Url;

use super::database::Opening;
use crate::{Error, Kind, Result};

/// Tables in a SQLite file that are not a catalog's. Another process may just have made those.
const OTHERS_OF_SQLITE: &str = "SELECT count(*) FROM sqlite_master WHERE tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    AND tbl_name NOT IN ('iceberg_tables', 'iceberg_namespace_properties')";

const OTHERS_OF_POSTGRES: &str = "SELECT count(*) FROM information_schema.tables
    WHERE table_schema = current_schema() AND table_name NOT IN ('iceberg_tables', 'iceberg_namespace_properties')";

const COLUMNS_OF_SQLITE: &str = "SELECT name FROM pragma_table_info('iceberg_tables')";

const COLUMNS_OF_POSTGRES: &str = "SELECT column_name::text FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = 'iceberg_tables'";

/// The "file" of a database that is only in memory.
pub(super) const MEMORY: &str = ":memory:";

static DRIVERS: Once = Once::new();

/// One kind of database, and where this one is.
#[derive(Clone)]
pub(super) enum Engine {
    /// A file.
    Sqlite(PathBuf),
    /// A database on a server. The address holds the password.
    Postgres(Url),
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place())
    }
}

impl Engine {
    /// # Errors
    /// [`Kind::Invalid`] for what is no address, without telling it: it may hold a password.
    pub fn postgres(uri: &str) -> Result<Self> {
        let wrong = || {
            Error::invalid("the PostgreSQL uri is no address of a database")
                .hint("write postgresql://user:password@host:5432/database, with % escapes for signs in the password")
        };
        let (_, rest) = uri.split_once("://").ok_or_else(wrong)?;
        let url = Url::parse(&format!("postgresql://{rest}")).map_err(|_| wrong())?;
        if url.host_str().is_none_or(str::is_empty) || url.path().trim_matches('/').is_empty() {
            return Err(wrong());
        }
        Ok(Self::Postgres(url))
    }

    /// What it is called.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// Whether it is gone with its last connection.
    pub fn is_in_memory(&self) -> bool {
        matches!(self, Self::Sqlite(file) if file.as_os_str() == MEMORY)
    }

    fn place(&self) -> String {
        match self {
            Self::Sqlite(file) => file.display().to_string(),
            Self::Postgres(url) => {
                let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
                format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path())
            }
        }
    }

    /// An error with the file or the server.
    pub fn about(&self, error: Error) -> Error {
        let what = if matches!(self, Self::Sqlite(_)) { "file" } else { "database" };
        error.with(what, self.place())
    }

    /// The address as the driver takes it.
    pub fn url(&self, read_only: bool) -> Result<Url> {
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        let file = match self {
            Self::Postgres(url) => return Ok(url.clone()),
            Self::Sqlite(file) => file,
        };
        let wrong = || self.about(Error::invalid("the SQLite file's name cannot be told to SQLite"));
        if self.is_in_memory() {
            return Url::parse("sqlite::memory:").map_err(|e| wrong().caused_by(e));
        }
        let absolute = std::path::absolute(file).map_err(|e| wrong().caused_by(e))?;
        if absolute.to_str().is_none() {
            return Err(wrong().hint("move it where every folder's name is UTF-8"));
        }
        let url = Url::from_file_path(absolute).map_err(|()| wrong())?;
        let mode = if read_only { "ro" } else { "rwc" };
        let address = format!("sqlite://{}?mode={mode}", url.path());
        Url::parse(&address).map_err(|e| wrong().caused_by(e))
    }

    /// What every new connection is told first.
    pub fn settings(&self, opening: Opening) -> String {
        let patience = opening.patience.as_millis();
        match self {
            Self::Sqlite(_) => format!("PRAGMA busy_timeout = {patience}"),
            Self::Postgres(_) => {
                let only = if opening.read_only { "; SET default_transaction_read_only = on" } else { "" };
                format!("SET lock_timeout = {patience}; SET statement_timeout = 60000{only}")
            }
        }
    }

    /// How a transaction begins that is going to write.
    pub fn begin(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN ISOLATION LEVEL READ COMMITTED",
        }
    }

    /// The query for the columns of the table of tables.
    pub fn columns(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => COLUMNS_OF_SQLITE,
            Self::Postgres(_) => COLUMNS_OF_POSTGRES,
        }
    }

    /// The query for how many tables there are that are not a catalog's.
    pub fn others(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => OTHERS_OF_SQLITE,
            Self::Postgres(_) => OTHERS_OF_POSTGRES,
        }
    }

    /// What a database error means, with the file or the server.
    pub fn failed(&self, error: sqlx::Error, what: &str) -> Error {
        let code = error.as_database_error().and_then(|e| e.code()).map(|code| code.into_owned()).unwrap_or_default();
        let (kind, why, hint) = match (self, &error) {
            (Self::Sqlite(_), sqlx::Error::PoolTimedOut) => LOCKED,
            (Self::Sqlite(_), _) => of_sqlite(code.parse().unwrap_or(0)),
            (Self::Postgres(_), _) => of_postgres(&code),
        };
        let error = self.about(Error::new(kind, format!("{what}: {why}"))).caused_by(error);
        hint.into_iter().fold(error, |e, hint| e.hint(hint))
    }
}

type Meaning = (Kind, &'static str, Option<&'static str>);

const LOCKED: Meaning =
    (Kind::Unavailable, "the database is locked by another process", Some("try again when the other one is done"));

/// By the primary result code.
fn of_sqlite(code: i64) -> Meaning {
    match code & 0xff {
        5 | 6 => LOCKED,
        3 | 8 | 23 => (Kind::Denied, "the database may not be written", Some("check who may write the file")),
        11 => (Kind::Corrupt, "the database is damaged", None),
        26 => (Kind::Corrupt, "the file is not a SQLite database", Some("check uri in the configuration")),
        13 => (Kind::Unavailable, "the disk is full", Some("free some space and try again")),
        14 => (Kind::Denied, "the database file cannot be opened", Some("check who may read and write it")),
        1 => (Kind::Corrupt, "the database does not have the layout of a catalog", None),
        19 => (Kind::AlreadyExists, "the name is taken", None),
        _ => (Kind::Unavailable, "the database does not answer", None),
    }
}

/// By SQLSTATE.
fn of_postgres(code: &str) -> Meaning {
    match code {
        "23505" => (Kind::AlreadyExists, "the name is taken", None),
        "25006" => (Kind::Denied, "the database may not be written", Some("check what the role may do")),
        "28000" | "28P01" => (Kind::Denied, "the server does not know this user and password", Some("check uri")),
        "3D000" => (Kind::NotFound, "the server has no such database", Some("check uri in the configuration")),
        "42501" => (Kind::Denied, "the role may not do that", Some("check what the role may do")),
        "42P01" | "42703" => (Kind::Corrupt, "the database does not have the layout of a catalog", None),
        "53100" => (Kind::Unavailable, "the server's disk is full", None),
        "55P03" | "40P01" | "40001" => LOCKED,
        _ => (Kind::Unavailable, "the database does not answer", Some("check uri, and whether the server runs")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_told() {
        let engine = Engine::postgres("postgresql+psycopg2://me:HUNTER@host:5433/lake?sslmode=disable").unwrap();
        assert_eq!(format!("{engine:?}"), "host:5433/lake");
        for wrong in ["postgresql://", "HUNTER", "postgresql://u:HUNTER@host:port/x", "postgresql://u:HUNTER@host"] {
            let error = Engine::postgres(wrong).unwrap_err();
            assert!(!error.report().to_string().contains("HUNTER"), "{wrong}");
        }
    }

    #[test]
    fn odd_names_of_files_reach_sqlite_whole() {
        let url = Engine::Sqlite("/a b/c?d#e%41/ü.db".into()).url(true).unwrap();
        assert_eq!(url.as_str(), "sqlite:///a%20b/c%3Fd%23e%2541/%C3%BC.db?mode=ro");
    }
}
