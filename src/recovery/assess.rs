//! Where a change stands: landed, or absent and what can be done. Pure: everything it needs was read before.

use iceberg::TableRequirement;
use iceberg::spec::{Snapshot, TableMetadata};
use serde_json::Value;

use super::assessment::{Assessment, ChangeKind, Intervening, Landing, Verdict};
use super::changes::{Found, since};
use super::intent::{Intent, Sent, Want};
use super::lineage::Seen;
use super::verdict::verdict;
use crate::commit::INGEST_ID;
use crate::words::many;

/// The table as it is now.
#[derive(Debug, Clone)]
pub enum Now {
    /// There is none of that name.
    Gone,
    /// It is there; whether it is the same one, its UUID tells.
    Table(Box<Seen>),
}

/// Says where a change stands. `base` is the metadata that was inspected, where it can still be read: without it, what
/// changed beside snapshots is told by ids alone.
///
/// The answer depends on the arguments and on nothing else.
pub fn assess(intent: &Intent, base: Option<&TableMetadata>, now: &Now) -> Assessment {
    let seen = match now {
        Now::Gone => return stop(intent, ChangeKind::Dropped, "the table was dropped"),
        Now::Table(seen) if seen.metadata.uuid() != intent.base.table_uuid => {
            return stop(intent, ChangeKind::Recreated, "the table was dropped and made again");
        }
        Now::Table(seen) => seen.as_ref(),
    };
    let found = since(intent, base, seen);
    if let Some(landing) = landing(intent, seen) {
        let reason = told_landed(intent, &landing);
        let changes = found.into_iter().map(|f| f.change).filter(|c| c.snapshot_id != landing.snapshot_id).collect();
        return Assessment {
            verdict: Verdict::Landed,
            reason,
            changes,
            landed: Some(landing),
            is_absent: false,
            may_still_land: false,
            can_replay: false,
            is_untold: false,
        };
    }
    absent(intent, seen, found)
}

fn absent(intent: &Intent, seen: &Seen, found: Vec<Found>) -> Assessment {
    let is_absent = !intent.is_open() || is_proved_absent(intent, seen);
    let worst = found.iter().filter_map(|f| Some((verdict(&intent.want, f.theirs?), f))).max_by_key(|(v, _)| *v);
    let fits = found.iter().all(|f| f.can_replay);
    let (mut verdict, mut reason) = match worst {
        None | Some((Verdict::Rebase | Verdict::Landed, _)) => (Verdict::Rebase, told_free(intent, &found)),
        Some((verdict, worst)) => {
            let what = told_leaving(intent, seen, &found).unwrap_or_else(|| worst.change.what.clone());
            (verdict, format!("{what}{}", consequence(intent, verdict)))
        }
    };
    if let Some(to) = lost_target(intent, seen) {
        let branch = &intent.branch;
        reason = format!("snapshot {to}, where {branch} was to lead, was expired: there is nothing left to lead it to");
        verdict = Verdict::Stop;
    }
    if verdict == Verdict::Rebase
        && let Some(why) = not_again(intent, seen, &found)
    {
        (verdict, reason) = (Verdict::Decide, why);
    }
    let is_untold = is_untold(intent);
    if !is_absent && verdict != Verdict::Stop {
        verdict = Verdict::Decide;
        reason = match is_untold {
            true => "the table does not say who changed it: whether it was done is seen by looking at it".into(),
            false => "the table's older metadata is gone, so it cannot be proved whether it landed".into(),
        };
    }
    Assessment {
        verdict,
        reason,
        changes: found.into_iter().map(|f| f.change).collect(),
        landed: None,
        is_absent,
        may_still_land: may_still_land(intent, seen),
        can_replay: is_absent
            && fits
            && verdict != Verdict::Stop
            && intent.is_kept
            && !(verdict == Verdict::Decide && intent.is_of_last_change),
        is_untold,
    }
}

/// Why a change in whose way nobody stands cannot be made again all the same.
fn not_again(intent: &Intent, seen: &Seen, found: &[Found]) -> Option<String> {
    if !intent.is_kept {
        return Some(
            "the change is not in the table, and its journal does not hold it: it must be asked for again".into(),
        );
    }
    if intent.is_of_last_change && seen.location != intent.base.metadata_location {
        let what = found.last().map_or("the table has changed", |last| last.change.what.as_str());
        return Some(format!("{what}{}", consequence(intent, Verdict::Decide)));
    }
    None
}

fn stop(intent: &Intent, kind: ChangeKind, what: &str) -> Assessment {
    Assessment {
        verdict: Verdict::Stop,
        reason: format!("{what}: there is nothing left to publish on"),
        changes: vec![Intervening::of(kind, what)],
        landed: None,
        // It may have landed before the table went, and the table may be registered again.
        is_absent: !intent.is_open(),
        may_still_land: false,
        can_replay: false,
        is_untold: is_untold(intent),
    }
}

/// Whether an answer is missing to a change that leaves no id in the table.
fn is_untold(intent: &Intent) -> bool {
    intent.is_open() && intent.want == Want::Metadata
}

