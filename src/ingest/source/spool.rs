//! A stream as a file: what can be read only once (standard input) is written to the state folder first, since a source
//! is read several times. The file is gone with its [`Spooled`].

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::monitor::Monitor;
use crate::{Error, Kind, Result};

/// Bytes copied between two looks at the monitor.
const STEP: u64 = 4 << 20;

/// A stream that was written to a file.
#[derive(Debug)]
pub struct Spooled {
    path: PathBuf,
}

impl Spooled {
    /// Writes the stream to its end into a file under the state folder.
    ///
    /// # Errors
    /// A stream or disk that fails; cancellation. Nothing is left behind.
    pub fn new(mut stream: impl Read, env: &Env, monitor: &Monitor) -> Result<Self> {
        let folder = env.paths().state.join("spool");
        let failed = |e: std::io::Error| {
            Error::new(Kind::Unavailable, format!("the stream cannot be kept in a file: {e}"))
                .with("folder", folder.display())
                .caused_by(e)
                .hint("check that the folder can be written and its disk is not full")
        };
        fs::create_dir_all(&folder).map_err(failed)?;
        let spooled = Self { path: folder.join(format!("stream-{}", env.uuid())) };
        let mut file = BufWriter::new(File::create_new(&spooled.path).map_err(failed)?);
        loop {
            monitor.check()?;
            let copied = std::io::copy(&mut stream.by_ref().take(STEP), &mut file).map_err(failed)?;
            monitor.update(|p| {
                p.stage = "receiving";
                p.bytes += copied;
            });
            if copied == 0 {
                file.flush().map_err(failed)?;
                return Ok(spooled);
            }
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        if let Err(e) = fs::remove_file(&self.path) {
            tracing::warn!("{} is left behind: {e}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_becomes_a_file_for_as_long_as_it_is_needed() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::fixed(dir.path(), 0);
        let spooled = Spooled::new(b"a,b\n1,2\n".as_slice(), &env, &Monitor::new()).unwrap();
        let path = spooled.path().to_path_buf();
        assert_eq!(fs::read(&path).unwrap(), b"a,b\n1,2\n");
        drop(spooled);
        assert!(!path.exists());
        let cancelled = Monitor::new();
        cancelled.cancel();
        assert!(Spooled::new(b"x".as_slice(), &env, &cancelled).unwrap_err().is_cancelled());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
    }
}
