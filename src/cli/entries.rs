//! `icedeck entries TABLE`.

use serde::Serialize;

use super::{Context, Exit, Records};
use crate::Result;
use crate::table::TableAddress;
use crate::table::inspect::{self, EntryRow, EntryStream};

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

/// Prints the entries as their manifests are read.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let (table, snapshot_id) = context.table_at(&args.table).await?;
    let manifests = inspect::manifests(&table, snapshot_id, &context.monitor).await?;
    let for_people = context.out.is_table();
    print(context, inspect::entries(&table, manifests), "no entries", |printed, entries| match for_people {
        true => printed.push(&entries.iter().map(shown).collect::<Vec<_>>()),
        false => printed.push(entries),
    })
    .await
}

/// Prints entries as their manifests are read: each chunk through `push`. A manifest that cannot be read is told, the
/// others are printed, and the verb fails at its end. `none` says that there are none.
pub(super) async fn print(
    context: &Context,
    mut stream: EntryStream,
    none: &str,
    push: impl Fn(&mut Records<'_>, &[EntryRow]) -> Result<()>,
) -> Result<Exit> {
    let mut printed = context.out.stream();
    let mut exit = Exit::Done;
    while let Some(chunk) = stream.next(&context.monitor).await? {
        match &chunk.fault {
            Some(fault) => exit = super::failed(fault),
            None => push(&mut printed, &chunk.entries)?,
        }
    }
    // What could not be read is not known to be nothing.
    printed.finish(if exit == Exit::Done { none } else { "" })?;
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
