//! A filter as Iceberg's own condition, which is wider: it holds for every row for which the filter is true, and perhaps
//! for more. For what is asked of statistics and of other people's commits, never for rows.

use arrow::datatypes::DataType;
use datafusion_common::ScalarValue;
use datafusion_expr::{Expr, Operator};
use iceberg::expr::{Predicate, Reference};
use iceberg::spec::{Datum, PrimitiveType, Schema, Type};

use super::condition::opposite;

/// The condition; true for everything where nothing is known.
pub(super) fn wider(expression: &Expr, schema: &Schema) -> Predicate {
    condition(expression, schema).unwrap_or(Predicate::AlwaysTrue)
}

fn condition(expression: &Expr, schema: &Schema) -> Option<Predicate> {
    match expression {
        Expr::BinaryExpr(both) if both.op == Operator::And => {
            Some(wider(&both.left, schema).and(wider(&both.right, schema)))
        }
        Expr::BinaryExpr(both) if both.op == Operator::Or => {
            Some(wider(&both.left, schema).or(wider(&both.right, schema)))
        }
        Expr::BinaryExpr(both) => match (&*both.left, &*both.right) {
            (column @ Expr::Column(_), value) => compared(column, both.op, value, schema),
            (value, column @ Expr::Column(_)) => compared(column, both.op.swap()?, value, schema),
            _ => None,
        },
        Expr::IsNull(inner) => Some(column(inner, schema)?.0.is_null()),
        Expr::IsNotNull(inner) => Some(column(inner, schema)?.0.is_not_null()),
        Expr::Not(inner) => condition(&opposite(inner)?, schema),
        Expr::InList(list) => {
            let (reference, of) = column(&list.expr, schema)?;
            let values = list.list.iter().map(|value| datum(value, of)).collect::<Option<Vec<_>>>()?;
            Some(if list.negated { reference.is_not_in(values) } else { reference.is_in(values) })
        }
        Expr::Between(range) => {
            let compared = |op, bound: &Expr| compared(&range.expr, op, bound, schema);
            if range.negated {
                return Some(compared(Operator::Lt, &range.low)?.or(compared(Operator::Gt, &range.high)?));
            }
            Some(compared(Operator::GtEq, &range.low)?.and(compared(Operator::LtEq, &range.high)?))
        }
        _ => None,
    }
}

/// A top-level column by its name. One with a dot in its name could be taken for a field of a struct.
fn column<'a>(expression: &Expr, schema: &'a Schema) -> Option<(Reference, &'a PrimitiveType)> {
    let Expr::Column(column) = expression else { return None };
    let field = schema.as_struct().fields().iter().find(|field| field.name == column.name)?;
    let Type::Primitive(of) = field.field_type.as_ref() else { return None };
    (!field.name.contains('.')).then(|| (Reference::new(&field.name), of))
}

fn compared(left: &Expr, op: Operator, value: &Expr, schema: &Schema) -> Option<Predicate> {
    let (reference, of) = column(left, schema)?;
    let value = datum(value, of)?;
    Some(match op {
        Operator::Eq => reference.equal_to(value),
        Operator::NotEq => reference.not_equal_to(value),
        Operator::Lt => reference.less_than(value),
        Operator::LtEq => reference.less_than_or_equal_to(value),
        Operator::Gt => reference.greater_than(value),
        Operator::GtEq => reference.greater_than_or_equal_to(value),
        _ => return None,
    })
}

/// A constant as a value of a column of this type; nothing where engines might compare the two in different ways, as
/// they do floats, decimals of another scale, bytes and UUIDs.
fn datum(expression: &Expr, of: &PrimitiveType) -> Option<Datum> {
    let value = constant(expression)?;
    let whole = |to: &DataType| value.data_type().is_integer().then(|| value.cast_to(to).ok()).flatten();
    Some(match (of, &value) {
        (PrimitiveType::Boolean, ScalarValue::Boolean(Some(v))) => Datum::bool(*v),
        (PrimitiveType::Int, _) => match whole(&DataType::Int32)? {
            ScalarValue::Int32(Some(n)) => Datum::int(n),
            _ => return None,
        },
        (PrimitiveType::Long, _) => match whole(&DataType::Int64)? {
            ScalarValue::Int64(Some(n)) => Datum::long(n),
            _ => return None,
        },
        (PrimitiveType::Date, ScalarValue::Date32(Some(days))) => Datum::date(*days),
        (PrimitiveType::Date, ScalarValue::Utf8(Some(_))) => match value.cast_to(&DataType::Date32).ok()? {
            ScalarValue::Date32(Some(days)) => Datum::date(days),
            _ => return None,
        },
        (PrimitiveType::String, ScalarValue::Utf8(Some(text))) => Datum::string(text),
        (PrimitiveType::Timestamp, ScalarValue::TimestampMicrosecond(Some(at), None)) => Datum::timestamp_micros(*at),
        (PrimitiveType::Timestamptz, ScalarValue::TimestampMicrosecond(Some(at), Some(_))) => {
            Datum::timestamptz_micros(*at)
        }
        _ => return None,
    })
}

fn constant(expression: &Expr) -> Option<ScalarValue> {
    match expression {
        Expr::Literal(value, _) => Some(value.clone()).filter(|value| !value.is_null()),
        Expr::Cast(cast) => constant(&cast.expr)?.cast_to(&cast.data_type).ok().filter(|value| !value.is_null()),
        Expr::Negative(inner) => constant(inner)?.arithmetic_negate().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use iceberg::arrow::schema_to_arrow_schema;
    use iceberg::spec::NestedField;

    use super::super::filter::Filter;
    use super::*;

    fn told(text: &str) -> String {
        let optional = |id, name, of| NestedField::optional(id, name, Type::Primitive(of)).into();
        let fields = [
            optional(1, "n", PrimitiveType::Int),
            optional(2, "t", PrimitiveType::String),
            optional(3, "f", PrimitiveType::Double),
            optional(4, "d", PrimitiveType::Date),
            optional(5, "a.b", PrimitiveType::Int),
            optional(6, "at", PrimitiveType::Timestamptz),
        ];
        let schema = Schema::builder().with_fields(fields).build().unwrap();
        let arrow = schema_to_arrow_schema(&schema).unwrap();
        let filter = Filter::parse(text, &arrow, &HashSet::new()).unwrap_or_else(|e| panic!("{text}: {e}"));
        wider(filter.expression(), &schema).to_string()
    }

    #[test]
    fn plain_conditions_are_kept() {
        for (text, wanted) in [
            ("n > 5", "n > 5"),
            ("5 > n", "n < 5"),
            ("not (n > 5 or t = 'x')", "(n <= 5) AND (t != \"x\")"),
            ("n between -1 and 3", "(n >= -1) AND (n <= 3)"),
            ("t is null and n <> 1", "(t IS NULL) AND (n != 1)"),
            ("d < '2024-01-02'", "d < 2024-01-02"),
            ("d = date '2024-01-02'", "d = 2024-01-02"),
            ("at >= '2024-01-02'", "at >= 2024-01-02 00:00:00 UTC"),
        ] {
            assert_eq!(told(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_unclear_holds_for_every_row() {
        for text in ["n > 1.5", "f > 1", "n + 0 > 5", "\"a.b\" = 1", "n = 99999999999", "n = null", "t like 'a%'"] {
            assert_eq!(told(text), "TRUE", "{text}");
        }
        assert_eq!(told("f > 1 and n = 1"), "n = 1", "a part of it is still known");
        assert_eq!(told("f > 1 or n = 1"), "TRUE");
    }
}
