//! Altering a table: columns, partition fields, sort order, properties, format version. One asserted change each.

use std::collections::BTreeMap;

use iceberg::spec::{FormatVersion, NestedField, PrimitiveType, TableMetadata, Type};
use serde::Serialize;

use super::prepared::Prepared;
use crate::commit::{Change, ColumnPlace, SchemaEdit, SpecEdit};
use crate::ingest::create::{ColumnType, partition_spec, sort_order};
use crate::table::Table;
use crate::table::refs::MAIN;
use crate::{Error, Result};

/// What is asked for. Columns are named in full, those inside a struct with dots (`address.city`).
#[derive(Debug, Clone, PartialEq)]
pub enum Alteration {
    /// A new column that may be null.
    AddColumn {
        /// Its name, behind that of the struct it goes into.
        column: String,
        /// Its type.
        column_type: ColumnType,
        /// What it means.
        doc: Option<String>,
        /// Where; nothing: at the end.
        place: Option<ColumnPlace>,
    },
    /// A column taken out. Its values stay in the files, and are not shown any more.
    DropColumn(String),
    /// Another name.
    RenameColumn {
        /// The column.
        column: String,
        /// Its new name, without those around it.
        to: String,
    },
    /// A wider type.
    Retype {
        /// The column.
        column: String,
        /// The type.
        to: ColumnType,
    },
    /// Another place.
    Move {
        /// The column.
        column: String,
        /// Where.
        place: ColumnPlace,
    },
    /// The column may be null from now on.
    MakeOptional(String),
    /// What is said of a column; nothing takes the words away.
    Doc {
        /// The column.
        column: String,
        /// The words.
        doc: Option<String>,
    },
    /// New partition fields for files still to be written: `day(ts), bucket(8, id) as shard`.
    AddPartitions(String),
    /// Partition fields taken out, by their names.
    DropPartitions(Vec<String>),
    /// A new sort order for files still to be written: `ts desc, id`; empty for none.
    SortBy(String),
    /// Properties set and removed.
    Properties {
        /// Set or replaced.
        set: BTreeMap<String, String>,
        /// Removed.
        remove: Vec<String>,
    },
    /// A later format version. There is no way back.
    FormatVersion(u8),
}

/// An alteration that can be shown and carried out.
#[derive(Debug, Clone, Serialize)]
pub struct AlterPlan {
    /// The change.
    #[serde(flatten)]
    pub prepared: Prepared,
    /// The current schema now.
    pub schema_id: i32,
    /// The default partition spec now.
    pub spec_id: i32,
}

/// Plans an alteration of exactly this state of the table. What the format forbids is said by [`Prepared::request`].
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) for text that is no partition field or sort order,
/// [`Kind::NotFound`](crate::Kind::NotFound) for properties that are not set.
pub fn alter(table: &Table, wanted: &Alteration) -> Result<AlterPlan> {
    let metadata = table.metadata();
    let (change, what) = change(metadata, wanted)?;
    let mut prepared = Prepared::new("alter", table, MAIN, change, format!("{what} in {}", table.name()));
    prepared.asks_for_name = matches!(wanted, Alteration::FormatVersion(_));
    match wanted {
        Alteration::FormatVersion(_) => prepared.notes.push("a format version is never lowered again".into()),
        Alteration::AddPartitions(_) | Alteration::DropPartitions(_) | Alteration::SortBy(_) => {
            prepared.notes.push("files that are written already stay as they are".into());
        }
        _ => {}
    }
    Ok(AlterPlan { prepared, schema_id: metadata.current_schema_id(), spec_id: metadata.default_partition_spec_id() })
}

fn change(metadata: &TableMetadata, wanted: &Alteration) -> Result<(Change, String)> {
    Ok(match wanted {
        Alteration::AddPartitions(fields) => {
            (Change::EditSpec(partition_edits(metadata, fields)?), format!("partition by {fields}"))
        }
        Alteration::DropPartitions(names) => {
            let edits = names.iter().map(|name| SpecEdit::Remove { name: name.clone() }).collect();
            (Change::EditSpec(edits), format!("take partition fields {} out", names.join(", ")))
        }
        Alteration::SortBy(fields) => {
            let order = sort_order(fields, metadata.current_schema())?;
            let what = if order.fields.is_empty() { "sort by nothing".into() } else { format!("sort by {fields}") };
            (Change::SetSortOrder(order), what)
        }
        Alteration::Properties { set, remove } => properties(metadata, set, remove)?,
        Alteration::FormatVersion(version) => {
            let version = match version {
                1 => FormatVersion::V1,
                2 => FormatVersion::V2,
                3 => FormatVersion::V3,
                n => return Err(Error::unsupported(format!("there is no format version {n} here"))),
            };
            (Change::Upgrade(version), format!("go from format version {} to {version}", metadata.format_version()))
        }
        _ => {
            let (edit, what) = column_edit(wanted)?;
            (Change::EditSchema(vec![edit]), what)
        }
    })
}

