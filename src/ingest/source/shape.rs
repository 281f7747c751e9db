//! What JSON objects look like together: the widest type of each field. Feeds on one line at a time, keeps no values.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::ingest::parse::double_holds;

/// Fields, nested ones included, that a source may have.
pub(super) const MOST_FIELDS: usize = 10_000;

/// The type that all values seen so far have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Shape {
    /// Only nulls, or nothing at all.
    #[default]
    Nothing,
    Bool,
    Int,
    /// A whole number that a double does not hold.
    FineInt,
    Double,
    /// Strings; values of several kinds, lists and objects as their JSON; numbers too long for a long, or with digits
    /// that a double would lose.
    Text,
    List(Box<Shape>),
    Object(Object),
}

/// The fields of objects, in the order in which they were first seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Object {
    pub(super) fields: Vec<(String, Shape)>,
    /// For each field the lines that have a value for it. Kept of the lines' own fields only.
    filled: Vec<u64>,
    index: HashMap<String, usize>,
}

/// What a field is stored as while it is read, and what it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// As the batch holds it: single values as text, so that none is rounded on the way; those of the first level as views.
    Stored,
    /// As iceberg has it.
    Typed,
}

impl Object {
    fn place(&mut self, name: String) -> usize {
        *self.index.entry(name).or_insert_with_key(|name| {
            self.fields.push((name.clone(), Shape::Nothing));
            self.filled.push(0);
            self.fields.len() - 1
        })
    }

    /// For each field the lines that have a value for it, and not null.
    pub(super) fn filled(&self) -> &[u64] {
        &self.filled
    }

    /// Adds what another object knows.
    pub(super) fn merge(&mut self, other: Self) {
        for ((name, shape), filled) in other.fields.into_iter().zip(other.filled) {
            let at = self.place(name);
            if let (Some((_, own)), Some(own_filled)) = (self.fields.get_mut(at), self.filled.get_mut(at)) {
                own.merge(shape);
                *own_filled += filled;
            }
        }
    }

    /// Adds one line: an object.
    pub(super) fn feed(&mut self, line: &[u8]) -> Result<(), serde_json::Error> {
        let mut shape = Shape::Object(std::mem::take(self));
        let mut json = serde_json::Deserializer::from_slice(line);
        let numbers = LongNumbers::of(line);
        let mut filled = Vec::new();
        let grow = Grow { shape: &mut shape, numbers: &numbers, filled: Some(&mut filled) };
        let fed = grow.deserialize(&mut json).and_then(|_| json.end());
        if let Shape::Object(object) = shape {
            *self = object;
        }
        if fed.is_ok() {
            filled.sort_unstable();
            filled.dedup();
            for at in filled {
                self.filled.get_mut(at).into_iter().for_each(|lines| *lines += 1);
            }
        }
        fed
    }

    /// The Arrow fields at a stage of reading.
    pub(super) fn arrow(&self, stage: Stage) -> Fields {
        let field = |(name, shape): &(String, Shape)| Field::new(name, shape.arrow(stage, true), true);
        self.fields.iter().map(field).collect()
    }

    /// Fields in all, nested ones included.
    pub(super) fn count(&self) -> usize {
        self.fields.iter().map(|(_, shape)| 1 + shape.count()).sum()
    }
}

impl Shape {
    fn scalar(&mut self, kind: Shape) {
        let own = std::mem::take(self);
        *self = match (own, kind) {
            (Shape::Nothing, kind) => kind,
            (own, Shape::Nothing) => own,
            (Shape::Int, Shape::Double) | (Shape::Double, Shape::Int) => Shape::Double,
            (Shape::Int, Shape::FineInt) | (Shape::FineInt, Shape::Int) => Shape::FineInt,
            (own, kind) if own == kind => own,
            _ => Shape::Text,
        };
    }

    fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (Shape::Object(own), Shape::Object(other)) => own.merge(other),
            (Shape::List(own), Shape::List(other)) => own.merge(*other),
            (_, other) => self.scalar(other),
        }
    }

    fn arrow(&self, stage: Stage, top: bool) -> DataType {
        match self {
            Shape::Bool if stage == Stage::Typed => DataType::Boolean,
            Shape::Int | Shape::FineInt if stage == Stage::Typed => DataType::Int64,
            Shape::Double if stage == Stage::Typed => DataType::Float64,
            Shape::Nothing | Shape::Bool | Shape::Int | Shape::FineInt | Shape::Double | Shape::Text => match stage {
                Stage::Stored if top => DataType::Utf8View,
                _ => DataType::Utf8,
            },
            Shape::List(element) => DataType::List(Arc::new(Field::new("element", element.arrow(stage, false), true))),
            Shape::Object(object) => DataType::Struct(
                object.fields.iter().map(|(n, s)| Field::new(n, s.arrow(stage, false), true)).collect(),
            ),
        }
    }

    fn count(&self) -> usize {
        match self {
            Shape::List(element) => 1 + element.count(),
            Shape::Object(object) => object.count(),
            _ => 0,
        }
    }
}

/// What a line's text says of its numbers that their values do not say any more.
#[derive(Debug, Default)]
struct LongNumbers {
    /// Whether a run of digits stands in the line that no long can hold.
    any: bool,
    /// The doubles that stand for numbers with more digits.
    fine: Vec<f64>,
}

impl LongNumbers {
    fn of(line: &[u8]) -> Self {
        let any = line.split(|b| !b.is_ascii_digit()).any(|run| run.len() >= 19);
        let of_number = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E');
        let long = line.split(|b| !of_number(b)).filter(|run| run.len() > 15);
        let texts = long.filter_map(|run| std::str::from_utf8(run).ok()).filter(|text| !double_holds(text));
        Self { any, fine: texts.filter_map(|text| text.parse().ok()).collect() }
    }

