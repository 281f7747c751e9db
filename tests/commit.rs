//! Publishing on a real SQL catalog and real files: what is committed reads back, what loses a race leaves nothing
//! behind, and what must not be is refused before anything is sent.

pub mod check;
pub mod deletes;
mod mend;
mod merging;
mod model;
mod overwrites;
mod schemas;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use iceberg::spec::{
    FormatVersion, ListType, NestedField, PrimitiveType, StructType, TableMetadata, Transform, Type,
    UnboundPartitionSpec,
};
use icedeck::catalog::{Committer, Outcome, Proposal, Rejection};
use icedeck::commit::{
    self, Attempt, AttemptOutcome, Change, INGEST_ID, Published, RefKind, Sending, StagedFile, Unwitnessed, Witness,
};
use icedeck::table::Table;
use icedeck::{Error, Kind};

use crate::common::Lake;
use crate::common::lake::{append, longs, orders, orders_schema};

fn summary(table: &Table) -> HashMap<String, String> {
    table.metadata().current_snapshot().unwrap().summary().additional_properties.clone()
}

/// The manifests and manifest lists in the table's folder.
async fn manifests_on_disk(table: &Table) -> usize {
    let listed = table.storage().list(&format!("{}/metadata", table.metadata().location())).await.unwrap();
    listed.iter().filter(|l| l.location.ends_with(".avro")).count()
}

fn days(metadata: &TableMetadata) -> UnboundPartitionSpec {
    let id = metadata.current_schema().field_by_name("day").unwrap().id;
    UnboundPartitionSpec::builder().add_partition_field(id, "day_month", Transform::Month).unwrap().build()
}

fn columns(table: &Table) -> Vec<String> {
    table.metadata().current_schema().as_struct().fields().iter().map(|f| f.name.clone()).collect()
}

async fn refused(lake: &Lake, table: &Table, change: Change) -> Error {
    commit::propose(table, &change, &lake.env).await.unwrap_err()
}

#[tokio::test]
async fn appends_read_back_in_each_format_version() {
    let lake = Lake::new().await;
    for format in [1, 2, 3] {
        let table = lake.table(&format!("sales.v{format}"), orders_schema(), None, format).await;
        let table = lake.append(&table, orders(&table, 0, 100)).await;
        let table = lake.append(&table, orders(&table, 100, 50)).await;
        assert_eq!(longs(&table, None, "id").await, (0..150).collect::<Vec<_>>(), "v{format}");
        let first = table.metadata().history()[0].snapshot_id;
        assert_eq!(longs(&table, Some(first), "id").await, (0..100).collect::<Vec<_>>(), "v{format}");
    }
}

#[tokio::test]
async fn the_third_version_numbers_its_rows() {
    let lake = Lake::new().await;
    let table = lake.table("sales.v3", orders_schema(), None, 3).await;
    let table = lake.append(&table, orders(&table, 0, 100)).await;
    let table = lake.append(&table, orders(&table, 100, 50)).await;
    assert_eq!(table.metadata().format_version(), FormatVersion::V3);
    assert_eq!(table.metadata().next_row_id(), 150);
    let ranges: Vec<_> = {
        let mut all: Vec<_> = table.metadata().snapshots().map(|s| (s.sequence_number(), s.row_range())).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(ranges, [(1, Some((0, 100))), (2, Some((100, 50)))]);
}

#[tokio::test]
async fn summaries_add_up_over_several_appends() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let mut table = lake.append(&table, orders(&table, 0, 10)).await;
    let first = summary(&table);
    assert_eq!(first["changed-partition-count"], "1");
    assert_eq!((&*first["engine-name"], &*first["total-delete-files"]), ("icedeck", "0"));
    let mut bytes: u64 = first["added-files-size"].parse().unwrap();
    for n in 1..4 {
        table = lake.append(&table, orders(&table, n * 10, 10)).await;
        bytes += summary(&table)["added-files-size"].parse::<u64>().unwrap();
    }
    let last = summary(&table);
    assert_eq!((&*last["added-records"], &*last["total-records"]), ("10", "40"));
    assert_eq!((&*last["added-data-files"], &*last["total-data-files"]), ("1", "4"));
    assert_eq!(last["total-files-size"], bytes.to_string());
}

