//! A column's write default as an Arrow value.

use std::sync::Arc;

use arrow::array::types::{Date32Type, Float32Type, Float64Type, Int32Type, Int64Type, Time64MicrosecondType};
use arrow::array::types::{TimestampMicrosecondType, TimestampNanosecondType};
use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, Decimal128Array, FixedSizeBinaryArray, LargeBinaryArray,
    PrimitiveArray, StringArray,
};
use arrow::datatypes::{DataType, TimeUnit};
use iceberg::spec::{Literal, PrimitiveLiteral};

/// One value of type `to`; nothing for nested defaults (the specification allows none but null) and for literals that
/// are not of the type.
pub(super) fn one_value(default: &Literal, to: &DataType) -> Option<ArrayRef> {
    let Literal::Primitive(literal) = default else { return None };
    Some(match (literal, to) {
        (PrimitiveLiteral::Boolean(b), DataType::Boolean) => Arc::new(BooleanArray::from(vec![*b])),
        (PrimitiveLiteral::Int(n), DataType::Int32) => one::<Int32Type>(*n, to),
        (PrimitiveLiteral::Int(n), DataType::Date32) => one::<Date32Type>(*n, to),
        (PrimitiveLiteral::Long(n), DataType::Int64) => one::<Int64Type>(*n, to),
        (PrimitiveLiteral::Long(n), DataType::Time64(TimeUnit::Microsecond)) => one::<Time64MicrosecondType>(*n, to),
        (PrimitiveLiteral::Long(n), DataType::Timestamp(TimeUnit::Microsecond, _)) => {
            one::<TimestampMicrosecondType>(*n, to)
        }
        (PrimitiveLiteral::Long(n), DataType::Timestamp(TimeUnit::Nanosecond, _)) => {
            one::<TimestampNanosecondType>(*n, to)
        }
        (PrimitiveLiteral::Float(x), DataType::Float32) => one::<Float32Type>(x.0, to),
        (PrimitiveLiteral::Double(x), DataType::Float64) => one::<Float64Type>(x.0, to),
        (PrimitiveLiteral::String(s), DataType::Utf8) => Arc::new(StringArray::from(vec![s.as_str()])),
        (PrimitiveLiteral::Binary(b), DataType::LargeBinary) => Arc::new(LargeBinaryArray::from(vec![b.as_slice()])),
        (PrimitiveLiteral::Binary(b), DataType::FixedSizeBinary(_)) => fixed(b, to)?,
        (PrimitiveLiteral::UInt128(n), DataType::FixedSizeBinary(16)) => fixed(&n.to_be_bytes(), to)?,
        (PrimitiveLiteral::Int128(n), DataType::Decimal128(..)) => {
            Arc::new(Decimal128Array::from(vec![*n]).with_data_type(to.clone()))
        }
        _ => return None,
    })
}

fn one<T: ArrowPrimitiveType>(value: T::Native, to: &DataType) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::new(vec![value].into(), None).with_data_type(to.clone()))
}

fn fixed(bytes: &[u8], to: &DataType) -> Option<ArrayRef> {
    let array = FixedSizeBinaryArray::try_from_iter(std::iter::once(bytes)).ok()?;
    (arrow::array::Array::data_type(&array) == to).then(|| Arc::new(array) as ArrayRef)
}