    /// Whether a double is not all of the number that it stands for.
    fn are_cut_to(&self, value: f64) -> bool {
        self.fine.contains(&value) || self.any && value.abs() >= 1e18 && value.fract() == 0.0
    }
}

/// Grows a shape by one value, and says whether it is one: null is none.
struct Grow<'a> {
    shape: &'a mut Shape,
    numbers: &'a LongNumbers,
    /// For a line itself: the places of its fields that have a value.
    filled: Option<&'a mut Vec<usize>>,
}

impl<'de> DeserializeSeed<'de> for Grow<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        if self.filled.is_some() { deserializer.deserialize_map(self) } else { deserializer.deserialize_any(self) }
    }
}

impl<'de> Visitor<'de> for Grow<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        self.shape.scalar(Shape::Bool);
        Ok(true)
    }

    fn visit_i64<E>(self, value: i64) -> Result<bool, E> {
        let fine = i128::from(value) != (value as f64) as i128;
        self.shape.scalar(if fine { Shape::FineInt } else { Shape::Int });
        Ok(true)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<bool, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => {
                self.shape.scalar(Shape::Text);
                Ok(true)
            }
        }
    }

    fn visit_f64<E>(self, value: f64) -> Result<bool, E> {
        self.shape.scalar(if self.numbers.are_cut_to(value) { Shape::Text } else { Shape::Double });
        Ok(true)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        self.shape.scalar(Shape::Text);
        Ok(true)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<bool, A::Error> {
        if *self.shape == Shape::Nothing {
            *self.shape = Shape::List(Box::default());
        }
        let Shape::List(element) = self.shape else {
            *self.shape = Shape::Text;
            while elements.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(true);
        };
        let numbers = self.numbers;
        while elements.next_element_seed(Grow { shape: element, numbers, filled: None })?.is_some() {}
        Ok(true)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<bool, A::Error> {
        if *self.shape == Shape::Nothing {
            *self.shape = Shape::Object(Object::default());
        }
        let Shape::Object(object) = self.shape else {
            *self.shape = Shape::Text;
            while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(true);
        };
        let mut filled = self.filled;
        while let Some(name) = entries.next_key::<String>()? {
            if object.fields.len() > MOST_FIELDS && !object.index.contains_key(&name) {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            let at = object.place(name);
            let Some((_, shape)) = object.fields.get_mut(at) else { continue };
            let is_value = entries.next_value_seed(Grow { shape, numbers: self.numbers, filled: None })?;
            if let (true, Some(filled)) = (is_value, filled.as_mut()) {
                filled.push(at);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(lines: &[&str]) -> Vec<(String, DataType)> {
        let mut object = Object::default();
        for line in lines {
            object.feed(line.as_bytes()).unwrap();
        }
        object.arrow(Stage::Typed).iter().map(|f| (f.name().clone(), f.data_type().clone())).collect()
    }

    #[test]
    fn fields_get_the_widest_type_in_the_order_of_their_first_sight() {
        let found = shape(&[
            r#"{"i": 1, "d": 1, "t": 1, "n": null, "b": true}"#,
            r#"{"new": "x", "i": -5, "d": 2.5, "t": "x", "b": null}"#,
        ]);
        let expected = [
            ("i", DataType::Int64),
            ("d", DataType::Float64),
            ("t", DataType::Utf8),
            ("n", DataType::Utf8),
            ("b", DataType::Boolean),
            ("new", DataType::Utf8),
        ];
        assert_eq!(found, expected.map(|(n, t)| (n.to_string(), t)));
    }

    #[test]
    fn nested_values_grow_together() {
        let found = shape(&[r#"{"a": [], "o": {"x": 1}}"#, r#"{"a": [1, 2.5], "o": {"y": [{"z": "s"}]}}"#]);
        let list = |of| DataType::List(Arc::new(Field::new("element", of, true)));
        let inner = DataType::Struct(vec![Field::new("z", DataType::Utf8, true)].into());
        let object = vec![Field::new("x", DataType::Int64, true), Field::new("y", list(inner), true)];
        assert_eq!(found[0].1, list(DataType::Float64));
        assert_eq!(found[1].1, DataType::Struct(object.into()));
    }

    #[test]
    fn integers_that_no_long_holds_stay_text() {
        let found = shape(&[
            r#"{"a": 9223372036854775808, "b": 123456789012345678901234567890}"#,
            r#"{"a": 1, "b": 2, "c": 1e300}"#,
        ]);
        assert_eq!(
            found.iter().map(|f| &f.1).collect::<Vec<_>>(),
            [&DataType::Utf8, &DataType::Utf8, &DataType::Float64]
        );
    }

    #[test]
    fn numbers_that_a_double_would_cut_stay_text() {
        let found = shape(&[
            r#"{"a": 9007199254740993, "b": 0.1, "c": 1.5, "d": 9007199254740993}"#,
            r#"{"a": 1.5, "b": 12345678901234567.89, "c": 0.30000000000000004, "d": 1}"#,
        ]);
        assert_eq!(
            found.iter().map(|f| &f.1).collect::<Vec<_>>(),
            [&DataType::Utf8, &DataType::Utf8, &DataType::Float64, &DataType::Int64]
        );
    }

    #[test]
    fn what_is_no_object_is_an_error_and_deep_nesting_too() {
        let mut object = Object::default();
        for line in ["[1]", "3", "{\"a\": 1", "{} {}", &format!("{{\"a\":{}", "[".repeat(1_000_000))] {
            assert!(object.feed(line.as_bytes()).is_err(), "{}", &line[..line.len().min(20)]);
        }
    }
}
