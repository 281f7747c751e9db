//! `icedeck doctor`.

use super::{Context, Exit};
use crate::Result;
use crate::catalog::doctor::{self, CheckState};

/// Check configuration, state folder, catalogs, storage and clock
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints one record a check; fails where one fails.
pub async fn run(_: Args, context: &Context) -> Result<Exit> {
    let checks = doctor::run(&context.env, context.options.lake()).await;
    context.out.records(&checks, "")?;
    let failed = checks.iter().any(|check| check.state == CheckState::Failed);
    Ok(if failed { Exit::Failed } else { Exit::Done })
}
