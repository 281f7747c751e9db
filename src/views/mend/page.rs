//! What a plan of mending says before it is carried out: in numbers, a line each. Pure.

use super::tasks::{Plan, Planned};
use super::wish::Wish;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::recovery::mend::{Counted, Leaving, PickPlan, RefPlan, RestoreOf, RollbackPlan, RollbackRequest, UndoPlan};
use crate::views::widgets::human;
use crate::views::widgets::shown::{Fact, Shown};
use crate::views::widgets::text::safe;

/// Snapshots that are named one by one.
const NAMED: usize = 8;

/// The page of a plan.
pub fn facts(wish: &Wish, planned: &Planned, cx: &Context<'_>) -> Vec<Fact> {
    let now_ms = cx.now_ms;
    let prepared = planned.plan.prepared();
    let mut facts = match &planned.plan {
        Plan::Rollback(plan) => rollback(plan, now_ms),
        Plan::Undo(plan) => undo(plan, now_ms),
        Plan::Ref(plan) => reference(plan, now_ms),
        Plan::Pick(plan) => pick(plan),
    };
    if let Wish::Rollback(request) = wish {
        facts.extend(choices(request));
    }
    for note in &prepared.notes {
        facts.push(Fact::line(Shown::text(format!("▲ {note}")).tone(Tone::Warning)));
    }
    facts.push(Fact::gap());
    facts.push(Fact::line(Shown::word("as a command").tone(Tone::Dim)));
    facts.push(Fact::line(Shown::text(wish.command(&cx.called(), &prepared.table))));
    facts
}

fn rollback(plan: &RollbackPlan, now_ms: i64) -> Vec<Fact> {
    let to = plan.prepared.snapshot_id.unwrap_or_default();
    let when = human::ago(plan.to_committed_at.0, now_ms);
    let mut facts = vec![
        Fact::new("branch", Shown::text(&plan.prepared.branch).tone(Tone::Reference)),
        Fact::new("leads now to", Shown::or_missing(plan.prepared.base_snapshot_id, Shown::id)),
        Fact::new("will lead to", Shown::text(format!("{to}, {when}")).tone(Tone::Current)),
    ];
    if !plan.is_ancestor {
        facts.push(Fact::line(Shown::word("▲ This is no ancestor of its head: another line.").tone(Tone::Warning)));
    }
    facts.extend(leaves(&plan.leaving, now_ms));
    facts.extend(plan.restored.iter().map(|told| Fact::new("restored", Shown::text(told))));
    facts.push(Fact::new(
        "readers",
        Shown::word("see that snapshot from now on; writers that planned on the old head fail").tone(Tone::Dim),
    ));
    facts
}

/// What goes, what comes back, what nothing leads to any more.
fn leaves(leaving: &Leaving, now_ms: i64) -> Vec<Fact> {
    let mut facts = vec![Fact::gap()];
    let count = |n: usize| Shown::text(human::counted(n, "snapshot"));
    if !leaving.snapshots.is_empty() {
        facts.push(Fact::new("leaves it", count(leaving.snapshots.len()).tone(Tone::Removed)));
    }
    if !leaving.joining.is_empty() {
        facts.push(Fact::new("comes to it", count(leaving.joining.len()).tone(Tone::Added)));
    }
    facts.extend(counted("goes", &leaving.gone, Tone::Removed));
    facts.extend(counted("comes back", &leaving.back, Tone::Added));
    if let Some(why) = &leaving.uncounted {
        facts.push(Fact::new("not counted", Shown::text(why).tone(Tone::Warning)));
    }
    let told = match leaving.unreachable {
        0 => Shown::word("everything stays reachable by a branch or tag").tone(Tone::Added),
        n => Shown::text(format!("{}, kept until the table is expired", human::counted(n, "snapshot")))
            .tone(Tone::Danger),
    };
    facts.push(Fact::new("unreachable", told));
    for snapshot in leaving.snapshots.iter().take(NAMED) {
        let by = snapshot.by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
        let kept = match snapshot.kept_by.as_slice() {
            [] => String::new(),
            names => format!("  kept by {}", names.join(", ")),
        };
        let when = human::ago(snapshot.committed_at.0, now_ms);
        let rows = snapshot.added_rows.map(|rows| format!(" {} rows", human::change(rows.into()))).unwrap_or_default();
        let told = format!("− {}  {when}  {}{by}{rows}{kept}", snapshot.snapshot_id, snapshot.operation);
        facts.push(Fact::line(Shown::text(told).tone(Tone::Dim)));
    }
    let more = leaving.snapshots.len().saturating_sub(NAMED);
    if more > 0 {
        facts.push(Fact::line(Shown::text(format!("  and {} more", human::count(more as i128))).tone(Tone::Dim)));
    }
    facts.push(Fact::gap());
    facts
}

