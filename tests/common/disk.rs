//! A disk that fills up, and that sometimes cannot be read.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, UploadPart,
};

/// A local disk with room for so many bytes.
#[derive(Debug)]
pub struct SmallDisk {
    disk: LocalFileSystem,
    room: Arc<AtomicI64>,
    unread: Arc<AtomicU32>,
}

impl SmallDisk {
    pub fn with_room(bytes: i64) -> Self {
        Self { disk: LocalFileSystem::new(), room: Arc::new(AtomicI64::new(bytes)), unread: Arc::default() }
    }

    /// How many of the next reads fail, to be looked at and changed.
    pub fn unread(&self) -> Arc<AtomicU32> {
        self.unread.clone()
    }

    /// The room that is left, to be looked at and changed.
    pub fn room(&self) -> Arc<AtomicI64> {
        self.room.clone()
    }
}

/// Takes so much of the room, where there is enough.
fn take(room: &AtomicI64, data: &PutPayload) -> object_store::Result<()> {
    let bytes = data.content_length() as i64;
    if room.fetch_sub(bytes, Ordering::SeqCst) >= bytes {
        return Ok(());
    }
    let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
    Err(object_store::Error::Generic { store: "small", source: Box::new(full) })
}

#[derive(Debug)]
struct SmallUpload {
    upload: Box<dyn MultipartUpload>,
    room: Arc<AtomicI64>,
}

impl std::fmt::Display for SmallDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a small disk")
    }
}

#[async_trait]
impl MultipartUpload for SmallUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        match take(&self.room, &data) {
            Ok(()) => self.upload.put_part(data),
            Err(full) => Box::pin(async move { Err(full) }),
        }
    }

    async fn complete(&mut self) -> object_store::Result<PutResult> {
        self.upload.complete().await
    }

    async fn abort(&mut self) -> object_store::Result<()> {
        self.upload.abort().await
    }
}

#[async_trait]
impl ObjectStore for SmallDisk {
    async fn put_opts(&self, at: &Key, payload: PutPayload, options: PutOptions) -> object_store::Result<PutResult> {
        take(&self.room, &payload)?;
        self.disk.put_opts(at, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Key,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        let upload = self.disk.put_multipart_opts(at, options).await?;
        Ok(Box::new(SmallUpload { upload, room: self.room.clone() }))
    }

    async fn get_opts(&self, at: &Key, options: GetOptions) -> object_store::Result<GetResult> {
        let fails = |left: u32| left.checked_sub(1);
        if self.unread.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails).is_ok() {
            let broken = std::io::Error::other("the disk cannot be read");
            return Err(object_store::Error::Generic { store: "small", source: Box::new(broken) });
        }
        self.disk.get_opts(at, options).await
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, object_store::Result<Key>>,
    ) -> BoxStream<'static, object_store::Result<Key>> {
        self.disk.delete_stream(keys)
    }

    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.disk.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Key>) -> object_store::Result<ListResult> {
        self.disk.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Key, to: &Key, options: CopyOptions) -> object_store::Result<()> {
        self.disk.copy_opts(from, to, options).await
    }
}
