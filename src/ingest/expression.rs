//! SQL expressions over source columns, by DataFusion: compiled once, evaluated per batch; a row that fails is that
//! row's fault alone.
//!
//! Only scalar functions that give the same result for the same row: a load that is checked, staged and perhaps staged
//! again must not change in between.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array, new_empty_array, new_null_array};
use arrow::compute::{cast, concat, take};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion_common::{DFSchema, DataFusionError, SchemaError};
use datafusion_expr::Expr;
use datafusion_physical_expr::PhysicalExpr;

use super::bind::Problem;
use super::fit::{Bad, Convert, merge};
use super::mapping::nearest;
use super::parse::{ParseFormat, Reason};
use super::source::SourceColumn;
use crate::{Error, Result, sql};

/// Compiles expressions over the columns of one source.
#[derive(Debug)]
pub(super) struct Compiler<'a> {
    source: &'a [SourceColumn],
    /// What text columns are within expressions.
    types: HashMap<&'a str, DataType>,
}

/// One expression, ready for any number of batches.
#[derive(Debug)]
pub(super) struct Expression {
    physical: Arc<dyn PhysicalExpr>,
    schema: SchemaRef,
    /// For each column of `schema` its position in the source and how its values are read.
    inputs: Vec<Convert>,
    needs: Vec<usize>,
    names: Vec<String>,
    /// A cast of text that stands outermost is done by our own parser: exact, and with reasons.
    cast: Option<Convert>,
    /// The type before that cast.
    raw: DataType,
    data_type: DataType,
}

type Compiled = Result<Expression, Problem>;

impl<'a> Compiler<'a> {
    /// A compiler for the columns of a source; `types` says what text columns are within expressions where the
    /// inferred type is not wanted.
    pub(super) fn new(source: &'a [SourceColumn], types: &'a BTreeMap<String, String>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut known = HashMap::new();
        for (name, of) in types {
            if !source.iter().any(|c| c.name == *name) {
                let near = nearest(name, source.iter().map(|c| c.name.as_str()));
                problems.push(Problem::general(format!("types: the source has no column {name}")).near(&near));
            }
            match arrow_type(of) {
                Some(of) => {
                    known.insert(name.as_str(), of);
                }
                None => problems.push(
                    Problem::general(format!("types: {of} is not a type"))
                        .hint("for example string, long, decimal(12,2), timestamptz"),
                ),
            }
        }
        if problems.is_empty() { Ok(Self { source, types: known }) } else { Err(problems) }
    }

