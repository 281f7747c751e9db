//! An Iceberg schema written as JSON: looked through before anything takes it apart, so that a mistake is told with the
//! field that has it, and none is too deep to be read again.

use std::path::Path;

use iceberg::spec::{Literal, PrimitiveType, Schema, Type};
use serde_json::{Map, Value};

use crate::ingest::source::DEEPEST;
use crate::storage::small_text;
use crate::{Error, Kind, Result};

const EXAMPLE: &str =
    r#"{"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "id", "type": "long", "required": true}]}"#;
const TYPES: &str = "boolean, int, long, float, double, decimal(p,s), date, time, timestamp, timestamptz, string, uuid, fixed[n], binary";

/// Reads a schema's file.
pub(super) fn read(path: &Path) -> Result<Schema> {
    let text = small_text(path).map_err(|e| {
        let kind = match e.kind() {
            std::io::ErrorKind::NotFound => Kind::NotFound,
            std::io::ErrorKind::PermissionDenied => Kind::Denied,
            _ => Kind::Invalid,
        };
        Error::new(kind, format!("cannot read the schema file: {e}")).with("file", path.display())
    })?;
    let value: Value = serde_json::from_str(&text).map_err(|e| {
        let what = e.to_string();
        let why = if what.starts_with("recursion limit") { "is nested too deeply" } else { "is not JSON" };
        Error::invalid(format!("the schema {why}: {what}")).with("file", path.display()).hint(EXAMPLE)
    })?;
    checked(value).map_err(|e| e.with("file", path.display()))
}

fn checked(value: Value) -> Result<Schema> {
    let fields = value.as_object().and_then(|schema| schema.get("fields"));
    let Some(Value::Array(fields)) = fields else {
        return Err(Error::invalid("not an Iceberg schema: it has no list of fields").hint(EXAMPLE));
    };
    struct_fields(fields, "", 1)?;
    serde_json::from_value(value).map_err(|e| Error::invalid(format!("not an Iceberg schema: {e}")).hint(EXAMPLE))
}

/// The fields of a struct. `within` is the path of the struct with a point behind, `level` its own.
fn struct_fields(fields: &[Value], within: &str, level: usize) -> Result<()> {
    for (i, field) in fields.iter().enumerate() {
        let unnamed = || format!("{within}{}", i + 1);
        let Some(field) = field.as_object() else { return Err(wrong("a field is no object", &unnamed())) };
        let name = match field.get("name") {
            Some(Value::String(name)) if name.is_empty() => {
                return Err(Error::invalid("a column has no name").with("position", unnamed()));
            }
            Some(Value::String(name)) => format!("{within}{name}"),
            _ => return Err(wrong("a field has no name", &unnamed())),
        };
        typed(field, ["id", "type", "required"], &name, level)?;
        defaults(field, &name)?;
    }
    Ok(())
}

/// The id, the type and whether it is required, by these names, of what is called `name`.
fn typed(of: &Map<String, Value>, [id, kind, required]: [&str; 3], name: &str, level: usize) -> Result<()> {
    if of.get(id).and_then(Value::as_i64).and_then(|id| i32::try_from(id).ok()).is_none() {
        return Err(wrong(&format!("{id} is missing, or no whole number"), name));
    }
    if !required.is_empty() && !of.get(required).is_some_and(Value::is_boolean) {
        return Err(wrong(&format!("{required} is missing, or neither true nor false"), name));
    }
    match of.get(kind) {
        Some(Value::String(text)) => primitive(text, name),
        Some(Value::Object(nested)) => self::nested(nested, name, level + 1),
        Some(_) => Err(wrong(&format!("{kind} is neither the name of a type nor an object"), name)),
        None => Err(wrong(&format!("{kind} is missing"), name)),
    }
}

/// iceberg's crate passes over a default that it cannot read: here it is an error.
fn defaults(field: &Map<String, Value>, name: &str) -> Result<()> {
    for key in ["initial-default", "write-default"] {
        let Some(told) = field.get(key).filter(|told| !told.is_null()) else { continue };
        let Ok(of) = serde_json::from_value::<PrimitiveType>(field.get("type").cloned().unwrap_or_default()) else {
            return Err(wrong(&format!("{key} is given where only plain types have one"), name));
        };
        if !matches!(Literal::try_from_json(told.clone(), &Type::Primitive(of.clone())), Ok(Some(_))) {
            let what = wrong(&format!("{key} is no value that can be kept"), name).with("type", of);
            return Err(what.hint("write it as the specification of Iceberg has it, or leave it out"));
        }
    }
    Ok(())
}

fn primitive(text: &str, name: &str) -> Result<()> {
    match serde_json::from_value::<PrimitiveType>(Value::String(text.into())) {
        Ok(of) => possible(&of).map_err(|why| wrong(&why, name)),
        Err(_) => Err(wrong("not a type of Iceberg", name).with("type", text).hint(TYPES)),
    }
}

