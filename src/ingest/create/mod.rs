//! Making a table: columns told by a file or a schema, partition fields and sort order as short text, properties.
//!
//! Plain values in, plain values out; nothing here reads rows.

mod columns;
mod existing;
mod layout;
mod mapped;
mod schema_file;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use iceberg::spec::{Schema, SortOrder, UnboundPartitionSpec};
use serde::Serialize;

pub use columns::{ColumnType, NewColumn};
pub(crate) use layout::{partition_spec, sort_order};

use crate::catalog::{Connection, TableCreation};
use crate::table::{Table, TableName};
use crate::{Error, Kind, Result};

/// A table that shall be made.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateTable {
    /// Its name.
    pub name: TableName,
    /// Its columns, in order.
    pub columns: Vec<NewColumn>,
    /// How it is partitioned: `day(ts), bucket(8, id), country`; empty for not at all.
    pub partition_by: String,
    /// How its files are sorted: `ts desc, id nulls last`; empty for not at all.
    pub sort_by: String,
    /// Its properties.
    pub properties: BTreeMap<String, String>,
    /// 1, 2 or 3; nothing for 2.
    pub format_version: Option<u8>,
    /// Where its files go; nothing for the catalog's choice.
    pub location: Option<String>,
}

/// What a new table will be, checked. Its field ids are those that it gets.
#[derive(Debug, Clone)]
pub struct TableDraft {
    creation: TableCreation,
    /// The same in plain words.
    pub summary: DraftSummary,
}

/// A new table in plain words, as `--dry-run` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DraftSummary {
    /// `namespace.table`.
    pub table: String,
    /// Name and type of each column, with `required` where it is.
    pub columns: Vec<ColumnSummary>,
    /// Each partition field: `ts_day: day(ts)`.
    pub partition_fields: Vec<String>,
    /// Each sort field: `ts desc nulls last`.
    pub sort_fields: Vec<String>,
    /// Properties.
    pub properties: BTreeMap<String, String>,
    /// 1, 2 or 3.
    pub format_version: u8,
    /// What the operator should know, each a sentence.
    pub warnings: Vec<String>,
}

/// One column of a new table in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnSummary {
    /// Its name.
    pub name: String,
    /// Its type, as Iceberg writes it.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether it may not be null.
    pub required: bool,
}

/// Names that Iceberg keeps for its metadata columns.
const RESERVED: [&str; 10] = [
    "_file",
    "_pos",
    "_deleted",
    "_spec_id",
    "_partition",
    "_row_id",
    "_last_updated_sequence_number",
    "_change_type",
    "_change_ordinal",
    "_commit_snapshot_id",
];

impl CreateTable {
    /// A table of these columns, unpartitioned and unsorted, without properties.
    pub fn new(name: TableName, columns: Vec<NewColumn>) -> Self {
        Self {
            name,
            columns,
            partition_by: String::new(),
            sort_by: String::new(),
            properties: BTreeMap::new(),
            format_version: None,
            location: None,
        }
    }

    /// Checks everything that can be checked without the catalog.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for a table without columns, a column name that is empty, reserved or taken twice, a
    /// partition or sort field that cannot be, a type that there is not, a format version that does not exist or does not know a type.
    pub fn draft(&self) -> Result<TableDraft> {
        let warnings = check_names(&self.columns)?;
        self.columns.iter().try_for_each(|c| schema_file::check_type(c.column_type.as_type(), &c.name))?;
        let format_version = self.checked_format()?;
        let schema = self.schema()?;
        let spec = layout::partition_spec(&self.partition_by, &schema)?;
        let sort_order = layout::sort_order(&self.sort_by, &schema)?;
        let summary = DraftSummary {
            table: self.name.to_string(),
            columns: self.columns.iter().map(ColumnSummary::of).collect(),
            partition_fields: layout::partition_words(&spec, &schema),
            sort_fields: layout::sort_words(&sort_order, &schema),
            properties: self.properties.clone(),
            format_version,
            warnings,
        };
        Ok(TableDraft { creation: self.creation(schema, spec, sort_order, format_version), summary })
    }

    fn creation(&self, schema: Schema, spec: UnboundPartitionSpec, order: SortOrder, format: u8) -> TableCreation {
        let mut properties = self.properties.clone();
        properties.insert("format-version".into(), format.to_string());
        TableCreation {
            name: self.name.clone(),
            schema,
            spec: (!spec.fields().is_empty()).then_some(spec),
            sort_order: (!order.is_unsorted()).then_some(order),
            properties,
            location: self.location.clone(),
        }
    }

    fn schema(&self) -> Result<Schema> {
        let count = i32::try_from(self.columns.len()).map_err(|e| Error::invalid("too many columns").caused_by(e))?;
        let mut next_id = count + 1;
        let fields: Vec<_> =
            (1..=count).zip(&self.columns).map(|(id, column)| Arc::new(column.field(id, &mut next_id))).collect();
        let cannot = |e: iceberg::Error| Error::invalid(e.message()).caused_by(e);
        let schema = Schema::builder().with_fields(fields).build().map_err(cannot)?;
        // By their names: the ids are new.
        let names = self.columns.iter().flat_map(|column| &column.identifier);
        let identifier: Vec<i32> = names.filter_map(|name| schema.field_id_by_name(name)).collect();
        if identifier.is_empty() {
            return Ok(schema);
        }
        schema.into_builder().with_identifier_field_ids(identifier).build().map_err(cannot)
    }

