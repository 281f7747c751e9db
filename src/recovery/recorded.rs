//! A change as its journal's plan keeps it, so that a later process can make it again. The names are a format: they are
//! only ever added to.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::commit::{Change, RefKind};

/// The field of a plan's options that holds it.
const FIELD: &str = "change";

/// A change without staged files, as plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Wish {
    /// A branch or tag made or led elsewhere.
    SetRef { name: String, is_branch: bool, snapshot_id: i64 },
    /// A change that adds a snapshot and is not kept otherwise; it must be asked for again.
    Snapshot,
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
            Self::Snapshot | Self::Other => None,
        }
    }
}

/// Reads it back; nothing where the plan has none, as those of loads.
pub(super) fn wish(options: &Value) -> Option<Wish> {
    options.get(FIELD).map(|value| serde_json::from_value(value.clone()).unwrap_or(Wish::Other))
}

/// Puts a change into a plan's options. One with staged files is not kept here: its files are in the journal.
pub(super) fn keep(change: &Change, options: &mut Value) {
    let wish = match change {
        Change::Append { .. } => return,
        Change::SetRef { name, kind, snapshot_id } => {
            Wish::SetRef { name: name.clone(), is_branch: *kind == RefKind::Branch, snapshot_id: *snapshot_id }
        }
        Change::Overwrite { .. } | Change::Delete { .. } | Change::Replace { .. } | Change::CherryPick { .. } => {
            Wish::Snapshot
        }
        _ => Wish::Other,
    };
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
