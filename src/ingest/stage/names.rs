//! Where data files go and what they are called. Pure.

use std::sync::atomic::{AtomicU64, Ordering};

use iceberg::spec::{Literal, NestedFieldRef, PartitionField, PartitionSpec, Struct, StructType, TableMetadata};

/// Gives each data file of one load its location; no two are the same.
#[derive(Debug)]
pub(super) struct FileNames {
    folder: String,
    ingest_id: String,
    next: AtomicU64,
}

impl FileNames {
    /// Names below the table's data folder: `write.data.path`, else `data` below its location.
    pub fn new(metadata: &TableMetadata, ingest_id: &str) -> Self {
        let told = ["write.data.path", "write.folder-storage.path"].iter().find_map(|p| metadata.properties().get(*p));
        let folder = match told {
            Some(path) => path.trim_end_matches('/').to_string(),
            None => format!("{}/data", metadata.location().trim_end_matches('/')),
        };
        Self { folder, ingest_id: ingest_id.to_string(), next: AtomicU64::new(0) }
    }

    /// `{folder}/{partition path}/{n}-{task}-{ingest id}.parquet`.
    pub fn next(&self, partition_path: &str, task: usize) -> String {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let Self { folder, ingest_id, .. } = self;
        let slash = if partition_path.is_empty() { "" } else { "/" };
        format!("{folder}/{partition_path}{slash}{n:05}-{task}-{ingest_id}.parquet")
    }
}

/// The folder of a partition, `country=DE/ts_day=2026-01-01`, encoded as Java's `URLEncoder` does, so that a value may
/// hold slashes. Empty for an unpartitioned table.
pub(super) fn partition_path(spec: &PartitionSpec, of: &StructType, values: &Struct) -> String {
    let segment = |(field, (field_of, value)): (&PartitionField, (&NestedFieldRef, Option<&Literal>))| {
        let human = field.transform.to_human_string(&field_of.field_type, value);
        format!("{}={}", url_encoded(&field.name), url_encoded(&human))
    };
    let typed = of.fields().iter().zip(values.iter());
    spec.fields().iter().zip(typed).map(segment).collect::<Vec<_>>().join("/")
}

/// `application/x-www-form-urlencoded`: letters, digits and `.-*_` as they are, a space as `+`, all else as `%XX`.
fn url_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => out.push(byte.into()),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_as_java_does() {
        assert_eq!(url_encoded("a b/c+d=ü%.-*_~"), "a+b%2Fc%2Bd%3D%C3%BC%25.-*_%7E");
    }
}
