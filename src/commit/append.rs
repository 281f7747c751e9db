//! The snapshot producer for appends: new manifests for the staged files, the parent's manifests carried over, a
//! manifest list and the snapshot that names it. It never opens a data file.

use std::collections::{BTreeMap, HashSet};

use iceberg::spec::{
    DataContentType, FormatVersion, ManifestFile, ManifestListWriter, ManifestWriter, ManifestWriterBuilder,
    PartitionSpecRef, SchemaRef, Snapshot, SnapshotReference, StructType, Summary, TableMetadata,
    UNASSIGNED_SEQUENCE_NUMBER,
};
use iceberg::{TableRequirement, TableUpdate};
use uuid::Uuid;

use super::propose::{discard, proposal};
use super::refs::{self, Branch};
use super::{INGEST_ID, StagedFile, summary};
use crate::catalog::Proposal;
use crate::env::Env;
use crate::storage::from_iceberg;
use crate::table::Table;
use crate::{Error, Kind, Result};

/// The property that leads manifests elsewhere than `<location>/metadata`.
const METADATA_PATH: &str = "write.metadata.path";

/// Writes the manifests of an append to `branch` and proposes the snapshot.
pub(super) async fn propose(
    table: &Table,
    branch: &str,
    files: &[StagedFile],
    given: &BTreeMap<String, String>,
    env: &Env,
) -> Result<Proposal> {
    check(table.metadata(), files)?;
    check_not_landed(table.metadata(), given)?;
    if table.metadata().format_version() == FormatVersion::V1 && branch != iceberg::spec::MAIN_BRANCH {
        return Err(Error::unsupported("a table of format version 1 keeps no branches here")
            .with("branch", branch)
            .hint("upgrade the table to format version 2 first"));
    }
    let target = refs::branch(table.metadata(), branch)?;
    let mut producer = Producer::new(table, &target, env);
    match producer.produce(files, given).await {
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
    parent_id: Option<i64>,
    commit: Uuid,
    timestamp_ms: i64,
    folder: String,
    /// Every file begun so far, to be deleted where the attempt fails.
    written: Vec<String>,
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
            parent_id: branch.head,
            commit: env.uuid(),
            timestamp_ms: env.now_ms().max(metadata.last_updated_ms().saturating_add(1)),
            folder: metadata_folder(metadata),
            written: Vec::new(),
        }
    }

    async fn produce(&mut self, files: &[StagedFile], given: &BTreeMap<String, String>) -> Result<Snapshot> {
        let parent = self.parent_id.and_then(|id| self.table.metadata().snapshot_by_id(id)).cloned();
        let mut manifests = self.write_manifests(files).await?;
        if let Some(parent) = &parent {
            let carried = self.table.inner().manifest_list_reader(parent).load().await;
            let carried = carried.map_err(|e| from_iceberg(e, "cannot read the manifest list of the branch's head"))?;
            manifests.extend(carried.entries().iter().cloned());
        }
        let list = format!("{}/snap-{}-0-{}.avro", self.folder, self.snapshot_id, self.commit);
        let added_rows = self.write_list(&list, manifests).await?;
        let summary = summary::of_append(files, given, parent.as_ref().map(|p| p.summary()));
        Ok(self.snapshot(list, summary, added_rows))
    }

    /// One manifest for each partition spec among the files, the lowest spec first.
    async fn write_manifests(&mut self, files: &[StagedFile]) -> Result<Vec<ManifestFile>> {
        let mut by_spec: BTreeMap<i32, Vec<&StagedFile>> = BTreeMap::new();
        for file in files {
            by_spec.entry(file.spec_id).or_default().push(file);
        }
        let mut manifests = Vec::new();
        for (n, group) in by_spec.into_values().enumerate() {
            let path = format!("{}/{}-m{n}.avro", self.folder, self.commit);
            self.written.push(path.clone());
            manifests.push(self.write_manifest(path, &group).await?);
        }
        Ok(manifests)
    }

    async fn write_manifest(&self, path: String, group: &[&StagedFile]) -> Result<ManifestFile> {
        let failed = |e| from_iceberg(e, "cannot write the manifest");
        let first = group.first().ok_or_else(|| Error::bug("a manifest without files"))?;
        let (schema, spec, _) = layout(self.table.metadata(), first)?;
        let output = self.table.inner().file_io().new_output(path).map_err(failed)?;
        let builder = ManifestWriterBuilder::new(output, Some(self.snapshot_id), schema, spec.as_ref().clone());
        let mut writer: ManifestWriter = match self.table.metadata().format_version() {
            FormatVersion::V1 => builder.build_v1(),
            FormatVersion::V2 => builder.build_v2_data(),
            FormatVersion::V3 => builder.build_v3_data(),
        };
        for staged in group {
            writer.add_file(staged.file.clone(), UNASSIGNED_SEQUENCE_NUMBER).map_err(failed)?;
        }
        writer.write_manifest_file().await.map_err(failed)
    }

    /// Writes the manifest list. The answer is the number of row ids given out, for tables that keep row lineage.
    async fn write_list(&mut self, path: &str, manifests: Vec<ManifestFile>) -> Result<Option<u64>> {
        let failed = |e| from_iceberg(e, "cannot write the manifest list");
        let metadata = self.table.metadata();
        self.written.push(path.to_string());
        let output = self.table.inner().file_io().new_output(path).map_err(failed)?;
        let output = output.writer().await.map_err(failed)?;
        let (id, parent, sequence) = (self.snapshot_id, self.parent_id, metadata.next_sequence_number());
        let first_row = metadata.next_row_id();
        let mut writer = match metadata.format_version() {
            FormatVersion::V1 => ManifestListWriter::v1(output, id, parent),
            FormatVersion::V2 => ManifestListWriter::v2(output, id, parent, sequence),
            FormatVersion::V3 => ManifestListWriter::v3(output, id, parent, sequence, Some(first_row)),
        };
        writer.add_manifests(manifests.into_iter()).map_err(failed)?;
        let added_rows = writer.next_row_id().map(|next| next.saturating_sub(first_row));
        writer.close().await.map_err(failed)?;
        Ok(added_rows)
    }

    fn snapshot(&self, list: String, summary: Summary, added_rows: Option<u64>) -> Snapshot {
        let metadata = self.table.metadata();
        let builder = Snapshot::builder()
            .with_snapshot_id(self.snapshot_id)
            .with_parent_snapshot_id(self.parent_id)
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

/// The schema, spec and partition type under which a manifest of this file's spec is written: the current schema, or
/// the file's own where the current one has lost a column that the spec partitions by.
fn layout(metadata: &TableMetadata, file: &StagedFile) -> Result<(SchemaRef, PartitionSpecRef, StructType)> {
    let unknown = |what: &str, id: i32| {
        Error::invalid(format!("a staged file was written under a {what} that the table does not have"))
            .with("file", file.file.file_path())
            .with("id", id)
    };
    let spec = metadata.partition_spec_by_id(file.spec_id).ok_or_else(|| unknown("partition spec", file.spec_id))?;
    let own = metadata.schema_by_id(file.schema_id).ok_or_else(|| unknown("schema", file.schema_id))?;
    for schema in [metadata.current_schema(), own] {
        if let Ok(partition) = spec.partition_type(schema) {
            return Ok((schema.clone(), spec.clone(), partition));
        }
    }
    Err(unknown("schema without the columns of its partition spec", file.schema_id))
}

/// Every file must be one that the table can name: data, known ids, a partition value of its spec's shape, once.
fn check(metadata: &TableMetadata, files: &[StagedFile]) -> Result<()> {
    if files.is_empty() {
        return Err(Error::invalid("there is nothing to append").with("table", metadata.location()));
    }
    let mut seen = HashSet::new();
    for staged in files {
        let path = staged.file.file_path();
        let bad = |what: &str| Error::invalid(what.to_string()).with("file", path);
        if !seen.insert(path) {
            return Err(bad("a data file is staged twice"));
        }
        if staged.file.content_type() != DataContentType::Data {
            return Err(bad("an append takes data files only"));
        }
        let (_, _, partition) = layout(metadata, staged)?;
        if !fits(staged, &partition) {
            return Err(bad("the file's partition value does not have the shape of its partition spec"));
        }
    }
    Ok(())
}

/// iceberg's manifest writer asserts this; here it is an error.
fn fits(staged: &StagedFile, partition: &StructType) -> bool {
    let values = staged.file.partition().fields();
    values.len() == partition.fields().len()
        && values.iter().zip(partition.fields()).all(|(value, field)| match value {
            None => true,
            Some(value) => match (value.as_primitive_literal(), field.field_type.as_primitive_type()) {
                (Some(literal), Some(kind)) => kind.compatible(&literal),
                _ => false,
            },
        })
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
