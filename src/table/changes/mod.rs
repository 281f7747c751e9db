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
    let mut comparison = Comparison::open(table, from, to, monitor).await?;
    while comparison.next(monitor).await?.is_some() {}
    comparison.finish(monitor).await
}

/// A comparison under way, for those who want its files too.
pub struct Comparison {
    table: Table,
    from: i64,
    to: i64,
    files: FileChanges,
    tally: tally::Tally,
}

impl std::fmt::Debug for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Comparison").field("from", &self.from).field("to", &self.to).finish_non_exhaustive()
    }
}

impl Comparison {
    /// Reads the two manifest lists.
    ///
    /// # Errors
    /// Those of [`FileChanges::open`].
    pub async fn open(table: &Table, from: i64, to: i64, monitor: &Monitor) -> Result<Self> {
        monitor.update(|p| p.stage = "comparing");
        let files = FileChanges::open(table, from, to, monitor).await?;
        Ok(Self { table: table.clone(), from, to, files, tally: tally::Tally::new(table) })
    }

    /// The next changed files, counted; nothing at the end.
    ///
    /// # Errors
    /// Those of [`FileChanges::next`].
    pub async fn next(&mut self, monitor: &Monitor) -> Result<Option<Vec<FileChange>>> {
        let chunk = self.files.next(monitor).await?;
        chunk.iter().flatten().for_each(|change| self.tally.add(change));
        Ok(chunk)
    }

    /// Everything that changed; to be asked once there are no more files.
    ///
    /// # Errors
    /// A schema that the metadata has lost; cancellation. Older metadata files that cannot be read are told instead.
    pub async fn finish(self, monitor: &Monitor) -> Result<Changes> {
        let Self { table, from, to, files, tally } = self;
        let then = settings::state_at(&table, from, monitor).await?;
        let now = settings::state_at(&table, to, monitor).await?;
        let before = fields::schema_at(&table, from, then.as_deref().ok())?;
        let after = fields::schema_at(&table, to, now.as_deref().ok())?;
        let (settings, settings_unknown) = match (then, now) {
            (Ok(then), Ok(now)) => (Some(settings::between(&then, &now)?), None),
            (Err(why), _) | (_, Err(why)) => (None, Some(why)),
        };
        let (manifests, (rows, totals, partitions, beyond)) = (files.manifests(), tally.told(files.doubt()));
        Ok(Changes {
            from: side(&table, from, before.schema_id)?,
            to: side(&table, to, after.schema_id)?,
            way: way::between(table.metadata(), from, to),
            rows,
            files: totals,
            manifests,
            partitions,
            files_in_other_partitions: beyond,
            schema: fields::schema_change(&before, &after),
            settings,
            settings_unknown,
        })
    }
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
