//! The work behind mending: planning on the table as it is now, and carrying a plan out. Nothing draws.

use async_trait::async_trait;

use super::wish::Wish;
use crate::app::route::Route;
use crate::app::task::{Cancel, Feed, Task};
use crate::catalog::Lake;
use crate::env::Env;
use crate::monitor::Monitor;
use crate::recovery::mend::{self, PickPlan, Prepared, RefPlan, Retention, RollbackPlan, UndoPlan};
use crate::recovery::{Done, Policy};
use crate::table::Table;
use crate::views::of_table;
use crate::{Error, Result};

/// A plan of any kind.
#[derive(Debug, Clone)]
pub enum Plan {
    /// A branch led back.
    Rollback(RollbackPlan),
    /// The last change, or the last undo, taken back.
    Undo(UndoPlan),
    /// A branch or tag made, dropped, led forward.
    Ref(RefPlan),
    /// A snapshot made once more.
    Pick(PickPlan),
}

impl Plan {
    /// What it comes to.
    pub fn prepared(&self) -> &Prepared {
        match self {
            Plan::Rollback(plan) => &plan.prepared,
            Plan::Undo(plan) => &plan.prepared,
            Plan::Ref(plan) => &plan.prepared,
            Plan::Pick(plan) => &plan.prepared,
        }
    }
}

/// A plan with its exact request.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The request, as indented JSON.
    pub request: String,
}

/// Plans a wish on the table as it is now; changes nothing.
#[derive(Debug, Clone)]
pub struct Look {
    /// The table.
    pub route: Route,
    /// What is wanted.
    pub wish: Wish,
}

#[async_trait]
impl Task for Look {
    type Part = Box<Planned>;

    fn title(&self) -> String {
        format!("plan: {}", self.wish.title())
    }

    async fn run(&self, lake: &Lake, feed: &Feed<Box<Planned>>) -> Result<()> {
        let table = of_table::table(&self.route, lake).await?;
        let plan = planned(&self.wish, &table, lake.env(), feed.monitor()).await?;
        let request = plan.prepared().request(lake.env()).await?;
        let request = serde_json::to_string_pretty(&request)
            .map_err(|e| Error::bug("the request cannot be written as JSON").caused_by(e))?;
        feed.send(Box::new(Planned { plan, request })).await
    }
}

async fn planned(wish: &Wish, table: &Table, env: &Env, monitor: &Monitor) -> Result<Plan> {
    Ok(match wish {
        Wish::Rollback(request) => Plan::Rollback(mend::rollback(table, request, monitor).await?),
        Wish::Undo => Plan::Undo(mend::undo(table, monitor).await?),
        Wish::Redo => Plan::Undo(mend::redo(table, env, monitor).await?),
        Wish::Make { kind, name, at } => {
            Plan::Ref(mend::create_ref(table, *kind, name, Some(at), Retention::default())?)
        }
        Wish::Drop { kind, name } => Plan::Ref(mend::drop_ref(table, *kind, name, monitor).await?),
        Wish::Pick { at, branch } => Plan::Pick(mend::cherry_pick(table, at, branch)?),
        Wish::Forward { branch, to } => Plan::Ref(mend::fast_forward(table, branch, to, monitor).await?),
    })
}

/// Carries a plan out, on exactly the state of the table that was shown.
#[derive(Debug, Clone)]
pub struct Carry {
    /// The catalog.
    pub catalog: Option<String>,
    /// What it is called.
    pub title: String,
    /// The plan.
    pub planned: Box<Planned>,
}

#[async_trait]
impl Task for Carry {
    type Part = Done;

    fn title(&self) -> String {
        self.title.clone()
    }

    /// A request that is out is always waited for: asked to stop, the work ends after it.
    fn cancel(&self) -> Cancel {
        Cancel::Cooperative
    }

    async fn run(&self, lake: &Lake, feed: &Feed<Done>) -> Result<()> {
        let connection = lake.connection(self.catalog.as_deref()).await?;
        let prepared = self.planned.plan.prepared();
        let carried = prepared.carry_out(&connection, &Policy::default(), lake.env(), feed.monitor()).await?;
        feed.last(Done::of(&carried, prepared.table.clone())).await
    }
}
