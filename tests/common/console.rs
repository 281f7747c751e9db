//! Runs the console's real loop on a screen in memory, with scripted keys. Each key is pressed when the loop has come
//! to rest: everything handled and drawn, no job running. There is nothing to sleep for.

use std::collections::VecDeque;

use crossterm::event::{Event, KeyEvent};
use futures::future::BoxFuture;
use futures::stream;
use icedeck::app::Options;
use icedeck::app::chord::Chord;
use icedeck::app::effect::Sent;
use icedeck::app::event_loop::{EventLoop, Incoming, World};
use icedeck::app::route::Route;
use icedeck::app::start::setup;
use icedeck::app::state::App;
use icedeck::catalog::Lake;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// What the console asked of the world.
#[derive(Debug, Default)]
pub struct Asked {
    pub copied: Vec<String>,
    pub suspended: usize,
    pub resumed: usize,
    pub mouse: Vec<bool>,
    pub logged: Vec<Sent>,
}

impl World for Asked {
    fn copy(&mut self, text: &str) -> icedeck::Result<()> {
        self.copied.push(text.to_string());
        Ok(())
    }

    fn set_mouse(&mut self, on: bool) -> icedeck::Result<()> {
        self.mouse.push(on);
        Ok(())
    }

    fn suspend(&mut self) -> icedeck::Result<()> {
        self.suspended += 1;
        Ok(())
    }

    fn resume(&mut self) -> icedeck::Result<()> {
        self.resumed += 1;
        Ok(())
    }

    fn log(&mut self, sent: &Sent) -> icedeck::Result<()> {
        self.logged.push(sent.clone());
        Ok(())
    }
}

/// How it ended.
#[derive(Debug)]
pub struct Played {
    /// The last screen.
    pub screen: String,
    /// The state.
    pub app: App,
    /// What was asked of the world.
    pub asked: Asked,
}

/// A run of the console about to start.
pub struct Console {
    pub lake: Lake,
    pub start: Route,
    pub width: u16,
    pub height: u16,
    pub options: Options,
    /// Is done when everything before the last key has settled.
    pub before_last: Option<BoxFuture<'static, ()>>,
}

impl Console {
    /// At 80x24, at the first view.
    pub fn new(lake: &Lake) -> Self {
        let start = icedeck::app::start_route(None, None);
        Self { lake: lake.clone(), start, width: 80, height: 24, options: Options::default(), before_last: None }
    }

    /// At another size.
    pub fn size(mut self, width: u16, height: u16) -> Self {
        (self.width, self.height) = (width, height);
        self
    }

    /// At another view: a line of the command line.
    pub fn at(mut self, start: Route) -> Self {
        self.start = start;
        self
    }

    /// Presses keys, written as in the keymap with spaces between them. A word in single quotes is typed letter by
    /// letter.
    pub async fn play(self, keys: &str) -> Played {
        self.play_events(keys.split(' ').filter(|k| !k.is_empty()).flat_map(presses).collect()).await
    }

    /// The same with any events.
    pub async fn play_events(self, events: Vec<Event>) -> Played {
        let shell = setup(&self.lake, &self.options);
        let (app, first) = App::new(shell, self.start, self.lake.env().now_ms());
        let mut terminal = Terminal::new(TestBackend::new(self.width, self.height)).unwrap();
        let mut asked = Asked::default();
        let running = EventLoop::new(self.lake, app, first, &mut terminal, &mut asked);
        let settled = running.settled();
        let state = (VecDeque::from(events), settled, self.before_last);
        let script = stream::unfold(state, |(mut events, mut settled, mut before_last)| async move {
            settled.changed().await.ok()?;
            let next = events.pop_front()?;
            if let Some(work) = before_last.take_if(|_| events.is_empty()) {
                work.await;
            }
            Some((Incoming::Input(next), (events, settled, before_last)))
        });
        let app = running.run(Box::pin(script)).await.unwrap();
        Played { screen: screen(&terminal), app, asked }
    }
}

fn presses(word: &str) -> Vec<Event> {
    let press = |chord: Chord| Event::Key(KeyEvent::new(chord.code, chord.modifiers));
    match word.strip_prefix('\'').and_then(|w| w.strip_suffix('\'')) {
        Some(typed) => typed.chars().map(|c| press(c.to_string().parse().unwrap())).collect(),
        None => vec![press(word.parse().unwrap())],
    }
}

/// The screen as lines, without the blanks at their ends.
pub fn screen(terminal: &Terminal<TestBackend>) -> String {
    let buffer = terminal.backend().buffer();
    let mut lines = Vec::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut hidden = 0;
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if hidden > 0 {
                hidden -= 1;
                continue;
            }
            hidden = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        lines.push(line.trim_end().to_string());
    }
    lines.join("\n")
}