#[tokio::test]
async fn what_is_given_never_shadows_a_count() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let staged = lake.stage(&table, orders(&table, 0, 10)).await;
    let given = BTreeMap::from([
        ("total-records".to_string(), "999".to_string()),
        ("added-records".to_string(), "999".to_string()),
        ("note".to_string(), "kept".to_string()),
    ]);
    let change = Change::Append { branch: "main".into(), files: staged, summary: given };
    let table = lake.commit(&table, &change).await;
    let found = summary(&table);
    assert_eq!((&*found["total-records"], &*found["added-records"], &*found["note"]), ("10", "10", "kept"));
}

#[tokio::test]
async fn a_branch_grows_without_main() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 0, 10)).await;
    let base = table.metadata().current_snapshot_id().unwrap();
    let table = lake.branch(&table, "audit", base).await;
    let table = lake.append_to(&table, "audit", orders(&table, 10, 5)).await;
    let table = lake.append(&table, orders(&table, 100, 1)).await;
    let audit = table.metadata().snapshot_for_ref("audit").unwrap();
    assert_eq!(audit.parent_snapshot_id(), Some(base));
    assert_eq!(longs(&table, Some(audit.snapshot_id()), "id").await, (0..15).collect::<Vec<_>>());
    assert_eq!(longs(&table, None, "id").await.len(), 11);
    assert_eq!(audit.summary().additional_properties["total-records"], "15");
}

#[tokio::test]
async fn a_branchs_retention_survives_a_commit() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 0, 10)).await;
    let head = table.metadata().current_snapshot_id().unwrap();
    let retention = iceberg::spec::SnapshotRetention::branch(Some(3), Some(1000), None);
    let proposal = Proposal {
        table: table.name().clone(),
        requirements: Vec::new(),
        updates: vec![iceberg::TableUpdate::SetSnapshotRef {
            ref_name: "main".into(),
            reference: iceberg::spec::SnapshotReference::new(head, retention.clone()),
        }],
        snapshot_id: None,
        metadata_files: Vec::new(),
    };
    let Outcome::Committed(table) = lake.connection.committer().commit(&table, &proposal).await else {
        panic!("not committed")
    };
    let table = lake.append(&table, orders(&table, 10, 10)).await;
    assert_eq!(table.refs().unwrap()["main"].retention, retention);
}

