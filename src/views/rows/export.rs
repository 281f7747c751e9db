//! Writes all rows of the grid's snapshot to a file, with the columns and the expression that were chosen. Reads them
//! anew: what scrolls by in the grid is never all of it.

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::pager::Wanted;
use crate::Result;
use crate::app::route::Route;
use crate::app::task::{Cancel, Feed, Task};
use crate::catalog::Lake;
use crate::query::{self, RowsRequest, export};
use crate::views::{export as exports, of_table};

/// The task.
#[derive(Debug)]
pub struct ExportRows {
    /// A table at a snapshot.
    pub route: Route,
    /// The snapshot that the grid shows; nothing for a table without any.
    pub snapshot_id: Option<i64>,
    /// Which rows.
    pub rows: Wanted,
    /// The file.
    pub file: exports::Wanted,
}

#[async_trait]
impl Task for ExportRows {
    type Part = export::Exported;

    fn title(&self) -> String {
        format!("export {} to {}", self.route, self.file.file)
    }

    fn cancel(&self) -> Cancel {
        Cancel::Cooperative
    }

    async fn run(&self, lake: &Lake, feed: &Feed<export::Exported>) -> Result<()> {
        self.all(lake, feed).await
    }
}

impl ExportRows {
    /// Boxed in a function of its own: within `async_trait` the compiler proves anew that all of it may change threads.
    fn all<'a>(&'a self, lake: &'a Lake, feed: &'a Feed<export::Exported>) -> BoxFuture<'a, Result<()>> {
        async move {
            let (target, id) = self.file.target(lake)?;
            let table = of_table::table(&self.route, lake).await?;
            // As in the grid: the current snapshot is read with the current schema unless one was named.
            let is_named = self.route.table().is_some_and(|address| address.at.is_some());
            let is_current = table.resolve(None)? == self.snapshot_id;
            let request = RowsRequest {
                snapshot_id: self.snapshot_id.filter(|_| is_named || !is_current),
                limit: None,
                columns: self.rows.columns.clone(),
                filter: self.rows.filter.clone(),
            };
            let rows = query::rows(&table, &request, feed.monitor()).await?;
            feed.send(export::rows(rows, &target, &id, feed.monitor()).await?).await
        }
        .boxed()
    }
}
