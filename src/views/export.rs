//! Writing what a view shows to a file: asks for its name, asks again before a file is replaced, says how it ended. The
//! work is a job; the files themselves are written by [`crate::query::export`].

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::dialogs::{Confirm, ask};
use super::list::List;
use super::widgets::{human, text};
use crate::app::effect::{Answer, Effect, Notice, Slot};
use crate::app::route::Route;
use crate::app::task::{Cancel, Feed, Report, Task};
use crate::app::theme::Tone;
use crate::catalog::Lake;
use crate::query::export::{self, Exported, Records, Target};
use crate::{Error, Kind, Result};

/// The slot of the task that writes.
pub const SLOT: Slot = Slot(253);

const ASK: &str = "export: file";
const REPLACE: &str = "export: replace";
const HINT: &str = "a file; its ending says the format: .csv, .json or .parquet";

/// An export of a view, from the question for the file to its end.
#[derive(Debug, Default)]
pub struct Export {
    typed: String,
}

/// A file that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// As it was typed.
    pub file: String,
    /// Whether a file that is there may be replaced.
    pub replace: bool,
}

impl Wanted {
    /// Where it is to be written, and a fresh word for the file while it is not whole.
    ///
    /// # Errors
    /// Those of [`Target::typed`].
    pub fn target(&self, lake: &Lake) -> Result<(Target, String)> {
        let target = Target::typed(&self.file, &lake.env().paths().home, self.replace)?;
        Ok((target, lake.env().uuid().to_string()))
    }
}

impl Export {
    /// Asks for the file; `what` is written, "14 rows"; `more` says what a reader should know of it.
    pub fn ask(&self, what: &str, route: &Route, more: &str) -> Vec<Effect> {
        let initial = if self.typed.is_empty() { format!("{}.csv", stem(route)) } else { self.typed.clone() };
        let hint = if more.is_empty() { HINT.to_string() } else { format!("{HINT}; {more}") };
        ask(ASK, format!("export {what} to"), &hint, &initial)
    }

    /// The file that was named on the command line.
    pub fn named(&mut self, file: &str) -> Wanted {
        self.typed = file.trim().to_string();
        Wanted { file: self.typed.clone(), replace: false }
    }

    /// The file to write now, where an answer was to one of its questions.
    pub fn answered(&mut self, topic: &str, answer: &Answer) -> Option<Wanted> {
        match (topic, answer) {
            (ASK, Answer::Text(typed)) if !typed.trim().is_empty() => Some(self.named(typed)),
            (REPLACE, Answer::Yes) => Some(Wanted { file: self.typed.clone(), replace: true }),
            _ => None,
        }
    }

    /// Says how it ended; asks whether a file that is there shall be replaced.
    pub fn reported(&self, report: Report) -> Vec<Effect> {
        match report {
            Report::Done => Vec::new(),
            Report::Part(part) => part.take::<Exported>().map(|done| vec![told(&done)]).unwrap_or_default(),
            Report::Failed(error) if error.kind() == Kind::AlreadyExists => {
                let lines = vec![
                    (text::safe(&self.typed).into_owned(), Tone::Strong),
                    ("The file exists already. It is replaced once the new one is whole.".into(), Tone::Plain),
                ];
                vec![Effect::show(Confirm::new(REPLACE, "Replace the file?", lines))]
            }
            Report::Failed(error) if error.is_cancelled() => {
                vec![Effect::Notice(Notice::info("the export was cancelled; nothing of it is left"))]
            }
            Report::Failed(error) => vec![Effect::failed(&error)],
        }
    }
}

fn told(done: &Exported) -> Effect {
    let rows = human::counted(usize::try_from(done.rows).unwrap_or(usize::MAX), "row");
    let file = done.path.display().to_string();
    Effect::Notice(Notice::info(format!("exported {rows} to {} ({})", text::safe(&file), human::bytes(done.bytes))))
}

/// What a file of this view is called where the operator says nothing: `orders-snapshots`.
fn stem(route: &Route) -> String {
    let subject = route.table_name().map(|name| name.name.clone());
    let subject = subject.or_else(|| route.namespace().0.last().cloned());
    let whole = subject.into_iter().chain([route.screen.to_string()]).collect::<Vec<_>>().join("-");
    whole.chars().map(|c| if c.is_alphanumeric() || "-_".contains(c) { c } else { '_' }).collect()
}

/// Writes the rows of a list that pass its filter, in the order shown.
#[derive(Debug)]
pub struct ExportList<L: List> {
    /// The list.
    pub list: L,
    /// Its rows.
    pub rows: Arc<Vec<L::Row>>,
    /// Which of them, in which order.
    pub order: Vec<u32>,
    /// The file.
    pub wanted: Wanted,
    /// The time at which ages are told.
    pub now_ms: i64,
}

#[async_trait]
impl<L: List> Task for ExportList<L> {
    type Part = Exported;

    fn title(&self) -> String {
        format!("export {} to {}", self.list.route(), self.wanted.file)
    }

    fn cancel(&self) -> Cancel {
        Cancel::Cooperative
    }

    async fn run(&self, lake: &Lake, feed: &Feed<Exported>) -> Result<()> {
        let (target, id) = self.wanted.target(lake)?;
        let (list, rows, order, now_ms) = (self.list.clone(), self.rows.clone(), self.order.clone(), self.now_ms);
        let monitor = feed.monitor().clone();
        let write = move || {
            let record = |at: usize| {
                let row = order.get(at).and_then(|index| rows.get(*index as usize));
                row.map(|row| list.record(row, now_ms)).unwrap_or_default()
            };
            // Lines that only say something (damage, a failure) are no records.
            let order: Vec<usize> = (0..order.len()).filter(|at| !record(*at).is_empty()).collect();
            let columns = columns(order.iter().map(|at| record(*at)));
            let values = |at: usize| {
                let mut record = order.get(at).map(|at| record(*at)).unwrap_or_default();
                columns.iter().map(|name| record.get_mut(name).map(Value::take).unwrap_or_default()).collect()
            };
            let records = Records { columns: columns.clone(), len: order.len(), row: &values };
            export::records(&records, &target, &id, &monitor)
        };
        let done = tokio::task::spawn_blocking(write).await;
        feed.send(done.map_err(|e| Error::bug("the export broke off").caused_by(e))??).await
    }
}

/// Every name that a record has, in the order in which they come up.
fn columns(records: impl Iterator<Item = Map<String, Value>>) -> Vec<String> {
    let (mut known, mut columns) = (HashSet::new(), Vec::new());
    for name in records.flat_map(|record| record.into_iter().map(|(name, _)| name)) {
        if known.insert(name.clone()) {
            columns.push(name);
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_after_what_is_in_them() {
        let route = Route::new("snapshots").of_table("sales.\"or/ders\"".parse().unwrap());
        assert_eq!(stem(&route), "or_ders-snapshots");
        assert_eq!(stem(&Route::new("catalogs")), "catalogs");
    }
}
