//! The columns of a new table, told by a source, by a schema file or by hand.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use iceberg::spec::{ListType, Literal, MapType, NestedField, PrimitiveType, Schema, StructType, Type};

use crate::ingest::mapping::Mapping;
use crate::ingest::source::Source;
use crate::table::inspect::type_name;
use crate::{Error, Result};

/// A column that a new table shall have.
#[derive(Debug, Clone, PartialEq)]
pub struct NewColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub column_type: ColumnType,
    /// Whether it may not be null.
    pub required: bool,
    /// What it means.
    pub doc: Option<String>,
    /// What it holds in rows that were written before it, and in rows that say nothing of it; format version 3 only.
    pub defaults: Defaults,
    /// The full names of the identifier fields, of itself and those in it.
    pub identifier: Vec<String>,
}

/// The initial default and the write default of a column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Defaults {
    initial: Option<Literal>,
    write: Option<Literal>,
}

/// The Iceberg type of a column: `long`, `decimal(10, 2)`, `timestamptz`, .. Read from text where it is not nested.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnType(Type);

impl NewColumn {
    /// A column that may be null.
    pub fn optional(name: impl Into<String>, column_type: ColumnType) -> Self {
        let (name, defaults, identifier) = (name.into(), Defaults::default(), Vec::new());
        Self { name, column_type, required: false, doc: None, defaults, identifier }
    }

    /// The columns of a source, all of them optional: what a sample did not see may still come.
    ///
    /// # Errors
    /// [`Kind::Unsupported`](crate::Kind::Unsupported) for a type that Iceberg has no word for.
    pub fn of_source(source: &Source, format_version: u8) -> Result<Vec<Self>> {
        Self::of_mapping(source, &Mapping::default(), format_version)
    }

    /// The columns of an Iceberg schema written as JSON, as `metadata.json` holds it.
    ///
    /// # Errors
    /// [`Kind::NotFound`](crate::Kind::NotFound) and [`Kind::Invalid`](crate::Kind::Invalid), with the file.
    pub fn of_schema_file(path: &Path) -> Result<Vec<Self>> {
        let schema = super::schema_file::read(path)?;
        Ok(Self::of_schema(&schema))
    }

    fn of_schema(schema: &Schema) -> Vec<Self> {
        let column_of = |id: i32| {
            let within = |field: &&Arc<NestedField>| field.id == id || holds(&field.field_type, id);
            schema.as_struct().fields().iter().find(within).map(|field| field.id)
        };
        let identifier = |column: &NestedField| {
            let ids = schema.identifier_field_ids().filter(|id| column_of(*id) == Some(column.id));
            let mut names: Vec<_> = ids.filter_map(|id| schema.name_by_field_id(id)).map(str::to_string).collect();
            names.sort();
            names
        };
        let of = |field: &Arc<NestedField>| Self {
            name: field.name.clone(),
            column_type: ColumnType((*field.field_type).clone()),
            required: field.required,
            doc: field.doc.clone(),
            defaults: Defaults { initial: field.initial_default.clone(), write: field.write_default.clone() },
            identifier: identifier(field),
        };
        schema.as_struct().fields().iter().map(of).collect()
    }

    /// The column as a field of a schema; nested ids from `next_id` on.
    pub(super) fn field(&self, id: i32, next_id: &mut i32) -> NestedField {
        let mut field = NestedField::new(id, &self.name, self.column_type.with_fresh_ids(next_id), self.required);
        field.doc.clone_from(&self.doc);
        field.initial_default.clone_from(&self.defaults.initial);
        field.write_default.clone_from(&self.defaults.write);
        field
    }

    /// Whether it, or a field in it, has a default.
    pub(super) fn has_default(&self) -> bool {
        self.defaults != Defaults::default() || any_field(&self.column_type.0, &has_default)
    }
}

fn has_default(field: &NestedField) -> bool {
    field.initial_default.is_some() || field.write_default.is_some()
}

/// Whether the field of this id is somewhere in the type.
fn holds(of: &Type, id: i32) -> bool {
    any_field(of, &|field| field.id == id)
}

