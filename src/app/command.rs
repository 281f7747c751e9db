//! The command line: what one types behind `:` as an effect. Reads text, does nothing.

use super::action::Action;
use super::effect::Effect;
use super::route::{Route, Subject};
use crate::table::{Namespace, TableAddress};
use crate::views::{self, Needs, Screen, catalogs, changed_rows, diff, folder};
use crate::{Error, Result};

/// Words that are neither views nor actions, with what they do.
pub const WORDS: &[(&str, &str)] = &[
    ("ctx", "ctx NAME: go to another catalog"),
    ("t", "t NAMESPACE.TABLE[@REF]: open a table"),
    ("theme", "theme NAME: use another theme"),
    ("q", "quit"),
    ("q!", "quit without a question"),
];

/// What a line asks for, from the view at hand; nothing for an empty line.
///
/// # Errors
/// Invalid where it is no command, or lacks what it needs; not found for a view or action that is none.
pub fn parse(line: &str, here: &Route) -> Result<Option<Effect>> {
    let line = line.trim().trim_start_matches(':').trim_start();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    Ok(Some(match (word, rest) {
        ("", _) => return Ok(None),
        ("q", "") => Effect::Act(Action::Quit),
        ("q!", "") => Effect::Quit,
        ("q" | "q!", more) => return Err(too_much(word, more)),
        ("ctx" | "context", "") => open(by_name("catalogs")?, "", here)?,
        ("ctx" | "context", name) => Effect::UseCatalog(name.to_string()),
        ("theme", name) => Effect::UseTheme(name.to_string()),
        ("t" | "table", "") => return Err(Error::invalid("which table?").hint(":t NAMESPACE.TABLE opens one")),
        ("t" | "table", name) => open(by_name("overview")?, name, here)?,
        (word, rest) => match views::screen(word) {
            Some(screen) => open(screen, rest, here)?,
            None if rest.is_empty() => Effect::Act(action(word)?),
            None => Effect::ActWith(action(word)?, rest.to_string()),
        },
    }))
}

/// That nothing can stand behind a word; half of a line is never done.
pub(super) fn too_much(word: &str, more: &str) -> Error {
    Error::invalid(format!("{word} takes nothing behind it, and there is {more:?}")).hint(format!(":{word} alone"))
}

fn by_name(name: &str) -> Result<&'static Screen> {
    views::screen(name).ok_or_else(|| Error::bug(format!("there is no view {name}")))
}

fn action(word: &str) -> Result<Action> {
    let unknown =
        || Error::not_found(format!("no view or action is named {word:?}")).hint("tab completes, ? lists the keys");
    word.parse().map_err(|_| unknown())
}

fn open(screen: &'static Screen, rest: &str, here: &Route) -> Result<Effect> {
    let route = Route::new(screen.name).of_catalog(here.catalog.clone());
    if folder::is_picker(screen) && folder::is_path(rest) {
        let Effect::Open(route) = open(screen, "", here)? else { return Err(Error::bug("a picker that is no view")) };
        return Ok(Effect::Open(folder::routed(&route, rest)));
    }
    if let Some(picker) = folder::picker_of(screen) {
        return of_files(screen, by_name(picker)?, rest, here);
    }
    if [diff::NAME, changed_rows::NAME].contains(&screen.name) {
        let (name, detail) = diff::typed(rest)?;
        return Ok(Effect::Open(route.of_table(table(screen, name, here)?).with_detail(detail)));
    }
    let subject = match screen.needs {
        Needs::Nothing if rest.is_empty() => Subject::Nothing,
        Needs::Nothing if screen.name == catalogs::NAME => {
            let told = format!("{} takes nothing behind it, and there is {rest:?}", screen.name);
            return Err(Error::invalid(told).hint(format!(":ctx {rest} goes to that catalog")));
        }
        Needs::Nothing => return Err(too_much(screen.name, rest)),
        Needs::Namespace if rest.is_empty() => Subject::Namespace(here.namespace()),
        Needs::Namespace => Subject::Namespace(namespace(rest)?),
        Needs::Table => Subject::Table(table(screen, rest, here)?),
    };
    Ok(Effect::Open(Route { subject, ..route }))
}

/// What reads files: the file is named, or picked. A mistake in its name is told by the view that reads it.
fn of_files(screen: &Screen, picker: &'static Screen, rest: &str, here: &Route) -> Result<Effect> {
    let is_file = folder::is_path(rest);
    let Effect::Open(route) = open(picker, if is_file { "" } else { rest }, here)? else {
        return Err(Error::bug("a picker that is no view"));
    };
    Ok(Effect::Open(if is_file { route.to_screen(screen.name).with_detail(rest) } else { route }))
}