fn nested(of: &Map<String, Value>, name: &str, level: usize) -> Result<()> {
    if level > DEEPEST {
        return Err(too_deep(name));
    }
    match of.get("type").and_then(Value::as_str) {
        Some("struct") => match of.get("fields") {
            Some(Value::Array(fields)) => struct_fields(fields, &format!("{name}."), level),
            _ => Err(wrong("a struct has no list of fields", name)),
        },
        Some("list") => typed(of, ["element-id", "element", "element-required"], &format!("{name}.element"), level),
        Some("map") => {
            typed(of, ["key-id", "key", ""], &format!("{name}.key"), level)?;
            typed(of, ["value-id", "value", "value-required"], &format!("{name}.value"), level)
        }
        _ => Err(wrong("a nested type is none of struct, list and map", name)),
    }
}

fn wrong(why: &str, name: &str) -> Error {
    Error::invalid(why).with("field", name)
}

fn too_deep(name: &str) -> Error {
    Error::unsupported(format!("nested deeper than {DEEPEST} levels")).with("field", name)
}

/// Whether a type can be a column's: how deep it is, and what numbers stand in it.
pub(super) fn check_type(of: &Type, name: &str) -> Result<()> {
    check_level(of, name, 1)
}

fn check_level(of: &Type, name: &str, level: usize) -> Result<()> {
    let within = |of: &Type, part: &str| check_level(of, &format!("{name}.{part}"), level + 1);
    match of {
        Type::Primitive(of) => possible(of).map_err(|why| wrong(&why, name)),
        _ if level >= DEEPEST => Err(too_deep(name)),
        Type::Struct(of) => of.fields().iter().try_for_each(|field| within(&field.field_type, &field.name)),
        Type::List(of) => within(&of.element_field.field_type, "element"),
        Type::Map(of) => {
            within(&of.key_field.field_type, "key")?;
            within(&of.value_field.field_type, "value")
        }
    }
}

/// Why there is no such type.
pub(super) fn possible(of: &PrimitiveType) -> Result<(), String> {
    match of {
        PrimitiveType::Decimal { precision, .. } if !(1..=38).contains(precision) => {
            Err(format!("a decimal has 1 to 38 digits, not {precision}"))
        }
        PrimitiveType::Decimal { precision, scale } if scale > precision => {
            Err(format!("a decimal of {precision} digits cannot have {scale} of them behind the point"))
        }
        PrimitiveType::Fixed(0) => Err("fixed has a length of 1 at least".into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(field: &str) -> String {
        let text = format!(r#"{{"type": "struct", "fields": [{field}]}}"#);
        checked(serde_json::from_str(&text).unwrap()).map_or_else(|e| e.to_string(), |_| "fine".into())
    }

    fn of_type(kind: &str) -> String {
        told(&format!(r#"{{"id": 1, "name": "a", "required": false, "type": {kind}}}"#))
    }

    #[test]
    fn mistakes_are_told_with_their_field() {
        assert_eq!(of_type(r#""decimal(38,10)""#), "fine");
        assert_eq!(of_type(r#""decimal(40,2)""#), "a decimal has 1 to 38 digits, not 40 (field a)");
        assert_eq!(
            of_type(r#""decimal(5,9)""#),
            "a decimal of 5 digits cannot have 9 of them behind the point (field a)"
        );
        assert_eq!(of_type(r#""decimal(0,0)""#), "a decimal has 1 to 38 digits, not 0 (field a)");
        assert_eq!(of_type(r#""fixed[0]""#), "fixed has a length of 1 at least (field a)");
        assert!(of_type(r#""varchar""#).starts_with("not a type of Iceberg (field a, type varchar)"));
        assert_eq!(
            of_type(r#"{"type": "list", "element-id": 2, "element-required": true, "element": "nope"}"#)[..36],
            "not a type of Iceberg (field a.element"[..36]
        );
        assert_eq!(told(r#"{"id": 1, "required": true, "type": "int"}"#), "a field has no name (field 1)");
        assert_eq!(
            told(r#"{"name": "b", "required": true, "type": "int"}"#),
            "id is missing, or no whole number (field b)"
        );
    }

    #[test]
    fn what_is_too_deep_is_refused_however_it_is_nested() {
        let lists = |levels: usize| {
            let open = r#"{"type": "list", "element-id": 2, "element-required": true, "element": "#;
            of_type(&format!("{}\"int\"{}", open.repeat(levels), "}".repeat(levels)))
        };
        assert!(
            lists(DEEPEST).starts_with("nested deeper than 32 levels (field a.element.element"),
            "{}",
            lists(DEEPEST)
        );
        assert!(!lists(DEEPEST - 1).starts_with("nested"), "{}", lists(DEEPEST - 1));
    }
}
