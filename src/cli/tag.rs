//! `icedeck tag create|drop|list TABLE`.

use super::branch::{All, New, Old, create, drop, list};
use super::{Context, Exit};
use crate::Result;
use crate::commit::RefKind;
use crate::recovery::mend::Retention;

/// Make, drop or list the tags of a table
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Make a tag
    Create(New),
    /// Drop a tag
    Drop(Old),
    /// List the tags
    List(All),
}

impl Args {
    /// Whether it changes something.
    pub fn writes(&self) -> bool {
        !matches!(self.what, What::List(_))
    }

    /// The table that it changes.
    pub fn table(&self) -> Option<String> {
        match &self.what {
            What::Create(new) => Some(new.table()),
            What::Drop(old) => Some(old.table()),
            What::List(_) => None,
        }
    }
}

/// Lists, or plans, shows, asks and does.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    match args.what {
        What::Create(new) => {
            let retention = Retention { max_ref_age_ms: new.max_ref_age_ms(), ..Retention::default() };
            create(RefKind::Tag, new, retention, context).await
        }
        What::Drop(old) => drop(RefKind::Tag, old, context).await,
        What::List(all) => list("TAG", "no tags", all, context).await,
    }
}
