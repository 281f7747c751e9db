//! `icedeck catalogs`.

use super::{Context, Exit};
use crate::Result;

/// List the catalogs that are configured
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints one record a catalog. Connects to none.
pub async fn run(_: Args, context: &Context) -> Result<Exit> {
    context.out.records(&context.lake().await?.catalogs(), "no catalogs")?;
    Ok(Exit::Done)
}
