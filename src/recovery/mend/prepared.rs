//! What every plan of mending comes to: one change on one base, what to say before it is made, and making it.

use serde::Serialize;
use serde_json::Value;

use super::super::carry::carry_out;
use super::super::outcome::Carried;
use super::super::policy::Policy;
use super::super::recorded::named;
use crate::Result;
use crate::catalog::Connection;
use crate::commit::{Change, rehearsal};
use crate::env::Env;
use crate::ingest::journal::{Base, Plan};
use crate::monitor::Monitor;
use crate::table::Table;

/// A change that can be shown, and then carried out on exactly the state of the table that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Prepared {
    /// As the command line names it: `rollback`, `undo`, ..
    pub verb: &'static str,
    /// `namespace.table`.
    pub table: String,
    /// The branch or tag that it is about; `main` where it is about none.
    pub branch: String,
    /// Where that leads now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_snapshot_id: Option<i64>,
    /// Where it will lead; absent where that is not known before, or where it will be gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_id: Option<i64>,
    /// What will happen, in numbers, to be followed by a question mark. Holds text from the table: not safe to show raw.
    pub question: String,
    /// Whether it cannot be taken back, so that the operator has to type the table's name.
    pub asks_for_name: bool,
    /// What to hear beside, each a sentence. Not safe to show raw.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The table as it was looked at.
    #[serde(skip)]
    pub base: Table,
    /// The change.
    #[serde(skip)]
    pub change: Change,
}

impl Prepared {
    /// A change of a table's branch or tag (`main` for anything else) that needs no name and has no notes.
    pub(super) fn new(verb: &'static str, base: &Table, branch: &str, change: Change, question: String) -> Self {
        let head = base.metadata().snapshot_for_ref(branch).map(|snapshot| snapshot.snapshot_id());
        Self {
            verb,
            table: base.name().to_string(),
            branch: branch.into(),
            base_snapshot_id: head,
            snapshot_id: head,
            question,
            asks_for_name: false,
            notes: Vec::new(),
            base: base.clone(),
            change,
        }
    }

    /// The exact request: `identifier`, `requirements`, `updates`. Writes nothing that stays.
    ///
    /// # Errors
    /// As [`propose`](crate::commit::propose()): what would be refused is refused here.
    pub async fn request(&self, env: &Env) -> Result<Value> {
        rehearsal(&self.base, &self.change, env).await
    }

    /// Makes the change: journal, attempts, looks, the end.
    ///
    /// # Errors
    /// As [`carry_out`](super::super::carry_out()).
    pub async fn carry_out(
        &self,
        connection: &Connection,
        policy: &Policy<'_>,
        env: &Env,
        monitor: &Monitor,
    ) -> Result<Carried> {
        monitor.update(|p| p.stage = "committing");
        let plan = Plan {
            ingest_id: env.uuid().to_string(),
            verb: self.verb.into(),
            catalog: connection.name().into(),
            table: self.base.name().clone(),
            branch: self.branch.clone(),
            base: Base::of(&self.base, &self.branch),
            sources: Vec::new(),
            options: Value::Null,
        };
        let change = named(self.change.clone(), &plan.ingest_id);
        carry_out(connection, &self.base, &change, plan, policy, env, monitor).await
    }
}
