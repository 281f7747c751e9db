//! `icedeck bisect TABLE --bad REF --good REF`.

use super::progress::Bar;
use super::{Context, Exit};
use crate::Result;
use crate::recovery::mend::{BisectRequest, Suspicion, bisect};
use crate::table::TableAddress;

/// Find the first bad snapshot: the first in which the number of rows that match is not the expected one
#[derive(Debug, clap::Args)]
pub struct Args {
    /// namespace.table, or a path
    #[arg(value_name = "TABLE")]
    table: TableAddress,

    /// A snapshot that is bad: an id, a tag, a branch, a time
    #[arg(long, value_name = "REF", default_value = "main", allow_hyphen_values = true)]
    bad: String,

    /// An ancestor of it that is good
    #[arg(long, value_name = "REF", allow_hyphen_values = true)]
    good: String,

    /// The rows that are counted: "amount < 0"
    #[arg(long, value_name = "EXPR")]
    rows_where: String,

    /// How many of them a good snapshot has
    #[arg(long, value_name = "N", default_value_t = 0)]
    expect: u64,
}

/// Looks, and names it.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let (table, _) = context.table_at(&args.table).await?;
    let suspicion = Suspicion::RowsWhere { filter: args.rows_where, expect: args.expect };
    let request = BisectRequest { bad: args.bad, good: args.good, suspicion };
    let bar = Bar::of(&context.monitor);
    let found = bisect(&table, &request, &context.monitor).await;
    bar.clear();
    let found = found?;
    context.out.object(&found)?;
    Ok(Exit::Done)
}
