//! Text in filters beside what is no text. People write moments and UUIDs as text, and some write numbers so too; left as
//! it is, DataFusion makes text of the other side, and '10' comes before '9'. So a constant text that is compared takes
//! the type of what it is compared with, as SQL has it; text that is none of its values is refused. Nothing else of a
//! filter is changed, nor what stands in a function or a cast.

use std::collections::HashSet;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{DFSchema, DataFusionError, ScalarValue};
use datafusion_expr::{Expr, ExprSchemable, Operator};
use uuid::Uuid;

use super::conform::field_id;
use super::number;
use crate::{Error, Result};

/// What text means beside a column, or beside what is reckoned from columns.
struct Meaning {
    /// As it stands in the filter.
    beside: String,
    of: DataType,
    is_uuid: bool,
}

/// The expression with every constant text that is compared with what is no text as a value of its type. `uuids` are the
/// field ids of the UUID columns.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) for text that is no value of the type that it is compared with.
pub fn read_text(expression: Expr, columns: &DFSchema, uuids: &HashSet<i32>) -> Result<Expr> {
    let mut wrong = None;
    let mut compare = |a: &mut Expr, b: &mut Expr| {
        let read = match (is_text(a), is_text(b)) {
            (false, true) => meaning(a, columns, uuids).map(|meaning| read(b, &meaning)),
            (true, false) => meaning(b, columns, uuids).map(|meaning| read(a, &meaning)),
            _ => None,
        };
        if let Some(Err(e)) = read {
            wrong.get_or_insert(e);
        }
    };
    let changed = expression.transform_up(|mut expression| {
        match &mut expression {
            Expr::BinaryExpr(both) if is_comparison(both.op) => compare(&mut both.left, &mut both.right),
            Expr::InList(list) => list.list.iter_mut().for_each(|item| compare(&mut list.expr, item)),
            Expr::Between(range) => {
                [&mut range.low, &mut range.high].into_iter().for_each(|bound| compare(&mut range.expr, bound));
            }
            _ => {}
        }
        Ok::<_, DataFusionError>(Transformed::yes(expression))
    });
    let changed = changed.map_err(|e| Error::bug("the filter cannot be walked through").caused_by(e))?;
    wrong.map_or(Ok(changed.data), Err)
}

pub(super) fn is_comparison(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

/// The constant text that an expression is; also that of `time '10:00'`, which is one of nanoseconds, and DataFusion
/// compares it with no other.
fn text_of(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Literal(ScalarValue::Utf8(Some(text)), _) => Some(text),
        Expr::Cast(cast) if matches!(cast.data_type, DataType::Time64(_)) => text_of(&cast.expr),
        _ => None,
    }
}

fn is_text(expression: &Expr) -> bool {
    text_of(expression).is_some()
}

/// What text means beside an expression: a column, a field of one, or what is reckoned from them.
fn meaning(beside: &Expr, columns: &DFSchema, uuids: &HashSet<i32>) -> Option<Meaning> {
    let beside = number::compared(beside, columns);
    if !is_read(beside) {
        return None;
    }
    let (_, field) = beside.to_field(columns).ok()?;
    let is_uuid = matches!(beside, Expr::Column(_)) && field_id(&field).is_some_and(|id| uuids.contains(&id));
    let of = field.data_type().clone();
    let is_no_text = of.is_numeric()
        || matches!(of, DataType::Boolean | DataType::Date32 | DataType::Timestamp(..) | DataType::Time64(_))
        || matches!(of, DataType::LargeBinary | DataType::Binary | DataType::FixedSizeBinary(_));
    let beside = match beside {
        Expr::Column(column) => column.name.clone(),
        other => other.to_string(),
    };
    is_no_text.then_some(Meaning { beside, of, is_uuid })
}

/// Whether constants beside an expression are read by its type: a column, a field of one, or what is reckoned from them.
pub(super) fn is_read(beside: &Expr) -> bool {
    match beside {
        Expr::Column(_) | Expr::Negative(_) | Expr::BinaryExpr(_) => true,
        Expr::ScalarFunction(function) => function.name() == "get_field",
        _ => false,
    }
}

/// A constant text as what it means; any other expression stays.
fn read(expression: &mut Expr, meaning: &Meaning) -> Result<()> {
    let Some(text) = text_of(expression) else { return Ok(()) };
    // A time of the day beside anything else is compared, or refused, as DataFusion has it.
    if matches!(expression, Expr::Cast(_)) && !matches!(meaning.of, DataType::Time64(_)) {
        return Ok(());
    }
    let (type_name, hint) = meaning.told();
    let value = meaning.value(text.trim()).ok_or_else(|| {
        Error::invalid("the filter compares with a text that is no value of the column's type")
            .with("column", &meaning.beside)
            .with("type", type_name)
            .with("text", text)
            .hint(hint)
    })?;
    *expression = Expr::Literal(value, None);
    Ok(())
}

