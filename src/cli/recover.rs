//! `icedeck recover [list|show|assess|rebase|restage|branch|discard|audit]`.

use super::{Context, Exit, recover_act, recover_audit, recover_show};
use crate::Result;
use crate::recovery::Deed;
use crate::table::TableName;

/// What was begun and not ended: loads that were rejected, whose answer never came, or whose process died
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,

    /// Those too that are done with
    #[arg(long)]
    all: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the open ones
    List {
        /// Those too that are done with
        #[arg(long)]
        all: bool,
    },
    /// Show what the journal of one says
    Show(Id),
    /// Say where one stands, what others did meanwhile, and what can be done
    Assess(Id),
    /// Publish the same staged files upon the table as it is now
    Rebase(Id),
    /// Write the rows again from their files, and publish them
    Restage(Id),
    /// Publish the same staged files on a new branch, named after the ingest
    Branch(Id),
    /// Give one up: delete its staged files, once it is proved that it did not land and cannot land any more
    Discard {
        #[command(flatten)]
        id: Id,
        /// Close its journal on your word and keep every file: for one of which nothing can prove any more whether it landed
        #[arg(long)]
        keep_files: bool,
    },
    /// Prove that every load that was acknowledged is still there
    Audit {
        /// Only the loads of this table
        #[arg(value_name = "TABLE")]
        table: Option<TableName>,
    },
}

#[derive(Debug, clap::Args)]
struct Id {
    /// The ingest id, or as much of it as is enough
    #[arg(value_name = "ID")]
    id: String,
}

impl Args {
    /// Whether it changes something.
    pub fn writes(&self) -> bool {
        matches!(self.what, Some(What::Rebase(_) | What::Restage(_) | What::Branch(_) | What::Discard { .. }))
    }
}

/// Lists, shows, proves or resolves.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    match args.what {
        None => recover_show::list(args.all, context),
        Some(What::List { all }) => recover_show::list(all, context),
        Some(What::Show(id)) => recover_show::show(&id.id, context),
        Some(What::Assess(id)) => recover_show::assess(&id.id, context).await,
        Some(What::Rebase(id)) => recover_act::run(Deed::Rebase, &id.id, context).await,
        Some(What::Restage(id)) => recover_act::run(Deed::Restage, &id.id, context).await,
        Some(What::Branch(id)) => recover_act::run(Deed::Branch, &id.id, context).await,
        Some(What::Discard { id, keep_files }) => {
            let deed = if keep_files { Deed::Close } else { Deed::Discard };
            recover_act::run(deed, &id.id, context).await
        }
        Some(What::Audit { table }) => recover_audit::run(table.as_ref(), context).await,
    }
}
