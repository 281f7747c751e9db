//! Cells from iceberg's literals: bounds, partition values, defaults. iceberg's own `Display` of them is not used: it
//! panics on times before 1970 and beyond the calendar.

use iceberg::spec::{Datum, Literal, PrimitiveLiteral, PrimitiveType, Type};

use super::Cell;

/// A bound as a cell.
pub fn of_datum(datum: &Datum) -> Cell {
    of_primitive(datum.literal(), Some(datum.data_type()))
}

/// A partition value or default as a cell; nothing is null. Without its type a value is shown as it is stored.
pub fn of_literal(literal: Option<&Literal>, of_type: Option<&Type>) -> Cell {
    match (literal, of_type) {
        (None, _) => Cell::Null,
        (Some(Literal::Primitive(value)), of_type) => of_primitive(value, of_type.and_then(Type::as_primitive_type)),
        (Some(Literal::List(items)), of_type) => {
            let element = match of_type {
                Some(Type::List(list)) => Some(&*list.element_field.field_type),
                _ => None,
            };
            Cell::List(items.iter().map(|item| of_literal(item.as_ref(), element)).collect())
        }
        (Some(Literal::Struct(values)), Some(Type::Struct(fields))) => Cell::Struct(
            fields
                .fields()
                .iter()
                .zip(values.iter())
                .map(|(field, value)| (field.name.clone(), of_literal(value, Some(&field.field_type))))
                .collect(),
        ),
        (Some(Literal::Map(map)), Some(Type::Map(types))) => Cell::Map(
            map.clone()
                .into_iter()
                .map(|(key, value)| {
                    let key = of_literal(Some(&key), Some(&types.key_field.field_type));
                    (key, of_literal(value.as_ref(), Some(&types.value_field.field_type)))
                })
                .collect(),
        ),
        (Some(other), _) => Cell::Text(format!("{other:?}")),
    }
}

fn of_primitive(value: &PrimitiveLiteral, of_type: Option<&PrimitiveType>) -> Cell {
    match (value, of_type) {
        (PrimitiveLiteral::Boolean(b), _) => Cell::Bool(*b),
        (PrimitiveLiteral::Int(days), Some(PrimitiveType::Date)) => Cell::Date(i64::from(*days)),
        (PrimitiveLiteral::Int(n), _) => Cell::Int(i64::from(*n)),
        (PrimitiveLiteral::Long(n), Some(of_type)) => of_long(*n, of_type),
        (PrimitiveLiteral::Long(n), None) => Cell::Int(*n),
        (PrimitiveLiteral::Float(n), _) => Cell::Float(n.0),
        (PrimitiveLiteral::Double(n), _) => Cell::Double(n.0),
        (PrimitiveLiteral::String(text), _) => Cell::Text(text.clone()),
        (PrimitiveLiteral::Binary(bytes), _) => Cell::Binary(bytes.clone()),
        (PrimitiveLiteral::UInt128(n), _) => Cell::Uuid(*n),
        (PrimitiveLiteral::Int128(n), Some(PrimitiveType::Decimal { scale, .. })) => Cell::Decimal(decimal(*n, *scale)),
        (PrimitiveLiteral::Int128(n), _) => Cell::Decimal(n.to_string()),
        (PrimitiveLiteral::AboveMax, _) => Cell::Text("above the type's maximum".into()),
        (PrimitiveLiteral::BelowMin, _) => Cell::Text("below the type's minimum".into()),
    }
}

fn of_long(n: i64, of_type: &PrimitiveType) -> Cell {
    let timestamp = |unit: i128, utc| Cell::Timestamp { nanos: i128::from(n) * unit, utc };
    match of_type {
        PrimitiveType::Time => n.checked_mul(1000).map_or(Cell::Int(n), Cell::Time),
        PrimitiveType::Timestamp => timestamp(1000, false),
        PrimitiveType::Timestamptz => timestamp(1000, true),
        PrimitiveType::TimestampNs => timestamp(1, false),
        PrimitiveType::TimestamptzNs => timestamp(1, true),
        _ => Cell::Int(n),
    }
}

/// The unscaled number with `scale` digits behind the point.
fn decimal(unscaled: i128, scale: u32) -> String {
    let scale = scale as usize;
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let sign = if unscaled < 0 { "-" } else { "" };
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_every_digit() {
        assert_eq!(decimal(-5, 2), "-0.05");
        assert_eq!(decimal(120, 2), "1.20");
        assert_eq!(decimal(0, 0), "0");
        assert_eq!(decimal(i128::MIN, 38), "-1.70141183460469231731687303715884105728");
    }

    #[test]
    fn hostile_bounds_do_not_panic() {
        for datum in [
            Datum::timestamptz_micros(-1),
            Datum::timestamp_micros(i64::MIN),
            Datum::timestamptz_micros(i64::MAX),
            Datum::date(i32::MAX),
            Datum::timestamp_nanos(i64::MIN),
            Datum::timestamptz_nanos(-1),
        ] {
            assert!(!of_datum(&datum).to_string().is_empty());
        }
        assert_eq!(of_datum(&Datum::timestamptz_micros(-1)).to_string(), "1969-12-31T23:59:59.999999Z");
    }
}
