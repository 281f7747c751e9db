//! Publishing in a REST catalog: one request with updates and requirements. What its answer proves is decided by its
//! status and the exception's name, never by the text of a message.

use std::sync::Arc;

use async_trait::async_trait;
use iceberg_catalog_rest::{CommitTableRequest, CommitTableResponse};

use super::answer::Answer;
use super::catalog::Shared;
use super::client::Sent;
use crate::catalog::{Committer, Outcome, Proposal, Rejection, table_ident};
use crate::table::Table;
use crate::{Error, Kind};

/// Publishes proposals in a REST catalog.
#[derive(Debug, Clone)]
pub struct RestCommitter {
    shared: Arc<Shared>,
}

impl RestCommitter {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    fn outcome(&self, proposal: &Proposal, answer: &Answer) -> Outcome {
        if answer.status.is_success() {
            return match answer.parse::<CommitTableResponse>().and_then(|done| self.table(proposal, done)) {
                Ok(table) => Outcome::Committed(Box::new(table)),
                Err(e) => Outcome::Unknown(e),
            };
        }
        let told = answer.told();
        let status = answer.status.as_u16();
        match status {
            // Refused for now, not answered in time, not known: the request may have been carried out before.
            408 | 425 | 429 => Outcome::Unknown(unknown(status, &told.message)),
            400..=499 => Outcome::Rejected(Rejection {
                is_final: is_final(status, &told.type_name),
                reason: reason(status, &told.type_name, &told.message),
            }),
            _ => Outcome::Unknown(unknown(status, &told.message)),
        }
    }

    fn table(&self, proposal: &Proposal, done: CommitTableResponse) -> crate::Result<Table> {
        self.shared.table(table_ident(&proposal.table)?, done.metadata, Some(done.metadata_location))
    }
}

fn unknown(status: u16, message: &str) -> Error {
    Error::new(Kind::Unavailable, "the catalog did not say whether the change was made")
        .with("status", status)
        .with("because", message)
}

/// Trying again on a newer state is of no use where the request itself was refused, or the table is gone.
fn is_final(status: u16, type_name: &str) -> bool {
    match status {
        409 => type_name != "CommitFailedException" && !type_name.is_empty(),
        401 => false,
        _ => true,
    }
}

fn reason(status: u16, type_name: &str, message: &str) -> String {
    match status {
        401 | 403 => format!("the catalog does not let us: {message}"),
        404 => format!("the table is gone: {message}"),
        _ if type_name.is_empty() => format!("the catalog answered {status}: {message}"),
        _ => message.trim_end_matches('.').to_string(),
    }
}

#[async_trait]
impl Committer for RestCommitter {
    async fn commit(&self, _base: &Table, proposal: &Proposal) -> Outcome {
        let ident = match table_ident(&proposal.table) {
            Ok(ident) => ident,
            Err(e) => return Outcome::NotSent(e),
        };
        let namespace = match self.shared.namespace(ident.namespace()) {
            Ok(namespace) => namespace,
            Err(e) => return Outcome::NotSent(e),
        };
        let request = CommitTableRequest {
            identifier: Some(ident.clone()),
            requirements: proposal.requirements.clone(),
            updates: proposal.updates.clone(),
        };
        let parts = ["namespaces", namespace.as_str(), "tables", ident.name()];
        match self.shared.client.commit(&parts, &request).await {
            Sent::Answered(answer) => self.outcome(proposal, &answer),
            Sent::Lost(e) => Outcome::Unknown(e),
            Sent::Not(e) => Outcome::NotSent(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lost_race_is_worth_another_try() {
        for (status, name, expected) in [
            (409, "CommitFailedException", false),
            (409, "", false),
            (409, "AlreadyExistsException", true),
            (400, "ValidationException", true),
            (404, "NoSuchTableException", true),
            (401, "NotAuthorizedException", false),
            (403, "ForbiddenException", true),
            (422, "", true),
        ] {
            assert_eq!(is_final(status, name), expected, "{status} {name}");
        }
    }
}
