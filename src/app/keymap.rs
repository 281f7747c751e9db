//! Which keys ask for which actions: the embedded `assets/keymap.toml` with the user's own merged over it. What an
//! action does is said elsewhere; a mistake in the user's file is a warning, never a stop.

use std::collections::BTreeMap;

use super::action::{Action, Group};
use super::chord::Chord;
use super::settings::{Entry, Source, entries};
use crate::{Error, Result};

/// The keymap that is compiled in.
pub const EMBEDDED: &str = include_str!("../../assets/keymap.toml");

/// Keys for actions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keymap {
    keys: BTreeMap<Action, Vec<Chord>>,
}

impl Keymap {
    /// The embedded keymap with `user`'s merged over it, and what is wrong with them, each with file and line.
    pub fn load(user: Option<Source<'_>>) -> (Self, Vec<Error>) {
        let mut keymap = Self::default();
        let mut problems = keymap.merge(Source { file: "keymap.toml", text: EMBEDDED });
        if let Some(user) = user {
            problems.extend(keymap.merge(user));
        }
        (keymap, problems)
    }

    fn merge(&mut self, source: Source<'_>) -> Vec<Error> {
        let (found, mut problems) = entries(source);
        for entry in found {
            if let Err(problem) = self.apply(&entry) {
                problems.push(entry.locate(problem));
            }
        }
        problems
    }

    fn apply(&mut self, entry: &Entry) -> Result<()> {
        if entry.section != "keys" {
            return Err(Error::invalid(format!("no section is named [{}]", entry.section)).hint("keys stand in [keys]"));
        }
        let action: Action = entry.key.parse()?;
        let chords = entry.words()?.iter().map(|w| w.parse()).collect::<Result<Vec<Chord>>>()?;
        self.keys.insert(action, chords);
        Ok(())
    }

    /// The keys of an action, the one to show first.
    pub fn chords(&self, action: Action) -> &[Chord] {
        self.keys.get(&action).map_or(&[], Vec::as_slice)
    }

    /// The key to show for an action.
    pub fn shown(&self, action: Action) -> Option<String> {
        self.chords(action).first().map(Chord::to_string)
    }

    /// Every action that this key may mean; which one is meant depends on the view.
    pub fn actions(&self, chord: Chord) -> impl Iterator<Item = Action> + '_ {
        self.keys.iter().filter(move |(_, chords)| chords.contains(&chord)).map(|(action, _)| *action)
    }

    /// The first of `working` that this key asks for.
    pub fn find(&self, chord: Chord, working: impl IntoIterator<Item = Action>) -> Option<Action> {
        working.into_iter().find(|action| self.chords(*action).contains(&chord))
    }
}

/// The table of keys for the manual, in Markdown, from the embedded keymap.
pub fn keys_markdown() -> String {
    let (keymap, _) = Keymap::load(None);
    let mut out = String::new();
    for &group in Group::ALL {
        out.push_str(&format!("| {} | keys | |\n|---|---|---|\n", group.title()));
        for &action in Action::ALL.iter().filter(|a| a.group() == group && **a != Action::Panic) {
            let keys: Vec<_> = keymap.chords(action).iter().map(|c| format!("`{c}`")).collect();
            out.push_str(&format!("| `{action}` | {} | {} |\n", keys.join(" "), action.help()));
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> (Keymap, Vec<String>) {
        let (keymap, problems) = Keymap::load(Some(Source { file: "my.toml", text }));
        (keymap, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_embedded_keymap_is_whole() {
        let (keymap, problems) = Keymap::load(None);
        assert!(problems.is_empty(), "{problems:?}");
        for action in Action::ALL {
            assert!(keymap.keys.contains_key(action), "{action} is not in assets/keymap.toml");
        }
    }

    #[test]
    fn the_users_keys_are_merged_over_it() {
        let (keymap, problems) = load("[keys]\nquit = \"ctrl-q\"\nhelp = []\n");
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(keymap.shown(Action::Quit).as_deref(), Some("ctrl-q"));
        assert_eq!(keymap.shown(Action::Help), None);
        assert_eq!(keymap.shown(Action::Down).as_deref(), Some("j"));
    }

    #[test]
    fn mistakes_are_told_with_file_and_line_and_the_rest_counts() {
        let (keymap, problems) = load("[keys]\nquit = \"Q\"\nfly = \"f\"\nup = \"ctrl-banana\"\ndown = 7\n");
        assert_eq!(keymap.shown(Action::Quit).as_deref(), Some("Q"));
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert_eq!(problems[0], "no action is named \"fly\" (file my.toml, line 3)");
        assert_eq!(problems[1], "no key is named \"ctrl-banana\" (file my.toml, line 4)");
        assert!(problems[2].contains("line 5"), "{problems:?}");
    }

    #[test]
    fn a_file_that_is_no_toml_is_told_once() {
        let (keymap, problems) = load("[keys\nquit=");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("line 1"), "{problems:?}");
        assert_eq!(keymap.shown(Action::Quit).as_deref(), Some("q"));
    }

    #[test]
    fn the_manual_names_every_action() {
        let table = keys_markdown();
        assert!(table.contains("| `refresh` | `ctrl-r` `f5` | Read it again |"), "{table}");
        assert!(!table.contains("panic"));
    }
}
