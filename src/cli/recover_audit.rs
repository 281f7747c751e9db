//! `icedeck recover audit [TABLE]`: one record for each load that was acknowledged.

use std::collections::BTreeMap;

use super::{Context, Exit};
use crate::catalog::Lake;
use crate::ingest::journal;
use crate::ingest::mapping::nearest;
use crate::recovery::Names;
use crate::recovery::audit::{Acknowledged, Status, acknowledged, audit};
use crate::table::TableName;
use crate::words::many;
use crate::{Error, Kind, Result};

/// Prints where each load is now; ends with 1 where one is gone, or a journal or a table cannot be read.
pub async fn run(table: Option<&TableName>, context: &Context) -> Result<Exit> {
    let lake = context.lake().await?;
    let found = loads(table, &lake, context).await?;
    for broken in &found.broken {
        context.note(&format!("icedeck: {}", broken.report()));
    }
    let wanted = context.options.catalog.as_deref();
    let (mut proved, mut unread) = (Vec::new(), 0);
    let mut names: BTreeMap<&str, Names> = BTreeMap::new();
    for ((catalog, name), records) in found.tables.iter().filter(|((of, _), _)| wanted.is_none_or(|w| w == of)) {
        let connection = lake.connection(Some(catalog)).await?;
        match audit(&connection, name, records, names.entry(catalog).or_default()).await {
            Ok(loads) => proved.extend(loads),
            // Of one table nothing can be said; of the others all the same.
            Err(e) if e.kind() == Kind::Corrupt => {
                unread += 1;
                context.note(&format!("icedeck: {}", e.with("table", name).report()));
            }
            Err(e) => return Err(e),
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
    Ok(if gone == 0 && unread == 0 && found.broken.is_empty() { Exit::Done } else { Exit::Failed })
}

/// What is to be proved: everything, or the loads of one table under whatever name.
async fn loads(table: Option<&TableName>, lake: &Lake, context: &Context) -> Result<Acknowledged> {
    let mut found = acknowledged(&context.env)?;
    let Some(table) = table else { return Ok(found) };
    let there = lake.connection(None).await?.load(table).await.ok();
    let uuid = there.map(|table| table.metadata().uuid());
    found.tables.retain(|(_, name), records| {
        name == table || records.iter().any(|record| Some(record.plan.base.table_uuid) == uuid)
    });
    if found.tables.is_empty() {
        require_known(table, lake, context).await?;
    }
    Ok(found)
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
