//! A new default partition spec. Field ids are given out here, so that every catalog keeps the same ones.

use std::collections::HashMap;

use iceberg::spec::{FormatVersion, TableMetadata, UnboundPartitionField, UnboundPartitionSpec};
use iceberg::{TableRequirement, TableUpdate};

use crate::storage::from_iceberg;
use crate::{Error, Result};

/// In an update: the spec that was added just before.
const LAST_ADDED: i32 = -1;
/// Partition field ids begin here.
const FIRST_FIELD_ID: i32 = 1000;

/// Adds `spec` and makes it the default. A field that an earlier spec had (same column, same transform) keeps its id.
pub(super) fn set_spec(
    metadata: &TableMetadata,
    spec: &UnboundPartitionSpec,
) -> Result<(Vec<TableRequirement>, Vec<TableUpdate>)> {
    if metadata.format_version() == FormatVersion::V1 {
        check_first_version(metadata, spec)?;
    }
    let fields = with_ids(metadata, spec)?;
    let unchanged = metadata.default_partition_spec().fields();
    if unchanged.len() == fields.len() && unchanged.iter().cloned().map(UnboundPartitionField::from).eq(fields.clone())
    {
        return Err(Error::invalid("this is the partition spec already"));
    }
    let built = UnboundPartitionSpec::builder().add_partition_fields(fields);
    let spec = built.map_err(|e| from_iceberg(e, "the partition spec cannot be"))?.build();
    let requirements = vec![
        TableRequirement::CurrentSchemaIdMatch { current_schema_id: metadata.current_schema_id() },
        TableRequirement::DefaultSpecIdMatch { default_spec_id: metadata.default_partition_spec_id() },
        TableRequirement::LastAssignedPartitionIdMatch { last_assigned_partition_id: metadata.last_partition_id() },
    ];
    Ok((requirements, vec![TableUpdate::AddSpec { spec }, TableUpdate::SetDefaultSpec { spec_id: LAST_ADDED }]))
}

fn with_ids(metadata: &TableMetadata, spec: &UnboundPartitionSpec) -> Result<Vec<UnboundPartitionField>> {
    let known: HashMap<_, _> = metadata
        .partition_specs_iter()
        .flat_map(|spec| spec.fields())
        .map(|field| ((field.source_id, field.transform.to_string()), field.field_id))
        .collect();
    let mut last = metadata.last_partition_id().max(FIRST_FIELD_ID - 1);
    let mut fields = Vec::new();
    for field in spec.fields() {
        let mut field = field.clone();
        field.field_id = match known.get(&(field.source_id, field.transform.to_string())) {
            Some(id) => Some(*id),
            None => {
                last = last.checked_add(1).ok_or_else(|| Error::unsupported("the table has no field ids left"))?;
                Some(last)
            }
        };
        fields.push(field);
    }
    Ok(fields)
}

/// In version 1 a partition field is known by its place: fields may only be put at the end.
fn check_first_version(metadata: &TableMetadata, spec: &UnboundPartitionSpec) -> Result<()> {
    let same = |(old, new): (&iceberg::spec::PartitionField, &UnboundPartitionField)| {
        old.source_id == new.source_id && old.transform == new.transform && old.name == new.name
    };
    let old = metadata.default_partition_spec().fields();
    if spec.fields().len() >= old.len() && old.iter().zip(spec.fields()).all(same) {
        return Ok(());
    }
    Err(Error::unsupported("in format version 1 a partition field can only be added at the end of the spec")
        .hint("keep the fields that are there, or upgrade the table to format version 2"))
}
