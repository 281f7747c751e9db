//! Edits of a schema, one after another, as Iceberg Java's `UpdateSchema` knows them: ids stay, types are only widened,
//! and nothing is dropped that the table stands on.

use std::sync::Arc;

use iceberg::spec::{
    Literal, NestedField, NestedFieldRef, PrimitiveLiteral, PrimitiveType, Schema, StructType, TableMetadata, Type,
};

use super::tree::{among_siblings, inside_of};
use super::{check_column, check_unused, with_fresh_ids};
use crate::storage::from_iceberg;
use crate::{Error, Kind, Result};

/// Where a column goes among its siblings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnPlace {
    /// Before all others.
    First,
    /// Before the sibling of this name.
    Before(String),
    /// Behind the sibling of this name.
    After(String),
}

/// One edit of a schema. Columns are named by their full names (`address.city`, `tags.element`, `prices.value`).
#[derive(Debug, Clone)]
pub enum SchemaEdit {
    /// A new column. Its ids are given out anew. It must be optional, or have a default in format version 3.
    Add {
        /// The struct that it goes into (a list or map of structs will do); nothing: the top level.
        parent: Option<String>,
        /// The column.
        column: NestedFieldRef,
        /// Where; nothing: at the end.
        place: Option<ColumnPlace>,
    },
    /// A column taken out. Refused where a partition spec, the sort order or the identifier stands on it.
    Drop {
        /// The column.
        column: String,
    },
    /// Another name.
    Rename {
        /// The column.
        column: String,
        /// Its new name, without those around it.
        to: String,
    },
    /// A wider type: int to long, float to double, decimals to more digits.
    Retype {
        /// The column.
        column: String,
        /// The new type.
        to: PrimitiveType,
    },
    /// Another place among its siblings.
    Move {
        /// The column.
        column: String,
        /// Where.
        place: ColumnPlace,
    },
    /// The column may be null from now on.
    MakeOptional {
        /// The column.
        column: String,
    },
    /// What is said of it.
    Doc {
        /// The column.
        column: String,
        /// Nothing takes the words away.
        doc: Option<String>,
    },
}

/// A schema under way.
pub(super) struct Draft<'a> {
    metadata: &'a TableMetadata,
    pub(super) fields: Vec<NestedFieldRef>,
    last_id: i32,
    /// New columns: the id of the struct's field around each (nothing at the top level), and its own.
    pub(super) added: Vec<(Option<i32>, i32)>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(metadata: &'a TableMetadata) -> Self {
        let fields = metadata.current_schema().as_struct().fields().to_vec();
        Self { metadata, fields, last_id: metadata.last_column_id(), added: Vec::new() }
    }

    pub(super) fn apply(&mut self, edit: &SchemaEdit) -> Result<()> {
        match edit {
            SchemaEdit::Add { parent, column, place } => self.add(parent.as_deref(), column, place.as_ref()),
            SchemaEdit::Drop { column } => self.drop(column),
            SchemaEdit::Rename { column, to } => self.rename(column, to),
            SchemaEdit::Retype { column, to } => self.change(column, &|field| retyped(field, to)),
            SchemaEdit::Move { column, place } => {
                let id = self.find(column)?.id;
                self.siblings(id, column, &|siblings| placed(siblings, id, place))
            }
            SchemaEdit::MakeOptional { column } => self.make_optional(column),
            SchemaEdit::Doc { column, doc } => {
                self.change(column, &|field| Ok(NestedField { doc: doc.clone(), ..field.clone() }))
            }
        }
    }

    fn find(&self, column: &str) -> Result<NestedField> {
        let schema = Schema::builder().with_fields(self.fields.clone()).build();
        let schema = schema.map_err(|e| from_iceberg(e, "the schema cannot be edited so"))?;
        let found = schema.field_by_name(column).map(|field| field.as_ref().clone());
        found.ok_or_else(|| Error::not_found("the table has no such column").with("column", column))
    }

    fn siblings(
        &mut self,
        id: i32,
        column: &str,
        edit: &dyn Fn(Vec<NestedFieldRef>) -> Result<Vec<NestedFieldRef>>,
    ) -> Result<()> {
        let edited = among_siblings(&self.fields, id, edit).map_err(|e| e.with("column", column))?;
        self.fields = edited.ok_or_else(|| Error::bug("a column of the schema is not found in it"))?;
        Ok(())
    }

    /// One field changed where it stands.
    fn change(&mut self, column: &str, change: &dyn Fn(&NestedField) -> Result<NestedField>) -> Result<()> {
        let id = self.find(column)?.id;
        self.siblings(id, column, &|siblings| {
            let changed = |field: NestedFieldRef| if field.id == id { change(&field).map(Arc::new) } else { Ok(field) };
            siblings.into_iter().map(changed).collect()
        })
    }

    fn add(&mut self, parent: Option<&str>, column: &NestedFieldRef, place: Option<&ColumnPlace>) -> Result<()> {
        check_column(self.metadata, column)?;
        let fresh = with_fresh_ids(column, &mut self.last_id)?;
        let id = fresh.id;
        let put = |mut siblings: Vec<NestedFieldRef>| {
            check_free(&siblings, &column.name)?;
            siblings.push(fresh.clone());
            match place {
                None => Ok(siblings),
                Some(place) => placed(siblings, id, place).map_err(|e| e.with("name", &column.name)),
            }
        };
        let around = match parent {
            None => {
                self.fields = put(std::mem::take(&mut self.fields))?;
                None
            }
            Some(parent) => {
                let field = self.find(parent)?;
                let (owner, _) = inside_of(&field).map_err(|e| e.with("column", parent))?;
                self.change(parent, &|field| with_children(field, &put))?;
                Some(owner)
            }
        };
        self.added.push((around, id));
        Ok(())
    }

    fn drop(&mut self, column: &str) -> Result<()> {
        let field = self.find(column)?;
        check_unused(self.metadata, &field)?;
        self.siblings(field.id, column, &|mut siblings| {
            if siblings.len() == 1 {
                return Err(Error::invalid("a table, and a struct in it, keeps at least one column"));
            }
            siblings.retain(|sibling| sibling.id != field.id);
            Ok(siblings)
        })
    }

    fn rename(&mut self, column: &str, to: &str) -> Result<()> {
        let field = self.find(column)?;
        let id = field.id;
        if field.name == to {
            return Err(Error::new(Kind::AlreadyExists, "the column has this name already").with("column", column));
        }
        if to.is_empty() {
            return Err(Error::invalid("a column needs a name").with("column", column));
        }
        self.siblings(id, column, &|siblings| {
            check_free(&siblings, to)?;
            let renamed = |field: NestedFieldRef| match field.id == id {
                true => Arc::new(NestedField { name: to.to_string(), ..field.as_ref().clone() }),
                false => field,
            };
            Ok(siblings.into_iter().map(renamed).collect())
        })
    }

    fn make_optional(&mut self, column: &str) -> Result<()> {
        let id = self.find(column)?.id;
        if self.metadata.current_schema().identifier_field_ids().any(|identifier| identifier == id) {
            return Err(Error::invalid("a column that identifies rows cannot be null").with("column", column));
        }
        self.change(column, &|field| Ok(NestedField { required: false, ..field.clone() }))
    }
}

