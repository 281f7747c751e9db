//! One table column of a binding: where its values come from and what is done to them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringViewArray, new_null_array};
use arrow::datatypes::{DataType, FieldRef};
use iceberg::spec::NestedFieldRef;
use serde::Serialize;

use super::{Problem, defaults};
use crate::ingest::expression::{Compiler, Expression};
use crate::ingest::fit::Convert;
use crate::ingest::mapping::{ColumnMapping, Match, Rule, find, nearest};
use crate::ingest::parse::{ParseFormat, type_name};

/// How a table column gets its values.
#[derive(Debug)]
pub(in crate::ingest) struct Bound {
    pub field: FieldRef,
    pub input: Input,
    /// The type that comes in.
    pub from: DataType,
    pub convert: Convert,
    /// The column that faults are put down to.
    pub blamed: String,
    /// No source, no expression and no constant: null, or the column's write default.
    pub unsaid: bool,
}

/// Where the values come from before they are converted.
#[derive(Debug)]
pub(in crate::ingest) enum Input {
    /// A source column, by its position in the source.
    Source(usize),
    /// An expression over source columns.
    Expression(Box<Expression>),
    /// One value for every row, already converted.
    Fixed(ArrayRef),
}

impl Input {
    /// Whether values of this source column go into it.
    pub fn needs(&self, source: usize) -> bool {
        match self {
            Self::Source(i) => *i == source,
            Self::Expression(expression) => expression.needs().contains(&source),
            Self::Fixed(_) => false,
        }
    }
}

/// What becomes of the values of a column, as far as types tell before any row is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every value arrives as it is.
    Lossless,
    /// Every value arrives, in a type that holds more.
    Widened,
    /// Some values may not fit without a loss; those are refused, not rounded, but for text that is read as float or
    /// double.
    Lossy,
    /// No value fits.
    Impossible,
}

/// What a binding will do to one table column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnPlan {
    /// The table column.
    pub name: String,
    /// The type that comes in, in Iceberg's words.
    pub from: String,
    /// The column's type, in Iceberg's words.
    pub to: String,
    /// What becomes of the values.
    pub verdict: Verdict,
    /// Why, in a few words: "text read as date".
    pub why: String,
    /// Whether digits of text were rounded off so far.
    #[serde(skip)]
    pub rounded: bool,
}

type Bind = Result<Bound, Problem>;

impl Bound {
    pub(super) fn new(
        mapping: Option<&ColumnMapping>,
        field: &NestedFieldRef,
        target: &FieldRef,
        compiler: &Compiler<'_>,
    ) -> Bind {
        let Some(mapping) = mapping else { return Self::without_source(field, target, Some(compiler)) };
        let format = mapping.cast.parse_format()?;
        match &mapping.rule {
            Rule::Skip => Self::without_source(field, target, None),
            Rule::Constant(text) => Self::constant(text, target, &format),
            Rule::Column(from) => Self::column(from, target, &format, compiler),
            Rule::Expression(sql) => {
                let expression = compiler.compile(sql)?;
                let convert = Convert::plan(expression.data_type(), target, &format)?;
                let blamed = expression.only_column().unwrap_or(target.name()).to_string();
                let from = expression.data_type().clone();
                Ok(Self {
                    field: target.clone(),
                    input: Input::Expression(Box::new(expression)),
                    from,
                    convert,
                    blamed,
                    unsaid: false,
                })
            }
        }
    }

    /// The positions of the source columns it needs.
    pub(super) fn needs(&self) -> Vec<usize> {
        match &self.input {
            Input::Source(i) => vec![*i],
            Input::Expression(expression) => expression.needs().to_vec(),
            Input::Fixed(_) => Vec::new(),
        }
    }

