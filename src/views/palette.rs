//! The command line of the console: views, actions and catalogs by name, with completion. What a line does is said by
//! `app::command`; this is only where it is typed.

use crossterm::event::{KeyCode, KeyEvent};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Clear, Widget};

use super::widgets::input::Input;
use super::widgets::load::line;
use super::widgets::text;
use crate::app::action::{Action, Offer};
use crate::app::command::WORDS;
use crate::app::effect::Effect;
use crate::app::route::Route;
use crate::app::theme::Tone;
use crate::app::view::{Context, View};

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
    input: Input,
    /// The completion that was walked to.
    at: Option<usize>,
    cursor: Option<Position>,
}

/// How many completions are shown.
const SHOWN: usize = 10;

impl Palette {
    /// A command line that completes to what works now.
    pub fn new(offers: Vec<Offer>, cx: &Context<'_>) -> Self {
        let mut candidates: Vec<_> = super::SCREENS.iter().map(|s| of_screen(s, cx)).collect();
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
        Self { candidates, input: Input::new(""), at: None, cursor: None }
    }

    /// The completions of what was typed, best first.
    fn matching(&self) -> Vec<&Candidate> {
        let typed = self.input.text().trim_start_matches([':', ' ']);
        if typed.is_empty() {
            return self.candidates.iter().collect();
        }
        let begins = |c: &&Candidate| c.line.starts_with(typed);
        let mut found: Vec<_> = self.candidates.iter().filter(begins).collect();
        let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut scored: Vec<_> = self.candidates.iter().filter(|c| !begins(c)).collect::<Vec<_>>();
        scored.retain(|c| pattern.score(Utf32Str::new(&c.line, &mut buffer), &mut matcher).is_some());
        found.append(&mut scored);
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

    /// Runs the completion that was walked to, else what was typed; a single completion stands for its beginning.
    fn run(&mut self) -> Vec<Effect> {
        let typed = self.input.text().trim().trim_start_matches(':').to_string();
        let matching = self.matching();
        let chosen = self.at.and_then(|at| matching.get(at)).copied();
        let begun = || {
            let mut begun = matching.iter().filter(|c| !typed.is_empty() && c.line.starts_with(&typed));
            begun.next().copied().filter(|first| begun.next().is_none() || first.line == typed)
        };
        let line = chosen.or_else(begun).map_or(typed.clone(), |c| c.line.clone());
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
            KeyCode::Tab => self.complete(),
            KeyCode::Up | KeyCode::BackTab => self.walk(-1),
            KeyCode::Down => self.walk(1),
            _ => {
                if self.input.key(key) {
                    self.at = None;
                }
            }
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _cx: &Context<'_>) -> Vec<Effect> {
        self.input.paste(text);
        self.at = None;
        Vec::new()
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
        let list = Rect { y: area.bottom().saturating_sub(rows + 1), height: rows, ..area };
        Clear.render(list, buf);
        buf.set_style(list, cx.styles.get(Tone::Dialog));
        for (row, (position, candidate)) in (0..).zip(&seen) {
            let tone = if self.at == Some(*position) { Tone::Cursor } else { Tone::Dialog };
            let told = format!(
                "  {} {} {}",
                text::pad(&candidate.line, 20, false),
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
