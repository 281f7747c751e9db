//! The work behind the workbench: reading the journal, looking where it stands, doing what was chosen. Nothing draws.

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::app::task::{Cancel, Feed, Task};
use crate::catalog::Lake;
use crate::ingest::journal::{self, Record, Row};
use crate::monitor::Monitor;
use crate::recovery::resolve::{self, Standing};
use crate::recovery::{self, Assessment, Deed, Done, Policy};
use crate::table::inspect::{self, SnapshotRow};
use crate::{Error, Result};

/// What the journal says.
#[derive(Debug, Clone)]
pub struct Paper {
    /// In a line.
    pub row: Row,
    /// Whole.
    pub record: Record,
}

/// Where it stands.
#[derive(Debug, Clone)]
pub struct Stand {
    /// What can be done, why, and what others did.
    pub assessment: Assessment,
    /// The snapshot that was inspected, where the table still holds it.
    pub base: Option<SnapshotRow>,
    /// Where the branch leads now.
    pub head: Option<SnapshotRow>,
    /// Staged files that are there as they were written.
    pub present: usize,
    /// The partitions they are for.
    pub partitions: Vec<String>,
}

/// What looking tells, one after the other.
#[derive(Debug, Clone)]
pub enum Told {
    /// The journal, which needs no catalog.
    Journal(Box<Paper>),
    /// What the table says.
    Standing(Box<Stand>),
}

/// Reads the journal, then the table.
#[derive(Debug, Clone)]
pub struct Look {
    /// The ingest's id.
    pub id: String,
}

#[async_trait]
impl Task for Look {
    type Part = Told;

    fn title(&self) -> String {
        format!("where {} stands", self.id)
    }

    async fn run(&self, lake: &Lake, feed: &Feed<Told>) -> Result<()> {
        let (env, id) = (lake.env().clone(), self.id.clone());
        let read = move || {
            let row = recovery::find(&env, &id)?;
            let record = journal::read(&env, &row.ingest_id)?;
            Ok::<_, Error>(Paper { row, record })
        };
        let paper = tokio::task::spawn_blocking(read).await;
        let paper = paper.map_err(|e| Error::bug("reading the journal broke off").caused_by(e))??;
        feed.send(Told::Journal(Box::new(paper.clone()))).await?;
        let connection = lake.connection(Some(&paper.record.plan.catalog)).await?;
        let standing = resolve::stand(&connection, &paper.record, feed.monitor()).await?;
        feed.send(Told::Standing(Box::new(stood(standing, &paper)?))).await
    }
}

fn stood(standing: Standing, paper: &Paper) -> Result<Stand> {
    let Standing { table, assessment, files, partitions } = standing;
    let snapshots = table.as_ref().map(inspect::snapshots).transpose()?.unwrap_or_default();
    let base = paper.record.plan.base.snapshot_id;
    let find = |is: &dyn Fn(&SnapshotRow) -> bool| snapshots.iter().find(|s| is(s)).cloned();
    Ok(Stand {
        base: find(&|s| Some(s.snapshot_id) == base),
        head: find(&|s| s.refs.iter().any(|name| name == paper.record.branch())),
        assessment,
        present: files.len(),
        partitions,
    })
}

/// What a deed does, for the command log.
pub fn what(deed: Deed) -> &'static str {
    match deed {
        Deed::Rebase => "publish",
        Deed::Restage => "load again",
        Deed::Branch => "publish on a branch",
        Deed::Discard => "discard",
        Deed::Close => "close",
    }
}

/// That a deed is done, where it is committed.
pub fn committed(deed: Deed) -> &'static str {
    match deed {
        Deed::Branch => "✔ committed: the rows are on a branch of their own",
        _ => "✔ committed: it is in the table",
    }
}

/// Does it.
#[derive(Debug, Clone)]
pub struct Act {
    /// What.
    pub deed: Deed,
    /// The ingest's id.
    pub id: String,
    /// Its catalog.
    pub catalog: String,
    /// Where it stood when the operator agreed.
    pub agreed: Option<Assessment>,
}

#[async_trait]
impl Task for Act {
    type Part = Done;

    fn title(&self) -> String {
        format!("{} {}", self.deed.verb(), self.id)
    }

    /// A request that is out is always waited for: asked to stop, the work ends after it. What deletes is not asked.
    fn cancel(&self) -> Cancel {
        match self.deed {
            Deed::Rebase | Deed::Restage | Deed::Branch => Cancel::Cooperative,
            Deed::Discard | Deed::Close => Cancel::Never,
        }
    }

    async fn run(&self, lake: &Lake, feed: &Feed<Done>) -> Result<()> {
        feed.last(self.done(lake, feed.monitor()).await?).await
    }
}

impl Act {
    /// Boxed in a function of its own: within `async_trait` the compiler proves anew that all of it may change threads.
    fn done<'a>(&'a self, lake: &'a Lake, monitor: &'a Monitor) -> BoxFuture<'a, Result<Done>> {
        async move {
            let connection = lake.connection(Some(&self.catalog)).await?;
            let policy = Policy { agreed: self.agreed.as_ref(), ..Policy::default() };
            let (env, id) = (lake.env(), self.id.as_str());
            self.deed.carry_out(&connection, id, &policy, env, monitor).await
        }
        .boxed()
    }
}
