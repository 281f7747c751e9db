//! The command line: a headless twin of the console. One file a verb, each thin: it calls the domain and prints.
//!
//! Standard output is data, standard error is narration. Nothing here knows iceberg or Arrow.
//!
//! A new verb is a file with `Args` (its doc comment is the verb's help) and `run(args, &Context) -> Result<Exit>`, and
//! a line each in `mod`, [`Verb`], `Verb::run` and `Verb::writes`, in the order of the alphabet.

mod alter;
mod bisect;
mod branch;
mod catalogs;
mod change;
mod cherry_pick;
mod completions;
mod console;
mod context;
mod create;
mod create_namespace;
mod delete;
mod demo;
mod diff;
mod doctor;
mod drop;
mod drop_namespace;
mod entries;
mod exit;
mod expire;
mod fast_forward;
mod files;
mod history;
mod ingest;
pub mod log;
mod ls;
mod man;
mod manifests;
mod mend;
mod metadata_log;
mod options;
mod orphans;
mod output;
mod partitions;
mod preview;
mod progress;
mod properties;
mod recover;
mod recover_act;
mod recover_audit;
mod recover_show;
mod redo;
mod refs;
mod rename;
mod restore;
mod rollback;
mod rows;
mod schema;
mod show;
mod snapshots;
mod sources;
mod tag;
mod undo;
mod unmade;

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

pub use console::{ConsoleOptions, console, console_on};
pub use context::{Consent, Context};
pub use exit::Exit;
pub use output::{Format, Listing, Output, Records};

use crate::env::Env;
use crate::monitor::Monitor;
use crate::table::TableAddress;
use crate::words::reaching;
use crate::{Error, Result};

/// The operator console for Apache Iceberg lakehouses.
///
/// Without a verb the console opens, at TABLE where one is given. A TABLE is namespace.table, optionally followed by
/// @branch, @tag, @snapshot-id or @timestamp; or the path of a table folder or metadata.json, opened read-only.
#[derive(Debug, Parser)]
#[command(name = "icedeck", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub options: Options,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub console: ConsoleOptions,

    /// The table to open the console at
    #[arg(value_name = "TABLE")]
    pub table: Option<TableAddress>,

    #[command(subcommand)]
    #[allow(missing_docs)]
    pub verb: Option<Verb>,
}

impl Cli {
    /// A folder that `--home` names and that is not there is made by the verbs that begin a lake alone: with any other
    /// one its name is a mistake.
    ///
    /// # Errors
    /// [`Kind::NotFound`](crate::Kind::NotFound).
    pub fn find_home(&self) -> Result<()> {
        let begins = matches!(
            self.verb,
            Some(Verb::Create(_) | Verb::CreateNamespace(_) | Verb::Demo(_) | Verb::Ingest(_) | Verb::Completions(_))
        );
        match &self.options.home {
            Some(folder) if !begins && !folder.is_dir() => Err(Error::not_found("there is no such folder for --home")
                .with("folder", folder.display())
                .hint("create, create-namespace and ingest --create begin a lake there")),
            _ => Ok(()),
        }
    }
}

/// The options that every verb takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Options {
    /// Read this configuration file instead of the usual one
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Use the embedded warehouse in this folder, with its journals and logs: that of the demo, for example
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "config")]
    pub home: Option<PathBuf>,

    /// Use this catalog; otherwise the default one of the configuration
    #[arg(long, global = true, value_name = "NAME")]
    pub catalog: Option<String>,

    /// How data is printed
    #[arg(short, long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: Format,

    /// Change nothing, whatever is asked
    #[arg(long, global = true)]
    pub read_only: bool,

    /// Show what would be done, and stop there
    #[arg(long, global = true)]
    pub dry_run: bool,

    /// Do not ask before something is changed
    #[arg(short, long, global = true)]
    pub yes: bool,

    /// What goes into the log file: error, warn, info, debug, trace, or a filter such as icedeck=debug
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<String>,

    /// No colours
    #[arg(long, global = true)]
    pub no_color: bool,
}

