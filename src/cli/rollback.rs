//! `icedeck rollback TABLE`.

use super::mend::finish;
use super::options::moment;
use super::{Context, Exit};
use crate::Result;
use crate::recovery::mend::{RestoreOf, RollbackRequest, RollbackTo, rollback};
use crate::table::{Moment, TableName};

/// Lead a branch back to an earlier snapshot, and show what leaves it
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("target").required(true))]
pub struct Args {
    /// The table
    pub(super) table: TableName,

    /// To this snapshot: its id, or a tag or branch that leads to it
    #[arg(long, value_name = "SNAPSHOT", group = "target", allow_hyphen_values = true)]
    to: Option<String>,

    /// To the newest snapshot that is not younger than this: 2026-11-21T08:00:00Z
    #[arg(long, value_name = "TIME", group = "target", value_parser = moment)]
    to_time: Option<Moment>,

    /// To the one before the current one
    #[arg(long, group = "target")]
    before: bool,

    /// The branch
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    branch: String,

    /// Make these as they were then, too; may be given several times
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    restore: Vec<What>,

    /// Keep the old head by a tag of this name
    #[arg(long, value_name = "NAME")]
    tag: Option<String>,

    /// Also to a snapshot that is no ancestor of the branch's head
    #[arg(long)]
    force: bool,
}

/// What else can become as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// The current schema
    Schema,
    /// The default partition spec
    Spec,
    /// All properties
    Properties,
}

/// Plans, shows, asks, leads the branch back.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let connection = context.lake().await?.connection(None).await?;
    let table = connection.load(&args.table).await?;
    let to = match (args.to, args.to_time) {
        (Some(snapshot), _) => RollbackTo::Snapshot(snapshot),
        (None, Some(moment)) => RollbackTo::Time(moment),
        (None, None) => RollbackTo::Before,
    };
    let has = |what| args.restore.contains(&what);
    let restore = RestoreOf { schema: has(What::Schema), spec: has(What::Spec), properties: has(What::Properties) };
    let request = RollbackRequest { branch: args.branch, to, restore, tag: args.tag, force: args.force };
    let plan = context.monitor.until(rollback(&table, &request, &context.monitor)).await?;
    finish(&plan.prepared, &plan, &connection, context).await
}
