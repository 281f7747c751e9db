//! Casts between scalar types, with every failure and every loss found.

use std::sync::Arc;

use arrow::array::types::{
    ArrowTimestampType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::{DataType, TimeUnit};

use super::convert::Convert;
use super::faults::{Bad, merge, text_of};
use crate::ingest::bind::{Problem, Verdict};
use crate::ingest::parse::{LocalOffsets, Reason, Zone, nulls_with, type_name};
use crate::{Error, Result};

/// An Arrow cast whose result is checked.
#[derive(Debug)]
pub(in crate::ingest) struct Checked {
    from: DataType,
    to: DataType,
    /// Cast back and compare: what differs lost something.
    back: bool,
}

/// What a pair of types asks for.
enum Pair {
    /// Neither fails nor loses.
    Wide,
    /// May fail: too large.
    Range,
    /// May fail or lose.
    Loss,
}

impl Checked {
    pub(super) fn new(from: &DataType, to: &DataType) -> Result<Self, Problem> {
        let refused = || Problem::new(format!("{} cannot become {}", type_name(from), type_name(to)));
        let pair = pair(from, to).filter(|_| can_cast_types(from, to)).ok_or_else(refused)?;
        Ok(Self { from: from.clone(), to: to.clone(), back: matches!(pair, Pair::Loss) })
    }

    pub(super) fn plan(from: &DataType, to: &DataType) -> Result<Convert, Problem> {
        let checked = Self::new(from, to)?;
        Ok(match pair(from, to) {
            Some(Pair::Wide) => Convert::Widen(to.clone()),
            _ => Convert::Checked(checked),
        })
    }

    pub(super) fn explain(&self, to: &str) -> (Verdict, String) {
        let from = type_name(&self.from);
        match self.back {
            true => (Verdict::Lossy, format!("{from} as {to}: values that would lose something are refused")),
            false => (Verdict::Lossless, format!("{from} as {to}: values that are too large are refused")),
        }
    }

    pub(super) fn run(&self, input: &ArrayRef, bad: &mut Bad) -> Result<ArrayRef> {
        let failed = |e| Error::bug("a cast failed as a whole").with("to", &self.to).caused_by(e);
        let safe = CastOptions { safe: true, ..CastOptions::default() };
        let output = cast_with_options(input, &self.to, &safe).map_err(failed)?;
        let mut found: Bad = Vec::new();
        if output.null_count() > input.null_count() {
            let new = (0..output.len()).filter(|row| output.is_null(*row) && input.is_valid(*row));
            found.extend(new.map(|row| (row, self.too_large(input, row))));
        }
        if self.back {
            let back = cast_with_options(&output, &self.from, &safe).map_err(failed)?;
            let differs = distinct(input, &back).map_err(failed)?;
            let lost = differing(&differs).filter(|row| output.is_valid(*row) && !self.is_same(input, &back, *row));
            merge(&mut found, lost.map(|row| (row, self.loss(&output, row))).collect());
        }
        let output = without(output, &found)?;
        merge(bad, found);
        Ok(output)
    }

    /// Arrow tells 0.0 and -0.0 apart; here they are the same.
    fn is_same(&self, input: &ArrayRef, back: &ArrayRef, row: usize) -> bool {
        let zero = |array: &ArrayRef| match array.data_type() {
            DataType::Float64 => array.as_primitive::<arrow::array::types::Float64Type>().value(row) == 0.0,
            DataType::Float32 => array.as_primitive::<arrow::array::types::Float32Type>().value(row) == 0.0,
            _ => false,
        };
        zero(input) && zero(back)
    }

    fn too_large(&self, input: &ArrayRef, row: usize) -> Reason {
        let text = text_of(input, row).unwrap_or_default();
        let name = type_name(&self.to);
        if text == "NaN" || text.ends_with("inf") {
            return Reason::not(format!("{text} is no {name}"));
        }
        let limits = match self.to {
            DataType::Int32 => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
            DataType::Int64 => Some((i64::MIN, i64::MAX)),
            _ => None,
        };
        match (limits, text.starts_with('-')) {
            (Some((_, most)), false) => Reason::not(format!("too large for {name} (at most {most})")),
            (Some((least, _)), true) => Reason::not(format!("too small for {name} (at least {least})")),
            (None, _) if self.from.is_numeric() => Reason::not(format!("too large for {name}")),
            (None, _) => Reason::not(format!("cannot become {name}")),
        }
    }

    fn loss(&self, output: &ArrayRef, row: usize) -> Reason {
        let name = type_name(&self.to);
        match &self.to {
            to if to.is_integer() => Reason::loss("not a whole number"),
            DataType::Float32 | DataType::Float64 => match text_of(output, row) {
                Some(text) if text.ends_with("inf") => Reason::not(format!("too large for {name}")),
                _ => Reason::loss(format!("more digits than {name} can hold")),
            },
            DataType::Decimal128(..) => Reason::loss(format!("more digits after the point than {name} has")),
            DataType::Date32 => Reason::loss("has a time of day, which a date cannot hold"),
            DataType::Timestamp(..) | DataType::Time64(_) => Reason::loss("finer than a microsecond"),
            _ => Reason::loss(format!("{name} cannot hold it wholly")),
        }
    }
}

/// The rows marked in a comparison.
fn differing(marks: &BooleanArray) -> impl Iterator<Item = usize> + '_ {
    marks.values().set_indices()
}

