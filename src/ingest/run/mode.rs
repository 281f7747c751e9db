//! How rows go into a table: beside what is there, in the place of everything, or in the place of whole partitions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::commit::{Change, StagedFile, Targets};

/// How rows go in. The names are part of the journal's format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Beside what is there.
    #[default]
    Append,
    /// In the place of every row of the branch.
    Overwrite,
    /// In the place of every row of the partitions that the new rows belong to; of all rows in a table without partitions.
    OverwritePartitions,
}

impl Mode {
    /// The change that publishes staged files so, made on the base that was inspected.
    pub fn change(self, branch: String, files: Vec<StagedFile>, summary: BTreeMap<String, String>) -> Change {
        let targets = match self {
            Self::Append => return Change::Append { branch, files, summary },
            Self::Overwrite => Targets::All,
            Self::OverwritePartitions => Targets::Partitions,
        };
        Change::Overwrite { branch, added: files, targets, validation: None, summary }
    }
}
