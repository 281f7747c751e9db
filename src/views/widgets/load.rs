//! The states that an answer can be in, and how each looks. Waiting, failed, empty and filtered to nothing look
//! different, and each says what to press.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Widget};

use super::{human, text};
use crate::Error;
use crate::app::action::Action;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::monitor::Progress;
use crate::words::reaching;

/// An answer on its way.
#[derive(Debug, Clone, Default)]
pub enum Load<T> {
    /// Not asked for.
    #[default]
    Idle,
    /// Asked for; which job it is, the shell knows by the slot.
    Loading,
    /// Here.
    Ready(T),
    /// It went wrong.
    Failed(Arc<Error>),
}

impl<T> Load<T> {
    /// The answer, once it is here.
    pub fn ready(&self) -> Option<&T> {
        match self {
            Load::Ready(value) => Some(value),
            _ => None,
        }
    }
}

/// Draws whatever state an answer is in: the shared renderer. `draw` draws the answer.
pub fn draw<T>(
    load: &Load<T>,
    area: Rect,
    buf: &mut Buffer,
    cx: &Context<'_>,
    progress: Option<&Progress>,
    draw: impl FnOnce(&T, &mut Buffer),
) {
    match load {
        Load::Idle => {}
        Load::Loading => waiting(area, buf, cx, progress),
        Load::Ready(value) => draw(value, buf),
        Load::Failed(error) => failed(error, area, buf, cx),
    }
}

/// A pane: thin lines around and a title on them; without lines where there is little room. Gives the inside.
pub fn pane(title: &str, focused: bool, area: Rect, buf: &mut Buffer, cx: &Context<'_>) -> Rect {
    if area.height < 6 || area.width < 24 {
        return area;
    }
    let border = cx.styles.get(if focused { Tone::Focus } else { Tone::Border });
    let title = text::fit(title, usize::from(area.width).saturating_sub(6)).into_owned();
    let block = Block::bordered().border_type(BorderType::Plain).border_style(border);
    let block = match title.is_empty() {
        true => block,
        false => block.title(Line::from(Span::styled(format!(" {title} "), cx.styles.get(Tone::Heading)))),
    };
    let inner = area.inner(Margin::new(1, 1));
    block.render(area, buf);
    inner
}

/// One line of text in a tone, cut to the room.
pub fn line(shown: &str, tone: Tone, area: Rect, row: u16, buf: &mut Buffer, cx: &Context<'_>) {
    if row < area.height {
        let shown = text::fit(shown, usize::from(area.width));
        buf.set_string(area.x, area.y + row, shown, cx.styles.get(tone));
    }
}

fn lines(lines: &[(String, Tone)], area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
    let mut row = u16::from(area.height > 8);
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    for (shown, tone) in lines {
        for part in text::wrap(shown, usize::from(area.width)) {
            line(&part, *tone, area, row, buf, cx);
            row += 1;
        }
    }
}

/// The signs that turn while something runs.
const TURNING: [&str; 8] = ["⠋", "⠙", "⠹", "⠼", "⠶", "⠧", "⠏", "⠛"];

/// The sign to show now.
pub fn turning(cx: &Context<'_>) -> &'static str {
    TURNING.get(cx.beat % TURNING.len()).copied().unwrap_or("·")
}

/// How far something is, in a line: "reading 1,200 rows, 3 files, 4.0 MiB of 12 MiB".
pub fn progress_line(progress: &Progress) -> String {
    let mut parts = Vec::new();
    if progress.rows > 0 {
        parts.push(format!("{} rows", human::count(progress.rows.into())));
    }
    if progress.files > 0 {
        parts.push(format!("{} files", human::count(progress.files.into())));
    }
    match (progress.bytes, progress.total_bytes) {
        (0, 0) => {}
        (done, 0) => parts.push(human::bytes(done)),
        (done, all) => parts.push(format!("{} of {}", human::bytes(done), human::bytes(all))),
    }
    if progress.attempts > 0 {
        parts.push(format!("attempt {}", progress.attempts));
    }
    let stage = if progress.stage.is_empty() { "loading" } else { progress.stage };
    format!("{stage} {}", parts.join(", ")).trim_end().to_string()
}

fn key(cx: &Context<'_>, action: Action) -> String {
    cx.keymap.shown(action).unwrap_or_else(|| format!(":{action}"))
}

/// Draws that an answer is awaited.
pub fn waiting(area: Rect, buf: &mut Buffer, cx: &Context<'_>, progress: Option<&Progress>) {
    let told = progress.map_or_else(|| "loading".to_string(), progress_line);
    let cancel = format!("{} cancels", key(cx, Action::Interrupt));
    lines(&[(format!("{} {told} …", turning(cx)), Tone::Accent), (cancel, Tone::Dim)], area, buf, cx);
}

/// Draws a failure with its hints.
pub fn failed(error: &Error, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
    let mut told = vec![(format!("✖ {}", text::safe(&error.to_string())), Tone::Danger)];
    let called = cx.called();
    let hints = error.hints().iter().map(|hint| format!("  {}", text::safe(&reaching(hint, &called))));
    told.extend(hints.map(|hint| (hint, Tone::Plain)));
    told.push((String::new(), Tone::Plain));
    let (again, back) = (key(cx, Action::Refresh), key(cx, Action::Back));
    told.push((format!("{again} tries again, {back} goes back"), Tone::Dim));
    lines(&told, area, buf, cx);
}

/// Puts the keys that are bound into a text that names actions in braces: `{load} loads a file`.
fn with_keys(told: &str, cx: &Context<'_>) -> String {
    let mut out = String::with_capacity(told.len());
    let mut rest = told;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        rest = after;
        match after.split_once('}').map(|(name, behind)| (name.parse::<Action>(), behind)) {
            Some((Ok(action), behind)) => {
                out.push_str(&key(cx, action));
                rest = behind;
            }
            _ => out.push('{'),
        }
    }
    out.push_str(rest);
    out
}

/// Draws that there is nothing: the first line says so, the others what to do, with actions in braces.
pub fn empty(told: &[String], area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
    let toned = told.iter().enumerate().map(|(i, l)| match i {
        0 => (l.clone(), Tone::Strong),
        _ => (with_keys(l, cx), Tone::Dim),
    });
    lines(&toned.collect::<Vec<_>>(), area, buf, cx);
}

/// Draws that a filter leaves nothing.
pub fn filtered(filter: &str, all: usize, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
    let told = format!("none of {} passes the filter /{}", human::count(all as i128), text::safe(filter));
    lines(&[(told, Tone::Warning), (format!("{} clears it", key(cx, Action::Back)), Tone::Dim)], area, buf, cx);
}
