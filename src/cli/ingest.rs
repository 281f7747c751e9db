//! `icedeck ingest FILE.. TABLE`.

use std::path::{Path, PathBuf};

use super::create::LayoutArgs;
use super::options::property;
use super::progress::Bar;
use super::sources::SourceArgs;
use super::{Consent, Context, Exit};
use crate::ingest::mapping::Mapping;
use crate::ingest::run::{
    CreateOptions, Cut, Ending, IngestPlan, IngestRequest, IngestResult, Mode, OnError, Planned, check, plan,
};
use crate::recovery::by_filter::of_load;
use crate::recovery::{self, Assessment, Loaded, OnConflict, Policy};
use crate::table::TableName;
use crate::{Error, Kind, Result};

/// Load files into a table: check every row, stage, commit; all of it or nothing
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The files (CSV, TSV, NDJSON or Parquet, plain or packed with gzip or Zstandard), and the table as the last word
    #[arg(required = true, num_args = 2.., value_names = ["FILE", "TABLE"])]
    words: Vec<String>,

    /// How the rows go in: beside what is there, in the place of all rows of the branch, or in the place of the
    /// partitions they belong to
    #[arg(long, value_name = "MODE", value_enum, default_value_t)]
    mode: How,

    /// With --mode overwrite only the rows for which this SQL expression is true are replaced: "day = '2026-11-21'".
    /// Whether the new rows match it is not asked
    #[arg(long = "where", value_name = "EXPR")]
    filter: Option<String>,

    /// Where table columns come from, as a mapping file; matched by name where nothing is said
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,

    /// Write the mapping that is used to this file; one that is there is replaced only with --yes
    #[arg(long, value_name = "FILE")]
    save_mapping: Option<PathBuf>,

    /// The branch that the rows go to
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    branch: String,

    /// When others were faster: rebase publishes where that is safe, ask asks, fail keeps everything and ends, branch
    /// publishes on a new branch; else what on-conflict in the configuration says, else rebase
    #[arg(long, value_name = "WHAT", value_enum)]
    on_conflict: Option<WhenBeaten>,

    /// When a row does not fit: fail loads nothing, reject loads the others
    #[arg(long, value_name = "WHAT", value_enum, default_value_t)]
    on_error: WhenUnfit,

    /// The file that rejected rows go to; FILE.rejected.csv (or .ndjson) beside the first FILE where nothing is said
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,

    /// Check every row and write nothing
    #[arg(long)]
    preflight: bool,

    /// Make the table from the files where it does not exist
    #[arg(long)]
    create: bool,

    #[command(flatten)]
    layout: LayoutArgs,

    /// With --create a property of the table, else one of the snapshot's summary
    #[arg(long = "property", value_name = "KEY=VALUE", value_parser = property)]
    properties: Vec<(String, String)>,

    #[command(flatten)]
    source: SourceArgs,
}

impl Args {
    /// The table, where the last word is the name of one.
    pub fn table(&self) -> Option<String> {
        let name = self.words.last()?.parse::<TableName>().ok()?;
        Some(name.to_string())
    }
}

/// How the rows go in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum How {
    #[default]
    Append,
    Overwrite,
    OverwritePartitions,
}

impl From<How> for Mode {
    fn from(how: How) -> Self {
        match how {
            How::Append => Self::Append,
            How::Overwrite => Self::Overwrite,
            How::OverwritePartitions => Self::OverwritePartitions,
        }
    }
}

/// What happens when a row does not fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum WhenUnfit {
    #[default]
    Fail,
    Reject,
}

/// What happens when others were faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum WhenBeaten {
    Rebase,
    Ask,
    Fail,
    Branch,
}

impl From<WhenBeaten> for OnConflict {
    fn from(when: WhenBeaten) -> Self {
        match when {
            WhenBeaten::Rebase => Self::Rebase,
            WhenBeaten::Ask => Self::Ask,
            WhenBeaten::Fail => Self::Fail,
            WhenBeaten::Branch => Self::Branch,
        }
    }
}

