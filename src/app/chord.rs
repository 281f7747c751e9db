//! A key with its modifiers, as the keymap file spells it: `ctrl-r`, `G`, `page-down`, `space`.
//! Says nothing of what a key does.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::{Error, Result};

/// A key with its modifiers. Shift is part of the character (`G`) and is kept only for keys that are none (`shift-tab`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    /// The key.
    pub code: KeyCode,
    /// Control, alt, and shift where the key is no character.
    pub modifiers: KeyModifiers,
}

const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("space", KeyCode::Char(' ')),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("page-up", KeyCode::PageUp),
    ("page-down", KeyCode::PageDown),
];

impl From<KeyEvent> for Chord {
    fn from(key: KeyEvent) -> Self {
        let kept = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        let mut modifiers = key.modifiers & kept;
        let mut code = key.code;
        if code == KeyCode::BackTab {
            code = KeyCode::Tab;
            modifiers |= KeyModifiers::SHIFT;
        }
        if let KeyCode::Char(c) = code {
            let upper = modifiers.contains(KeyModifiers::SHIFT) && !modifiers.contains(KeyModifiers::CONTROL);
            code = KeyCode::Char(if upper { c.to_uppercase().next().unwrap_or(c) } else { c });
            if modifiers.contains(KeyModifiers::CONTROL) {
                code = KeyCode::Char(c.to_ascii_lowercase());
            }
            modifiers -= KeyModifiers::SHIFT;
        }
        Self { code, modifiers }
    }
}

impl Chord {
    /// The character, where the chord is nothing but one.
    pub fn character(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if self.modifiers.is_empty() => Some(c),
            _ => None,
        }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let modifiers =
            [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")];
        for (modifier, name) in modifiers {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(c)) => write!(f, "{c}"),
            (None, KeyCode::F(n)) => write!(f, "f{n}"),
            (None, _) => f.write_str("?"),
        }
    }
}

impl FromStr for Chord {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        let prefixes = [("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT), ("shift-", KeyModifiers::SHIFT)];
        while let Some((after, m)) = prefixes.iter().find_map(|(p, m)| Some((rest.strip_prefix(p)?, *m))) {
            if after.is_empty() {
                break;
            }
            (rest, modifiers) = (after, modifiers | m);
        }
        let code = code_of(rest).ok_or_else(|| {
            Error::invalid(format!("no key is named {text:?}")).hint("keys are written as j, G, ctrl-r, page-down, f5")
        })?;
        Ok(Chord::from(KeyEvent::new(code, modifiers)))
    }
}

fn code_of(name: &str) -> Option<KeyCode> {
    if let Some((_, code)) = NAMED.iter().find(|(n, _)| *n == name) {
        return Some(*code);
    }
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return (!c.is_control()).then_some(KeyCode::Char(c));
    }
    let n: u8 = name.strip_prefix('f')?.parse().ok()?;
    (1..=24).contains(&n).then_some(KeyCode::F(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_read_back_as_they_are_written() {
        for text in ["j", "G", "ctrl-r", "page-down", "space", "f5", "shift-tab", "alt-x", "-", "[", "ctrl--", "@", "é"]
        {
            assert_eq!(text.parse::<Chord>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn shift_is_part_of_a_letter() {
        let pressed = Chord::from(KeyEvent::new(KeyCode::Char('g'), KeyModifiers::SHIFT));
        assert_eq!(pressed, "G".parse().unwrap());
        assert_eq!(Chord::from(KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT)), pressed);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "ctrl-", "f99", "hello", "\u{1b}"] {
            assert!(text.parse::<Chord>().is_err(), "{text:?}");
        }
    }
}
