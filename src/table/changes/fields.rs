//! How two schemas differ, field by field: by id, for names may move. Pure.

use std::collections::HashMap;
use std::fmt;

use iceberg::spec::{Schema, TableMetadata};
use serde::Serialize;

use super::super::Table;
use super::super::inspect::{FieldRow, SchemaRow, schema_row, snapshot};
use crate::{Error, Result};

/// In which way a field differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldDifference {
    /// Only the second schema has it.
    Added,
    /// Only the first has it.
    Dropped,
    /// It has another name.
    Renamed,
    /// It has another type.
    Retyped,
    /// It must have a value, or need not any more.
    Required,
    /// Its documentation is another.
    Documented,
    /// One of its defaults is another.
    Defaulted,
}

/// One difference of one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The field's id.
    pub id: i32,
    /// Its full name, now or before it was dropped.
    pub name: String,
    /// In which way it differs.
    pub change: FieldDifference,
    /// What it was, where it was there.
    pub before: Option<String>,
    /// What it is, where it is there.
    pub after: Option<String>,
}

/// How the schema of one snapshot differs from another's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchemaChange {
    /// The schema that the first is read with.
    pub from_schema_id: i32,
    /// The schema that the second is read with.
    pub to_schema_id: i32,
    /// Each difference, in the order of the fields, dropped ones last.
    pub fields: Vec<FieldChange>,
}

/// In a few words: `+ note string`, `− legacy`, `amount: float → double`. Not safe to show raw.
impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, before, after) = (&self.name, words(&self.before), words(&self.after));
        match self.change {
            FieldDifference::Added => write!(f, "+ {name} {after}"),
            FieldDifference::Dropped => write!(f, "− {name}"),
            FieldDifference::Renamed => write!(f, "{before} → {after}"),
            FieldDifference::Retyped => write!(f, "{name}: {before} → {after}"),
            FieldDifference::Required => write!(f, "{name}: {after}"),
            FieldDifference::Documented => write!(f, "{name}: doc"),
            FieldDifference::Defaulted => write!(f, "{name}: default"),
        }
    }
}

