//! What happens when a change does not simply commit: where it stands ([`assess()`]), what can be done
//! ([`resolve`]), the patience that settles most of it by itself ([`carry_out()`], [`load()`]), and the proof that what
//! was acknowledged is still there ([`audit`]).
//!
//! Assessing is pure and reads nothing; what it needs is read by [`look()`]. Nothing here publishes but through
//! [`commit::publish`](crate::commit::publish()); staged files are deleted only where their change is proved absent and
//! can no longer land.

mod assess;
mod assessment;
pub mod audit;
pub mod by_filter;
mod carry;
mod changes;
mod compatible;
mod deed;
mod held;
mod intent;
mod journals;
mod lineage;
mod load;
mod look;
pub mod mend;
pub mod orphans;
mod outcome;
mod policy;
mod recorded;
mod redirect;
mod renamed;
pub mod resolve;
mod staged;
mod steps;
mod verdict;

pub use assess::{Now, assess};
pub use assessment::{Assessment, ChangeKind, Intervening, Landing, Verdict};
pub use carry::carry_out;
pub use deed::Deed;
pub use intent::{Intent, Sent, Want};
pub use journals::{find, open_rows};
pub use lineage::{Seen, Touched};
pub use load::{load, run};
pub use look::{Looked, look};
pub use outcome::{Carried, Done, Loaded, Word, next_step};
pub use policy::{Ask, OnConflict, Patience, Policy};
pub use renamed::Names;
