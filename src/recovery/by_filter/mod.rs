//! Deleting and overwriting by filter, copy-on-write: files of which a filter takes every row go, files of which it takes
//! some go too and their other rows are written again, in one snapshot. Rows for which the filter is null stay.
//!
//! [`cutting()`] counts and writes nothing; [`delete()`] is the verb. That others did not touch what the filter takes
//! since is checked by the commit, and by `weigh` where one was beaten.

mod delete;
mod weigh;
mod write;

use std::collections::{BTreeMap, HashSet};

use iceberg::spec::FormatVersion;
use serde::Serialize;

pub use delete::{DELETE, DeletePlan, Deleted, delete};
pub(super) use weigh::{change_again, weigh};

use super::mend::head_of;
use crate::commit::{Change, StagedFile, Targets, Validation, branch_head};
use crate::ingest::run::{Cut, IngestPlan, Mode};
use crate::monitor::Monitor;
use crate::query::{ByFilter, TakenFile};
use crate::table::Table;
use crate::table::refs::MAIN;
use crate::words::many;
use crate::{Error, Result};

/// What a filter takes out of a branch, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// Rows that go.
    pub deleted_rows: u64,
    /// Data files that go without anything being written for them.
    pub removed_files: u64,
    /// Their size in bytes.
    pub removed_bytes: u64,
    /// Data files that go and hold other rows too.
    pub rewritten_files: u64,
    /// Their size in bytes.
    pub rewritten_bytes: u64,
    /// Their other rows, which are written again.
    pub kept_rows: u64,
    /// Data files that were opened to know this; of the others their bounds tell.
    pub read_files: u64,
}

/// What a filter takes out of a branch at one state of its table: which files go, and of which rows are kept.
#[derive(Debug, Clone)]
pub struct Cutting {
    /// The table as it was looked at.
    pub base: Table,
    /// The branch.
    pub branch: String,
    /// Its head.
    pub read_at: Option<i64>,
    /// In numbers.
    pub taken: Taken,
    text: String,
    filter: ByFilter,
    /// Every file that goes, by path.
    gone: Vec<String>,
    /// Those of them that hold other rows too.
    rewritten: HashSet<String>,
}

/// Counts what a filter takes out of a branch. Opens only files of which their bounds and partitions cannot tell whether
/// all their rows match, or none; and reads of them only the columns that the filter looks at.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) for a filter that is none, [`Kind::NotFound`](crate::Kind::NotFound) for a
/// branch that is not there, [`Kind::Unsupported`](crate::Kind::Unsupported) where deletes cannot be read, or where rows
/// would lose their lineage.
pub async fn cutting(table: &Table, branch: &str, text: &str, monitor: &Monitor) -> Result<Cutting> {
    let filter = ByFilter::parse(table, text)?;
    let read_at = match branch_head(table.metadata(), branch) {
        None if branch == MAIN => None,
        _ => Some(head_of(table, branch)?),
    };
    let mut cutting = Cutting {
        base: table.clone(),
        branch: branch.into(),
        read_at,
        taken: Taken::default(),
        text: text.into(),
        filter,
        gone: Vec::new(),
        rewritten: HashSet::new(),
    };
    if let Some(head) = read_at {
        monitor.update(|p| p.stage = "counting");
        let mut files = cutting.filter.files(head, monitor).await?;
        while let Some(file) = files.next().await? {
            cutting.take(file);
        }
    }
    cutting.check_lineage()?;
    Ok(cutting)
}

impl Cutting {
    fn take(&mut self, file: TakenFile) {
        let taken = &mut self.taken;
        taken.deleted_rows += file.taken;
        taken.read_files += u64::from(file.was_read);
        if file.left == 0 {
            taken.removed_files += 1;
            taken.removed_bytes += file.bytes;
        } else {
            taken.rewritten_files += 1;
            taken.rewritten_bytes += file.bytes;
            taken.kept_rows += file.left;
            self.rewritten.insert(file.path.clone());
        }
        self.gone.push(file.path);
    }

    /// In format version 3 a row keeps its id when it is written again, which icedeck cannot do yet.
    fn check_lineage(&self) -> Result<()> {
        if self.rewritten.is_empty() || self.base.metadata().format_version() < FormatVersion::V3 {
            return Ok(());
        }
        Err(Error::unsupported(format!(
            "{} hold other rows too, and in a table of format version 3 icedeck cannot write them again: they would lose \
             their row ids",
            many(self.taken.rewritten_files, "file")
        ))
        .with("table", self.base.name())
        .hint("a filter that takes whole files or partitions does not need that")
        .hint("else delete the rows with an engine that writes row lineage"))
    }

    /// What it is about, as a journal keeps it.
    pub(super) fn cut(&self) -> Cut {
        Cut::new(&self.text, self.read_at, &self.gone)
    }

    /// The change, with these files in the place of those that go.
    pub(super) fn change(&self, added: Vec<StagedFile>, summary: BTreeMap<String, String>) -> Change {
        let validation = Validation { read_at: self.read_at, filter: Some(self.filter.wider()) };
        Change::Overwrite {
            branch: self.branch.clone(),
            added,
            targets: Targets::Files(self.gone.clone()),
            validation: Some(validation),
            summary,
        }
    }
}

/// `12 rows: 2 files (2048 bytes) removed whole, 1 file (900 bytes) written again with 88 other rows`.
impl std::fmt::Display for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&many(self.deleted_rows, "row"))?;
        if self.removed_files > 0 {
            write!(f, ": {} ({} bytes) removed whole", many(self.removed_files, "file"), self.removed_bytes)?;
        }
        if self.rewritten_files > 0 {
            let (files, rows) = (many(self.rewritten_files, "file"), many(self.kept_rows, "other row"));
            let between = if self.removed_files > 0 { "," } else { ":" };
            write!(f, "{between} {files} ({} bytes) written again with {rows}", self.rewritten_bytes)?;
        }
        Ok(())
    }
}

/// What a load takes out by its filter; nothing for a load without one.
///
/// # Errors
/// As [`cutting()`]; [`Kind::Invalid`](crate::Kind::Invalid) where the table does not exist yet.
pub async fn of_load(plan: &IngestPlan, monitor: &Monitor) -> Result<Option<Cutting>> {
    let Some(cut) = plan.request.cut.as_ref().filter(|_| plan.request.mode == Mode::OverwriteWhere) else {
        return Ok(None);
    };
    let table =
        plan.table().ok_or_else(|| Error::invalid("a table that is made has no rows to overwrite by a filter"))?;
    cutting(table, &plan.request.branch, &cut.filter, monitor).await.map(Some)
}
