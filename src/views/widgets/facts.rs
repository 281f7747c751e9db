//! A page of facts: names at the left, values at the right, headings between. Scrolls; changes nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::shown::{Fact, Shown};
use super::text;
use crate::app::theme::Tone;
use crate::app::view::Context;

/// A line of the page, broken to the width at hand.
enum Drawn {
    Heading(String),
    Pair { name: String, value: String, tone: Tone },
}

/// Draws the facts from line `scroll` on; gives back how many lines there are in all.
pub fn draw(facts: &[Fact], scroll: usize, area: Rect, buf: &mut Buffer, cx: &Context<'_>) -> usize {
    let names = name_width(facts, usize::from(area.width));
    let lines = break_lines(facts, names, usize::from(area.width));
    let shown = lines.iter().skip(scroll).take(usize::from(area.height));
    for (y, line) in (area.y..).zip(shown) {
        match line {
            Drawn::Heading(title) => {
                buf.set_string(area.x, y, title, cx.styles.get(Tone::Heading));
            }
            Drawn::Pair { name, value, tone } => {
                buf.set_string(area.x, y, name, cx.styles.get(Tone::Dim));
                let x = area.x + u16::try_from(text::width(name)).unwrap_or(0);
                buf.set_string(x, y, value, cx.styles.get(*tone));
            }
        }
    }
    lines.len()
}

/// The width of the names with their gap: that of the longest, at most half the room.
fn name_width(facts: &[Fact], width: usize) -> usize {
    let named = facts.iter().filter(|f| f.value.is_some() && !f.name.is_empty());
    let longest = named.map(|f| text::width(&f.name)).max().unwrap_or(0);
    if longest == 0 { 0 } else { (longest + 2).min(width / 2) }
}

fn break_lines(facts: &[Fact], names: usize, width: usize) -> Vec<Drawn> {
    let mut lines = Vec::new();
    for fact in facts {
        match &fact.value {
            None => lines.push(Drawn::Heading(text::fit(&fact.name, width).into_owned())),
            Some(value) => break_pair(fact, value, names, width, &mut lines),
        }
    }
    lines
}

fn break_pair(fact: &Fact, value: &Shown, names: usize, width: usize, lines: &mut Vec<Drawn>) {
    let names = if fact.name.is_empty() { 0 } else { names };
    let room = width.saturating_sub(names);
    let is_broken = names > 0 && value.text.split(' ').any(|word| text::width(word) > room);
    if is_broken && width > 2 * INDENT {
        return break_below(fact, value, width, lines);
    }
    for (i, part) in text::wrap(&value.text, room).into_iter().enumerate() {
        let name = if i == 0 { fact.name.as_ref() } else { "" };
        // The gap stays when a long name is cut.
        let cut = text::fit(name, names.saturating_sub(1));
        lines.push(Drawn::Pair { name: text::pad(&cut, names, false), value: part, tone: value.tone });
    }
}

/// The cells before a value that stands below its name.
const INDENT: usize = 2;

/// A value of which a word would be broken stands below its name, so that ids and times stay whole.
fn break_below(fact: &Fact, value: &Shown, width: usize, lines: &mut Vec<Drawn>) {
    let name = text::fit(&fact.name, width).into_owned();
    lines.push(Drawn::Pair { name, value: String::new(), tone: value.tone });
    for part in text::wrap(&value.text, width - INDENT) {
        lines.push(Drawn::Pair { name: " ".repeat(INDENT), value: part, tone: value.tone });
    }
}
