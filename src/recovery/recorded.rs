//! A change as its journal's plan keeps it, so that a later process can make it again. The names are a format: they are
//! only ever added to.

use std::collections::BTreeMap;

use iceberg::spec::SnapshotReference;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::intent::Want;
use crate::commit::{Change, INGEST_ID, RefKind};
use crate::ingest::run::Cut;

/// The field of a plan's options that holds it.
const FIELD: &str = "change";

/// A change without staged files, as plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Wish {
    /// A branch or tag made or led elsewhere.
    SetRef { name: String, is_branch: bool, snapshot_id: i64 },
    /// A branch or tag made, with its retention.
    CreateRef { name: String, reference: SnapshotReference },
    /// A branch or tag taken away.
    DropRef { name: String },
    /// A snapshot picked onto a branch.
    CherryPick { branch: String, snapshot_id: i64 },
    /// Files of an older snapshot added again. They are none of ours: nothing of them is kept here, so that nobody takes
    /// them for staged ones and deletes them.
    Restore,
    /// Rows deleted by a filter, which the plan's options hold beside.
    Delete,
    /// A change that adds a snapshot and is not kept otherwise; it must be asked for again.
    Snapshot,
    /// Several at once.
    All { changes: Vec<Wish> },
    /// A change that is not kept; it must be asked for again.
    #[serde(other)]
    Other,
}

impl Wish {
    /// The change again; nothing where it was not kept.
    pub fn change(self) -> Option<Change> {
        match self {
            Self::SetRef { name, is_branch, snapshot_id } => {
                let kind = if is_branch { RefKind::Branch } else { RefKind::Tag };
                Some(Change::SetRef { name, kind, snapshot_id })
            }
            Self::CreateRef { name, reference } => Some(Change::CreateRef { name, reference }),
            Self::DropRef { name } => Some(Change::DropRef { name }),
            Self::CherryPick { branch, snapshot_id } => {
                Some(Change::CherryPick { branch, snapshot_id, summary: BTreeMap::new() })
            }
            Self::All { changes } => changes.into_iter().map(Self::change).collect::<Option<_>>().map(Change::All),
            Self::Restore | Self::Delete | Self::Snapshot | Self::Other => None,
        }
    }

    /// What it wants, also where not all of it was kept.
    pub fn want(&self) -> Want {
        match self {
            Self::SetRef { snapshot_id, .. } => Want::Ref { snapshot_id: Some(*snapshot_id) },
            Self::CreateRef { reference, .. } => Want::Ref { snapshot_id: Some(reference.snapshot_id) },
            Self::DropRef { .. } => Want::Ref { snapshot_id: None },
            Self::CherryPick { .. } | Self::Restore => Want::Append,
            Self::Delete | Self::Snapshot => Want::OverwriteSome,
            Self::All { changes } => {
                let refs = |want: &Want| matches!(want, Want::Ref { .. });
                changes.iter().map(Self::want).find(refs).unwrap_or(Want::Metadata)
            }
            Self::Other => Want::Metadata,
        }
    }

    fn of(change: &Change) -> Self {
        match change {
            Change::Append { .. } => Self::Restore,
            Change::SetRef { name, kind, snapshot_id } => {
                Self::SetRef { name: name.clone(), is_branch: *kind == RefKind::Branch, snapshot_id: *snapshot_id }
            }
            Change::Rollback { branch: name, snapshot_id } | Change::FastForward { branch: name, snapshot_id } => {
                Self::SetRef { name: name.clone(), is_branch: true, snapshot_id: *snapshot_id }
            }
            Change::CreateRef { name, reference } => {
                Self::CreateRef { name: name.clone(), reference: reference.clone() }
            }
            Change::DropRef { name } => Self::DropRef { name: name.clone() },
            Change::CherryPick { branch, snapshot_id, .. } => {
                Self::CherryPick { branch: branch.clone(), snapshot_id: *snapshot_id }
            }
            Change::All(changes) => Self::All { changes: changes.iter().map(Self::of).collect() },
            Change::Overwrite { .. } | Change::Delete { .. } | Change::Replace { .. } => Self::Snapshot,
            // Properties may be secrets, and a journal holds none.
            _ => Self::Other,
        }
    }
}

/// A change that makes a snapshot carries the id of its journal, so that it can be found again.
pub(super) fn named(mut change: Change, ingest_id: &str) -> Change {
    if let Change::Append { summary, .. } | Change::CherryPick { summary, .. } = &mut change {
        summary.insert(INGEST_ID.into(), ingest_id.into());
    }
    change
}

/// Reads it back; nothing where the plan has none, as those of loads.
pub(super) fn wish(options: &Value) -> Option<Wish> {
    options.get(FIELD).map(|value| serde_json::from_value(value.clone()).unwrap_or(Wish::Other))
}

/// The options of a plan that deletes by a filter.
pub(super) fn delete(cut: &Cut) -> Value {
    serde_json::json!({ FIELD: Wish::Delete, Cut::FIELD: cut })
}

/// Puts a change into a plan's options.
pub(super) fn keep(change: &Change, options: &mut Value) {
    let wish = Wish::of(change);
    if !options.is_object() {
        *options = Value::Object(serde_json::Map::new());
    }
    if let (Some(fields), Ok(value)) = (options.as_object_mut(), serde_json::to_value(wish)) {
        fields.insert(FIELD.into(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_kept_and_read_back() {
        let change = Change::SetRef { name: "main".into(), kind: RefKind::Branch, snapshot_id: i64::MAX };
        let mut options = serde_json::json!({"note": 1});
        keep(&change, &mut options);
        assert_eq!(options["note"], 1);
        let Some(Change::SetRef { name, kind, snapshot_id }) = wish(&options).and_then(Wish::change) else {
            panic!("{options}");
        };
        assert_eq!((name.as_str(), kind, snapshot_id), ("main", RefKind::Branch, i64::MAX));
        let later = serde_json::json!({"change": {"kind": "of-a-later-version", "x": [1]}});
        assert_eq!(wish(&later), Some(Wish::Other));
        assert_eq!(wish(&serde_json::json!({"mapping": ""})), None);
    }
}
