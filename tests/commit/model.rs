//! Random changes of one table against a model: which files are live after each snapshot, and which rows they hold.

use std::collections::BTreeSet;

use icedeck::commit::Targets;
use proptest::prelude::*;

use super::check::{first_rows, sound};
use super::*;

#[derive(Debug, Clone)]
enum Step {
    Append(u8),
    Overwrite { remove: u8, add: u8 },
    Delete(u8),
    Compact(u8),
    Clear,
    Merge(bool),
    Rollback(u8),
    Pick(u8),
    Widen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u8..4).prop_map(Step::Append),
        2 => (any::<u8>(), 1_u8..4).prop_map(|(remove, add)| Step::Overwrite { remove, add }),
        2 => any::<u8>().prop_map(Step::Delete),
        2 => any::<u8>().prop_map(Step::Compact),
        1 => Just(Step::Clear),
        2 => any::<bool>().prop_map(Step::Merge),
        2 => any::<u8>().prop_map(Step::Rollback),
        3 => any::<u8>().prop_map(Step::Pick),
        1 => Just(Step::Widen),
    ]
}

/// A snapshot in the model: its files with their rows, and what it added where it can be picked.
#[derive(Debug, Clone, Default)]
struct State {
    files: BTreeMap<String, Vec<i64>>,
    added: BTreeMap<String, Vec<i64>>,
    is_append: bool,
    /// The snapshots it comes from, and those that were picked into it.
    line: BTreeSet<i64>,
}

struct World {
    lake: Lake,
    table: Table,
    next: i64,
    states: BTreeMap<i64, State>,
}

impl World {
    async fn new(format: u8) -> Self {
        let lake = Lake::new().await;
        let table = lake.table("sales.model", orders_schema(), None, format).await;
        Self { lake, table, next: 0, states: BTreeMap::new() }
    }

    fn head(&self) -> Option<i64> {
        self.table.metadata().current_snapshot_id()
    }

    fn now(&self) -> State {
        self.head().map(|id| self.states[&id].clone()).unwrap_or_default()
    }

    /// New files of one to a few rows each.
    async fn write(&mut self, files: u8) -> (Vec<StagedFile>, BTreeMap<String, Vec<i64>>) {
        let (mut staged, mut rows) = (Vec::new(), BTreeMap::new());
        for n in 0..i64::from(files) {
            let ids: Vec<i64> = (self.next..self.next + n + 1).collect();
            self.next += n + 1;
            let file = self.lake.stage(&self.table, orders(&self.table, ids[0], ids.len())).await;
            rows.insert(file[0].file.file_path().to_string(), ids);
            staged.extend(file);
        }
        (staged, rows)
    }

    async fn commit(&mut self, change: &Change, mut state: State) {
        state.line.extend(self.head());
        self.table = self.lake.commit(&self.table, change).await;
        self.states.insert(self.head().unwrap(), state);
    }

    async fn overwrite(&mut self, added: Vec<StagedFile>, targets: Targets, state: State) {
        let (branch, summary) = ("main".to_string(), BTreeMap::new());
        let change = Change::Overwrite { branch, added, targets, validation: None, summary };
        self.commit(&change, state).await;
    }

    async fn take(&mut self, step: Step) {
        let mut state = self.now();
        state.is_append = false;
        let paths: Vec<String> = state.files.keys().cloned().collect();
        let chosen = |n: u8| paths.get(usize::from(n) % paths.len().max(1)).cloned();
        match step {
            Step::Append(files) => {
                let (staged, rows) = self.write(files).await;
                state.files.extend(rows.clone());
                (state.added, state.is_append) = (rows, true);
                self.commit(&append("main", staged), state).await;
            }
            Step::Overwrite { remove, add } => {
                let Some(gone) = chosen(remove) else { return };
                let (staged, rows) = self.write(add).await;
                state.files.remove(&gone);
                state.files.extend(rows);
                self.overwrite(staged, Targets::Files(vec![gone]), state).await;
            }
            Step::Delete(n) => {
                let Some(gone) = chosen(n) else { return };
                let ids = state.files.remove(&gone).unwrap();
                let id = || iceberg::expr::Reference::new("id");
                let of = |id: i64| iceberg::spec::Datum::long(id);
                let last = *ids.last().unwrap();
                let filter = id().greater_than_or_equal_to(of(ids[0])).and(id().less_than_or_equal_to(of(last)));
                // Rows of the same ids may stand in other files: compacted ones, which are wider.
                let partly = state.files.values().any(|rows| rows.iter().any(|r| (ids[0]..=last).contains(r)));
                if !partly {
                    let change = Change::Delete { branch: "main".into(), filter, summary: BTreeMap::new() };
                    self.commit(&change, state).await;
                }
            }
            Step::Compact(n) => self.compact(&paths, n, state).await,
            Step::Clear => {
                if !paths.is_empty() {
                    state.files.clear();
                    self.overwrite(Vec::new(), Targets::All, state).await;
                }
            }
            Step::Merge(on) => {
                let count = if on { "2" } else { "100" };
                let set = BTreeMap::from([("commit.manifest.min-count-to-merge".to_string(), count.to_string())]);
                self.table = self.lake.commit(&self.table, &Change::SetProperties { set, remove: Vec::new() }).await;
            }
            Step::Rollback(n) => {
                let line: Vec<i64> = self.ancestors();
                let to = line.get(usize::from(n) % line.len().max(1)).copied();
                if let Some(snapshot_id) = to {
                    let change = Change::Rollback { branch: "main".into(), snapshot_id };
                    self.table = self.lake.commit(&self.table, &change).await;
                }
            }
            Step::Pick(n) => self.pick(n, state).await,
            Step::Widen => {
                let columns = self.table.metadata().last_column_id();
                let kind = Type::Primitive(PrimitiveType::Int);
                let column = NestedField::optional(0, format!("c{columns}"), kind);
                self.table = self.lake.commit(&self.table, &Change::AddColumns(vec![Arc::new(column)])).await;
                let drop = Change::DropColumns(vec![format!("c{columns}")]);
                self.table = self.lake.commit(&self.table, &drop).await;
            }
        }
    }

