//! The configuration: which catalogs there are, and how the console shall behave. Reads files and variables; connects
//! to nothing.

mod entry;
mod file;
mod keys;
mod nearest;
mod pyiceberg;
mod secret;
mod settings;

use std::path::{Path, PathBuf};

pub use entry::CatalogConfig;
pub use nearest::nearest;
pub use settings::Settings;

use crate::env::Env;
use crate::{Error, Kind, Result};

/// The name of the embedded warehouse's catalog.
pub const EMBEDDED: &str = "icedeck";

/// Larger configuration files are refused, in bytes.
const LARGEST: u64 = 1 << 20;

/// Everything that the user has said.
#[derive(Debug)]
pub struct Configuration {
    /// How the console shall behave.
    pub settings: Settings,
    /// The catalogs of `config.toml`, then those of PyIceberg, then the embedded one.
    pub catalogs: Vec<CatalogConfig>,
    /// The file that was read; nothing where there is none.
    pub file: Option<PathBuf>,
}

impl Configuration {
    /// Reads `explicit`, else the file that `ICEDECK_CONFIG` names, else the user's own where there is one; then what
    /// PyIceberg would know. A catalog of `config.toml` hides PyIceberg's of the same name.
    ///
    /// # Errors
    /// [`Kind::NotFound`] for a named file that does not exist, [`Kind::Invalid`] with file, line and column for one
    /// with a mistake.
    pub fn read(env: &Env, explicit: Option<&Path>) -> Result<Self> {
        let file = find(env, explicit)?;
        let file::Parsed { mut settings, mut catalogs } = match &file {
            Some(path) => file::parse(&read_text(path)?, path, env)?,
            None => file::Parsed::default(),
        };
        let foreign = pyiceberg::read(env)?;
        for (name, catalog) in foreign.catalogs {
            if !catalogs.iter().any(|c| c.name == name) {
                catalogs.push(catalog);
            }
        }
        let known = |name: &String| catalogs.iter().any(|c| c.name == *name);
        settings.default_catalog = settings.default_catalog.or(foreign.default_catalog.filter(known));
        if !catalogs.iter().any(|c| c.name == EMBEDDED) {
            catalogs.push(embedded(env)?);
        }
        Ok(Self { settings, catalogs, file })
    }

    /// The embedded warehouse alone, whatever the user has configured.
    ///
    /// # Errors
    /// [`Kind::Invalid`] where the data folder cannot be written as a URI.
    pub fn embedded(env: &Env) -> Result<Self> {
        Ok(Self { settings: Settings::default(), catalogs: vec![embedded(env)?], file: None })
    }

    /// The catalog that is meant where none is named: the default one, else the only one, else the embedded one.
    ///
    /// # Errors
    /// [`Kind::NotFound`] where the name that is given or configured is not that of a catalog.
    pub fn default_catalog(&self, given: Option<&str>) -> Result<&CatalogConfig> {
        if let Some(name) = given.or(self.settings.default_catalog.as_deref()) {
            return self.catalog(name);
        }
        let own: Vec<_> = self.catalogs.iter().filter(|c| !c.is_embedded()).collect();
        match own.as_slice() {
            [only] => Ok(only),
            _ => self.catalog(EMBEDDED),
        }
    }

    /// The catalog of a name.
    ///
    /// # Errors
    /// [`Kind::NotFound`], with the names that there are.
    pub fn catalog(&self, name: &str) -> Result<&CatalogConfig> {
        let names = || self.catalogs.iter().map(|c| c.name.as_str());
        self.catalogs.iter().find(|c| c.name == name).ok_or_else(|| unknown_catalog(name, names))
    }
}

/// Says that no catalog has this name, and which names there are.
pub fn unknown_catalog<'a, I: Iterator<Item = &'a str>>(name: &str, names: impl Fn() -> I) -> Error {
    let error = Error::not_found("no catalog of this name is configured").with("catalog", name);
    match nearest(name, names()) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint(format!("there are: {}", names().collect::<Vec<_>>().join(", "))),
    }
}

fn find(env: &Env, explicit: Option<&Path>) -> Result<Option<PathBuf>> {
    let named = explicit.map(Path::to_path_buf).or_else(|| env.var("ICEDECK_CONFIG").map(PathBuf::from));
    if let Some(path) = named {
        return Ok(Some(path));
    }
    let own = env.paths().config.join("config.toml");
    Ok(own.exists().then_some(own))
}

/// The text of a small file.
fn read_text(path: &Path) -> Result<String> {
    let failed = |e: std::io::Error| {
        let (kind, what) = match e.kind() {
            std::io::ErrorKind::NotFound => (Kind::NotFound, "the configuration file does not exist"),
            std::io::ErrorKind::PermissionDenied => (Kind::Denied, "the configuration file may not be read"),
            std::io::ErrorKind::InvalidData => (Kind::Invalid, "the configuration file is not UTF-8 text"),
            _ => (Kind::Unavailable, "the configuration file cannot be read"),
        };
        Error::new(kind, what).with("file", path.display()).caused_by(e)
    };
    let meta = std::fs::metadata(path).map_err(failed)?;
    if !meta.is_file() || meta.len() > LARGEST {
        return Err(Error::invalid("this is no configuration file").with("file", path.display()));
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// The embedded warehouse: a SQLite catalog and local files under the user's data folder.
fn embedded(env: &Env) -> Result<CatalogConfig> {
    let data = &env.paths().data;
    let wrong =
        || Error::invalid("the data folder cannot be used").with("folder", data.display()).hint("set XDG_DATA_HOME");
    let folder = std::path::absolute(data).map_err(|e| wrong().caused_by(e))?;
    let folder = folder.to_str().ok_or_else(wrong)?.trim_end_matches('/');
    let properties = [
        ("type", "sql".to_string()),
        ("uri", format!("sqlite:///{folder}/catalog.db")),
        ("warehouse", format!("file://{folder}/warehouse")),
    ];
    let properties = properties.into_iter().map(|(k, v)| (k.to_string(), v)).collect();
    Ok(CatalogConfig { name: EMBEDDED.into(), properties, origin: "embedded".into(), ..CatalogConfig::default() })
}