fn any_field(of: &Type, wanted: &dyn Fn(&NestedField) -> bool) -> bool {
    let is = |field: &Arc<NestedField>| wanted(field) || any_field(&field.field_type, wanted);
    match of {
        Type::Primitive(_) => false,
        Type::Struct(fields) => fields.fields().iter().any(is),
        Type::List(list) => is(&list.element_field),
        Type::Map(map) => is(&map.key_field) || is(&map.value_field),
    }
}

impl ColumnType {
    /// A type of iceberg's.
    pub(super) fn of(of: Type) -> Self {
        Self(of)
    }

    /// The same type whose nested fields carry fresh ids, from `next_id` on.
    pub(super) fn with_fresh_ids(&self, next_id: &mut i32) -> Type {
        fresh(&self.0, next_id)
    }

    /// iceberg's own form of it.
    pub(crate) fn as_type(&self) -> &Type {
        &self.0
    }

    /// Whether only format version 3 knows it.
    pub(super) fn needs_v3(&self) -> bool {
        any_primitive(&self.0, &|p| matches!(p, PrimitiveType::TimestampNs | PrimitiveType::TimestamptzNs))
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&type_name(&self.0))
    }
}

impl FromStr for ColumnType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wanted = serde_json::Value::String(text.trim().to_ascii_lowercase());
        let found: Type = serde_json::from_value(wanted).map_err(|e| {
            Error::invalid("not a type of Iceberg").with("type", text).caused_by(e).hint(
                "boolean, int, long, float, double, decimal(p,s), date, time, timestamp, timestamptz, string, uuid, fixed[n], binary",
            )
        })?;
        if let Type::Primitive(of) = &found {
            super::schema_file::possible(of).map_err(|why| Error::invalid(why).with("type", text))?;
        }
        Ok(Self(found))
    }
}

/// Ids as Java gives them: a struct's own fields first, then what is within them.
fn fresh(of: &Type, next_id: &mut i32) -> Type {
    let mut take = || {
        let id = *next_id;
        *next_id += 1;
        id
    };
    match of {
        Type::Primitive(_) => of.clone(),
        Type::Struct(fields) => {
            let ids: Vec<i32> = fields.fields().iter().map(|_| take()).collect();
            let fields = ids.into_iter().zip(fields.fields()).map(|(id, field)| renumbered(field, id, next_id));
            Type::Struct(StructType::new(fields.collect()))
        }
        Type::List(list) => {
            let id = take();
            Type::List(ListType { element_field: renumbered(&list.element_field, id, next_id) })
        }
        Type::Map(map) => {
            let (key, value) = (take(), take());
            let key_field = renumbered(&map.key_field, key, next_id);
            Type::Map(MapType { key_field, value_field: renumbered(&map.value_field, value, next_id) })
        }
    }
}

fn renumbered(field: &NestedField, id: i32, next_id: &mut i32) -> Arc<NestedField> {
    let mut field = field.clone();
    field.id = id;
    *field.field_type = fresh(&field.field_type, next_id);
    Arc::new(field)
}

fn any_primitive(of: &Type, wanted: &dyn Fn(&PrimitiveType) -> bool) -> bool {
    match of {
        Type::Primitive(p) => wanted(p),
        Type::Struct(fields) => fields.fields().iter().any(|f| any_primitive(&f.field_type, wanted)),
        Type::List(list) => any_primitive(&list.element_field.field_type, wanted),
        Type::Map(map) => [&map.key_field, &map.value_field].iter().any(|f| any_primitive(&f.field_type, wanted)),
    }
}

/// The Iceberg types that take every value of Arrow types.
struct Types<'a> {
    format_version: u8,
    /// Whether 16 bytes in this leaf are a UUID, which Arrow does not tell.
    is_uuid: &'a dyn Fn(usize) -> bool,
    /// Leaves so far, depth first.
    leaves: usize,
}

/// The Iceberg type that takes every value of an Arrow type.
pub(super) fn iceberg_type(of: &DataType, format_version: u8, is_uuid: &dyn Fn(usize) -> bool) -> Result<Type> {
    Types { format_version, is_uuid, leaves: 0 }.of(of)
}

