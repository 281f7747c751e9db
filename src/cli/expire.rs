//! `icedeck expire TABLE`.

use super::mend::{finish, nothing};
use super::options::{Limit, limit, snapshot_id};
use super::{Context, Exit};
use crate::Result;
use crate::commit::Expire;
use crate::recovery::mend;
use crate::table::TableName;

/// Take old snapshots out of a table's metadata, and show what stays and why; no file is deleted
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table
    pub(super) table: TableName,

    /// Snapshots older than this: a time, or an age as in 7d; the table's own rule where nothing is said
    #[arg(long, value_name = "TIME", value_parser = limit)]
    older_than: Option<Limit>,

    /// Keep at least so many of each branch
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    retain_last: Option<u32>,

    /// This snapshot, by its id; may be given several times
    #[arg(long, value_name = "ID", allow_hyphen_values = true, value_parser = snapshot_id)]
    snapshot: Vec<i64>,
}

/// Plans, shows, asks, expires.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let now_ms = context.env.now_ms();
    let older_than_ms = args.older_than.map(|limit| limit.before(now_ms));
    let connection = context.lake().await?.connection(None).await?;
    let table = connection.load(&args.table).await?;
    let wanted = Expire { snapshot_ids: args.snapshot, older_than_ms, retain_last: args.retain_last };
    let plan = mend::expire(&table, &wanted, &context.env)?;
    if context.out.is_table() {
        for kept in &plan.kept {
            context.note(&format!("  stays: {} {}", kept.snapshot_id, kept.why.as_deref().unwrap_or_default()));
        }
    }
    if plan.is_empty() {
        let why = format!("there is nothing to expire in {}: no snapshot was taken out", args.table);
        return nothing(&plan.prepared, &plan, &why, &connection, context);
    }
    finish(&plan.prepared, &plan, &connection, context).await
}
