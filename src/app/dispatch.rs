//! From a key to what it does: which actions work now, which of them a key means, and what the shell's own do.

use crossterm::event::{KeyCode, KeyEvent};

use super::action::{Action, Group, Offer};
use super::chord::Chord;
use super::command;
use super::effect::{Effect, Notice, Outward, Weight};
use super::route::{Route, Subject};
use super::state::{App, Leaving};
use super::task::Cancel;
use crate::app::theme::Tone;
use crate::views::dialogs::Confirm;
use crate::views::palette::Palette;
use crate::views::raw::RawView;
use crate::views::widgets::human;
use crate::views::{self, Needs, help::Help};

/// The topic under which the shell asks whether to quit.
pub(super) const QUIT: &str = "shell: quit";

/// So many running jobs are named before one quits.
const ASKED_ABOUT: usize = 8;

/// Whether what was told before is over with this action: something else is done now. Looking around is not.
fn ends_notice(action: Action) -> bool {
    let looks_around = [Action::Command, Action::Help, Action::Redraw, Action::Suspend, Action::Mouse];
    action.group() != Group::Move && !looks_around.contains(&action)
}

/// What works in every view, after the view's own.
const SHELL: &[Action] = &[
    Action::Back,
    Action::Command,
    Action::Help,
    Action::Backward,
    Action::Forward,
    Action::Last,
    Action::Jobs,
    Action::Log,
    Action::Quit,
    Action::Interrupt,
    Action::Suspend,
    Action::Redraw,
    Action::Mouse,
    Action::Panic,
];

/// What works over a dialog.
const OVER_DIALOG: &[Action] =
    &[Action::Back, Action::Interrupt, Action::Suspend, Action::Redraw, Action::Mouse, Action::Help];

impl App {
    /// What works now, the view's own first.
    pub fn working(&self) -> Vec<Offer> {
        let top = self.stack.top();
        let here = self.here();
        let mut offers = top.view.offers(&self.desk.context(&here, top.id, &[]));
        offers.retain(|offer| self.allows(offer.action));
        if top.view.is_dialog() {
            offers.extend(OVER_DIALOG.iter().map(|a| Offer::from(*a)));
            return offers;
        }
        let screens = views::SCREENS.iter().filter(|s| s.needs == Needs::Table && here.table().is_some());
        let screens = screens.filter(|s| s.name != here.screen).filter_map(|s| s.action).map(Offer::from);
        offers.extend(screens.filter(|offer| self.allows(offer.action)));
        offers.extend(SHELL.iter().filter(|a| a.exists()).map(|a| Offer::from(*a)));
        offers
    }

    pub(super) fn key(&mut self, key: KeyEvent, out: &mut Vec<Outward>) {
        if key.kind == crossterm::event::KeyEventKind::Release {
            return;
        }
        let chord = Chord::from(key);
        let always = [Action::Interrupt, Action::Suspend];
        let action = match self.desk.setup.keymap.find(chord, always) {
            Some(action) => Some(action),
            None if self.stack.top().view.captures() => None,
            None => self.desk.setup.keymap.find(chord, self.working().into_iter().map(|offer| offer.action)),
        };
        if action != Some(Action::Interrupt) && self.leaving == Leaving::Asked {
            self.leaving = Leaving::No;
        }
        let is_over = key.code == KeyCode::Esc || action.is_some_and(ends_notice);
        if self.notice.as_ref().is_some_and(|n| n.weight == Weight::Info || is_over) {
            self.notice = None;
        }
        match action {
            Some(action) => self.act(action, out),
            None => self.with_top(out, |view, cx| view.key(key, cx)),
        }
    }

    /// Does what an action asks for, when it works now; says so when it does not.
    pub(super) fn ask(&mut self, action: Action, out: &mut Vec<Outward>) {
        if self.working().iter().any(|offer| offer.action == action) {
            self.act(action, out);
        } else if !self.allows(action) {
            self.tell(Notice::warning(format!("{action}: this connection is read-only")), out);
        } else {
            self.tell(Notice::warning(format!("{action} does nothing here")), out);
        }
    }

    /// Does what an action asks for, with what was typed behind its name.
    pub(super) fn ask_with(&mut self, action: Action, words: &str, out: &mut Vec<Outward>) {
        if !self.working().iter().any(|offer| offer.action == action) {
            return self.ask(action, out);
        }
        let mut takes_words = true;
        self.with_top(out, |view, cx| {
            view.act_with(action, words, cx).unwrap_or_else(|| {
                takes_words = false;
                Vec::new()
            })
        });
        if !takes_words {
            self.tell(Notice::error(&command::too_much(action.name(), words)), out);
        }
    }

