//! `icedeck diff TABLE A [B]`.

use serde::Serialize;
use serde_json::Value;

use super::{Context, Exit, Format};
use crate::query::{self, export};
use crate::table::changes::{self, Changes, Difference, FileChange, FileChanges};
use crate::table::inspect::FileRow;
use crate::table::{Moment, Table, TableAddress};
use crate::{Error, Result};

/// Tell what changed between two snapshots: rows, files, partitions, schema, settings
///
/// A and B are branches, tags, snapshot ids or times; without B the current snapshot is meant. Rows of a file that was
/// rewritten count on both sides; where delete files make a count an estimate, this is said.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// namespace.table, or a path
    #[arg(value_name = "TABLE")]
    table: TableAddress,

    /// The snapshot to compare with
    #[arg(value_name = "A")]
    from: String,

    /// The snapshot whose difference is told
    #[arg(value_name = "B")]
    to: Option<String>,

    /// List the files that came and went
    #[arg(long)]
    files: bool,

    /// Read the rows of those files
    #[arg(long, conflicts_with = "files")]
    rows: bool,

    /// At most this many rows
    #[arg(short = 'n', long, value_name = "N", requires = "rows")]
    limit: Option<usize>,
}

#[derive(Debug, Serialize)]
struct Full<'a> {
    change: changes::Direction,
    snapshot_id: Option<i64>,
    #[serde(flatten)]
    file: &'a FileRow,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    change: changes::Direction,
    content: &'static str,
    partition: String,
    record_count: u64,
    file_size_in_bytes: u64,
    file_path: &'a str,
}

#[derive(Debug, Serialize)]
struct Summary<'a> {
    from: i64,
    from_committed_at: Moment,
    to: i64,
    to_committed_at: Moment,
    relation: changes::Relation,
    rows_added: u64,
    rows_removed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_because: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings_unknown: Option<&'a str>,
}

/// Prints one object as JSON; for people a summary and a line for each difference, as CSV only the lines.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let (table, at) = context.table_at(&args.table).await?;
    let to = match &args.to {
        Some(to) => table.resolve(Some(to))?,
        None => at,
    };
    let (Some(from), Some(to)) = (table.resolve(Some(&args.from))?, to) else {
        return Err(Error::not_found("the table has no snapshot yet").with("table", table.name()));
    };
    if args.rows {
        return rows(&table, from, to, args.limit, context).await;
    }
    if args.files {
        return files(&table, from, to, context).await;
    }
    let told = changes::changes(&table, from, to, &context.monitor).await?;
    match context.out.format {
        Format::Json => context.out.object(&told)?,
        Format::Csv => context.out.records(&told.differences(), "")?,
        Format::Table => {
            context.out.object(&summary(&told))?;
            let lines: Vec<Difference> = told.differences();
            if !lines.is_empty() {
                context.out.print("\n")?;
                context.out.records(&lines, "")?;
            }
        }
    }
    Ok(Exit::Done)
}

fn summary(told: &Changes) -> Summary<'_> {
    Summary {
        from: told.from.snapshot_id,
        from_committed_at: told.from.committed_at,
        to: told.to.snapshot_id,
        to_committed_at: told.to.committed_at,
        relation: told.way.relation,
        rows_added: told.rows.added,
        rows_removed: told.rows.removed,
        estimated_because: told.rows.estimated_because.as_deref(),
        settings_unknown: told.settings_unknown.as_deref(),
    }
}

async fn files(table: &Table, from: i64, to: i64, context: &Context) -> Result<Exit> {
    let mut changed = FileChanges::open(table, from, to, &context.monitor).await?;
    let mut printed = context.out.stream();
    while let Some(chunk) = changed.next(&context.monitor).await? {
        match context.out.is_table() {
            true => printed.push(&chunk.iter().map(shown).collect::<Vec<_>>())?,
            false => printed.push(&chunk.iter().map(full).collect::<Vec<_>>())?,
        }
    }
    printed.finish("no file differs")?;
    Ok(Exit::Done)
}

fn full(change: &FileChange) -> Full<'_> {
    Full { change: change.change, snapshot_id: change.entry.snapshot_id, file: &change.entry.data_file }
}

fn shown(change: &FileChange) -> Shown<'_> {
    let file = &change.entry.data_file;
    Shown {
        change: change.change,
        content: file.content_name(),
        partition: file.partition.to_string(),
        record_count: file.record_count,
        file_size_in_bytes: file.file_size_in_bytes,
        file_path: &file.file_path,
    }
}

/// The rows, each with `_change` before the table's columns.
async fn rows(table: &Table, from: i64, to: i64, limit: Option<usize>, context: &Context) -> Result<Exit> {
    let mut rows = query::changed_rows(table, from, to, limit, &context.monitor).await?;
    let names = rows.columns().iter().map(|column| column.name.clone());
    let mut printed = context.out.listing(std::iter::once("_change".to_string()).chain(names).collect());
    let exact = context.out.format == Format::Json;
    while let Some(page) = rows.next().await? {
        let change = serde_json::to_value(page.change).unwrap_or(Value::Null);
        let row = |row: &Vec<_>| {
            let cells = row.iter().map(|cell| export::value(cell, exact));
            std::iter::once(change.clone()).chain(cells).collect()
        };
        printed.page(page.rows.iter().map(row).collect())?;
    }
    printed.finish()?;
    Ok(Exit::Done)
}
