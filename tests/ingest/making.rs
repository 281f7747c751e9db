//! Tables that are made for a load, or by a schema: their columns, and what is left where nothing comes of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeBinaryArray, RecordBatch, StructArray};
use arrow::datatypes::{DataType, Field, Fields, Schema};
use icedeck::Kind;
use icedeck::commit::Change;
use icedeck::ingest::create::{CreateTable, NewColumn};
use icedeck::table::Table;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::SchemaDescriptor;
use serde_json::json;

use super::binary::Home;
use super::{creating, file, loaded, request};
use crate::common::Lake;

const UUID: &str = "f79c3e09-677c-4bbd-a479-3f349cb785e7";

/// Two columns of 16 bytes, of which the second is a UUID, beside each other and in a struct.
fn sixteen_bytes(path: &Path) {
    let bytes = uuid::Uuid::parse_str(UUID).unwrap().into_bytes();
    let array = || Arc::new(FixedSizeBinaryArray::try_from_iter([bytes].iter()).unwrap()) as ArrayRef;
    let fields: Fields = ["f", "u"].map(|name| Field::new(name, DataType::FixedSizeBinary(16), true)).to_vec().into();
    let within: ArrayRef = Arc::new(StructArray::new(fields.clone(), vec![array(), array()], None));
    let all: Vec<_> =
        fields.iter().cloned().chain([Arc::new(Field::new("s", DataType::Struct(fields.clone()), true))]).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(all)), vec![array(), array(), within]).unwrap();
    let both = "optional fixed_len_byte_array(16) f; optional fixed_len_byte_array(16) u (UUID);";
    let message = parse_message_type(&format!("message m {{ {both} optional group s {{ {both} }} }}")).unwrap();
    let options = ArrowWriterOptions::new().with_parquet_schema(SchemaDescriptor::new(Arc::new(message)));
    let out = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new_with_options(out, batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn types(home: &Home, table: &str) -> Vec<String> {
    let (code, told) = home.json(&["schema", table]);
    assert_eq!(code, 0, "{told}");
    told.as_array().unwrap().iter().map(|field| format!("{}: {}", field["name"], field["type"])).collect()
}

#[test]
fn a_uuid_of_a_file_is_a_uuid_of_the_table() {
    let home = Home::new();
    std::fs::write(home.path("u.csv"), format!("u,k\n{UUID},1\n")).unwrap();
    assert_eq!(home.code(&["ingest", "u.csv", "z.v", "--create", "--partition-by", "u", "--yes"]), 0);
    assert_eq!(types(&home, "z.v"), [r#""u": "uuid""#, r#""k": "long""#]);
    let found = home.json(&["rows", "z.v", "--filter", &format!("u = '{UUID}'")]);
    assert_eq!(found, (0, json!([{"u": UUID, "k": 1}])));

    sixteen_bytes(&home.path("u.parquet"));
    let (_, preview) = home.json(&["preview", "u.parquet"]);
    let told: Vec<_> = preview["columns"].as_array().unwrap().iter().map(|c| c["type"].as_str().unwrap()).collect();
    assert_eq!(told[..2], ["fixed(16)", "uuid"]);
    assert_eq!(home.code(&["ingest", "u.parquet", "z.p", "--create", "--yes"]), 0);
    let told = [r#""f": "fixed[16]""#, r#""u": "uuid""#, r#""s": "struct<f: fixed[16], u: uuid>""#];
    assert_eq!(types(&home, "z.p")[..3], told);
    let (_, rows) = home.json(&["rows", "z.p"]);
    assert_eq!((&rows[0]["u"], &rows[0]["s"]["u"]), (&json!(UUID), &json!(UUID)));
}

fn drafted(lake: &Lake, text: &str, format_version: u8) -> icedeck::Result<CreateTable> {
    let columns = NewColumn::of_schema_file(&file(lake, "schema.json", text))?;
    let wanted = CreateTable::new("n.t".parse().unwrap(), columns);
    Ok(CreateTable { format_version: Some(format_version), ..wanted })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn defaults_and_identifier_fields_of_a_schema_stay() {
    let lake = Lake::new().await;
    let text = r#"{"type": "struct", "identifier-field-ids": [9, 12], "fields": [
        {"id": 9, "name": "a", "required": true, "type": "int"},
        {"id": 7, "name": "b", "required": false, "type": "int", "initial-default": 5, "write-default": 6},
        {"id": 11, "name": "s", "required": true, "type": {"type": "struct", "fields": [
            {"id": 12, "name": "k", "required": true, "type": "string"},
            {"id": 13, "name": "d", "required": false, "type": "date", "write-default": "2024-01-02"}]}}]}"#;
    drafted(&lake, text, 3).unwrap().draft().unwrap().create(&lake.connection, true).await.unwrap();
    let table = lake.load(&"n.t".parse().unwrap()).await;
    let schema = table.metadata().current_schema();
    let mut identifier: Vec<_> = schema.identifier_field_ids().map(|id| schema.name_by_field_id(id).unwrap()).collect();
    identifier.sort();
    assert_eq!(identifier, ["a", "s.k"]);
    let json = serde_json::to_value(schema.as_ref()).unwrap();
    assert_eq!((&json["fields"][1]["initial-default"], &json["fields"][1]["write-default"]), (&json!(5), &json!(6)));
    assert_eq!(json["fields"][2]["type"]["fields"][1]["write-default"], "2024-01-02");

    let refused = drafted(&lake, text, 2).unwrap().draft().unwrap_err();
    assert!(refused.message().contains("format version 3"), "{refused}");
    let nested_alone = text.replace(r#", "initial-default": 5, "write-default": 6"#, "");
    assert_eq!(drafted(&lake, &nested_alone, 2).unwrap().draft().unwrap_err().kind(), Kind::Invalid);
    // iceberg's crate would pass over this one.
    let refused = drafted(&lake, &text.replace("\"write-default\": 6", "\"write-default\": \"x\""), 3).unwrap_err();
    assert!(refused.to_string().contains("write-default is no value"), "{refused}");
}

/// Everything in the warehouse's folder of a namespace, folders too.
fn left(lake: &Lake, namespace: &str) -> Vec<PathBuf> {
    let folder = lake.folder.path().join("data/icedeck/warehouse").join(namespace);
    assert!(folder.parent().unwrap().is_dir());
    std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_table_that_is_taken_back() {
    let lake = Lake::new().await;
    lake.orders("other.orders").await;
    let path = file(&lake, "ragged.csv", "id,b\n1,2\n3\n");
    for _ in 0..2 {
        loaded(&lake, creating(&path, "k.rg")).await.unwrap();
        assert!(!lake.connection.table_exists(&"k.rg".parse().unwrap()).await.unwrap());
        assert_eq!(left(&lake, "k"), Vec::<PathBuf>::new());
    }
    let path = file(&lake, "whole.csv", "id,b\n1,2\n3,4\n");
    loaded(&lake, creating(&path, "k.rg")).await.unwrap();
    let table = lake.load(&"k.rg".parse().unwrap()).await;
    assert!(table.metadata().location().ends_with("/k/rg"), "{}", table.metadata().location());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_others_have_changed_is_not_taken_back() {
    let lake = Lake::new().await;
    let made: Table = lake.orders("k.t").await;
    let set = [("owner".to_string(), "another".to_string())].into();
    lake.commit(&made, &Change::SetProperties { set, remove: Vec::new() }).await;
    let refused = lake.connection.unmake_table(&made).await.unwrap_err();
    assert!(refused.message().contains("others have changed"), "{refused}");
    let now = lake.load(made.name()).await;
    lake.connection.unmake_table(&now).await.unwrap();
    assert!(!lake.connection.table_exists(made.name()).await.unwrap());
    assert_eq!(left(&lake, "k").len(), 1, "the folder of a file that others know stays");
}

#[test]
fn a_mapping_says_which_columns_a_new_table_gets() {
    let home = Home::new();
    std::fs::write(home.path("a.csv"), "Day,at,n,drop\n24.12.2024,1700000000,\"1,5\",x\n").unwrap();
    let mapping = "[types]\nn = \"decimal(8,2)\"\n\
        [[column]]\nname = \"day\"\nfrom = \"Day\"\nformat = \"%d.%m.%Y\"\n\
        [[column]]\nname = \"n\"\nfrom = \"n\"\ndecimal-comma = true\n\
        [[column]]\nname = \"drop\"\nskip = true\n\
        [[column]]\nname = \"next\"\nexpression = \"at + 1\"\n\
        [[column]]\nname = \"currency\"\nconstant = \"EUR\"\n";
    std::fs::write(home.path("m.toml"), mapping).unwrap();
    let load = ["ingest", "a.csv", "z.a", "--create", "--mapping", "m.toml", "--yes"];
    assert_eq!(home.code(&load), 0);
    let told = ["day: date", "at: long", "n: decimal(8, 2)", "next: long", "currency: string"];
    assert_eq!(types(&home, "z.a").join("\n").replace('"', ""), told.join("\n"));
    let row = json!({"day": "2024-12-24", "at": 1_700_000_000, "n": "1.50", "next": 1_700_000_001, "currency": "EUR"});
    assert_eq!(home.json(&["rows", "z.a"]), (0, json!([row])));
    assert_eq!(home.code(&load), 0, "the same load goes into the table that is there now");

    std::fs::write(home.path("m.toml"), "[[column]]\nname = \"b\"\nfrom = \"nope\"\n").unwrap();
    let refused = home.run(&["ingest", "a.csv", "z.b", "--create", "--mapping", "m.toml", "--yes"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("the source has no column nope"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_layout_that_the_table_does_not_have_is_refused() {
    let lake = Lake::new().await;
    let path = file(&lake, "a.csv", "id,b\n1,2\n");
    let wanted = creating(&path, "k.t");
    loaded(&lake, wanted.clone()).await.unwrap();
    let other = |change: fn(&mut icedeck::ingest::run::CreateOptions)| {
        let mut other = wanted.clone();
        change(other.create.as_mut().unwrap());
        other
    };
    let others = [
        other(|create| create.partition_by = "bucket(3, id)".into()),
        other(|create| create.sort_by = "id".into()),
        other(|create| create.format_version = Some(1)),
        other(|create| create.properties = [("owner".to_string(), "me".to_string())].into()),
    ];
    for other in others {
        let refused = loaded(&lake, other).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::AlreadyExists, "{refused}");
        assert!(refused.message().starts_with("the table exists already, and "), "{refused}");
    }
    loaded(&lake, request(&path, "k.t")).await.unwrap();
    loaded(&lake, other(|create| create.format_version = Some(2))).await.unwrap();
}
