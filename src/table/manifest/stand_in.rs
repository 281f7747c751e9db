//! Stand-ins for partition values: types that iceberg 0.10.1 can write and read, of the same bytes as the real ones.
//! Pure.
//!
//! A uuid is sixteen bytes, a time in nanoseconds a long. Nothing but the type differs, so that a manifest of the one
//! is a manifest of the other when its header says so: in the Avro schema and in the table's schema.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use iceberg::spec::{
    DataFile, Datum, Literal, NestedField, PartitionSpec, PrimitiveLiteral, PrimitiveType, Schema, Struct, StructType,
    TableMetadata, Type,
};
use iceberg::{Error, ErrorKind, Result};
use serde_json::{Value, json};

use super::avro::Header;
use super::rebuild;

/// The stand-ins of one partition spec.
#[derive(Debug)]
pub(crate) struct StandIns {
    columns: Vec<StandIn>,
    /// Whether two partition fields have Avro types of one name: iceberg defines it twice, which Java refuses, and does
    /// not know it where Java names it the second time.
    alike: bool,
}

#[derive(Debug)]
struct StandIn {
    /// Where among the partition fields.
    at: usize,
    /// The column that the partition value is of.
    source_id: i32,
    real: PrimitiveType,
}

impl StandIns {
    /// What the spec needs.
    ///
    /// # Errors
    /// Where the schema lacks a column of the spec.
    pub(crate) fn of(spec: &PartitionSpec, schema: &Schema) -> Result<Self> {
        let partition = spec.partition_type(schema)?;
        let types: Vec<_> = partition.fields().iter().map(|field| field.field_type.as_primitive_type()).collect();
        let columns = spec.fields().iter().zip(&types).enumerate().filter_map(|(at, (field, of_type))| match of_type {
            Some(real) if stand_in(real).is_some() => {
                Some(StandIn { at, source_id: field.source_id, real: (*real).clone() })
            }
            _ => None,
        });
        let mut names = HashSet::new();
        let alike = types.iter().flatten().filter_map(|of_type| avro_name(of_type)).any(|name| !names.insert(name));
        Ok(Self { columns: columns.collect(), alike })
    }

    /// What reading manifests of a table's spec needs, if anything.
    pub(crate) fn of_table(metadata: &TableMetadata, spec_id: i32) -> Option<Self> {
        let spec = metadata.partition_spec_by_id(spec_id)?;
        let schemas = std::iter::once(metadata.current_schema()).chain(metadata.schemas_iter());
        let stand_ins = schemas.filter_map(|schema| Self::of(spec, schema).ok()).next()?;
        (!stand_ins.are_needless()).then_some(stand_ins)
    }

    /// Whether iceberg alone does as well.
    pub(crate) fn are_needless(&self) -> bool {
        self.columns.is_empty() && !self.alike
    }

    /// The schema with stand-ins for the columns.
    pub(crate) fn schema(&self, schema: &Schema) -> Result<Schema> {
        let mut json = serde_json::to_value(schema)?;
        self.retype_columns(&mut json);
        Ok(serde_json::from_value(json)?)
    }

    /// The file as iceberg writes it: its partition values as their stand-ins.
    pub(crate) fn put_for(&self, file: DataFile) -> Result<DataFile> {
        if self.columns.is_empty() {
            return Ok(file);
        }
        let partition = self.each_value(file.partition(), |value, _| match value {
            PrimitiveLiteral::UInt128(uuid) => Literal::fixed(uuid.to_be_bytes()),
            other => Literal::Primitive(other),
        });
        built(rebuild(&file).partition(partition))
    }

    /// The file as it is, from what iceberg read.
    pub(super) fn take_from(&self, file: &DataFile, schema: &Schema) -> Result<DataFile> {
        let partition = self.each_value(file.partition(), |value, real| match (value, real) {
            (PrimitiveLiteral::Binary(bytes), PrimitiveType::Uuid) => {
                Literal::uuid(uuid::Uuid::from_slice(&bytes).unwrap_or_default())
            }
            (other, _) => Literal::Primitive(other),
        });
        let mut builder = rebuild(file);
        builder.partition(partition);
        builder.lower_bounds(self.bounds(file.lower_bounds(), schema)?);
        builder.upper_bounds(self.bounds(file.upper_bounds(), schema)?);
        built(&mut builder)
    }

