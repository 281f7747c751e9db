//! PyIceberg's own configuration, read as it is: `.pyiceberg.yaml` in `PYICEBERG_HOME` or the home folder, and variables
//! `PYICEBERG_CATALOG__NAME__KEY` over it.

use std::collections::BTreeMap;

use serde_yaml_ng::Value;

use super::entry::CatalogConfig;
use super::read_text;
use crate::env::Env;
use crate::{Error, Result};

const PREFIX: &str = "PYICEBERG_";

/// What PyIceberg would know.
#[derive(Debug, Default)]
pub struct Found {
    /// The catalog that is meant where none is named.
    pub default_catalog: Option<String>,
    /// The catalogs, in the order of their names.
    pub catalogs: BTreeMap<String, CatalogConfig>,
}

/// Reads PyIceberg's file and variables. Unknown keys pass.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) with file, line and column for a file that is not YAML.
pub fn read(env: &Env) -> Result<Found> {
    let mut found = read_file(env)?;
    for (name, value) in env.vars_with_prefix(PREFIX) {
        let key = name.get(PREFIX.len()..).unwrap_or_default().to_lowercase();
        let parts: Vec<&str> = key.splitn(3, "__").collect();
        match parts.as_slice() {
            ["default_catalog"] => found.default_catalog = Some(value),
            ["catalog", name, key] => {
                let name = name.replace('_', "-");
                let key = key.replace("__", ".").replace('_', "-");
                let catalog = found.catalogs.entry(name.clone()).or_insert_with(|| CatalogConfig {
                    name,
                    origin: "environment".into(),
                    ..CatalogConfig::default()
                });
                catalog.properties.insert(key, value);
            }
            _ => {}
        }
    }
    Ok(found)
}

fn read_file(env: &Env) -> Result<Found> {
    let own = env.var("PYICEBERG_HOME").map(std::path::PathBuf::from);
    let folders = own.into_iter().chain([env.paths().home.clone()]);
    let Some(path) = folders.map(|f| f.join(".pyiceberg.yaml")).find(|p| p.is_file()) else {
        return Ok(Found::default());
    };
    let text = read_text(&path)?;
    let value: Value = serde_yaml_ng::from_str(&text).map_err(|e| {
        let error = Error::invalid("the file is not YAML").with("file", path.display());
        e.location().map_or(error, |at| error_at(&path, at.line(), at.column()))
    })?;
    let mut found = Found::default();
    for (key, value) in pairs(&value) {
        match key.as_str() {
            "default-catalog" => found.default_catalog = scalar(value),
            "catalog" => {
                for (name, value) in pairs(value) {
                    let origin = path.display().to_string();
                    let mut catalog = CatalogConfig { name: name.clone(), origin, ..CatalogConfig::default() };
                    flatten(value, "", &mut catalog.properties);
                    found.catalogs.insert(name, catalog);
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

fn error_at(path: &std::path::Path, line: usize, column: usize) -> Error {
    Error::invalid("the file is not YAML").with("file", path.display()).with("line", line).with("column", column)
}

/// The entries of a mapping; keys in lower case, as PyIceberg has them.
fn pairs(value: &Value) -> Vec<(String, &Value)> {
    let Value::Mapping(mapping) = value else { return Vec::new() };
    mapping.iter().filter_map(|(key, value)| Some((scalar(key)?.to_lowercase(), value))).collect()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Tagged(tagged) => scalar(&tagged.value),
        _ => None,
    }
}

fn flatten(value: &Value, prefix: &str, into: &mut BTreeMap<String, String>) {
    for (key, value) in pairs(value) {
        match scalar(value) {
            Some(text) => drop(into.insert(format!("{prefix}{key}"), text)),
            None => flatten(value, &format!("{prefix}{key}."), into),
        }
    }
}