fn counted(name: &'static str, counted: &Counted, tone: Tone) -> Option<Fact> {
    let files = usize::try_from(counted.files).unwrap_or(usize::MAX);
    let mut told = format!(
        "{} rows in {} ({})",
        human::count(counted.rows.into()),
        human::counted(files, "file"),
        human::bytes(counted.bytes)
    );
    if counted.delete_files > 0 {
        told.push_str(&format!(", {} delete files", human::count(counted.delete_files.into())));
    }
    (*counted != Counted::default()).then(|| Fact::new(name, Shown::text(told).tone(tone)))
}

/// What can be switched on and off.
fn choices(request: &RollbackRequest) -> Vec<Fact> {
    let sign = |on: bool| if on { "[x]" } else { "[ ]" };
    let restores = request.restore != RestoreOf::default();
    let tag = request.tag.as_deref().map(|tag| format!(" {}", safe(tag))).unwrap_or_default();
    vec![
        Fact::new("old head", Shown::text(format!("{} keep as tag{tag}", sign(request.tag.is_some())))),
        Fact::new("as then", Shown::text(format!("{} schema, partition spec and properties, too", sign(restores)))),
    ]
}

fn undo(plan: &UndoPlan, now_ms: i64) -> Vec<Fact> {
    let what = if plan.is_redo { "the undo" } else { "the last change" };
    let mut facts = vec![Fact::new(
        "taken back",
        Shown::text(format!("{what}, made {}", human::ago(plan.changed_at.0, now_ms))).tone(Tone::Strong),
    )];
    facts.extend(plan.undone.iter().map(|told| Fact::line(Shown::text(format!("← {told}")).tone(Tone::Accent))));
    facts.extend(plan.lost.iter().map(|told| Fact::new("stays", Shown::text(told).tone(Tone::Warning))));
    facts.extend(plan.leaving.iter().flat_map(|leaving| leaves(leaving, now_ms)));
    facts
}

fn reference(plan: &RefPlan, now_ms: i64) -> Vec<Fact> {
    let prepared = &plan.prepared;
    let mut facts = vec![
        Fact::new(plan.kind, Shown::text(&prepared.branch).tone(Tone::Reference)),
        Fact::new("leads now to", Shown::or_missing(prepared.base_snapshot_id, Shown::id)),
        Fact::new(
            "will lead to",
            prepared.snapshot_id.map_or_else(|| Shown::word("nothing: it is dropped"), Shown::id),
        ),
    ];
    facts.extend(plan.leaving.iter().flat_map(|leaving| leaves(leaving, now_ms)));
    facts
}

fn pick(plan: &PickPlan) -> Vec<Fact> {
    let rows = |rows: Option<u64>, sign: i128| Shown::or_missing(rows, |n| Shown::change(sign * i128::from(n)));
    let how = match plan.is_forward {
        true => "the branch stands at its parent: it is led to the snapshot itself",
        false => "a new snapshot is made at the head of the branch",
    };
    vec![
        Fact::new("snapshot", Shown::id(plan.picked)),
        Fact::new("operation", Shown::text(&plan.operation)),
        Fact::new("rows added", rows(plan.added_rows, 1)),
        Fact::new("rows removed", rows(plan.deleted_rows, -1)),
        Fact::new("onto", Shown::text(&plan.prepared.branch).tone(Tone::Reference)),
        Fact::new("how", Shown::word(how)),
    ]
}
