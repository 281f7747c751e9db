//! `icedeck metadata-log TABLE`.

use super::{Context, Exit};
use crate::Result;
use crate::table::{TableAddress, inspect};

/// List the metadata files of a table, the current one last
#[derive(Debug, clap::Args)]
pub struct Args {
    /// namespace.table, or a path
    #[arg(value_name = "TABLE")]
    table: TableAddress,
}

/// Prints them.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let (table, _) = context.table_at(&args.table).await?;
    context.out.records(&inspect::metadata_log(&table), "no metadata files")?;
    Ok(Exit::Done)
}
