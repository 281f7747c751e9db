//! The plan of a conversion from one Arrow type to a table column's: made once from the types, run for every batch.

use arrow::array::{Array, ArrayRef, AsArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, TimeUnit};

use super::cast::Checked;
use super::faults::{Bad, merge};
use super::json::JsonText;
use super::nested::{ListPlan, MapPlan, StructPlan};
use super::objects::ObjectPlan;
use crate::ingest::bind::{Problem, Verdict};
use crate::ingest::parse::{ParseFormat, TextParser, Zone, type_name};
use crate::{Error, Result};

/// How values become those of a table column.
#[derive(Debug)]
pub(in crate::ingest) enum Convert {
    /// They are already: nothing is copied.
    Same,
    /// The same values in another layout: text as a view or not, dictionaries unpacked.
    Laid(DataType),
    /// Nothing but nulls.
    Null(DataType),
    /// An Arrow cast that can neither fail nor lose.
    Widen(DataType),
    /// An Arrow cast whose failures and losses are found.
    Checked(Checked),
    /// Text, parsed.
    Parse(TextParser),
    /// Text of JSON, made into a nested type.
    Json(Box<JsonText>),
    /// Local times made instants, or the reverse.
    Zone(Zone, DataType),
    /// One after the other.
    Then(Box<Convert>, Box<Convert>),
    /// Field by field.
    Struct(Box<StructPlan>),
    /// Element by element.
    List(Box<ListPlan>),
    /// Key by key and value by value.
    Map(Box<MapPlan>),
    /// An object's fields as entries of a map.
    Object(Box<ObjectPlan>),
}

impl Convert {
    /// Plans the conversion of values of a type into those of a column. `format` says how text is read and gives the
    /// zone of local times; within nested types it holds for every leaf.
    pub(in crate::ingest) fn plan(from: &DataType, to: &FieldRef, format: &ParseFormat) -> Result<Self, Problem> {
        let target = to.data_type();
        match (from, target) {
            (DataType::Null, _) => Ok(Self::Null(target.clone())),
            (DataType::Dictionary(_, values), _) => Self::unpacked(values, to, format),
            (DataType::RunEndEncoded(_, values), _) => Self::unpacked(values.data_type(), to, format),
            (_, DataType::Struct(fields)) if !is_text(from) => StructPlan::plan(from, fields, format),
            (_, DataType::List(element)) if !is_text(from) => ListPlan::plan(from, element, format),
            (_, DataType::Map(entries, _)) if !is_text(from) => MapPlan::plan(from, entries, format),
            (_, DataType::Struct(_) | DataType::List(_) | DataType::Map(..)) => {
                Self::text_first(from, Self::Json(Box::new(JsonText::plan(to, format)?)))
            }
            (from, _) if is_text(from) => Self::from_text(from, target, format),
            (from, target) if from == target => Ok(Self::Same),
            _ => Self::scalar(from, target, format),
        }
    }

    /// Converts an array. Rows that do not fit are added to `bad`, each once; rows that are there already are null in
    /// the input. Nothing is returned where a nested type holds rows that do not fit: take them out and run again.
    pub(in crate::ingest) fn run(&self, input: &ArrayRef, bad: &mut Bad) -> Result<Option<ArrayRef>> {
        Ok(Some(match self {
            Self::Same => input.clone(),
            Self::Null(to) => new_null_array(to, input.len()),
            Self::Laid(to) | Self::Widen(to) => {
                cast(input, to).map_err(|e| Error::bug("a widening cast failed").caused_by(e))?
            }
            Self::Checked(checked) => checked.run(input, bad)?,
            // Parsed already, straight from the source.
            Self::Parse(parser) if input.data_type() == parser.data_type() => input.clone(),
            Self::Parse(parser) => {
                let text = input.as_string_view_opt().ok_or_else(|| Error::bug("text is not held as text"))?;
                let parsed = parser.parse(text);
                merge(bad, parsed.bad);
                parsed.array
            }
            Self::Json(json) => return json.run(input, bad),
            Self::Zone(zone, to) => super::cast::through_zone(*zone, input, to, bad)?,
            Self::Then(first, second) => match first.run(input, bad)? {
                Some(between) => return second.run(&between, bad),
                None => return Ok(None),
            },
            Self::Struct(plan) => return plan.run(input, bad),
            Self::List(plan) => return plan.run(input, bad),
            Self::Map(plan) => return plan.run(input, bad),
            Self::Object(plan) => return plan.run(input, bad),
        }))
    }

    /// What it does, as far as types tell: verdict and words.
    pub(in crate::ingest) fn explain(&self, to: &str) -> (Verdict, String) {
        match self {
            Self::Same | Self::Laid(_) => same(),
            Self::Null(_) => (Verdict::Lossless, "null in every row".into()),
            Self::Widen(_) => (Verdict::Widened, format!("widened to {to}")),
            Self::Checked(checked) => checked.explain(to),
            Self::Parse(_) => (Verdict::Lossless, format!("text read as {to}")),
            Self::Json(_) => (Verdict::Lossless, format!("JSON text read as {to}")),
            Self::Zone(zone, _) => (Verdict::Lossless, format!("local times in {}", zone.name())),
            Self::Then(first, second) => worse(first.explain(to), second.explain(to)),
            Self::Struct(plan) => plan.parts().map(|c| c.explain(to)).fold(same(), worse),
            Self::Object(plan) => plan.parts().map(|c| c.explain(to)).fold(same(), worse),
            Self::List(plan) => plan.element.explain(to),
            Self::Map(plan) => worse(plan.key.explain(to), plan.value.explain(to)),
        }
    }

