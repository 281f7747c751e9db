//! Draws a list's view: the list, its detail beside it or in its place, the filter line.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use super::view::ARRANGE;
use super::{List, ListView};
use crate::app::action::Action;
use crate::app::effect::Slot;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::views::export;
use crate::views::widgets::load::{self, Load, line};
use crate::views::widgets::{facts, human, text};

impl<L: List> ListView<L> {
    pub(super) fn draw(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let area = self.draw_filter(area, buf, cx);
        self.pane.is_wide = area.width >= self.listing.look.beside_from();
        let beside = self.pane.is_wide && !self.pane.is_hidden;
        if self.pane.is_open && !beside {
            return self.draw_detail(area, buf, cx);
        }
        let list_area = if beside && self.listing.current().is_some() {
            // The list takes what it needs, within bounds; the detail gets the rest.
            let (least, most) = (area.width * 2 / 5, area.width * 2 / 3);
            let wanted = self.listing.wanted_width(area.height, cx.now_ms).saturating_add(2).clamp(least, most);
            let [list, detail] = Layout::horizontal([Constraint::Length(wanted), Constraint::Fill(1)]).areas(area);
            self.draw_detail(detail, buf, cx);
            list
        } else {
            area
        };
        self.draw_list(list_area, buf, cx);
    }

    fn draw_list(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let title = self.title(cx);
        let inner = load::pane(&title, !self.pane.has_keys, area, buf, cx);
        match &self.state {
            Load::Idle => {}
            Load::Failed(error) if self.listing.rows().is_empty() => load::failed(error, inner, buf, cx),
            Load::Loading if self.listing.rows().is_empty() => {
                load::waiting(inner, buf, cx, cx.progress(Slot::MAIN));
            }
            Load::Ready(()) if self.listing.rows().is_empty() => {
                load::empty(&self.listing.look.empty(), inner, buf, cx)
            }
            _ if self.listing.shown_len() == 0 && !self.listing.is_arranged() => {
                load::waiting(inner, buf, cx, cx.progress(ARRANGE));
            }
            _ if self.listing.shown_len() == 0 => {
                load::filtered(self.listing.filter().as_str(), self.listing.rows().len(), inner, buf, cx);
            }
            _ => self.draw_rows(inner, buf, cx),
        }
    }

    /// The rows, and above them that they are not all, where reading failed on its way.
    fn draw_rows(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let Load::Failed(error) = &self.state else { return self.listing.render(area, buf, cx) };
        let told = format!("✖ not all: {}", text::safe(&error.to_string()));
        line(&told, Tone::Danger, area, 0, buf, cx);
        let rest = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        self.listing.render(rest, buf, cx);
    }

    fn title(&self, cx: &Context<'_>) -> String {
        // Before anything is known, "no tables" would be a claim.
        if self.listing.rows().is_empty() && !matches!(self.state, Load::Ready(())) {
            return self.listing.look.route().screen.to_string();
        }
        let mut title = self.listing.look.title(self.listing.rows());
        if !self.listing.is_arranged() {
            title = format!("{title} · {} {}", self.arranging(cx), load::turning(cx));
        } else if !self.listing.filter().is_empty() {
            let shown = human::count(self.listing.shown_len() as i128);
            title = format!("{title} · {shown} pass /{}", text::safe(self.listing.filter().as_str()));
        }
        if self.listing.marks() > 0 {
            title = format!("{title} · {} marked", self.listing.marks());
        }
        if let Some(progress) = cx.progress(export::SLOT) {
            title = format!("{title} · {} {}", load::progress_line(progress), load::turning(cx));
        }
        if cx.is_running(Slot::MAIN) && !self.listing.rows().is_empty() {
            title = format!("{title} {}", load::turning(cx));
        }
        title
    }

    /// That the rows are not shown yet as sort and filter say, and how many were looked at.
    fn arranging(&self, cx: &Context<'_>) -> String {
        let looked = cx.progress(ARRANGE).map_or(0, |progress| progress.rows);
        let told = match self.listing.filter() {
            filter if filter.is_empty() => "sorting".to_string(),
            filter => format!("filtering /{}", text::safe(filter.as_str())),
        };
        format!("{told}: {} looked at", human::count(looked.into()))
    }

    fn draw_detail(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let Some(row) = self.listing.current() else { return };
        let title = text::safe(&self.listing.look.detail_title(row)).into_owned();
        let inner = load::pane(&title, self.pane.has_keys, area, buf, cx);
        let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
        let told = self.listing.look.facts(row, cx.now_ms);
        self.pane.height = usize::from(inner.height);
        self.pane.scroll = self.pane.scroll.min(self.pane.lines.saturating_sub(1));
        self.pane.lines = facts::draw(&told, self.pane.scroll, inner, buf, cx);
    }

    /// The line that takes the filter; gives back the room above it.
    fn draw_filter(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) -> Rect {
        let Some(input) = &mut self.typing else { return area };
        let [rest, field] = Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(area);
        let sign = cx.keymap.shown(Action::Filter).unwrap_or_else(|| "/".to_string());
        self.cursor = Some(input.render(&format!(" {sign} "), field, buf, cx));
        if let Some(why) = self.listing.filter().problem() {
            let typed = text::width(input.text()) + text::width(&sign) + 4;
            let room = usize::from(field.width).saturating_sub(typed);
            let whole = format!(" not a regular expression: {why}; matched as plain text ");
            // What was typed is never covered.
            let told = [whole.as_str(), " matched as plain text ", " plain text "];
            if let Some(told) = told.into_iter().find(|told| text::width(told) <= room) {
                let x = field.right() - u16::try_from(text::width(told)).unwrap_or(0);
                line(told, Tone::Danger, Rect { x, width: field.right() - x, ..field }, 0, buf, cx);
            }
        }
        rest
    }
}
