//! Reads what [`assess()`](super::assess()) needs: the table as it is, older metadata files where snapshots were expired,
//! the manifests of what others committed. It opens no data file and changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Instant;

use iceberg::spec::{Operation, SnapshotRef, TableMetadata};

use super::assess::{Now, assess};
use super::assessment::Assessment;
use super::held::held;
use super::intent::{Intent, Want};
use super::lineage::{Seen, Touched, none_missing};
use super::staged::leftovers;
use super::steps::Steps;
use crate::catalog::Connection;
use crate::commit::StagedFile;
use crate::ingest::journal::Record;
use crate::monitor::Monitor;
use crate::storage::Storage;
use crate::table::inspect::{entries, manifests, partition_texts};
use crate::table::{Table, TableName, read_metadata};
use crate::{Kind, Result};

/// Older metadata files that are read at most; Iceberg keeps 100 unless told otherwise.
const OLDER_FILES: usize = 200;
/// Snapshots whose manifests are read at most: those that overwrite or delete, which decide, and those that are shown.
const DECIDING: usize = 200;
const SHOWN: usize = 20;

/// Where a change stands, and the table it was looked up in.
#[derive(Debug)]
pub struct Looked {
    /// The table as it is now; nothing where there is none.
    pub table: Option<Table>,
    /// Where the change stands.
    pub assessment: Assessment,
}

/// Looks at the table and says where a change stands. `ours` are the staged files, to tell whether others touched the
/// same partitions; `base` is the metadata that was inspected, read from its file where it is not at hand.
///
/// # Errors
/// Those of loading the table; what else cannot be read leads to a more careful verdict.
pub async fn look(
    connection: &Connection,
    table: &TableName,
    intent: &Intent,
    base: Option<Arc<TableMetadata>>,
    ours: &[StagedFile],
    monitor: &Monitor,
) -> Result<Looked> {
    look_at(found(connection, table).await?, intent, base, Ours { staged: ours, journal: None }, monitor).await
}

/// The table as it is now; nothing where there is none.
pub(super) async fn found(connection: &Connection, table: &TableName) -> Result<Option<Table>> {
    match connection.load(table).await {
        Ok(table) => Ok(Some(table)),
        Err(e) if e.kind() == Kind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// What a change has written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ours<'a> {
    /// Its staged files.
    pub staged: &'a [StagedFile],
    /// The journal that knows of no staged files: it may have been cut, so that what it has left behind is looked for.
    pub journal: Option<(&'a Storage, &'a Record)>,
}

impl Ours<'_> {
    async fn paths(&self) -> Result<HashSet<String>> {
        let mut paths: HashSet<String> = self.staged.iter().map(|file| file.file.file_path().to_string()).collect();
        if let Some((storage, record)) = self.journal {
            paths.extend(leftovers(storage, record).await?);
        }
        Ok(paths)
    }
}

/// As [`look()`], in a table that was loaded just now.
pub(super) async fn look_at(
    table: Option<Table>,
    intent: &Intent,
    base: Option<Arc<TableMetadata>>,
    ours: Ours<'_>,
    monitor: &Monitor,
) -> Result<Looked> {
    let Some(table) = table else {
        return Ok(Looked { table: None, assessment: assess(intent, None, &Now::Gone) });
    };
    let mut seen = Seen::of(table.metadata_ref(), table.metadata_location());
    if seen.metadata.uuid() != intent.base.table_uuid {
        let assessment = assess(intent, None, &Now::Table(Box::new(seen)));
        return Ok(Looked { table: Some(table), assessment });
    }
    let location = &intent.base.metadata_location;
    let base = match base {
        Some(base) => Some(base),
        None if *location == seen.location => Some(seen.metadata.clone()),
        None => read_metadata(table.storage(), location).await.map(Arc::new).ok(),
    };
    older(&table, intent, base.as_deref(), &mut seen).await;
    if let (false, Some(head)) = (seen.is_whole, seen.ref_head(&intent.branch)) {
        seen.held_since = held(&table, head, &ours.paths().await?, monitor).await?;
    }
    seen.touched = touched(&table, intent, &seen, ours.staged, monitor).await?;
    let now = Now::Table(Box::new(seen));
    let started = Instant::now();
    let assessment = assess(intent, base.as_deref(), &now);
    tracing::debug!(elapsed_us = started.elapsed().as_micros(), changes = assessment.changes.len(), "assessed");
    Ok(Looked { table: Some(table), assessment })
}

