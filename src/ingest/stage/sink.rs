//! Bytes of one data file on their way to storage: in parts of one size, a few in flight, nothing visible under the
//! file's name before all of them are there.

use std::io;

use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::storage::{Location, Scheme, Storage, failed};
use crate::{Error, Result};

/// Object stores want parts of at least 5 MiB, all of one size.
const PART: usize = 8 << 20;
const IN_FLIGHT: usize = 4;

/// A file being written. Used from threads that may wait.
pub(super) struct Sink {
    location: String,
    runtime: Handle,
    upload: Box<dyn MultipartUpload>,
    in_flight: JoinSet<object_store::Result<()>>,
    waiting: Vec<u8>,
    written: u64,
    takes_small_parts: bool,
    failure: Option<Error>,
}

impl Sink {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of the store, with the location.
    pub fn open(storage: &Storage, location: String, runtime: &Handle) -> Result<Self> {
        let (store, key) = storage.resolve(&location)?;
        let upload = runtime.block_on(store.put_multipart(&key)).map_err(|e| failed(e, "cannot write", &location))?;
        let takes_small_parts = Location::parse(&location)?.scheme == Scheme::File;
        Ok(Self {
            location,
            runtime: runtime.clone(),
            upload,
            in_flight: JoinSet::new(),
            waiting: Vec::new(),
            written: 0,
            takes_small_parts,
            failure: None,
        })
    }

    /// Where the file will be.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Bytes taken so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Bytes that wait in memory for their part to be full.
    pub fn waiting(&self) -> usize {
        self.waiting.capacity()
    }

    /// What went wrong below Parquet's writer, once.
    pub fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    /// Sends what waits, where the store takes parts of any size: so that an idle file holds no memory.
    ///
    /// # Errors
    /// Those of the store.
    pub fn drain(&mut self) -> Result<()> {
        if self.takes_small_parts && !self.waiting.is_empty() { self.send_part() } else { Ok(()) }
    }

    /// Sends the rest and makes the file appear. It is not yet durable.
    ///
    /// # Errors
    /// Those of the store; the file does not exist then.
    pub fn finish(mut self) -> Result<()> {
        let sent = if self.waiting.is_empty() { Ok(()) } else { self.send_part() };
        match sent.and_then(|()| self.wait_for(0)) {
            Ok(()) => {
                let Self { runtime, mut upload, location, .. } = self;
                runtime.block_on(upload.complete()).map(drop).map_err(|e| failed(e, "cannot write", &location))
            }
            Err(e) => {
                self.abort();
                Err(e)
            }
        }
    }

    /// Gives the file up; nothing remains of it.
    pub fn abort(mut self) {
        self.runtime.block_on(async {
            self.in_flight.shutdown().await;
            if let Err(e) = self.upload.abort().await {
                tracing::warn!("cannot take back the half-written {}: {e}", self.location);
            }
        });
    }

    fn send_part(&mut self) -> Result<()> {
        self.wait_for(IN_FLIGHT - 1)?;
        let part = std::mem::take(&mut self.waiting);
        let sent = self.upload.put_part(PutPayload::from(part));
        self.in_flight.spawn_on(sent, &self.runtime);
        Ok(())
    }

    fn wait_for(&mut self, left: usize) -> Result<()> {
        while self.in_flight.len() > left {
            match self.runtime.block_on(self.in_flight.join_next()) {
                None | Some(Ok(Ok(()))) => {}
                Some(Ok(Err(e))) => return Err(failed(e, "cannot write", &self.location)),
                Some(Err(e)) => return Err(Error::bug("the writing of a part died").caused_by(e)),
            }
        }
        Ok(())
    }
}

impl io::Write for Sink {
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<usize> {
        let all = bytes.len();
        while !bytes.is_empty() {
            let room = PART.saturating_sub(self.waiting.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.waiting.extend_from_slice(now);
            bytes = later;
            if self.waiting.len() >= PART {
                self.send_part().map_err(|e| {
                    let told = io::Error::other(e.to_string());
                    self.failure.get_or_insert(e);
                    told
                })?;
            }
        }
        self.written += all as u64;
        Ok(all)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sink").field("location", &self.location).field("written", &self.written).finish_non_exhaustive()
    }
}
