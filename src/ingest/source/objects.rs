//! The columns of JSON lines: one for each field of the objects, of the widest type seen.

use std::sync::Arc;

use arrow::datatypes::Field;

use super::cut::Marks;
use super::detect::Looked;
use super::ndjson::{syntax, told};
use super::open::{SAMPLED_FILES, source, warning};
use super::profile;
use super::rejected::{is_rejected, row_of};
use super::sample::samples;
use super::settings::SourceSettings;
use super::shape::{MOST_FIELDS, Object, Stage};
use super::{Source, SourceColumn};
use crate::ingest::{Fault, Line};
use crate::monitor::Monitor;
use crate::{Error, Result};

/// A source of JSON lines.
pub(super) fn objects(files: Vec<Looked>, settings: SourceSettings, monitor: &Monitor) -> Result<Source> {
    let mut facts = Objects::default();
    let mut whole = files.len() <= SAMPLED_FILES;
    for looked in files.iter().take(SAMPLED_FILES) {
        monitor.check()?;
        let (found, all) = samples(&looked.file, Marks::lines())?;
        whole &= all;
        for sample in found {
            let at = Line { file: looked.file.path.clone(), line: sample.line.unwrap_or(1) };
            facts.feed(sample.text.as_slice(), &at);
        }
    }
    let mut source = source(files, settings, Vec::new(), whole);
    facts.finish(&mut source)?;
    Ok(source)
}

/// What is known of the objects looked at.
#[derive(Debug, Default)]
pub(super) struct Objects {
    object: Object,
    rows: u64,
    /// Lines of a file of rejected rows among them.
    rejected: u64,
    faults: Vec<Fault>,
}

impl Objects {
    /// Looks at whole lines that begin at `at`.
    pub(super) fn feed(&mut self, text: &[u8], at: &Line) {
        for (line, bytes) in (at.line..).zip(text.split(|b| *b == b'\n')) {
            let bytes = bytes.trim_ascii();
            if bytes.is_empty() {
                continue;
            }
            self.rejected += u64::from(is_rejected(bytes));
            let bytes = &*row_of(bytes);
            // A line that is broken half way must leave no column behind: it is looked through before it is fed.
            let fed = match syntax(bytes) {
                Some(reason) => Err(reason),
                None => self.object.feed(bytes).map_err(|e| told(&e)),
            };
            match fed {
                Ok(()) => self.rows += 1,
                Err(reason) if self.faults.len() < 1000 => {
                    let line = Line { file: at.file.clone(), line };
                    self.faults.push(Fault { line, column: None, value: None, reason });
                }
                Err(_) => {}
            }
        }
    }

    /// Adds what others saw.
    pub(super) fn merge(&mut self, other: Self) {
        self.object.merge(other.object);
        self.rows += other.rows;
        self.rejected += other.rejected;
        self.faults.extend(other.faults);
    }

    /// Sets the columns of a source.
    pub(super) fn finish(self, source: &mut Source) -> Result<()> {
        let file = source.files.first().map(|f| f.path.display().to_string()).unwrap_or_default();
        if self.object.count() > MOST_FIELDS {
            return Err(Error::unsupported(format!("the objects have more than {MOST_FIELDS} different fields"))
                .with("file", file)
                .hint("if the keys of an object are data, turn it into a list of key and value first"));
        }
        if self.rows == 0 {
            let why = self.faults.first().map_or_else(|| "it has no rows".into(), |f| f.reason.clone());
            let error = Error::invalid(format!("no line of the file is a JSON object: {why}")).with("file", file);
            return Err(self
                .faults
                .first()
                .map(|f| f.line.line)
                .into_iter()
                .fold(error, |e, line| e.with("line", line)));
        }
        let (stored, typed) = (self.object.arrow(Stage::Stored), self.object.arrow(Stage::Typed));
        let column = |((stored, typed), filled): ((&Arc<Field>, &Arc<Field>), &u64)| SourceColumn {
            name: typed.name().clone(),
            data_type: typed.data_type().clone(),
            stored: stored.data_type().clone(),
            nullable: true,
            nulls: self.rows.saturating_sub(*filled),
            rows: self.rows,
            samples: Vec::new(),
        };
        source.columns = stored.iter().zip(typed.iter()).zip(self.object.filled()).map(column).collect();
        let rejected = "these are rejected rows: of each line its row is read";
        source.warnings.extend((self.rejected > 0).then(|| rejected.into()));
        source.warnings.extend(warning(&self.faults));
        profile::fill(source)
    }
}
