//! `icedeck completions SHELL`.

use clap_complete::{Shell, generate};

use super::{Context, Exit};
use crate::Result;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script that the shell sources.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let mut script = Vec::new();
    generate(args.shell, &mut super::command(), "icedeck", &mut script);
    context.out.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
