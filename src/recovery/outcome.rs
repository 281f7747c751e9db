//! What came of a change, as plain values: for the next step of a program, and as the one object that writing verbs
//! print. Nothing here decides.

use std::path::PathBuf;

use serde::Serialize;

use super::assessment::{Assessment, Intervening, Verdict};
use super::by_filter::Taken;
use crate::commit::Attempt;
use crate::ingest::run::{Ending, IngestResult};
use crate::table::Table;

/// What came of carrying a change out.
#[derive(Debug)]
#[must_use]
pub struct Carried {
    /// How it ended: committed, rejected, unknown or not sent.
    pub ending: Ending,
    /// The id of its journal.
    pub ingest_id: String,
    /// The branch it went to, which is another one where it was redirected.
    pub branch: String,
    /// The snapshot that holds it, or that the ref leads to; nothing where it did not commit.
    pub snapshot_id: Option<i64>,
    /// The head of the branch that the last attempt demanded.
    pub base_snapshot_id: Option<i64>,
    /// Every attempt, oldest first.
    pub attempts: Vec<Attempt>,
    /// The table after it; nothing where it did not commit.
    pub table: Option<Table>,
    /// Where it stands, where it was looked at.
    pub assessment: Option<Assessment>,
    /// What the catalog or the failure said last.
    pub reason: Option<String>,
    /// What to do about a change that was not sent.
    pub advice: Option<String>,
    /// What the operator must hear beside.
    pub notes: Vec<String>,
    /// The journal's file.
    pub journal: PathBuf,
    /// Staged files that belong to it.
    pub staged: usize,
}

impl Carried {
    /// What to do next; nothing where it is done.
    pub fn hint(&self) -> Option<String> {
        if matches!(self.ending, Ending::Rejected | Ending::Unknown) {
            let kept = match self.staged {
                0 => format!("the journal {} is kept", self.journal.display()),
                n => format!("{n} staged files and the journal {} are kept", self.journal.display()),
            };
            return Some(format!("{}; {kept}", next_step(&self.ingest_id, self.assessment.as_ref())));
        }
        self.advice.clone()
    }

    /// The exact request of the last attempt, as JSON.
    pub fn request(&self) -> Option<String> {
        self.attempts.last().and_then(|attempt| serde_json::to_string_pretty(&attempt.request).ok())
    }
}

/// The command that goes on, by where the change stands.
pub fn next_step(ingest_id: &str, assessment: Option<&Assessment>) -> String {
    let id = ingest_id;
    let Some(assessment) = assessment else {
        return format!("look again with: icedeck recover assess {id}");
    };
    match assessment.verdict {
        Verdict::Landed => format!("it is in the table; close it with: icedeck recover rebase {id}"),
        _ if assessment.is_untold => {
            format!("look at the table, and ask for it again where it is missing; then: icedeck recover discard {id}")
        }
        _ if !assessment.is_absent && assessment.may_close() => format!(
            "look for its rows in the table, and load them again where they are missing; then: icedeck recover discard {id} --keep-files"
        ),
        _ if !assessment.is_absent || assessment.may_still_land && assessment.verdict != Verdict::Rebase => {
            format!(
                "it may still land, until its branch moves (the next commit settles it): look again with: icedeck recover assess {id}"
            )
        }
        Verdict::Rebase => {
            format!("publish the same files on the table as it is now with: icedeck recover rebase {id}")
        }
        Verdict::Restage => format!("write the rows again with: icedeck recover restage {id}"),
        Verdict::Decide if !assessment.can_replay => format!(
            "it cannot be sent again as it is: ask for it anew on the table as it is now, and give this one up with: icedeck recover discard {id}"
        ),
        Verdict::Decide => format!(
            "look at what others did with: icedeck recover assess {id}; then icedeck recover rebase {id}, or discard {id}"
        ),
        Verdict::Stop => format!("take away what was staged with: icedeck recover discard {id}"),
    }
}

/// How a change ended, as a word of the outcome object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// It is in the table.
    Committed,
    /// The table changed meanwhile; what belongs to it is kept.
    Rejected,
    /// Nobody knows; what belongs to it is kept.
    Unknown,
    /// Nothing was sent, nothing changed.
    NotSent,
    /// Shown only, as asked.
    Planned,
    /// Given up: its staged files are gone (unless they were to be kept), its journal is closed.
    Discarded,
}

