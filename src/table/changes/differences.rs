//! Every difference as one line with the same columns: for tables, CSV and exports. Pure.

use serde::Serialize;

use super::{Changes, Flow, Pair, PartitionChange};

/// One difference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What kind of thing differs: `undone`, `done`, `files`, `partition`, `partition
    /// deletes`, `schema`, `layout`, `property`, `ref`.
    pub section: &'static str,
    /// Which one.
    pub name: String,
    /// What it was, or the operation of a snapshot on the way.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
    /// Data or delete files added.
    pub added_files: Option<u64>,
    /// And removed.
    pub removed_files: Option<u64>,
    /// Rows in files added.
    pub added_rows: Option<u64>,
    /// And removed.
    pub removed_rows: Option<u64>,
    /// Bytes of files added.
    pub added_bytes: Option<u64>,
    /// And removed.
    pub removed_bytes: Option<u64>,
}

impl Changes {
    /// Every difference: the way, sums of files, partitions, schema, settings.
    pub fn differences(&self) -> Vec<Difference> {
        let undone = self.way.undone.iter().map(|step| ("undone", step));
        let steps = undone.chain(self.way.done.iter().map(|step| ("done", step)));
        let mut lines: Vec<_> = steps
            .map(|(section, step)| Difference {
                section,
                name: step.snapshot_id.to_string(),
                after: Some(step.operation.clone()),
                added_rows: step.added_rows,
                removed_rows: step.deleted_rows,
                ..Difference::default()
            })
            .collect();
        let of_files = self.files.by_content().into_iter().filter(|(_, flow)| !flow.is_empty());
        lines.extend(of_files.map(|(content, flow)| flowed("files", content.into(), flow)));
        lines.extend(self.partitions.iter().flat_map(of_partition));
        lines.extend(self.schema.fields.iter().map(|field| Difference {
            section: "schema",
            name: field.name.clone(),
            before: field.before.clone(),
            after: field.after.clone(),
            ..Difference::default()
        }));
        if let Some(settings) = &self.settings {
            lines.extend(settings.layout.iter().map(|pair| paired("layout", pair)));
            lines.extend(settings.properties.iter().map(|pair| paired("property", pair)));
            lines.extend(settings.refs.iter().map(|pair| paired("ref", pair)));
        }
        lines
    }
}

fn flowed(section: &'static str, name: String, flow: Flow) -> Difference {
    Difference {
        section,
        name,
        added_files: Some(flow.added.files),
        removed_files: Some(flow.removed.files),
        added_rows: Some(flow.added.rows),
        removed_rows: Some(flow.removed.rows),
        added_bytes: Some(flow.added.bytes),
        removed_bytes: Some(flow.removed.bytes),
        ..Difference::default()
    }
}

fn paired(section: &'static str, pair: &Pair) -> Difference {
    let (before, after) = (pair.before.clone(), pair.after.clone());
    Difference { section, name: pair.name.clone(), before, after, ..Difference::default() }
}

/// A line for its data, and one for its deletes; an unpartitioned table has none: the sums say it.
fn of_partition(partition: &PartitionChange) -> Vec<Difference> {
    let name = partition.partition.to_string();
    if name.is_empty() {
        return Vec::new();
    }
    let both = [("partition", partition.data), ("partition deletes", partition.deletes)];
    let some = both.into_iter().filter(|(_, flow)| !flow.is_empty());
    some.map(|(section, flow)| flowed(section, name.clone(), flow)).collect()
}
