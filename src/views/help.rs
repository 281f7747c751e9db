//! Every key that works now, from the live keymap. Scrolls; changes nothing.

use crossterm::event::MouseEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::dialogs::dialog_box;
use super::page::Scroll;
use super::widgets::facts;
use super::widgets::shown::{Fact, Shown};
use crate::app::action::{Action, Group, Offer};
use crate::app::effect::Effect;
use crate::app::route::Route;
use crate::app::theme::Tone;
use crate::app::view::{Context, View};

/// The view.
#[derive(Debug)]
pub struct Help {
    offers: Vec<Offer>,
    of: Route,
    scroll: Scroll,
}

impl Help {
    /// Help on what works now in a view.
    pub fn new(offers: Vec<Offer>, of: Route) -> Self {
        Self { offers, of, scroll: Scroll::default() }
    }

    fn facts(&self, cx: &Context<'_>) -> Vec<Fact> {
        let mut told = Vec::new();
        for &group in Group::ALL {
            let offers = self.offers.iter().filter(|offer| offer.action.group() == group);
            let lines: Vec<_> = offers.filter_map(|offer| line(offer, cx)).collect();
            if !lines.is_empty() {
                told.push(Fact::heading(group.title()));
                told.extend(lines);
                told.push(Fact::gap());
            }
        }
        told.push(Fact::heading("Also"));
        let shift = "shift with the underlined letter of a column's head sorts by it; again turns it round";
        told.push(Fact::named("shift-…", Shown::word(shift)));
        told.push(Fact::named("mouse", Shown::word("wheel and click; a click on a head sorts")));
        told
    }
}

fn line(offer: &Offer, cx: &Context<'_>) -> Option<Fact> {
    let keys: Vec<_> = cx.keymap.chords(offer.action).iter().map(ToString::to_string).collect();
    let help = offer.action.help();
    (!keys.is_empty()).then(|| Fact::named(&keys.join(" "), Shown::word(help)))
}

impl View for Help {
    fn route(&self) -> Route {
        self.of.clone()
    }

    fn offers(&self, _cx: &Context<'_>) -> Vec<Offer> {
        let mut offers = vec![Action::Help.called("close"), Action::Quit.called("close")];
        offers.extend(Scroll::ACTIONS.map(Offer::from));
        offers
    }

    fn act(&mut self, action: Action, _cx: &Context<'_>) -> Vec<Effect> {
        if self.scroll.act(action) { Vec::new() } else { vec![Effect::Close] }
    }

    fn mouse(&mut self, mouse: MouseEvent, _cx: &Context<'_>) -> Vec<Effect> {
        self.scroll.mouse(mouse);
        Vec::new()
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let told = self.facts(cx);
        let height = u16::try_from(told.len() + 1).unwrap_or(u16::MAX - 4);
        let inner = dialog_box(&format!("keys · {}", self.of.screen), 92, height, area, buf, cx);
        buf.set_style(inner, cx.styles.get(Tone::Dialog));
        let lines = facts::draw(&told, self.scroll.top, inner, buf, cx);
        self.scroll.drawn(lines, inner.height);
    }
}
