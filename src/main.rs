//! The thin binary: arguments, log, runtime; then the verb or the console.

use std::process::ExitCode;

use clap::Parser;
use icedeck::app;
use icedeck::catalog::{Lake, LakeOptions};
use icedeck::cli::{self, Cli, Exit};
use icedeck::env::Env;
use icedeck::table::TableAddress;
use icedeck::{Error, Kind, Result};

fn main() -> ExitCode {
    let cli = Cli::parse();
    start(cli).unwrap_or_else(|error| cli::failed(&error)).into()
}

fn start(cli: Cli) -> Result<Exit> {
    let env = Env::system()?;
    cli::log::open(&env, cli.options.log_level.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::new(Kind::Unavailable, "the runtime does not start").caused_by(e))?;
    let exit = runtime.block_on(async {
        match (cli.verb, cli.table) {
            (Some(_), Some(table)) => Err(Error::invalid("a verb takes its table behind it").with("table", table)),
            (Some(verb), None) => Ok(cli::run(verb, cli.options, env).await),
            (None, table) => console(cli.options, cli.console, table, &env).await,
        }
    });
    // Blocking work that hangs (a dead mount) must not keep the program from ending.
    runtime.shutdown_background();
    exit
}

/// Opens the console.
async fn console(
    options: cli::Options,
    console: cli::ConsoleOptions,
    table: Option<TableAddress>,
    env: &Env,
) -> Result<Exit> {
    let catalog = options.catalog.clone();
    let wanted = LakeOptions { config: options.config, catalog: options.catalog, read_only: options.read_only };
    let lake = Lake::open(env, wanted).await?;
    let shell = app::Options {
        read_only: options.read_only,
        no_color: options.no_color,
        ascii: console.ascii,
        no_mouse: console.no_mouse,
        theme: console.theme,
    };
    app::run(lake, app::start_route(catalog, table), shell).await?;
    Ok(Exit::Done)
}
