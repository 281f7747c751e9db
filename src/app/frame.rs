//! Draws the console: where you are, the view, what just happened, the keys that work now. Changes nothing but what
//! views do while they draw: scroll offsets.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::action::{Action, Group};
use super::effect::Weight;
use super::plain;
use super::state::App;
use super::theme::Tone;
use crate::views::widgets::{load, text};

/// The lines around the view; the fewer lines there are, the fewer of these.
struct Layout {
    bar: Rect,
    body: Rect,
    notice: Rect,
    hints: Rect,
}

/// From this size on dialogs leave the lines around the view alone.
const LITTLE: (u16, u16) = (40, 14);

/// In fewer cells nothing is said beside a notice.
const LEAST_BESIDE: usize = 10;

fn layout(area: Rect) -> Layout {
    let bar = area.height.min(1);
    let hints = u16::from(area.height >= 4);
    let notice = u16::from(area.height >= 5);
    let body = area.height - bar - hints - notice;
    let row = |y, height| Rect { y: area.y + y, height, ..area };
    Layout {
        bar: row(0, bar),
        body: row(bar, body),
        notice: row(bar + body, notice),
        hints: row(bar + body + notice, hints),
    }
}

impl App {
    /// Draws everything.
    pub fn draw(&mut self, frame: &mut Frame<'_>) {
        let area = frame.area();
        let cursor = self.render(area, frame.buffer_mut());
        if let Some(at) = cursor.filter(|at| area.contains(*at)) {
            frame.set_cursor_position(at);
        }
    }

    /// Draws everything into a buffer; gives back where the terminal's cursor stands, if anywhere.
    pub fn render(&mut self, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let here = self.here();
        buf.set_style(area, self.desk.styles(&here).get(Tone::Plain));
        let layout = layout(area);
        self.draw_bar(layout.bar, buf);
        self.draw_notice(layout.notice, buf);
        // A question must be seen: where there is little room it takes what stands around the view too.
        let is_small = area.width < LITTLE.0 || area.height < LITTLE.1;
        let cursor = if is_small {
            self.draw_hints(layout.hints, buf);
            self.draw_views(layout.body, area, buf)
        } else {
            // Which keys work may hang on what is seen of a question.
            let cursor = self.draw_views(layout.body, layout.body, buf);
            self.draw_hints(layout.hints, buf);
            cursor
        };
        plain::disarm(buf);
        if self.desk.setup.ascii {
            plain::to_ascii(buf);
        }
        cursor
    }

    /// The view, and over it the dialogs.
    fn draw_views(&mut self, area: Rect, over: Rect, buf: &mut Buffer) -> Option<Position> {
        let (reserved, here) = (self.reserved(), self.here());
        let (stack, desk) = (&mut self.stack, &self.desk);
        let open = stack.here_mut();
        open.view.render(area, buf, &desk.context(&here, open.id, &reserved));
        let mut cursor = open.view.cursor();
        for dialog in stack.dialogs_mut() {
            dialog.view.render(over, buf, &desk.context(&here, dialog.id, &reserved));
            cursor = dialog.view.cursor();
        }
        cursor
    }

    /// Line 1: the program, the catalog, the crumbs; at the right what the view says and whether one can write.
    fn draw_bar(&self, area: Rect, buf: &mut Buffer) {
        let here = self.here();
        let styles = self.desk.styles(&here);
        let (bar, brand) = (styles.get(Tone::Bar), styles.get(Tone::Brand));
        buf.set_style(area, bar);
        let open = self.stack.here();
        let status = open.view.status(&self.desk.context(&here, open.id, &[]));
        let mode = if self.is_read_only() { "RO" } else { "RW" };
        let running = self.desk.board.running().count();
        let turning = load::turning(&self.desk.context(&here, open.id, &[]));
        let parts = [(running > 0).then(|| format!("{turning} {running}")), (!status.is_empty()).then_some(status)];
        let right = parts.into_iter().flatten().chain([mode.to_string()]).collect::<Vec<_>>().join(" · ");
        let right = text::fit(&text::safe(&right), usize::from(area.width / 2)).into_owned();
        let mut line = Line { x: area.x, end: area.right(), y: area.y, buf };
        // Where there is little room it goes to where one is.
        let name = if area.width < 50 { " ❄ " } else { " ❄ icedeck " };
        line.put(name, brand);
        let room = usize::from(area.width).saturating_sub(text::width(name) + text::width(&right) + 3);
        line.put(&self.crumbs(room), bar);
        let x = area.right().saturating_sub(u16::try_from(text::width(&right) + 1).unwrap_or(0));
        if x > line.x {
            buf.set_string(x, area.y, &right, bar);
        }
    }

