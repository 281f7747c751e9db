//! `icedeck demo [--dir DIR] [--fresh] [--no-tui]`, and what the console itself takes.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::{Consent, ConsoleOptions, Context, Exit, console_on};
use crate::app;
use crate::demo::{self, Demo};
use crate::{Error, Kind, Result};

/// Make a small lake with real history, and open it
///
/// The lake is made once and opened again the next time. Beside it, in files/, lie files to load into it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where it goes; an empty folder, or one where the demo was before
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Throw away the demo that is there, and everything that was loaded into it
    #[arg(long)]
    fresh: bool,

    /// Make it, and do not open the console
    #[arg(long)]
    no_tui: bool,

    #[command(flatten)]
    console: ConsoleOptions,
}

impl Args {
    /// With what was said of the console before the verb; what was said behind it counts for more.
    #[must_use]
    pub fn looking(self, before: ConsoleOptions) -> Self {
        Self { console: self.console.over(before), ..self }
    }
}

/// Prints one object with `folder`, `reused`, `tables`, `snapshots`, `rows`; or opens the console.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let folder = args.dir.unwrap_or_else(|| demo::default_folder(&context.env));
    if context.options.dry_run {
        context.note(&format!("would make the demo in {}", folder.display()));
        return Ok(Exit::Done);
    }
    if context.options.read_only {
        return open(as_it_is(&folder, args.fresh)?, args.no_tui, args.console, context).await;
    }
    if args.fresh && demo::is_there(&folder) {
        let question = format!("throw away the demo in {} and all that was loaded into it", folder.display());
        if let Consent::Refused(exit) = context.confirm(&question)? {
            return Ok(exit);
        }
    }
    if args.fresh || !demo::is_there(&folder) {
        context.note(&format!("building the demo lake in {}", folder.display()));
    }
    let made = demo::prepare(&context.env, &folder, args.fresh, &context.monitor).await?;
    open(made, args.no_tui, args.console, context).await
}

/// The demo that is there: under `--read-only` none is made.
fn as_it_is(folder: &Path, fresh: bool) -> Result<Demo> {
    let denied = |what: &str| Error::new(Kind::Denied, what).with("folder", folder.display());
    if fresh {
        return Err(denied("--fresh would throw away the demo, and --read-only forbids it"));
    }
    demo::existing(folder)?.ok_or_else(|| {
        denied("there is no whole demo yet, and --read-only forbids to make one").hint("leave out --read-only once")
    })
}

async fn open(made: Demo, no_tui: bool, look: ConsoleOptions, context: &Context) -> Result<Exit> {
    if no_tui || !std::io::stdout().is_terminal() {
        return Ok(context.done(&demo::counted(&context.env, made).await?, Exit::Done));
    }
    // The demo is a lake of its own: what the configuration says of others does not count.
    let lake = demo::lake(&context.env, &made.folder, context.options.read_only).await?;
    console_on(lake, &context.options, look, app::start_route(None, None)).await
}
