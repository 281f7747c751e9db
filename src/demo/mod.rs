//! The demo: a small lake with real history, built in seconds through icedeck's own write path, and the files a newcomer
//! loads into it. The data are invented and the same in every build; only ids and times differ.
//!
//! It only ever deletes what it made itself: a folder without its mark is left alone.

mod build;
mod chance;
mod conflict;
mod events;
mod logistics;
mod mark;
mod orders;
mod people;

use std::path::{Path, PathBuf};

use serde::Serialize;

use self::mark::{Mark, State};
use crate::catalog::{EntryKind, Lake, LakeOptions, entries};
use crate::env::Env;
use crate::monitor::Monitor;
use crate::table::Namespace;
use crate::{Error, Kind, Result};

/// Files for the first load, as they are put into the folder `files` of the demo.
const FILES: [(&str, &[u8]); 4] = [
    ("orders-nov.csv", include_bytes!("../../assets/demo/orders-nov.csv")),
    ("orders-nov-broken.csv", include_bytes!("../../assets/demo/orders-nov-broken.csv")),
    ("orders-nov.toml", include_bytes!("../../assets/demo/orders-nov.toml")),
    ("shipments.ndjson", include_bytes!("../../assets/demo/shipments.ndjson")),
];

/// The demo lake on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Demo {
    /// The folder: `catalog.db`, `warehouse/`, `files/` and `state/` are in it.
    pub folder: PathBuf,
    /// Whether it was there already.
    pub reused: bool,
    /// Tables in it when it was built; now, once it is [`counted`].
    pub tables: u64,
    /// Snapshots in it, as the tables.
    pub snapshots: u64,
    /// Rows in it, as the tables, over all their current snapshots.
    pub rows: u64,
}

/// Where the demo is unless told otherwise.
pub fn default_folder(env: &Env) -> PathBuf {
    env.paths().data.join("demo")
}

/// Whether a demo, whole or half built, is in the folder.
pub fn is_there(folder: &Path) -> bool {
    mark::is_marked(folder)
}

/// The files to load, where the lake at hand is a demo.
pub fn files(env: &Env) -> Option<PathBuf> {
    let folder = &env.paths().data;
    Some(folder.join("files")).filter(|files| is_there(folder) && files.is_dir())
}

/// The demo lake in `folder`: the one that is there where it is whole, else a new one. An interrupted build, and with
/// `fresh` a whole lake, is thrown away first.
///
/// # Errors
/// [`Kind::Invalid`] where the folder holds something that is not ours, [`Kind::Unavailable`] while another process
/// builds there, cancellation, and those of the catalog and the storage. A build that fails leaves nothing behind.
pub async fn prepare(env: &Env, folder: &Path, fresh: bool, monitor: &Monitor) -> Result<Demo> {
    let folder = absolute(folder)?;
    let mut mark = Mark::take(&folder)?;
    match mark.state()? {
        State::Complete(demo) if !fresh && folder.join("catalog.db").is_file() => {
            return Ok(Demo { folder, reused: true, ..demo });
        }
        State::New => {}
        State::Building | State::Complete(_) => mark.clear()?,
    }
    mark.begin()?;
    let built = build_all(env, &folder, monitor).await;
    match built {
        Ok(demo) => {
            mark.complete(&demo)?;
            Ok(demo)
        }
        Err(e) => {
            // What cannot be deleted stays marked as half built.
            if let Err(left) = mark.clear().and_then(|()| mark.forget()) {
                tracing::warn!(error = %left, "a half built demo stays behind");
            }
            Err(e)
        }
    }
}

/// The whole demo that is in the folder, looked at without changing anything; nothing where there is none, or only a
/// half built one.
///
/// # Errors
/// [`Kind::Invalid`] for a name that no folder can have, and what the file system says.
pub fn existing(folder: &Path) -> Result<Option<Demo>> {
    let folder = absolute(folder)?;
    Ok(match mark::look(&folder)? {
        State::Complete(demo) if folder.join("catalog.db").is_file() => Some(Demo { folder, reused: true, ..demo }),
        _ => None,
    })
}

/// The same demo with what is in it now, for one that was there already: somebody may have loaded, dropped, expired.
/// A table that cannot be read counts as one without snapshots.
///
/// # Errors
/// Those of the demo's catalog.
pub async fn counted(env: &Env, demo: Demo) -> Result<Demo> {
    if !demo.reused {
        return Ok(demo);
    }
    let connection = lake(env, &demo.folder, true).await?.connection(None).await?;
    let mut now = build::Counts::default();
    for entry in entries(&connection, &Namespace::default(), true).await? {
        if entry.kind != EntryKind::Table {
            continue;
        }
        match connection.load(&entry.name.parse()?).await {
            Ok(table) => now = build::counted(now, &table),
            Err(e) if e.is_cancelled() => return Err(e),
            Err(e) => {
                tracing::warn!(table = entry.name, error = %e, "a table of the demo cannot be counted");
                now.tables += 1;
            }
        }
    }
    Ok(Demo { tables: now.tables, snapshots: now.snapshots, rows: now.rows, ..demo })
}

/// The lake of a demo folder, and it alone, with journal and command log in that folder; `read_only` forbids every change in it.
///
/// # Errors
/// Those of [`Lake::embedded`].
pub async fn lake(env: &Env, folder: &Path, read_only: bool) -> Result<Lake> {
    let lake = LakeOptions { within: Some(folder.to_path_buf()), read_only, ..LakeOptions::default() };
    Lake::open(env, lake).await
}

fn absolute(folder: &Path) -> Result<PathBuf> {
    std::path::absolute(folder)
        .map_err(|e| Error::invalid("not a folder's name").with("folder", folder.display()).caused_by(e))
}

async fn build_all(env: &Env, folder: &Path, monitor: &Monitor) -> Result<Demo> {
    write_files(&folder.join("files"))?;
    let counts = build::lake(env, folder, monitor).await?;
    Ok(Demo {
        folder: folder.to_path_buf(),
        reused: false,
        tables: counts.tables,
        snapshots: counts.snapshots,
        rows: counts.rows,
    })
}

fn write_files(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|e| failed(e, "cannot make the folder", folder))?;
    for (name, bytes) in FILES {
        let path = folder.join(name);
        std::fs::write(&path, bytes).map_err(|e| failed(e, "cannot write the file", &path))?;
    }
    Ok(())
}

/// Turns an error of the file system into one that names the file.
fn failed(error: std::io::Error, what: &str, path: &Path) -> Error {
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound => Kind::NotFound,
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => Kind::Denied,
        std::io::ErrorKind::NotADirectory | std::io::ErrorKind::AlreadyExists => Kind::Invalid,
        _ => Kind::Unavailable,
    };
    Error::new(kind, format!("{what}: {error}")).with("file", path.display()).caused_by(error)
}
