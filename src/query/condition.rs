//! What can be told of a filter without a row: from the bounds of a column's values and the number of its nulls. Only of
//! comparisons of a column with a constant, null tests, `in`, `between`, and these put together; and never more than is
//! beyond doubt.
//!
//! A comparison that holds of no bound is the filter's own, casts and all, so that the two cannot differ.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion_common::{DFSchema, Result};
use datafusion_expr::expr::InList;
use datafusion_expr::{Between, BinaryExpr, Expr, Operator};
use datafusion_physical_expr::PhysicalExpr;

use crate::sql;

/// What is known of the values of a column in one place, for example a file.
pub(super) trait Known {
    /// A value that none is smaller than, or with `greatest` none larger; one value of the column's type.
    fn bound(&self, column: &str, greatest: bool) -> Option<ArrayRef>;
    /// In how many rows it is null.
    fn nulls(&self, column: &str) -> Option<u64>;
    /// How many rows there are.
    fn rows(&self) -> u64;
}

/// The part of a filter that can be told from what is known.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Null(String),
    NotNull(String),
    Compared(Comparison),
}

/// A comparison that holds of no value at all where it does not hold of the bound.
#[derive(Debug, Clone)]
pub(super) struct Comparison {
    column: String,
    with_greatest: bool,
    holds: Arc<dyn PhysicalExpr>,
    schema: SchemaRef,
}

impl Condition {
    /// A part of an expression that must hold where it does, over these columns; nothing where there is none. Its types
    /// must go together.
    pub(super) fn part_of(expression: &Expr, columns: &Schema) -> Option<Self> {
        Self::read(expression, columns, true)
    }

    /// The whole of an expression; nothing where there is more to it.
    pub(super) fn whole_of(expression: &Expr, columns: &Schema) -> Option<Self> {
        Self::read(expression, columns, false)
    }

    fn read(expression: &Expr, columns: &Schema, partly: bool) -> Option<Self> {
        let of = |part: &Expr| Self::read(part, columns, partly);
        let compared = |column: &Expr, op, value: &Expr| Self::compared(column, op, value, columns);
        match expression {
            Expr::BinaryExpr(both) if both.op == Operator::And => match (of(&both.left), of(&both.right)) {
                (Some(left), Some(right)) => Some(Self::All(vec![left, right])),
                (one, other) => one.or(other).filter(|_| partly),
            },
            Expr::BinaryExpr(both) if both.op == Operator::Or => {
                Some(Self::Any(vec![of(&both.left)?, of(&both.right)?]))
            }
            Expr::BinaryExpr(both) if is_constant(&both.right) => compared(&both.left, both.op, &both.right),
            Expr::BinaryExpr(both) => compared(&both.right, both.op.swap()?, &both.left),
            Expr::IsNull(inner) => Some(Self::Null(column_of(inner, columns)?)),
            Expr::IsNotNull(inner) => Some(Self::NotNull(column_of(inner, columns)?)),
            Expr::Not(inner) => of(&opposite(inner)?),
            Expr::InList(list) => {
                let op = if list.negated { Operator::NotEq } else { Operator::Eq };
                let each = list.list.iter().map(|value| compared(&list.expr, op, value)).collect::<Option<Vec<_>>>()?;
                Some(if list.negated { Self::All(each) } else { Self::Any(each) })
            }
            Expr::Between(range) if range.negated => Some(Self::Any(vec![
                compared(&range.expr, Operator::Lt, &range.low)?,
                compared(&range.expr, Operator::Gt, &range.high)?,
            ])),
            Expr::Between(range) => Some(Self::All(vec![
                compared(&range.expr, Operator::GtEq, &range.low)?,
                compared(&range.expr, Operator::LtEq, &range.high)?,
            ])),
            _ => None,
        }
    }

    fn compared(column: &Expr, op: Operator, value: &Expr, columns: &Schema) -> Option<Self> {
        use Operator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
        if !is_constant(value) {
            return None;
        }
        let with = |op, greatest| Comparison::new(column, op, value, greatest, columns).map(Self::Compared);
        match op {
            Lt | LtEq => with(op, false),
            Gt | GtEq => with(op, true),
            Eq => Some(Self::All(vec![with(LtEq, false)?, with(GtEq, true)?])),
            NotEq => Some(Self::Any(vec![with(NotEq, false)?, with(NotEq, true)?])),
            _ => None,
        }
    }

    /// Whether it may hold of a row; where it is not beyond doubt that it holds of none, it may.
    pub(super) fn may_hold(&self, known: &dyn Known) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.may_hold(known)),
            Self::Any(parts) => parts.iter().any(|part| part.may_hold(known)),
            Self::Null(column) => known.nulls(column) != Some(0),
            Self::NotNull(column) => known.nulls(column) != Some(known.rows()),
            Self::Compared(comparison) => comparison.may_hold(known),
        }
    }
}

