//! Edits of schema, partition spec, sort order, location and format version on tables with rows in them.

use iceberg::spec::{MapType, NestedFieldRef, NullOrder, SortDirection, SortField, SortOrder};
use icedeck::commit::{ColumnPlace, SchemaEdit, SpecEdit};
use serde_json::{Value, json};

use super::check::sound_now;
use super::*;

fn primitive(kind: PrimitiveType) -> Type {
    Type::Primitive(kind)
}

fn optional(name: &str, kind: Type) -> NestedFieldRef {
    Arc::new(NestedField::optional(0, name, kind))
}

fn add(parent: Option<&str>, column: NestedFieldRef, place: Option<ColumnPlace>) -> SchemaEdit {
    SchemaEdit::Add { parent: parent.map(Into::into), column, place }
}

fn rename(column: &str, to: &str) -> SchemaEdit {
    SchemaEdit::Rename { column: column.into(), to: to.into() }
}

fn retype(column: &str, to: PrimitiveType) -> SchemaEdit {
    SchemaEdit::Retype { column: column.into(), to }
}

fn edits(edits: impl Into<Vec<SchemaEdit>>) -> Change {
    Change::EditSchema(edits.into())
}

fn names(table: &Table) -> Vec<String> {
    columns(table)
}

fn of(name: &str) -> impl Fn(&Table) -> (i32, Type, bool) {
    move |table: &Table| {
        let field = table.metadata().current_schema().field_by_name(name).unwrap();
        (field.id, field.field_type.as_ref().clone(), field.required)
    }
}

/// `id` long (required), `small` int, `ratio` float, `price` decimal(9, 2), `where` struct of `city` (required) and
/// `zip`, `tags` list of int, `places` list of struct, `by_day` map of string to struct.
async fn deep(lake: &Lake, format: u8) -> Table {
    let field = |id, name: &str, kind| Arc::new(NestedField::optional(id, name, kind));
    let must = |id, name: &str, kind| Arc::new(NestedField::required(id, name, kind));
    let int = || primitive(PrimitiveType::Int);
    let text = || primitive(PrimitiveType::String);
    let of = |fields: Vec<NestedFieldRef>| Type::Struct(StructType::new(fields));
    let fields = vec![
        must(1, "id", primitive(PrimitiveType::Long)),
        field(2, "small", int()),
        field(3, "ratio", primitive(PrimitiveType::Float)),
        field(4, "price", primitive(PrimitiveType::Decimal { precision: 9, scale: 2 })),
        field(5, "where", of(vec![must(6, "city", text()), field(7, "zip", int())])),
        field(8, "tags", Type::List(ListType { element_field: field(9, "element", int()) })),
        field(
            10,
            "places",
            Type::List(ListType { element_field: field(11, "element", of(vec![field(12, "x", int())])) }),
        ),
        field(
            13,
            "by_day",
            Type::Map(MapType {
                key_field: must(14, "key", text()),
                value_field: field(15, "value", of(vec![field(16, "n", int())])),
            }),
        ),
    ];
    let schema = iceberg::spec::Schema::builder().with_fields(fields).with_identifier_field_ids([1]).build().unwrap();
    lake.table(&format!("sales.deep{format}"), schema, None, format).await
}

#[tokio::test]
async fn old_files_read_under_the_new_schema() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 0, 10)).await;
    let staged = lake.stage(&table, orders(&table, 10, 1)).await;
    let change = edits([
        rename("id", "number"),
        retype("amount", PrimitiveType::Decimal { precision: 20, scale: 2 }),
        SchemaEdit::Move { column: "day".into(), place: ColumnPlace::First },
        SchemaEdit::MakeOptional { column: "number".into() },
        SchemaEdit::Doc { column: "country".into(), doc: Some("Where from".into()) },
        add(None, optional("note", primitive(PrimitiveType::String)), Some(ColumnPlace::After("day".into()))),
    ]);
    let table = lake.commit(&table, &change).await;
    assert_eq!(names(&table), ["day", "note", "number", "country", "amount"]);
    assert_eq!(of("number")(&table), (1, primitive(PrimitiveType::Long), false));
    assert_eq!(of("note")(&table).0, 5);
    assert_eq!(table.metadata().current_schema().field_by_name("country").unwrap().doc.as_deref(), Some("Where from"));
    assert_eq!(table.metadata().schemas_iter().len(), 2);
    // A scan takes the schema of the snapshot; this one was staged under the old schema and is committed under the new.
    let table = lake.commit(&table, &append("main", staged)).await;
    assert_eq!(longs(&table, None, "number").await, (0..11).collect::<Vec<_>>());
    sound_now(&table).await;
    let back = edits([rename("number", "id"), SchemaEdit::Doc { column: "country".into(), doc: None }]);
    let table = lake.commit(&table, &back).await;
    assert_eq!(names(&table), ["day", "note", "id", "country", "amount"]);
}

