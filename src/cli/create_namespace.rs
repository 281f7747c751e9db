//! `icedeck create-namespace NAMESPACE`.

use std::collections::BTreeMap;

use super::change::{NameChange, carry_out};
use super::options::property;
use super::{Context, Exit};
use crate::table::Namespace;
use crate::{Error, Kind, Result};

/// Make a namespace
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The namespace, nested levels dotted
    namespace: Namespace,

    /// Set a property; location is where its tables go
    #[arg(long = "property", value_name = "KEY=VALUE", value_parser = property)]
    properties: Vec<(String, String)>,
}

/// Makes the namespace once it is confirmed.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let connection = context.lake().await?.connection(None).await?;
    context.may_change(&connection)?;
    let namespace = args.namespace;
    if connection.namespace_exists(&namespace).await? {
        return Err(Error::new(Kind::AlreadyExists, "the namespace exists already").with("namespace", namespace));
    }
    let properties: BTreeMap<_, _> = args.properties.into_iter().collect();
    let question = format!("make namespace {namespace} in catalog {}", connection.name());
    let change = NameChange { namespace: Some(namespace.to_string()), ..NameChange::default() };
    carry_out(context, &question, change, connection.create_namespace(&namespace, properties)).await
}
