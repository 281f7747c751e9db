//! iceberg's `Storage` and `StorageFactory`, implemented upon [`Storage`].

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use iceberg::io::{FileMetadata, FileRead, FileWrite, InputFile, OutputFile, StorageConfig, StorageFactory};
use iceberg::{Error, ErrorKind, Result};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};
use serde::{Deserialize, Serialize};

use super::{Storage, failed, to_iceberg};

const PART_SIZE: usize = 8 << 20;
const PARTS_IN_FLIGHT: usize = 4;

/// Hands iceberg the stores of one connection.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ObjectStorageFactory {
    #[serde(skip)]
    storage: Storage,
}

impl ObjectStorageFactory {
    /// A factory whose every product shares these stores.
    pub fn new(storage: Storage) -> Self {
        Self { storage }
    }
}

#[typetag::serde]
impl StorageFactory for ObjectStorageFactory {
    fn build(&self, _: &StorageConfig) -> Result<Arc<dyn iceberg::io::Storage>> {
        Ok(Arc::new(ObjectStorage { storage: self.storage.clone() }))
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct ObjectStorage {
    #[serde(skip)]
    storage: Storage,
}

impl ObjectStorage {
    fn resolve(&self, location: &str) -> Result<(Arc<dyn ObjectStore>, Path)> {
        self.storage.resolve(location).map_err(to_iceberg)
    }
}

fn foreign_store(error: object_store::Error, what: &str, location: &str) -> Error {
    to_iceberg(failed(error, what, location))
}

#[async_trait]
#[typetag::serde]
impl iceberg::io::Storage for ObjectStorage {
    async fn exists(&self, at: &str) -> Result<bool> {
        Ok(self.storage.size(at).await.map_err(to_iceberg)?.is_some())
    }

    async fn metadata(&self, at: &str) -> Result<FileMetadata> {
        let (store, key) = self.resolve(at)?;
        let meta = store.head(&key).await.map_err(|e| foreign_store(e, "cannot look at", at))?;
        Ok(FileMetadata { size: meta.size })
    }

    async fn read(&self, at: &str) -> Result<Bytes> {
        self.storage.read(at).await.map_err(to_iceberg)
    }

    async fn reader(&self, at: &str) -> Result<Box<dyn FileRead>> {
        let (store, key) = self.resolve(at)?;
        Ok(Box::new(Reader { store, key, location: at.into() }))
    }

    /// Never replaces an object: a name taken by someone else is an error.
    async fn write(&self, at: &str, bytes: Bytes) -> Result<()> {
        self.storage.create(at, bytes).await.map_err(to_iceberg)
    }

    async fn writer(&self, at: &str) -> Result<Box<dyn FileWrite>> {
        let (store, key) = self.resolve(at)?;
        let upload = store.put_multipart(&key).await.map_err(|e| foreign_store(e, "cannot write", at))?;
        let upload = Some(WriteMultipart::new_with_chunk_size(upload, PART_SIZE));
        Ok(Box::new(Writer { upload, storage: self.storage.clone(), location: at.into() }))
    }

    async fn delete(&self, at: &str) -> Result<()> {
        self.storage.delete(at).await.map_err(to_iceberg)
    }

    async fn delete_prefix(&self, at: &str) -> Result<()> {
        for object in self.storage.list(at).await.map_err(to_iceberg)? {
            self.delete(&object.location).await?;
        }
        Ok(())
    }

    async fn delete_stream(&self, mut paths: BoxStream<'static, String>) -> Result<()> {
        while let Some(path) = paths.next().await {
            self.delete(&path).await?;
        }
        Ok(())
    }

    fn new_input(&self, at: &str) -> Result<InputFile> {
        Ok(InputFile::new(Arc::new(self.clone()), at.into()))
    }

    fn new_output(&self, at: &str) -> Result<OutputFile> {
        Ok(OutputFile::new(Arc::new(self.clone()), at.into()))
    }
}

struct Reader {
    store: Arc<dyn ObjectStore>,
    key: Path,
    location: String,
}

#[async_trait]
impl FileRead for Reader {
    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        self.store.get_range(&self.key, range).await.map_err(|e| foreign_store(e, "cannot read", &self.location))
    }
}

struct Writer {
    upload: Option<WriteMultipart>,
    storage: Storage,
    location: String,
}

impl Writer {
    fn closed(&self) -> Error {
        Error::new(ErrorKind::DataInvalid, format!("{} is closed already", self.location))
    }
}

#[async_trait]
impl FileWrite for Writer {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        let closed = self.closed();
        let upload = self.upload.as_mut().ok_or(closed)?;
        upload
            .wait_for_capacity(PARTS_IN_FLIGHT)
            .await
            .map_err(|e| foreign_store(e, "cannot write", &self.location))?;
        upload.put(bytes);
        Ok(())
    }

    async fn close(&mut self) -> Result<()> {
        let upload = self.upload.take().ok_or_else(|| self.closed())?;
        upload.finish().await.map_err(|e| foreign_store(e, "cannot write", &self.location))?;
        self.storage.make_durable(&self.location).await.map_err(to_iceberg)
    }
}
