//! The second half of every verb that mends: show what was planned, ask, carry it out, tell how it ended.

use std::time::Instant;

use serde::Serialize;
use serde_json::Value;

use super::progress::Bar;
use super::{Consent, Context, Exit};
use crate::Result;
use crate::catalog::Connection;
use crate::recovery::mend::Prepared;
use crate::recovery::{Done, Policy, Word};

/// What `--dry-run` prints.
#[derive(Debug, Serialize)]
struct Shown<'a, T> {
    outcome: Word,
    #[serde(flatten)]
    plan: &'a T,
    /// A person reads it beside the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a Value>,
}

/// Shows the plan and stops there under `--dry-run`, else asks and carries it out. `plan` is what is printed of it.
///
/// # Errors
/// What the change would be refused for, a journal that cannot be written, and those of printing.
pub async fn finish(
    prepared: &Prepared,
    plan: &impl Serialize,
    connection: &Connection,
    context: &Context,
) -> Result<Exit> {
    let request = prepared.request(&context.env).await?;
    prepared.notes.iter().for_each(|note| context.note(&format!("icedeck: {note}")));
    if context.options.dry_run {
        return show(prepared, plan, &request, context);
    }
    context.may_change(connection)?;
    let consent = match prepared.asks_for_name {
        true => context.confirm_by_name(&prepared.question, &prepared.table)?,
        false => context.confirm(&prepared.question)?,
    };
    if let Consent::Refused(exit) = consent {
        return Ok(exit);
    }
    let started = Instant::now();
    let bar = Bar::of(&context.monitor);
    let carried = prepared.carry_out(connection, &Policy::default(), &context.env, &context.monitor).await;
    bar.clear();
    let mut done = Done::of(&carried?, prepared.table.clone());
    done.elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(context.done(&done, exit(done.outcome)))
}

/// Where there is nothing to do: tells so, and ends well. `why` is a sentence about it.
///
/// # Errors
/// What may not be changed, and those of printing.
pub fn nothing(
    prepared: &Prepared,
    plan: &impl Serialize,
    why: &str,
    connection: &Connection,
    context: &Context,
) -> Result<Exit> {
    context.may_change(connection)?;
    context.note(why);
    if context.options.dry_run {
        context.out.object(&Shown { outcome: Word::Planned, plan, request: None })?;
        return Ok(Exit::Done);
    }
    let id = context.env.uuid().to_string();
    let mut done = Done::named(Word::NotSent, &id, prepared.table.clone(), &prepared.branch);
    done.reason = Some(why.into());
    Ok(context.done(&done, Exit::Done))
}

fn show(prepared: &Prepared, plan: &impl Serialize, request: &Value, context: &Context) -> Result<Exit> {
    let for_people = context.out.is_table();
    let shown = Shown { outcome: Word::Planned, plan, request: (!for_people).then_some(request) };
    context.note(&format!("would {}", prepared.question));
    if for_people {
        context.note(&format!("{request:#}"));
    }
    context.out.object(&shown)?;
    Ok(Exit::Done)
}

/// How a verb ends whose change ended so.
pub fn exit(outcome: Word) -> Exit {
    match outcome {
        Word::Committed | Word::Planned | Word::Discarded => Exit::Done,
        Word::Rejected => Exit::Rejected,
        Word::Unknown => Exit::Unknown,
        Word::NotSent => Exit::Failed,
    }
}
