//! Whether files that were written under one schema read as they were meant under another. Pure.

use iceberg::spec::{NestedField, PrimitiveType, Schema, Type};

/// Why files of the schema `then` do not go with the schema `now`; nothing where they do.
pub(super) fn obstacle(then: &Schema, now: &Schema) -> Option<String> {
    let then_fields = then.as_struct().fields();
    let now_fields = now.as_struct().fields();
    fields(then_fields.iter().map(AsRef::as_ref), now_fields.iter().map(AsRef::as_ref))
}

fn fields<'a>(
    then: impl Iterator<Item = &'a NestedField> + Clone,
    mut now: impl Iterator<Item = &'a NestedField> + Clone,
) -> Option<String> {
    let lost = then.clone().find_map(|old| match now.clone().find(|new| new.id == old.id) {
        None => Some(format!("column {} was dropped", old.name)),
        Some(new) => field(old, new),
    });
    lost.or_else(|| {
        let unfilled = |new: &&NestedField| {
            new.required && new.initial_default.is_none() && !then.clone().any(|old| old.id == new.id)
        };
        now.find(unfilled).map(|new| format!("the required column {} was added", new.name))
    })
}

fn field(then: &NestedField, now: &NestedField) -> Option<String> {
    if now.required && !then.required {
        return Some(format!("column {} was made required", now.name));
    }
    match (then.field_type.as_ref(), now.field_type.as_ref()) {
        (Type::Primitive(old), Type::Primitive(new)) if is_promotion(old, new) => None,
        (Type::Struct(old), Type::Struct(new)) => {
            let of = |fields: &'_ [std::sync::Arc<NestedField>]| fields.to_vec();
            let (old, new) = (of(old.fields()), of(new.fields()));
            fields(old.iter().map(AsRef::as_ref), new.iter().map(AsRef::as_ref))
        }
        (Type::List(old), Type::List(new)) if old.element_field.id == new.element_field.id => {
            field(&old.element_field, &new.element_field)
        }
        (Type::Map(old), Type::Map(new)) if old.key_field.id == new.key_field.id => {
            field(&old.key_field, &new.key_field).or_else(|| field(&old.value_field, &new.value_field))
        }
        (old, new) => Some(format!("column {} was {old} and is {new}", now.name)),
    }
}

/// The promotions that Iceberg allows: readers widen the values of older files.
fn is_promotion(then: &PrimitiveType, now: &PrimitiveType) -> bool {
    use PrimitiveType::{Decimal, Double, Float, Int, Long};
    match (then, now) {
        (old, new) if old == new => true,
        (Int, Long) | (Float, Double) => true,
        (Decimal { precision: old, scale: a }, Decimal { precision: new, scale: b }) => a == b && old <= new,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iceberg::spec::{Literal, NestedFieldRef};

    fn schema(fields: Vec<NestedField>) -> Schema {
        let fields: Vec<NestedFieldRef> = fields.into_iter().map(Into::into).collect();
        Schema::builder().with_fields(fields).build().unwrap()
    }

    fn long(id: i32, name: &str) -> NestedField {
        NestedField::optional(id, name, Type::Primitive(PrimitiveType::Long))
    }

    #[test]
    fn what_files_survive_and_what_not() {
        let then = schema(vec![long(1, "id"), NestedField::optional(2, "n", Type::Primitive(PrimitiveType::Int))]);
        let int = |name: &str, kind| NestedField::optional(2, name, Type::Primitive(kind));
        let with_default =
            NestedField::required(3, "c", Type::Primitive(PrimitiveType::Long)).with_initial_default(Literal::long(0));
        for (now, says) in [
            (vec![int("m", PrimitiveType::Int), long(1, "key")], None),
            (vec![long(1, "id"), int("n", PrimitiveType::Long), long(3, "c")], None),
            (vec![long(1, "id"), int("n", PrimitiveType::Int), with_default], None),
            (vec![long(1, "id")], Some("column n was dropped")),
            (vec![long(1, "id"), int("n", PrimitiveType::String)], Some("column n was int and is string")),
            (
                vec![
                    NestedField::required(1, "id", Type::Primitive(PrimitiveType::Long)),
                    int("n", PrimitiveType::Int),
                ],
                Some("column id was made required"),
            ),
            (
                vec![
                    long(1, "id"),
                    int("n", PrimitiveType::Int),
                    NestedField::required(3, "c", Type::Primitive(PrimitiveType::Long)),
                ],
                Some("the required column c was added"),
            ),
        ] {
            assert_eq!(obstacle(&then, &schema(now)).as_deref(), says);
        }
    }
}
