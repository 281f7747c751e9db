//! Schemas as trees: finding a field among its siblings and putting what comes of an edit back in its place.

use std::sync::Arc;

use iceberg::spec::{ListType, MapType, NestedField, NestedFieldRef, StructType, Type};

use crate::{Error, Result};

/// An edit of the fields of one struct.
pub(super) type Edit<'a> = &'a dyn Fn(Vec<NestedFieldRef>) -> Result<Vec<NestedFieldRef>>;

/// Edits the struct that has the field `id`, however deep; nothing where none has. The element of a list and the value
/// of a map count as the only one of their kind, and must stay there under their name; keys of maps never change.
pub(super) fn among_siblings(fields: &[NestedFieldRef], id: i32, edit: Edit) -> Result<Option<Vec<NestedFieldRef>>> {
    if fields.iter().any(|field| field.id == id) {
        return edit(fields.to_vec()).map(Some);
    }
    let mut edited = fields.to_vec();
    for field in &mut edited {
        if let Some(kind) = inside(&field.field_type, id, edit)? {
            *field = with_type(field, kind);
            return Ok(Some(edited));
        }
    }
    Ok(None)
}

fn inside(kind: &Type, id: i32, edit: Edit) -> Result<Option<Type>> {
    Ok(match kind {
        Type::Primitive(_) => None,
        Type::Struct(inner) => {
            among_siblings(inner.fields(), id, edit)?.map(|fields| Type::Struct(StructType::new(fields)))
        }
        Type::List(list) => {
            slot(&list.element_field, id, edit)?.map(|element_field| Type::List(ListType { element_field }))
        }
        Type::Map(map) => {
            if map.key_field.id == id {
                return Err(Error::unsupported("the key of a map cannot be changed"));
            }
            let (key, value) = (&map.key_field, &map.value_field);
            if let Some(key_field) = slot(key, id, edit)? {
                return Ok(Some(Type::Map(MapType { key_field, value_field: value.clone() })));
            }
            slot(value, id, edit)?.map(|value_field| Type::Map(MapType { key_field: key.clone(), value_field }))
        }
    })
}

/// The element of a list, the key or the value of a map.
fn slot(field: &NestedFieldRef, id: i32, edit: Edit) -> Result<Option<NestedFieldRef>> {
    if field.id != id {
        return Ok(inside(&field.field_type, id, edit)?.map(|kind| with_type(field, kind)));
    }
    match edit(vec![field.clone()])?.as_slice() {
        [edited] if edited.name == field.name && edited.id == id => Ok(Some(edited.clone())),
        _ => Err(Error::unsupported("the element of a list or the value of a map stays there under its name")),
    }
}

fn with_type(field: &NestedFieldRef, kind: Type) -> NestedFieldRef {
    Arc::new(NestedField { field_type: Box::new(kind), ..field.as_ref().clone() })
}

/// The members of the struct that a field is or holds (as elements of a list, as values of a map), and the id of the
/// field whose type that struct is.
pub(super) fn inside_of(field: &NestedField) -> Result<(i32, Vec<NestedFieldRef>)> {
    let (owner, kind) = match field.field_type.as_ref() {
        Type::List(list) => (list.element_field.id, list.element_field.field_type.as_ref()),
        Type::Map(map) => (map.value_field.id, map.value_field.field_type.as_ref()),
        kind => (field.id, kind),
    };
    match kind {
        Type::Struct(inner) => Ok((owner, inner.fields().to_vec())),
        _ => Err(Error::invalid("columns can only be added to a struct")),
    }
}
