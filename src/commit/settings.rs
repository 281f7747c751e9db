//! Changes of what a table says of itself: properties, location, sort order, format version.

use std::collections::{BTreeMap, HashMap};

use iceberg::spec::{FormatVersion, SortOrder, TableMetadata};
use iceberg::{TableRequirement, TableUpdate};

use super::Earlier;
use crate::{Error, Result};

/// In an update: the sort order that was added just before.
const LAST_ADDED: i64 = -1;

/// Sets and removes properties.
pub(super) fn properties(
    metadata: &TableMetadata,
    set: &BTreeMap<String, String>,
    remove: &[String],
) -> Result<Vec<TableUpdate>> {
    if let Some(both) = remove.iter().find(|name| set.contains_key(*name)) {
        return Err(Error::invalid("a property is to be set and removed at once").with("property", both));
    }
    let updates: HashMap<_, _> = set.clone().into_iter().collect();
    let removals: Vec<_> = remove.iter().filter(|name| metadata.properties().contains_key(*name)).cloned().collect();
    let mut found = Vec::new();
    if !updates.is_empty() {
        found.push(TableUpdate::SetProperties { updates });
    }
    if !removals.is_empty() {
        found.push(TableUpdate::RemoveProperties { removals });
    }
    if found.is_empty() {
        return Err(Error::invalid("there is nothing to change"));
    }
    Ok(found)
}

/// Leads new files elsewhere.
pub(super) fn set_location(metadata: &TableMetadata, location: &str) -> Result<Vec<TableUpdate>> {
    let location = location.trim_end_matches('/');
    if location.trim().is_empty() || location.chars().any(char::is_control) {
        return Err(Error::invalid("a table needs a location").with("location", location.escape_debug()));
    }
    if location == metadata.location().trim_end_matches('/') {
        return Err(Error::invalid("this is the table's location already").with("location", location));
    }
    Ok(vec![TableUpdate::SetLocation { location: location.into() }])
}

/// A new default sort order.
pub(super) fn set_sort_order(
    metadata: &TableMetadata,
    order: &SortOrder,
) -> Result<(Vec<TableRequirement>, Vec<TableUpdate>)> {
    if metadata.default_sort_order().fields == order.fields {
        return Err(Error::invalid("this is the table's sort order already"));
    }
    let requirements = vec![
        TableRequirement::CurrentSchemaIdMatch { current_schema_id: metadata.current_schema_id() },
        TableRequirement::DefaultSortOrderIdMatch { default_sort_order_id: metadata.default_sort_order().order_id },
    ];
    let updates = vec![
        TableUpdate::AddSortOrder { sort_order: order.clone() },
        TableUpdate::SetDefaultSortOrder { sort_order_id: LAST_ADDED },
    ];
    Ok((requirements, updates))
}

/// What the table still knows, made current again.
pub(super) fn make_current(
    metadata: &TableMetadata,
    earlier: &Earlier,
) -> Result<(Vec<TableRequirement>, Vec<TableUpdate>)> {
    let (mut requirements, mut updates) = (Vec::new(), Vec::new());
    let lost = |what: &str| Error::not_found(format!("the table does not know this {what} any more"));
    if let Some(schema_id) = earlier.schema_id.filter(|id| *id != metadata.current_schema_id()) {
        metadata.schema_by_id(schema_id).ok_or_else(|| lost("schema").with("schema", schema_id))?;
        let current_schema_id = metadata.current_schema_id();
        requirements.push(TableRequirement::CurrentSchemaIdMatch { current_schema_id });
        updates.push(TableUpdate::SetCurrentSchema { schema_id });
    }
    if let Some(spec_id) = earlier.spec_id.filter(|id| *id != metadata.default_partition_spec_id()) {
        metadata.partition_spec_by_id(spec_id).ok_or_else(|| lost("partition spec").with("spec", spec_id))?;
        let default_spec_id = metadata.default_partition_spec_id();
        requirements.push(TableRequirement::DefaultSpecIdMatch { default_spec_id });
        updates.push(TableUpdate::SetDefaultSpec { spec_id });
    }
    if let Some(sort_order_id) = earlier.sort_order_id.filter(|id| *id != metadata.default_sort_order_id()) {
        metadata.sort_order_by_id(sort_order_id).ok_or_else(|| lost("sort order").with("order", sort_order_id))?;
        let default_sort_order_id = metadata.default_sort_order_id();
        requirements.push(TableRequirement::DefaultSortOrderIdMatch { default_sort_order_id });
        updates.push(TableUpdate::SetDefaultSortOrder { sort_order_id });
    }
    if updates.is_empty() { Err(Error::invalid("all of this is current already")) } else { Ok((requirements, updates)) }
}

/// A later format version; there is no way back.
pub(super) fn upgrade(metadata: &TableMetadata, version: FormatVersion) -> Result<Vec<TableUpdate>> {
    let now = metadata.format_version();
    if version > now {
        return Ok(vec![TableUpdate::UpgradeFormatVersion { format_version: version }]);
    }
    let why = if version == now {
        "the table is of this format version already"
    } else {
        "a format version is never lowered"
    };
    Err(Error::invalid(why).with("from", now).with("to", version))
}