impl Types<'_> {
    fn of(&mut self, of: &DataType) -> Result<Type> {
        if let Some(nested) = self.nested(of) {
            return nested;
        }
        let leaf = self.leaves;
        self.leaves += 1;
        let nanos = self.format_version >= 3;
        Ok(Type::Primitive(match of {
            DataType::Boolean => PrimitiveType::Boolean,
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => {
                PrimitiveType::Int
            }
            DataType::Int64 | DataType::UInt32 => PrimitiveType::Long,
            DataType::UInt64 => PrimitiveType::Decimal { precision: 20, scale: 0 },
            DataType::Float16 | DataType::Float32 => PrimitiveType::Float,
            DataType::Float64 => PrimitiveType::Double,
            DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s) if *s >= 0 => {
                PrimitiveType::Decimal { precision: u32::from(*p), scale: s.unsigned_abs().into() }
            }
            DataType::Date32 | DataType::Date64 => PrimitiveType::Date,
            DataType::Time32(_) | DataType::Time64(_) => PrimitiveType::Time,
            DataType::Timestamp(TimeUnit::Nanosecond, None) if nanos => PrimitiveType::TimestampNs,
            DataType::Timestamp(TimeUnit::Nanosecond, Some(_)) if nanos => PrimitiveType::TimestamptzNs,
            DataType::Timestamp(_, None) => PrimitiveType::Timestamp,
            DataType::Timestamp(_, Some(_)) => PrimitiveType::Timestamptz,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => PrimitiveType::String,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => PrimitiveType::Binary,
            DataType::FixedSizeBinary(16) if (self.is_uuid)(leaf) => PrimitiveType::Uuid,
            DataType::FixedSizeBinary(n) => PrimitiveType::Fixed(u64::try_from(*n).unwrap_or_default()),
            other => return Err(Error::unsupported(format!("Iceberg has no type for {other}"))),
        }))
    }

    fn nested(&mut self, of: &DataType) -> Option<Result<Type>> {
        Some(match of {
            DataType::Dictionary(_, values) => self.of(values),
            DataType::RunEndEncoded(_, values) => self.of(values.data_type()),
            DataType::Struct(fields) => {
                let fields: Result<Vec<_>> = fields.iter().map(|f| self.child(f, f.name())).collect();
                fields.map(|fields| Type::Struct(StructType::new(fields)))
            }
            DataType::List(element)
            | DataType::LargeList(element)
            | DataType::ListView(element)
            | DataType::LargeListView(element)
            | DataType::FixedSizeList(element, _) => {
                self.child(element, "element").map(|element_field| Type::List(ListType { element_field }))
            }
            DataType::Map(entries, _) => {
                let DataType::Struct(pair) = entries.data_type() else { return None };
                self.map(pair.first()?, pair.get(1)?)
            }
            _ => return None,
        })
    }

    fn map(&mut self, key: &Field, value: &Field) -> Result<Type> {
        let key_field = self.child(&Field::new("key", key.data_type().clone(), false), "key")?;
        Ok(Type::Map(MapType { key_field, value_field: self.child(value, "value")? }))
    }

    fn child(&mut self, field: &Field, name: &str) -> Result<Arc<NestedField>> {
        let of = self.of(field.data_type())?;
        Ok(Arc::new(NestedField::new(0, name, of, !field.is_nullable())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_back_as_they_are_written() {
        for text in ["long", "decimal(10,2)", "fixed[16]", "timestamptz", "uuid", "time", "boolean"] {
            let read: ColumnType = text.parse().unwrap();
            assert_eq!(read.to_string().replace([' ', '(', '[', ')', ']'], ""), text.replace(['(', '[', ')', ']'], ""));
        }
        for text in ["varchar(3)", "decimal(39,2)", "decimal(5,6)", "fixed[0]"] {
            assert!(text.parse::<ColumnType>().is_err(), "{text}");
        }
    }

    #[test]
    fn nested_ids_are_given_level_by_level() {
        let inner = DataType::Struct(vec![Field::new("x", DataType::Int32, true)].into());
        let list = DataType::List(Arc::new(Field::new("item", inner, true)));
        let pair = DataType::Struct(vec![Field::new("l", list, true), Field::new("u", DataType::UInt64, true)].into());
        let mut next = 2;
        let numbered = ColumnType(iceberg_type(&pair, 2, &|_| true).unwrap()).with_fresh_ids(&mut next);
        let Type::Struct(fields) = numbered else { panic!("a struct") };
        assert_eq!(fields.fields().iter().map(|f| f.id).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(next, 6);
    }
}
