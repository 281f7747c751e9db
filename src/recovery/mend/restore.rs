//! Restore: data files of an older snapshot added to a branch again, whole, in one snapshot. Never a file that is live,
//! never one whose rows may be in other files by now (unless the operator says so), never one of which deletes have taken
//! rows, never one that is not what its manifest says.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::super::staged::missing;
use super::leaving::head_of;
use super::prepared::Prepared;
use super::rewritten;
use crate::commit::{Change, files_again};
use crate::monitor::Monitor;
use crate::query::{FileMatch, file_matches};
use crate::table::Table;
use crate::table::inspect::{Files, files, manifests};
use crate::table::refs::MAIN;
use crate::words::many;
use crate::{Error, Kind, Result};

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreRequest {
    /// The older snapshot: an id, a ref, a time.
    pub from: String,
    /// The branch; nothing: `main`.
    pub branch: Option<String>,
    /// Only files whose every row makes this SQL expression true.
    pub filter: Option<String>,
    /// Only files of these partitions, each as `icedeck partitions` writes it: `country=DE, day=2024-01-01`.
    pub partitions: Vec<String>,
    /// Also files of which others may hold rows by now, where that is not certain.
    pub force: bool,
}

/// A restore that can be shown and carried out.
#[derive(Debug, Clone, Serialize)]
pub struct RestorePlan {
    /// The change.
    #[serde(flatten)]
    pub prepared: Prepared,
    /// The snapshot that the files are taken from.
    pub from_snapshot_id: i64,
    /// Files that are added again.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// The files, by path.
    pub file_paths: Vec<String>,
    /// Files of that snapshot that are in the branch already, and are left out.
    pub already_live: u64,
}

/// Plans a restore. Reads manifests, and data files only where a filter or deletes make it necessary.
///
/// # Errors
/// [`Kind::NotFound`] where nothing is left to restore or a file is gone; [`Kind::Unsupported`] where a file holds rows
/// that are not wanted, or deletes have taken some of its rows, or others may hold its rows by now: such a file cannot be
/// restored whole, and is named.
pub async fn restore(table: &Table, request: &RestoreRequest, monitor: &Monitor) -> Result<RestorePlan> {
    let branch = request.branch.as_deref().unwrap_or(MAIN);
    let head = head_of(table, branch)?;
    let from = table.resolve(Some(&request.from))?;
    let from = from.ok_or_else(|| Error::not_found("there is no such snapshot").with("snapshot", &request.from))?;
    let live = live_paths(table, head, monitor).await?;
    let (wanted, already_live) = wanted(table, from, request, &live, monitor).await?;
    if wanted.is_empty() {
        return Err(nothing_left(from, already_live).with("table", table.name()).with("snapshot", from));
    }
    let again = files_again(table, from, &wanted).await?;
    rewritten::check(table, (from, head), &wanted, request.force, monitor)
        .await
        .map_err(|e| e.with("table", table.name()))?;
    if let Some(why) = missing(table.storage(), &again).await {
        return Err(Error::new(Kind::NotFound, format!("it cannot be restored: {why}"))
            .with("table", table.name())
            .with("snapshot", from)
            .hint("restore what is left with --filter or --partition"));
    }
    let rows = again.iter().map(|f| f.file.record_count()).fold(0u64, u64::saturating_add);
    let bytes = again.iter().map(|f| f.file.file_size_in_bytes()).fold(0u64, u64::saturating_add);
    let count = again.len() as u64;
    let mut question = format!(
        "add {} in {} ({bytes} bytes) of snapshot {from} to {branch} of {} again",
        many(rows, "row"),
        many(count, "file"),
        table.name()
    );
    if already_live > 0 {
        question.push_str(&format!("; {} are there already and are left out", many(already_live, "file")));
    }
    let file_paths = again.iter().map(|staged| staged.file.file_path().to_string()).collect();
    let summary = BTreeMap::from([(RESTORED_FROM.to_string(), from.to_string())]);
    let change = Change::Append { branch: branch.into(), files: again, summary };
    let mut prepared = Prepared::new("restore", table, branch, change, question);
    prepared.snapshot_id = None;
    Ok(RestorePlan { prepared, from_snapshot_id: from, files: count, rows, bytes, file_paths, already_live })
}

