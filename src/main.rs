//! The thin binary: arguments, log, runtime; then the verb or the console.

use std::process::ExitCode;

use clap::Parser;
use icedeck::cli::{self, Cli, Exit, Verb};
use icedeck::env::Env;
use icedeck::{Error, Kind, Result};

/// Loads free on one thread what another one allocated, in pieces of all sizes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    start(cli).unwrap_or_else(|error| cli::failed(&error)).into()
}

fn start(mut cli: Cli) -> Result<Exit> {
    let env = cli.options.world(Env::system()?)?;
    cli.find_home()?;
    if cli.options.may_log() {
        cli::log::open(&env, cli.options.log_level.as_deref())?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::new(Kind::Unavailable, "the runtime does not start").caused_by(e))?;
    let exit = runtime.block_on(async {
        match (cli.verb, cli.table) {
            (Some(_), Some(table)) => {
                let _ = cli::failed(&Error::invalid("a verb takes its table behind it").with("table", table));
                Ok(Exit::Usage)
            }
            // The demo opens the console, whichever side of the verb its options stand on.
            (Some(Verb::Demo(args)), None) => {
                Ok(cli::run(Verb::Demo(args.looking(cli.console)), cli.options, env).await)
            }
            (Some(verb), None) => Ok(cli::run(verb, cli.options, env).await),
            (None, table) => cli::console(cli.options, cli.console, table, &env).await,
        }
    });
    // Blocking work that hangs (a dead mount) must not keep the program from ending.
    runtime.shutdown_background();
    exit
}
