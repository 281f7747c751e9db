//! Publishing staged files on a new branch instead of the one that others moved.

use super::carry::Course;
use crate::commit::{Change, RefKind, Unwitnessed, publish};
use crate::table::Table;
use crate::{Error, Result};

/// Makes a branch named after the ingest where the planned one leads now, and turns the change to it. The answer is the
/// table with that branch, and a sentence that tells of it.
///
/// # Errors
/// What kept the branch from being made; then the change goes where it went before.
pub(super) async fn redirect(course: &mut Course<'_>, table: &Table) -> Result<(Table, String)> {
    let Change::Append { branch, .. } = &course.change else {
        return Err(Error::unsupported("only files that are added can go to a branch"));
    };
    let from = branch.clone();
    let head = table.metadata().snapshot_for_ref(&from).map(|s| s.snapshot_id());
    let snapshot_id = head.ok_or_else(|| Error::not_found("the table has no snapshot to branch from"))?;
    let name = format!("ingest-{}", course.intent.ingest_id);
    let make = Change::SetRef { name: name.clone(), kind: RefKind::Branch, snapshot_id };
    let made = publish(course.connection, table, &make, course.env, &mut Unwitnessed).await.committed();
    let table = match made {
        Ok(table) => table,
        // An answer that was lost: what counts is whether the branch is there.
        Err(e) => match course.connection.load(table.name()).await {
            Ok(now) if now.metadata().snapshot_for_ref(&name).is_some_and(|s| s.snapshot_id() == snapshot_id) => now,
            _ => return Err(e),
        },
    };
    course.journal.redirected(&name, Some(snapshot_id))?;
    if let Change::Append { branch, .. } = &mut course.change {
        branch.clone_from(&name);
    }
    course.intent.branch.clone_from(&name);
    course.intent.base.snapshot_id = Some(snapshot_id);
    course.intent.base.metadata_location = table.metadata_location().to_string();
    Ok((table, format!("{from} has changed: published on the new branch {name} instead")))
}