#[tokio::test]
async fn of_two_that_race_one_is_rejected_and_leaves_no_manifest() {
    let lake = Lake::new().await;
    let base = lake.orders("sales.orders").await;
    let base = lake.append(&base, orders(&base, 0, 10)).await;
    let winner = lake.append(&base, orders(&base, 10, 10)).await;
    let before = manifests_on_disk(&base).await;
    let staged = lake.stage(&base, orders(&base, 20, 10)).await;
    let published = lake.publish(&base, &append("main", staged.clone())).await;
    let Outcome::Rejected(rejection) = &published.outcome else { panic!("{:?}", published.outcome) };
    assert!(rejection.reason.contains("main"), "{}", rejection.reason);
    assert_eq!(published.attempts[0].outcome, AttemptOutcome::Rejected);
    assert_eq!(published.base_snapshot_id, base.metadata().current_snapshot_id());
    assert_eq!(manifests_on_disk(&base).await, before);
    // The data files stay: they can be published upon what the winner left.
    for file in &staged {
        assert!(base.storage().size(file.file.file_path()).await.unwrap().is_some());
    }
    let table = lake.commit(&winner, &append("main", staged)).await;
    assert_eq!(longs(&table, None, "id").await, (0..30).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_update_is_lost_when_many_race() {
    let lake = Arc::new(Lake::new().await);
    let base = lake.orders("sales.orders").await;
    let tasks: Vec<_> = (0..4)
        .map(|n| {
            let (lake, base) = (lake.clone(), base.clone());
            tokio::spawn(async move {
                let staged = lake.stage(&base, orders(&base, n * 10, 10)).await;
                let mut table = base;
                let mut rejected = 0;
                loop {
                    let published = lake.publish(&table, &append("main", staged.clone())).await;
                    match published.outcome {
                        Outcome::Committed(_) => return rejected,
                        Outcome::Rejected(_) => rejected += 1,
                        other => panic!("{other:?}"),
                    }
                    table = lake.load(table.name()).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let table = lake.load(base.name()).await;
    assert_eq!(longs(&table, None, "id").await, (0..40).collect::<Vec<_>>());
    assert_eq!(table.metadata().history().len(), 4);
    assert_eq!(summary(&table)["total-records"], "40");
}

#[tokio::test]
async fn the_first_snapshot_demands_that_there_is_none() {
    let lake = Lake::new().await;
    let base = lake.orders("sales.orders").await;
    let staged = lake.stage(&base, orders(&base, 0, 10)).await;
    lake.append(&base, orders(&base, 10, 10)).await;
    let published = lake.publish(&base, &append("main", staged)).await;
    assert!(matches!(published.outcome, Outcome::Rejected(_)), "{:?}", published.outcome);
}

#[tokio::test]
async fn the_same_ingest_never_lands_twice() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let staged = lake.stage(&table, orders(&table, 0, 10)).await;
    let summary = BTreeMap::from([(INGEST_ID.to_string(), "i-1".to_string())]);
    let change = Change::Append { branch: "main".into(), files: staged, summary };
    let table = lake.commit(&table, &change).await;
    assert_eq!(refused(&lake, &table, change).await.kind(), Kind::AlreadyExists);
}

#[tokio::test]
async fn a_spec_evolves_and_files_of_the_old_one_still_land() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let old = lake.stage(&table, orders(&table, 0, 10)).await;
    let spec = days(table.metadata());
    let table = lake.commit(&table, &Change::SetSpec(spec)).await;
    assert_eq!(table.metadata().default_partition_spec_id(), 1);
    let new = lake.stage(&table, orders(&table, 10, 100)).await;
    assert!(new.len() > 1 && new.iter().all(|f| f.spec_id == 1));
    let both: Vec<StagedFile> = old.into_iter().chain(new).collect();
    let files = both.len();
    let table = lake.commit(&table, &append("main", both)).await;
    assert_eq!(longs(&table, None, "id").await, (0..110).collect::<Vec<_>>());
    let snapshot = table.metadata().current_snapshot().unwrap();
    let list = table.inner().manifest_list_reader(snapshot).load().await.unwrap();
    let specs: Vec<_> = list.entries().iter().map(|m| m.partition_spec_id).collect();
    assert_eq!(specs, [1, 0]);
    assert_eq!(summary(&table)["changed-partition-count"], files.to_string());
}

#[tokio::test]
async fn a_field_that_comes_back_keeps_its_id() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let by_month = days(table.metadata());
    let id = table.metadata().current_schema().field_by_name("country").unwrap().id;
    let by_country =
        UnboundPartitionSpec::builder().add_partition_field(id, "country", Transform::Identity).unwrap().build();
    let table = lake.commit(&table, &Change::SetSpec(by_month.clone())).await;
    let table = lake.commit(&table, &Change::SetSpec(by_country)).await;
    assert_eq!(table.metadata().default_partition_spec().fields()[0].field_id, 1001);
    let table = lake.commit(&table, &Change::SetSpec(by_month.clone())).await;
    assert_eq!(table.metadata().default_partition_spec().fields()[0].field_id, 1000);
    assert_eq!(table.metadata().default_partition_spec_id(), 1);
    assert_eq!(refused(&lake, &table, Change::SetSpec(by_month)).await.kind(), Kind::Invalid);
}

#[tokio::test]
async fn columns_come_with_fresh_ids_down_to_the_innermost() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 0, 10)).await;
    let of = |name: &str, kind| Arc::new(NestedField::optional(1, name, kind));
    let inner = Type::Struct(StructType::new(vec![of("x", Type::Primitive(PrimitiveType::Int))]));
    let list = Type::List(ListType { element_field: of("element", inner) });
    let table = lake.commit(&table, &Change::AddColumns(vec![of("places", list)])).await;
    let schema = table.metadata().current_schema();
    assert_eq!(schema.field_by_name("places").unwrap().id, 5);
    assert_eq!(schema.field_by_name("places.element.x").unwrap().id, 7);
    assert_eq!(table.metadata().last_column_id(), 7);
    assert_eq!(longs(&table, None, "id").await.len(), 10);
    let again = Change::AddColumns(vec![of("places", Type::Primitive(PrimitiveType::Int))]);
    assert_eq!(refused(&lake, &table, again).await.kind(), Kind::AlreadyExists);
    let required = NestedField::required(1, "must", Type::Primitive(PrimitiveType::Int));
    let change = Change::AddColumns(vec![Arc::new(required)]);
    assert_eq!(refused(&lake, &table, change).await.kind(), Kind::Invalid);
}

#[tokio::test]
async fn a_dropped_column_is_gone_and_its_id_is_not_used_again() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 0, 10)).await;
    let table = lake.commit(&table, &Change::DropColumns(vec!["amount".into()])).await;
    assert_eq!(columns(&table), ["id", "country", "day"]);
    assert_eq!(longs(&table, None, "id").await.len(), 10);
    let back = NestedField::optional(0, "amount", Type::Primitive(PrimitiveType::String));
    let table = lake.commit(&table, &Change::AddColumns(vec![Arc::new(back)])).await;
    assert_eq!(table.metadata().current_schema().field_by_name("amount").unwrap().id, 5);
}

