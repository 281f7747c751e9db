//! `icedeck ls [NAMESPACE]`.

use super::{Context, Exit};
use crate::Result;
use crate::catalog::{Connection, entries};
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
    let namespace = args.namespace.unwrap_or_default();
    let found = entries(&connection, &namespace, args.recursive).await?;
    if found.is_empty() {
        context.note(&nothing(&connection, &namespace));
    }
    context.out.records(&found, "")?;
    Ok(Exit::Done)
}

fn nothing(connection: &Connection, namespace: &Namespace) -> String {
    let (place, name) = match namespace.is_root() {
        true => (format!("catalog {}", connection.name()), "NAME".to_string()),
        false => (format!("namespace {namespace}"), format!("{namespace}.NAME")),
    };
    let hint = match namespace.is_root() {
        true => format!("make a namespace with icedeck create-namespace {name}"),
        false => format!("load files into a new table with icedeck ingest FILE.. {name} --create"),
    };
    format!("{place} is empty\n  hint: {hint}")
}
