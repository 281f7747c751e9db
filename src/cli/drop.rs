//! `icedeck drop TABLE`.

use super::change::{NameChange, carry_out};
use super::{Context, Exit};
use crate::Result;
use crate::catalog::DropPlan;
use crate::table::TableName;

/// Take a table out of its catalog; its files stay
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table
    pub(super) table: TableName,
}

/// Drops the table once it is confirmed.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let connection = context.lake().await?.connection(None).await?;
    context.may_change(&connection)?;
    let plan = DropPlan::of(&connection, &args.table).await?;
    let change = NameChange {
        table: Some(plan.table.clone()),
        hint: (!plan.location.is_empty()).then(|| format!("its files stay in {}", plan.location)),
        metadata_location: Some(plan.metadata_location.clone()).filter(|at| !at.is_empty()),
        ..NameChange::default()
    };
    carry_out(context, &plan.question(), change, connection.drop_table(&args.table)).await
}