    /// The source's columns.
    pub(super) fn source(&self) -> &'a [SourceColumn] {
        self.source
    }

    /// Compiles an expression. Text columns have their inferred types; where the expression does not go with those but
    /// does with text, they are text.
    pub(super) fn compile(&self, text: &str) -> Compiled {
        let inferred = |c: &SourceColumn| match holds_text(&c.stored) && !is_text(&c.data_type) {
            true => c.data_type.clone(),
            false => c.stored.clone(),
        };
        let typed: Vec<_> = self
            .source
            .iter()
            .map(|c| self.types.get(c.name.as_str()).cloned().unwrap_or_else(|| inferred(c)))
            .collect();
        let plain: Vec<_> =
            self.source.iter().map(|c| self.types.get(c.name.as_str()).unwrap_or(&c.stored).clone()).collect();
        self.compile_as(text, &typed).or_else(|problem| {
            if typed == plain { Err(problem) } else { self.compile_as(text, &plain).map_err(|_| problem) }
        })
    }

    fn compile_as(&self, text: &str, types: &[DataType]) -> Compiled {
        let fields = self.source.iter().zip(types).map(|(c, of)| Field::new(&c.name, of.clone(), true));
        let all = Schema::new(fields.collect::<Vec<_>>());
        let known = DFSchema::try_from(all.clone()).map_err(|e| self.problem(&e))?;
        // In parentheses, so that nothing may follow the expression; on a line of its own, for a comment at its end.
        let logical = sql::parse(&format!("({text}\n)"), &known).map_err(|e| self.problem(&e))?.unalias();
        if let Some(why) = sql::more_than_the_row(&logical) {
            return Err(Problem::new(why));
        }
        let used: Vec<_> = logical.column_refs().into_iter().map(|c| c.name.clone()).collect();
        let needs: Vec<usize> =
            (0..self.source.len()).filter(|i| self.source.get(*i).is_some_and(|c| used.contains(&c.name))).collect();
        let schema = Arc::new(all.project(&needs).map_err(|e| Problem::new(e.to_string()))?);
        self.finish(logical, schema, needs)
    }

    fn finish(&self, logical: Expr, schema: SchemaRef, needs: Vec<usize>) -> Compiled {
        let known = DFSchema::try_from(schema.as_ref().clone()).map_err(|e| self.problem(&e))?;
        let physical = |expr: Expr| {
            let physical = sql::coerce(expr, &known).and_then(|expr| sql::evaluator(&expr, &known));
            let physical = physical.map_err(|e| self.problem(&e))?;
            let data_type = physical.data_type(&schema).map_err(|e| self.problem(&e))?;
            Ok::<_, Problem>((physical, data_type))
        };
        let mut inputs = Vec::new();
        for (at, field) in needs.iter().zip(schema.fields()) {
            let stored = self.source.get(*at).map_or(&DataType::Null, |c| &c.stored);
            inputs.push(plan(stored, field)?);
        }
        let names = schema.fields().iter().map(|f| f.name().clone()).collect();
        let (inner, target) = match &logical {
            Expr::Cast(outer) => (Some(outer.expr.as_ref().clone()), outer.data_type.clone()),
            _ => (None, DataType::Null),
        };
        let peeled = match inner.map(physical) {
            Some(Ok((inner, of))) if is_text(&of) && !is_text(&target) => our_type(&target).map(|to| (inner, of, to)),
            _ => None,
        };
        if let Some((physical, of, to)) = peeled {
            let convert = plan(&of, &Arc::new(Field::new("", to.clone(), true)))?;
            return Ok(Expression {
                physical,
                schema,
                inputs,
                needs,
                names,
                cast: Some(convert),
                raw: of,
                data_type: to,
            });
        }
        let (physical, data_type) = physical(logical)?;
        Ok(Expression { physical, schema, inputs, needs, names, cast: None, raw: data_type.clone(), data_type })
    }

    fn problem(&self, error: &DataFusionError) -> Problem {
        if let DataFusionError::SchemaError(schema, _) = error.find_root()
            && let SchemaError::FieldNotFound { field, .. } = schema.as_ref()
        {
            let near = nearest(&field.name, self.source.iter().map(|c| c.name.as_str()));
            let problem = Problem::new(format!("the source has no column {}", field.name));
            let quoted: Vec<_> = near.iter().map(|name| format!("\"{name}\"")).collect();
            return problem.near(&quoted.iter().map(String::as_str).collect::<Vec<_>>());
        }
        Problem::new(format!("the expression cannot be used: {}", sql::plain(error)))
    }
}

impl Expression {
    /// The type of its values.
    pub(super) fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// The positions of the source columns it needs, ascending.
    pub(super) fn needs(&self) -> &[usize] {
        &self.needs
    }