    /// Whether digits of numbers that were text have been rounded off so far.
    pub(in crate::ingest) fn rounded(&self) -> bool {
        match self {
            Self::Parse(parser) => parser.rounded(),
            Self::Json(json) => json.then.rounded(),
            Self::Then(first, second) => first.rounded() || second.rounded(),
            Self::Struct(plan) => plan.parts().any(Self::rounded),
            Self::Object(plan) => plan.parts().any(Self::rounded),
            Self::List(plan) => plan.element.rounded(),
            Self::Map(plan) => plan.key.rounded() || plan.value.rounded(),
            _ => false,
        }
    }

    fn unpacked(values: &DataType, to: &FieldRef, format: &ParseFormat) -> Result<Self, Problem> {
        let rest = Self::plan(values, to, format)?;
        Ok(Self::Then(Box::new(Self::Laid(values.clone())), Box::new(rest)))
    }

    fn from_text(from: &DataType, to: &DataType, format: &ParseFormat) -> Result<Self, Problem> {
        if to == &DataType::Utf8 {
            return Ok(if from == to { Self::Same } else { Self::Laid(to.clone()) });
        }
        Self::text_first(from, Self::Parse(TextParser::new(to, format)?))
    }

    /// The text as `Utf8View` first.
    fn text_first(from: &DataType, then: Self) -> Result<Self, Problem> {
        Ok(match from {
            DataType::Utf8View => then,
            _ => Self::Then(Box::new(Self::Laid(DataType::Utf8View)), Box::new(then)),
        })
    }

    fn scalar(from: &DataType, to: &DataType, format: &ParseFormat) -> Result<Self, Problem> {
        let through_text = || {
            let parse = TextParser::new(to, format)?;
            Ok(Self::Then(Box::new(Self::Laid(DataType::Utf8View)), Box::new(Self::Parse(parse))))
        };
        match (from, to) {
            (DataType::Timestamp(..), DataType::Timestamp(..) | DataType::Date32) => Self::moments(from, to, format),
            (DataType::Date32 | DataType::Date64, DataType::Timestamp(unit, Some(_))) => {
                let naive = DataType::Timestamp(*unit, None);
                let first = Self::Checked(Checked::new(from, &naive)?);
                Ok(Self::Then(Box::new(first), Box::new(Self::Zone(zone(format)?, to.clone()))))
            }
            // Shortest text first: 0.1 is one tenth and not the binary number nearest to it.
            (DataType::Float16 | DataType::Float32 | DataType::Float64, DataType::Decimal128(..)) => through_text(),
            (from, DataType::Date32 | DataType::Timestamp(..)) if from.is_integer() => match format.pattern {
                Some(_) => through_text(),
                None => Err(Problem::new(format!("{} cannot become {}", type_name(from), type_name(to)))
                    .hint("say what the number counts: the format epoch, epoch_ms, epoch_us, epoch_ns or %Y%m%d")),
            },
            _ => Checked::plan(from, to),
        }
    }

    fn moments(from: &DataType, to: &DataType, format: &ParseFormat) -> Result<Self, Problem> {
        let zoned = |of: &DataType| matches!(of, DataType::Timestamp(_, Some(_)));
        if zoned(from) == zoned(to) {
            return Checked::plan(from, to);
        }
        // Change the unit within the same kind of time first, then the kind.
        let unit = match to {
            DataType::Timestamp(unit, _) => *unit,
            _ => TimeUnit::Microsecond,
        };
        let other_kind = match zoned(from) {
            true => DataType::Timestamp(unit, Some("+00:00".into())),
            false => DataType::Timestamp(unit, None),
        };
        let shifted = match zoned(from) {
            true => DataType::Timestamp(unit, None),
            false => to.clone(),
        };
        let first = if *from == other_kind { Self::Same } else { Checked::plan(from, &other_kind)? };
        let shift = Self::Then(Box::new(first), Box::new(Self::Zone(zone(format)?, shifted.clone())));
        if shifted == *to {
            return Ok(shift);
        }
        Ok(Self::Then(Box::new(shift), Box::new(Checked::plan(&shifted, to)?)))
    }
}

fn zone(format: &ParseFormat) -> Result<Zone, Problem> {
    format.zone.ok_or_else(|| {
        Problem::new("no time zone: the mapping must give one").hint("give the IANA zone of the local times, or UTC")
    })
}

/// Whether values of the type are text.
pub(super) fn is_text(of: &DataType) -> bool {
    matches!(of, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn same() -> (Verdict, String) {
    (Verdict::Lossless, "as it is".into())
}

/// Of two steps what is to be told of both.
fn worse(first: (Verdict, String), second: (Verdict, String)) -> (Verdict, String) {
    let rank = |verdict: Verdict| match verdict {
        Verdict::Lossless => 0,
        Verdict::Widened => 1,
        Verdict::Lossy => 2,
        Verdict::Impossible => 3,
    };
    let as_it_is = first.1 == "as it is";
    if rank(second.0) > rank(first.0) || (rank(second.0) == rank(first.0) && as_it_is) { second } else { first }
}