/// Plans, shows, asks, loads, and tells how it ended.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let only_check = args.preflight || context.options.dry_run;
    let (save_mapping, on_conflict) = (args.save_mapping.clone(), args.on_conflict);
    let request = match request(args, only_check) {
        Ok(request) => request,
        Err(Wrong::Usage(e)) => return Ok(context.misused(e)),
        Err(Wrong::Other(e)) => return Err(e),
    };
    let lake = context.lake().await?;
    let usual = || lake.settings().on_conflict.as_deref().map_or(Ok(OnConflict::default()), str::parse);
    let on_conflict = on_conflict.map_or_else(usual, |when| Ok(when.into()))?;
    let connection = lake.connection(None).await?;
    if !only_check {
        connection.writable()?;
    }
    let keep = save_mapping.map(|file| Keep { file, context });
    if let Some(keep) = &keep {
        keep.check()?;
    }
    let (table, branch) = (request.table.to_string(), request.branch.clone());
    let bar = Bar::of(&context.monitor);
    let plan = match context.monitor.until(plan(request, &connection, &context.monitor)).await? {
        Planned::Ready(plan) => *plan,
        Planned::Unfit { problems, .. } => {
            bar.clear();
            return told(&IngestResult::mismatched(table, branch, &problems).into(), context);
        }
    };
    if only_check {
        if let Some(keep) = &keep {
            keep.mapping(&plan)?;
        }
        let taken = context.monitor.until(of_load(&plan, &context.monitor)).await?.map(|cutting| cutting.taken);
        let result = check(plan, &context.monitor).await;
        bar.clear();
        let mut loaded = Loaded::from(result?);
        loaded.load.notes.extend(taken.map(|taken| format!("in the place of {taken}")));
        loaded.taken = taken;
        return told(&loaded, context);
    }
    bar.pause();
    if let Consent::Refused(exit) = context.confirm(&question(&plan, connection.name()))? {
        return Ok(exit);
    }
    if let Some(keep) = &keep {
        keep.mapping(&plan)?;
    }
    bar.go_on();
    let ask = |assessment: &Assessment| asked(assessment, &bar, context);
    let policy = Policy { on_conflict, ask: Some(&ask), ..Policy::default() };
    let loaded = recovery::load(plan, &connection, &policy, &context.env, &context.monitor).await;
    bar.clear();
    let loaded = loaded?;
    let exit = told(&loaded, context)?;
    // Stopped at the question: everything is kept as the outcome says, and nothing was committed.
    let is_stopped = policy.on_conflict == OnConflict::Ask && context.monitor.is_cancelled();
    Ok(if is_stopped && loaded.load.ending == Ending::Rejected { Exit::Interrupted } else { exit })
}

/// Where the mapping goes that a load uses.
struct Keep<'a> {
    file: PathBuf,
    context: &'a Context,
}

impl Keep<'_> {
    /// A file that is there is replaced by `--yes` alone: told before anything is asked or read.
    fn check(&self) -> Result<()> {
        if self.context.options.yes || !self.file.exists() {
            return Ok(());
        }
        Err(Error::new(Kind::AlreadyExists, "the mapping's file exists already")
            .with("file", self.file.display())
            .hint("--yes replaces it"))
    }

    /// Writes it; a dry run says so alone.
    fn mapping(&self, plan: &IngestPlan) -> Result<()> {
        if self.context.options.dry_run {
            self.context.note(&format!("would write the mapping to {}", self.file.display()));
            return Ok(());
        }
        let source = Some(plan.source.options());
        let mapping = Mapping { source, ..plan.mapping.clone() };
        match self.context.options.yes {
            true => mapping.save(&self.file),
            false => mapping.save_new(&self.file).map_err(|e| e.hint("--yes replaces it")),
        }
    }
}

/// Asks a person whether to publish in spite of what others did. Nobody there is a no.
fn asked(assessment: &Assessment, bar: &Bar, context: &Context) -> bool {
    bar.pause();
    context.note(&format!("{}: {}", assessment.verdict.word(), assessment.reason));
    assessment.changes.iter().for_each(|change| context.note(&format!("  {}", change.what)));
    let answer = context.ask("publish the staged files on the table as it is now");
    bar.go_on();
    matches!(answer, Ok(Consent::Given))
}

enum Wrong {
    Usage(Error),
    Other(Error),
}

fn request(args: Args, only_check: bool) -> Result<IngestRequest, Wrong> {
    let mut words = args.words;
    let table: TableName = words.pop().unwrap_or_default().parse().map_err(|e: Error| {
        Wrong::Usage(e.hint("the last word names the table: icedeck ingest FILE.. NAMESPACE.TABLE"))
    })?;
    if words.iter().any(|word| word == "-") {
        return Err(Wrong::Usage(
            Error::invalid("a load needs a file: standard input cannot be read twice")
                .hint("write it to a file first; a load checks every row before it writes one"),
        ));
    }
    let layout_told =
        args.layout.partition_by.is_some() || args.layout.sort_by.is_some() || args.layout.format_version.is_some();
    if layout_told && !args.create {
        return Err(Wrong::Usage(Error::invalid(
            "--partition-by, --sort-by and --format-version are for tables that are made: add --create",
        )));
    }
    let (mode, cut) = mode(args.mode, args.filter, args.create)?;
    let mapping = args.mapping.as_deref().map(Mapping::load).transpose().map_err(Wrong::Other)?;
    let paths: Vec<PathBuf> = words.into_iter().map(PathBuf::from).collect();
    let on_error = match (args.on_error, args.rejects) {
        (WhenUnfit::Fail, None) => OnError::Fail,
        (WhenUnfit::Fail, Some(_)) => {
            return Err(Wrong::Usage(Error::invalid("--rejects needs --on-error reject")));
        }
        (WhenUnfit::Reject, told) => OnError::Reject(told.unwrap_or_else(|| rejects_beside(&paths))),
    };
    let base = mapping.as_ref().and_then(|m| m.source.clone()).unwrap_or_default();
    let (properties, summary) = if args.create { (args.properties, vec![]) } else { (vec![], args.properties) };
    let create = args.create.then(|| CreateOptions {
        partition_by: args.layout.partition_by.unwrap_or_default(),
        sort_by: args.layout.sort_by.unwrap_or_default(),
        properties: properties.into_iter().collect(),
        format_version: args.layout.format_version,
        make_namespace: !only_check,
    });
    let source = args.source.over(base, paths);
    let summary = summary.into_iter().collect();
    Ok(IngestRequest { source, table, mapping, branch: args.branch, mode, cut, on_error, create, summary })
}

