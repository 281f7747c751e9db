//! Schemas, partition specs and sort orders: all that the table ever had.

use iceberg::spec::{NestedField, PartitionSpec, Schema, SortOrder, TableMetadata, Type};
use serde::Serialize;

use super::super::Table;
use super::super::cell::{self, Cell};
use super::manifests::snapshot;
use crate::Result;

/// One field of a schema; nested ones follow their parent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldRow {
    /// Its id, the same over all schemas.
    pub id: i32,
    /// Its full path: `address.city`, `tags.element`, `attributes.key`.
    pub name: String,
    /// Its type as Iceberg writes it: `decimal(12, 2)`, `list<string>`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether it must have a value.
    pub required: bool,
    /// What it means.
    pub doc: Option<String>,
    /// What rows have that were written before the field was added.
    pub initial_default: Option<Cell>,
    /// What writers put where nothing is given.
    pub write_default: Option<Cell>,
    /// How deep it is nested; zero for a column.
    #[serde(skip)]
    pub depth: usize,
    /// Whether it is one of the fields that identify a row.
    #[serde(skip)]
    pub identifies: bool,
}

/// One schema.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SchemaRow {
    /// Its id.
    pub schema_id: i32,
    /// Whether it is the current one.
    pub is_current: bool,
    /// The ids of the fields that identify a row.
    pub identifier_field_ids: Vec<i32>,
    /// Its fields, nested ones too, in their order.
    pub fields: Vec<FieldRow>,
}

/// All schemas, oldest first.
pub fn schemas(table: &Table) -> Vec<SchemaRow> {
    let metadata = table.metadata();
    let mut rows: Vec<SchemaRow> =
        metadata.schemas_iter().map(|schema| schema_row(schema, metadata.current_schema_id())).collect();
    rows.sort_by_key(|row| row.schema_id);
    rows
}

/// The id of the schema that a snapshot was written under; nothing where it does not say.
///
/// # Errors
/// [`Kind::NotFound`](crate::Kind::NotFound) for a snapshot the table does not know.
pub fn schema_of(table: &Table, snapshot_id: i64) -> Result<Option<i32>> {
    Ok(snapshot(table, Some(snapshot_id))?.and_then(|snapshot| snapshot.schema_id()))
}

pub(in crate::table) fn schema_row(schema: &Schema, current: i32) -> SchemaRow {
    let mut identifier_field_ids: Vec<i32> = schema.identifier_field_ids().collect();
    identifier_field_ids.sort_unstable();
    let mut fields = Vec::new();
    schema.as_struct().fields().iter().for_each(|field| push_field(&mut fields, "", 0, field));
    fields.iter_mut().for_each(|field| field.identifies = identifier_field_ids.contains(&field.id));
    SchemaRow { schema_id: schema.schema_id(), is_current: schema.schema_id() == current, identifier_field_ids, fields }
}

fn push_field(rows: &mut Vec<FieldRow>, parent: &str, depth: usize, field: &NestedField) {
    let name = if parent.is_empty() { field.name.clone() } else { format!("{parent}.{}", field.name) };
    let default = |value: &Option<_>| value.as_ref().map(|v| cell::of_literal(Some(v), Some(&field.field_type)));
    rows.push(FieldRow {
        id: field.id,
        name: name.clone(),
        type_name: type_name(&field.field_type),
        required: field.required,
        doc: field.doc.clone(),
        initial_default: default(&field.initial_default),
        write_default: default(&field.write_default),
        depth,
        identifies: false,
    });
    inner_fields(&field.field_type).for_each(|inner| push_field(rows, &name, depth + 1, inner));
}

/// The fields directly inside a type: none for a primitive one.
fn inner_fields(of_type: &Type) -> Box<dyn Iterator<Item = &NestedField> + '_> {
    match of_type {
        Type::Primitive(_) => Box::new(std::iter::empty()),
        Type::Struct(fields) => Box::new(fields.fields().iter().map(AsRef::as_ref)),
        Type::List(list) => Box::new(std::iter::once(&*list.element_field)),
        Type::Map(map) => Box::new([&*map.key_field, &*map.value_field].into_iter()),
    }
}

/// A type as Iceberg writes it: `struct<city: string, zip: int>`, `map<string, long>`, `fixed[16]`.
pub fn type_name(of_type: &Type) -> String {
    match of_type {
        Type::Primitive(iceberg::spec::PrimitiveType::Fixed(size)) => format!("fixed[{size}]"),
        Type::Primitive(primitive) => primitive.to_string(),
        Type::List(list) => format!("list<{}>", type_name(&list.element_field.field_type)),
        Type::Map(map) => {
            format!("map<{}, {}>", type_name(&map.key_field.field_type), type_name(&map.value_field.field_type))
        }
        Type::Struct(fields) => {
            let field = |f: &iceberg::spec::NestedFieldRef| format!("{}: {}", f.name, type_name(&f.field_type));
            format!("struct<{}>", fields.fields().iter().map(field).collect::<Vec<_>>().join(", "))
        }
    }
}

/// What statistics are told of: every column, and every primitive field inside one, by id and full name.
pub(super) fn measured(schema: &Schema) -> Vec<(i32, String)> {
    let mut rows = Vec::new();
    schema.as_struct().fields().iter().for_each(|field| push_field(&mut rows, "", 0, field));
    let primitive = |id: i32| schema.field_by_id(id).is_some_and(|field| field.field_type.is_primitive());
    rows.into_iter().filter(|row| row.depth == 0 || primitive(row.id)).map(|row| (row.id, row.name)).collect()
}

