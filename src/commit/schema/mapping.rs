//! Properties that speak of columns by name, kept in step with the schema as Iceberg Java does: the name mapping gets
//! new names and new columns, settings of single columns follow a rename and go with a drop.

use std::collections::{BTreeMap, HashSet};

use iceberg::TableUpdate;
use iceberg::spec::{NestedField, Schema, TableMetadata, Type};
use serde_json::{Value, json};

const MAPPING: &str = "schema.name-mapping.default";
const OF_COLUMNS: [&str; 3] = [
    "write.metadata.metrics.column.",
    "write.parquet.bloom-filter-enabled.column.",
    "write.parquet.bloom-filter-fpp.column.",
];

/// What to set and remove when `new` takes the place of the current schema; `added` tells the struct around each new
/// column.
pub(super) fn follow(metadata: &TableMetadata, new: &Schema, added: &[(Option<i32>, i32)]) -> Vec<TableUpdate> {
    let mut updates = BTreeMap::new();
    let mut removals = Vec::new();
    let old = metadata.current_schema();
    for (id, name) in old.field_id_to_name_map() {
        for prefix in OF_COLUMNS {
            let key = format!("{prefix}{name}");
            let Some(value) = metadata.properties().get(&key) else { continue };
            match new.name_by_field_id(*id) {
                Some(now) if now == name => {}
                Some(now) => {
                    updates.insert(format!("{prefix}{now}"), value.clone());
                    removals.push(key);
                }
                None => removals.push(key),
            }
        }
    }
    if let Some(mapping) = metadata.properties().get(MAPPING).and_then(|text| mapped(text, old, new, added)) {
        updates.insert(MAPPING.into(), mapping);
    }
    removals.retain(|key| !updates.contains_key(key));
    removals.sort();
    let mut found = Vec::new();
    if !updates.is_empty() {
        found.push(TableUpdate::SetProperties { updates: updates.into_iter().collect() });
    }
    if !removals.is_empty() {
        found.push(TableUpdate::RemoveProperties { removals });
    }
    found
}

/// The mapping after the change; nothing where it stays or is none.
fn mapped(text: &str, old: &Schema, new: &Schema, added: &[(Option<i32>, i32)]) -> Option<String> {
    let mut mapping: Value = match serde_json::from_str(text) {
        Ok(mapping) => mapping,
        Err(e) => {
            tracing::warn!(error = %e, "{MAPPING} is no JSON: it is left as it is");
            return None;
        }
    };
    let before = mapping.clone();
    let fields = mapping.as_array_mut()?;
    rename(fields, old, new);
    for (around, id) in added {
        let Some(field) = new.field_by_id(*id) else { continue };
        match around {
            None => add(fields, field),
            Some(around) if old.field_by_id(*around).is_none() => {} // It came with the column around it.
            Some(around) => {
                if let Some(parent) = find(fields, *around)
                    && let Some(parent) = parent.as_object_mut()
                    && let Some(children) = parent.entry("fields").or_insert_with(|| json!([])).as_array_mut()
                {
                    add(children, field);
                }
            }
        }
    }
    (mapping != before).then(|| mapping.to_string())
}

fn rename(fields: &mut [Value], old: &Schema, new: &Schema) {
    for field in fields {
        let id = field.get("field-id").and_then(Value::as_i64).and_then(|id| i32::try_from(id).ok());
        let names = id.and_then(|id| Some((&old.field_by_id(id)?.name, &new.field_by_id(id)?.name)));
        if let Some((was, is)) = names
            && was != is
            && let Some(names) = field.get_mut("names").and_then(Value::as_array_mut)
            && !names.iter().any(|name| name == is.as_str())
        {
            names.push(is.as_str().into());
        }
        if let Some(children) = field.get_mut("fields").and_then(Value::as_array_mut) {
            rename(children, old, new);
        }
    }
}

/// A new field beside others. A name that it takes over means the new field from now on.
fn add(siblings: &mut Vec<Value>, field: &NestedField) {
    for sibling in siblings.iter_mut() {
        if let Some(names) = sibling.get_mut("names").and_then(Value::as_array_mut) {
            names.retain(|name| name != field.name.as_str());
        }
    }
    siblings.push(created(field));
}

fn created(field: &NestedField) -> Value {
    let children: Vec<Value> = match field.field_type.as_ref() {
        Type::Primitive(_) => Vec::new(),
        Type::Struct(inner) => inner.fields().iter().map(|f| created(f)).collect(),
        Type::List(list) => vec![created(&list.element_field)],
        Type::Map(map) => vec![created(&map.key_field), created(&map.value_field)],
    };
    let mut found = json!({ "field-id": field.id, "names": [field.name] });
    if !children.is_empty() {
        found["fields"] = children.into();
    }
    found
}

fn find(fields: &mut [Value], id: i32) -> Option<&mut Value> {
    for field in fields {
        if field.get("field-id").and_then(Value::as_i64) == Some(i64::from(id)) {
            return Some(field);
        }
        if let Some(children) = field.get_mut("fields").and_then(Value::as_array_mut)
            && ids(children).contains(&id)
        {
            return find(children, id);
        }
    }
    None
}

fn ids(fields: &[Value]) -> HashSet<i32> {
    let mut found = HashSet::new();
    for field in fields {
        found.extend(field.get("field-id").and_then(Value::as_i64).and_then(|id| i32::try_from(id).ok()));
        found.extend(field.get("fields").and_then(Value::as_array).into_iter().flat_map(|children| ids(children)));
    }
    found
}
