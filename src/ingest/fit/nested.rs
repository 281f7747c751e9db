//! Structs, lists and maps: converted part by part, required fields and map keys checked for nulls.

use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, StructArray, UInt32Array, make_array, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, FieldRef, Fields};

use super::convert::Convert;
use super::faults::{Bad, add_nulls, merge};
use super::objects::ObjectPlan;
use super::shared;
use crate::ingest::bind::Problem;
use crate::ingest::parse::{ParseFormat, Reason, type_name};
use crate::{Error, Result};

/// A struct, field by field.
#[derive(Debug)]
pub(in crate::ingest) struct StructPlan {
    fields: Fields,
    /// For each field of the target its position in the source, if any, and its conversion.
    parts: Vec<(Option<usize>, Convert)>,
}

/// A list.
#[derive(Debug)]
pub(in crate::ingest) struct ListPlan {
    field: FieldRef,
    /// The list as Arrow's `List` of what the source has.
    plain: Option<DataType>,
    pub element: Convert,
}

/// A map.
#[derive(Debug)]
pub(in crate::ingest) struct MapPlan {
    entries: FieldRef,
    fields: Fields,
    pub key: Convert,
    pub value: Convert,
}

fn refused(from: &DataType, to: &str) -> Problem {
    Problem::new(format!("{} cannot become a {to}", type_name(from)))
}

/// Says within which field a problem is.
fn within(name: &str) -> impl Fn(Problem) -> Problem + '_ {
    move |mut problem| {
        problem.reason = format!("{name}: {}", problem.reason);
        problem
    }
}

impl StructPlan {
    pub(super) fn plan(from: &DataType, fields: &Fields, format: &ParseFormat) -> Result<Convert, Problem> {
        let DataType::Struct(source) = from else { return Err(refused(from, "struct")) };
        let mut parts = Vec::with_capacity(fields.len());
        for field in fields {
            let part = match find(field.name(), source)? {
                Some(at) => {
                    let from = source.get(at).map_or(&DataType::Null, |f| f.data_type());
                    (Some(at), Convert::plan(from, field, format).map_err(within(field.name()))?)
                }
                None if field.is_nullable() => (None, Convert::Null(field.data_type().clone())),
                None => return Err(Problem::new(format!("{}: is required and has no source", field.name()))),
            };
            parts.push(part);
        }
        Ok(Convert::Struct(Box::new(Self { fields: fields.clone(), parts })))
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Convert> {
        self.parts.iter().map(|(_, convert)| convert)
    }

    pub(super) fn run(&self, input: &ArrayRef, bad: &mut Bad) -> Result<Option<ArrayRef>> {
        let source = input.as_struct_opt().ok_or_else(|| Error::bug("a struct is held as something else"))?;
        let nulls = source.nulls();
        let mut found: Bad = Vec::new();
        let mut children = Vec::with_capacity(self.parts.len());
        for (field, (at, convert)) in self.fields.iter().zip(&self.parts) {
            let mut mine: Bad = Vec::new();
            let child = match at.and_then(|at| source.columns().get(at)) {
                Some(child) => {
                    let child = hide(child, nulls)?;
                    let output = convert.run(&child, &mut mine)?;
                    if !field.is_nullable() {
                        let reason = Reason::not(format!("{}: required, but null", field.name()));
                        add_nulls(child.logical_nulls().as_ref(), &reason, &mut mine);
                    }
                    output
                }
                None => Some(new_null_array(field.data_type(), source.len())),
            };
            merge(&mut found, visible(mine, nulls));
            children.extend(child);
        }
        if !found.is_empty() || children.len() < self.parts.len() {
            merge(bad, found);
            return Ok(None);
        }
        let array = StructArray::try_new_with_length(self.fields.clone(), children, nulls.cloned(), source.len());
        array.map(|a| Some(shared(a))).map_err(|e| Error::bug("a struct cannot be put together").caused_by(e))
    }
}

/// Of the rows of a child those whose parent is there: what a null struct hides is not at fault.
fn visible(bad: Bad, parent: Option<&NullBuffer>) -> Bad {
    match parent {
        Some(nulls) => bad.into_iter().filter(|(row, _)| nulls.is_valid(*row)).collect(),
        None => bad,
    }
}

/// A child with the nulls of its parent, so that what a null parent hides is not looked at.
pub(super) fn hide(child: &ArrayRef, parent: Option<&NullBuffer>) -> Result<ArrayRef> {
    let own = match child.data_type() {
        DataType::Null | DataType::RunEndEncoded(..) | DataType::Union(..) => return Ok(child.clone()),
        _ => child.nulls(),
    };
    let Some(parent) = parent.filter(|p| p.null_count() > 0) else { return Ok(child.clone()) };
    let both = NullBuffer::union(own, Some(parent));
    let data = child.to_data().into_builder().nulls(both).build();
    data.map(make_array).map_err(|e| Error::bug("nulls cannot be set").caused_by(e))
}

/// The field of that name: exactly, else the only one but for case.
fn find(name: &str, fields: &Fields) -> Result<Option<usize>, Problem> {
    if let Some(exact) = fields.iter().position(|f| f.name() == name) {
        return Ok(Some(exact));
    }
    let lower = name.to_lowercase();
    let mut near = fields.iter().enumerate().filter(|(_, f)| f.name().to_lowercase() == lower);
    match (near.next(), near.next()) {
        (Some(_), Some(_)) => Err(Problem::new(format!("{name}: several fields of the source answer to it"))),
        (one, _) => Ok(one.map(|(at, _)| at)),
    }
}

impl ListPlan {
    pub(super) fn plan(from: &DataType, element: &FieldRef, format: &ParseFormat) -> Result<Convert, Problem> {
        let (source, plain) = match from {
            DataType::List(e) => (e, None),
            DataType::LargeList(e)
            | DataType::ListView(e)
            | DataType::LargeListView(e)
            | DataType::FixedSizeList(e, _) => (e, Some(DataType::List(e.clone()))),
            _ => return Err(refused(from, "list")),
        };
        let convert = Convert::plan(source.data_type(), element, format).map_err(within("element"))?;
        Ok(Convert::List(Box::new(Self { field: element.clone(), plain, element: convert })))
    }

