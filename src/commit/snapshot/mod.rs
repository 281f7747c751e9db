//! The producer of every snapshot: new manifests for added files, the parent's manifests carried over or written again
//! without the files that go, a manifest list and the snapshot that names it. It never opens a data file.
//!
//! Manifests are read and written one at a time. Whatever an attempt has written and does not need is deleted.

mod carry;
mod check;
pub(crate) mod entry;
mod manifest;
mod merge;
mod removal;
mod write;

use std::collections::BTreeMap;

use iceberg::spec::{
    FormatVersion, MAIN_BRANCH, ManifestContentType, ManifestFile, Operation, Snapshot, SnapshotRef, SnapshotReference,
    Summary, TableMetadata,
};
use iceberg::{TableRequirement, TableUpdate};
use uuid::Uuid;

use self::removal::Removal;
pub(crate) use self::removal::Removed;
use super::conflicts::NewDeletes;
use super::propose::{discard, proposal};
use super::refs::{self, Branch};
use super::summary::Tally;
use super::{INGEST_ID, StagedFile};
use crate::catalog::Proposal;
use crate::env::Env;
use crate::storage::from_iceberg;
use crate::table::Table;
use crate::{Error, Kind, Result};

/// The property that leads manifests elsewhere than `<location>/metadata`.
const METADATA_PATH: &str = "write.metadata.path";

/// What a snapshot is to change.
pub(super) struct Plan<'a> {
    pub(super) branch: &'a str,
    /// The operation; nothing: told from what was added and removed, as an overwrite's is.
    pub(super) operation: Option<Operation>,
    pub(super) added: &'a [StagedFile],
    /// The data sequence number of the added files, where it is not the snapshot's own.
    pub(super) sequence_number: Option<i64>,
    pub(super) removed: Removed,
    /// Delete files that came after the rows of removed files were read.
    pub(super) news: NewDeletes,
    /// For the summary, beside the counts.
    pub(super) summary: BTreeMap<String, String>,
}

/// Writes the manifests of the plan and proposes its snapshot.
pub(super) async fn propose(table: &Table, plan: Plan<'_>, env: &Env) -> Result<Proposal> {
    let metadata = table.metadata();
    check::check(metadata, plan.added)?;
    check_not_landed(metadata, &plan.summary)?;
    if metadata.format_version() == FormatVersion::V1 && plan.branch != MAIN_BRANCH {
        return Err(Error::unsupported("a table of format version 1 keeps no branches here")
            .with("branch", plan.branch)
            .hint("upgrade the table to format version 2 first"));
    }
    let target = refs::branch(metadata, plan.branch)?;
    let mut producer = Producer::new(table, &target, env);
    let branch = plan.branch;
    match producer.produce(plan).await {
        Ok(snapshot) => Ok(producer.into_proposal(branch, target, snapshot)),
        Err(e) => {
            discard(table, &producer.written).await;
            Err(e)
        }
    }
}

/// One attempt at a snapshot.
struct Producer<'a> {
    table: &'a Table,
    snapshot_id: i64,
    parent: Option<SnapshotRef>,
    commit: Uuid,
    timestamp_ms: i64,
    folder: String,
    /// How many manifests were begun.
    manifests: usize,
    /// Every file begun so far, to be deleted where the attempt fails.
    written: Vec<String>,
    tally: Tally,
}

impl<'a> Producer<'a> {
    fn new(table: &'a Table, branch: &Branch, env: &Env) -> Self {
        let metadata = table.metadata();
        let mut snapshot_id = env.snapshot_id();
        while metadata.snapshot_by_id(snapshot_id).is_some() {
            snapshot_id = env.snapshot_id();
        }
        Self {
            table,
            snapshot_id,
            parent: branch.head.and_then(|id| metadata.snapshot_by_id(id)).cloned(),
            commit: env.uuid(),
            timestamp_ms: env.now_ms().max(metadata.last_updated_ms().saturating_add(1)),
            folder: metadata_folder(metadata),
            manifests: 0,
            written: Vec::new(),
            tally: Tally::default(),
        }
    }