#[tokio::test]
async fn columns_inside_others_are_edited_where_they_stand() {
    let lake = Lake::new().await;
    let table = deep(&lake, 2).await;
    let id = |name: &str| table.metadata().current_schema().field_by_name(name).unwrap().id;
    let (zip, city, element) = (id("where.zip"), id("where.city"), id("tags.element"));
    let long = || optional("y", primitive(PrimitiveType::Long));
    let change = edits([
        add(Some("where"), optional("country", primitive(PrimitiveType::String)), Some(ColumnPlace::First)),
        add(Some("places"), long(), None),
        add(Some("by_day"), long(), None),
        retype("tags.element", PrimitiveType::Long),
        retype("by_day.value.n", PrimitiveType::Long),
        retype("small", PrimitiveType::Long),
        retype("ratio", PrimitiveType::Double),
        rename("where.city", "town"),
        SchemaEdit::MakeOptional { column: "where.town".into() },
        SchemaEdit::Move { column: "where.zip".into(), place: ColumnPlace::Before("country".into()) },
        SchemaEdit::Drop { column: "places.element.x".into() },
    ]);
    let changed = lake.commit(&table, &change).await;
    let schema = changed.metadata().current_schema();
    let Type::Struct(inner) = schema.field_by_name("where").unwrap().field_type.as_ref() else { panic!() };
    let inner: Vec<_> = inner.fields().iter().map(|f| (f.name.as_str(), f.id)).collect();
    assert_eq!(inner, [("zip", zip), ("country", 17), ("town", city)]);
    assert_eq!(of("places.element.y")(&changed).0, 18);
    assert_eq!(of("by_day.value.y")(&changed).0, 19);
    assert_eq!(of("tags.element")(&changed), (element, primitive(PrimitiveType::Long), false));
    assert!(!of("where.town")(&changed).2);
    assert!(schema.field_by_name("places.element.x").is_none());
    assert_eq!(schema.identifier_field_ids().collect::<Vec<_>>(), [1]);
    assert_eq!(changed.metadata().last_column_id(), 19);
}

#[tokio::test]
async fn edits_that_would_break_readers_are_refused() {
    let lake = Lake::new().await;
    let table = deep(&lake, 2).await;
    let int = || primitive(PrimitiveType::Int);
    let required: NestedFieldRef = Arc::new(NestedField::required(0, "must", int()));
    let drop = |column: &str| SchemaEdit::Drop { column: column.into() };
    let place = |column: &str, place| SchemaEdit::Move { column: column.into(), place };
    for (edit, kind) in [
        (retype("id", PrimitiveType::Int), Kind::Invalid),
        (retype("small", PrimitiveType::String), Kind::Invalid),
        (retype("price", PrimitiveType::Decimal { precision: 12, scale: 3 }), Kind::Invalid),
        (retype("price", PrimitiveType::Decimal { precision: 9, scale: 2 }), Kind::Invalid),
        (retype("where", PrimitiveType::String), Kind::Invalid),
        (retype("gone", PrimitiveType::Long), Kind::NotFound),
        (rename("small", "id"), Kind::AlreadyExists),
        (rename("small", ""), Kind::Invalid),
        (rename("small", "small"), Kind::AlreadyExists),
        (rename("tags.element", "item"), Kind::Unsupported),
        (rename("by_day.key", "day"), Kind::Unsupported),
        (drop("tags.element"), Kind::Invalid),
        (drop("places.element.x"), Kind::Invalid),
        (drop("id"), Kind::Invalid),
        (SchemaEdit::MakeOptional { column: "id".into() }, Kind::Invalid),
        (SchemaEdit::MakeOptional { column: "by_day.key".into() }, Kind::Unsupported),
        (add(None, required.clone(), None), Kind::Invalid),
        (add(Some("small"), optional("x", int()), None), Kind::Invalid),
        (add(Some("tags"), optional("x", int()), None), Kind::Invalid),
        (add(Some("where"), optional("city", int()), None), Kind::AlreadyExists),
        (place("small", ColumnPlace::After("city".into())), Kind::NotFound),
        (place("id", ColumnPlace::First), Kind::Invalid),
        (SchemaEdit::Doc { column: "id".into(), doc: None }, Kind::Invalid),
    ] {
        let told = format!("{edit:?}");
        let error = refused(&lake, &table, edits([edit])).await;
        assert_eq!(error.kind(), kind, "{told}: {error}");
    }
    assert_eq!(refused(&lake, &table, edits([])).await.kind(), Kind::Invalid);
}

