//! Lists, maps and structs: by name, from typed sources and from JSON text.

use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields};
use arrow::util::display::array_value_to_string;
use iceberg::spec::{ListType, MapType, NestedField, PrimitiveType, StructType, Type};

use super::{batch, bound, column, text_batch, text_column, told};

fn list(of: PrimitiveType, required: bool) -> Type {
    Type::List(ListType::new(NestedField::list_element(10, Type::Primitive(of), required).into()))
}

fn map(value: PrimitiveType) -> Type {
    let key = NestedField::map_key_element(11, Type::Primitive(PrimitiveType::String));
    Type::Map(MapType::new(key.into(), NestedField::map_value_element(12, Type::Primitive(value), false).into()))
}

/// `struct<id: int (required), tags: list<long>>`.
fn structure() -> Type {
    let id = NestedField::required(13, "id", Type::Primitive(PrimitiveType::Int));
    let tags = NestedField::optional(14, "tags", list(PrimitiveType::Long, true));
    Type::Struct(StructType::new(vec![id.into(), tags.into()]))
}

fn fit(array: ArrayRef, to: Type) -> (Vec<String>, Vec<(u64, String)>) {
    let from = column("x", array.data_type().clone(), array.data_type().clone());
    let binding = bound(from, to, |_| {}).unwrap();
    let fitted = binding.fit(&batch(vec![("x", array)])).unwrap();
    assert_eq!(fitted.batch.schema(), *binding.schema());
    let column = fitted.batch.column(0);
    let shown = (0..column.len()).map(|row| array_value_to_string(column, row).unwrap()).collect();
    (shown, told(&fitted).into_iter().map(|(line, reason)| (line, reason.to_string())).collect())
}

fn json(cells: &[Option<&str>], to: Type) -> (Vec<String>, Vec<(u64, String)>) {
    let source = text_batch(&[("x", cells)]);
    let binding = bound(text_column("x", DataType::Utf8View), to, |_| {}).unwrap();
    let fitted = binding.fit(&source).unwrap();
    assert_eq!(fitted.batch.schema(), *binding.schema());
    let column = fitted.batch.column(0);
    let shown = (0..column.len()).map(|row| array_value_to_string(column, row).unwrap()).collect();
    (shown, told(&fitted).into_iter().map(|(line, reason)| (line, reason.to_string())).collect())
}

fn faults(of: &[(u64, &str)]) -> Vec<(u64, String)> {
    of.iter().map(|(line, reason)| (*line, reason.to_string())).collect()
}

#[test]
fn lists() {
    let longs = ListArray::from_iter_primitive::<types::Int64Type, _, _>([
        Some(vec![Some(1), Some(2)]),
        None,
        Some(vec![Some(1 << 40), None]),
        Some(vec![None]),
        Some(vec![]),
    ]);
    let (shown, told) = fit(Arc::new(longs.clone()), list(PrimitiveType::Int, false));
    assert_eq!(shown, ["[1, 2]", "", "[]", "[]"]);
    assert_eq!(told, faults(&[(4, "too large for int (at most 2147483647)")]));
    let (shown, told) = fit(Arc::new(longs.slice(1, 4)), list(PrimitiveType::Long, true));
    assert_eq!(shown, ["", "[]"]);
    assert_eq!(told, faults(&[(3, "an element of the list is null"), (4, "an element of the list is null")]));
}

#[test]
fn structs_by_name_whatever_the_order() {
    let tags: ArrayRef = Arc::new(ListArray::from_iter_primitive::<types::Int32Type, _, _>([
        Some(vec![Some(1)]),
        None,
        Some(vec![None]),
        Some(vec![]),
    ]));
    let ids: ArrayRef = Arc::new(StringArray::from(vec![Some("7"), Some("x"), Some("8"), None]));
    let fields: Fields = vec![
        Field::new("TAGS", tags.data_type().clone(), true),
        Field::new("id", DataType::Utf8, true),
        Field::new("other", DataType::Utf8, true),
    ]
    .into();
    let other = ids.clone();
    let source = StructArray::new(fields.clone(), vec![tags.clone(), ids.clone(), other.clone()], None);
    let (shown, told) = fit(Arc::new(source), structure());
    assert_eq!(shown, ["{id: 7, tags: [1]}"]);
    assert_eq!(
        told,
        faults(&[(3, "not a whole number"), (4, "an element of the list is null"), (5, "id: required, but null")])
    );
    // What a null struct hides is not at fault.
    let nulls = NullBuffer::from(vec![true, false, false, false]);
    let hidden = StructArray::new(fields, vec![tags, ids, other], Some(nulls));
    let (shown, told) = fit(Arc::new(hidden), structure());
    assert_eq!((shown, told), (vec!["{id: 7, tags: [1]}".into(), String::new(), String::new(), String::new()], vec![]));
}

