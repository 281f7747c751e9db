//! Does what views ask for: what concerns the state here, what concerns the world as [`Outward`].

use super::board::JobState;
use super::command;
use super::dispatch::QUIT;
use super::effect::{Answer, Effect, Notice, Outward};
use super::route::Route;
use super::stack::Open;
use super::state::{App, Leaving, make};
use super::task::{Cancel, JobId};
use super::view::{View, ViewId};
use crate::Error;
use crate::views;

/// So many views with unfinished work are kept.
const KEPT: usize = 8;

impl App {
    /// Does what the view of this number asks for.
    pub(super) fn follow(&mut self, from: ViewId, effects: Vec<Effect>, out: &mut Vec<Outward>) {
        for effect in effects {
            self.follow_one(from, effect, out);
        }
    }

    fn follow_one(&mut self, from: ViewId, effect: Effect, out: &mut Vec<Outward>) {
        match effect {
            Effect::Open(route) => self.open(&route, false, out),
            Effect::Replace(route) => self.open(&route, true, out),
            Effect::Show(view) => self.show(view, out),
            Effect::Close => self.close(from, out),
            Effect::Answer(topic, answer) => self.answer(from, topic, answer, out),
            Effect::Start(slot, task) => self.start(from, slot, task, out),
            Effect::Cancel(slot) => {
                if let Some(id) = self.desk.board.running_in(from, slot).map(|job| job.id) {
                    self.cancel(id, out);
                }
            }
            Effect::CancelJob(id) => self.cancel(id, out),
            Effect::Copy(text) => self.copy(text, out),
            Effect::Notice(notice) => self.tell(notice, out),
            Effect::Log(sent) => {
                self.desk.log.push(sent.clone());
                out.push(Outward::Log(sent));
            }
            Effect::Act(action) => self.ask(action, out),
            Effect::ActWith(action, words) => self.ask_with(action, &words, out),
            Effect::Command(line) => self.command(&line, out),
            Effect::UseCatalog(name) => self.use_catalog(name, out),
            Effect::UseTheme(name) => self.use_theme(name, out),
            Effect::Quit => self.leave(out),
        }
    }

    /// A view or dialog without an address; a dialog lies over the rest.
    fn show(&mut self, view: Box<dyn View>, out: &mut Vec<Outward>) {
        let open = self.new_open(view);
        let id = open.id;
        if open.view.is_dialog() {
            self.stack.show(open);
        } else {
            let closed = self.stack.open(open);
            self.closed(closed, out);
        }
        self.open_view(id, out);
    }

    fn open(&mut self, route: &Route, replace: bool, out: &mut Vec<Outward>) {
        if let Some(why) = self.refused(route) {
            return self.tell(Notice::warning(why), out);
        }
        let begun = self.begun(route, out);
        let is_begun = begun.is_some();
        let view = match begun.map_or_else(|| make(route), Ok) {
            Ok(view) => view,
            Err(error) => return self.tell(Notice::error(&error), out),
        };
        self.notice = None;
        if let Some(detail) = &route.detail {
            self.desk.remember(route.screen, detail);
        }
        let open = self.new_open(view);
        let id = open.id;
        let closed = if replace { self.stack.replace(open) } else { self.stack.open(open) };
        self.closed(closed, out);
        self.open_view(id, out);
        if is_begun {
            self.tell(Notice::info(format!("this {} is as you left it", route.screen)), out);
        }
    }

    /// The view of this address that holds unfinished work, wherever it was left.
    fn begun(&mut self, route: &Route, out: &mut Vec<Outward>) -> Option<Box<dyn View>> {
        let is_it = |open: &Open| open.view.is_unfinished() && open.view.route() == *route;
        if let Some(open) = self.stack.take(is_it) {
            self.forget_all_of(open.id, out);
            return Some(open.view);
        }
        let at = self.kept.iter().position(is_it)?;
        Some(self.kept.remove(at).view)
    }

    /// Closes a view or dialog.
    pub(super) fn close(&mut self, id: ViewId, out: &mut Vec<Outward>) {
        let closed = self.stack.close(id);
        self.closed(closed.into_iter().collect(), out);
    }

