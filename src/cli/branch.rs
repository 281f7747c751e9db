//! `icedeck branch create|drop|list TABLE`, and what `icedeck tag` shares with it.

use super::mend::finish;
use super::options::duration;
use super::{Context, Exit};
use crate::Result;
use crate::commit::RefKind;
use crate::recovery::mend::{Retention, create_ref, drop_ref};
use crate::table::{TableAddress, TableName, inspect};

/// Make, drop or list the branches of a table
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Make a branch
    Create {
        #[command(flatten)]
        new: New,

        /// How many of its snapshots are kept at least
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
        min_snapshots: Option<i32>,

        /// How old its snapshots may become: 5d, 12h
        #[arg(long, value_name = "TIME", value_parser = duration)]
        max_snapshot_age: Option<i64>,
    },
    /// Drop a branch
    Drop(Old),
    /// List the branches
    List(All),
}

/// What a new branch or tag needs.
#[derive(Debug, clap::Args)]
pub struct New {
    /// The table
    table: TableName,

    /// Its name
    name: String,

    /// Where it leads: a snapshot's id, a branch, a tag, a time; the current snapshot where nothing is said
    #[arg(long, value_name = "SNAPSHOT")]
    at: Option<String>,

    /// How long it is kept: 90d, 12h
    #[arg(long, value_name = "TIME", value_parser = duration)]
    max_ref_age: Option<i64>,
}

/// One that is there.
#[derive(Debug, clap::Args)]
pub struct Old {
    /// The table
    table: TableName,

    /// Its name
    name: String,
}

/// Which table's are listed.
#[derive(Debug, clap::Args)]
pub struct All {
    /// namespace.table, or a path
    #[arg(value_name = "TABLE")]
    table: TableAddress,
}

impl Args {
    /// Whether it changes something.
    pub fn writes(&self) -> bool {
        !matches!(self.what, What::List(_))
    }

    /// The table that it changes.
    pub fn table(&self) -> Option<String> {
        match &self.what {
            What::Create { new, .. } => Some(new.table()),
            What::Drop(old) => Some(old.table()),
            What::List(_) => None,
        }
    }
}

/// Lists, or plans, shows, asks and does.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    match args.what {
        What::Create { new, min_snapshots, max_snapshot_age } => {
            let retention = Retention {
                max_ref_age_ms: new.max_ref_age_ms(),
                min_snapshots_to_keep: min_snapshots,
                max_snapshot_age_ms: max_snapshot_age,
            };
            create(RefKind::Branch, new, retention, context).await
        }
        What::Drop(old) => drop(RefKind::Branch, old, context).await,
        What::List(all) => list("BRANCH", "no branches", all, context).await,
    }
}

/// Makes a branch or tag once it is confirmed.
pub async fn create(kind: RefKind, new: New, retention: Retention, context: &Context) -> Result<Exit> {
    let connection = context.lake().await?.connection(None).await?;
    let table = connection.load(&new.table).await?;
    let plan = create_ref(&table, kind, &new.name, new.at.as_deref(), retention)?;
    finish(&plan.prepared, &plan, &connection, context).await
}

/// Drops a branch or tag once it is confirmed.
pub async fn drop(kind: RefKind, old: Old, context: &Context) -> Result<Exit> {
    let connection = context.lake().await?.connection(None).await?;
    let table = connection.load(&old.table).await?;
    let plan = context.monitor.until(drop_ref(&table, kind, &old.name, &context.monitor)).await?;
    finish(&plan.prepared, &plan, &connection, context).await
}

/// Prints those of one kind, `BRANCH` or `TAG`; `none` says that there are none.
pub async fn list(kind: &str, none: &str, all: All, context: &Context) -> Result<Exit> {
    let (table, _) = context.table_at(&all.table).await?;
    let mut rows = inspect::refs(&table)?;
    rows.retain(|row| row.kind == kind);
    context.out.records(&rows, none)?;
    Ok(Exit::Done)
}

impl Old {
    /// The table.
    pub fn table(&self) -> String {
        self.table.to_string()
    }
}

impl New {
    /// The table.
    pub fn table(&self) -> String {
        self.table.to_string()
    }

    /// How long it is kept, in milliseconds.
    pub fn max_ref_age_ms(&self) -> Option<i64> {
        self.max_ref_age
    }
}
