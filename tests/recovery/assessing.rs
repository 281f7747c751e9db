//! The table of verdicts, and what no combination of events may lead to. Pure: metadata is made, nothing is read.

use std::sync::Arc;
use std::time::Instant;

use iceberg::spec::TableMetadata;
use icedeck::ingest::journal::Base;
use icedeck::recovery::{Assessment, ChangeKind, Intent, Now, Seen, Sent, Touched, Verdict, Want, assess};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

const UUID: Uuid = Uuid::from_u128(7);
const INGEST: &str = "the-ingest";

/// A snapshot: id, parent, operation.
type Snap = (i64, Option<i64>, &'static str);

/// On no branch: a ref may be led to it.
const ASIDE: Snap = (77, None, "append");

/// A table as it might be.
#[derive(Debug, Clone)]
struct World {
    uuid: Uuid,
    snapshots: Vec<Snap>,
    head: Option<i64>,
    schema: i32,
    spec: i32,
    ours: Option<i64>,
}

impl World {
    fn of(snapshots: Vec<Snap>, head: Option<i64>) -> Self {
        Self { uuid: UUID, snapshots, head, schema: 0, spec: 0, ours: None }
    }

    fn metadata(&self) -> TableMetadata {
        let snapshot = |(n, (id, parent, operation)): (usize, &Snap)| {
            let mut summary = json!({"operation": operation, "added-records": "10", "engine-name": "spark"});
            if self.ours == Some(*id) {
                summary["icedeck.ingest-id"] = INGEST.into();
            }
            let mut value = json!({
                "snapshot-id": id, "sequence-number": n + 1, "timestamp-ms": 1000 + n, "schema-id": 0,
                "manifest-list": format!("file:///t/metadata/snap-{id}.avro"), "summary": summary,
            });
            if let Some(parent) = parent {
                value["parent-snapshot-id"] = (*parent).into();
            }
            value
        };
        let snapshots: Vec<Value> = self.snapshots.iter().enumerate().map(snapshot).collect();
        let field = |id: i32, name: &str, kind: &str| json!({"id": id, "name": name, "required": false, "type": kind});
        let schema = |id: i32, fields: Vec<Value>| json!({"type": "struct", "schema-id": id, "fields": fields});
        let refs = self.head.map_or(json!({}), |id| json!({"main": {"snapshot-id": id, "type": "branch"}}));
        let mut value = json!({
            "format-version": 2, "table-uuid": self.uuid, "location": "file:///t",
            "last-sequence-number": self.snapshots.len(), "last-updated-ms": 1000 + self.snapshots.len(),
            "last-column-id": 3, "current-schema-id": self.schema, "default-spec-id": self.spec,
            "schemas": [
                schema(0, vec![field(1, "id", "int"), field(2, "name", "string")]),
                schema(1, vec![field(1, "id", "long"), field(2, "label", "string"), field(3, "more", "string")]),
                schema(2, vec![field(1, "id", "int")]),
            ],
            "partition-specs": [
                {"spec-id": 0, "fields": []},
                {"spec-id": 1, "fields": [{"source-id": 1, "field-id": 1000, "name": "id", "transform": "identity"}]},
            ],
            "last-partition-id": 1000, "properties": {}, "snapshots": snapshots, "refs": refs,
            "sort-orders": [{"order-id": 0, "fields": []}], "default-sort-order-id": 0,
            "snapshot-log": [], "metadata-log": [],
        });
        if let Some(head) = self.head {
            value["current-snapshot-id"] = head.into();
        }
        serde_json::from_value(value).unwrap()
    }

    fn seen(&self) -> Seen {
        Seen::of(Arc::new(self.metadata()), "file:///t/metadata/9.metadata.json")
    }
}

fn intent(want: Want, base: Option<i64>) -> Intent {
    let base = Base {
        table_uuid: UUID,
        metadata_location: "file:///t/metadata/1.metadata.json".into(),
        snapshot_id: base,
        schema_id: 0,
        spec_id: 0,
    };
    Intent {
        ingest_id: INGEST.into(),
        branch: "main".into(),
        want,
        is_of_last_change: false,
        is_kept: true,
        base,
        sent: Vec::new(),
    }
}

fn sent(snapshot_id: i64, demanded: Option<i64>, is_open: bool) -> Sent {
    Sent {
        attempt: 1,
        branch: "main".into(),
        snapshot_id: Some(snapshot_id),
        demanded_snapshot_id: demanded,
        base_metadata: "file:///t/metadata/1.metadata.json".into(),
        is_open,
        request: serde_json::Value::Null,
    }
}

fn now(seen: Seen) -> Now {
    Now::Table(Box::new(seen))
}

fn stands(intent: &Intent, world: &World) -> Assessment {
    assess(intent, None, &now(world.seen()))
}

/// A table on which one thing happened since snapshot 1.
fn after(operation: &'static str, on_ours: Option<bool>) -> Seen {
    let mut seen = World::of(vec![ASIDE, (1, None, "append"), (2, Some(1), operation)], Some(2)).seen();
    let partitions = vec!["day=2026-11-21".to_string()];
    seen.touched.insert(2, Touched { partitions, touches_ours: on_ours });
    seen
}

#[test]
fn the_table_of_verdicts() {
    use Verdict::{Decide, Rebase, Restage, Stop};
    let wants =
        [Want::Append, Want::OverwriteSome, Want::OverwriteAll, Want::Upsert, Want::Ref { snapshot_id: Some(ASIDE.0) }];
    let start = World::of(vec![ASIDE, (1, None, "append")], Some(1));
    let base_first = World::of(vec![ASIDE, (0, None, "append"), (1, Some(0), "append")], Some(0));
    let columns: [(&str, Now, [Verdict; 5]); 11] = [
        ("append", now(after("append", Some(true))), [Rebase, Decide, Decide, Restage, Decide]),
        ("append elsewhere", now(after("append", Some(false))), [Rebase, Rebase, Decide, Rebase, Decide]),
        ("compaction", now(after("replace", Some(true))), [Rebase, Restage, Rebase, Restage, Decide]),
        ("overwrite elsewhere", now(after("overwrite", Some(false))), [Rebase, Rebase, Decide, Rebase, Decide]),
        ("overwrite on ours", now(after("overwrite", Some(true))), [Decide, Decide, Decide, Restage, Decide]),
        ("delete, unseen", now(after("delete", None)), [Decide, Decide, Decide, Restage, Decide]),
        ("compatible schema", now(World { schema: 1, ..start.clone() }.seen()), [Rebase; 5]),
        (
            "other schema",
            now(World { schema: 2, ..start.clone() }.seen()),
            [Restage, Restage, Restage, Restage, Rebase],
        ),
        ("other spec", now(World { spec: 1, ..start }.seen()), [Restage, Restage, Restage, Restage, Rebase]),
        ("rolled back", now(base_first.seen()), [Decide; 5]),
        ("gone", Now::Gone, [Stop; 5]),
    ];
    for (name, now, verdicts) in columns {
        for (want, verdict) in wants.iter().zip(verdicts) {
            let found = assess(&intent(want.clone(), Some(1)), None, &now);
            assert_eq!(found.verdict, verdict, "{name} against {want:?}: {found:?}");
            assert!(!found.reason.is_empty() && !found.reason.ends_with('.'), "{found:?}");
            assert!(!found.changes.is_empty(), "{name}: what happened is listed");
        }
    }
}

#[test]
fn a_branch_that_is_gone_stops() {
    let world = World::of(vec![(1, None, "append")], None);
    let found = stands(&intent(Want::Append, Some(1)), &world);
    assert_eq!((found.verdict, found.can_replay), (Verdict::Stop, false));
    assert_eq!(found.changes[0].kind, ChangeKind::BranchDropped);
}

#[test]
fn what_landed_is_found_by_its_snapshot_and_by_its_name() {
    let snapshots = vec![(1, None, "append"), (2, Some(1), "append"), (3, Some(2), "append")];
    let mut by_id = intent(Want::Append, Some(1));
    by_id.sent = vec![sent(2, Some(1), true)];
    let found = stands(&by_id, &World::of(snapshots.clone(), Some(3)));
    let landed = found.landed.unwrap();
    assert_eq!((found.verdict, landed.snapshot_id, landed.is_reachable), (Verdict::Landed, Some(2), true));
    assert_eq!(found.changes.iter().map(|c| c.snapshot_id).collect::<Vec<_>>(), [Some(3)], "ours is no news");

    let world = World { ours: Some(2), ..World::of(snapshots, Some(1)) };
    let found = stands(&intent(Want::Append, Some(1)), &world);
    let landed = found.landed.clone().unwrap();
    assert_eq!((found.verdict, landed.snapshot_id, landed.is_reachable), (Verdict::Landed, Some(2), false));
    assert!(found.reason.contains("does not lead to it"), "{}", found.reason);
}

#[test]
fn what_was_expired_is_found_in_older_metadata() {
    let all = World::of(vec![(1, None, "append"), (2, Some(1), "append"), (3, Some(2), "append")], Some(3));
    let older = all.metadata();
    let left = World::of(vec![(3, Some(2), "append")], Some(3));
    let mut seen = left.seen();
    let mut ours = intent(Want::Append, Some(1));
    ours.sent = vec![sent(2, Some(1), true)];

    seen.is_whole = false;
    let found = assess(&ours, None, &now(seen.clone()));
    assert_eq!((found.verdict, found.is_absent, found.may_discard()), (Verdict::Decide, false, false));
    assert!(found.reason.contains("cannot be proved"), "{}", found.reason);

    seen.is_whole = true;
    seen.expired = older.snapshots().take(0).map(|s| (s.snapshot_id(), s.clone())).collect();
    for snapshot in older.snapshots().filter(|s| s.snapshot_id() < 3) {
        seen.expired.insert(snapshot.snapshot_id(), snapshot.clone());
    }
    let found = assess(&ours, None, &now(seen));
    let landed = found.landed.unwrap();
    assert_eq!((found.verdict, landed.is_reachable, landed.is_expired), (Verdict::Landed, true, true));
}

#[test]
fn a_request_on_its_way_keeps_everything_until_the_branch_has_moved() {
    let mut ours = intent(Want::Append, Some(1));
    ours.sent = vec![sent(9, Some(1), true)];
    let still = stands(&ours, &World::of(vec![(1, None, "append")], Some(1)));
    assert_eq!((still.verdict, still.may_still_land, still.may_discard()), (Verdict::Rebase, true, false));
    let moved = stands(&ours, &World::of(vec![(1, None, "append"), (2, Some(1), "append")], Some(2)));
    assert_eq!((moved.verdict, moved.may_still_land, moved.may_discard()), (Verdict::Rebase, false, true));
    ours.sent[0].is_open = false;
    let refused = stands(&ours, &World::of(vec![(1, None, "append")], Some(1)));
    assert!(refused.may_discard(), "the catalog said no");
}

#[test]
fn a_ref_is_where_it_was_wanted_or_was_there_once() {
    let world = World::of(vec![(1, None, "append"), (2, Some(1), "append")], Some(1));
    let mut back = intent(Want::Ref { snapshot_id: Some(1) }, Some(2));
    assert_eq!(stands(&back, &world).verdict, Verdict::Landed);
    let on = World { head: Some(2), ..world };
    assert_eq!(stands(&back, &on).verdict, Verdict::Rebase);
    back.sent = vec![Sent { snapshot_id: None, ..sent(0, Some(2), true) }];
    let mut seen = on.seen();
    seen.ref_stops = vec![Some(1), Some(2)];
    let found = assess(&back, None, &now(seen));
    assert_eq!((found.verdict, found.landed.unwrap().is_reachable), (Verdict::Landed, false));
}

#[test]
fn a_ref_to_a_snapshot_that_was_expired_is_given_up() {
    let mut fork = intent(Want::Ref { snapshot_id: Some(9) }, None);
    fork.branch = "wip".into();
    fork.sent = vec![Sent { branch: "wip".into(), snapshot_id: None, ..sent(9, None, true) }];
    let there = World::of(vec![(9, None, "append")], Some(9));
    let found = stands(&fork, &there);
    assert_eq!((found.verdict, found.may_still_land), (Verdict::Rebase, true));
    let expired = World::of(vec![(10, None, "append")], Some(10));
    let found = stands(&fork, &expired);
    assert_eq!((found.verdict, found.may_still_land, found.may_discard()), (Verdict::Stop, false, true), "{found:?}");
    assert!(found.reason.starts_with("snapshot 9, where wip was to lead, was expired"), "{}", found.reason);
}

/// Ten thousand snapshots by others: how long it takes is printed, not judged.
#[test]
fn ten_thousand_snapshots() {
    let operations = ["append", "append", "replace", "append"];
    let snapshot = |id: i64| (id, (id > 1).then_some(id - 1), operations[usize::try_from(id % 4).unwrap()]);
    let world = World::of((1..=10_000).map(snapshot).collect(), Some(10_000));
    let mut ours = intent(Want::Append, Some(1));
    ours.sent = vec![sent(123_456, Some(1), true)];
    let now = now(world.seen());
    let started = Instant::now();
    let found = assess(&ours, None, &now);
    println!("assess over 10,000 snapshots: {:?}", started.elapsed());
    assert_eq!((found.verdict, found.changes.len()), (Verdict::Rebase, 9_999));
    assert_eq!(found.changes.last().unwrap().snapshot_id, Some(10_000), "newest last");
}

/// What may have happened.
#[derive(Debug, Clone)]
struct Story {
    /// Snapshots after the base, and whether each touches what is ours.
    theirs: Vec<(&'static str, Option<bool>)>,
    /// The branch is led back so many snapshots from the newest.
    led_back: usize,
    schema: i32,
    spec: i32,
    recreated: bool,
    landed: bool,
    is_open: bool,
    is_whole: bool,
    want: Want,
}

fn stories() -> impl Strategy<Value = Story> {
    let operation = prop::sample::select(vec!["append", "replace", "overwrite", "delete"]);
    let touch = prop::option::of(any::<bool>());
    let wants = vec![Want::Append, Want::OverwriteSome, Want::OverwriteAll, Want::Upsert];
    (
        prop::collection::vec((operation, touch), 0..6),
        0_usize..8,
        (0..3_i32, 0..2_i32),
        (prop::bool::weighted(0.1), any::<bool>(), any::<bool>(), prop::bool::weighted(0.8)),
        prop::sample::select(wants),
    )
        .prop_map(|(theirs, led_back, (schema, spec), (recreated, landed, is_open, is_whole), want)| Story {
            theirs,
            led_back,
            schema,
            spec,
            recreated,
            landed,
            is_open,
            is_whole,
            want,
        })
}

/// Two ancestors 1 and 2 (the base), ours 500 upon it where it landed, theirs from 3 on.
fn told(story: &Story) -> (Intent, Now, Option<i64>) {
    let mut snapshots: Vec<Snap> = vec![(1, None, "append"), (2, Some(1), "append")];
    if story.landed {
        snapshots.push((500, Some(2), "append"));
    }
    for (n, (operation, _)) in story.theirs.iter().enumerate() {
        let parent = snapshots.last().unwrap().0;
        snapshots.push((3 + i64::try_from(n).unwrap(), Some(parent), operation));
    }
    let head = snapshots[snapshots.len().saturating_sub(1 + story.led_back)].0;
    let uuid = if story.recreated { Uuid::from_u128(8) } else { UUID };
    let world = World { uuid, schema: story.schema, spec: story.spec, ..World::of(snapshots, Some(head)) };
    let mut seen = world.seen();
    seen.is_whole = story.is_whole;
    for (n, (_, touches_ours)) in story.theirs.iter().enumerate() {
        let touched = Touched { partitions: Vec::new(), touches_ours: *touches_ours };
        seen.touched.insert(3 + i64::try_from(n).unwrap(), touched);
    }
    let mut ours = intent(story.want.clone(), Some(2));
    ours.sent = vec![sent(500, Some(2), story.is_open)];
    (ours, now(seen), Some(head))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_story_leads_to_a_lost_or_doubled_row(story in stories()) {
        let (ours, now, head) = told(&story);
        let found = assess(&ours, None, &now);
        prop_assert_eq!(&found, &assess(&ours, None, &now), "the same question has the same answer");
        if story.recreated {
            prop_assert_eq!(found.verdict, Verdict::Stop);
            prop_assert!(!found.can_replay);
        } else if story.landed {
            prop_assert_eq!(found.verdict, Verdict::Landed, "landed wins");
            prop_assert!(!found.can_replay && !found.may_discard());
        } else {
            prop_assert!(found.verdict != Verdict::Landed);
        }
        if found.verdict == Verdict::Rebase {
            prop_assert!(found.can_replay && found.is_absent);
            prop_assert!(head != Some(1), "the base is an ancestor");
            prop_assert!(story.spec == 0 && story.schema != 2);
        }
        if found.can_replay {
            prop_assert!(found.is_absent && story.spec == 0 && story.schema != 2);
        }
        if found.may_discard() {
            prop_assert!(!(story.is_open && head == Some(2)), "a request on its way could still land");
            prop_assert!(!story.is_open || story.is_whole, "absence was proved");
        }
        let newest = found.changes.iter().filter_map(|c| c.committed_at).collect::<Vec<_>>();
        prop_assert!(newest.is_sorted(), "newest last");
    }
}
