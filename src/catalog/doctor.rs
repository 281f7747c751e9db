//! What can be checked before trouble: configuration, catalogs, storage, clock, state folder. Changes nothing but a
//! probe file that it takes away again.

use serde::Serialize;

use super::LakeOptions;
use crate::env::Env;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// As it should be.
    Ok,
    /// Not as it should be.
    Failed,
    /// Not looked at; the detail says why.
    Skipped,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked: `configuration`, `catalog prod`, ..
    pub name: String,
    /// How it ended.
    pub state: CheckState,
    /// What was found, in one sentence.
    pub detail: String,
    /// What to do next, where something is to be done.
    pub hint: Option<String>,
}

/// Checks everything, whatever fails before.
pub async fn run(_env: &Env, _options: LakeOptions) -> Vec<Check> {
    Vec::new()
}
