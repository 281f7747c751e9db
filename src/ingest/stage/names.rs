//! Where data files go and what they are called. Pure.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use iceberg::spec::{
    Literal, NestedFieldRef, PartitionField, PartitionSpec, PrimitiveLiteral, PrimitiveType, Struct, StructType,
    TableMetadata, Transform, Type,
};

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

    /// The folder below which all of them are.
    pub fn folder(&self) -> &str {
        &self.folder
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
        let human = human(field.transform, &field_of.field_type, value);
        shortened(format!("{}={}", url_encoded(&field.name), url_encoded(&human)))
    };
    let typed = of.fields().iter().zip(values.iter());
    spec.fields().iter().zip(typed).map(segment).collect::<Vec<_>>().join("/")
}

/// A partition value as people read it: `2026-01` for a month. For times ours, since iceberg 0.10.1 panics on instants
/// before 1970.
fn human(transform: Transform, of: &Type, value: Option<&Literal>) -> String {
    let since_epoch = match value {
        Some(Literal::Primitive(PrimitiveLiteral::Int(number))) => Some(i64::from(*number)),
        Some(Literal::Primitive(PrimitiveLiteral::Long(number))) => Some(*number),
        _ => None,
    };
    match since_epoch.and_then(|number| moment(transform, of, number)) {
        Some(text) => text,
        None => transform.to_human_string(of, value),
    }
}

/// A number that counts from 1970 in the unit of its transform or type; nothing for other numbers.
fn moment(transform: Transform, of: &Type, number: i64) -> Option<String> {
    let date = |days: i64| {
        let day = DateTime::from_timestamp(days.checked_mul(86_400)?, 0)?;
        Some(day.format("%Y-%m-%d").to_string())
    };
    let instant = |at: Option<DateTime<Utc>>| at.map(|at| at.format("%Y-%m-%dT%H:%M:%S%.f").to_string());
    let text = match (transform, of) {
        (Transform::Year, _) => Some(format!("{:04}", 1970 + number)),
        (Transform::Month, _) => Some(format!("{:04}-{:02}", 1970 + number.div_euclid(12), 1 + number.rem_euclid(12))),
        (Transform::Hour, _) => date(number.div_euclid(24)).map(|day| format!("{day}-{:02}", number.rem_euclid(24))),
        (Transform::Day, _) | (_, Type::Primitive(PrimitiveType::Date)) => date(number),
        (_, Type::Primitive(PrimitiveType::Time)) => {
            instant(DateTime::from_timestamp_micros(number)).map(|text| text.replace("1970-01-01T", ""))
        }
        (_, Type::Primitive(PrimitiveType::Timestamp)) => instant(DateTime::from_timestamp_micros(number)),
        (_, Type::Primitive(PrimitiveType::Timestamptz)) => {
            instant(DateTime::from_timestamp_micros(number)).map(|text| text + "Z")
        }
        (_, Type::Primitive(PrimitiveType::TimestampNs)) => instant(Some(DateTime::from_timestamp_nanos(number))),
        (_, Type::Primitive(PrimitiveType::TimestamptzNs)) => {
            instant(Some(DateTime::from_timestamp_nanos(number))).map(|text| text + "Z")
        }
        _ => return None,
    };
    text.or_else(|| Some(number.to_string()))
}

/// File systems take 255 bytes a segment: what is longer ends in a number made from all of it.
fn shortened(segment: String) -> String {
    const MOST: usize = 200;
    if segment.len() <= MOST {
        return segment;
    }
    let mut hasher = std::hash::DefaultHasher::new();
    segment.hash(&mut hasher);
    format!("{}-{:016x}", segment.get(..MOST).unwrap_or_default(), hasher.finish())
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

    fn shown(transform: Transform, of: PrimitiveType, number: i64) -> String {
        human(transform, &Type::Primitive(of), Some(&Literal::long(number)))
    }

    #[test]
    fn times_are_written_for_people() {
        assert_eq!(shown(Transform::Year, PrimitiveType::Int, -2), "1968");
        assert_eq!(shown(Transform::Month, PrimitiveType::Int, -1), "1969-12");
        assert_eq!(shown(Transform::Hour, PrimitiveType::Int, -1), "1969-12-31-23");
        assert_eq!(shown(Transform::Day, PrimitiveType::Date, 17_501), "2017-12-01");
        assert_eq!(shown(Transform::Identity, PrimitiveType::Timestamptz, -1), "1969-12-31T23:59:59.999999Z");
        assert_eq!(shown(Transform::Identity, PrimitiveType::Time, 1_000_000), "00:00:01");
        assert_eq!(shown(Transform::Identity, PrimitiveType::Timestamp, i64::MAX), i64::MAX.to_string());
        assert_eq!(shown(Transform::Identity, PrimitiveType::Long, 7), "7");
        assert_eq!(human(Transform::Day, &Type::Primitive(PrimitiveType::Date), None), "null");
    }

    #[test]
    fn long_values_stay_different() {
        let (a, b) = ("x".repeat(300) + "a", "x".repeat(300) + "b");
        assert!(shortened(a.clone()).len() < 255);
        assert_ne!(shortened(a), shortened(b));
    }

    #[test]
    fn values_are_encoded_as_java_does() {
        assert_eq!(url_encoded("a b/c+d=ü%.-*_~"), "a+b%2Fc%2Bd%3D%C3%BC%25.-*_%7E");
    }
}
