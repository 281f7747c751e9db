//! What every verb gets: the world, the lake, where to print, and consent for what it is about to change.

use std::io::{IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use serde::Serialize;

use super::output::{Output, in_a_line};
use super::{Exit, Options};
use crate::catalog::{Connection, Lake, LakeOptions};
use crate::env::Env;
use crate::monitor::Monitor;
use crate::table::text::visible_lines;
use crate::table::{Table, TableAddress};
use crate::words::{quoted, reaching};
use crate::{Error, Kind, Result};

/// How soon a question notices that the program is to stop.
const GLANCE: Duration = Duration::from_millis(50);

/// What every verb gets.
#[derive(Debug)]
pub struct Context {
    /// Clock, ids, folders, variables.
    pub env: Env,
    /// The options that every verb takes.
    pub options: Options,
    /// Standard output.
    pub out: Output,
    /// Progress out, ctrl-c in.
    pub monitor: Monitor,
    /// Why the verb goes no further, where that is no failure: it was not confirmed, or is asked for wrongly.
    pub(super) refused: OnceLock<Error>,
}

/// Whether a change may go ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Consent {
    /// Go ahead.
    Given,
    /// Stop, and end so.
    Refused(Exit),
}

impl Context {
    /// What a verb gets that nothing was said or asked of yet.
    pub fn new(env: Env, options: Options, out: Output, monitor: Monitor) -> Self {
        Self { env, options, out, monitor, refused: OnceLock::new() }
    }

    /// The configured lake; nothing is connected yet.
    ///
    /// # Errors
    /// A configuration that cannot be read.
    pub async fn lake(&self) -> Result<Lake> {
        Lake::open(&self.env, LakeOptions { dry_run: self.options.dry_run, ..self.options.lake() }).await
    }

    /// The table at this address, as it is now; what stands behind `@` is not resolved.
    ///
    /// # Errors
    /// A catalog or table that is not there or does not answer.
    pub async fn table(&self, address: &TableAddress) -> Result<Table> {
        self.lake().await?.table(self.options.catalog.as_deref(), address).await
    }

    /// The table at this address, and the snapshot that stands behind `@`: the current one where nothing does, nothing
    /// where the table has none.
    ///
    /// # Errors
    /// As [`table`](Self::table); an `@` that means nothing.
    pub async fn table_at(&self, address: &TableAddress) -> Result<(Table, Option<i64>)> {
        let table = self.table(address).await?;
        let snapshot_id = table.resolve(address.at.as_deref())?;
        Ok((table, snapshot_id))
    }

    /// Asks before something is changed: `--yes` answers, else a person at a terminal, else it is refused.
    /// `question` says what will happen, in numbers, without a question mark.
    ///
    /// # Errors
    /// A terminal that cannot be read; cancelled, where the program was asked to stop.
    pub fn confirm(&self, question: &str) -> Result<Consent> {
        self.monitor.check()?;
        if self.options.yes { Ok(Consent::Given) } else { self.ask(question) }
    }

    /// As [`confirm`](Self::confirm), for what cannot be taken back: a person has to type `name`.
    ///
    /// # Errors
    /// A terminal that cannot be read; cancelled, where the program was asked to stop.
    pub fn confirm_by_name(&self, question: &str, name: &str) -> Result<Consent> {
        self.monitor.check()?;
        if self.options.yes {
            return Ok(Consent::Given);
        }
        let asked = format!("{question}; it cannot simply be taken back, type {name} to go on");
        Ok(match self.answer(&asked, "")? {
            Ok(answer) if answer == name => Consent::Given,
            Ok(_) => self.declined(),
            Err(exit) => Consent::Refused(exit),
        })
    }

    fn declined(&self) -> Consent {
        self.refused.get_or_init(|| Error::invalid("not confirmed"));
        Consent::Refused(Exit::Failed)
    }

    /// Wrong usage that no parser could see: told, and kept for the outcome object.
    pub fn misused(&self, wrong: Error) -> Exit {
        self.note(&format!("icedeck: {}", wrong.report()));
        self.refused.get_or_init(|| wrong);
        Exit::Usage
    }

    /// As [`confirm`](Self::confirm), whether or not `--yes` was said: for what could not be known before.
    ///
    /// # Errors
    /// A terminal that cannot be read; cancelled, where the program was asked to stop.
    pub fn ask(&self, question: &str) -> Result<Consent> {
        Ok(match self.answer(question, " [y/N]")? {
            Ok(answer) if ["y", "yes"].contains(&answer.to_ascii_lowercase().as_str()) => Consent::Given,
            Ok(_) => self.declined(),
            Err(exit) => Consent::Refused(exit),
        })
    }

