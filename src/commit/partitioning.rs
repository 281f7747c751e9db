//! A new default partition spec. Field ids are given out here, so that every catalog keeps the same ones.

use std::collections::HashMap;

use iceberg::spec::{FormatVersion, TableMetadata, Transform, UnboundPartitionField, UnboundPartitionSpec};
use iceberg::{TableRequirement, TableUpdate};

use crate::storage::from_iceberg;
use crate::{Error, Kind, Result};

/// One edit of the default partition spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpecEdit {
    /// A new field at the end.
    Add {
        /// The column, by its full name.
        column: String,
        /// How its values become partitions.
        transform: Transform,
        /// Its name; nothing: the usual one (`day_month`, `id_bucket_16`).
        name: Option<String>,
    },
    /// A field taken out. In format version 1 it stays in its place and is void from now on.
    Remove {
        /// The field.
        name: String,
    },
    /// Another name for a field.
    Rename {
        /// The field.
        name: String,
        /// Its new name.
        to: String,
    },
}

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
    // The catalog gives the id; Java's does not read a spec without one.
    let next = metadata.partition_specs_iter().map(|spec| spec.spec_id()).max().map_or(0, |id| id.saturating_add(1));
    let spec = built.map_err(|e| from_iceberg(e, "the partition spec cannot be"))?.with_spec_id(next).build();
    let requirements = vec![
        TableRequirement::CurrentSchemaIdMatch { current_schema_id: metadata.current_schema_id() },
        TableRequirement::DefaultSpecIdMatch { default_spec_id: metadata.default_partition_spec_id() },
        TableRequirement::LastAssignedPartitionIdMatch { last_assigned_partition_id: metadata.last_partition_id() },
    ];
    Ok((requirements, vec![TableUpdate::AddSpec { spec }, TableUpdate::SetDefaultSpec { spec_id: LAST_ADDED }]))
}

/// Makes these edits of the default spec in their order.
pub(super) fn edit_spec(
    metadata: &TableMetadata,
    edits: &[SpecEdit],
) -> Result<(Vec<TableRequirement>, Vec<TableUpdate>)> {
    let mut fields: Vec<UnboundPartitionField> =
        metadata.default_partition_spec().fields().iter().cloned().map(UnboundPartitionField::from).collect();
    for edit in edits {
        match edit {
            SpecEdit::Add { column, transform, name } => {
                add(metadata, &mut fields, column, *transform, name.as_deref())?;
            }
            SpecEdit::Remove { name } => {
                let at = position(&fields, name)?;
                match fields.get_mut(at) {
                    Some(field) if metadata.format_version() == FormatVersion::V1 => field.transform = Transform::Void,
                    _ => drop(fields.remove(at)),
                }
            }
            SpecEdit::Rename { name, to } => {
                let at = position(&fields, name)?;
                check_free(&fields, to)?;
                if let Some(field) = fields.get_mut(at) {
                    field.name.clone_from(to);
                }
            }
        }
    }
    fields.iter_mut().for_each(|field| field.field_id = None);
    let built = UnboundPartitionSpec::builder().add_partition_fields(fields);
    set_spec(metadata, &built.map_err(|e| from_iceberg(e, "the partition spec cannot be"))?.build())
}

fn add(
    metadata: &TableMetadata,
    fields: &mut Vec<UnboundPartitionField>,
    column: &str,
    transform: Transform,
    name: Option<&str>,
) -> Result<()> {
    let source = metadata.current_schema().field_by_name(column);
    let source = source.ok_or_else(|| Error::not_found("the table has no such column").with("column", column))?;
    if fields.iter().any(|field| field.source_id == source.id && field.transform == transform) {
        return Err(Error::new(Kind::AlreadyExists, "the table is partitioned so already")
            .with("column", column)
            .with("transform", transform));
    }
    let name = name.map_or_else(|| usual_name(column, transform), str::to_string);
    // What was taken out in version 1 gives its name away.
    for (n, void) in fields.iter_mut().enumerate().filter(|(_, f)| f.transform == Transform::Void && f.name == name) {
        void.name = format!(
            "{}_{}",
            void.name,
            void.field_id.unwrap_or_else(|| FIRST_FIELD_ID.saturating_add(i32::try_from(n).unwrap_or(0)))
        );
    }
    check_free(fields, &name)?;
    fields.push(UnboundPartitionField { source_id: source.id, field_id: None, name, transform });
    Ok(())
}

/// The name that Iceberg Java gives to a field that is added without one.
fn usual_name(column: &str, transform: Transform) -> String {
    match transform {
        Transform::Identity | Transform::Unknown => column.to_string(),
        Transform::Bucket(n) => format!("{column}_bucket_{n}"),
        Transform::Truncate(n) => format!("{column}_trunc_{n}"),
        Transform::Void => format!("{column}_null"),
        other => format!("{column}_{other}"),
    }
}

fn position(fields: &[UnboundPartitionField], name: &str) -> Result<usize> {
    let at = fields.iter().position(|field| field.name == name && field.transform != Transform::Void);
    at.ok_or_else(|| Error::not_found("the partition spec has no such field").with("field", name))
}

fn check_free(fields: &[UnboundPartitionField], name: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(Error::invalid("a partition field needs a name"));
    }
    if fields.iter().any(|field| field.name == name) {
        return Err(Error::new(Kind::AlreadyExists, "the partition spec has this field already").with("field", name));
    }
    Ok(())
}

fn with_ids(metadata: &TableMetadata, spec: &UnboundPartitionSpec) -> Result<Vec<UnboundPartitionField>> {
    let known: HashMap<_, _> = metadata
        .partition_specs_iter()
        .flat_map(|spec| spec.fields())
        .map(|field| ((field.source_id, field.transform.to_string()), field.field_id))
        .collect();
    let mut last = metadata.last_partition_id().max(FIRST_FIELD_ID - 1);
    let mut fields = Vec::new();
    // In version 1 a field is known by its place, a void one too, and a new one gets the next number.
    let in_place = metadata.format_version() == FormatVersion::V1;
    for (n, field) in spec.fields().iter().enumerate() {
        let mut field = field.clone();
        let present = match in_place {
            true => metadata.default_partition_spec().fields().get(n).map(|field| field.field_id),
            false => known.get(&(field.source_id, field.transform.to_string())).copied(),
        };
        field.field_id = match present {
            Some(id) => Some(id),
            None => {
                last = last.checked_add(1).ok_or_else(|| Error::unsupported("the table has no field ids left"))?;
                Some(last)
            }
        };
        fields.push(field);
    }
    Ok(fields)
}

/// In version 1 a partition field is known by its place: fields may only be put at the end, and one that
/// is taken out is void from then on.
fn check_first_version(metadata: &TableMetadata, spec: &UnboundPartitionSpec) -> Result<()> {
    let same = |(old, new): (&iceberg::spec::PartitionField, &UnboundPartitionField)| {
        old.source_id == new.source_id && (old.transform == new.transform || new.transform == Transform::Void)
    };
    let old = metadata.default_partition_spec().fields();
    if spec.fields().len() >= old.len() && old.iter().zip(spec.fields()).all(same) {
        return Ok(());
    }
    Err(Error::unsupported("in format version 1 a partition field can only be added at the end of the spec")
        .hint("keep the fields that are there, or upgrade the table to format version 2"))
}
