//! Structs made into maps: what objects of JSON are to a column of type map. A field that is null or missing is no
//! entry.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, MapArray, StringViewArray, StructArray, UInt32Array, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType, FieldRef, Fields};

use super::convert::Convert;
use super::faults::{Bad, merge};
use super::nested::hide;
use super::shared;
use crate::ingest::bind::Problem;
use crate::ingest::parse::ParseFormat;
use crate::{Error, Result};

/// A struct as a map from field name to value.
#[derive(Debug)]
pub(in crate::ingest) struct ObjectPlan {
    entries: FieldRef,
    fields: Fields,
    /// The names of the struct's fields as keys.
    keys: ArrayRef,
    values: Vec<Convert>,
}

impl ObjectPlan {
    pub(super) fn plan(source: &Fields, entries: &FieldRef, format: &ParseFormat) -> Result<Convert, Problem> {
        let DataType::Struct(fields) = entries.data_type() else { return Err(Problem::new("is no map")) };
        let [key, value] = fields.as_ref() else { return Err(Problem::new("is no map")) };
        let names: ArrayRef = Arc::new(source.iter().map(|f| Some(f.name().as_str())).collect::<StringViewArray>());
        let mut bad = Bad::new();
        let keys = Convert::plan(&DataType::Utf8View, key, format)?.run(&names, &mut bad)?;
        let (Some(keys), []) = (keys, bad.as_slice()) else {
            let reason = bad.first().map(|(_, reason)| reason.to_string()).unwrap_or_default();
            return Err(Problem::new(format!("a field's name cannot be a key: {reason}")));
        };
        let mut values = Vec::with_capacity(source.len());
        for field in source {
            let convert = Convert::plan(field.data_type(), value, format);
            values.push(convert.map_err(|p| Problem::new(format!("{}: {}", field.name(), p.reason)))?);
        }
        Ok(Convert::Object(Box::new(Self { entries: entries.clone(), fields: fields.clone(), keys, values })))
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Convert> {
        self.values.iter()
    }

    pub(super) fn run(&self, input: &ArrayRef, bad: &mut Bad) -> Result<Option<ArrayRef>> {
        let source = input.as_struct_opt().ok_or_else(|| Error::bug("a struct is held as something else"))?;
        let mut found = Bad::new();
        let mut columns = Vec::with_capacity(self.values.len());
        for (child, convert) in source.columns().iter().zip(&self.values) {
            let child = hide(child, source.nulls())?;
            columns.extend(convert.run(&child, &mut found)?);
        }
        if !found.is_empty() || columns.len() < self.values.len() {
            found.sort_by_key(|(row, _)| *row);
            merge(bad, found);
            return Ok(None);
        }
        self.map(source, &columns).map(Some)
    }

    fn map(&self, source: &StructArray, columns: &[ArrayRef]) -> Result<ArrayRef> {
        let failed = |e| Error::bug("a map cannot be put together").caused_by(e);
        let (mut ends, mut places, mut names) = (vec![0_i32], Vec::new(), Vec::new());
        for row in 0..source.len() {
            for (at, _) in columns.iter().enumerate().filter(|(_, column)| column.is_valid(row)) {
                places.push((at, row));
                names.push(u32::try_from(at).unwrap_or_default());
            }
            let end = i32::try_from(places.len()).map_err(|_| Error::unsupported("a batch of maps is too large"))?;
            ends.push(end);
        }
        let arrays: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
        let values = match (arrays.is_empty(), self.fields.get(1)) {
            (true, Some(value)) => new_empty_array(value.data_type()),
            _ => interleave(&arrays, &places).map_err(failed)?,
        };
        let keys = take(&self.keys, &UInt32Array::from(names), None).map_err(failed)?;
        let entries = StructArray::try_new(self.fields.clone(), vec![keys, values], None).map_err(failed)?;
        let offsets = OffsetBuffer::new(ends.into());
        let map = MapArray::try_new(self.entries.clone(), offsets, entries, source.nulls().cloned(), false);
        map.map(shared).map_err(failed)
    }
}