#[tokio::test]
async fn version_3_takes_a_required_column_with_a_default() {
    let lake = Lake::new().await;
    let table = deep(&lake, 3).await;
    let one = iceberg::spec::Literal::int(1);
    let column = NestedField::required(0, "must", primitive(PrimitiveType::Int)).with_initial_default(one);
    let table = lake.commit(&table, &edits([add(None, Arc::new(column), None)])).await;
    let table = lake.commit(&table, &edits([retype("must", PrimitiveType::Long)])).await;
    let field = table.metadata().current_schema().field_by_name("must").unwrap();
    assert_eq!((field.required, field.initial_default.clone()), (true, Some(iceberg::spec::Literal::long(1))));
}

#[tokio::test]
async fn properties_that_name_columns_follow() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let mapping = json!([
        { "field-id": 1, "names": ["id", "note"] },
        { "field-id": 2, "names": ["country"] },
    ]);
    let set = BTreeMap::from([
        ("schema.name-mapping.default".to_string(), mapping.to_string()),
        ("write.metadata.metrics.column.country".to_string(), "full".to_string()),
        ("write.metadata.metrics.column.amount".to_string(), "none".to_string()),
    ]);
    let table = lake.commit(&table, &Change::SetProperties { set, remove: Vec::new() }).await;
    let inner = Type::Struct(StructType::new(vec![optional("city", primitive(PrimitiveType::String))]));
    let change = edits([
        rename("country", "land"),
        SchemaEdit::Drop { column: "amount".into() },
        add(None, optional("note", inner), None),
        add(Some("note"), optional("zip", primitive(PrimitiveType::Int)), None),
    ]);
    let table = lake.commit(&table, &change).await;
    let properties = table.metadata().properties();
    let mapping: Value = serde_json::from_str(&properties["schema.name-mapping.default"]).unwrap();
    let expected = json!([
        { "field-id": 1, "names": ["id"] },
        { "field-id": 2, "names": ["country", "land"] },
        { "field-id": 5, "names": ["note"], "fields": [
            { "field-id": 6, "names": ["city"] }, { "field-id": 7, "names": ["zip"] },
        ] },
    ]);
    assert_eq!(mapping, expected);
    assert_eq!(properties["write.metadata.metrics.column.land"], "full");
    let gone = ["write.metadata.metrics.column.country", "write.metadata.metrics.column.amount"];
    assert!(gone.iter().all(|key| !properties.contains_key(*key)));
}

fn fields(table: &Table) -> Vec<(String, Transform, i32)> {
    let spec = table.metadata().default_partition_spec();
    spec.fields().iter().map(|f| (f.name.clone(), f.transform, f.field_id)).collect()
}

fn partition(column: &str, transform: Transform) -> SpecEdit {
    SpecEdit::Add { column: column.into(), transform, name: None }
}

#[tokio::test]
async fn a_spec_is_edited_field_by_field() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 0, 10)).await;
    let change = Change::EditSpec(vec![partition("day", Transform::Month), partition("id", Transform::Bucket(4))]);
    let table = lake.commit(&table, &change).await;
    let month = ("day_month".to_string(), Transform::Month, 1000);
    assert_eq!(fields(&table), [month.clone(), ("id_bucket_4".into(), Transform::Bucket(4), 1001)]);
    let table = lake.append(&table, orders(&table, 10, 40)).await;
    let remove = |name: &str| SpecEdit::Remove { name: name.into() };
    let change = Change::EditSpec(vec![
        remove("id_bucket_4"),
        SpecEdit::Rename { name: "day_month".into(), to: "month".into() },
        partition("country", Transform::Truncate(1)),
    ]);
    let table = lake.commit(&table, &change).await;
    let trunc = ("country_trunc_1".to_string(), Transform::Truncate(1), 1002);
    assert_eq!(fields(&table), [("month".to_string(), Transform::Month, 1000), trunc]);
    let table = lake.append(&table, orders(&table, 50, 10)).await;
    assert_eq!(longs(&table, None, "id").await, (0..60).collect::<Vec<_>>());
    sound_now(&table).await;
    for edit in [
        remove("gone"),
        partition("gone", Transform::Identity),
        partition("day", Transform::Month),
        SpecEdit::Rename { name: "month".into(), to: "country_trunc_1".into() },
        SpecEdit::Rename { name: "month".into(), to: " ".into() },
    ] {
        refused(&lake, &table, Change::EditSpec(vec![edit])).await;
    }
    assert_eq!(refused(&lake, &table, Change::EditSpec(Vec::new())).await.kind(), Kind::Invalid);
}

