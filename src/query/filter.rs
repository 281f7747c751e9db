//! A filter: a SQL expression over a table's columns, evaluated batch by batch.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, not, prep_null_mask_filter};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion_common::{DFSchema, DataFusionError, ScalarValue, SchemaError};
use datafusion_expr::{Expr, ExprSchemable};
use datafusion_physical_expr::PhysicalExpr;

use super::{literal, number};
use crate::{Error, Result, sql};

/// A condition on rows.
#[derive(Debug, Clone)]
pub struct Filter {
    text: String,
    expression: Expr,
}

impl Filter {
    /// Reads a SQL expression over these columns. Names are taken as they are written, capital letters and all; those
    /// with spaces, dots or other marks stand in double quotes. Text that a column is compared with is a value of the
    /// column's type, `id < '9'`; that of columns whose field ids are `uuids` is a UUID.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) where it is no expression, names an unknown column, or is neither true
    /// nor false.
    pub fn parse(text: &str, columns: &Schema, uuids: &HashSet<i32>) -> Result<Self> {
        let schema = df_schema(columns)?;
        let expression = sql::parse_exactly(text, &schema).map_err(|e| wrong(&e, text, columns))?;
        if let Some(why) = sql::more_than_the_row(&expression) {
            return Err(Error::invalid("the filter cannot be used").with("filter", text).hint(why));
        }
        let expression = number::read_numbers(expression, &schema)?;
        let expression = literal::read_text(expression, &schema, uuids)?;
        let of_type = expression.get_type(&schema).map_err(|e| wrong(&e, text, columns))?;
        if of_type != DataType::Boolean {
            return Err(Error::invalid("the filter is neither true nor false")
                .with("filter", text)
                .with("type", of_type)
                .hint("compare something: amount > 10, country = 'DE', note is null"));
        }
        // Finds what only shows when types are put together: country > 10.
        let filter = Self { text: text.into(), expression };
        filter.bind(&Arc::new(columns.clone()))?;
        Ok(filter)
    }

    /// The columns it looks at.
    pub fn columns(&self) -> Vec<String> {
        let mut names: Vec<String> = self.expression.column_refs().into_iter().map(|c| c.name.clone()).collect();
        names.sort();
        names
    }

    /// Whether it is true for every row, whatever it holds.
    pub(super) fn is_always_true(&self) -> bool {
        matches!(self.expression, Expr::Literal(ScalarValue::Boolean(Some(true)), _))
    }

    /// The expression as it was read.
    pub(super) fn expression(&self) -> &Expr {
        &self.expression
    }

    /// The expression with the casts that make its types go together with these columns.
    pub(super) fn coerced(&self, schema: &Schema) -> Result<Expr> {
        sql::coerce(self.expression.clone(), &df_schema(schema)?).map_err(|e| wrong(&e, &self.text, schema))
    }

    /// The filter, ready for batches of this schema.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn bind(&self, schema: &SchemaRef) -> Result<BoundFilter> {
        let expression = sql::evaluator(&self.coerced(schema)?, &df_schema(schema)?);
        let expression = expression.map_err(|e| wrong(&e, &self.text, schema))?;
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

fn df_schema(columns: &Schema) -> Result<DFSchema> {
    DFSchema::try_from(columns.clone()).map_err(|e| Error::bug("the columns cannot be filtered").caused_by(e))
}

fn wrong(error: &DataFusionError, text: &str, columns: &Schema) -> Error {
    if let DataFusionError::SchemaError(cause, _) = error.find_root()
        && let SchemaError::FieldNotFound { field, .. } = cause.as_ref()
    {
        let names: Vec<&str> = columns.fields().iter().map(|f| f.name().as_str()).collect();
        return Error::invalid("the filter names a column that the table does not have")
            .with("column", &field.name)
            .hint(format!("columns: {}", names.join(", ")))
            .hint("text stands in single quotes, names with spaces or dots in double quotes");
    }
    Error::invalid(format!("the filter cannot be read: {}", sql::plain(error))).with("filter", text)
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        ArrayRef, Date32Array, Decimal128Array, Float32Array, Float64Array, Int32Array, Int64Array, LargeBinaryArray,
        StringArray, TimestampMicrosecondArray,
    };

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

