//! The loop: waits, lets the state change, does what that asks of the world, draws. Input and screen are parameters, so
//! that tests run this very loop. While nothing happens it does not wake up.

use std::time::Duration;

use crossterm::event::{Event as Input, KeyEventKind};
use futures::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::{Position, Rect};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::effect::{Notice, Outward, Sent, Weight};
use super::event::Event;
use super::jobs::Jobs;
use super::state::App;
use super::task::{JobId, Report};
use crate::catalog::Lake;
use crate::{Error, Kind, Result};

/// At most 60 drawings a second.
const BETWEEN_DRAWINGS: Duration = Duration::from_millis(16);
/// A key need not wait that long for its answer: so soon after a drawing comes the next one.
const BEFORE_AN_ANSWER: Duration = Duration::from_millis(4);
/// How often running jobs are asked how far they are.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// How long a program that is told to end waits for work to clean up after itself.
const LAST_WAIT: Duration = Duration::from_secs(5);
/// How many events are handled before the screen gets its turn.
const AT_ONCE: usize = 512;

/// What comes into the loop from outside.
#[derive(Debug)]
pub enum Incoming {
    /// The terminal says something.
    Input(Input),
    /// SIGTERM, SIGHUP.
    Terminate,
    /// The program was stopped and goes on: SIGCONT.
    Continued,
}

/// What the loop can do to the terminal beside drawing on it.
pub trait World {
    /// Copies to the clipboard.
    ///
    /// # Errors
    /// Where the terminal is gone.
    fn copy(&mut self, text: &str) -> Result<()>;

    /// Switches mouse reports.
    ///
    /// # Errors
    /// Where the terminal is gone.
    fn set_mouse(&mut self, on: bool) -> Result<()>;

    /// Stops the program until it is continued.
    ///
    /// # Errors
    /// Where the terminal is gone.
    fn suspend(&mut self) -> Result<()>;

    /// Takes the terminal again after the program was stopped from outside.
    ///
    /// # Errors
    /// Where the terminal is gone.
    fn resume(&mut self) -> Result<()>;

    /// Appends to the command log's file.
    ///
    /// # Errors
    /// Where the disk refuses.
    fn log(&mut self, sent: &Sent) -> Result<()>;
}

/// The loop and what it needs.
#[derive(Debug)]
pub struct EventLoop<'a, B: Backend, W: World> {
    /// The state.
    pub app: App,
    /// What is drawn on.
    pub terminal: &'a mut Terminal<B>,
    /// The world outside.
    pub world: &'a mut W,
    jobs: Jobs,
    reports: mpsc::Receiver<(JobId, Report)>,
    clock: crate::env::Env,
    is_dirty: bool,
    must_clear: bool,
    drawn: Instant,
    next_drawing: Instant,
    next_look: Instant,
    between_checks: Option<Duration>,
    next_check: Instant,
    deadline: Option<Instant>,
    input_ended: bool,
    settled: watch::Sender<u64>,
}