/// What casts are allowed between scalars, and what they can do to values.
fn pair(from: &DataType, to: &DataType) -> Option<Pair> {
    use DataType as D;
    Some(match (from, to) {
        (from, to) if from == to => Pair::Wide,
        (D::Boolean, D::Utf8) => Pair::Wide,
        (from, D::Utf8) if from.is_numeric() || from.is_temporal() => Pair::Wide,
        (D::Binary | D::LargeBinary | D::BinaryView, D::Utf8) => Pair::Range,
        (D::Binary | D::BinaryView | D::FixedSizeBinary(_), D::LargeBinary) => Pair::Wide,
        (D::Binary | D::LargeBinary | D::BinaryView, D::FixedSizeBinary(_)) => Pair::Range,
        (from, to) if from.is_numeric() && to.is_numeric() => numbers(from, to),
        (D::Date32, D::Timestamp(_, None)) => Pair::Loss,
        (D::Date64, D::Date32 | D::Timestamp(_, None)) => Pair::Loss,
        (D::Timestamp(_, None), D::Date32) => Pair::Loss,
        (D::Timestamp(a, _), D::Timestamp(b, _)) if rank(*a) == rank(*b) => Pair::Wide,
        (D::Timestamp(..), D::Timestamp(..)) => Pair::Loss,
        (D::Time32(_), D::Time64(_)) => Pair::Wide,
        (D::Time64(_), D::Time64(_)) => Pair::Loss,
        _ => return None,
    })
}

fn rank(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 1,
        TimeUnit::Microsecond => 2,
        TimeUnit::Nanosecond => 3,
    }
}

fn numbers(from: &DataType, to: &DataType) -> Pair {
    use DataType as D;
    match (from, to) {
        (from, to) if from.is_integer() && to.is_integer() => {
            if holds(from, to) {
                Pair::Wide
            } else {
                Pair::Range
            }
        }
        (D::Int8 | D::Int16 | D::UInt8 | D::UInt16, D::Float32 | D::Float64) => Pair::Wide,
        (D::Int32 | D::UInt32, D::Float64) => Pair::Wide,
        (D::Float16, D::Float32 | D::Float64) | (D::Float32, D::Float64) => Pair::Wide,
        (from, D::Decimal128(..)) if from.is_integer() => Pair::Range,
        (from, D::Decimal128(p, s)) => match decimal(from) {
            Some((p0, s0)) if *s >= s0 && p.cast_signed() - s >= p0.cast_signed() - s0 => Pair::Wide,
            _ => Pair::Loss,
        },
        _ => Pair::Loss,
    }
}

fn decimal(of: &DataType) -> Option<(u8, i8)> {
    match of {
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) => Some((*p, *s)),
        DataType::Decimal128(p, s) | DataType::Decimal256(p, s) => Some((*p, *s)),
        _ => None,
    }
}

/// Whether every value of one integer type is one of the other.
fn holds(from: &DataType, to: &DataType) -> bool {
    let width = |of: &DataType| of.primitive_width().unwrap_or_default();
    match (from.is_unsigned_integer(), to.is_unsigned_integer()) {
        (a, b) if a == b => width(from) <= width(to),
        (true, false) => width(from) < width(to),
        _ => false,
    }
}

/// The array with the rows that do not fit null.
fn without(array: ArrayRef, bad: &Bad) -> Result<ArrayRef> {
    if bad.is_empty() {
        return Ok(array);
    }
    let nulls = nulls_with(array.nulls(), bad, array.len());
    let data = array.to_data().into_builder().nulls(nulls);
    let data = data.build().map_err(|e| Error::bug("nulls cannot be set").caused_by(e))?;
    Ok(arrow::array::make_array(data))
}

/// Local times made instants where `to` has a zone, instants made local times where it has none. The unit is the same.
pub(super) fn through_zone(zone: Zone, input: &ArrayRef, to: &DataType, bad: &mut Bad) -> Result<ArrayRef> {
    match to {
        DataType::Timestamp(TimeUnit::Second, _) => shift::<TimestampSecondType>(zone, input, to, 1, bad),
        DataType::Timestamp(TimeUnit::Millisecond, _) => shift::<TimestampMillisecondType>(zone, input, to, 1_000, bad),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            shift::<TimestampMicrosecondType>(zone, input, to, 1_000_000, bad)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            shift::<TimestampNanosecondType>(zone, input, to, 1_000_000_000, bad)
        }
        _ => Err(Error::bug("only timestamps have zones")),
    }
}

fn shift<T: ArrowTimestampType>(
    zone: Zone,
    input: &ArrayRef,
    to: &DataType,
    per_second: i64,
    bad: &mut Bad,
) -> Result<ArrayRef> {
    let moments = input.as_primitive_opt::<T>().ok_or_else(|| Error::bug("timestamps are of another unit"))?;
    let to_utc = matches!(to, DataType::Timestamp(_, Some(_)));
    let mut offsets = LocalOffsets::new(zone);
    let mut found: Bad = Vec::new();
    let mut values = Vec::with_capacity(moments.len());
    for (row, moment) in moments.iter().enumerate() {
        let shifted = moment.map(|moment| {
            let seconds = moment.div_euclid(per_second);
            let offset = if to_utc { -offsets.of(seconds)? } else { zone.offset_of_utc(seconds)? };
            let sum = offset.checked_mul(per_second).and_then(|by| moment.checked_add(by));
            sum.ok_or(Reason::not("outside of the years that a timestamp can hold"))
        });
        values.push(match shifted {
            Some(Ok(value)) => value,
            Some(Err(reason)) => {
                found.push((row, reason));
                0
            }
            None => 0,
        });
    }
    let nulls = nulls_with(moments.nulls(), &found, moments.len());
    merge(bad, found);
    Ok(Arc::new(PrimitiveArray::<T>::new(values.into(), nulls).with_data_type(to.clone())))
}
