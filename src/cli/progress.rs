//! How far work is, as a bar on standard error; nothing where nobody looks.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;

use crate::monitor::{Monitor, Progress};

/// A bar that follows a monitor until it is cleared or dropped.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    following: JoinHandle<()>,
}

impl Bar {
    /// Follows a monitor. Call it within a tokio runtime.
    pub fn of(monitor: &Monitor) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        let (shown, mut progress) = (bar.clone(), monitor.watch());
        let following = tokio::spawn(async move {
            while progress.changed().await.is_ok() {
                show(&shown, &progress.borrow_and_update().clone());
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        Self { bar, following }
    }

    /// Takes the bar away while something else is written to the terminal.
    pub fn pause(&self) {
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
    }

    /// Shows it again.
    pub fn go_on(&self) {
        self.bar.reset();
        self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
    }

    /// Takes the bar away for good.
    pub fn clear(&self) {
        self.following.abort();
        self.bar.finish_and_clear();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

fn show(bar: &ProgressBar, now: &Progress) {
    let known = now.total_bytes > 0;
    if known && bar.length() != Some(now.total_bytes) {
        bar.set_length(now.total_bytes);
        bar.reset_elapsed();
    }
    if let Ok(style) = ProgressStyle::with_template(template(known)) {
        bar.set_style(style);
    }
    bar.set_position(now.bytes);
    let rows = indicatif::HumanCount(now.rows);
    bar.set_message(format!("{}: {rows} rows", now.stage));
}

fn template(known: bool) -> &'static str {
    if known { "{bar:30} {bytes}/{total_bytes} {msg}, {bytes_per_sec}, {eta} left" } else { "{spinner} {msg}" }
}