    /// The name of the source column it needs, where it needs one alone.
    pub(super) fn only_column(&self) -> Option<&str> {
        match self.names.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Its values for `rows` rows; `inputs` are the columns it needs. Rows that fail are null and listed.
    pub(super) fn evaluate(&self, inputs: &[ArrayRef], rows: usize) -> Result<(ArrayRef, Bad)> {
        let mut bad = Bad::new();
        let mut columns = Vec::with_capacity(inputs.len());
        for (input, convert) in inputs.iter().zip(&self.inputs) {
            let mut mine = Bad::new();
            let column = match convert.run(input, &mut mine)? {
                None => convert.run(&without(input, &mine)?, &mut Bad::new())?,
                column => column,
            };
            columns.push(column.ok_or_else(|| Error::bug("a nested column of an expression was lost"))?);
            merge(&mut bad, mine);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|e| Error::bug("the columns of an expression do not make a batch").caused_by(e))?;
        let mut failed = Bad::new();
        let values = self.whole_or_halves(&batch, 0, &mut failed)?;
        merge(&mut bad, failed);
        let Some(convert) = &self.cast else { return Ok((values, bad)) };
        let mut uncast = Bad::new();
        let values = convert.run(&values, &mut uncast)?;
        merge(&mut bad, uncast);
        Ok((values.ok_or_else(|| Error::bug("a cast to a scalar gave nothing"))?, bad))
    }

    /// Evaluates a batch; where that fails, its halves, down to the rows at fault.
    fn whole_or_halves(&self, batch: &RecordBatch, first: usize, bad: &mut Bad) -> Result<ArrayRef> {
        let rows = batch.num_rows();
        if rows == 0 {
            return Ok(new_empty_array(&self.raw));
        }
        let error = match self.physical.evaluate(batch).and_then(|value| value.into_array(rows)) {
            Ok(values) if *values.data_type() == self.raw => return Ok(values),
            Ok(values) => match cast(&values, &self.raw) {
                Ok(values) => return Ok(values),
                Err(e) => e.into(),
            },
            Err(e) => e,
        };
        if rows == 1 {
            bad.push((first, reason(&error)));
            return Ok(new_null_array(&self.raw, 1));
        }
        let half = rows / 2;
        let before = self.whole_or_halves(&batch.slice(0, half), first, bad)?;
        let after = self.whole_or_halves(&batch.slice(half, rows - half), first + half, bad)?;
        concat(&[&before, &after]).map_err(|e| Error::bug("the values of an expression cannot be joined").caused_by(e))
    }
}

fn plan(from: &DataType, to: &FieldRef) -> Result<Convert, Problem> {
    match from == to.data_type() {
        true => Ok(Convert::Same),
        false => Convert::plan(from, to, &ParseFormat::default()),
    }
}

/// The Arrow type of an Iceberg primitive by its name.
fn arrow_type(name: &str) -> Option<DataType> {
    let of = serde_json::from_value(serde_json::Value::String(name.trim().to_lowercase())).ok()?;
    iceberg::arrow::type_to_arrow_type(&iceberg::spec::Type::Primitive(of)).ok()
}

/// The type that our parser gives for one of SQL's.
fn our_type(sql: &DataType) -> Option<DataType> {
    use arrow::datatypes::TimeUnit::{Microsecond, Nanosecond};
    Some(match sql {
        DataType::Int8 | DataType::Int16 | DataType::UInt8 | DataType::UInt16 => return None,
        DataType::Timestamp(_, Some(_)) => return None,
        DataType::Timestamp(_, None) => DataType::Timestamp(Microsecond, None),
        DataType::Time64(Nanosecond) => DataType::Time64(Microsecond),
        DataType::Boolean | DataType::Int32 | DataType::Int64 | DataType::Float32 | DataType::Float64 => sql.clone(),
        DataType::Decimal128(_, scale) if *scale >= 0 => sql.clone(),
        DataType::Date32 => sql.clone(),
        _ => return None,
    })
}

fn is_text(of: &DataType) -> bool {
    matches!(of, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// Whether all values of the type are text, at any depth.
fn holds_text(of: &DataType) -> bool {
    match of {
        DataType::Struct(fields) => fields.iter().all(|field| holds_text(field.data_type())),
        DataType::List(element) => holds_text(element.data_type()),
        other => is_text(other),
    }
}

/// The column with null in the rows that do not fit.
fn without(column: &ArrayRef, bad: &Bad) -> Result<ArrayRef> {
    let is_bad = |row: &u32| bad.binary_search_by_key(&(*row as usize), |(row, _)| *row).is_ok();
    let rows: UInt32Array = (0..column.len() as u32).map(|row| Some(row).filter(|row| !is_bad(row))).collect();
    take(column, &rows, None).map_err(|e| Error::bug("rows cannot be taken out of a column").caused_by(e))
}

/// Why a row failed, without its values.
fn reason(error: &DataFusionError) -> Reason {
    let DataFusionError::ArrowError(arrow, _) = error.find_root() else {
        return Reason::not(without_values(&error.find_root().strip_backtrace()));
    };
    match arrow.as_ref() {
        ArrowError::DivideByZero => Reason::not("division by zero"),
        ArrowError::ArithmeticOverflow(_) => Reason::not("the result is too large for its type"),
        ArrowError::CastError(message) => Reason::not(without_values(message)),
        other => Reason::not(without_values(&other.to_string())),
    }
}

/// The first line of a message with quoted values and numbers left out, so that equal faults are counted together.
fn without_values(message: &str) -> String {
    let mut out = String::new();
    let (mut quote, mut before) = (None, ' ');
    for c in message.lines().next().unwrap_or_default().chars().take(200) {
        let within_a_word = std::mem::replace(&mut before, c).is_alphanumeric() && c == '\'';
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"') && !within_a_word => {
                quote = Some(c);
                out.push('…');
            }
            None if c.is_ascii_digit() => {
                if !out.ends_with('…') {
                    out.push('…');
                }
            }
            None => out.push(c),
        }
    }
    out
}
