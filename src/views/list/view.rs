//! The state of a list's view and what it does with actions, keys and reports. Drawing is in `draw`.

use std::collections::HashSet;
use std::mem;

use crossterm::event::{KeyCode, KeyEvent, MouseEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{Fill, List};
use crate::app::action::{Action, Offer};
use crate::app::chord::Chord;
use crate::app::effect::{Answer, Effect, Notice, Slot};
use crate::app::route::Route;
use crate::app::task::{Part, Report};
use crate::app::view::{Context, RawText, View};
use crate::views::export::{self, Export};
use crate::views::widgets::filter::Filter;
use crate::views::widgets::human;
use crate::views::widgets::input::Input;
use crate::views::widgets::listing::{Arranged, Listing};
use crate::views::widgets::load::Load;

/// The slot of the task that sorts and filters.
pub(super) const ARRANGE: Slot = Slot(255);
/// The slot of the task that looks whether the list is stale.
const CHECK: Slot = Slot(254);
/// Longer lists do not look after themselves.
const CHECKED: usize = 20_000;

/// A list with everything around it: states, filter line, detail pane, refresh.
#[derive(Debug)]
pub struct ListView<L: List> {
    pub(super) listing: Listing<L>,
    pub(super) state: Load<()>,
    /// The rows of a second reading: shown when they are all here.
    incoming: Option<Vec<L::Row>>,
    /// The rows of a look at what is newer, and what is different about them.
    looked: Vec<L::Row>,
    stale: Option<String>,
    /// The filter while it is typed.
    pub(super) typing: Option<Input>,
    pub(super) pane: Pane,
    pub(super) cursor: Option<Position>,
    export: Export,
}

/// The detail of the row under the cursor.
#[derive(Debug, Default)]
pub(super) struct Pane {
    /// Asked for, where it has no room beside the list.
    pub(super) is_open: bool,
    /// Not wanted, where it has.
    pub(super) is_hidden: bool,
    /// Whether the keys move it instead of the list.
    pub(super) has_keys: bool,
    pub(super) scroll: usize,
    pub(super) lines: usize,
    pub(super) height: usize,
    /// Whether there was room beside the list when it was last drawn.
    pub(super) is_wide: bool,
}

impl<L: List> ListView<L> {
    /// A view of a list; nothing is read before it is opened.
    pub fn new(list: L) -> Self {
        let sort = list.first_sort();
        let mut listing = Listing::new(list);
        listing.sort(sort);
        Self {
            listing,
            state: Load::Idle,
            incoming: None,
            looked: Vec::new(),
            stale: None,
            typing: None,
            pane: Pane::default(),
            cursor: None,
            export: Export::default(),
        }
    }

    /// The rows and the cursor.
    pub fn listing(&self) -> &Listing<L> {
        &self.listing
    }

    /// What the list is about, to be changed by the view around this one.
    pub fn look_mut(&mut self) -> &mut L {
        &mut self.listing.look
    }

    /// Puts the cursor on a position of the list as it is shown.
    pub fn go_to(&mut self, position: usize) {
        self.listing.go_to(position);
    }

    /// Whether the keys move the list, not its detail.
    pub fn has_keys(&self) -> bool {
        !self.pane.has_keys
    }

    fn take_part(&mut self, slot: Slot, part: Part) {
        let part = match part.take::<Vec<L::Row>>() {
            Ok(rows) if slot == CHECK => return self.looked.extend(rows),
            Ok(rows) => return self.take_rows(rows),
            Err(other) => other,
        };
        if let Ok(answer) = part.take::<Arranged>() {
            self.listing.arranged(answer);
        }
    }

    fn take_rows(&mut self, rows: Vec<L::Row>) {
        match &mut self.incoming {
            Some(incoming) => incoming.extend(rows),
            None if self.listing.look.comes_again() => self.listing.merge(rows),
            None => self.listing.extend(rows),
        }
    }

    fn arrange(&mut self, cx: &Context<'_>) -> Vec<Effect> {
        if cx.is_running(ARRANGE) {
            return Vec::new();
        }
        self.listing.to_arrange().map(|ask| Effect::Start(ARRANGE, Box::new(ask))).into_iter().collect()
    }

    /// Sorting or filtering was changed: a running answer is to the wrong question.
    fn arrange_anew(&mut self) -> Vec<Effect> {
        self.listing.to_arrange().map(|ask| Effect::Start(ARRANGE, Box::new(ask))).into_iter().collect()
    }

    fn ended(&mut self, slot: Slot, failed: Option<std::sync::Arc<crate::Error>>) -> Vec<Effect> {
        if slot == ARRANGE && failed.is_some() {
            self.typing = None;
            self.listing.give_up_arranging();
        }
        if slot == CHECK && failed.is_none() {
            self.compare();
        }
        if slot != Slot::MAIN {
            return Vec::new();
        }
        match (failed, self.incoming.take()) {
            (None, incoming) => {
                if let Some(rows) = incoming {
                    let rows = if self.listing.look.comes_again() { self.listing.united(rows) } else { rows };
                    self.listing.replace(rows);
                } else if let Some(key) =
                    self.listing.look.first_key(self.listing.rows()).filter(|_| self.listing.cursor() == 0)
                {
                    self.listing.go_to_key(&key);
                }
                self.state = Load::Ready(());
                Vec::new()
            }
            (Some(error), Some(_)) => {
                self.state = Load::Ready(());
                vec![Effect::Notice(Notice::warning(format!("still what was read before: {error}")))]
            }
            (Some(error), None) => {
                self.state = Load::Failed(error);
                Vec::new()
            }
        }
    }

    /// The same rows again are taken as they are; others wait until they are asked for.
    fn compare(&mut self) {
        let looked = self.listing.united(mem::take(&mut self.looked));
        let key = |row: &L::Row| self.listing.look.key(row);
        let here: HashSet<_> = self.listing.rows().iter().map(key).collect();
        let there: HashSet<_> = looked.iter().map(key).collect();
        let (new, gone) = (there.difference(&here).count(), here.difference(&there).count());
        self.stale = match (new, gone) {
            (0, 0) => None,
            (new, 0) => Some(format!("{new} newer in the catalog")),
            (0, gone) => Some(format!("{gone} gone from the catalog")),
            (new, gone) => Some(format!("{new} newer and {gone} gone in the catalog")),
        };
        if self.stale.is_none() && !self.listing.look.comes_again() {
            self.listing.replace(looked);
        }
    }

    fn type_filter(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(input) = &mut self.typing else { return Vec::new() };
        match key.code {
            KeyCode::Enter => {
                self.typing = None;
                return self.arrange_anew().into_iter().chain(self.plain_text()).collect();
            }
            KeyCode::Esc => {
                self.typing = None;
                self.listing.set_filter(Filter::default());
            }
            KeyCode::Up => self.listing.go(-1),
            KeyCode::Down => self.listing.go(1),
            _ if input.key(key) => self.apply_filter(),
            _ => {}
        }
        self.arrange_anew()
    }

    fn apply_filter(&mut self) {
        self.listing.set_filter(Filter::parse(self.typing.as_ref().map_or("", Input::text)));
    }

    /// Says so where the filter is no regular expression.
    fn plain_text(&self) -> Option<Effect> {
        let filter = self.listing.filter();
        let why = filter.problem()?;
        let told = format!("{} is not a regular expression ({why}): it is matched as plain text", filter.as_str());
        Some(Effect::Notice(Notice::warning(told)))
    }

    fn enter(&self) -> Option<(&'static str, Route)> {
        self.listing.look.enter(self.listing.current()?)
    }

    fn act_on_pane(&mut self, action: Action) -> bool {
        let pane = &mut self.pane;
        let page = pane.height.max(1);
        let last = pane.lines.saturating_sub(pane.height);
        match action {
            Action::Down => pane.scroll += 1,
            Action::Up => pane.scroll = pane.scroll.saturating_sub(1),
            Action::PageDown | Action::HalfDown => pane.scroll += page,
            Action::PageUp | Action::HalfUp => pane.scroll = pane.scroll.saturating_sub(page),
            Action::Top => pane.scroll = 0,
            Action::Bottom => pane.scroll = last,
            _ => return false,
        }
        pane.scroll = pane.scroll.min(last);
        true
    }

    fn describe(&mut self) {
        if self.pane.is_wide {
            self.pane.is_hidden = !self.pane.is_hidden;
            self.pane.has_keys = false;
        } else {
            self.pane.is_open = !self.pane.is_open;
            self.pane.has_keys = self.pane.is_open;
        }
        self.pane.scroll = 0;
    }

    /// Why nothing can be exported now: which rows, is not known yet.
    fn unarranged(&self) -> Option<Vec<Effect>> {
        let told = "the rows are still being sorted and filtered: export them when that is done";
        (!self.listing.is_arranged()).then(|| vec![Effect::Notice(Notice::warning(told))])
    }

    fn ask_export(&self) -> Vec<Effect> {
        if let Some(told) = self.unarranged() {
            return told;
        }
        let (_, chosen) = self.listing.to_export();
        let marked = if self.listing.marks() > 0 { "marked " } else { "" };
        let what = human::counted(chosen.len(), &format!("{marked}row"));
        self.export.ask(&what, &self.listing.look.route(), "")
    }

    fn export_to(&self, wanted: export::Wanted, now_ms: i64) -> Vec<Effect> {
        if let Some(told) = self.unarranged() {
            return told;
        }
        let (rows, order) = self.listing.to_export();
        let task = export::ExportList { list: self.listing.look.clone(), rows, order, wanted, now_ms };
        vec![Effect::Start(export::SLOT, Box::new(task))]
    }

    /// Two marked rows are compared, a single one with that under the cursor, and without marks that alone.
    fn compare_chosen(&self) -> Vec<Effect> {
        let mut rows = self.listing.marked();
        if rows.len() < 2 {
            let is_marked =
                |row: &L::Row| rows.iter().any(|other| self.listing.look.key(other) == self.listing.look.key(row));
            rows.extend(self.listing.current().filter(|row| !is_marked(row)));
        }
        self.listing.look.compare(&rows, self.listing.rows())
    }

    fn act_on_list(&mut self, action: Action, cx: &Context<'_>) -> Vec<Effect> {
        // The rows are copied, so that the list may change itself while it looks at them.
        let chosen: Vec<L::Row> = self.listing.chosen().into_iter().cloned().collect();
        let chosen: Vec<&L::Row> = chosen.iter().collect();
        self.listing.look.act(action, &chosen, cx)
    }
}

impl<L: List> View for ListView<L> {
    fn route(&self) -> Route {
        self.listing.look.route()
    }

    fn status(&self, cx: &Context<'_>) -> String {
        self.listing.look.status(self.listing.rows(), cx.now_ms)
    }

    fn offers(&self, _cx: &Context<'_>) -> Vec<Offer> {
        let current = self.listing.current();
        let mut offers = Vec::new();
        offers.extend(self.enter().map(|(label, _)| Action::Open.called(label)));
        offers.extend(self.listing.look.actions(current));
        if current.is_some() {
            offers.push(Action::Describe.into());
            offers.push(Action::Filter.into());
            offers.push(Action::Mark.into());
            if self.listing.current().is_some_and(|row| self.listing.look.has_raw(row)) {
                offers.push(Action::Raw.into());
            }
            offers.push(Action::Copy.into());
            if self.listing.look.is_exported() && matches!(self.state, Load::Ready(())) {
                offers.push(Action::Export.into());
            }
        } else if !self.listing.filter().is_empty() {
            offers.push(Action::Filter.into());
        }
        offers.push(Action::Refresh.into());
        if matches!(self.state, Load::Failed(_)) && !offers.iter().any(|offer| offer.action == Action::Filter) {
            // Also where nothing could be read: what is typed behind it is never taken for keys.
            offers.push(Action::Filter.into());
        }
        let quiet = [
            Action::Down,
            Action::Up,
            Action::PageDown,
            Action::PageUp,
            Action::HalfDown,
            Action::HalfUp,
            Action::Top,
            Action::Bottom,
            Action::Left,
            Action::Right,
            Action::NextPane,
            Action::PreviousPane,
        ];
        offers.extend(quiet.map(Offer::from));
        if self.listing.marks() > 0 {
            offers.push(Action::ClearMarks.into());
        }
        offers
    }

    fn open(&mut self, _cx: &Context<'_>) -> Vec<Effect> {
        self.stale = None;
        if matches!(self.state, Load::Ready(())) {
            self.incoming = Some(Vec::new());
        } else {
            self.listing.replace(Vec::new());
            self.state = Load::Loading;
        }
        vec![Effect::start(Fill(self.listing.look.clone()))]
    }

    fn check(&mut self, _cx: &Context<'_>) -> Vec<Effect> {
        let is_ready = matches!(self.state, Load::Ready(())) && self.listing.rows().len() <= CHECKED;
        let Some(look) = self.listing.look.to_check().filter(|_| is_ready) else { return Vec::new() };
        self.looked.clear();
        vec![Effect::Start(CHECK, Box::new(Fill(look)))]
    }

    fn stale(&self) -> Option<String> {
        self.stale.clone()
    }

    fn act(&mut self, action: Action, cx: &Context<'_>) -> Vec<Effect> {
        if self.pane.has_keys && self.act_on_pane(action) {
            return Vec::new();
        }
        match action {
            Action::Open => match self.enter() {
                Some((_, route)) => vec![Effect::Open(route)],
                None => self.act_on_list(action, cx),
            },
            Action::Describe => {
                self.describe();
                Vec::new()
            }
            Action::NextPane | Action::PreviousPane => {
                self.pane.has_keys =
                    !self.pane.has_keys && ((self.pane.is_wide && !self.pane.is_hidden) || self.pane.is_open);
                Vec::new()
            }
            Action::Filter => {
                self.typing = Some(Input::new(self.listing.filter().as_str()));
                Vec::new()
            }
            Action::Export => self.ask_export(),
            Action::Diff => self.compare_chosen(),
            _ if self.listing.act(action) => {
                self.pane.scroll = 0;
                Vec::new()
            }
            _ => self.act_on_list(action, cx),
        }
    }

    fn act_with(&mut self, action: Action, words: &str, cx: &Context<'_>) -> Option<Vec<Effect>> {
        match action {
            Action::Filter => {
                self.listing.set_filter(Filter::parse(words));
                Some(self.arrange_anew().into_iter().chain(self.plain_text()).collect())
            }
            Action::Export => {
                let wanted = self.export.named(words);
                Some(self.export_to(wanted, cx.now_ms))
            }
            _ => None,
        }
    }

    fn captures(&self) -> bool {
        self.typing.is_some()
    }

    fn key(&mut self, key: KeyEvent, cx: &Context<'_>) -> Vec<Effect> {
        if self.typing.is_some() {
            return self.type_filter(key);
        }
        let letter = Chord::from(key).character().filter(char::is_ascii_uppercase);
        if letter.is_some_and(|letter| self.listing.sort_by_letter(letter, cx.reserved)) {
            return self.arrange_anew();
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _cx: &Context<'_>) -> Vec<Effect> {
        let Some(input) = &mut self.typing else { return Vec::new() };
        input.paste(text);
        self.apply_filter();
        self.arrange_anew()
    }

    fn mouse(&mut self, mouse: MouseEvent, _cx: &Context<'_>) -> Vec<Effect> {
        if self.listing.mouse(mouse) {
            return self.enter().map(|(_, route)| Effect::Open(route)).into_iter().collect();
        }
        self.arrange_anew()
    }

    fn answer(&mut self, topic: &'static str, answer: Answer, cx: &Context<'_>) -> Vec<Effect> {
        if let Some(wanted) = self.export.answered(topic, &answer) {
            return self.export_to(wanted, cx.now_ms);
        }
        self.listing.look.answer(topic, answer)
    }

    fn back(&mut self) -> bool {
        if mem::take(&mut self.pane.is_open) || mem::take(&mut self.pane.has_keys) {
            self.pane.has_keys = false;
            return true;
        }
        let had = !self.listing.filter().is_empty();
        if had {
            self.listing.set_filter(Filter::default());
        }
        had
    }

    fn watch(&mut self, cx: &Context<'_>) -> Vec<Effect> {
        let rows = self.listing.look.watch(cx);
        if !rows.is_empty() {
            self.listing.merge(rows);
        }
        self.arrange(cx)
    }

    fn report(&mut self, slot: Slot, report: Report, cx: &Context<'_>) -> Vec<Effect> {
        if slot == export::SLOT {
            return self.export.reported(report);
        }
        let mut effects = match report {
            Report::Part(part) => {
                self.take_part(slot, part);
                Vec::new()
            }
            Report::Done => self.ended(slot, None),
            Report::Failed(error) => self.ended(slot, Some(error)),
        };
        effects.extend(self.arrange(cx));
        effects
    }

    fn raw(&self) -> Option<RawText> {
        let row = self.listing.current()?;
        let text = self.listing.look.raw(row)?;
        Some(RawText { title: self.listing.look.detail_title(row), text })
    }

    fn copied(&self, _: &Context<'_>) -> Option<String> {
        let lines: Vec<_> = self.listing.chosen().into_iter().map(|row| self.listing.look.copied(row)).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        self.draw(area, buf, cx);
    }

    fn cursor(&self) -> Option<Position> {
        self.cursor.filter(|_| self.typing.is_some())
    }
}
