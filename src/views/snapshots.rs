//! A table's snapshots, newest first: history that one can read. Leads to the manifests, files and rows of each.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;

use super::list::List;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Order, Shown};
use super::mend::{self, Wish};
use super::{manifests, of_table};
use crate::Result;
use crate::app::action::{Action, Offer};
use crate::app::effect::{Answer, Effect};
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::catalog::Lake;
use crate::commit::RefKind;
use crate::table::inspect::{self, SnapshotRow};

pub mod graph;

/// Its name on the command line.
pub const NAME: &str = "snapshots";

/// The list: what it is about.
#[derive(Debug, Clone)]
pub struct Snapshots {
    /// A table.
    pub route: Route,
    /// The snapshot that a name is asked for.
    pub chosen: Option<String>,
}

/// How a snapshot stands to what readers see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// What readers of `main` see now.
    Head,
    /// An ancestor of that.
    OnMain,
    /// Reached from another branch or a tag.
    OnRef,
    /// It was current once, and no ref reaches it.
    RolledBack,
    /// It was never current and no ref reaches it: written to be published later, or left over.
    Loose,
}

/// A snapshot in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The snapshot.
    pub snapshot: SnapshotRow,
    /// Its line of the lineage.
    pub drawn: String,
    /// How it stands.
    pub standing: Standing,
    /// How many are newer.
    pub position: usize,
}

/// Puts snapshots into their places, newest first. `was_current` holds those that the snapshot log names.
pub fn lines(mut snapshots: Vec<SnapshotRow>, was_current: &HashSet<i64>) -> Vec<Line> {
    snapshots.sort_by_key(|s| std::cmp::Reverse((s.sequence_number, s.committed_at, s.snapshot_id)));
    let reached = reached_from_refs(&snapshots);
    let head = snapshots.iter().find(|s| s.on_current_line).map(|s| s.snapshot_id);
    let standing = |s: &SnapshotRow| match (Some(s.snapshot_id) == head, s.on_current_line) {
        (true, _) => Standing::Head,
        (_, true) => Standing::OnMain,
        _ if reached.contains(&s.snapshot_id) => Standing::OnRef,
        _ if was_current.contains(&s.snapshot_id) => Standing::RolledBack,
        _ => Standing::Loose,
    };
    let standings: Vec<_> = snapshots.iter().map(standing).collect();
    let nodes: Vec<_> = snapshots.iter().zip(&standings).map(|(s, standing)| node(s, *standing)).collect();
    let drawn = graph::draw(&nodes, head);
    let parts = snapshots.into_iter().zip(drawn).zip(standings).enumerate();
    parts.map(|(position, ((snapshot, drawn), standing))| Line { snapshot, drawn, standing, position }).collect()
}

fn node(snapshot: &SnapshotRow, standing: Standing) -> graph::Node {
    let is_named = snapshot.refs.iter().any(|name| name != "main");
    let sign = match standing {
        Standing::RolledBack | Standing::Loose => '○',
        _ if is_named => '◆',
        _ => '●',
    };
    graph::Node { id: snapshot.snapshot_id, parent: snapshot.parent_id, sign }
}

/// Every snapshot that a branch or tag names or descends from.
fn reached_from_refs(snapshots: &[SnapshotRow]) -> HashSet<i64> {
    let parents: HashMap<i64, Option<i64>> = snapshots.iter().map(|s| (s.snapshot_id, s.parent_id)).collect();
    let mut reached = HashSet::new();
    for start in snapshots.iter().filter(|s| !s.refs.is_empty()) {
        let mut next = Some(start.snapshot_id);
        while let Some(id) = next.filter(|id| reached.insert(*id)) {
            next = parents.get(&id).copied().flatten();
        }
    }
    reached
}

/// What was added and removed, in one cell: `+120,000`, `−1,204/+1,204`, `±2`.
fn both(added: Option<u64>, removed: Option<u64>, word_for_equal: bool) -> Shown {
    let (plus, minus) = (i128::from(added.unwrap_or(0)), i128::from(removed.unwrap_or(0)));
    let net = plus - minus;
    match (plus, minus) {
        _ if added.is_none() && removed.is_none() => Shown::missing(),
        (_, 0) => Shown::change(plus),
        (0, _) => Shown::change(-minus),
        _ if word_for_equal && net == 0 => Shown::text(format!("±{}", human::count(plus))).by(net),
        _ => Shown::text(format!("{}/{}", human::change(-minus), human::change(plus))).by(net),
    }
}

