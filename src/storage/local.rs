//! Durability of local files: the file, then the folder that names it.

use std::fs::File;
use std::path::Path;

use crate::{Error, Kind, Result};

/// Flushes a file and its folder to the disk.
///
/// # Errors
/// [`Kind::Unavailable`] where the disk refuses, [`Kind::NotFound`] where the file is gone.
pub fn sync_file(path: &Path) -> Result<()> {
    let flush = |path: &Path| File::open(path).and_then(|file| file.sync_all());
    flush(path).and_then(|()| path.parent().map_or(Ok(()), flush)).map_err(|e| {
        let kind = if e.kind() == std::io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Unavailable };
        Error::new(kind, "cannot flush the file to the disk").with("file", path.display()).caused_by(e)
    })
}

/// Removes the folder and those in it as far as no file is in them; what cannot be removed stays. Links are not followed.
pub(super) fn remove_empty_folders(folder: &Path) {
    let within = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in within.filter(|entry| entry.file_type().is_ok_and(|of| of.is_dir())) {
        remove_empty_folders(&entry.path());
    }
    // Refused where something is in it.
    let _ = std::fs::remove_dir(folder);
}
