//! Which rows belong to which partition. Pure: batches in, batches by partition out.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::row::{RowConverter, SortField};
use iceberg::arrow::{PartitionValueCalculator, arrow_struct_to_literal};
use iceberg::spec::{Literal, PartitionSpec, PrimitiveType, Schema, Struct, Transform, Type};

use super::from_arrow;
use super::names::partition_path;
use crate::storage::from_iceberg;
use crate::{Error, Result};

/// Splits batches by the values of a partition spec. Shared by all workers.
#[derive(Debug)]
pub(super) struct Partitioner {
    spec: PartitionSpec,
    values: PartitionValueCalculator,
    rows: RowConverter,
}

/// The rows of one partition.
#[derive(Debug)]
pub(super) struct Piece {
    /// The partition's values, encoded; equal for equal values.
    pub key: Box<[u8]>,
    /// Its rows.
    pub batch: RecordBatch,
    /// A row of `values` that holds the partition's values.
    pub example: usize,
}

/// A batch, split.
#[derive(Debug)]
pub(super) struct Split {
    /// One entry per partition, in the order of their first rows.
    pub pieces: Vec<Piece>,
    values: arrow::array::ArrayRef,
}

/// Whether partition values of this spec can be computed and written into manifests.
///
/// # Errors
/// [`Kind::Unsupported`](crate::Kind::Unsupported) for a uuid as it is, for which iceberg 0.10.1 has no Avro form, and
/// for truncated bytes, which it does not compute.
pub(crate) fn check_writable(spec: &PartitionSpec, schema: &Schema) -> Result<()> {
    let cannot = |e| from_iceberg(e, "cannot compute the partition values of this table");
    let values = spec.partition_type(schema).map_err(cannot)?;
    for (field, value) in spec.fields().iter().zip(values.fields()) {
        let what = match (field.transform, &*value.field_type) {
            (Transform::Identity, Type::Primitive(PrimitiveType::Uuid)) => "a uuid as it is",
            (Transform::Truncate(_), Type::Primitive(PrimitiveType::Binary)) => "truncated bytes",
            _ => continue,
        };
        return Err(Error::unsupported(format!("tables partitioned by {what} cannot be written"))
            .with("partition", &field.name)
            .hint("partition by bucket(16, column) instead"));
    }
    Ok(())
}

impl Partitioner {
    /// For a spec that has fields.
    ///
    /// # Errors
    /// [`Kind::Unsupported`](crate::Kind::Unsupported) for a transform that cannot be computed.
    pub fn new(spec: &PartitionSpec, schema: &Schema) -> Result<Self> {
        check_writable(spec, schema)?;
        let cannot = |e| from_iceberg(e, "cannot compute the partition values of this table");
        let values = PartitionValueCalculator::try_new(spec, schema).map_err(cannot)?;
        let arrow::datatypes::DataType::Struct(fields) = values.partition_arrow_type() else {
            return Err(Error::bug("partition values are no struct"));
        };
        let sort_fields = fields.iter().map(|f| SortField::new(f.data_type().clone())).collect();
        let rows = RowConverter::new(sort_fields)
            .map_err(|e| Error::unsupported("cannot compare the partition values of this table").caused_by(e))?;
        Ok(Self { spec: spec.clone(), values, rows })
    }

    /// Splits a batch in the table's Arrow schema.
    ///
    /// # Errors
    /// [`Kind::Bug`](crate::Kind::Bug) where the batch is not in that schema.
    pub fn split(&self, batch: &RecordBatch) -> Result<Split> {
        let values = self.values.calculate(batch).map_err(|e| from_iceberg(e, "cannot compute partition values"))?;
        let rows = self.rows.convert_columns(values.as_struct().columns()).map_err(from_arrow)?;
        let mut groups: Vec<(usize, Vec<u32>)> = Vec::new();
        let mut known: HashMap<&[u8], usize> = HashMap::new();
        let mut last: Option<(&[u8], usize)> = None;
        for (position, row) in (0_u32..).zip(rows.iter()) {
            let key = row.data();
            let group = match last {
                Some((same, group)) if same == key => group,
                _ => *known.entry(key).or_insert_with(|| {
                    groups.push((position as usize, Vec::new()));
                    groups.len() - 1
                }),
            };
            last = Some((key, group));
            if let Some((_, members)) = groups.get_mut(group) {
                members.push(position);
            }
        }
        let whole = groups.len() == 1;
        let pieces = groups.into_iter().map(|(example, members)| {
            let batch = match whole {
                true => batch.clone(),
                false => take_record_batch(batch, &UInt32Array::from(members)).map_err(from_arrow)?,
            };
            Ok(Piece { key: rows.row(example).data().into(), batch, example })
        });
        let pieces = pieces.collect::<Result<_>>()?;
        Ok(Split { pieces, values })
    }

    /// A partition's values and its folder.
    ///
    /// # Errors
    /// [`Kind::Bug`](crate::Kind::Bug) where the values are not what the spec says.
    pub fn describe(&self, split: &Split, piece: &Piece) -> Result<(Struct, String)> {
        let of = self.values.partition_type();
        let one = split.values.slice(piece.example, 1);
        let literals =
            arrow_struct_to_literal(&one, of).map_err(|e| from_iceberg(e, "cannot read partition values"))?;
        match literals.into_iter().next().flatten() {
            Some(Literal::Struct(values)) => {
                let path = partition_path(&self.spec, of, &values);
                Ok((values, path))
            }
            _ => Err(Error::bug("partition values are no struct")),
        }
    }
}
