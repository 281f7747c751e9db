//! A data or delete file as lists and details show it, and a bound on what a long list of them keeps in memory.

use std::sync::Arc;

use crate::Error;
use crate::app::theme::Tone;
use crate::table::inspect::{EntryRow, FileRow};
use crate::views::manifests::last_segment;
use crate::views::of_table::SpecFields;
use crate::views::widgets::shown::{Fact, Shown};

/// A row of a list of files.
#[derive(Debug, Clone)]
pub enum FileLine {
    /// A file.
    File {
        /// The entry that names it.
        entry: Arc<EntryRow>,
        /// Whether the statistics of its columns were left out, so that a long list has room in memory.
        is_slim: bool,
    },
    /// A manifest that could not be read: its files are missing from the list.
    Fault {
        /// The manifest.
        manifest: Arc<str>,
        /// Why.
        error: Arc<Error>,
    },
}

impl FileLine {
    /// The entry, where there is one.
    pub fn entry(&self) -> Option<&EntryRow> {
        match self {
            FileLine::File { entry, .. } => Some(entry),
            FileLine::Fault { .. } => None,
        }
    }

    /// What names it among all.
    pub fn key(&self) -> String {
        match self {
            FileLine::File { entry, .. } => format!("{} {}", entry.status, entry.data_file.file_path),
            FileLine::Fault { manifest, .. } => format!("! {manifest}"),
        }
    }

    /// Its name in a list: the end of the path, or that its manifest cannot be read.
    pub fn name(&self) -> Shown {
        match self {
            FileLine::File { entry, .. } => Shown::text(last_segment(&entry.data_file.file_path)),
            FileLine::Fault { manifest, error } => {
                Shown::text(format!("✖ {}: {}", last_segment(manifest), error.message())).tone(Tone::Danger)
            }
        }
    }

    /// The rest of a row: what `show` says of a file, nothing for a fault.
    pub fn rest<const N: usize>(&self, show: impl FnOnce(&EntryRow) -> [Shown; N]) -> Vec<Shown> {
        let mut shown = vec![self.name()];
        match self.entry() {
            Some(entry) => shown.extend(show(entry)),
            None => shown.extend(std::iter::repeat_with(Shown::missing).take(N)),
        }
        shown
    }
}

/// How many columns' statistics a list keeps in all; about half a kilobyte each.
const KEPT_METRICS: usize = 200_000;

/// Turns entries into lines; once there are very many, without the statistics of their columns.
#[derive(Debug)]
pub struct Slimmer {
    kept: usize,
    specs: SpecFields,
}

impl Slimmer {
    /// Nothing is kept yet. `specs` are those of the table.
    pub fn new(specs: SpecFields) -> Self {
        Self { kept: 0, specs }
    }

    /// One entry's line.
    pub fn line(&mut self, mut entry: EntryRow) -> FileLine {
        self.specs.keep_own(entry.data_file.spec_id, &mut entry.data_file.partition);
        let is_slim = self.kept >= KEPT_METRICS;
        self.kept += entry.readable_metrics.0.len();
        if is_slim {
            entry.readable_metrics = Default::default();
            let file = &mut entry.data_file;
            file.lower_bounds.clear();
            file.upper_bounds.clear();
            for counts in [
                &mut file.column_sizes,
                &mut file.value_counts,
                &mut file.null_value_counts,
                &mut file.nan_value_counts,
            ] {
                counts.clear();
            }
        }
        FileLine::File { entry: Arc::new(entry), is_slim }
    }
}

/// [`content`] in a narrow column.
pub fn short_content(file: &FileRow) -> Shown {
    let shown = content(file);
    let short = match &*shown.text {
        "position deletes" => "pos deletes",
        "equality deletes" => "eq deletes",
        "deletion vector" => "vector",
        _ => "data",
    };
    Shown { text: short.into(), ..shown }
}

/// Data, position deletes, a deletion vector or equality deletes.
pub fn content(file: &FileRow) -> Shown {
    match file.content {
        0 => Shown::word("data"),
        1 if file.content_offset.is_some() => Shown::word("deletion vector").tone(Tone::Warning),
        1 => Shown::word("position deletes").tone(Tone::Warning),
        _ => Shown::word("equality deletes").tone(Tone::Warning),
    }
}

/// The partition a file lies in; missing where the table is not partitioned.
pub fn partition(file: &FileRow) -> Shown {
    let text = file.partition.to_string();
    if text.is_empty() { Shown::missing() } else { Shown::text(text) }
}

