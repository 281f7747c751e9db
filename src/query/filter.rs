//! A filter: a SQL expression over a table's columns, evaluated batch by batch.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, not, prep_null_mask_filter};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{Between, BinaryExpr, Expr, ExprSchemable, Operator};
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::literal;
use crate::{Error, Result};

/// A condition on rows.
#[derive(Debug, Clone)]
pub struct Filter {
    text: String,
    expression: Expr,
    context: Arc<Context>,
}

/// DataFusion's session, which prints too much.
struct Context(SessionContext);

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Context")
    }
}

impl Filter {
    /// Reads a SQL expression over these columns. Names are taken as they are written, capital letters and all; those
    /// with spaces, dots or other marks stand in double quotes. Columns whose field ids are `uuids` are compared with
    /// UUIDs as text: `id = 'f47ac10b-58cc-4372-a567-0e02b2c3d479'`.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) where it is no expression, names an unknown column, or is neither true
    /// nor false.
    pub fn parse(text: &str, columns: &Schema, uuids: &HashSet<i32>) -> Result<Self> {
        let config = SessionConfig::new().set_bool("datafusion.sql_parser.enable_ident_normalization", false);
        let context = SessionContext::new_with_config(config);
        let schema = df_schema(columns)?;
        let expression = context.parse_sql_expr(text, &schema).map_err(|e| wrong(&e, text, columns))?;
        let expression = literal::read_text(expression, columns, uuids)?;
        let of_type = expression.get_type(&schema).map_err(|e| wrong(&e, text, columns))?;
        if of_type != DataType::Boolean {
            return Err(Error::invalid("the filter is neither true nor false")
                .with("filter", text)
                .with("type", of_type)
                .hint("compare something: amount > 10, country = 'DE', note is null"));
        }
        // Finds what only shows when types are put together: country > 10.
        context.create_physical_expr(expression.clone(), &schema).map_err(|e| wrong(&e, text, columns))?;
        Ok(Self { text: text.into(), expression, context: Arc::new(Context(context)) })
    }

    /// The columns it looks at.
    pub fn columns(&self) -> Vec<String> {
        let mut names: Vec<String> = self.expression.column_refs().into_iter().map(|c| c.name.clone()).collect();
        names.sort();
        names
    }

    /// The conditions that all must be true and that bounds of a column can tell of, put together; nothing where there
    /// is none. Only plain comparisons: a cast or a function may turn the order of values around.
    pub(super) fn simple_part(&self, schema: &SchemaRef) -> Option<Arc<dyn PhysicalExpr>> {
        let simple = split_conjunction(&self.expression).into_iter().filter(|part| is_simple(part)).cloned();
        self.context.0.create_physical_expr(conjunction(simple)?, &df_schema(schema).ok()?).ok()
    }

    /// What is true of a row only where the filter is not, and the columns of which no value may be null for that; nothing
    /// where bounds cannot tell of all of the filter.
    pub(super) fn opposite(&self, schema: &SchemaRef) -> Option<(Arc<dyn PhysicalExpr>, HashSet<String>)> {
        if !is_simple(&self.expression) {
            return None;
        }
        let opposite = opposite(&self.expression)?;
        let compared = compared(&self.expression);
        let expression = self.context.0.create_physical_expr(opposite, &df_schema(schema).ok()?).ok()?;
        Some((expression, compared))
    }

    /// Whether it is true for every row, whatever it holds.
    pub(super) fn is_always_true(&self) -> bool {
        matches!(self.expression, Expr::Literal(datafusion::scalar::ScalarValue::Boolean(Some(true)), _))
    }

    /// The expression as it was read.
    pub(super) fn expression(&self) -> &Expr {
        &self.expression
    }

    /// The filter, ready for batches of this schema.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn bind(&self, schema: &SchemaRef) -> Result<BoundFilter> {
        let created = self.context.0.create_physical_expr(self.expression.clone(), &df_schema(schema)?);
        let expression = created.map_err(|e| wrong(&e, &self.text, schema))?;
        Ok(BoundFilter { text: self.text.clone(), expression })
    }
}

/// A filter for batches of one schema.
#[derive(Debug, Clone)]
pub struct BoundFilter {
    text: String,
    expression: Arc<dyn PhysicalExpr>,
}

impl BoundFilter {
    /// The rows for which it is true.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) where it fails on a value, as a division by zero does.
    pub fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        filter_record_batch(batch, &self.mask(batch)?).map_err(|e| self.failed(&e))
    }

    /// The rows for which it is not true: false, or null.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn rest(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mask = self.mask(batch)?;
        let is_true = if mask.null_count() > 0 { prep_null_mask_filter(&mask) } else { mask };
        let rest = not(&is_true).map_err(|e| self.failed(&e))?;
        filter_record_batch(batch, &rest).map_err(|e| self.failed(&e))
    }

    fn mask(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let value = self.expression.evaluate(batch).map_err(|e| self.failed(&e.strip_backtrace()))?;
        let mask = value.into_array(batch.num_rows()).map_err(|e| self.failed(&e.strip_backtrace()))?;
        mask.as_boolean_opt().cloned().ok_or_else(|| self.failed(&"it is neither true nor false"))
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> Error {
        Error::invalid(format!("the filter fails on a row: {why}")).with("filter", &self.text)
    }
}