    fn act(&mut self, action: Action, out: &mut Vec<Outward>) {
        let (top, here) = (self.stack.top(), self.here());
        let cx = self.desk.context(&here, top.id, &[]);
        let is_own = top.view.offers(&cx).iter().any(|offer| offer.action == action);
        if is_own { self.act_of_view(action, out) } else { self.act_of_shell(action, out) }
    }

    /// An action that the view offers; what is alike for all of them is done here.
    fn act_of_view(&mut self, action: Action, out: &mut Vec<Outward>) {
        let top = self.stack.top();
        let id = top.id;
        match action {
            Action::Refresh => self.open_view(id, out),
            Action::Raw => match top.view.raw() {
                Some(raw) => {
                    let view = RawView::new(top.view.route(), raw.title, raw.text);
                    self.follow(id, vec![Effect::show(view)], out);
                }
                None => self.with_view(id, out, |view, cx| view.act(action, cx)),
            },
            Action::Copy => match top.view.copied(&self.desk.context(&top.view.route(), id, &[])) {
                Some(text) => self.follow(id, vec![Effect::Copy(text)], out),
                None => self.with_view(id, out, |view, cx| view.act(action, cx)),
            },
            _ => self.with_view(id, out, |view, cx| view.act(action, cx)),
        }
    }

    fn act_of_shell(&mut self, action: Action, out: &mut Vec<Outward>) {
        match action {
            Action::Back => self.back(out),
            Action::Backward => self.walk(super::stack::Stack::back, out),
            Action::Forward => self.walk(super::stack::Stack::forward, out),
            Action::Last => self.walk(super::stack::Stack::last, out),
            Action::Command => {
                let palette = {
                    let here = self.here();
                    let cx = self.desk.context(&here, self.stack.top().id, &[]);
                    Palette::new(self.working(), here.clone(), &cx)
                };
                self.follow(self.stack.top().id, vec![Effect::show(palette)], out);
            }
            Action::Help => {
                let help = Help::new(self.working(), self.here());
                self.follow(self.stack.top().id, vec![Effect::show(help)], out);
            }
            Action::Jobs | Action::Log => self.go_to_own(action, out),
            Action::Quit => self.quit(out),
            Action::Interrupt => self.interrupt(out),
            Action::Suspend => out.push(Outward::Suspend),
            Action::Redraw => out.push(Outward::Redraw),
            Action::Mouse => self.switch_mouse(out),
            Action::Panic => fail_on_purpose(),
            _ => self.open_screen_of(action, out),
        }
    }

    fn go_to_own(&mut self, action: Action, out: &mut Vec<Outward>) {
        let screen = if action == Action::Jobs { views::jobs::NAME } else { views::log::NAME };
        let here = self.here();
        if here.screen != screen {
            let route = Route::new(screen).of_catalog(here.catalog);
            self.follow(self.stack.here().id, vec![Effect::Open(route)], out);
        }
    }

    /// The views of the table at hand are on keys in each of them.
    fn open_screen_of(&mut self, action: Action, out: &mut Vec<Outward>) {
        if let Some(screen) = views::SCREENS.iter().find(|s| s.action == Some(action)) {
            let route = self.here().to_screen(screen.name);
            self.follow(self.stack.here().id, vec![Effect::Open(route)], out);
        }
    }

    /// Closes what is open inside the view, else a dialog, else the view; the first view gives way to what is around it.
    fn back(&mut self, out: &mut Vec<Outward>) {
        let top = self.stack.top_mut();
        if top.view.back() {
            return;
        }
        if top.view.is_dialog() {
            let id = top.id;
            return self.close(id, out);
        }
        if self.stack.back() {
            return;
        }
        match around(&self.here()) {
            Some(route) => self.follow(self.stack.here().id, vec![Effect::Replace(route)], out),
            // What waits to be told is told now.
            None if self.later.is_some() => {}
            None => {
                let quit = self.desk.setup.keymap.shown(Action::Quit).unwrap_or_else(|| ":q".to_string());
                self.tell(Notice::info(format!("this is the first view; {quit} quits")), out);
            }
        }
    }

    fn walk(&mut self, step: fn(&mut super::stack::Stack) -> bool, out: &mut Vec<Outward>) {
        if !step(&mut self.stack) {
            self.tell(Notice::info("no further view there"), out);
        }
    }