    fn each_value(&self, of: &Struct, change: impl Fn(PrimitiveLiteral, &PrimitiveType) -> Literal) -> Struct {
        let changed = |(at, value): (usize, Option<&Literal>)| {
            let column = self.columns.iter().find(|column| column.at == at);
            match (value, column) {
                (Some(Literal::Primitive(value)), Some(column)) => Some(change(value.clone(), &column.real)),
                (value, _) => value.cloned(),
            }
        };
        of.iter().enumerate().map(changed).collect()
    }

    fn bounds(&self, of: &HashMap<i32, Datum>, schema: &Schema) -> Result<HashMap<i32, Datum>> {
        let real = |(id, bound): (&i32, &Datum)| {
            let field = schema.field_by_id(*id).map(|field| field.field_type.as_ref());
            match field {
                Some(Type::Primitive(real)) if self.columns.iter().any(|column| column.source_id == *id) => {
                    Ok((*id, Datum::try_from_bytes(&bound.to_bytes()?, real.clone())?))
                }
                _ => Ok((*id, bound.clone())),
            }
        };
        of.iter().map(real).collect()
    }

    /// Makes the header of a manifest one of stand-ins.
    pub(super) fn put_into(&self, header: &mut Header) -> Result<()> {
        change(header, "schema", |schema| self.retype_columns(schema))?;
        change(header, "avro.schema", |avro| {
            if let Some(fields) = partition_fields(avro) {
                spell_out(fields);
            }
            strip(avro);
        })
    }

    /// Makes the header of a manifest that was written with stand-ins say what its values are.
    pub(super) fn take_from_header(&self, header: &mut Header, schema: &Schema) -> Result<()> {
        header.insert("schema".to_string(), serde_json::to_vec(schema)?);
        change(header, "avro.schema", |avro| {
            let Some(fields) = partition_fields(avro) else { return };
            for column in &self.columns {
                if let Some(of_type) = fields.get_mut(column.at).and_then(value_type) {
                    *of_type = avro_type(&column.real);
                }
            }
            distinguish(fields);
        })
    }

    fn retype_columns(&self, schema: &mut Value) {
        for column in &self.columns {
            if let Some(of_type) = stand_in(&column.real) {
                retype(schema, column.source_id, &json!(of_type));
            }
        }
    }
}

/// The partition type under which values survive as JSON: iceberg 0.10.1 reads a time in nanoseconds only as a long.
pub(crate) fn in_json(partition: &StructType) -> StructType {
    let fields = partition.fields().iter().map(|field| match field.field_type.as_ref() {
        Type::Primitive(PrimitiveType::TimestampNs | PrimitiveType::TimestamptzNs) => Arc::new(NestedField {
            field_type: Box::new(Type::Primitive(PrimitiveType::Long)),
            ..field.as_ref().clone()
        }),
        _ => field.clone(),
    });
    StructType::new(fields.collect())
}

/// The first partition field whose values are no plain ones, as `void()` of a list: iceberg panics where it writes them.
pub(crate) fn nested(partition: &StructType) -> Option<&NestedField> {
    partition.fields().iter().find(|field| !field.field_type.is_primitive()).map(AsRef::as_ref)
}

/// The second of two fields that iceberg writes as fixed bytes of one name and cannot write therefore.
pub(crate) fn fixed_twice(partition: &StructType) -> Option<&NestedField> {
    let mut names = HashSet::new();
    let again = |field: &&Arc<NestedField>| {
        let name = field.field_type.as_primitive_type().and_then(avro_name);
        name.is_some_and(|name| name.starts_with("fixed") && !names.insert(name))
    };
    partition.fields().iter().find(again).map(AsRef::as_ref)
}

fn stand_in(real: &PrimitiveType) -> Option<PrimitiveType> {
    match real {
        PrimitiveType::Uuid => Some(PrimitiveType::Fixed(16)),
        PrimitiveType::TimestampNs | PrimitiveType::TimestamptzNs => Some(PrimitiveType::Long),
        _ => None,
    }
}

/// As Java writes it.
fn avro_type(real: &PrimitiveType) -> Value {
    match real {
        PrimitiveType::Uuid => json!({"type": "fixed", "name": "uuid_fixed", "size": 16, "logicalType": "uuid"}),
        _ => json!({
            "type": "long",
            "logicalType": "timestamp-nanos",
            "adjust-to-utc": *real == PrimitiveType::TimestamptzNs,
        }),
    }
}

