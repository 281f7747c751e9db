//! What can be checked before trouble: configuration, state folder, catalogs, storage, clock. Makes no catalog and
//! changes nothing but a probe file that it takes away again.

use std::path::Path;

use bytes::Bytes;
use serde::Serialize;

use super::config::{CatalogConfig, Configuration};
use super::connect::connect;
use super::{Connection, LakeOptions};
use crate::env::Env;
use crate::storage::{Location, Storage};
use crate::table::Namespace;
use crate::{Error, Kind, Result};

/// A clock that is further off than this fails, in milliseconds: commits would be refused as too old.
const LARGEST_SKEW_MS: i64 = 60_000;

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

impl Check {
    fn new(name: impl Into<String>, state: CheckState, detail: impl Into<String>) -> Self {
        Self { name: name.into(), state, detail: detail.into(), hint: None }
    }

    fn of(name: impl Into<String>, result: Result<String>) -> Self {
        match result {
            Ok(detail) => Self::new(name, CheckState::Ok, detail),
            Err(e) => Self { hint: hints(&e), ..Self::new(name, CheckState::Failed, e.to_string()) },
        }
    }
}

fn hints(error: &Error) -> Option<String> {
    if error.hints().is_empty() { None } else { Some(error.hints().join("; ")) }
}

/// Checks everything, whatever fails before; of one catalog only where `options` names one.
pub async fn run(env: &Env, options: LakeOptions) -> Vec<Check> {
    let configuration = Configuration::read(env, options.config.as_deref());
    let mut checks = vec![Check::of("configuration", configuration.as_ref().map(told).map_err(copied))];
    checks.push(state_folder(env, options.read_only));
    let Ok(configuration) = configuration else { return checks };
    let read_only = options.read_only || configuration.settings.read_only;
    if let Err(e) = configuration.default_catalog(options.catalog.as_deref()) {
        checks.push(Check::of("default catalog", Err(e)));
    }
    for catalog in &configuration.catalogs {
        if options.catalog.as_ref().is_none_or(|wanted| *wanted == catalog.name) {
            checks.extend(check_catalog(env, catalog, read_only).await);
        }
    }
    checks
}

fn told(configuration: &Configuration) -> String {
    let own = configuration.catalogs.iter().filter(|c| !c.is_embedded()).count();
    let catalogs = match own {
        0 => "only the embedded warehouse".to_string(),
        1 => "1 catalog".to_string(),
        n => format!("{n} catalogs"),
    };
    match &configuration.file {
        Some(file) => format!("{catalogs}, read from {}", file.display()),
        None => format!("{catalogs}, no config.toml"),
    }
}

/// The parts of an error that are shown; errors are not cloned.
fn copied(error: &Error) -> Error {
    let copy = error.context().iter().fold(Error::new(error.kind(), error.message()), |e, (k, v)| e.with(k, v));
    error.hints().iter().fold(copy, |e, hint| e.hint(hint))
}

fn state_folder(env: &Env, read_only: bool) -> Check {
    const NAME: &str = "state folder";
    let folder = &env.paths().state;
    if read_only && !folder.exists() {
        return Check::new(
            NAME,
            CheckState::Skipped,
            "it does not exist yet, and nothing is written under --read-only",
        );
    }
    let probe = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let file = folder.join(format!("probe-{}", env.uuid()));
        std::fs::write(&file, b"icedeck doctor")?;
        std::fs::remove_file(file)
    };
    let failed = |e: std::io::Error| {
        Error::new(Kind::Denied, "the state folder cannot be written")
            .with("folder", folder.display())
            .with("because", e)
            .hint("set XDG_STATE_HOME to a folder that you may write: no ingest is safe without its journal")
    };
    Check::of(NAME, probe().map(|()| format!("{} can be written", folder.display())).map_err(failed))
}