/// One field of a partition spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpecFieldRow {
    /// Its id, the same over all specs.
    pub field_id: i32,
    /// Its name.
    pub name: String,
    /// What is done to the source column: `day`, `bucket[16]`, ...
    pub transform: String,
    /// The source column's id.
    pub source_id: i32,
    /// The source column's name, in the current schema or else the latest that has it.
    pub source: Option<String>,
}

/// One partition spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpecRow {
    /// Its id.
    pub spec_id: i32,
    /// Whether it is the one that new files are written under.
    pub is_default: bool,
    /// Its fields; none where the table is not partitioned.
    pub fields: Vec<SpecFieldRow>,
}

/// All partition specs, oldest first.
pub fn specs(table: &Table) -> Vec<SpecRow> {
    let metadata = table.metadata();
    let mut rows: Vec<SpecRow> = metadata.partition_specs_iter().map(|spec| spec_row(metadata, spec)).collect();
    rows.sort_by_key(|row| row.spec_id);
    rows
}

pub(in crate::table) fn spec_row(metadata: &TableMetadata, spec: &PartitionSpec) -> SpecRow {
    let field = |field: &iceberg::spec::PartitionField| SpecFieldRow {
        field_id: field.field_id,
        name: field.name.clone(),
        transform: field.transform.to_string(),
        source_id: field.source_id,
        source: column_name(metadata, field.source_id),
    };
    SpecRow {
        spec_id: spec.spec_id(),
        is_default: spec.spec_id() == metadata.default_partition_spec_id(),
        fields: spec.fields().iter().map(field).collect(),
    }
}

/// The full name of a column: in the current schema, else in the latest schema that has it.
pub(super) fn column_name(metadata: &TableMetadata, id: i32) -> Option<String> {
    let current = metadata.current_schema().name_by_field_id(id).map(str::to_string);
    current.or_else(|| newest_first(metadata).iter().find_map(|schema| schema.name_by_field_id(id).map(str::to_string)))
}

/// The type of a column: in the current schema, else in the latest schema that has it.
pub(super) fn column_type(metadata: &TableMetadata, id: i32) -> Option<Type> {
    let of = |schema: &Schema| schema.field_by_id(id).map(|field| (*field.field_type).clone());
    of(metadata.current_schema()).or_else(|| newest_first(metadata).into_iter().find_map(of))
}

fn newest_first(metadata: &TableMetadata) -> Vec<&Schema> {
    let mut schemas: Vec<&Schema> = metadata.schemas_iter().map(AsRef::as_ref).collect();
    schemas.sort_by_key(|schema| std::cmp::Reverse(schema.schema_id()));
    schemas
}

/// One field of a sort order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SortFieldRow {
    /// The source column's id.
    pub source_id: i32,
    /// The source column's name, where it is known.
    pub source: Option<String>,
    /// What is done to it before comparing: `identity`, `bucket[16]`, ...
    pub transform: String,
    /// `asc` or `desc`.
    pub direction: &'static str,
    /// `nulls-first` or `nulls-last`.
    pub null_order: &'static str,
}

/// One sort order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SortOrderRow {
    /// Its id; zero is unsorted.
    pub order_id: i64,
    /// Whether it is the one that writers should follow.
    pub is_default: bool,
    /// Its fields; none where it is unsorted.
    pub fields: Vec<SortFieldRow>,
}

/// All sort orders, oldest first.
pub fn sort_orders(table: &Table) -> Vec<SortOrderRow> {
    let metadata = table.metadata();
    let mut rows: Vec<SortOrderRow> = metadata.sort_orders_iter().map(|order| order_row(metadata, order)).collect();
    rows.sort_by_key(|row| row.order_id);
    rows
}

pub(in crate::table) fn order_row(metadata: &TableMetadata, order: &SortOrder) -> SortOrderRow {
    use iceberg::spec::{NullOrder, SortDirection};
    let field = |field: &iceberg::spec::SortField| SortFieldRow {
        source_id: field.source_id,
        source: column_name(metadata, field.source_id),
        transform: field.transform.to_string(),
        direction: match field.direction {
            SortDirection::Ascending => "asc",
            SortDirection::Descending => "desc",
        },
        null_order: match field.null_order {
            NullOrder::First => "nulls-first",
            NullOrder::Last => "nulls-last",
        },
    };
    SortOrderRow {
        order_id: order.order_id,
        is_default: order.order_id == metadata.default_sort_order_id(),
        fields: order.fields.iter().map(field).collect(),
    }
}

/// On one line: `day(ordered_at), bucket[16](id)`; `unpartitioned` without fields.
impl std::fmt::Display for SpecRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let field = |f: &SpecFieldRow| transformed(&f.transform, f.source.as_deref().unwrap_or(&f.name));
        let fields: Vec<String> = self.fields.iter().map(field).collect();
        f.write_str(if fields.is_empty() { "unpartitioned" } else { "" })?;
        f.write_str(&fields.join(", "))
    }
}

/// On one line: `ordered_at desc nulls-last`; `unsorted` without fields.
impl std::fmt::Display for SortOrderRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let field = |f: &SortFieldRow| {
            let source = f.source.clone().unwrap_or_else(|| format!("column {}", f.source_id));
            format!("{} {} {}", transformed(&f.transform, &source), f.direction, f.null_order)
        };
        let fields: Vec<String> = self.fields.iter().map(field).collect();
        f.write_str(if fields.is_empty() { "unsorted" } else { "" })?;
        f.write_str(&fields.join(", "))
    }
}

fn transformed(transform: &str, source: &str) -> String {
    if transform == "identity" { source.to_string() } else { format!("{transform}({source})") }
}
