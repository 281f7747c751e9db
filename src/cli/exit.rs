//! How a verb ends, as a number a script can act on. Nothing here prints.

use std::process::ExitCode;

use crate::{Error, Kind};

/// The exit status of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Exit {
    /// Done; also a dry run.
    Done,
    /// Failed, nothing changed.
    Failed,
    /// Wrong usage; also a writing verb that was not confirmed.
    Usage,
    /// The table changed meanwhile; the staged files and the journal are kept.
    Rejected,
    /// Nobody knows whether it landed; of a load the journal is kept.
    Unknown,
    /// Rows or columns that do not fit.
    Unfit,
    /// Interrupted, nothing committed.
    Interrupted,
}

impl Exit {
    /// The number: 0, 1, 2, 3, 4, 5 or 130.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Rejected => 3,
            Exit::Unknown => 4,
            Exit::Unfit => 5,
            Exit::Interrupted => 130,
        }
    }

    /// How a verb that failed with this error ends.
    pub fn of(error: &Error) -> Self {
        match error.kind() {
            Kind::Cancelled => Exit::Interrupted,
            Kind::Unknown => Exit::Unknown,
            _ => Exit::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}
