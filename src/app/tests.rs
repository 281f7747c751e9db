use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::action::{Action, Offer};
use super::board::JobState;
use super::chord::Chord;
use super::effect::{Effect, Notice, Outward, Slot};
use super::event::Event;
use super::keymap::Keymap;
use super::route::Route;
use super::state::{App, CatalogEntry, Setup};
use super::task::{Cancel, Feed, JobId, Part, Report, Task};
use super::theme::Styles;
use super::view::{Context, View, ViewId};
use crate::catalog::Lake;
use crate::{Error, Result};

/// A task that only its tests run.
#[derive(Debug, Clone, Copy)]
struct Work(Cancel);

#[async_trait]
impl Task for Work {
    type Part = u32;

    fn title(&self) -> String {
        "the work".into()
    }

    fn cancel(&self) -> Cancel {
        self.0
    }

    async fn run(&self, _lake: &Lake, _feed: &Feed<u32>) -> Result<()> {
        Ok(())
    }
}

/// A view that starts work when it is opened and writes down what it is told.
#[derive(Debug)]
struct Worker {
    cancel: Cancel,
    told: Arc<std::sync::Mutex<Vec<String>>>,
}

impl View for Worker {
    fn route(&self) -> Route {
        Route::new("worker").of_table("sales.orders".parse().unwrap())
    }

    fn offers(&self, _cx: &Context<'_>) -> Vec<Offer> {
        vec![Action::Refresh.into(), Action::Load.into()]
    }

    fn open(&mut self, _cx: &Context<'_>) -> Vec<Effect> {
        vec![Effect::start(Work(self.cancel))]
    }

    fn act(&mut self, action: Action, _cx: &Context<'_>) -> Vec<Effect> {
        self.told.lock().unwrap().push(action.to_string());
        Vec::new()
    }

    fn report(&mut self, _slot: Slot, report: Report, _cx: &Context<'_>) -> Vec<Effect> {
        let told = match report {
            Report::Part(part) => format!("part {}", part.take::<u32>().unwrap()),
            Report::Done => "done".into(),
            Report::Failed(error) => error.to_string(),
        };
        self.told.lock().unwrap().push(told);
        Vec::new()
    }

    fn render(&mut self, _area: Rect, _buf: &mut Buffer, _cx: &Context<'_>) {}
}

struct Bench {
    app: App,
    told: Arc<std::sync::Mutex<Vec<String>>>,
    out: Vec<String>,
}

fn setup(read_only: bool) -> Setup {
    let keymap = Keymap::load(None).0;
    let catalog = |name: &str| CatalogEntry { name: name.into(), read_only: name == "prod", theme: None };
    Setup {
        keymap,
        plain: Styles::load("sixteen", None).0,
        themes: BTreeMap::from([("dark".to_string(), Styles::load("dark", None).0)]),
        theme: "dark".into(),
        catalogs: vec![catalog("dev"), catalog("prod")],
        called: "icedeck".into(),
        read_only,
        ascii: false,
        mouse: true,
        mistakes: Vec::new(),
        looks_for_open: false,
    }
}

fn short(outward: &Outward) -> Option<String> {
    match outward {
        Outward::Start(id, _) => Some(format!("start {}", id.0)),
        Outward::Cancel(id) => Some(format!("cancel {}", id.0)),
        Outward::Trace(_) => None,
        other => Some(format!("{other:?}").to_lowercase()),
    }
}

impl Bench {
    /// A console on the list of tables (whose reading is job 1), with a working view on top (job 2).
    fn new(cancel: Cancel) -> Self {
        let (mut app, _) = App::new(setup(false), Route::new("tables"), 1000);
        let told = Arc::default();
        let mut out = Vec::new();
        let worker = Worker { cancel, told: Arc::clone(&told) };
        app.follow(ViewId(0), vec![Effect::show(worker)], &mut out);
        let mut bench = Self { app, told, out: Vec::new() };
        bench.report(1, Report::Done);
        assert_eq!(out.iter().filter_map(short).collect::<Vec<_>>(), ["start 2"]);
        bench
    }

    fn happens(&mut self, event: Event) -> Vec<String> {
        let done = self.app.update(event, 2000);
        let done: Vec<_> = done.iter().filter_map(short).collect();
        self.out.extend(done.clone());
        done
    }

    fn press(&mut self, keys: &str) -> Vec<String> {
        let mut done = Vec::new();
        for key in keys.split(' ') {
            let chord: Chord = key.parse().unwrap();
            done = self.happens(Event::Key(KeyEvent::new(chord.code, chord.modifiers)));
        }
        done
    }

