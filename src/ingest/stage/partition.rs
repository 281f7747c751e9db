//! Which rows belong to which partition. Pure: batches in, batches by partition out.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StructArray};
use arrow::compute::interleave;
use arrow::row::{RowConverter, Rows, SortField};
use iceberg::arrow::arrow_struct_to_literal;
use iceberg::spec::{Literal, PartitionSpec, Schema, Struct};

use super::from_arrow;
use super::names::partition_path;
use super::transform::PartitionValues;
use crate::storage::from_iceberg;
use crate::table::manifest;
use crate::{Error, Result};

/// The number of each group, by its encoded values.
type Groups = HashMap<Box<[u8]>, usize, ahash::RandomState>;

/// Splits batches by the values of a partition spec. Shared by all workers.
#[derive(Debug)]
pub(super) struct Partitioner {
    spec: PartitionSpec,
    values: PartitionValues,
    rows: RowConverter,
}

/// The rows of one partition.
#[derive(Debug)]
pub(super) struct Piece {
    /// The partition's values, encoded; equal for equal values.
    pub key: Box<[u8]>,
    /// Its rows.
    pub batch: RecordBatch,
    /// A batch and a row of it that has the partition's values.
    pub example: (usize, usize),
}

/// Batches, split.
#[derive(Debug)]
pub(super) struct Split {
    /// One entry per partition, in the order of their first rows.
    pub pieces: Vec<Piece>,
    /// The partition values of each batch's rows.
    values: Vec<StructArray>,
}

/// Whether partition values of this spec can be computed and written into manifests.
///
/// # Errors
/// [`Kind::Unsupported`](crate::Kind::Unsupported) for a field of a struct, list or map (`void()` takes them), and for
/// two fields of as many bytes each, which iceberg 0.10.1 cannot tell apart in Avro.
pub(crate) fn check_writable(spec: &PartitionSpec, schema: &Schema) -> Result<()> {
    let cannot = |e| from_iceberg(e, "cannot compute the partition values of this table");
    let values = spec.partition_type(schema).map_err(cannot)?;
    if let Some(nested) = manifest::nested(&values) {
        let why = "tables partitioned by a struct, list or map cannot be written";
        return Err(Error::unsupported(why)
            .with("partition", &nested.name)
            .hint("take the field out of the partition spec with the engine that made it"));
    }
    match manifest::fixed_twice(&values) {
        None => Ok(()),
        Some(second) => {
            let why = "tables partitioned by two columns of as many bytes each (uuid, fixed) cannot be written";
            Err(Error::unsupported(why).with("partition", &second.name).hint("partition by bucket(16, column) instead"))
        }
    }
}

impl Partitioner {
    /// For a spec that has fields and is [writable](check_writable).
    ///
    /// # Errors
    /// [`Kind::Unsupported`](crate::Kind::Unsupported) for a transform that cannot be computed.
    pub fn new(spec: &PartitionSpec, schema: &Schema) -> Result<Self> {
        let cannot = |e| from_iceberg(e, "cannot compute the partition values of this table");
        let values = PartitionValues::new(spec, schema).map_err(cannot)?;
        let sort_fields = values.fields().iter().map(|f| SortField::new(f.data_type().clone())).collect();
        let rows = RowConverter::new(sort_fields)
            .map_err(|e| Error::unsupported("cannot compare the partition values of this table").caused_by(e))?;
        Ok(Self { spec: spec.clone(), values, rows })
    }

    /// Splits batches in the table's Arrow schema, all at once: the more rows, the fewer and larger the pieces.
    ///
    /// # Errors
    /// [`Kind::Bug`](crate::Kind::Bug) where a batch is not in that schema.
    pub fn split(&self, batches: &[RecordBatch]) -> Result<Split> {
        let mut groups: Vec<Vec<(usize, usize)>> = Vec::new();
        let mut known = Groups::default();
        let mut values = Vec::with_capacity(batches.len());
        for (number, batch) in batches.iter().enumerate() {
            let of = self.values.of(batch)?;
            let rows = self.rows.convert_columns(of.columns()).map_err(from_arrow)?;
            group(number, &rows, &mut groups, &mut known);
            values.push(of);
        }
        let mut keys: Vec<(Box<[u8]>, usize)> = known.into_iter().collect();
        keys.sort_unstable_by_key(|(_, group)| *group);
        let taken = match (batches, groups.len()) {
            ([whole], 1) => vec![whole.clone()],
            _ => taken_apart(batches, &groups)?,
        };
        let pieces = keys.into_iter().zip(taken).zip(&groups).map(|(((key, _), batch), members)| {
            let example = members.first().copied().unwrap_or_default();
            Piece { key, batch, example }
        });
        Ok(Split { pieces: pieces.collect(), values })
    }

    /// A partition's values and its folder.
    ///
    /// # Errors
    /// [`Kind::Bug`](crate::Kind::Bug) where the values are not what the spec says.
    pub fn describe(&self, split: &Split, piece: &Piece) -> Result<(Struct, String)> {
        let of = self.values.partition_type();
        let (batch, row) = piece.example;
        let values = split.values.get(batch).ok_or_else(|| Error::bug("partition values were lost"))?;
        let one: ArrayRef = Arc::new(values.slice(row, 1));
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

/// The rows of each group. Column by column, so that a column is still in the processor's cache when the next group
/// takes its values of it.
fn taken_apart(batches: &[RecordBatch], groups: &[Vec<(usize, usize)>]) -> Result<Vec<RecordBatch>> {
    let Some(first) = batches.first() else { return Ok(Vec::new()) };
    let mut columns: Vec<Vec<ArrayRef>> = vec![Vec::new(); groups.len()];
    for at in 0..first.num_columns() {
        let values: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(at).as_ref()).collect();
        for (members, columns) in groups.iter().zip(&mut columns) {
            columns.push(interleave(&values, members).map_err(from_arrow)?);
        }
    }
    let whole = |columns| RecordBatch::try_new(first.schema(), columns).map_err(from_arrow);
    columns.into_iter().map(whole).collect()
}

/// Puts the rows of one batch to their groups, which are found by their keys.
fn group(number: usize, rows: &Rows, groups: &mut Vec<Vec<(usize, usize)>>, known: &mut Groups) {
    let mut last: Option<(&[u8], usize)> = None;
    for (position, row) in rows.iter().enumerate() {
        let key = row.data();
        let group = match last {
            Some((same, group)) if same == key => group,
            _ => match known.get(key) {
                Some(group) => *group,
                None => {
                    known.insert(key.into(), groups.len());
                    groups.push(Vec::new());
                    groups.len() - 1
                }
            },
        };
        last = Some((key, group));
        if let Some(members) = groups.get_mut(group) {
            members.push((number, position));
        }
    }
}
