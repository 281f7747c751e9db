//! `icedeck rename TABLE NEW`.

use super::change::{NameChange, carry_out};
use super::{Context, Exit};
use crate::table::TableName;
use crate::{Error, Kind, Result};

/// Give a table another name; its files stay where they are
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table
    pub(super) table: TableName,

    /// Its new name, in any namespace that exists
    new: TableName,
}

/// Renames the table once it is confirmed.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let connection = context.lake().await?.connection(None).await?;
    context.may_change(&connection)?;
    let Args { table, new } = args;
    if !connection.table_exists(&table).await? {
        return Err(Error::not_found("the table does not exist").with("table", table));
    }
    if connection.table_exists(&new).await? {
        return Err(Error::new(Kind::AlreadyExists, "a table of this name exists already").with("table", new));
    }
    if !connection.namespace_exists(&new.namespace).await? {
        return Err(Error::not_found("the namespace does not exist").with("namespace", &new.namespace));
    }
    let question = format!("rename table {table} to {new}");
    let (from, to) = (Some(table.to_string()), Some(new.to_string()));
    let change = NameChange { table: from, renamed_to: to, ..NameChange::default() };
    carry_out(context, &question, change, connection.rename_table(&table, &new)).await
}
