//! Publishing in a SQL catalog: a new metadata file, then one compare-and-swap of the pointer in a transaction whose
//! COMMIT is checked. Nothing is tried again in here.

use std::collections::HashMap;

use async_trait::async_trait;
use iceberg::spec::{FormatVersion, TableMetadata, TableMetadataBuildResult};
use iceberg::{TableRequirement, TableUpdate};

use super::catalog::key;
use super::rows::{Key, Rows};
use crate::catalog::{Committer, Outcome, Proposal, Rejection, assemble, table_ident};
use crate::env::Env;
use crate::storage::Storage;
use crate::table::{Table, encode_metadata, metadata_version, read_metadata, read_metadata_json, restamped};
use crate::{Error, Kind, Result};

/// Publishes proposals in a SQL catalog.
#[derive(Debug, Clone)]
pub struct SqlCommitter {
    rows: Rows,
    env: Env,
}

/// A new metadata file, ready to be written.
struct Next {
    key: Key,
    /// The table as it will be: put together before anything is sent, so that nothing can fail after COMMIT.
    table: iceberg::table::Table,
    location: String,
    compress: bool,
    expired: Vec<String>,
}

impl SqlCommitter {
    pub(super) fn new(rows: Rows, env: Env) -> Self {
        Self { rows, env }
    }

    async fn prepare(&self, base: &Table, proposal: &Proposal) -> Result<Next> {
        if base.read_only() {
            return Err(Error::new(Kind::Denied, "a table that was opened by its path takes no commits")
                .with("table", base.name())
                .hint("open it through its catalog"));
        }
        self.rows.database.writable()?;
        refuse_lost_refs(base).await?;
        let ident = table_ident(&proposal.table)?;
        let built = self.apply(base, proposal)?;
        let metadata = self.stamp(base, &proposal.updates, built.metadata)?;
        let version = metadata_version(base.metadata_location()).unwrap_or(metadata.metadata_log().len() as u64) + 1;
        let location = metadata_location(&metadata, version, &self.env);
        Ok(Next {
            key: key(&ident)?,
            compress: compresses(metadata.properties())?,
            expired: built.expired_metadata_logs.into_iter().map(|entry| entry.metadata_file).collect(),
            table: assemble(base.storage(), ident, metadata, &location, false)?,
            location,
        })
    }

    fn apply(&self, base: &Table, proposal: &Proposal) -> Result<TableMetadataBuildResult> {
        let wrong = |e: iceberg::Error| {
            Error::invalid(format!("the change cannot be made: {}", e.message()))
                .with("table", &proposal.table)
                .caused_by(e)
        };
        let mut builder = base.metadata().clone().into_builder(Some(base.metadata_location().to_string()));
        for update in &proposal.updates {
            builder = update.clone().apply(builder).map_err(wrong)?;
        }
        builder.build().map_err(wrong)
    }

    /// Times never go back, and come from [`Env`]: a new snapshot brings its own, any other change gets one here.
    fn stamp(&self, base: &Table, updates: &[TableUpdate], metadata: TableMetadata) -> Result<TableMetadata> {
        let last = base.metadata().last_updated_ms();
        let added: Vec<i64> = updates
            .iter()
            .filter_map(|u| match u {
                TableUpdate::AddSnapshot { snapshot } => Some(snapshot.snapshot_id()),
                _ => None,
            })
            .collect();
        let leads_main_back = updates.iter().any(|u| {
            matches!(u, TableUpdate::SetSnapshotRef { ref_name, reference }
                if ref_name == "main" && !added.contains(&reference.snapshot_id))
        });
        if !added.is_empty() && !leads_main_back && metadata.last_updated_ms() >= last {
            return Ok(metadata);
        }
        let moved_main = leads_main_back && metadata.history().len() > base.metadata().history().len();
        let newest = metadata.snapshots().map(|s| s.timestamp_ms()).filter(|_| !added.is_empty()).max();
        let now = self.env.now_ms().max(last + 1).max(newest.unwrap_or(i64::MIN));
        restamped(metadata, now, moved_main)
    }

    /// Everything up to COMMIT; nothing has changed when this fails or says no.
    async fn swap(&self, base: &Table, next: &Next) -> Result<Swap> {
        let mut tx = self.rows.database.begin().await?;
        if self.rows.swap(&mut tx, &next.key, base.metadata_location(), &next.location).await? {
            return Ok(Swap::Ready(tx));
        }
        let found = self.rows.pointer(&mut *tx, &next.key).await?;
        drop(tx);
        Ok(Swap::Lost(found))
    }
}

