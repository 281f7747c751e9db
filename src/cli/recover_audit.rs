//! `icedeck recover audit [TABLE]`: one record for each load that was acknowledged.

use std::collections::BTreeMap;

use super::{Context, Exit};
use crate::recovery::Names;
use crate::recovery::audit::{Status, acknowledged, audit};
use crate::table::TableName;
use crate::words::many;
use crate::{Kind, Result};

/// Prints where each load is now; ends with 1 where one is gone, or a journal or a table cannot be read.
pub async fn run(table: Option<&TableName>, context: &Context) -> Result<Exit> {
    let found = acknowledged(&context.env, table)?;
    for broken in &found.broken {
        context.note(&format!("icedeck: {}", broken.report()));
    }
    let lake = context.lake().await?;
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
