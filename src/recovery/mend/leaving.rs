//! What leaves a branch when it is led from one snapshot to another, in numbers. Reads manifests that the two do not
//! share; what cannot be read is said, for a branch must be led away from broken files too.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use crate::commit::ancestors;
use crate::monitor::Monitor;
use crate::table::inspect::{self, Files, ManifestRow, SnapshotRow, files, manifests};
use crate::table::{Moment, Table};
use crate::words::{many, many_do};
use crate::{Error, Result};

/// A snapshot that leaves the branch, or comes to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeavingSnapshot {
    /// Its id.
    pub snapshot_id: i64,
    /// When it was committed.
    pub committed_at: Moment,
    /// `append`, `replace`, `overwrite` or `delete`.
    pub operation: String,
    /// Who made it, where its summary says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Rows it added, where its summary says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added_rows: Option<u64>,
    /// Rows it removed, where its summary says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_rows: Option<u64>,
    /// Branches and tags that lead to it all the same; none: nothing leads to it any more.
    pub kept_by: Vec<String>,
}

/// Data files, counted. Rows that delete files take away are among the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Data files.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Delete files and deletion vectors.
    pub delete_files: u64,
}

/// What changes for the readers of a branch that is led elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Leaving {
    /// Snapshots that leave the branch, newest first.
    pub snapshots: Vec<LeavingSnapshot>,
    /// Snapshots that come to it, newest first; none where it is led back to an ancestor.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub joining: Vec<LeavingSnapshot>,
    /// Files that readers see now and will not see.
    pub gone: Counted,
    /// Files that readers do not see now and will see: those that were overwritten or deleted meanwhile.
    pub back: Counted,
    /// Snapshots that nothing leads to any more: they live until the table is expired.
    pub unreachable: usize,
    /// Why files could not be counted; then `gone` and `back` are zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncounted: Option<String>,
}

/// What changes for the readers of `branch` when it leads to `to` and no longer to `from`; `tag` will keep the old head.
/// Where it is to lead nowhere, files are not counted.
///
/// # Errors
/// Those of the table's refs, and cancellation.
pub async fn leaving(
    table: &Table,
    branch: &str,
    from: Option<i64>,
    to: Option<i64>,
    tag: Option<&str>,
    monitor: &Monitor,
) -> Result<Leaving> {
    let metadata = table.metadata();
    let line = |head| ancestors(metadata, head).map(|s| s.snapshot_id()).collect::<Vec<_>>();
    let (old, new) = (line(from), line(to));
    let mut keepers: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let others = table.refs()?.iter().filter(|(name, _)| *name != branch);
    let others = others.map(|(name, found)| (name.as_str(), line(Some(found.snapshot_id))));
    for (name, line) in others.chain(tag.map(|tag| (tag, old.clone()))) {
        line.into_iter().for_each(|id| keepers.entry(id).or_default().push(name.to_string()));
    }
    let rows: HashMap<i64, SnapshotRow> =
        inspect::snapshots(table)?.into_iter().map(|row| (row.snapshot_id, row)).collect();
    let told = |ids: &[i64], without: &[i64]| {
        let without: HashSet<&i64> = without.iter().collect();
        let ids = ids.iter().filter(|id| !without.contains(id));
        ids.filter_map(|id| Some(told(rows.get(id)?, keepers.get(id)))).collect::<Vec<_>>()
    };
    let (snapshots, joining) = (told(&old, &new), told(&new, &old));
    let unreachable = snapshots.iter().filter(|snapshot| snapshot.kept_by.is_empty()).count();
    let mut leaving = Leaving { snapshots, joining, unreachable, ..Leaving::default() };
    if to.is_none() {
        return Ok(leaving);
    }
    match counted(table, from, to, monitor).await {
        Ok((gone, back)) => (leaving.gone, leaving.back) = (gone, back),
        Err(e) if e.is_cancelled() => return Err(e),
        Err(e) => leaving.uncounted = Some(e.to_string()),
    }
    Ok(leaving)
}

fn told(row: &SnapshotRow, keepers: Option<&Vec<String>>) -> LeavingSnapshot {
    LeavingSnapshot {
        snapshot_id: row.snapshot_id,
        committed_at: row.committed_at,
        operation: row.operation.clone(),
        by: row.by.clone(),
        added_rows: row.added_rows,
        deleted_rows: row.deleted_rows,
        kept_by: keepers.cloned().unwrap_or_default(),
    }
}