    pub(super) fn plan(&self) -> ColumnPlan {
        let to = type_name(self.field.data_type());
        let rounded = self.convert.rounded();
        let (from, verdict, why) = match &self.input {
            Input::Fixed(one) if one.is_null(0) => ("null".into(), Verdict::Lossless, "null in every row".into()),
            Input::Fixed(_) => (to.clone(), Verdict::Lossless, "the same value in every row".into()),
            Input::Source(_) | Input::Expression(_) if rounded => {
                let why = format!("text read as {to}: digits that it cannot hold are rounded off");
                (type_name(&self.from), Verdict::Lossy, why)
            }
            Input::Source(_) | Input::Expression(_) => {
                let (verdict, why) = self.convert.explain(&to);
                (type_name(&self.from), verdict, why)
            }
        };
        ColumnPlan { name: self.field.name().clone(), from, to, verdict, why, rounded }
    }

    fn column(from: &str, target: &FieldRef, format: &ParseFormat, compiler: &Compiler<'_>) -> Bind {
        let source = compiler.source();
        let Some((position, column)) = source.iter().enumerate().find(|(_, c)| c.name == from) else {
            let near = nearest(from, source.iter().map(|c| c.name.as_str()));
            return Err(Problem::new(format!("the source has no column {from}")).near(&near));
        };
        let convert = Convert::plan(&column.stored, target, format)?;
        let (from, blamed) = (column.data_type.clone(), column.name.clone());
        Ok(Self { field: target.clone(), input: Input::Source(position), from, convert, blamed, unsaid: false })
    }

    fn constant(text: &str, target: &FieldRef, format: &ParseFormat) -> Bind {
        let convert = Convert::plan(&DataType::Utf8View, target, format)?;
        let text: ArrayRef = Arc::new(StringViewArray::from(vec![text]));
        let mut bad = Vec::new();
        let value = convert.run(&text, &mut bad)?;
        match (bad.first(), value) {
            (None, Some(value)) => Ok(Self::fixed(value, target)),
            (Some((_, reason)), _) => Err(Problem::new(unfit(&reason.to_string()))),
            (None, None) => Err(Problem::new("the constant cannot be used")),
        }
    }

    /// Null in every row, or the column's write default.
    fn without_source(field: &NestedFieldRef, target: &FieldRef, compiler: Option<&Compiler<'_>>) -> Bind {
        if let Some(value) = field.write_default.as_ref().and_then(|d| defaults::one_value(d, target.data_type())) {
            return Ok(Self { unsaid: true, ..Self::fixed(value, target) });
        }
        if !field.required {
            return Ok(Self { unsaid: true, ..Self::fixed(new_null_array(target.data_type(), 1), target) });
        }
        let Some(compiler) = compiler else {
            return Err(Problem::new("is required and cannot be skipped").hint("map it or give a constant"));
        };
        let source = compiler.source();
        let name = |i: &usize| source.get(*i).map(|c| c.name.as_str());
        Err(match find(&field.name, source) {
            Match::Several(several) => {
                let names: Vec<_> = several.iter().filter_map(name).collect();
                Problem::new(format!("is required and several source columns answer to it: {}", names.join(", ")))
                    .hint("map one of them")
            }
            Match::One(one) => Problem::new("is required and not mapped")
                .hint(format!("map it (the source has {}) or give a constant", name(&one).unwrap_or_default())),
            Match::None => Problem::new("is required and has no source").hint("map it or give a constant"),
        })
    }

    fn fixed(value: ArrayRef, target: &FieldRef) -> Self {
        let blamed = target.name().clone();
        let from = target.data_type().clone();
        Self { field: target.clone(), input: Input::Fixed(value), from, convert: Convert::Same, blamed, unsaid: false }
    }
}

/// Why a constant is no value of its column. Most reasons say what it is, the others are sentences of their own.
fn unfit(reason: &str) -> String {
    match reason.starts_with("not ") || reason.starts_with("too ") {
        true => format!("the constant is {reason}"),
        false => format!("the constant does not fit: {reason}"),
    }
}
