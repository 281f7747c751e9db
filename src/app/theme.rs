//! Colours by meaning: a theme says how each [`Tone`] looks. Embedded themes in `assets/themes`, the user's merged over
//! them; a mistake there is a warning, never a stop. Views name tones, never colours.

use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};

use super::settings::{Entry, Source, entries};
use crate::{Error, Result};

/// The themes that are compiled in, by name.
pub const EMBEDDED: &[(&str, &str)] = &[
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    ("sixteen", include_str!("../../assets/themes/sixteen.toml")),
    ("contrast", include_str!("../../assets/themes/contrast.toml")),
    ("production", include_str!("../../assets/themes/production.toml")),
];

macro_rules! tones {
    ($($variant:ident, $name:literal, $help:literal;)*) => {
        /// What a piece of the screen means; the theme says how that looks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub enum Tone { #[default] $(#[doc = $help] $variant,)* }

        impl Tone {
            /// Every tone.
            pub const ALL: &'static [Tone] = &[$(Tone::$variant,)*];

            /// Its name in theme files.
            pub fn name(self) -> &'static str {
                match self { $(Tone::$variant => $name,)* }
            }
        }
    };
}

tones! {
    Plain, "plain", "Ordinary text.";
    Dim, "dim", "Less important than what is around it.";
    Strong, "strong", "More important than what is around it.";
    Accent, "accent", "A name one may follow; what is in focus.";
    Heading, "heading", "The head of a column or of a group of facts.";
    Number, "number", "A number or an id.";
    Added, "added", "Added, fits, succeeded.";
    Removed, "removed", "Removed, lost.";
    Current, "current", "The current one of many: snapshot, schema, spec.";
    Reference, "reference", "A branch or a tag.";
    Warning, "warning", "Look here before going on.";
    Danger, "danger", "Failed, does not fit, cannot be taken back.";
    Stale, "stale", "Older than what the catalog has.";
    Border, "border", "Thin lines around panes.";
    Focus, "focus", "The border of the pane that has the keys.";
    Cursor, "cursor", "The row under the cursor.";
    Marked, "marked", "A marked row.";
    Match, "match", "What a filter or a search found.";
    Bar, "bar", "The line at the top.";
    Brand, "brand", "The program's name in that line.";
    Key, "key", "A key on the hint line.";
    Hint, "hint", "What a key does, on the hint line.";
    Dialog, "dialog", "The ground of a dialog.";
    Input, "input", "A field that takes text.";
}

/// A theme, ready to draw with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Styles {
    /// The theme's name.
    pub name: String,
    styles: Vec<Style>,
}

impl Styles {
    /// The theme of this name with the user's file of the same name merged over it, and what is wrong with either. A
    /// name that only the user knows stands upon the theme that its `base` names, or upon `dark`.
    pub fn load(name: &str, user: Option<Source<'_>>) -> (Self, Vec<Error>) {
        let (found, mut problems) = user.map(entries).unwrap_or_default();
        let based = found.iter().find(|e| e.section.is_empty() && e.key == "base");
        let base = based.and_then(|e| e.value.as_str()).unwrap_or(name);
        let mut styles = Self { name: name.to_string(), styles: vec![Style::default(); Tone::ALL.len()] };
        let embedded = EMBEDDED.iter().find(|(n, _)| *n == base);
        if embedded.is_none() && (user.is_none() || based.is_some()) {
            let known: Vec<_> = EMBEDDED.iter().map(|(n, _)| *n).collect();
            let problem = Error::invalid(format!("no theme is named {base:?}"));
            let problem = problem.hint(format!("there are {}, and your own files in themes/", known.join(", ")));
            problems.push(match based {
                Some(entry) => entry.locate(problem),
                None => problem,
            });
        }
        let text = embedded.or(EMBEDDED.first()).map_or("", |(_, text)| *text);
        let (entries, more) = entries(Source { file: base, text });
        problems.extend(more);
        for entry in entries.iter().chain(&found) {
            problems.extend(styles.apply(entry).err().map(|e| entry.locate(e)));
        }
        (styles, problems)
    }