impl Line {
    /// The lineage and, behind it, the refs or that it was rolled back.
    fn sign(&self) -> Shown {
        let names = self.snapshot.refs.join(", ");
        let (words, tone) = match self.standing {
            Standing::Head => (names, Tone::Current),
            Standing::RolledBack => ("rolled back".to_string(), Tone::Stale),
            Standing::Loose => ("no ref".to_string(), Tone::Stale),
            _ if names.is_empty() => (names, Tone::Plain),
            _ => (names, Tone::Reference),
        };
        let shown = Shown::text(format!("{} {words}", self.drawn).trim_end());
        shown.tone(tone).by(i128::try_from(self.position).unwrap_or(i128::MAX))
    }

    /// How it stands, in words.
    fn stands(&self) -> Shown {
        let (words, tone) = match self.standing {
            Standing::Head => ("current: what readers of main see", Tone::Current),
            Standing::OnMain => ("an ancestor of main", Tone::Plain),
            Standing::OnRef => ("not on main, but reached from a branch or tag", Tone::Reference),
            Standing::RolledBack => ("rolled back: it was current, and no ref reaches it now", Tone::Warning),
            Standing::Loose => ("no ref reaches it, and it never was current", Tone::Warning),
        };
        Shown::word(words).tone(tone)
    }
}

impl Look for Snapshots {
    type Row = Line;

    fn columns(&self, _sample: Option<&Line>) -> Vec<Column> {
        vec![
            Column::new("graph").limit(44).least(16),
            Column::new("when"),
            Column::new("operation"),
            Column::new("rows").right(),
            Column::new("files").right(),
            Column::new("by").limit(24).least(8).spare(1),
            Column::new("id").right().spare(3),
            Column::new("total rows").right().spare(2),
        ]
    }

    fn key(&self, row: &Line) -> String {
        row.snapshot.snapshot_id.to_string()
    }

    fn show(&self, row: &Line, now_ms: i64) -> Vec<Shown> {
        let s = &row.snapshot;
        vec![
            row.sign(),
            Shown::ago(s.committed_at.0, now_ms),
            Shown::text(&s.operation),
            both(s.added_rows, s.deleted_rows, false),
            both(s.added_files, s.removed_files, true),
            Shown::or_missing(s.by.as_ref(), Shown::text),
            Shown::id(s.snapshot_id),
            Shown::or_missing(s.total_rows, Shown::count),
        ]
    }
}

