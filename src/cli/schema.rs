//! `icedeck schema TABLE`.

use super::{Context, Exit};
use crate::table::{TableAddress, inspect};
use crate::{Error, Result};

/// List the fields of a table's schema, nested ones by their full names
#[derive(Debug, clap::Args)]
pub struct Args {
    /// namespace.table, optionally @branch, @tag, @snapshot-id or @timestamp; or a path
    #[arg(value_name = "TABLE")]
    table: TableAddress,

    /// Every schema that the table ever had
    #[arg(long)]
    all: bool,
}

/// Prints the fields of the current schema, or of the schema that the snapshot behind `@` was written under.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let (table, snapshot_id) = context.table_at(&args.table).await?;
    let schemas = inspect::schemas(&table);
    if args.all {
        context.out.records(&schemas, "no schemas")?;
        return Ok(Exit::Done);
    }
    let then = match (&args.table.at, snapshot_id) {
        (Some(_), Some(id)) => inspect::schema_of(&table, id)?,
        _ => None,
    };
    let wanted = |schema: &&inspect::SchemaRow| then.map_or(schema.is_current, |id| schema.schema_id == id);
    let schema = schemas.iter().find(wanted);
    let schema = schema.ok_or_else(|| Error::corrupt("the schema is not in the metadata").with("table", args.table))?;
    context.out.records(&schema.fields, "no columns")?;
    Ok(Exit::Done)
}
