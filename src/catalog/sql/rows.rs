//! The rows of a SQL catalog: what the two tables say, in stored names. Nothing here reads or writes a file but the
//! database.

use std::collections::{BTreeSet, HashMap};

use sqlx::{Any, AnyConnection, Executor};

use super::database::Database;
use crate::{Error, Kind, Result};

/// The property that marks a namespace as existing; never shown.
pub const EXISTS: &str = "exists";

/// The rows of one catalog in a database that may hold several.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The database.
    pub database: Database,
    /// Which catalog's rows.
    pub catalog: String,
}

/// The key of a table's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The namespace as it is stored.
    pub namespace: String,
    /// The table's own name.
    pub table: String,
}

impl Rows {
    fn failed(&self, error: sqlx::Error) -> Error {
        self.database.failed(error, "cannot read the catalog")
    }

    fn not_written(&self, error: sqlx::Error) -> Error {
        self.database.failed(error, "cannot write to the catalog")
    }

    /// Every namespace that was created or holds a table or view, in stored form.
    pub async fn namespaces<'e>(&self, on: impl Executor<'e, Database = Any>) -> Result<BTreeSet<String>> {
        let found: Vec<String> = sqlx::query_scalar(
            "SELECT table_namespace FROM iceberg_tables WHERE catalog_name = $1
             UNION SELECT namespace FROM iceberg_namespace_properties WHERE catalog_name = $1",
        )
        .bind(&self.catalog)
        .fetch_all(on)
        .await
        .map_err(|e| self.failed(e))?;
        Ok(found.into_iter().collect())
    }

    /// Whether a namespace was created, or holds a table, a view or another namespace.
    pub async fn namespace_exists<'e>(&self, on: impl Executor<'e, Database = Any>, namespace: &str) -> Result<bool> {
        // Whatever lies within a namespace begins with its name and a dot; no LIKE, whose signs would have to be escaped.
        let found: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM (
             SELECT 1 AS one FROM iceberg_tables WHERE catalog_name = $1
                 AND (table_namespace = $2 OR substr(table_namespace, 1, length($2) + 1) = $2 || '.')
             UNION SELECT 1 AS one FROM iceberg_namespace_properties WHERE catalog_name = $1
                 AND (namespace = $2 OR substr(namespace, 1, length($2) + 1) = $2 || '.')) AS found",
        )
        .bind(&self.catalog)
        .bind(namespace)
        .fetch_one(on)
        .await
        .map_err(|e| self.failed(e))?;
        Ok(found != 0)
    }

    /// A namespace's properties, without the mark of its existence.
    pub async fn properties(&self, namespace: &str) -> Result<HashMap<String, String>> {
        let found: Vec<(String, Option<String>)> = sqlx::query_as(
            "SELECT property_key, property_value FROM iceberg_namespace_properties
             WHERE catalog_name = $1 AND namespace = $2",
        )
        .bind(&self.catalog)
        .bind(namespace)
        .fetch_all(self.database.pool())
        .await
        .map_err(|e| self.failed(e))?;
        Ok(found.into_iter().filter(|(k, _)| k != EXISTS).map(|(k, v)| (k, v.unwrap_or_default())).collect())
    }

    /// Replaces all properties of a namespace; the mark of its existence is always among them.
    pub async fn set_properties(
        &self,
        on: &mut AnyConnection,
        namespace: &str,
        properties: &HashMap<String, String>,
    ) -> Result<()> {
        self.drop_properties(on, namespace).await?;
        let mark = (EXISTS, "true");
        let given = properties.iter().map(|(k, v)| (k.as_str(), v.as_str())).filter(|(k, _)| *k != EXISTS);
        for (key, value) in given.chain([mark]) {
            sqlx::query(
                "INSERT INTO iceberg_namespace_properties (catalog_name, namespace, property_key, property_value)
                 VALUES ($1, $2, $3, $4)",
            )
            .bind(&self.catalog)
            .bind(namespace)
            .bind(key)
            .bind(value)
            .execute(&mut *on)
            .await
            .map_err(|e| self.not_written(e))?;
        }
        Ok(())
    }

    /// Takes away all properties of a namespace, the mark of its existence too.
    pub async fn drop_properties(&self, on: &mut AnyConnection, namespace: &str) -> Result<()> {
        sqlx::query("DELETE FROM iceberg_namespace_properties WHERE catalog_name = $1 AND namespace = $2")
            .bind(&self.catalog)
            .bind(namespace)
            .execute(on)
            .await
            .map(drop)
            .map_err(|e| self.not_written(e))
    }

    /// The names of what lies directly in a namespace, sorted: tables, and views too where `with_views` says so.
    pub async fn tables<'e>(
        &self,
        on: impl Executor<'e, Database = Any>,
        namespace: &str,
        with_views: bool,
    ) -> Result<Vec<String>> {
        let only = if with_views { "" } else { self.database.only_tables() };
        let statement =
            format!("SELECT table_name FROM iceberg_tables WHERE catalog_name = $1 AND table_namespace = $2{only}");
        let found = sqlx::query_scalar(&statement).bind(&self.catalog).bind(namespace).fetch_all(on).await;
        let mut names: Vec<String> = found.map_err(|e| self.failed(e))?;
        names.sort_unstable();
        Ok(names)
    }

    /// Where a table's metadata is; nothing where there is no such table. A row without a location is corrupt.
    pub async fn pointer<'e>(&self, on: impl Executor<'e, Database = Any>, key: &Key) -> Result<Option<String>> {
        let statement = format!(
            "SELECT metadata_location FROM iceberg_tables
             WHERE catalog_name = $1 AND table_namespace = $2 AND table_name = $3{}",
            self.database.only_tables()
        );
        let found: Option<Option<String>> = sqlx::query_scalar(&statement)
            .bind(&self.catalog)
            .bind(&key.namespace)
            .bind(&key.table)
            .fetch_optional(on)
            .await
            .map_err(|e| self.failed(e))?;
        match found {
            Some(Some(location)) if !location.is_empty() => Ok(Some(location)),
            Some(_) => {
                Err(Error::corrupt("the catalog does not say where the table's metadata is").with("table", &key.table))
            }
            None => Ok(None),
        }
    }

    /// Adds a table's row.
    ///
    /// # Errors
    /// [`Kind::AlreadyExists`] where a table or view has the name.
    pub async fn insert(&self, on: &mut AnyConnection, key: &Key, location: &str) -> Result<()> {
        let (column, value) = if self.database.has_type() { (", iceberg_type", ", 'TABLE'") } else { ("", "") };
        let statement = format!(
            "INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, metadata_location{column})
             VALUES ($1, $2, $3, $4{value})"
        );
        let done = sqlx::query(&statement)
            .bind(&self.catalog)
            .bind(&key.namespace)
            .bind(&key.table)
            .bind(location)
            .execute(on)
            .await;
        done.map(drop).map_err(|e| self.named(e, key))
    }

    /// Gives a table another name; says whether there was one.
    ///
    /// # Errors
    /// [`Kind::AlreadyExists`] where a table or view has the new name.
    pub async fn rename(&self, on: &mut AnyConnection, from: &Key, to: &Key) -> Result<bool> {
        let statement = format!(
            "UPDATE iceberg_tables SET table_namespace = $1, table_name = $2
             WHERE catalog_name = $3 AND table_namespace = $4 AND table_name = $5{}",
            self.database.only_tables()
        );
        let done = sqlx::query(&statement)
            .bind(&to.namespace)
            .bind(&to.table)
            .bind(&self.catalog)
            .bind(&from.namespace)
            .bind(&from.table)
            .execute(on)
            .await;
        done.map(|done| done.rows_affected() > 0).map_err(|e| self.named(e, to))
    }

    /// Takes a table's row away; says whether there was one.
    pub async fn delete(&self, on: &mut AnyConnection, key: &Key) -> Result<bool> {
        let statement = format!(
            "DELETE FROM iceberg_tables WHERE catalog_name = $1 AND table_namespace = $2 AND table_name = $3{}",
            self.database.only_tables()
        );
        let done = sqlx::query(&statement).bind(&self.catalog).bind(&key.namespace).bind(&key.table).execute(on).await;
        done.map(|done| done.rows_affected() > 0).map_err(|e| self.not_written(e))
    }

    /// The compare-and-swap: leads a table from `base` to `next`; says whether it was still at `base`.
    pub async fn swap(&self, on: &mut AnyConnection, key: &Key, base: &str, next: &str) -> Result<bool> {
        let statement = format!(
            "UPDATE iceberg_tables SET metadata_location = $1, previous_metadata_location = $2
             WHERE catalog_name = $3 AND table_namespace = $4 AND table_name = $5 AND metadata_location = $6{}",
            self.database.only_tables()
        );
        let done = sqlx::query(&statement)
            .bind(next)
            .bind(base)
            .bind(&self.catalog)
            .bind(&key.namespace)
            .bind(&key.table)
            .bind(base)
            .execute(on)
            .await;
        done.map(|done| done.rows_affected() > 0).map_err(|e| self.not_written(e))
    }

    fn named(&self, error: sqlx::Error, key: &Key) -> Error {
        let error = self.not_written(error);
        if error.kind() != Kind::AlreadyExists {
            return error;
        }
        Error::new(Kind::AlreadyExists, "a table or view of this name exists already")
            .with("table", format!("{}.{}", key.namespace, key.table))
            .caused_by(error)
    }
}
