//! `icedeck undo TABLE`.

use super::mend::finish;
use super::{Context, Exit};
use crate::Result;
use crate::recovery::mend::undo;
use crate::table::TableName;

/// Take back the last change of a table, whoever made it; twice is a redo
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table
    pub(super) table: TableName,
}

/// Plans, shows, asks, takes it back.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let connection = context.lake().await?.connection(None).await?;
    let table = connection.load(&args.table).await?;
    let plan = context.monitor.until(undo(&table, &context.monitor)).await?;
    finish(&plan.prepared, &plan, &connection, context).await
}