/// What is live at the one and not at the other, both ways.
async fn counted(table: &Table, from: Option<i64>, to: Option<i64>, monitor: &Monitor) -> Result<(Counted, Counted)> {
    let (old, new) = (of_snapshot(table, from, monitor).await?, of_snapshot(table, to, monitor).await?);
    let paths = |rows: &[ManifestRow]| rows.iter().map(|row| row.path.clone()).collect::<HashSet<_>>();
    let (old_paths, new_paths) = (paths(&old), paths(&new));
    let old = live(table, old.into_iter().filter(|m| !new_paths.contains(&m.path)).collect(), monitor).await?;
    let new = live(table, new.into_iter().filter(|m| !old_paths.contains(&m.path)).collect(), monitor).await?;
    let only = |these: &HashMap<String, Counted>, those: &HashMap<String, Counted>| {
        let only = these.iter().filter(|(path, _)| !those.contains_key(*path));
        only.fold(Counted::default(), |sum, (_, file)| sum.and(file))
    };
    Ok((only(&old, &new), only(&new, &old)))
}

async fn of_snapshot(table: &Table, id: Option<i64>, monitor: &Monitor) -> Result<Vec<ManifestRow>> {
    if id.is_none() { Ok(Vec::new()) } else { manifests(table, id, monitor).await }
}

/// The live files of these manifests by path; a deletion vector by the file it is about too.
async fn live(table: &Table, manifests: Vec<ManifestRow>, monitor: &Monitor) -> Result<HashMap<String, Counted>> {
    let mut found = HashMap::new();
    let mut stream = files(table, manifests, Files::All);
    while let Some(chunk) = stream.next(monitor).await? {
        if let Some(fault) = chunk.fault {
            return Err(fault);
        }
        for entry in chunk.entries {
            let file = entry.data_file;
            let (is_data, rows) = (file.content == 0, file.record_count);
            let counted = Counted {
                files: u64::from(is_data),
                rows: if is_data { rows } else { 0 },
                bytes: file.file_size_in_bytes,
                delete_files: u64::from(!is_data),
            };
            let about = file.referenced_data_file.filter(|_| !is_data).unwrap_or_default();
            found.insert(format!("{}\n{about}", file.file_path), counted);
        }
    }
    Ok(found)
}

impl Counted {
    fn and(self, other: &Self) -> Self {
        Self {
            files: self.files.saturating_add(other.files),
            rows: self.rows.saturating_add(other.rows),
            bytes: self.bytes.saturating_add(other.bytes),
            delete_files: self.delete_files.saturating_add(other.delete_files),
        }
    }
}

impl Leaving {
    /// In words, for a question: `2 snapshots leave it, 100 rows in 1 file (2048 bytes) go, 40 rows in 1 file come back`.
    pub fn words(&self, branch: &str) -> String {
        let mut parts = Vec::new();
        match self.snapshots.len() {
            0 => {}
            n => parts.push(format!("{} {branch}", many_do(n as u64, "snapshot", "leaves", "leave"))),
        }
        match self.joining.len() {
            0 => {}
            n => parts.push(format!("{} to {branch}", many_do(n as u64, "snapshot", "comes", "come"))),
        }
        for (counted, one, several) in [(self.gone, "goes", "go"), (self.back, "comes back", "come back")] {
            if counted.files > 0 {
                let (rows, files) = (many(counted.rows, "row"), many(counted.files, "file"));
                let verb = if counted.rows == 1 { one } else { several };
                parts.push(format!("{rows} in {files} ({} bytes) {verb}", counted.bytes));
            }
            if counted.delete_files > 0 {
                parts.push(many_do(counted.delete_files, "delete file", one, several));
            }
        }
        if let Some(why) = &self.uncounted {
            parts.push(format!("rows and files could not be counted ({why})"));
        }
        if self.unreachable > 0 {
            parts.push(format!("nothing else leads to {}", many(self.unreachable as u64, "snapshot")));
        }
        if parts.is_empty() { "nothing changes for its readers".into() } else { parts.join(", ") }
    }
}

/// The snapshot that a branch leads to.
///
/// # Errors
/// [`Kind::NotFound`](crate::Kind::NotFound) where there is no such branch, or it has no snapshot;
/// [`Kind::Invalid`](crate::Kind::Invalid) for a tag.
pub(in crate::recovery) fn head_of(table: &Table, branch: &str) -> Result<i64> {
    match table.refs()?.get(branch) {
        Some(found) if found.is_branch() => Ok(found.snapshot_id),
        Some(_) => Err(Error::invalid("this is a tag, and a tag does not move").with("tag", branch)),
        None => Err(Error::not_found("the table has no such branch, or it has no snapshot yet")
            .with("table", table.name())
            .with("branch", branch)),
    }
}