    fn apply(&mut self, entry: &Entry) -> Result<()> {
        match (entry.section.as_str(), entry.key.as_str()) {
            ("", "base") => Ok(()),
            ("tones", key) => {
                let at = Tone::ALL.iter().position(|t| t.name() == key);
                let slot = at.and_then(|i| self.styles.get_mut(i));
                let slot = slot.ok_or_else(|| Error::invalid(format!("no tone is named {key:?}")))?;
                let words = entry.value.as_str().ok_or_else(|| Error::invalid("a tone is a string"))?;
                *slot = parse_style(words)?;
                Ok(())
            }
            (section, key) => Err(Error::invalid(format!("nothing is known of {key:?} in [{section}]"))
                .hint("a theme has base = \"dark\" and a section [tones]")),
        }
    }

    /// How a tone looks.
    pub fn get(&self, tone: Tone) -> Style {
        self.styles.get(tone as usize).copied().unwrap_or_default()
    }

    /// The same theme without colours, for `NO_COLOR`: what had a ground of its own is shown reversed.
    #[must_use]
    pub fn without_colours(mut self) -> Self {
        for (tone, style) in Tone::ALL.iter().zip(&mut self.styles) {
            let ground = matches!(tone, Tone::Cursor | Tone::Bar | Tone::Match);
            let loud = matches!(tone, Tone::Danger | Tone::Warning | Tone::Current | Tone::Key | Tone::Focus);
            *style = Style { fg: None, bg: None, underline_color: None, ..*style };
            if ground {
                *style = style.add_modifier(Modifier::REVERSED);
            }
            if loud {
                *style = style.add_modifier(Modifier::BOLD);
            }
        }
        self
    }
}

/// `#5fafff bold`, `black on 110`, `underline`.
fn parse_style(text: &str) -> Result<Style> {
    let mut style = Style::default();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        style = match (word, modifier(word)) {
            (_, Some(modifier)) => style.add_modifier(modifier),
            ("on", _) => style.bg(colour(words.next().unwrap_or_default())?),
            (word, _) => style.fg(colour(word)?),
        };
    }
    Ok(style)
}

fn modifier(word: &str) -> Option<Modifier> {
    Some(match word {
        "bold" => Modifier::BOLD,
        "dim" => Modifier::DIM,
        "italic" => Modifier::ITALIC,
        "underline" => Modifier::UNDERLINED,
        "reverse" => Modifier::REVERSED,
        "plain" => Modifier::empty(),
        _ => return None,
    })
}

fn colour(word: &str) -> Result<Color> {
    Color::from_str(word).map_err(|_| {
        Error::invalid(format!("no colour is named {word:?}")).hint("colours are red, bright-blue, 110 or #5fafff")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_theme_says_every_tone() {
        for (name, text) in EMBEDDED {
            let (_, problems) = Styles::load(name, None);
            assert!(problems.is_empty(), "{name}: {problems:?}");
            let (found, _) = entries(Source { file: name, text });
            for tone in Tone::ALL {
                assert!(found.iter().any(|e| e.key == tone.name()), "{name} lacks {}", tone.name());
            }
        }
    }

    #[test]
    fn a_users_theme_is_merged_and_its_mistakes_are_told() {
        let text = "base = \"light\"\n[tones]\ndanger = \"white on red bold\"\nglow = \"red\"\nkey = \"mauve-ish\"\n";
        let (styles, problems) = Styles::load("mine", Some(Source { file: "mine.toml", text }));
        assert_eq!(styles.get(Tone::Danger), Style::new().white().on_red().bold());
        assert_eq!(styles.get(Tone::Dim), Styles::load("light", None).0.get(Tone::Dim));
        let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "no tone is named \"glow\" (file mine.toml, line 4)",
                "no colour is named \"mauve-ish\" (file mine.toml, line 5)"
            ]
        );
    }

    #[test]
    fn an_unknown_theme_falls_back_and_says_so() {
        let (styles, problems) = Styles::load("nope", None);
        assert_eq!(problems.len(), 1);
        assert_eq!(styles.get(Tone::Danger), Styles::load("dark", None).0.get(Tone::Danger));
    }

    #[test]
    fn without_colours_the_cursor_is_still_seen() {
        let styles = Styles::load("dark", None).0.without_colours();
        assert!(styles.get(Tone::Cursor).add_modifier.contains(Modifier::REVERSED));
        assert!(Tone::ALL.iter().all(|t| styles.get(*t).fg.is_none() && styles.get(*t).bg.is_none()));
    }
}