    async fn produce(&mut self, plan: Plan<'_>) -> Result<Snapshot> {
        let (old_data, old_deletes) = self.inherited().await?;
        let had_deletes = !old_deletes.is_empty();
        let mut removal = Removal::new(plan.removed, plan.news);
        let kept = self.carry_data(old_data, &mut removal, plan.added).await?;
        removal.check()?;
        let deletes = self.carry_deletes(old_deletes, &kept, plan.sequence_number, &removal).await?;
        if plan.added.is_empty() && !self.tally.removes() {
            return Err(Error::invalid("there is nothing to change: no file is added, and none is removed")
                .with("table", self.table.name()));
        }
        let mut data = self.write_added(plan.added, plan.sequence_number).await?;
        if plan.operation == Some(Operation::Replace) {
            self.tally.check_same_rows(had_deletes)?;
        }
        data.extend(kept);
        let mut manifests = self.merge(data).await?;
        manifests.extend(self.merge(deletes).await?);
        self.tally.count_manifests(&manifests, self.snapshot_id);
        let list = format!("{}/snap-{}-0-{}.avro", self.folder, self.snapshot_id, self.commit);
        self.drop_unused(&manifests).await;
        let added_rows = self.write_list(&list, manifests).await?;
        let operation = plan.operation.unwrap_or_else(|| self.tally.operation());
        let parent = self.parent.as_ref().map(|parent| parent.summary());
        let summary = self.tally.summary(operation, &plan.summary, parent);
        Ok(self.snapshot(list, summary, added_rows))
    }

    /// The manifests of the parent that still name live files, first those of data, then those of deletes.
    async fn inherited(&self) -> Result<(Vec<ManifestFile>, Vec<ManifestFile>)> {
        let Some(parent) = &self.parent else { return Ok((Vec::new(), Vec::new())) };
        let list = self.table.inner().manifest_list_reader(parent).load().await;
        let list = list.map_err(|e| from_iceberg(e, "cannot read the manifest list of the branch's head"))?;
        // What only tells what an older snapshot removed belongs to that snapshot.
        let live = |manifest: &&ManifestFile| manifest.has_added_files() || manifest.has_existing_files();
        let live = list.entries().iter().filter(live).cloned();
        Ok(live.partition(|manifest| manifest.content == ManifestContentType::Data))
    }

    fn snapshot(&self, list: String, summary: Summary, added_rows: Option<u64>) -> Snapshot {
        let metadata = self.table.metadata();
        let builder = Snapshot::builder()
            .with_snapshot_id(self.snapshot_id)
            .with_parent_snapshot_id(self.parent.as_ref().map(|parent| parent.snapshot_id()))
            .with_sequence_number(metadata.next_sequence_number())
            .with_timestamp_ms(self.timestamp_ms)
            .with_manifest_list(list)
            .with_summary(summary)
            .with_schema_id(metadata.current_schema_id());
        match added_rows {
            Some(rows) => builder.with_row_range(metadata.next_row_id(), rows).build(),
            None => builder.build(),
        }
    }

    fn into_proposal(self, branch: &str, target: Branch, snapshot: Snapshot) -> Proposal {
        let metadata = self.table.metadata();
        let requirements = vec![
            TableRequirement::RefSnapshotIdMatch { r#ref: branch.into(), snapshot_id: target.head },
            TableRequirement::CurrentSchemaIdMatch { current_schema_id: metadata.current_schema_id() },
            TableRequirement::DefaultSpecIdMatch { default_spec_id: metadata.default_partition_spec_id() },
        ];
        let reference = SnapshotReference::new(self.snapshot_id, target.retention);
        let updates = vec![
            TableUpdate::AddSnapshot { snapshot },
            TableUpdate::SetSnapshotRef { ref_name: branch.into(), reference },
        ];
        let mut proposal = proposal(self.table, requirements, updates);
        proposal.snapshot_id = Some(self.snapshot_id);
        proposal.metadata_files = self.written;
        proposal
    }
}

fn metadata_folder(metadata: &TableMetadata) -> String {
    match metadata.properties().get(METADATA_PATH).map(|path| path.trim_end_matches('/')) {
        Some(path) if !path.is_empty() => path.to_string(),
        _ => format!("{}/metadata", metadata.location().trim_end_matches('/')),
    }
}

/// A load whose ingest id stands in a summary has landed: appending it again would double its rows.
fn check_not_landed(metadata: &TableMetadata, given: &BTreeMap<String, String>) -> Result<()> {
    let Some(ingest) = given.get(INGEST_ID) else { return Ok(()) };
    let landed = metadata.snapshots().find(|s| s.summary().additional_properties.get(INGEST_ID) == Some(ingest));
    match landed {
        None => Ok(()),
        Some(snapshot) => Err(Error::new(Kind::AlreadyExists, "this ingest is in the table already")
            .with("ingest", ingest)
            .with("snapshot", snapshot.snapshot_id())),
    }
}
