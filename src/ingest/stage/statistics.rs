//! The statistics of a data file for the manifest: Parquet's footer and the NaNs counted on the way, as the table's
//! metrics modes want them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Schema as ArrowSchema};
use iceberg::spec::{Datum, PrimitiveType, Schema, Type};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};

use super::bounds::Bounds;
use super::metrics::{MetricsMode, MetricsModes};

/// The statistics of one data file, by field id.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct FileStatistics {
    /// Bytes on disk.
    pub column_sizes: HashMap<i32, u64>,
    /// Values, nulls included.
    pub value_counts: HashMap<i32, u64>,
    /// Nulls.
    pub null_counts: HashMap<i32, u64>,
    /// NaNs, of columns of floats.
    pub nan_counts: HashMap<i32, u64>,
    /// Nothing is less.
    pub lower_bounds: HashMap<i32, Datum>,
    /// Nothing is greater.
    pub upper_bounds: HashMap<i32, Datum>,
    /// Where each row group begins.
    pub split_offsets: Vec<i64>,
}

/// Counts NaNs while batches pass by, per leaf column in the order of the schema.
#[derive(Debug, Clone)]
pub(super) struct NanCounter {
    leaves: Vec<Leaf>,
    wanted: bool,
}

#[derive(Debug, Clone)]
struct Leaf {
    is_float: bool,
    nans: u64,
}

impl FileStatistics {
    /// Of a finished file, as the modes want them.
    pub fn of(footer: &ParquetMetaData, nans: &NanCounter, schema: &Schema, modes: &MetricsModes) -> Self {
        let mut statistics = Self { split_offsets: split_offsets(footer), ..Self::default() };
        for (position, leaf) in nans.leaves.iter().enumerate() {
            let chunks: Vec<_> = footer.row_groups().iter().filter_map(|group| group.columns().get(position)).collect();
            let Some(field_id) = chunks.first().and_then(|chunk| field_id(chunk)) else { continue };
            statistics.add(field_id, &chunks, leaf, schema, modes.mode(field_id));
        }
        statistics
    }

    fn add(&mut self, id: i32, chunks: &[&ColumnChunkMetaData], leaf: &Leaf, schema: &Schema, mode: MetricsMode) {
        self.column_sizes.insert(id, chunks.iter().map(|c| positive(c.compressed_size())).sum());
        if mode == MetricsMode::None {
            return;
        }
        self.value_counts.insert(id, chunks.iter().map(|c| positive(c.num_values())).sum());
        let nulls = |chunk: &&ColumnChunkMetaData| chunk.statistics().and_then(|s| s.null_count_opt());
        if let Some(nulls) = chunks.iter().map(nulls).sum::<Option<u64>>() {
            self.null_counts.insert(id, nulls);
        }
        if leaf.is_float {
            self.nan_counts.insert(id, leaf.nans);
        }
        let repeated = chunks.iter().any(|c| c.column_descr().max_rep_level() > 0);
        let bounds = match (mode, primitive(schema, id)) {
            (MetricsMode::Truncate(length), Some(of)) if !repeated => joined(chunks, of).truncated(length),
            (MetricsMode::Full, Some(of)) if !repeated => joined(chunks, of),
            _ => return,
        };
        self.lower_bounds.extend(bounds.lower.map(|datum| (id, datum)));
        self.upper_bounds.extend(bounds.upper.map(|datum| (id, datum)));
    }
}

/// Bounds over all row groups. Row groups without a value (all null, or all NaN) have none and do not count.
fn joined(chunks: &[&ColumnChunkMetaData], of: &PrimitiveType) -> Bounds {
    let known = chunks.iter().filter_map(|chunk| chunk.statistics());
    let bounds = known.map(|s| Bounds::of(s, of)).filter(|b| b.lower.is_some() || b.upper.is_some());
    bounds.reduce(Bounds::widen).unwrap_or_default()
}

fn field_id(chunk: &ColumnChunkMetaData) -> Option<i32> {
    let info = chunk.column_descr().self_type().get_basic_info();
    info.has_id().then(|| info.id())
}

fn primitive(schema: &Schema, id: i32) -> Option<&PrimitiveType> {
    match &*schema.field_by_id(id)?.field_type {
        Type::Primitive(of) => Some(of),
        _ => None,
    }
}

fn split_offsets(footer: &ParquetMetaData) -> Vec<i64> {
    let first = |group: &RowGroupMetaData| {
        let chunk = group.columns().first()?;
        let data = chunk.data_page_offset();
        Some(chunk.dictionary_page_offset().filter(|dictionary| *dictionary > 0).map_or(data, |d| d.min(data)))
    };
    footer.row_groups().iter().filter_map(first).collect()
}

