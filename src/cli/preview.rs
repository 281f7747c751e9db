//! `icedeck preview FILE..`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::sources::{SourceArgs, with_standard_input};
use super::{Context, Exit, Format};
use crate::ingest::preview::{Preview, PreviewOptions, Start, preview};
use crate::ingest::source::{Source, SourceOptions};
use crate::ingest::{Fault, Line};
use crate::{Error, Result};

/// Show files as typed rows: how they are read, their columns, some of their rows
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The files: CSV, TSV, NDJSON or Parquet, plain or packed with gzip or Zstandard; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// How many rows to show
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    limit: usize,

    /// Pass over so many rows first
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with_all = ["line", "tail"])]
    offset: u64,

    /// Begin at this line of the first file
    #[arg(long, value_name = "N", conflicts_with = "tail")]
    line: Option<u64>,

    /// Show the last rows
    #[arg(long)]
    tail: bool,

    #[command(flatten)]
    source: SourceArgs,
}

/// What `-o json` prints.
#[derive(Debug, Serialize)]
struct Document<'a> {
    files: &'a [PathBuf],
    bytes: u64,
    settings: &'a crate::ingest::source::SourceSettings,
    columns: &'a [crate::ingest::preview::PreviewColumn],
    #[serde(skip_serializing_if = "Option::is_none")]
    total_rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_row: Option<u64>,
    rows: Vec<Map<String, Value>>,
    lines: &'a [Option<Line>],
    faults: &'a [Fault],
    warnings: &'a [String],
}

/// Prints one object as JSON; else the columns and the rows as tables; as CSV the rows alone.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let start = match (args.tail, args.line) {
        (true, _) => Start::End,
        (_, Some(line)) => Start::Line { file: 0, line },
        _ => Start::Row(args.offset),
    };
    let wanted = PreviewOptions { start, limit: args.limit };
    let (env, monitor) = (context.env.clone(), context.monitor.clone());
    let look = move || {
        let mut files = args.files;
        let spooled = with_standard_input(&mut files, &env, &monitor)?;
        let options = args.source.over(SourceOptions::default(), files);
        let found = Source::open(&options, &monitor).and_then(|source| preview(&source, &wanted, &monitor));
        match spooled {
            Some(spooled) => by_its_name(found, spooled.path()),
            None => found,
        }
    };
    let found = tokio::task::spawn_blocking(look)
        .await
        .map_err(|e| Error::bug("looking at the files failed").caused_by(e))??;
    print(&found, context)?;
    Ok(Exit::Done)
}

/// Calls the file that standard input was kept in what it is to the operator.
fn by_its_name(found: Result<Preview>, spooled: &Path) -> Result<Preview> {
    const NAME: &str = "standard input";
    let text = spooled.display().to_string();
    let mut found = found.map_err(|e| e.calling(&text, NAME))?;
    let name = Arc::new(PathBuf::from(NAME));
    found.files.iter_mut().filter(|file| *file == spooled).for_each(|file| file.clone_from(&name));
    let lines = found.lines.iter_mut().flatten().chain(found.faults.iter_mut().map(|fault| &mut fault.line));
    lines.filter(|line| *line.file == *spooled).for_each(|line| line.file = name.clone());
    found.warnings.iter_mut().for_each(|warning| *warning = warning.replace(&text, NAME));
    Ok(found)
}

fn print(found: &Preview, context: &Context) -> Result<()> {
    match context.out.format {
        Format::Json => context.out.object(&document(found)),
        Format::Csv => rows(found, context),
        Format::Table => {
            context.out.object(&summary(found))?;
            context.out.print("\n")?;
            context.out.records(&found.columns, "no columns")?;
            context.out.print("\n")?;
            rows(found, context)?;
            found.warnings.iter().for_each(|warning| context.note(warning));
            found.faults.iter().for_each(|fault| context.note(&told(fault)));
            Ok(())
        }
    }
}

fn rows(found: &Preview, context: &Context) -> Result<()> {
    let mut listing = context.out.listing(found.columns.iter().map(|column| column.name.clone()).collect());
    listing.page(found.rows.iter().map(|row| row.iter().map(|cell| cell.to_json()).collect()).collect())?;
    listing.finish()
}

fn document(found: &Preview) -> Document<'_> {
    let row = |row: &Vec<crate::table::cell::Cell>| {
        found.columns.iter().zip(row).map(|(column, cell)| (column.name.clone(), cell.to_json())).collect()
    };
    Document {
        files: &found.files,
        bytes: found.bytes,
        settings: &found.settings,
        columns: &found.columns,
        total_rows: found.total_rows,
        first_row: found.first_row,
        rows: found.rows.iter().map(row).collect(),
        lines: &found.lines,
        faults: &found.faults,
        warnings: &found.warnings,
    }
}

/// How the files are read, a line each.
fn summary(found: &Preview) -> Map<String, Value> {
    let settings = &found.settings;
    let mut out = Map::new();
    let mut put = |name: &str, value: String| out.insert(name.into(), Value::String(value));
    put("files", found.files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", "));
    put("bytes", found.bytes.to_string());
    put("rows", found.total_rows.map_or_else(|| "not counted".into(), |rows| rows.to_string()));
    put("format", format!("{}, {}", settings.format, packed(settings)));
    if let Some(dialect) = &settings.dialect {
        put("delimiter", crate::ingest::source::Mark(Some(dialect.delimiter)).to_string());
        put("quote", dialect.quote.to_string());
        put("header", if dialect.header { "yes" } else { "no" }.into());
        put("nulls", dialect.nulls.iter().map(|null| format!("{null:?}")).collect::<Vec<_>>().join(", "));
    }
    out
}

fn packed(settings: &crate::ingest::source::SourceSettings) -> String {
    match settings.compression {
        crate::ingest::source::Compression::None => settings.encoding.clone(),
        compression => format!("{}, {compression}", settings.encoding),
    }
}

fn told(fault: &Fault) -> String {
    format!("line {} of {}: {}", fault.line.line, fault.line.file.display(), fault.reason)
}
