//! A change by filter that was beaten: whether others touched rows that its filter takes, told from their manifests.

use std::collections::BTreeMap;

use super::super::assessment::{Assessment, Verdict};
use crate::commit::{Change, Conflict, ConflictKind, StagedFile, Targets, Validation, branch_head, conflicts};
use crate::ingest::run::Cut;
use crate::query::ByFilter;
use crate::table::Table;
use crate::{Error, Result};

/// Files that a sentence names at most.
const NAMED: usize = 5;

/// Puts what the filter says in the place of what the partitions of the staged files say. Where it cannot be told the
/// assessment stays as careful as it is.
pub(in crate::recovery) async fn weigh(
    table: &Table,
    branch: &str,
    validation: &Validation,
    assessment: &mut Assessment,
) {
    let open = matches!(assessment.verdict, Verdict::Decide | Verdict::Rebase) && assessment.is_absent;
    let head = branch_head(table.metadata(), branch);
    let Some(filter) = validation.filter.as_ref().filter(|_| open && head != validation.read_at) else { return };
    match conflicts(table, validation.read_at, head, filter).await {
        Err(e) => tracing::info!("what others touched cannot be told by the filter: {e}"),
        Ok(found) => match told(&found) {
            Some(what) => {
                (assessment.verdict, assessment.reason, assessment.can_replay) = (Verdict::Restage, what, false);
            }
            None if assessment.verdict == Verdict::Decide => {
                assessment.verdict = Verdict::Rebase;
                assessment.reason = "others changed no row that the filter takes".into();
            }
            None => {}
        },
    }
}

/// What stands in the way; nothing where nothing does.
fn told(found: &[Conflict]) -> Option<String> {
    let one = |conflict: &Conflict| {
        let what = match conflict.kind {
            ConflictKind::AddedRows => "added rows",
            ConflictKind::AddedDeletes => "added deletes",
            ConflictKind::RemovedRows => "removed rows",
        };
        format!("{} ({what}, {} of them, snapshot {})", conflict.file, conflict.records, conflict.snapshot_id)
    };
    let named: Vec<String> = found.iter().take(NAMED).map(one).collect();
    let more = found.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!named.is_empty()).then(|| format!("others changed rows that the filter may take: {}{more}", named.join(", ")))
}

/// The change that a journal tells of, and what it checks.
///
/// # Errors
/// [`Kind::Unsupported`](crate::Kind::Unsupported) where the journal does not hold the files that go,
/// [`Kind::Invalid`](crate::Kind::Invalid) for a filter that does not go with the table any more.
pub(in crate::recovery) fn change_again(
    table: &Table,
    cut: &Cut,
    branch: &str,
    added: Vec<StagedFile>,
    summary: BTreeMap<String, String>,
) -> Result<Change> {
    let files = cut.files.clone().ok_or_else(|| {
        Error::unsupported("the journal does not hold the files that go, there are too many")
            .hint("icedeck recover restage plans it anew")
    })?;
    let filter = Some(ByFilter::parse(table, &cut.filter)?.wider());
    let validation = Some(Validation { read_at: cut.read_at, filter });
    Ok(Change::Overwrite { branch: branch.into(), added, targets: Targets::Files(files), validation, summary })
}
