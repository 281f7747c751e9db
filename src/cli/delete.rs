//! `icedeck delete TABLE --where EXPR`.

use serde::Serialize;

use super::mend::exit;
use super::progress::Bar;
use super::{Consent, Context, Exit};
use crate::Result;
use crate::recovery::by_filter::{DeletePlan, delete};
use crate::recovery::{Policy, Word};
use crate::table::TableName;

/// Delete rows by a filter: files that hold no other rows go as they are, the others are written again without them
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table
    pub(super) table: TableName,

    /// The rows that go: a SQL expression that is true for them, as in "day < '2026-01-01' and country = 'DE'". Rows for
    /// which it is null stay
    #[arg(long = "where", value_name = "EXPR")]
    filter: String,

    /// The branch
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    branch: String,
}

/// What `--dry-run` prints.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    outcome: Word,
    #[serde(flatten)]
    plan: &'a DeletePlan,
}

/// Counts, shows, asks, deletes.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let connection = context.lake().await?.connection(None).await?;
    context.may_change(&connection)?;
    let table = connection.load(&args.table).await?;
    let bar = Bar::of(&context.monitor);
    let plan = context.monitor.until(delete(&table, &args.branch, &args.filter, &context.monitor)).await;
    bar.clear();
    let plan = plan?;
    if plan.is_empty() {
        context.note(&format!("no row of {} matches: nothing is deleted", plan.table));
    } else if context.options.dry_run {
        context.note(&format!("would {}", plan.question));
    }
    if context.options.dry_run {
        context.out.object(&Shown { outcome: Word::Planned, plan: &plan })?;
        return Ok(Exit::Done);
    }
    if !plan.is_empty()
        && let Consent::Refused(exit) = context.confirm(&plan.question)?
    {
        return Ok(exit);
    }
    let bar = Bar::of(&context.monitor);
    let deleted = plan.carry_out(&connection, &Policy::default(), &context.env, &context.monitor).await;
    bar.clear();
    let deleted = deleted?;
    let ended = if plan.is_empty() { Exit::Done } else { exit(deleted.done.outcome) };
    Ok(context.done(&deleted, ended))
}
