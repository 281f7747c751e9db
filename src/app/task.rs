//! Work as plain data, and the line on which its answers come back. A task knows the lake and nothing of the shell;
//! what runs it is `jobs`.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::catalog::Lake;
use crate::monitor::Monitor;
use crate::{Error, Result};

/// The number of a job, never used twice in one run of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// How a job may be cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cancel {
    /// It is dropped where it stands: reads.
    Drop,
    /// It is asked to stop, cleans up after itself and says when it is done: staging.
    Cooperative,
    /// It cannot be cancelled; quitting waits for it: the request that commits.
    Never,
}

/// Work as data. `run` sends parts while it goes and returns when it is done; the shell tells the view the end.
#[async_trait]
pub trait Task: fmt::Debug + Send + Sync + 'static {
    /// What it sends: usually a chunk of rows, or one whole answer.
    type Part: Send + 'static;

    /// What it does, for the list of jobs: "snapshots of sales.orders".
    fn title(&self) -> String;

    /// How it may be cancelled.
    fn cancel(&self) -> Cancel {
        Cancel::Drop
    }

    /// Does it. Long work calls `feed.monitor()` often.
    ///
    /// # Errors
    /// Whatever went wrong; a cancelled task ends in [`Error::cancelled`].
    async fn run(&self, lake: &Lake, feed: &Feed<Self::Part>) -> Result<()>;
}

/// What a job tells the view that started it.
#[derive(Debug)]
pub enum Report {
    /// A part of the answer.
    Part(Part),
    /// It is done, all parts were sent.
    Done,
    /// It failed, was cancelled or panicked; parts that came before are not the whole.
    Failed(Arc<Error>),
}

/// A part of an answer, of the type that the task sends.
pub struct Part(Box<dyn Any + Send>);

impl Part {
    /// Wraps a part.
    pub fn new<T: Send + 'static>(part: T) -> Self {
        Self(Box::new(part))
    }

    /// The part, where it is of type `T`; otherwise itself again.
    ///
    /// # Errors
    /// Itself, when it is of another type.
    pub fn take<T: 'static>(self) -> Result<T, Part> {
        self.0.downcast().map(|part| *part).map_err(Part)
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Part")
    }
}

/// The line from a running task to the view that asked. Bounded: a task that is faster than the screen waits.
#[derive(Debug)]
pub struct Feed<T> {
    monitor: Monitor,
    job: JobId,
    out: mpsc::Sender<(JobId, Report)>,
    part: PhantomData<fn(T)>,
}

impl<T: Send + 'static> Feed<T> {
    /// A line for one job.
    pub fn new(monitor: Monitor, job: JobId, out: mpsc::Sender<(JobId, Report)>) -> Self {
        Self { monitor, job, out, part: PhantomData }
    }

    /// Progress out, cancellation in.
    pub fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// Sends a part; waits while the shell is busy.
    ///
    /// # Errors
    /// Cancelled, when the task was cancelled or the shell is gone.
    pub async fn send(&self, part: T) -> Result<()> {
        self.monitor.check()?;
        self.out.send((self.job, Report::Part(Part::new(part)))).await.map_err(|_| Error::cancelled())
    }

    /// Sends how work ended, also when it was asked to stop meanwhile: what was done is always told.
    ///
    /// # Errors
    /// Cancelled, when the shell is gone.
    pub async fn last(&self, part: T) -> Result<()> {
        self.out.send((self.job, Report::Part(Part::new(part)))).await.map_err(|_| Error::cancelled())
    }

    /// Sends a part from a thread that may wait.
    ///
    /// # Errors
    /// Cancelled, when the task was cancelled or the shell is gone.
    pub fn blocking_send(&self, part: T) -> Result<()> {
        self.monitor.check()?;
        self.out.blocking_send((self.job, Report::Part(Part::new(part)))).map_err(|_| Error::cancelled())
    }
}

/// A task whatever it sends, so that tasks of all views run alike.
#[async_trait]
pub trait AnyTask: fmt::Debug + Send + Sync {
    /// As [`Task::title`].
    fn title(&self) -> String;
    /// As [`Task::cancel`].
    fn cancel(&self) -> Cancel;
    /// As [`Task::run`].
    async fn run(&self, lake: &Lake, monitor: Monitor, job: JobId, out: mpsc::Sender<(JobId, Report)>) -> Result<()>;
}

#[async_trait]
impl<T: Task> AnyTask for T {
    fn title(&self) -> String {
        Task::title(self)
    }

    fn cancel(&self) -> Cancel {
        Task::cancel(self)
    }

    async fn run(&self, lake: &Lake, monitor: Monitor, job: JobId, out: mpsc::Sender<(JobId, Report)>) -> Result<()> {
        Task::run(self, lake, &Feed::new(monitor, job, out)).await
    }
}
