//! Every byte outside memory. One stack, `object_store`, carries metadata, manifests, data files and listings, and
//! iceberg's `Storage` stands upon it.
//!
//! Nothing here knows what a table is.

mod bridge;
mod foreign;
mod local;
mod location;
mod small;
mod walk;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::TryStreamExt;
use iceberg::io::{FileIO, FileIOBuilder};
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload};

pub use bridge::ObjectStorageFactory;
pub use foreign::{from_iceberg, to_iceberg};
pub use local::sync_file;
pub use location::{Location, Scheme};
pub use small::small_text;
pub use walk::Walk;

use crate::{Error, Kind, Result};

/// All object stores that one connection may reach, opened when they are first asked for. Cheap to clone.
#[derive(Clone, Default)]
pub struct Storage {
    properties: Arc<HashMap<String, String>>,
    stores: Arc<Mutex<HashMap<String, Arc<dyn ObjectStore>>>>,
    moved: Option<Arc<Moved>>,
}

/// A folder whose files lie elsewhere than their names say.
#[derive(Debug)]
struct Moved {
    from: String,
    to: String,
}

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The absolute location.
    pub location: String,
    /// Size in bytes.
    pub size: u64,
    /// When it was last changed, in milliseconds since the epoch.
    pub modified_ms: i64,
}

/// Without the properties, which may hold secrets.
impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Storage").finish_non_exhaustive()
    }
}

impl Storage {
    /// Stores that are opened with these properties (PyIceberg's names).
    pub fn new(properties: HashMap<String, String>) -> Self {
        Self { properties: Arc::new(properties), stores: Arc::default(), moved: None }
    }

    /// The same stores, where everything that is named below the folder `from` is looked for below the folder `to`.
    #[must_use]
    pub fn moved(&self, from: &str, to: &str) -> Self {
        let folder = |text: &str| text.trim_end_matches('/').to_string();
        Self { moved: Some(Arc::new(Moved { from: folder(from), to: folder(to) })), ..self.clone() }
    }

    /// The same stores, with another one for the locations below `root` (`file://`), as tests of faults have it.
    #[must_use]
    pub fn with_store(&self, root: &str, store: Arc<dyn ObjectStore>) -> Self {
        let stores = Mutex::new(HashMap::from([(root.to_string(), store)]));
        Self { stores: Arc::new(stores), ..self.clone() }
    }

