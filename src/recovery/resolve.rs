//! What the operator can do about an open change: publish the same files again, write the rows again, or give it up.
//! Each looks first, and none does what could double or lose a row.

use std::collections::BTreeMap;
use std::ops::ControlFlow::{self, Break, Continue};
use std::time::Instant;

use futures::FutureExt;

use super::assessment::{Assessment, ChangeKind, Intervening, Verdict};
use super::by_filter::{DELETE, change_again, delete, weigh};
use super::carry::Course;
use super::deed::{Deed, has_rows};
use super::intent::Intent;
use super::load;
use super::look::{Looked, Ours, look_at};
use super::outcome::{Carried, Done, Loaded, Word, next_step};
use super::policy::Policy;
use super::recorded::{named, wish};
use super::redirect::redirect;
use super::renamed::Names;
use super::staged::{self, leftovers, missing};
use crate::catalog::Connection;
use crate::commit::{AttemptOutcome, Change, INGEST_ID, StagedFile};
use crate::env::Env;
use crate::ingest::journal::{Journal, Record};
use crate::ingest::run::{Ending, Planned, cut_of, mode_of, plan, request_again};
use crate::monitor::Monitor;
use crate::table::inspect::partition_texts;
use crate::table::{Table, TableName};
use crate::words::many;
use crate::{Error, Result};

/// Where an ingest stands, and what of it can be published.
#[derive(Debug)]
pub struct Standing {
    /// The table as it is now; nothing where there is none.
    pub table: Option<Table>,
    /// Where it stands.
    pub assessment: Assessment,
    /// The staged files; none where they are not all there, which the assessment says.
    pub files: Vec<StagedFile>,
    /// The partitions that they are for, as people write them; none for an unpartitioned table.
    pub partitions: Vec<String>,
}

/// Looks where an ingest stands. Its staged files are looked at too; nothing is changed.
///
/// # Errors
/// Those of loading the table.
pub async fn stand(connection: &Connection, record: &Record, monitor: &Monitor) -> Result<Standing> {
    let intent = Intent::of(record);
    let loads = has_rows(&record.plan.verb);
    // The files are needed to tell whether others touched their partitions, and the table is needed to read them back.
    let table = Names::default().follow(connection, &record.plan.table, intent.base.table_uuid).await?;
    let read = match (&table, loads) {
        (Some(table), true) if table.metadata().uuid() == intent.base.table_uuid => staged::recorded(record, table),
        _ => Ok(Vec::new()),
    };
    let journal = read.is_err().then_some((connection.storage(), record));
    let ours = Ours { staged: read.as_deref().unwrap_or_default(), journal };
    let Looked { table, mut assessment } = look_at(table, &intent, None, ours, monitor).boxed().await?;
    if let (Some(table), Some(cut)) = (&table, cut_of(&record.plan)) {
        match change_again(table, &cut, record.branch(), Vec::new(), BTreeMap::new()) {
            Ok(Change::Overwrite { validation: Some(checked), .. }) => {
                weigh(table, record.branch(), &checked, &mut assessment).await;
            }
            Ok(_) => {}
            Err(e) => unrepeatable(&mut assessment, e.to_string()),
        }
    }
    if let Some(now) = table.as_ref().map(Table::name).filter(|now| **now != record.plan.table) {
        let change = Intervening::of(ChangeKind::Renamed, format!("the table is named {now} now"));
        assessment.changes.insert(0, change);
    }
    let is_absent = !matches!(assessment.verdict, Verdict::Landed | Verdict::Stop);
    let mut files = Vec::new();
    let obstacle = match (read, &table) {
        (Err(e), _) => Some(e.to_string()),
        (Ok(read), Some(table)) if is_absent && record.state.is_open() => {
            let gone = missing(table.storage(), &read).await;
            files = read;
            gone
        }
        (Ok(read), _) => {
            files = read;
            None
        }
    };
    if let Some(why) = obstacle.filter(|_| is_absent && loads) {
        unrepeatable(&mut assessment, why);
        files.clear();
    }
    let of = |table: &Table| partition_texts(table.metadata(), files.iter().map(|f| (f.spec_id, f.file.partition())));
    let partitions = table.iter().flat_map(of).filter(|text| !text.is_empty()).collect();
    Ok(Standing { table, assessment, files, partitions })
}

/// The same files cannot be published again.
fn unrepeatable(assessment: &mut Assessment, why: String) {
    if assessment.is_absent && !matches!(assessment.verdict, Verdict::Landed | Verdict::Stop) {
        (assessment.verdict, assessment.reason) = (Verdict::Restage, why);
    }
    assessment.can_replay = false;
}