    pub(super) fn run(&self, input: &ArrayRef, bad: &mut Bad) -> Result<Option<ArrayRef>> {
        let failed = |e| Error::bug("a list cannot be put together").caused_by(e);
        let input = match &self.plain {
            Some(plain) => cast(input, plain).map_err(failed)?,
            None => input.clone(),
        };
        let input = bare(&input)?;
        let list = input.as_list_opt::<i32>().ok_or_else(|| Error::bug("a list is held as something else"))?;
        let (offsets, values) = trimmed(list.offsets(), list.values());
        let mut mine: Bad = Vec::new();
        let output = self.element.run(&values, &mut mine)?;
        if !self.field.is_nullable() {
            let reason = Reason::not("an element of the list is null");
            add_nulls(values.logical_nulls().as_ref(), &reason, &mut mine);
        }
        let found = of_rows(mine, &offsets, list.nulls());
        let Some(output) = output.filter(|_| found.is_empty()) else {
            merge(bad, found);
            return Ok(None);
        };
        let array = ListArray::try_new(self.field.clone(), offsets, output, list.nulls().cloned());
        array.map(|a| Some(shared(a))).map_err(failed)
    }
}

impl MapPlan {
    pub(super) fn plan(from: &DataType, entries: &FieldRef, format: &ParseFormat) -> Result<Convert, Problem> {
        if let DataType::Struct(fields) = from {
            return ObjectPlan::plan(fields, entries, format);
        }
        let (DataType::Map(source, _), DataType::Struct(fields)) = (from, entries.data_type()) else {
            return Err(refused(from, "map"));
        };
        let (DataType::Struct(source), [key, value]) = (source.data_type(), fields.as_ref()) else {
            return Err(refused(from, "map"));
        };
        let part = |at: usize, to: &FieldRef| {
            let from = source.get(at).map_or(&DataType::Null, |f| f.data_type());
            Convert::plan(from, to, format)
        };
        let plan = Self {
            entries: entries.clone(),
            fields: fields.clone(),
            key: part(0, key).map_err(within("key"))?,
            value: part(1, value).map_err(within("value"))?,
        };
        Ok(Convert::Map(Box::new(plan)))
    }

