//! Which data files a filter rules out, by what their manifest says of them: identity partition values, column bounds,
//! counts of nulls. Never a file that might hold a row for which the filter is true.
//!
//! Bounds may be cut short, missing, or written under an older type: what is not beyond doubt counts as unknown, and an
//! unknown file is read.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, SchemaRef as ArrowSchemaRef};
use datafusion_common::ScalarValue;
use iceberg::spec::{DataFile, Literal, PrimitiveLiteral, Transform};

use super::condition::{Condition, Known, compared, opposite};
use super::conform::{field_id, scalar};
use super::filter::Filter;
use super::plan::PlannedFile;
use crate::table::Table;

/// How many data files were read, and how many the filter ruled out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FilesSeen {
    /// Opened so far.
    pub read: u64,
    /// Passed over so far, unopened.
    pub ruled_out: u64,
}

/// The part of a filter that files can be judged by.
#[derive(Debug, Clone)]
pub struct Pruner {
    table: Table,
    condition: Condition,
    columns: HashMap<String, (i32, DataType)>,
}

impl Pruner {
    /// What of the filter can be told from bounds; nothing where that is no part of it. `schema` is that of the batches
    /// the filter is applied to.
    pub fn new(table: &Table, filter: &Filter, schema: &ArrowSchemaRef) -> Option<Self> {
        let condition = Condition::part_of(&filter.coerced(schema).ok()?, schema)?;
        Some(Self::of(table, condition, schema))
    }

    fn of(table: &Table, condition: Condition, schema: &ArrowSchemaRef) -> Self {
        let column = |field: &Arc<arrow::datatypes::Field>| {
            Some((field.name().clone(), (field_id(field)?, field.data_type().clone())))
        };
        Self { table: table.clone(), condition, columns: schema.fields().iter().filter_map(column).collect() }
    }

    /// Whether no row of the file can pass the filter.
    pub fn rules_out(&self, file: &PlannedFile) -> bool {
        !self.condition.may_hold(&self.facts(file))
    }

    fn facts<'a>(&'a self, file: &'a PlannedFile) -> Facts<'a> {
        Facts { pruner: self, file: file.entry.data_file(), spec_id: file.spec_id }
    }
}

/// Proves of a file that a filter is true for every row of it.
#[derive(Debug, Clone)]
pub struct Whole {
    /// Nothing where the filter is true whatever a row holds.
    opposite: Option<Pruner>,
    /// Columns that must be without nulls.
    compared: HashSet<String>,
}

impl Whole {
    /// Nothing where bounds cannot tell of all of the filter.
    pub fn new(table: &Table, filter: &Filter, schema: &ArrowSchemaRef) -> Option<Self> {
        if filter.is_always_true() {
            return Some(Self { opposite: None, compared: HashSet::new() });
        }
        let filter = filter.coerced(schema).ok()?;
        let condition = Condition::whole_of(&opposite(&filter)?, schema)?;
        Some(Self { opposite: Some(Pruner::of(table, condition, schema)), compared: compared(&filter) })
    }

    /// Whether every row of the file passes the filter.
    pub fn takes(&self, file: &PlannedFile) -> bool {
        let Some(opposite) = &self.opposite else { return true };
        let facts = opposite.facts(file);
        self.compared.iter().all(|name| facts.nulls(name) == Some(0)) && opposite.rules_out(file)
    }
}

/// What is known of one file.
struct Facts<'a> {
    pruner: &'a Pruner,
    file: &'a DataFile,
    spec_id: i32,
}

impl Facts<'_> {
    /// The value that every row of the file has, by its identity partition; `Some(None)` for null.
    fn partition_value(&self, id: i32) -> Option<Option<Literal>> {
        let spec = self.pruner.table.metadata().partition_spec_by_id(self.spec_id)?;
        let of_column = |(field, _): &(&iceberg::spec::PartitionField, _)| {
            field.source_id == id && field.transform == Transform::Identity
        };
        let mut values = spec.fields().iter().zip(self.file.partition().iter());
        values.find(of_column).map(|(_, value)| value.cloned())
    }
}

