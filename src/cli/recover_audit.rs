//! `icedeck recover audit [TABLE]`: one record for each load that was acknowledged.

use super::{Context, Exit};
use crate::catalog::Lake;
use crate::ingest::journal;
use crate::ingest::mapping::nearest;
use crate::recovery::audit::{Status, acknowledged, audit};
use crate::table::TableName;
use crate::words::many;
use crate::{Error, Result};

/// Prints where each load is now; ends with 1 where one is gone, or a journal cannot be read.
pub async fn run(table: Option<&TableName>, context: &Context) -> Result<Exit> {
    let found = acknowledged(&context.env, table)?;
    for broken in &found.broken {
        context.note(&format!("icedeck: {}", broken.report()));
    }
    let lake = context.lake().await?;
    let wanted = context.options.catalog.as_deref();
    if let Some(table) = table.filter(|_| found.tables.is_empty()) {
        require_known(table, &lake, context).await?;
    }
    let mut proved = Vec::new();
    for ((catalog, name), records) in &found.tables {
        if wanted.is_none_or(|wanted| wanted == catalog) {
            let connection = lake.connection(Some(catalog)).await?;
            proved.extend(audit(&connection, name, records).await?);
        }
    }
    context.out.records(&proved, "")?;
    let gone = proved.iter().filter(|load| load.status == Status::Gone).count();
    let line = |status: Status| proved.iter().filter(|load| load.status == status).count();
    context.note(&format!(
        "{}: {} reachable, {} expired, {} rolled back, {gone} gone",
        many(proved.len() as u64, "load"),
        line(Status::Reachable),
        line(Status::Expired),
        line(Status::RolledBack),
    ));
    Ok(if gone == 0 && found.broken.is_empty() { Exit::Done } else { Exit::Failed })
}

/// Nothing was ever loaded into it: that is well for a table that is there, or that a journal knows. Any other name is a
/// mistake, and a mistake proves nothing.
async fn require_known(table: &TableName, lake: &Lake, context: &Context) -> Result<()> {
    let name = table.to_string();
    let journals = journal::list(&context.env)?.rows;
    if journals.iter().any(|row| row.table == name) {
        return Ok(());
    }
    let connection = lake.connection(None).await?;
    if connection.table_exists(table).await? {
        return Ok(());
    }
    // Where the namespace is not there either, journals alone know names.
    let there = connection.tables(&table.namespace).await.unwrap_or_default();
    let mut known: Vec<String> = there.iter().map(ToString::to_string).collect();
    known.extend(journals.into_iter().map(|row| row.table));
    known.sort();
    known.dedup();
    let near = nearest(&name, known.iter().map(String::as_str));
    let unknown = Error::not_found("no such table is in the catalog, and no journal knows one")
        .with("table", &name)
        .with("catalog", connection.name());
    Err(if near.is_empty() { unknown } else { unknown.hint(format!("near it: {}", near.join(", "))) })
}
