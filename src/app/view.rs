//! What a view is to the shell, and what the shell shows a view. A view holds its own state, changes nothing outside
//! itself but by the effects it returns, reads no clock and does no I/O: that is the work of tasks.

use std::fmt;

use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::action::{Action, Offer};
use super::board::{JobBoard, JobState};
use super::effect::{Answer, Effect, Sent, Slot};
use super::keymap::Keymap;
use super::route::Route;
use super::task::Report;
use super::theme::Styles;
use crate::Error;
use crate::monitor::Progress;
use crate::words::quoted;

/// The number of a view on the stack, never used twice in one run of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ViewId(pub u64);

/// What the shell shows a view: read only.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// How tones look.
    pub styles: &'a Styles,
    /// Which keys ask for what.
    pub keymap: &'a Keymap,
    /// Milliseconds since the epoch, of the last event.
    pub now_ms: i64,
    /// Whether writing verbs are hidden.
    pub read_only: bool,
    /// How a command line begins that is about this lake.
    pub program: &'a str,
    /// The catalog at hand, where a command line must name it.
    pub named: Option<&'a str>,
    /// All jobs.
    pub jobs: &'a JobBoard,
    /// The command log, oldest first.
    pub log: &'a [Sent],
    /// Mistakes in the user's files.
    pub mistakes: &'a [Error],
    /// The details that views were opened with in this session, by their names, the newest last.
    pub details: &'a [(&'static str, String)],
    /// The catalogs by name, the default one first.
    pub catalogs: &'a [String],
    /// The view that is shown.
    pub view: ViewId,
    /// Counts up while something runs.
    pub beat: usize,
    /// Capital letters that are bound to actions which work now: no column is sorted by them.
    pub reserved: &'a [char],
}

impl Context<'_> {
    /// How a command line begins that is about what is shown: `icedeck --catalog NAME`.
    pub fn called(&self) -> String {
        self.named.map_or_else(|| self.program.into(), |name| format!("{} --catalog {}", self.program, quoted(name)))
    }

    /// How far the job in this slot of the view is, while it runs.
    pub fn progress(&self, slot: Slot) -> Option<&Progress> {
        self.jobs.running_in(self.view, slot).map(|job| &job.progress)
    }

    /// Whether the job in this slot was asked to stop and has not ended yet.
    pub fn is_stopping(&self, slot: Slot) -> bool {
        self.jobs.running_in(self.view, slot).is_some_and(|job| matches!(job.state, JobState::Cancelling))
    }

    /// Whether a job runs in this slot of the view.
    pub fn is_running(&self, slot: Slot) -> bool {
        self.progress(slot).is_some()
    }
}

/// What a view shows when the operator asks for the raw thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawText {
    /// What it is: "snapshot 8264310946571773".
    pub title: String,
    /// The text, several lines, not yet made safe.
    pub text: String,
}

/// One screen or dialog. Most views are not written against this trait but are lists (`views::List`) or pages of facts
/// (`views::Page`), which implement it.
pub trait View: fmt::Debug + Send {
    /// Its address.
    fn route(&self) -> Route;

    /// A short text at the right end of the first line: "main@8264…1773 · 3 m ago".
    fn status(&self, _cx: &Context<'_>) -> String {
        String::new()
    }

    /// What works now, the most useful first: feeds keys, hints, help and palette. What the shell itself does (help,
    /// back, quit, the views of the table at hand) is not listed here.
    fn offers(&self, cx: &Context<'_>) -> Vec<Offer>;

    /// Opened, or to be read again: starts its tasks.
    fn open(&mut self, _cx: &Context<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// Looks whether what it shows is still so, at an interval: starts tasks whose answer changes only
    /// [`View::stale`]. The ground never moves under the cursor by itself.
    fn check(&mut self, _cx: &Context<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// What is newer than what it shows: "3 new rows"; nothing as far as it knows.
    fn stale(&self) -> Option<String> {
        None
    }

    /// One of the actions that it offered was asked for.
    fn act(&mut self, action: Action, cx: &Context<'_>) -> Vec<Effect>;

    /// An action that it offered was asked for with words behind its name, `where amount > 10`; nothing where it takes
    /// none.
    fn act_with(&mut self, _action: Action, _words: &str, _cx: &Context<'_>) -> Option<Vec<Effect>> {
        None
    }

    /// Whether it holds work of the operator that is saved nowhere: it is then kept when it loses its place in the
    /// history, and comes back when its address is opened again.
    fn is_unfinished(&self) -> bool {
        false
    }

    /// Whether it takes every key as text now, but those with control.
    fn captures(&self) -> bool {
        false
    }

    /// A key: any while it captures, else one that asks for no action that works now.
    fn key(&mut self, _key: KeyEvent, _cx: &Context<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// Text was pasted.
    fn paste(&mut self, _text: &str, _cx: &Context<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// The mouse, in cells of the screen.
    fn mouse(&mut self, _mouse: MouseEvent, _cx: &Context<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// Called after each event for the view at hand: views of the shell's own state take what they show, and what an
    /// event left to be done is started.
    fn watch(&mut self, _cx: &Context<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// Esc, before the shell leaves the view: gives true where something inside was closed by it (a filter, a pane).
    fn back(&mut self) -> bool {
        false
    }

    /// A report of the task in one of its slots. Late ones never come here.
    fn report(&mut self, _slot: Slot, _report: Report, _cx: &Context<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// A dialog that it had shown was answered.
    fn answer(&mut self, _topic: &'static str, _answer: Answer, _cx: &Context<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// What the raw view shows of the thing under the cursor.
    fn raw(&self) -> Option<RawText> {
        None
    }

    /// What goes to the clipboard.
    fn copied(&self, _: &Context<'_>) -> Option<String> {
        None
    }

    /// Whether it lies over the view beneath instead of in its place.
    fn is_dialog(&self) -> bool {
        false
    }

    /// Draws itself. Changes nothing but scroll offsets.
    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>);

    /// Where the terminal's cursor stands after drawing, where it takes text.
    fn cursor(&self) -> Option<Position> {
        None
    }
}
