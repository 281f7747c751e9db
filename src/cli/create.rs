//! `icedeck create TABLE`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::options::property;
use super::sources::SourceArgs;
use super::{Consent, Context, Exit};
use crate::ingest::create::{CreateTable, DraftSummary, NewColumn};
use crate::ingest::source::{Source, SourceOptions};
use crate::table::TableName;
use crate::{Error, Kind, Result};

/// Make a table: columns like those of a file, or from an Iceberg schema
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("columns").required(true))]
pub struct Args {
    /// The table, namespace.table
    pub(super) table: TableName,

    /// Take the columns from a data file: CSV, TSV, NDJSON or Parquet
    #[arg(long, value_name = "FILE", group = "columns")]
    like: Option<PathBuf>,

    /// Take the columns from an Iceberg schema as JSON
    #[arg(long, value_name = "FILE", group = "columns")]
    schema: Option<PathBuf>,

    #[command(flatten)]
    layout: LayoutArgs,

    /// Set a table property
    #[arg(long = "property", value_name = "KEY=VALUE", value_parser = property)]
    properties: Vec<(String, String)>,

    /// Where its files go; the catalog's choice where nothing is said
    #[arg(long, value_name = "LOCATION")]
    location: Option<String>,

    #[command(flatten)]
    source: SourceArgs,
}

/// How a new table is laid out.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct LayoutArgs {
    /// Partition fields: "day(ts), bucket(8, id), truncate(4, name), country"
    #[arg(long, value_name = "FIELDS")]
    pub partition_by: Option<String>,

    /// Sort fields: "ts desc, id nulls last"
    #[arg(long, value_name = "FIELDS")]
    pub sort_by: Option<String>,

    /// 1, 2 or 3; 2 where nothing is said
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
    pub format_version: Option<u8>,
}

/// What `-o json` prints.
#[derive(Debug, Serialize)]
struct Created<'a> {
    outcome: &'static str,
    #[serde(flatten)]
    table: &'a DraftSummary,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
}

/// Makes the table, and its namespace where that is missing, once it is confirmed.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let wanted = wanted(args, context).await?;
    let draft = wanted.draft()?;
    for warning in &draft.summary.warnings {
        context.note(&format!("icedeck: {warning}"));
    }
    let connection = context.lake().await?.connection(None).await?;
    context.may_change(&connection)?;
    if connection.table_exists(&wanted.name).await? {
        return Err(Error::new(Kind::AlreadyExists, "the table exists already").with("table", &wanted.name));
    }
    let namespace = &wanted.name.namespace;
    let also = match connection.namespace_exists(namespace).await? {
        true => String::new(),
        false => format!(" and its namespace {namespace}"),
    };
    let mut created = Created { outcome: "planned", table: &draft.summary, location: None };
    let question = format!("make table {}{also} in catalog {}", wanted.name, connection.name());
    if context.options.dry_run {
        context.note(&format!("would {question}"));
        context.out.object(&created)?;
        return Ok(Exit::Done);
    }
    if let Consent::Refused(exit) = context.confirm(&question)? {
        return Ok(exit);
    }
    let table = draft.create(&connection, true).await?;
    created.outcome = "committed";
    created.location = Some(table.metadata().location().to_string());
    Ok(context.done(&created, Exit::Done))
}

async fn wanted(args: Args, context: &Context) -> Result<CreateTable> {
    let format_version = args.layout.format_version;
    let columns = match (args.like, args.schema) {
        (Some(file), _) => {
            let options = args.source.over(SourceOptions::default(), vec![file]);
            let monitor = context.monitor.clone();
            let open = tokio::task::spawn_blocking(move || Source::open(&options, &monitor)).await;
            let source = open.map_err(|e| Error::bug("looking at the file failed").caused_by(e))??;
            NewColumn::of_source(&source, format_version.unwrap_or(2))?
        }
        (None, Some(file)) => NewColumn::of_schema_file(&file)?,
        (None, None) => return Err(Error::invalid("no columns are given").hint("add --like FILE or --schema FILE")),
    };
    Ok(CreateTable {
        name: args.table,
        columns,
        partition_by: args.layout.partition_by.unwrap_or_default(),
        sort_by: args.layout.sort_by.unwrap_or_default(),
        properties: args.properties.into_iter().collect::<BTreeMap<_, _>>(),
        format_version,
        location: args.location,
    })
}
