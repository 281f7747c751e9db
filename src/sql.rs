//! SQL expressions over columns: DataFusion's parser, types, functions and evaluator, without the engine above them, which
//! nothing here needs and which takes longer to build than all of this.
//!
//! Only what gives the same result for the same row may be used: rows that are checked, staged and perhaps staged again,
//! or found by a filter and found again after a conflict, must be the same each time.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::DataType;
use datafusion_common::config::ConfigOptions;
use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_common::{DFSchema, DataFusionError, Result, ScalarValue, TableReference, not_impl_err};
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::planner::{ContextProvider, ExprPlanner};
use datafusion_expr::simplify::SimplifyContext;
use datafusion_expr::{AggregateUDF, Expr, Operator, ScalarUDF, TableSource, Volatility, WindowUDF};
use datafusion_functions::core::planner::CoreFunctionPlanner;
use datafusion_functions::datetime::planner::DatetimeFunctionPlanner;
use datafusion_functions::unicode::planner::UnicodeFunctionPlanner;
use datafusion_functions_nested::planner::{FieldAccessPlanner, NestedFunctionPlanner};
use datafusion_optimizer::simplify_expressions::ExprSimplifier;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::{BinaryExpr, Literal, NegativeExpr};
use datafusion_sql::parser::DFParserBuilder;
use datafusion_sql::planner::{ParserOptions, PlannerContext, SqlToRel};

/// Reads an expression over these columns. Names are taken as they are written, capital letters and all; those with
/// spaces, dots or other marks stand in double quotes.
pub(crate) fn parse(text: &str, columns: &DFSchema) -> Result<Expr> {
    parse_as(text, columns, false)
}

/// As [`parse`], with numbers that have a point or an exponent as decimals, where they can be: with all their digits.
pub(crate) fn parse_exactly(text: &str, columns: &DFSchema) -> Result<Expr> {
    parse_as(text, columns, true).or_else(|_| parse(text, columns))
}

fn parse_as(text: &str, columns: &DFSchema, decimals: bool) -> Result<Expr> {
    let read = DFParserBuilder::new(text).build()?.parse_into_expr()?;
    let functions: &Functions = &FUNCTIONS;
    let options = ParserOptions::from(&functions.options.sql_parser).with_parse_float_as_decimal(decimals);
    let planner = SqlToRel::new_with_options(functions, options);
    planner.sql_to_expr_with_alias(read, columns, &mut PlannerContext::new())
}

/// The expression with the casts that make its types go together.
pub(crate) fn coerce(expression: Expr, columns: &DFSchema) -> Result<Expr> {
    let context = SimplifyContext::default().with_schema(Arc::new(columns.clone()));
    ExprSimplifier::new(context).coerce(expression, columns)
}

/// An expression whose types go together, ready for batches of these columns. Its arithmetic tells when it overflows.
pub(crate) fn evaluator(coerced: &Expr, columns: &DFSchema) -> Result<Arc<dyn PhysicalExpr>> {
    let physical = datafusion_physical_expr::create_physical_expr(coerced, columns, &ExecutionProps::new())?;
    let strict = |node: Arc<dyn PhysicalExpr>| {
        if let Some(binary) = node.as_any().downcast_ref::<BinaryExpr>() {
            return Ok(Transformed::yes(Arc::new(binary.clone().with_fail_on_overflow(true)) as Arc<_>));
        }
        let Some(negative) = node.as_any().downcast_ref::<NegativeExpr>() else { return Ok(Transformed::no(node)) };
        // The least whole number has no opposite: nothing less the number tells so, a change of its sign does not.
        let of = negative.data_type(columns.as_arrow())?;
        if !of.is_signed_integer() {
            return Ok(Transformed::no(node));
        }
        let zero = Arc::new(Literal::new(ScalarValue::new_zero(&of)?));
        let less = BinaryExpr::new(zero, Operator::Minus, Arc::clone(negative.arg())).with_fail_on_overflow(true);
        Ok(Transformed::yes(Arc::new(less) as Arc<_>))
    };
    physical.transform_up(strict).map(|changed| changed.data)
}