#[test]
fn what_a_null_list_hides_is_not_at_fault() {
    let values: ArrayRef = Arc::new(StringArray::from(vec!["1", "x", "3"]));
    let field = Arc::new(Field::new("item", DataType::Utf8, true));
    let offsets = OffsetBuffer::new(vec![0, 1, 2, 3].into());
    let nulls = NullBuffer::from(vec![true, false, true]);
    let lists = ListArray::new(field, offsets, values, Some(nulls));
    let (shown, told) = fit(Arc::new(lists), list(PrimitiveType::Int, true));
    assert_eq!((shown, told), (vec!["[1]".into(), String::new(), "[3]".into()], vec![]));
}

#[test]
fn maps() {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    builder.keys().append_value("a");
    builder.values().append_value(1);
    builder.append(true).unwrap();
    builder.append(false).unwrap();
    builder.keys().append_value("b");
    builder.values().append_value(1 << 40);
    builder.append(true).unwrap();
    let (shown, told) = fit(Arc::new(builder.finish()), map(PrimitiveType::Int));
    assert_eq!(shown, ["{a: 1}", ""]);
    assert_eq!(told, faults(&[(4, "too large for int (at most 2147483647)")]));
}

#[test]
fn objects_are_maps_too() {
    let fields: Fields = vec![Field::new("a", DataType::Int64, true), Field::new("b", DataType::Utf8, true)].into();
    let a: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(3), Some(1 << 40)]));
    let b: ArrayRef = Arc::new(StringArray::from(vec![None, None, Some("7"), Some("x")]));
    let nulls = NullBuffer::from(vec![true, true, true, false]);
    let objects = StructArray::new(fields.clone(), vec![a.clone(), b.clone()], Some(nulls));
    let (shown, told) = fit(Arc::new(objects), map(PrimitiveType::Int));
    assert_eq!((shown, told), (["{a: 1}", "{}", "{a: 3, b: 7}", ""].map(String::from).to_vec(), vec![]));
    let (shown, told) = fit(Arc::new(StructArray::new(fields, vec![a, b], None)), map(PrimitiveType::Int));
    assert_eq!(shown, ["{a: 1}", "{}", "{a: 3, b: 7}"]);
    assert_eq!(told, faults(&[(5, "too large for int (at most 2147483647)")]));
}

#[test]
fn problems_name_the_field() {
    let fields: Fields = vec![Field::new("tags", DataType::Boolean, true)].into();
    let of = DataType::Struct(fields);
    let wrong = bound(column("x", of.clone(), of), structure(), |_| {}).unwrap_err();
    assert_eq!(wrong[0].reason, "id: is required and has no source");
    let wrong = bound(column("x", DataType::Int32, DataType::Int32), structure(), |_| {}).unwrap_err();
    assert_eq!(wrong[0].reason, "int cannot become a struct");
}

#[test]
fn json_text_keeps_every_digit() {
    let cells = [
        Some(r#"{"id": 7, "tags": [9007199254740993, "2"]}"#),
        None,
        Some(r#"{"id": 1.5}"#),
        Some(r#"{"tags": []}"#),
        Some(r#"{"id": 1"#),
        Some(r#"[1]"#),
        Some(r#"{"id": 1} {"id": 2}"#),
        Some("null"),
        Some(r#"{"id": 8, "tags": [null]}"#),
        Some("{\"id\": 9,\n \"more\": {\"x\": 1}}"),
    ];
    let (shown, told) = json(&cells, structure());
    assert_eq!(shown, ["{id: 7, tags: [9007199254740993, 2]}", "", "", "{id: 9, tags: }"]);
    let of_type = "not JSON of struct<id: int, tags: list<long>>";
    assert_eq!(
        told,
        faults(&[
            (4, "not a whole number"),
            (5, "id: required, but null"),
            (6, "not JSON"),
            (7, of_type),
            (8, "not JSON"),
            (10, "an element of the list is null"),
        ])
    );
    let (shown, told) =
        json(&[Some(r#"{"a": "1.50", "b": 2}"#)], map(PrimitiveType::Decimal { precision: 5, scale: 2 }));
    assert_eq!((shown, told), (vec!["{a: 1.50, b: 2.00}".to_string()], vec![]));
}

#[test]
fn the_null_of_json_is_null() {
    let source = text_batch(&[("x", &[Some("null"), Some("[1]"), None, Some("[1.5]")])]);
    let table = super::schema(&[("x!", list(PrimitiveType::Int, false))]);
    let columns = [text_column("x", DataType::Utf8View)];
    let mapping = icedeck::ingest::mapping::Mapping::matched(&columns, &table);
    let binding = icedeck::ingest::bind::Binding::new(&mapping, &columns, &table).unwrap();
    let fitted = binding.fit(&source).unwrap();
    let reasons = [(2, "required, but null"), (4, "required, but null"), (5, "not a whole number")];
    assert_eq!(told(&fitted), reasons);
    assert_eq!(fitted.batch.num_rows(), 1);
}

#[test]
fn deep_json_does_not_break_anything() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let (_, told) = json(&[Some(&deep)], list(PrimitiveType::Int, false));
    assert_eq!(told, faults(&[(2, "JSON nested too deeply")]));
}
