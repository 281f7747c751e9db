//! Counts of what fitted and what did not, kept small whatever comes: the preflight's, and a load's own.

use std::collections::HashMap;

use arrow::array::RecordBatch;

use super::{ColumnReport, PreflightReport, ReasonGroup};
use crate::ingest::bind::{Binding, ColumnPlan, Verdict};
use crate::ingest::fit::Fitted;
use crate::ingest::source::FINER;
use crate::ingest::{Fault, SourceBatch};

/// Faults that are kept, the first of the source.
const FAULTS: usize = 1_000;
/// Reasons that are reported, the most frequent.
const REASONS: usize = 200;
/// Reasons that are counted apart before the rarest are given up.
const COUNTED: usize = 1_000;
/// Examples of each.
const EXAMPLES: usize = 3;

/// What was seen so far. One for each worker, merged at the end.
#[derive(Debug, Default)]
pub struct Tally {
    rows: u64,
    fit: u64,
    reasons: HashMap<(Option<String>, String), Group>,
    other: u64,
    first: First,
    columns: Vec<Cells>,
    /// For each table column the one that its faults are put down to.
    blamed: Vec<String>,
}

#[derive(Debug, Default)]
struct Group {
    count: u64,
    examples: First,
}

/// Cells of one table column.
#[derive(Debug, Default, Clone, Copy)]
struct Cells {
    values: u64,
    faults: u64,
    losses: u64,
}

/// The first faults in the order of the source, with their places.
#[derive(Debug, Default)]
struct First(Vec<((u64, u64), Fault)>);

impl Tally {
    /// An empty one for a binding's columns.
    pub fn new(binding: &Binding) -> Self {
        let blamed: Vec<_> = binding.columns.iter().map(|column| column.blamed.clone()).collect();
        Self { columns: vec![Cells::default(); blamed.len()], blamed, ..Self::default() }
    }

    /// Adds a fitted batch. `order` tells where it stands in the source (the block's number). Returns its rows, those
    /// included that could not be taken apart.
    pub fn add(&mut self, order: u64, source: &SourceBatch, fitted: &Fitted) -> u64 {
        let rows = source.batch.num_rows() as u64 + broken(source);
        self.rows += rows;
        self.fit += rows_of(&fitted.batch);
        for (cells, values) in self.columns.iter_mut().zip(&fitted.values) {
            cells.values += values;
        }
        for count in &fitted.counts {
            if let Some(cells) = self.columns.get_mut(count.column) {
                cells.faults += count.cells;
                cells.losses += if count.reason.is_loss() { count.cells } else { 0 };
            }
            self.count(Some(count.blamed.clone()), count.reason.to_string(), count.cells);
        }
        for fault in &source.faults {
            self.count(fault.column.clone(), fault.reason.clone(), 1);
            self.blame(fault);
        }
        for fault in source.faults.iter().chain(&fitted.faults) {
            self.keep(order, fault);
        }
        rows
    }

    /// Counts a cell that could not be taken from its source.
    fn blame(&mut self, fault: &Fault) {
        let blamed = self.blamed.iter().map(|blamed| fault.column.as_ref() == Some(blamed));
        for (cells, _) in self.columns.iter_mut().zip(blamed).filter(|(_, blamed)| *blamed) {
            cells.faults += 1;
            cells.losses += u64::from(fault.reason == FINER);
        }
    }

