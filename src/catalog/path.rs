//! Opening a table by its folder or metadata file, without a catalog and read-only.

use std::path::Path;

use iceberg::TableIdent;

use super::assemble;
use crate::storage::{Listed, Location, Storage};
use crate::table::{Table, metadata_version, read_metadata};
use crate::{Error, Kind, Result};

/// Opens the table of a folder (its newest metadata) or of a metadata file: a path or a URL.
///
/// A table that was moved or copied (its metadata names another folder) reads its files from where it is now.
///
/// # Errors
/// [`Kind::NotFound`] where there is nothing, [`Kind::Invalid`] where there is no table,
/// [`Kind::Corrupt`] where its metadata is not what it should be.
pub async fn open_path(path: &str) -> Result<Table> {
    let storage = Storage::default();
    let place = located(path)?;
    let (metadata_at, folder) = match storage.size(&place).await? {
        Some(_) => (place.clone(), folder_of(&place)),
        None => (newest(&storage, &place).await?, Some(place.trim_end_matches("/metadata").to_string())),
    };
    let metadata = read_metadata(&storage, &metadata_at).await?;
    let storage = match folder {
        Some(folder) => follow(storage, metadata.location(), &folder, &metadata).await,
        None => storage,
    };
    let ident = named(metadata.location())?;
    Ok(Table::new(assemble(&storage, ident, metadata, &metadata_at, true)?, storage))
}

/// An absolute location; a local path is looked up, with its links followed.
fn located(text: &str) -> Result<String> {
    if text.contains("://") || text.starts_with("file:") {
        let Location { root, key, .. } = Location::parse(text.trim_end_matches('/'))?;
        return Ok(format!("{root}/{key}"));
    }
    let path = std::fs::canonicalize(Path::new(text)).map_err(|e| {
        let (kind, what) = match e.kind() {
            std::io::ErrorKind::PermissionDenied => (Kind::Denied, "this path may not be read"),
            _ => (Kind::NotFound, "there is nothing at this path"),
        };
        Error::new(kind, what).with("path", text).caused_by(e).hint("a table of a catalog is named namespace.table")
    })?;
    let path = path.to_str().ok_or_else(|| Error::invalid("the path is not UTF-8").with("path", text))?;
    Ok(format!("file://{path}"))
}

/// The table's folder, where the metadata file lies in its `metadata`.
fn folder_of(metadata_at: &str) -> Option<String> {
    metadata_at.rsplit_once('/')?.0.strip_suffix("/metadata").map(str::to_string)
}

/// The newest metadata file of a table's folder, or of its `metadata` folder itself.
async fn newest(storage: &Storage, folder: &str) -> Result<String> {
    let inside = if folder.ends_with("/metadata") { folder.to_string() } else { format!("{folder}/metadata") };
    let prefix = format!("{}/", inside.trim_start_matches("file://").trim_end_matches('/'));
    let listed = storage.list(&inside).await?;
    let direct = listed.iter().filter(|l| {
        l.location.trim_start_matches("file://").strip_prefix(&prefix).is_some_and(|name| !name.contains('/'))
    });
    let hinted = hint(storage, &inside).await?;
    choose(direct, hinted).ok_or_else(|| {
        Error::invalid("there is no table here: no metadata/*.metadata.json")
            .with("folder", folder)
            .hint("give the folder of a table, or one of its metadata files")
    })
}

/// What `version-hint.text` says, where there is one that says a number.
async fn hint(storage: &Storage, inside: &str) -> Result<Option<u64>> {
    let at = format!("{inside}/version-hint.text");
    match storage.size(&at).await? {
        Some(1..64) => {
            let bytes = storage.read(&at).await?;
            Ok(std::str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok()))
        }
        _ => Ok(None),
    }
}

/// The file of the highest version; the newer one of two. A hint means a table of a file system, whose files are
/// called `v12.metadata.json`; the hint itself may lag behind.
fn choose<'a>(files: impl Iterator<Item = &'a Listed>, hint: Option<u64>) -> Option<String> {
    let versions = files.filter_map(|file| {
        let version = metadata_version(&file.location)?;
        let of_file_system = file.location.rsplit('/').next()?.starts_with('v');
        Some((
            (hint.is_some() && of_file_system && Some(version) >= hint, version, !of_file_system, file.modified_ms),
            file,
        ))
    });
    versions.max_by_key(|(order, _)| *order).map(|(_, file)| file.location.clone())
}

/// The name that a table opened by its folder goes by: its last two folders.
fn named(location: &str) -> Result<TableIdent> {
    let mut parts: Vec<&str> = location.split(['/', ':']).filter(|part| !part.is_empty()).collect();
    let table = parts.pop().unwrap_or("table");
    let namespace = parts.pop().unwrap_or("path");
    TableIdent::from_strs([namespace, table]).map_err(|e| Error::bug("a table without a name").caused_by(e))
}

/// Reads the files of a table that was moved from where it lies now, where they are there.
async fn follow(storage: Storage, named: &str, folder: &str, metadata: &iceberg::spec::TableMetadata) -> Storage {
    let plain = |location: &str| location.trim_start_matches("file://").trim_start_matches("file:").to_string();
    if plain(named) == plain(folder) {
        return storage;
    }
    let moved = storage.moved(named, folder);
    let Some(snapshot) = metadata.current_snapshot() else { return moved };
    let is_there =
        |storage: Storage| async move { matches!(storage.size(snapshot.manifest_list()).await, Ok(Some(_))) };
    if !is_there(moved.clone()).await && is_there(storage.clone()).await {
        return storage;
    }
    tracing::warn!(named, folder, "the table was moved; its files are read from the folder that was opened");
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(names: &[(&str, i64)]) -> Vec<Listed> {
        let file = |(name, modified_ms): &(&str, i64)| Listed {
            location: format!("file:///t/metadata/{name}"),
            size: 1,
            modified_ms: *modified_ms,
        };
        names.iter().map(file).collect()
    }

    #[test]
    fn the_newest_metadata_is_chosen() {
        let id = "2cd22b57-5127-4198-92ba-e4e67c79821b";
        let (nine, ten) = (format!("00009-{id}.metadata.json"), format!("00010-{id}.gz.metadata.json"));
        let files = listed(&[(&nine, 5), (&ten, 3), ("snap-1.avro", 9), ("v2.metadata.json", 1)]);
        assert!(choose(files.iter(), None).unwrap().ends_with(&ten));
        assert!(choose(files.iter(), Some(2)).unwrap().ends_with("v2.metadata.json"));
        assert!(choose(listed(&[("snap-1.avro", 9)]).iter(), None).is_none());
    }

    #[test]
    fn a_lagging_hint_and_twins_are_settled() {
        let files = listed(&[("v2.metadata.json", 1), ("v3.metadata.json", 2)]);
        assert!(choose(files.iter(), Some(2)).unwrap().ends_with("v3.metadata.json"));
        let twins = listed(&[("00001-a.metadata.json", 7), ("00001-b.metadata.json", 6)]);
        assert!(choose(twins.iter(), None).unwrap().ends_with("00001-a.metadata.json"));
    }

    #[test]
    fn a_table_is_named_after_its_folders() {
        assert_eq!(named("file:///w/sales/orders").unwrap().to_string(), "sales.orders");
        assert_eq!(named("/orders").unwrap().to_string(), "path.orders");
        assert_eq!(named("").unwrap().to_string(), "path.table");
    }
}