    /// Catalog and crumbs; where there is no room the outer ones give way.
    fn crumbs(&self, room: usize) -> String {
        let here = self.here();
        let catalog = self.desk.catalog(&here).map(|c| c.name.clone()).or(here.catalog.clone());
        let mut crumbs: Vec<String> = catalog.into_iter().chain(here.crumbs()).collect();
        crumbs.iter_mut().for_each(|crumb| *crumb = text::safe(crumb).into_owned());
        let mut told = crumbs.join(" ▸ ");
        while text::width(&told) > room && crumbs.len() > 2 {
            crumbs.remove(1);
            if let Some(second) = crumbs.get_mut(1).filter(|c| !c.starts_with("… ▸ ")) {
                *second = format!("… ▸ {second}");
            }
            told = crumbs.join(" ▸ ");
        }
        text::fit_middle(&told, room).into_owned()
    }

    /// The line above the last: what just happened, and beside it that there is something newer than what is shown. What
    /// was done gives way to that down to a third of the line; what went wrong is told whole.
    fn draw_notice(&self, area: Rect, buf: &mut Buffer) {
        if area.height == 0 {
            return;
        }
        let Some(notice) = &self.notice else {
            self.draw_stale(area, area.width.into(), buf);
            return;
        };
        let (sign, tone) = match notice.weight {
            Weight::Info => ("", Tone::Plain),
            Weight::Warning => ("▲ ", Tone::Warning),
            Weight::Error => ("✖ ", Tone::Danger),
        };
        let told = format!(" {sign}{}", text::safe(&notice.text));
        let room = usize::from(area.width);
        let beside = room.saturating_sub(text::width(&told));
        let beside = if notice.weight == Weight::Info { beside.max(room * 2 / 3) } else { beside };
        let taken = if beside < LEAST_BESIDE { 0 } else { self.draw_stale(area, beside, buf) };
        let told = text::fit(&told, room.saturating_sub(taken));
        buf.set_string(area.x, area.y, told, self.desk.styles(&self.here()).get(tone));
    }

    /// Says at the right end of a line, within so many cells, that there is something newer than what is shown. Gives the
    /// cells that this took. With the line for itself it begins at the left.
    fn draw_stale(&self, area: Rect, room: usize, buf: &mut Buffer) -> usize {
        let Some(newer) = self.stack.here().view.stale() else { return 0 };
        let key = self.desk.setup.keymap.shown(Action::Refresh).unwrap_or_else(|| ":refresh".to_string());
        let told = format!(" {} · {key}", text::safe(&newer));
        let is_alone = room >= usize::from(area.width);
        let told = if is_alone { told } else { format!(" {told} ") };
        let told = text::fit(&told, room);
        let taken = text::width(&told);
        let x = if is_alone { area.x } else { area.right().saturating_sub(u16::try_from(taken).unwrap_or(0)) };
        buf.set_string(x, area.y, told, self.desk.styles(&self.here()).get(Tone::Stale));
        taken
    }

    /// The last line: the keys that work now, the view's own first; help is always there.
    fn draw_hints(&self, area: Rect, buf: &mut Buffer) {
        if area.height == 0 {
            return;
        }
        let here = self.here();
        let styles = self.desk.styles(&here);
        let (key, hint) = (styles.get(Tone::Key), styles.get(Tone::Hint));
        let top = self.stack.top();
        let own = top.view.offers(&self.desk.context(&here, top.id, &[]));
        let shell = [Action::Command, Action::Help].iter().filter(|_| !top.view.is_dialog());
        let last: Vec<_> = shell.map(|a| self.hint(*a, a.short())).collect();
        let taken: usize = last.iter().flatten().map(|(k, l)| text::width(k) + text::width(l) + 3).sum();
        let mut end = area.right().saturating_sub(u16::try_from(taken).unwrap_or(0)).max(area.x);
        let mut line = Line { x: area.x, end, y: area.y, buf };
        let shown = own.iter().filter(|o| o.action.group() != Group::Move && self.allows(o.action));
        // What two keys lead to is hinted at once.
        let mut labels = std::collections::HashSet::new();
        let shown = shown.filter(|o| labels.insert(o.label.as_ref()));
        for (keys, label) in shown.filter_map(|o| self.hint(o.action, &o.label)) {
            if !line.has_room(&format!(" {keys} {label} ")) {
                break;
            }
            line.put(&format!(" {keys}"), key);
            line.put(&format!(" {label} "), hint);
        }
        end = area.right();
        line.end = end;
        for (keys, label) in last.into_iter().flatten() {
            line.put(&format!(" {keys}"), key);
            line.put(&format!(" {label} "), hint);
        }
    }

    fn hint(&self, action: Action, label: &str) -> Option<(String, String)> {
        Some((self.desk.setup.keymap.shown(action)?, label.to_string()))
    }
}

/// A line that is filled from the left.
struct Line<'a> {
    x: u16,
    end: u16,
    y: u16,
    buf: &'a mut Buffer,
}

impl Line<'_> {
    fn has_room(&self, shown: &str) -> bool {
        text::width(shown) <= usize::from(self.end.saturating_sub(self.x))
    }

    fn put(&mut self, shown: &str, style: Style) {
        let room = usize::from(self.end.saturating_sub(self.x));
        if room > 0 {
            (self.x, _) = self.buf.set_stringn(self.x, self.y, shown, room, style);
        }
    }
}
