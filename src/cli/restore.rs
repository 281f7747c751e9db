//! `icedeck restore TABLE --from SNAPSHOT`.

use super::mend::finish;
use super::progress::Bar;
use super::{Context, Exit};
use crate::Result;
use crate::recovery::mend::{RestoreRequest, restore};
use crate::table::TableName;

/// Add data files of an older snapshot to a branch again, whole
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table
    pub(super) table: TableName,

    /// The older snapshot: its id, a tag, a branch, a time
    #[arg(long, value_name = "SNAPSHOT")]
    from: String,

    /// Only files whose every row makes this SQL expression true: "country = 'DE'"
    #[arg(long, value_name = "EXPR")]
    filter: Option<String>,

    /// Only files of this partition, as `icedeck partitions` writes it: "country=DE"; may be given several times
    #[arg(long, value_name = "PARTITION")]
    partition: Vec<String>,

    /// Also files that an overwrite took out while it wrote others: where those hold the same rows, they are there twice
    #[arg(long)]
    force: bool,

    /// The branch
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    branch: String,
}

/// Plans, shows, asks, restores.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let connection = context.lake().await?.connection(None).await?;
    let table = connection.load(&args.table).await?;
    let Args { from, filter, partition: partitions, branch, force, .. } = args;
    let request = RestoreRequest { from, filter, partitions, branch: Some(branch), force };
    let bar = Bar::of(&context.monitor);
    let plan = context.monitor.until(restore(&table, &request, &context.monitor)).await;
    bar.clear();
    let plan = plan?;
    finish(&plan.prepared, &plan, &connection, context).await
}
