//! Sorting and filtering, at once or as a task. Gives an order of row numbers; changes no rows.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Look, Sort};
use crate::app::task::{Feed, Task};
use crate::catalog::Lake;
use crate::views::widgets::filter::Filter;
use crate::views::widgets::human;
use crate::views::widgets::shown::Shown;
use crate::{Error, Result};

/// The question: which rows pass, in which order.
#[derive(Debug, Clone)]
pub struct Arrange<L: Look> {
    pub(super) look: L,
    pub(super) rows: Arc<Vec<L::Row>>,
    pub(super) sort: Option<Sort>,
    pub(super) filter: Filter,
    pub(super) question: u64,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Arranged {
    /// Row numbers, in the order to show.
    pub order: Arc<Vec<u32>>,
    /// Of how many rows.
    pub of_rows: usize,
    /// To which question.
    pub(super) question: u64,
}

/// How many rows are looked at between two looks at the cancel flag.
const STRIDE: usize = 4096;

/// Row numbers in order, or nothing when it was cancelled: `cancelled` is told how many rows were looked at.
pub(super) fn arrange<L: Look>(ask: &Arrange<L>, cancelled: impl Fn(usize) -> bool) -> Option<Vec<u32>> {
    let passing = passing(ask, &cancelled)?;
    match ask.sort {
        None => Some(passing),
        Some(sort) => sorted(ask, passing, sort, &cancelled),
    }
}

fn passing<L: Look>(ask: &Arrange<L>, cancelled: &impl Fn(usize) -> bool) -> Option<Vec<u32>> {
    let count = u32::try_from(ask.rows.len()).unwrap_or(u32::MAX);
    if ask.filter.is_empty() {
        return Some((0..count).collect());
    }
    let mut tester = ask.filter.tester();
    let mut line = String::new();
    let mut found = Vec::new();
    for (number, row) in (0..count).zip(ask.rows.iter()) {
        if (number as usize).is_multiple_of(STRIDE) && cancelled(number as usize) {
            return None;
        }
        line.clear();
        for shown in ask.look.show(row, 0) {
            line.push_str(&shown.text);
            line.push(' ');
        }
        if tester.passes(line.trim_end()) {
            found.push(number);
        }
    }
    Some(found)
}

fn sorted<L: Look>(
    ask: &Arrange<L>,
    rows: Vec<u32>,
    sort: Sort,
    cancelled: &impl Fn(usize) -> bool,
) -> Option<Vec<u32>> {
    let mut keyed: Vec<(Shown, u32)> = Vec::with_capacity(rows.len());
    for (i, number) in rows.into_iter().enumerate() {
        if i % STRIDE == 0 && cancelled(ask.rows.len()) {
            return None;
        }
        let row = ask.rows.get(number as usize)?;
        let shown = ask.look.show(row, 0).into_iter().nth(sort.column);
        keyed.push((shown.unwrap_or_else(Shown::missing), number));
    }
    keyed.sort_by(|(a, i), (b, j)| a.compare(b, sort.descending).then(i.cmp(j)));
    Some(keyed.into_iter().map(|(_, number)| number).collect())
}

#[async_trait]
impl<L: Look> Task for Arrange<L> {
    type Part = Arranged;

    fn title(&self) -> String {
        format!("sort and filter {} rows", human::count(self.rows.len() as i128))
    }

    async fn run(&self, _lake: &Lake, feed: &Feed<Arranged>) -> Result<()> {
        let (ask, monitor) = (self.clone(), feed.monitor().clone());
        let (of_rows, question) = (ask.rows.len(), ask.question);
        let stage = if ask.filter.is_empty() { "sorting" } else { "filtering" };
        let looked = move |rows: usize| {
            monitor.update(|progress| (progress.stage, progress.rows) = (stage, rows as u64));
            monitor.is_cancelled()
        };
        let done = tokio::task::spawn_blocking(move || arrange(&ask, looked));
        let order = done.await.map_err(|e| Error::bug("sorting died").caused_by(e))?;
        let order = order.ok_or_else(Error::cancelled)?;
        feed.send(Arranged { order: Arc::new(order), of_rows, question }).await
    }
}
