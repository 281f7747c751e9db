//! The table of verdicts of the design: what we want against what they did. Pure, and small enough to be read beside it.

use super::assessment::Verdict;
use super::intent::Want;

/// What others did, one column of the table each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Theirs {
    /// New files; and whether they can hold what our change is about.
    Append { on_ours: bool },
    /// Compaction: other files with the same rows.
    Replace,
    /// Rows overwritten or deleted; and whether among them is what our change is about.
    Overwrite { on_ours: bool },
    /// A schema under which the staged files read as they were meant.
    CompatibleSchema,
    /// Another schema, or another partition spec.
    OtherLayout,
    /// The branch was led away, and the base is no ancestor any more.
    RolledBack,
    /// The table or the branch is gone, or the table is another one.
    Gone,
}

/// One field of the table.
pub(super) fn verdict(want: &Want, theirs: Theirs) -> Verdict {
    use Theirs::{Append, CompatibleSchema, Gone, OtherLayout, Overwrite, Replace, RolledBack};
    use Verdict::{Decide, Rebase, Restage, Stop};
    match (want, theirs) {
        (_, Gone) => Stop,
        (_, RolledBack) => Decide,
        (_, CompatibleSchema) => Rebase,
        (Want::Ref { .. } | Want::Metadata, OtherLayout) => Rebase,
        (_, OtherLayout) => Restage,

        (Want::Append, Append { .. } | Replace) => Rebase,
        (Want::Append, Overwrite { on_ours }) => pick(on_ours, Decide, Rebase),

        (Want::OverwriteSome, Append { on_ours }) => pick(on_ours, Decide, Rebase),
        (Want::OverwriteSome, Replace) => Restage,
        (Want::OverwriteSome, Overwrite { on_ours }) => pick(on_ours, Decide, Rebase),

        (Want::OverwriteAll, Append { .. }) => Decide,
        (Want::OverwriteAll, Replace) => Rebase,
        (Want::OverwriteAll, Overwrite { .. }) => Decide,

        (Want::Upsert, Append { on_ours }) => pick(on_ours, Restage, Rebase),
        (Want::Upsert, Replace) => Restage,
        (Want::Upsert, Overwrite { on_ours }) => pick(on_ours, Restage, Rebase),

        (Want::Ref { .. } | Want::Metadata, Append { .. } | Replace | Overwrite { .. }) => Decide,
    }
}

fn pick(on_ours: bool, if_so: Verdict, else_so: Verdict) -> Verdict {
    if on_ours { if_so } else { else_so }
}
