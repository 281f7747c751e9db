//! Numbers in filters beside decimals. Left as they are, DataFusion compares them as decimals with 15 digits behind the
//! point, which a large value does not have room for, or as doubles, which lose digits. So a number takes the type of the
//! decimal that it is compared with; where it has more digits, both are compared in a type that has room for them. Every
//! other number with a point is a double, as SQL has it here.

use arrow::array::types::{Decimal128Type, Decimal256Type, DecimalType};
use arrow::datatypes::{DataType, i256};
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{DFSchema, DataFusionError, ScalarValue};
use datafusion_expr::{Expr, ExprSchemable, cast};

use super::literal::{digits, is_comparison, is_read};
use crate::{Error, Result};

/// Digits of the type in which numbers are compared that the decimals beside them do not have.
const WIDEST: u8 = 76;

/// The expression with every constant number that is compared with a decimal as one, and every other decimal as a
/// double. The constants must be as [`sql::parse_exactly`](crate::sql::parse_exactly) gives them.
pub fn read_numbers(expression: Expr, columns: &DFSchema) -> Result<Expr> {
    let walked = expression.transform_up(|mut expression| {
        match &mut expression {
            Expr::BinaryExpr(both) if is_comparison(both.op) => {
                if text_of(&both.left).is_some() {
                    compare(&mut both.right, vec![&mut both.left], columns);
                } else {
                    compare(&mut both.left, vec![&mut both.right], columns);
                }
            }
            Expr::InList(list) => compare(&mut list.expr, list.list.iter_mut().collect(), columns),
            Expr::Between(range) => compare(&mut range.expr, vec![&mut range.low, &mut range.high], columns),
            _ => return expression.map_children(|child| Ok::<_, DataFusionError>(Transformed::yes(as_double(child)))),
        }
        Ok(Transformed::yes(expression))
    });
    let walked = walked.map_err(|e| Error::bug("the filter cannot be walked through").caused_by(e))?;
    Ok(as_double(walked.data))
}

/// Numbers beside an expression as values that it can be compared with exactly.
fn compare<'a>(with: &'a mut Expr, mut others: Vec<&'a mut Expr>, columns: &DFSchema) {
    let of = if is_read(with) { with.get_type(columns).ok() } else { None };
    let Some(DataType::Decimal128(precision, scale @ 0..)) = of else {
        others.push(with);
        return others.into_iter().for_each(|other| *other = as_double(std::mem::take(other)));
    };
    let places = usize::from(scale.unsigned_abs());
    let exact =
        |text: &str| digits(text, precision, places).map(|n| ScalarValue::Decimal128(Some(n), precision, scale));
    let all_exact = others.iter().filter_map(|other| text_of(other)).all(|text| exact(&text).is_some());
    for other in others {
        let Some(text) = text_of(other) else { continue };
        let value = if all_exact { exact(&text) } else { wide(&text, precision, scale) };
        *other = value.map_or_else(|| as_double(other.clone()), |value| Expr::Literal(value, None));
    }
    if !all_exact {
        *with = cast(with.clone(), DataType::Decimal256(WIDEST, scale + 1));
    }
}

/// The decimal that is compared in a type with room for more digits; any other expression is what it is.
pub(super) fn compared<'a>(expression: &'a Expr, columns: &DFSchema) -> &'a Expr {
    match expression {
        Expr::Cast(cast) if matches!(cast.data_type, DataType::Decimal256(WIDEST, _)) => {
            let is_decimal = cast.expr.get_type(columns).is_ok_and(|of| matches!(of, DataType::Decimal128(..)));
            if is_decimal { &cast.expr } else { expression }
        }
        other => other,
    }
}

/// A number with one digit more before and behind the point than the decimals that it is compared with: it stands among
/// them as the number does. What lies beyond those digits only tells that it is none of them.
fn wide(text: &str, precision: u8, scale: i8) -> Option<ScalarValue> {
    let places = usize::from(scale.unsigned_abs());
    let most = usize::from(precision).saturating_sub(places) + 1;
    let (sign, plain) = text.strip_prefix('-').map_or(("", text), |plain| ("-", plain));
    let (whole, behind) = plain.split_once('.').unwrap_or((plain, ""));
    let whole = match whole.trim_start_matches('0') {
        long if long.len() > most => "9".repeat(most),
        short => short.to_string(),
    };
    let (kept, rest) = behind.split_at_checked(places).unwrap_or((behind, ""));
    let last = if rest.bytes().any(|b| b != b'0') { '5' } else { '0' };
    let digits = i256::from_string(&format!("{sign}{whole}{kept:0<places$}{last}"))?;
    Some(ScalarValue::Decimal256(Some(digits), WIDEST, scale + 1))
}

/// The digits of a constant number.
fn text_of(expression: &Expr) -> Option<String> {
    let Expr::Literal(value, _) = expression else { return None };
    match value {
        ScalarValue::Int64(Some(n)) => Some(n.to_string()),
        ScalarValue::UInt64(Some(n)) => Some(n.to_string()),
        ScalarValue::Float64(Some(n)) if n.is_finite() => Some(n.to_string()),
        ScalarValue::Decimal128(Some(n), precision, scale) => {
            Some(Decimal128Type::format_decimal(*n, *precision, *scale))
        }
        ScalarValue::Decimal256(Some(n), precision, scale) => {
            Some(Decimal256Type::format_decimal(*n, *precision, *scale))
        }
        _ => None,
    }
}

/// A constant decimal as a double; anything else stays.
fn as_double(expression: Expr) -> Expr {
    let is_decimal = matches!(
        &expression,
        Expr::Literal(ScalarValue::Decimal128(Some(_), ..) | ScalarValue::Decimal256(Some(_), ..), _)
    );
    let value = text_of(&expression).filter(|_| is_decimal).and_then(|text| text.parse::<f64>().ok());
    value.map_or(expression, |value| Expr::Literal(ScalarValue::Float64(Some(value)), None))
}