/// Adds what older metadata files still know, where something could have come and gone since the base.
async fn older(table: &Table, intent: &Intent, base: Option<&TableMetadata>, seen: &mut Seen) {
    if intent.base.metadata_location == seen.location || !needs_older(intent, base, seen) {
        return;
    }
    let (mut expired, mut stops) = (BTreeMap::<i64, SnapshotRef>::new(), Vec::new());
    let steps = Steps::of(if intent.want == Want::Metadata { &intent.sent } else { &[] });
    let mut newer = seen.metadata.clone();
    seen.is_whole = false;
    for entry in seen.metadata.metadata_log().iter().rev().take(OLDER_FILES) {
        if entry.metadata_file == intent.base.metadata_location {
            seen.is_whole = true;
            seen.is_made = seen.is_made || base.is_some_and(|base| steps.lead(base, &newer));
            break;
        }
        let Ok(older) = read_metadata(table.storage(), &entry.metadata_file).await else { break };
        if older.uuid() != intent.base.table_uuid {
            break;
        }
        let gone = older.snapshots().filter(|s| seen.metadata.snapshot_by_id(s.snapshot_id()).is_none());
        expired.extend(gone.map(|s| (s.snapshot_id(), s.clone())));
        stops.push(older.snapshot_for_ref(&intent.branch).map(|s| s.snapshot_id()));
        seen.is_made = seen.is_made || steps.lead(&older, &newer);
        newer = Arc::new(older);
    }
    stops.reverse();
    let known = base.into_iter().flat_map(|base| base.snapshots());
    let known = known.filter(|s| seen.metadata.snapshot_by_id(s.snapshot_id()).is_none());
    expired.extend(known.map(|s| (s.snapshot_id(), s.clone())));
    (seen.expired, seen.ref_stops) = (expired, stops);
}

/// Sequence numbers prove in most cases that no snapshot came and went, without reading anything.
fn needs_older(intent: &Intent, base: Option<&TableMetadata>, seen: &Seen) -> bool {
    if !intent.want.makes_snapshot() {
        return !intent.sent.is_empty();
    }
    let has_landed = |sent: &super::Sent| sent.snapshot_id.is_some_and(|id| seen.metadata.snapshot_by_id(id).is_some());
    if intent.sent.iter().any(has_landed) {
        return false;
    }
    let of_snapshot = || seen.metadata.snapshot_by_id(intent.base.snapshot_id?).map(|s| s.sequence_number());
    let sequence = base.map(TableMetadata::last_sequence_number).or_else(of_snapshot).unwrap_or(0);
    let base_is_known = intent.base.snapshot_id.is_none_or(|id| seen.snapshot(id).is_some());
    !(base_is_known && none_missing(&seen.metadata, sequence))
}

/// What the intervening snapshots touched.
async fn touched(
    table: &Table,
    intent: &Intent,
    seen: &Seen,
    ours: &[StagedFile],
    monitor: &Monitor,
) -> Result<BTreeMap<i64, Touched>> {
    let mut found = BTreeMap::new();
    if matches!(intent.want, Want::Metadata) || seen.ref_head(&intent.branch) == intent.base.snapshot_id {
        return Ok(found);
    }
    let partitions = ours.iter().map(|file| (file.spec_id, file.file.partition()));
    let ours_in = Within {
        specs: ours.iter().map(|file| file.spec_id).collect(),
        partitions: partition_texts(&seen.metadata, partitions),
    };
    let line = seen.line(seen.ref_head(&intent.branch));
    let base = seen.line(intent.base.snapshot_id).ids();
    let (mut deciding, mut shown) = (0, 0);
    for snapshot in line.newer_than(|id| base.contains(&id)).into_iter().rev() {
        let decides = matches!(snapshot.summary().operation, Operation::Overwrite | Operation::Delete);
        let (count, most) = if decides { (&mut deciding, DECIDING) } else { (&mut shown, SHOWN) };
        *count += 1;
        if *count <= most {
            found.extend(touched_by(table, snapshot, &ours_in, monitor).await?);
        }
    }
    Ok(found)
}

/// Where our files lie.
struct Within {
    specs: BTreeSet<i32>,
    partitions: BTreeSet<String>,
}

/// Nothing where its manifests cannot be read.
async fn touched_by(
    table: &Table,
    snapshot: &SnapshotRef,
    ours: &Within,
    monitor: &Monitor,
) -> Result<Option<(i64, Touched)>> {
    let id = snapshot.snapshot_id();
    let own = match manifests(table, Some(id), monitor).await {
        Ok(all) => all.into_iter().filter(|m| m.added_snapshot_id == id).collect(),
        Err(e) if e.is_cancelled() => return Err(e),
        Err(_) => return Ok(None),
    };
    let (mut partitions, mut hits) = (BTreeSet::new(), false);
    let mut stream = entries(table, own);
    while let Some(chunk) = stream.next(monitor).await? {
        if chunk.fault.is_some() {
            return Ok(None);
        }
        for entry in chunk.entries.iter().filter(|e| e.status != 0 && e.snapshot_id.is_none_or(|of| of == id)) {
            let text = entry.data_file.partition.to_string();
            // Values of different specs cannot be compared: they may well be the same rows.
            hits |= !ours.specs.contains(&entry.data_file.spec_id) || ours.partitions.contains(&text);
            partitions.insert(text);
        }
    }
    let touches_ours = (!ours.specs.is_empty()).then_some(hits);
    let partitions = partitions.into_iter().filter(|text| !text.is_empty()).collect();
    Ok(Some((id, Touched { partitions, touches_ours })))
}