/// The name under which iceberg writes a type, where Avro wants one.
fn avro_name(of_type: &PrimitiveType) -> Option<String> {
    match stand_in(of_type).as_ref().unwrap_or(of_type) {
        PrimitiveType::Fixed(length) => Some(format!("fixed_{length}")),
        PrimitiveType::Decimal { precision, scale } => Some(format!("decimal_{precision}_{scale}")),
        _ => None,
    }
}

fn change(header: &mut Header, key: &str, change: impl FnOnce(&mut Value)) -> Result<()> {
    let Some(bytes) = header.get_mut(key) else {
        return Err(Error::new(ErrorKind::DataInvalid, format!("the manifest does not say its {key}")));
    };
    let mut json = serde_json::from_slice(bytes)?;
    change(&mut json);
    *bytes = serde_json::to_vec(&json)?;
    Ok(())
}

/// Gives the field of this id, however deep, another type, and takes the defaults that are of the old one.
fn retype(schema: &mut Value, id: i32, of_type: &Value) {
    match schema {
        Value::Object(object) if object.get("id").and_then(Value::as_i64) == Some(id.into()) => {
            object.insert("type".to_string(), of_type.clone());
            object.remove("initial-default");
            object.remove("write-default");
        }
        Value::Object(object) => object.values_mut().for_each(|value| retype(value, id, of_type)),
        Value::Array(values) => values.iter_mut().for_each(|value| retype(value, id, of_type)),
        _ => {}
    }
}

/// Takes the logical types that the stand-ins are without.
fn strip(avro: &mut Value) {
    match avro {
        Value::Object(object) => {
            if matches!(object.get("logicalType").and_then(Value::as_str), Some("uuid" | "timestamp-nanos")) {
                object.remove("logicalType");
            }
            object.values_mut().for_each(strip);
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        _ => {}
    }
}

/// The fields of the record of partition values.
fn partition_fields(avro: &mut Value) -> Option<&mut Vec<Value>> {
    let file = field(avro, "data_file")?.get_mut("type")?;
    field(file, "partition")?.get_mut("type")?.get_mut("fields")?.as_array_mut()
}

fn field<'a>(record: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let fields = record.get_mut("fields")?.as_array_mut()?;
    fields.iter_mut().find(|field| field.get("name").and_then(Value::as_str) == Some(name))
}

/// The type of a field apart from null.
fn value_type(field: &mut Value) -> Option<&mut Value> {
    match field.get_mut("type")? {
        Value::Array(either) => either.iter_mut().find(|of_type| of_type.as_str() != Some("null")),
        of_type => Some(of_type),
    }
}

/// Puts the definition of a type where only its name is, under another name.
fn spell_out(fields: &mut [Value]) {
    let mut known: HashMap<String, Value> = HashMap::new();
    for (at, field) in fields.iter_mut().enumerate() {
        let Some(of_type) = value_type(field) else { continue };
        if let Some(definition) = of_type.as_str().and_then(|name| known.get(name)) {
            *of_type = definition.clone();
            of_type["name"] = format!("again_{at}").into();
        } else if let Some(name) = of_type.get("name").and_then(Value::as_str) {
            known.insert(name.to_string(), of_type.clone());
        }
    }
}

/// Gives types of one name two, as Avro has it.
fn distinguish(fields: &mut [Value]) {
    let mut names = HashSet::new();
    for (at, field) in fields.iter_mut().enumerate() {
        let Some(name) = value_type(field).and_then(|of_type| of_type.get_mut("name")) else { continue };
        if let Some(text) = name.as_str()
            && !names.insert(text.to_string())
        {
            *name = format!("{text}_{at}").into();
        }
    }
}

fn built(builder: &mut iceberg::spec::DataFileBuilder) -> Result<DataFile> {
    let failed = |e| Error::new(ErrorKind::Unexpected, "a data file cannot be described again").with_source(e);
    builder.build().map_err(failed)
}

#[cfg(test)]
mod tests {
    use iceberg::spec::Transform;

    use super::*;

    fn layout(types: &[&str]) -> (PartitionSpec, Schema) {
        let fields = types.iter().enumerate().map(|(i, of_type)| {
            json!({"id": i + 1, "name": format!("c{i}"), "required": false, "type": of_type, "initial-default": null})
        });
        let fields: Vec<Value> = fields.collect();
        let schema: Schema =
            serde_json::from_value(json!({"type": "struct", "schema-id": 0, "fields": fields})).unwrap();
        let spec = types.iter().enumerate().fold(PartitionSpec::builder(schema.clone()), |spec, (i, _)| {
            spec.add_partition_field(format!("c{i}"), format!("p{i}"), Transform::Identity).unwrap()
        });
        (spec.build().unwrap(), schema)
    }

