//! The staged files of a change: whether they are still there as they were recorded, and taking them away.

use futures::StreamExt;

use crate::commit::StagedFile;
use crate::ingest::journal::Record;
use crate::storage::Storage;
use crate::table::Table;
use crate::{Error, Result};

/// Files looked at or deleted at the same time.
const AT_ONCE: usize = 16;

/// What is wrong with the staged files, in a sentence; nothing where each exists with its recorded size. One that cannot
/// be looked at counts as there: the store will say no.
pub(super) async fn missing(storage: &Storage, files: &[StagedFile]) -> Option<String> {
    let named = |staged: &StagedFile| (staged.file.file_path().to_string(), staged.file.file_size_in_bytes());
    let files: Vec<(String, u64)> = files.iter().map(named).collect();
    let looked = futures::stream::iter(files).map(|(path, bytes)| wrong(storage.clone(), path, bytes));
    let wrong: Vec<String> = looked.buffered(AT_ONCE).filter_map(std::future::ready).collect().await;
    match wrong.as_slice() {
        [] => None,
        [one] => Some(format!("a staged file is not what was written: {one}")),
        [first, ..] => Some(format!("{} staged files are not what was written, among them {first}", wrong.len())),
    }
}

async fn wrong(storage: Storage, path: String, bytes: u64) -> Option<String> {
    match storage.size(&path).await {
        Ok(Some(found)) if found == bytes => None,
        Ok(Some(found)) => Some(format!("{path} has {found} bytes and not {bytes}")),
        Ok(None) => Some(format!("{path} is gone")),
        Err(e) => {
            tracing::warn!("a staged file cannot be looked at: {e}");
            None
        }
    }
}

/// The staged files of a journal, as they can be published.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) where staging was broken off, [`Kind::Corrupt`](crate::Kind::Corrupt) where
/// the journal does not hold as many as it says, what [`RecordedFile::staged`](crate::ingest::journal::RecordedFile)
/// says.
pub(super) fn recorded(record: &Record, table: &Table) -> Result<Vec<StagedFile>> {
    let Some((files, ..)) = record.staged else {
        return Err(Error::invalid("the load was broken off before all of its files were written")
            .with("ingest", &record.plan.ingest_id)
            .hint(format!("icedeck recover restage {} loads it again", record.plan.ingest_id)));
    };
    if files != record.files.len() as u64 {
        return Err(Error::corrupt("the journal does not hold all staged files").with("ingest", &record.plan.ingest_id));
    }
    record.files.iter().map(|file| file.staged(table)).collect()
}

/// Every file that an ingest has left: those in its journal, and those below its staging folder that carry its id.
pub(super) async fn leftovers(storage: &Storage, record: &Record) -> Result<Vec<String>> {
    let mut found: Vec<String> = record.files.iter().map(|file| file.path.clone()).collect();
    if record.staged.is_none()
        && let Some((folder, _)) = &record.staging
    {
        let listed = storage.list(folder).await?;
        let id = record.plan.ingest_id.as_str();
        let own = |location: &str| !id.is_empty() && location.rsplit('/').next().is_some_and(|name| name.contains(id));
        found.extend(listed.into_iter().map(|l| l.location).filter(|location| own(location)));
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// What became of files that were to be deleted.
#[derive(Debug, Default)]
pub(super) struct Deleted {
    pub removed: u64,
    /// Those that stay, each with the reason.
    pub remaining: Vec<String>,
}

/// Deletes files. Only for those of a change that is proved absent and can no longer land.
pub(super) async fn delete(storage: &Storage, files: &[String]) -> Deleted {
    let mut done = Deleted::default();
    let files = futures::stream::iter(files.to_vec());
    let mut deletions = files.map(|file| delete_one(storage.clone(), file)).buffer_unordered(AT_ONCE);
    while let Some(deleted) = deletions.next().await {
        match deleted {
            Ok(()) => done.removed += 1,
            Err(why) => done.remaining.push(why),
        }
    }
    done
}

async fn delete_one(storage: Storage, file: String) -> Result<(), String> {
    storage.delete(&file).await.map_err(|e| format!("{file}: {e}"))
}
