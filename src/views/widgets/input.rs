//! A line that takes text: filter, command line, prompts. Knows nothing of what the text means.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::widgets::Widget;
use tui_textarea::{CursorMove, TextArea};

use super::text;
use crate::app::theme::Tone;
use crate::app::view::Context;

/// One line of text with a cursor in it.
#[derive(Debug, Clone)]
pub struct Input {
    area: TextArea<'static>,
}

impl Input {
    /// A line that begins with this text, the cursor behind it.
    pub fn new(initial: &str) -> Self {
        let mut area = TextArea::new(vec![one_line(initial)]);
        area.set_cursor_line_style(Style::default());
        area.move_cursor(CursorMove::End);
        Self { area }
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
    }

    /// Puts another text in its place.
    pub fn set(&mut self, text: &str) {
        *self = Self::new(text);
    }

    /// A key. What ends the line (enter, esc, tab, up, down) is its owner's; gives true where the text changed.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter | KeyCode::Esc | KeyCode::Tab | KeyCode::BackTab | KeyCode::Up | KeyCode::Down => false,
            KeyCode::Char('u') if control => self.area.delete_line_by_head(),
            KeyCode::Char('m' | 'j') if control => false,
            _ => self.area.input(key),
        }
    }

    /// Pasted text: its first line counts, control characters do not.
    pub fn paste(&mut self, pasted: &str) {
        self.area.insert_str(one_line(pasted));
    }

    /// Draws a sign and the text behind it, where there is room; gives back where the cursor stands.
    pub fn render(&mut self, sign: &str, area: Rect, buf: &mut Buffer, cx: &Context<'_>) -> Position {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return area.as_position();
        }
        let style = cx.styles.get(Tone::Input);
        buf.set_style(area, style);
        buf.set_stringn(area.x, area.y, sign, usize::from(area.width), cx.styles.get(Tone::Key));
        let taken = u16::try_from(text::width(sign)).unwrap_or(0).min(area.width);
        let field = Rect { x: area.x + taken, y: area.y, width: area.width - taken, height: 1 };
        self.area.set_style(style);
        self.area.set_cursor_style(style.reversed());
        if !field.is_empty() {
            (&self.area).render(field, buf);
        }
        let column = u16::try_from(self.area.screen_cursor().col).unwrap_or(u16::MAX);
        Position::new(field.x.saturating_add(column).min(area.right().saturating_sub(1)), area.y)
    }
}

fn one_line(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !crate::table::text::is_unsafe(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(input: &mut Input, code: KeyCode, modifiers: KeyModifiers) {
        input.key(KeyEvent::new(code, modifiers));
    }

    #[test]
    fn text_is_typed_pasted_and_cleared() {
        let mut input = Input::new("a");
        press(&mut input, KeyCode::Char('日'), KeyModifiers::NONE);
        press(&mut input, KeyCode::Enter, KeyModifiers::NONE);
        input.paste("\n b\u{1b}[31m\tc\nsecond");
        assert_eq!(input.text(), "a日 b[31m c");
        press(&mut input, KeyCode::Backspace, KeyModifiers::NONE);
        assert_eq!(input.text(), "a日 b[31m ");
        press(&mut input, KeyCode::Char('u'), KeyModifiers::CONTROL);
        assert_eq!(input.text(), "");
    }
}
