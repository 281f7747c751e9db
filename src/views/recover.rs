//! What was begun and is not settled: loads and changes whose journal is open. Leads to the workbench of each; reads
//! journals and nothing of tables.

use std::sync::Arc;

use async_trait::async_trait;

use super::list::List;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use super::workbench;
use crate::app::action::{Action, Offer};
use crate::app::effect::Effect;
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::catalog::Lake;
use crate::ingest::journal::{self, Listing, Row, State};
use crate::table::{Moment, Place, TableAddress};
use crate::{Error, Result, recovery};

/// Its name on the command line.
pub const NAME: &str = "recover";

/// The list.
#[derive(Debug, Clone)]
pub struct Recover {
    /// Its address.
    pub route: Route,
    /// Whether those are shown too that are done with.
    pub all: bool,
}

/// A line of the list.
#[derive(Debug, Clone)]
pub enum Line {
    /// A journal.
    Journal(Row),
    /// One that cannot be read.
    Broken(Arc<Error>),
}

impl Line {
    /// The lines of a listing, what cannot be read last.
    pub fn all(listing: Listing) -> Vec<Self> {
        let broken = listing.broken.into_iter().map(|error| Self::Broken(Arc::new(error)));
        listing.rows.into_iter().map(Self::Journal).chain(broken).collect()
    }

    fn row(&self) -> Option<&Row> {
        match self {
            Self::Journal(row) => Some(row),
            Self::Broken(_) => None,
        }
    }
}

/// How far it came, in its tone.
pub fn state(row: &Row) -> Shown {
    let (word, tone) = match row.state {
        State::Planned => ("planned", Tone::Plain),
        State::Staging => ("staging", Tone::Plain),
        State::Staged => ("staged", Tone::Warning),
        State::Sent => ("sent", Tone::Danger),
        State::Rejected => ("rejected", Tone::Warning),
        State::Unknown => ("unknown", Tone::Danger),
        State::Closed => ("closed", Tone::Added),
        State::Discarded => ("discarded", Tone::Dim),
    };
    let tone = if row.is_in_use { Tone::Accent } else { tone };
    if row.is_in_use { Shown::text(format!("{word}, in use")).tone(tone) } else { Shown::word(word).tone(tone) }
}

fn opened(row: &Row) -> Option<Moment> {
    Moment::parse(&row.opened_at)
}

/// The workbench of an ingest.
pub fn to_workbench(catalog: Option<String>, table: &str, ingest_id: &str) -> Option<Route> {
    let place = Place::Table(table.parse().ok()?);
    let about = Route::new(workbench::NAME).of_catalog(catalog).of_table(TableAddress { place, at: None });
    Some(about.with_detail(ingest_id))
}

impl Look for Recover {
    type Row = Line;

    fn columns(&self, _sample: Option<&Line>) -> Vec<Column> {
        vec![
            Column::new("opened"),
            Column::new("table").limit(40).least(12),
            Column::new("state"),
            Column::new("rows").right(),
            Column::new("files").right().spare(2),
            Column::new("size").right().spare(5),
            Column::new("attempts").right().spare(3),
            Column::new("branch").limit(24).least(6).spare(4),
            Column::new("verb").spare(6),
            Column::new("id").middle().least(9).spare(1),
        ]
    }

    fn key(&self, row: &Line) -> String {
        match row {
            Line::Journal(row) => row.ingest_id.clone(),
            Line::Broken(error) => error.report(),
        }
    }

    fn show(&self, row: &Line, now_ms: i64) -> Vec<Shown> {
        match row {
            Line::Journal(row) => vec![
                Shown::or_missing(opened(row), |at| Shown::ago(at.0, now_ms)),
                Shown::text(&row.table),
                state(row),
                Shown::count(row.rows),
                Shown::count(row.files),
                Shown::bytes(row.bytes),
                Shown::count(row.attempts),
                Shown::text(&row.branch).tone(Tone::Reference),
                Shown::text(&row.verb),
                Shown::text(&row.ingest_id),
            ],
            Line::Broken(error) => {
                let mut cells = vec![Shown::missing(); 10];
                if let [_, table, state, ..] = cells.as_mut_slice() {
                    *table = Shown::text(error.to_string()).tone(Tone::Danger);
                    *state = Shown::word("damaged").tone(Tone::Danger);
                }
                cells
            }
        }
    }
}