async fn check_catalog(env: &Env, config: &CatalogConfig, read_only: bool) -> Vec<Check> {
    let name = format!("catalog {}", config.name);
    // Read-only, so that nothing is made by looking.
    match connect(env, config, config.info(false, true), false).await {
        Ok(connection) => {
            let answer = connection.namespaces(&Namespace::default()).await;
            let mut checks = vec![Check::of(name, answer.map(|found| answered(&found)))];
            checks.extend(check_storage(env, config, &connection, read_only || config.read_only).await);
            checks
        }
        Err(e) if e.kind() == Kind::Unsupported => vec![Check::new(name, CheckState::Skipped, e.message())],
        Err(e) if e.kind() == Kind::NotFound && config.is_embedded() => {
            vec![Check::new(name, CheckState::Skipped, "not made yet; the first start does it")]
        }
        Err(e) => vec![Check::of(name, Err(e))],
    }
}

fn answered(namespaces: &[Namespace]) -> String {
    match namespaces.len() {
        1 => "answers, with 1 namespace at the top".to_string(),
        n => format!("answers, with {n} namespaces at the top"),
    }
}

async fn check_storage(env: &Env, config: &CatalogConfig, connection: &Connection, read_only: bool) -> Vec<Check> {
    let name = format!("storage {}", config.name);
    let Some(warehouse) = config.property("warehouse").map(|w| w.trim_end_matches('/')) else {
        return vec![Check::new(name, CheckState::Skipped, "the catalog names no warehouse")];
    };
    let local = Location::parse(warehouse).ok().and_then(|at| at.local_path());
    if local.as_ref().is_some_and(|folder| !folder.exists()) {
        return vec![Check::new(name, CheckState::Skipped, "the warehouse is made with the first table")];
    }
    let folder = format!("{warehouse}/icedeck-probe-{}", env.uuid());
    if read_only {
        let looked = connection.storage().size(&folder).await;
        return vec![Check::of(name, looked.map(|_| format!("{warehouse} can be read; writing was not tried")))];
    }
    let probed = probe(env, connection.storage(), &folder).await;
    if let Some(left) = Location::parse(&folder).ok().and_then(|at| at.local_path()) {
        remove_empty(&left);
    }
    match probed {
        Ok(skew) => vec![
            Check::of(name, Ok(format!("{warehouse} can be read and written"))),
            clock(format!("clock {}", config.name), skew),
        ],
        Err(e) => vec![Check::of(name, Err(e))],
    }
}

/// An object store has no folders to take away; a local one that stays is only untidy.
fn remove_empty(folder: &Path) {
    if let Err(e) = std::fs::remove_dir(folder) {
        tracing::debug!(folder = %folder.display(), error = %e, "no probe folder to take away");
    }
}

/// Writes a probe, reads it, takes it away. Says how far the storage's clock is ahead of ours, in milliseconds.
async fn probe(env: &Env, storage: &Storage, folder: &str) -> Result<i64> {
    let location = format!("{folder}/probe");
    let text = Bytes::from_static(b"icedeck doctor");
    storage.create(&location, text.clone()).await?;
    let looked = async {
        if storage.read(&location).await? != text {
            return Err(Error::corrupt("what was written does not read back").with("location", &location));
        }
        let listed = storage.list(folder).await?;
        let modified = listed.first().map(|l| l.modified_ms);
        modified.ok_or_else(|| Error::corrupt("what was written is not listed").with("location", &location))
    };
    let looked = looked.await;
    storage.delete(&location).await?;
    Ok(looked? - env.now_ms())
}

fn clock(name: String, skew_ms: i64) -> Check {
    if skew_ms.abs() <= LARGEST_SKEW_MS {
        return Check::new(name, CheckState::Ok, "this machine and the storage agree on the time");
    }
    let seconds = skew_ms.abs() / 1000;
    let way = if skew_ms > 0 { "behind" } else { "ahead of" };
    let detail = format!("this machine's clock is {seconds} s {way} the storage's");
    let hint = Some("set the clock: snapshots with wrong times confuse time travel and expiry".to_string());
    Check { hint, ..Check::new(name, CheckState::Failed, detail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_fails() {
        assert_eq!(clock("c".into(), 59_000).state, CheckState::Ok);
        let late = clock("c".into(), 120_000);
        assert_eq!((late.state, late.detail.contains("120 s behind")), (CheckState::Failed, true));
        assert!(clock("c".into(), -61_000).detail.contains("61 s ahead"));
    }
}