    /// What a person at a terminal answers, without the spaces around it; where there is none, how the verb ends.
    fn answer(&self, question: &str, choices: &str) -> Result<Result<String, Exit>> {
        if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
            let hint = "nobody can be asked here; add --yes";
            self.note(&format!("{question}: not confirmed\n  hint: {hint}"));
            self.refused.get_or_init(|| Error::invalid("not confirmed").hint(hint));
            return Ok(Err(Exit::Usage));
        }
        let mut stderr = std::io::stderr();
        let asked = write!(stderr, "{}?{choices} ", visible_lines(question)).and_then(|()| stderr.flush());
        let answer = asked.map_err(cannot_ask).and_then(|()| self.line())?;
        Ok(Ok(answer.trim().to_string()))
    }

    /// The next line that a person enters. Another thread waits for it, so that who wants to stop need not answer first.
    fn line(&self) -> Result<String> {
        let (send, entered) = channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = std::io::stdin().read_line(&mut line);
            // Nobody is there any more to take it where the program was stopped.
            send.send(read.map(|_| line)).unwrap_or_default();
        });
        loop {
            let line = entered.recv_timeout(GLANCE);
            self.monitor.check().map_err(|e| e.hint("nothing was changed"))?;
            match line {
                Ok(line) => return line.map_err(cannot_ask),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Error::bug("nobody reads the terminal")),
            }
        }
    }

    /// Tells the operator something on standard error. Control characters become symbols; commands that are named
    /// reach the lake that this one was about.
    pub fn note(&self, text: &str) {
        narrate(&reaching(text, &self.out.called));
    }

    /// Tells a failure on standard error and in the log.
    pub fn failed(&self, error: &Error) -> Exit {
        super::told(error, &self.out.called)
    }

    /// Prints how a deed ended that was carried out, and ends so. What cannot be printed changes nothing about the deed:
    /// the exit status is that of the deed still, and standard error tells the outcome in a line.
    pub fn done(&self, outcome: &impl Serialize, exit: Exit) -> Exit {
        if let Err(e) = self.out.object(outcome) {
            tracing::error!("{}", e.report());
            self.note(&format!("icedeck: {}\n  outcome: {}", e.report(), in_a_line(outcome)));
        }
        exit
    }

    /// Whether something may be changed there. A dry run changes nothing: it is told everywhere what would be done.
    ///
    /// # Errors
    /// [`Kind::Denied`] where nothing may be changed through this connection.
    pub fn may_change(&self, connection: &Connection) -> Result<()> {
        if self.options.dry_run { Ok(()) } else { connection.writable() }
    }
}

fn cannot_ask(error: std::io::Error) -> Error {
    Error::new(Kind::Unavailable, "cannot ask on the terminal").caused_by(error)
}

impl Options {
    /// Which configuration and catalog they ask for.
    pub fn lake(&self) -> LakeOptions {
        LakeOptions {
            config: self.config.clone(),
            catalog: self.catalog.clone(),
            read_only: self.read_only,
            within: self.home.clone(),
            dry_run: false,
        }
    }

    /// How a command line begins that reaches the same lake and catalog: `icedeck --home DIR --catalog NAME`.
    pub fn called(&self) -> String {
        let program = self.lake().called();
        self.catalog.as_ref().map_or_else(|| program.clone(), |name| format!("{program} --catalog {}", quoted(name)))
    }

    /// Whether there is, or will be, a folder for the log: what changes nothing does not make the one of `--home`.
    pub fn may_log(&self) -> bool {
        !(self.dry_run || self.read_only) || self.home.as_ref().is_none_or(|folder| folder.is_dir())
    }

    /// The world that they ask for.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for a name that no folder can have.
    pub fn world(&mut self, env: Env) -> Result<Env> {
        let Some(folder) = &mut self.home else { return Ok(env) };
        *folder = std::path::absolute(&folder)
            .map_err(|e| Error::invalid("not a folder's name").with("folder", folder.display()).caused_by(e))?;
        Ok(env.within(folder.clone()))
    }
}

/// One or more lines on standard error; nobody reading it is no failure.
pub(super) fn narrate(text: &str) {
    writeln!(std::io::stderr(), "{}", visible_lines(text)).unwrap_or_default();
}