/// The opposite of a simple expression, without a `not` that bounds could not tell of. True where the expression is
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
fn compared(expression: &Expr) -> HashSet<String> {
    match expression {
        Expr::IsNull(_) | Expr::IsNotNull(_) => HashSet::new(),
        Expr::BinaryExpr(both) => compared(&both.left).into_iter().chain(compared(&both.right)).collect(),
        Expr::Not(inner) => compared(inner),
        other => other.column_refs().into_iter().map(|column| column.name.clone()).collect(),
    }
}

/// Comparisons of a column with a constant, null tests, `in`, `between`, and these put together.
fn is_simple(expression: &Expr) -> bool {
    use Operator::{And, Eq, Gt, GtEq, Lt, LtEq, NotEq, Or};
    match expression {
        Expr::BinaryExpr(both) if matches!(both.op, And | Or) => is_simple(&both.left) && is_simple(&both.right),
        Expr::BinaryExpr(both) if matches!(both.op, Eq | NotEq | Lt | LtEq | Gt | GtEq) => {
            matches!(*both.left, Expr::Column(_)) && is_constant(&both.right)
                || is_constant(&both.left) && matches!(*both.right, Expr::Column(_))
        }
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => matches!(**inner, Expr::Column(_)),
        Expr::InList(list) => matches!(*list.expr, Expr::Column(_)) && list.list.iter().all(is_constant),
        Expr::Between(range) => {
            matches!(*range.expr, Expr::Column(_)) && is_constant(&range.low) && is_constant(&range.high)
        }
        Expr::Not(inner) => is_simple(inner),
        _ => false,
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

fn df_schema(columns: &Schema) -> Result<DFSchema> {
    DFSchema::try_from(columns.clone()).map_err(|e| Error::bug("the columns cannot be filtered").caused_by(e))
}

fn wrong(error: &DataFusionError, text: &str, columns: &Schema) -> Error {
    let root = error.find_root();
    if let DataFusionError::SchemaError(cause, _) = root
        && let datafusion::common::SchemaError::FieldNotFound { field, .. } = cause.as_ref()
    {
        let names: Vec<&str> = columns.fields().iter().map(|f| f.name().as_str()).collect();
        return Error::invalid("the filter names a column that the table does not have")
            .with("column", &field.name)
            .hint(format!("columns: {}", names.join(", ")))
            .hint("text stands in single quotes, names with spaces or dots in double quotes");
    }
    let message = root.strip_backtrace();
    let first = message.lines().next().unwrap_or_default().trim_end_matches('.').to_string();
    Error::invalid(format!("the filter cannot be read: {first}")).with("filter", text)
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int32Array, StringArray};

    use super::*;

    fn batch() -> RecordBatch {
        let n: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), Some(2), None]));
        let text: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
        let odd: ArrayRef = Arc::new(Int32Array::from(vec![7, 8, 9]));
        RecordBatch::try_from_iter([("N", n), ("text", text), ("a.b 🚀", odd)]).unwrap()
    }

    fn kept(text: &str) -> usize {
        let batch = batch();
        let filter = Filter::parse(text, &batch.schema(), &HashSet::new()).unwrap();
        filter.bind(&batch.schema()).unwrap().apply(&batch).unwrap().num_rows()
    }

    #[test]
    fn keeps_rows_for_which_it_is_true() {
        assert_eq!(kept("N > 1"), 1);
        assert_eq!(kept("N is null or text in ('a', 'b')"), 3);
        assert_eq!(kept("\"a.b 🚀\" >= 8 and text like '%c'"), 1);
        assert_eq!(kept("N > 1.5"), 1);
        assert_eq!(kept("true"), 3);
    }

    #[test]
    fn says_what_is_wrong() {
        let schema = batch().schema();
        let error = |text: &str| Filter::parse(text, &schema, &HashSet::new()).unwrap_err();
        let unknown = error("n > 1");
        assert_eq!(unknown.message(), "the filter names a column that the table does not have");
        assert!(unknown.hints()[0].contains("N, text"), "{:?}", unknown.hints());
        assert_eq!(error("N + 1").message(), "the filter is neither true nor false");
        for text in ["", "N >", "N > 1; drop table t", "select 1", "N > (", "text > ]"] {
            assert_eq!(error(text).kind(), crate::Kind::Invalid, "{text}");
        }
    }

    #[test]
    fn what_is_null_is_left() {
        let batch = batch();
        let filter = Filter::parse("N > 1 and text <> 'z'", &batch.schema(), &HashSet::new()).unwrap();
        let bound = filter.bind(&batch.schema()).unwrap();
        assert_eq!((bound.apply(&batch).unwrap().num_rows(), bound.rest(&batch).unwrap().num_rows()), (1, 2));
    }

    #[test]
    fn a_fault_on_a_row_is_an_error() {
        let batch = batch();
        let filter = Filter::parse("10 / (N - 1) > 1", &batch.schema(), &HashSet::new()).unwrap();
        assert!(filter.bind(&batch.schema()).unwrap().apply(&batch).is_err());
    }
}
