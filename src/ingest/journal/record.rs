//! A journal read back: everything that a later process needs to know, the staged files included.

use std::io::{BufRead, Read};
use std::path::Path;

use iceberg::spec::{
    DataFile, FormatVersion, SchemaRef, StructType, TableMetadata, deserialize_data_file_from_json,
    serialize_data_file_to_json,
};
use serde::{Deserialize, Serialize};

use super::list::no_plan;
use super::step::{Plan, Step};
use crate::commit::{AttemptOutcome, Sending, StagedFile};
use crate::storage::from_iceberg;
use crate::table::Table;
use crate::table::manifest::in_json;
use crate::{Error, Result};

/// A longer line is not one of ours.
const LONGEST_LINE: u64 = 64 << 20;

/// How far an ingest came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing was written.
    Planned,
    /// Data files were being written.
    Staging,
    /// All data files are complete; no request left, or none that arrived.
    Staged,
    /// A request was about to leave, and nothing is known of it.
    Sent,
    /// The catalog said no.
    Rejected,
    /// Nobody knows whether it landed.
    Unknown,
    /// Done with.
    Closed,
    /// Given up.
    Discarded,
}

impl State {
    /// Whether there is something left to do.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Closed | Self::Discarded)
    }

    /// The state after a step.
    #[must_use]
    pub(super) fn after(self, step: &Step) -> Self {
        match step {
            Step::Planned(_) => Self::Planned,
            Step::Staging { .. } | Step::File(_) => Self::Staging,
            Step::Staged { .. } => Self::Staged,
            Step::Sending(_) => Self::Sent,
            Step::Outcome { outcome: AttemptOutcome::Committed, .. } | Step::Closed {} => Self::Closed,
            Step::Outcome { outcome: AttemptOutcome::Rejected, .. } => Self::Rejected,
            Step::Outcome { outcome: AttemptOutcome::Unknown, .. } => Self::Unknown,
            Step::Outcome { outcome: AttemptOutcome::NotSent, .. } => Self::Staged,
            Step::Redirected { .. } => self,
            Step::Discarded { .. } => Self::Discarded,
        }
    }
}

/// A staged data file as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFile {
    /// Its location.
    pub path: String,
    /// Its size in bytes, to be checked before a replay.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// The partition spec it was written under.
    pub spec_id: i32,
    /// The schema it was written under.
    pub schema_id: i32,
    /// The whole data file with its statistics, in iceberg's JSON; nothing where that form does not hold it exactly (a
    /// NaN as partition value): then the rows must be staged anew.
    pub data_file: Option<String>,
}

impl RecordedFile {
    pub(super) fn of(table: &Table, staged: &StagedFile) -> Result<Self> {
        let (schema, partition) = layout(table.metadata(), staged.spec_id, staged.schema_id)?;
        let mut recorded = Self {
            path: staged.file.file_path().to_string(),
            bytes: staged.file.file_size_in_bytes(),
            rows: staged.file.record_count(),
            spec_id: staged.spec_id,
            schema_id: staged.schema_id,
            data_file: None,
        };
        let json = serialize_data_file_to_json(staged.file.clone(), &partition, FormatVersion::V2)
            .map_err(|e| from_iceberg(e, "the staged file cannot be recorded").with("file", &recorded.path))?;
        let back = deserialize_data_file_from_json(&json, staged.spec_id, &partition, &schema);
        if back.is_ok_and(|back| is_same(&back, &staged.file)) {
            recorded.data_file = Some(json);
        }
        Ok(recorded)
    }

    /// The staged file again, as it was.
    ///
    /// # Errors
    /// [`Kind::Unsupported`](crate::Kind::Unsupported) where it was not recorded exactly or the table has lost its
    /// spec or schema, [`Kind::Corrupt`](crate::Kind::Corrupt) where the record is not what was written.
    pub fn staged(&self, table: &Table) -> Result<StagedFile> {
        let json = self.data_file.as_deref().ok_or_else(|| {
            Error::unsupported("the journal does not hold this file exactly")
                .with("file", &self.path)
                .hint("stage the rows again")
        })?;
        let (schema, partition) = layout(table.metadata(), self.spec_id, self.schema_id)?;
        let file = deserialize_data_file_from_json(json, self.spec_id, &partition, &schema)
            .map_err(|e| from_iceberg(e, "the record of a staged file is broken").with("file", &self.path))?;
        if file.file_path() != self.path || file.file_size_in_bytes() != self.bytes {
            return Err(Error::corrupt("the record of a staged file contradicts itself").with("file", &self.path));
        }
        Ok(StagedFile { file, spec_id: self.spec_id, schema_id: self.schema_id })
    }
}

fn layout(metadata: &TableMetadata, spec_id: i32, schema_id: i32) -> Result<(SchemaRef, StructType)> {
    let lost = || Error::unsupported("the table does not have the schema or the spec of a staged file");
    let schema = metadata.schema_by_id(schema_id).ok_or_else(|| lost().with("schema", schema_id))?;
    let spec = metadata.partition_spec_by_id(spec_id).ok_or_else(|| lost().with("spec", spec_id))?;
    let partition = spec.partition_type(schema).map_err(|e| from_iceberg(e, "the spec does not fit the schema"))?;
    Ok((schema.clone(), in_json(&partition)))
}

