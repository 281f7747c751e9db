//! The command log: each change that a console sent, in this session and in earlier ones, as the exact request and as
//! the equivalent command line. Sends nothing.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::list::List;
use super::raw::RawView;
use super::widgets::human;
use super::widgets::listing::{Look, Sort};
use super::widgets::shown::{Column, Fact, Shown};
use crate::app::action::{Action, Offer};
use crate::app::command_log;
use crate::app::effect::{Effect, Sent};
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::catalog::Lake;
use crate::table::Moment;
use crate::{Error, Result};

/// Its name on the command line.
pub const NAME: &str = "log";

/// The detail shows so many lines of a request; the whole of it is a key away.
const REQUEST_LINES: usize = 200;

/// The list.
#[derive(Debug, Clone)]
pub struct Log {
    /// Its address.
    pub route: Route,
    /// The changes of this session.
    pub session: Vec<Sent>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A change that was sent.
    Change(Sent),
    /// So many lines of the log's file could not be understood.
    Damaged {
        /// How many.
        lines: usize,
        /// The file.
        file: String,
    },
}

impl Line {
    fn change(&self) -> Option<&Sent> {
        match self {
            Line::Change(sent) => Some(sent),
            Line::Damaged { .. } => None,
        }
    }
}

impl Look for Log {
    type Row = Line;

    fn columns(&self, _sample: Option<&Line>) -> Vec<Column> {
        vec![Column::new("when"), Column::new("outcome"), Column::new("what")]
    }

    /// The same change, from the file and from this session, is one.
    fn key(&self, row: &Line) -> String {
        match row {
            Line::Change(sent) => format!("{} {} {}", sent.at_ms, sent.what, sent.command),
            Line::Damaged { .. } => "damaged".into(),
        }
    }

    fn show(&self, row: &Line, now_ms: i64) -> Vec<Shown> {
        match row {
            Line::Change(sent) => vec![Shown::ago(sent.at_ms, now_ms), outcome(sent), Shown::text(&sent.what)],
            Line::Damaged { lines, .. } => {
                let told = format!("{} of the log cannot be read and are left out", human::counted(*lines, "line"));
                let told = Shown::text(told).tone(Tone::Warning);
                vec![Shown::missing(), Shown::word("damaged").tone(Tone::Warning), told]
            }
        }
    }
}

fn outcome(sent: &Sent) -> Shown {
    let tone = match sent.outcome.as_str() {
        "committed" => Tone::Added,
        "unknown" => Tone::Warning,
        _ => Tone::Danger,
    };
    Shown::text(&sent.outcome).tone(tone)
}

#[async_trait]
impl List for Log {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<Line>>) -> Result<()> {
        let path = command_log::path(lake.env());
        let file = path.display().to_string();
        let read = tokio::task::spawn_blocking(move || command_log::read(&path)).await;
        let earlier = read.map_err(|e| Error::bug("reading the command log broke off").caused_by(e))??;
        let damaged = (earlier.damaged > 0).then_some(Line::Damaged { lines: earlier.damaged, file });
        let changes = earlier.changes.into_iter().chain(self.session.clone()).map(Line::Change);
        feed.send(changes.chain(damaged).collect()).await
    }

    fn comes_again(&self) -> bool {
        true
    }

    fn watch(&mut self, cx: &Context<'_>) -> Vec<Line> {
        let new = cx.log.get(self.session.len()..).unwrap_or_default();
        self.session.extend_from_slice(new);
        new.iter().cloned().map(Line::Change).collect()
    }

    fn first_sort(&self) -> Option<Sort> {
        Some(Sort { column: 0, descending: true })
    }

    fn title(&self, rows: &[Line]) -> String {
        let changes = rows.iter().filter(|row| row.change().is_some()).count();
        let title = format!("{} sent", human::counted(changes, "change"));
        if changes < command_log::MOST { title } else { format!("{title}, earlier ones in the file") }
    }

    fn facts(&self, row: &Line, now_ms: i64) -> Vec<Fact> {
        match row {
            Line::Change(sent) => [
                Fact::new("when", Shown::moment(sent.at_ms, now_ms)),
                Fact::new("outcome", outcome(sent)),
                Fact::new("what", Shown::text(&sent.what)),
                Fact::gap(),
                Fact::heading("as a command"),
                Fact::line(Shown::text(&sent.command)),
                Fact::gap(),
                Fact::heading("as a request"),
            ]
            .into_iter()
            .chain(sent.request.lines().take(REQUEST_LINES).map(|line| Fact::line(Shown::text(line))))
            .collect(),
            Line::Damaged { lines, file } => vec![
                Fact::new("lines", Shown::count(*lines as u64)),
                Fact::new("file", Shown::text(file)),
                Fact::line(Shown::word("They are no changes as icedeck writes them down; the others are shown.")),
            ],
        }
    }

    fn detail_title(&self, row: &Line) -> String {
        row.change().map_or_else(|| "damaged lines".into(), |sent| sent.what.clone())
    }

    fn raw(&self, row: &Line) -> Option<String> {
        row.change().map(|sent| format!("{}\n\n{}", sent.command, sent.request))
    }

    fn record(&self, row: &Line, _now_ms: i64) -> Map<String, Value> {
        let Some(sent) = row.change() else { return Map::new() };
        // The request is JSON: it stays that, where the format has it.
        let request = serde_json::from_str(&sent.request).unwrap_or_else(|_| Value::from(sent.request.clone()));
        let pairs = [
            ("at", json!(Moment(sent.at_ms))),
            ("outcome", json!(sent.outcome)),
            ("what", json!(sent.what)),
            ("command", json!(sent.command)),
            ("request", request),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
    }

    fn copied(&self, row: &Line) -> String {
        row.change().map(|sent| sent.command.clone()).unwrap_or_default()
    }

    fn actions(&self, row: Option<&Line>) -> Vec<Offer> {
        row.and_then(Line::change).map(|_| Action::Open.called("request")).into_iter().collect()
    }

    fn act(&mut self, action: Action, chosen: &[&Line], _cx: &Context<'_>) -> Vec<Effect> {
        let open = chosen.first().filter(|_| action == Action::Open);
        let text = open.and_then(|row| Some((self.detail_title(row), self.raw(row)?)));
        text.map(|(title, text)| Effect::show(RawView::new(self.route.clone(), title, text))).into_iter().collect()
    }

    fn empty(&self) -> Vec<String> {
        vec!["No change was sent yet".into(), "Each one is written down here, as a request and as a command".into()]
    }
}
