//! What can happen to a table between a lost request and the operator who comes back to it: the exit codes of the real
//! program, and the rows.

use iceberg::spec::{Transform, UnboundPartitionSpec};
use icedeck::commit::Change;
use icedeck::ingest::run::{Ending, IngestRequest};
use icedeck::ingest::source::SourceOptions;
use icedeck::monitor::Monitor;
use icedeck::recovery::mend::{Alteration, alter};
use icedeck::recovery::{self, OnConflict, Policy};
use icedeck::table::Table;
use serde_json::Value;

use super::answers::CSV;
use super::front::{TABLE, name};
use crate::common::Lake;
use crate::common::lake::{longs, orders, orders_schema};
use crate::recovery::binary::json;
use crate::recovery::{Fault, Faulty, files_of};

/// A load whose request was lost, into a table that held 100, and then 101.
struct Lost {
    lake: Lake,
    table: Table,
    id: String,
}

impl Lost {
    async fn on(branch: &str) -> Self {
        let lake = Lake::new().await;
        let table = lake.orders(TABLE).await;
        let table = lake.append(&table, orders(&table, 100, 1)).await;
        let table = lake.append(&table, orders(&table, 101, 1)).await;
        let table = lake.branch(&table, "wip", table.metadata().current_snapshot_id().unwrap()).await;
        let path = lake.folder.path().join("orders.csv");
        std::fs::write(&path, CSV).unwrap();
        let request =
            IngestRequest { branch: branch.into(), ..IngestRequest::append(SourceOptions::of([&path]), name()) };
        let lost = Faulty::on(&lake, vec![Fault::Before; 4]);
        let policy = Policy::hasty(OnConflict::Rebase);
        let done = recovery::run(request, &lost, &policy, &lake.env, &Monitor::new()).await.unwrap();
        assert_eq!(done.load.ending, Ending::Unknown);
        Self { lake, table, id: done.load.ingest_id.unwrap() }
    }

    fn recover(&self, deed: &str) -> (i32, Value) {
        json(self.lake.folder.path(), &["recover", deed, &self.id, "--yes"])
    }

    /// Expects this exit code, this outcome and this verdict.
    fn ends(&self, deed: &str, code: i32, outcome: &str, verdict: Option<&str>) {
        let (ended, told) = self.recover(deed);
        assert_eq!((ended, &told["outcome"]), (code, &outcome.into()), "{deed}: {told}");
        assert_eq!(told["verdict"].as_str(), verdict, "{deed}: {told}");
    }

    /// The operator is asked about it, or not any more.
    fn is_open(&self) -> bool {
        let (_, open) = json(self.lake.folder.path(), &["recover", "list"]);
        open.as_array().unwrap().iter().any(|row| row["ingest_id"] == self.id.as_str())
    }

    async fn others_append(&self) {
        let now = self.lake.load(&name()).await;
        self.lake.append(&now, orders(&now, 200, 1)).await;
    }

