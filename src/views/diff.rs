//! What changed between two snapshots of a table, line by line: the way between them, rows, files by content, partitions,
//! schema, settings, then each file. Leads to the files and to the rows in them.

use async_trait::async_trait;

use super::files::line::{FileLine, Slimmer};
use super::list::List;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use super::{changed_rows, files, of_table, snapshots};
use crate::app::action::{Action, Offer};
use crate::app::effect::{Effect, Notice};
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::view::Context;
use crate::catalog::Lake;
use crate::table::Table;
use crate::table::changes::Comparison;
use crate::views::widgets::text;
use crate::{Error, Result};
use line::{Line, MORE};

pub mod line;

/// Its name on the command line.
pub const NAME: &str = "diff";
/// What stands between the two snapshots in the detail of a route.
const TO: &str = "..";
/// Files that are listed; the others are counted.
const FILES: usize = 20_000;

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct Diff {
    /// A table; the detail names the two snapshots: `A..B`, or `A` for what came since.
    pub route: Route,
}

/// The view that compares two snapshots of a route's table.
pub fn between(route: &Route, from: i64, to: i64) -> Effect {
    Effect::Open(route.to_screen(NAME).with_detail(format!("{from}{TO}{to}")))
}

/// What is typed behind `:diff`: `A`, `A B`, or `TABLE A B`; the table then still has to be found.
///
/// # Errors
/// Invalid where nothing is typed, or too much.
pub fn typed(rest: &str) -> Result<(&str, String)> {
    let words: Vec<&str> = rest.split_whitespace().collect();
    match words.as_slice() {
        [from] => Ok(("", (*from).to_string())),
        [from, to] => Ok(("", format!("{from}{TO}{to}"))),
        [table, from, to] => Ok((table, format!("{from}{TO}{to}"))),
        _ => {
            Err(Error::invalid("which two snapshots?")
                .hint(":diff A B compares two branches, tags, snapshots or times"))
        }
    }
}

/// The table of a route, and the two snapshots that its detail names.
///
/// # Errors
/// Those of [`of_table::table`] and [`Table::resolve`]; invalid where the route names no snapshot.
pub async fn sides(route: &Route, lake: &Lake) -> Result<(Table, i64, i64)> {
    let table = of_table::table(route, lake).await?;
    let named = route.detail.as_deref().unwrap_or_default();
    let (from, to) = named.split_once(TO).map_or((named, None), |(from, to)| (from, Some(to)));
    if from.is_empty() {
        return Err(Error::invalid("which two snapshots?").hint(":diff A B, or mark two in the list of snapshots"));
    }
    let none = || Error::not_found("the table has no snapshot yet").with("table", table.name());
    let from = table.resolve(Some(from))?.ok_or_else(none)?;
    let to = table.resolve(to.filter(|to| !to.is_empty()))?.ok_or_else(none)?;
    Ok((table, from, to))
}

impl Look for Diff {
    type Row = Line;

    fn columns(&self, _sample: Option<&Line>) -> Vec<Column> {
        vec![
            Column::new("what"),
            Column::new("which").middle().limit(60).least(20),
            Column::new("rows").right(),
            Column::new("files").right(),
            Column::new("size").right().spare(2),
            Column::new("was → is").limit(120).least(12).spare(1),
        ]
    }

    fn key(&self, row: &Line) -> String {
        row.key.clone()
    }

    fn show(&self, row: &Line, now_ms: i64) -> Vec<Shown> {
        line::show(row, now_ms)
    }
}

