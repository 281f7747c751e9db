//! What an operator does: loads, mends, and resolves what stayed open.

use std::path::PathBuf;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use icedeck::catalog::Connection;
use icedeck::commit::{Expire, RefKind};
use icedeck::env::Env;
use icedeck::ingest::run::{Ending, IngestRequest, Mode};
use icedeck::ingest::source::SourceOptions;
use icedeck::monitor::Monitor;
use icedeck::recovery::mend::{
    Alteration, Prepared, Retention, RollbackRequest, RollbackTo, alter, cherry_pick, create_ref, drop_ref, expire,
    rollback, undo,
};
use icedeck::recovery::resolve::{discard, publish_on_branch, rebase, restage};
use icedeck::recovery::{self, OnConflict, Patience, Policy, Word};
use icedeck::table::Table;
use icedeck::{Error, Kind, Result};

use super::ground::Ground;
use super::sky::{Fault, Sky};

/// What one operator does.
#[derive(Debug, Clone)]
pub enum Act {
    /// Loads two rows, beside the others or in their place.
    Load { branch: &'static str, mode: Mode, on_conflict: OnConflict },
    /// Leads `main` to another snapshot.
    Rollback(u8),
    /// Makes the branch `wip`.
    Fork,
    /// Makes a tag.
    Tag(u8),
    /// Drops a branch or tag.
    DropRef(u8),
    /// Picks a snapshot onto `main`.
    Pick(u8),
    /// Undoes the last change of `main`.
    Undo,
    /// A column more.
    Widen,
    /// A column less.
    Narrow,
    /// Another partition spec.
    Respec,
    /// All but so many of the newest snapshots of each branch go.
    Expire(u32),
    /// Resolves an open journal.
    Resolve(u8, Deed),
    /// A request that nobody has answered is carried out.
    Arrive(u8),
}

/// What is done about an open journal.
#[derive(Debug, Clone, Copy)]
pub enum Deed {
    Rebase,
    Restage,
    Discard,
    Branch,
}

/// What the operator was told: the journal's id, and how it ended.
pub type Told = Option<(String, Word)>;

/// Never waits, and gives up soon.
const POLICY: Policy<'static> = Policy {
    on_conflict: OnConflict::Rebase,
    patience: Patience { looks: 2, attempts: 3, unanswered: 2, pause_ms: 0 },
    ask: None,
    agreed: None,
};

/// An operator at work.
struct Shift<'a> {
    ground: &'a Arc<Ground>,
    env: &'a Env,
    connection: Connection,
    monitor: Monitor,
}

/// Does it under these faults; what it came to is noted down, and checked later.
pub fn act<'a>(ground: &'a Arc<Ground>, who: usize, what: &'a Act, faults: &'a [Fault]) -> BoxFuture<'a, ()> {
    async move {
        if let Act::Arrive(n) = what {
            return ground.late_arrives(usize::from(*n)).await;
        }
        let sky = Sky::over(ground, who, faults);
        let shift = Shift { ground, env: &ground.envs[who], connection: sky.connection(), monitor: Monitor::new() };
        match sky.until_death(shift.work(what)).await {
            Ok(Ok(told)) => ground.note(told),
            Ok(Err(e)) => assert!(!matches!(e.kind(), Kind::Bug | Kind::Corrupt), "{what:?}: {}", e.report()),
            Err(death) => ground.bury(who, death),
        }
        ground.blind(who, 0);
    }
    .boxed()
}

