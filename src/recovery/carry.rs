//! Publishing with patience: a loop above [`commit::publish`](crate::commit::publish()). A rejected or unknown outcome is
//! looked at at once; what is safe goes on by itself, as far as the policy lets it; what is left is the operator's.

use std::time::Duration;

use futures::FutureExt;

use super::assessment::{Assessment, Verdict};
use super::by_filter::weigh;
use super::intent::{Intent, Want};
use super::look::{Looked, look};
use super::outcome::Carried;
use super::policy::{OnConflict, Policy};
use super::staged::missing;
use super::{recorded, redirect};
use crate::catalog::{Connection, Outcome};
use crate::commit::{Attempt, AttemptOutcome, Change, StagedFile, publish};
use crate::env::Env;
use crate::ingest::journal::{Journal, Plan};
use crate::ingest::run::Ending;
use crate::monitor::Monitor;
use crate::table::Table;
use crate::{Error, Result};

/// Carries a change without staged files through: journal, attempts, looks, the end. `plan` names the verb; its base is
/// that of `base`, the table exactly as it was inspected.
///
/// A journal that ends as rejected or unknown stays open, for `icedeck recover`.
///
/// # Errors
/// A journal that cannot be written: then nothing was sent. All other ends are told by [`Carried`].
pub async fn carry_out(
    connection: &Connection,
    base: &Table,
    change: &Change,
    mut plan: Plan,
    policy: &Policy<'_>,
    env: &Env,
    monitor: &Monitor,
) -> Result<Carried> {
    connection.writable()?;
    recorded::keep(change, &mut plan.options);
    let intent = Intent::planned(&plan, Want::from(change));
    let mut journal = Journal::create(env, &plan)?;
    let course = Course { connection, journal: &mut journal, intent, change: change.clone(), policy, env, monitor };
    let mut carried = course.run(base.clone()).boxed().await;
    let closed = match carried.ending {
        Ending::Committed => journal.closed(),
        Ending::NotSent => journal.discarded(carried.reason.as_deref().unwrap_or("nothing was sent")),
        _ => Ok(()),
    };
    if let Err(e) = closed {
        carried.notes.push(format!("the journal stays open: {e}"));
    }
    Ok(carried)
}

/// A change on its way.
pub(super) struct Course<'a> {
    pub connection: &'a Connection,
    pub journal: &'a mut Journal,
    pub intent: Intent,
    pub change: Change,
    pub policy: &'a Policy<'a>,
    pub env: &'a Env,
    pub monitor: &'a Monitor,
}

/// What to do after an attempt.
enum Next {
    /// Once more, on this state of the table.
    Again(Box<Table>),
    /// It ends.
    End(Box<Ended>),
}

struct Ended {
    ending: Ending,
    table: Option<Table>,
    assessment: Option<Assessment>,
    reason: Option<String>,
    advice: Option<String>,
}

/// How an attempt fell short of a yes.
enum Short {
    Rejected(String),
    /// The same, and the very same request is refused again.
    Refused(String),
    Unknown(Error),
    NotSent(Error),
}

