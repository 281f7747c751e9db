//! The command line of the console: views, actions and catalogs by name, with completion. What a line does is said by
//! `app::command`; this is only where it is typed.

use crossterm::event::{KeyCode, KeyEvent};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Clear, Widget};

use self::names::{Found, Inside, Name, Names, asked};
use super::widgets::input::Input;
use super::widgets::load::line;
use super::widgets::text;
use crate::app::action::{Action, Offer};
use crate::app::command::WORDS;
use crate::app::effect::{Effect, Slot};
use crate::app::route::Route;
use crate::app::task::Report;
use crate::app::theme::Tone;
use crate::app::view::{Context, View};

mod names;

/// A line that can be completed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    line: String,
    help: String,
    key: String,
    takes_more: bool,
}

/// The view.
#[derive(Debug)]
pub struct Palette {
    candidates: Vec<Candidate>,
    here: Route,
    /// What lies in the places that were looked at, and those that are being looked at.
    known: Vec<(Inside, Vec<Name>)>,
    awaited: Vec<Inside>,
    input: Input,
    /// The completion that was walked to.
    at: Option<usize>,
    cursor: Option<Position>,
}

/// How many completions are shown.
const SHOWN: usize = 10;

impl Palette {
    /// A command line that completes to what works now.
    pub fn new(offers: Vec<Offer>, here: Route, cx: &Context<'_>) -> Self {
        let mut candidates: Vec<_> = super::SCREENS
            .iter()
            .filter(|s| !(cx.read_only && super::writes(s.name)))
            .map(|s| of_screen(s, cx))
            .collect();
        candidates.extend(offers.iter().filter(|o| super::screen(o.action.name()).is_none()).map(|o| of_action(o, cx)));
        candidates.extend(WORDS.iter().map(|(word, help)| Candidate {
            line: (*word).to_string(),
            help: (*help).to_string(),
            key: String::new(),
            takes_more: help.contains(char::is_uppercase),
        }));
        candidates.extend(cx.catalogs.iter().map(|name| Candidate {
            line: format!("ctx {name}"),
            help: "go to this catalog".to_string(),
            key: String::new(),
            takes_more: false,
        }));
        let (known, awaited) = (Vec::new(), Vec::new());
        Self { candidates, here, known, awaited, input: Input::new(""), at: None, cursor: None }
    }

    fn typed(&self) -> &str {
        self.input.text().trim_start_matches([':', ' '])
    }

    /// The lines that what was typed may become: with names behind it where it asks for one, else the commands.
    fn candidates(&self) -> Vec<Candidate> {
        let Some(asked) = asked(self.typed(), &self.here) else { return self.candidates.clone() };
        let names = self.known.iter().filter(|(place, _)| asked.places.contains(place)).flat_map(|(_, names)| names);
        let candidate = |name: &Name| Candidate {
            line: format!("{}{}", asked.before, name.typed),
            help: name.what.to_string(),
            key: String::new(),
            takes_more: false,
        };
        names.map(candidate).collect()
    }

    /// Looks for names that what was typed asks for, where they are not known.
    fn look(&mut self) -> Vec<Effect> {
        let places = asked(self.typed(), &self.here).map(|asked| asked.places).unwrap_or_default();
        let is_known = |place: &Inside| self.known.iter().any(|(known, _)| known == place);
        let missing: Vec<_> = places.into_iter().filter(|place| !is_known(place)).collect();
        if missing.is_empty() || missing == self.awaited {
            return Vec::new();
        }
        self.awaited = missing.clone();
        vec![Effect::start(Names { catalog: self.here.catalog.clone(), places: missing })]
    }

    /// The completions of what was typed, best first.
    fn matching(&self) -> Vec<Candidate> {
        let typed = self.typed();
        let candidates = self.candidates();
        if typed.is_empty() {
            return candidates;
        }
        let (mut found, others): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|c| c.line.starts_with(typed));
        let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut passes = |c: &Candidate| pattern.score(Utf32Str::new(&c.line, &mut buffer), &mut matcher).is_some();
        found.extend(others.into_iter().filter(|c| passes(c)));
        found
    }

    fn walk(&mut self, by: isize) {
        let count = self.matching().len();
        if count > 0 {
            self.at = Some(match self.at {
                None => {
                    if by > 0 {
                        0
                    } else {
                        count - 1
                    }
                }
                Some(at) => at.saturating_add_signed(by).min(count - 1),
            });
        }
    }

    /// The completion that was walked to, else the first.
    fn complete(&mut self) {
        let matching = self.matching();
        if let Some(candidate) = matching.get(self.at.unwrap_or(0)) {
            let line = if candidate.takes_more { format!("{} ", candidate.line) } else { candidate.line.clone() };
            self.input.set(&line);
            self.at = None;
        }
    }

    /// Runs the completion that was walked to, else what was typed; a single completion stands for its beginning. One
    /// that holds others is only completed.
    fn run(&mut self) -> Vec<Effect> {
        let typed = self.input.text().trim().trim_start_matches(':').to_string();
        let matching = self.matching();
        let chosen = self.at.and_then(|at| matching.get(at));
        if chosen.is_some_and(|c| !names::is_whole(&c.line)) {
            self.complete();
            return self.look();
        }
        let begun = || {
            let mut begun = matching.iter().filter(|c| !typed.is_empty() && c.line.starts_with(&typed));
            begun.next().filter(|first| begun.next().is_none() || first.line == typed)
        };
        let line = chosen.or_else(begun).filter(|c| names::is_whole(&c.line)).map_or(typed.clone(), |c| c.line.clone());
        vec![Effect::Close, Effect::Command(line)]
    }
}

