//! `icedeck cherry-pick TABLE SNAPSHOT`.

use super::mend::finish;
use super::{Context, Exit};
use crate::Result;
use crate::recovery::mend::cherry_pick;
use crate::table::TableName;

/// Make the changes of a snapshot once more at the head of a branch
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table
    pub(super) table: TableName,

    /// The snapshot: its id, or a tag or branch that leads to it
    snapshot: String,

    /// The branch
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    branch: String,
}

/// Plans, shows, asks, picks.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let connection = context.lake().await?.connection(None).await?;
    let table = connection.load(&args.table).await?;
    let plan = cherry_pick(&table, &args.snapshot, &args.branch)?;
    finish(&plan.prepared, &plan, &connection, context).await
}
