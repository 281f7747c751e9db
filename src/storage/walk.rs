//! Every file below a folder, as it is found: also those that a store keeps out of its own listings, the half-written
//! files (`name.parquet#1`) of local folders. Reads names and sizes only.

use std::fs;
use std::path::{Path, PathBuf};

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use tokio::sync::mpsc;

use super::{Listed, Location, Storage, failed};
use crate::{Error, Kind, Result};

/// Files of a page at most.
const PAGE: usize = 1000;
/// Pages that wait to be taken.
const WAITING: usize = 4;
/// Links to folders that are followed one inside the other: they may lead in a circle.
const LINKS: u32 = 4;

/// The files below a folder, in pages, in no order.
pub struct Walk(BoxStream<'static, Result<Vec<Listed>>>);

impl std::fmt::Debug for Walk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Walk")
    }
}

impl Walk {
    /// The next files, never none; nothing at the end.
    ///
    /// # Errors
    /// [`Kind::Denied`] or [`Kind::Unavailable`] for a folder that cannot be read: then the walk is over.
    pub async fn next(&mut self) -> Result<Option<Vec<Listed>>> {
        self.0.next().await.transpose()
    }
}

impl Storage {
    /// Begins to walk through a folder; one that does not exist has no files. Holds some pages, whatever its size.
    ///
    /// # Errors
    /// [`Kind::Invalid`] or [`Kind::Unsupported`] for a location that is none.
    pub fn walk(&self, folder: &str) -> Result<Walk> {
        let location = Location::parse(&self.actual(folder))?;
        if let Some(path) = location.local_path() {
            let (pages, taken) = mpsc::channel(WAITING);
            tokio::task::spawn_blocking(move || local(&path, &pages));
            let taken = futures::stream::unfold(taken, |mut taken| async { Some((taken.recv().await?, taken)) });
            return Ok(Walk(taken.boxed()));
        }
        let (store, key) = self.resolve(folder)?;
        let (root, named) = (location.root, folder.to_string());
        let listed = store.list(Some(&key)).map_ok(move |meta| Listed {
            location: format!("{root}/{}", meta.location),
            size: meta.size,
            modified_ms: meta.last_modified.timestamp_millis(),
        });
        let pages = listed.map_err(move |e| failed(e, "cannot list", &named)).try_chunks(PAGE).map_err(|e| e.1);
        Ok(Walk(pages.boxed()))
    }

    /// One spelling of a location, the one that listings have: `file:/a`, `/a` and `file:///a` are the same file. What
    /// is no location stays as it is.
    pub fn spelled(&self, location: &str) -> String {
        match Location::parse(&self.actual(location)) {
            Ok(parsed) => format!("{}/{}", parsed.root, parsed.key),
            Err(_) => location.to_string(),
        }
    }
}

type Pages = mpsc::Sender<Result<Vec<Listed>>>;

/// Walks until the end, a fault, or nobody listens any more.
fn local(folder: &Path, pages: &Pages) {
    let mut page = Vec::new();
    let mut left = vec![(folder.to_path_buf(), 0)];
    while let Some((folder, links)) = left.pop() {
        if let Err(e) = read(&folder, links, &mut left, &mut page, pages) {
            // Nobody listens where this fails, and nobody misses it.
            let _ = pages.blocking_send(Err(e));
            return;
        }
        if pages.is_closed() {
            return;
        }
    }
    if !page.is_empty() {
        let _ = pages.blocking_send(Ok(page));
    }
}

fn read(
    folder: &Path,
    links: u32,
    left: &mut Vec<(PathBuf, u32)>,
    page: &mut Vec<Listed>,
    pages: &Pages,
) -> Result<()> {
    let unreadable = |e: std::io::Error| {
        let kind = if e.kind() == std::io::ErrorKind::PermissionDenied { Kind::Denied } else { Kind::Unavailable };
        Error::new(kind, "cannot list the folder").with("folder", folder.display()).caused_by(e)
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // Somebody may have removed it meanwhile.
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(unreadable(e)),
    };
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        let is_link = entry.file_type().map_err(unreadable)?.is_symlink();
        let found = match fs::metadata(entry.path()) {
            Ok(found) => found,
            // Gone meanwhile, or a link to nowhere.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(e) => return Err(unreadable(e)),
        };
        if found.is_dir() {
            let links = links + u32::from(is_link);
            if links <= LINKS {
                left.push((entry.path(), links));
            }
            continue;
        }
        page.push(listed(&entry.path(), &found));
        if page.len() >= PAGE && pages.blocking_send(Ok(std::mem::take(page))).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn listed(path: &Path, found: &fs::Metadata) -> Listed {
    let since = found.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    Listed {
        location: format!("file://{}", path.display()),
        size: found.len(),
        modified_ms: since.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    async fn all(folder: &Path) -> Vec<String> {
        let mut walk = Storage::new(HashMap::new()).walk(&folder.display().to_string()).unwrap();
        let mut found = Vec::new();
        while let Some(page) = walk.next().await.unwrap() {
            found.extend(page.into_iter().map(|l| l.location[folder.display().to_string().len() + 8..].to_string()));
        }
        found.sort();
        found
    }

    #[tokio::test]
    async fn every_file_is_found_and_circles_end() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("a/b c")).unwrap();
        for name in ["x", "a/y.parquet#1", "a/b c/z%2F"] {
            fs::write(root.join(name), "1").unwrap();
        }
        assert_eq!(all(root).await, ["a/b c/z%2F", "a/y.parquet#1", "x"]);
        std::os::unix::fs::symlink(root, root.join("a/up")).unwrap();
        std::os::unix::fs::symlink(root.join("nowhere"), root.join("gone")).unwrap();
        let found = all(root).await;
        assert_eq!(found.len(), 3 * 5, "{found:?}");
        assert!(all(&root.join("none")).await.is_empty());
    }

    #[tokio::test]
    async fn pages_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..PAGE * 2 + 1 {
            fs::write(folder.path().join(n.to_string()), "").unwrap();
        }
        let mut walk = Storage::new(HashMap::new()).walk(&folder.path().display().to_string()).unwrap();
        let mut sizes = Vec::new();
        while let Some(page) = walk.next().await.unwrap() {
            sizes.push(page.len());
        }
        assert_eq!(sizes, [PAGE, PAGE, 1]);
    }
}
