//! Bisect: the first bad snapshot between a good one and a bad one, found by looking at half of what is left each time.
//! Changes nothing.

use serde::Serialize;

use crate::commit::ancestors;
use crate::monitor::Monitor;
use crate::query::file_matches;
use crate::table::{Moment, Table};
use crate::{Error, Result};

/// When a snapshot is bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suspicion {
    /// The number of rows for which the filter is true is not what is expected.
    RowsWhere {
        /// An SQL expression over the columns: `amount < 0`.
        filter: String,
        /// How many there are in a good snapshot.
        expect: u64,
    },
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BisectRequest {
    /// A snapshot that is bad: an id, a ref, a time.
    pub bad: String,
    /// An ancestor of it that is good.
    pub good: String,
    /// When one is bad.
    pub suspicion: Suspicion,
}

/// A snapshot that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BisectStep {
    /// Its id.
    pub snapshot_id: i64,
    /// When it was committed.
    pub committed_at: Moment,
    /// Rows for which the filter is true. Counting ends with the file in which there are more than expected.
    pub rows: u64,
    /// Whether it is bad.
    pub is_bad: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bisected {
    /// `namespace.table`.
    pub table: String,
    /// The first bad snapshot.
    pub first_bad: i64,
    /// When it was committed.
    pub committed_at: Moment,
    /// What it did.
    pub operation: String,
    /// Who made it, where its summary says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The last good one, its parent.
    pub last_good: i64,
    /// Every snapshot looked at, in that order.
    pub steps: Vec<BisectStep>,
}

/// Finds the first bad snapshot. Reads rows of as many snapshots as it takes to halve the way, plus the two ends.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) where the good one is no ancestor of the bad one, the good one is bad, or the
/// bad one is good; those of reading rows, with the snapshot; cancellation.
pub async fn bisect(table: &Table, request: &BisectRequest, monitor: &Monitor) -> Result<Bisected> {
    let (bad, good) = (resolve(table, &request.bad)?, resolve(table, &request.good)?);
    let line = line(table, good, bad)?;
    let mut steps = Vec::new();
    let (mut low, mut high) = (0, line.len() - 1);
    for (at, must_be_bad) in [(high, true), (low, false)] {
        let step = look(table, &line, at, &request.suspicion, monitor).await?;
        if step.is_bad != must_be_bad {
            return Err(ends_wrong(&step, must_be_bad));
        }
        steps.push(step);
    }
    // What stands at `low` is good, what stands at `high` is bad.
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let step = look(table, &line, middle, &request.suspicion, monitor).await?;
        if step.is_bad {
            high = middle;
        } else {
            low = middle;
        }
        steps.push(step);
    }
    told(table, at(&line, low)?, at(&line, high)?, steps)
}

fn resolve(table: &Table, text: &str) -> Result<i64> {
    table.resolve(Some(text))?.ok_or_else(|| Error::not_found("there is no such snapshot").with("snapshot", text))
}

/// From the good one to the bad one, oldest first; at least two.
fn line(table: &Table, good: i64, bad: i64) -> Result<Vec<i64>> {
    let mut line: Vec<i64> = Vec::new();
    for snapshot in ancestors(table.metadata(), Some(bad)) {
        line.push(snapshot.snapshot_id());
        if snapshot.snapshot_id() == good {
            line.reverse();
            break;
        }
    }
    if line.first() != Some(&good) || line.len() < 2 {
        return Err(Error::invalid("the good snapshot is no ancestor of the bad one")
            .with("good", good)
            .with("bad", bad)
            .hint("icedeck snapshots shows who descends from whom"));
    }
    Ok(line)
}

fn at(line: &[i64], n: usize) -> Result<i64> {
    line.get(n).copied().ok_or_else(|| Error::bug("the bisection ran out of its line"))
}

async fn look(table: &Table, line: &[i64], n: usize, suspicion: &Suspicion, monitor: &Monitor) -> Result<BisectStep> {
    let snapshot_id = at(line, n)?;
    let Suspicion::RowsWhere { filter, expect } = suspicion;
    let rows = count(table, snapshot_id, filter, *expect, monitor).await;
    let rows = rows.map_err(|e| e.with("snapshot", snapshot_id))?;
    let committed_at = table.metadata().snapshot_by_id(snapshot_id).map_or(0, |s| s.timestamp_ms());
    Ok(BisectStep { snapshot_id, committed_at: Moment(committed_at), rows, is_bad: rows != *expect })
}

/// Rows for which the filter is true; counting ends above `expect`.
async fn count(table: &Table, snapshot_id: i64, filter: &str, expect: u64, monitor: &Monitor) -> Result<u64> {
    let mut files = file_matches(table, snapshot_id, Some(filter), monitor).await?;
    let mut rows = 0u64;
    while let Some(file) = files.next().await? {
        rows = rows.saturating_add(file.matched);
        if rows > expect {
            break;
        }
    }
    Ok(rows)
}

fn ends_wrong(step: &BisectStep, must_be_bad: bool) -> Error {
    let why = if must_be_bad { "the bad snapshot is not bad" } else { "the good snapshot is bad already" };
    Error::invalid(why).with("snapshot", step.snapshot_id).with("rows", step.rows)
}

fn told(table: &Table, last_good: i64, first_bad: i64, steps: Vec<BisectStep>) -> Result<Bisected> {
    let rows = crate::table::inspect::snapshots(table)?;
    let row = rows.into_iter().find(|row| row.snapshot_id == first_bad);
    let row = row.ok_or_else(|| Error::bug("a snapshot went while it was looked at"))?;
    Ok(Bisected {
        table: table.name().to_string(),
        first_bad,
        committed_at: row.committed_at,
        operation: row.operation,
        by: row.by,
        last_good,
        steps,
    })
}
