//! The table's sort order, applied to a run of rows. Pure.

use std::cmp::Ordering;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{SortOptions, take_record_batch};
use arrow::row::{RowConverter, Rows, SortField};
use iceberg::arrow::record_batch_projector::RecordBatchProjector;
use iceberg::arrow::type_to_arrow_type;
use iceberg::spec::{NullOrder, SchemaRef, SortDirection, SortOrder};
use iceberg::transform::{BoxedTransformFunction, create_transform_function};

use super::from_arrow;
use crate::storage::from_iceberg;
use crate::{Error, Result};

/// Sorts batches as a table's sort order says. Shared by all workers.
#[derive(Debug)]
pub(super) struct Sorter {
    /// The id of the sort order.
    pub order_id: i32,
    columns: RecordBatchProjector,
    transforms: Vec<BoxedTransformFunction>,
    rows: RowConverter,
}

/// A sorted run of rows.
#[derive(Debug)]
pub(super) struct SortedRun {
    /// The rows, in order.
    pub batch: RecordBatch,
    /// The sort key of the first row, comparable byte by byte.
    pub first: Box<[u8]>,
    /// The sort key of the last row.
    pub last: Box<[u8]>,
}

impl Sorter {
    /// For an order that has fields; nothing for an unsorted table.
    ///
    /// # Errors
    /// [`Kind::Unsupported`](crate::Kind::Unsupported) for a transform or a type that cannot be compared.
    pub fn new(order: &SortOrder, schema: &SchemaRef) -> Result<Option<Self>> {
        if order.is_unsorted() {
            return Ok(None);
        }
        let cannot = |e| from_iceberg(e, "cannot sort as this table's sort order says");
        let ids: Vec<i32> = order.fields.iter().map(|f| f.source_id).collect();
        let columns = RecordBatchProjector::from_iceberg_schema(schema.clone(), &ids).map_err(cannot)?;
        let transforms = order.fields.iter().map(|f| create_transform_function(&f.transform));
        let transforms = transforms.collect::<iceberg::Result<Vec<_>>>().map_err(cannot)?;
        let rows = RowConverter::new(sort_fields(order, schema)?).map_err(from_arrow)?;
        let order_id = i32::try_from(order.order_id).unwrap_or_default();
        Ok(Some(Self { order_id, columns, transforms, rows }))
    }

    /// Sorts rows; equal ones stay in their order.
    ///
    /// # Errors
    /// [`Kind::Bug`](crate::Kind::Bug) where the batch is not in the table's schema.
    pub fn sort(&self, batch: &RecordBatch) -> Result<SortedRun> {
        let keys = self.keys(batch)?;
        let mut order: Vec<u32> = (0_u32..).take(batch.num_rows()).collect();
        if !is_sorted(&keys) {
            order.sort_by(|a, b| keys.row(*a as usize).cmp(&keys.row(*b as usize)));
        }
        let key = |at: Option<&u32>| at.map(|at| keys.row(*at as usize).data().into()).unwrap_or_default();
        let (first, last) = (key(order.first()), key(order.last()));
        let batch = take_record_batch(batch, &UInt32Array::from(order)).map_err(from_arrow)?;
        Ok(SortedRun { batch, first, last })
    }

    fn keys(&self, batch: &RecordBatch) -> Result<Rows> {
        let cannot = |e| from_iceberg(e, "cannot compute the sort keys of this table");
        let columns = self.columns.project_column(batch.columns()).map_err(cannot)?;
        let transformed =
            columns.into_iter().zip(&self.transforms).map(|(column, transform)| transform.transform(column));
        let columns: Vec<ArrayRef> = transformed.collect::<iceberg::Result<_>>().map_err(cannot)?;
        self.rows.convert_columns(&columns).map_err(from_arrow)
    }
}

fn sort_fields(order: &SortOrder, schema: &SchemaRef) -> Result<Vec<SortField>> {
    let of = |field: &iceberg::spec::SortField| {
        let cannot = |e| from_iceberg(e, "cannot sort as this table's sort order says");
        let source = schema
            .field_by_id(field.source_id)
            .ok_or_else(|| Error::corrupt("the sort order names a column that the schema does not have"))?;
        let result = field.transform.result_type(&source.field_type).map_err(cannot)?;
        let options = SortOptions {
            descending: field.direction == SortDirection::Descending,
            nulls_first: field.null_order == NullOrder::First,
        };
        Ok(SortField::new_with_options(type_to_arrow_type(&result).map_err(cannot)?, options))
    };
    order.fields.iter().map(of).collect()
}

fn is_sorted(keys: &Rows) -> bool {
    keys.iter().zip(keys.iter().skip(1)).all(|(a, b)| a.cmp(&b) != Ordering::Greater)
}
