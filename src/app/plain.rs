//! A screen for terminals that know ASCII only: every other character becomes one that looks like it, or `?`.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

/// The characters that the console draws, and what stands for them.
const LOOKALIKES: &[(char, char)] = &[
    ('▸', '>'),
    ('▶', '>'),
    ('…', '~'),
    ('·', '-'),
    ('−', '-'),
    ('–', '-'),
    ('±', '~'),
    ('❄', '*'),
    ('●', '*'),
    ('○', 'o'),
    ('◆', '#'),
    ('✔', 'v'),
    ('✖', 'x'),
    ('▲', '^'),
    ('▼', 'v'),
    ('▾', 'v'),
    ('▐', '#'),
    ('▏', '|'),
    ('→', '>'),
    ('←', '<'),
    ('↑', '^'),
    ('↓', 'v'),
    ('│', '|'),
    ('─', '-'),
    ('┌', '+'),
    ('┐', '+'),
    ('└', '+'),
    ('┘', '+'),
    ('├', '+'),
    ('┤', '+'),
    ('┬', '+'),
    ('┴', '+'),
    ('┼', '+'),
    ('╰', '\\'),
    ('╯', '/'),
    ('╭', '/'),
    ('╮', '\\'),
];

/// Writes the screen in ASCII, in place.
pub fn to_ascii(buf: &mut Buffer) {
    for cell in &mut buf.content {
        if cell.symbol().is_ascii() {
            continue;
        }
        let mut chars = cell.symbol().chars();
        let alone = chars.next().filter(|_| chars.next().is_none());
        let lookalike = alone.and_then(|c| LOOKALIKES.iter().find(|(from, _)| *from == c)).map(|(_, to)| *to);
        let turning = alone.is_some_and(|c| ('\u{2800}'..='\u{28ff}').contains(&c));
        match (lookalike, turning, cell.symbol().width()) {
            (Some(c), _, _) => cell.set_char(c),
            (None, true, _) => cell.set_char('*'),
            // A wide character keeps its two cells.
            (None, false, 2) => cell.set_symbol("??"),
            (None, false, _) => cell.set_char('?'),
        };
    }
}

/// No control character ever goes to the terminal, whatever a view drew.
pub fn disarm(buf: &mut Buffer) {
    for cell in &mut buf.content {
        if cell.symbol().chars().any(char::is_control) {
            cell.set_char('␦');
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn everything_becomes_ascii_and_keeps_its_cells() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
        buf.set_string(0, 0, "a▸日é…│e\u{301}x", Style::default());
        to_ascii(&mut buf);
        let row: String = buf.content.iter().map(|cell| cell.symbol()).collect();
        assert!(row.is_ascii());
        assert!(row.starts_with("a>??") && row.contains("?~|?x"), "{row:?}");
    }

    #[test]
    fn control_characters_are_disarmed() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 2, 1));
        buf.content[0].set_symbol("\u{1b}[31m");
        disarm(&mut buf);
        assert_eq!(buf.content[0].symbol(), "␦");
    }
}
