//! The table as an older metadata file has it. Reads only.

use iceberg::spec::TableMetadata;

use crate::table::{Moment, Table, read_metadata};
use crate::{Error, Kind, Result};

/// Older metadata files that are read at most.
const MOST: usize = 200;

/// The newest state, older than `before`, in which `branch` led to `snapshot_id`.
///
/// # Errors
/// [`Kind::NotFound`] where no metadata file says so any more.
pub(super) async fn when_led_to(
    table: &Table,
    branch: &str,
    snapshot_id: i64,
    before: Option<Moment>,
) -> Result<TableMetadata> {
    let log = table.metadata().metadata_log().iter().rev();
    let older = log.filter(|entry| before.is_none_or(|before| entry.timestamp_ms < before.0));
    for entry in older.take(MOST) {
        let Ok(then) = read_metadata(table.storage(), &entry.metadata_file).await else { break };
        let is_same = then.uuid() == table.metadata().uuid();
        if is_same && then.snapshot_for_ref(branch).is_some_and(|s| s.snapshot_id() == snapshot_id) {
            return Ok(then);
        }
    }
    Err(Error::new(Kind::NotFound, "the metadata file of that time is gone, so what the table was like is not known")
        .with("table", table.name())
        .with("snapshot", snapshot_id)
        .hint("roll back without --restore, and set schema, spec and properties with: icedeck alter"))
}