    pub(super) fn run(&self, input: &ArrayRef, bad: &mut Bad) -> Result<Option<ArrayRef>> {
        let failed = |e| Error::bug("a map cannot be put together").caused_by(e);
        let input = bare(input)?;
        let map = input.as_map_opt().ok_or_else(|| Error::bug("a map is held as something else"))?;
        let (offsets, keys) = trimmed(map.offsets(), map.keys());
        let (_, values) = trimmed(map.offsets(), map.values());
        let mut mine: Bad = Vec::new();
        let new_keys = self.key.run(&keys, &mut mine)?;
        add_nulls(keys.logical_nulls().as_ref(), &Reason::not("a key of the map is null"), &mut mine);
        let mut of_values: Bad = Vec::new();
        let new_values = self.value.run(&values, &mut of_values)?;
        if self.fields.get(1).is_some_and(|f| !f.is_nullable()) {
            let reason = Reason::not("a value of the map is null");
            add_nulls(values.logical_nulls().as_ref(), &reason, &mut of_values);
        }
        merge(&mut mine, of_values);
        let found = of_rows(mine, &offsets, map.nulls());
        let (Some(new_keys), Some(new_values), true) = (new_keys, new_values, found.is_empty()) else {
            merge(bad, found);
            return Ok(None);
        };
        let entries = StructArray::try_new(self.fields.clone(), vec![new_keys, new_values], None).map_err(failed)?;
        let array = MapArray::try_new(self.entries.clone(), offsets, entries, map.nulls().cloned(), false);
        array.map(|a| Some(shared(a))).map_err(failed)
    }
}

/// Lists or maps whose nulls are empty, so that nothing hides in them.
fn bare(input: &ArrayRef) -> Result<ArrayRef> {
    let offsets = match (input.as_list_opt::<i32>(), input.as_map_opt()) {
        (Some(list), _) => list.offsets(),
        (None, Some(map)) => map.offsets(),
        (None, None) => return Ok(input.clone()),
    };
    let hides = |(row, ends): (usize, &[i32])| input.is_null(row) && ends.first() != ends.last();
    if input.null_count() == 0 || !offsets.windows(2).enumerate().any(hides) {
        return Ok(input.clone());
    }
    let rows: UInt32Array = (0..input.len() as u32).map(|row| input.is_valid(row as usize).then_some(row)).collect();
    take(input, &rows, None).map_err(|e| Error::bug("rows cannot be taken").caused_by(e))
}

/// The part of the values that the offsets name, and offsets into it.
fn trimmed(offsets: &OffsetBuffer<i32>, values: &ArrayRef) -> (OffsetBuffer<i32>, ArrayRef) {
    let first = offsets.first().copied().unwrap_or_default();
    let last = offsets.last().copied().unwrap_or_default();
    let (start, length) =
        (usize::try_from(first).unwrap_or_default(), usize::try_from(last - first).unwrap_or_default());
    if start == 0 && length == values.len() {
        return (offsets.clone(), values.clone());
    }
    let moved: Vec<i32> = offsets.iter().map(|o| o - first).collect();
    (OffsetBuffer::new(ScalarBuffer::from(moved)), values.slice(start, length))
}

/// Faults of elements as faults of the rows that hold them, each row once; null rows have none.
fn of_rows(elements: Bad, offsets: &OffsetBuffer<i32>, nulls: Option<&NullBuffer>) -> Bad {
    let mut rows: Bad = Vec::new();
    for (element, reason) in elements {
        let after = offsets.partition_point(|o| usize::try_from(*o).unwrap_or_default() <= element);
        let row = after.saturating_sub(1);
        if rows.last().is_none_or(|(last, _)| *last != row) && nulls.is_none_or(|n| n.is_valid(row)) {
            rows.push((row, reason));
        }
    }
    rows
}
