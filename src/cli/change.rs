//! How the verbs that change a catalog's names say what they did, or would do.

use serde::Serialize;

use super::{Consent, Context, Exit};
use crate::Result;

/// What a verb did to a name.
#[derive(Debug, Default, Serialize)]
pub struct NameChange {
    /// `committed` or `planned`.
    pub outcome: &'static str,
    /// The table it was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The namespace it was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The table's name from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renamed_to: Option<String>,
    /// The metadata file that a dropped table was at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata_location: Option<String>,
    /// What to know next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Shows what would be done under `--dry-run`, else asks and does it.
///
/// # Errors
/// Those of `work`, and of printing what would be done.
pub async fn carry_out(
    context: &Context,
    question: &str,
    mut change: NameChange,
    work: impl Future<Output = Result<()>>,
) -> Result<Exit> {
    if context.options.dry_run {
        change.outcome = "planned";
        context.note(&format!("would {question}"));
        context.out.object(&change)?;
        return Ok(Exit::Done);
    }
    if let Consent::Refused(exit) = context.confirm(question)? {
        return Ok(exit);
    }
    work.await?;
    change.outcome = "committed";
    Ok(context.done(&change, Exit::Done))
}