/// An ingest that is being resolved: its journal is locked.
struct Case<'a> {
    connection: &'a Connection,
    monitor: &'a Monitor,
    journal: Journal,
    record: Record,
    /// The table's name, by now.
    table: TableName,
    started: Instant,
}

/// Publishes the same staged files (or makes the same change) upon the table as it is now. The operator has been told
/// the verdict: what is theirs to decide is decided by calling this.
///
/// # Errors
/// A journal that is closed, in use or damaged; those of looking at the table.
pub async fn rebase(
    connection: &Connection,
    id: &str,
    policy: &Policy<'_>,
    env: &Env,
    monitor: &Monitor,
) -> Result<Done> {
    let case = Case::open(connection, id, env, monitor)?;
    let (mut case, standing) = match case.looked(Deed::Rebase, Some(policy)).await? {
        Continue(open) => open,
        Break(done) => return Ok(done),
    };
    let table = standing.table.ok_or_else(nowhere)?;
    let change = case.change(&table, standing.files)?;
    monitor.update(|p| p.stage = "committing");
    let intent = Intent::of(&case.record);
    let course = Course { connection, journal: &mut case.journal, intent, change, policy, env, monitor };
    let carried = course.run(table).boxed().await;
    Ok(case.carried(&carried))
}

/// Publishes the staged files on a new branch, named after the ingest, which is made where theirs leads now. No request
/// may be on its way any more: it could bring the same rows to the branch that was planned.
///
/// # Errors
/// As [`rebase`]; what kept the branch from being made.
pub async fn publish_on_branch(
    connection: &Connection,
    id: &str,
    policy: &Policy<'_>,
    env: &Env,
    monitor: &Monitor,
) -> Result<Done> {
    let case = Case::open(connection, id, env, monitor)?;
    let (mut case, standing) = match case.looked(Deed::Branch, Some(policy)).await? {
        Continue(open) => open,
        Break(done) => return Ok(done),
    };
    let table = standing.table.ok_or_else(nowhere)?;
    let change = case.change(&table, standing.files)?;
    let intent = Intent::of(&case.record);
    let mut course = Course { connection, journal: &mut case.journal, intent, change, policy, env, monitor };
    let (table, told) = redirect(&mut course, &table).boxed().await?;
    let carried = course.run(table).boxed().await;
    let mut done = case.carried(&carried);
    done.notes.insert(0, told);
    Ok(done)
}

/// Gives an ingest up. Its staged files are deleted only where it is proved absent and can no longer land; otherwise
/// everything stays, and the answer says so.
///
/// # Errors
/// As [`rebase`].
pub async fn discard(connection: &Connection, id: &str, env: &Env, monitor: &Monitor) -> Result<Done> {
    let case = Case::open(connection, id, env, monitor)?;
    let (case, _) = match case.looked(Deed::Discard, None).await? {
        Continue(open) => open,
        Break(done) => return Ok(done),
    };
    case.discarded("given up by the operator").await
}

/// Closes the journal of an ingest on the operator's word: for one of which no look can tell any more whether it landed.
/// Every file stays; no request may be on its way.
///
/// # Errors
/// As [`rebase`].
pub async fn close(connection: &Connection, id: &str, env: &Env, monitor: &Monitor) -> Result<Done> {
    let case = Case::open(connection, id, env, monitor)?;
    let (mut case, _) = match case.looked(Deed::Close, None).await? {
        Continue(open) => open,
        Break(done) => return Ok(done),
    };
    case.journal.discarded("closed on the operator's word, its files kept")?;
    let mut done = case.done(Word::Discarded);
    if !case.record.files.is_empty() {
        let kept = many(case.record.files.len() as u64, "staged file");
        done.notes.push(format!("{kept} kept; icedeck orphans lists what the table does not hold"));
    }
    Ok(done)
}