    /// Adds what another worker saw.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.fit += other.fit;
        self.other += other.other;
        for ((column, reason), group) in other.reasons {
            self.count(column.clone(), reason.clone(), group.count);
            if let Some(mine) = self.reasons.get_mut(&(column, reason)) {
                group.examples.0.into_iter().for_each(|(at, fault)| mine.examples.add(at, &fault, EXAMPLES));
            }
        }
        other.first.0.into_iter().for_each(|(at, fault)| self.first.add(at, &fault, FAULTS));
        for (mine, theirs) in self.columns.iter_mut().zip(other.columns) {
            mine.values += theirs.values;
            mine.faults += theirs.faults;
            mine.losses += theirs.losses;
        }
    }

    /// Rows that do not fit, so far.
    pub fn unfit(&self) -> u64 {
        self.rows - self.fit
    }

    /// All of it as plain values.
    pub fn report(mut self, binding: &Binding) -> PreflightReport {
        if self.reasons.len() > REASONS {
            self.forget(REASONS);
        }
        let columns = binding.plans().into_iter().zip(self.columns).map(|(plan, cells)| cells.report(plan));
        let mut reasons: Vec<_> = self
            .reasons
            .into_iter()
            .map(|((column, reason), group)| ReasonGroup {
                column,
                reason,
                count: group.count,
                examples: group.examples.into_faults(EXAMPLES),
            })
            .collect();
        reasons.sort_by(|a, b| {
            b.count.cmp(&a.count).then_with(|| a.column.cmp(&b.column)).then_with(|| a.reason.cmp(&b.reason))
        });
        PreflightReport {
            rows: self.rows,
            fit: self.fit,
            unfit: self.rows - self.fit,
            reasons,
            other_faults: self.other,
            faults: self.first.into_faults(FAULTS),
            columns: columns.collect(),
        }
    }

    fn count(&mut self, column: Option<String>, reason: String, cells: u64) {
        self.reasons.entry((column, reason)).or_default().count += cells;
        if self.reasons.len() > COUNTED {
            self.forget(COUNTED / 2);
        }
    }

    /// Gives up all but the `most` frequent reasons; their cells stay counted.
    fn forget(&mut self, most: usize) {
        let mut counts: Vec<_> = self.reasons.values().map(|group| group.count).collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let least = counts.get(most).copied().unwrap_or_default();
        let mut room = most - counts.iter().take(most).filter(|count| **count > least).count();
        self.reasons.retain(|_, group| {
            let stays = group.count > least || (group.count == least && room > 0);
            room -= usize::from(stays && group.count == least);
            self.other += if stays { 0 } else { group.count };
            stays
        });
    }

    fn keep(&mut self, order: u64, fault: &Fault) {
        let at = (order, fault.line.line);
        self.first.add(at, fault, FAULTS);
        if let Some(group) = self.reasons.get_mut(&(fault.column.clone(), fault.reason.clone())) {
            group.examples.add(at, fault, EXAMPLES);
        }
    }
}

impl First {
    /// Adds a fault unless `most` earlier ones are known.
    fn add(&mut self, at: (u64, u64), fault: &Fault, most: usize) {
        if self.0.len() >= most && self.0.last().is_some_and(|(last, _)| *last <= at) {
            return;
        }
        let place = self.0.partition_point(|(other, _)| *other <= at);
        self.0.insert(place, (at, fault.clone()));
        self.0.truncate(most);
    }

    fn into_faults(self, most: usize) -> Vec<Fault> {
        self.0.into_iter().take(most).map(|(_, fault)| fault).collect()
    }
}

impl Cells {
    /// What the types promised, held against what was seen.
    fn report(self, plan: ColumnPlan) -> ColumnReport {
        let as_it_is = plan.why == "as it is";
        let (verdict, why) = if self.faults > 0 && self.values == 0 {
            (
                Verdict::Impossible,
                if as_it_is { "no value fits".into() } else { format!("no value fits: {}", plan.why) },
            )
        } else if self.losses > 0 {
            (Verdict::Lossy, format!("{} values would lose something and are refused", self.losses))
        } else if plan.verdict == Verdict::Lossy && !plan.rounded {
            (Verdict::Lossless, "every value that was accepted is kept wholly".into())
        } else {
            (plan.verdict, plan.why)
        };
        let (faults, values) = (self.faults, self.values);
        ColumnReport { name: plan.name, from: plan.from, to: plan.to, verdict, why, faults, values }
    }
}

/// The rows that could not be taken apart; one of them may have several faults.
fn broken(source: &SourceBatch) -> u64 {
    let mut rows = 0;
    let mut last = None;
    for fault in &source.faults {
        rows += u64::from(last != Some(fault.line.line));
        last = Some(fault.line.line);
    }
    rows
}

fn rows_of(batch: &RecordBatch) -> u64 {
    batch.num_rows() as u64
}
