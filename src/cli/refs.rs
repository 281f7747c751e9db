//! `icedeck refs TABLE`.

use super::{Context, Exit};
use crate::Result;
use crate::table::{TableAddress, inspect};

/// List the branches and tags of a table
#[derive(Debug, clap::Args)]
pub struct Args {
    /// namespace.table, or a path
    #[arg(value_name = "TABLE")]
    table: TableAddress,
}

/// Prints them.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let (table, _) = context.table_at(&args.table).await?;
    context.out.records(&inspect::refs(&table)?, "no branches and no tags")?;
    Ok(Exit::Done)
}
