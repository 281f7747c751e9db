//! `icedeck drop-namespace NAMESPACE`.

use super::change::{NameChange, carry_out};
use super::{Context, Exit};
use crate::catalog::require_empty;
use crate::table::Namespace;
use crate::{Error, Result};

/// Drop an empty namespace
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The namespace, nested levels dotted
    namespace: Namespace,
}

/// Drops the namespace once it is confirmed.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let connection = context.lake().await?.connection(None).await?;
    context.may_change(&connection)?;
    let namespace = args.namespace;
    if !connection.namespace_exists(&namespace).await? {
        return Err(Error::not_found("the namespace does not exist").with("namespace", namespace));
    }
    // Looked at before anything is asked, so that a dry run says the same. The catalog looks again.
    require_empty(&connection, &namespace).await?;
    let question = format!("drop namespace {namespace} of catalog {}", connection.name());
    let change = NameChange { namespace: Some(namespace.to_string()), ..NameChange::default() };
    carry_out(context, &question, change, connection.drop_namespace(&namespace)).await
}
