//! One line of a comparison, of whatever kind, and how it looks.

use serde_json::{Value, json};

use crate::app::theme::Tone;
use crate::table::Moment;
use crate::table::changes::{Changes, Direction, FileChange, Flow, Side, Step};
use crate::views::files::line::{FileLine, Slimmer};
use crate::views::manifests::last_segment;
use crate::views::widgets::human;
use crate::views::widgets::shown::{Fact, Shown};

/// What the line is called that counts files which are not listed.
pub const MORE: &str = "more files, not listed: icedeck diff --files";

/// A line: what differs, which one, and by how much.
#[derive(Debug, Clone)]
pub struct Line {
    /// What names it among all.
    pub key: String,
    /// Which kind of thing: `from`, `to`, `done`, `undone`, `rows`, `files`, `partition`, `schema`, `property`, ...
    pub what: &'static str,
    /// Which one.
    pub which: String,
    /// Whether it came or went, where it is one or the other.
    pub change: Option<Direction>,
    /// Rows added and removed.
    pub rows: Option<(u64, u64)>,
    /// Files added and removed.
    pub files: Option<(u64, u64)>,
    /// Bytes added and removed.
    pub bytes: Option<(u64, u64)>,
    /// What it was.
    pub before: Option<String>,
    /// What it is, or what there is to say of it.
    pub after: Option<String>,
    /// When, of a snapshot.
    pub at: Option<Moment>,
    /// The snapshot, where it is one.
    pub snapshot_id: Option<i64>,
    /// The file, where it is one.
    pub file: Option<FileLine>,
    /// The raw thing; of a file its entry is.
    pub raw: Value,
}

impl Line {
    fn new(what: &'static str, which: impl Into<String>, raw: Value) -> Self {
        let which = which.into();
        let key = format!("{what} {which}");
        let (change, rows, files, bytes) = (None, None, None, None);
        let (before, after, at, snapshot_id, file) = (None, None, None, None, None);
        Self { key, what, which, change, rows, files, bytes, before, after, at, snapshot_id, file, raw }
    }

    /// A line with something to say.
    pub fn word(what: &'static str, which: &str, said: String) -> Self {
        let raw = json!({ "what": what, "which": which, "said": said });
        Self { after: Some(said), ..Self::new(what, which, raw) }
    }

    /// A file. `slimmer` keeps many of them small.
    pub fn file(change: FileChange, slimmer: &mut Slimmer) -> Self {
        let line = slimmer.line(change.entry);
        let Some(entry) = line.entry() else { return Self::new("file", "", Value::Null) };
        let file = &entry.data_file;
        let both = |n: u64| if change.change == Direction::Added { (n, 0) } else { (0, n) };
        let said = [file.content_name().to_string(), file.partition.to_string()];
        Self {
            key: format!("file {:?} {} {:?}", change.change, file.file_path, file.content_offset),
            change: Some(change.change),
            rows: (file.content == 0).then_some(both(file.record_count)),
            files: Some(both(1)),
            bytes: Some(both(file.file_size_in_bytes)),
            after: Some(said.into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" · ")),
            file: Some(line.clone()),
            ..Self::new("file", last_segment(&file.file_path), Value::Null)
        }
    }

    /// The raw thing behind it.
    pub fn raw(&self) -> Value {
        match self.file.as_ref().and_then(FileLine::entry) {
            Some(entry) => json!({ "what": "file", "change": self.change, "file": entry.data_file }),
            None => self.raw.clone(),
        }
    }

    fn flow(what: &'static str, which: String, flow: Flow, raw: Value) -> Self {
        Self {
            rows: Some((flow.added.rows, flow.removed.rows)),
            files: Some((flow.added.files, flow.removed.files)),
            bytes: Some((flow.added.bytes, flow.removed.bytes)),
            ..Self::new(what, which, raw)
        }
    }

    fn pair(what: &'static str, which: &str, before: &Option<String>, after: &Option<String>, raw: Value) -> Self {
        let change = match (before, after) {
            (None, _) => Some(Direction::Added),
            (_, None) => Some(Direction::Removed),
            _ => None,
        };
        let line = Self::new(what, which, raw);
        Self { change, before: before.clone(), after: after.clone(), key: format!("{} {before:?}", line.key), ..line }
    }
}

/// Everything but the files themselves.
pub fn lines(told: &Changes) -> Vec<Line> {
    let mut lines = vec![side("from", &told.from), side("to", &told.to)];
    lines.extend(told.way.undone.iter().map(|s| step("undone", Direction::Removed, s)));
    lines.extend(told.way.done.iter().map(|s| step("done", Direction::Added, s)));
    lines.push(Line {
        rows: Some((told.rows.added, told.rows.removed)),
        after: told.rows.estimated_because.as_ref().map(|why| format!("an estimate: {why}")),
        ..Line::new("rows", "of all changed data files", raw(&told.rows))
    });
    let contents = told.files.by_content().into_iter().filter(|(_, flow)| !flow.is_empty());
    lines.extend(contents.map(|(name, flow)| Line::flow("files", name.into(), flow, raw(&flow))));
    for partition in told.partitions.iter().filter(|partition| !partition.partition.0.is_empty()) {
        let name = partition.partition.to_string();
        let both = [("partition", partition.data), ("deletes in", partition.deletes)];
        let some = both.into_iter().filter(|(_, flow)| !flow.is_empty());
        lines.extend(some.map(|(what, flow)| Line {
            key: format!("{what} {} {name}", partition.spec_id),
            ..Line::flow(what, name.clone(), flow, raw(partition))
        }));
    }
    if told.files_in_other_partitions > 0 {
        let more = human::counted(usize::try_from(told.files_in_other_partitions).unwrap_or(usize::MAX), "file");
        lines.push(Line::word("partition", "others, not told one by one", more));
    }
    lines.extend(told.schema.fields.iter().map(|f| Line {
        key: format!("schema {} {:?}", f.id, f.change),
        ..Line::pair("schema", &f.name, &f.before, &f.after, raw(f))
    }));
    lines.extend(settings(told));
    lines
}