fn check_free(siblings: &[NestedFieldRef], name: &str) -> Result<()> {
    if siblings.iter().any(|sibling| sibling.name == name) {
        return Err(Error::new(Kind::AlreadyExists, "the table has this column already").with("name", name));
    }
    Ok(())
}

fn placed(mut siblings: Vec<NestedFieldRef>, id: i32, place: &ColumnPlace) -> Result<Vec<NestedFieldRef>> {
    let Some(from) = siblings.iter().position(|sibling| sibling.id == id) else {
        return Err(Error::bug("a column is not among its siblings"));
    };
    let moved = siblings.remove(from);
    let of = |name: &String| {
        let at = siblings.iter().position(|sibling| sibling.name == *name);
        at.ok_or_else(|| Error::not_found("there is no such column beside it").with("beside", name))
    };
    let to = match place {
        ColumnPlace::First => 0,
        ColumnPlace::Before(name) => of(name)?,
        ColumnPlace::After(name) => of(name)? + 1,
    };
    siblings.insert(to, moved);
    Ok(siblings)
}

/// A field with the members of its struct edited: its own, its elements' or its values'.
fn with_children(
    field: &NestedField,
    edit: &dyn Fn(Vec<NestedFieldRef>) -> Result<Vec<NestedFieldRef>>,
) -> Result<NestedField> {
    let (_, members) = inside_of(field)?;
    let inner = Type::Struct(StructType::new(edit(members)?));
    let of = |field: &NestedFieldRef| {
        Arc::new(NestedField { field_type: Box::new(inner.clone()), ..field.as_ref().clone() })
    };
    let kind = match field.field_type.as_ref() {
        Type::List(list) => Type::List(iceberg::spec::ListType { element_field: of(&list.element_field) }),
        Type::Map(map) => {
            Type::Map(iceberg::spec::MapType { key_field: map.key_field.clone(), value_field: of(&map.value_field) })
        }
        _ => inner.clone(),
    };
    Ok(NestedField { field_type: Box::new(kind), ..field.clone() })
}

/// The promotions that every reader of Iceberg knows. Those of version 3 (dates to timestamps) are not among them:
/// iceberg's crate does not read files so.
fn retyped(field: &NestedField, to: &PrimitiveType) -> Result<NestedField> {
    let from = match field.field_type.as_ref() {
        Type::Primitive(from) => from,
        _ => return Err(Error::invalid("only columns of plain types can change their type")),
    };
    let widens = match (from, to) {
        (PrimitiveType::Int, PrimitiveType::Long) | (PrimitiveType::Float, PrimitiveType::Double) => true,
        (PrimitiveType::Decimal { precision: p, scale: s }, PrimitiveType::Decimal { precision, scale }) => {
            s == scale && precision > p && *precision <= 38
        }
        _ => false,
    };
    if !widens {
        return Err(Error::invalid("a column's type can only be widened")
            .with("from", from)
            .with("to", to)
            .hint("int to long, float to double, a decimal to more digits of the same scale"));
    }
    let mut field = field.clone();
    field.field_type = Box::new(Type::Primitive(to.clone()));
    field.initial_default = field.initial_default.map(widened);
    field.write_default = field.write_default.map(widened);
    Ok(field)
}

fn widened(value: Literal) -> Literal {
    match value {
        Literal::Primitive(PrimitiveLiteral::Int(v)) => Literal::Primitive(PrimitiveLiteral::Long(i64::from(v))),
        Literal::Primitive(PrimitiveLiteral::Float(v)) => {
            Literal::Primitive(PrimitiveLiteral::Double(f64::from(v.0).into()))
        }
        other => other,
    }
}
