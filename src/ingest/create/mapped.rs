//! The columns of a new table as a mapping makes them of a source's: left out, renamed, cast, computed. Reads no rows.

use std::collections::HashSet;

use arrow::datatypes::DataType;
use iceberg::spec::{PrimitiveType, Schema, Type};

use super::columns::iceberg_type;
use super::{ColumnType, NewColumn};
use crate::ingest::bind::Problem;
use crate::ingest::expression::Compiler;
use crate::ingest::mapping::{Cast, ColumnMapping, Mapping, Rule};
use crate::ingest::source::{Source, SourceColumn, type_of_text};
use crate::{Error, Result};

struct Mapped<'a> {
    source: &'a Source,
    mapping: &'a Mapping,
    compiler: Compiler<'a>,
    format_version: u8,
}

impl NewColumn {
    /// The columns of a source as a mapping makes them, all of them optional: those that it does not name as they are,
    /// those that it skips not at all. What is computed and stands for no source column comes last.
    ///
    /// # Errors
    /// As [`of_source`](Self::of_source), and for a source column that is not there, a type or an expression that is
    /// none.
    pub fn of_mapping(source: &Source, mapping: &Mapping, format_version: u8) -> Result<Vec<Self>> {
        let compiler =
            Compiler::new(&source.columns, &mapping.types).map_err(|problems| Problem::into_error(&problems))?;
        let mapped = Mapped { source, mapping, compiler, format_version };
        mapped.check_names()?;
        let mut columns = Vec::new();
        for (i, column) in source.columns.iter().enumerate() {
            columns.extend(mapped.columns_of(i, column)?);
        }
        let has = |name: &str| source.columns.iter().any(|column| column.name == name);
        for entry in mapping.columns.iter().filter(|entry| !has(&entry.column)) {
            columns.extend(mapped.made(entry)?);
        }
        // What is mapped twice is one column here, and told where the mapping is bound.
        let mut seen = HashSet::new();
        let renamed = |name: &str| mapping.columns.iter().filter(|entry| entry.column == name).count() > 1;
        columns.retain(|column: &Self| seen.insert(column.name.clone()) || !renamed(&column.name));
        Ok(columns)
    }
}

impl Mapped<'_> {
    fn check_names(&self) -> Result<()> {
        for entry in &self.mapping.columns {
            let Rule::Column(from) = &entry.rule else { continue };
            if !self.source.columns.iter().any(|column| column.name == *from) {
                return Err(Error::invalid(format!("the source has no column {from}")).with("column", &entry.column));
            }
        }
        Ok(())
    }

    /// The table columns that stand where a source column stood.
    fn columns_of(&self, at: usize, column: &SourceColumn) -> Result<Vec<NewColumn>> {
        let takes = |entry: &&ColumnMapping| matches!(&entry.rule, Rule::Column(from) if *from == column.name);
        let mut columns = Vec::new();
        for entry in self.mapping.columns.iter().filter(takes) {
            columns.push(NewColumn::optional(&entry.column, self.cast(at, column, Some(&entry.cast))?));
        }
        match self.mapping.column(&column.name) {
            None if columns.is_empty() => columns.push(NewColumn::optional(&column.name, self.cast(at, column, None)?)),
            None => {}
            Some(entry) => columns.extend(self.made(entry)?),
        }
        Ok(columns)
    }

    /// A column of an expression or a constant.
    fn made(&self, entry: &ColumnMapping) -> Result<Option<NewColumn>> {
        let of = match &entry.rule {
            Rule::Skip | Rule::Column(_) => return Ok(None),
            Rule::Constant(text) => type_of_text(text)?,
            Rule::Expression(sql) => {
                let compiled = self.compiler.compile(sql).map_err(|problem| {
                    let error = Error::invalid(problem.reason).with("column", &entry.column);
                    problem.hint.into_iter().fold(error, Error::hint)
                })?;
                compiled.data_type().clone()
            }
        };
        let of = iceberg_type(&of, self.format_version, &|_| true).map_err(|e| e.with("column", &entry.column))?;
        Ok(Some(NewColumn::optional(&entry.column, ColumnType::of(of))))
    }

    /// The type that a source column has in the table.
    fn cast(&self, at: usize, column: &SourceColumn, cast: Option<&Cast>) -> Result<ColumnType> {
        if cast.is_none() && column.name.is_empty() {
            let file = self.source.files.first().map(|f| f.path.display().to_string()).unwrap_or_default();
            let error = Error::invalid("a column has no name").with("position", at + 1).with("file", file);
            return Err(error.hint("name it where the file is written"));
        }
        if let Some(told) = self.mapping.types.get(&column.name) {
            return told.parse();
        }
        let is_text = column.data_type == DataType::Utf8 || column.data_type == DataType::Int64;
        let by_format = cast.filter(|_| is_text && column.stored == DataType::Utf8View).and_then(type_by_format);
        if let Some(of) = by_format {
            return Ok(ColumnType::of(Type::Primitive(of)));
        }
        let is_uuid = |leaf| self.source.is_uuid(at, leaf);
        let found = iceberg_type(&column.data_type, self.format_version, &is_uuid).map_err(|e| {
            let skip = format!("the lines [[column]], name = {:?} and skip = true", column.name);
            e.with("column", &column.name)
                .hint(format!("leave it out: icedeck ingest --create --mapping FILE, with {skip} in FILE"))
        })?;
        Ok(ColumnType::of(found))
    }
}

/// The type of text that is read by a pattern.
fn type_by_format(cast: &Cast) -> Option<PrimitiveType> {
    let format = cast.format.as_deref()?;
    if format.starts_with("epoch") {
        return Some(PrimitiveType::Timestamptz);
    }
    let directives: Vec<char> = format
        .split('%')
        .skip(1)
        .filter_map(|part| part.trim_start_matches(['-', '_', '0', ':', '.', '#']).chars().next())
        .collect();
    let any = |of: &str| directives.iter().any(|directive| of.contains(*directive));
    let (date, time) = (any("YyCmbBhdejDFxcsGgVUW"), any("HkIlMSfTRXrcs"));
    Some(match (date, time) {
        (true, true) if any("zZs") || cast.zone.is_some() => PrimitiveType::Timestamptz,
        (true, true) => PrimitiveType::Timestamp,
        (true, false) => PrimitiveType::Date,
        (false, true) => PrimitiveType::Time,
        (false, false) => return None,
    })
}

impl Mapping {
    /// Without the source columns that are skipped and that the table therefore does not have.
    #[must_use]
    pub(in crate::ingest) fn without_left_out(mut self, source: &[SourceColumn], schema: &Schema) -> Self {
        let is_known = |name: &str| schema.as_struct().fields().iter().any(|field| field.name == name);
        let is_left_out = |entry: &ColumnMapping| {
            entry.rule == Rule::Skip && !is_known(&entry.column) && source.iter().any(|c| c.name == entry.column)
        };
        self.columns.retain(|entry| !is_left_out(entry));
        self
    }
}