    /// The format version, from the field or the property of that name, and whether it knows every type.
    fn checked_format(&self) -> Result<u8> {
        let told = self.properties.get("format-version").map(|text| text.parse::<u8>());
        let version = match (self.format_version, told) {
            (Some(version), _) => version,
            (None, Some(Ok(version))) => version,
            (None, Some(Err(_))) => 0,
            (None, None) => 2,
        };
        if !(1..=3).contains(&version) {
            return Err(Error::invalid("no such format version").hint("format versions are 1, 2 and 3"));
        }
        if let Some(column) = self.columns.iter().find(|c| version < 3 && c.has_default()) {
            return Err(Error::invalid("defaults of columns need format version 3")
                .with("column", &column.name)
                .hint("add --format-version 3, or take initial-default and write-default out of the schema"));
        }
        match self.columns.iter().find(|c| version < 3 && c.column_type.needs_v3()) {
            None => Ok(version),
            Some(column) => Err(Error::invalid("timestamps in nanoseconds need format version 3")
                .with("column", &column.name)
                .hint("add --format-version 3, or use timestamp")),
        }
    }
}

impl TableDraft {
    /// The schema it will have.
    pub(crate) fn schema(&self) -> &Schema {
        &self.creation.schema
    }

    /// Makes the table, and its namespace where that is missing and `make_namespace` says so.
    ///
    /// # Errors
    /// [`Kind::AlreadyExists`] where the table exists, [`Kind::NotFound`] where the namespace does not and shall not be
    /// made, and those of the catalog.
    pub async fn create(&self, connection: &Connection, make_namespace: bool) -> Result<Table> {
        connection.writable()?;
        let namespace = &self.creation.name.namespace;
        if !connection.namespace_exists(namespace).await? {
            if !make_namespace {
                return Err(Error::not_found("the namespace does not exist")
                    .with("namespace", namespace)
                    .hint("make it with icedeck create-namespace, or add --yes to make it with the table"));
            }
            match connection.create_namespace(namespace, BTreeMap::new()).await {
                Err(e) if e.kind() != Kind::AlreadyExists => return Err(e),
                _ => {}
            }
        }
        connection.create_table(self.creation.clone()).await
    }
}

impl DraftSummary {
    /// A line for each column, and one each for how it is partitioned and sorted where it is.
    pub fn words(&self) -> Vec<String> {
        let column = |column: &ColumnSummary| {
            let required = if column.required { " required" } else { "" };
            format!("{} {}{required}", column.name, column.type_name)
        };
        let mut words: Vec<String> = self.columns.iter().map(column).collect();
        for (how, fields) in [("partitioned by", &self.partition_fields), ("sorted by", &self.sort_fields)] {
            words.extend((!fields.is_empty()).then(|| format!("{how} {}", fields.join(", "))));
        }
        words
    }
}

impl ColumnSummary {
    fn of(column: &NewColumn) -> Self {
        Self { name: column.name.clone(), type_name: column.column_type.to_string(), required: column.required }
    }
}

/// Names that cannot be are errors; names that differ only in case are warnings, since engines without case would
/// see one name twice.
fn check_names(columns: &[NewColumn]) -> Result<Vec<String>> {
    if columns.is_empty() {
        return Err(Error::invalid("a table needs at least one column"));
    }
    let (mut taken, mut folded) = (HashSet::new(), HashMap::<String, &str>::new());
    let mut warnings = Vec::new();
    for (i, NewColumn { name, .. }) in columns.iter().enumerate() {
        if name.is_empty() {
            return Err(Error::invalid("a column has no name").with("position", i + 1));
        }
        if RESERVED.contains(&name.to_lowercase().as_str()) {
            return Err(Error::invalid("Iceberg keeps this column name for itself")
                .with("column", name)
                .hint("rename the column"));
        }
        if !taken.insert(name.as_str()) {
            return Err(Error::invalid("two columns have the same name").with("column", name));
        }
        if let Some(other) = folded.insert(name.to_lowercase(), name) {
            warnings.push(format!(
                "the columns {other:?} and {name:?} differ only in case: Spark and others that ignore case will refuse the table"
            ));
        }
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[(&str, &str)]) -> CreateTable {
        let columns = columns.iter().map(|(name, t)| NewColumn::optional(*name, t.parse().unwrap())).collect();
        CreateTable::new("a.b".parse().unwrap(), columns)
    }

    #[test]
    fn a_draft_says_in_words_what_the_table_will_be() {
        let mut wanted = table(&[("id", "long"), ("ts", "timestamptz"), ("a.b", "string")]);
        wanted.partition_by = "day(ts), bucket(8, id), truncate(2, \"a.b\")".into();
        wanted.sort_by = "ts desc, id nulls last".into();
        let draft = wanted.draft().unwrap();
        assert_eq!(
            draft.summary.partition_fields,
            ["ts_day: day(ts)", "id_bucket: bucket[8](id)", "a.b_trunc: truncate[2](a.b)"]
        );
        assert_eq!(draft.summary.sort_fields, ["ts desc nulls last", "id asc nulls last"]);
        assert_eq!(draft.summary.format_version, 2);
    }

    #[test]
    fn names_that_cannot_be_are_refused() {
        for columns in [&[][..], &[("", "int")], &[("_file", "int")], &[("a", "int"), ("a", "long")]] {
            assert_eq!(table(columns).draft().unwrap_err().kind(), Kind::Invalid, "{columns:?}");
        }
        assert_eq!(table(&[("a", "int"), ("A", "int")]).draft().unwrap().summary.warnings.len(), 1);
    }

    #[test]
    fn nanoseconds_need_version_three() {
        let mut wanted = table(&[("at", "timestamp_ns")]);
        assert!(wanted.draft().is_err());
        wanted.format_version = Some(3);
        assert!(wanted.draft().is_ok());
        wanted.format_version = Some(4);
        assert!(wanted.draft().is_err());
    }
}