#[tokio::test]
async fn in_version_1_a_field_that_goes_is_void() {
    let lake = Lake::new().await;
    let table = lake.table("sales.v1", orders_schema(), None, 1).await;
    let change = Change::EditSpec(vec![partition("day", Transform::Month), partition("country", Transform::Identity)]);
    let table = lake.commit(&table, &change).await;
    let table = lake.append(&table, orders(&table, 0, 10)).await;
    let table = lake.commit(&table, &Change::EditSpec(vec![SpecEdit::Remove { name: "day_month".into() }])).await;
    let country = ("country".to_string(), Transform::Identity, 1001);
    assert_eq!(fields(&table), [("day_month".to_string(), Transform::Void, 1000), country.clone()]);
    let table = lake.append(&table, orders(&table, 10, 10)).await;
    assert_eq!(longs(&table, None, "id").await, (0..20).collect::<Vec<_>>());
    sound_now(&table).await;
    let table = lake.commit(&table, &Change::EditSpec(vec![partition("day", Transform::Month)])).await;
    let void = ("day_month_1000".to_string(), Transform::Void, 1000);
    assert_eq!(fields(&table), [void, country, ("day_month".to_string(), Transform::Month, 1002)]);
    let table = lake.append(&table, orders(&table, 20, 5)).await;
    assert_eq!(longs(&table, None, "id").await.len(), 25);
}

#[tokio::test]
async fn sort_order_and_location_are_set() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let field = SortField {
        source_id: 4,
        transform: Transform::Identity,
        direction: SortDirection::Descending,
        null_order: NullOrder::Last,
    };
    let order = SortOrder::builder().with_sort_field(field).build(table.metadata().current_schema()).unwrap();
    let table = lake.commit(&table, &Change::SetSortOrder(order.clone())).await;
    assert_eq!(table.metadata().default_sort_order().fields, order.fields);
    assert_eq!(refused(&lake, &table, Change::SetSortOrder(order)).await.kind(), Kind::Invalid);
    let table = lake.append(&table, orders(&table, 0, 10)).await;
    let elsewhere = format!("file://{}/moved/", lake.folder.path().display());
    let table = lake.commit(&table, &Change::SetLocation(elsewhere.clone())).await;
    let table = lake.append(&table, orders(&table, 10, 10)).await;
    assert!(table.metadata_location().starts_with(&elsewhere), "{}", table.metadata_location());
    assert_eq!(longs(&table, None, "id").await.len(), 20);
    for bad in [elsewhere, String::new(), "a\u{7}".into()] {
        assert_eq!(refused(&lake, &table, Change::SetLocation(bad)).await.kind(), Kind::Invalid);
    }
}

#[tokio::test]
async fn a_table_is_upgraded_with_its_rows() {
    let lake = Lake::new().await;
    let mut table = lake.table("sales.old", orders_schema(), None, 1).await;
    table = lake.append(&table, orders(&table, 0, 10)).await;
    for (n, version) in [(1, FormatVersion::V2), (2, FormatVersion::V3)] {
        table = lake.commit(&table, &Change::Upgrade(version)).await;
        assert_eq!(refused(&lake, &table, Change::Upgrade(version)).await.kind(), Kind::Invalid);
        assert_eq!(refused(&lake, &table, Change::Upgrade(FormatVersion::V1)).await.kind(), Kind::Invalid);
        table = lake.append(&table, orders(&table, n * 10, 10)).await;
        assert_eq!(longs(&table, None, "id").await, (0..(n + 1) * 10).collect::<Vec<_>>());
        sound_now(&table).await;
    }
    let first = sound_now(&table).await.remove(0);
    let change = Change::Overwrite {
        branch: "main".into(),
        added: Vec::new(),
        targets: icedeck::commit::Targets::Files(vec![first]),
        validation: None,
        summary: BTreeMap::new(),
    };
    let table = lake.commit(&table, &change).await;
    assert_eq!(longs(&table, None, "id").await.len(), 20);
    sound_now(&table).await;
}
