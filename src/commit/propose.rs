//! From a change to a proposal: the requirements and the updates, and for a new snapshot the manifests they name.
//!
//! Nothing is published here, and nothing is asserted but what `table` says: it is the base that was inspected.

use iceberg::{TableRequirement, TableUpdate};

use serde_json::Value;

use super::request::request;
use super::{Change, Targets, expire, overwrite, partitioning, pick, refs, schema, settings, snapshot};
use crate::catalog::Proposal;
use crate::env::Env;
use crate::table::Table;
use crate::{Error, Kind, Result};

/// How far the clock may run behind the table's last update before the operator is told, in milliseconds.
const CLOCK_TOLERANCE_MS: i64 = 60_000;

/// Prepares `change` on exactly this state of `table`. Each call is a fresh attempt: its snapshot id, commit UUID and
/// manifest files are its own.
///
/// # Errors
/// [`Kind::Invalid`] for a change that cannot be (a column used by the partition spec, a file of
/// an unknown spec), [`Kind::Unsupported`] for what the format or icedeck cannot do,
/// [`Kind::AlreadyExists`] for an ingest that the table holds already, and those of the
/// storage. Whatever was written by then is deleted again.
pub async fn propose(table: &Table, change: &Change, env: &Env) -> Result<Proposal> {
    check_table(table)?;
    let proposal = match change {
        Change::Append { branch, files, summary } => {
            snapshot::propose(table, overwrite::append(branch, files, summary)?, env).await?
        }
        Change::Overwrite { branch, added, targets, validation, summary } => {
            let plan = overwrite::overwrite(table, branch, added, targets, validation.as_ref(), summary).await?;
            snapshot::propose(table, plan, env).await?
        }
        Change::Delete { branch, filter, summary } => {
            let targets = Targets::Where(filter.clone());
            let plan = overwrite::overwrite(table, branch, &[], &targets, None, summary).await?;
            snapshot::propose(table, plan, env).await?
        }
        Change::Replace { branch, added, deleted, read_at, summary } => {
            let plan = overwrite::replace(table, branch, added, deleted, *read_at, summary).await?;
            snapshot::propose(table, plan, env).await?
        }
        Change::CherryPick { branch, snapshot_id, summary } => {
            pick::propose(table, branch, *snapshot_id, summary, env).await?
        }
        // Its parts see the metadata alone, which does not know the table's name.
        _ => of_metadata(table, change, env).map_err(|e| named(e, table))?,
    };
    match rehearse(table, &proposal) {
        Ok(()) => Ok(proposal),
        Err(e) => {
            discard(table, &proposal.metadata_files).await;
            Err(e)
        }
    }
}

/// The exact request that would be sent for `change`, as [`request()`](super::request()) has it. Manifests that had to be
/// written for it are deleted again.
///
/// # Errors
/// Those of [`propose`].
pub async fn rehearsal(table: &Table, change: &Change, env: &Env) -> Result<Value> {
    let proposal = propose(table, change, env).await?;
    discard(table, &proposal.metadata_files).await;
    request(&proposal)
}

/// What to tell the operator where this machine's clock runs more than a minute behind the table's last update.
pub fn clock_warning(table: &Table, now_ms: i64) -> Option<String> {
    let behind = table.metadata().last_updated_ms().saturating_sub(now_ms);
    (behind > CLOCK_TOLERANCE_MS).then(|| {
        format!(
            "this machine's clock is {} s behind the table's last update: the snapshot is dated right after that update",
            behind / 1000
        )
    })
}

fn named(error: Error, table: &Table) -> Error {
    let is_named = error.context().iter().any(|(name, _)| *name == "table");
    if is_named { error } else { error.with("table", table.name()) }
}

/// What no change may be made to.
fn check_table(table: &Table) -> Result<()> {
    if table.read_only() {
        return Err(Error::new(Kind::Denied, "a table that was opened by its path cannot be changed")
            .with("table", table.name())
            .hint("open it through its catalog"));
    }
    let metadata = table.metadata();
    let is_encrypted =
        metadata.encryption_keys_iter().len() > 0 || metadata.properties().contains_key("encryption.key-id");
    if is_encrypted {
        return Err(Error::unsupported("encrypted tables cannot be changed").with("table", table.name()));
    }
    Ok(())
}