impl Known for Facts<'_> {
    fn bound(&self, column: &str, greatest: bool) -> Option<ArrayRef> {
        let (id, of_type) = self.pruner.columns.get(column)?;
        if let Some(Some(Literal::Primitive(value))) = self.partition_value(*id) {
            return array(&value, of_type, greatest);
        }
        let bounds = if greatest { self.file.upper_bounds() } else { self.file.lower_bounds() };
        let is_float = matches!(of_type, DataType::Float32 | DataType::Float64);
        // Bounds leave out NaN, which a filter takes for larger than every number.
        let may_be_nan = is_float && self.file.nan_value_counts().get(id) != Some(&0);
        // Some writers order UUIDs as signed numbers, and cut bytes short.
        let ordered = !matches!(of_type, DataType::FixedSizeBinary(_) | DataType::LargeBinary);
        bounds.get(id).filter(|_| ordered && !may_be_nan).and_then(|bound| array(bound.literal(), of_type, greatest))
    }

    fn nulls(&self, column: &str) -> Option<u64> {
        let (id, of_type) = self.pruner.columns.get(column)?;
        match self.partition_value(*id) {
            _ if of_type.is_nested() => None,
            Some(None) => Some(self.file.record_count()),
            Some(Some(_)) => Some(0),
            None => self.file.null_value_counts().get(id).copied(),
        }
    }

    fn rows(&self) -> u64 {
        self.file.record_count()
    }
}

/// A bound as an array of one value of the column's type; nothing where the value is of another type and none that
/// Iceberg widens to it.
fn array(value: &PrimitiveLiteral, of_type: &DataType, upper: bool) -> Option<ArrayRef> {
    let fits = match value {
        PrimitiveLiteral::Boolean(_) => *of_type == DataType::Boolean,
        PrimitiveLiteral::Int(_) => matches!(of_type, DataType::Int32 | DataType::Int64 | DataType::Date32),
        PrimitiveLiteral::Long(_) => {
            matches!(of_type, DataType::Int64 | DataType::Time64(_) | DataType::Timestamp(_, _))
        }
        PrimitiveLiteral::Float(n) => !n.is_nan() && matches!(of_type, DataType::Float32 | DataType::Float64),
        PrimitiveLiteral::Double(n) => !n.is_nan() && *of_type == DataType::Float64,
        PrimitiveLiteral::Int128(_) => matches!(of_type, DataType::Decimal128(_, _)),
        PrimitiveLiteral::String(_) => *of_type == DataType::Utf8,
        PrimitiveLiteral::UInt128(_) => *of_type == DataType::FixedSizeBinary(16),
        _ => false,
    };
    let scalar = scalar(&Literal::Primitive(value.clone()), of_type).filter(|_| fits)?;
    widened_zero(scalar, upper).cast_to(of_type).ok()?.to_array().ok()
}

/// Filters tell -0.0 from 0.0, and not every writer of bounds does.
fn widened_zero(scalar: ScalarValue, upper: bool) -> ScalarValue {
    match scalar {
        ScalarValue::Float32(Some(0.0)) => ScalarValue::Float32(Some(if upper { 0.0 } else { -0.0 })),
        ScalarValue::Float64(Some(0.0)) => ScalarValue::Float64(Some(if upper { 0.0 } else { -0.0 })),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::{Float64Type, Int64Type, TimeUnit};

    use super::*;

    #[test]
    fn bounds_of_older_types_are_widened_or_unknown() {
        let int = PrimitiveLiteral::Int(-5);
        let widened = array(&int, &DataType::Int64, true).unwrap();
        assert_eq!(widened.as_primitive::<Int64Type>().value(0), -5);
        // A date of an older schema is days, not microseconds.
        assert!(array(&int, &DataType::Timestamp(TimeUnit::Microsecond, None), true).is_none());
        assert!(array(&int, &DataType::Utf8, false).is_none());
        let float = array(&PrimitiveLiteral::Float(1.5.into()), &DataType::Float64, false).unwrap();
        assert_eq!(float.as_primitive::<Float64Type>().value(0), 1.5);
        assert!(array(&PrimitiveLiteral::Double(f64::NAN.into()), &DataType::Float64, false).is_none());
    }

    #[test]
    fn zero_bounds_hold_both_zeros() {
        let zero = |n: f64, upper| {
            let found = array(&PrimitiveLiteral::Double(n.into()), &DataType::Float64, upper).unwrap();
            found.as_primitive::<Float64Type>().value(0).is_sign_negative()
        };
        assert!(zero(0.0, false) && !zero(-0.0, true));
    }
}
