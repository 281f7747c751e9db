//! A filter: a SQL expression over a table's columns, evaluated batch by batch.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::logical_expr::{Expr, ExprSchemable};
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::{SessionConfig, SessionContext};

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
    /// with spaces, dots or other marks stand in double quotes.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) where it is no expression, names an unknown column, or is neither true
    /// nor false.
    pub fn parse(text: &str, columns: &Schema) -> Result<Self> {
        let config = SessionConfig::new().set_bool("datafusion.sql_parser.enable_ident_normalization", false);
        let context = SessionContext::new_with_config(config);
        let schema = df_schema(columns)?;
        let expression = context.parse_sql_expr(text, &schema).map_err(|e| wrong(&e, text, columns))?;
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
        let failed = |e: &dyn std::fmt::Display| {
            Error::invalid(format!("the filter fails on a row: {e}")).with("filter", &self.text)
        };
        let value = self.expression.evaluate(batch).map_err(|e| failed(&e.strip_backtrace()))?;
        let mask = value.into_array(batch.num_rows()).map_err(|e| failed(&e.strip_backtrace()))?;
        let mask = mask.as_boolean_opt().ok_or_else(|| failed(&"it is neither true nor false"))?;
        filter_record_batch(batch, mask).map_err(|e| failed(&e))
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
        let filter = Filter::parse(text, &batch.schema()).unwrap();
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
        let error = |text: &str| Filter::parse(text, &schema).unwrap_err();
        let unknown = error("n > 1");
        assert_eq!(unknown.message(), "the filter names a column that the table does not have");
        assert!(unknown.hints()[0].contains("N, text"), "{:?}", unknown.hints());
        assert_eq!(error("N + 1").message(), "the filter is neither true nor false");
        for text in ["", "N >", "N > 1; drop table t", "select 1", "N > (", "text > ]"] {
            assert_eq!(error(text).kind(), crate::Kind::Invalid, "{text}");
        }
    }

    #[test]
    fn a_fault_on_a_row_is_an_error() {
        let batch = batch();
        let filter = Filter::parse("10 / (N - 1) > 1", &batch.schema()).unwrap();
        assert!(filter.bind(&batch.schema()).unwrap().apply(&batch).is_err());
    }
}
