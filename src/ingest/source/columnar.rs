//! The columns of Parquet files: those of their footers, which must agree.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};

use super::detect::Looked;
use super::open::source;
use super::profile;
use super::settings::SourceSettings;
use super::{Source, SourceColumn, type_name};
use crate::{Error, Result};

/// A source of Parquet files.
pub(super) fn parquet(files: Vec<Looked>, settings: SourceSettings) -> Result<Source> {
    let opened = |looked: &Looked| looked.file.parquet.clone().map(|p| (looked.file.path.clone(), p));
    let opened: Vec<_> = files.iter().filter_map(opened).collect();
    let Some((_, first)) = opened.first() else { return Err(Error::bug("a Parquet file without a footer")) };
    for (path, file) in opened.iter().skip(1) {
        same_columns(&first.schema(), &file.schema()).map_err(|e| e.with("file", path.display()))?;
    }
    let rows = opened.iter().map(|(_, file)| file.rows()).sum();
    let column = |(i, field): (usize, &Arc<Field>)| SourceColumn {
        name: field.name().clone(),
        data_type: field.data_type().clone(),
        stored: field.data_type().clone(),
        nullable: field.is_nullable(),
        nulls: opened.iter().map(|(_, file)| file.nulls(i)).sum::<Option<u64>>().unwrap_or_default(),
        rows,
        samples: Vec::new(),
    };
    let columns = first.schema().fields().iter().enumerate().map(column).collect();
    let mut source = source(files, settings, columns, true);
    profile::fill(&mut source)?;
    Ok(source)
}

fn same_columns(first: &Schema, own: &Schema) -> Result<()> {
    let by_load = "all files of one load need the same columns in the same order: load this one by itself";
    for (i, expected) in first.fields().iter().enumerate() {
        let error = match own.fields().get(i) {
            None => Error::invalid(format!("the column {:?} of the first file is missing", expected.name())),
            Some(found) if found.name() != expected.name() => Error::invalid(format!(
                "a column is called {:?} where the first file has {:?}",
                found.name(),
                expected.name()
            )),
            Some(found) if !found.data_type().equals_datatype(expected.data_type()) => Error::invalid(format!(
                "the column {:?} is {} here and {} in the first file",
                found.name(),
                type_name(found.data_type()),
                type_name(expected.data_type())
            )),
            Some(_) => continue,
        };
        return Err(error.hint(by_load));
    }
    match own.fields().get(first.fields().len()) {
        Some(more) => {
            Err(Error::invalid(format!("the column {:?} is not in the first file", more.name())).hint(by_load))
        }
        None => Ok(()),
    }
}
