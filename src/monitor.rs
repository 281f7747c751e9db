//! Progress out of a piece of work and cancellation into it. Knows nothing of what the work is.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{Error, Result};

/// How far a piece of work is. Totals are zero while they are unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// What is being done, in a word or two: "reading", "committing".
    pub stage: &'static str,
    /// Rows done.
    pub rows: u64,
    /// Bytes of the input done.
    pub bytes: u64,
    /// Bytes of the input in all; zero while unknown.
    pub total_bytes: u64,
    /// Files finished.
    pub files: u64,
    /// Requests to the catalog that would change something, so far.
    pub attempts: u32,
}

/// A handle that work carries: it reports progress and learns that it shall stop. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Monitor {
    progress: Arc<watch::Sender<Progress>>,
    cancel: CancellationToken,
}

impl Default for Monitor {
    fn default() -> Self {
        Self { progress: Arc::new(watch::Sender::new(Progress::default())), cancel: CancellationToken::new() }
    }
}

impl Monitor {
    /// A fresh monitor: no progress yet, not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes the progress and wakes whoever watches.
    pub fn update(&self, change: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(change);
    }

    /// How far the work is now.
    pub fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// A receiver that is woken at each change.
    pub fn watch(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Asks the work to stop. It does so at its next [`check`](Self::check).
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Whether it was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Waits until it is asked to stop.
    pub async fn cancelled(&self) {
        self.cancel.cancelled().await;
    }

    /// # Errors
    /// [`Kind::Cancelled`](crate::Kind::Cancelled) once it was asked to stop.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(Error::cancelled()) } else { Ok(()) }
    }

    /// Runs a future that is dropped when the work is asked to stop.
    ///
    /// # Errors
    /// Those of the future, or [`Kind::Cancelled`](crate::Kind::Cancelled).
    pub async fn until<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.cancelled() => Err(Error::cancelled()),
            done = work => done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_cancelled_future_ends_in_an_error() {
        let monitor = Monitor::new();
        monitor.cancel();
        let end = monitor.until(async { Ok(1) }).await;
        assert!(end.is_err_and(|e| e.is_cancelled()));
        assert!(monitor.check().is_err());
    }
}