    fn report(&mut self, job: u64, report: Report) -> Vec<String> {
        self.happens(Event::Report(JobId(job), report))
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    fn notice(&self) -> &str {
        self.app.notice().map_or("", |n| n.text.as_str())
    }

    fn here(&self) -> &'static str {
        self.app.here().screen
    }
}

fn cancelled() -> Report {
    Report::Failed(Arc::new(Error::cancelled()))
}

#[test]
fn a_late_answer_to_an_older_question_is_dropped() {
    let mut bench = Bench::new(Cancel::Drop);
    bench.report(2, Report::Part(Part::new(7u32)));
    assert_eq!(bench.press("ctrl-r"), ["cancel 2", "start 3"]);
    bench.report(2, Report::Part(Part::new(8u32)));
    bench.report(2, Report::Done);
    bench.report(3, Report::Part(Part::new(9u32)));
    bench.report(3, Report::Done);
    bench.report(3, Report::Part(Part::new(10u32)));
    assert_eq!(bench.told(), ["part 7", "part 9", "done"]);
}

#[test]
fn ctrl_c_cancels_what_the_view_waits_for_then_asks_then_quits() {
    let mut bench = Bench::new(Cancel::Drop);
    assert_eq!(bench.press("ctrl-c"), ["cancel 2"]);
    assert_eq!(bench.notice(), "cancelled: the work");
    bench.report(2, cancelled());
    assert_eq!(bench.told(), ["cancelled"]);
    assert!(bench.press("ctrl-c").is_empty());
    assert_eq!(bench.notice(), "ctrl-c once more quits");
    assert!(bench.press("j").is_empty(), "another key takes it back");
    assert!(bench.press("ctrl-c").is_empty());
    assert_eq!(bench.press("ctrl-c"), ["quit"]);
}

#[test]
fn quitting_asks_while_work_runs_and_waits_until_that_has_cleaned_up() {
    let mut bench = Bench::new(Cancel::Cooperative);
    assert!(bench.press("q").is_empty());
    assert!(bench.press("n").is_empty() && !bench.app.is_leaving());
    assert_eq!(bench.press("q y"), ["cancel 2"]);
    assert_eq!(bench.notice(), "quits as soon as this is done: the work");
    assert_eq!(bench.report(2, cancelled()), ["quit"]);
}

#[test]
fn a_commit_on_its_way_is_neither_cancelled_nor_left() {
    let mut bench = Bench::new(Cancel::Never);
    bench.press("ctrl-c ctrl-c ctrl-c ctrl-c");
    assert!(!bench.app.is_leaving() && !bench.out.iter().any(|o| o.starts_with("cancel")));
    assert!(bench.happens(Event::Terminate).is_empty());
    assert_eq!(bench.report(2, Report::Done), ["quit"]);
}

#[test]
fn being_told_to_end_cancels_and_waits_and_being_told_twice_does_not() {
    let mut bench = Bench::new(Cancel::Cooperative);
    assert_eq!(bench.happens(Event::Terminate), ["cancel 2"]);
    assert_eq!(bench.happens(Event::Terminate), ["quit"]);
}

#[test]
fn nothing_running_quits_at_once() {
    let mut bench = Bench::new(Cancel::Drop);
    assert_eq!(bench.press("q"), ["quit"], "reads need no question");
}

#[test]
fn a_closed_view_drops_its_reads_and_leaves_other_work_alone() {
    for (cancel, done) in [(Cancel::Drop, vec!["cancel 2"]), (Cancel::Cooperative, vec![])] {
        let mut bench = Bench::new(cancel);
        bench.press("esc");
        assert_eq!(bench.here(), "tables");
        bench.out.clear();
        bench.press("J");
        let cancels: Vec<_> = bench.out.iter().filter(|o| o.starts_with("cancel")).collect();
        assert_eq!(cancels, done, "{cancel:?}: what lay ahead in the history is closed now");
    }
}

#[test]
fn history_walks_back_forward_and_to_the_last_view() {
    let mut bench = Bench::new(Cancel::Drop);
    bench.press("J");
    assert_eq!(bench.here(), "jobs");
    bench.press("[ [");
    assert_eq!(bench.here(), "tables");
    bench.press("]");
    assert_eq!(bench.here(), "worker");
    bench.press("-");
    assert_eq!(bench.here(), "tables");
    bench.press("-");
    assert_eq!(bench.here(), "worker");
}

#[test]
fn the_first_view_gives_way_to_what_is_around_it() {
    let start = Route::new("snapshots").of_table("sales.eu.orders".parse().unwrap());
    let (app, _) = App::new(setup(false), start, 0);
    let mut bench = Bench { app, told: Arc::default(), out: Vec::new() };
    let mut walked = Vec::new();
    for _ in 0..5 {
        bench.press("esc");
        walked.push(bench.app.here().to_string());
    }
    assert_eq!(walked, ["tables sales.eu", "tables sales", "tables", "catalogs", "catalogs"]);
    assert_eq!(bench.notice(), "this is the first view; q quits");
}

#[test]
fn writing_verbs_are_hidden_where_one_may_not_write() {
    let mut bench = Bench::new(Cancel::Drop);
    bench.press("L");
    assert_eq!(bench.told(), ["load"]);
    let mut bench = Bench::new(Cancel::Drop);
    bench.app.desk.setup.read_only = true;
    bench.press("L");
    assert!(bench.told().is_empty());
    assert!(!bench.app.working().iter().any(|offer| offer.action.writes()));
    bench.app.ask(Action::Load, &mut Vec::new());
    assert_eq!(bench.notice(), "load: this connection is read-only");
}

#[test]
fn a_command_line_names_the_catalog_where_it_could_be_another() {
    let mut bench = Bench::new(Cancel::Drop);
    let called = |bench: &Bench| bench.app.desk.context(&bench.app.here(), ViewId(0), &[]).called();
    bench.press(": c t x space p enter");
    assert_eq!(called(&bench), "icedeck --catalog prod");
    bench.app.desk.setup.catalogs.remove(0);
    bench.app.desk.setup.called = "icedeck --home '/my lake'".into();
    assert_eq!(called(&bench), "icedeck --home '/my lake'");
}

#[test]
fn the_command_line_completes_runs_and_tells_mistakes() {
    let mut bench = Bench::new(Cancel::Drop);
    bench.press(": c t x space p tab enter");
    assert_eq!(bench.app.here().catalog.as_deref(), Some("prod"));
    assert!(bench.app.is_read_only());
    bench.press(": c t x space n o enter");
    assert_eq!(bench.notice(), "no catalog is named \"no\" · there are: dev, prod");
    bench.press(": f l y enter");
    assert!(bench.notice().starts_with("no view or action is named \"fly\""), "{}", bench.notice());
    bench.press(": l o g enter");
    assert_eq!(bench.here(), "log");
    assert_eq!(bench.press(": q enter"), ["quit"]);
}

/// Mistakes in the user's files and what is open are both told, one after the other.
#[test]
fn what_is_open_is_told_after_mistakes() {
    let mistakes = vec![Error::invalid("no action is named \"fly\""), Error::invalid("no theme is named \"x\"")];
    let setup = Setup { mistakes, looks_for_open: true, ..setup(false) };
    let (app, _) = App::new(setup, Route::new("tables"), 0);
    let mut bench = Bench { app, told: Arc::default(), out: Vec::new() };
    bench.report(2, Report::Part(Part::new(Notice::warning("1 load is open: :recover"))));
    bench.report(2, Report::Done);
    bench.press("j");
    assert_eq!(bench.notice(), "2 mistakes: :mistakes · no action is named \"fly\"");
    bench.press("esc");
    assert_eq!(bench.notice(), "1 load is open: :recover");
    bench.press("ctrl-r");
    assert_eq!(bench.notice(), "");
}

#[test]
fn the_newest_word_counts() {
    let mut bench = Bench::new(Cancel::Drop);
    let error = Notice::error(&Error::invalid("it broke"));
    bench.app.tell(error.clone(), &mut Vec::new());
    bench.press("j ?");
    assert_eq!(bench.notice(), "it broke", "looking around leaves it");
    bench.press("esc");
    assert_eq!(bench.notice(), "");
    bench.app.tell(error, &mut Vec::new());
    bench.app.tell(Notice::info("done"), &mut Vec::new());
    assert_eq!(bench.notice(), "done");
}

#[test]
fn a_dialog_gets_the_keys_and_esc_closes_it() {
    let mut bench = Bench::new(Cancel::Drop);
    bench.press("?");
    assert!(bench.app.stack.top().view.is_dialog());
    bench.press("esc");
    assert!(!bench.app.stack.top().view.is_dialog());
    bench.press(": q");
    assert!(!bench.app.is_leaving(), "q is text there");
    bench.press("ctrl-c");
    assert!(!bench.app.stack.top().view.is_dialog());
}

#[test]
fn suspend_redraw_and_mouse_are_asked_of_the_world() {
    let mut bench = Bench::new(Cancel::Drop);
    assert_eq!(bench.press("ctrl-z"), ["suspend"]);
    assert_eq!(bench.press("ctrl-l"), ["redraw"]);
    assert_eq!(bench.press("M"), ["mouse(false)"]);
    assert_eq!(bench.press("M"), ["mouse(true)"]);
}

#[test]
fn an_ended_job_stays_on_the_board() {
    let mut bench = Bench::new(Cancel::Drop);
    bench.report(2, Report::Failed(Arc::new(Error::bug("it broke"))));
    let states: Vec<_> = bench.app.jobs().entries().iter().map(|j| matches!(j.state, JobState::Failed(_))).collect();
    assert_eq!(states, [false, true]);
    assert_eq!(bench.told(), ["it broke"]);
}

#[test]
fn every_size_can_be_drawn() {
    for (width, height) in [(20, 5), (1, 1), (80, 24), (200, 60), (5, 40), (300, 3), (0, 0)] {
        for keys in ["j", "?", ":", ": x", "/", "J", "@", "J y"] {
            let mut bench = Bench::new(Cancel::Drop);
            bench.press("esc");
            bench.press(keys);
            let area = Rect::new(0, 0, width, height);
            bench.app.render(area, &mut Buffer::empty(area));
        }
    }
}

#[test]
fn a_key_that_is_let_go_does_nothing() {
    let mut bench = Bench::new(Cancel::Drop);
    let mut key = KeyEvent::from(KeyCode::Char('q'));
    key.kind = crossterm::event::KeyEventKind::Release;
    assert!(bench.happens(Event::Key(key)).is_empty());
    assert!(!bench.app.is_leaving());
}