#[async_trait]
impl List for Recover {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<Line>>) -> Result<()> {
        let (env, all) = (lake.env().clone(), self.all);
        let read = move || if all { journal::list(&env) } else { recovery::open_rows(&env) };
        let listing = tokio::task::spawn_blocking(read).await;
        let listing = listing.map_err(|e| Error::bug("reading the journals broke off").caused_by(e))??;
        feed.send(Line::all(listing)).await
    }

    fn to_check(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn title(&self, rows: &[Line]) -> String {
        let count = |keep: fn(&Row) -> bool| rows.iter().filter_map(Line::row).filter(|row| keep(row)).count();
        let open = count(|row| row.state.is_open());
        let done = count(|row| !row.state.is_open());
        if self.all { format!("{open} open, {done} done with") } else { format!("{open} open") }
    }

    fn facts(&self, row: &Line, now_ms: i64) -> Vec<Fact> {
        match row {
            Line::Journal(row) => facts(row, now_ms),
            Line::Broken(error) => {
                let told = error.report();
                told.lines().map(|line| Fact::line(Shown::text(line).tone(Tone::Danger))).collect()
            }
        }
    }

    fn detail_title(&self, row: &Line) -> String {
        row.row().map_or_else(|| "a damaged journal".into(), |row| row.ingest_id.clone())
    }

    fn enter(&self, row: &Line) -> Option<(&'static str, Route)> {
        let row = row.row()?;
        Some(("workbench", to_workbench(Some(row.catalog.clone()), &row.table, &row.ingest_id)?))
    }

    fn raw(&self, row: &Line) -> Option<String> {
        serde_json::to_string_pretty(row.row()?).ok()
    }

    fn actions(&self, _row: Option<&Line>) -> Vec<Offer> {
        vec![Action::ShowAll.called(if self.all { "open ones" } else { "all" })]
    }

    fn act(&mut self, action: Action, _chosen: &[&Line], _cx: &Context<'_>) -> Vec<Effect> {
        if action != Action::ShowAll {
            return Vec::new();
        }
        self.all = !self.all;
        vec![Effect::Act(Action::Refresh)]
    }

    fn empty(&self) -> Vec<String> {
        let none = if self.all { "No load was ever begun on this machine" } else { "Nothing is open" };
        vec![none.into(), "Each load that was begun is settled: in its table, or given up".into()]
    }
}

fn facts(row: &Row, now_ms: i64) -> Vec<Fact> {
    let mut facts = vec![
        Fact::new("state", state(row)),
        Fact::line(Shown::word(meaning(row)).tone(Tone::Dim)),
        Fact::gap(),
        Fact::new("table", Shown::text(&row.table)),
        Fact::new("catalog", Shown::text(&row.catalog)),
        Fact::new("branch", Shown::text(&row.branch).tone(Tone::Reference)),
        Fact::new("verb", Shown::text(&row.verb)),
        Fact::new("opened", Shown::or_missing(opened(row), |at| Shown::moment(at.0, now_ms))),
        Fact::new("rows", Shown::count(row.rows)),
        Fact::new(
            "files",
            Shown::text(format!("{}, {}", human::count(row.files.into()), human::bytes(row.bytes))).tone(Tone::Number),
        ),
        Fact::new("attempts", Shown::count(row.attempts)),
    ];
    if row.is_cut {
        let told = "Its last line was cut off; what it described was not begun.";
        facts.push(Fact::line(Shown::word(told).tone(Tone::Warning)));
    }
    facts
}

/// What a state means for the operator.
fn meaning(row: &Row) -> &'static str {
    match row.state {
        _ if row.is_in_use => "An icedeck works on it right now.",
        State::Planned | State::Staging => "It was broken off while it wrote; nothing was sent.",
        State::Staged => "All files are complete; nothing was sent.",
        State::Sent => "A request left or was about to, and nothing is known of it.",
        State::Rejected => "The catalog said no; the table does not hold it.",
        State::Unknown => "Nobody knows whether it is in the table.",
        State::Closed => "It is in its table, and done with.",
        State::Discarded => "It was given up.",
    }
}
