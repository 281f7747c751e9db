//! `icedeck partitions TABLE`.

use serde_json::Value;

use super::{Context, Exit};
use crate::table::{TableAddress, inspect};
use crate::{Error, Result};

/// List the partitions of a snapshot with their rows and files
#[derive(Debug, clap::Args)]
pub struct Args {
    /// namespace.table, optionally @branch, @tag, @snapshot-id or @timestamp; or a path
    #[arg(value_name = "TABLE")]
    table: TableAddress,

    /// The partition specs of the table instead
    #[arg(long)]
    specs: bool,
}

/// Prints the partitions, or the specs.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let (table, snapshot_id) = context.table_at(&args.table).await?;
    if args.specs {
        context.out.records(&inspect::specs(&table), "no partition specs")?;
        return Ok(Exit::Done);
    }
    let rows = inspect::partitions(&table, snapshot_id, &context.monitor).await?;
    if !context.out.is_table() {
        context.out.records(&rows, "")?;
        return Ok(Exit::Done);
    }
    let mut shown = Vec::new();
    for row in &rows {
        let mut value = serde_json::to_value(row).map_err(|e| Error::bug("no partition").caused_by(e))?;
        if let (Some(fields), Some(partition)) = (value.as_object_mut(), &row.partition) {
            fields.insert("partition".into(), Value::String(partition.to_string()));
        }
        shown.push(value);
    }
    context.out.records(&shown, "no partitions")?;
    Ok(Exit::Done)
}
