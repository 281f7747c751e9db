//! How a change becomes a snapshot: `Change` -> [`Proposal`](crate::catalog::Proposal) ->
//! [`Outcome`](crate::catalog::Outcome).

mod change;

pub use change::{Change, RefKind, StagedFile};
