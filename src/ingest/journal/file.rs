//! A file that only grows, by whole lines that are on the disk before the call returns, locked by its process.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::{Error, Kind, Result};

/// A listing holds a lock for as long as it takes to look at one file; an owner waits that out.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: std::time::Duration = std::time::Duration::from_millis(5);

#[derive(Debug)]
pub(super) struct LockedFile {
    file: File,
    path: PathBuf,
    /// Bytes of whole lines; what stands behind them is cut off before the next line.
    length: u64,
    /// A line that failed could not be taken back: nothing may follow it.
    is_broken: bool,
}

/// Turns an error of the file system into one that names the file.
pub(super) fn failed(error: std::io::Error, what: &str, path: &Path) -> Error {
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound => Kind::NotFound,
        std::io::ErrorKind::AlreadyExists => Kind::AlreadyExists,
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => Kind::Denied,
        _ => Kind::Unavailable,
    };
    Error::new(kind, format!("{what}: {error}")).with("file", path.display()).caused_by(error)
}

fn unwritable(error: std::io::Error, path: &Path) -> Error {
    failed(error, "cannot write the journal", path)
        .hint("the journal must be durable before anything is sent; free some space, or set XDG_STATE_HOME elsewhere")
}

impl LockedFile {
    /// A new file with its first line. It appears under its name whole and locked, or not at all.
    pub(super) fn create(path: &Path, line: &[u8]) -> Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| unwritable(e, folder))?;
        if path.exists() {
            return Err(
                Error::new(Kind::AlreadyExists, "the ingest has a journal already").with("file", path.display())
            );
        }
        let draft = path.with_extension("new");
        let made = OpenOptions::new().append(true).read(true).create_new(true).mode(0o600).open(&draft);
        let file = made.map_err(|e| unwritable(e, &draft))?;
        let mut locked = Self { file, path: draft.clone(), length: 0, is_broken: false };
        let named = locked.lock().and_then(|()| locked.append(line)).and_then(|()| {
            std::fs::rename(&draft, path).map_err(|e| unwritable(e, path))?;
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| unwritable(e, folder))
        });
        if let Err(e) = named {
            // What is left of a draft names nothing.
            let _ = std::fs::remove_file(&draft);
            return Err(e);
        }
        locked.path = path.to_path_buf();
        Ok(locked)
    }

    /// An existing file, locked, and a reader from its beginning.
    pub(super) fn open(path: &Path) -> Result<(Self, BufReader<File>)> {
        let missing = |e| failed(e, "cannot open the journal", path);
        let file = OpenOptions::new().append(true).read(true).open(path).map_err(missing)?;
        let length = file.metadata().map_err(missing)?.len();
        let reader = BufReader::new(File::open(path).map_err(missing)?);
        let locked = Self { file, path: path.to_path_buf(), length, is_broken: false };
        locked.lock()?;
        Ok((locked, reader))
    }

    fn lock(&self) -> Result<()> {
        for tried in 0.. {
            match self.file.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) if tried < LOCK_TRIES => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => break,
                Err(TryLockError::Error(e)) => return Err(unwritable(e, &self.path)),
            }
        }
        Err(Error::new(Kind::Unavailable, "another icedeck works on this ingest")
            .with("file", self.path.display())
            .hint("wait for it, or end it"))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes off everything behind `length` bytes.
    pub(super) fn cut_to(&mut self, length: u64) -> Result<()> {
        if length < self.length {
            self.file.set_len(length).and_then(|()| self.file.sync_all()).map_err(|e| unwritable(e, &self.path))?;
            self.length = length;
        }
        Ok(())
    }

    /// Adds whole lines and flushes them to the disk. Those that fail halfway are taken back.
    pub(super) fn append(&mut self, lines: &[u8]) -> Result<()> {
        if self.is_broken {
            return Err(Error::new(Kind::Unavailable, "the journal could not be written before")
                .with("file", self.path.display()));
        }
        match self.file.write_all(lines).and_then(|()| self.file.sync_data()) {
            Ok(()) => {
                self.length += lines.len() as u64;
                Ok(())
            }
            Err(e) => {
                let restored = self.file.set_len(self.length).and_then(|()| self.file.sync_all());
                self.is_broken = restored.is_err();
                Err(unwritable(e, &self.path))
            }
        }
    }
}
