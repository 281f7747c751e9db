//! Starts the console: reads the user's files, takes the terminal, listens to signals, runs the loop.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::task::Poll;
use std::time::Duration;

use crossterm::event::EventStream;
use futures::stream::{self, Stream, StreamExt};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::command_log;
use super::effect::Sent;
use super::event_loop::{EventLoop, Incoming, World};
use super::keymap::Keymap;
use super::route::Route;
use super::settings::{Source, line_of};
use super::state::{App, CatalogEntry, Setup};
use super::terminal::Guard;
use super::theme::{self, Styles};
use crate::catalog::Lake;
use crate::env::Env;
use crate::table::TableAddress;
use crate::{Error, Kind, Result, views};

/// What the command line says of the console; what it does not say, the configuration does.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Hide every writing verb.
    pub read_only: bool,
    /// Draw without colours.
    pub no_color: bool,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// Leave the mouse to the terminal.
    pub no_mouse: bool,
    /// Use this theme.
    pub theme: Option<String>,
}

/// The user's own files are small; what is larger is none of them.
const MOST_BYTES: u64 = 1 << 20;
/// How often views look whether they are stale, where the configuration does not say.
const BETWEEN_CHECKS: Duration = Duration::from_secs(60);

/// The view to start with: a table, or the catalog's namespaces.
pub fn start_route(catalog: Option<String>, table: Option<TableAddress>) -> Route {
    match table {
        Some(address) => Route::new("overview").of_catalog(catalog).of_table(address),
        None => Route::new(views::START).of_catalog(catalog),
    }
}

/// Runs the console until the operator leaves it. The terminal is given back whatever happens.
///
/// # Errors
/// Unavailable where there is no terminal, or it is gone.
pub async fn run(lake: Lake, start: Route, options: Options) -> Result<()> {
    let setup = setup(&lake, &options);
    let mut guard = Guard::take(setup.mouse)?;
    let mut terminal = guard.terminal()?;
    let input = incoming()?;
    let (app, first) = App::new(setup, start, lake.env().now_ms());
    let log = command_log::path(lake.env());
    let mut world = Outside { guard: &mut guard, log };
    let between = match lake.settings().refresh_seconds {
        None => Some(BETWEEN_CHECKS),
        Some(0) => None,
        Some(seconds) => Some(Duration::from_secs(seconds)),
    };
    let ended = EventLoop::new(lake, app, first, &mut terminal, &mut world).checking(between).run(input).await;
    drop(terminal);
    ended.map(drop)
}

/// Keys, themes and catalogs, and what is wrong with the user's files.
pub fn setup(lake: &Lake, options: &Options) -> Setup {
    let (env, settings) = (lake.env(), lake.settings());
    let mut problems = Vec::new();
    let keymap = keymap(env, settings.keymap.as_deref(), &mut problems);
    let catalogs: Vec<_> = catalogs(lake);
    let theme = options.theme.clone().or(settings.theme.clone()).unwrap_or_else(|| theme_for(env).to_string());
    let wanted = catalogs.iter().filter_map(|c| c.theme.clone()).chain([theme.clone()]);
    let mut themes = themes(env, wanted, &mut problems);
    if options.no_color || env.var("NO_COLOR").is_some() {
        themes = themes.into_iter().map(|(name, styles)| (name, styles.without_colours())).collect();
    }
    Setup {
        keymap,
        plain: Styles::load("sixteen", None).0,
        themes,
        theme,
        catalogs,
        called: lake.called().to_string(),
        read_only: options.read_only || settings.read_only,
        ascii: options.ascii || settings.ascii.unwrap_or(false),
        mouse: !options.no_mouse && settings.mouse.unwrap_or(true),
        looks_for_open: true,
        mistakes: problems,
    }
}

/// The default one first: it is meant where none is named.
fn catalogs(lake: &Lake) -> Vec<CatalogEntry> {
    let mut infos = lake.catalogs();
    infos.sort_by_key(|info| info.name != lake.default_catalog());
    let entry = |info: crate::catalog::CatalogInfo| CatalogEntry {
        name: info.name,
        read_only: info.read_only,
        theme: info.theme,
    };
    infos.into_iter().map(entry).collect()
}

fn keymap(env: &Env, named: Option<&Path>, problems: &mut Vec<Error>) -> Keymap {
    let usual = env.paths().config.join("keymap.toml");
    let path = named.unwrap_or(&usual);
    let text = read(path, problems);
    if text.is_none() && named.is_some() {
        problems.push(Error::not_found("the keymap of the configuration does not exist").with("file", path.display()));
    }
    let file = path.display().to_string();
    let (keymap, more) = Keymap::load(text.as_deref().map(|text| Source { file: &file, text }));
    problems.extend(more);
    keymap
}