    async fn compact(&mut self, paths: &[String], n: u8, mut state: State) {
        let Some(read_at) = self.head().filter(|_| paths.len() > 1) else { return };
        let first = usize::from(n) % (paths.len() - 1);
        let deleted = paths[first..first + 2].to_vec();
        let ids: Vec<i64> = deleted.iter().flat_map(|path| state.files.remove(path).unwrap()).collect();
        let mut staged = Vec::new();
        // The rows as they are: a file for each run of ids, for that is what the sample writer makes.
        let mut rest = ids.as_slice();
        while let Some(first) = rest.first() {
            let run = rest.iter().zip(*first..).take_while(|(id, expected)| **id == *expected).count();
            let file = self.lake.stage(&self.table, orders(&self.table, *first, run)).await;
            state.files.insert(file[0].file.file_path().to_string(), rest[..run].to_vec());
            staged.extend(file);
            rest = &rest[run..];
        }
        let (branch, summary) = ("main".to_string(), BTreeMap::new());
        let change = Change::Replace { branch, added: staged, deleted, read_at, summary };
        self.commit(&change, state).await;
    }

    /// Picks a snapshot that stands aside; one that is in the line already must be refused.
    async fn pick(&mut self, n: u8, mut state: State) {
        let all: Vec<i64> = self.states.iter().filter(|(_, s)| s.is_append).map(|(id, _)| *id).collect();
        let aside = |id: &&i64| !state.line.contains(id) && self.head() != Some(**id);
        let aside: Vec<i64> = all.iter().filter(aside).copied().collect();
        let appends = if aside.is_empty() { all } else { aside };
        let Some(id) = appends.get(usize::from(n) % appends.len().max(1)).copied() else { return };
        let source = self.states[&id].clone();
        let change = Change::CherryPick { branch: "main".into(), snapshot_id: id, summary: BTreeMap::new() };
        let here = self.head() == Some(id) || self.ancestors().contains(&id);
        let again = state.line.contains(&id) || source.added.keys().any(|path| state.files.contains_key(path));
        let parent = self.table.metadata().snapshot_by_id(id).unwrap().parent_snapshot_id();
        if here || again {
            if parent != self.head() {
                refused(&self.lake, &self.table, change).await;
            }
            return;
        }
        if parent == self.head() {
            self.table = self.lake.commit(&self.table, &change).await;
            assert_eq!(self.head(), Some(id), "led forward");
            return;
        }
        state.files.extend(source.added.clone());
        (state.added, state.is_append) = (source.added, true);
        state.line.insert(id);
        self.commit(&change, state).await;
    }

    fn ancestors(&self) -> Vec<i64> {
        let mut found = Vec::new();
        let mut next = self.table.metadata().current_snapshot().cloned();
        while let Some(snapshot) = next {
            next = snapshot.parent_snapshot_id().and_then(|id| self.table.metadata().snapshot_by_id(id)).cloned();
            found.extend(next.as_ref().map(|s| s.snapshot_id()));
        }
        found
    }

    /// Every snapshot that was ever made holds what the model says; the rows are read for the last.
    async fn check(&self) {
        for (id, state) in &self.states {
            let snapshot = self.table.metadata().snapshot_by_id(*id).unwrap();
            let live = sound(&self.table, snapshot).await;
            assert_eq!(live, state.files.keys().cloned().collect::<Vec<_>>(), "snapshot {id}");
            let parent = snapshot.parent_snapshot_id().and_then(|id| self.table.metadata().snapshot_by_id(id));
            let Some(parent) = parent else { continue };
            let (old, new) = (first_rows(&self.table, parent).await, first_rows(&self.table, snapshot).await);
            for (path, first) in old {
                assert!(new.get(&path).is_none_or(|now| *now == first), "rows of {path} got other ids");
            }
        }
        if let Some(id) = self.head() {
            let mut expected: Vec<i64> = self.states[&id].files.values().flatten().copied().collect();
            expected.sort_unstable();
            assert_eq!(longs(&self.table, None, "id").await, expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_sequence_of_changes_keeps_every_row_once(
        format in 1_u8..4,
        steps in proptest::collection::vec(step(), 6..20),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new(format).await;
            for step in [Step::Append(3), Step::Append(2)].into_iter().chain(steps) {
                world.take(step).await;
            }
            world.check().await;
        });
    }
}
