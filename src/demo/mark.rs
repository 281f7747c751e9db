//! The mark of a demo folder: says that it is ours and whether it is whole, and is locked while someone builds there.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Demo, failed};
use crate::{Error, Kind, Result};

const NAME: &str = ".icedeck-demo.json";
/// Everything a build puts beside the mark; nothing else is ever deleted.
const OURS: [&str; 7] =
    ["catalog.db", "catalog.db-wal", "catalog.db-shm", "catalog.db-journal", "warehouse", "files", "state"];
/// The log in `state`, whose predecessor is called so too with a number behind.
const LOG: &str = "icedeck.log";
/// Changes with what is built, so that an older demo is built anew.
const VERSION: u32 = 2;

/// What is in the folder.
#[derive(Debug)]
pub(super) enum State {
    /// Nothing yet.
    New,
    /// A build that did not come to its end, or one of another version.
    Building,
    /// A whole demo.
    Complete(Demo),
}

#[derive(Debug, Serialize, Deserialize)]
struct Content {
    version: u32,
    complete: bool,
    tables: u64,
    snapshots: u64,
    rows: u64,
}

#[derive(Debug)]
pub(super) struct Mark {
    folder: PathBuf,
    file: File,
}

impl Mark {
    /// Takes the folder for this process. A folder that is neither free nor marked is not ours.
    pub(super) fn take(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|e| failed(e, "cannot make the folder", folder))?;
        let path = folder.join(NAME);
        if !path.exists() && !is_free(folder)? {
            return Err(Error::invalid("the folder is not empty and not a demo of icedeck")
                .with("folder", folder.display())
                .hint("choose another folder with --dir"));
        }
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(|e| failed(e, "cannot write the file", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_path_buf(), file }),
            Err(TryLockError::WouldBlock) => {
                Err(Error::new(Kind::Unavailable, "another icedeck builds the demo there")
                    .with("folder", folder.display())
                    .hint("wait for it"))
            }
            Err(TryLockError::Error(e)) => Err(failed(e, "cannot lock the file", &path)),
        }
    }

    pub(super) fn state(&mut self) -> Result<State> {
        let sought = self.file.seek(SeekFrom::Start(0));
        sought.and_then(|_| read(&self.file, &self.folder)).map_err(|e| failed(e, "cannot read the file", &self.path()))
    }

    /// Says that a build is under way, durably, before anything of it exists.
    pub(super) fn begin(&mut self) -> Result<()> {
        self.write(&Content { version: VERSION, complete: false, tables: 0, snapshots: 0, rows: 0 })
    }

    /// Says that the demo is whole.
    pub(super) fn complete(&mut self, demo: &Demo) -> Result<()> {
        let Demo { tables, snapshots, rows, .. } = *demo;
        self.write(&Content { version: VERSION, complete: true, tables, snapshots, rows })
    }

    fn write(&mut self, content: &Content) -> Result<()> {
        let text = serde_json::to_vec_pretty(content).map_err(|e| Error::bug("cannot write JSON").caused_by(e))?;
        let written = self
            .file
            .set_len(0)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)))
            .and_then(|_| self.file.write_all(&text))
            .and_then(|()| self.file.sync_all());
        written.map_err(|e| failed(e, "cannot write the file", &self.path()))
    }

    /// Deletes what a build put here; the mark itself says half built from before the first file goes.
    pub(super) fn clear(&mut self) -> Result<()> {
        self.begin()?;
        for name in OURS {
            let path = self.folder.join(name);
            let gone = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            match gone {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e, "cannot delete", &path)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes the mark away, once nothing of ours is left.
    pub(super) fn forget(&self) -> Result<()> {
        std::fs::remove_file(self.path()).map_err(|e| failed(e, "cannot delete", &self.path()))
    }

    fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }
}

/// What is in the folder, by its mark alone: nothing is made, written or locked.
pub(super) fn look(folder: &Path) -> Result<State> {
    let path = folder.join(NAME);
    match File::open(&path).and_then(|file| read(&file, folder)) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(State::New),
        found => found.map_err(|e| failed(e, "cannot read the file", &path)),
    }
}

fn read(file: &File, folder: &Path) -> std::io::Result<State> {
    let mut text = String::new();
    file.take(4096).read_to_string(&mut text)?;
    if text.is_empty() {
        return Ok(State::New);
    }
    Ok(match serde_json::from_str::<Content>(&text) {
        Ok(found) if found.complete && found.version == VERSION => State::Complete(Demo {
            folder: folder.to_path_buf(),
            reused: true,
            tables: found.tables,
            snapshots: found.snapshots,
            rows: found.rows,
        }),
        _ => State::Building,
    })
}

/// Whether the folder is one of ours.
pub(super) fn is_marked(folder: &Path) -> bool {
    folder.join(NAME).is_file()
}

/// Whether nothing is in the folder but the log that `--home` puts there before anything is built.
fn is_free(folder: &Path) -> Result<bool> {
    let state = folder.join("state");
    let is_real = |path: &Path| path.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    Ok(match names(folder)?.as_slice() {
        [] => true,
        [one] if one == "state" && is_real(&state) => {
            names(&state)?.iter().all(|name| name == LOG || name.to_string_lossy() == format!("{LOG}.1"))
        }
        _ => false,
    })
}

fn names(folder: &Path) -> Result<Vec<OsString>> {
    let entries = std::fs::read_dir(folder).and_then(|entries| entries.map(|e| Ok(e?.file_name())).collect());
    entries.map_err(|e| failed(e, "cannot read the folder", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_ours_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let mut mark = Mark::take(folder.path()).unwrap();
        assert!(matches!(mark.state().unwrap(), State::New));
        mark.begin().unwrap();
        std::fs::create_dir_all(folder.path().join("warehouse/a")).unwrap();
        std::fs::write(folder.path().join("mine.txt"), "keep").unwrap();
        assert!(matches!(mark.state().unwrap(), State::Building));
        mark.clear().unwrap();
        assert!(!folder.path().join("warehouse").exists());
        assert!(folder.path().join("mine.txt").exists());
    }

    #[test]
    fn a_folder_that_is_not_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("thesis.txt"), "").unwrap();
        assert_eq!(Mark::take(folder.path()).unwrap_err().kind(), Kind::Invalid);
        assert!(!folder.path().join(NAME).exists());
    }

    #[test]
    fn a_folder_with_the_log_alone_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        std::fs::create_dir(&state).unwrap();
        std::fs::write(state.join("icedeck.log"), "a line").unwrap();
        drop(Mark::take(folder.path()).unwrap());
        std::fs::remove_file(folder.path().join(NAME)).unwrap();
        std::fs::write(state.join("journal"), "of a load").unwrap();
        assert_eq!(Mark::take(folder.path()).unwrap_err().kind(), Kind::Invalid);
    }

    #[test]
    fn one_builds_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Mark::take(folder.path()).unwrap();
        assert_eq!(Mark::take(folder.path()).unwrap_err().kind(), Kind::Unavailable);
        drop(first);
        assert!(Mark::take(folder.path()).is_ok());
    }
}
