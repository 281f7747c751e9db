//! Which live files a snapshot takes out of the table, decided file by file while the manifests go by.

use std::collections::HashSet;

use iceberg::expr::BoundPredicate;
use iceberg::spec::{DataContentType, DataFile, PartitionSpecRef, Struct};

use super::entry::Entry;
use crate::commit::conflicts::NewDeletes;
use crate::commit::hits::{Facts, hits};
use crate::{Error, Kind, Result};

/// Paths that a message names at most.
const NAMED: usize = 5;

/// What goes.
#[derive(Debug, Clone)]
pub(crate) enum Removed {
    /// Nothing: an append.
    Nothing,
    /// These data files; each must be live.
    Files(HashSet<String>),
    /// Every data file, and every delete file with them.
    All,
    /// Everything in these partitions, each with the id of its spec.
    Partitions(HashSet<(i32, Struct)>),
    /// Files whose every row matches; a file that may hold both kinds of rows is an error.
    Where(Box<BoundPredicate>),
}

/// A removal under way.
#[derive(Debug)]
pub(super) struct Removal {
    what: Removed,
    /// The specs of the partitions that go.
    specs: HashSet<i32>,
    /// Delete files that came after the rows of the removed files were read.
    news: NewDeletes,
    /// Data files that are gone now.
    gone: HashSet<String>,
    partly: Vec<String>,
}

impl Removal {
    pub(super) fn new(what: Removed, news: NewDeletes) -> Self {
        let specs = match &what {
            Removed::Partitions(partitions) => partitions.iter().map(|(spec, _)| *spec).collect(),
            _ => HashSet::new(),
        };
        Self { what, specs, news, gone: HashSet::new(), partly: Vec::new() }
    }

    pub(super) fn is_nothing(&self) -> bool {
        matches!(self.what, Removed::Nothing)
    }

    /// Whether no further data manifest needs to be read.
    pub(super) fn is_settled(&self) -> bool {
        match &self.what {
            Removed::Nothing => true,
            Removed::Files(paths) => self.gone.len() == paths.len(),
            _ => false,
        }
    }

    /// Whether this live data file goes.
    pub(super) fn takes(&mut self, entry: &Entry, spec_id: i32, facts: &Facts) -> Result<bool> {
        let path = entry.file.file_path();
        let takes = match &self.what {
            Removed::Nothing => false,
            Removed::All => true,
            Removed::Files(paths) => paths.contains(path),
            Removed::Partitions(partitions) => {
                if !self.specs.contains(&spec_id) {
                    return Err(other_spec(path));
                }
                partitions.contains(&(spec_id, entry.file.partition().clone()))
            }
            Removed::Where(predicate) => {
                let hits = hits(predicate, facts);
                if hits.may && !hits.must {
                    self.partly.push(path.to_string());
                }
                hits.must
            }
        };
        if takes {
            if matches!(self.what, Removed::Files(_)) {
                self.news.refuse_for(entry, spec_id)?;
            }
            self.gone.insert(path.to_string());
        }
        Ok(takes)
    }

    /// Whether this live delete file goes: it concerns removed data files only, or data that is older than any left.
    pub(super) fn takes_deletes(&self, entry: &Entry, spec_id: i32, oldest: i64, facts: &Facts) -> bool {
        let file = &entry.file;
        if entry.sequence_number > 0 && entry.sequence_number < oldest {
            return true;
        }
        if file.referenced_data_file().is_some_and(|about| self.gone.contains(&about)) {
            return true;
        }
        match &self.what {
            Removed::All => true,
            Removed::Partitions(partitions) => partitions.contains(&(spec_id, file.partition().clone())),
            Removed::Where(predicate) => hits(predicate, facts).must,
            Removed::Nothing | Removed::Files(_) => false,
        }
    }

    /// To be asked when every data manifest has gone by.
    pub(super) fn check(&self) -> Result<()> {
        if let Removed::Files(paths) = &self.what {
            let missing: Vec<&str> = paths.difference(&self.gone).map(String::as_str).collect();
            if !missing.is_empty() {
                return Err(Error::new(Kind::Unavailable, "some files to remove are no longer in the branch")
                    .with("files", named(&missing))
                    .hint("someone else has rewritten or removed them: read the table again and plan anew"));
            }
        }
        if self.partly.is_empty() {
            return Ok(());
        }
        let partly: Vec<&str> = self.partly.iter().map(String::as_str).collect();
        Err(Error::unsupported("some files hold rows that match and may hold rows that do not")
            .with("files", named(&partly))
            .hint("rewrite these files without the rows that match (copy-on-write)"))
    }
}

/// What may be known of a file's rows: of delete files only what their partition says. The statistics of position
/// deletes are of paths, those of equality deletes may be of other columns than the ones they compare.
pub(super) fn facts<'a>(file: &'a DataFile, spec: Option<&'a PartitionSpecRef>) -> Facts<'a> {
    Facts::new(file, spec.map(AsRef::as_ref), file.content_type() == DataContentType::Data)
}

fn other_spec(path: &str) -> Error {
    Error::unsupported(
        "the branch has files of another partition spec: which of them belong to these partitions is not known",
    )
    .with("file", path)
    .hint("overwrite by a filter instead")
}

fn named(paths: &[&str]) -> String {
    let mut sorted = paths.to_vec();
    sorted.sort_unstable();
    let more = sorted.len().saturating_sub(NAMED);
    sorted.truncate(NAMED);
    let listed = sorted.join(", ");
    if more > 0 { format!("{listed} and {more} more") } else { listed }
}
