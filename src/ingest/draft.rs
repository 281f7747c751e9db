//! A load while it is prepared in the console: an opened source, a table and the mapping between them, with what the
//! screens show of it. Changes nothing outside; edits give a new draft.

use std::path::PathBuf;
use std::sync::Arc;

use super::SourceBatch;
use super::bind::{Binding, Problem};
use super::fit::{Example, try_values};
use super::mapping::{Mapping, MappingEdit, MappingView};
use super::preflight::{self, PreflightReport};
use super::source::{Source, SourceOptions, SourceSettings};
use crate::monitor::Monitor;
use crate::table::{Table, TableName};
use crate::{Error, Result};

/// The most rows that the mapping pane's examples are looked for in.
const SAMPLE_ROWS: usize = 500;
/// The most examples of a column.
const EXAMPLES: usize = 4;

/// A load that is being prepared. Cheap to clone: files and table are shared.
#[derive(Debug, Clone)]
pub struct Draft {
    table: Table,
    branch: String,
    source: Arc<Source>,
    sample: Option<Arc<SourceBatch>>,
    mapping: Mapping,
}

impl Draft {
    /// Opens files for a table and matches their columns by name. Blocks: call it on a thread that may wait.
    ///
    /// # Errors
    /// Those of [`Source::open`].
    pub fn open(table: Table, branch: String, options: &SourceOptions, monitor: &Monitor) -> Result<Self> {
        let source = Source::open(options, monitor)?;
        let mapping = Mapping::matched(&source.columns, table.metadata().current_schema());
        let sample = sample(&source, monitor)?.map(Arc::new);
        Ok(Self { table, branch, source: Arc::new(source), sample, mapping })
    }

    /// The same with the files read in another way; the mapping stays, as far as it was changed by hand. Blocks.
    ///
    /// # Errors
    /// Those of [`Source::open`].
    pub fn reread(&self, options: &SourceOptions, monitor: &Monitor) -> Result<Self> {
        let next = Self::open(self.table.clone(), self.branch.clone(), options, monitor)?;
        Ok(if self.is_as_matched() { next } else { next.with_mapping(self.mapping.clone()) })
    }

    /// After a change of the mapping. A column whose source is taken away is skipped where its name would find one again.
    #[must_use]
    pub fn edited(&self, edit: &MappingEdit) -> Self {
        let mapping = self.mapping.apply(edit);
        match edit {
            MappingEdit::Clear { column } if self.completed(&mapping).column(column).is_some() => {
                let mapping = mapping.apply(&MappingEdit::Skip { column: column.clone() });
                Self { mapping, ..self.clone() }
            }
            _ => self.with_mapping(mapping),
        }
    }

    /// With another mapping; columns that it does not name are matched by their names.
    #[must_use]
    pub fn with_mapping(&self, mapping: Mapping) -> Self {
        Self { mapping: self.completed(&mapping), ..self.clone() }
    }

    fn completed(&self, mapping: &Mapping) -> Mapping {
        mapping.completed(&self.source.columns, self.table.metadata().current_schema())
    }

    /// The mapping.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Whether the mapping is what names alone give.
    pub fn is_as_matched(&self) -> bool {
        self.mapping == Mapping::matched(&self.source.columns, self.table.metadata().current_schema())
    }

    /// The opened files.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// How they are read.
    pub fn settings(&self) -> &SourceSettings {
        &self.source.settings
    }

    /// Their paths, in order.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.source.files.iter().map(|file| file.path.to_path_buf()).collect()
    }

    /// Options that read the files exactly as they are read now.
    pub fn options(&self) -> SourceOptions {
        SourceOptions { paths: self.paths(), ..self.source.options() }
    }

    /// The table's name.
    pub fn table(&self) -> &TableName {
        self.table.name()
    }

    /// The branch that is loaded into.
    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// The id of the schema that is mapped to.
    pub fn schema_id(&self) -> i32 {
        self.table.metadata().current_schema_id()
    }

    /// The snapshot that the branch leads to, where it has one.
    pub fn base_snapshot_id(&self) -> Option<i64> {
        self.table.resolve(Some(&self.branch)).ok().flatten()
    }

    /// The mapping beside its source and its table, in plain words.
    pub fn view(&self) -> MappingView {
        MappingView::new(&self.mapping, &self.source, &self.table)
    }

    /// How a few values of a table column come out; nothing where what the mapping says of it is wrong.
    ///
    /// # Errors
    /// A sample that is not of the source.
    pub fn examples(&self, column: &str) -> Result<Vec<Example>> {
        let Some(sample) = &self.sample else { return Ok(Vec::new()) };
        let schema = self.table.metadata().current_schema();
        match Binding::of_column(&self.mapping, column, &self.source.columns, schema) {
            Ok(binding) => try_values(&binding, column, sample, EXAMPLES),
            Err(_) => Ok(Vec::new()),
        }
    }

    /// Checks every row. Blocks, on all cores.
    ///
    /// # Errors
    /// A mapping that does not go with source and table, reading, cancellation.
    pub fn preflight(&self, monitor: &Monitor) -> Result<PreflightReport> {
        let binding = Binding::for_table(&self.mapping, &self.source, &self.table).map_err(|p| refused(&p))?;
        preflight::run(&self.source, &binding, monitor)
    }
}

/// All problems as one error, the first of them as its sentence.
fn refused(problems: &[Problem]) -> Error {
    let mut told = problems.iter().map(ToString::to_string);
    let first = Error::invalid(told.next().unwrap_or_else(|| "the mapping does not go with the table".into()));
    told.fold(first, Error::hint)
}

/// The first rows of the source.
fn sample(source: &Source, monitor: &Monitor) -> Result<Option<SourceBatch>> {
    let Some(block) = source.blocks(monitor)?.next() else { return Ok(None) };
    let mut batch = block?.decode(&source.decoder(None)?)?;
    let rows = batch.batch.num_rows().min(SAMPLE_ROWS);
    batch.batch = batch.batch.slice(0, rows);
    batch.lines.truncate(rows);
    Ok(Some(batch))
}