impl Comparison {
    fn new(column: &Expr, op: Operator, value: &Expr, with_greatest: bool, columns: &Schema) -> Option<Self> {
        let name = column_of(column, columns)?;
        let schema = Schema::new(vec![columns.field_with_name(&name).ok()?.clone().with_nullable(true)]);
        let compare = Expr::BinaryExpr(BinaryExpr::new(Box::new(column.clone()), op, Box::new(value.clone())));
        let holds = sql::evaluator(&compare, &DFSchema::try_from(schema.clone()).ok()?).ok()?;
        Some(Self { column: name, with_greatest, holds, schema: Arc::new(schema) })
    }

    fn may_hold(&self, known: &dyn Known) -> bool {
        if known.nulls(&self.column) == Some(known.rows()) {
            return false;
        }
        let Some(bound) = known.bound(&self.column, self.with_greatest) else { return true };
        self.holds_of(bound).unwrap_or_else(|e| {
            tracing::debug!(error = %e, column = self.column, "a bound could not be compared");
            true
        })
    }

    fn holds_of(&self, bound: ArrayRef) -> Result<bool> {
        let batch = RecordBatch::try_new(self.schema.clone(), vec![bound])?;
        let held = self.holds.evaluate(&batch)?.into_array(1)?;
        Ok(held.as_boolean_opt().is_none_or(|held| held.is_null(0) || held.value(0)))
    }
}

/// The opposite of an expression, without a `not` that nothing could be told of. True where the expression is
/// false; of rows with nulls it says nothing.
pub(super) fn opposite(expression: &Expr) -> Option<Expr> {
    Some(match expression {
        Expr::BinaryExpr(both) => {
            let op = match both.op {
                Operator::And | Operator::Or => {
                    let (left, right) = (opposite(&both.left)?, opposite(&both.right)?);
                    return Some(if both.op == Operator::And { left.or(right) } else { left.and(right) });
                }
                op => op.negate()?,
            };
            Expr::BinaryExpr(BinaryExpr::new(both.left.clone(), op, both.right.clone()))
        }
        Expr::IsNull(inner) => Expr::IsNotNull(inner.clone()),
        Expr::IsNotNull(inner) => Expr::IsNull(inner.clone()),
        Expr::InList(list) => Expr::InList(InList { negated: !list.negated, ..list.clone() }),
        Expr::Between(range) => Expr::Between(Between { negated: !range.negated, ..range.clone() }),
        Expr::Not(inner) => (**inner).clone(),
        _ => return None,
    })
}

/// The columns that a simple expression compares: null in one of them may make it null.
pub(super) fn compared(expression: &Expr) -> HashSet<String> {
    match expression {
        Expr::IsNull(_) | Expr::IsNotNull(_) => HashSet::new(),
        Expr::BinaryExpr(both) => compared(&both.left).into_iter().chain(compared(&both.right)).collect(),
        Expr::Not(inner) => compared(inner),
        other => other.column_refs().into_iter().map(|column| column.name.clone()).collect(),
    }
}

/// The name of the column that one side of a comparison is, perhaps cast in a way that keeps the order of its values.
fn column_of(side: &Expr, columns: &Schema) -> Option<String> {
    match side {
        Expr::Column(column) => columns.field_with_name(&column.name).ok().map(|_| column.name.clone()),
        Expr::Cast(cast) => {
            let name = column_of(&cast.expr, columns)?;
            let from = columns.field_with_name(&name).ok()?.data_type();
            (matches!(*cast.expr, Expr::Column(_)) && keeps_order(from, &cast.data_type)).then_some(name)
        }
        _ => None,
    }
}

fn keeps_order(from: &DataType, to: &DataType) -> bool {
    use DataType::{Date32, LargeUtf8, Timestamp, Utf8, Utf8View};
    match (from, to) {
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View) | (Date32, Timestamp(_, None)) => true,
        (Timestamp(_, from), Timestamp(_, to)) => from.is_some() == to.is_some(),
        (from, to) => from.is_numeric() && to.is_numeric(),
    }
}

/// A literal that is not null, perhaps of a type that is told: `date '2024-01-01'`, `-1`.
fn is_constant(expression: &Expr) -> bool {
    match expression {
        Expr::Literal(value, _) => !value.is_null(),
        Expr::Cast(cast) => is_constant(&cast.expr),
        Expr::Negative(inner) => is_constant(inner),
        _ => false,
    }
}
