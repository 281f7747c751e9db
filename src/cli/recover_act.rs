//! The writing half of `icedeck recover`: rebase, restage, branch, discard. It looks, tells, asks, does.

use super::mend::exit;
use super::progress::Bar;
use super::recover_show::{Found, found, tell};
use super::{Consent, Context, Exit};
use crate::recovery::resolve::{self, Standing};
use crate::recovery::{Deed, Done, Policy, Verdict, Word};
use crate::table::Table;
use crate::words::many;
use crate::{Error, Kind, Result};

/// Looks where it stands, shows it, asks, and does it.
pub async fn run(deed: Deed, id: &str, context: &Context) -> Result<Exit> {
    let Found { row, record, connection } = found(id, context).await?;
    context.may_change(&connection)?;
    if !row.state.is_open() {
        return Err(Error::invalid("there is nothing left to do about this ingest").with("ingest", &row.ingest_id));
    }
    if row.is_in_use {
        return Err(Error::new(Kind::Unavailable, "another icedeck works on this ingest")
            .with("ingest", &row.ingest_id)
            .hint("wait for it, or end it"));
    }
    let standing = context.monitor.until(resolve::stand(&connection, &record, &context.monitor)).await?;
    tell(&standing.assessment, context);
    if deed.may(&standing.assessment) && standing.assessment.verdict != Verdict::Landed {
        deed.rehearse(&record)?;
    }
    let table = standing.table.as_ref().map_or(&record.plan.table, Table::name).to_string();
    let question = question(deed, &row.ingest_id, &table, row.rows, row.files, &standing);
    if context.options.dry_run {
        let mut done = Done::named(Word::Planned, &row.ingest_id, table, record.branch());
        (done.rows, done.files, done.bytes) = (Some(row.rows), Some(row.files), Some(row.bytes));
        done.attempts = row.attempts.into();
        done.note(Some(&standing.assessment));
        match deed.may(&standing.assessment) {
            true => context.note(&format!("would {question}")),
            false => context.note(&format!("would keep it as it is, and not {question}")),
        }
        context.out.object(&done)?;
        return Ok(Exit::Done);
    }
    if let Consent::Refused(exit) = context.confirm(&question)? {
        return Ok(exit);
    }
    let (id, env, monitor) = (row.ingest_id.as_str(), &context.env, &context.monitor);
    let policy = Policy { agreed: Some(&standing.assessment), ..Policy::default() };
    let bar = Bar::of(monitor);
    let done = deed.carry_out(&connection, id, &policy, env, monitor).await;
    bar.clear();
    let done = done?;
    Ok(context.done(&done, exit(done.outcome)))
}

fn question(deed: Deed, id: &str, table: &str, rows: u64, files: u64, standing: &Standing) -> String {
    if standing.assessment.verdict == Verdict::Landed {
        return format!("close ingest {id}, which is in {table} already");
    }
    let what = format!("{} in {}", many(rows, "row"), many(files, "staged file"));
    match deed {
        Deed::Rebase if rows == 0 && files == 0 => format!("make the change of ingest {id} again on {table}"),
        Deed::Rebase => format!("publish {what} of ingest {id} on {table} as it is now"),
        Deed::Restage => format!("give up {what} of ingest {id}, and load its files into {table} again"),
        Deed::Branch => format!("publish {what} on the new branch ingest-{id} of {table}"),
        Deed::Discard => format!("give up ingest {id} and delete {what}"),
        Deed::Close => format!("close the journal of ingest {id} for good, and keep {what}"),
    }
}