enum Swap {
    Ready(sqlx::Transaction<'static, sqlx::Any>),
    Lost(Option<String>),
}

#[async_trait]
impl Committer for SqlCommitter {
    async fn commit(&self, base: &Table, proposal: &Proposal) -> Outcome {
        if let Some(rejection) = unmet(base.metadata(), proposal) {
            return Outcome::Rejected(rejection);
        }
        let next = match self.prepare(base, proposal).await {
            Ok(next) => next,
            Err(e) => return Outcome::NotSent(e),
        };
        let storage = base.storage();
        if let Err(e) = write(storage, next.table.metadata(), &next.location, next.compress).await {
            return Outcome::NotSent(e);
        }
        let tx = match self.swap(base, &next).await {
            Ok(Swap::Ready(tx)) => tx,
            Ok(Swap::Lost(found)) => {
                discard(storage, &next.location).await;
                return Outcome::Rejected(why_lost(base, proposal, found).await);
            }
            Err(e) => {
                discard(storage, &next.location).await;
                return Outcome::NotSent(e);
            }
        };
        if let Err(e) = tx.commit().await {
            return Outcome::Unknown(self.rows.database.failed(e, "the catalog did not confirm the commit"));
        }
        committed(storage, next).await
    }
}

async fn committed(storage: &Storage, next: Next) -> Outcome {
    let delete = next.table.metadata().properties().get("write.metadata.delete-after-commit.enabled");
    if delete.is_some_and(|v| v.eq_ignore_ascii_case("true")) {
        for location in &next.expired {
            discard(storage, location).await;
        }
    }
    Outcome::Committed(Box::new(Table::new(next.table, storage.clone())))
}

/// Writes a new metadata file, all or nothing.
pub(super) async fn write(storage: &Storage, metadata: &TableMetadata, location: &str, compress: bool) -> Result<()> {
    let written = storage.create(location, encode_metadata(metadata, compress)?).await;
    if let Err(e) = &written
        && e.kind() != Kind::AlreadyExists
    {
        // It may be there and not be durable; one that was there before is somebody else's.
        discard(storage, location).await;
    }
    written
}

/// Takes a file away that nothing names; one that stays is only untidy.
pub(super) async fn discard(storage: &Storage, location: &str) {
    if let Err(e) = storage.delete(location).await {
        tracing::warn!(location, error = %e, "an unused metadata file stays behind");
    }
}

/// The first requirement that metadata does not meet.
fn unmet(metadata: &TableMetadata, proposal: &Proposal) -> Option<Rejection> {
    proposal.requirements.iter().find_map(|requirement| {
        let error = requirement.check(Some(metadata)).err()?;
        let name = |id: Option<i64>| id.map_or("no snapshot".to_string(), |id| format!("snapshot {id}"));
        Some(match requirement {
            TableRequirement::UuidMatch { .. } => Rejection {
                reason: format!("{} was dropped and made again: it has another table UUID", proposal.table),
                is_final: true,
            },
            TableRequirement::RefSnapshotIdMatch { r#ref, snapshot_id } => {
                let found = name(metadata.snapshot_for_ref(r#ref).map(|s| s.snapshot_id()));
                let reason = format!("{ref} has changed: expected {}, found {found}", name(*snapshot_id));
                Rejection { reason, is_final: false }
            }
            _ => Rejection { reason: error.message().trim_end_matches('.').to_string(), is_final: false },
        })
    })
}

/// Says where the table is now, and whether it is the same table at all.
async fn why_lost(base: &Table, proposal: &Proposal, found: Option<String>) -> Rejection {
    let Some(location) = found else {
        return Rejection { reason: format!("the catalog has no table {} any more", base.name()), is_final: true };
    };
    let now = match read_metadata(base.storage(), &location).await {
        Ok(now) => now,
        Err(e) => {
            let reason = format!("the table has changed; it is at {location} now, which cannot be read: {e}");
            return Rejection { reason, is_final: false };
        }
    };
    let is_final = now.uuid() != base.metadata().uuid();
    let rejection = unmet(&now, proposal).unwrap_or_else(|| Rejection {
        reason: "the table's metadata has changed since it was read".to_string(),
        is_final,
    });
    Rejection { reason: format!("{}; it is at {location} now", rejection.reason), is_final }
}

/// iceberg's crate drops the branches and tags of format version 1: a commit would lose them.
async fn refuse_lost_refs(base: &Table) -> Result<()> {
    if base.metadata().format_version() != FormatVersion::V1 {
        return Ok(());
    }
    let raw = read_metadata_json(base.storage(), base.metadata_location()).await?;
    let refs = raw.get("refs").and_then(|refs| refs.as_object());
    let others: Vec<&str> =
        refs.into_iter().flatten().map(|(name, _)| name.as_str()).filter(|name| *name != "main").collect();
    if others.is_empty() {
        return Ok(());
    }
    Err(Error::unsupported("a commit would lose the branches and tags of this table of format version 1")
        .with("table", base.name())
        .with("refs", others.join(", "))
        .hint("upgrade the table to format version 2 with the engine that made them"))
}

/// Where the next metadata file goes: `write.metadata.path`, else the table's folder `metadata`.
pub(super) fn metadata_location(metadata: &TableMetadata, version: u64, env: &Env) -> String {
    let own = metadata.properties().get("write.metadata.path").map(|path| path.trim_end_matches('/'));
    let folder = match own.filter(|path| !path.is_empty()) {
        Some(own) => own.to_string(),
        None => format!("{}/metadata", metadata.location().trim_end_matches('/')),
    };
    let packed = if compresses(metadata.properties()).unwrap_or(false) { ".gz" } else { "" };
    format!("{folder}/{version:05}-{}{packed}.metadata.json", env.uuid())
}

/// Whether a table's properties ask for gzip metadata.
///
/// # Errors
/// [`Kind::Unsupported`] for another codec.
pub(super) fn compresses(properties: &HashMap<String, String>) -> Result<bool> {
    match properties.get("write.metadata.compression-codec").map(|c| c.to_ascii_lowercase()) {
        None => Ok(false),
        Some(codec) if codec == "none" || codec == "uncompressed" || codec.is_empty() => Ok(false),
        Some(codec) if codec == "gzip" => Ok(true),
        Some(codec) => Err(Error::unsupported("metadata cannot be written with this codec")
            .with("write.metadata.compression-codec", codec)
            .hint("none or gzip")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_gzip_is_written() {
        let codec = |c: &str| compresses(&[("write.metadata.compression-codec".to_string(), c.to_string())].into());
        assert!(codec("GZIP").unwrap());
        assert!(!codec("none").unwrap());
        assert_eq!(codec("zstd").unwrap_err().kind(), Kind::Unsupported);
    }
}
