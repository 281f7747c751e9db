//! Putting a table right: rollback, undo, refs, picking, restoring, altering, expiring, and finding the first bad
//! snapshot. Each is a plan first, made of exactly one state of the table: a plain value that says in numbers what will
//! happen. [`Prepared::carry_out`] then does it, with a journal, in one asserted request.
//!
//! Nothing here asks, prints, or tries again what [`carry_out`](super::carry_out()) does not.

mod alter;
mod bisect;
mod differences;
mod expire;
mod leaving;
mod past;
mod pick;
mod prepared;
mod references;
mod restore;
mod rewritten;
mod rollback;
mod undo;

pub use alter::{AlterPlan, Alteration, alter};
pub use bisect::{BisectRequest, BisectStep, Bisected, Suspicion, bisect};
pub use expire::{ExpirePlan, ExpirySnapshot, expire};
pub(super) use leaving::head_of;
pub use leaving::{Counted, Leaving, LeavingSnapshot, leaving};
pub use pick::{PickPlan, cherry_pick};
pub use prepared::Prepared;
pub use references::{RefPlan, Retention, create_ref, drop_ref, fast_forward};
pub use restore::{RestorePlan, RestoreRequest, restore};
pub use rollback::{RestoreOf, RollbackPlan, RollbackRequest, RollbackTo, rollback};
pub use undo::{UndoPlan, redo, undo};
