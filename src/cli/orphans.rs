//! `icedeck orphans TABLE --dry-run`.

use serde::Serialize;

use super::options::{Limit, limit};
use super::progress::Bar;
use super::{Context, Exit};
use crate::Result;
use crate::ingest::journal::State;
use crate::recovery::orphans::{LeftFile, LeftFiles, Standing, left_files};
use crate::table::TableAddress;
use crate::words::{many, many_do};

/// List files below a table's location that the table does not name; nothing is deleted yet: add --dry-run
#[derive(Debug, clap::Args)]
pub struct Args {
    /// namespace.table, or a path
    #[arg(value_name = "TABLE")]
    table: TableAddress,

    /// Only files last changed before this: a time, or an age as in 3d; 0s for all. Younger ones may belong to a load
    /// of another machine that is still on its way
    #[arg(long, value_name = "TIME", default_value = "3d", value_parser = limit)]
    older_than: Limit,
}

/// A file for people.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    standing: Standing,
    bytes: u64,
    age: String,
    ingest: Option<&'a str>,
    state: Option<State>,
    file_path: &'a str,
}

/// Prints the files as they are found.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    if !context.options.dry_run {
        context.note("icedeck: deleting orphans comes later; this version lists them\n  hint: add --dry-run");
        return Ok(Exit::Usage);
    }
    let older_than_ms = args.older_than.before(context.env.now_ms());
    let table = context.table(&args.table).await?;
    let bar = Bar::of(&context.monitor);
    let mut left = left_files(&table, older_than_ms, &context.env, &context.monitor).await?;
    bar.clear();
    let mut printed = context.out.stream();
    while let Some(page) = left.next(&context.monitor).await? {
        match context.out.is_table() {
            true => printed.push(&page.iter().map(shown).collect::<Vec<_>>())?,
            false => printed.push(&page)?,
        }
    }
    printed.finish("")?;
    tell(&left, &args.older_than.text, context);
    let now = context.table(&args.table).await?;
    if now.metadata_location() != table.metadata_location() {
        context.note("the table changed while it was read: what it names since may be among these; list them again");
    }
    Ok(Exit::Done)
}

fn shown(file: &LeftFile) -> Shown<'_> {
    Shown {
        standing: file.standing,
        bytes: file.file_size_in_bytes,
        age: age(file.age_seconds),
        ingest: file.ingest_id.as_deref(),
        state: file.ingest_state,
        file_path: &file.file_path,
    }
}

fn age(seconds: i64) -> String {
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

fn tell(left: &LeftFiles, older_than: &str, context: &Context) {
    let tally = left.tally();
    let bytes = indicatif::HumanBytes;
    let (orphans, staged) = (tally.orphans, tally.staged);
    context.note(&format!(
        "{} ({}); the table names {} here",
        many(orphans.0, "orphan"),
        bytes(orphans.1),
        many(tally.named, "file")
    ));
    if staged.0 > 0 {
        let size = bytes(staged.1);
        context.note(&format!("{} ({size}) staged by open ingests: icedeck recover decides", many(staged.0, "file")));
    }
    if tally.young > 0 {
        context.note(&format!(
            "{} younger than {older_than}: --older-than 0s lists them, too",
            many_do(tally.young, "file", "is", "are")
        ));
    }
    if tally.hidden > 0 {
        context.note(&format!(
            "{} left out for a name that begins with . or _, as Iceberg does",
            many_do(tally.hidden, "file", "is", "are")
        ));
    }
    left.notes.iter().for_each(|note| context.note(&format!("icedeck: {note}")));
}
