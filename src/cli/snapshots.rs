//! `icedeck snapshots TABLE`.

use serde::Serialize;

use super::{Context, Exit};
use crate::Result;
use crate::table::inspect::{self, SnapshotRow};
use crate::table::{Moment, TableAddress};

/// List the snapshots of a table, oldest first
#[derive(Debug, clap::Args)]
pub struct Args {
    /// namespace.table, or a path
    #[arg(value_name = "TABLE")]
    table: TableAddress,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    committed_at: Moment,
    snapshot_id: i64,
    parent_id: Option<i64>,
    operation: &'a str,
    added_rows: Option<u64>,
    deleted_rows: Option<u64>,
    added_files: Option<u64>,
    removed_files: Option<u64>,
    by: Option<&'a str>,
    current_line: bool,
    refs: String,
}

/// Prints the snapshots; a person gets counts and refs instead of the whole summary.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let (table, _) = context.table_at(&args.table).await?;
    let rows = inspect::snapshots(&table)?;
    if context.out.is_table() {
        context.out.records(&rows.iter().map(shown).collect::<Vec<_>>(), "no snapshots")?;
    } else {
        context.out.records(&rows, "")?;
    }
    Ok(Exit::Done)
}

fn shown(row: &SnapshotRow) -> Shown<'_> {
    Shown {
        committed_at: row.committed_at,
        snapshot_id: row.snapshot_id,
        parent_id: row.parent_id,
        operation: &row.operation,
        added_rows: row.added_rows,
        deleted_rows: row.deleted_rows,
        added_files: row.added_files,
        removed_files: row.removed_files,
        by: row.by.as_deref(),
        current_line: row.on_current_line,
        refs: row.refs.join(", "),
    }
}