/// The snapshot of any attempt, one that carries the ingest's id, or one that brought its files; a ref that leads where it was wanted.
fn landing(intent: &Intent, seen: &Seen) -> Option<Landing> {
    if let Want::Ref { snapshot_id } = intent.want {
        let is_there = seen.ref_head(&intent.branch) == snapshot_id;
        let was_there = !intent.sent.is_empty() && seen.ref_stops.contains(&snapshot_id);
        return (is_there || was_there).then_some(Landing { snapshot_id, is_reachable: is_there, is_expired: false });
    }
    let is_sent = |s: &Snapshot| intent.sent.iter().any(|sent| sent.snapshot_id == Some(s.snapshot_id()));
    let is_named = |s: &Snapshot| s.summary().additional_properties.get(INGEST_ID) == Some(&intent.ingest_id);
    if seen.is_made {
        return Some(Landing { snapshot_id: None, is_reachable: true, is_expired: false });
    }
    let is_expired = |id: i64| seen.metadata.snapshot_by_id(id).is_none();
    let makes_snapshot = intent.want.makes_snapshot();
    let Some(snapshot) = seen.snapshots().find(|s| is_sent(s) || (makes_snapshot && is_named(s))) else {
        let held = |id| Landing { snapshot_id: Some(id), is_reachable: true, is_expired: is_expired(id) };
        return seen.held_since.map(held);
    };
    let id = snapshot.snapshot_id();
    let is_expired = is_expired(id);
    let is_reachable = seen.line(seen.ref_head(&intent.branch)).holds(id);
    Some(Landing { snapshot_id: Some(id), is_reachable, is_expired })
}

/// Snapshots and refs: no version of the table since the base has it. Anything else can be told only where there is no
/// other version: a catalog may write the same change in other ways.
fn is_proved_absent(intent: &Intent, seen: &Seen) -> bool {
    match intent.want {
        Want::Metadata => !seen.location.is_empty() && seen.location == intent.base.metadata_location,
        _ => seen.is_whole,
    }
}

/// A request demands the branch, the schema and the spec where they were. Once one of them has moved, it can never do its
/// work.
fn may_still_land(intent: &Intent, seen: &Seen) -> bool {
    let is_there = |sent: &Sent| match intent.want {
        Want::Metadata => true,
        _ => seen.ref_head(&sent.branch) == sent.demanded_snapshot_id,
    };
    let holds = |sent: &Sent| is_there(sent) && demands_hold(&sent.request, &seen.metadata);
    lost_target(intent, seen).is_none() && intent.sent.iter().any(|sent| sent.is_open && holds(sent))
}

/// Whether everything that a request demands of the table is so. What is not kept of it, or cannot be read, counts as so.
fn demands_hold(request: &Value, metadata: &TableMetadata) -> bool {
    let demands = request.get("requirements").and_then(Value::as_array);
    demands.into_iter().flatten().all(|demand| {
        let read = serde_json::from_value::<TableRequirement>(demand.clone());
        read.map_or(true, |demand| demand.check(Some(metadata)).is_ok())
    })
}

/// The snapshot that a ref was to lead to, where the table has lost it: no catalog leads a ref to nothing.
fn lost_target(intent: &Intent, seen: &Seen) -> Option<i64> {
    let Want::Ref { snapshot_id: Some(to) } = intent.want else { return None };
    seen.metadata.snapshot_by_id(to).is_none().then_some(to)
}

fn told_landed(intent: &Intent, landing: &Landing) -> String {
    let branch = &intent.branch;
    match (landing.snapshot_id, landing.is_reachable, &intent.want) {
        (id, true, Want::Ref { .. }) => match id {
            Some(id) => format!("{branch} leads to snapshot {id}, as wanted"),
            None => format!("{branch} is gone, as wanted"),
        },
        (_, false, Want::Ref { .. }) => format!("{branch} was led there, and somewhere else since"),
        (Some(id), true, _) if landing.is_expired => {
            format!("snapshot {id} held it and was expired since; {branch} stands on it")
        }
        (Some(id), true, _) => format!("snapshot {id} holds it, and {branch} leads to it"),
        (Some(id), false, _) => {
            format!("snapshot {id} holds it, but {branch} does not lead to it any more: it was rolled back or replaced")
        }
        (None, ..) => "the table was changed exactly as this asks for".into(),
    }
}

fn told_free(intent: &Intent, found: &[Found]) -> String {
    let branch = &intent.branch;
    let snapshots = found.iter().filter(|f| f.change.kind == ChangeKind::Snapshot).count();
    match (snapshots, found.len()) {
        (_, 0) => format!("{branch} is where it was, and the change is not in the table: it can be sent again"),
        (0, _) => "only the table's metadata changed, and nothing of it stands in the way".into(),
        (1, _) => format!("{branch} has 1 new snapshot, which does not stand in the way"),
        (n, _) => format!("{branch} has {n} new snapshots, none of which stands in the way"),
    }
}

/// `main has 2 new snapshots (6 rows added), which leave it with this change`: of a change that leads a branch away from
/// what others put on it.
fn told_leaving(intent: &Intent, seen: &Seen, found: &[Found]) -> Option<String> {
    let Want::Ref { snapshot_id: Some(to) } = intent.want else { return None };
    let kept = seen.line(Some(to)).ids();
    let leaves = |found: &&Found| {
        found.change.kind == ChangeKind::Snapshot && found.change.snapshot_id.is_some_and(|id| !kept.contains(&id))
    };
    let (mut snapshots, mut rows) = (0, 0_u64);
    for change in found.iter().filter(leaves).map(|found| &found.change) {
        snapshots += 1;
        rows = rows.saturating_add(change.added_rows.unwrap_or_default());
    }
    let told =
        format!("{} has {} by others ({} added)", intent.branch, many(snapshots, "new snapshot"), many(rows, "row"));
    let verb = if snapshots == 1 { "leaves" } else { "leave" };
    (snapshots > 0).then(|| format!("{told}, which {verb} it with this change"))
}

fn consequence(intent: &Intent, verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Decide if intent.is_of_last_change => ": the last change is another one now",
        Verdict::Restage => ": the rows must be written again",
        Verdict::Decide => ": whether it should still be done is yours to say",
        _ => "",
    }
}
