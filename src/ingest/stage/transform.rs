//! The partition values of rows. Pure: iceberg's own transforms, and the two that it leaves out.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, LargeBinaryArray, RecordBatch, StructArray};
use arrow::datatypes::{DataType, Fields, TimestampNanosecondType};
use iceberg::arrow::record_batch_projector::RecordBatchProjector;
use iceberg::arrow::type_to_arrow_type;
use iceberg::spec::{PartitionSpec, PrimitiveType, Schema, StructType, Transform, Type};
use iceberg::transform::{BoxedTransformFunction, create_transform_function};

use super::from_arrow;
use crate::storage::from_iceberg;
use crate::{Error, Result};

/// Computes the partition values of batches in a table's Arrow schema.
#[derive(Debug)]
pub(super) struct PartitionValues {
    sources: RecordBatchProjector,
    transforms: Vec<Compute>,
    partition_type: StructType,
    fields: Fields,
}

#[derive(Debug)]
enum Compute {
    AsIceberg(BoxedTransformFunction),
    HourOfNanoseconds,
    TruncatedBytes(usize),
}

impl PartitionValues {
    /// For a spec that has fields.
    pub fn new(spec: &PartitionSpec, schema: &Schema) -> iceberg::Result<Self> {
        let transforms = spec.fields().iter().map(|field| {
            let source = schema.field_by_id(field.source_id).map(|f| f.field_type.as_ref());
            Compute::new(field.transform, source)
        });
        let ids: Vec<i32> = spec.fields().iter().map(|field| field.source_id).collect();
        let partition_type = spec.partition_type(schema)?;
        let fields = match type_to_arrow_type(&Type::Struct(partition_type.clone()))? {
            DataType::Struct(fields) => fields,
            _ => Fields::empty(),
        };
        let sources = RecordBatchProjector::from_iceberg_schema(Arc::new(schema.clone()), &ids)?;
        Ok(Self { sources, transforms: transforms.collect::<iceberg::Result<_>>()?, partition_type, fields })
    }

    /// Their types.
    pub fn partition_type(&self) -> &StructType {
        &self.partition_type
    }

    /// Their types in Arrow.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The values of each row, as one struct.
    pub fn of(&self, batch: &RecordBatch) -> Result<StructArray> {
        let cannot = |e| from_iceberg(e, "cannot compute partition values");
        let sources = self.sources.project_column(batch.columns()).map_err(cannot)?;
        let values = self.transforms.iter().zip(&sources).map(|(transform, source)| match transform {
            Compute::AsIceberg(function) => function.transform(source.clone()).map_err(cannot),
            Compute::HourOfNanoseconds => hours(source),
            Compute::TruncatedBytes(width) => truncated(source, *width),
        });
        StructArray::try_new(self.fields.clone(), values.collect::<Result<_>>()?, None).map_err(from_arrow)
    }
}

impl Compute {
    fn new(transform: Transform, source: Option<&Type>) -> iceberg::Result<Self> {
        use PrimitiveType::{Binary, TimestampNs, TimestamptzNs};
        Ok(match (transform, source) {
            (Transform::Hour, Some(Type::Primitive(TimestampNs | TimestamptzNs))) => Self::HourOfNanoseconds,
            (Transform::Truncate(width), Some(Type::Primitive(Binary))) => Self::TruncatedBytes(width as usize),
            _ => Self::AsIceberg(create_transform_function(&transform)?),
        })
    }
}

/// Hours since 1970; before it, downwards.
fn hours(source: &ArrayRef) -> Result<ArrayRef> {
    const IN_AN_HOUR: i64 = 3_600_000_000_000;
    let instants = source.as_primitive_opt::<TimestampNanosecondType>().ok_or_else(|| other_type(source))?;
    // Of 64 bits of nanoseconds there are fewer than three million hours.
    let hours: Int32Array = instants.unary(|at| at.div_euclid(IN_AN_HOUR) as i32);
    Ok(Arc::new(hours))
}

/// The first bytes of each value.
fn truncated(source: &ArrayRef, width: usize) -> Result<ArrayRef> {
    let values = source.as_binary_opt::<i64>().ok_or_else(|| other_type(source))?;
    let first = |value: Option<&[u8]>| value.map(|bytes| bytes.get(..width).unwrap_or(bytes).to_vec());
    Ok(Arc::new(values.iter().map(first).collect::<LargeBinaryArray>()))
}

fn other_type(source: &ArrayRef) -> Error {
    Error::bug("a column has not the type of its table").with("type", source.data_type())
}
