//! A catalog that speaks Iceberg's REST protocol: one HTTP client for reading and for publishing.
//!
//! The crate's own client is not used, only its types: it puts names into paths unencoded, keeps a token for ever, and
//! cannot tell an answer that proves something from one that does not.

mod answer;
mod auth;
mod catalog;
mod client;
mod names;
mod publish;
mod settings;

pub use catalog::RestCatalog;
pub use publish::RestCommitter;

use std::collections::BTreeMap;

use crate::Result;
use crate::env::Env;
use crate::storage::Storage;

/// Connects: asks the server for its configuration and merges it with the user's.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) for properties that cannot be, and whatever the server answers.
pub async fn connect(env: &Env, name: &str, properties: &BTreeMap<String, String>) -> Result<RestCatalog> {
    let client = client::Client::connect(env, name, properties).await?;
    let storage = Storage::new(client.properties().clone().into_iter().collect());
    Ok(RestCatalog::new(client, storage))
}
