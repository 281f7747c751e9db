//! A question with yes or no, or with a name to type. What is asked is seen whole, or it cannot be answered.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{answered, dialog_box, is_bare};
use crate::app::action::{Action, Offer};
use crate::app::effect::{Answer, Effect};
use crate::app::route::Route;
use crate::app::theme::Tone;
use crate::app::view::{Context, View};
use crate::views::widgets::input::Input;
use crate::views::widgets::load::line;
use crate::views::widgets::text;

/// What stands in the place of the answers where the question is not seen whole.
const TOO_SMALL: &str = "make the terminal larger to answer; esc: no";
/// The least cells that a name is typed into.
const LEAST_FIELD: usize = 12;

/// A question: what will be done, in numbers; yes, or the name of the thing where it cannot be taken back.
#[derive(Debug)]
pub struct Confirm {
    topic: &'static str,
    title: String,
    lines: Vec<(String, Tone)>,
    name: Option<String>,
    input: Input,
    cursor: Option<Position>,
    /// Something else than the name was entered.
    is_wrong: bool,
    /// Whether all of it was seen when it was last drawn.
    is_whole: bool,
}

/// A line and how it looks.
type Told = (String, Tone);

impl Confirm {
    /// A question that `y` or enter answers with yes. The lines are safe text.
    pub fn new(topic: &'static str, title: impl Into<String>, lines: Vec<(String, Tone)>) -> Self {
        let (name, input, cursor) = (None, Input::new(""), None);
        Self { topic, title: title.into(), lines, name, input, cursor, is_wrong: false, is_whole: true }
    }

    /// It must be answered with this name, typed.
    #[must_use]
    pub fn by_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    fn is_named(&self) -> bool {
        self.name.as_ref().is_none_or(|name| name == self.input.text())
    }

    fn enter(&mut self) -> Vec<Effect> {
        if !self.is_whole {
            return Vec::new();
        }
        self.is_wrong = !self.is_named();
        if self.is_wrong { Vec::new() } else { answered(self.topic, Answer::Yes) }
    }

    /// What is asked; the title too, where there is no frame for it.
    fn asked(&self, bare: bool, room: usize) -> Vec<Told> {
        let title = bare.then(|| (self.title.clone(), Tone::Heading));
        let mut told = wrapped(title.iter().chain(&self.lines), room);
        if let Some(name) = self.name.as_ref().filter(|_| self.is_wrong) {
            let wrong = match self.input.text() {
                "" => format!("Type {} to confirm; esc leaves everything as it is.", text::safe(name)),
                typed => format!(
                    "{} is not its name: type {}; esc leaves everything as it is.",
                    text::safe(typed),
                    text::safe(name)
                ),
            };
            told.extend(wrapped([&(wrong, Tone::Danger)].into_iter(), room));
        }
        if !bare {
            told.push((String::new(), Tone::Plain));
        }
        told
    }

    /// How it is answered, and the sign before what is typed where a name is.
    fn answers(&self, room: usize) -> (Vec<Told>, Option<String>) {
        let Some(name) = &self.name else {
            let keys = ("enter, y: yes    esc, n: no".to_string(), Tone::Key);
            return (wrapped([&keys].into_iter(), room), None);
        };
        let sign = format!("type {} to confirm: ", text::safe(name));
        if text::width(&sign) + LEAST_FIELD <= room {
            return (Vec::new(), Some(sign));
        }
        (wrapped([&(sign, Tone::Key)].into_iter(), room), Some("> ".into()))
    }
}

fn wrapped<'a>(lines: impl Iterator<Item = &'a Told>, room: usize) -> Vec<Told> {
    lines.flat_map(|(told, tone)| text::wrap(told, room).into_iter().map(|part| (part, *tone))).collect()
}

impl View for Confirm {
    fn route(&self) -> Route {
        Route::new("confirm")
    }

    fn offers(&self, _cx: &Context<'_>) -> Vec<Offer> {
        let yes = (self.is_whole && self.is_named()).then(|| Action::Open.called("yes"));
        yes.into_iter().chain([Action::Back.called("no")]).collect()
    }

    fn act(&mut self, _action: Action, _cx: &Context<'_>) -> Vec<Effect> {
        Vec::new()
    }

    fn captures(&self) -> bool {
        true
    }

    fn key(&mut self, key: KeyEvent, _cx: &Context<'_>) -> Vec<Effect> {
        match (key.code, &self.name) {
            (KeyCode::Esc, _) | (KeyCode::Char('n' | 'N'), None) => vec![Effect::Close],
            (KeyCode::Enter, _) | (KeyCode::Char('y' | 'Y'), None) => self.enter(),
            (_, Some(_)) => {
                if self.input.key(key) {
                    self.is_wrong = false;
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let bare = is_bare(area);
        let room = if bare { area.width } else { area.width.saturating_sub(6).clamp(10, 90) };
        let room = usize::from(room).max(1);
        let mut asked = self.asked(bare, room);
        let (mut answers, mut sign) = self.answers(room);
        let widest = asked.iter().map(|(l, _)| text::width(l)).max().unwrap_or(0).max(40);
        let rows = asked.len() + answers.len() + usize::from(sign.is_some());
        let title = if bare { "" } else { self.title.as_str() };
        let height = u16::try_from(rows).unwrap_or(u16::MAX - 4);
        let inner = dialog_box(title, u16::try_from(widest).unwrap_or(90), height, area, buf, cx);
        self.is_whole = rows <= usize::from(inner.height);
        if !self.is_whole {
            (answers, sign) = (wrapped([&(TOO_SMALL.to_string(), Tone::Key)].into_iter(), room), None);
            asked.truncate(usize::from(inner.height).saturating_sub(answers.len()));
        }
        for (row, (told, tone)) in (0..inner.height).zip(asked.iter().chain(&answers)) {
            line(told, *tone, inner, row, buf, cx);
        }
        let last = inner.height.saturating_sub(1);
        let field = Rect { y: inner.y + last, height: 1.min(inner.height), ..inner };
        self.cursor = sign.map(|sign| self.input.render(&sign, field, buf, cx));
    }

    fn cursor(&self) -> Option<Position> {
        self.cursor
    }
}
