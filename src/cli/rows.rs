//! `icedeck rows TABLE`.

use super::{Context, Exit, Format};
use crate::Result;
use crate::query::{self, RowsRequest, export};
use crate::table::{Cell, TableAddress};

/// Read rows, now or at any point of the past
#[derive(Debug, clap::Args)]
pub struct Args {
    /// namespace.table, optionally @branch, @tag, @snapshot-id or @timestamp; or a path
    #[arg(value_name = "TABLE")]
    table: TableAddress,

    /// At most this many rows
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,

    /// Only these columns, in this order: a,b,c; may be given several times
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,

    /// Only this column, its name taken as it is; may be given several times
    #[arg(long, value_name = "NAME", conflicts_with = "columns")]
    column: Vec<String>,

    /// Only rows for which this SQL expression is true: "amount > 10 and country = 'DE'"
    #[arg(long, value_name = "EXPR")]
    filter: Option<String>,
}

/// Prints rows page by page.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let (table, snapshot_id) = context.table_at(&args.table).await?;
    let columns = if args.columns.is_empty() { args.column } else { args.columns };
    // Without @ the table is read as it is now, with its current schema.
    let snapshot_id = snapshot_id.filter(|_| args.table.at.is_some());
    let request = RowsRequest { snapshot_id, limit: args.limit, columns, filter: args.filter };
    let mut rows = query::rows(&table, &request, &context.monitor).await?;
    let names = rows.columns().iter().map(|column| column.name.clone()).collect();
    let mut printed = context.out.listing(names);
    while let Some(page) = rows.next().await? {
        let exact = context.out.format == Format::Json;
        let row = |row: Vec<Cell>| row.iter().map(|cell| export::value(cell, exact)).collect();
        printed.page(page.rows.into_iter().map(row).collect())?;
    }
    printed.finish()?;
    let files = rows.files();
    if files.ruled_out > 0 {
        context.note(&format!("{} data files read, {} ruled out by the filter", files.read, files.ruled_out));
    }
    Ok(Exit::Done)
}
