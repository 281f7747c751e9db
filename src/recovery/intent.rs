//! What a change wants, as far as it takes to say whether it landed and whether it can still be made. Plain values.

use serde_json::Value;

use super::recorded::wish;
use crate::catalog::Outcome;
use crate::commit::{AttemptOutcome, Change, Published, Targets};
use crate::ingest::journal::{AttemptRecord, Base, Plan, Record};
use crate::ingest::run::{Mode, cut_of, mode_of};
use crate::table::Table;

/// What is wanted of the table, one row of the table of verdicts each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// New files.
    Append,
    /// New files in the place of those that a filter or partitions name.
    OverwriteSome,
    /// New files in the place of all.
    OverwriteAll,
    /// New rows in the place of those with the same keys.
    Upsert,
    /// A branch or tag made, led elsewhere, or (with no snapshot) dropped.
    Ref {
        /// Where it shall lead.
        snapshot_id: Option<i64>,
    },
    /// The schema, the spec, the sort order, properties: anything else.
    Metadata,
}

impl Want {
    /// Whether the change adds a snapshot, by whose id it can be found.
    pub fn makes_snapshot(&self) -> bool {
        !matches!(self, Self::Ref { .. } | Self::Metadata)
    }
}

/// One request that left, or was about to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Which attempt of the change it is, from 1.
    pub attempt: u32,
    /// The branch it was for.
    pub branch: String,
    /// The snapshot it would add.
    pub snapshot_id: Option<i64>,
    /// Where it demands the branch to be.
    pub demanded_snapshot_id: Option<i64>,
    /// The metadata file of the base it was made on.
    pub base_metadata: String,
    /// Whether it may still be on its way: nobody has said no.
    pub is_open: bool,
    /// The request itself, as far as it is kept.
    pub request: Value,
}

/// A change with everything that was tried for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The id that its snapshot's summary carries.
    pub ingest_id: String,
    /// The branch or tag that it moves.
    pub branch: String,
    /// What it wants.
    pub want: Want,
    /// Whether it is about whatever the last change was, as an undo is: once others have made another, it is not the same
    /// wish any more.
    pub is_of_last_change: bool,
    /// Whether it can be made again: its journal holds all of it, or the program that wants it still runs.
    pub is_kept: bool,
    /// The exact state that was inspected.
    pub base: Base,
    /// Every request so far.
    pub sent: Vec<Sent>,
}

impl Intent {
    /// The change that a journal tells of.
    pub fn of(record: &Record) -> Self {
        let mut intent = Self::planned(&record.plan, want(&record.plan));
        intent.is_kept =
            cut_of(&record.plan).is_some() || wish(&record.plan.options).is_none_or(|wish| wish.change().is_some());
        if let Some(redirected) = &record.redirected {
            intent.branch.clone_from(&redirected.branch);
            intent.base.snapshot_id = redirected.snapshot_id;
        }
        record.attempts.iter().map(sent).for_each(|sent| intent.add(sent));
        intent
    }

    /// A change of which nothing was sent yet.
    pub fn planned(plan: &Plan, want: Want) -> Self {
        Self {
            ingest_id: plan.ingest_id.clone(),
            branch: plan.branch.clone(),
            want,
            is_of_last_change: ["undo", "redo"].contains(&plan.verb.as_str()),
            is_kept: true,
            base: plan.base.clone(),
            sent: Vec::new(),
        }
    }

    /// Takes down what came of one more attempt, made on `base`; its number is the journal's.
    pub fn note(&mut self, attempt: u32, base: &Table, published: &Published) {
        if matches!(published.outcome, Outcome::NotSent(_)) {
            return;
        }
        self.add(Sent {
            attempt,
            branch: self.branch.clone(),
            snapshot_id: published.snapshot_id,
            demanded_snapshot_id: published.base_snapshot_id,
            base_metadata: base.metadata_location().to_string(),
            is_open: matches!(published.outcome, Outcome::Unknown(_)),
            request: published.attempts.last().map(|a| a.request.clone()).unwrap_or_default(),
        });
    }

    /// Whether any request may still be on its way.
    pub fn is_open(&self) -> bool {
        self.sent.iter().any(|sent| sent.is_open)
    }

    /// The attempt that would add this snapshot, else the last one.
    pub fn attempt_of(&self, snapshot_id: Option<i64>) -> Option<u32> {
        let by_id = self.sent.iter().find(|sent| snapshot_id.is_some() && sent.snapshot_id == snapshot_id);
        by_id.or(self.sent.last()).map(|sent| sent.attempt)
    }

    /// Whoever sent an attempt had inspected its base: what others did before that is no news. The schema and the spec
    /// stay those of the plan, for the files were written under them.
    fn add(&mut self, sent: Sent) {
        if sent.branch == self.branch {
            self.base.snapshot_id = sent.demanded_snapshot_id;
            self.base.metadata_location.clone_from(&sent.base_metadata);
        }
        self.sent.push(sent);
    }
}

impl From<&Change> for Want {
    fn from(change: &Change) -> Self {
        match change {
            Change::Append { .. } | Change::CherryPick { .. } => Self::Append,
            Change::Overwrite { targets: Targets::All, .. } => Self::OverwriteAll,
            Change::Overwrite { .. } | Change::Delete { .. } | Change::Replace { .. } => Self::OverwriteSome,
            Change::SetRef { snapshot_id, .. }
            | Change::Rollback { snapshot_id, .. }
            | Change::FastForward { snapshot_id, .. } => Self::Ref { snapshot_id: Some(*snapshot_id) },
            Change::CreateRef { reference, .. } => Self::Ref { snapshot_id: Some(reference.snapshot_id) },
            Change::DropRef { .. } => Self::Ref { snapshot_id: None },
            Change::All(changes) => {
                let refs = |want: &Self| matches!(want, Self::Ref { .. });
                changes.iter().map(Self::from).find(refs).unwrap_or(Self::Metadata)
            }
            _ => Self::Metadata,
        }
    }
}

fn want(plan: &Plan) -> Want {
    match wish(&plan.options) {
        Some(wish) => wish.want(),
        None => match mode_of(plan) {
            Mode::Append => Want::Append,
            Mode::Overwrite => Want::OverwriteAll,
            Mode::OverwritePartitions | Mode::OverwriteWhere => Want::OverwriteSome,
        },
    }
}

fn sent(record: &AttemptRecord) -> Sent {
    let said_no = matches!(record.outcome, Some((AttemptOutcome::Rejected | AttemptOutcome::NotSent, _)));
    Sent {
        attempt: record.sending.attempt,
        branch: record.branch.clone(),
        snapshot_id: record.sending.snapshot_id,
        demanded_snapshot_id: record.sending.demanded_snapshot_id,
        base_metadata: record.sending.base_metadata.clone(),
        is_open: !said_no,
        request: record.sending.request.clone(),
    }
}
