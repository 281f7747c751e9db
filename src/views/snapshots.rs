//! A table's snapshots, newest first: history that one can read. Leads to the manifests, files and rows of each.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;

use super::list::List;
use super::mend::{self, Wish};
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Order, Shown};
use super::widgets::{human, text};
use super::{diff, manifests, of_table};
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
use crate::table::inspect::{self, HistoryRow, SnapshotRow};

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
    /// When it was what readers of `main` saw.
    pub reign: Reign,
    /// How many are newer.
    pub position: usize,
}

/// When a snapshot was what readers of `main` saw, by the snapshot log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reign {
    /// Since when, the last time.
    pub since: Option<Moment>,
    /// Until when; nothing where it still is.
    pub until: Option<Moment>,
    /// Whether `main` was led back to it then.
    pub is_return: bool,
}

fn reigns(log: &[HistoryRow]) -> HashMap<i64, Reign> {
    let mut reigns: HashMap<i64, Reign> = HashMap::with_capacity(log.len());
    let ends = log.iter().skip(1).map(|next| Some(next.made_current_at)).chain([None]);
    for (entry, until) in log.iter().zip(ends) {
        let reign = reigns.entry(entry.snapshot_id).or_default();
        *reign = Reign { since: Some(entry.made_current_at), until, is_return: reign.since.is_some() };
    }
    reigns
}

/// Puts snapshots into their places, newest first. `log` is the snapshot log, oldest first.
pub fn lines(mut snapshots: Vec<SnapshotRow>, log: &[HistoryRow]) -> Vec<Line> {
    let reigns = reigns(log);
    snapshots.sort_by_key(|s| std::cmp::Reverse((s.sequence_number, s.committed_at, s.snapshot_id)));
    let reached = reached_from_refs(&snapshots);
    let head = snapshots.iter().find(|s| s.on_current_line).map(|s| s.snapshot_id);
    let standing = |s: &SnapshotRow| match (Some(s.snapshot_id) == head, s.on_current_line) {
        (true, _) => Standing::Head,
        (_, true) => Standing::OnMain,
        _ if reached.contains(&s.snapshot_id) => Standing::OnRef,
        _ if reigns.contains_key(&s.snapshot_id) => Standing::RolledBack,
        _ => Standing::Loose,
    };
    let standings: Vec<_> = snapshots.iter().map(standing).collect();
    let nodes: Vec<_> = snapshots.iter().zip(&standings).map(|(s, standing)| node(s, *standing)).collect();
    let drawn = graph::draw(&nodes, head);
    let parts = snapshots.into_iter().zip(drawn).zip(standings).enumerate();
    let line = |(position, ((snapshot, drawn), standing)): (usize, ((SnapshotRow, String), Standing))| {
        let reign = reigns.get(&snapshot.snapshot_id).copied().unwrap_or_default();
        Line { snapshot, drawn, standing, reign, position }
    };
    parts.map(line).collect()
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
    /// The snapshot whose changes this one made once more.
    fn picked_from(&self) -> Option<i64> {
        self.snapshot.summary.get("source-snapshot-id")?.parse().ok()
    }

    /// Under which id it was staged, to be published later.
    fn staged_as(&self) -> Option<&String> {
        self.snapshot.summary.get("wap.id")
    }

    /// The lineage and, behind it, the refs, that it was rolled back, or where it comes from.
    fn sign(&self) -> Shown {
        let names = self.snapshot.refs.join(", ");
        let picked = self.picked_from().map(|id| format!("picked from {}", text::short_id(id)));
        let back = self.reign.is_return.then(|| "led back to here".to_string());
        let parts = |first: String| {
            let all = std::iter::once(first).chain(picked.clone()).chain(back.clone());
            all.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
        };
        let (words, tone) = match (self.standing, self.staged_as()) {
            (Standing::Head, _) => (parts(names), Tone::Current),
            (Standing::RolledBack, _) => ("rolled back".to_string(), Tone::Stale),
            (Standing::Loose, Some(_)) => ("staged".to_string(), Tone::Stale),
            (Standing::Loose, None) => ("no ref".to_string(), Tone::Stale),
            _ if names.is_empty() => (parts(names), Tone::Plain),
            _ => (parts(names), Tone::Reference),
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
        feed.send(lines(inspect::snapshots(&table)?, &inspect::history(&table))).await
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
        facts.extend(origin_facts(row, now_ms));
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
        offers.push(Offer::from(Action::Diff));
        offers.extend(mend::undo_offers());
        offers
    }

    /// A snapshot alone is compared with its parent, where that is still known.
    fn compare(&self, rows: &[&Line], all: &[Line]) -> Vec<Effect> {
        let is_known = |parent: &i64| all.iter().any(|line| line.snapshot.snapshot_id == *parent);
        let side = |line: &&Line| {
            let s = &line.snapshot;
            (s.snapshot_id, s.parent_id.filter(is_known), -i64::try_from(line.position).unwrap_or(i64::MAX))
        };
        diff::chosen(&self.route, &rows.iter().map(side).collect::<Vec<_>>())
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

/// When readers saw it, and where it was taken from.
fn origin_facts(row: &Line, now_ms: i64) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(since) = row.reign.since {
        let told = if row.reign.is_return { "main was led back to it" } else { "became current" };
        facts.push(Fact::new(told, Shown::moment(since.0, now_ms)));
    }
    if let (Some(until), Standing::RolledBack) = (row.reign.until, row.standing) {
        facts.push(Fact::new("taken back", Shown::moment(until.0, now_ms).tone(Tone::Warning)));
    }
    facts.extend(row.picked_from().map(|id| Fact::new("picked from", Shown::id(id))));
    facts.extend(row.staged_as().map(|id| Fact::new("staged as", Shown::text(id))));
    facts
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
