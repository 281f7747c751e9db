//! How the console shall behave, as the configuration says. What is not said stays `None`.

use std::path::PathBuf;

use serde::Deserialize;

/// The settings of the console. Each of them is a top-level key of `config.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Settings {
    /// `default-catalog`: the catalog that is meant where none is named.
    pub default_catalog: Option<String>,
    /// `read-only`: whether nothing may be changed in any catalog.
    pub read_only: bool,
    /// `theme`: the name of an embedded theme or of a file in `themes/`.
    pub theme: Option<String>,
    /// `keymap`: a file merged over the embedded keys; else `keymap.toml` beside the configuration.
    pub keymap: Option<PathBuf>,
    /// `mouse`: whether the mouse is listened to.
    pub mouse: Option<bool>,
    /// `ascii`: whether only ASCII is drawn.
    pub ascii: Option<bool>,
    /// `refresh-seconds`: how often views look for changes; 0 for never.
    pub refresh_seconds: Option<u64>,
    /// `on-conflict`: what a load does when others were faster: `rebase`, `ask`, `fail` or `branch`.
    pub on_conflict: Option<String>,
    /// `log-level`: what goes into the log: `error`, `warn`, `info`, `debug`, `trace`.
    pub log_level: Option<String>,
}