fn settings(told: &Changes) -> Vec<Line> {
    if let Some(why) = &told.settings_unknown {
        return vec![Line::word("settings", "of then are not known", why.clone())];
    }
    let Some(settings) = &told.settings else { return Vec::new() };
    let all = [("layout", &settings.layout), ("property", &settings.properties), ("ref", &settings.refs)];
    let all = all.into_iter().flat_map(|(what, pairs)| pairs.iter().map(move |pair| (what, pair)));
    all.map(|(what, p)| Line::pair(what, &p.name, &p.before, &p.after, raw(p))).collect()
}

fn raw<T: serde::Serialize>(thing: &T) -> Value {
    serde_json::to_value(thing).unwrap_or_default()
}

fn side(what: &'static str, side: &Side) -> Line {
    let said = [side.refs.join(", "), side.operation.clone(), side.by.clone().unwrap_or_default()];
    Line {
        snapshot_id: Some(side.snapshot_id),
        at: Some(side.committed_at),
        after: Some(said.into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" · ")),
        ..Line::new(what, side.snapshot_id.to_string(), raw(side))
    }
}

fn step(what: &'static str, change: Direction, step: &Step) -> Line {
    let rows = (step.added_rows.is_some() || step.deleted_rows.is_some())
        .then(|| (step.added_rows.unwrap_or(0), step.deleted_rows.unwrap_or(0)));
    let said = [step.operation.clone(), step.by.clone().unwrap_or_default()];
    Line {
        snapshot_id: Some(step.snapshot_id),
        change: Some(change),
        rows,
        at: Some(step.committed_at),
        after: Some(said.into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" · ")),
        ..Line::new(what, step.snapshot_id.to_string(), raw(step))
    }
}

/// What came and went, in one cell: `+120,000`, `−1,204/+1,204`.
pub fn both(added: u64, removed: u64) -> Shown {
    let (plus, minus) = (i128::from(added), i128::from(removed));
    match (plus, minus) {
        (_, 0) => Shown::change(plus),
        (0, _) => Shown::change(-minus),
        _ => Shown::text(format!("{}/{}", human::change(-minus), human::change(plus))).by(plus - minus),
    }
}

fn sizes((added, removed): (u64, u64)) -> Shown {
    let order = i128::from(added) - i128::from(removed);
    match (added, removed) {
        (0, 0) => Shown::text("0"),
        (_, 0) => Shown::text(format!("+{}", human::bytes(added))).tone(Tone::Added),
        (0, _) => Shown::text(format!("−{}", human::bytes(removed))).tone(Tone::Removed),
        _ => Shown::text(format!("−{}/+{}", human::bytes(removed), human::bytes(added))),
    }
    .by(order)
}

fn sign(line: &Line) -> Shown {
    let (mark, tone) = match line.change {
        Some(Direction::Added) => ("+ ", Tone::Added),
        Some(Direction::Removed) => ("− ", Tone::Removed),
        None => ("", Tone::Accent),
    };
    Shown::text(format!("{mark}{}", line.which)).tone(tone)
}

fn said(line: &Line, now_ms: i64) -> Shown {
    let told = match (&line.before, &line.after) {
        (Some(before), Some(after)) => format!("{before} → {after}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => return Shown::missing(),
    };
    match line.at {
        Some(at) => Shown::text(format!("{} · {told}", human::ago(at.0, now_ms))),
        None => Shown::text(told),
    }
}

/// The cells of a line.
pub fn show(line: &Line, now_ms: i64) -> Vec<Shown> {
    vec![
        Shown::word(line.what).tone(Tone::Dim),
        sign(line),
        Shown::or_missing(line.rows, |(added, removed)| both(added, removed)),
        Shown::or_missing(line.files, |(added, removed)| both(added, removed)),
        Shown::or_missing(line.bytes, sizes),
        said(line, now_ms),
    ]
}

/// Everything known of a line.
pub fn facts(line: &Line, now_ms: i64) -> Vec<Fact> {
    let entry = line.file.as_ref().and_then(FileLine::entry);
    let which = entry.map_or(&line.which, |entry| &entry.data_file.file_path);
    let mut facts = vec![Fact::new("which", Shown::text(which))];
    facts.extend(line.at.map(|at| Fact::new("committed", Shown::moment(at.0, now_ms))));
    facts.extend(line.before.as_ref().map(|text| Fact::new("was", Shown::text(text).tone(Tone::Removed))));
    let name = if line.before.is_some() || line.change.is_some() && line.files.is_none() { "is" } else { "told" };
    facts.extend(line.after.as_ref().map(|text| Fact::new(name, Shown::text(text))));
    let flows = [("rows", line.rows), ("files", line.files)];
    for (name, (added, removed)) in flows.into_iter().filter_map(|(name, flow)| Some((name, flow?))) {
        facts.push(Fact::heading(name));
        facts.push(Fact::new("added", Shown::count(added).tone(Tone::Added)));
        facts.push(Fact::new("removed", Shown::count(removed).tone(Tone::Removed)));
        facts.push(Fact::new("net", Shown::change(i128::from(added) - i128::from(removed))));
    }
    if let Some((added, removed)) = line.bytes {
        facts.push(Fact::heading("size"));
        facts.push(Fact::new("added", Shown::bytes(added)));
        facts.push(Fact::new("removed", Shown::bytes(removed)));
    }
    facts
}
