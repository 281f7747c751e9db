//! Opens the console from the command line. What it shows and does is the console's own.

use clap::Args;

use super::{Exit, Options};
use crate::Result;
use crate::app::{self, route::Route};
use crate::catalog::Lake;
use crate::env::Env;
use crate::table::TableAddress;

/// How the console looks; of the verbs only `demo` takes these, since it opens the console.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Console options")]
pub struct ConsoleOptions {
    /// Leave the mouse to the terminal
    #[arg(long)]
    pub no_mouse: bool,

    /// Draw with ASCII only
    #[arg(long)]
    pub ascii: bool,

    /// Use this theme: dark, light, sixteen, contrast, production, or a file of your own
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
}

impl ConsoleOptions {
    /// These, and what they do not say as `others` do.
    #[must_use]
    pub fn over(self, others: Self) -> Self {
        Self {
            no_mouse: self.no_mouse || others.no_mouse,
            ascii: self.ascii || others.ascii,
            theme: self.theme.or(others.theme),
        }
    }
}

/// Opens the console, at a table where one is given.
///
/// # Errors
/// Those of the configuration, and unavailable where there is no terminal.
pub async fn console(options: Options, look: ConsoleOptions, at: Option<TableAddress>, env: &Env) -> Result<Exit> {
    let catalog = options.catalog.clone();
    let lake = Lake::open(env, options.lake()).await?;
    console_on(lake, &options, look, app::start_route(catalog, at)).await
}

/// Opens the console on a lake, at a view.
///
/// # Errors
/// Unavailable where there is no terminal.
pub async fn console_on(lake: Lake, options: &Options, look: ConsoleOptions, start: Route) -> Result<Exit> {
    let shell = app::Options {
        read_only: options.read_only,
        no_color: options.no_color,
        ascii: look.ascii,
        no_mouse: look.no_mouse,
        theme: look.theme,
    };
    app::run(lake, start, shell).await?;
    Ok(Exit::Done)
}
