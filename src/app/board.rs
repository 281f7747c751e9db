//! The jobs as the operator sees them: what runs, how far it is, how it ended. Plain values; starting and stopping is
//! done in `jobs`.

use std::sync::Arc;

use super::effect::Slot;
use super::task::{Cancel, JobId};
use super::view::ViewId;
use crate::Error;
use crate::monitor::Progress;

/// How many ended jobs are kept to be looked at.
const KEPT: usize = 200;

/// How a job stands.
#[derive(Debug, Clone)]
pub enum JobState {
    /// It runs.
    Running,
    /// It was asked to stop and has not yet.
    Cancelling,
    /// It ended well.
    Done,
    /// It failed, was cancelled or panicked.
    Failed(Arc<Error>),
}

/// One job.
#[derive(Debug, Clone)]
pub struct JobEntry {
    /// Its number.
    pub id: JobId,
    /// The view that asked.
    pub view: ViewId,
    /// The question of that view.
    pub slot: Slot,
    /// What it does.
    pub title: String,
    /// How it may be cancelled.
    pub cancel: Cancel,
    /// How it stands.
    pub state: JobState,
    /// How far it is.
    pub progress: Progress,
    /// When it started, in milliseconds since the epoch.
    pub started_ms: i64,
    /// When it ended.
    pub ended_ms: Option<i64>,
}

impl JobEntry {
    /// Whether it has not ended.
    pub fn is_running(&self) -> bool {
        matches!(self.state, JobState::Running | JobState::Cancelling)
    }
}

/// All jobs, oldest first.
#[derive(Debug, Clone, Default)]
pub struct JobBoard {
    entries: Vec<JobEntry>,
}

impl JobBoard {
    /// All jobs, oldest first.
    pub fn entries(&self) -> &[JobEntry] {
        &self.entries
    }

    /// Writes a job down; drops the oldest that ended.
    pub fn add(&mut self, entry: JobEntry) {
        self.entries.push(entry);
        if self.entries.len() > KEPT
            && let Some(oldest) = self.entries.iter().position(|e| !e.is_running())
        {
            self.entries.remove(oldest);
        }
    }

    /// A job by its number.
    pub fn get(&self, id: JobId) -> Option<&JobEntry> {
        self.entries.iter().find(|e| e.id == id)
    }

    /// A job by its number, to be changed.
    pub fn get_mut(&mut self, id: JobId) -> Option<&mut JobEntry> {
        self.entries.iter_mut().find(|e| e.id == id)
    }

    /// Those that have not ended.
    pub fn running(&self) -> impl Iterator<Item = &JobEntry> {
        self.entries.iter().filter(|e| e.is_running())
    }

    /// The newest that runs in a slot of a view.
    pub fn running_in(&self, view: ViewId, slot: Slot) -> Option<&JobEntry> {
        self.entries.iter().rev().find(|e| e.is_running() && e.view == view && e.slot == slot)
    }
}
