//! A table's branches and tags: what each points to and how long it is kept. Leads to what one sees there.

use async_trait::async_trait;

use super::list::List;
use super::mend::{self, Wish};
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use super::{diff, of_table, snapshots};
use crate::Result;
use crate::app::action::{Action, Offer};
use crate::app::effect::{Answer, Effect};
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::catalog::Lake;
use crate::commit::RefKind;
use crate::table::Moment;
use crate::table::inspect::{self, RefRow};

/// Its name on the command line.
pub const NAME: &str = "refs";

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct Refs {
    /// A table.
    pub route: Route,
    /// The snapshot that a name is asked for.
    pub chosen: Option<String>,
}

/// A ref, with when its snapshot was committed where the metadata still knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The ref.
    pub row: RefRow,
    /// When its snapshot was committed.
    pub committed_at: Option<Moment>,
    /// Rows of the table there, where the summary says.
    pub rows: Option<u64>,
}

impl Line {
    fn kind(&self) -> Shown {
        match self.row.kind {
            "TAG" => Shown::word("tag"),
            _ => Shown::word("branch").tone(Tone::Accent),
        }
    }

    fn name(&self) -> Shown {
        let tone = if self.row.name == "main" { Tone::Current } else { Tone::Reference };
        Shown::text(&self.row.name).tone(tone)
    }

    /// How long the ref itself is kept.
    fn kept(&self) -> Shown {
        let forever = || Shown::word("forever").tone(Tone::Dim).by(i64::MAX);
        self.row.max_reference_age_in_ms.map_or_else(forever, |ms| Shown::text(human::span(ms)).by(ms))
    }
}

impl Look for Refs {
    type Row = Line;

    fn columns(&self, _sample: Option<&Line>) -> Vec<Column> {
        vec![
            Column::new("name").limit(60).least(16),
            Column::new("type"),
            Column::new("snapshot").right(),
            Column::new("committed"),
            Column::new("rows").right().spare(2),
            Column::new("kept").spare(1),
        ]
    }

    fn key(&self, row: &Line) -> String {
        row.row.name.clone()
    }

    fn show(&self, row: &Line, now_ms: i64) -> Vec<Shown> {
        vec![
            row.name(),
            row.kind(),
            Shown::id(row.row.snapshot_id),
            Shown::or_missing(row.committed_at, |at| Shown::ago(at.0, now_ms)),
            Shown::or_missing(row.rows, Shown::count),
            row.kept(),
        ]
    }
}

#[async_trait]
impl List for Refs {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<Line>>) -> Result<()> {
        let table = of_table::table(&self.route, lake).await?;
        let snapshots = inspect::snapshots(&table)?;
        let known: std::collections::HashMap<i64, _> = snapshots.iter().map(|s| (s.snapshot_id, s)).collect();
        let line = |row: RefRow| {
            let snapshot = known.get(&row.snapshot_id);
            Line { committed_at: snapshot.map(|s| s.committed_at), rows: snapshot.and_then(|s| s.total_rows), row }
        };
        feed.send(inspect::refs(&table)?.into_iter().map(line).collect()).await
    }

    fn to_check(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn title(&self, rows: &[Line]) -> String {
        let tags = rows.iter().filter(|row| row.row.kind == "TAG").count();
        let branches = human::counted_as(rows.len() - tags, "branch", "branches");
        format!("{branches}, {}", human::counted(tags, "tag"))
    }

    fn facts(&self, row: &Line, now_ms: i64) -> Vec<Fact> {
        let age = |ms: Option<i64>| ms.map_or_else(|| Shown::word("as the table says").tone(Tone::Dim), exact_age);
        let mut facts = vec![
            Fact::new("name", row.name()),
            Fact::new("type", row.kind()),
            Fact::new("snapshot", Shown::id(row.row.snapshot_id)),
            Fact::new("committed", Shown::or_missing(row.committed_at, |at| Shown::moment(at.0, now_ms))),
            Fact::new("rows", Shown::or_missing(row.rows, Shown::count)),
            Fact::new("ref kept", age(row.row.max_reference_age_in_ms)),
        ];
        if row.row.kind != "TAG" {
            facts.push(Fact::new("snapshots kept", age(row.row.max_snapshot_age_in_ms)));
            facts.push(Fact::new("at least", Shown::or_missing(row.row.min_snapshots_to_keep, Shown::count)));
        }
        facts
    }

    fn enter(&self, row: &Line) -> Option<(&'static str, Route)> {
        Some(("files", of_table::at(&self.route, super::files::NAME, row.row.name.clone())))
    }

    fn raw(&self, row: &Line) -> Option<String> {
        serde_json::to_string_pretty(&row.row).ok()
    }

    fn actions(&self, row: Option<&Line>) -> Vec<Offer> {
        let mut offers = row.map(|_| of_table::snapshot_offers()).unwrap_or_default();
        offers.retain(|offer| offer.action != Action::Files);
        let Some(row) = row else { return offers };
        let is_tag = row.row.kind == "TAG";
        offers.extend((!is_tag && row.row.name != "main").then_some(Offer::from(Action::FastForward)));
        offers.extend((row.row.name != "main").then_some(Offer::from(Action::DropRef)));
        offers.extend([Action::MakeTag, Action::MakeBranch].map(Offer::from));
        offers.push(Offer::from(Action::Diff));
        offers.extend(mend::undo_offers());
        offers
    }

    fn act(&mut self, action: Action, chosen: &[&Line], cx: &Context<'_>) -> Vec<Effect> {
        if let Some(effects) = mend::undo_or_redo(action, &self.route, cx) {
            return effects;
        }
        let Some(row) = chosen.first() else { return Vec::new() };
        let name = row.row.name.clone();
        match action {
            Action::FastForward => {
                return mend::show(&self.route, Wish::Forward { branch: "main".into(), to: name }, cx);
            }
            Action::DropRef => {
                let kind = if row.row.kind == "TAG" { RefKind::Tag } else { RefKind::Branch };
                return mend::show(&self.route, Wish::Drop { kind, name }, cx);
            }
            Action::MakeTag | Action::MakeBranch => {
                self.chosen = Some(name);
                return mend::ask_name(if action == Action::MakeTag { RefKind::Tag } else { RefKind::Branch });
            }
            _ => {}
        }
        of_table::to_snapshot_view(action, &self.route, chosen.first().map(|row| row.row.snapshot_id))
    }

    fn answer(&mut self, topic: &'static str, answer: Answer) -> Vec<Effect> {
        mend::named(topic, &answer, &self.route, self.chosen.as_deref())
    }

    /// A ref alone is compared with main.
    fn compare(&self, rows: &[&Line], all: &[Line]) -> Vec<Effect> {
        let main = all.iter().find(|line| line.row.name == "main");
        let known = |line: &&Line| (line.row.snapshot_id, None, line.committed_at.map_or(0, |at| at.0));
        match (rows, main) {
            ([one], Some(main)) if one.row.name != main.row.name => {
                vec![diff::between(&self.route, main.row.snapshot_id, one.row.snapshot_id)]
            }
            _ => diff::chosen(&self.route, &rows.iter().map(known).collect::<Vec<_>>()),
        }
    }

    fn empty(&self) -> Vec<String> {
        let mut told = of_table::no_snapshot(&self.route);
        told.insert(1, format!("branches and tags point to snapshots; see :{} once there are some", snapshots::NAME));
        told
    }
}

fn exact_age(ms: i64) -> Shown {
    Shown::text(format!("{} ({} ms)", human::span(ms), human::count(ms.into())))
}
