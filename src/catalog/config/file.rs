//! `config.toml`: read with places, so that a mistake is told with file, line and column and the key that was meant.
//! Values are never told: they may be secrets.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::entry::{CatalogConfig, Unset};
use super::nearest::nearest;
use super::{Settings, keys};
use crate::env::Env;
use crate::{Error, Result};

type Value<'i> = Spanned<DeValue<'i>>;

/// What a configuration file says.
#[derive(Debug, Default)]
pub struct Parsed {
    /// How the console shall behave.
    pub settings: Settings,
    /// The catalogs, in the order of their names.
    pub catalogs: Vec<CatalogConfig>,
}

/// Reads the text of a configuration file; `path` is for the errors.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) with file, line and column.
pub fn parse(text: &str, path: &Path, env: &Env) -> Result<Parsed> {
    let reader = Reader { text, path, env };
    let table = DeTable::parse(text).map_err(|e| {
        // The error's own display quotes the line, which may hold a secret.
        let first = e.message().lines().next().unwrap_or("not TOML").to_string();
        reader.wrong(e.span().unwrap_or(0..0), first)
    })?;
    reader.top(table.into_inner())
}

struct Reader<'a> {
    text: &'a str,
    path: &'a Path,
    env: &'a Env,
}

impl Reader<'_> {
    fn wrong(&self, at: Range<usize>, what: impl Into<String>) -> Error {
        let (line, column) = self.place(&at);
        Error::invalid(what).with("file", self.path.display()).with("line", line).with("column", column)
    }

    /// Line and column, from 1; columns count characters.
    fn place(&self, at: &Range<usize>) -> (usize, usize) {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        (before.matches('\n').count() + 1, before.get(start..).unwrap_or_default().chars().count() + 1)
    }

    /// `shown` is how many of the known keys are told where none is near.
    fn unknown(&self, at: Range<usize>, key: &str, known: &[&'static str], shown: usize) -> Error {
        let error = self.wrong(at, format!("unknown key {key:?}"));
        match nearest(key, known.iter().copied()) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error.hint(format!("known keys: {}", known.get(..shown).unwrap_or(known).join(", "))),
        }
    }

    fn top(&self, table: DeTable<'_>) -> Result<Parsed> {
        let mut parsed = Parsed::default();
        for (key, value) in table {
            let s = &mut parsed.settings;
            match key.get_ref().as_ref() {
                "default-catalog" => s.default_catalog = Some(self.text(&value)?),
                "theme" => s.theme = Some(self.text(&value)?),
                "keymap" => s.keymap = Some(self.text(&value)?.into()),
                "log-level" => s.log_level = Some(self.text(&value)?),
                "read-only" => s.read_only = self.flag(&value)?,
                "mouse" => s.mouse = Some(self.flag(&value)?),
                "ascii" => s.ascii = Some(self.flag(&value)?),
                "refresh-seconds" => s.refresh_seconds = Some(self.number(&value)?),
                "on-conflict" => s.on_conflict = Some(self.one_of(&value, &keys::ON_CONFLICT)?),
                "catalog" => parsed.catalogs = self.catalogs(value)?,
                other => return Err(self.unknown(key.span(), other, &keys::TOP, keys::TOP.len())),
            }
        }
        Ok(parsed)
    }

    fn catalogs(&self, value: Value<'_>) -> Result<Vec<CatalogConfig>> {
        let at = value.span();
        let DeValue::Table(table) = value.into_inner() else {
            return Err(self.wrong(at, "catalog is a table").hint("write [catalog.NAME] and its properties below"));
        };
        let mut found = Vec::new();
        for (name, value) in table {
            let at = value.span();
            let DeValue::Table(properties) = value.into_inner() else {
                return Err(self
                    .wrong(at, format!("the catalog {:?} is not a table", name.get_ref()))
                    .hint("write [catalog.NAME] and its properties below"));
            };
            if name.get_ref().is_empty() || name.get_ref().chars().any(char::is_control) {
                return Err(self.wrong(name.span(), "this cannot be the name of a catalog"));
            }
            found.push(self.catalog(name.into_inner(), properties)?);
        }
        Ok(found)
    }

    fn catalog(&self, name: Cow<'_, str>, table: DeTable<'_>) -> Result<CatalogConfig> {
        let origin = self.path.display().to_string();
        let mut catalog = CatalogConfig { name: name.into_owned(), origin, ..CatalogConfig::default() };
        let mut flat = BTreeMap::new();
        flatten(table, "", &mut flat);
        for (key, (key_at, value)) in flat {
            match key.as_str() {
                "read-only" => catalog.read_only = self.flag(&value)?,
                "theme" => catalog.theme = Some(self.text(&value)?),
                "type" => drop(catalog.properties.insert(key, self.kind(&value)?)),
                _ => {
                    self.check_key(&key, key_at)?;
                    let text = self.property(&value, &mut catalog.unset)?;
                    catalog.properties.insert(key, text);
                }
            }
        }
        Ok(catalog)
    }

    /// A key without a dot must be known; a dotted one may be anybody's, unless it looks like a slip of a known one.
    fn check_key(&self, key: &str, at: Range<usize>) -> Result<()> {
        let slip = nearest(key, keys::CATALOG).is_some();
        if keys::CATALOG.contains(&key) || (key.contains('.') && !slip) {
            return Ok(());
        }
        Err(self.unknown(at, key, &keys::CATALOG, 16))
    }

    fn kind(&self, value: &Value<'_>) -> Result<String> {
        let kind = self.text(value)?;
        if keys::KINDS.contains(&kind.to_lowercase().as_str()) {
            return Ok(kind);
        }
        let error = self.wrong(value.span(), "no such type of catalog");
        Err(match nearest(&kind, keys::KINDS) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error.hint(format!("known types: {}", keys::KINDS.join(", "))),
        })
    }

    fn flag(&self, value: &Value<'_>) -> Result<bool> {
        match value.get_ref() {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => Err(self.wrong(value.span(), "this must be true or false")),
        }
    }

    fn one_of(&self, value: &Value<'_>, words: &[&str]) -> Result<String> {
        let word = self.text(value)?;
        match words.contains(&word.as_str()) {
            true => Ok(word),
            false => Err(self.wrong(value.span(), format!("this must be one of {}", words.join(", ")))),
        }
    }

    fn number(&self, value: &Value<'_>) -> Result<u64> {
        let parsed = match value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        parsed.ok_or_else(|| self.wrong(value.span(), "this must be a whole number, 0 or more"))
    }

    /// A text whose variables must be set.
    fn text(&self, value: &Value<'_>) -> Result<String> {
        let DeValue::String(_) = value.get_ref() else {
            return Err(self.wrong(value.span(), "this must be a text in quotes"));
        };
        let mut unset = None;
        let text = self.property(value, &mut unset)?;
        match unset {
            None => Ok(text),
            Some(unset) => {
                let what = format!("the environment variable {} is not set", unset.variable);
                Err(self.wrong(value.span(), what).hint("set it before you start icedeck"))
            }
        }
    }

    /// A property as text, its `${VARIABLES}` filled in; one that is not set is noted and told upon connection.
    fn property(&self, value: &Value<'_>, unset: &mut Option<Unset>) -> Result<String> {
        match value.get_ref() {
            DeValue::String(text) => self.expand(text, value.span(), unset),
            DeValue::Boolean(flag) => Ok(flag.to_string()),
            DeValue::Integer(number) => Ok(number.as_str().replace('_', "")),
            DeValue::Float(number) => Ok(number.as_str().replace('_', "")),
            _ => Err(self.wrong(value.span(), "this must be a text, a number, or true or false")),
        }
    }

    fn expand(&self, text: &str, at: Range<usize>, unset: &mut Option<Unset>) -> Result<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let (before, after) = rest.split_at(start);
            let after = after.trim_start_matches("${");
            // "$${" stands for "${" itself.
            if let Some(before) = before.strip_suffix('$') {
                out.push_str(before);
                out.push_str("${");
                rest = after;
                continue;
            }
            let (name, tail) = after
                .split_once('}')
                .ok_or_else(|| self.wrong(at.clone(), "${ without }").hint("write ${NAME}, or $${ for the signs"))?;
            out.push_str(before);
            match self.env.var(name) {
                Some(value) => out.push_str(&value),
                None => {
                    let (line, column) = self.place(&at);
                    *unset = Some(Unset { variable: name.to_string(), line, column });
                }
            }
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// `s3.endpoint = ..` is a table within a table to TOML, and one dotted key to PyIceberg.
fn flatten<'i>(table: DeTable<'i>, prefix: &str, into: &mut BTreeMap<String, (Range<usize>, Value<'i>)>) {
    for (key, value) in table {
        let name = format!("{prefix}{}", key.get_ref());
        let at = value.span();
        match value.into_inner() {
            DeValue::Table(inner) => flatten(inner, &format!("{name}."), into),
            other => drop(into.insert(name, (key.span(), Spanned::new(at, other)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn read(text: &str) -> Result<Parsed> {
        let variables = [("PW".to_string(), "hunter2".to_string())].into();
        let env = Env::fixed_with(Path::new("/nowhere"), 0, variables);
        parse(text, Path::new("config.toml"), &env)
    }

    #[test]
    fn catalogs_and_settings_are_read() {
        let parsed = read(
            "default-catalog = \"prod\"\nmouse = false\nrefresh-seconds = 1_0\n[catalog.prod]\nuri = \"sqlite:///x\"\n\
             read-only = true\ns3.endpoint = \"http://a\"\n\"s3.access-key-id\" = \"k${PW}k\"\nrest.timeout = 1_000\n",
        )
        .unwrap();
        assert_eq!(parsed.settings.mouse, Some(false));
        assert_eq!(parsed.settings.refresh_seconds, Some(10));
        let prod = &parsed.catalogs[0];
        assert!(prod.read_only);
        assert_eq!(prod.property("s3.endpoint"), Some("http://a"));
        assert_eq!(prod.property("s3.access-key-id"), Some("khunter2k"));
        assert_eq!(prod.property("rest.timeout"), Some("1000"));
    }

    #[test]
    fn a_slip_is_told_with_its_place_and_the_key_that_was_meant() {
        for (text, place, hint) in [
            ("\ndefault-catalogue = \"a\"\n", "line 2, column 1", "default-catalog"),
            ("[catalog.a]\n  wharehouse = \"x\"\n", "line 2, column 3", "warehouse"),
            ("[catalog.a]\ns3.endpont = \"x\"\n", "line 2, column 4", "s3.endpoint"),
            ("[catalog.a]\nreadonly = true\n", "line 2, column 1", "read-only"),
            ("[catalog.a]\ntype = \"slq\"\n", "line 2, column 8", "sql"),
            ("[catalgo.a]\n", "line 1, column 2", "catalog"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid);
            assert!(error.to_string().contains(place), "{text}: {error}");
            assert!(error.hints().iter().any(|h| h.contains(hint)), "{text}: {:?}", error.hints());
        }
    }

    #[test]
    fn wrong_types_and_broken_toml_are_told_without_values() {
        for text in [
            "mouse = \"hunter2\"\n",
            "refresh-seconds = -1\n",
            "theme = 3\n",
            "catalog = \"hunter2\"\n",
            "[catalog]\na = \"hunter2\"\n",
            "[catalog.a]\ntoken = [\"hunter2\"]\n",
            "[catalog.a]\ntoken = \"hunter2\n",
            "[catalog.a]\ntoken = hunter2\n",
            "[catalog.a]\ntoken = \"hunter2${\"\n",
            "[catalog.a]\ntoken = \"a\"\ntoken = \"hunter2\"\n",
        ] {
            let error = read(text).unwrap_err();
            let told = error.report();
            assert!(told.contains("line "), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn a_variable_that_is_not_set_is_told_upon_connection() {
        let parsed = read("[catalog.a]\ntoken = \"${NOT_SET}\"\nuri = \"$${x}\"\n").unwrap();
        let error = parsed.catalogs[0].complete().unwrap_err().to_string();
        assert!(error.contains("NOT_SET") && error.contains("line 2"), "{error}");
        assert_eq!(parsed.catalogs[0].property("uri"), Some("${x}"));
        assert!(read("theme = \"${NOT_SET}\"").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "(\\[catalog\\.[a-z]\\]\n)?([a-z.-]{1,9} = [\"'$a-z{}\\[\\]0-9]{0,9}\n?){0,4}\\PC{0,9}") {
            let _ = read(&text);
        }
    }
}
