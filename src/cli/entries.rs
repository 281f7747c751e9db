//! `icedeck entries TABLE`.

use serde::Serialize;

use super::{Context, Exit};
use crate::Result;
use crate::table::TableAddress;
use crate::table::inspect::{self, EntryRow};

/// List every entry of a snapshot's manifests, removed files too
#[derive(Debug, clap::Args)]
pub struct Args {
    /// namespace.table, optionally @branch, @tag, @snapshot-id or @timestamp; or a path
    #[arg(value_name = "TABLE")]
    table: TableAddress,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    status: &'static str,
    snapshot_id: Option<i64>,
    sequence_number: Option<i64>,
    content: &'static str,
    partition: String,
    record_count: u64,
    file_path: &'a str,
}

/// Prints the entries as their manifests are read. A manifest that cannot be read is told, the others are printed, and
/// the verb fails at its end.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let (table, snapshot_id) = context.table_at(&args.table).await?;
    let manifests = inspect::manifests(&table, snapshot_id, &context.monitor).await?;
    let mut stream = inspect::entries(&table, manifests);
    let mut printed = context.out.stream();
    let mut exit = Exit::Done;
    while let Some(chunk) = stream.next(&context.monitor).await? {
        if let Some(fault) = &chunk.fault {
            exit = super::failed(fault);
        } else if context.out.is_table() {
            printed.push(&chunk.entries.iter().map(shown).collect::<Vec<_>>())?;
        } else {
            printed.push(&chunk.entries)?;
        }
    }
    printed.finish()?;
    Ok(exit)
}

fn shown(entry: &EntryRow) -> Shown<'_> {
    Shown {
        status: entry.status_name(),
        snapshot_id: entry.snapshot_id,
        sequence_number: entry.sequence_number,
        content: entry.data_file.content_name(),
        partition: entry.data_file.partition.to_string(),
        record_count: entry.data_file.record_count,
        file_path: &entry.data_file.file_path,
    }
}
