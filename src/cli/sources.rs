//! The options that say how source files are read, shared by the verbs that read them.

use std::path::PathBuf;

use crate::env::Env;
use crate::ingest::source::{Compression, Format, Mark, SourceOptions, Spooled};
use crate::monitor::Monitor;
use crate::{Error, Result};

/// How the files are read; what is not said is detected.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "How the files are read (detected where nothing is said)")]
pub struct SourceArgs {
    /// csv, ndjson or parquet
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,

    /// gzip, zstd or none
    #[arg(long, value_name = "KIND")]
    pub compression: Option<Compression>,

    /// utf-8, utf-16le, windows-1252, ..
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,

    /// What stands between two fields of CSV: one character, or tab
    #[arg(long, value_name = "CHAR", allow_hyphen_values = true)]
    pub delimiter: Option<Mark>,

    /// What encloses fields of CSV; none switches quoting off
    #[arg(long, value_name = "CHAR")]
    pub quote: Option<Mark>,

    /// What makes the next character within quotes an ordinary one
    #[arg(long, value_name = "CHAR")]
    pub escape: Option<Mark>,

    /// The first row of CSV holds the names of the columns
    #[arg(long, conflicts_with = "no_header")]
    pub header: bool,

    /// The first row of CSV is data; columns are called column_1, column_2, ..
    #[arg(long)]
    pub no_header: bool,

    /// A string that means null in CSV; may be given more than once, replaces the detected ones
    #[arg(long = "null", value_name = "TEXT", allow_hyphen_values = true)]
    pub nulls: Vec<String>,

    /// Lines to pass over before the header or the first row
    #[arg(long, value_name = "N")]
    pub skip_lines: Option<u64>,

    /// Look at every row before the types are told, not at a sample
    #[arg(long)]
    pub infer_from_all: bool,
}

/// Puts a file in the place of `-`, standard input, which is read to its end. The file lives as long as what is
/// handed back.
///
/// # Errors
/// Standard input that cannot be read or kept; `-` twice.
pub fn with_standard_input(paths: &mut [PathBuf], env: &Env, monitor: &Monitor) -> Result<Option<Spooled>> {
    let mut dashes = paths.iter_mut().filter(|path| path.as_os_str() == "-");
    let Some(dash) = dashes.next() else { return Ok(None) };
    if dashes.next().is_some() {
        return Err(Error::invalid("standard input is named twice").hint("name - once"));
    }
    let spooled = Spooled::new(std::io::stdin().lock(), env, monitor)?;
    *dash = spooled.path().to_path_buf();
    Ok(Some(spooled))
}

impl SourceArgs {
    /// The options for these files: `base` (from a mapping file, or the default) with what was said here put over it.
    pub fn over(&self, base: SourceOptions, paths: Vec<PathBuf>) -> SourceOptions {
        let header = if self.header { Some(true) } else { self.no_header.then_some(false) };
        let nulls = (!self.nulls.is_empty()).then(|| self.nulls.clone());
        SourceOptions {
            paths,
            format: self.format.or(base.format),
            compression: self.compression.or(base.compression),
            encoding: self.encoding.clone().or(base.encoding),
            delimiter: self.delimiter.or(base.delimiter),
            quote: self.quote.or(base.quote),
            escape: self.escape.or(base.escape),
            header: header.or(base.header),
            nulls: nulls.or(base.nulls),
            quoted_nulls: base.quoted_nulls,
            line_end: base.line_end,
            skip_lines: self.skip_lines.or(base.skip_lines),
            infer_from_all: self.infer_from_all || base.infer_from_all,
        }
    }
}
