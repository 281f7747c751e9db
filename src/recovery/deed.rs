//! What an operator can do about an open change, and whether it may be done by where the change stands.

use super::assessment::{Assessment, Verdict};
use super::by_filter::DELETE;
use super::outcome::Done;
use super::policy::Policy;
use super::resolve;
use crate::catalog::Connection;
use crate::env::Env;
use crate::ingest::journal::Record;
use crate::ingest::run::request_again;
use crate::monitor::Monitor;
use crate::{Error, Result};

/// The verb of loads.
const LOAD: &str = "ingest";

/// What can be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// The same staged files upon the table as it is now; what landed is closed.
    Rebase,
    /// The rows written again.
    Restage,
    /// The same staged files on a new branch.
    Branch,
    /// Given up.
    Discard,
    /// Given up on the operator's word, its files kept.
    Close,
}

impl Deed {
    /// The words after `icedeck recover`.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Rebase => "rebase",
            Self::Restage => "restage",
            Self::Branch => "branch",
            Self::Discard => "discard",
            Self::Close => "discard --keep-files",
        }
    }

    /// Whether it may be done where a change stands so. What landed is only closed, by any of them.
    pub fn may(self, assessment: &Assessment) -> bool {
        match self {
            _ if assessment.verdict == Verdict::Landed => true,
            Self::Rebase => assessment.can_replay,
            Self::Restage | Self::Discard => assessment.may_discard(),
            Self::Branch => assessment.can_replay && !assessment.may_still_land,
            Self::Close => assessment.may_close(),
        }
    }

    /// Whether it goes with such a change at all, and what it needs is still there. Changes nothing.
    ///
    /// # Errors
    /// For [`Restage`](Self::Restage): a change without rows, source files that are gone or have changed, a journal that
    /// does not say how the load was made.
    pub fn rehearse(self, record: &Record) -> Result<()> {
        match (self, record.plan.verb.as_str()) {
            (Self::Restage, LOAD) => request_again(&record.plan).map(drop),
            (Self::Restage, DELETE) => Ok(()),
            (Self::Restage, _) => {
                Err(Error::invalid("this change has no rows to write again").with("ingest", &record.plan.ingest_id))
            }
            _ => Ok(()),
        }
    }

    /// Looks where it stands, and does it where it may be done.
    ///
    /// # Errors
    /// Those of [`resolve`].
    pub async fn carry_out(
        self,
        connection: &Connection,
        id: &str,
        policy: &Policy<'_>,
        env: &Env,
        monitor: &Monitor,
    ) -> Result<Done> {
        match self {
            Self::Rebase => resolve::rebase(connection, id, policy, env, monitor).await,
            Self::Restage => resolve::restage(connection, id, policy, env, monitor).await,
            Self::Branch => resolve::publish_on_branch(connection, id, policy, env, monitor).await,
            Self::Discard => resolve::discard(connection, id, env, monitor).await,
            Self::Close => resolve::close(connection, id, env, monitor).await,
        }
    }
}

/// Whether a change of this verb has staged files.
pub(super) fn has_rows(verb: &str) -> bool {
    [LOAD, DELETE].contains(&verb)
}