#[async_trait]
impl List for Snapshots {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<Line>>) -> Result<()> {
        let table = of_table::table(&self.route, lake).await?;
        let was_current = inspect::history(&table).into_iter().map(|row| row.snapshot_id).collect();
        feed.send(lines(inspect::snapshots(&table)?, &was_current)).await
    }

    /// The snapshot that one comes from.
    fn first_key(&self, _rows: &[Line]) -> Option<String> {
        self.route.table()?.at.clone()
    }

    fn to_check(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn title(&self, rows: &[Line]) -> String {
        let refs: Vec<_> = rows.iter().flat_map(|row| &row.snapshot.refs).map(|name| Shown::text(name).text).collect();
        let count = human::counted(rows.len(), "snapshot");
        if refs.is_empty() { count } else { format!("{count} · {}", refs.join(", ")) }
    }

    fn status(&self, rows: &[Line], now_ms: i64) -> String {
        let head = rows.iter().find(|row| row.standing == Standing::Head).map(|row| &row.snapshot);
        head.map(|s| of_table::status("main", s.snapshot_id, s.committed_at, now_ms)).unwrap_or_default()
    }

    fn facts(&self, row: &Line, now_ms: i64) -> Vec<Fact> {
        let s = &row.snapshot;
        let mut facts = vec![
            Fact::new("committed", Shown::moment(s.committed_at.0, now_ms)),
            Fact::new("operation", Shown::text(&s.operation)),
            Fact::new("by", Shown::or_missing(s.by.as_ref(), Shown::text)),
            Fact::new("stands", row.stands()),
        ];
        if !s.refs.is_empty() {
            facts.push(Fact::new("refs", Shown::text(s.refs.join(", ")).tone(Tone::Reference)));
        }
        facts.extend(lineage_facts(s));
        facts.extend(total_facts(s));
        facts.push(Fact::gap());
        facts.push(Fact::heading("summary"));
        facts.extend(s.summary.iter().map(|(key, value)| Fact::named(key, Shown::text(value))));
        facts
    }

    fn detail_title(&self, row: &Line) -> String {
        format!("snapshot {}", row.snapshot.snapshot_id)
    }

    fn enter(&self, row: &Line) -> Option<(&'static str, Route)> {
        Some(("manifests", of_table::at_snapshot(&self.route, manifests::NAME, row.snapshot.snapshot_id)))
    }

    fn raw(&self, row: &Line) -> Option<String> {
        serde_json::to_string_pretty(&row.snapshot).ok()
    }

    fn actions(&self, row: Option<&Line>) -> Vec<Offer> {
        let Some(row) = row else { return Vec::new() };
        let mut offers = of_table::snapshot_offers();
        let own = match row.standing {
            Standing::Head => None,
            Standing::OnMain => Some(Action::RollBack),
            _ => Some(Action::CherryPick),
        };
        offers.extend(own.into_iter().chain([Action::MakeTag, Action::MakeBranch]).map(Offer::from));
        offers.extend(mend::undo_offers());
        offers
    }

    fn act(&mut self, action: Action, chosen: &[&Line], cx: &Context<'_>) -> Vec<Effect> {
        if let Some(effects) = mend::undo_or_redo(action, &self.route, cx) {
            return effects;
        }
        let Some(id) = chosen.first().map(|row| row.snapshot.snapshot_id) else { return Vec::new() };
        let (at, branch) = (id.to_string(), "main".to_string());
        match action {
            Action::RollBack => mend::show(&self.route, Wish::rollback(&branch, id), cx),
            Action::CherryPick => mend::show(&self.route, Wish::Pick { at, branch }, cx),
            Action::MakeTag | Action::MakeBranch => {
                self.chosen = Some(at);
                mend::ask_name(if action == Action::MakeTag { RefKind::Tag } else { RefKind::Branch })
            }
            _ => of_table::to_snapshot_view(action, &self.route, Some(id)),
        }
    }

    fn answer(&mut self, topic: &'static str, answer: Answer) -> Vec<Effect> {
        mend::named(topic, &answer, &self.route, self.chosen.as_deref())
    }

    fn empty(&self) -> Vec<String> {
        of_table::no_snapshot(&self.route)
    }
}

fn lineage_facts(s: &SnapshotRow) -> Vec<Fact> {
    let mut facts = vec![
        Fact::new("parent", s.parent_id.map_or_else(|| Shown::word("none: the first").tone(Tone::Dim), Shown::id)),
        Fact::new("sequence", Shown::count(s.sequence_number)),
        Fact::new("schema", Shown::or_missing(s.schema_id, |id| Shown::id(id.into()))),
    ];
    if let Some(ingest) = &s.ingest_id {
        facts.push(Fact::new("ingest", Shown::text(ingest)));
    }
    facts.push(Fact::new("manifest list", Shown::text(&s.manifest_list)));
    facts
}

/// Totals with what this snapshot changed: `12,450,112 (+120,000)`.
fn total_facts(s: &SnapshotRow) -> Vec<Fact> {
    let total = |total: Option<u64>, changed: Shown| match (total, changed.order) {
        (None, _) => changed,
        (Some(n), Order::Missing) => Shown::count(n),
        (Some(n), _) => Shown::text(format!("{} ({})", human::count(n.into()), changed.text)).tone(Tone::Number),
    };
    vec![
        Fact::new("rows", total(s.total_rows, both(s.added_rows, s.deleted_rows, false))),
        Fact::new("files", total(s.total_files, both(s.added_files, s.removed_files, true))),
        Fact::new("size", Shown::or_missing(s.total_bytes, Shown::bytes)),
    ]
}