impl Shift<'_> {
    async fn work(&self, what: &Act) -> Result<Told> {
        match what {
            Act::Load { branch, mode, on_conflict } => self.load(branch, *mode, *on_conflict).await,
            Act::Resolve(which, deed) => self.resolve(usize::from(*which), *deed).await,
            _ => {
                let table = self.connection.load(&self.ground.table).await?;
                match self.prepared(&table, what).await? {
                    Some(prepared) => self.carry_out(&prepared).await,
                    None => Ok(None),
                }
            }
        }
    }

    async fn load(&self, branch: &str, mode: Mode, on_conflict: OnConflict) -> Result<Told> {
        let path = self.ground.next_file();
        let request = IngestRequest {
            branch: branch.into(),
            mode,
            ..IngestRequest::append(SourceOptions::of([&path]), self.ground.table.clone())
        };
        let policy = Policy { on_conflict, ..POLICY };
        let done = recovery::run(request, &self.connection, &policy, self.env, &self.monitor).await?;
        Ok(done.load.ingest_id.map(|id| (id, done.load.ending.into())))
    }

    async fn resolve(&self, which: usize, deed: Deed) -> Result<Told> {
        let rows = recovery::open_rows(self.env)?.rows;
        let Some(row) = rows.get(which % rows.len().max(1)) else {
            return self.load("main", Mode::Append, OnConflict::Fail).await;
        };
        let (c, id, m) = (&self.connection, &row.ingest_id, &self.monitor);
        let done = match deed {
            Deed::Rebase => rebase(c, id, &POLICY, self.env, m).await?,
            Deed::Restage => restage(c, id, &POLICY, self.env, m).await?,
            Deed::Discard => discard(c, id, self.env, m).await?,
            Deed::Branch => publish_on_branch(c, id, &POLICY, self.env, m).await?,
        };
        Ok(Some((done.ingest_id, done.outcome)))
    }

    async fn carry_out(&self, prepared: &Prepared) -> Result<Told> {
        let done = prepared.carry_out(&self.connection, &POLICY, self.env, &self.monitor).await?;
        assert!(!matches!(done.ending, Ending::Planned | Ending::Unfit));
        Ok(Some((done.ingest_id, done.ending.into())))
    }

    /// What is to be done to this table; nothing where it has nothing to do it to.
    async fn prepared(&self, table: &Table, what: &Act) -> Result<Option<Prepared>> {
        let snapshot = |n: u8| {
            let mut all: Vec<i64> = table.metadata().snapshots().map(|s| s.snapshot_id()).collect();
            all.sort_unstable();
            all.get(usize::from(n) % all.len().max(1)).map(ToString::to_string)
        };
        let columns = || table.metadata().current_schema().as_struct().fields().to_vec();
        Ok(Some(match what {
            Act::Rollback(n) => {
                let Some(to) = snapshot(*n) else { return Ok(None) };
                let request = RollbackRequest { force: true, ..RollbackRequest::to(RollbackTo::Snapshot(to)) };
                rollback(table, &request, &self.monitor).await?.prepared
            }
            Act::Fork => create_ref(table, RefKind::Branch, "wip", None, Retention::default())?.prepared,
            Act::Tag(n) => {
                let name = format!("tag{}", n % 2);
                create_ref(table, RefKind::Tag, &name, snapshot(*n).as_deref(), Retention::default())?.prepared
            }
            Act::DropRef(n) => {
                let (kind, name) = [(RefKind::Branch, "wip"), (RefKind::Tag, "tag0")][usize::from(n % 2)];
                drop_ref(table, kind, name, &self.monitor).await?.prepared
            }
            Act::Pick(n) => {
                let Some(at) = snapshot(*n) else { return Ok(None) };
                cherry_pick(table, &at, "main")?.prepared
            }
            Act::Undo => undo(table, &self.monitor).await?.prepared,
            Act::Widen => {
                let column = format!("c{}", columns().len());
                let place = None;
                let column_type = "long".parse()?;
                alter(table, &Alteration::AddColumn { column, column_type, doc: None, place })?.prepared
            }
            Act::Narrow => {
                let last = columns().last().map(|field| field.name.clone()).unwrap();
                if last == "id" {
                    return Ok(None);
                }
                alter(table, &Alteration::DropColumn(last))?.prepared
            }
            Act::Respec => {
                let spec = table.metadata().default_partition_spec();
                let names: Vec<String> = spec.fields().iter().map(|field| field.name.clone()).collect();
                let wanted = match names.is_empty() {
                    true => Alteration::AddPartitions("bucket(2, id)".into()),
                    false => Alteration::DropPartitions(names),
                };
                alter(table, &wanted)?.prepared
            }
            Act::Expire(kept) => {
                let older_than_ms = Some(i64::MAX);
                let wanted = Expire { older_than_ms, retain_last: Some(*kept), ..Expire::default() };
                let plan = expire(table, &wanted, self.env)?;
                if plan.is_empty() {
                    return Err(Error::not_found("there is nothing to expire"));
                }
                plan.prepared
            }
            Act::Load { .. } | Act::Resolve(..) | Act::Arrive(_) => return Ok(None),
        }))
    }
}

/// Two rows of their own.
pub fn csv(first: i64) -> String {
    format!("id\n{first}\n{}\n", first + 1)
}

/// The rows of such a file, by its name.
pub fn rows_of(path: &str) -> [i64; 2] {
    let name = PathBuf::from(path).file_stem().unwrap().to_string_lossy().into_owned();
    let first: i64 = name.trim_start_matches("load-").parse().unwrap();
    [first, first + 1]
}
