//! The world outside that tests replace: the clock, fresh ids, the user's folders, environment variables.
//!
//! The only module that may read the wall clock or draw a random number.
#![allow(clippy::disallowed_methods)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use etcetera::BaseStrategy;
use uuid::Uuid;

use crate::{Error, Kind, Result};

/// Clock, ids, paths and variables. Cheap to clone; [`Env::fixed`] makes every one of them repeatable.
#[derive(Debug, Clone)]
pub struct Env {
    source: Arc<Source>,
    paths: Paths,
    /// Milliseconds added to what the clock says.
    shift_ms: i64,
}

/// The folders that icedeck reads and writes, each of them its own (`.../icedeck`).
#[derive(Debug, Clone)]
pub struct Paths {
    /// The user's home folder.
    pub home: PathBuf,
    /// `config.toml`, `keymap.toml`, `themes/`.
    pub config: PathBuf,
    /// The embedded warehouse: `catalog.db` and `warehouse/`.
    pub data: PathBuf,
    /// The journal, the command log, the log.
    pub state: PathBuf,
}

#[derive(Debug)]
enum Source {
    System,
    Fixed { clock: AtomicI64, ids: AtomicU64, variables: HashMap<String, String> },
}

impl Env {
    /// The real world: wall clock, random ids, XDG folders.
    ///
    /// # Errors
    /// [`Kind::NotFound`] where no home folder is known.
    pub fn system() -> Result<Self> {
        let strategy = etcetera::base_strategy::Xdg::new().map_err(|e| {
            Error::new(Kind::NotFound, "no home folder is known")
                .caused_by(e)
                .hint("set HOME, or XDG_CONFIG_HOME, XDG_DATA_HOME and XDG_STATE_HOME")
        })?;
        let own = |base: PathBuf| base.join("icedeck");
        let home = strategy.home_dir().to_path_buf();
        let state = strategy.state_dir().unwrap_or_else(|| home.join(".local/state"));
        let paths =
            Paths { config: own(strategy.config_dir()), data: own(strategy.data_dir()), state: own(state), home };
        Ok(Self { source: Arc::new(Source::System), paths, shift_ms: 0 })
    }

    /// A world for tests: all folders under `root`, a clock that starts at `start_ms` and moves one second at each
    /// reading, ids that count up, no environment variables.
    pub fn fixed(root: &Path, start_ms: i64) -> Self {
        Self::fixed_with(root, start_ms, HashMap::new())
    }

    /// As [`Env::fixed`], with environment variables.
    pub fn fixed_with(root: &Path, start_ms: i64, variables: HashMap<String, String>) -> Self {
        let source = Source::Fixed { clock: AtomicI64::new(start_ms), ids: AtomicU64::new(1), variables };
        let paths = Paths {
            home: root.to_path_buf(),
            config: root.join("config/icedeck"),
            data: root.join("data/icedeck"),
            state: root.join("state/icedeck"),
        };
        Self { source: Arc::new(source), paths, shift_ms: 0 }
    }

    /// The user's folders.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The same world within a folder: its embedded warehouse, and `state/` for its journals and logs. The demo has one.
    #[must_use]
    pub fn within(mut self, folder: PathBuf) -> Self {
        self.paths.state = folder.join("state");
        self.paths.data = folder;
        self
    }

    /// The same world with its state folder elsewhere: the demo keeps its journal to itself.
    #[must_use]
    pub fn with_state(mut self, state: PathBuf) -> Self {
        self.paths.state = state;
        self
    }

    /// The same world at another time: its clock runs on, `by_ms` milliseconds away. The demo writes its history so.
    #[must_use]
    pub fn shifted(mut self, by_ms: i64) -> Self {
        self.shift_ms = self.shift_ms.saturating_add(by_ms);
        self
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn now_ms(&self) -> i64 {
        self.clock_ms().saturating_add(self.shift_ms)
    }

    fn clock_ms(&self) -> i64 {
        match &*self.source {
            Source::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            }
            Source::Fixed { clock, .. } => clock.fetch_add(1000, Ordering::Relaxed),
        }
    }

    /// A fresh UUID that sorts by time (version 7).
    pub fn uuid(&self) -> Uuid {
        match &*self.source {
            Source::System => Uuid::now_v7(),
            Source::Fixed { ids, .. } => {
                Uuid::from_u64_pair(0x0190_0000_0000_7000, 0x8000_0000_0000_0000 | ids.fetch_add(1, Ordering::Relaxed))
            }
        }
    }

    /// A fresh positive snapshot id.
    pub fn snapshot_id(&self) -> i64 {
        match &*self.source {
            Source::System => {
                let (high, low) = Uuid::new_v4().as_u64_pair();
                i64::try_from((high ^ low) & (u64::MAX >> 1)).unwrap_or(1).max(1)
            }
            Source::Fixed { ids, .. } => {
                i64::try_from(1_000_000_000_000 + ids.fetch_add(1, Ordering::Relaxed)).unwrap_or(1)
            }
        }
    }

    /// An environment variable, where it is set, is valid UTF-8 and is not empty.
    pub fn var(&self, name: &str) -> Option<String> {
        match &*self.source {
            Source::System => std::env::var(name).ok().filter(|v| !v.is_empty()),
            Source::Fixed { variables, .. } => variables.get(name).cloned(),
        }
    }

    /// All environment variables whose name begins with `prefix`.
    pub fn vars_with_prefix(&self, prefix: &str) -> Vec<(String, String)> {
        let mut found: Vec<_> = match &*self.source {
            Source::System => std::env::vars_os()
                .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
                .filter(|(k, _)| k.starts_with(prefix))
                .collect(),
            Source::Fixed { variables, .. } => {
                variables.iter().filter(|(k, _)| k.starts_with(prefix)).map(|(k, v)| (k.clone(), v.clone())).collect()
            }
        };
        found.sort();
        found
    }
}