/// How the rows go in, and what a filter takes out for them.
fn mode(how: How, filter: Option<String>, create: bool) -> Result<(Mode, Option<Cut>), Wrong> {
    let Some(filter) = filter else { return Ok((how.into(), None)) };
    if how != How::Overwrite {
        return Err(Wrong::Usage(Error::invalid("--where says what --mode overwrite replaces: add that")));
    }
    if create {
        return Err(Wrong::Usage(Error::invalid("a table that is made has no rows to replace: --where or --create")));
    }
    Ok((Mode::OverwriteWhere, Some(Cut { filter, ..Cut::default() })))
}

fn rejects_beside(paths: &[PathBuf]) -> PathBuf {
    let first = paths.first().map(PathBuf::as_path).unwrap_or_else(|| Path::new("rows"));
    let stem = first.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let json = [".ndjson", ".jsonl", ".json"].iter().any(|end| stem.contains(end));
    first.with_file_name(format!("{stem}.rejected.{}", if json { "ndjson" } else { "csv" }))
}

fn question(plan: &IngestPlan, catalog: &str) -> String {
    let IngestRequest { source, table, branch, .. } = &plan.request;
    let files = match source.paths.as_slice() {
        [one] => one.display().to_string(),
        several => format!("{} files", several.len()),
    };
    let bytes = indicatif::HumanBytes(plan.source.total_bytes());
    let make = if plan.new_table().is_some() { "make the table and " } else { "" };
    let what = match plan.request.mode {
        Mode::Append => format!("append {files} ({bytes}) to {table}"),
        Mode::Overwrite => format!("replace all rows of {table} by {files} ({bytes})"),
        Mode::OverwriteWhere => {
            let filter = plan.request.cut.as_ref().map_or("", |cut| cut.filter.as_str());
            format!("replace the rows of {table} where {filter} by {files} ({bytes})")
        }
        Mode::OverwritePartitions => format!("replace the partitions of {table} that {files} ({bytes}) has rows for"),
    };
    format!("{make}{what}, branch {branch}, catalog {catalog}")
}

fn told(loaded: &Loaded, context: &Context) -> Result<Exit> {
    if context.out.is_table() {
        narrate(&loaded.load, context);
    }
    let exit = match loaded.load.ending {
        Ending::Committed | Ending::Planned | Ending::NothingToLoad => Exit::Done,
        Ending::Rejected => Exit::Rejected,
        Ending::Unknown => Exit::Unknown,
        Ending::NotSent => Exit::Failed,
        Ending::Unfit => Exit::Unfit,
    };
    let shown = loaded.brief(context.out.is_table());
    if loaded.load.ending == Ending::Planned {
        context.out.object(&shown)?;
        return Ok(exit);
    }
    Ok(context.done(&shown, exit))
}

/// What a person reads beside the object: why, where, what next.
fn narrate(result: &IngestResult, context: &Context) {
    for problem in &result.problems {
        context.note(&format!("  {problem}"));
    }
    if let Some(draft) = &result.new_table {
        context.note(&format!("would make the table {}:", draft.table));
        draft.words().iter().for_each(|line| context.note(&format!("  {line}")));
    }
    result.notes.iter().for_each(|note| context.note(&format!("icedeck: {note}")));
    if let (Ending::NothingToLoad, Some(reason)) = (result.ending, &result.reason) {
        context.note(&format!("icedeck: {reason}"));
        result.hint.iter().for_each(|hint| context.note(&format!("  hint: {hint}")));
    }
    let Some(report) = &result.preflight else { return };
    for group in &report.reasons {
        let column = group.column.as_deref().map_or_else(|| "rows".to_string(), |name| format!("column {name}"));
        context.note(&format!("  {column}: {} x {}", group.count, group.reason));
        for fault in &group.examples {
            let value = fault.value.as_deref().map(|v| format!(": {v}")).unwrap_or_default();
            context.note(&format!("    {} line {}{value}", fault.line.file.display(), fault.line.line));
        }
    }
}
