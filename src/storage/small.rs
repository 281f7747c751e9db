//! Small local files that an operator writes: settings, mappings, schemas.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// No such file is larger, in bytes.
const LARGEST: u64 = 16 << 20;

/// The text of a small file, or of what a pipe holds.
///
/// # Errors
/// What the file system says; `InvalidData` for what is no text, `FileTooLarge` for what does not end soon.
pub fn small_text(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::new(ErrorKind::FileTooLarge, format!("it is larger than {} MiB", LARGEST >> 20)));
    }
    String::from_utf8(bytes).map_err(|_| Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}