/// What can be done without the console.
#[derive(Debug, Subcommand)]
#[allow(missing_docs)] // each verb is described where its arguments are
pub enum Verb {
    Alter(alter::Args),
    Bisect(bisect::Args),
    Branch(branch::Args),
    Catalogs(catalogs::Args),
    CherryPick(cherry_pick::Args),
    Completions(completions::Args),
    Create(create::Args),
    CreateNamespace(create_namespace::Args),
    Delete(delete::Args),
    Demo(demo::Args),
    Diff(diff::Args),
    Doctor(doctor::Args),
    Drop(drop::Args),
    DropNamespace(drop_namespace::Args),
    Entries(entries::Args),
    Expire(expire::Args),
    FastForward(fast_forward::Args),
    Files(files::Args),
    History(history::Args),
    Ingest(ingest::Args),
    Ls(ls::Args),
    Man(man::Args),
    Manifests(manifests::Args),
    MetadataLog(metadata_log::Args),
    Orphans(orphans::Args),
    Partitions(partitions::Args),
    Preview(preview::Args),
    Properties(properties::Args),
    Recover(recover::Args),
    Redo(redo::Args),
    Refs(refs::Args),
    Rename(rename::Args),
    Restore(restore::Args),
    Rollback(rollback::Args),
    Rows(rows::Args),
    Schema(schema::Args),
    Show(show::Args),
    Snapshots(snapshots::Args),
    Tag(tag::Args),
    Undo(undo::Args),
}

impl Verb {
    async fn run(self, context: &Context) -> Result<Exit> {
        match self {
            Verb::Alter(args) => alter::run(args, context).await,
            Verb::Bisect(args) => bisect::run(args, context).await,
            Verb::Branch(args) => branch::run(args, context).await,
            Verb::Catalogs(args) => catalogs::run(args, context).await,
            Verb::CherryPick(args) => cherry_pick::run(args, context).await,
            Verb::Completions(args) => completions::run(args, context).await,
            Verb::Create(args) => create::run(args, context).await,
            Verb::CreateNamespace(args) => create_namespace::run(args, context).await,
            Verb::Delete(args) => delete::run(args, context).await,
            Verb::Demo(args) => demo::run(args, context).await,
            Verb::Diff(args) => diff::run(args, context).await,
            Verb::Doctor(args) => doctor::run(args, context).await,
            Verb::Drop(args) => drop::run(args, context).await,
            Verb::DropNamespace(args) => drop_namespace::run(args, context).await,
            Verb::Entries(args) => entries::run(args, context).await,
            Verb::Expire(args) => expire::run(args, context).await,
            Verb::FastForward(args) => fast_forward::run(args, context).await,
            Verb::Files(args) => files::run(args, context).await,
            Verb::History(args) => history::run(args, context).await,
            Verb::Ingest(args) => ingest::run(args, context).await,
            Verb::Ls(args) => ls::run(args, context).await,
            Verb::Man(args) => man::run(args, context).await,
            Verb::Manifests(args) => manifests::run(args, context).await,
            Verb::MetadataLog(args) => metadata_log::run(args, context).await,
            Verb::Orphans(args) => orphans::run(args, context).await,
            Verb::Partitions(args) => partitions::run(args, context).await,
            Verb::Preview(args) => preview::run(args, context).await,
            Verb::Properties(args) => properties::run(args, context).await,
            Verb::Recover(args) => recover::run(args, context).await,
            Verb::Redo(args) => redo::run(args, context).await,
            Verb::Refs(args) => refs::run(args, context).await,
            Verb::Rename(args) => rename::run(args, context).await,
            Verb::Restore(args) => restore::run(args, context).await,
            Verb::Rollback(args) => rollback::run(args, context).await,
            Verb::Rows(args) => rows::run(args, context).await,
            Verb::Schema(args) => schema::run(args, context).await,
            Verb::Show(args) => show::run(args, context).await,
            Verb::Snapshots(args) => snapshots::run(args, context).await,
            Verb::Tag(args) => tag::run(args, context).await,
            Verb::Undo(args) => undo::run(args, context).await,
        }
    }