fn words(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

/// What is different from one schema to another.
pub fn field_changes(before: &SchemaRow, after: &SchemaRow) -> Vec<FieldChange> {
    let old: HashMap<i32, &FieldRow> = before.fields.iter().map(|f| (f.id, f)).collect();
    let new: HashMap<i32, &FieldRow> = after.fields.iter().map(|f| (f.id, f)).collect();
    let change = |field: &FieldRow, change, before, after| FieldChange {
        id: field.id,
        name: field.name.clone(),
        change,
        before,
        after,
    };
    let mut told = Vec::new();
    let mut renamed: Option<(&FieldRow, &FieldRow)> = None;
    for field in &after.fields {
        let Some(was) = old.get(&field.id) else {
            told.push(change(field, FieldDifference::Added, None, Some(field.type_name.clone())));
            continue;
        };
        if was.name != field.name && !renamed.is_some_and(|outer| follows(outer, was, field)) {
            renamed = Some((was, field));
            told.push(change(field, FieldDifference::Renamed, Some(was.name.clone()), Some(field.name.clone())));
        }
        told.extend(differences(was, field).map(|(what, before, after)| change(field, what, before, after)));
    }
    let gone = before.fields.iter().filter(|f| !new.contains_key(&f.id));
    told.extend(gone.map(|f| change(f, FieldDifference::Dropped, Some(f.type_name.clone()), None)));
    told
}

/// Whether an inner field has another name only because the one around it has.
fn follows((was_outer, outer): (&FieldRow, &FieldRow), was: &FieldRow, is: &FieldRow) -> bool {
    let inner = |name: &str, outer: &str| name.strip_prefix(outer).filter(|rest| rest.starts_with('.')).map(str::len);
    let (then, now) = (inner(&was.name, &was_outer.name), inner(&is.name, &outer.name));
    then.is_some() && was.name.get(was_outer.name.len()..) == is.name.get(outer.name.len()..) && now.is_some()
}

type Difference = (FieldDifference, Option<String>, Option<String>);

/// What differs beside the name. The type of a nested field is told by the fields inside.
fn differences(was: &FieldRow, is: &FieldRow) -> impl Iterator<Item = Difference> {
    let stands = |required: bool| Some(if required { "required" } else { "optional" }.to_string());
    let defaults = |field: &FieldRow| {
        let told = [("initially", &field.initial_default), ("written", &field.write_default)];
        let told = told.into_iter().filter_map(|(word, value)| Some(format!("{word} {}", value.as_ref()?.exact())));
        Some(told.collect::<Vec<_>>().join(", ")).filter(|told| !told.is_empty())
    };
    let is_nested = was.type_name.contains('<') && is.type_name.contains('<');
    let retyped = (was.type_name != is.type_name && !is_nested)
        .then(|| (FieldDifference::Retyped, Some(was.type_name.clone()), Some(is.type_name.clone())));
    let required =
        (was.required != is.required).then(|| (FieldDifference::Required, stands(was.required), stands(is.required)));
    let documented = (was.doc != is.doc).then(|| (FieldDifference::Documented, was.doc.clone(), is.doc.clone()));
    let defaulted = (was.initial_default != is.initial_default || was.write_default != is.write_default)
        .then(|| (FieldDifference::Defaulted, defaults(was), defaults(is)));
    [retyped, required, documented, defaulted].into_iter().flatten()
}

/// The difference of two schemas, with their ids.
pub(super) fn schema_change(before: &SchemaRow, after: &SchemaRow) -> SchemaChange {
    let (from_schema_id, to_schema_id) = (before.schema_id, after.schema_id);
    SchemaChange { from_schema_id, to_schema_id, fields: field_changes(before, after) }
}

/// The schema that a snapshot is read with: the current one the table's, an older one its own, or the one that was
/// current when it was made, where it does not say.
pub(super) fn schema_at(table: &Table, id: i64, then: Option<&TableMetadata>) -> Result<SchemaRow> {
    let metadata = table.metadata();
    let current = metadata.current_schema_id();
    let row = |schema: &Schema| schema_row(schema, current);
    if metadata.current_snapshot_id() == Some(id) {
        return Ok(row(metadata.current_schema()));
    }
    let own = snapshot(table, Some(id))?.and_then(|snapshot| snapshot.schema_id());
    match (own, then) {
        (Some(own), _) => metadata.schema_by_id(own).map(|schema| row(schema)).ok_or_else(|| {
            Error::corrupt("the snapshot's schema is not in the metadata")
                .with("table", table.name())
                .with("schema", own)
        }),
        (None, Some(then)) => Ok(row(then.current_schema())),
        (None, None) => Ok(row(metadata.current_schema())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(id: i32, name: &str, type_name: &str) -> FieldRow {
        FieldRow {
            id,
            name: name.into(),
            type_name: type_name.into(),
            required: false,
            doc: None,
            initial_default: None,
            write_default: None,
            depth: name.matches('.').count(),
            identifies: false,
        }
    }

    fn told(before: Vec<FieldRow>, after: Vec<FieldRow>) -> Vec<String> {
        let schema =
            |schema_id, fields| SchemaRow { schema_id, is_current: false, identifier_field_ids: vec![], fields };
        field_changes(&schema(0, before), &schema(1, after)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn fields_are_known_by_their_ids() {
        let before = vec![field(1, "id", "int"), field(2, "old", "string"), field(3, "gone", "long")];
        let described = FieldRow { required: true, doc: Some("what".into()), ..field(1, "id", "long") };
        let after = vec![described, field(2, "new", "string"), field(4, "gone", "long")];
        let expected =
            ["id: int → long", "id: required", "id: doc", "old → new", "+ gone long", "− gone"].map(String::from);
        assert_eq!(told(before, after), expected);
    }

    #[test]
    fn inner_fields_move_with_the_one_around_them() {
        let before = vec![field(1, "a", "struct<x: int>"), field(2, "a.x", "int"), field(3, "a.y", "int")];
        let after = vec![field(1, "b", "struct<x: long>"), field(2, "b.x", "long"), field(3, "b.z", "int")];
        assert_eq!(told(before, after), ["a → b", "b.x: int → long", "a.y → b.z"]);
    }
}
