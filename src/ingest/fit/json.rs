//! JSON text made into lists, maps and structs. Its leaves are read as text first and parsed like any other text, so
//! that a number keeps every digit.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::json::ReaderBuilder;
use arrow::json::reader::Decoder;
use serde::de::IgnoredAny;

use super::convert::Convert;
use super::faults::{Bad, merge};
use crate::ingest::bind::Problem;
use crate::ingest::parse::{ParseFormat, Reason, type_name};
use crate::{Error, Result};

/// The most levels that JSON may have.
const DEEPEST: usize = 100;

/// How JSON text becomes a nested type.
#[derive(Debug)]
pub(in crate::ingest) struct JsonText {
    /// One field `v` of the nested type with leaves of text.
    loose: SchemaRef,
    pub(super) then: Convert,
    not: Reason,
    /// JSON's own null does not do.
    required: bool,
}

impl JsonText {
    pub(super) fn plan(to: &FieldRef, format: &ParseFormat) -> Result<Self, Problem> {
        let loose = leaves_as_text(to.data_type());
        let then = Convert::plan(&loose, to, format)?;
        let not = Reason::not(format!("not JSON of {}", type_name(to.data_type())));
        let loose = Arc::new(Schema::new(vec![Field::new("v", loose, true)]));
        Ok(Self { loose, then, not, required: !to.is_nullable() })
    }

    pub(super) fn run(&self, input: &ArrayRef, bad: &mut Bad) -> Result<Option<ArrayRef>> {
        let text = input.as_string_view_opt().ok_or_else(|| Error::bug("text is not held as text"))?;
        let mut found: Bad = Vec::new();
        let mut sound = Vec::new();
        for (row, cell) in text.iter().enumerate() {
            match cell {
                Some(cell) if is_deep(cell) => found.push((row, Reason::not("JSON nested too deeply"))),
                Some(cell) if serde_json::from_str::<IgnoredAny>(cell).is_ok() => sound.push(row),
                Some(_) => found.push((row, Reason::not("not JSON"))),
                None => {}
            }
        }
        let mut parts = Vec::new();
        self.decode(text, &sound, &mut parts, &mut found);
        found.sort_by_key(|(row, _)| *row);
        let loose = self.put_together(text.len(), &parts)?;
        if self.required {
            let nulls =
                sound.iter().filter(|row| loose.is_null(**row)).map(|row| (*row, Reason::not("required, but null")));
            merge(&mut found, nulls.collect());
        }
        // Rows that are no JSON are null from here on, so what follows adds only others.
        let output = self.then.run(&loose, &mut found)?;
        let clean = found.is_empty();
        merge(bad, found);
        Ok(output.filter(|_| clean))
    }

    /// Decodes the rows together, or in halves where one of them is not of the type.
    fn decode(&self, text: &StringViewArray, rows: &[usize], parts: &mut Vec<(Vec<usize>, ArrayRef)>, bad: &mut Bad) {
        if rows.is_empty() {
            return;
        }
        match (self.together(text, rows), rows) {
            (Some(array), _) => parts.push((rows.to_vec(), array)),
            (None, [row]) => bad.push((*row, self.not.clone())),
            (None, _) => {
                let (first, second) = rows.split_at(rows.len() / 2);
                self.decode(text, first, parts, bad);
                self.decode(text, second, parts, bad);
            }
        }
    }

    fn together(&self, text: &StringViewArray, rows: &[usize]) -> Option<ArrayRef> {
        let mut decoder = self.decoder(rows.len()).ok()?;
        let mut line = Vec::new();
        for row in rows {
            line.clear();
            line.extend_from_slice(b"{\"v\":");
            line.extend_from_slice(text.value(*row).as_bytes());
            line.extend_from_slice(b"}\n");
            let read = decoder.decode(&line).ok()?;
            if read != line.len() {
                return None;
            }
        }
        let batch = decoder.flush().ok()??;
        batch.columns().first().filter(|c| c.len() == rows.len()).cloned()
    }

    fn decoder(&self, rows: usize) -> Result<Decoder> {
        ReaderBuilder::new(self.loose.clone())
            .with_coerce_primitive(true)
            .with_batch_size(rows + 1)
            .build_decoder()
            .map_err(|e| Error::bug("a nested type cannot be read from JSON").caused_by(e))
    }

    /// The decoded parts in the order of their rows, null in between.
    fn put_together(&self, rows: usize, parts: &[(Vec<usize>, ArrayRef)]) -> Result<ArrayRef> {
        let failed = |e| Error::bug("decoded JSON cannot be put together").caused_by(e);
        let mut places: Vec<Option<u32>> = vec![None; rows];
        for (next, row) in (0_u32..).zip(parts.iter().flat_map(|(rows, _)| rows)) {
            if let Some(place) = places.get_mut(*row) {
                *place = Some(next);
            }
        }
        let arrays: Vec<&dyn Array> = parts.iter().map(|(_, array)| array.as_ref()).collect();
        let all = match arrays.is_empty() {
            true => arrow::array::new_empty_array(self.loose.field(0).data_type()),
            false => arrow::compute::concat(&arrays).map_err(failed)?,
        };
        take(&all, &UInt32Array::from(places), None).map_err(failed)
    }
}

/// Whether a text has more levels than any table: what reads JSON goes one step deeper on the stack for each.
fn is_deep(text: &str) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

/// The same shape with every leaf text and nothing required: checks are the conversion's.
fn leaves_as_text(of: &DataType) -> DataType {
    let loose = |field: &FieldRef| Arc::new(Field::new(field.name(), leaves_as_text(field.data_type()), true));
    match of {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(loose).collect()),
        DataType::List(element) => DataType::List(loose(element)),
        DataType::Map(entries, sorted) => {
            let DataType::Struct(kv) = entries.data_type() else { return DataType::Utf8 };
            let mut fields: Vec<_> = kv.iter().map(loose).collect();
            // The reader builds keys from names, which are never null.
            if let Some(key) = fields.first_mut() {
                *key = Arc::new(key.as_ref().clone().with_nullable(false));
            }
            let entries = Field::new(entries.name(), DataType::Struct(fields.into()), false);
            DataType::Map(Arc::new(entries), *sorted)
        }
        _ => DataType::Utf8,
    }
}