impl Course<'_> {
    /// Attempts and looks until it is settled or the operator has to decide.
    pub async fn run(mut self, mut base: Table) -> Carried {
        let (mut attempts, mut notes) = (Vec::<Attempt>::new(), Vec::new());
        let mut on_conflict = self.policy.on_conflict;
        let (ended, base_snapshot_id) = loop {
            self.monitor.update(|p| (p.stage, p.attempts) = ("committing", p.attempts.saturating_add(1)));
            let published = publish(self.connection, &base, &self.change, self.env, self.journal).await;
            self.intent.note(self.journal.attempts(), &base, &published);
            let demanded = published.base_snapshot_id;
            attempts.extend(published.attempts.into_iter().map(|a| Attempt { number: self.journal.attempts(), ..a }));
            notes.extend(published.warnings);
            let short = match published.outcome {
                Outcome::Committed(table) => break (committed(*table), demanded),
                Outcome::NotSent(e) if self.intent.sent.is_empty() => break (not_sent(&e), demanded),
                Outcome::NotSent(e) => Short::NotSent(e),
                Outcome::Rejected(rejection) if rejection.is_final => Short::Refused(rejection.reason),
                Outcome::Rejected(rejection) => Short::Rejected(rejection.reason),
                Outcome::Unknown(e) => Short::Unknown(e),
            };
            match self.after(&base, short, &attempts, &mut on_conflict, &mut notes).await {
                Next::Again(table) => base = *table,
                Next::End(ended) => break (*ended, demanded),
            }
        };
        self.told(ended, base_snapshot_id, attempts, notes)
    }

    /// Looks at the table and decides what the policy lets it decide.
    async fn after(
        &mut self,
        base: &Table,
        short: Short,
        attempts: &[Attempt],
        on_conflict: &mut OnConflict,
        notes: &mut Vec<String>,
    ) -> Next {
        self.monitor.update(|p| p.stage = "looking what happened");
        let looked = match self.look_patiently(base).await {
            Ok(looked) => looked,
            Err(e) => {
                notes.push(format!("the table could not be looked at: {e}"));
                return end(self.ending_unseen(), None, None, Some(short.told()));
            }
        };
        let Looked { table, mut assessment } = looked;
        if let (Some(table), Change::Overwrite { branch, validation: Some(checked), .. }) = (&table, &self.change) {
            weigh(table, branch, checked, &mut assessment).await;
        }
        if assessment.verdict == Verdict::Landed {
            self.settle(AttemptOutcome::Committed, &assessment, notes);
            if let Short::Unknown(e) | Short::NotSent(e) = &short {
                notes.push(format!("the answer was lost ({e}), but the change is in the table"));
            }
            return end(Ending::Committed, table, Some(assessment), None);
        }
        if assessment.is_absent && !assessment.may_still_land && matches!(short, Short::Unknown(_)) {
            self.settle(AttemptOutcome::Rejected, &assessment, notes);
        }
        let tried = count(attempts.len());
        let may_go_on = is_of_use(&short, &assessment) && self.has_patience(attempts);
        let wanted = may_go_on && self.wants_on(&assessment, *on_conflict);
        let Some(table) = table.filter(|_| wanted) else { return self.ended(assessment, short) };
        if let Some(gone) = missing(table.storage(), self.files()).await {
            notes.push(gone.clone());
            (assessment.verdict, assessment.reason, assessment.can_replay) = (Verdict::Restage, gone, false);
            return self.ended(assessment, short);
        }
        if *on_conflict == OnConflict::Branch && !self.is_untouched(&assessment) {
            return match redirect::redirect(self, &table).await {
                Ok((table, told)) => {
                    notes.push(told);
                    *on_conflict = OnConflict::Rebase;
                    Next::Again(Box::new(table))
                }
                Err(e) => {
                    notes.push(format!("the files could not be published on a branch: {e}"));
                    self.ended(assessment, short)
                }
            };
        }
        notes.push(format!("attempt {tried}: {}; {}; tried again", short.told(), assessment.reason));
        self.pause(self.policy.patience.jittered(tried - 1, self.env)).await;
        Next::Again(Box::new(table))
    }

    fn has_patience(&self, attempts: &[Attempt]) -> bool {
        let patience = self.policy.patience;
        let unanswered = attempts.iter().rev().take_while(|a| a.outcome == AttemptOutcome::Unknown).count();
        count(attempts.len()) < patience.attempts
            && count(unanswered) < patience.unanswered
            && !self.monitor.is_cancelled()
    }

    /// Whether the policy goes on by itself, or the operator says so.
    fn wants_on(&self, assessment: &Assessment, on_conflict: OnConflict) -> bool {
        if !assessment.can_replay {
            return false;
        }
        match on_conflict {
            OnConflict::Rebase => assessment.verdict == Verdict::Rebase,
            OnConflict::Fail => false,
            OnConflict::Ask => self.policy.ask.is_some_and(|ask| ask(assessment)),
            OnConflict::Branch => {
                matches!(self.change, Change::Append { .. })
                    && (self.is_untouched(assessment) || !assessment.may_still_land)
            }
        }
    }

    /// Nobody did anything: only our own request was lost, and it can be sent again as it was.
    fn is_untouched(&self, assessment: &Assessment) -> bool {
        assessment.verdict == Verdict::Rebase && assessment.changes.is_empty()
    }

    /// Looks until the change is found, or can no longer land, or patience ends.
    async fn look_patiently(&self, base: &Table) -> Result<Looked> {
        let patience = self.policy.patience;
        let mut n = 0;
        loop {
            let looked = self.look(base).await;
            n += 1;
            let is_settled = match &looked {
                Ok(looked) => !looked.assessment.may_still_land,
                Err(_) => false,
            };
            if is_settled || n >= patience.looks || self.monitor.is_cancelled() {
                return looked;
            }
            self.pause(patience.pause(n - 1)).await;
        }
    }

    async fn look(&self, base: &Table) -> Result<Looked> {
        // Short, and needed to know what to tell: not for the operator's stop to break off.
        let monitor = Monitor::new();
        let same = base.metadata_location() == self.intent.base.metadata_location;
        let metadata = same.then(|| base.metadata_ref());
        look(self.connection, base.name(), &self.intent, metadata, self.files(), &monitor).await
    }

    pub fn files(&self) -> &[StagedFile] {
        match &self.change {
            Change::Append { files, .. } => files,
            Change::Overwrite { added, .. } | Change::Replace { added, .. } => added,
            _ => &[],
        }
    }

    /// A pause that ends where the operator stops the work.
    async fn pause(&self, time: Duration) {
        tokio::select! {
            () = self.monitor.cancelled() => {}
            () = tokio::time::sleep(time) => {}
        }
    }

    /// Writes down what a look has shown of the last attempt.
    fn settle(&mut self, outcome: AttemptOutcome, assessment: &Assessment, notes: &mut Vec<String>) {
        let snapshot_id = assessment.landed.as_ref().and_then(|l| l.snapshot_id);
        let attempt = self.intent.attempt_of(snapshot_id).unwrap_or(self.journal.attempts());
        if let Err(e) = self.journal.settled(attempt, outcome, snapshot_id, &assessment.reason) {
            notes.push(format!("the outcome could not be recorded: {e}"));
        }
        self.intent.sent.iter_mut().for_each(|sent| sent.is_open = false);
    }

    fn ended(&self, assessment: Assessment, short: Short) -> Next {
        let open = assessment.may_still_land || !assessment.is_absent;
        let ending = if open { Ending::Unknown } else { Ending::Rejected };
        end(ending, None, Some(assessment), Some(short.told()))
    }

    fn ending_unseen(&self) -> Ending {
        if self.intent.is_open() { Ending::Unknown } else { Ending::Rejected }
    }

    fn told(&self, ended: Ended, base_snapshot_id: Option<i64>, attempts: Vec<Attempt>, notes: Vec<String>) -> Carried {
        let landed = ended.assessment.as_ref().and_then(|a| a.landed.as_ref()).and_then(|l| l.snapshot_id);
        let sent = attempts.last().and_then(|attempt| attempt.snapshot_id);
        let own = if let Want::Ref { snapshot_id } = self.intent.want { snapshot_id } else { sent };
        let snapshot_id = (ended.ending == Ending::Committed).then(|| landed.or(own)).flatten();
        Carried {
            ending: ended.ending,
            ingest_id: self.intent.ingest_id.clone(),
            branch: self.intent.branch.clone(),
            snapshot_id,
            base_snapshot_id,
            attempts,
            table: ended.table,
            assessment: ended.assessment,
            reason: ended.reason,
            advice: ended.advice,
            notes,
            journal: self.journal.path().to_path_buf(),
            staged: self.files().len(),
        }
    }
}

impl Short {
    fn told(&self) -> String {
        match self {
            Self::Rejected(reason) | Self::Refused(reason) => reason.clone(),
            Self::Unknown(e) | Self::NotSent(e) => e.to_string(),
        }
    }
}

/// What never left did so for a reason of ours; a final no to the same request on the same state stays a no.
fn is_of_use(short: &Short, assessment: &Assessment) -> bool {
    match short {
        Short::NotSent(_) => false,
        Short::Refused(_) => !assessment.changes.is_empty(),
        Short::Rejected(_) | Short::Unknown(_) => true,
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn end(ending: Ending, table: Option<Table>, assessment: Option<Assessment>, reason: Option<String>) -> Next {
    Next::End(Box::new(Ended { ending, table, assessment, reason, advice: None }))
}

fn committed(table: Table) -> Ended {
    Ended { ending: Ending::Committed, table: Some(table), assessment: None, reason: None, advice: None }
}

fn not_sent(error: &Error) -> Ended {
    let advice = error.hints().first().cloned();
    Ended { ending: Ending::NotSent, table: None, assessment: None, reason: Some(error.to_string()), advice }
}
