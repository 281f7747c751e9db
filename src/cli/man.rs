//! `icedeck man`.

use super::{Context, Exit};
use crate::{Error, Result};

/// Print the manual page (roff)
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The page of this verb instead of the program's
    verb: Option<String>,
}

/// Prints the manual page, for `icedeck man | man -l -`.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let mut command = super::command();
    command.build();
    if let Some(name) = &args.verb {
        let found = command.find_subcommand(name).cloned();
        command = found.ok_or_else(|| Error::not_found("no such verb").with("verb", name))?;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|e| Error::bug("the manual page cannot be made").caused_by(e))?;
    context.out.print(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Done)
}