#[tokio::test]
async fn a_column_that_something_stands_on_is_not_dropped() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.commit(&table, &Change::SetSpec(days(table.metadata()))).await;
    let drop = |name: &str| Change::DropColumns(vec![name.into()]);
    let error = refused(&lake, &table, drop("day")).await;
    assert!(error.message().contains("partition spec 1 (field day_month)"), "{error}");
    let unpartitioned = UnboundPartitionSpec::builder().build();
    let table = lake.commit(&table, &Change::SetSpec(unpartitioned)).await;
    let error = refused(&lake, &table, drop("day")).await;
    assert!(error.message().contains("the older partition spec 1"), "{error}");
    assert_eq!(refused(&lake, &table, drop("nothing")).await.kind(), Kind::NotFound);
    let all = Change::DropColumns(columns(&table));
    assert_eq!(refused(&lake, &table, all).await.kind(), Kind::Invalid);
}

#[tokio::test]
async fn a_schema_change_between_staging_and_commit_is_noticed() {
    let lake = Lake::new().await;
    let base = lake.orders("sales.orders").await;
    let staged = lake.stage(&base, orders(&base, 0, 10)).await;
    let changed = lake.commit(&base, &Change::DropColumns(vec!["amount".into()])).await;
    let published = lake.publish(&base, &append("main", staged.clone())).await;
    assert!(matches!(published.outcome, Outcome::Rejected(_)), "{:?}", published.outcome);
    let table = lake.commit(&changed, &append("main", staged)).await;
    assert_eq!(longs(&table, None, "id").await.len(), 10);
}

#[tokio::test]
async fn refs_are_made_moved_and_guarded() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 0, 1)).await;
    let first = table.metadata().current_snapshot_id().unwrap();
    let stale = lake.tag(&table, "eoy", first).await;
    let table = lake.append(&stale, orders(&table, 1, 1)).await;
    let second = table.metadata().current_snapshot_id().unwrap();
    let set = |name: &str, kind, snapshot_id| Change::SetRef { name: name.into(), kind, snapshot_id };
    for change in [
        set("eoy", RefKind::Branch, second),
        set("eoy", RefKind::Tag, first),
        set("main", RefKind::Tag, second),
        set("\u{7}", RefKind::Tag, second),
        set("new", RefKind::Tag, 42),
    ] {
        refused(&lake, &table, change).await;
    }
    let table = lake.tag(&table, "eoy", second).await;
    assert_eq!(table.metadata().snapshot_for_ref("eoy").unwrap().snapshot_id(), second);
    // Someone who saw the tag where it was before loses.
    let published = lake.publish(&stale, &set("eoy", RefKind::Tag, second)).await;
    assert!(matches!(published.outcome, Outcome::NotSent(_) | Outcome::Rejected(_)), "{:?}", published.outcome);
    let error = refused(&lake, &table, append("eoy", lake.stage(&table, orders(&table, 2, 1)).await)).await;
    assert_eq!(error.kind(), Kind::Invalid);
    let error = refused(&lake, &table, append("nowhere", lake.stage(&table, orders(&table, 2, 1)).await)).await;
    assert_eq!(error.kind(), Kind::NotFound);
}

#[tokio::test]
async fn the_first_version_takes_no_refs_and_no_other_spec() {
    let lake = Lake::new().await;
    let table = lake.table("sales.v1", orders_schema(), None, 1).await;
    let table = lake.append(&table, orders(&table, 0, 1)).await;
    let snapshot_id = table.metadata().current_snapshot_id().unwrap();
    let tag = Change::SetRef { name: "eoy".into(), kind: RefKind::Tag, snapshot_id };
    assert_eq!(refused(&lake, &table, tag).await.kind(), Kind::Unsupported);
    let table = lake.commit(&table, &Change::SetSpec(days(table.metadata()))).await;
    let unpartitioned = Change::SetSpec(UnboundPartitionSpec::builder().build());
    assert_eq!(refused(&lake, &table, unpartitioned).await.kind(), Kind::Unsupported);
    let table = lake.append(&table, orders(&table, 1, 5)).await;
    assert_eq!(longs(&table, None, "id").await, (0..6).collect::<Vec<_>>());
}

