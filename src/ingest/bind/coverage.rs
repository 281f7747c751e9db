//! What of a source a binding leaves out, and which table columns get no value: never silently.

use arrow::array::Array;
use iceberg::spec::Schema;

use super::{Binding, Bound, Input, Problem};
use crate::ingest::mapping::{Mapping, Rule, find, nearest};
use crate::ingest::source::SourceColumn;

/// Names that a sentence lists.
const LISTED: usize = 10;

/// The problem of a mapping by which no table column gets a value: rows of nulls are no load.
pub(super) fn nothing(columns: &[Bound], source: &[SourceColumn], schema: &Schema) -> Option<Problem> {
    if columns.iter().any(Bound::has_value) {
        return None;
    }
    let names: Vec<_> = schema.as_struct().fields().iter().map(|f| f.name.as_str()).collect();
    let own: Vec<_> = source.iter().map(|c| c.name.as_str()).collect();
    let has = |names: &[&str]| if names.is_empty() { "no columns".into() } else { listed(names) };
    let reason =
        format!("no column of the table gets a value: the source has {}, the table has {}", has(&own), has(&names));
    let near = names.iter().filter_map(|name| Some((name, *nearest(name, own.iter().copied()).first()?)));
    let near: Vec<_> = near.map(|(name, from)| format!("{name} from {from}")).take(LISTED).collect();
    let near: Vec<_> = near.iter().map(String::as_str).collect();
    Some(Problem::general(reason).near(&near))
}

impl Bound {
    /// Whether rows get a value from the source, an expression or a constant.
    fn has_value(&self) -> bool {
        match &self.input {
            Input::Source(_) | Input::Expression(_) => true,
            Input::Fixed(_) => !self.unsaid,
        }
    }
}

impl Binding {
    /// What is not loaded and what stays null, each a sentence; nothing of columns that the mapping says to skip.
    pub fn left_out(&self, mapping: &Mapping) -> Vec<String> {
        let skipped = |name: &str| mapping.column(name).is_some_and(|c| c.rule == Rule::Skip);
        let mut answered = vec![false; self.source.len()];
        for column in mapping.columns.iter().filter(|c| c.rule == Rule::Skip) {
            if let crate::ingest::mapping::Match::One(one) = find(&column.column, &self.source)
                && let Some(answered) = answered.get_mut(one)
            {
                *answered = true;
            }
        }
        let left = self.source.iter().zip(answered).enumerate();
        let left = left.filter(|(i, (_, answered))| !answered && self.projection.binary_search(i).is_err());
        let left: Vec<_> = left.map(|(_, (column, _))| column.name.as_str()).collect();
        let null = |bound: &&Bound| matches!(&bound.input, Input::Fixed(one) if one.is_null(0));
        let nulls = self.columns.iter().filter(null).map(|bound| bound.field.name().as_str());
        let nulls: Vec<_> = nulls.filter(|name| !skipped(name)).collect();
        let mut told = Vec::new();
        match left.as_slice() {
            [] => {}
            [one] => told.push(format!("the source column {one} is not loaded")),
            several => told.push(format!("the source columns {} are not loaded", listed(several))),
        }
        match nulls.as_slice() {
            [] => {}
            [one] => told.push(format!("the column {one} gets no value")),
            several => told.push(format!("the columns {} get no value", listed(several))),
        }
        told
    }
}

/// The first names, and how many more there are.
fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
