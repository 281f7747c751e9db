//! Putting a table right: rollback, undo, refs, picking, restoring, altering, expiring, and finding the first bad
//! snapshot. Each is a plan first, made of exactly one state of the table: a plain value that says in numbers what will
//! happen. [`Prepared::carry_out`] then does it, with a journal, in one asserted request.
//!
//! Nothing here asks, prints, or tries again what [`carry_out`](super::carry_out()) does not.

mod differences;
mod leaving;
mod past;
mod pick;
mod prepared;
mod references;
mod rollback;
mod undo;

pub use leaving::{Counted, Leaving, LeavingSnapshot, leaving};
pub use pick::{PickPlan, cherry_pick};
pub use prepared::Prepared;
pub use references::{RefPlan, Retention, create_ref, drop_ref, fast_forward};
pub use rollback::{RestoreOf, RollbackPlan, RollbackRequest, RollbackTo, rollback};
pub use undo::{UndoPlan, redo, undo};