/// Why an expression is no function of the row alone; nothing where it is one.
pub(crate) fn more_than_the_row(expression: &Expr) -> Option<String> {
    let mut found = None;
    let walked = expression.apply(|node| {
        found = match node {
            Expr::AggregateFunction(f) => Some(format!("{}() needs more than one row", f.func.name())),
            Expr::WindowFunction(_) => Some("window functions need more than one row".into()),
            Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_) | Expr::SetComparison(_) => {
                Some("subqueries cannot be used".into())
            }
            Expr::Placeholder(_) | Expr::ScalarVariable(..) | Expr::OuterReferenceColumn(..) | Expr::GroupingSet(_) => {
                Some("only columns, constants and functions can be used".into())
            }
            Expr::Unnest(_) => Some("one row cannot become several".into()),
            Expr::ScalarFunction(f) if f.func.signature().volatility != Volatility::Immutable => {
                Some(format!("{}() does not give the same result each time", f.func.name()))
            }
            _ => None,
        };
        Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found.or_else(|| Some(walked.err()?.strip_backtrace()))
}

/// What is wrong, on one line and without the names that DataFusion has for kinds of errors.
pub(crate) fn plain(error: &DataFusionError) -> String {
    let message = error.find_root().strip_backtrace();
    let first = message.lines().next().unwrap_or_default();
    let kinds = [
        "SQL error: ParserError(\"",
        "SQL error: TokenizerError(\"",
        "SQL error: ",
        "Error during planning: ",
        "This feature is not implemented: ",
        "Arrow error: ",
    ];
    let told = kinds.iter().fold(first, |text, kind| text.strip_prefix(kind).unwrap_or(text));
    told.trim_end_matches("\")").trim_end_matches('.').to_string()
}

/// What an expression may call.
struct Functions {
    scalar: HashMap<String, Arc<ScalarUDF>>,
    /// Known, so that they are refused by what they are and not as a name that nobody knows.
    aggregate: HashMap<String, Arc<AggregateUDF>>,
    planners: Vec<Arc<dyn ExprPlanner>>,
    options: ConfigOptions,
}

static FUNCTIONS: LazyLock<Functions> = LazyLock::new(Functions::all);

impl Functions {
    fn all() -> Self {
        let mut options = ConfigOptions::default();
        options.sql_parser.enable_ident_normalization = false;
        let scalar = datafusion_functions::all_default_functions()
            .into_iter()
            .chain(datafusion_functions_nested::all_default_nested_functions());
        let aggregate = datafusion_functions_aggregate::all_default_aggregate_functions();
        Self {
            scalar: by_name(scalar, |f| (f.name(), f.aliases())),
            aggregate: by_name(aggregate, |f| (f.name(), f.aliases())),
            planners: vec![
                Arc::new(CoreFunctionPlanner::default()),
                Arc::new(NestedFunctionPlanner),
                Arc::new(FieldAccessPlanner),
                Arc::new(DatetimeFunctionPlanner),
                Arc::new(UnicodeFunctionPlanner),
            ],
            options,
        }
    }
}

/// Functions by each of their names.
fn by_name<F>(
    functions: impl IntoIterator<Item = Arc<F>>,
    names: fn(&F) -> (&str, &[String]),
) -> HashMap<String, Arc<F>> {
    let mut known = HashMap::new();
    for function in functions {
        let (name, aliases) = names(&function);
        for name in std::iter::once(name).chain(aliases.iter().map(String::as_str)) {
            known.insert(name.to_string(), function.clone());
        }
    }
    known
}

impl ContextProvider for Functions {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        not_impl_err!("subqueries cannot be used: {name}")
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.planners
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.scalar.get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.aggregate.get(name).cloned()
    }

    fn get_window_meta(&self, _: &str) -> Option<Arc<WindowUDF>> {
        None
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        &self.options
    }

    fn udf_names(&self) -> Vec<String> {
        self.scalar.keys().cloned().collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.aggregate.keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        Vec::new()
    }
}
