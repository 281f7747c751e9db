//! Where the cursor of the grid goes: to a row, to the last one, and on as one scrolls. What is not read yet is read first.

use super::{PAGE, RowsView};
use crate::app::action::{Action, Group};
use crate::app::effect::{Effect, Notice, Slot};
use crate::app::view::Context;
use crate::views::widgets::human;

/// Where rows further on are wanted, so many are read at a time.
const AT_ONCE: usize = 20 * PAGE;
/// So many rows before the end of what is read, the next page is.
const MARGIN: usize = 200;

/// Where the cursor shall go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Jump {
    /// To a row, from 0.
    Row(usize),
    /// To the last row that there is.
    End,
}

impl RowsView {
    /// The next page, where the cursor is near the end of what is read or a row further on is wanted.
    pub(super) fn more(&mut self, cx: &Context<'_>) -> Vec<Effect> {
        let read = self.read_rows();
        if self.is_over || cx.is_running(Slot::MAIN) || read == 0 {
            return Vec::new();
        }
        let wanted = match self.jump {
            Some(Jump::Row(row)) => (row + 1).saturating_sub(read),
            Some(Jump::End) => usize::MAX,
            None => 0,
        };
        if wanted > 0 {
            return vec![self.page(read, wanted.min(AT_ONCE))];
        }
        // A filter of the list may hide all that was read; what is read on is then asked for by going down.
        let near_end = self.list.listing().cursor() + MARGIN >= self.list.listing().shown_len();
        if near_end { vec![self.page(read, PAGE)] } else { Vec::new() }
    }

    /// Goes where the cursor shall go, once that is read, and says so where it is not the place that was asked for.
    pub(super) fn arrive(&mut self) -> Vec<Effect> {
        let read = self.read_rows();
        let is_there = match self.jump {
            None => return Vec::new(),
            // The last row as the list is sorted and filtered: known only once all are.
            Some(Jump::End) if !self.is_over || !self.list.listing().is_arranged() => return Vec::new(),
            Some(Jump::Row(row)) if row >= read && !self.is_over => return Vec::new(),
            Some(Jump::End) => {
                self.list.go_to(usize::MAX);
                self.look().is_whole
            }
            Some(Jump::Row(row)) => {
                self.list.go_to(row.min(read.saturating_sub(1)));
                row < read
            }
        };
        let is_end = self.jump.take() == Some(Jump::End);
        let last = human::count(read as i128);
        let told = match self.look().is_whole {
            true if is_end => Notice::info(format!("the last row is {last}")),
            _ if is_there => return Vec::new(),
            true => Notice::warning(format!("the last row is {last}")),
            false => self.not_all(),
        };
        vec![Effect::Notice(told)]
    }

    /// That more rows were asked for than could be read.
    pub(super) fn not_all(&self) -> Notice {
        Notice::warning(format!("only the first {} rows were read", human::count(self.read_rows() as i128)))
    }

    /// To the last row: what is not read yet is read first.
    pub(super) fn go_to_end(&mut self) -> Vec<Effect> {
        if self.look().is_whole && self.list.listing().is_arranged() {
            self.jump = None;
            self.list.go_to(usize::MAX);
            return Vec::new();
        }
        self.jump = Some(Jump::End);
        let mut effects = self.arrive();
        if self.jump.is_some() && !self.is_over {
            effects.push(Effect::Notice(Notice::info("reads on to the last row; any move of the cursor stops that")));
        }
        effects
    }

    /// Who moves the cursor meanwhile does not want to be taken elsewhere.
    pub(super) fn stay(&mut self, action: Action) {
        let is_sideways = matches!(action, Action::Left | Action::Right | Action::NextPane | Action::PreviousPane);
        if action.group() == Group::Move && !is_sideways && self.list.has_keys() {
            self.jump = None;
        }
    }

    pub(super) fn jump_to(&mut self, typed: &str, cx: &Context<'_>) -> Vec<Effect> {
        match typed.replace([',', '_', ' '], "").parse::<usize>() {
            Ok(number) if number > 0 => {
                self.jump = Some(Jump::Row(number - 1));
                let mut effects = self.arrive();
                effects.extend(self.more(cx));
                effects
            }
            _ => vec![Effect::Notice(Notice::warning("a row's number is 1 or more"))],
        }
    }
}
