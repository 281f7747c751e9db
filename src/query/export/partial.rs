//! A file that is being written beside its place: it is put there once it is whole, and removed when it never is.

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::PathBuf;

use super::{Exported, Target};
use crate::{Error, Kind, Result};

/// The file. Dropping it removes what was written.
pub(super) struct Partial {
    target: Target,
    place: PathBuf,
    out: BufWriter<File>,
    bytes: u64,
}

impl Partial {
    /// Begins beside the target; a target that is there and may not be replaced is told at once.
    pub(super) fn begin(target: &Target, id: &str) -> Result<Self> {
        if target.path.is_dir() {
            return Err(Error::invalid("this is a folder").with("file", target.path.display()).hint("name a file"));
        }
        if !target.replace && target.path.symlink_metadata().is_ok() {
            return Err(exists(target));
        }
        let name = target.path.file_name().unwrap_or_default().to_string_lossy();
        let place = target.path.with_file_name(format!(".{name}.{id}.partial"));
        let file = File::create_new(&place).map_err(|e| failed(target, e))?;
        Ok(Self { target: target.clone(), place, out: BufWriter::new(file), bytes: 0 })
    }

    /// Bytes written so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Appends a text.
    pub(super) fn put(&mut self, text: &str) -> Result<()> {
        self.write_all(text.as_bytes()).map_err(|e| failed(&self.target, e))
    }

    /// Puts the whole file in its place.
    pub(super) fn finish(mut self, rows: u64) -> Result<Exported> {
        let target = self.target.clone();
        self.out.flush().and_then(|()| self.out.get_ref().sync_all()).map_err(|e| failed(&target, e))?;
        if target.replace {
            fs::rename(&self.place, &target.path).map_err(|e| failed(&target, e))?;
        } else {
            // A link is refused where a file appeared meanwhile; some file systems know none.
            match fs::hard_link(&self.place, &target.path) {
                Ok(()) => {}
                Err(e) if e.kind() == ErrorKind::AlreadyExists => return Err(exists(&target)),
                Err(_) => fs::rename(&self.place, &target.path).map_err(|e| failed(&target, e))?,
            }
        }
        Ok(Exported { path: target.path, rows, bytes: self.bytes })
    }
}

impl Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Gone already where it was put in its place.
        fs::remove_file(&self.place).unwrap_or_default();
    }
}

fn exists(target: &Target) -> Error {
    Error::new(Kind::AlreadyExists, "the file exists already").with("file", target.path.display())
}

pub(super) fn failed(target: &Target, error: std::io::Error) -> Error {
    let kind = match error.kind() {
        ErrorKind::NotFound => Kind::NotFound,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Kind::Denied,
        ErrorKind::NotADirectory | ErrorKind::InvalidFilename => Kind::Invalid,
        _ => Kind::Unavailable,
    };
    Error::new(kind, format!("cannot write the file: {error}")).with("file", target.path.display()).caused_by(error)
}
