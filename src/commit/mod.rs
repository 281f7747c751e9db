//! How a change becomes a snapshot: `Change` -> [`Proposal`](crate::catalog::Proposal) ->
//! [`Outcome`](crate::catalog::Outcome).
//!
//! [`propose()`] writes manifests and nothing else; [`publish()`] sends one request and looks at what came of it. Nothing
//! here tries again by itself: the base that was inspected is the base committed on.

mod ancestry;
mod change;
mod conflicts;
mod expire;
mod hits;
mod overwrite;
mod partitioning;
mod pick;
mod propose;
mod publish;
mod refs;
mod request;
mod schema;
mod settings;
mod snapshot;
mod summary;

pub(crate) use ancestry::{ancestors, is_ancestor};
pub use change::{Change, Earlier, RefKind, StagedFile, Targets, Validation};
pub use conflicts::{Conflict, ConflictKind, conflicts, partition_conflicts};
pub use expire::{Expire, Expiry, KeptSnapshot, expiry};
pub use overwrite::{HitFile, HitFiles, hit_files};
pub use partitioning::SpecEdit;
pub use pick::files_again;
pub use propose::{clock_warning, propose, rehearsal};
pub use publish::{Attempt, AttemptOutcome, Published, Sending, Unwitnessed, Witness, publish};
pub use refs::{branch_head, check_branch};
pub use request::{exact_request, request};
pub use schema::{ColumnPlace, SchemaEdit};
pub use summary::{ENGINE_NAME, INGEST_ID};