fn is_same(a: &DataFile, b: &DataFile) -> bool {
    let bounds = |file: &DataFile| {
        [file.lower_bounds(), file.upper_bounds()].map(|bounds| {
            let bytes = |(id, value): (&i32, &iceberg::spec::Datum)| Some((*id, value.to_bytes().ok()?));
            bounds.iter().filter_map(bytes).collect::<std::collections::BTreeMap<_, _>>()
        })
    };
    a.partition() == b.partition()
        && a.file_path() == b.file_path()
        && a.record_count() == b.record_count()
        && a.file_size_in_bytes() == b.file_size_in_bytes()
        && a.value_counts() == b.value_counts()
        && a.null_value_counts() == b.null_value_counts()
        && bounds(a) == bounds(b)
}

/// One attempt as the journal knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRecord {
    /// The branch it was for.
    pub branch: String,
    /// What was known before the request left.
    pub sending: Sending,
    /// How it ended and what was said; nothing where that was never recorded.
    pub outcome: Option<(AttemptOutcome, String)>,
}

/// Another branch than the one that was planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redirected {
    /// Its name.
    pub branch: String,
    /// The snapshot at which it was made.
    pub snapshot_id: Option<i64>,
}

/// A whole journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What was to be loaded.
    pub plan: Plan,
    /// When it began, in milliseconds since the epoch.
    pub opened_at_ms: i64,
    /// How far it came.
    pub state: State,
    /// Where data files were written: location and name prefix.
    pub staging: Option<(String, String)>,
    /// Every data file that was complete.
    pub files: Vec<RecordedFile>,
    /// Whether all data files are complete, and their number, rows and bytes; nothing where staging was broken off.
    pub staged: Option<(u64, u64, u64)>,
    /// Where it goes instead of the planned branch.
    pub redirected: Option<Redirected>,
    /// Every attempt, oldest first.
    pub attempts: Vec<AttemptRecord>,
    /// Lines of a later version of icedeck that this one does not understand.
    pub unknown_steps: u64,
    /// Whether the last line was cut off; what it described was not begun.
    pub is_cut: bool,
    /// Bytes of the whole lines.
    pub(super) complete_bytes: u64,
}

impl Record {
    /// Reads a journal from its beginning.
    pub(super) fn read(reader: impl BufRead, path: &Path) -> Result<Self> {
        let mut found: Option<Record> = None;
        let end = for_each_line(reader, path, |at_ms, step| {
            match (&mut found, step) {
                (None, Some(Step::Planned(plan))) => found = Some(Self::begun(*plan, at_ms)),
                (None, _) => return false,
                (Some(record), Some(step)) => record.take(step),
                (Some(record), None) => record.unknown_steps += 1,
            }
            true
        })?;
        let mut record = found.ok_or_else(|| no_plan(path))?;
        record.is_cut = end.is_cut;
        record.complete_bytes = end.complete_bytes;
        Ok(record)
    }

    fn begun(plan: Plan, opened_at_ms: i64) -> Self {
        Self {
            plan,
            opened_at_ms,
            state: State::Planned,
            staging: None,
            files: Vec::new(),
            staged: None,
            redirected: None,
            attempts: Vec::new(),
            unknown_steps: 0,
            is_cut: false,
            complete_bytes: 0,
        }
    }

    /// The branch that it goes to.
    pub fn branch(&self) -> &str {
        self.redirected.as_ref().map_or(&self.plan.branch, |other| &other.branch)
    }

    fn take(&mut self, step: Step) {
        self.state = self.state.after(&step);
        match step {
            Step::Staging { location, prefix } => {
                self.staging = Some((location, prefix));
                self.staged = None;
                self.files.clear();
            }
            Step::File(file) => self.files.push(file),
            Step::Sending(sending) => {
                let branch = self.branch().to_string();
                self.attempts.push(AttemptRecord { branch, sending, outcome: None });
            }
            Step::Staged { files, rows, bytes } => self.staged = Some((files, rows, bytes)),
            Step::Redirected { branch, snapshot_id } => self.redirected = Some(Redirected { branch, snapshot_id }),
            Step::Outcome { attempt, outcome, message, .. } => {
                let of = self.attempts.iter_mut().rev().find(|a| a.sending.attempt == attempt);
                if let Some(record) = of {
                    record.outcome = Some((outcome, message));
                }
            }
            Step::Planned(_) | Step::Closed {} | Step::Discarded { .. } => {}
        }
    }
}

/// How the file ended.
pub(super) struct End {
    pub(super) complete_bytes: u64,
    pub(super) is_cut: bool,
}

/// Reads line by line and hands each step on (none for one that is not known) until all are read. The file is corrupt
/// where a line is, or where `take` refuses one. A last line without its end was cut and is left out: it was not
/// durable yet, so what it describes was not begun.
pub(super) fn for_each_line(
    mut reader: impl BufRead,
    path: &Path,
    mut take: impl FnMut(i64, Option<Step>) -> bool,
) -> Result<End> {
    let corrupt =
        |number: u64| Error::corrupt("the journal is damaged").with("file", path.display()).with("line", number);
    let mut line = Vec::new();
    let mut complete_bytes = 0;
    for number in 1.. {
        line.clear();
        let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        let read = read.map_err(|e| super::file::failed(e, "cannot read the journal", path))? as u64;
        if line.last() != Some(&b'\n') {
            if read == LONGEST_LINE {
                return Err(corrupt(number));
            }
            return Ok(End { complete_bytes, is_cut: read > 0 });
        }
        let (at_ms, step) = Step::parse(&line).map_err(|e| corrupt(number).caused_by(e))?;
        if !take(at_ms, step) {
            return Err(corrupt(number));
        }
        complete_bytes += read;
    }
    Err(corrupt(u64::MAX))
}