/// What a manifest says happened to the file.
pub fn status(entry: &EntryRow) -> Shown {
    match entry.status {
        0 => Shown::word("existing"),
        1 => Shown::word("added").tone(Tone::Added),
        _ => Shown::word("removed").tone(Tone::Removed),
    }
}

/// The detail of a line: the file, then the bounds of its columns.
pub fn facts(line: &FileLine) -> Vec<Fact> {
    match line {
        FileLine::File { entry, is_slim } => {
            let mut facts = file_facts(entry);
            facts.extend(bound_facts(entry, *is_slim));
            facts
        }
        FileLine::Fault { manifest, error } => fault_facts(manifest, error),
    }
}

fn fault_facts(manifest: &str, error: &Error) -> Vec<Fact> {
    let mut facts = vec![
        Fact::line(Shown::word("This manifest cannot be read: its files are missing from the list").tone(Tone::Danger)),
        Fact::gap(),
        Fact::line(Shown::text(error.to_string())),
    ];
    facts.extend(error.hints().iter().map(|hint| Fact::line(Shown::text(hint).tone(Tone::Dim))));
    facts.push(Fact::heading("manifest"));
    facts.push(Fact::line(Shown::text(manifest)));
    facts
}

/// Everything known of a file but its columns.
pub fn file_facts(entry: &EntryRow) -> Vec<Fact> {
    let file = &entry.data_file;
    let id = |id: Option<i64>| Shown::or_missing(id, Shown::id);
    let mut facts = vec![
        Fact::new("content", content(file)),
        Fact::new("rows", Shown::count(file.record_count)),
        Fact::new("size", exact_bytes(file.file_size_in_bytes)),
        Fact::new("format", Shown::text(file.file_format.to_lowercase())),
        Fact::new("spec", Shown::id(file.spec_id.into())),
    ];
    facts.extend(file.partition.0.iter().map(|p| Fact::named(&p.name, Shown::text(&p.human))));
    facts.extend([
        Fact::new("status", status(entry)),
        Fact::new("snapshot", id(entry.snapshot_id)),
        Fact::new("sequence", Shown::or_missing(entry.sequence_number, Shown::count)),
        Fact::new("sort order", Shown::or_missing(file.sort_order_id, |id| Shown::id(id.into()))),
    ]);
    facts.extend(delete_facts(file));
    if let Some(splits) = &file.split_offsets {
        facts.push(Fact::new("row groups", Shown::count(splits.len() as i128)));
    }
    facts.push(Fact::heading("path"));
    facts.push(Fact::line(Shown::text(&file.file_path)));
    facts
}

fn exact_bytes(bytes: u64) -> Shown {
    let human = Shown::bytes(bytes);
    if bytes < 1024 { human } else { Shown::text(format!("{} ({})", human.text, Shown::count(bytes).text)) }
}

/// What only delete files have.
fn delete_facts(file: &FileRow) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(ids) = &file.equality_ids {
        let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
        facts.push(Fact::new("compares fields", Shown::text(ids.join(", "))));
    }
    if let Some(path) = &file.referenced_data_file {
        facts.push(Fact::new("deletes from", Shown::text(last_segment(path))));
    }
    if let (Some(offset), Some(size)) = (file.content_offset, file.content_size_in_bytes) {
        facts.push(Fact::new("vector at", Shown::text(format!("{offset}, {size} bytes"))));
    }
    facts
}

/// The bounds of each column that has some.
fn bound_facts(entry: &EntryRow, is_slim: bool) -> Vec<Fact> {
    let mut facts = vec![Fact::heading("columns")];
    if is_slim {
        let why = "statistics are not kept in a list this long: open the file, or its manifest";
        facts.push(Fact::line(Shown::word(why).tone(Tone::Dim)));
        return facts;
    }
    for (name, m) in &entry.readable_metrics.0 {
        let bound = |cell: &Option<crate::table::Cell>| cell.as_ref().map(ToString::to_string);
        let range = match (bound(&m.lower_bound), bound(&m.upper_bound)) {
            (None, None) => None,
            (Some(low), Some(high)) if low == high => Some(low),
            (low, high) => Some(format!("{} .. {}", low.unwrap_or("?".into()), high.unwrap_or("?".into()))),
        };
        let nulls = m.null_value_count.filter(|n| *n > 0).map(|n| format!("{} null", Shown::count(n).text));
        let parts: Vec<_> = [range, nulls].into_iter().flatten().collect();
        if !parts.is_empty() {
            facts.push(Fact::named(name, Shown::text(parts.join(" · "))));
        }
    }
    if facts.len() == 1 {
        facts.push(Fact::line(Shown::word("no statistics were written").tone(Tone::Dim)));
    }
    facts
}
