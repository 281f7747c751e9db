//! What happens to the program, as plain data.

use crossterm::event::{KeyEvent, MouseEvent};

use super::task::{JobId, Report};
use crate::monitor::Progress;

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse was used.
    Mouse(MouseEvent),
    /// The terminal has another size, or shows something else than it should.
    Resize,
    /// A job has something to say.
    Report(JobId, Report),
    /// Jobs are further than they were.
    Progress(Vec<(JobId, Progress)>),
    /// Time has passed: views may look whether they are stale.
    Check,
    /// The world could not do what was asked; the line says what.
    Trouble(String),
    /// The program shall end: SIGTERM, SIGHUP, or the terminal is gone.
    Terminate,
}
