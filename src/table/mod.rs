//! A loaded table as plain values: what its metadata, manifests and files say, without reading or writing rows.
//!
//! Nothing here talks to a catalog or changes anything.

pub(crate) mod ancestry;
pub mod cell;
pub mod changes;
mod field;
pub mod footer;
pub mod inspect;
pub(crate) mod manifest;
mod metadata;
mod moment;
mod name;
mod named;
pub mod refs;
pub mod text;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use iceberg::spec::{SnapshotReference, TableMetadata};

pub use cell::Cell;
pub use metadata::{encode_metadata, metadata_version, read_metadata, read_metadata_json, restamped};
pub use moment::Moment;
pub use name::{Namespace, Place, TableAddress, TableName};
pub(crate) use named::fingerprint;
pub use named::{NamedFiles, named_files};

use crate::storage::{Storage, from_iceberg};
use crate::{Error, Kind};

/// A table exactly as it was read at one moment: the base of everything shown of it and committed to it.
#[derive(Debug, Clone)]
pub struct Table {
    inner: iceberg::table::Table,
    storage: Storage,
    name: TableName,
    /// Read when they are first asked for.
    refs: Arc<OnceLock<BTreeMap<String, SnapshotReference>>>,
}

impl Table {
    /// Wraps what a catalog returned, with the stores that reach its files.
    pub fn new(inner: iceberg::table::Table, storage: Storage) -> Self {
        let ident = inner.identifier();
        let name = Namespace(ident.namespace().as_ref().clone()).table(ident.name());
        Self { inner, storage, name, refs: Arc::default() }
    }

    /// Its name.
    pub fn name(&self) -> &TableName {
        &self.name
    }

    /// Whether it was opened without a catalog and can take no commit.
    pub fn read_only(&self) -> bool {
        self.inner.readonly()
    }

    /// iceberg's own view of it.
    pub fn inner(&self) -> &iceberg::table::Table {
        &self.inner
    }

    /// Its metadata.
    pub fn metadata(&self) -> &TableMetadata {
        self.inner.metadata()
    }

    /// Its metadata, shared.
    pub fn metadata_ref(&self) -> Arc<TableMetadata> {
        self.inner.metadata_ref()
    }

    /// Where the metadata was read from.
    pub fn metadata_location(&self) -> &str {
        self.inner.metadata_location().unwrap_or_default()
    }

    /// The stores that reach its files.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// What it means that a file of the table cannot be read; `what` says what was being done.
    pub(crate) fn unreadable(&self, error: iceberg::Error, what: &str, file: &str) -> Error {
        let error = from_iceberg(error, what).with("file", file);
        if error.kind() != Kind::NotFound {
            return error;
        }
        error
            .hint(format!("the table's metadata places it under {}", self.metadata().location()))
            .hint("where the table was moved, give icedeck the folder where it is now: icedeck FOLDER")
            .hint("where its files were deleted, an older snapshot may still be whole: icedeck snapshots lists them")
    }
}
