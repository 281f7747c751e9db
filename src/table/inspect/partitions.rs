//! Partition values, and the partitions of a snapshot with what lies in each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use iceberg::spec::{Struct, TableMetadata, Transform, Type};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::super::cell::{self, Cell};
use super::super::{Moment, Table};
use super::entries::{EntryRow, Files, files};
use super::manifests::manifests;
use super::schemas::column_type;
use crate::Result;
use crate::monitor::Monitor;

/// A field of a partition spec with the type of its values.
#[derive(Debug, Clone)]
pub(in crate::table) struct PartitionField {
    pub field_id: i32,
    pub name: String,
    pub transform: Transform,
    /// Nothing where the source column is in no schema any more.
    pub of_type: Option<Type>,
}

impl PartitionField {
    /// A value as a person writes it: `2026`, `2026-11`, `2026-11-21`, `2026-11-21-08` for parts of time.
    pub fn human(&self, value: &Cell) -> String {
        match (self.transform, value) {
            (_, Cell::Null) => "null".into(),
            (Transform::Year, Cell::Int(years)) => years.saturating_add(1970).to_string(),
            (Transform::Month, Cell::Int(months)) => {
                format!("{:04}-{:02}", months.div_euclid(12).saturating_add(1970), months.rem_euclid(12) + 1)
            }
            (Transform::Day, Cell::Int(days)) => Cell::Date(*days).exact(),
            (Transform::Hour, Cell::Int(hours)) => {
                format!("{}-{:02}", Cell::Date(hours.div_euclid(24)).exact(), hours.rem_euclid(24))
            }
            (_, value) => value.exact(),
        }
    }
}

/// The fields of a spec; none for one that the table does not know.
pub(in crate::table) fn spec_fields(metadata: &TableMetadata, spec_id: i32) -> Vec<PartitionField> {
    let Some(spec) = metadata.partition_spec_by_id(spec_id) else { return Vec::new() };
    let field = |field: &iceberg::spec::PartitionField| PartitionField {
        field_id: field.field_id,
        name: field.name.clone(),
        transform: field.transform,
        of_type: column_type(metadata, field.source_id).and_then(|source| field.transform.result_type(&source).ok()),
    };
    spec.fields().iter().map(field).collect()
}

/// The names of the partition fields of these specs together, in the order of their field ids.
pub(super) fn united_names(metadata: &TableMetadata, spec_ids: impl Iterator<Item = i32>) -> Vec<String> {
    let mut specs: Vec<i32> = spec_ids.collect();
    specs.sort_unstable();
    let fields = specs.into_iter().flat_map(|id| spec_fields(metadata, id));
    let by_id: BTreeMap<i32, String> = fields.map(|field| (field.field_id, field.name)).collect();
    let mut names: Vec<String> = Vec::new();
    by_id.into_values().for_each(|name| {
        if !names.contains(&name) {
            names.push(name);
        }
    });
    names
}

/// The partition that a file lies in: one value for each partition field that any spec of the table has.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartitionValues(pub Vec<PartitionValue>);

/// One value of a partition.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionValue {
    /// The partition field.
    pub name: String,
    /// Its value as it is stored: a month is the number of months since 1970.
    pub value: Cell,
    /// Its value as a person writes it: `2026-11`.
    pub human: String,
}

/// An object of names and values.
impl Serialize for PartitionValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for value in &self.0 {
            map.serialize_entry(&value.name, &value.value)?;
        }
        map.end()
    }
}

/// On one line, as a person writes it: `day=2026-11-21, bucket=3`. Not safe to show raw.
impl std::fmt::Display for PartitionValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let values: Vec<String> = self.0.iter().map(|v| format!("{}={}", v.name, v.human)).collect();
        f.write_str(&values.join(", "))
    }
}

/// Turns stored partition tuples into named values.
#[derive(Debug)]
pub(super) struct PartitionReader {
    names: Vec<String>,
    specs: HashMap<i32, Vec<PartitionField>>,
}

impl PartitionReader {
    /// A reader whose values carry these names; what a spec lacks is null.
    pub fn new(metadata: &TableMetadata, names: Vec<String>) -> Self {
        let fields = |id: i32| (id, spec_fields(metadata, id));
        let specs = metadata.partition_specs_iter().map(|spec| fields(spec.spec_id())).collect();
        Self { names, specs }
    }

    pub fn read(&self, spec_id: i32, partition: &Struct) -> PartitionValues {
        let none = Vec::new();
        let fields = self.specs.get(&spec_id).unwrap_or(&none);
        let mut own: HashMap<&str, (Cell, String)> = HashMap::new();
        for (field, literal) in fields.iter().zip(partition.iter()) {
            let value = cell::of_literal(literal, field.of_type.as_ref());
            let human = field.human(&value);
            own.insert(&field.name, (value, human));
        }
        let value = |name: &String| {
            let (value, human) = own.remove(name.as_str()).unwrap_or((Cell::Null, "null".into()));
            PartitionValue { name: name.clone(), value, human }
        };
        PartitionValues(self.names.iter().map(value).collect())
    }
}

