//! What a predicate does to a file, proved from its partition and its statistics alone: no row is read.
//!
//! Rows are only ever removed by `must`, so everything unclear counts as "may, need not": nulls, NaN, bounds that are
//! missing or of another type. Where engines disagree (is null different from 5?) nothing is proved either.

use std::cmp::Ordering;

use iceberg::expr::{BoundPredicate, BoundReference, PredicateOperator};
use iceberg::spec::{DataFile, Datum, PartitionSpec, PrimitiveLiteral, PrimitiveType, Transform, Type};

/// Which rows of a file match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hits {
    /// Some row may match.
    pub(crate) may: bool,
    /// Every row matches.
    pub(crate) must: bool,
}

const UNKNOWN: Hits = Hits { may: true, must: false };

impl Hits {
    fn and(self, other: Self) -> Self {
        Self { may: self.may && other.may, must: self.must && other.must }
    }

    fn or(self, other: Self) -> Self {
        Self { may: self.may || other.may, must: self.must || other.must }
    }
}

/// What is known of the rows of one file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    file: &'a DataFile,
    spec: Option<&'a PartitionSpec>,
    with_statistics: bool,
}

impl<'a> Facts<'a> {
    /// `with_statistics` is wrong for position deletes, whose statistics are of paths and positions.
    pub(crate) fn new(file: &'a DataFile, spec: Option<&'a PartitionSpec>, with_statistics: bool) -> Self {
        Self { file, spec, with_statistics }
    }

    fn column(&self, reference: &BoundReference) -> Column {
        let field = reference.field();
        let Type::Primitive(kind) = field.field_type.as_ref() else { return Column::default() };
        if let Some(known) = self.identity(field.id, kind) {
            return known;
        }
        if !self.with_statistics {
            return Column::default();
        }
        let bound = |bounds: &std::collections::HashMap<i32, Datum>| {
            bounds.get(&field.id).cloned().and_then(|bound| bound.to(&field.field_type).ok())
        };
        let count = |counts: &std::collections::HashMap<i32, u64>| counts.get(&field.id).copied();
        let (values, nulls) = (count(self.file.value_counts()), count(self.file.null_value_counts()));
        let is_float = matches!(kind, PrimitiveType::Float | PrimitiveType::Double);
        Column {
            lower: bound(self.file.lower_bounds()).filter(|b| !b.is_nan()),
            upper: bound(self.file.upper_bounds()).filter(|b| !b.is_nan()),
            no_nulls: nulls == Some(0) && values.is_some(),
            all_nulls: nulls.is_some() && nulls == values && nulls == Some(self.file.record_count()),
            no_nans: !is_float || count(self.file.nan_value_counts()) == Some(0),
        }
    }

    /// A column that the file is partitioned by as it is has one value, or is null, in every row.
    fn identity(&self, id: i32, kind: &PrimitiveType) -> Option<Column> {
        let fields = self.spec?.fields();
        let at = fields.iter().position(|f| f.source_id == id && f.transform == Transform::Identity)?;
        match self.file.partition().fields().get(at)? {
            None => Some(Column { all_nulls: true, no_nans: true, ..Column::default() }),
            Some(value) => {
                let value = datum(kind, value.as_primitive_literal()?)?;
                Some(Column {
                    lower: Some(value.clone()),
                    upper: Some(value),
                    no_nulls: true,
                    all_nulls: false,
                    no_nans: true,
                })
            }
        }
    }
}

/// The types of which a partition value is taken as it is; of the others (floats above all) only the statistics count.
fn datum(kind: &PrimitiveType, literal: PrimitiveLiteral) -> Option<Datum> {
    Some(match (kind, literal) {
        (PrimitiveType::Boolean, PrimitiveLiteral::Boolean(v)) => Datum::bool(v),
        (PrimitiveType::Int, PrimitiveLiteral::Int(v)) => Datum::int(v),
        (PrimitiveType::Date, PrimitiveLiteral::Int(v)) => Datum::date(v),
        (PrimitiveType::Long, PrimitiveLiteral::Int(v)) => Datum::long(v),
        (PrimitiveType::Long, PrimitiveLiteral::Long(v)) => Datum::long(v),
        (PrimitiveType::Timestamp, PrimitiveLiteral::Long(v)) => Datum::timestamp_micros(v),
        (PrimitiveType::Timestamptz, PrimitiveLiteral::Long(v)) => Datum::timestamptz_micros(v),
        (PrimitiveType::TimestampNs, PrimitiveLiteral::Long(v)) => Datum::timestamp_nanos(v),
        (PrimitiveType::TimestamptzNs, PrimitiveLiteral::Long(v)) => Datum::timestamptz_nanos(v),
        (PrimitiveType::String, PrimitiveLiteral::String(v)) => Datum::string(v),
        _ => return None,
    })
}

/// What is known of one column.
#[derive(Debug, Default)]
struct Column {
    /// No value is less.
    lower: Option<Datum>,
    /// No value is greater.
    upper: Option<Datum>,
    no_nulls: bool,
    all_nulls: bool,
    no_nans: bool,
}