    async fn ids(&self) -> Vec<i64> {
        longs(&self.lake.load(&name()).await, None, "id").await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_staged_file_was_deleted_by_somebody() {
    let lost = Lost::on("main").await;
    let file = crate::ingest::data_files(&lost.lake).into_iter().find(|p| p.to_string_lossy().contains(&lost.id));
    std::fs::remove_file(file.unwrap()).unwrap();
    lost.ends("rebase", 4, "unknown", Some("restage"));
    lost.ends("restage", 4, "unknown", Some("restage"));
    lost.others_append().await;
    lost.ends("rebase", 3, "rejected", Some("restage"));
    let (code, done) = lost.recover("restage");
    assert_eq!((code, &done["outcome"], &done["rows"]), (0, &"committed".into(), &3.into()), "{done}");
    assert_eq!((lost.ids().await, lost.is_open()), (vec![1, 2, 3, 100, 101, 200], false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_was_rolled_back() {
    let lost = Lost::on("main").await;
    let first = lost.table.metadata().current_snapshot().unwrap().parent_snapshot_id().unwrap();
    let change = Change::Rollback { branch: "main".into(), snapshot_id: first };
    lost.lake.commit(&lost.table, &change).await;
    let (code, assessed) = json(lost.lake.folder.path(), &["recover", "assess", &lost.id]);
    assert_eq!((code, &assessed["verdict"]), (0, &"decide".into()), "{assessed}");
    let (code, done) = lost.recover("rebase");
    assert_eq!((code, &done["outcome"]), (0, &"committed".into()), "decided by asking for it: {done}");
    assert_eq!((lost.ids().await, lost.is_open()), (vec![1, 2, 3, 100], false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_was_dropped_and_made_again() {
    let lost = Lost::on("main").await;
    lost.lake.connection.drop_table(&name()).await.unwrap();
    for _ in 0..2 {
        // It may have landed before, and the table may be registered again: nothing is deleted.
        for deed in ["rebase", "restage", "discard"] {
            lost.ends(deed, 4, "unknown", Some("stop"));
        }
        assert_eq!((files_of(&lost.lake, &lost.id), lost.is_open()), (1, true));
        if !lost.lake.connection.table_exists(&name()).await.unwrap() {
            lost.lake.table(TABLE, orders_schema(), None, 2).await;
        }
    }
    assert_eq!(lost.ids().await, Vec::<i64>::new(), "the new table is another one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_partition_spec_was_changed() {
    let lost = Lost::on("main").await;
    let day = lost.table.metadata().current_schema().field_by_name("day").unwrap().id;
    let spec = UnboundPartitionSpec::builder().add_partition_field(day, "month", Transform::Month).unwrap().build();
    lost.lake.commit(&lost.table, &Change::SetSpec(spec)).await;
    // The request that was lost demands the spec that was: it cannot land any more.
    lost.ends("rebase", 3, "rejected", Some("restage"));
    lost.others_append().await;
    lost.ends("rebase", 3, "rejected", Some("restage"));
    let (code, done) = lost.recover("restage");
    assert_eq!((code, &done["outcome"]), (0, &"committed".into()), "{done}");
    assert_eq!((lost.ids().await, lost.is_open()), (vec![1, 2, 3, 100, 101, 200], false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_branch_was_dropped() {
    let lost = Lost::on("wip").await;
    lost.lake.commit(&lost.table, &Change::DropRef { name: "wip".into() }).await;
    lost.ends("rebase", 3, "rejected", Some("stop"));
    lost.ends("discard", 0, "discarded", None);
    assert_eq!((files_of(&lost.lake, &lost.id), lost.is_open()), (0, false));
    assert_eq!(lost.ids().await, [100, 101]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journal_was_cut_in_its_last_line() {
    let lost = Lost::on("main").await;
    let path = icedeck::ingest::journal::folder(&lost.lake.env).join(format!("{}.jsonl", lost.id));
    let text = std::fs::read(&path).unwrap();
    std::fs::write(&path, &text[..text.len() - 20]).unwrap();
    assert!(lost.is_open());
    let (code, done) = lost.recover("rebase");
    assert_eq!((code, &done["outcome"]), (0, &"committed".into()), "{done}");
    assert_eq!((lost.ids().await, lost.is_open()), (vec![1, 2, 3, 100, 101], false));
}

fn property(name: &str, value: &str) -> Alteration {
    Alteration::Properties { set: [(name.to_string(), value.to_string())].into(), remove: vec![] }
}

/// A schema and a property carry no id of the change that made them; a step of the table that is just the one asked for
/// tells, and so does a table that was not touched.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_changed_just_so_or_not_at_all_tells_whether_a_property_was_set() {
    for (fault, attempts) in [(Fault::Before, 2), (Fault::After, 1)] {
        let lake = Lake::new().await;
        let table = lake.orders(TABLE).await;
        let of = "string".parse().unwrap();
        let column = Alteration::AddColumn { column: "note".into(), column_type: of, doc: None, place: None };
        for change in [property("owner", "ada"), column] {
            let table = lake.load(table.name()).await;
            let prepared = alter(&table, &change).unwrap().prepared;
            let (lost, policy) = (Faulty::on(&lake, [fault.clone()]), Policy::hasty(OnConflict::Rebase));
            let done = prepared.carry_out(&lost, &policy, &lake.env, &Monitor::new()).await.unwrap();
            assert_eq!((done.ending, done.attempts.len()), (Ending::Committed, attempts), "{change:?}");
        }
        assert!(recovery::open_rows(&lake.env).unwrap().rows.is_empty());
    }
}

/// A table that was not touched proves it absent; the lost request may still come, and yet it can be given up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_property_that_nobody_answers_for_is_given_up() {
    let lake = Lake::new().await;
    let table = lake.orders(TABLE).await;
    let prepared = alter(&table, &property("owner", "ada")).unwrap().prepared;
    let (lost, policy) = (Faulty::on(&lake, [Fault::Before]), Policy::hasty(OnConflict::Fail));
    let done = prepared.carry_out(&lost, &policy, &lake.env, &Monitor::new()).await.unwrap();
    assert_eq!((done.ending, done.attempts.len()), (Ending::Unknown, 1));
    assert!(done.hint().unwrap().contains("ask for it again"));
    let lost = Lost { lake, table, id: done.ingest_id };
    lost.ends("discard", 0, "discarded", None);
    assert!(!lost.is_open());
}

/// Where the step was another one, only the operator can tell, and then it ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_knows_whether_a_secret_was_set() {
    for fault in [Fault::Before, Fault::After] {
        let lake = Lake::new().await;
        let table = lake.orders(TABLE).await;
        let prepared = alter(&table, &property("s3.secret-access-key", "hunter2")).unwrap().prepared;
        let (lost, policy) = (Faulty::on(&lake, [fault.clone()]), Policy::hasty(OnConflict::Ask));
        let done = prepared.carry_out(&lost, &policy, &lake.env, &Monitor::new()).await.unwrap();
        assert_eq!(done.ending, Ending::Unknown);
        if matches!(fault, Fault::Before) {
            lake.append(&table, orders(&table, 100, 1)).await;
        }
        let lost = Lost { lake, table, id: done.ingest_id };
        let (code, assessed) = json(lost.lake.folder.path(), &["recover", "assess", &lost.id]);
        assert_eq!((code, &assessed["verdict"]), (0, &"decide".into()));
        assert!(assessed["reason"].as_str().unwrap().contains("by looking at it"), "{assessed}");
        lost.ends("rebase", 4, "unknown", Some("decide"));
        lost.ends("discard", 0, "discarded", None);
        assert!(!lost.is_open());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_runs_ten_minutes_behind() {
    let lake = Lake::new().await;
    let table = lake.orders(TABLE).await;
    let table = lake.append(&table, orders(&table, 100, 1)).await;
    let path = lake.folder.path().join("orders.csv");
    std::fs::write(&path, CSV).unwrap();
    let behind = lake.env.clone().shifted(-600_000);
    let request = IngestRequest::append(SourceOptions::of([&path]), name());
    let lost = Faulty::on(&lake, [Fault::After]);
    let policy = Policy::hasty(OnConflict::Rebase);
    let done = recovery::run(request, &lost, &policy, &behind, &Monitor::new()).await.unwrap();
    assert_eq!((done.load.ending, done.load.attempts), (Ending::Committed, 1));
    assert!(done.load.notes.iter().any(|note| note.contains("clock")), "{:?}", done.load.notes);
    let now = lake.load(&name()).await;
    let (new, old) = (now.metadata().current_snapshot().unwrap(), table.metadata().current_snapshot().unwrap());
    assert!(new.timestamp_ms() > old.timestamp_ms() && now.metadata().last_updated_ms() > old.timestamp_ms());
    assert_eq!(longs(&now, None, "id").await, [1, 2, 3, 100]);
}