#[tokio::test]
async fn properties_are_set_and_removed() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let set = BTreeMap::from([("owner".to_string(), "ada".to_string())]);
    let table = lake.commit(&table, &Change::SetProperties { set: set.clone(), remove: Vec::new() }).await;
    assert_eq!(table.metadata().properties()["owner"], "ada");
    let both = Change::SetProperties { set, remove: vec!["owner".into()] };
    assert_eq!(refused(&lake, &table, both).await.kind(), Kind::Invalid);
    let change = Change::SetProperties { set: BTreeMap::new(), remove: vec!["owner".into(), "absent".into()] };
    let table = lake.commit(&table, &change).await;
    assert!(!table.metadata().properties().contains_key("owner"));
    assert_eq!(refused(&lake, &table, change).await.kind(), Kind::Invalid);
}

#[tokio::test]
async fn manifests_go_where_the_table_says() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let elsewhere = format!("file://{}/elsewhere", lake.folder.path().display());
    let set = BTreeMap::from([("write.metadata.path".to_string(), format!("{elsewhere}/"))]);
    let table = lake.commit(&table, &Change::SetProperties { set, remove: Vec::new() }).await;
    let table = lake.append(&table, orders(&table, 0, 10)).await;
    let list = table.metadata().current_snapshot().unwrap().manifest_list().to_string();
    assert!(list.starts_with(&format!("{elsewhere}/snap-")), "{list}");
    assert_eq!(longs(&table, None, "id").await.len(), 10);
}

#[tokio::test]
async fn files_that_the_table_cannot_name_are_refused() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let good = lake.stage(&table, orders(&table, 0, 10)).await;
    let changed = |change: fn(&mut StagedFile)| {
        let mut files = good.clone();
        files.iter_mut().for_each(change);
        append("main", files)
    };
    let twice = append("main", good.iter().chain(&good).cloned().collect());
    for bad in [append("main", Vec::new()), twice, changed(|f| f.spec_id = 7), changed(|f| f.schema_id = 7)] {
        assert_eq!(refused(&lake, &table, bad).await.kind(), Kind::Invalid);
    }
    let partitioned = lake.commit(&table, &Change::SetSpec(days(table.metadata()))).await;
    let shapeless = changed(|f| f.spec_id = 1);
    assert_eq!(refused(&lake, &partitioned, shapeless).await.kind(), Kind::Invalid);
    assert_eq!(manifests_on_disk(&table).await, 0);
}

#[tokio::test]
async fn a_clock_that_runs_behind_is_told_and_never_goes_back() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 0, 10)).await;
    let last = table.metadata().last_updated_ms();
    let change = append("main", lake.stage(&table, orders(&table, 10, 10)).await);
    let behind = lake.env.clone().shifted(-3_600_000);
    let published = commit::publish(&lake.connection, &table, &change, &behind, &mut Unwitnessed).await;
    assert!(published.warnings.iter().any(|w| w.contains("clock")), "{:?}", published.warnings);
    let table = published.committed().unwrap();
    assert_eq!(table.metadata().current_snapshot().unwrap().timestamp_ms(), last + 1);
}