    fn switch_mouse(&mut self, out: &mut Vec<Outward>) {
        self.desk.setup.mouse = !self.desk.setup.mouse;
        let told = if self.desk.setup.mouse { "the mouse moves the cursor" } else { "the mouse selects text again" };
        out.push(Outward::Mouse(self.desk.setup.mouse));
        self.tell(Notice::info(told), out);
    }

    /// Cancels what the view waits for; with nothing to cancel asks to quit; asked twice quits.
    fn interrupt(&mut self, out: &mut Vec<Outward>) {
        if self.stack.top().view.is_dialog() {
            let id = self.stack.top().id;
            return self.close(id, out);
        }
        let view = self.stack.here().id;
        let waiting = self.desk.board.running().filter(|job| job.view == view && job.cancel != Cancel::Never);
        let waiting: Vec<_> = waiting.map(|job| (job.id, job.title.clone())).collect();
        if let Some((_, title)) = waiting.first() {
            let told = format!("cancelled: {title}");
            waiting.iter().for_each(|(id, _)| self.cancel(*id, out));
            self.leaving = Leaving::No;
            return self.tell(Notice::info(told), out);
        }
        match self.leaving {
            Leaving::No => {
                self.leaving = Leaving::Asked;
                let key = self.desk.setup.keymap.shown(Action::Interrupt).unwrap_or_else(|| "ctrl-c".to_string());
                self.tell(Notice::warning(format!("{key} once more quits")), out);
            }
            _ => self.leave(out),
        }
    }

    /// Quits; asks before where work is running.
    fn quit(&mut self, out: &mut Vec<Outward>) {
        let running: Vec<_> = self.unfinished().map(|job| (format!("· {}", job.title), Tone::Plain)).collect();
        if running.is_empty() {
            return self.leave(out);
        }
        let count = human::counted(running.len(), "job");
        let mut lines = vec![(format!("{count} still at work:"), Tone::Warning)];
        let more = running.len().saturating_sub(ASKED_ABOUT);
        lines.extend(running.into_iter().take(ASKED_ABOUT));
        if more > 0 {
            lines.push((format!("· and {}", human::counted_as(more, "more", "more")), Tone::Plain));
        }
        let told = "Quitting cancels that; what was staged is removed. A commit on its way is awaited.";
        lines.push((told.into(), Tone::Dim));
        let question = Confirm::new(QUIT, "Quit?", lines);
        self.follow(self.stack.top().id, vec![Effect::show(question)], out);
    }

    /// Quits as soon as nothing runs that must not be cut off; the rest is cancelled.
    pub(super) fn leave(&mut self, out: &mut Vec<Outward>) {
        let unfinished: Vec<_> = self.unfinished().map(|job| (job.id, job.cancel, job.title.clone())).collect();
        let again = self.leaving == Leaving::WhenDone;
        let committing = unfinished.iter().find(|(_, cancel, _)| *cancel == Cancel::Never);
        if unfinished.is_empty() || (again && committing.is_none()) {
            self.leaving = Leaving::Now;
            return;
        }
        self.leaving = Leaving::WhenDone;
        let waits = committing.or(unfinished.first()).map(|(_, _, title)| title.clone()).unwrap_or_default();
        unfinished.iter().for_each(|(id, _, _)| self.cancel(*id, out));
        self.tell(Notice::warning(format!("quits as soon as this is done: {waits}")), out);
    }

    /// The program is told to end: as quitting, without a question. The loop waits only so long.
    pub(super) fn terminate(&mut self, out: &mut Vec<Outward>) {
        self.leave(out);
    }
}

/// What is around the subject of a view, for one that was opened first.
fn around(route: &Route) -> Option<Route> {
    let tables = Route::new(views::tables::NAME).of_catalog(route.catalog.clone());
    match &route.subject {
        Subject::Table(_) => {
            let name = route.table_name()?;
            Some(tables.of_namespace(name.namespace.clone()))
        }
        Subject::Namespace(namespace) => match namespace.parent() {
            Some(parent) => Some(tables.of_namespace(parent)),
            None => views::screen("catalogs").map(|_| Route::new("catalogs").of_catalog(route.catalog.clone())),
        },
        Subject::Nothing => None,
    }
}

/// In debug builds only, where [`Action::Panic`] exists: a journey test sees by it that the terminal is restored.
#[allow(clippy::panic)]
fn fail_on_purpose() {
    if cfg!(debug_assertions) {
        std::panic::panic_any("asked to by :panic");
    }
}
