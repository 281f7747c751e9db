//! What can be mended from a list of snapshots or refs: each as plain data, as a title, as a command line. Does nothing.

use crate::commit::RefKind;
use crate::recovery::mend::{RestoreOf, RollbackRequest, RollbackTo};
use crate::views::widgets::text::safe;
use crate::words::quoted;

/// What is to be mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// A branch led back.
    Rollback(RollbackRequest),
    /// The last change taken back.
    Undo,
    /// The last undo taken back.
    Redo,
    /// A new branch or tag.
    Make {
        /// Which of them.
        kind: RefKind,
        /// Its name.
        name: String,
        /// The snapshot or ref it leads to.
        at: String,
    },
    /// A branch or tag dropped.
    Drop {
        /// Which of them.
        kind: RefKind,
        /// Its name.
        name: String,
    },
    /// A snapshot made once more on a branch.
    Pick {
        /// The snapshot.
        at: String,
        /// The branch.
        branch: String,
    },
    /// A branch led forward.
    Forward {
        /// The branch.
        branch: String,
        /// The branch or snapshot it is led to.
        to: String,
    },
}

fn kind_word(kind: RefKind) -> &'static str {
    match kind {
        RefKind::Branch => "branch",
        RefKind::Tag => "tag",
    }
}

impl Wish {
    /// Leads a branch back to a snapshot.
    pub fn rollback(branch: &str, snapshot_id: i64) -> Self {
        let to = RollbackTo::Snapshot(snapshot_id.to_string());
        Self::Rollback(RollbackRequest { branch: branch.into(), ..RollbackRequest::to(to) })
    }

    /// In a few words, safe to show.
    pub fn title(&self) -> String {
        match self {
            Wish::Rollback(request) => match &request.to {
                RollbackTo::Snapshot(to) => format!("roll {} back to {}", safe(&request.branch), safe(to)),
                RollbackTo::Time(at) => format!("roll {} back to {at}", safe(&request.branch)),
                RollbackTo::Before => format!("roll {} back by one", safe(&request.branch)),
            },
            Wish::Undo => "undo the last change".into(),
            Wish::Redo => "redo what was undone".into(),
            Wish::Make { kind, name, at } => format!("make {} {} at {}", kind_word(*kind), safe(name), safe(at)),
            Wish::Drop { kind, name } => format!("drop {} {}", kind_word(*kind), safe(name)),
            Wish::Pick { at, branch } => format!("cherry-pick {} onto {}", safe(at), safe(branch)),
            Wish::Forward { branch, to } => format!("lead {} forward to {}", safe(branch), safe(to)),
        }
    }

    /// The equivalent command line, which begins as `called` says.
    pub fn command(&self, called: &str, table: &str) -> String {
        let table = quoted(table);
        let told = match self {
            Wish::Rollback(request) => return format!("{called} rollback {table} {} --yes", options(request)),
            Wish::Undo => format!("undo {table}"),
            Wish::Redo => format!("redo {table}"),
            Wish::Make { kind, name, at } => {
                format!("{} create {table} {} --at {}", kind_word(*kind), quoted(name), quoted(at))
            }
            Wish::Drop { kind, name } => format!("{} drop {table} {}", kind_word(*kind), quoted(name)),
            Wish::Pick { at, branch } => format!("cherry-pick {table} {} --branch {}", quoted(at), quoted(branch)),
            Wish::Forward { branch, to } => format!("fast-forward {table} {} --to {}", quoted(branch), quoted(to)),
        };
        format!("{called} {told} --yes")
    }

    /// Whether the table's name is to be typed, whatever the plan says.
    pub fn asks_for_name(&self) -> bool {
        matches!(self, Wish::Rollback(_))
    }
}

fn options(request: &RollbackRequest) -> String {
    let mut words = vec![match &request.to {
        RollbackTo::Snapshot(to) => format!("--to {}", quoted(to)),
        RollbackTo::Time(at) => format!("--to-time {at}"),
        RollbackTo::Before => "--before".into(),
    }];
    if request.branch != "main" {
        words.push(format!("--branch {}", quoted(&request.branch)));
    }
    let RestoreOf { schema, spec, properties } = request.restore;
    let restored = [(schema, "schema"), (spec, "spec"), (properties, "properties")];
    let restored: Vec<_> = restored.into_iter().filter(|(on, _)| *on).map(|(_, what)| what).collect();
    if !restored.is_empty() {
        words.push(format!("--restore {}", restored.join(",")));
    }
    words.extend(request.tag.as_ref().map(|tag| format!("--tag {}", quoted(tag))));
    words.extend(request.force.then(|| "--force".to_string()));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_reads_as_a_command() {
        let mut rollback = RollbackRequest::to(RollbackTo::Snapshot("42".into()));
        (rollback.tag, rollback.restore.schema) = (Some("it's kept".into()), true);
        let told = Wish::Rollback(rollback).command("icedeck", "sales.orders");
        assert_eq!(told, "icedeck rollback sales.orders --to 42 --restore schema --tag 'it'\\''s kept' --yes");
        let forward = Wish::Forward { branch: "main".into(), to: "audit".into() };
        assert_eq!(
            forward.command("icedeck --catalog b", "a.b"),
            "icedeck --catalog b fast-forward a.b main --to audit --yes"
        );
    }
}