#[tokio::test]
async fn the_request_is_exact_and_complete() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let table = lake.append(&table, orders(&table, 0, 10)).await;
    let change = append("main", lake.stage(&table, orders(&table, 10, 10)).await);
    let proposal = commit::propose(&table, &change, &lake.env).await.unwrap();
    let body = commit::request(&proposal).unwrap();
    let types: Vec<_> = body["requirements"].as_array().unwrap().iter().map(|r| r["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        ["assert-table-uuid", "assert-ref-snapshot-id", "assert-current-schema-id", "assert-default-spec-id"]
    );
    let actions: Vec<_> = body["updates"].as_array().unwrap().iter().map(|u| u["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["add-snapshot", "set-snapshot-ref"]);
    let head = table.metadata().current_snapshot_id().unwrap();
    assert_eq!(body["requirements"][1]["snapshot-id"], head);
    assert_eq!(body["updates"][0]["snapshot"]["parent-snapshot-id"], head);
    assert_eq!(body["identifier"]["name"], "orders");
}

/// A catalog that answers as it is told, whatever happens.
#[derive(Debug)]
struct Liar {
    inner: Arc<dyn Committer>,
    /// Whether the commit is really made.
    commits: bool,
    answer: fn(Outcome) -> Outcome,
}

/// The lake's own committer, behind an `Arc`.
#[derive(Debug)]
struct Own(Arc<icedeck::catalog::Connection>);

#[async_trait]
impl Committer for Own {
    async fn commit(&self, base: &Table, proposal: &Proposal) -> Outcome {
        self.0.committer().commit(base, proposal).await
    }
}

#[async_trait]
impl Committer for Liar {
    async fn commit(&self, base: &Table, proposal: &Proposal) -> Outcome {
        let outcome = if self.commits {
            self.inner.commit(base, proposal).await
        } else {
            Outcome::Committed(Box::new(base.clone()))
        };
        (self.answer)(outcome)
    }
}

async fn through(lake: &Lake, commits: bool, answer: fn(Outcome) -> Outcome) -> (Table, Published) {
    let base = lake.orders("sales.orders").await;
    let change = append("main", lake.stage(&base, orders(&base, 0, 10)).await);
    let inner = Arc::new(Own(lake.connection.clone()));
    let connection = lake.connection.with_committer(Arc::new(Liar { inner, commits, answer }));
    let published = commit::publish(&connection, &base, &change, &lake.env, &mut Unwitnessed).await;
    (lake.load(base.name()).await, published)
}

#[tokio::test]
async fn an_answer_lost_after_the_commit_is_found_to_have_landed() {
    let lake = Lake::new().await;
    let (table, published) = through(&lake, true, |_| Outcome::Unknown(Error::invalid("time-out"))).await;
    assert!(matches!(published.outcome, Outcome::Committed(_)), "{:?}", published.outcome);
    assert!(published.warnings[0].contains("unknown"), "{:?}", published.warnings);
    assert_eq!(table.metadata().current_snapshot_id(), published.snapshot_id);
}

#[tokio::test]
async fn a_success_that_was_turned_into_a_conflict_is_found_to_have_landed() {
    let lake = Lake::new().await;
    let no = |_| Outcome::Rejected(Rejection { reason: "409".into(), is_final: false });
    let (table, published) = through(&lake, true, no).await;
    assert!(matches!(published.outcome, Outcome::Committed(_)), "{:?}", published.outcome);
    assert_eq!(longs(&table, None, "id").await.len(), 10);
}

#[tokio::test]
async fn an_unknown_outcome_keeps_its_manifests() {
    let lake = Lake::new().await;
    let (table, published) = through(&lake, false, |_| Outcome::Unknown(Error::invalid("time-out"))).await;
    assert!(matches!(published.outcome, Outcome::Unknown(_)));
    assert_eq!(published.attempts[0].outcome, AttemptOutcome::Unknown);
    assert_eq!(manifests_on_disk(&table).await, 2);
}

#[tokio::test]
async fn a_catalog_that_breaks_its_word_is_told() {
    let lake = Lake::new().await;
    let (_, published) = through(&lake, false, |outcome| outcome).await;
    assert!(matches!(published.outcome, Outcome::Committed(_)));
    assert!(published.warnings.iter().any(|w| w.contains("not reachable")), "{:?}", published.warnings);
}

/// Refuses to record that something is about to be sent.
struct FullDisk;

impl Witness for FullDisk {
    fn sending(&mut self, _: &Sending) -> icedeck::Result<()> {
        Err(Error::new(Kind::Unavailable, "the disk is full"))
    }

    fn outcome(&mut self, _: &Attempt) -> icedeck::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_is_sent_that_was_not_recorded() {
    let lake = Lake::new().await;
    let base = lake.orders("sales.orders").await;
    let change = append("main", lake.stage(&base, orders(&base, 0, 10)).await);
    let sent = Arc::new(AtomicBool::new(false));
    let connection = lake.connection.with_committer(Arc::new(Tripwire(sent.clone())));
    let published = commit::publish(&connection, &base, &change, &lake.env, &mut FullDisk).await;
    assert!(matches!(published.outcome, Outcome::NotSent(_)), "{:?}", published.outcome);
    assert!(!sent.load(Ordering::Relaxed));
    assert_eq!(manifests_on_disk(&base).await, 0);
}

#[derive(Debug)]
struct Tripwire(Arc<AtomicBool>);

#[async_trait]
impl Committer for Tripwire {
    async fn commit(&self, _: &Table, _: &Proposal) -> Outcome {
        self.0.store(true, Ordering::Relaxed);
        Outcome::Unknown(Error::invalid("touched"))
    }
}
