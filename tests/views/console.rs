//! The console without a terminal, a clock and threads: keys in, screens out. Jobs wait until the test answers them or
//! has them run to their end against a real lake.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent, MouseEventKind};
use icedeck::Error;
use icedeck::app::chord::Chord;
use icedeck::app::effect::Outward;
use icedeck::app::event::Event;
use icedeck::app::keymap::Keymap;
use icedeck::app::route::Route;
use icedeck::app::state::{App, CatalogEntry, Setup};
use icedeck::app::task::{AnyTask, JobId, Part, Report};
use icedeck::app::theme::Styles;
use icedeck::catalog::Lake;
use icedeck::monitor::{Monitor, Progress};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::mpsc;

use crate::common::lake::START_MS;

/// A console and the jobs that it has started.
pub struct Console {
    pub app: App,
    pub now_ms: i64,
    jobs: Vec<(JobId, Arc<dyn AnyTask>)>,
    pub copied: Vec<String>,
}

pub fn setup(catalogs: &[&str]) -> Setup {
    let (styles, problems) = Styles::load("dark", None);
    assert!(problems.is_empty(), "{problems:?}");
    let entry = |name: &&str| CatalogEntry { name: name.to_string(), read_only: false, theme: None };
    Setup {
        keymap: Keymap::load(None).0,
        themes: BTreeMap::from([("dark".to_string(), styles.clone())]),
        plain: styles,
        theme: "dark".into(),
        catalogs: catalogs.iter().map(entry).collect(),
        called: "icedeck".into(),
        read_only: false,
        ascii: false,
        mouse: false,
        mistakes: Vec::new(),
        looks_for_open: false,
    }
}

impl Console {
    /// A console at this view.
    pub fn at(route: Route) -> Self {
        Self::with(setup(&["prod", "local"]), route)
    }

    pub fn with(setup: Setup, route: Route) -> Self {
        let (app, outward) = App::new(setup, route, START_MS);
        let mut console = Self { app, now_ms: START_MS, jobs: Vec::new(), copied: Vec::new() };
        console.take(outward);
        console
    }

    fn take(&mut self, outward: Vec<Outward>) {
        for out in outward {
            match out {
                Outward::Start(id, task) => self.jobs.push((id, task)),
                Outward::Cancel(id) => self.jobs.retain(|(job, _)| *job != id),
                Outward::Copy(text) => self.copied.push(text),
                _ => {}
            }
        }
    }

    fn update(&mut self, event: Event) {
        let outward = self.app.update(event, self.now_ms);
        self.take(outward);
    }

    /// Presses keys, named as in the keymap, with spaces between.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            let chord: Chord = key.parse().unwrap();
            self.update(Event::Key(KeyEvent::new(chord.code, chord.modifiers)));
        }
        self
    }

    /// The mouse does something at a place, which may be none of the screen.
    pub fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) -> &mut Self {
        let modifiers = crossterm::event::KeyModifiers::NONE;
        self.update(Event::Mouse(MouseEvent { kind, column, row, modifiers }));
        self
    }

    /// Types a text, character by character.
    pub fn type_text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            let key = KeyEvent::new(crossterm::event::KeyCode::Char(c), crossterm::event::KeyModifiers::NONE);
            self.update(Event::Key(key));
        }
        self
    }

    /// The interval is over after which a view looks whether it is stale.
    pub fn check(&mut self) -> &mut Self {
        self.update(Event::Check);
        self
    }

    /// The newest job sends a part.
    pub fn send<T: Send + 'static>(&mut self, part: T) -> &mut Self {
        let id = self.jobs.last().expect("a job runs").0;
        self.update(Event::Report(id, Report::Part(Part::new(part))));
        self
    }

    /// The newest job is so far.
    pub fn progress(&mut self, progress: Progress) -> &mut Self {
        let id = self.jobs.last().expect("a job runs").0;
        self.update(Event::Progress(vec![(id, progress)]));
        self
    }

    /// The newest job is done.
    pub fn done(&mut self) -> &mut Self {
        let (id, _) = self.jobs.pop().expect("a job runs");
        self.update(Event::Report(id, Report::Done));
        self
    }

    /// The newest job fails.
    pub fn fail(&mut self, error: Error) -> &mut Self {
        let (id, _) = self.jobs.pop().expect("a job runs");
        self.update(Event::Report(id, Report::Failed(Arc::new(error))));
        self
    }

    /// Runs every job to its end, and those that follow from them.
    pub async fn settle(&mut self, lake: &Lake) -> &mut Self {
        while let Some((id, task)) = self.jobs.pop() {
            let (out, mut reports) = mpsc::channel(64);
            let lake = lake.clone();
            let running = tokio::spawn(async move { task.run(&lake, Monitor::new(), id, out).await });
            while let Some((id, report)) = reports.recv().await {
                self.update(Event::Report(id, report));
            }
            let report = match running.await.unwrap() {
                Ok(()) => Report::Done,
                Err(error) => Report::Failed(Arc::new(error)),
            };
            self.update(Event::Report(id, report));
        }
        self
    }

    /// What is on the screen, line by line. Nothing on it is unsafe.
    pub fn screen(&mut self, width: u16, height: u16) -> String {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        self.app.render(area, &mut buf);
        let lines: Vec<String> = (0..height).map(|y| line(&buf, y)).collect();
        let told = lines.join("\n");
        let bad = told.chars().find(|c| *c != '\n' && icedeck::table::text::is_unsafe(*c));
        assert!(bad.is_none(), "{bad:?} on the screen:\n{told}");
        told
    }

    /// Draws at sizes that no view must break at.
    pub fn survives(&mut self) -> &mut Self {
        for (width, height) in [(20, 5), (1, 1), (3, 2), (10, 3), (40, 8), (80, 24), (100, 28), (200, 60)] {
            self.screen(width, height);
        }
        self
    }
}

fn line(buf: &Buffer, y: u16) -> String {
    let mut line = String::new();
    let mut covered = 0;
    for x in 0..buf.area.width {
        let symbol = buf[(x, y)].symbol();
        if covered == 0 {
            line.push_str(symbol);
            covered = unicode_width::UnicodeWidthStr::width(symbol).max(1);
        }
        covered -= 1;
    }
    line.trim_end().to_string()
}