/// Partitions as [`PartitionValues`] of any entry of the table are written on one line, to compare them with those.
pub(crate) fn partition_texts<'a>(
    metadata: &TableMetadata,
    partitions: impl Iterator<Item = (i32, &'a Struct)>,
) -> BTreeSet<String> {
    let names = united_names(metadata, metadata.partition_specs_iter().map(|spec| spec.spec_id()));
    let reader = PartitionReader::new(metadata, names);
    partitions.map(|(spec_id, partition)| reader.read(spec_id, partition).to_string()).collect()
}

/// One partition of a snapshot. A table that is not partitioned has one, without values and spec.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartitionRow {
    /// Its values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<PartitionValues>,
    /// The spec it was written under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec_id: Option<i32>,
    /// Rows in its data files, deleted ones included.
    pub record_count: u64,
    /// Its data files.
    pub file_count: u64,
    /// Their bytes.
    pub total_data_file_size_in_bytes: u64,
    /// Positions in its position delete files and deletion vectors.
    pub position_delete_record_count: u64,
    /// Those files.
    pub position_delete_file_count: u64,
    /// Rows in its equality delete files.
    pub equality_delete_record_count: u64,
    /// Those files.
    pub equality_delete_file_count: u64,
    /// When a file of it was last added, where that snapshot is still known.
    pub last_updated_at: Option<Moment>,
    /// That snapshot.
    pub last_updated_snapshot_id: Option<i64>,
}

/// The partitions of a snapshot, the current one without an id, in the order in which manifests name them.
///
/// # Errors
/// As [`manifests`]; also where a manifest cannot be read, since a partial sum would look whole.
pub async fn partitions(table: &Table, snapshot_id: Option<i64>, monitor: &Monitor) -> Result<Vec<PartitionRow>> {
    let manifests = manifests(table, snapshot_id, monitor).await?;
    let names = united_names(table.metadata(), manifests.iter().map(|manifest| manifest.partition_spec_id));
    let mut found: Vec<PartitionRow> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut stream = files(table, manifests, Files::All).with_partition_names(names.clone());
    while let Some(chunk) = stream.next(monitor).await? {
        if let Some(fault) = chunk.fault {
            return Err(fault);
        }
        for entry in &chunk.entries {
            let key = format!("{:?}", entry.data_file.partition.0);
            let place = *places.entry(key).or_insert_with(|| {
                found.push(empty_row(entry, !names.is_empty()));
                found.len() - 1
            });
            if let Some(row) = found.get_mut(place) {
                add(row, entry, committed_at(table, entry));
            }
        }
    }
    Ok(found)
}

fn committed_at(table: &Table, entry: &EntryRow) -> Option<(i64, Moment)> {
    let snapshot = table.metadata().snapshot_by_id(entry.snapshot_id?)?;
    Some((snapshot.snapshot_id(), Moment(snapshot.timestamp_ms())))
}

fn empty_row(entry: &EntryRow, partitioned: bool) -> PartitionRow {
    PartitionRow {
        partition: partitioned.then(|| entry.data_file.partition.clone()),
        spec_id: partitioned.then_some(entry.data_file.spec_id),
        record_count: 0,
        file_count: 0,
        total_data_file_size_in_bytes: 0,
        position_delete_record_count: 0,
        position_delete_file_count: 0,
        equality_delete_record_count: 0,
        equality_delete_file_count: 0,
        last_updated_at: None,
        last_updated_snapshot_id: None,
    }
}

fn add(row: &mut PartitionRow, entry: &EntryRow, added: Option<(i64, Moment)>) {
    let file = &entry.data_file;
    let (records, files) = match file.content {
        0 => (&mut row.record_count, &mut row.file_count),
        1 => (&mut row.position_delete_record_count, &mut row.position_delete_file_count),
        _ => (&mut row.equality_delete_record_count, &mut row.equality_delete_file_count),
    };
    *records = records.saturating_add(file.record_count);
    *files += 1;
    if file.content == 0 {
        row.total_data_file_size_in_bytes = row.total_data_file_size_in_bytes.saturating_add(file.file_size_in_bytes);
    }
    if let Some((snapshot_id, at)) = added.filter(|(_, at)| row.last_updated_at.is_none_or(|last| last < *at)) {
        row.last_updated_at = Some(at);
        row.last_updated_snapshot_id = Some(snapshot_id);
    }
}
