//! Runs tasks: each as a tokio task of its own, with a monitor and a line back. A panic in one fails that one only.
//! Knows nothing of views.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinError};

use super::task::{AnyTask, Cancel, JobId, Report};
use crate::Error;
use crate::catalog::Lake;
use crate::monitor::{Monitor, Progress};

/// How many reports wait before tasks have to.
const WAITING: usize = 64;

/// The jobs that run.
#[derive(Debug)]
pub struct Jobs {
    lake: Lake,
    running: HashMap<JobId, Running>,
    out: mpsc::Sender<(JobId, Report)>,
}

#[derive(Debug)]
struct Running {
    monitor: Monitor,
    abort: AbortHandle,
    cancel: Cancel,
    seen: Progress,
}

impl Jobs {
    /// No jobs yet, and where their reports come out.
    pub fn new(lake: Lake) -> (Self, mpsc::Receiver<(JobId, Report)>) {
        let (out, reports) = mpsc::channel(WAITING);
        (Self { lake, running: HashMap::new(), out }, reports)
    }

    /// Starts a task. Its last report is [`Report::Done`] or [`Report::Failed`], whatever happens.
    pub fn start(&mut self, id: JobId, task: Arc<dyn AnyTask>) {
        let (monitor, lake, out) = (Monitor::new(), self.lake.clone(), self.out.clone());
        let (cancel, at_work, title) = (task.cancel(), monitor.clone(), task.title());
        let work = tokio::spawn(async move { task.run(&lake, at_work, id, out).await });
        self.running.insert(id, Running { monitor, abort: work.abort_handle(), cancel, seen: Progress::default() });
        let out = self.out.clone();
        tokio::spawn(async move {
            let end = match work.await {
                Ok(Ok(())) => Report::Done,
                Ok(Err(error)) => Report::Failed(Arc::new(error)),
                Err(died) => Report::Failed(Arc::new(death(&title, died))),
            };
            // Nobody listens any more once the shell is gone.
            out.send((id, end)).await.ok();
        });
    }

    /// Cancels a job in the way that its task allows.
    pub fn cancel(&mut self, id: JobId) {
        if let Some(job) = self.running.get(&id) {
            match job.cancel {
                Cancel::Drop => {
                    job.monitor.cancel();
                    job.abort.abort();
                }
                Cancel::Cooperative => job.monitor.cancel(),
                Cancel::Never => {}
            }
        }
    }

    /// A job has ended.
    pub fn ended(&mut self, id: JobId) {
        self.running.remove(&id);
    }

    /// Whether nothing runs.
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// How far each job is that got further since it was asked last.
    pub fn news(&mut self) -> Vec<(JobId, Progress)> {
        let mut news = Vec::new();
        for (id, job) in &mut self.running {
            let progress = job.monitor.progress();
            if progress != job.seen {
                job.seen = progress.clone();
                news.push((*id, progress));
            }
        }
        news
    }
}

/// A task that was dropped was cancelled; one that panicked is a fault of icedeck.
fn death(title: &str, died: JoinError) -> Error {
    if died.is_cancelled() {
        return Error::cancelled();
    }
    let payload = died.into_panic();
    let said = payload.downcast_ref::<&str>().map(|s| (*s).to_string());
    let said = said.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
    Error::bug(format!("{title} failed unexpectedly: {said}")).hint("this is a fault of icedeck: please report it")
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::app::task::{Feed, Task};
    use crate::env::Env;

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Odd {
        Panics,
        Hangs(Cancel),
        Counts,
    }

    #[async_trait]
    impl Task for Odd {
        type Part = u32;

        fn title(&self) -> String {
            "odd work".into()
        }

        fn cancel(&self) -> Cancel {
            if let Odd::Hangs(cancel) = self { *cancel } else { Cancel::Drop }
        }

        async fn run(&self, _lake: &Lake, feed: &Feed<u32>) -> crate::Result<()> {
            match self {
                Odd::Panics => panic!("what now"),
                Odd::Hangs(_) => {
                    feed.monitor().cancelled().await;
                    Err(Error::cancelled().hint("cleaned up"))
                }
                Odd::Counts => {
                    for i in 0..200 {
                        feed.send(i).await?;
                    }
                    Ok(())
                }
            }
        }
    }

    async fn end_of(task: Odd, cancel: bool) -> (usize, Option<Arc<Error>>) {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::embedded(&Env::fixed(folder.path(), 0)).await.unwrap();
        let (mut jobs, mut reports) = Jobs::new(lake);
        jobs.start(JobId(1), Arc::new(task));
        if cancel {
            jobs.cancel(JobId(1));
        }
        let mut parts = 0;
        loop {
            match reports.recv().await.unwrap().1 {
                Report::Part(_) => parts += 1,
                Report::Done => return (parts, None),
                Report::Failed(error) => return (parts, Some(error)),
            }
        }
    }

    #[tokio::test]
    async fn a_panic_fails_the_job_and_nothing_else() {
        let (_, error) = end_of(Odd::Panics, false).await;
        assert_eq!(error.unwrap().to_string(), "odd work failed unexpectedly: what now");
    }

    #[tokio::test]
    async fn a_dropped_job_ends_cancelled_and_a_cooperative_one_says_how() {
        assert!(end_of(Odd::Hangs(Cancel::Drop), true).await.1.unwrap().is_cancelled());
        let told = end_of(Odd::Hangs(Cancel::Cooperative), true).await.1.unwrap();
        assert_eq!(told.hints(), ["cleaned up"]);
    }

    #[tokio::test]
    async fn every_part_comes_through_the_bounded_line() {
        assert_eq!(end_of(Odd::Counts, false).await.0, 200);
    }
}
