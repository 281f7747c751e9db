//! A load as its journal keeps it, so that it can be made again from its files. The names are a format: they are only
//! ever added to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Cut, IngestRequest, Mode, OnError};
use crate::ingest::journal::Plan;
use crate::ingest::mapping::{ColumnMapping, Mapping, Rule};
use crate::ingest::source::SourceOptions;
use crate::table::Table;
use crate::{Error, Kind, Result};

/// How a load was asked for.
#[derive(Debug, Serialize, Deserialize)]
struct Recorded {
    /// How the rows go in.
    #[serde(default)]
    mode: Mode,
    /// What a filter takes out, where the rows go in the place of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cut: Option<Cut>,
    /// A mapping file as text, with how the files are read.
    mapping: String,
    /// The files as they were.
    #[serde(default)]
    files: Vec<SourceFile>,
    /// Properties for the snapshot's summary.
    #[serde(default)]
    summary: BTreeMap<String, String>,
    /// The file of rejected rows, where rows were to be rejected.
    #[serde(default)]
    rejects: Option<PathBuf>,
}

/// A source file as it was when it was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SourceFile {
    path: PathBuf,
    bytes: u64,
    modified_ms: u64,
}

impl SourceFile {
    fn of(path: &Path) -> std::io::Result<Self> {
        let path = std::path::absolute(path)?;
        let found = std::fs::metadata(&path)?;
        let since = found.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let modified_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        Ok(Self { path, bytes: found.len(), modified_ms })
    }
}

/// The options of a load's plan.
pub(super) fn record(request: &IngestRequest, mapping: &Mapping) -> Value {
    let recorded = Recorded {
        mode: request.mode,
        cut: request.cut.clone(),
        mapping: mapping.to_toml().unwrap_or_default(),
        files: request.source.paths.iter().filter_map(|path| SourceFile::of(path).ok()).collect(),
        summary: request.summary.clone(),
        rejects: match &request.on_error {
            OnError::Fail => None,
            OnError::Reject(path) => std::path::absolute(path).ok(),
        },
    };
    serde_json::to_value(recorded).unwrap_or_default()
}

/// How the rows of a load go in, by its plan.
pub fn mode_of(plan: &Plan) -> Mode {
    let told = plan.options.get("mode").cloned();
    told.and_then(|mode| serde_json::from_value(mode).ok()).unwrap_or_default()
}

/// What a filter takes out, by the plan of a load or of a delete.
pub fn cut_of(plan: &Plan) -> Option<Cut> {
    serde_json::from_value(plan.options.get(Cut::FIELD)?.clone()).ok()
}

/// The request that a journal tells of, to be made again. Rejected rows go to a fresh file beside the first one.
///
/// # Errors
/// [`Kind::NotFound`] for a source file that is gone, [`Kind::Invalid`] for one that has changed,
/// [`Kind::Unsupported`] for a journal that does not say enough.
pub fn request_again(plan: &Plan) -> Result<IngestRequest> {
    let too_little = || {
        Error::unsupported("the journal does not say how the load was made; load the files again")
            .with("ingest", &plan.ingest_id)
    };
    let recorded: Recorded = serde_json::from_value(plan.options.clone()).map_err(|e| too_little().caused_by(e))?;
    if recorded.files.is_empty() || recorded.files.len() != plan.sources.len() {
        return Err(too_little());
    }
    recorded.files.iter().try_for_each(unchanged)?;
    let mapping = Mapping::from_toml(&recorded.mapping)?;
    let paths: Vec<PathBuf> = recorded.files.into_iter().map(|file| file.path).collect();
    let base = mapping.source.clone().unwrap_or_default();
    let on_error = match recorded.rejects {
        None => OnError::Fail,
        Some(path) => OnError::Reject(fresh(&path)),
    };
    Ok(IngestRequest {
        branch: plan.branch.clone(),
        mode: recorded.mode,
        cut: recorded.cut.map(|cut| Cut { read_at: None, files: None, ..cut }),
        mapping: Some(mapping),
        on_error,
        summary: recorded.summary,
        ..IngestRequest::append(SourceOptions { paths, ..base }, plan.table.clone())
    })
}

impl IngestRequest {
    /// Leads the mapping to the columns as the table names them now: what was renamed since is followed by its id, what
    /// was dropped is left out. Says each in a sentence.
    pub fn follow(&mut self, table: &Table, schema_then: i32) -> Vec<String> {
        let (Some(mapping), Some(then)) = (&mut self.mapping, table.metadata().schema_by_id(schema_then)) else {
            return Vec::new();
        };
        let now = table.metadata().current_schema();
        let mut told = Vec::new();
        mapping.columns.retain_mut(|mapped| {
            let Some(field) = then.as_struct().fields().iter().find(|field| field.name == mapped.column) else {
                return true;
            };
            match now.as_struct().fields().iter().find(|of| of.id == field.id) {
                Some(same) if same.name == field.name => true,
                Some(renamed) => {
                    told.push(format!("column {} is named {} now", field.name, renamed.name));
                    mapped.column.clone_from(&renamed.name);
                    true
                }
                None => {
                    told.push(format!("column {} was dropped: its values are left out", field.name));
                    false
                }
            }
        });
        // What had no source then has none now, whatever others have added meanwhile.
        let unnamed = now.as_struct().fields().iter().filter(|field| mapping.column(&field.name).is_none());
        let skipped: Vec<_> = unnamed.map(|field| ColumnMapping::new(&field.name, Rule::Skip)).collect();
        mapping.columns.extend(skipped);
        told
    }
}

fn unchanged(then: &SourceFile) -> Result<()> {
    let path = &then.path;
    let now = SourceFile::of(path).map_err(|e| {
        Error::new(Kind::NotFound, format!("a source file cannot be read any more: {e}")).with("file", path.display())
    })?;
    if now.bytes == then.bytes && now.modified_ms == then.modified_ms {
        return Ok(());
    }
    Err(Error::invalid("a source file has changed since the load")
        .with("file", path.display())
        .hint("discard this load, and load the file as it is now"))
}

/// A name that is not taken: the rejected rows of the first try stay as they are.
fn fresh(path: &Path) -> PathBuf {
    let named = |n: u32| {
        let mut name = path.as_os_str().to_os_string();
        name.push(format!(".{n}"));
        PathBuf::from(name)
    };
    if !path.exists() {
        return path.to_path_buf();
    }
    (1..).map(named).find(|path| !path.exists()).unwrap_or_else(|| path.to_path_buf())
}
