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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use iceberg::expr::{Bind, Predicate, Reference};
    use iceberg::spec::{
        DataContentType, DataFileBuilder, DataFileFormat, Literal, NestedField, Schema, Struct, UnboundPartitionSpec,
    };
    use proptest::prelude::*;

    use super::*;

    type Row = (Option<i32>, Option<String>);

    fn schema() -> Arc<Schema> {
        let number = NestedField::optional(1, "n", Type::Primitive(PrimitiveType::Int));
        let text = NestedField::optional(2, "t", Type::Primitive(PrimitiveType::String));
        Arc::new(Schema::builder().with_fields([number.into(), text.into()]).build().unwrap())
    }

    /// A file of these rows; `told` is how much its statistics say.
    fn file(rows: &[Row], told: u8) -> DataFile {
        let numbers: Vec<i32> = rows.iter().filter_map(|row| row.0).collect();
        let texts: Vec<&String> = rows.iter().filter_map(|row| row.1.as_ref()).collect();
        let count = rows.len() as u64;
        let mut builder = DataFileBuilder::default();
        builder
            .content(DataContentType::Data)
            .file_path("f".into())
            .file_format(DataFileFormat::Parquet)
            .record_count(count)
            .file_size_in_bytes(1);
        if told > 0 {
            let nulls = |some: usize| count - some as u64;
            builder.value_counts([(1, count), (2, count)].into());
            builder.null_value_counts([(1, nulls(numbers.len())), (2, nulls(texts.len()))].into());
        }
        if told > 1 {
            let (mut lower, mut upper) = (std::collections::HashMap::new(), std::collections::HashMap::new());
            if let (Some(min), Some(max)) = (numbers.iter().min(), numbers.iter().max()) {
                lower.insert(1, Datum::int(*min));
                upper.insert(1, Datum::int(*max));
            }
            if let (Some(min), Some(max)) = (texts.iter().min(), texts.iter().max()) {
                // Cut short, as writers do.
                lower.insert(2, Datum::string(min.chars().take(1).collect::<String>()));
                upper.insert(2, Datum::string(format!("{max}~")));
            }
            builder.lower_bounds(lower).upper_bounds(upper);
        }
        builder.build().unwrap()
    }

    fn leaf() -> impl Strategy<Value = Predicate> {
        let text = || "[ab]{1,2}".prop_map(Datum::string);
        (0_u8..14, -3_i32..4, -3_i32..4, text()).prop_map(|(kind, a, b, text)| {
            let (n, t) = (Reference::new("n"), Reference::new("t"));
            match kind {
                0 => n.less_than(Datum::int(a)),
                1 => n.less_than_or_equal_to(Datum::int(a)),
                2 => n.greater_than(Datum::int(a)),
                3 => n.greater_than_or_equal_to(Datum::int(a)),
                4 => n.equal_to(Datum::int(a)),
                5 => n.not_equal_to(Datum::int(a)),
                6 => n.is_null(),
                7 => n.is_not_null(),
                8 => n.is_in([Datum::int(a), Datum::int(b)]),
                9 => n.is_not_in([Datum::int(a), Datum::int(b)]),
                10 => t.starts_with(text),
                11 => t.not_starts_with(text),
                12 => t.equal_to(text),
                _ => t.less_than(text),
            }
        })
    }

    fn predicate() -> impl Strategy<Value = Predicate> {
        leaf().prop_recursive(3, 8, 2, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| a.and(b)),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| a.or(b)),
                inner.prop_map(|a| !a),
            ]
        })
    }

    /// Whether a row matches; where null meets "is not", as `loose` has it.
    fn matches(predicate: &BoundPredicate, row: &Row, loose: bool) -> bool {
        let value = |reference: &BoundReference| match reference.field().id {
            1 => row.0.map(Datum::int),
            _ => row.1.as_ref().map(Datum::string),
        };
        let begins = |value: &Datum, prefix: &Datum| match (value.literal(), prefix.literal()) {
            (PrimitiveLiteral::String(value), PrimitiveLiteral::String(prefix)) => value.starts_with(prefix),
            _ => unreachable!(),
        };
        match predicate {
            BoundPredicate::AlwaysTrue => true,
            BoundPredicate::AlwaysFalse | BoundPredicate::Not(_) => false,
            BoundPredicate::And(both) => both.inputs().iter().all(|p| matches(p, row, loose)),
            BoundPredicate::Or(both) => both.inputs().iter().any(|p| matches(p, row, loose)),
            BoundPredicate::Unary(one) => value(one.term()).is_none() == (one.op() == PredicateOperator::IsNull),
            BoundPredicate::Binary(two) => match value(two.term()) {
                None => loose && matches!(two.op(), PredicateOperator::NotEq | PredicateOperator::NotStartsWith),
                Some(value) => match two.op() {
                    PredicateOperator::LessThan => value < *two.literal(),
                    PredicateOperator::LessThanOrEq => value <= *two.literal(),
                    PredicateOperator::GreaterThan => value > *two.literal(),
                    PredicateOperator::GreaterThanOrEq => value >= *two.literal(),
                    PredicateOperator::Eq => value == *two.literal(),
                    PredicateOperator::NotEq => value != *two.literal(),
                    PredicateOperator::StartsWith => begins(&value, two.literal()),
                    _ => !begins(&value, two.literal()),
                },
            },
            BoundPredicate::Set(set) => match value(set.term()) {
                None => loose && set.op() == PredicateOperator::NotIn,
                Some(value) => set.literals().contains(&value) == (set.op() == PredicateOperator::In),
            },
        }
    }

    fn row() -> impl Strategy<Value = Row> {
        (proptest::option::weighted(0.8, -2_i32..3), proptest::option::weighted(0.8, "[ab]{1,2}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_is_proved_that_a_row_denies(
            rows in proptest::collection::vec(row(), 1..5),
            told in 0_u8..3,
            partitioned in any::<bool>(),
            predicate in predicate(),
        ) {
            let mut rows = rows;
            let spec = UnboundPartitionSpec::builder().add_partition_field(1, "n", Transform::Identity).unwrap().build();
            let spec = spec.bind(schema()).unwrap();
            let mut file = file(&rows, told);
            if partitioned {
                let one = rows[0].0;
                rows.iter_mut().for_each(|row| row.0 = one);
                file = with_partition(&self::file(&rows, told), one);
            }
            let bound = predicate.rewrite_not().bind(schema(), true).unwrap();
            let found = hits(&bound, &Facts::new(&file, partitioned.then_some(&spec), true));
            if found.must {
                prop_assert!(rows.iter().all(|row| matches(&bound, row, false)), "{bound} {rows:?}");
            }
            if !found.may {
                prop_assert!(!rows.iter().any(|row| matches(&bound, row, true)), "{bound} {rows:?}");
            }
        }
    }

    fn with_partition(file: &DataFile, value: Option<i32>) -> DataFile {
        DataFileBuilder::default()
            .content(DataContentType::Data)
            .file_path("f".into())
            .file_format(DataFileFormat::Parquet)
            .record_count(file.record_count())
            .file_size_in_bytes(1)
            .partition(Struct::from_iter([value.map(Literal::int)]))
            .value_counts(file.value_counts().clone())
            .null_value_counts(file.null_value_counts().clone())
            .lower_bounds(file.lower_bounds().clone())
            .upper_bounds(file.upper_bounds().clone())
            .build()
            .unwrap()
    }

    #[test]
    fn clear_cases_are_proved() {
        let rows = [(Some(1), Some("ab".to_string())), (Some(2), Some("aa".to_string()))];
        let file = file(&rows, 2);
        let n = || Reference::new("n");
        let found = |predicate: Predicate| {
            let bound = predicate.rewrite_not().bind(schema(), true).unwrap();
            let hits = hits(&bound, &Facts::new(&file, None, true));
            (hits.may, hits.must)
        };
        assert_eq!(found(n().less_than(Datum::int(3))), (true, true));
        assert_eq!(found(n().less_than(Datum::int(2))), (true, false));
        assert_eq!(found(n().less_than(Datum::int(1))), (false, false));
        assert_eq!(found(n().is_in([Datum::int(7), Datum::int(9)])), (false, false));
        assert_eq!(found(n().is_not_in([Datum::int(7)])), (true, true));
        assert_eq!(found(Reference::new("t").starts_with(Datum::string("a"))), (true, true));
        assert_eq!(found(Reference::new("t").starts_with(Datum::string("c"))), (false, false));
        assert_eq!(found(!n().is_null()), (true, true));
    }
}