/// In the summary of the new snapshot: where its files are from.
const RESTORED_FROM: &str = "icedeck.restored-from";

fn nothing_left(from: i64, already_live: u64) -> Error {
    match already_live {
        0 => Error::not_found("no file of this snapshot is asked for"),
        n => Error::not_found(format!("all {n} files that are asked for are in the branch already"))
            .hint(format!("icedeck diff shows what changed since snapshot {from}")),
    }
}

async fn live_paths(table: &Table, snapshot_id: i64, monitor: &Monitor) -> Result<HashSet<String>> {
    let mut stream = files(table, manifests(table, Some(snapshot_id), monitor).await?, Files::Data);
    let mut found = HashSet::new();
    while let Some(chunk) = stream.next(monitor).await? {
        match chunk.fault {
            Some(fault) => return Err(fault),
            None => found.extend(chunk.entries.into_iter().map(|entry| entry.data_file.file_path)),
        }
    }
    Ok(found)
}

/// The files to add again, by path, and how many are live already.
async fn wanted(
    table: &Table,
    from: i64,
    request: &RestoreRequest,
    live: &HashSet<String>,
    monitor: &Monitor,
) -> Result<(HashSet<String>, u64)> {
    let partitions = in_partitions(table, from, &request.partitions, monitor).await?;
    let mut files = file_matches(table, from, request.filter.as_deref(), monitor).await?;
    let (mut wanted, mut already_live) = (HashSet::new(), 0);
    while let Some(file) = files.next().await? {
        if file.matched == 0 || partitions.as_ref().is_some_and(|paths| !paths.contains(&file.path)) {
            continue;
        }
        if live.contains(&file.path) {
            already_live += 1;
            continue;
        }
        whole(&file).map_err(|e| e.with("snapshot", from))?;
        wanted.insert(file.path);
    }
    Ok((wanted, already_live))
}

fn whole(file: &FileMatch) -> Result<()> {
    let refused = |why: String| Err(Error::unsupported(why).with("file", &file.path));
    if file.live < file.rows {
        let gone = file.rows - file.live;
        return refused(format!(
            "deletes had taken {gone} of the {} rows of a file: added again, they would come back",
            file.rows
        ));
    }
    if file.matched < file.live {
        return refused(format!(
            "only {} of the {} rows of a file are asked for, and files are restored whole",
            file.matched, file.rows
        ));
    }
    Ok(())
}

/// The data files of these partitions, by path; nothing where all are wanted.
async fn in_partitions(
    table: &Table,
    from: i64,
    partitions: &[String],
    monitor: &Monitor,
) -> Result<Option<HashSet<String>>> {
    if partitions.is_empty() {
        return Ok(None);
    }
    let (mut found, mut unknown) = (HashSet::new(), partitions.iter().collect::<HashSet<_>>());
    let mut stream = files(table, manifests(table, Some(from), monitor).await?, Files::Data);
    while let Some(chunk) = stream.next(monitor).await? {
        if let Some(fault) = chunk.fault {
            return Err(fault);
        }
        for entry in chunk.entries {
            let text = entry.data_file.partition.to_string();
            if partitions.contains(&text) {
                unknown.remove(&text);
                found.insert(entry.data_file.file_path);
            }
        }
    }
    match unknown.into_iter().min() {
        None => Ok(Some(found)),
        Some(partition) => Err(Error::not_found("the snapshot has no such partition")
            .with("partition", partition)
            .with("snapshot", from)
            .hint(format!("icedeck partitions {}@{from} lists them", table.name()))),
    }
}