/// Changes of the metadata alone: no file is written for them.
fn of_metadata(table: &Table, change: &Change, env: &Env) -> Result<Proposal> {
    let metadata = table.metadata();
    let (requirements, updates) = match change {
        Change::Append { .. }
        | Change::Overwrite { .. }
        | Change::Delete { .. }
        | Change::Replace { .. }
        | Change::CherryPick { .. } => return Err(Error::bug("a new snapshot is no change of the metadata alone")),
        Change::SetRef { name, kind, snapshot_id } => refs::set(metadata, name, *kind, *snapshot_id)?,
        Change::CreateRef { name, reference } => refs::create(metadata, name, reference)?,
        Change::Retain { name, retention } => refs::retain(metadata, name, retention)?,
        Change::DropRef { name } => refs::remove(metadata, name)?,
        Change::Rollback { branch, snapshot_id } => refs::rollback(metadata, branch, *snapshot_id)?,
        Change::FastForward { branch, snapshot_id } => refs::fast_forward(metadata, branch, *snapshot_id)?,
        Change::AddColumns(columns) => schema::add_columns(metadata, columns)?,
        Change::DropColumns(names) => schema::drop_columns(metadata, names)?,
        Change::EditSchema(edits) => schema::edit(metadata, edits)?,
        Change::SetSpec(spec) => partitioning::set_spec(metadata, spec)?,
        Change::EditSpec(edits) => partitioning::edit_spec(metadata, edits)?,
        Change::SetSortOrder(order) => settings::set_sort_order(metadata, order)?,
        Change::SetProperties { set, remove } => (Vec::new(), settings::properties(metadata, set, remove)?),
        Change::SetLocation(location) => (Vec::new(), settings::set_location(metadata, location)?),
        Change::Upgrade(version) => (Vec::new(), settings::upgrade(metadata, *version)?),
        Change::MakeCurrent(earlier) => settings::make_current(metadata, earlier)?,
        Change::Expire(expire) => expire::propose(metadata, expire, env.now_ms())?,
        Change::All(changes) => all(table, changes, env)?,
    };
    Ok(proposal(table, requirements, updates))
}

/// What several changes demand and do, each against the base; what is demanded twice is said once.
fn all(table: &Table, changes: &[Change], env: &Env) -> Result<(Vec<TableRequirement>, Vec<TableUpdate>)> {
    let (mut requirements, mut updates) = (Vec::new(), Vec::new());
    for change in changes {
        let part = of_metadata(table, change, env)?;
        for requirement in part.requirements.into_iter().skip(1) {
            if !requirements.contains(&requirement) {
                requirements.push(requirement);
            }
        }
        updates.extend(part.updates);
    }
    if updates.is_empty() { Err(Error::invalid("there is nothing to change")) } else { Ok((requirements, updates)) }
}

/// A proposal that adds no snapshot and has written nothing; the table's UUID is always demanded.
pub(super) fn proposal(table: &Table, requirements: Vec<TableRequirement>, updates: Vec<TableUpdate>) -> Proposal {
    let mut all = vec![TableRequirement::UuidMatch { uuid: table.metadata().uuid() }];
    all.extend(requirements);
    Proposal { table: table.name().clone(), requirements: all, updates, snapshot_id: None, metadata_files: Vec::new() }
}

/// Applies the proposal to the base in memory, so that what a catalog would refuse is refused before anything is sent.
fn rehearse(table: &Table, proposal: &Proposal) -> Result<()> {
    let refused = |e: iceberg::Error| {
        Error::invalid(format!("the change cannot be made: {}", e.message())).with("table", table.name()).caused_by(e)
    };
    for requirement in &proposal.requirements {
        requirement.check(Some(table.metadata())).map_err(refused)?;
    }
    let location = Some(table.metadata_location().to_string()).filter(|l| !l.is_empty());
    let builder = table.metadata().clone().into_builder(location);
    let done = proposal.updates.iter().cloned().try_fold(builder, |builder, update| update.apply(builder));
    done.and_then(|builder| builder.build()).map(drop).map_err(refused)
}

/// Deletes manifests and lists that nothing can ever name; what cannot be deleted stays behind as an orphan.
pub(super) async fn discard(table: &Table, files: &[String]) {
    for file in files {
        if let Err(e) = table.storage().delete(file).await {
            tracing::warn!(file, error = %e, "a manifest that nothing names stays behind");
        }
    }
}