/// Writes the rows again from their files, where these have not changed, and publishes them as a new ingest. The old one
/// is discarded first: it must be absent, and unable to land.
///
/// # Errors
/// As [`rebase`]; source files that are gone or have changed, and a journal that does not say how the load was made.
pub async fn restage(
    connection: &Connection,
    id: &str,
    policy: &Policy<'_>,
    env: &Env,
    monitor: &Monitor,
) -> Result<Done> {
    let case = Case::open(connection, id, env, monitor)?;
    if !has_rows(&case.record.plan.verb) {
        Deed::Restage.rehearse(&case.record)?;
    }
    let (case, standing) = match case.looked(Deed::Restage, None).await? {
        Continue(open) => open,
        Break(done) => return Ok(done),
    };
    if case.record.plan.verb == DELETE {
        return delete_again(case, standing.table, policy, env).await;
    }
    let mut request = request_again(&case.record.plan)?;
    request.table = case.table.clone();
    let then = case.record.plan.base.schema_id;
    let mut notes = standing.table.map(|table| request.follow(&table, then)).unwrap_or_default();
    let (table, branch) = (request.table.to_string(), request.branch.clone());
    let planned = match plan(request, connection, monitor).boxed().await? {
        Planned::Ready(planned) => *planned,
        Planned::Unfit { problems, .. } => {
            let mut done = Done::named(Word::NotSent, id, table, &branch);
            done.reason = Some("the columns of the files do not go with the table any more".into());
            done.notes = notes.into_iter().chain(problems.iter().map(ToString::to_string)).collect();
            done.hint = Some(format!("load them with another mapping, and: icedeck recover discard {id}"));
            return Ok(done);
        }
    };
    let old = case.discarded("its rows are written again").await?;
    let loaded = load::load(planned, connection, policy, env, monitor).boxed().await?;
    let mut done = Done::loaded(loaded);
    notes.insert(0, format!("ingest {} takes the place of {id}", done.ingest_id));
    notes.append(&mut done.notes);
    notes.extend(old.notes);
    done.notes = notes;
    Ok(done)
}

fn nowhere() -> Error {
    Error::bug("a change is to be made again, and there is no table")
}

/// Plans a delete anew, on the table as it is now, and makes it. The old one is discarded first.
async fn delete_again(case: Case<'_>, table: Option<Table>, policy: &Policy<'_>, env: &Env) -> Result<Done> {
    let (connection, monitor, id) = (case.connection, case.monitor, case.record.plan.ingest_id.clone());
    let (Some(table), Some(cut)) = (table, cut_of(&case.record.plan)) else {
        return Err(Error::unsupported("the journal does not say what was to be deleted").with("ingest", id));
    };
    let plan = delete(&table, case.record.branch(), &cut.filter, monitor).await?;
    let mut old = case.discarded("it is planned anew").await?;
    if plan.is_empty() {
        old.notes.insert(0, "no row matches the filter any more".into());
        return Ok(old);
    }
    let mut done = plan.carry_out(connection, policy, env, monitor).boxed().await?.done;
    done.notes.insert(0, format!("delete {} takes the place of {id}: {}", done.ingest_id, plan.taken));
    done.notes.extend(old.notes);
    Ok(done)
}

impl<'a> Case<'a> {
    fn open(connection: &'a Connection, id: &str, env: &Env, monitor: &'a Monitor) -> Result<Self> {
        connection.writable()?;
        let (journal, record) = Journal::open(env, id)?;
        if !record.state.is_open() {
            return Err(Error::invalid("there is nothing left to do about this ingest")
                .with("ingest", id)
                .hint(format!("icedeck recover show {id} tells how it ended")));
        }
        if record.unknown_steps > 0 {
            return Err(Error::unsupported("a later version of icedeck has worked on this ingest")
                .with("ingest", id)
                .hint("resolve it with that version"));
        }
        let table = record.plan.table.clone();
        Ok(Self { connection, monitor, journal, record, table, started: Instant::now() })
    }

    /// Looks where it stands. What landed is closed, and what this may not be done to is kept: that is all then.
    async fn looked(mut self, deed: Deed, policy: Option<&Policy<'_>>) -> Result<ControlFlow<Done, (Self, Standing)>> {
        let standing = stand(self.connection, &self.record, self.monitor).await?;
        if let Some(table) = &standing.table {
            self.table = table.name().clone();
        }
        let assessment = &standing.assessment;
        if assessment.verdict == Verdict::Landed {
            return self.landed(assessment).map(Break);
        }
        if !deed.may(assessment) {
            return Ok(Break(self.kept(assessment)));
        }
        if policy.is_some_and(|policy| !policy.covers(assessment)) {
            return Ok(Break(self.changed(assessment)));
        }
        Ok(Continue((self, standing)))
    }

    /// What is to be published.
    fn change(&self, table: &Table, files: Vec<StagedFile>) -> Result<Change> {
        let plan = &self.record.plan;
        let given = plan.options.get("summary").cloned().unwrap_or_default();
        let mut summary: BTreeMap<String, String> = serde_json::from_value(given).unwrap_or_default();
        summary.insert(INGEST_ID.into(), plan.ingest_id.clone());
        if let Some(cut) = cut_of(plan) {
            return change_again(table, &cut, self.record.branch(), files, summary);
        }
        if let Some(wish) = wish(&plan.options) {
            let change = wish.change().map(|change| named(change, &plan.ingest_id));
            return change.ok_or_else(|| {
                Error::unsupported("the journal does not hold this change; ask for it again")
                    .with("verb", &plan.verb)
                    .hint(format!("then: icedeck recover discard {}", plan.ingest_id))
            });
        }
        Ok(mode_of(plan).change(self.record.branch().into(), files, summary))
    }

