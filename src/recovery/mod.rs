//! What happens when a change does not simply commit: where it stands ([`assess()`]), what can be done
//! ([`resolve`]), the patience that settles most of it by itself ([`carry_out()`], [`load()`]), and the proof that what
//! was acknowledged is still there ([`audit`]).
//!
//! Assessing is pure and reads nothing; what it needs is read by [`look()`]. Nothing here publishes but through
//! [`commit::publish`](crate::commit::publish()); staged files are deleted only where their change is proved absent and
//! can no longer land.

mod assess;
mod assessment;
mod changes;
mod compatible;
mod intent;
mod lineage;
mod look;
mod recorded;
mod verdict;

pub use assess::{Now, assess};
pub use assessment::{Assessment, ChangeKind, Intervening, Landing, Verdict};
pub use intent::{Intent, Sent, Want};
pub use lineage::{Seen, Touched};
pub use look::{Looked, look};