#[async_trait]
impl List for Diff {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<Line>>) -> Result<()> {
        let (table, from, to) = sides(&self.route, lake).await?;
        let mut comparison = Comparison::open(&table, from, to, feed.monitor()).await?;
        let mut slimmer = Slimmer::new(of_table::SpecFields::of(&table));
        let (mut files, mut more) = (Vec::new(), 0);
        while let Some(chunk) = comparison.next(feed.monitor()).await? {
            let room = FILES.saturating_sub(files.len());
            more += chunk.len().saturating_sub(room);
            files.extend(chunk.into_iter().take(room).map(|change| Line::file(change, &mut slimmer)));
        }
        feed.send(line::lines(&comparison.finish(feed.monitor()).await?)).await?;
        feed.send(files).await?;
        if more > 0 { feed.send(vec![Line::word("file", MORE, human::count(more as i128))]).await } else { Ok(()) }
    }

    /// "+120,000 rows · 3 snapshots · 2 schema changes".
    fn title(&self, rows: &[Line]) -> String {
        let Some(net) = rows.iter().find(|row| row.what == "rows") else { return String::new() };
        let count = |what: &str| rows.iter().filter(|row| row.what == what).count();
        let rows =
            net.rows.map_or_else(String::new, |(added, removed)| format!("{} rows", line::both(added, removed).text));
        let parts = [
            Some(rows),
            Some(human::counted(count("done") + count("undone"), "snapshot") + " apart"),
            Some(count("schema")).filter(|n| *n > 0).map(|n| human::counted(n, "schema change")),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    fn facts(&self, row: &Line, now_ms: i64) -> Vec<Fact> {
        line::facts(row, now_ms)
    }

    fn detail_title(&self, row: &Line) -> String {
        row.what.to_string()
    }

    fn raw(&self, row: &Line) -> Option<String> {
        serde_json::to_string_pretty(&row.raw()).ok()
    }

    fn copied(&self, row: &Line) -> String {
        row.which.clone()
    }

    fn enter(&self, row: &Line) -> Option<(&'static str, Route)> {
        let id = row.snapshot_id?;
        Some(("snapshot", of_table::at_snapshot(&self.route, snapshots::NAME, id)))
    }

    fn actions(&self, row: Option<&Line>) -> Vec<Offer> {
        let mut offers: Vec<Offer> = Vec::new();
        offers.extend(files::file_offers(row.and_then(|row| row.file.as_ref())));
        offers.extend([Action::Rows.called("changed rows"), Action::Diff.called("the other way round")]);
        offers
    }

    fn act(&mut self, action: Action, chosen: &[&Line], _cx: &Context<'_>) -> Vec<Effect> {
        if action == Action::Rows {
            let there = self.route.to_screen(changed_rows::NAME);
            return vec![Effect::Open(Route { detail: self.route.detail.clone(), ..there })];
        }
        let files: Vec<&FileLine> = chosen.iter().filter_map(|row| row.file.as_ref()).collect();
        files::act_on_file(action, &self.route, &files)
    }

    /// The same two, the other way round.
    fn compare(&self, _rows: &[&Line], all: &[Line]) -> Vec<Effect> {
        let side = |what: &str| all.iter().find(|row| row.what == what).and_then(|row| row.snapshot_id);
        side("to").zip(side("from")).map(|(from, to)| between(&self.route, from, to)).into_iter().collect()
    }

    fn empty(&self) -> Vec<String> {
        vec![format!("nothing to compare in {}", of_table::short_name(&self.route))]
    }
}

/// Compares two snapshots, the older with the newer, or one with its parent; says what to mark else.
pub fn chosen(route: &Route, rows: &[(i64, Option<i64>, i64)]) -> Vec<Effect> {
    match rows {
        [one, other] => {
            let (older, newer) = if one.2 <= other.2 { (one, other) } else { (other, one) };
            vec![between(route, older.0, newer.0)]
        }
        [(id, Some(parent), _)] => vec![between(route, *parent, *id)],
        [(id, None, _)] => {
            let told = format!("{} has no parent to compare with: mark two snapshots", text::short_id(*id));
            vec![Effect::Notice(Notice::warning(told))]
        }
        _ => vec![Effect::Notice(Notice::warning("mark two, not more, to compare them"))],
    }
}
