//! `icedeck show TABLE`.

use serde_json::{Map, Value};

use super::{Context, Exit};
use crate::table::{TableAddress, inspect};
use crate::{Error, Result};

/// Show a table at a glance: snapshot, rows, files, schema, partition spec, properties
#[derive(Debug, clap::Args)]
pub struct Args {
    /// namespace.table, optionally @branch, @tag, @snapshot-id or @timestamp; or a path
    #[arg(value_name = "TABLE")]
    table: TableAddress,
}

/// Prints the overview as one object.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let (table, snapshot_id) = context.table_at(&args.table).await?;
    let overview = inspect::overview(&table, snapshot_id, &context.monitor).await?;
    if !context.out.is_table() {
        context.out.object(&overview)?;
        return Ok(Exit::Done);
    }
    let mut shown = serde_json::to_value(&overview).map_err(|e| Error::bug("no overview").caused_by(e))?;
    let refs: Map<String, Value> = overview.refs.iter().map(|r| (r.name.clone(), Value::from(r.snapshot_id))).collect();
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("refs".into(), Value::Object(refs));
    }
    context.out.object(&shown)?;
    Ok(Exit::Done)
}
