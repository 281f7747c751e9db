//! A table that shall be made and is there already: whether it is laid out as it should have been made.

use iceberg::spec::{SortOrder, UnboundPartitionField, UnboundPartitionSpec};

use super::{CreateTable, layout};
use crate::table::Table;
use crate::{Error, Kind, Result};

impl CreateTable {
    /// Whether a table that exists has the layout and the properties that are told here; what is not told may be as it
    /// is. The columns are not looked at.
    ///
    /// # Errors
    /// [`Kind::AlreadyExists`] with what differs; those of [`draft`](Self::draft) for a layout that cannot be.
    pub(crate) fn check_existing(&self, table: &Table) -> Result<()> {
        let metadata = table.metadata();
        let differs = |what: String| {
            Err(Error::new(Kind::AlreadyExists, format!("the table exists already, and {what}"))
                .with("table", &self.name)
                .hint("leave out what says how it is made; icedeck alter TABLE changes how it is"))
        };
        let version = self.format_version.map(|version| version.to_string());
        let version = version.as_ref().or(self.properties.get("format-version"));
        let found = metadata.format_version() as u8;
        if version.is_some_and(|wanted| wanted.trim() != found.to_string()) {
            return differs(format!("has format version {found}"));
        }
        if let Some(words) = self.other_partitions(table)? {
            return differs(format!("is partitioned by {words}"));
        }
        if let Some(words) = self.other_order(table)? {
            return differs(format!("is sorted by {words}"));
        }
        let mut told = self.properties.iter().filter(|(key, _)| *key != "format-version");
        match told.find(|(key, value)| metadata.properties().get(*key) != Some(value)) {
            None => Ok(()),
            Some((key, _)) => match metadata.properties().get(key) {
                Some(found) => differs(format!("its property {key} is {found}")),
                None => differs(format!("has no property {key}")),
            },
        }
    }

    /// How the table is partitioned, where not as it is told.
    fn other_partitions(&self, table: &Table) -> Result<Option<String>> {
        if self.partition_by.trim().is_empty() {
            return Ok(None);
        }
        let schema = table.metadata().current_schema();
        let wanted = layout::partition_spec(&self.partition_by, schema)?;
        let found = table.metadata().default_partition_spec();
        let by = |field: &UnboundPartitionField| (field.source_id, field.transform);
        let found: Vec<_> = found.fields().iter().cloned().map(UnboundPartitionField::from).collect();
        if wanted.fields().iter().map(by).eq(found.iter().map(by)) {
            return Ok(None);
        }
        let found = UnboundPartitionSpec::builder().add_partition_fields(found).map(|spec| spec.build());
        Ok(Some(found.map_or_else(|_| "other fields".into(), |spec| listed(layout::partition_words(&spec, schema)))))
    }

    /// How the table is sorted, where not as it is told.
    fn other_order(&self, table: &Table) -> Result<Option<String>> {
        if self.sort_by.trim().is_empty() {
            return Ok(None);
        }
        let schema = table.metadata().current_schema();
        let wanted = layout::sort_order(&self.sort_by, schema)?;
        let found: &SortOrder = table.metadata().default_sort_order();
        Ok((wanted.fields != found.fields).then(|| listed(layout::sort_words(found, schema))))
    }
}

fn listed(words: Vec<String>) -> String {
    if words.is_empty() { "nothing".into() } else { words.join(", ") }
}
