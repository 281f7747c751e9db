//! The summary of a snapshot: what was added, the totals after it, who wrote it. Names and arithmetic are those of
//! Iceberg Java's `SnapshotSummary`, so that every reader adds up alike.

use std::collections::{BTreeMap, HashMap, HashSet};

use iceberg::spec::{Operation, Struct, Summary};

use super::StagedFile;

/// The summary property that names the ingest; the same over all attempts of one load.
pub const INGEST_ID: &str = "icedeck.ingest-id";
/// The value of `engine-name` in every summary that icedeck writes.
pub const ENGINE_NAME: &str = "icedeck";

/// Each total with what adds to it; an append removes nothing.
const TOTALS: [(&str, Option<&str>); 6] = [
    ("total-data-files", Some("added-data-files")),
    ("total-records", Some("added-records")),
    ("total-files-size", Some("added-files-size")),
    ("total-delete-files", None),
    ("total-position-deletes", None),
    ("total-equality-deletes", None),
];

/// The summary of an append upon `previous`, the summary of the branch's head where the branch has one. What `given`
/// says never shadows a computed count.
pub(crate) fn of_append(files: &[StagedFile], given: &BTreeMap<String, String>, previous: Option<&Summary>) -> Summary {
    let mut properties: HashMap<String, String> = given.clone().into_iter().collect();
    let added = added(files);
    for (total, adds) in TOTALS {
        properties.remove(total);
        let added = adds.and_then(|name| added.get(name)).copied().unwrap_or(0);
        if let Some(sum) = before(previous, total).and_then(|before| before.checked_add(added)) {
            properties.insert(total.into(), sum.to_string());
        }
    }
    properties.extend(added.into_iter().filter(|(_, n)| *n > 0).map(|(name, n)| (name.into(), n.to_string())));
    properties.insert("engine-name".into(), ENGINE_NAME.into());
    properties.insert("engine-version".into(), env!("CARGO_PKG_VERSION").into());
    Summary { operation: Operation::Append, additional_properties: properties }
}

fn added(files: &[StagedFile]) -> HashMap<&'static str, u64> {
    let partitions: HashSet<(i32, &Struct)> = files.iter().map(|f| (f.spec_id, f.file.partition())).collect();
    let sum = |of: fn(&StagedFile) -> u64| files.iter().map(of).fold(0_u64, u64::saturating_add);
    HashMap::from([
        ("added-data-files", files.len() as u64),
        ("added-records", sum(|f| f.file.record_count())),
        ("added-files-size", sum(|f| f.file.file_size_in_bytes())),
        ("changed-partition-count", partitions.len() as u64),
    ])
}

/// The total before: zero on a fresh branch; nothing where the head does not say it or says nonsense, for then no
/// total can be told.
fn before(previous: Option<&Summary>, total: &str) -> Option<u64> {
    match previous {
        None => Some(0),
        Some(summary) => summary.additional_properties.get(total)?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_that_the_parent_lacks_is_not_invented() {
        let properties = HashMap::from([
            ("total-data-files".to_string(), "4".to_string()),
            ("total-records".to_string(), "many".to_string()),
        ]);
        let parent = Summary { operation: Operation::Append, additional_properties: properties };
        let found = of_append(&[], &BTreeMap::new(), Some(&parent)).additional_properties;
        assert_eq!(found.get("total-data-files").map(String::as_str), Some("4"));
        assert!(!found.contains_key("total-records") && !found.contains_key("total-files-size"));
    }
}