    fn done(&self, outcome: Word) -> Done {
        let plan = &self.record.plan;
        let mut done = Done::named(outcome, &plan.ingest_id, self.table.to_string(), self.record.branch());
        done.attempts = self.journal.attempts().into();
        self.count(&mut done);
        done.elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        done
    }

    fn count(&self, done: &mut Done) {
        if let Some((files, rows, bytes)) = self.record.staged {
            (done.files, done.rows, done.bytes) = (Some(files), Some(rows), Some(bytes));
        }
    }

    /// It is in the table: the journal is closed, and nothing is deleted.
    fn landed(mut self, assessment: &Assessment) -> Result<Done> {
        let snapshot_id = assessment.landed.as_ref().and_then(|landing| landing.snapshot_id);
        if let Some(attempt) = Intent::of(&self.record).attempt_of(snapshot_id) {
            self.journal.settled(attempt, AttemptOutcome::Committed, snapshot_id, &assessment.reason)?;
        }
        self.journal.closed()?;
        let mut done = self.done(Word::Committed);
        done.snapshot_id = snapshot_id;
        done.note(Some(assessment));
        Ok(done)
    }

    /// Everything stays as it is, and the answer says what does.
    fn kept(&self, assessment: &Assessment) -> Done {
        let is_open = assessment.may_still_land || !assessment.is_absent;
        let mut done = self.done(if is_open { Word::Unknown } else { Word::Rejected });
        done.reason = Some(format!("{}: {}", assessment.verdict.word(), assessment.reason));
        done.note(Some(assessment));
        if is_open {
            done.notes.push("a request may still do its work: nothing is deleted, nothing is sent".into());
        }
        done.notes.extend(self.record.files.iter().take(SHOWN).map(|file| format!("kept: {}", file.path)));
        let more = self.record.files.len().saturating_sub(SHOWN);
        if more > 0 {
            done.notes.push(format!("kept: {more} more staged files"));
        }
        done.hint = Some(next_step(&self.record.plan.ingest_id, Some(assessment)));
        done
    }

    /// Kept, since it is not what the operator agreed to.
    fn changed(&self, assessment: &Assessment) -> Done {
        let mut done = self.kept(assessment);
        done.notes.insert(0, "others went on since you were asked: nothing was sent".into());
        done
    }

    async fn discarded(mut self, reason: &str) -> Result<Done> {
        self.monitor.update(|p| p.stage = "removing staged files");
        let storage = self.connection.storage();
        let files = leftovers(storage, &self.record).await?;
        let attempts = self.record.attempts.iter();
        let manifests: Vec<String> = attempts.flat_map(|a| a.sending.metadata_files.iter().cloned()).collect();
        self.journal.discarded(reason)?;
        let mut deleted = staged::delete(storage, &files).await;
        deleted.remaining.extend(staged::delete(storage, &manifests).await.remaining);
        let mut done = self.done(Word::Discarded);
        if deleted.removed > 0 {
            done.notes.push(format!("{} removed", many(deleted.removed as u64, "staged file")));
        }
        done.notes.extend(deleted.remaining.iter().take(SHOWN).map(|why| format!("could not be removed: {why}")));
        Ok(done)
    }

    fn carried(mut self, carried: &Carried) -> Done {
        let mut done = Done::of(carried, self.table.to_string());
        self.count(&mut done);
        done.attempts = self.journal.attempts().into();
        done.elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if carried.ending == Ending::Committed
            && let Err(e) = self.journal.closed()
        {
            done.notes.push(format!("it is committed, but its journal stays open: {e}"));
        }
        if carried.ending == Ending::NotSent {
            done.notes.push("nothing was sent; staged files and journal are kept".into());
        }
        done
    }
}

/// Files that are named one by one.
const SHOWN: usize = 5;

impl Done {
    /// Of a load.
    fn loaded(loaded: Loaded) -> Self {
        let Loaded { load, verdict, changes, .. } = loaded;
        let id = load.ingest_id.unwrap_or_default();
        Self {
            snapshot_id: load.snapshot_id,
            base_snapshot_id: load.base_snapshot_id,
            attempts: load.attempts,
            rows: Some(load.rows),
            rejected_rows: Some(load.rejected_rows).filter(|rows| *rows > 0),
            files: Some(load.files),
            bytes: Some(load.bytes),
            elapsed_ms: load.elapsed_ms,
            reason: load.reason,
            verdict,
            changes,
            notes: load.notes,
            hint: load.hint,
            request: load.request,
            ..Self::named(load.ending.into(), &id, load.table, &load.branch)
        }
    }
}