    /// Whether it changes something: such a verb is asked to stop by ctrl-c, never dropped halfway.
    #[allow(clippy::match_same_arms)] // one line a verb, so that branches merge
    fn writes(&self) -> bool {
        match self {
            Verb::Alter(_) => true,
            Verb::Bisect(_) => false,
            Verb::Branch(args) => args.writes(),
            Verb::Catalogs(_) => false,
            Verb::CherryPick(_) => true,
            Verb::Completions(_) => false,
            Verb::Create(_) => true,
            Verb::CreateNamespace(_) => true,
            Verb::Delete(_) => true,
            Verb::Demo(_) => true,
            Verb::Diff(_) => false,
            Verb::Doctor(_) => false,
            Verb::Drop(_) => true,
            Verb::DropNamespace(_) => true,
            Verb::Entries(_) => false,
            Verb::Expire(_) => true,
            Verb::FastForward(_) => true,
            Verb::Files(_) => false,
            Verb::History(_) => false,
            Verb::Ingest(_) => true,
            Verb::Ls(_) => false,
            Verb::Man(_) => false,
            Verb::Manifests(_) => false,
            Verb::MetadataLog(_) => false,
            Verb::Orphans(_) => false,
            Verb::Partitions(_) => false,
            Verb::Preview(_) => false,
            Verb::Properties(_) => false,
            Verb::Recover(args) => args.writes(),
            Verb::Redo(_) => true,
            Verb::Refs(_) => false,
            Verb::Rename(_) => true,
            Verb::Restore(_) => true,
            Verb::Rollback(_) => true,
            Verb::Rows(_) => false,
            Verb::Schema(_) => false,
            Verb::Show(_) => false,
            Verb::Snapshots(_) => false,
            Verb::Tag(args) => args.writes(),
            Verb::Undo(_) => true,
        }
    }
}

/// The whole command line as clap knows it: for completions and the manual page.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs a verb to its end and says how it went. Failures are logged and told on standard error.
pub async fn run(verb: Verb, options: Options, env: Env) -> Exit {
    let monitor = Monitor::new();
    let out = Output::stdout(options.output, terminal_width(&env)).calling(options.called());
    let context = Context::new(env, options, out, monitor);
    let listener = tokio::spawn(cancel_on_signal(context.monitor.clone()));
    let about = unmade::About::of(&verb);
    let ended = if verb.writes() { verb.run(&context).await } else { context.monitor.until(verb.run(&context)).await };
    listener.abort();
    let exit = match &ended {
        Ok(exit) => *exit,
        Err(error) => context.failed(error),
    };
    // How it ended is known; that the object for it cannot be printed does not change that.
    if let Some(Err(error)) = about.map(|about| about.print(&ended, &context)) {
        let _ = context.failed(&error);
    }
    exit
}

/// Tells a failure of the program itself on standard error and in the log.
pub fn failed(error: &Error) -> Exit {
    told(error, "icedeck")
}

/// Tells a failure; the commands of its hints begin as `called` says.
fn told(error: &Error, called: &str) -> Exit {
    if output::is_broken_pipe(error) {
        return Exit::Done;
    }
    tracing::error!("{}", error.report());
    context::narrate(&format!("icedeck: {}", reaching(&error.report(), called)));
    Exit::of(error)
}

/// The first signal asks the work to stop; it ends at its next safe place, and further ones say so. A lost terminal is
/// such a signal, unless the program was started to outlive it (`nohup`).
async fn cancel_on_signal(monitor: Monitor) {
    use tokio::signal::unix::{SignalKind, signal};
    let outlives = is_hangup_ignored();
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    let mut hangup = if outlives { None } else { signal(SignalKind::hangup()).ok() };
    loop {
        let received = tokio::select! {
            received = interrupt.recv() => received,
            received = terminate.recv() => received,
            received = heard(&mut hangup) => received,
        };
        if received.is_none() {
            return;
        }
        context::narrate(if monitor.is_cancelled() {
            "still stopping: a commit cannot be left halfway"
        } else {
            "stopping"
        });
        monitor.cancel();
    }
}

async fn heard(signal: &mut Option<tokio::signal::unix::Signal>) -> Option<()> {
    match signal {
        Some(signal) => signal.recv().await,
        None => std::future::pending().await,
    }
}

/// Whether the program was started with SIGHUP ignored, as far as the system tells: the lowest bit of a mask.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// How wide the terminal is: what `COLUMNS` says, else what it answers.
fn terminal_width(env: &Env) -> Option<usize> {
    let told = env.var("COLUMNS").and_then(|columns| columns.parse().ok());
    told.or_else(|| rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| size.ws_col.into()))
        .filter(|width| *width > 0)
}

#[cfg(test)]
mod tests {
    use super::command;
    use crate::words::VERBS;

    #[test]
    fn hints_know_every_verb() {
        let command = command();
        let mut verbs: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        verbs.sort_unstable();
        assert_eq!(verbs, VERBS);
    }
}
