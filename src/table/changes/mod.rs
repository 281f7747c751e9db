//! What changed from one snapshot of a table to another, as plain values: the way between them, files, rows,
//! partitions, schema and settings. Reads manifest lists, the manifests that only one of the two has, and older metadata
//! files; no data file.

mod differences;
mod fields;
mod files;
mod settings;
mod tally;
mod way;

use serde::Serialize;

pub use differences::Difference;
pub use fields::{FieldChange, FieldDifference, SchemaChange, field_changes};
pub(crate) use files::RawChanges;
pub use files::{Direction, FileChange, FileChanges, SharedManifests};
pub use settings::{Pair, Settings};
pub use tally::{FileTotals, Flow, PartitionChange, Rows, Sum};
pub use way::{Relation, Step, Way};

use super::{Moment, Table, inspect};
use crate::Result;
use crate::monitor::Monitor;

/// One of the two snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Its id.
    pub snapshot_id: i64,
    /// When it was committed.
    pub committed_at: Moment,
    /// `append`, `replace`, `overwrite` or `delete`.
    pub operation: String,
    /// Who made it, where the summary says.
    pub by: Option<String>,
    /// Its sequence number; zero in format version 1.
    pub sequence_number: i64,
    /// The schema it is read with.
    pub schema_id: i32,
    /// Rows of the table at this snapshot, where the summary says.
    pub total_rows: Option<u64>,
    /// Data files of the table at this snapshot, where the summary says.
    pub total_files: Option<u64>,
    /// Bytes of those files, where the summary says.
    pub total_bytes: Option<u64>,
    /// Branches and tags that lead to it.
    pub refs: Vec<String>,
}

/// What changed from one snapshot to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changes {
    /// The snapshot that is compared with.
    pub from: Side,
    /// The snapshot whose difference is told.
    pub to: Side,
    /// How the one leads to the other.
    #[serde(flatten)]
    pub way: Way,
    /// Rows that came and went.
    pub rows: Rows,
    /// Files that came and went, by what they hold.
    pub files: FileTotals,
    /// How much of the manifests had to be read.
    pub manifests: SharedManifests,
    /// Partitions with files that came or went, in the order of their specs and values.
    pub partitions: Vec<PartitionChange>,
    /// Changed files in partitions beyond the first hundred thousand, which are not told one by one.
    pub files_in_other_partitions: u64,
    /// What is different about the schemas that the two are read with.
    pub schema: SchemaChange,
    /// What is different about the table's settings; nothing where those of then are not known any more.
    pub settings: Option<Settings>,
    /// Why they are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings_unknown: Option<String>,
}

/// Compares two snapshots of a table. Manifests that both have are not read; of the others one is held at a time.
///
/// # Errors
/// [`Kind::NotFound`](crate::Kind::NotFound) for a snapshot that the table does not know; a manifest that cannot be
/// read, since a partial sum would look whole; cancellation.
pub async fn changes(table: &Table, from: i64, to: i64, monitor: &Monitor) -> Result<Changes> {
    monitor.update(|p| p.stage = "comparing");
    let mut files = FileChanges::open(table, from, to, monitor).await?;
    let mut tally = tally::Tally::new(table);
    while let Some(chunk) = files.next(monitor).await? {
        chunk.iter().for_each(|change| tally.add(change));
    }
    let (manifests, doubt) = (files.manifests(), files.doubt());
    let (then, now) = (settings::state_at(table, from, monitor).await?, settings::state_at(table, to, monitor).await?);
    let schemas =
        (fields::schema_at(table, from, then.as_deref().ok())?, fields::schema_at(table, to, now.as_deref().ok())?);
    let (settings, settings_unknown) = match (then, now) {
        (Ok(then), Ok(now)) => (Some(settings::between(&then, &now)?), None),
        (Err(why), _) | (_, Err(why)) => (None, Some(why)),
    };
    let (rows, totals, partitions, files_in_other_partitions) = tally.told(doubt);
    Ok(Changes {
        from: side(table, from, schemas.0.schema_id)?,
        to: side(table, to, schemas.1.schema_id)?,
        way: way::between(table.metadata(), from, to),
        rows,
        files: totals,
        manifests,
        partitions,
        files_in_other_partitions,
        schema: fields::schema_change(&schemas.0, &schemas.1),
        settings,
        settings_unknown,
    })
}

fn side(table: &Table, id: i64, schema_id: i32) -> Result<Side> {
    let snapshot = inspect::snapshot(table, Some(id))?.ok_or_else(|| crate::Error::bug("a snapshot went missing"))?;
    let row = inspect::snapshot_row(&snapshot);
    let refs = table.refs()?.iter().filter(|(_, reference)| reference.snapshot_id == id);
    Ok(Side {
        snapshot_id: id,
        committed_at: row.committed_at,
        operation: row.operation,
        by: row.by,
        sequence_number: row.sequence_number,
        schema_id,
        total_rows: row.total_rows,
        total_files: row.total_files,
        total_bytes: row.total_bytes,
        refs: refs.map(|(name, _)| name.clone()).collect(),
    })
}