/// The embedded themes, the user's own, and those that are named somewhere.
fn themes(env: &Env, wanted: impl Iterator<Item = String>, problems: &mut Vec<Error>) -> BTreeMap<String, Styles> {
    let folder = env.paths().config.join("themes");
    let own = fs::read_dir(&folder).into_iter().flatten().flatten().filter_map(|entry| {
        let path = entry.path();
        let is_toml = path.extension().is_some_and(|e| e == "toml");
        is_toml.then(|| path.file_stem().map(|s| s.to_string_lossy().into_owned())).flatten()
    });
    let embedded = theme::EMBEDDED.iter().map(|(name, _)| (*name).to_string());
    let names: std::collections::BTreeSet<String> = embedded.chain(own.take(100)).chain(wanted).collect();
    let mut themes = BTreeMap::new();
    for name in names {
        // A theme's name is a file's name, not a path.
        let is_name = !name.contains(['/', '\\']) && name != "..";
        let path = folder.join(format!("{name}.toml"));
        let text = if is_name { read(&path, problems) } else { None };
        let file = path.display().to_string();
        let (styles, more) = Styles::load(&name, text.as_deref().map(|text| Source { file: &file, text }));
        problems.extend(more);
        themes.insert(name, styles);
    }
    themes
}

/// The text of a user's file; nothing where there is none. What cannot be read is a problem to tell, and counts as empty.
fn read(path: &Path, problems: &mut Vec<Error>) -> Option<String> {
    let read = fs::File::open(path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut bytes).map(|_| bytes)
    });
    let problem = match read.map(String::from_utf8) {
        Ok(Ok(text)) => return Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => Error::new(Kind::Denied, format!("cannot read: {error}")).with("file", path.display()),
        Ok(Err(error)) => {
            let line = line_of(error.as_bytes(), error.utf8_error().valid_up_to());
            Error::invalid("not UTF-8").with("file", path.display()).with("line", line).hint("save it as UTF-8")
        }
    };
    problems.push(problem);
    Some(String::new())
}

/// A theme that the terminal can show, as far as the environment tells.
fn theme_for(env: &Env) -> &'static str {
    let term = env.var("TERM").unwrap_or_default();
    let rich = ["256color", "direct", "kitty", "alacritty", "ghostty", "wezterm", "foot"];
    let is_rich = env.var("COLORTERM").is_some() || rich.iter().any(|name| term.contains(name));
    if is_rich { "dark" } else { "sixteen" }
}

/// What the terminal and the system say.
fn incoming() -> Result<impl Stream<Item = Incoming> + Unpin> {
    let keys = EventStream::new().take_while(|event| std::future::ready(event.is_ok()));
    let keys = keys.filter_map(|event| std::future::ready(event.ok().map(Incoming::Input)));
    let signals = [
        (SignalKind::terminate(), true),
        (SignalKind::hangup(), true),
        (SignalKind::interrupt(), true),
        (SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()), false),
    ];
    let mut heard = Vec::new();
    for (kind, ends) in signals {
        let listening =
            signal(kind).map_err(|e| Error::new(Kind::Unavailable, "cannot listen to signals").caused_by(e))?;
        heard.push(signals_of(listening, ends).boxed());
    }
    // The end of the keys is the end of all: signals alone never end.
    let keys = keys.map(Some).chain(stream::iter([None]));
    let merged = stream::select(keys, stream::select_all(heard).map(Some));
    Ok(Box::pin(merged.take_while(|incoming| std::future::ready(incoming.is_some())).filter_map(std::future::ready)))
}

fn signals_of(mut listening: Signal, ends: bool) -> impl Stream<Item = Incoming> {
    stream::poll_fn(move |cx| match listening.poll_recv(cx) {
        Poll::Ready(Some(())) => Poll::Ready(Some(if ends { Incoming::Terminate } else { Incoming::Continued })),
        Poll::Ready(None) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
}

/// The world of a console on a real terminal.
struct Outside<'a> {
    guard: &'a mut Guard,
    log: PathBuf,
}

impl World for Outside<'_> {
    fn copy(&mut self, text: &str) -> Result<()> {
        self.guard.copy(text)
    }

    fn set_mouse(&mut self, on: bool) -> Result<()> {
        self.guard.set_mouse(on)
    }

    fn suspend(&mut self) -> Result<()> {
        self.guard.suspend()
    }

    fn resume(&mut self) -> Result<()> {
        self.guard.resume()
    }

    fn log(&mut self, sent: &Sent) -> Result<()> {
        command_log::append(&self.log, sent)
    }
}
