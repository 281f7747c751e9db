//! The one object of a writing verb that ended before it had one to print: a script that asked for JSON reads how it
//! ended there, too. What a person reads is on standard error already.

use serde::Serialize;

use super::{Context, Exit, Format, Verb};
use crate::recovery::Word;
use crate::{Error, Kind, Result};

/// What a writing verb is about, as far as its arguments say.
#[derive(Debug, Default)]
pub struct About {
    table: Option<String>,
}

/// What `-o json` prints. Fields that do not apply, or are not known, are absent.
#[derive(Debug, Serialize)]
struct Unmade<'a> {
    outcome: Word,
    #[serde(skip_serializing_if = "Option::is_none")]
    ingest_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl About {
    /// Nothing for a verb that reads, and for the demo, which prints no outcome when it is well either.
    pub fn of(verb: &Verb) -> Option<Self> {
        let table = match verb {
            Verb::Demo(_) => return None,
            verb if !verb.writes() => return None,
            Verb::Alter(args) => Some(args.table.to_string()),
            Verb::Branch(args) => args.table(),
            Verb::CherryPick(args) => Some(args.table.to_string()),
            Verb::Create(args) => Some(args.table.to_string()),
            Verb::Delete(args) => Some(args.table.to_string()),
            Verb::Drop(args) => Some(args.table.to_string()),
            Verb::Expire(args) => Some(args.table.to_string()),
            Verb::FastForward(args) => Some(args.table.to_string()),
            Verb::Ingest(args) => args.table(),
            Verb::Redo(args) => Some(args.table.to_string()),
            Verb::Rename(args) => Some(args.table.to_string()),
            Verb::Restore(args) => Some(args.table.to_string()),
            Verb::Rollback(args) => Some(args.table.to_string()),
            Verb::Tag(args) => args.table(),
            Verb::Undo(args) => Some(args.table.to_string()),
            _ => None,
        };
        Some(Self { table })
    }

    /// Prints it, where JSON is asked for and nothing was printed.
    ///
    /// # Errors
    /// Those of standard output.
    pub fn print(&self, ended: &Result<Exit>, context: &Context) -> Result<()> {
        let well = matches!(ended, Ok(Exit::Done));
        if well || context.out.format != Format::Json || context.out.has_printed() {
            return Ok(());
        }
        let error = ended.as_ref().err().or(context.refused.get());
        let named =
            |name: &str| error.and_then(|e| e.context().iter().find(|(n, _)| *n == name)).map(|(_, v)| v.as_str());
        let hints = error.map(Error::hints).unwrap_or_default();
        context.out.object(&Unmade {
            // How it stands is told by the error alone: an exit without one has not come as far as sending.
            outcome: if error.is_some_and(|e| e.kind() == Kind::Unknown) { Word::Unknown } else { Word::NotSent },
            ingest_id: named("ingest"),
            table: self.table.as_deref().or(named("table")),
            namespace: named("namespace"),
            branch: named("branch"),
            reason: error.map(ToString::to_string),
            hint: (!hints.is_empty()).then(|| hints.join("; ")),
        })
    }
}