    /// A header as iceberg writes it, in as far as it matters here.
    fn written(schema: &Schema, partition: &[Value]) -> Header {
        let fields: Vec<Value> = partition.iter().map(|of| json!({"name": "p", "type": ["null", of]})).collect();
        let avro = json!({"type": "record", "name": "manifest_entry", "fields": [
            {"name": "status", "type": "int"},
            {"name": "data_file", "type": {"type": "record", "name": "r2", "fields": [
                {"name": "partition", "type": {"type": "record", "name": "r102", "fields": fields}},
            ]}},
        ]});
        let schema = serde_json::to_vec(schema).unwrap();
        Header::from([("schema".into(), schema), ("avro.schema".into(), serde_json::to_vec(&avro).unwrap())])
    }

    fn partition_of(header: &Header) -> Vec<Value> {
        let mut avro: Value = serde_json::from_slice(&header["avro.schema"]).unwrap();
        let fields = partition_fields(&mut avro).unwrap();
        fields.iter_mut().map(|field| value_type(field).unwrap().clone()).collect()
    }

    #[test]
    fn a_header_says_what_the_bytes_are_and_what_they_are_read_as() {
        let (spec, schema) = layout(&["uuid", "int", "timestamptz_ns"]);
        let stand_ins = StandIns::of(&spec, &schema).unwrap();
        let as_written = stand_ins.schema(&schema).unwrap();
        let types: Vec<String> = as_written.as_struct().fields().iter().map(|f| f.field_type.to_string()).collect();
        assert_eq!(types, ["fixed(16)", "int", "long"]);
        let fixed = json!({"type": "fixed", "name": "fixed_16", "size": 16});
        let mut header = written(&as_written, &[fixed, json!("int"), json!("long")]);

        stand_ins.take_from_header(&mut header, &schema).unwrap();
        assert_eq!(serde_json::from_slice::<Schema>(&header["schema"]).unwrap(), schema);
        let [key, number, at] = partition_of(&header).try_into().unwrap();
        assert_eq!((&key["logicalType"], &key["size"]), (&json!("uuid"), &json!(16)));
        assert_eq!(number, json!("int"));
        assert_eq!((&at["logicalType"], &at["adjust-to-utc"]), (&json!("timestamp-nanos"), &json!(true)));

        stand_ins.put_into(&mut header).unwrap();
        assert_eq!(serde_json::from_slice::<Schema>(&header["schema"]).unwrap(), as_written);
        assert!(partition_of(&header).iter().all(|of_type| of_type.get("logicalType").is_none()));
    }

    #[test]
    fn types_of_one_name_get_two() {
        let (spec, schema) = layout(&["decimal(9, 2)", "decimal(9, 2)", "decimal(4, 2)"]);
        let stand_ins = StandIns::of(&spec, &schema).unwrap();
        assert!(!stand_ins.are_needless());
        let decimal = |name: &str| json!({"type": "fixed", "name": name, "size": 4, "logicalType": "decimal"});
        let mut header = written(&schema, &["decimal_9_2", "decimal_9_2", "decimal_4_2"].map(decimal));
        stand_ins.take_from_header(&mut header, &schema).unwrap();
        let names: Vec<Value> = partition_of(&header).iter().map(|of_type| of_type["name"].clone()).collect();
        assert_eq!(names, ["decimal_9_2", "decimal_9_2_1", "decimal_4_2"]);

        let by_java = [decimal("decimal_9_2"), json!("decimal_9_2"), json!("int")];
        let mut header = written(&schema, &by_java);
        stand_ins.put_into(&mut header).unwrap();
        assert_eq!(partition_of(&header), [decimal("decimal_9_2"), decimal("again_1"), json!("int")]);
    }

    #[test]
    fn most_specs_need_none() {
        let (spec, schema) = layout(&["string", "decimal(9, 2)", "fixed[16]", "timestamptz"]);
        assert!(StandIns::of(&spec, &schema).unwrap().are_needless());
        let partition = |types| {
            let (spec, schema) = layout(types);
            spec.partition_type(&schema).unwrap()
        };
        assert_eq!(fixed_twice(&partition(&["uuid", "string", "fixed[4]"])), None);
        assert_eq!(fixed_twice(&partition(&["uuid", "string", "fixed[16]"])).unwrap().name, "p2");
    }
}
