//! What a list of tables shows of each: sizes, the last commit, and what is not as it should be. Judges; reads nothing
//! but the table's metadata.

use crate::Result;
use crate::monitor::Monitor;
use crate::table::inspect::{self, Overview};
use crate::table::{Moment, Table};
use crate::views::widgets::human;

/// A table in a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Glance {
    /// Everything the overview says.
    pub overview: Overview,
    /// When the oldest snapshot that is still kept was committed.
    pub oldest: Option<Moment>,
}

/// Something that an operator should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// In two words: "small files".
    pub short: &'static str,
    /// In a sentence, with numbers.
    pub story: String,
}

/// From how many files on it matters that they are small.
const SOME_FILES: u64 = 8;
/// What a file is small against, where the table does not say: Iceberg's default target size.
const TARGET_BYTES: u64 = 512 * 1024 * 1024;
/// A file is small below this part of the target size.
const SMALL_PART: u64 = 16;
/// So many snapshots make planning and metadata heavy.
const MANY_SNAPSHOTS: usize = 500;
const DAY_MS: i64 = 86_400_000;
/// Snapshots are old beyond this; Iceberg's maintenance guides keep them for days.
const OLD_DAYS: i64 = 90;

impl Glance {
    /// Looks at a table.
    ///
    /// # Errors
    /// Those of [`inspect::overview`].
    pub async fn of(table: &Table, monitor: &Monitor) -> Result<Self> {
        let overview = inspect::overview(table, None, monitor).await?;
        let oldest = inspect::snapshots(table)?.first().map(|snapshot| snapshot.committed_at);
        Ok(Self { overview, oldest })
    }

    /// The average size of a data file, where files and bytes are known.
    pub fn average_bytes(&self) -> Option<u64> {
        average_bytes(&self.overview)
    }

    /// What is not as it should be, the worst first.
    pub fn faults(&self, now_ms: i64) -> Vec<Fault> {
        let mut found = faults(&self.overview);
        let age = self.oldest.map(|oldest| now_ms.saturating_sub(oldest.0) / DAY_MS);
        if let Some(days) = age.filter(|days| *days > OLD_DAYS && self.overview.snapshot_count > 1) {
            found.push(Fault { short: "old snapshots", story: format!("the oldest snapshot is {days} days old") });
        }
        found
    }
}

/// The average size of a data file, where files and bytes are known.
pub fn average_bytes(overview: &Overview) -> Option<u64> {
    overview.total_size_in_bytes?.checked_div(overview.data_file_count?)
}

/// What an overview says is not as it should be.
pub fn faults(overview: &Overview) -> Vec<Fault> {
    let deletes = overview.delete_file_count.unwrap_or(0);
    let files = overview.data_file_count.unwrap_or(0);
    let target = overview.properties.get("write.target-file-size-bytes").and_then(|text| text.parse().ok());
    let small = target.unwrap_or(TARGET_BYTES) / SMALL_PART;
    let mut found = Vec::new();
    if let Some(average) = average_bytes(overview).filter(|average| *average < small && files >= SOME_FILES) {
        let story = format!(
            "{files} data files of {} on average; {} would still be small",
            human::bytes(average),
            human::bytes(small)
        );
        found.push(Fault { short: "small files", story });
    }
    if overview.equality_delete_count.unwrap_or(0) > 0 {
        let story = "equality deletes make every reader compare rows; compaction takes them away";
        found.push(Fault { short: "equality deletes", story: story.into() });
    } else if deletes > files / 2 && deletes > 0 {
        let story = format!("{deletes} delete files for {files} data files; compaction takes them away");
        found.push(Fault { short: "many deletes", story });
    }
    if overview.snapshot_count > MANY_SNAPSHOTS {
        let story = format!("{} snapshots are kept; expiring old ones makes planning lighter", overview.snapshot_count);
        found.push(Fault { short: "many snapshots", story });
    }
    if overview.format_version == 1 {
        let story = "format version 1 knows no delete files and no sequence numbers";
        found.push(Fault { short: "format 1", story: story.into() });
    }
    found
}
