//! The log file: `icedeck.log` in the state folder, one predecessor kept. Standard error stays the operator's.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

use crate::env::Env;
use crate::{Error, Result};

/// A log that has grown beyond this is set aside at the next start.
const LARGEST: u64 = 8 << 20;
const DEFAULT: &str = "warn,icedeck=info";

/// Sends what is logged to the log file. `level` is `--log-level`; without it `ICEDECK_LOG` says, else `info`.
/// A state folder that cannot be written means no log, not no program.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) for a level that is none.
pub fn open(env: &Env, level: Option<&str>) -> Result<()> {
    let level = level.map(str::to_string).or_else(|| env.var("ICEDECK_LOG")).unwrap_or_else(|| DEFAULT.into());
    let filter = EnvFilter::try_new(&level).map_err(|e| {
        Error::invalid("the log level is none")
            .with("level", &level)
            .caused_by(e)
            .hint("error, warn, info, debug, trace, or a filter such as icedeck=debug")
    })?;
    let Ok(file) = log_file(&env.paths().state) else { return Ok(()) };
    let logger = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file));
    // A second logger in one process (tests) is no failure.
    logger.try_init().unwrap_or_default();
    Ok(())
}

fn log_file(folder: &Path) -> std::io::Result<File> {
    fs::create_dir_all(folder)?;
    let path = folder.join("icedeck.log");
    if fs::metadata(&path).is_ok_and(|meta| meta.len() > LARGEST) {
        fs::rename(&path, folder.join("icedeck.log.1"))?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}