impl From<Ending> for Word {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Committed => Self::Committed,
            Ending::Rejected => Self::Rejected,
            Ending::Unknown => Self::Unknown,
            Ending::Planned => Self::Planned,
            Ending::NotSent | Ending::NothingToLoad | Ending::Unfit => Self::NotSent,
        }
    }
}

/// The outcome object of `recover` and of verbs that write without loading. Fields that do not apply are absent.
#[derive(Debug, Clone, Serialize)]
pub struct Done {
    /// How it ended.
    pub outcome: Word,
    /// The id of its journal.
    pub ingest_id: String,
    /// `namespace.table`.
    pub table: String,
    /// The branch.
    pub branch: String,
    /// The snapshot that holds it, or that the branch leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_id: Option<i64>,
    /// The branch's snapshot before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_snapshot_id: Option<i64>,
    /// Requests sent, over all processes that worked on it.
    pub attempts: u64,
    /// Rows of the load.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Rows that did not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_rows: Option<u64>,
    /// Its data files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// Their size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// From the start to the end, in milliseconds.
    pub elapsed_ms: u64,
    /// What the catalog or the failure said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What can be done, where it is not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// What others did, newest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Intervening>,
    /// What was noted on the way, each a sentence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The exact request of the last attempt, as JSON: for the command log.
    #[serde(skip)]
    pub request: Option<String>,
}

impl Done {
    /// Of a change of `table` about which nothing is known yet but what it is.
    pub fn named(outcome: Word, ingest_id: &str, table: String, branch: &str) -> Self {
        Self {
            outcome,
            ingest_id: ingest_id.into(),
            table,
            branch: branch.into(),
            snapshot_id: None,
            base_snapshot_id: None,
            attempts: 0,
            rows: None,
            rejected_rows: None,
            files: None,
            bytes: None,
            elapsed_ms: 0,
            reason: None,
            verdict: None,
            changes: Vec::new(),
            notes: Vec::new(),
            hint: None,
            request: None,
        }
    }

    /// Of a change that was carried out, or not.
    pub fn of(carried: &Carried, table: String) -> Self {
        let mut done = Self::named(carried.ending.into(), &carried.ingest_id, table, &carried.branch);
        done.snapshot_id = carried.snapshot_id;
        done.base_snapshot_id = carried.base_snapshot_id;
        done.attempts = carried.attempts.last().map_or(0, |attempt| attempt.number.into());
        done.hint = carried.hint();
        done.request = carried.request();
        done.notes.clone_from(&carried.notes);
        if carried.ending != Ending::Committed {
            done.reason.clone_from(&carried.reason);
        }
        done.note(carried.assessment.as_ref());
        done
    }

    /// Takes down where the change stands.
    pub fn note(&mut self, assessment: Option<&Assessment>) {
        if let Some(assessment) = assessment {
            self.verdict = Some(assessment.verdict);
            self.changes.clone_from(&assessment.changes);
            let looked = format!("{}: {}", assessment.verdict.word(), assessment.reason);
            if self.reason.as_ref() != Some(&looked) {
                self.notes.push(looked);
            }
        }
    }
}

/// What came of a load: the object that `icedeck ingest -o json` prints, with what was found where it did not simply
/// commit.
#[derive(Debug, Clone, Serialize)]
pub struct Loaded {
    /// The load itself.
    #[serde(flatten)]
    pub load: IngestResult,
    /// With a filter, what its rows take the place of, in numbers.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Taken>,
    /// What can be done, where others were faster or the answer was lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// What others did, newest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Intervening>,
}

impl From<IngestResult> for Loaded {
    fn from(load: IngestResult) -> Self {
        Self { load, taken: None, verdict: None, changes: Vec::new() }
    }
}

impl Loaded {
    /// For people: without the report, which is told in words.
    #[must_use]
    pub fn brief(&self, brief: bool) -> Self {
        Self { load: self.load.brief(brief), ..self.clone() }
    }
}
