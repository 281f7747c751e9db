//! What runs and what ran: progress, rate, time left, how it ended. Cancels jobs; starts none.

use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::widgets::human;
use super::widgets::listing::{Listing, Look};
use super::widgets::load;
use super::widgets::shown::{Column, Shown};
use crate::app::action::{Action, Offer};
use crate::app::board::{JobEntry, JobState};
use crate::app::chord::Chord;
use crate::app::effect::Effect;
use crate::app::route::Route;
use crate::app::task::Cancel;
use crate::app::theme::Tone;
use crate::app::view::{Context, RawText, View};
use crate::monitor::Progress;

/// Its name on the command line.
pub const NAME: &str = "jobs";

/// How a job looks.
#[derive(Debug, Clone)]
struct Jobs;

impl Look for Jobs {
    type Row = JobEntry;

    fn columns(&self, _sample: Option<&JobEntry>) -> Vec<Column> {
        vec![
            Column::new("job").right(),
            Column::new("what"),
            Column::new("state"),
            Column::new("progress"),
            Column::new("rate").right().spare(2),
            Column::new("left").right().spare(1),
            Column::new("took").right().spare(3),
        ]
    }

    fn key(&self, row: &JobEntry) -> String {
        row.id.0.to_string()
    }

    fn show(&self, row: &JobEntry, now_ms: i64) -> Vec<Shown> {
        let took = row.ended_ms.unwrap_or(now_ms).saturating_sub(row.started_ms).max(0);
        vec![
            Shown::count(row.id.0),
            Shown::text(&row.title),
            state(row),
            progress(row),
            Shown::or_missing(rate(row, took), |rate| Shown::text(format!("{}/s", human::bytes(rate)))),
            Shown::or_missing(left_ms(row, took), |ms| Shown::text(human::span(ms))),
            Shown::text(human::span(took)).by(took),
        ]
    }
}

fn progress(job: &JobEntry) -> Shown {
    match job.progress == Progress::default() {
        true => Shown::missing(),
        false => Shown::text(load::progress_line(&job.progress)).tone(Tone::Dim),
    }
}

fn state(job: &JobEntry) -> Shown {
    match &job.state {
        JobState::Running => Shown::word("running").tone(Tone::Accent),
        JobState::Cancelling => Shown::word("cancelling").tone(Tone::Warning),
        JobState::Done => Shown::word("done").tone(Tone::Added),
        JobState::Failed(error) if error.is_cancelled() => Shown::word("cancelled").tone(Tone::Dim),
        JobState::Failed(error) => Shown::text(format!("failed: {error}")).tone(Tone::Danger),
    }
}

/// Bytes a second; nothing before there are some.
fn rate(job: &JobEntry, took_ms: i64) -> Option<u64> {
    let took = u64::try_from(took_ms).ok().filter(|ms| *ms > 0)?;
    (job.progress.bytes > 0).then(|| job.progress.bytes.saturating_mul(1000) / took)
}

/// Milliseconds that it will still take at this rate.
fn left_ms(job: &JobEntry, took_ms: i64) -> Option<i64> {
    let rate = rate(job, took_ms).filter(|rate| *rate > 0 && job.is_running())?;
    let left = job.progress.total_bytes.checked_sub(job.progress.bytes).filter(|_| job.progress.total_bytes > 0)?;
    i64::try_from(left.saturating_mul(1000) / rate).ok()
}

/// The view.
#[derive(Debug)]
pub struct JobsView {
    route: Route,
    listing: Listing<Jobs>,
}

impl JobsView {
    /// A view of all jobs.
    pub fn new(route: Route) -> Self {
        Self { route, listing: Listing::new(Jobs) }
    }
}

impl View for JobsView {
    fn route(&self) -> Route {
        self.route.clone()
    }

    fn status(&self, cx: &Context<'_>) -> String {
        format!("{} running", cx.jobs.running().count())
    }

    fn offers(&self, _cx: &Context<'_>) -> Vec<Offer> {
        let mut offers = Vec::new();
        if self.listing.current().is_some_and(|job| job.is_running() && job.cancel != Cancel::Never) {
            offers.push(Action::CancelJob.into());
        }
        if self.listing.current().is_some() {
            offers.push(Action::Raw.called("whole story"));
            offers.push(Action::Copy.into());
        }
        let quiet = [Action::Down, Action::Up, Action::PageDown, Action::PageUp, Action::Top, Action::Bottom];
        offers.extend(quiet.map(Offer::from));
        offers
    }

    fn act(&mut self, action: Action, _cx: &Context<'_>) -> Vec<Effect> {
        if action == Action::CancelJob {
            return self.listing.current().map(|job| Effect::CancelJob(job.id)).into_iter().collect();
        }
        self.listing.act(action);
        Vec::new()
    }

    fn key(&mut self, key: KeyEvent, cx: &Context<'_>) -> Vec<Effect> {
        if let Some(letter) = Chord::from(key).character() {
            self.listing.sort_by_letter(letter, cx.reserved);
        }
        Vec::new()
    }

    fn mouse(&mut self, mouse: MouseEvent, _cx: &Context<'_>) -> Vec<Effect> {
        self.listing.mouse(mouse);
        Vec::new()
    }

    fn watch(&mut self, cx: &Context<'_>) -> Vec<Effect> {
        self.listing.replace(cx.jobs.entries().iter().rev().cloned().collect());
        Vec::new()
    }

    fn raw(&self) -> Option<RawText> {
        let job = self.listing.current()?;
        let end = match &job.state {
            JobState::Failed(error) => error.report(),
            other => format!("{other:?}").to_lowercase(),
        };
        let ended = job.ended_ms.map(human::moment).unwrap_or_else(|| "not yet".to_string());
        let text = format!(
            "{}\n\nstarted  {}\nended    {ended}\nprogress {}\n\n{end}",
            job.title,
            human::moment(job.started_ms),
            load::progress_line(&job.progress)
        );
        Some(RawText { title: format!("job {}", job.id.0), text })
    }

    fn copied(&self, _: &Context<'_>) -> Option<String> {
        self.raw().map(|raw| raw.text)
    }

    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let title = human::counted(self.listing.rows().len(), "job");
        let inner = load::pane(&title, true, area, buf, cx);
        if self.listing.rows().is_empty() {
            return load::empty(&["Nothing has run yet".to_string()], inner, buf, cx);
        }
        self.listing.render(inner, buf, cx);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::effect::Slot;
    use crate::app::task::JobId;
    use crate::app::view::ViewId;

    #[test]
    fn rate_and_time_left_come_from_bytes() {
        let progress = Progress { stage: "staging", rows: 10, bytes: 2048, total_bytes: 8192, files: 1, attempts: 0 };
        let job = JobEntry {
            id: JobId(7),
            view: ViewId(1),
            slot: Slot::MAIN,
            title: "load a.csv".into(),
            cancel: Cancel::Cooperative,
            state: JobState::Running,
            progress,
            started_ms: 0,
            ended_ms: None,
        };
        let shown: Vec<_> = Jobs.show(&job, 2000).into_iter().map(|s| s.text.into_owned()).collect();
        assert_eq!(
            shown,
            ["7", "load a.csv", "running", "staging 10 rows, 1 files, 2.0 KiB of 8.0 KiB", "1.0 KiB/s", "6 s", "2 s"]
        );
    }
}