fn of_screen(screen: &super::Screen, cx: &Context<'_>) -> Candidate {
    let key = screen.action.and_then(|action| cx.keymap.shown(action)).unwrap_or_default();
    let aliases = if screen.aliases.is_empty() { String::new() } else { format!(" ({})", screen.aliases.join(", ")) };
    Candidate { line: screen.name.to_string(), help: format!("{}{aliases}", screen.help), key, takes_more: false }
}

fn of_action(offer: &Offer, cx: &Context<'_>) -> Candidate {
    let key = cx.keymap.shown(offer.action).unwrap_or_default();
    Candidate { line: offer.action.name().into(), help: offer.action.help().into(), key, takes_more: false }
}

impl View for Palette {
    fn route(&self) -> Route {
        Route::new("command")
    }

    fn offers(&self, _cx: &Context<'_>) -> Vec<Offer> {
        vec![Action::Open.called("run"), Action::NextPane.called("complete"), Action::Back.called("close")]
    }

    fn act(&mut self, _action: Action, _cx: &Context<'_>) -> Vec<Effect> {
        Vec::new()
    }

    fn captures(&self) -> bool {
        true
    }

    fn key(&mut self, key: KeyEvent, _cx: &Context<'_>) -> Vec<Effect> {
        match key.code {
            KeyCode::Esc => return vec![Effect::Close],
            KeyCode::Backspace if self.input.text().is_empty() => return vec![Effect::Close],
            KeyCode::Enter => return self.run(),
            KeyCode::Tab => {
                self.complete();
                return self.look();
            }
            KeyCode::Up | KeyCode::BackTab => self.walk(-1),
            KeyCode::Down => self.walk(1),
            _ => {
                if self.input.key(key) {
                    self.at = None;
                    return self.look();
                }
            }
        }
        Vec::new()
    }

    fn report(&mut self, _slot: Slot, report: Report, _cx: &Context<'_>) -> Vec<Effect> {
        if let Report::Part(part) = report
            && let Ok(Found { place, names }) = part.take()
        {
            self.known.push((place, names));
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _cx: &Context<'_>) -> Vec<Effect> {
        self.input.paste(text);
        self.at = None;
        self.look()
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let matching = self.matching();
        let room = SHOWN.min(usize::from(area.height.saturating_sub(1)));
        let top = (self.at.unwrap_or(0) + 1).saturating_sub(room);
        let seen: Vec<_> = matching.into_iter().enumerate().skip(top).take(room).collect();
        let rows = u16::try_from(seen.len()).unwrap_or(0);
        let widest = seen.iter().map(|(_, c)| text::width(&text::safe(&c.line))).max().unwrap_or(0).clamp(20, 60);
        let list = Rect { y: area.bottom().saturating_sub(rows + 1), height: rows, ..area };
        Clear.render(list, buf);
        buf.set_style(list, cx.styles.get(Tone::Dialog));
        for (row, (position, candidate)) in (0..).zip(&seen) {
            let tone = if self.at == Some(*position) { Tone::Cursor } else { Tone::Dialog };
            let told = format!(
                "  {} {} {}",
                text::pad(&text::safe(&candidate.line), widest, false),
                text::pad(&candidate.key, 9, false),
                candidate.help
            );
            line(&text::pad(&text::safe(&told), usize::from(list.width), false), tone, list, row, buf, cx);
        }
        let field = Rect { y: area.bottom().saturating_sub(1), height: 1.min(area.height), ..area };
        Clear.render(field, buf);
        self.cursor = Some(self.input.render(" : ", field, buf, cx));
    }

    fn cursor(&self) -> Option<Position> {
        self.cursor
    }
}
