//! What the console says at its start by itself: that something is open. Read as a job, so that it never holds up the
//! first screen.

use async_trait::async_trait;

use super::effect::Notice;
use super::task::{Feed, Task};
use super::view::ViewId;
use crate::catalog::Lake;
use crate::ingest::journal::Listing;
use crate::{Error, Result, recovery};

/// The shell itself, where a job asks for a view: no view ever has this number.
pub(super) const SHELL: ViewId = ViewId(u64::MAX);

/// Looks for journals that are open.
#[derive(Debug)]
pub(super) struct LookForOpen;

#[async_trait]
impl Task for LookForOpen {
    type Part = Notice;

    fn title(&self) -> String {
        "look for open loads".into()
    }

    async fn run(&self, lake: &Lake, feed: &Feed<Notice>) -> Result<()> {
        let env = lake.env().clone();
        let read = tokio::task::spawn_blocking(move || recovery::open_rows(&env)).await;
        let listing = read.map_err(|e| Error::bug("reading the journals broke off").caused_by(e))??;
        match told(&listing) {
            Some(told) => feed.send(Notice::warning(told)).await,
            None => Ok(()),
        }
    }
}

/// `2 loads and 1 change are open: :recover`; nothing where nothing is. What another icedeck works on is not open.
fn told(listing: &Listing) -> Option<String> {
    let free = listing.rows.iter().filter(|row| !row.is_in_use);
    let (loads, changes): (Vec<_>, Vec<_>) = free.partition(|row| row.verb == "ingest");
    let many = |n: usize, one: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {one}s")),
    };
    let broken = listing.broken.len();
    let open: Vec<_> = [many(loads.len(), "load"), many(changes.len(), "change")].into_iter().flatten().collect();
    let is = if loads.len() + changes.len() == 1 { "is" } else { "are" };
    let open = (!open.is_empty()).then(|| format!("{} {is} open", open.join(" and ")));
    let broken = many(broken, "journal").map(|journals| format!("{journals} cannot be read"));
    let told: Vec<_> = [open, broken].into_iter().flatten().collect();
    (!told.is_empty()).then(|| format!("{}: :recover", told.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::journal::{Row, State};

    fn row(verb: &str, is_in_use: bool) -> Row {
        Row {
            ingest_id: "1".into(),
            table: "a.b".into(),
            branch: "main".into(),
            verb: verb.into(),
            state: State::Unknown,
            opened_at: String::new(),
            rows: 0,
            files: 0,
            bytes: 0,
            attempts: 0,
            catalog: "c".into(),
            is_in_use,
            is_cut: false,
        }
    }

    #[test]
    fn what_is_open_is_counted() {
        let said = |rows: Vec<Row>, broken| told(&Listing { rows, broken });
        assert_eq!(said(vec![row("ingest", true)], Vec::new()), None);
        assert_eq!(said(vec![row("ingest", false)], Vec::new()).unwrap(), "1 load is open: :recover");
        let three = vec![row("ingest", false), row("ingest", false), row("rollback", false)];
        let said = said(three, vec![Error::corrupt("no plan")]).unwrap();
        assert_eq!(said, "2 loads and 1 change are open, 1 journal cannot be read: :recover");
    }
}