    /// Where a location really is.
    fn actual<'a>(&self, location: &'a str) -> Cow<'a, str> {
        let Some(moved) = &self.moved else { return location.into() };
        match location.strip_prefix(&moved.from) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{}{rest}", moved.to).into(),
            _ => location.into(),
        }
    }

    /// iceberg's view of these stores.
    pub fn file_io(&self) -> FileIO {
        let factory = ObjectStorageFactory::new(self.clone());
        FileIOBuilder::new(Arc::new(factory)).with_props(self.properties.iter()).build()
    }

    /// The store that holds a location, and the key within it. Keys are literal: nothing is decoded or encoded.
    ///
    /// # Errors
    /// [`Kind::Unsupported`] for a scheme without a store, [`Kind::Invalid`] for a malformed location.
    pub fn resolve(&self, location: &str) -> Result<(Arc<dyn ObjectStore>, object_store::path::Path)> {
        let parsed = Location::parse(&self.actual(location))?;
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        let store = match stores.get(&parsed.root) {
            Some(store) => store.clone(),
            None => {
                let store = open(&parsed)?;
                stores.insert(parsed.root.clone(), store.clone());
                store
            }
        };
        Ok((store, parsed.key))
    }

    /// The whole object.
    ///
    /// # Errors
    /// [`Kind::NotFound`], [`Kind::Denied`] or [`Kind::Unavailable`], with the location.
    pub async fn read(&self, location: &str) -> Result<Bytes> {
        let (store, key) = self.resolve(location)?;
        let found = store.get(&key).await.map_err(|e| failed(e, "cannot read", location))?;
        found.bytes().await.map_err(|e| failed(e, "cannot read", location))
    }

    /// The object's size in bytes, or nothing where it does not exist.
    ///
    /// # Errors
    /// [`Kind::Denied`] or [`Kind::Unavailable`], with the location.
    pub async fn size(&self, location: &str) -> Result<Option<u64>> {
        let (store, key) = self.resolve(location)?;
        match store.head(&key).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(failed(e, "cannot look at", location)),
        }
    }

    /// Writes a new object and makes it durable. Never replaces one.
    ///
    /// # Errors
    /// [`Kind::AlreadyExists`] where the name is taken.
    pub async fn create(&self, location: &str, bytes: Bytes) -> Result<()> {
        let (store, key) = self.resolve(location)?;
        let put = store.put_opts(&key, PutPayload::from(bytes), PutMode::Create.into()).await;
        put.map_err(|e| failed(e, "cannot write", location))?;
        self.make_durable(location).await
    }

    /// Deletes an object; one that is gone already is no error.
    ///
    /// # Errors
    /// [`Kind::Denied`] or [`Kind::Unavailable`], with the location.
    pub async fn delete(&self, location: &str) -> Result<()> {
        let (store, key) = self.resolve(location)?;
        match store.delete(&key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(failed(e, "cannot delete", location)),
        }
    }

    /// Every object below a folder, in no order.
    ///
    /// # Errors
    /// [`Kind::Denied`] or [`Kind::Unavailable`], with the location.
    pub async fn list(&self, folder: &str) -> Result<Vec<Listed>> {
        let root = Location::parse(&self.actual(folder))?.root;
        let (store, key) = self.resolve(folder)?;
        let listed = store.list(Some(&key)).map_ok(|meta| Listed {
            location: format!("{root}/{}", meta.location),
            size: meta.size,
            modified_ms: meta.last_modified.timestamp_millis(),
        });
        listed.try_collect().await.map_err(|e| failed(e, "cannot list", folder))
    }

    /// Removes a local folder and those in it as far as no file is in them; object stores have no folders.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for a malformed location.
    pub async fn remove_empty_folders(&self, folder: &str) -> Result<()> {
        match Location::parse(&self.actual(folder))?.local_path() {
            None => Ok(()),
            Some(path) => tokio::task::spawn_blocking(move || local::remove_empty_folders(&path))
                .await
                .map_err(|e| Error::bug("the removal of empty folders died").caused_by(e)),
        }
    }

    /// Flushes a local object and its folder to the disk; object stores are durable once they have answered.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] where the disk refuses.
    pub async fn make_durable(&self, location: &str) -> Result<()> {
        match Location::parse(&self.actual(location))?.local_path() {
            None => Ok(()),
            Some(path) => tokio::task::spawn_blocking(move || sync_file(&path))
                .await
                .map_err(|e| Error::bug("the flush of a file died").caused_by(e))?,
        }
    }
}

fn open(location: &Location) -> Result<Arc<dyn ObjectStore>> {
    match location.scheme {
        Scheme::File => Ok(Arc::new(object_store::local::LocalFileSystem::new())),
    }
}

/// Turns an object store's error into one that names the location.
pub(crate) fn failed(error: object_store::Error, what: &str, location: &str) -> Error {
    let full = is_disk_full(&error);
    let kind = match &error {
        object_store::Error::NotFound { .. } => Kind::NotFound,
        object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. } => Kind::AlreadyExists,
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => Kind::Denied,
        object_store::Error::InvalidPath { .. } => Kind::Invalid,
        object_store::Error::NotSupported { .. } | object_store::Error::NotImplemented { .. } => Kind::Unsupported,
        _ if is_denied(&error) => Kind::Denied,
        _ => Kind::Unavailable,
    };
    let message = match kind {
        Kind::NotFound => format!("{what}: no such file"),
        Kind::AlreadyExists => format!("{what}: the file exists already"),
        Kind::Denied => format!("{what}: permission denied"),
        _ if full => format!("{what}: the disk is full"),
        _ => format!("{what} the file"),
    };
    let error = Error::new(kind, message).with("location", location).caused_by(error);
    if full { error.hint("free some space and try again").hint("nothing was committed") } else { error }
}

fn io_cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a std::io::Error> {
    let mut next = Some(error);
    while let Some(e) = next {
        if let Some(io) = e.downcast_ref::<std::io::Error>() {
            return Some(io);
        }
        next = e.source();
    }
    None
}

fn is_disk_full(error: &object_store::Error) -> bool {
    io_cause(error)
        .is_some_and(|io| matches!(io.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded))
}

fn is_denied(error: &object_store::Error) -> bool {
    io_cause(error).is_some_and(|io| {
        matches!(io.kind(), std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem)
    })
}
