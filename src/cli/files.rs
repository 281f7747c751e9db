//! `icedeck files TABLE`.

use serde::Serialize;

use super::{Context, Exit, entries};
use crate::Result;
use crate::table::TableAddress;
use crate::table::inspect::{self, EntryRow, FileRow, Files, ReadableMetrics};

/// List the data and delete files of a snapshot
#[derive(Debug, clap::Args)]
pub struct Args {
    /// namespace.table, optionally @branch, @tag, @snapshot-id or @timestamp; or a path
    #[arg(value_name = "TABLE")]
    table: TableAddress,

    /// Data files only
    #[arg(long)]
    data: bool,

    /// Delete files and deletion vectors only
    #[arg(long, conflicts_with = "data")]
    deletes: bool,
}

#[derive(Debug, Serialize)]
struct Full<'a> {
    #[serde(flatten)]
    file: &'a FileRow,
    readable_metrics: &'a ReadableMetrics,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    content: &'static str,
    file_format: &'a str,
    partition: String,
    record_count: u64,
    file_size_in_bytes: u64,
    file_path: &'a str,
}

/// Prints the files as their manifests are read.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let (table, snapshot_id) = context.table_at(&args.table).await?;
    let manifests = inspect::manifests(&table, snapshot_id, &context.monitor).await?;
    let (which, none) = match (args.data, args.deletes) {
        (true, _) => (Files::Data, "no data files"),
        (_, true) => (Files::Deletes, "no delete files"),
        _ => (Files::All, "no files"),
    };
    let for_people = context.out.is_table();
    entries::print(context, inspect::files(&table, manifests, which), none, |printed, entries| match for_people {
        true => printed.push(&entries.iter().map(shown).collect::<Vec<_>>()),
        false => printed.push(&entries.iter().map(full).collect::<Vec<_>>()),
    })
    .await
}

fn full(entry: &EntryRow) -> Full<'_> {
    Full { file: &entry.data_file, readable_metrics: &entry.readable_metrics }
}

fn shown(entry: &EntryRow) -> Shown<'_> {
    let file = &entry.data_file;
    Shown {
        content: file.content_name(),
        file_format: &file.file_format,
        partition: file.partition.to_string(),
        record_count: file.record_count,
        file_size_in_bytes: file.file_size_in_bytes,
        file_path: &file.file_path,
    }
}
