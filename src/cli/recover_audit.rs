//! `icedeck recover audit [TABLE]`: one record for each load that was acknowledged.

use super::{Context, Exit};
use crate::Result;
use crate::recovery::audit::{Status, acknowledged, audit};
use crate::table::TableName;
use crate::words::many;

/// Prints where each load is now; ends with 1 where one is gone, or a journal cannot be read.
pub async fn run(table: Option<&TableName>, context: &Context) -> Result<Exit> {
    let found = acknowledged(&context.env, table)?;
    for broken in &found.broken {
        context.note(&format!("icedeck: {}", broken.report()));
    }
    let lake = context.lake().await?;
    let wanted = context.options.catalog.as_deref();
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
