//! How rows go into a table: beside what is there, or in the place of everything, of whole partitions, or of what a
//! filter takes.

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
    /// In the place of the rows that a filter takes: [`Cut`] says which. The files that hold other rows too are written
    /// again without them, by whoever publishes it.
    OverwriteWhere,
}

/// What a filter takes out of a branch, as a journal keeps it. The names are part of its format.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// The SQL expression.
    pub filter: String,
    /// The snapshot at which the rows were read; nothing where the branch had none.
    #[serde(default)]
    pub read_at: Option<i64>,
    /// The data files that go, by path; nothing where they were too many to be kept: then it must be planned anew.
    #[serde(default)]
    pub files: Option<Vec<String>>,
}

impl Cut {
    /// The field of a plan's options that holds it.
    pub const FIELD: &str = "cut";
    /// More paths than that are not kept.
    const KEPT: usize = 50_000;

    /// A cut with its files, where they are not too many.
    pub fn new(filter: &str, read_at: Option<i64>, files: &[String]) -> Self {
        let files = (files.len() <= Self::KEPT).then(|| files.to_vec());
        Self { filter: filter.into(), read_at, files }
    }
}

impl Mode {
    /// The change that publishes staged files so, made on the base that was inspected. What a filter takes out is still to
    /// be put into it.
    pub fn change(self, branch: String, files: Vec<StagedFile>, summary: BTreeMap<String, String>) -> Change {
        let targets = match self {
            Self::Append => return Change::Append { branch, files, summary },
            Self::Overwrite => Targets::All,
            Self::OverwritePartitions => Targets::Partitions,
            Self::OverwriteWhere => Targets::Files(Vec::new()),
        };
        Change::Overwrite { branch, added: files, targets, validation: None, summary }
    }
}
