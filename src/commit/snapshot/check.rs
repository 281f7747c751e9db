//! What files must be like before a manifest names them: iceberg's manifest writer asserts what is an error here.

use std::collections::HashSet;

use iceberg::spec::{DataContentType, PartitionSpecRef, SchemaRef, StructType, TableMetadata};

use super::StagedFile;
use crate::{Error, Result};

/// The schema, spec and partition type under which a manifest of this file's spec is written: the current schema, or
/// the file's own where the current one has lost a column that the spec partitions by.
pub(super) fn layout(metadata: &TableMetadata, file: &StagedFile) -> Result<(SchemaRef, PartitionSpecRef, StructType)> {
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
pub(super) fn check(metadata: &TableMetadata, files: &[StagedFile]) -> Result<()> {
    let mut seen = HashSet::new();
    for staged in files {
        let path = staged.file.file_path();
        let bad = |what: &str| Error::invalid(what.to_string()).with("file", path);
        if !seen.insert(path) {
            return Err(bad("a data file is staged twice"));
        }
        if staged.file.content_type() != DataContentType::Data {
            return Err(bad("only data files are added here"));
        }
        let (_, _, partition) = layout(metadata, staged)?;
        if !fits(staged, &partition) {
            return Err(bad("the file's partition value does not have the shape of its partition spec"));
        }
    }
    Ok(())
}

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