fn column_edit(wanted: &Alteration) -> Result<(SchemaEdit, String)> {
    Ok(match wanted {
        Alteration::AddColumn { column, column_type, doc, place } => {
            let (parent, name) = match column.rsplit_once('.') {
                Some((parent, name)) => (Some(parent.to_string()), name),
                None => (None, column.as_str()),
            };
            // The id is given out by the edit.
            let mut field = NestedField::optional(0, name, column_type.as_type().clone());
            field.doc.clone_from(doc);
            let what = format!("add column {column} {column_type}");
            (SchemaEdit::Add { parent, column: field.into(), place: place.clone() }, what)
        }
        Alteration::DropColumn(column) => {
            (SchemaEdit::Drop { column: column.clone() }, format!("drop column {column}"))
        }
        Alteration::RenameColumn { column, to } => {
            (SchemaEdit::Rename { column: column.clone(), to: to.clone() }, format!("rename column {column} to {to}"))
        }
        Alteration::Retype { column, to } => {
            let edit = SchemaEdit::Retype { column: column.clone(), to: primitive(to)? };
            (edit, format!("make column {column} {to}"))
        }
        Alteration::Move { column, place } => {
            let edit = SchemaEdit::Move { column: column.clone(), place: place.clone() };
            let place = match place {
                ColumnPlace::First => "to the front".to_string(),
                ColumnPlace::Before(other) => format!("before {other}"),
                ColumnPlace::After(other) => format!("after {other}"),
            };
            (edit, format!("move column {column} {place}"))
        }
        Alteration::MakeOptional(column) => {
            (SchemaEdit::MakeOptional { column: column.clone() }, format!("let column {column} be null"))
        }
        Alteration::Doc { column, doc } => {
            let edit = SchemaEdit::Doc { column: column.clone(), doc: doc.clone() };
            (edit, format!("change what is said of column {column}"))
        }
        _ => return Err(Error::bug("this changes no column")),
    })
}

fn primitive(of: &ColumnType) -> Result<PrimitiveType> {
    match of.as_type() {
        Type::Primitive(primitive) => Ok(primitive.clone()),
        _ => Err(Error::unsupported("a column cannot become a struct, list or map").with("type", of)),
    }
}

fn partition_edits(metadata: &TableMetadata, fields: &str) -> Result<Vec<SpecEdit>> {
    let schema = metadata.current_schema();
    let spec = partition_spec(fields, schema)?;
    let column = |id: i32| {
        schema.name_by_field_id(id).map(str::to_string).ok_or_else(|| Error::bug("a partition field has no column"))
    };
    let edit = |field: &iceberg::spec::UnboundPartitionField| {
        let (transform, name) = (field.transform, Some(field.name.clone()));
        Ok(SpecEdit::Add { column: column(field.source_id)?, transform, name })
    };
    let edits: Vec<SpecEdit> = spec.fields().iter().map(edit).collect::<Result<_>>()?;
    if edits.is_empty() { Err(Error::invalid("no partition field is named")) } else { Ok(edits) }
}

fn properties(metadata: &TableMetadata, set: &BTreeMap<String, String>, remove: &[String]) -> Result<(Change, String)> {
    if let Some(key) = remove.iter().find(|key| !metadata.properties().contains_key(*key)) {
        return Err(Error::not_found("the table has no such property").with("property", key));
    }
    if remove.is_empty() && set.iter().all(|(key, value)| metadata.properties().get(key) == Some(value)) {
        let what = if set.is_empty() { "no property is named" } else { "each property has that value already" };
        return Err(Error::invalid(what).with("properties", set.keys().cloned().collect::<Vec<_>>().join(", ")));
    }
    let mut what = Vec::new();
    if !set.is_empty() {
        let names: Vec<&str> = set.keys().map(String::as_str).collect();
        what.push(format!("set {}", names.join(", ")));
    }
    if !remove.is_empty() {
        what.push(format!("remove {}", remove.join(", ")));
    }
    Ok((Change::SetProperties { set: set.clone(), remove: remove.to_vec() }, what.join(" and ")))
}
