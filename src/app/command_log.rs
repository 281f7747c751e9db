//! The command log's file, `commands.jsonl` in the state folder: each change that a console sent, one JSON object a line.
//! Written by every session, read back by the view of the log. Never holds more than its end.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::effect::Sent;
use crate::env::Env;
use crate::table::Moment;
use crate::{Error, Kind, Result};

/// So many lines are read back at most.
pub const MOST: usize = 1000;
/// So many bytes of the file's end are looked at.
const MOST_BYTES: u64 = 32 << 20;

/// What was read back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Earlier {
    /// The changes, oldest first.
    pub changes: Vec<Sent>,
    /// Lines that could not be understood.
    pub damaged: usize,
}

#[derive(Serialize, Deserialize)]
struct Line {
    at: String,
    what: String,
    outcome: String,
    command: String,
    request: String,
}

/// Where it is.
pub fn path(env: &Env) -> PathBuf {
    env.paths().state.join("commands.jsonl")
}

/// Appends a change.
///
/// # Errors
/// Unavailable where the disk refuses.
pub fn append(path: &Path, sent: &Sent) -> Result<()> {
    let line = Line {
        at: Moment(sent.at_ms).to_string(),
        what: sent.what.clone(),
        outcome: sent.outcome.clone(),
        command: sent.command.clone(),
        request: sent.request.clone(),
    };
    let line =
        serde_json::to_string(&line).map_err(|e| Error::bug("the change cannot be written down").caused_by(e))?;
    let failed = |e: std::io::Error| {
        Error::new(Kind::Unavailable, "cannot write the command log").with("file", path.display()).caused_by(e)
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
    file.write_all(format!("{line}\n").as_bytes()).map_err(failed)
}

/// Reads the last lines back; nothing where there is no file yet. A damaged line is left out and counted.
///
/// # Errors
/// Unavailable where the file cannot be read.
pub fn read(path: &Path) -> Result<Earlier> {
    let failed = |e: std::io::Error| {
        Error::new(Kind::Unavailable, "cannot read the command log").with("file", path.display()).caused_by(e)
    };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Earlier::default()),
        Err(e) => return Err(failed(e)),
    };
    let size = file.metadata().map_err(failed)?.len();
    let first = size.saturating_sub(MOST_BYTES);
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(first)).and_then(|_| file.take(MOST_BYTES).read_to_end(&mut bytes)).map_err(failed)?;
    // Where the file is longer than what is looked at, the first line is not whole.
    let mut lines: Vec<_> = bytes.split(|byte| *byte == b'\n').skip(usize::from(first > 0)).collect();
    lines.retain(|line| !line.is_empty());
    let mut found = Earlier::default();
    for line in lines.into_iter().rev().take(MOST).rev() {
        match parse(line) {
            Some(sent) => found.changes.push(sent),
            None => found.damaged += 1,
        }
    }
    Ok(found)
}

fn parse(line: &[u8]) -> Option<Sent> {
    let Line { at, what, outcome, command, request } = serde_json::from_slice(line).ok()?;
    Some(Sent { at_ms: Moment::parse(&at)?.0, what, outcome, request, command })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(at_ms: i64) -> Sent {
        let text = |text: &str| text.to_string();
        Sent {
            at_ms,
            what: text("append\u{1b}[31m 3 rows"),
            outcome: text("committed"),
            request: text("{\n}"),
            command: text("icedeck ingest"),
        }
    }

    #[test]
    fn what_was_written_is_read_back_and_damage_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/commands.jsonl");
        assert_eq!(read(&path).unwrap(), Earlier::default());
        append(&path, &sent(1_795_248_000_123)).unwrap();
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"at\": \"2026\n\xff\xfe\n{\"at\":\"never\",\"what\":\"\",\"outcome\":\"\"}\n").unwrap();
        append(&path, &sent(1_795_248_000_000)).unwrap();
        let found = read(&path).unwrap();
        assert_eq!(found.changes, [sent(1_795_248_000_123), sent(1_795_248_000_000)]);
        assert_eq!(found.damaged, 3);
    }

    #[test]
    fn only_the_last_lines_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("commands.jsonl");
        let line =
            serde_json::json!({"at": "2026-11-21T08:00:00Z", "what": "", "outcome": "", "command": "", "request": ""});
        fs::write(&path, format!("{line}\n").repeat(MOST + 5)).unwrap();
        append(&path, &sent(7)).unwrap();
        let found = read(&path).unwrap();
        assert_eq!((found.changes.len(), found.damaged), (MOST, 0));
        assert_eq!(found.changes.last(), Some(&sent(7)));
    }
}