fn positive(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

impl NanCounter {
    /// A counter for batches of this schema.
    pub fn new(schema: &ArrowSchema) -> Self {
        fn visit(of: &DataType, leaves: &mut Vec<Leaf>) {
            match of {
                DataType::Struct(fields) => fields.iter().for_each(|f| visit(f.data_type(), leaves)),
                DataType::List(element) | DataType::LargeList(element) | DataType::Map(element, _) => {
                    visit(element.data_type(), leaves);
                }
                DataType::Float32 | DataType::Float64 => leaves.push(Leaf { is_float: true, nans: 0 }),
                _ => leaves.push(Leaf { is_float: false, nans: 0 }),
            }
        }
        let mut leaves = Vec::new();
        schema.fields().iter().for_each(|f| visit(f.data_type(), &mut leaves));
        let wanted = leaves.iter().any(|leaf| leaf.is_float);
        Self { leaves, wanted }
    }

    /// Looks at one more batch.
    pub fn count(&mut self, batch: &RecordBatch) {
        if !self.wanted {
            return;
        }
        let mut position = 0;
        for column in batch.columns() {
            self.visit(column, &mut position);
        }
    }

    fn visit(&mut self, array: &ArrayRef, position: &mut usize) {
        match array.data_type() {
            DataType::Struct(_) => {
                let parent = array.as_struct();
                for child in parent.columns() {
                    self.visit(&within(child, parent.nulls()), position);
                }
            }
            DataType::List(_) => {
                let list = present(array);
                let list = list.as_list::<i32>();
                let (start, end) = ends(list.offsets());
                self.visit(&list.values().slice(start, end - start), position);
            }
            DataType::LargeList(_) => {
                let list = present(array);
                let list = list.as_list::<i64>();
                let (start, end) = ends(list.offsets());
                self.visit(&list.values().slice(start, end - start), position);
            }
            DataType::Map(_, _) => {
                let map = present(array);
                let map = map.as_map();
                let (start, end) = ends(map.offsets());
                let entries: ArrayRef = Arc::new(map.entries().slice(start, end - start));
                self.visit(&entries, position);
            }
            _ => self.leaf(array, position),
        }
    }

    fn leaf(&mut self, array: &ArrayRef, position: &mut usize) {
        let nans = match array.data_type() {
            DataType::Float32 => nans(array.nulls(), array.as_primitive::<Float32Type>().values(), |v| v.is_nan()),
            DataType::Float64 => nans(array.nulls(), array.as_primitive::<Float64Type>().values(), |v| v.is_nan()),
            _ => 0,
        };
        if let Some(leaf) = self.leaves.get_mut(*position) {
            leaf.nans += nans;
        }
        *position += 1;
    }
}

fn nans<T: Copy>(nulls: Option<&arrow::buffer::NullBuffer>, values: &[T], is_nan: impl Fn(T) -> bool) -> u64 {
    let count = match nulls {
        None => values.iter().filter(|v| is_nan(**v)).count(),
        Some(nulls) => values.iter().zip(nulls.iter()).filter(|(v, valid)| *valid && is_nan(**v)).count(),
    };
    count as u64
}

/// The first and one past the last position that the offsets reach.
fn ends<T: arrow::array::OffsetSizeTrait>(offsets: &[T]) -> (usize, usize) {
    let at = |offset: Option<&T>| offset.map_or(0, |offset| offset.as_usize());
    let start = at(offsets.first());
    (start, at(offsets.last()).max(start))
}

/// The child as seen through its parent: null where the parent is.
fn within(child: &ArrayRef, parent: Option<&arrow::buffer::NullBuffer>) -> ArrayRef {
    let Some(parent) = parent.filter(|nulls| nulls.null_count() > 0) else { return child.clone() };
    let absent = BooleanArray::new(!parent.inner(), None);
    arrow::compute::nullif(child, &absent).unwrap_or_else(|_| child.clone())
}

/// Without null lists, which may still reach values.
fn present(array: &ArrayRef) -> ArrayRef {
    match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => array.clone(),
        Some(nulls) => {
            let keep = BooleanArray::new(nulls.inner().clone(), None);
            arrow::compute::filter(array, &keep).unwrap_or_else(|_| array.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, ListArray, StructArray};
    use arrow::buffer::{NullBuffer, OffsetBuffer};
    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn nans_behind_null_parents_do_not_count() {
        let field = Arc::new(Field::new("x", DataType::Float64, true));
        let values: ArrayRef = Arc::new(Float64Array::from(vec![Some(f64::NAN), Some(1.0), Some(f64::NAN), None]));
        let parent = StructArray::new(
            vec![field.clone()].into(),
            vec![values.clone()],
            Some(NullBuffer::from(vec![false, true, true, true])),
        );
        let lists = ListArray::new(
            field,
            OffsetBuffer::new(vec![0, 1, 3, 3, 4].into()),
            values,
            Some(NullBuffer::from(vec![true, false, true, true])),
        );
        let batch =
            RecordBatch::try_from_iter([("s", Arc::new(parent) as ArrayRef), ("l", Arc::new(lists) as ArrayRef)])
                .unwrap();
        let mut counter = NanCounter::new(&batch.schema());
        counter.count(&batch);
        assert_eq!(counter.leaves.iter().map(|leaf| leaf.nans).collect::<Vec<_>>(), [1, 1]);
    }
}
