//! Which source column belongs to a table column by its name, and which names are near one that is unknown.

use iceberg::spec::Schema;

use super::{ColumnMapping, Mapping, Rule};
use crate::ingest::source::SourceColumn;

/// The source columns that answer to the name of a table column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// Exactly one.
    One(usize),
    /// Several at the same distance: none is taken.
    Several(Vec<usize>),
    /// None.
    None,
}

/// What two names are compared by, strictest first: as they are, without case, without case and separators.
const DISTANCES: [fn(&str) -> String; 3] = [str::to_string, str::to_lowercase, letters];

impl Mapping {
    /// Matches table columns to source columns by name: exactly, else without regard to case, else without regard to
    /// case and separators (`orderId`, `order_id`, `Order Id`). A name with several candidates stays unmapped, and so
    /// do two table columns that claim the same source column.
    pub fn matched(source: &[SourceColumn], schema: &Schema) -> Self {
        let names: Vec<_> = schema.as_struct().fields().iter().map(|f| f.name.as_str()).collect();
        let mut taken: Vec<Option<usize>> = vec![None; names.len()];
        for distance in DISTANCES {
            let claims: Vec<_> = names
                .iter()
                .zip(&taken)
                .map(|(name, known)| match known {
                    Some(_) => None,
                    None => single(&candidates(name, source, distance), &taken),
                })
                .collect();
            for (slot, claim) in taken.iter_mut().zip(&claims) {
                let contested = claims.iter().filter(|other| *other == claim).count() > 1;
                if claim.is_some() && !contested {
                    *slot = *claim;
                }
            }
        }
        let rule = |i: usize| source.get(i).map(|c| Rule::Column(c.name.clone()));
        let columns =
            names.iter().zip(taken).filter_map(|(name, found)| Some(ColumnMapping::new(*name, rule(found?)?)));
        Self { columns: columns.collect(), ..Self::default() }
    }

    /// The same, with the columns that it does not name matched by their names: a file need only tell what names do not.
    #[must_use]
    pub fn completed(&self, source: &[SourceColumn], schema: &Schema) -> Self {
        let mut whole = self.clone();
        let others = Self::matched(source, schema).columns.into_iter().filter(|c| self.column(&c.column).is_none());
        whole.columns.extend(others);
        whole
    }
}

/// The source columns that answer to a name, at the smallest distance at which there is one.
pub(crate) fn find(name: &str, source: &[SourceColumn]) -> Match {
    for distance in DISTANCES {
        match candidates(name, source, distance).as_slice() {
            [] => {}
            [one] => return Match::One(*one),
            several => return Match::Several(several.to_vec()),
        }
    }
    Match::None
}

/// Up to three names that are near an unknown one, nearest first.
pub(crate) fn nearest<'a>(name: &str, among: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = letters(name);
    let mut near: Vec<_> = among
        .filter_map(|other| {
            let letters = letters(other);
            let distance = edits(&wanted, &letters);
            let within =
                wanted.len().min(letters.len()) >= 3 && (letters.contains(&wanted) || wanted.contains(&letters));
            (within || distance <= 1 + wanted.len() / 4).then_some((distance, other))
        })
        .collect();
    near.sort();
    near.into_iter().take(3).map(|(_, other)| other).collect()
}

fn candidates(name: &str, source: &[SourceColumn], by: fn(&str) -> String) -> Vec<usize> {
    let wanted = by(name);
    let same = |column: &SourceColumn| !wanted.is_empty() && by(&column.name) == wanted;
    source.iter().enumerate().filter(|(_, c)| same(c)).map(|(i, _)| i).collect()
}

fn single(candidates: &[usize], taken: &[Option<usize>]) -> Option<usize> {
    let mut free = candidates.iter().filter(|c| !taken.contains(&Some(**c)));
    match (free.next(), free.next()) {
        (Some(one), None) => Some(*one),
        _ => None,
    }
}

/// Letters and digits alone, in lower case.
fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The edit distance of two names, of their first 64 letters.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<_> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            left = (diagonal + usize::from(letter != *other)).min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
