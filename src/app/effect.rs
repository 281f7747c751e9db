//! What a view asks of the shell, and what the shell asks of the world. Plain data; nothing here does anything.

use std::sync::Arc;

use super::route::Route;
use super::task::{AnyTask, JobId, Task};
use super::view::View;
use crate::Error;

/// Which question of a view a job answers. Starting a job in a slot replaces the one that runs there: the older
/// answer is late, and dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u8);

impl Slot {
    /// The question that fills the view.
    pub const MAIN: Slot = Slot(0);
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Weight {
    /// Something was done.
    Info,
    /// Something is not as it should be.
    Warning,
    /// Something failed.
    Error,
}

/// One line of what just happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters.
    pub weight: Weight,
    /// The line, as plain text.
    pub text: String,
    /// The whole story, for the log; empty where the line is all.
    pub story: String,
}

impl Notice {
    /// Something was done.
    pub fn info(text: impl Into<String>) -> Self {
        Self { weight: Weight::Info, text: text.into(), story: String::new() }
    }

    /// Something is not as it should be.
    pub fn warning(text: impl Into<String>) -> Self {
        Self { weight: Weight::Warning, text: text.into(), story: String::new() }
    }

    /// Something failed: the error's line with its first hint.
    pub fn error(error: &Error) -> Self {
        let hint = error.hints().first().map(|h| format!(" · {h}")).unwrap_or_default();
        Self { weight: Weight::Error, text: format!("{error}{hint}"), story: error.report() }
    }
}

/// A change that this console sent, for the command log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// In a line: "append 120,431 rows to sales.orders".
    pub what: String,
    /// How it ended: "committed", "rejected", "unknown", "not sent".
    pub outcome: String,
    /// The exact request, as JSON.
    pub request: String,
    /// The equivalent command line.
    pub command: String,
}

/// What a dialog hands to the view beneath it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The question was confirmed.
    Yes,
    /// A text was entered.
    Text(String),
    /// The entry with this number, from 0, was chosen.
    Chosen(usize),
    /// These entries, from 0, were chosen.
    ChosenMany(Vec<usize>),
}

/// What a view asks of the shell.
#[derive(Debug)]
pub enum Effect {
    /// Open a view.
    Open(Route),
    /// Open a view in the place of this one.
    Replace(Route),
    /// Put this view or dialog on top: for those that have no address.
    Show(Box<dyn View>),
    /// Close this view or dialog.
    Close,
    /// Close this dialog and hand its answer to the view beneath.
    Answer(&'static str, Answer),
    /// Start a task; its reports come back with the slot.
    Start(Slot, Box<dyn AnyTask>),
    /// Cancel what runs in a slot of this view.
    Cancel(Slot),
    /// Cancel a job, whoever started it.
    CancelJob(JobId),
    /// Copy a text to the clipboard.
    Copy(String),
    /// Say what happened.
    Notice(Notice),
    /// Write a change to the command log.
    Log(Sent),
    /// Do what this action does, as if its key were pressed.
    Act(super::action::Action),
    /// Do what this action does, with what was typed behind its name.
    ActWith(super::action::Action, String),
    /// Run a line of the command line.
    Command(String),
    /// Make this catalog the one at hand, and show it.
    UseCatalog(String),
    /// Use this theme from now on.
    UseTheme(String),
    /// Quit now, the question is answered.
    Quit,
}

impl Effect {
    /// Starts a task in the slot that fills the view.
    pub fn start(task: impl Task) -> Self {
        Effect::Start(Slot::MAIN, Box::new(task))
    }

    /// Shows a dialog or a view without an address.
    pub fn show(view: impl View + 'static) -> Self {
        Effect::Show(Box::new(view))
    }

    /// Says what failed.
    pub fn failed(error: &Error) -> Self {
        Effect::Notice(Notice::error(error))
    }
}

/// What the shell asks of the world: the only things that `App::perform` does.
#[derive(Debug)]
pub enum Outward {
    /// Run a task under this number.
    Start(JobId, Arc<dyn AnyTask>),
    /// Cancel a job, in the way that its task allows.
    Cancel(JobId),
    /// Copy a text to the clipboard.
    Copy(String),
    /// Append to the command log's file.
    Log(Sent),
    /// Write what was shown to the log.
    Trace(Notice),
    /// Give the terminal back and stop until continued.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Switch mouse reports on or off.
    Mouse(bool),
    /// End the loop.
    Quit,
}
