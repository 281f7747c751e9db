//! A disk that fills up and an operator who stops: nothing half-written stays.

use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use icedeck::Kind;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, UploadPart,
};

use super::*;

/// A local disk with room for so many bytes.
#[derive(Debug)]
struct SmallDisk {
    disk: LocalFileSystem,
    room: Arc<AtomicI64>,
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
        let left = self.room.fetch_sub(data.content_length() as i64, Ordering::SeqCst) - data.content_length() as i64;
        if left >= 0 {
            return self.upload.put_part(data);
        }
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        Box::pin(async move { Err(object_store::Error::Generic { store: "small", source: Box::new(full) }) })
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

async fn house_with_room(room: i64) -> (House, Table) {
    let house = House::new().await;
    let table = house
        .table("t", &[("id", "long"), ("word", "string")], |t| {
            t.partition_by = "bucket(4, id)".into();
            t.properties.insert("write.target-file-size-bytes".into(), "25000".into());
            t.properties.insert("write.parquet.row-group-size-bytes".into(), "10000".into());
        })
        .await;
    let disk = SmallDisk { disk: LocalFileSystem::new(), room: Arc::new(AtomicI64::new(room)) };
    let storage = house.connection.storage().with_store("file://", Arc::new(disk));
    let table = Table::new(table.inner().clone(), storage);
    (house, table)
}

fn batches(table: &Table) -> Vec<RecordBatch> {
    (0..20).map(|i| rows::batch(table, i * 5000, 5000, i as u64)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_leaves_nothing_behind() {
    for room in [0, 5_000, 60_000, 120_000] {
        let (house, table) = house_with_room(room).await;
        let error = staged(&table, batches(&table), limits(8 << 20)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{}", error.report());
        assert!(error.to_string().contains("disk is full"), "{error}");
        assert_eq!(house.data_files(), Vec::<PathBuf>::new(), "with room for {room} bytes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_discarded_is_gone() {
    let (house, table) = house_with_room(i64::MAX / 2).await;
    let stage = Arc::new(Stage::new(&table, "gone", limits(8 << 20)).unwrap());
    let (writing, rows) = (stage.clone(), batches(&table));
    let written = tokio::task::spawn_blocking(move || rows.into_iter().try_for_each(|batch| writing.write(0, batch)));
    written.await.unwrap().unwrap();
    let (files, bytes) = stage.so_far();
    assert!(files > 0 && bytes > 0, "some files are finished");
    assert!(house.data_files().len() as u64 >= files);
    let done = stage.discard().await;
    assert_eq!((done.removed, done.remaining.len()), (files, 0));
    assert_eq!(house.data_files(), Vec::<PathBuf>::new());
}