impl<'a, B, W> EventLoop<'a, B, W>
where
    B: Backend,
    B::Error: std::error::Error + Send + Sync + 'static,
    W: World,
{
    /// A loop about to start; `first` is what the state asked for when it was made.
    pub fn new(lake: Lake, app: App, first: Vec<Outward>, terminal: &'a mut Terminal<B>, world: &'a mut W) -> Self {
        let clock = lake.env().clone();
        let (jobs, reports) = Jobs::new(lake);
        let now = Instant::now();
        let mut made = Self {
            app,
            terminal,
            world,
            jobs,
            reports,
            clock,
            is_dirty: true,
            must_clear: false,
            drawn: now,
            next_drawing: now,
            next_look: now,
            between_checks: None,
            next_check: now,
            deadline: None,
            input_ended: false,
            settled: watch::Sender::new(0),
        };
        made.perform(first);
        made
    }

    /// Lets views look at this interval whether they are stale; without it they never do.
    #[must_use]
    pub fn checking(mut self, between: Option<Duration>) -> Self {
        self.between_checks = between;
        self.next_check = Instant::now() + between.unwrap_or_default();
        self
    }

    /// Counts how often the loop came to rest: everything is handled and drawn, and no job runs. Scripted input waits
    /// for it.
    pub fn settled(&self) -> watch::Receiver<u64> {
        self.settled.subscribe()
    }

    /// Runs until the console is left.
    ///
    /// # Errors
    /// Where the terminal cannot be drawn on any more.
    pub async fn run(mut self, input: impl Stream<Item = Incoming> + Unpin) -> Result<App> {
        let mut input = input;
        while !self.app.is_leaving() {
            if self.is_dirty && Instant::now() >= self.next_drawing {
                self.draw()?;
            }
            if !self.is_dirty && self.jobs.is_empty() {
                self.settled.send_modify(|count| *count += 1);
            }
            if !self.wait(&mut input).await {
                break;
            }
            self.drain(&mut input).await;
        }
        Ok(self.app)
    }

    /// Waits for one thing to happen and handles it; false when there is nothing left to wait for.
    async fn wait(&mut self, input: &mut (impl Stream<Item = Incoming> + Unpin)) -> bool {
        let working = !self.jobs.is_empty();
        let deadline = self.deadline.unwrap_or(self.next_drawing);
        tokio::select! {
            biased;
            incoming = input.next(), if !self.input_ended => self.incoming(incoming),
            Some((id, report)) = self.reports.recv() => self.report(id, report),
            () = sleep_until(self.next_drawing), if self.is_dirty => {}
            () = sleep_until(self.next_look), if working => self.look(),
            () = sleep_until(self.next_check), if self.between_checks.is_some() => {
                self.next_check = Instant::now() + self.between_checks.unwrap_or_default();
                self.happened(Event::Check);
            }
            () = sleep_until(deadline), if self.deadline.is_some() => return false,
        }
        true
    }

    /// Handles what is waiting already, so that a flood of events costs one drawing. The input is asked with the waker of
    /// this task: the terminal's stream keeps the one it was asked with first.
    async fn drain(&mut self, input: &mut (impl Stream<Item = Incoming> + Unpin)) {
        for _ in 0..AT_ONCE {
            if self.app.is_leaving() {
                return;
            }
            if !self.input_ended
                && let std::task::Poll::Ready(incoming) = futures::poll!(input.next())
            {
                self.incoming(incoming);
            } else if let Ok((id, report)) = self.reports.try_recv() {
                self.report(id, report);
            } else {
                return;
            }
        }
    }

    fn incoming(&mut self, incoming: Option<Incoming>) {
        let event = match incoming {
            Some(Incoming::Input(Input::Key(key))) if key.kind != KeyEventKind::Release => {
                self.next_drawing = self.next_drawing.min(self.drawn + BEFORE_AN_ANSWER);
                Event::Key(key)
            }
            Some(Incoming::Input(Input::Paste(text))) => Event::Paste(text),
            Some(Incoming::Input(Input::Mouse(mouse))) => match mouse.kind {
                crossterm::event::MouseEventKind::Moved => return,
                _ => Event::Mouse(mouse),
            },
            Some(Incoming::Input(Input::Resize(..))) => {
                self.must_clear = true;
                Event::Resize
            }
            Some(Incoming::Input(_)) => return,
            Some(Incoming::Continued) => {
                if let Err(error) = self.world.resume() {
                    return self.happened(Event::Trouble(error.to_string()));
                }
                self.must_clear = true;
                Event::Resize
            }
            Some(Incoming::Terminate) => {
                self.deadline.get_or_insert(Instant::now() + LAST_WAIT);
                Event::Terminate
            }
            None => {
                self.input_ended = true;
                self.deadline.get_or_insert(Instant::now() + LAST_WAIT);
                Event::Terminate
            }
        };
        self.happened(event);
    }

    fn report(&mut self, id: JobId, report: Report) {
        if matches!(report, Report::Done | Report::Failed(_)) {
            let news = self.jobs.news();
            self.jobs.ended(id);
            if !news.is_empty() {
                self.happened(Event::Progress(news));
            }
        }
        self.happened(Event::Report(id, report));
    }

    fn look(&mut self) {
        self.next_look = Instant::now() + BETWEEN_LOOKS;
        let news = self.jobs.news();
        self.happened(Event::Progress(news));
    }

    fn happened(&mut self, event: Event) {
        self.is_dirty = true;
        let outward = self.app.update(event, self.clock.now_ms());
        self.perform(outward);
    }

    /// The only place that spawns, writes and copies.
    fn perform(&mut self, outward: Vec<Outward>) {
        for one in outward {
            let done = match one {
                Outward::Start(id, task) => {
                    if self.jobs.is_empty() {
                        self.next_look = Instant::now() + BETWEEN_LOOKS;
                    }
                    self.jobs.start(id, task);
                    Ok(())
                }
                Outward::Cancel(id) => {
                    self.jobs.cancel(id);
                    Ok(())
                }
                Outward::Copy(text) => self.world.copy(&text),
                Outward::Log(sent) => self.world.log(&sent),
                Outward::Trace(notice) => {
                    trace(&notice);
                    Ok(())
                }
                Outward::Suspend => {
                    self.must_clear = true;
                    self.world.suspend()
                }
                Outward::Redraw => {
                    self.must_clear = true;
                    Ok(())
                }
                Outward::Mouse(on) => self.world.set_mouse(on),
                Outward::Quit => Ok(()),
            };
            if let Err(error) = done {
                let more = self.app.update(Event::Trouble(error.to_string()), self.clock.now_ms());
                more.iter().for_each(|one| {
                    if let Outward::Trace(notice) = one {
                        trace(notice)
                    }
                });
            }
        }
    }

    fn draw(&mut self) -> Result<()> {
        let failed = |e: B::Error| Error::new(Kind::Unavailable, "cannot draw on the terminal").caused_by(e);
        if std::mem::take(&mut self.must_clear) {
            // Unlike `clear`, this does not ask the terminal where its cursor is: the answer would come in among the keys.
            let size = self.terminal.size().map_err(failed)?;
            self.terminal.resize(Rect::from((Position::ORIGIN, size))).map_err(failed)?;
        }
        let app = &mut self.app;
        self.terminal.draw(|frame| app.draw(frame)).map_err(failed)?;
        self.is_dirty = false;
        self.drawn = Instant::now();
        self.next_drawing = self.drawn + BETWEEN_DRAWINGS;
        Ok(())
    }
}

fn trace(notice: &Notice) {
    let told = if notice.story.is_empty() { &notice.text } else { &notice.story };
    match notice.weight {
        Weight::Info => tracing::info!("{told}"),
        Weight::Warning => tracing::warn!("{told}"),
        Weight::Error => tracing::error!("{told}"),
    }
}