    /// Their reads are dropped; what the operator has not finished is kept for when its address is opened again.
    fn closed(&mut self, closed: Vec<Open>, out: &mut Vec<Outward>) {
        for open in closed {
            self.forget_all_of(open.id, out);
            if open.view.is_unfinished() {
                self.kept.push(open);
            }
        }
        let too_many = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..too_many);
    }

    fn forget_all_of(&mut self, view: ViewId, out: &mut Vec<Outward>) {
        let jobs: Vec<_> = self.desk.board.running().filter(|j| j.view == view).map(|j| j.id).collect();
        jobs.into_iter().for_each(|job| self.forget(job, out));
    }

    fn answer(&mut self, from: ViewId, topic: &'static str, answer: Answer, out: &mut Vec<Outward>) {
        self.close(from, out);
        if topic == QUIT {
            return self.leave(out);
        }
        self.with_top(out, |view, cx| view.answer(topic, answer, cx));
    }

    /// Cancels a job in the way that its task allows.
    pub(super) fn cancel(&mut self, id: JobId, out: &mut Vec<Outward>) {
        let Some(job) = self.desk.board.get_mut(id).filter(|job| job.is_running()) else { return };
        match job.cancel {
            Cancel::Never => {
                let told = format!("{} cannot be cancelled: the request has left", job.title);
                self.tell(Notice::warning(told), out);
            }
            // The report of its end comes from the job itself.
            Cancel::Drop | Cancel::Cooperative => {
                job.state = JobState::Cancelling;
                out.push(Outward::Cancel(id));
            }
        }
    }

    fn copy(&mut self, text: String, out: &mut Vec<Outward>) {
        let first = text.lines().next().unwrap_or_default().to_string();
        let lines = text.lines().count();
        let shown = views::widgets::text::safe(&first).into_owned();
        let shown = views::widgets::text::fit(&shown, 50).into_owned();
        out.push(Outward::Copy(text));
        let told = if lines > 1 { format!("copied {lines} lines") } else { format!("copied {shown}") };
        self.tell(Notice::info(told), out);
    }

    fn command(&mut self, line: &str, out: &mut Vec<Outward>) {
        match command::parse(line, &self.here()) {
            Ok(None) => {}
            Ok(Some(effect)) => {
                self.notice = None;
                self.follow_one(self.stack.top().id, effect, out);
            }
            Err(error) => self.tell(Notice::error(&error), out),
        }
    }

    fn use_catalog(&mut self, name: String, out: &mut Vec<Outward>) {
        if self.desk.setup.catalogs.iter().any(|c| c.name == name) {
            return self.open(&Route::new(views::tables::NAME).of_catalog(Some(name)), false, out);
        }
        let known: Vec<_> = self.desk.setup.catalogs.iter().map(|c| c.name.as_str()).collect();
        let error = Error::not_found(format!("no catalog is named {name:?}")).hint(there_are(&known));
        self.tell(Notice::error(&error), out);
    }

    fn use_theme(&mut self, name: String, out: &mut Vec<Outward>) {
        if self.desk.setup.themes.contains_key(&name) {
            self.desk.setup.theme = name;
            // The operator's word counts for more than what the catalogs carry.
            self.desk.setup.catalogs.iter_mut().for_each(|c| c.theme = None);
            return;
        }
        let known: Vec<_> = self.desk.setup.themes.keys().map(String::as_str).collect();
        let error = match name.as_str() {
            "" => Error::invalid("which theme?"),
            name => Error::not_found(format!("no theme is named {name:?}")),
        };
        let error = error.hint(there_are(&known));
        self.tell(Notice::error(&error), out);
    }

    /// Whether the loop shall end.
    pub fn is_leaving(&self) -> bool {
        self.leaving == Leaving::Now
    }
}

/// `there is: dev`, `there are: dev, prod`.
fn there_are(names: &[&str]) -> String {
    let is = if names.len() == 1 { "is" } else { "are" };
    format!("there {is}: {}", names.join(", "))
}
