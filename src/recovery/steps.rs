//! Whether a step of a table's history is exactly what was asked for. It tells of changes that leave no snapshot: a
//! schema and a property carry no id of the change that made them. Pure.

use iceberg::TableUpdate;
use iceberg::spec::TableMetadata;

use super::intent::Sent;

/// The steps that a change may have made: what its requests would have done, as far as they are kept.
pub(super) struct Steps(Vec<Vec<TableUpdate>>);

impl Steps {
    /// Those of the requests that may have done their work. A value that was hidden makes a request unlike any step.
    pub fn of(sent: &[Sent]) -> Self {
        let updates = |sent: &Sent| serde_json::from_value(sent.request.get("updates")?.clone()).ok();
        Self(sent.iter().filter(|sent| sent.is_open).filter_map(updates).collect())
    }

    /// Whether one of them leads from `before` to `after`, and changes anything.
    pub fn lead(&self, before: &TableMetadata, after: &TableMetadata) -> bool {
        let is_after = |metadata: &TableMetadata| stamped_as(metadata, after).as_ref() == Some(after);
        let made = |updates: &Vec<TableUpdate>| made(updates, before).is_some_and(|made| is_after(&made));
        self.0.iter().any(made) && !is_after(before)
    }
}

fn made(updates: &[TableUpdate], before: &TableMetadata) -> Option<TableMetadata> {
    let builder = before.clone().into_builder(None);
    let builder = updates.iter().cloned().try_fold(builder, |builder, update| update.apply(builder)).ok()?;
    Some(builder.build().ok()?.metadata)
}

/// The metadata as if it had been written when the other was: every step changes the time and the log.
fn stamped_as(metadata: &TableMetadata, other: &TableMetadata) -> Option<TableMetadata> {
    let mut value = serde_json::to_value(metadata).ok()?;
    let fields = value.as_object_mut()?;
    fields.insert("last-updated-ms".into(), other.last_updated_ms().into());
    fields.insert("metadata-log".into(), serde_json::to_value(other.metadata_log()).ok()?);
    serde_json::from_value(value).ok()
}
