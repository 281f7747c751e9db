//! `icedeck manifests TABLE`.

use serde::Serialize;

use super::{Context, Exit};
use crate::Result;
use crate::table::TableAddress;
use crate::table::inspect::{self, ManifestRow};

/// List the manifests of a snapshot
#[derive(Debug, clap::Args)]
pub struct Args {
    /// namespace.table, optionally @branch, @tag, @snapshot-id or @timestamp; or a path
    #[arg(value_name = "TABLE")]
    table: TableAddress,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    content: &'static str,
    added: Option<u32>,
    existing: Option<u32>,
    deleted: Option<u32>,
    length: i64,
    spec_id: i32,
    added_snapshot_id: i64,
    partitions: String,
    path: &'a str,
}

/// Prints the manifests; a person gets the counts that apply and the covered partitions on one line.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let (table, snapshot_id) = context.table_at(&args.table).await?;
    let rows = inspect::manifests(&table, snapshot_id, &context.monitor).await?;
    if context.out.is_table() {
        context.out.records(&rows.iter().map(shown).collect::<Vec<_>>(), "no manifests")?;
    } else {
        context.out.records(&rows, "")?;
    }
    Ok(Exit::Done)
}

fn shown(row: &ManifestRow) -> Shown<'_> {
    let is_data = row.content == 0;
    let either = |data, deletes| if is_data { data } else { deletes };
    Shown {
        content: if is_data { "data" } else { "deletes" },
        added: either(row.added_data_files_count, row.added_delete_files_count),
        existing: either(row.existing_data_files_count, row.existing_delete_files_count),
        deleted: either(row.deleted_data_files_count, row.deleted_delete_files_count),
        length: row.length,
        spec_id: row.partition_spec_id,
        added_snapshot_id: row.added_snapshot_id,
        partitions: row.partition_summaries.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        path: &row.path,
    }
}
