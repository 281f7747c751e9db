//! Changing columns: a new schema, made current, asserted against the one that was inspected.

mod edit;
mod mapping;
mod tree;

use std::collections::HashSet;
use std::sync::Arc;

use iceberg::spec::{
    FormatVersion, ListType, MapType, NestedField, NestedFieldRef, PrimitiveType, Schema, StructType, TableMetadata,
    Type,
};
use iceberg::{TableRequirement, TableUpdate};

use self::edit::Draft;
pub use self::edit::{ColumnPlace, SchemaEdit};
use crate::storage::from_iceberg;
use crate::{Error, Result};

/// In an update: the schema that was added just before.
const LAST_ADDED: i32 = -1;

type Parts = (Vec<TableRequirement>, Vec<TableUpdate>);

/// New optional columns at the end, each with fresh field ids down to the innermost.
pub(super) fn add_columns(metadata: &TableMetadata, columns: &[NestedFieldRef]) -> Result<Parts> {
    let add = |column: &NestedFieldRef| SchemaEdit::Add { parent: None, column: column.clone(), place: None };
    edit(metadata, &columns.iter().map(add).collect::<Vec<_>>())
}

/// Takes columns out of the schema.
pub(super) fn drop_columns(metadata: &TableMetadata, names: &[String]) -> Result<Parts> {
    edit(metadata, &names.iter().map(|name| SchemaEdit::Drop { column: name.clone() }).collect::<Vec<_>>())
}

/// Makes these edits in their order.
pub(super) fn edit(metadata: &TableMetadata, edits: &[SchemaEdit]) -> Result<Parts> {
    let current = metadata.current_schema();
    let mut draft = Draft::new(metadata);
    for edit in edits {
        draft.apply(edit)?;
    }
    let Draft { fields, added, .. } = draft;
    if fields == current.as_struct().fields() {
        return Err(Error::invalid("there is nothing to change in the schema"));
    }
    let built = Schema::builder()
        .with_fields(fields)
        .with_identifier_field_ids(current.identifier_field_ids())
        .with_schema_id(next_id(metadata))
        .build();
    let new = built.map_err(|e| from_iceberg(e, "the columns cannot be changed so"))?;
    let follow = mapping::follow(metadata, &new, &added);
    let (requirements, mut updates) = made_current(metadata, new);
    updates.extend(follow);
    Ok((requirements, updates))
}

fn next_id(metadata: &TableMetadata) -> i32 {
    metadata.schemas_iter().map(|s| s.schema_id()).max().unwrap_or(0).saturating_add(1)
}

fn made_current(metadata: &TableMetadata, schema: Schema) -> Parts {
    let requirements = vec![
        TableRequirement::CurrentSchemaIdMatch { current_schema_id: metadata.current_schema_id() },
        TableRequirement::LastAssignedFieldIdMatch { last_assigned_field_id: metadata.last_column_id() },
    ];
    let updates = vec![TableUpdate::AddSchema { schema }, TableUpdate::SetCurrentSchema { schema_id: LAST_ADDED }];
    (requirements, updates)
}

fn check_column(metadata: &TableMetadata, column: &NestedField) -> Result<()> {
    if column.name.is_empty() {
        return Err(Error::invalid("a column needs a name"));
    }
    let has_default = metadata.format_version() >= FormatVersion::V3 && column.initial_default.is_some();
    if column.required && !has_default {
        return Err(Error::invalid(
            "a column added to a table must be optional: rows that are there have no value for it",
        )
        .with("column", &column.name));
    }
    let nanoseconds = |t: &PrimitiveType| matches!(t, PrimitiveType::TimestampNs | PrimitiveType::TimestamptzNs);
    if metadata.format_version() < FormatVersion::V3 && any_primitive(&column.field_type, &nanoseconds) {
        return Err(Error::unsupported("timestamps of nanoseconds need format version 3").with("column", &column.name));
    }
    Ok(())
}

fn any_primitive(kind: &Type, wanted: &dyn Fn(&PrimitiveType) -> bool) -> bool {
    match kind {
        Type::Primitive(primitive) => wanted(primitive),
        Type::Struct(inner) => inner.fields().iter().any(|f| any_primitive(&f.field_type, wanted)),
        Type::List(list) => any_primitive(&list.element_field.field_type, wanted),
        Type::Map(map) => {
            any_primitive(&map.key_field.field_type, wanted) || any_primitive(&map.value_field.field_type, wanted)
        }
    }
}

/// A column that a spec partitions by, a sort order sorts by or that identifies rows must stay. Older specs count:
/// files written under them could not be read any more.
fn check_unused(metadata: &TableMetadata, field: &NestedField) -> Result<()> {
    let mut ids = HashSet::from([field.id]);
    collect_ids(&field.field_type, &mut ids);
    let refused = |by: String| {
        Err(Error::invalid(format!("the column cannot be dropped: {by} uses it")).with("column", &field.name))
    };
    let mut specs: Vec<_> = metadata.partition_specs_iter().collect();
    specs.sort_by_key(|spec| (spec.spec_id() != metadata.default_partition_spec_id(), spec.spec_id()));
    for spec in specs {
        if let Some(used) = spec.fields().iter().find(|f| ids.contains(&f.source_id)) {
            let age = if spec.spec_id() == metadata.default_partition_spec_id() { "the" } else { "the older" };
            return refused(format!("{age} partition spec {} (field {})", spec.spec_id(), used.name));
        }
    }
    if metadata.default_sort_order().fields.iter().any(|f| ids.contains(&f.source_id)) {
        return refused(format!("the sort order {}", metadata.default_sort_order().order_id));
    }
    if metadata.current_schema().identifier_field_ids().any(|id| ids.contains(&id)) {
        return refused("the set of identifier fields".into());
    }
    Ok(())
}

fn collect_ids(kind: &Type, ids: &mut HashSet<i32>) {
    let fields: Vec<&NestedFieldRef> = match kind {
        Type::Primitive(_) => Vec::new(),
        Type::Struct(inner) => inner.fields().iter().collect(),
        Type::List(list) => vec![&list.element_field],
        Type::Map(map) => vec![&map.key_field, &map.value_field],
    };
    for field in fields {
        ids.insert(field.id);
        collect_ids(&field.field_type, ids);
    }
}

fn with_fresh_ids(field: &NestedField, last_id: &mut i32) -> Result<NestedFieldRef> {
    *last_id = last_id.checked_add(1).ok_or_else(|| Error::unsupported("the table has no field ids left"))?;
    let mut fresh = field.clone();
    fresh.id = *last_id;
    fresh.field_type = Box::new(type_with_fresh_ids(&field.field_type, last_id)?);
    Ok(Arc::new(fresh))
}

fn type_with_fresh_ids(kind: &Type, last_id: &mut i32) -> Result<Type> {
    Ok(match kind {
        Type::Primitive(_) => kind.clone(),
        Type::Struct(inner) => {
            let fields: Result<Vec<_>> = inner.fields().iter().map(|f| with_fresh_ids(f, last_id)).collect();
            Type::Struct(StructType::new(fields?))
        }
        Type::List(list) => Type::List(ListType { element_field: with_fresh_ids(&list.element_field, last_id)? }),
        Type::Map(map) => Type::Map(MapType {
            key_field: with_fresh_ids(&map.key_field, last_id)?,
            value_field: with_fresh_ids(&map.value_field, last_id)?,
        }),
    })
}
