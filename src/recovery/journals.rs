//! Finding journals: by the beginning of an id, and those that are open. Reads only.

use crate::Result;
use crate::env::Env;
use crate::error::Error;
use crate::ingest::journal::{self, Listing, Row};

/// The ingests with something left to do, newest first, and the journals that cannot be read.
///
/// # Errors
/// Those of [`journal::list`].
pub fn open_rows(env: &Env) -> Result<Listing> {
    let mut listing = journal::list(env)?;
    listing.rows.retain(|row| row.state.is_open());
    Ok(listing)
}

/// The one ingest whose id begins so, closed ones included.
///
/// # Errors
/// [`Kind::NotFound`](crate::Kind::NotFound) where there is none, [`Kind::Invalid`](crate::Kind::Invalid) where there
/// are several, [`Kind::Corrupt`](crate::Kind::Corrupt) where its journal cannot be read.
pub fn find(env: &Env, prefix: &str) -> Result<Row> {
    let listing = journal::list(env)?;
    let mut found: Vec<Row> = listing.rows.into_iter().filter(|row| row.ingest_id.starts_with(prefix)).collect();
    if let Some(exact) = found.iter().position(|row| row.ingest_id == prefix) {
        return Ok(found.swap_remove(exact));
    }
    match found.len() {
        1 if !prefix.is_empty() => Ok(found.swap_remove(0)),
        0 => {
            let named = |e: &Error| e.context().iter().any(|(_, value)| value.contains(&format!("/{prefix}")));
            match listing.broken.into_iter().find(|e| !prefix.is_empty() && named(e)) {
                Some(broken) => Err(broken),
                None => Err(Error::not_found("no ingest has an id that begins so")
                    .with("ingest", prefix.escape_debug())
                    .hint("icedeck recover list --all shows them")),
            }
        }
        n => {
            let ids: Vec<&str> = found.iter().take(3).map(|row| row.ingest_id.as_str()).collect();
            Err(Error::invalid(format!("{n} ingests have an id that begins so"))
                .with("ingest", prefix.escape_debug())
                .hint(format!("give more of it: {}{}", ids.join(", "), if n > ids.len() { ", .." } else { "" })))
        }
    }
}
