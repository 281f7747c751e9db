//! Which statistics a table wants of each column: `write.metadata.metrics.*`. Nothing here computes one.

use std::collections::HashMap;

use iceberg::spec::{Schema, SortOrder, TableMetadata, Type};

use crate::{Error, Result};

/// How much is recorded of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsMode {
    /// Its size only.
    None,
    /// Size, values, nulls and NaNs.
    Counts,
    /// Counts and bounds; text and binary bounds are cut to this many characters or bytes.
    Truncate(usize),
    /// Counts and whole bounds.
    Full,
}

/// The mode of each leaf column, by field id.
#[derive(Debug, Clone, Default)]
pub struct MetricsModes {
    by_field: HashMap<i32, MetricsMode>,
}

const DEFAULT: &str = "write.metadata.metrics.default";
const COLUMN: &str = "write.metadata.metrics.column.";
const MAX_INFERRED: &str = "write.metadata.metrics.max-inferred-column-defaults";
const STANDARD: MetricsMode = MetricsMode::Truncate(16);

impl MetricsModes {
    /// What the table's properties say. As in Java: bounds are cut at 16; a column of the sort order gets bounds even
    /// where the default has none; without a default, columns behind the first hundred get no metrics.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) for a mode that does not exist, naming the property.
    pub fn of(metadata: &TableMetadata) -> Result<Self> {
        let properties = metadata.properties();
        let told = properties.get(DEFAULT).map(|text| parse(DEFAULT, text)).transpose()?;
        let limit = match properties.get(MAX_INFERRED) {
            Some(text) => text.parse().map_err(|_| bad(MAX_INFERRED, text))?,
            None => 100_usize,
        };
        let schema = metadata.current_schema();
        let sorted = sorted_fields(metadata.default_sort_order());
        let mut by_field = HashMap::new();
        for (position, (id, name)) in leaves(schema).into_iter().enumerate() {
            let property = format!("{COLUMN}{name}");
            let mode = match (properties.get(&property), told) {
                (Some(text), _) => parse(&property, text)?,
                (None, Some(MetricsMode::None | MetricsMode::Counts)) if sorted.contains(&id) => STANDARD,
                (None, Some(mode)) => mode,
                (None, None) if position < limit || sorted.contains(&id) => STANDARD,
                (None, None) => MetricsMode::None,
            };
            by_field.insert(id, mode);
        }
        Ok(Self { by_field })
    }

    /// The mode of a leaf column.
    pub fn mode(&self, field_id: i32) -> MetricsMode {
        self.by_field.get(&field_id).copied().unwrap_or(STANDARD)
    }

    /// How many bytes of a bound Parquet must keep for every mode to be served; nothing for all of them.
    pub fn bytes_needed(&self) -> Option<usize> {
        let needed = |mode: &MetricsMode| match mode {
            MetricsMode::Full => None,
            MetricsMode::Truncate(n) => Some(n.saturating_mul(4).saturating_add(4)),
            MetricsMode::None | MetricsMode::Counts => Some(0),
        };
        self.by_field.values().map(needed).try_fold(64, |most, n| n.map(|n| most.max(n)))
    }
}

fn parse(property: &str, text: &str) -> Result<MetricsMode> {
    let lower = text.trim().to_ascii_lowercase();
    let length = lower.strip_prefix("truncate(").and_then(|t| t.strip_suffix(')')).map(|n| n.trim().parse());
    match (lower.as_str(), length) {
        ("none", _) => Ok(MetricsMode::None),
        ("counts", _) => Ok(MetricsMode::Counts),
        ("full", _) => Ok(MetricsMode::Full),
        (_, Some(Ok(n))) if n > 0 => Ok(MetricsMode::Truncate(n)),
        _ => Err(bad(property, text)),
    }
}

fn bad(property: &str, value: &str) -> Error {
    Error::invalid("a table property cannot be understood")
        .with("property", property)
        .with("value", value)
        .hint("metrics are none, counts, truncate(16) or full")
}

fn sorted_fields(order: &SortOrder) -> Vec<i32> {
    order.fields.iter().filter(|f| f.transform.preserves_order()).map(|f| f.source_id).collect()
}

/// Field id and dotted name of each leaf column, in order.
fn leaves(schema: &Schema) -> Vec<(i32, String)> {
    fn visit(id: i32, of: &Type, schema: &Schema, found: &mut Vec<(i32, String)>) {
        match of {
            Type::Primitive(_) => found.push((id, schema.name_by_field_id(id).unwrap_or_default().to_string())),
            Type::Struct(fields) => fields.fields().iter().for_each(|f| visit(f.id, &f.field_type, schema, found)),
            Type::List(list) => visit(list.element_field.id, &list.element_field.field_type, schema, found),
            Type::Map(map) => {
                visit(map.key_field.id, &map.key_field.field_type, schema, found);
                visit(map.value_field.id, &map.value_field.field_type, schema, found);
            }
        }
    }
    let mut found = Vec::new();
    schema.as_struct().fields().iter().for_each(|f| visit(f.id, &f.field_type, schema, &mut found));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_as_java_writes_them() {
        let cases = [
            ("none", MetricsMode::None),
            ("Counts", MetricsMode::Counts),
            ("truncate(16)", MetricsMode::Truncate(16)),
            ("full", MetricsMode::Full),
        ];
        for (text, mode) in cases {
            assert_eq!(parse(DEFAULT, text).unwrap(), mode);
        }
        for text in ["", "truncate(0)", "truncate(-1)", "truncate", "most"] {
            assert!(parse(DEFAULT, text).is_err(), "{text}");
        }
    }

    #[test]
    fn full_bounds_keep_every_byte() {
        let mut modes = MetricsModes::default();
        assert_eq!(modes.bytes_needed(), Some(64));
        modes.by_field.insert(1, MetricsMode::Truncate(100));
        assert_eq!(modes.bytes_needed(), Some(404));
        modes.by_field.insert(2, MetricsMode::Full);
        assert_eq!(modes.bytes_needed(), None);
    }
}