impl Meaning {
    /// The value that a text is, if it is one exactly.
    fn value(&self, text: &str) -> Option<ScalarValue> {
        let cast = |text: &str| ScalarValue::Utf8(Some(text.into())).cast_to(&self.of).ok().filter(|v| !v.is_null());
        match &self.of {
            DataType::FixedSizeBinary(16) if self.is_uuid => {
                let uuid = Uuid::try_parse(text).ok()?;
                Some(ScalarValue::FixedSizeBinary(16, Some(uuid.as_bytes().to_vec())))
            }
            DataType::FixedSizeBinary(size) => {
                let bytes = bytes(text).filter(|bytes| i32::try_from(bytes.len()) == Ok(*size))?;
                Some(ScalarValue::FixedSizeBinary(*size, Some(bytes)))
            }
            DataType::LargeBinary => Some(ScalarValue::LargeBinary(Some(bytes(text)?))),
            DataType::Binary => Some(ScalarValue::Binary(Some(bytes(text)?))),
            DataType::Float32 => {
                let value: f32 = text.parse().ok()?;
                (value.is_finite() || !has_digits(text)).then_some(ScalarValue::Float32(Some(value)))
            }
            DataType::Float64 => {
                let value: f64 = text.parse().ok()?;
                (value.is_finite() || !has_digits(text)).then_some(ScalarValue::Float64(Some(value)))
            }
            DataType::Decimal128(precision, scale) => {
                let digits = digits(text, *precision, usize::try_from(*scale).ok()?)?;
                Some(ScalarValue::Decimal128(Some(digits), *precision, *scale))
            }
            of if of.is_integer() => {
                let number: i128 = text.parse().ok()?;
                cast(&number.to_string())
            }
            // What follows the day would be passed over.
            DataType::Date32 if text.contains(['T', 't', ' ', ':']) => None,
            DataType::Timestamp(unit, _) | DataType::Time64(unit) if fraction(text) > places(*unit) => None,
            _ => cast(text),
        }
    }

    /// The type's name in Iceberg, and how its values are written.
    fn told(&self) -> (String, String) {
        let whole = "a whole number that it can hold: 9";
        let moment = "'2026-11-21T08:00:00Z' or '2026-11-21'";
        let (name, written): (String, String) = match &self.of {
            DataType::FixedSizeBinary(16) if self.is_uuid => {
                ("uuid".into(), "'f47ac10b-58cc-4372-a567-0e02b2c3d479'".into())
            }
            DataType::FixedSizeBinary(size) => {
                (format!("fixed[{size}]"), format!("{size} bytes as hexadecimal digits"))
            }
            DataType::LargeBinary | DataType::Binary => ("binary".into(), "hexadecimal digits: 'cafe00'".into()),
            DataType::Int32 => ("int".into(), whole.into()),
            DataType::Int64 => ("long".into(), whole.into()),
            DataType::Float32 => ("float".into(), "a number: 9.5".into()),
            DataType::Float64 => ("double".into(), "a number: 9.5".into()),
            DataType::Decimal128(precision, scale) => (
                format!("decimal({precision}, {scale})"),
                format!("a number with at most {scale} digits behind its point"),
            ),
            DataType::Boolean => ("boolean".into(), "true or false".into()),
            DataType::Date32 => ("date".into(), "'2026-11-21'".into()),
            DataType::Time64(_) => ("time".into(), "'08:00:00'".into()),
            DataType::Timestamp(unit, zone) => {
                let nanos = if *unit == TimeUnit::Nanosecond { "_ns" } else { "" };
                (format!("timestamp{}{nanos}", if zone.is_some() { "tz" } else { "" }), moment.into())
            }
            other => (other.to_string().to_lowercase(), "a number".into()),
        };
        let hint = format!("a value of {name} is written as {written}; as text it is compared with cast(.. as string)");
        (name, hint)
    }
}

/// Whether it is a number in digits: too large a one becomes an infinity, which only the word shall mean.
fn has_digits(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
}

/// Bytes from hexadecimal digits, as they are shown and exported.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let byte = |pair: &[u32]| u8::try_from(pair.first()? * 16 + pair.get(1)?).ok();
    digits.chunks(2).map(byte).collect()
}

/// The digits of a decimal at a scale, where none is lost and they are not too many.
pub(super) fn digits(text: &str, precision: u8, scale: usize) -> Option<i128> {
    let (negative, plain) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, behind) = plain.split_once('.').unwrap_or((plain, ""));
    let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.len() + behind.len() == 0 || !is_number(whole) || !is_number(behind) {
        return None;
    }
    let behind = behind.trim_end_matches('0');
    let all = format!("{}{behind:0<scale$}", whole.trim_start_matches('0'));
    if behind.len() > scale || all.len() > usize::from(precision).max(scale) {
        return None;
    }
    let digits: i128 = if all.is_empty() { 0 } else { all.parse().ok()? };
    Some(if negative { -digits } else { digits })
}

/// How many digits stand behind the point of a second, without zeros at the end.
fn fraction(text: &str) -> usize {
    let Some((_, behind)) = text.split_once('.') else { return 0 };
    let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
    behind.get(..digits).unwrap_or_default().trim_end_matches('0').len()
}

fn places(unit: TimeUnit) -> usize {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}
