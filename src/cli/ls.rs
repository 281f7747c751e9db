//! `icedeck ls [NAMESPACE]`.

use super::{Context, Exit};
use crate::Result;
use crate::catalog::entries;
use crate::table::Namespace;

/// List the namespaces and tables of a namespace
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The namespace, nested levels dotted; without it, the top of the catalog
    namespace: Option<Namespace>,

    /// List what lies in inner namespaces too
    #[arg(short, long)]
    recursive: bool,
}

/// Prints one record a namespace and table: `name`, `type`.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let connection = context.lake().await?.connection(None).await?;
    let found = entries(&connection, &args.namespace.unwrap_or_default(), args.recursive).await?;
    context.out.records(&found)?;
    Ok(Exit::Done)
}
