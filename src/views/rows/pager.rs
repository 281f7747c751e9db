//! Rows page by page: each page is a job, and between two pages nothing runs. The open stream waits in a [`Pager`].
//!
//! A job that is cut off in the middle of a page takes the stream with it: rows are never left out silently.

use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::Mutex;

use super::cells::weight;
use crate::app::route::Route;
use crate::app::task::{Feed, Task};
use crate::catalog::Lake;
use crate::query::{self, ColumnHead, RowStream, RowsRequest};
use crate::table::Cell;
use crate::table::inspect;
use crate::views::of_table;
use crate::{Error, Result};

/// Where the open stream waits between two pages.
#[derive(Debug, Clone, Default)]
pub struct Pager {
    stream: Arc<Mutex<Option<RowStream>>>,
}

/// Which rows are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// These columns, in this order; none for all.
    pub columns: Vec<String>,
    /// Those for which this SQL expression is true.
    pub filter: Option<String>,
}

/// A row of the grid.
#[derive(Debug, Clone, PartialEq)]
pub struct GridRow {
    /// Its number, from 1, in the order in which rows are read.
    pub number: u64,
    /// The columns, the same for all rows.
    pub heads: Arc<[ColumnHead]>,
    /// A value for each.
    pub cells: Vec<Cell>,
}

/// What reading tells the grid.
#[derive(Debug)]
pub enum Told {
    /// What is read, once it is open.
    Open {
        /// The columns.
        heads: Arc<[ColumnHead]>,
        /// All columns that there are, the chosen ones or not.
        all: Vec<String>,
        /// Rows of the snapshot, where its summary says and no delete files lie over them.
        total: Option<u64>,
        /// The snapshot; nothing where the table has none.
        snapshot_id: Option<i64>,
    },
    /// Rows, and about how many bytes of memory they take.
    Rows(Vec<GridRow>, usize),
    /// There are no more.
    End,
}

/// Reads one page.
#[derive(Debug, Clone)]
pub struct ReadPage {
    /// A table at a snapshot.
    pub route: Route,
    /// Which rows.
    pub wanted: Wanted,
    /// Where the stream waits.
    pub pager: Pager,
    /// How many rows were read before; at zero the stream is opened.
    pub before: u64,
    /// At least how many rows to read, if there are so many.
    pub rows: usize,
}

#[async_trait]
impl Task for ReadPage {
    type Part = Told;

    fn title(&self) -> String {
        self.route.to_string()
    }

    async fn run(&self, lake: &Lake, feed: &Feed<Told>) -> Result<()> {
        self.page(lake, feed).await
    }
}

impl ReadPage {
    /// Boxed in a function of its own: within `async_trait` the compiler proves anew that all of it may change threads.
    fn page<'a>(&'a self, lake: &'a Lake, feed: &'a Feed<Told>) -> BoxFuture<'a, Result<()>> {
        async move {
            let mut place = self.pager.stream.lock().await;
            let stream = match self.before {
                0 => self.open(lake, feed).await?,
                _ => place.take(),
            };
            let Some(mut stream) = stream else { return self.without_stream(feed).await };
            if !self.read(&mut stream, feed).await? {
                *place = Some(stream);
            }
            Ok(())
        }
        .boxed()
    }

    async fn without_stream(&self, feed: &Feed<Told>) -> Result<()> {
        match self.before {
            0 => feed.send(Told::End).await,
            _ => Err(Error::cancelled().hint("reading was cut off; refresh begins anew")),
        }
    }

    /// Opens the stream; nothing where the table has no snapshot.
    async fn open(&self, lake: &Lake, feed: &Feed<Told>) -> Result<Option<RowStream>> {
        let (table, snapshot_id) = of_table::table_at(&self.route, lake).await?;
        let at = self.route.table().and_then(|address| address.at.as_ref());
        let schemas = inspect::schemas(&table);
        let Some(id) = snapshot_id else {
            let none = Told::Open { heads: Arc::from([]), all: Vec::new(), total: Some(0), snapshot_id };
            feed.send(none).await?;
            return Ok(None);
        };
        let told = inspect::snapshots(&table)?.into_iter().find(|s| s.snapshot_id == id);
        let has_deletes = told.as_ref().is_none_or(|s| s.summary.get("total-delete-files").is_some_and(|n| n != "0"));
        let total = told.as_ref().and_then(|s| s.total_rows).filter(|_| !has_deletes);
        // The current snapshot is read with the current schema, every other one with its own.
        let is_current = table.resolve(None)? == Some(id);
        let schema_id = told.and_then(|s| s.schema_id).filter(|_| !is_current);
        let schema = schemas.iter().find(|s| schema_id.map_or(s.is_current, |id| s.schema_id == id));
        let all = schema.map(|s| s.fields.iter().filter(|f| f.depth == 0).map(|f| f.name.clone()).collect());
        let request = RowsRequest {
            snapshot_id: at.map(|_| id),
            limit: None,
            columns: self.wanted.columns.clone(),
            filter: self.wanted.filter.clone(),
        };
        let stream = query::rows(&table, &request, feed.monitor()).await?;
        let heads = Arc::from(stream.columns().to_vec());
        feed.send(Told::Open { heads, all: all.unwrap_or_default(), total, snapshot_id }).await?;
        Ok(Some(stream))
    }

    /// Reads until there are enough; true where the stream has ended.
    async fn read(&self, stream: &mut RowStream, feed: &Feed<Told>) -> Result<bool> {
        let heads: Arc<[ColumnHead]> = Arc::from(stream.columns().to_vec());
        let (mut number, mut left) = (self.before, self.rows);
        while left > 0 {
            let Some(page) = feed.monitor().until(stream.next()).await? else {
                feed.send(Told::End).await?;
                return Ok(true);
            };
            left = left.saturating_sub(page.rows.len());
            let bytes = page.rows.iter().flatten().map(weight).sum();
            let rows = page.rows.into_iter().map(|cells| {
                number += 1;
                GridRow { number, heads: heads.clone(), cells }
            });
            feed.send(Told::Rows(rows.collect(), bytes)).await?;
        }
        Ok(false)
    }
}