    /// Rows that differ by whether numbers are compared as numbers or as text.
    fn typed() -> RecordBatch {
        let columns: [(&str, ArrayRef); 10] = [
            ("id", Arc::new(Int64Array::from(vec![2, 9, 10, 100]))),
            ("small", Arc::new(Int32Array::from(vec![2, 9, 10, 100]))),
            ("twice", Arc::new(Float64Array::from(vec![2.0, 9.0, 10.0, 100.0]))),
            ("single", Arc::new(Float32Array::from(vec![0.1, 9.0, 10.0, 100.0]))),
            (
                "money",
                Arc::new(Decimal128Array::from(vec![250, 900, 1000, 10_000]).with_precision_and_scale(9, 2).unwrap()),
            ),
            ("yes", Arc::new(BooleanArray::from(vec![true, false, true, true]))),
            ("day", Arc::new(Date32Array::from(vec![0, 9, 10, 100]))),
            ("at", Arc::new(TimestampMicrosecondArray::from(vec![0, 9, 10, 100]))),
            ("bytes", Arc::new(LargeBinaryArray::from(vec![&b"\xca\xfe"[..], b"", b"cafe", b"z"]))),
            ("word", Arc::new(StringArray::from(vec!["2", "9", "10", "100"]))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    #[test]
    fn text_is_a_value_of_what_it_is_compared_with() {
        let batch = typed();
        for (text, wanted) in [
            ("id < '9'", 1),
            ("'9' > id", 1),
            ("id <= ' 9 '", 2),
            ("not (id > '9')", 2),
            ("id = '9' or (id >= '10' and id <> '100')", 2),
            ("id between '1' and '9'", 2),
            ("id not between '1' and '9'", 2),
            ("'9' between id and 10", 2),
            ("id in ('2', 9, '+10')", 3),
            ("id not in ('2', '9')", 2),
            ("'9' in (id, 7)", 1),
            ("id is distinct from '9'", 3),
            ("small < '9'", 1),
            ("id + 1 < '10'", 1),
            ("-id > '-9'", 1),
            ("twice > '9'", 2),
            ("twice = '1e2'", 1),
            ("single = '0.1'", 1),
            ("single < 'inf'", 4),
            ("money > '9'", 2),
            ("money in ('2.5', '10.000')", 2),
            ("money > '-.5'", 4),
            ("yes = 'true'", 3),
            ("day > '1970-01-10'", 2),
            ("at = '1970-01-01T00:00:00.000009Z'", 1),
            ("bytes = 'CAFE'", 1),
            // These are text, or made text on purpose.
            ("word < '9'", 3),
            ("cast(id as varchar) < '9'", 3),
            ("concat(id, '') < '9'", 3),
        ] {
            let filter =
                Filter::parse(text, &batch.schema(), &HashSet::new()).unwrap_or_else(|e| panic!("{text}: {e}"));
            let kept = filter.bind(&batch.schema()).unwrap().apply(&batch).unwrap();
            assert_eq!(kept.num_rows(), wanted, "{text}");
        }
    }

    #[test]
    fn a_number_is_compared_with_a_decimal_to_the_last_digit() {
        let values = vec![Some(1420), Some(99_999_999_999_999_999_999_999_999), Some(-310), None];
        let money = Decimal128Array::from(values).with_precision_and_scale(38, 2).unwrap();
        let all = [i128::pow(10, 38) - 1, 1 - i128::pow(10, 38), 5, 0];
        let tiny = Decimal128Array::from(all.to_vec()).with_precision_and_scale(38, 38).unwrap();
        let whole = Decimal128Array::from(all.to_vec()).with_precision_and_scale(38, 0).unwrap();
        let columns: [(&str, ArrayRef); 3] =
            [("d", Arc::new(money)), ("tiny", Arc::new(tiny)), ("whole", Arc::new(whole))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        for (text, wanted) in [
            ("d = 14.20", 1),
            ("14.2 = d", 1),
            ("d <> 14.2", 2),
            ("d > 1.5", 2),
            ("d > 1.555", 2),
            ("1.555 < d", 2),
            ("d > 14.199", 2),
            ("d >= 14.2001", 1),
            ("d < 14.2001", 2),
            ("d < -3.1", 0),
            ("d < -3.0999", 1),
            ("d > -3.1001", 3),
            ("d = 1.555", 0),
            ("not (d = 1.555)", 3),
            ("d is distinct from 1.555", 4),
            ("d is not distinct from 14.2", 1),
            ("d in (14.2, 1.555)", 1),
            ("d not in (14.2, 1.555)", 2),
            ("d in (14.2, '-3.1')", 2),
            ("d in (1.555, '-3.1')", 1),
            ("d between 1.555 and 14.2", 1),
            ("d not between 1.555 and 14.2", 2),
            ("d between -3.1 and 14", 1),
            ("d = 999999999999999999999999.99", 1),
            ("d > 999999999999999999999999.98", 1),
            ("d > 999999999999999999999999.995", 0),
            ("d < 1e40", 3),
            ("d > 1e40", 0),
            ("d > -1e300", 3),
            ("d < 99999999999999999999999999999999999999", 3),
            ("d > 14", 2),
            ("-d < -14.1", 2),
            ("tiny > 1", 0),
            ("tiny < 1000000000000", 4),
            ("tiny > 0.000000000000000000000000000000000000049", 2),
            ("tiny < 1e-100", 2),
            ("whole = 5.0", 1),
            ("whole > 4.5 and whole < 1e38", 2),
            ("whole >= 99999999999999999999999999999999999999", 1),
        ] {
            let filter =
                Filter::parse(text, &batch.schema(), &HashSet::new()).unwrap_or_else(|e| panic!("{text}: {e}"));
            let kept = filter.bind(&batch.schema()).unwrap().apply(&batch).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(kept.num_rows(), wanted, "{text}");
        }
    }

    #[test]
    fn a_number_beside_anything_else_is_a_double() {
        let batch = typed();
        for (text, wanted) in [
            ("twice > 9.5", 2),
            ("twice = 1e2", 1),
            ("single < 9.5", 2),
            ("id > 9.5 and small < 99.5", 1),
            ("id * 0.5 > 4.6", 2),
            ("money * 1.5 > 13.4", 3),
            ("round(9.5) = id", 1),
            ("cast(9.5 as int) = id", 1),
            ("case when yes then 0.5 else 1.5 end = 1.5", 1),
            ("1.5 in (id, 1.5)", 4),
            ("0.1 + 0.2 <> 0.3", 4),
        ] {
            let filter =
                Filter::parse(text, &batch.schema(), &HashSet::new()).unwrap_or_else(|e| panic!("{text}: {e}"));
            let kept = filter.bind(&batch.schema()).unwrap().apply(&batch).unwrap();
            assert_eq!(kept.num_rows(), wanted, "{text}");
        }
    }

    #[test]
    fn text_that_is_no_value_of_a_column_is_refused() {
        let schema = typed().schema();
        for (filter, column, of, text) in [
            ("id = 'x'", "id", "long", "x"),
            ("id < '9.5'", "id", "long", "9.5"),
            ("id < ''", "id", "long", ""),
            ("not (1 = 1 and 'x' <> id)", "id", "long", "x"),
            ("small < '3000000000'", "small", "int", "3000000000"),
            ("id in (1, 'x')", "id", "long", "x"),
            ("id between '1' and 'x'", "id", "long", "x"),
            ("twice > '9,5'", "twice", "double", "9,5"),
            ("twice < '1e999'", "twice", "double", "1e999"),
            ("money > '9.999'", "money", "decimal(9, 2)", "9.999"),
            ("money < '12345678.00'", "money", "decimal(9, 2)", "12345678.00"),
            ("money < '.'", "money", "decimal(9, 2)", "."),
            ("yes = 'maybe'", "yes", "boolean", "maybe"),
            ("day > '1970-01-10T08:00:00'", "day", "date", "1970-01-10T08:00:00"),
            ("day = '1970-13-01'", "day", "date", "1970-13-01"),
            ("at = '1970-01-01T00:00:00.0000091'", "at", "timestamp", "1970-01-01T00:00:00.0000091"),
            ("bytes = 'cafe0'", "bytes", "binary", "cafe0"),
        ] {
            let error = Filter::parse(filter, &schema, &HashSet::new()).expect_err(filter);
            assert_eq!(error.kind(), crate::Kind::Invalid, "{filter}");
            let wanted =
                [("column", column), ("type", of), ("text", text)].map(|(name, told)| (name, told.to_string()));
            assert_eq!(error.context(), wanted, "{filter}");
            assert!(error.hints()[0].starts_with(&format!("a value of {of} is written as ")), "{:?}", error.hints());
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let schema = batch().schema();
        let error = |text: &str| Filter::parse(text, &schema, &HashSet::new()).unwrap_err();
        let unknown = error("n > 1");
        assert_eq!(unknown.message(), "the filter names a column that the table does not have");
        assert!(unknown.hints()[0].contains("N, text"), "{:?}", unknown.hints());
        assert_eq!(error("N + 1").message(), "the filter is neither true nor false");
        for (text, why) in [
            ("random() < 0.5", "random() does not give the same result each time"),
            ("sum(N) > 1", "sum() needs more than one row"),
            ("N in (select 1)", "subqueries cannot be used"),
            ("N >", "the filter cannot be read: Expected: an expression, found: EOF"),
            ("text = 'x", "the filter cannot be read: Unterminated string literal at Line: 1, Column: 8"),
        ] {
            assert!(error(text).report().contains(why), "{text}: {}", error(text).report());
        }
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
        let filter = Filter::parse("N * 9223372036854775807 > 1", &batch.schema(), &HashSet::new()).unwrap();
        assert!(filter.bind(&batch.schema()).unwrap().apply(&batch).is_err(), "it does not wrap around");
    }
}
