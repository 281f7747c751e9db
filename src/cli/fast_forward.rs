//! `icedeck fast-forward TABLE BRANCH --to REF`.

use super::mend::finish;
use super::{Context, Exit};
use crate::Result;
use crate::recovery::mend::fast_forward;
use crate::table::TableName;

/// Lead a branch forward to a snapshot that stands upon it: `main --to audit` publishes the branch audit
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table
    pub(super) table: TableName,

    /// The branch
    branch: String,

    /// Where to: a branch, a tag, a snapshot's id
    #[arg(long, value_name = "REF")]
    to: String,
}

/// Plans, shows, asks, leads it forward.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let connection = context.lake().await?.connection(None).await?;
    let table = connection.load(&args.table).await?;
    let plan = context.monitor.until(fast_forward(&table, &args.branch, &args.to, &context.monitor)).await?;
    finish(&plan.prepared, &plan, &connection, context).await
}