/// A single dot, or a slash, is the catalog itself.
fn namespace(text: &str) -> Result<Namespace> {
    if text == "." || text == "/" { Ok(Namespace::default()) } else { text.parse() }
}

/// The table that is named; a bare name lies in the namespace at hand, `@tag` alone means the table at hand then.
fn table(screen: &Screen, text: &str, here: &Route) -> Result<TableAddress> {
    let which = || Error::invalid("which table?").hint(format!(":{} NAMESPACE.TABLE", screen.name));
    if text.is_empty() {
        return here.table().cloned().ok_or_else(which);
    }
    if let Some(at) = text.strip_prefix('@') {
        let table = here.table().cloned().ok_or_else(which)?;
        return Ok(TableAddress { at: (!at.is_empty()).then(|| at.to_string()), ..table });
    }
    text.parse().or_else(|error| {
        let namespace = here.namespace();
        if namespace.is_root() { Err(error) } else { format!("{namespace}.{text}").parse() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(line: &str, here: &Route) -> String {
        match parse(line, here).unwrap().unwrap() {
            Effect::Open(route) => route.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn lines_become_effects() {
        let here = Route::new("snapshots").of_table("sales.orders".parse().unwrap());
        assert_eq!(opened("ns", &here), "tables sales");
        assert_eq!(opened("tables .", &here), "tables");
        assert_eq!(opened(":snapshots", &here), "snapshots sales.orders");
        assert_eq!(opened("snapshots @eoy", &here), "snapshots sales.orders@eoy");
        assert_eq!(opened("snapshots items", &here), "snapshots sales.items");
        assert_eq!(opened("snapshots a.b@main", &here), "snapshots a.b@main");
        assert_eq!(opened("q", &here), "Act(Quit)");
        assert_eq!(opened("ingest", &here), "ingest sales.orders");
        assert_eq!(opened("ingest items", &here), "ingest sales.items");
        assert_eq!(opened("ingest /srv/drop", &here), "ingest sales.orders");
        assert_eq!(opened("ingest a.csv", &here), "load sales.orders");
        assert_eq!(opened("new ./a.csv", &here), "create sales");
        // A file is named behind it, or picked.
        assert_eq!(opened("load /nonexist", &here), "load sales.orders");
        assert_eq!(opened("load a.csv", &here), "load sales.orders");
        assert_eq!(opened("load", &here), "ingest sales.orders");
        assert_eq!(opened("load items", &here), "ingest sales.items");
        assert_eq!(opened("create ./a", &here), "create sales");
        assert_eq!(opened("create", &here), "new sales");
        let Some(Effect::Open(diff)) = parse("diff eoy main", &here).unwrap() else { panic!("no view") };
        assert_eq!((diff.to_string().as_str(), diff.detail.as_deref()), ("diff sales.orders", Some("eoy..main")));
        assert_eq!(opened("diff sales.items 1 2", &here), "diff sales.items");
        assert_eq!(opened("ctx prod", &here), "UseCatalog(\"prod\")");
        assert_eq!(opened("theme light", &here), "UseTheme(\"light\")");
        assert_eq!(opened("theme", &here), "UseTheme(\"\")");
        assert_eq!(opened("where id < 5 and a = 'x'", &here), "ActWith(Where, \"id < 5 and a = 'x'\")");
        assert_eq!(opened("page-down", &here), "Act(PageDown)");
        assert!(parse("  ", &here).unwrap().is_none());
    }

    #[test]
    fn what_is_missing_or_unknown_is_told() {
        let nowhere = Route::new("tables");
        for (line, told) in [
            ("snapshots", "which table?"),
            ("snapshots orders", "the table's name lacks its namespace (name orders)"),
            ("fly", "no view or action is named \"fly\""),
            ("t", "which table?"),
            ("diff", "which two snapshots?"),
            ("diff a b", "which table?"),
            ("ingest a.csv", "which table?"),
            ("load", "which table?"),
            ("load /srv/a.csv", "which table?"),
            ("q x", "q takes nothing behind it, and there is \"x\""),
            ("q! x y", "q! takes nothing behind it, and there is \"x y\""),
            ("jobs x", "jobs takes nothing behind it, and there is \"x\""),
            ("catalogs x", "catalogs takes nothing behind it, and there is \"x\""),
            ("fly x", "no view or action is named \"fly\""),
        ] {
            assert_eq!(parse(line, &nowhere).unwrap_err().to_string(), told, "{line}");
        }
    }
}