/// What `predicate`, freed of negations, does to the file.
pub(crate) fn hits(predicate: &BoundPredicate, facts: &Facts) -> Hits {
    match predicate {
        BoundPredicate::AlwaysTrue => Hits { may: true, must: true },
        BoundPredicate::AlwaysFalse => Hits { may: false, must: false },
        BoundPredicate::And(both) => {
            let [a, b] = both.inputs();
            hits(a, facts).and(hits(b, facts))
        }
        BoundPredicate::Or(both) => {
            let [a, b] = both.inputs();
            hits(a, facts).or(hits(b, facts))
        }
        BoundPredicate::Not(_) => UNKNOWN,
        BoundPredicate::Unary(one) => facts.column(one.term()).is(one.op()),
        BoundPredicate::Binary(two) => facts.column(two.term()).compared(two.op(), two.literal()),
        BoundPredicate::Set(set) => {
            let column = facts.column(set.term());
            let none = Hits { may: false, must: false };
            let all = Hits { may: true, must: true };
            match set.op() {
                PredicateOperator::In => set.literals().iter().fold(none, |h, v| h.or(column.equals(v))),
                PredicateOperator::NotIn => set.literals().iter().fold(all, |h, v| h.and(column.differs(v))),
                _ => UNKNOWN,
            }
        }
    }
}

impl Column {
    fn is(&self, operator: PredicateOperator) -> Hits {
        match operator {
            PredicateOperator::IsNull => Hits { may: !self.no_nulls, must: self.all_nulls },
            PredicateOperator::NotNull => Hits { may: !self.all_nulls, must: self.no_nulls },
            PredicateOperator::IsNan => Hits { may: !self.no_nans, must: false },
            PredicateOperator::NotNan => Hits { may: true, must: self.no_nans && self.no_nulls },
            _ => UNKNOWN,
        }
    }

    fn compared(&self, operator: PredicateOperator, value: &Datum) -> Hits {
        if value.is_nan() {
            return UNKNOWN;
        }
        let lower = self.lower.as_ref().and_then(|lower| lower.partial_cmp(value));
        let upper = self.upper.as_ref().and_then(|upper| upper.partial_cmp(value));
        let plain = self.no_nulls && self.no_nans;
        let hits = match operator {
            PredicateOperator::LessThan => {
                Hits { may: !lower.is_some_and(Ordering::is_ge), must: plain && upper.is_some_and(Ordering::is_lt) }
            }
            PredicateOperator::LessThanOrEq => {
                Hits { may: !lower.is_some_and(Ordering::is_gt), must: plain && upper.is_some_and(Ordering::is_le) }
            }
            // Some engines hold NaN greater than everything.
            PredicateOperator::GreaterThan => Hits {
                may: !self.no_nans || !upper.is_some_and(Ordering::is_le),
                must: plain && lower.is_some_and(Ordering::is_gt),
            },
            PredicateOperator::GreaterThanOrEq => Hits {
                may: !self.no_nans || !upper.is_some_and(Ordering::is_lt),
                must: plain && lower.is_some_and(Ordering::is_ge),
            },
            PredicateOperator::Eq => return self.equals(value),
            PredicateOperator::NotEq => return self.differs(value),
            PredicateOperator::StartsWith => return self.starts(value),
            PredicateOperator::NotStartsWith => {
                let starts = self.starts(value);
                return Hits { may: !starts.must, must: plain && !starts.may };
            }
            _ => UNKNOWN,
        };
        Hits { may: hits.may && !self.all_nulls, ..hits }
    }

    fn equals(&self, value: &Datum) -> Hits {
        let (lower, upper) = (self.lower.as_ref(), self.upper.as_ref());
        let lower = lower.and_then(|lower| lower.partial_cmp(value));
        let upper = upper.and_then(|upper| upper.partial_cmp(value));
        let outside = lower.is_some_and(Ordering::is_gt) || upper.is_some_and(Ordering::is_lt);
        let is_it = lower.is_some_and(Ordering::is_eq) && upper.is_some_and(Ordering::is_eq);
        Hits {
            may: value.is_nan() || !outside && !self.all_nulls,
            must: is_it && self.no_nulls && self.no_nans && !value.is_nan(),
        }
    }

    fn differs(&self, value: &Datum) -> Hits {
        let equals = self.equals(value);
        Hits { may: !equals.must, must: !equals.may && self.no_nulls && self.no_nans }
    }

    fn starts(&self, prefix: &Datum) -> Hits {
        let text = |datum: &Datum| match datum.literal() {
            PrimitiveLiteral::String(text) => Some(text.clone()),
            _ => None,
        };
        let Some(prefix) = text(prefix) else { return UNKNOWN };
        let lower = self.lower.as_ref().and_then(text);
        let upper = self.upper.as_ref().and_then(text);
        let begins = |bound: &Option<String>| bound.as_ref().is_some_and(|bound| bound.starts_with(&prefix));
        let above = lower.as_ref().is_some_and(|lower| *lower > prefix && !lower.starts_with(&prefix));
        let below = upper.as_ref().is_some_and(|upper| *upper < prefix);
        Hits { may: !above && !below && !self.all_nulls, must: self.no_nulls && begins(&lower) && begins(&upper) }
    }
}
