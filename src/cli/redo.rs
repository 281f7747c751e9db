//! `icedeck redo TABLE`.

use super::mend::finish;
use super::{Context, Exit};
use crate::Result;
use crate::recovery::mend::redo;
use crate::table::TableName;

/// Bring back what the last undo took
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table
    pub(super) table: TableName,
}

/// Plans, shows, asks, brings it back.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let connection = context.lake().await?.connection(None).await?;
    let table = connection.load(&args.table).await?;
    let plan = context.monitor.until(redo(&table, &context.env, &context.monitor)).await?;
    finish(&plan.prepared, &plan, &connection, context).await
}
